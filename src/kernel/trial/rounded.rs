//! Convolutions of numbers with many digits: what methods that round more than a direct sum are held to.

use super::{Buffer, Integers, for_elements, for_taps, place, run};
use crate::desc::{ConvDesc, KernelDesc, TileActivation};
use crate::kernel::Simd;
use crate::tensor::Layout;

/// Numbers with many digits, between −1 and 1.
fn fractions(seed: u64, values: &mut [f32]) {
    let mut state = Integers(seed);
    for value in values.iter_mut().filter(|value| !value.is_nan() && **value != 0.0) {
        // not a multiple of a power of two: products and sums are to be rounded
        *value = (0..5).fold(0.0, |v, _| (v + state.value()) / 4.1);
    }
}

pub(in crate::kernel) fn images(layout: &Layout, count: usize, seed: u64) -> Vec<f32> {
    let mut values = Integers(seed).images(layout, count);
    fractions(seed ^ 77, &mut values);
    values
}

fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut values = vec![1.0; count];
    fractions(seed, &mut values);
    values
}

pub(in crate::kernel) fn largest(values: &[f32]) -> f64 {
    values.iter().filter(|v| !v.is_nan()).fold(0.0, |m, v| f64::from(v.abs()).max(m))
}

/// Checks `got` where `want` has a number, all else unchanged; returns the sum of squared errors and how many
/// there are.
pub(in crate::kernel) fn compare(
    got: &[f32],
    want: &[Option<f64>],
    allowed: f64,
    case: &dyn std::fmt::Debug,
) -> (f64, usize) {
    let mut squares = (0.0, 0);
    for (at, (&got, want)) in got.iter().zip(want).enumerate() {
        match want {
            Some(want) => {
                let error = (f64::from(got) - want).abs();
                assert!(
                    error <= allowed,
                    "element {at}: {got} instead of {want}, {error} > {allowed}: {case:?}"
                );
                squares = (squares.0 + error * error, squares.1 + 1);
            }
            None => assert_eq!(got, 7.0, "element {at} is nobody's: {case:?}"),
        }
    }
    squares
}

/// A convolution's sums before the epilogue, by loops.
pub(in crate::kernel) struct Sums {
    /// `[n, y, x, o]`, for the size of what is written without a pool.
    values: Vec<f64>,
    extent: [usize; 2],
    channels: usize,
}

impl Sums {
    pub(in crate::kernel) fn of(conv: &ConvDesc, x: &[f32], weight: &[f32], count: usize) -> Self {
        let (ci, co) = (conv.input.channels, conv.output.channels);
        let window = &conv.window;
        let extent = if conv.grad_input {
            [window.y.input, window.x.input]
        } else {
            [window.y.output, window.x.output]
        };
        let mut values = vec![0.0; count * extent[0] * extent[1] * co];
        for n in 0..count {
            for_taps(window, |o, [ky, kx], i| {
                let (read, written) = if conv.grad_input { (o, i) } else { (i, o) };
                for (c, d) in (0..ci).flat_map(|c| (0..co).map(move |d| (c, d))) {
                    let w = f64::from(weight[((ky * window.x.kernel_size + kx) * ci + c) * co + d]);
                    values[((n * extent[0] + written[0]) * extent[1] + written[1]) * co + d] +=
                        f64::from(x[place(&conv.input, [n, read[0], read[1], c])]) * w;
                }
            });
        }
        Self { values, extent, channels: co }
    }

    /// The sum for an image, row, column and channel.
    pub(in crate::kernel) fn at(&self, [n, y, x, o]: [usize; 4]) -> f64 {
        self.values[((n * self.extent[0] + y) * self.extent[1] + x) * self.channels + o]
    }
}

/// A convolution with its arguments and what they give.
pub(in crate::kernel) struct RoundedCase {
    /// As [`ConvDesc`] wants them; the weights are the second.
    pub(in crate::kernel) args: Vec<Buffer>,
    /// What the output holds afterwards; nothing where nobody writes.
    pub(in crate::kernel) want: Vec<Option<f64>>,
    /// Which argument that is.
    pub(in crate::kernel) output: usize,
    /// `max|x| · max|w|`
    pub(in crate::kernel) largest: f64,
    pub(in crate::kernel) sums: Sums,
}

impl RoundedCase {
    pub(in crate::kernel) fn new(conv: &ConvDesc, count: usize, seed: u64) -> Self {
        let (ci, co) = (conv.input.channels, conv.output.channels);
        let x = images(&conv.input, count, seed);
        let weight = numbers(conv.window.area() * ci * co, seed ^ 1);
        let bias = numbers(co, seed ^ 2);
        let residual = conv.epilogue.residual.map(|layout| (layout, images(&layout, count, seed ^ 4)));
        let sums = Sums::of(conv, &x, &weight, count);
        let finish = |value: f64, [n, y, x, o]: [usize; 4]| {
            let value = if conv.epilogue.bias { value + f64::from(bias[o]) } else { value };
            let added = residual
                .as_ref()
                .map_or(0.0, |(layout, values)| f64::from(values[place(layout, [n, y, x, o])]));
            let value = value + added;
            match conv.epilogue.activation {
                None => value,
                Some(TileActivation::Relu) => value.max(0.0),
                Some(TileActivation::ClippedRelu(limit)) => {
                    value.clamp(0.0, f64::from(f32::from_bits(limit)))
                }
                Some(TileActivation::LeakyRelu(slope)) if value < 0.0 => {
                    f64::from(f32::from_bits(slope)) * value
                }
                Some(TileActivation::LeakyRelu(_)) => value,
            }
        };
        let mut want = vec![None; count * conv.output.image_pitch];
        for_elements(&conv.output, count, |to, [n, y, x, o]| {
            let of = |k: usize| sums.at([n, 2 * y + k / 2, 2 * x + k % 2, o]);
            let value = match conv.epilogue.pool {
                Some(_) => (1..4).fold(of(0), |best, k| best.max(of(k))),
                None => sums.at([n, y, x, o]),
            };
            want[to] = Some(finish(value, [n, y, x, o]));
        });
        let largest = largest(&x) * largest(&weight);
        let mut args = vec![Buffer::F32(x), Buffer::F32(weight)];
        if conv.epilogue.bias {
            args.push(Buffer::F32(bias.clone()));
        }
        args.extend(residual.iter().map(|(_, values)| Buffer::F32(values.clone())));
        let output = args.len();
        args.push(Buffer::F32(vec![7.0; want.len()]));
        if let Some(layout) = conv.epilogue.pool.and_then(|pool| pool.winners) {
            args.push(Buffer::Bytes(vec![77; count * layout.image_pitch]));
        }
        Self { args, want, output, largest, sums }
    }
}

/// How far a kernel is from what a convolution gives, in the mean (root of the mean square), with one set of
/// numbers and with weights as `arrange` leaves them.
pub(in crate::kernel) fn mean_error(
    (conv, count): (&ConvDesc, usize),
    kernel: &KernelDesc,
    simd: Simd,
    arrange: impl Fn(&[f32]) -> Vec<f32>,
) -> f64 {
    let RoundedCase { mut args, want, output, .. } = RoundedCase::new(conv, count, 5);
    args[1] = Buffer::F32(arrange(args[1].f32()));
    let (squares, elements) = compare(run(kernel, simd, &args, count)[output].f32(), &want, 1.0, conv);
    (squares / elements as f64).sqrt()
}

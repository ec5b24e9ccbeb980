//! Warps and their gradients against samples taken one by one.

use proptest::prelude::*;

use super::harness::{
    Data, assert_close, at, buffer_len, channel_count, layout, layout_kind, numbers, places, run,
};
use crate::desc::{Border, Interpolation, KernelDesc, Matrix, WarpDesc};
use crate::kernel::trial::random_cases;
use crate::tensor::Layout;

#[derive(Debug, Clone)]
struct WarpCase {
    input: [usize; 2],
    output: [usize; 2],
    channels: usize,
    interpolation: Interpolation,
    border: Border,
    /// In eighths, so that places are exact.
    matrices: Vec<[i32; 6]>,
    fixed: bool,
    layouts: [(u8, usize); 2],
    seed: u64,
}

fn warp_case() -> impl Strategy<Value = WarpCase> {
    let border = prop::sample::select(vec![
        Border::Nearest,
        Border::Reflect,
        Border::Wrap,
        Border::Constant(0),
        Border::Constant(1.5_f32.to_bits()),
    ]);
    let interpolation = prop::sample::select(vec![Interpolation::Nearest, Interpolation::Bilinear]);
    // from hardly moved to far outside
    let matrix = || {
        let turn = -12_i32..13;
        let shift = prop_oneof![-20_i32..60, -400_i32..400];
        (turn.clone(), turn.clone(), shift.clone(), turn.clone(), turn, shift)
            .prop_map(|m| [m.0, m.1, m.2, m.3, m.4, m.5])
    };
    let extents = || prop::array::uniform2(1_usize..8);
    let shape = (extents(), extents(), channel_count());
    let images = prop::collection::vec(matrix(), 0..3);
    let layouts = prop::array::uniform2(layout_kind());
    (shape, interpolation, border, images, any::<bool>(), layouts, any::<u64>()).prop_map(
        |((input, output, channels), interpolation, border, matrices, fixed, layouts, seed)| WarpCase {
            input,
            output,
            channels,
            interpolation,
            border,
            matrices,
            fixed,
            layouts,
            seed,
        },
    )
}

/// Where TensorFlow's `MapCoordinate` puts a place outside of 0..=length − 1.
fn mapped(border: Border, place: f32, length: usize) -> f32 {
    let (last, whole) = ((length - 1) as f32, length as f32);
    let inside = (0.0..=last).contains(&place);
    let moved = match border {
        _ if inside => place,
        Border::Constant(_) => return place,
        Border::Nearest => place,
        Border::Reflect => {
            let mut u = (place + 0.5).rem_euclid(2.0 * whole);
            if u >= whole {
                u = 2.0 * whole - u;
            }
            u - 0.5
        }
        Border::Wrap if length == 1 => 0.0,
        Border::Wrap if place < 0.0 => place + whole * ((-place / last).floor() + 1.0),
        Border::Wrap => place - whole * (place / last).floor(),
    };
    moved.clamp(0.0, last)
}

impl WarpCase {
    fn desc(&self, grad: bool) -> WarpDesc {
        let of = |[h, w]: [usize; 2], kind| layout([h, w, self.channels], kind);
        let matrix = match (self.fixed, self.matrices.first()) {
            (true, Some(_)) => Matrix::Fixed(self.matrix(0).map(f32::to_bits)),
            _ => Matrix::PerImage,
        };
        WarpDesc {
            input: of(self.input, self.layouts[0]),
            output: of(self.output, self.layouts[1]),
            interpolation: self.interpolation,
            border: self.border,
            matrix,
            grad,
        }
    }

    fn matrix(&self, n: usize) -> [f32; 6] {
        self.matrices[if self.fixed { 0 } else { n }].map(|eighths| eighths as f32 / 8.0)
    }

    /// `(pixel, weight)` along an axis; `None` is the border's number.
    fn taps(&self, place: f32, length: usize) -> Vec<(Option<usize>, f64)> {
        let place = mapped(self.border, place - 0.5, length);
        let pixel = |whole: f32| ((0.0..length as f32).contains(&whole)).then_some(whole as usize);
        match self.interpolation {
            Interpolation::Nearest => vec![(pixel((place + 0.5).floor()), 1.0)],
            Interpolation::Bilinear => {
                let low = place.floor();
                let far = f64::from(place - low);
                vec![(pixel(low), 1.0 - far), (pixel(low + 1.0), far)]
            }
        }
    }

    /// `(pixel [y, x], weight)` of the sample for an output pixel.
    fn sample(&self, n: usize, oy: usize, ox: usize) -> Vec<(Option<[usize; 2]>, f64)> {
        let [a, b, c, d, e, f] = self.matrix(n);
        let (cx, cy) = (ox as f32 + 0.5, oy as f32 + 0.5);
        let columns = self.taps(a * cx + b * cy + c, self.input[1]);
        let rows = self.taps(d * cx + e * cy + f, self.input[0]);
        let pair = |&(y, wy): &(Option<usize>, f64), &(x, wx): &(Option<usize>, f64)| {
            (y.zip(x).map(|(y, x)| [y, x]), wy * wx)
        };
        rows.iter().flat_map(|row| columns.iter().map(move |column| pair(row, column))).collect()
    }

    fn arguments(&self, image: Vec<f32>, result: usize) -> Vec<Data> {
        let mut args = vec![Data::F32(image)];
        if !self.fixed || self.matrices.is_empty() {
            args.push(Data::F32((0..self.matrices.len()).flat_map(|n| self.matrix(n)).collect()));
        }
        args.push(Data::F32(vec![7.0; result]));
        args
    }
}

fn compare(got: &[Data], want: &[f64], tolerance: f64) {
    for (i, (&got, &want)) in got[got.len() - 1].f32().iter().zip(want).enumerate() {
        assert_close(got, want, tolerance, i);
    }
}

fn check_forward(case: &WarpCase) {
    let desc = case.desc(false);
    let count = case.matrices.len();
    let x = numbers(case.seed, buffer_len(&desc.input, count));
    let args = case.arguments(x.clone(), buffer_len(&desc.output, count));
    let got = run(&KernelDesc::Warp(desc), &args, count, 0);
    let fill = if let Border::Constant(bits) = case.border { f64::from(f32::from_bits(bits)) } else { 0.0 };
    let mut want = vec![7.0; buffer_len(&desc.output, count)];
    for (n, oy, ox, c) in places(&desc.output, count) {
        let value = |pixel: Option<[usize; 2]>| {
            pixel.map_or(fill, |[y, ix]| f64::from(x[at(&desc.input, n, y, ix, c)]))
        };
        want[at(&desc.output, n, oy, ox, c)] = case
            .sample(n, oy, ox)
            .into_iter()
            .filter(|(_, w)| *w != 0.0)
            .map(|(pixel, w)| w * value(pixel))
            .sum();
    }
    // four products of numbers below 4
    compare(&got, &want, 2e-6);
}

fn check_gradient(case: &WarpCase) {
    let desc = case.desc(true);
    let count = case.matrices.len();
    let dy = numbers(case.seed, buffer_len(&desc.output, count));
    let args = case.arguments(dy.clone(), buffer_len(&desc.input, count));
    let got = run(&KernelDesc::Warp(desc), &args, count, 0);
    let mut want = vec![7.0; buffer_len(&desc.input, count)];
    let clear = |layout: &Layout, want: &mut Vec<f64>| {
        places(layout, count).for_each(|(n, y, x, c)| want[at(layout, n, y, x, c)] = 0.0);
    };
    clear(&desc.input, &mut want);
    for (n, oy, ox, c) in places(&desc.output, count) {
        for (pixel, weight) in case.sample(n, oy, ox) {
            let Some([y, x]) = pixel else { continue };
            want[at(&desc.input, n, y, x, c)] += weight * f64::from(dy[at(&desc.output, n, oy, ox, c)]);
        }
    }
    // at most 49 samples fall on one pixel
    compare(&got, &want, 3e-5);
}

proptest! {
    #![proptest_config(random_cases(150))]
    #[test]
    fn forward(case in warp_case()) {
        check_forward(&case);
    }

    #[test]
    fn gradient(case in warp_case()) {
        check_gradient(&case);
    }
}

/// No matrix leads out of the image: what is no number, or far away, is a pixel like any other.
#[test]
fn places_that_are_no_numbers_stay_in_bounds() {
    for border in [Border::Nearest, Border::Reflect, Border::Wrap, Border::Constant(0)] {
        for interpolation in [Interpolation::Nearest, Interpolation::Bilinear] {
            let image = Layout::with_halo(3, 4, 5, [0; 4]);
            let matrix = Matrix::PerImage;
            let desc = WarpDesc { input: image, output: image, interpolation, border, matrix, grad: false };
            let wild =
                [f32::NAN, 1.0, 0.0, f32::INFINITY, 1e30, -1e38, 3e9, -3e9, 2e9, 0.0, f32::NEG_INFINITY, 1.0];
            let args = [Data::F32(numbers(1, 120)), Data::F32(wild.to_vec()), Data::F32(vec![0.0; 120])];
            // guards around the arguments tell of writes; a wild read would be a fault
            run(&KernelDesc::Warp(desc), &args, 2, 0);
            run(&KernelDesc::Warp(WarpDesc { grad: true, ..desc }), &args, 2, 0);
        }
    }
}

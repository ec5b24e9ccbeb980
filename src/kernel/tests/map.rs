//! Maps against an interpreter in f64.

use proptest::prelude::*;

use super::harness::{
    Data, assert_close, at, buffer_len, channel_count, layout, layout_kind, numbers, places, run_with, simds,
};
use crate::desc::{
    Compare, Domain, Expr, ExprId, ExprNode, KernelDesc, MapDesc, MapOutput, Operand, OperandKind,
    uniform_reference,
};
use crate::kernel::Simd;
use crate::kernel::trial::random_cases;
use crate::tensor::{Element, Layout};

/// The value of a node, straight from its definition.
fn value(e: &Expr, id: ExprId, input: &dyn Fn(usize) -> f64, uniform: f32) -> f64 {
    let v = |id| value(e, id, input, uniform);
    let larger = |a: f64, b: f64| if a > b { a } else { b };
    match e.node(id) {
        ExprNode::Input(i) => input(i as usize),
        ExprNode::Const(bits) => f64::from(f32::from_bits(bits)),
        ExprNode::Add(a, b) => v(a) + v(b),
        ExprNode::Sub(a, b) => v(a) - v(b),
        ExprNode::Mul(a, b) => v(a) * v(b),
        ExprNode::Div(a, b) => v(a) / v(b),
        ExprNode::MulAdd(a, b, c) => v(a) * v(b) + v(c),
        ExprNode::Max(a, b) => larger(v(a), v(b)),
        ExprNode::Min(a, b) => -larger(-v(a), -v(b)),
        ExprNode::Neg(a) => -v(a),
        ExprNode::Abs(a) => v(a).abs(),
        ExprNode::Floor(a) => v(a).floor(),
        ExprNode::Sqrt(a) => v(a).sqrt(),
        ExprNode::Exp(a) => v(a).exp(),
        ExprNode::Log(a) => v(a).ln(),
        ExprNode::Tanh(a) => v(a).tanh(),
        ExprNode::Erf(_) => unreachable!("tested with the other functions"),
        ExprNode::Select(compare, a, b, c, d) => {
            let holds = match compare {
                Compare::Less => v(a) < v(b),
                Compare::LessEqual => v(a) <= v(b),
                Compare::Equal => v(a) == v(b),
            };
            if holds { v(c) } else { v(d) }
        }
        ExprNode::Uniform(_) => f64::from(uniform),
    }
}

fn f32_operand(kind: OperandKind) -> Operand {
    Operand { kind, element: Element::F32 }
}

#[derive(Debug, Clone)]
struct MapCase {
    shape: [usize; 3],
    count: usize,
    first: usize,
    /// Of x, y, bytes and the result.
    layouts: [(u8, usize); 4],
    channel: bool,
    pixel: bool,
    sums: usize,
    /// Sums are made for each image by itself.
    by_image: bool,
    uniform: bool,
    heavy: bool,
    seed: u64,
}

fn map_case() -> impl Strategy<Value = MapCase> {
    let shape = (1_usize..6, 1_usize..9, channel_count()).prop_map(|(h, w, c)| [h, w, c]);
    let layouts = prop_oneof![
        prop::array::uniform4(Just((0_u8, 0_usize))),
        prop::array::uniform4((Just(1_u8), 1_usize..4)),
        prop::array::uniform4(layout_kind())
    ];
    let flags = (any::<bool>(), prop::bool::weighted(0.3), any::<bool>(), prop::bool::weighted(0.2));
    let sums = (0_usize..4, prop::bool::weighted(0.4));
    (shape, prop::sample::select(vec![0_usize, 1, 2, 3]), 0_usize..5, layouts, flags, sums, any::<u64>())
        .prop_map(
            |(shape, count, first, layouts, (channel, pixel, uniform, heavy), (sums, by_image), seed)| {
                MapCase { shape, count, first, layouts, channel, pixel, sums, by_image, uniform, heavy, seed }
            },
        )
}

proptest! {
    #![proptest_config(random_cases(200))]
    #[test]
    fn images(case in map_case()) {
        simds().for_each(|simd| check(simd, &case));
    }

    #[test]
    fn flat(count in 0_usize..70, first in 0_usize..100, key in any::<i32>(), seed in any::<u64>()) {
        simds().for_each(|simd| check_flat(simd, count, first, key, seed));
    }
}

/// Operands: x, bytes, scalar, then those that the case asks for.
fn check(simd: Simd, case: &MapCase) {
    let [height, width, channels] = case.shape;
    let [x, y, bytes, result] = case.layouts.map(|kind| layout(case.shape, kind));
    let pixel = Layout::with_halo(1, 1, channels, [0, 0, 0, 1]);
    let mut operands = vec![
        f32_operand(OperandKind::Image(x)),
        Operand { kind: OperandKind::Image(bytes), element: Element::U8 },
        f32_operand(OperandKind::Scalar),
        f32_operand(OperandKind::Image(y)),
    ];
    let mut args = vec![
        Data::F32(numbers(case.seed, buffer_len(&x, case.count))),
        Data::U8(
            numbers(case.seed ^ 1, buffer_len(&bytes, case.count))
                .iter()
                .map(|v| v.to_bits() as u8)
                .collect(),
        ),
        Data::F32(vec![1.25]),
        Data::F32(numbers(case.seed ^ 2, buffer_len(&y, case.count))),
    ];
    let mut expr = Expr::new();
    let (a, b, scalar, c) = (expr.input(0), expr.input(1), expr.input(2), expr.input(3));
    let shade = expr.constant(1.0 / 255.0);
    let scaled = expr.mul(b, shade);
    let mut f = expr.mul_add(a, scalar, scaled);
    let zero = expr.constant(0.0);
    let rectified = expr.select(Compare::Less, zero, c, f, zero);
    f = expr.max(rectified, a);
    if case.channel {
        operands.push(f32_operand(OperandKind::Channel));
        args.push(Data::F32(numbers(case.seed ^ 3, channels)));
        let v = expr.input(operands.len() - 1);
        f = expr.mul_add(f, v, v);
    }
    if case.pixel {
        operands.push(f32_operand(OperandKind::Image(pixel)));
        args.push(Data::F32(numbers(case.seed ^ 4, buffer_len(&pixel, case.count))));
        let v = expr.input(operands.len() - 1);
        f = expr.add(f, v);
    }
    let key = numbers(case.seed ^ 5, 1)[0].to_bits().cast_signed();
    if case.uniform {
        operands.push(Operand { kind: OperandKind::Scalar, element: Element::I32 });
        args.push(Data::I32(vec![key]));
        let u = expr.uniform(operands.len() - 1);
        f = expr.add(f, u);
    }
    if case.heavy {
        let g = expr.push(ExprNode::Tanh(f));
        f = expr.push(ExprNode::Exp(g));
    }
    let mut outputs = vec![(f, MapOutput::Image(result))];
    args.push(Data::F32(vec![7.0; buffer_len(&result, case.count)]));
    for sum in 0..case.sums {
        let weight = expr.constant(1.0 + sum as f32);
        let (output, length) = if case.by_image {
            (MapOutput::PixelSum(pixel), buffer_len(&pixel, case.count))
        } else {
            (MapOutput::ChannelSum, channels)
        };
        outputs.push((expr.mul(f, weight), output));
        args.push(Data::F32(vec![f32::NAN; length]));
    }
    let desc = MapDesc { domain: Domain::Images { height, width, channels }, operands, expr, outputs };
    let got = run_with(simd, &KernelDesc::Map(desc.clone()), &args, case.count, case.first);

    let mut want = args[desc.operands.len()].f32().to_vec();
    // of each image, or of all of them
    let groups = if case.by_image { case.count } else { 1 };
    let mut sums = vec![vec![0.0_f64; groups * channels]; case.sums];
    let mut magnitude = vec![1.0_f64; groups * channels];
    for (n, iy, ix, ic) in places(&x, case.count) {
        let input = |i: usize| match (&desc.operands[i].kind, &args[i]) {
            (OperandKind::Image(l), Data::F32(v)) if (l.height, l.width) == (height, width) => {
                f64::from(v[at(l, n, iy, ix, ic)])
            }
            (OperandKind::Image(l), Data::F32(v)) => f64::from(v[at(l, n, 0, 0, ic)]),
            (OperandKind::Image(l), Data::U8(v)) => f64::from(v[at(l, n, iy, ix, ic)]),
            (OperandKind::Channel, Data::F32(v)) => f64::from(v[ic]),
            (_, Data::F32(v)) => f64::from(v[0]),
            (_, Data::I32(_) | Data::U8(_)) => unreachable!("no such operand is an input here"),
        };
        let element = (((case.first + n) * height + iy) * width + ix) * channels + ic;
        let uniform = uniform_reference(key.cast_unsigned(), element as u32);
        let exact = value(&desc.expr, desc.outputs[0].0, &input, uniform);
        want[at(&result, n, iy, ix, ic)] = exact as f32;
        let of_sum = if case.by_image { n * channels + ic } else { ic };
        magnitude[of_sum] += exact.abs();
        for (s, sum) in sums.iter_mut().enumerate() {
            sum[of_sum] += exact * (1.0 + s as f64);
        }
    }
    let first_output = desc.operands.len();
    for (i, (&got, want)) in got[first_output].f32().iter().zip(want).enumerate() {
        // a handful of roundings of numbers below 100
        assert_close(got, f64::from(want), 3e-5, i);
    }
    for (s, sum) in sums.iter().enumerate() {
        let got = got[first_output + 1 + s].f32();
        for (of_sum, &want) in sum.iter().enumerate() {
            let (n, channel) = (of_sum / channels, of_sum % channels);
            let got = got[if case.by_image { at(&pixel, n, 0, 0, channel) } else { channel }];
            // each term is off by a few roundings, and so is each addition
            let bound = 1e-5 * magnitude[of_sum] * (1.0 + s as f64);
            assert!(
                (f64::from(got) - want).abs() <= bound,
                "sum {s} of image {n} and channel {channel}: {got} is not {want}"
            );
        }
    }
}

/// `m' = m + (g − m) k; w' = w − r m' / √(|g| + 1)`, with dropout.
fn check_flat(simd: Simd, count: usize, first: usize, key: i32, seed: u64) {
    let mut expr = Expr::new();
    let (w, g, m, rate) = (expr.input(0), expr.input(1), expr.input(2), expr.input(3));
    let (k, one) = (expr.constant(0.1), expr.constant(1.0));
    let difference = expr.sub(g, m);
    let momentum = expr.mul_add(difference, k, m);
    let magnitude = expr.push(ExprNode::Abs(g));
    let sum = expr.add(magnitude, one);
    let root = expr.push(ExprNode::Sqrt(sum));
    let step = expr.mul(rate, momentum);
    let step = expr.div(step, root);
    let u = expr.uniform(4);
    let half = expr.constant(0.5);
    let kept = expr.select(Compare::Less, u, half, step, one);
    let weight = expr.sub(w, kept);
    let flat = f32_operand(OperandKind::Flat);
    let operands = vec![
        flat,
        flat,
        flat,
        f32_operand(OperandKind::Scalar),
        Operand { kind: OperandKind::Scalar, element: Element::I32 },
    ];
    let outputs = vec![(weight, MapOutput::Flat), (momentum, MapOutput::Flat)];
    let desc = MapDesc { domain: Domain::Flat, operands, expr, outputs };
    let inputs: Vec<Vec<f32>> = (0..3).map(|i| numbers(seed ^ i, count)).collect();
    let mut args: Vec<Data> = inputs.iter().cloned().map(Data::F32).collect();
    args.extend([Data::F32(vec![0.3]), Data::I32(vec![key])]);
    args.extend([Data::F32(vec![0.0; count]), Data::F32(vec![0.0; count])]);
    let got = run_with(simd, &KernelDesc::Map(desc.clone()), &args, count, first);
    for i in 0..count {
        let of = |operand: usize| inputs.get(operand).map_or(0.3, |values| values[i]);
        let input = |operand: usize| f64::from(of(operand));
        let uniform = uniform_reference(key.cast_unsigned(), (first + i) as u32);
        for (j, &(id, _)) in desc.outputs.iter().enumerate() {
            assert_close(got[5 + j].f32()[i], value(&desc.expr, id, &input, uniform), 1e-6, (i, j));
        }
    }
}

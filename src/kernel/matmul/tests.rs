//! Compiled dense products against nested loops, for every instruction set of this machine.

use proptest::prelude::*;

use crate::desc::{KernelDesc, MatmulDesc, MatmulKind, TileActivation};
use crate::kernel::trial::{Buffer, Integers, random_cases, run, simds};

/// A dense layer, one part of it, and how its matrices lie.
#[derive(Debug, Clone)]
struct Case {
    inputs: usize,
    outputs: usize,
    /// Elements behind each row of X, W and Y.
    gaps: [usize; 3],
    max_rows: usize,
    count: usize,
    bias: bool,
    activation: Option<TileActivation>,
    seed: u64,
}

impl Case {
    fn new(inputs: usize, outputs: usize, count: usize) -> Self {
        Self { inputs, outputs, gaps: [0; 3], max_rows: count, count, bias: false, activation: None, seed: 1 }
    }

    fn desc(&self, kind: MatmulKind) -> MatmulDesc {
        let forward = kind == MatmulKind::Forward;
        MatmulDesc {
            kind,
            inputs: self.inputs,
            outputs: self.outputs,
            input_pitch: self.inputs + self.gaps[0],
            weight_pitch: self.outputs + self.gaps[1],
            output_pitch: self.outputs + self.gaps[2],
            max_rows: self.max_rows,
            bias: forward && self.bias,
            activation: if forward { self.activation } else { None },
        }
    }
}

/// A matrix of integers with NaN between the rows.
fn matrix(integers: &mut Integers, rows: usize, columns: usize, pitch: usize) -> Vec<f32> {
    (0..rows * pitch).map(|at| if at % pitch < columns { integers.value() } else { f32::NAN }).collect()
}

/// What is in a result before: rows of `used` come from `values`, everything else keeps its mark.
fn expected(
    rows: usize,
    columns: usize,
    pitch: usize,
    length: usize,
    value: impl Fn(usize, usize) -> f64,
) -> Vec<f32> {
    let mut all = vec![7f32; length];
    for row in 0..rows {
        for column in 0..columns {
            all[row * pitch + column] = value(row, column) as f32;
        }
    }
    all
}

fn check(case: &Case) {
    for kind in [MatmulKind::Forward, MatmulKind::GradInput, MatmulKind::GradWeight] {
        check_kind(case, kind);
    }
}

fn check_kind(case: &Case, kind: MatmulKind) {
    let desc = case.desc(kind);
    let (inputs, outputs, rows) = (case.inputs, case.outputs, case.max_rows);
    let mut integers = Integers(case.seed);
    let x = matrix(&mut integers, rows, inputs, desc.input_pitch);
    let weight = matrix(&mut integers, inputs, outputs, desc.weight_pitch);
    let dy = matrix(&mut integers, rows, outputs, desc.output_pitch);
    let bias = integers.values(outputs);
    let product = |a: f32, b: f32| f64::from(a) * f64::from(b);
    let (args, want) = match kind {
        MatmulKind::Forward => {
            let want = expected(case.count, outputs, desc.output_pitch, dy.len(), |n, o| {
                let sum: f64 = (0..inputs)
                    .map(|i| product(x[n * desc.input_pitch + i], weight[i * desc.weight_pitch + o]))
                    .sum();
                let sum = if desc.bias { sum + f64::from(bias[o]) } else { sum };
                match desc.activation {
                    None => sum,
                    Some(TileActivation::Relu) => sum.max(0.0),
                    Some(TileActivation::ClippedRelu(limit)) => {
                        sum.clamp(0.0, f64::from(f32::from_bits(limit)))
                    }
                    Some(TileActivation::LeakyRelu(slope)) => {
                        if sum < 0.0 {
                            sum * f64::from(f32::from_bits(slope))
                        } else {
                            sum
                        }
                    }
                }
            });
            let mut args = vec![Buffer::F32(x), Buffer::F32(weight)];
            if desc.bias {
                args.push(Buffer::F32(bias));
            }
            (args, want)
        }
        MatmulKind::GradInput => {
            let want = expected(case.count, inputs, desc.input_pitch, x.len(), |n, i| {
                let terms = (0..outputs)
                    .map(|o| product(dy[n * desc.output_pitch + o], weight[i * desc.weight_pitch + o]));
                terms.sum()
            });
            (vec![Buffer::F32(dy), Buffer::F32(weight)], want)
        }
        MatmulKind::GradWeight => {
            let want = expected(inputs, outputs, desc.weight_pitch, weight.len(), |i, o| {
                let terms = (0..case.count)
                    .map(|n| product(x[n * desc.input_pitch + i], dy[n * desc.output_pitch + o]));
                terms.sum()
            });
            (vec![Buffer::F32(x), Buffer::F32(dy)], want)
        }
    };
    let mut args = args;
    args.push(Buffer::F32(vec![7.0; want.len()]));
    for simd in simds() {
        let got = run(&KernelDesc::Matmul(desc), simd, &args, case.count);
        assert_eq!(got[args.len() - 1].f32(), want, "{simd} {kind:?} {case:?}");
    }
}

#[test]
fn plain() {
    check(&Case::new(64, 48, 12));
}

#[test]
fn edges() {
    let case = Case::new;
    let cases = [
        case(1, 1, 1),
        case(3, 5, 2),
        case(100, 10, 32),
        case(31, 17, 33),
        case(257, 100, 1),
        case(40, 65, 19),
        Case { max_rows: 32, ..case(24, 40, 0) },
        Case { max_rows: 32, ..case(24, 40, 5) },
        Case { max_rows: 50, ..case(24, 40, 17) },
        Case { gaps: [3, 5, 7], bias: true, ..case(20, 30, 6) },
        Case { bias: true, activation: Some(TileActivation::Relu), ..case(20, 30, 6) },
        // rows of W far apart: the inputs are cut into two, three and four blocks
        Case { bias: true, activation: Some(TileActivation::Relu), ..case(513, 257, 9) },
        Case { bias: true, ..case(1537, 256, 3) },
        Case { max_rows: 12, ..case(1800, 260, 7) },
        Case { activation: Some(TileActivation::LeakyRelu(0.25f32.to_bits())), ..case(20, 30, 6) },
        Case { activation: Some(TileActivation::ClippedRelu(6f32.to_bits())), ..case(20, 30, 6) },
    ];
    for case in &cases {
        check(case);
    }
}

proptest! {
    #![proptest_config(random_cases(300))]

    #[test]
    fn any_sizes(
        inputs in 1..70usize,
        outputs in 1..70usize,
        gaps in [0..5usize, 0..5, 0..5],
        rows in (1..40usize, 0..6usize),
        bias: bool,
        seed: u64,
    ) {
        let (count, more) = rows;
        check(&Case { gaps, max_rows: count + more, bias, seed, ..Case::new(inputs, outputs, count) });
    }
}

//! Element-wise and other general kernels, one core: `cargo bench --bench general`. Memory traffic counts each operand and result once.
//! `SHOW_CODE=1` also prints the machine code.

#![allow(clippy::print_stdout, reason = "a bench prints its figures")]

use std::time::Instant;

use cnnc::jit::{self, Arena, BoundArgument, BoundKernel, FlushDenormals};
use cnnc::kernel::Target;
use cnnc::kernel::desc::{
    Compare, Domain, Expr, ExprId, ExprNode, KernelDesc, MapDesc, MapOutput, Operand, OperandKind, PoolDesc,
    PoolGradDesc, PoolKind, TransposeDesc,
};
use cnnc::tensor::{Element, Layout, Padding, Window};

fn main() {
    maps();
    others();
}

/// Best of many runs; `sizes` are the arguments' bytes.
fn measure(name: &str, desc: &KernelDesc, sizes: &[usize], count: usize) {
    let set = jit::compile(&Target::host(), std::slice::from_ref(desc)).expect("compiles");
    let mut offset = 0;
    let mut arguments = Vec::new();
    for &bytes in sizes {
        arguments.push(BoundArgument::Arena { offset, stride: 0, tasks: 1 });
        offset += bytes.next_multiple_of(64) + 64;
    }
    let mut arena = Arena::new(offset).expect("fits");
    arena.f32_mut(0, offset / 4).iter_mut().enumerate().for_each(|(i, v)| *v = (i % 13) as f32 - 6.0);
    let kernel = BoundKernel::new(set.entry(0), &arguments, offset, 0).expect("binds");
    let _flush = FlushDenormals::new();
    let run = arena.run();
    let total: usize = sizes.iter().sum();
    let repeats = (1 << 24) / total.max(1) + 1;
    let mut best = f64::INFINITY;
    for _ in 0..40 {
        let start = Instant::now();
        for _ in 0..repeats {
            kernel.call(&run, 0, count, 0, 0);
        }
        best = best.min(start.elapsed().as_secs_f64() / repeats as f64);
    }
    println!(
        "{name:28} {:8.1} µs {:6.1} GB/s, {} bytes of code",
        best * 1e6,
        total as f64 / best / 1e9,
        set.code_bytes(0)
    );
    if std::env::var_os("SHOW_CODE").is_some() {
        println!("{}", set.assembly(0));
    }
}

/// A map over images with `inputs` dense operands, then vectors `[C]`.
fn map(
    shape: [usize; 3],
    inputs: usize,
    vectors: usize,
    write: impl FnOnce(&mut Expr) -> Vec<(ExprId, bool)>,
) -> (KernelDesc, Vec<usize>) {
    let [height, width, channels] = shape;
    let layout = Layout::with_halo(height, width, channels, [0; 4]);
    let operand = |kind| Operand { kind, element: Element::F32 };
    let mut expr = Expr::new();
    let results = write(&mut expr);
    let mut operands = vec![operand(OperandKind::Image(layout)); inputs];
    operands.extend(vec![operand(OperandKind::Channel); vectors]);
    let output = |(id, sum)| (id, if sum { MapOutput::ChannelSum } else { MapOutput::Image(layout) });
    let outputs: Vec<(ExprId, MapOutput)> = results.into_iter().map(output).collect();
    let image = layout.image_pitch * 32 * 4;
    let operand_sizes = (0..inputs + vectors).map(|i| if i < inputs { image } else { 4 * channels });
    let result_sizes = outputs.iter().map(|(_, o)| if *o == MapOutput::ChannelSum { 4 * channels } else { image });
    let sizes = operand_sizes.chain(result_sizes).collect();
    (KernelDesc::Map(MapDesc { domain: Domain::Images { height, width, channels }, operands, expr, outputs }), sizes)
}

fn relu_gradient(e: &mut Expr) -> ExprId {
    let (dy, y, zero) = (e.input(0), e.input(1), e.constant(0.0));
    e.select(Compare::Less, zero, y, dy, zero)
}

fn maps() {
    // 32 images: 0.2 MB and 3.7 MB a tensor
    for shape in [[7, 7, 32], [30, 30, 32]] {
        println!("{shape:?} x 32");
        let named: [(&str, (KernelDesc, Vec<usize>)); 7] = [
            (
                "add",
                map(shape, 2, 0, |e| {
                    let (a, b) = (e.input(0), e.input(1));
                    vec![(e.add(a, b), false)]
                }),
            ),
            ("relu gradient", map(shape, 2, 0, |e| vec![(relu_gradient(e), false)])),
            (
                "relu gradient, bias sum",
                map(shape, 2, 0, |e| {
                    let dx = relu_gradient(e);
                    vec![(dx, false), (dx, true)]
                }),
            ),
            (
                "scale and shift",
                map(shape, 1, 2, |e| {
                    let (x, s, t) = (e.input(0), e.input(1), e.input(2));
                    vec![(e.mul_add(x, s, t), false)]
                }),
            ),
            (
                "two channel sums",
                map(shape, 2, 1, |e| {
                    let (dy, x, m) = (e.input(0), e.input(1), e.input(2));
                    let d = e.sub(x, m);
                    vec![(dy, true), (e.mul(dy, d), true)]
                }),
            ),
            (
                "sigmoid",
                map(shape, 1, 0, |e| {
                    let x = e.input(0);
                    let (n, one) = (e.push(ExprNode::Neg(x)), e.constant(1.0));
                    let exp = e.push(ExprNode::Exp(n));
                    let below = e.add(one, exp);
                    vec![(e.div(one, below), false)]
                }),
            ),
            (
                "three channels, scaled",
                map([shape[0] * 3, shape[1] * 3, 3], 1, 2, |e| {
                    let (x, s, t) = (e.input(0), e.input(1), e.input(2));
                    vec![(e.mul_add(x, s, t), false)]
                }),
            ),
        ];
        for (name, (desc, sizes)) in named {
            measure(name, &desc, &sizes, 32);
        }
    }
    for length in [50_000, 1 << 20] {
        println!("{length} elements");
        measure(
            "adam",
            &KernelDesc::Map(adam()),
            &[4 * length, 4 * length, 4 * length, 4 * length, 4, 4 * length, 4 * length, 4 * length],
            length,
        );
    }
}

/// `m' = m + (g − m) a; v' = v + (g² − v) b; w' = w − r m' / (√v' + ε)` of w, g, m, v, r.
fn adam() -> MapDesc {
    let mut e = Expr::new();
    let [w, g, m, v, rate] = [0, 1, 2, 3, 4].map(|i| e.input(i));
    let (a, b, epsilon) = (e.constant(0.1), e.constant(0.001), e.constant(1e-7));
    let difference = e.sub(g, m);
    let momentum = e.mul_add(difference, a, m);
    let square = e.mul(g, g);
    let difference = e.sub(square, v);
    let second = e.mul_add(difference, b, v);
    let root = e.push(ExprNode::Sqrt(second));
    let below = e.add(root, epsilon);
    let step = e.mul(rate, momentum);
    let step = e.div(step, below);
    let weight = e.sub(w, step);
    let flat = Operand { kind: OperandKind::Flat, element: Element::F32 };
    let scalar = Operand { kind: OperandKind::Scalar, element: Element::F32 };
    MapDesc {
        domain: Domain::Flat,
        operands: vec![flat, flat, flat, flat, scalar],
        expr: e,
        outputs: vec![(weight, MapOutput::Flat), (momentum, MapOutput::Flat), (second, MapOutput::Flat)],
    }
}

fn others() {
    let window = Window::resolve([32, 32], [2, 2], [2, 2], [1, 1], Padding::Valid).expect("fits");
    let (input, output) = (Layout::with_halo(32, 32, 32, [0; 4]), Layout::with_halo(16, 16, 32, [0; 4]));
    let (large, small) = (input.image_pitch * 32, output.image_pitch * 32);
    let desc = PoolDesc { kind: PoolKind::Max, window, input, output, winners: Some(output) };
    measure("2x2 max pool, winners", &KernelDesc::Pool(desc), &[4 * large, 4 * small, small], 32);
    let desc = PoolGradDesc { kind: PoolKind::Max, window, grad: output, winners: Some(output), output: input };
    measure("2x2 max pool gradient", &KernelDesc::PoolGrad(desc), &[4 * small, small, 4 * large], 32);
    let desc = TransposeDesc { stack: 9, rows: 128, columns: 128 };
    measure("transpose 9x128x128", &KernelDesc::Transpose(desc), &[4 * 9 * 128 * 128, 4 * 9 * 128 * 128], 0);
}

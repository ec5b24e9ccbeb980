//! Element-wise and other general kernels, one thread: `cargo bench --bench general [-- FILTER]`. Memory
//! traffic counts each operand and result once.

use std::time::Duration;

use criterion::{Criterion, Throughput};

use cnnc::internals::desc::{
    Compare, Domain, Expr, ExprId, ExprNode, KernelDesc, MapDesc, MapOutput, MomentsDesc, Operand,
    OperandKind, PoolDesc, PoolGradDesc, PoolKind, TransposeDesc,
};
use cnnc::internals::jit::{FlushDenormals, LoneKernel};
use cnnc::internals::kernel::Target;
use cnnc::internals::tensor::{Element, Layout, Padding, Window};

fn main() {
    let _flush = FlushDenormals::new();
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(500))
        .sample_size(40)
        .configure_from_args();
    for job in maps().into_iter().chain(others()) {
        let mut group = criterion.benchmark_group(&job.what);
        group.throughput(Throughput::Bytes(job.sizes.iter().sum::<usize>() as u64));
        group.bench_function(job.name, |bencher| {
            // compiled only where the filter lets it be timed
            let mut kernel = job.compile();
            bencher.iter(|| kernel.call());
        });
        group.finish();
    }
    criterion.final_summary();
}

/// A kernel, the bytes of its arguments, and what it is called with.
struct Job {
    what: String,
    name: &'static str,
    desc: KernelDesc,
    sizes: Vec<usize>,
    count: usize,
}

impl Job {
    #[allow(unsafe_code, reason = "sizes that are written by hand are to be believed")]
    fn compile(&self) -> LoneKernel {
        // SAFETY: every job has the sizes that its description states.
        let kernel = unsafe { LoneKernel::new(&Target::host(), &self.desc, &self.sizes, self.count) };
        kernel.expect("the description is sound")
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
    let result_sizes =
        outputs.iter().map(|(_, o)| if *o == MapOutput::ChannelSum { 4 * channels } else { image });
    let sizes = operand_sizes.chain(result_sizes).collect();
    (
        KernelDesc::Map(MapDesc {
            domain: Domain::Images { height, width, channels },
            operands,
            expr,
            outputs,
        }),
        sizes,
    )
}

fn relu_gradient(e: &mut Expr) -> ExprId {
    let (dy, y, zero) = (e.input(0), e.input(1), e.constant(0.0));
    e.select(Compare::Less, zero, y, dy, zero)
}

fn maps() -> Vec<Job> {
    let mut jobs = Vec::new();
    // 32 images: 0.2 MB and 3.7 MB a tensor
    for shape in [[7, 7, 32], [30, 30, 32]] {
        let what = format!("{}x{}x{}, 32 images", shape[0], shape[1], shape[2]);
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
        jobs.extend(named.map(|(name, (desc, sizes))| Job {
            what: what.clone(),
            name,
            desc,
            sizes,
            count: 32,
        }));
    }
    for length in [50_000, 1 << 20] {
        let stream = 4 * length;
        let sizes = vec![stream, stream, stream, stream, 4, stream, stream, stream];
        let what = format!("{length} elements");
        jobs.push(Job { what, name: "adam", desc: KernelDesc::Map(adam()), sizes, count: length });
    }
    jobs
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

fn others() -> Vec<Job> {
    let window = Window::resolve([32, 32], [2, 2], [2, 2], [1, 1], Padding::Valid).expect("fits");
    let (input, output) = (Layout::with_halo(32, 32, 32, [0; 4]), Layout::with_halo(16, 16, 32, [0; 4]));
    let (large, small) = (input.image_pitch * 32, output.image_pitch * 32);
    let job = |name, desc, sizes, count| Job { what: "others".to_owned(), name, desc, sizes, count };
    let pool = PoolDesc { kind: PoolKind::Max, window, input, output, winners: Some(output) };
    let pool_grad =
        PoolGradDesc { kind: PoolKind::Max, window, grad: output, winners: Some(output), output: input };
    let transpose = TransposeDesc { stack: 9, rows: 128, columns: 128 };
    vec![
        job("2x2 max pool, winners", KernelDesc::Pool(pool), vec![4 * large, 4 * small, small], 32),
        job("2x2 max pool gradient", KernelDesc::PoolGrad(pool_grad), vec![4 * small, small, 4 * large], 32),
        job("moments", KernelDesc::Moments(MomentsDesc { input }), vec![4 * large, 4 * 3 * 32], 32),
        job("transpose 9x128x128", KernelDesc::Transpose(transpose), vec![4 * 9 * 128 * 128; 2], 0),
    ]
}

//! Speed of the convolution and matrix product kernels on layers of real networks, one thread.
//!
//! `cargo bench --bench conv [-- FILTER]`. Throughput in elements is floating-point operations: `Gelem/s` are
//! GFLOP/s. `peak` is what a tile reaches when all its data lies in the first-level cache. `CNNC_SIMD=avx2`
//! asks for other instructions than the widest.

use std::time::Duration;

use criterion::{Criterion, Throughput};

use cnnc::internals::desc::{
    ConvDesc, ConvGradWeightDesc, Epilogue, KernelDesc, MatmulDesc, MatmulKind, PoolEpilogue, Rank,
    StrassenDesc, StrassenWeightDesc, TileActivation,
};
use cnnc::internals::jit::{FlushDenormals, LoneKernel};
use cnnc::internals::kernel::{Simd, Target};
use cnnc::internals::tensor::{Layout, Padding, Window};

/// Work of one call at most, so that a call is shorter than a scheduler's slice, and on a busy machine some
/// are undisturbed: larger batches are cut.
const CALL_FLOPS: usize = 150_000_000;

/// A convolution layer.
struct Layer {
    name: &'static str,
    size: usize,
    channels: [usize; 2],
    kernel_size: usize,
    padding: Padding,
    pool: bool,
}

const fn layer(name: &'static str, size: usize, channels: [usize; 2], padding: Padding, pool: bool) -> Layer {
    Layer { name, size, channels, kernel_size: 3, padding, pool }
}

const LAYERS: [Layer; 13] = [
    layer("28x28x1->32 relu pool", 28, [1, 32], Padding::Same, true),
    layer("14x14x32->64 relu pool", 14, [32, 64], Padding::Same, true),
    layer("32x32x3->32 relu", 32, [3, 32], Padding::Same, false),
    layer("30x30x32->32 valid relu", 30, [32, 32], Padding::Valid, false),
    layer("32x32x32->32 relu pool", 32, [32, 32], Padding::Same, true),
    layer("15x15x32->64 valid relu pool", 15, [32, 64], Padding::Valid, true),
    layer("13x13x64->64 relu", 13, [64, 64], Padding::Same, false),
    layer("16x16x64->64 relu", 16, [64, 64], Padding::Same, false),
    layer("8x8x64->128 relu", 8, [64, 128], Padding::Same, false),
    layer("6x6x64->128 relu", 6, [64, 128], Padding::Same, false),
    layer("56x56x64->64 relu", 56, [64, 64], Padding::Same, false),
    Layer { kernel_size: 1, ..layer("14x14x256->64 1x1", 14, [256, 64], Padding::Valid, false) },
    layer("7x7x512->512 relu", 7, [512, 512], Padding::Same, false),
];

const DENSE: [(usize, usize, usize); 5] =
    [(3136, 100, 32), (1152, 512, 32), (2048, 512, 32), (100, 10, 32), (2048, 512, 1)];

/// 1x1 windows, as products and by Strassen's method: side of the picture, channels, pictures.
const POINTWISE: [(usize, [usize; 2], usize); 6] = [
    (28, [128, 256], 2),
    (28, [256, 256], 1),
    (14, [512, 128], 1),
    (14, [512, 512], 1),
    (14, [1024, 256], 4),
    (7, [1024, 1024], 4),
];

/// A kernel with its work and the bytes of its arguments.
struct Job {
    name: String,
    desc: KernelDesc,
    count: usize,
    flops: usize,
    argument_bytes: Vec<usize>,
}

impl Job {
    #[allow(unsafe_code, reason = "sizes that are written by hand are to be believed")]
    fn compile(&self, simd: Simd) -> LoneKernel {
        // SAFETY: every job has the sizes that its description states.
        let kernel =
            unsafe { LoneKernel::new(&Target::of(simd), &self.desc, &self.argument_bytes, self.count) };
        kernel.expect("the description is sound")
    }
}

fn main() {
    let asked = std::env::var("CNNC_SIMD").ok();
    let simd = asked.map_or_else(Simd::detect, |name| name.parse().expect("avx512, avx2, neon or portable"));
    let _flush = FlushDenormals::new();
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(500))
        .sample_size(40)
        .configure_from_args();
    let jobs =
        LAYERS.iter().flat_map(conv_jobs).chain(DENSE.iter().flat_map(|&(i, o, n)| dense_jobs(i, o, n)));
    let jobs = jobs.chain(POINTWISE.iter().flat_map(|&layer| pointwise_jobs(layer, simd)));
    for job in std::iter::once(tile_in_cache()).chain(jobs) {
        time(&mut criterion, &job, simd);
    }
    criterion.final_summary();
}

fn time(criterion: &mut Criterion, job: &Job, simd: Simd) {
    let mut group = criterion.benchmark_group(simd.to_string());
    group.throughput(Throughput::Elements(job.flops as u64));
    group.bench_function(&job.name, |bencher| {
        // compiled only where the filter lets it be timed
        let mut kernel = job.compile(simd);
        bencher.iter(|| kernel.call());
    });
    group.finish();
}

/// A product small enough for the first-level cache and long enough to hide where it begins and ends.
fn tile_in_cache() -> Job {
    matmul("peak", MatmulKind::Forward, 192, 32, 28)
}

fn conv_jobs(layer: &Layer) -> Vec<Job> {
    let &Layer { name, size, channels: [ci, co], kernel_size, padding, pool } = layer;
    let window = Window::resolve([size; 2], [kernel_size; 2], [1; 2], [1; 2], padding).expect("fits");
    let (height, width) = (window.y.output, window.x.output);
    let image_flops = 2 * height * width * window.area() * ci * co;
    let batch = (CALL_FLOPS / image_flops).clamp(1, 32);
    let bytes = |layout: &Layout| layout.image_pitch * batch * 4;
    let x = Layout::with_halo(size, size, ci, window.halo());
    let dy = Layout::with_halo(height, width, co, ConvDesc::gradient_halo(&window));
    let y = if pool { Layout::with_halo(height / 2, width / 2, co, [1; 4]) } else { dy };
    let weight = window.area() * ci * co * 4;
    let epilogue = Epilogue {
        pool: pool.then_some(PoolEpilogue { winners: Some(y) }),
        bias: true,
        residual: None,
        activation: Some(TileActivation::Relu),
    };
    let forward = ConvDesc {
        window,
        groups: 1,
        input: x,
        output: y,
        epilogue,
        grad_input: false,
        block: None,
        images: batch,
        rank: Rank::default(),
    };
    let backward =
        ConvDesc { input: dy, output: x, epilogue: Epilogue::default(), grad_input: true, ..forward };
    let grad_weight = ConvGradWeightDesc { window, groups: 1, input: x, grad: dy, tap_rows: ci, cut: 0 };
    let job = |kind: &str, desc, argument_bytes| Job {
        name: format!("{name} {kind}"),
        desc,
        count: batch,
        flops: batch * image_flops,
        argument_bytes,
    };
    vec![
        job("forward", KernelDesc::Conv(forward), vec![bytes(&x), weight, co * 4, bytes(&y), bytes(&y)]),
        job("grad_input", KernelDesc::Conv(backward), vec![bytes(&dy), weight, bytes(&x)]),
        job("grad_weight", KernelDesc::ConvGradWeight(grad_weight), vec![bytes(&x), bytes(&dy), weight]),
    ]
}

fn pointwise_jobs((side, [ci, co], batch): (usize, [usize; 2], usize), simd: Simd) -> [Job; 2] {
    let window = Window::resolve([side; 2], [1; 2], [1; 2], [1; 2], Padding::Valid).expect("fits");
    let layout = |channels| Layout::with_halo(side, side, channels, [0; 4]);
    let block = Some(2 * simd.lanes()).filter(|block| co > *block);
    let activation = Some(TileActivation::Relu);
    let conv = ConvDesc {
        window,
        groups: 1,
        input: layout(ci),
        output: layout(co),
        epilogue: Epilogue { bias: true, activation, ..Epilogue::default() },
        grad_input: false,
        block,
        images: batch,
        rank: Rank::default(),
    };
    let sums = StrassenWeightDesc { inputs: ci, outputs: co, part: co };
    let strassen =
        KernelDesc::Strassen(StrassenDesc { conv: ConvDesc { block: None, ..conv }, images: batch });
    let ways =
        [("1x1", KernelDesc::Conv(conv), ci * co), ("1x1 strassen", strassen, sums.elements(simd.lanes()))];
    ways.map(|(kind, desc, weights)| Job {
        name: format!("{side}x{side}x{ci}->{co} batch {batch} {kind}"),
        desc,
        count: batch,
        flops: batch * conv.flops(),
        argument_bytes: [batch * side * side * ci, weights, co, batch * side * side * co]
            .map(|n| 4 * n)
            .to_vec(),
    })
}

fn dense_jobs(inputs: usize, outputs: usize, batch: usize) -> Vec<Job> {
    let kinds = [
        (MatmulKind::Forward, "forward"),
        (MatmulKind::GradInput, "grad_input"),
        (MatmulKind::GradWeight, "grad_weight"),
    ];
    kinds
        .into_iter()
        .map(|(kind, name)| {
            matmul(&format!("dense {inputs}->{outputs} batch {batch} {name}"), kind, inputs, outputs, batch)
        })
        .collect()
}

fn matmul(name: &str, kind: MatmulKind, inputs: usize, outputs: usize, batch: usize) -> Job {
    let desc = MatmulDesc {
        kind,
        inputs,
        outputs,
        input_pitch: inputs,
        weight_pitch: outputs,
        output_pitch: outputs,
        max_rows: batch,
        bias: false,
        activation: None,
    };
    let [x, w, y] = [inputs * batch * 4, inputs * outputs * 4, outputs * batch * 4];
    let argument_bytes = match kind {
        MatmulKind::Forward => vec![x, w, y],
        MatmulKind::GradInput => vec![y, w, x],
        MatmulKind::GradWeight => vec![x, y, w],
    };
    Job {
        name: name.to_owned(),
        desc: KernelDesc::Matmul(desc),
        count: batch,
        flops: 2 * inputs * outputs * batch,
        argument_bytes,
    }
}

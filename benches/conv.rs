//! Speed of the convolution and matrix product kernels on layers of real networks, one thread.
//!
//! `cargo bench --bench conv [-- avx512|avx2|portable] [filter]` prints for each GFLOP/s: the median of many short timings, and their
//! upper tenth, which a busy machine disturbs less; of that the share of what a tile reaches on this machine when all its data lies in the
//! first-level cache (next to the peak of multiply-adds).

#![allow(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::time::{Duration, Instant};

use cnnc::jit::{Arena, BoundArgument, BoundKernel, FlushDenormals, compile};
use cnnc::kernel::desc::{
    ConvDesc, ConvGradWeightDesc, Epilogue, KernelDesc, MatmulDesc, MatmulKind, PoolEpilogue, TileActivation,
};
use cnnc::kernel::{Simd, Target, scratch_bytes};
use cnnc::tensor::{Layout, Padding, Window};

/// Timings per kernel.
const ROUNDS: usize = 120;
/// Length of one timing: shorter than a scheduler's slice, so that on a busy machine some are undisturbed.
const ROUND: Duration = Duration::from_micros(1500);

/// Work of one call at most, so that a call is no longer than a [`ROUND`]: larger batches are cut.
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

/// A kernel with its work and the bytes of its arguments.
struct Job {
    name: String,
    desc: KernelDesc,
    count: usize,
    flops: usize,
    argument_bytes: Vec<usize>,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let simd = arguments.iter().find_map(|a| a.parse().ok()).unwrap_or_else(Simd::detect);
    let filter = arguments.iter().find(|a| a.parse::<Simd>().is_err());
    let _flush = FlushDenormals::new();
    let best = quantiles(&time(&tile_in_cache(), simd)).1;
    println!("{simd}: {best:.1} GFLOP/s from the first-level cache\n");
    println!("{:44} {:>8} {:>8} {:>7}", "kernel", "median", "fastest", "share");
    let jobs = LAYERS.iter().flat_map(conv_jobs).chain(DENSE.iter().flat_map(|&(i, o, n)| dense_jobs(i, o, n)));
    for job in jobs.filter(|job| filter.is_none_or(|f| job.name.contains(f.as_str()))) {
        let (median, fastest) = quantiles(&time(&job, simd));
        println!("{:44} {median:8.1} {fastest:8.1} {:6.0}%", job.name, 100.0 * fastest / best);
    }
}

/// GFLOP/s of each round.
fn time(job: &Job, simd: Simd) -> Vec<f64> {
    let target = Target::of(simd);
    let set = compile(&target, std::slice::from_ref(&job.desc)).expect("the description is sound");
    let mut offset = 0;
    let mut places = Vec::new();
    for &bytes in &job.argument_bytes {
        places.push(BoundArgument::Arena { offset, stride: 0, tasks: 1 });
        offset = (offset + bytes).next_multiple_of(4096) + 256;
    }
    let scratch = scratch_bytes(&job.desc, &target);
    if scratch > 0 {
        places.push(BoundArgument::Scratch { offset: 0 });
    }
    let scratch_at = offset.next_multiple_of(4096);
    let size = scratch_at + scratch + 4096;
    let mut arena = Arena::new(size).expect("memory");
    for (i, value) in arena.f32_mut(0, offset / 4).iter_mut().enumerate() {
        *value = ((i * 7919) % 1024) as f32 / 512.0 - 1.0;
    }
    let kernel = BoundKernel::new(set.entry(0), &places, size, scratch).expect("all lies inside");
    let run = arena.run();
    let call = |times: usize| {
        let start = Instant::now();
        for _ in 0..times {
            kernel.call(&run, 0, job.count, 0, scratch_at);
        }
        start.elapsed()
    };
    call(1);
    let once = call(2).as_secs_f64() / 2.0;
    let times = ((ROUND.as_secs_f64() / once) as usize).max(1);
    (0..ROUNDS).map(|_| (job.flops * times) as f64 / call(times).as_secs_f64() / 1e9).collect()
}

/// Median and upper tenth.
fn quantiles(rounds: &[f64]) -> (f64, f64) {
    let mut sorted = rounds.to_vec();
    sorted.sort_by(f64::total_cmp);
    (sorted[sorted.len() / 2], sorted[sorted.len() * 9 / 10])
}

/// A product small enough for the first-level cache and long enough to hide where it begins and ends.
fn tile_in_cache() -> Job {
    matmul("", MatmulKind::Forward, 192, 32, 28)
}

fn conv_jobs(layer: &Layer) -> Vec<Job> {
    let &Layer { name, size, channels: [ci, co], kernel_size, padding, pool } = layer;
    let window = Window::resolve([size; 2], [kernel_size; 2], [1; 2], [1; 2], padding).expect("fits");
    let (height, width) = (window.y.output, window.x.output);
    let image_flops = 2 * height * width * window.area() * ci * co;
    let batch = (CALL_FLOPS / image_flops).clamp(1, 32);
    let bytes = |layout: &Layout| layout.image_pitch * batch * 4;
    let x = Layout::with_halo(size, size, ci, ConvDesc::needed_halo(&window, false));
    let dy = Layout::with_halo(height, width, co, ConvDesc::needed_halo(&window, true));
    let y = if pool { Layout::with_halo(height / 2, width / 2, co, [1; 4]) } else { dy };
    let weight = window.area() * ci * co * 4;
    let epilogue = Epilogue {
        pool: pool.then_some(PoolEpilogue { winners: Some(y) }),
        bias: true,
        activation: Some(TileActivation::Relu),
    };
    let forward =
        ConvDesc { window, groups: 1, input: x, output: y, epilogue, grad_input: false, block: None, images: batch };
    let backward = ConvDesc { input: dy, output: x, epilogue: Epilogue::default(), grad_input: true, ..forward };
    let grad_weight = ConvGradWeightDesc { window, groups: 1, input: x, grad: dy };
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

//! Networks computed in all the ways that a plan may choose among: picture by picture, shard by shard, a step
//! of Winograd's method after the other over the whole batch, Strassen's method, one picture by rows and by
//! channels, sums of residual blocks written over what they add. Against a plan where nothing is fused and
//! every picture is alone, in single products and portable code.

use std::sync::Arc;

use super::example::{self, numbers, weights};
use super::executor::Executor;
use super::{CompileOptions, EvalSession, optimized_evaluation_graph};
use crate::desc::{KernelDesc, StrassenDesc, WinogradDesc};
use crate::ir::{CheckedProgram, Forward, Mode, OutputId, forward};
use crate::kernel::{Simd, Target};
use crate::opt;
use crate::plan::{Choices, Space, plan};

const BATCH: usize = 13;
const CLASSES: usize = 5;

/// Large maps first, then many weights; around either a residual block whose input nobody needs afterwards.
fn residual_blocks() -> CheckedProgram {
    program(&format!(
        "input(32x32x3)
            conv2d(64, 3x3, padding: same, activation: relu)
            add {{ branch {{ }} branch {{ conv2d(32, 1, activation: relu); conv2d(64, 3x3, padding: same) }} }}
            relu
            max_pool2d(8)
            conv2d(512, 1)
            add {{ branch {{ conv2d(512, 1) }} branch {{ conv2d(512, 3x3, padding: same); relu; conv2d(512, 1) }} }}
            add {{ branch {{ }} branch {{ conv2d(512, 3x3, padding: same) }} }}
            leaky_relu(0.1)
            global_avg_pool2d; dense({CLASSES})"
    ))
}

/// 1x1 windows alone, on maps that are divided by rows where there is one picture, and on smaller ones.
fn pointwise() -> CheckedProgram {
    program(&format!(
        "input(14x14x3)
            conv2d(512, 1, activation: relu)
            conv2d(512, 1, activation: relu)
            avg_pool2d(2)
            conv2d(1024, 1, activation: relu)
            conv2d(1024, 1)
            global_avg_pool2d; dense({CLASSES})"
    ))
}

/// Halves of a part of the channels that fill up no whole block of those that are computed together.
fn uneven_halves() -> CheckedProgram {
    program(&format!(
        "input(8x8x3)
            conv2d(2048, 1, activation: relu)
            conv2d(320, 1, activation: relu)
            global_avg_pool2d; dense({CLASSES})"
    ))
}

/// Zeros around pixels that are kept apart, because kernels go from one to the next.
fn padded_apart() -> CheckedProgram {
    program(&format!(
        "input(8x8x3)
            conv2d(256, 1, activation: relu)
            zero_pad2d([0, 1, 0, 1])
            depthwise_conv2d(3, stride: 2)
            global_avg_pool2d; dense({CLASSES})"
    ))
}

fn program(layers: &str) -> CheckedProgram {
    let text = format!("model M {{ {layers} }}");
    example::program(text)
}

/// Scores of each picture, nothing fused.
fn plainly(program: &CheckedProgram, images: &[f32]) -> Vec<f32> {
    let Forward { mut graph, output, .. } = forward(program, Mode::Inference);
    graph.outputs.push((OutputId::Model, output));
    opt::run(&mut graph, opt::DIAGNOSIS);
    let target = Target { simd: Simd::Portable, exact: true };
    let mut executor = Executor::new(1, None).expect("threads");
    executor.add([0; 2], plan(&graph, target, 1), 0).expect("compiles");
    for (at, param) in graph.params.iter().enumerate() {
        let values = weights(at, param.shape.extents());
        let buffer = executor.plan().params[at];
        executor.write(buffer, values.len()).copy_from_slice(&values);
    }
    executor.run_setup();
    let mut scores = Vec::new();
    for image in images.chunks(images.len() / BATCH) {
        let given = executor.plan().images.expect("a model has an input");
        executor.write(given, image.len()).copy_from_slice(image);
        executor.run(1);
        scores.extend(executor.read(executor.plan().outputs[0].buffer, CLASSES));
    }
    scores
}

#[test]
fn all_ways_lead_to_the_same_scores() {
    check(&residual_blocks(), 32 * 32 * 3);
    check(&pointwise(), 14 * 14 * 3);
    check(&uneven_halves(), 8 * 8 * 3);
    check(&padded_apart(), 8 * 8 * 3);
}

fn check(program: &CheckedProgram, pixels: usize) {
    let images = numbers(99, BATCH * pixels);
    let want = plainly(program, &images);
    let largest = want.iter().fold(0.0_f32, |most, v| most.max(v.abs()));
    for simd in Simd::ALL.into_iter().filter(|simd| simd.is_available()) {
        for (exact, batch) in [(false, 32), (true, 32), (false, BATCH), (false, 1)] {
            let target = Target { simd, exact };
            let options = CompileOptions {
                target,
                threads: 2,
                batch,
                random: false,
                choices: Arc::new(Choices::default()),
                library: None,
                ranks: None,
            };
            let mut session = EvalSession::compile(program, &options).expect("compiles");
            let params: Vec<_> =
                session.params().iter().map(|param| param.shape.extents().to_vec()).collect();
            params.iter().enumerate().for_each(|(at, extents)| session.write(at, &weights(at, extents)));
            // the last batch is short
            let got: Vec<f32> =
                images.chunks(batch * pixels).flat_map(|part| session.predict(part)).collect();
            for (place, (got, want)) in got.iter().zip(&want).enumerate() {
                // five layers of sums of up to 4,608 products, by Winograd's method to a few 1e-6 of their
                // size each
                let error = (got - want).abs();
                assert!(
                    error <= 2e-5 * largest,
                    "{simd} exact {exact} batch {batch}, score {place}: {got} and {want}"
                );
            }
            assert_eq!(got.len(), want.len());
        }
    }
}

/// What a plan chooses depends on the width of vectors: which ways there are is asked of the widest
/// ones, on any machine.
const WIDEST: Target = Target { simd: Simd::Avx512, exact: false };

/// That the second network is computed by Strassen's method, one picture by rows and by channels too, and the
/// third by channels.
#[test]
fn strassens_method_divides_a_picture() {
    let [graph, uneven] = [pointwise(), uneven_halves()].map(|program| optimized_evaluation_graph(&program));
    let spaces_of = |graph: &_, batch: usize| {
        let plan = plan(graph, WIDEST, batch);
        let groups = plan.stages.iter().flat_map(|stage| &stage.groups);
        let by_sums = |kernel: usize| matches!(plan.kernels[kernel], KernelDesc::Strassen(_));
        let spaces = groups.filter(|group| group.calls.iter().any(|call| by_sums(call.kernel)));
        spaces.map(|group| group.space).collect::<Vec<_>>()
    };
    let spaces = |batch: usize| spaces_of(&graph, batch);
    assert!(spaces(32).iter().any(|space| matches!(space, Space::Images { .. })));
    assert!(spaces(1).iter().any(|space| matches!(space, Space::Flat { .. })), "by rows");
    assert!(spaces(1).iter().any(|space| matches!(space, Space::Columns { .. })), "by channels");
    assert!(spaces_of(&uneven, 1).iter().any(|space| matches!(space, Space::Columns { .. })), "halves of 80");
}

/// That the first network has all of them.
#[test]
fn the_network_is_computed_in_all_ways() {
    let graph = optimized_evaluation_graph(&residual_blocks());
    let plan = plan(&graph, WIDEST, 32);
    let groups: Vec<_> = plan.stages.iter().flat_map(|stage| &stage.groups).collect();
    let has = |space: Space| groups.iter().any(|group| group.space == space);
    assert!(
        has(Space::Images { shard: 1, shards: 32 }) && has(Space::Images { shard: 4, shards: 8 }),
        "{plan}"
    );
    let kernels =
        || groups.iter().flat_map(|group| &group.calls).map(|call| (call, &plan.kernels[call.kernel]));
    assert!(kernels().any(|(_, kernel)| matches!(kernel, KernelDesc::WinogradStep(_))), "{plan}");
    // a sum over what it adds, and one beside it
    let adds = |kernel: &KernelDesc, args: usize| {
        if let KernelDesc::Conv(conv) = kernel {
            return conv.epilogue.residual.is_some();
        }
        if let KernelDesc::Winograd(WinogradDesc { conv, .. })
        | KernelDesc::Strassen(StrassenDesc { conv, .. }) = kernel
        {
            return conv.epilogue.residual.is_some();
        }
        // of the three steps, the one that writes the result
        matches!(kernel, KernelDesc::WinogradStep(desc) if args > 3 && desc.conv.epilogue.residual.is_some())
    };
    let sums = kernels().filter(|(call, kernel)| adds(kernel, call.args.len())).map(|(call, _)| {
        let buffers: std::collections::BTreeSet<_> = call.args.iter().map(|arg| arg.buffer).collect();
        buffers.len() < call.args.len()
    });
    let sums: Vec<bool> = sums.collect();
    assert_eq!(sums.len(), 3, "{plan}");
    assert!(sums.contains(&true), "{plan}");
}

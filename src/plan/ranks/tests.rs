//! Who runs what, and what travels.

use std::collections::BTreeSet;

use super::*;
use crate::desc::{KernelDesc, WinogradStep};
use crate::front::load;
use crate::ir::CheckedProgram;
use crate::kernel::{Simd, Target};
use crate::lower::LowerOptions;
use crate::plan::{AccessMode, BufferId, Choices, Place, Space, Stage, plan, plan_for_ranks};
use crate::runtime::optimized_training_graph;
use crate::source::SourceFile;

fn program(layers: &str, optimizer: &str) -> CheckedProgram {
    let text = format!("model M {{ {layers} }} train {{ optimizer: {optimizer} }}");
    let loaded = load(SourceFile::new("m.cnn", text), &LowerOptions::default(), &|_| None);
    loaded.program.unwrap_or_else(|| panic!("{:?}", loaded.problems))
}

fn divided(layers: &str, optimizer: &str, batch: usize, ranks: usize) -> RankedPlan {
    divided_for(Simd::Portable, (layers, optimizer), batch, ranks)
}

fn divided_for(simd: Simd, (layers, optimizer): (&str, &str), batch: usize, ranks: usize) -> RankedPlan {
    let graph = optimized_training_graph(&program(layers, optimizer), true).expect("has a schedule");
    let plan = plan_for_ranks(&graph, Target::of(simd), batch, &Choices::default());
    divide(&plan, ranks).expect("no conflict")
}

/// Convolutions whose gradients are sums over shards: their weights are small beside the maps.
const CONVOLUTIONS: &str = "input(16x16x3); conv2d(48, 3x3, padding: same, activation: relu)
    conv2d(48, 3x3, padding: same, activation: relu); conv2d(48, 3x3, padding: same, activation: relu)
    global_avg_pool2d; dense(10, activation: softmax)";

/// Bytes of the convolutions' kernels.
const KERNELS: usize = (3 + 48 + 48) * 48 * 9 * 4;

fn sent(plan: &RankedPlan, rank: usize) -> usize {
    plan.messages.iter().filter(|message| message.from == rank).map(Message::bytes_total).sum()
}

#[test]
fn ranks_have_whole_shards() {
    for batch in [1, 3, 8, 30, 32, 100, 128] {
        for ranks in [1, 2, 3, 5, 8] {
            let all: Vec<usize> = (0..ranks).flat_map(|rank| images_of_rank(batch, ranks, rank)).collect();
            assert_eq!(all, (0..batch).collect::<Vec<_>>(), "{batch} images of {ranks} ranks");
        }
    }
}

#[test]
fn every_task_is_run() {
    let plan = divided(CONVOLUTIONS, "adam", 30, 3);
    for (stage, tasks) in plan.plan.stages.iter().zip(&plan.tasks) {
        for (group, tasks) in stage.groups.iter().zip(tasks) {
            let run: BTreeSet<usize> = tasks.each().flat_map(|(_, tasks)| tasks).collect();
            assert_eq!(run, (0..group.space.tasks()).collect());
        }
    }
}

#[test]
fn one_rank_sends_nothing() {
    let plan = divided(CONVOLUTIONS, "adam", 32, 1);
    assert_eq!((plan.messages.len(), plan.gathers.len()), (0, 0));
}

#[test]
fn a_gradient_travels_once_and_its_weights_once() {
    for ranks in [2, 4, 8] {
        let plan = divided(CONVOLUTIONS, "adam", 32, ranks);
        // of every gradient a sum from each rank, the new weights to each rank, and little else: biases, losses
        let ideal = 2 * KERNELS * (ranks - 1);
        let all: usize = (0..ranks).map(|rank| sent(&plan, rank)).sum();
        assert!(all < ideal * 3 / 2, "{ranks} ranks: {all} bytes, {ideal} are needed");
    }
}

#[test]
fn moments_stay_where_they_are_until_they_are_asked_for() {
    let plan = divided(CONVOLUTIONS, "adam", 32, 2);
    let gathered: usize = plan.gathers.iter().map(Message::bytes_total).sum();
    // two moments of either large kernel; what is small is updated by all
    let moments = 2 * 2 * 48 * 48 * 9 * 4;
    assert!(gathered >= moments && gathered < moments * 11 / 10, "{gathered} of {moments}");
}

#[test]
fn weights_of_a_divided_dense_layer_stay() {
    let layers = "input(64x64x3); conv2d(8, 3x3, activation: relu); flatten; dense(256, activation: relu)
        dense(10, activation: softmax)";
    let plan = divided(layers, "adam", 32, 2);
    let weights = 62 * 62 * 8 * 256 * 4;
    assert!(sent(&plan, 0) < weights / 4, "{} bytes of {weights}", sent(&plan, 0));
}

#[test]
fn what_is_needed_is_made_before() {
    let plan = divided(CONVOLUTIONS, "adam", 32, 4);
    for message in &plan.messages {
        assert!(message.made <= message.needed && message.from != message.to, "{message:?}");
        assert!(message.bytes.windows(2).all(|pair| pair[0].end < pair[1].start), "{message:?}");
    }
    let gate = plan.gate.expect("there is a loss");
    assert!(gate > 0 && gate < plan.plan.stages.len());
}

#[test]
fn three_ranks_sum_up_the_same_tree() {
    // eight parts of 2, 3 and 3: (0+1), 2, 3 | 4 ..: subtrees of several sizes
    let plan = divided(CONVOLUTIONS, "adam", 32, 3);
    let most = (0..3).map(|rank| sent(&plan, rank)).max().expect("ranks");
    assert!(most < 4 * KERNELS, "{most} of {KERNELS}");
}

/// Many channels on a small map: gradients are made over the whole batch.
const WIDE: &str = "input(4x4x256); conv2d(256, 3x3, padding: same); flatten; dense(2, activation: softmax)";

#[test]
fn weights_are_arranged_by_all_ranks() {
    let weights = 256 * 256 * 9 * 4;
    let plan = divided(WIDE, "adam", 32, 2);
    assert!(plan.plan.kernels.iter().any(|kernel| matches!(kernel, KernelDesc::WinogradWeight(_))));
    // gradients are made by shared products: half of the new weights to the other, and the images'
    // part
    let written = |message: &Message| message.made <= 1;
    let arranged: usize =
        plan.messages.iter().filter(|message| written(message)).map(Message::bytes_total).sum();
    assert!(arranged < weights / 8, "{arranged} of {weights}");
}

/// Bytes of gradients that travel from the stage that makes them in blocks of columns.
fn gradients_sent(plan: &RankedPlan) -> usize {
    let mut sent = 0;
    for (stage, groups) in plan.plan.stages.iter().enumerate() {
        let groups = groups.groups.iter().filter(|group| matches!(group.space, Space::Columns { .. }));
        let calls = groups.flat_map(|group| &group.calls);
        let gradients =
            calls.filter(|call| matches!(plan.plan.kernels[call.kernel], KernelDesc::ConvGradWeight(_)));
        for access in gradients.flat_map(|call| &call.args).filter(|access| access.mode == AccessMode::Write)
        {
            let buffer = plan.plan.buffer(access.buffer);
            let Place::Arena(start) = buffer.place else { continue };
            let own = start..start + buffer.bytes;
            let made_here = plan.messages.iter().filter(|message| message.made == stage + 1);
            let ranges = made_here.flat_map(|message| &message.bytes);
            sent += ranges.filter(|range| own.contains(&range.start)).map(Range::len).sum::<usize>();
        }
    }
    sent
}

#[test]
fn who_makes_a_gradient_over_the_batch_updates_its_weights() {
    // blocks of 64 of 256 channels of each tap: four, which three ranks cannot share evenly
    let weights = 256 * 256 * 9 * 4;
    for ranks in [2, 4] {
        assert_eq!(gradients_sent(&divided(WIDE, "adam", 32, ranks)), 0, "{ranks} ranks");
    }
    let sent = gradients_sent(&divided(WIDE, "adam", 32, 3));
    assert!(sent > 0 && sent < weights, "{sent} of {weights}");
    // an update in parts as large as a whole tap: they become smaller
    let narrow = "input(4x4x128); conv2d(128, 3x3, padding: same); flatten; dense(2, activation: softmax)";
    let plan = divided_for(Simd::Avx512, (narrow, "adam"), 32, 2);
    let blocks = plan.plan.stages.iter().flat_map(|stage| &stage.groups);
    let finer = blocks.filter(|group| matches!(group.space, Space::Flat { len, .. } if len == 128 * 128));
    assert_eq!((gradients_sent(&plan), finer.count()), (0, 9), "a group for each tap");
}

#[test]
fn ranks_arrange_and_update_weights_while_sums_travel() {
    let layer = "conv2d(256, 3x3, padding: same); batch_norm; relu;";
    let layers = format!("input(4x4x256); {} flatten; dense(2, activation: softmax)", layer.repeat(4));
    let plan = divided(&layers, "adam", 32, 2);
    let stages = &plan.plan.stages;
    let stages_with = |wanted: &dyn Fn(&Group) -> bool| -> Vec<usize> {
        (0..stages.len()).filter(|&stage| stages[stage].groups.iter().any(wanted)).collect()
    };
    let arranges = stages_with(&|group| {
        let mut kernels = group.calls.iter().map(|call| &plan.plan.kernels[call.kernel]);
        kernels.any(|kernel| matches!(kernel, KernelDesc::WinogradWeight(_)))
    });
    let updates = stages_with(&|group| {
        let mut args = group.calls.iter().flat_map(|call| &call.args);
        let is_flat = matches!(group.space, Space::Flat { .. });
        is_flat && args.any(|arg| arg.mode == AccessMode::Write && plan.plan.buffer(arg.buffer).persistent)
    });
    let needs_messages = |stage: usize| plan.messages.iter().any(|message| message.needed == stage);
    // stages in which ranks wait for sums consist of single tasks
    let fills_a_wait = |&&stage: &&usize| {
        let is_single =
            |stage: &usize| stages[*stage].groups.iter().all(|group| group.space == Space::Single);
        (stage + 1..stages.len().min(stage + 4)).find(is_single).is_some_and(needs_messages)
    };
    // the first layer's are arranged before any sum, and its update comes behind all of them
    assert_eq!(arranges.iter().filter(fills_a_wait).count(), arranges.len() - 1, "{arranges:?}");
    assert!(updates.iter().filter(fills_a_wait).count() >= 3, "{updates:?}");
    assert!(!arranges.into_iter().any(needs_messages), "nothing is waited for before");
}

#[test]
fn own_sums_that_others_wait_for_come_before_what_fills_the_wait() {
    // sums of 16 KiB are worth being added up before; those of the bias are nothing to wait for
    let layers = "input(4x4x256); conv2d(256, 3x3, padding: same); batch_norm; relu
        conv2d(4096, 1x1); batch_norm; relu; global_avg_pool2d; dense(2, activation: softmax)";
    let plan = divided(layers, "sgd(lr: 0.1)", 32, 2);
    let stages = &plan.plan.stages;
    let of_images =
        |stage: &Stage| stage.groups.iter().any(|group| matches!(group.space, Space::Images { .. }));
    let reads = |group: &Group, buffer: BufferId| {
        let mut args = group.calls.iter().flat_map(|call| &call.args);
        args.any(|arg| arg.mode == AccessMode::Read && arg.buffer == buffer)
    };
    let mut waited_for = 0;
    for (index, (stage, tasks)) in stages.iter().zip(&plan.tasks).enumerate() {
        let own = stage.groups.iter().zip(tasks).find(|(_, tasks)| matches!(tasks, TasksOfRanks::One { .. }));
        let Some((own, _)) = own else { continue };
        let sums = own.calls[0].args[0].buffer;
        let is_reader = |stage: &usize| stages[*stage].groups.iter().any(|group| reads(group, sums));
        let reader = (index + 1..stages.len()).find(is_reader).expect("somebody reads them");
        if !stages[index..reader].iter().any(of_images) {
            waited_for += 1;
            assert!(tasks.iter().all(|tasks| matches!(tasks, TasksOfRanks::One { .. })), "{stage:?}");
        }
    }
    assert!(waited_for > 0);
}

#[test]
fn products_of_a_ranks_images_are_its_own() {
    // weights that stay in no cache: products of Winograd's method are made for all images at once
    let layers = "input(4x4x512); conv2d(512, 3x3, padding: same); conv2d(512, 3x3, padding: same)
        flatten; dense(2, activation: softmax)";
    for ranks in [2, 3, 8] {
        let plan = divided_for(Simd::Avx512, (layers, "adam"), 32, ranks);
        let is_step = |stage: &Stage, wanted: fn(WinogradStep) -> bool| {
            let mut calls = stage.groups.iter().flat_map(|group| &group.calls);
            calls.any(|call| {
                matches!(plan.plan.kernels[call.kernel], KernelDesc::WinogradStep(desc) if wanted(desc.step))
            })
        };
        let stages = &plan.plan.stages;
        let products = stages
            .iter()
            .position(|stage| is_step(stage, |step| matches!(step, WinogradStep::Products { .. })));
        let results = stages.iter().position(|stage| is_step(stage, |step| step == WinogradStep::Results));
        let (products, results) = products.zip(results).expect("in steps");
        let of_ranks = &plan.tasks[products];
        assert!(of_ranks.iter().filter(|tasks| matches!(tasks, TasksOfRanks::One { .. })).count() >= ranks);
        let sent = plan.messages.iter().filter(|message| (products..=results).contains(&message.needed));
        assert_eq!(sent.count(), 0, "{ranks} ranks");
    }
}

#[test]
fn zeros_are_made_by_whoever_reads_them() {
    // eight of nine taps of the second window meet nothing but padding
    let layers = "input(2x2x16); conv2d(256, 3x3, stride: 2, padding: same)
        conv2d(256, 3x3, padding: same); flatten; dense(2, activation: softmax)";
    let plan = divided(layers, "adam", 32, 2);
    let tap = 256 * 256 * 4;
    let all: usize = (0..2).map(|rank| sent(&plan, rank)).sum();
    // the tap's gradient and its new weights, the first window's, and activations: none of the
    // zeros
    assert!(all < 3 * tap, "{all} bytes; a tap has {tap}");
}

#[test]
fn parts_of_gradients_have_time_to_travel() {
    let layer = "conv2d(48, 3x3, padding: same); batch_norm; relu;";
    let layers =
        format!("input(16x16x3); {} global_avg_pool2d; dense(2, activation: softmax)", layer.repeat(10));
    let graph = optimized_training_graph(&program(&layers, "adam"), true).expect("has a schedule");
    let target = Target::of(Simd::Portable);
    // bytes of kernels that are needed when the stage ends that makes them; sums of batch norms are
    // smaller
    let at_once = |plan: &Plan| -> usize {
        let plan = divide(plan, 2).expect("no conflict");
        let at_once = plan.messages.iter().filter(|message| message.needed == message.made);
        at_once.map(Message::bytes_total).filter(|bytes| *bytes > 8 << 10).sum()
    };
    let soon = at_once(&plan(&graph, target, 32));
    let later = at_once(&plan_for_ranks(&graph, target, 32, &Choices::default()));
    assert!(2 * later < soon, "{later} bytes of {soon}");
}

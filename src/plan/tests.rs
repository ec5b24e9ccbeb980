//! Plans of whole models: that they can be made, and that `verify_plan` would notice a conflict.

use super::launch::Region;
use super::verify::verify;
use super::{AccessMode, BufferId, Plan, plan};
use crate::desc::PoolKind;
use crate::front::load;
use crate::ir::{
    CheckedProgram, LayerId, LayerNode, Loss, Metric, Model, Optimizer, PrepareSpec, Program, Schedule,
    TrainSpec, UpdateRules,
};
use crate::kernel::{Simd, Target};
use crate::layers::{BatchNorm, Conv2d, Dense, Dropout, Flatten, Input, Layer, Pool2d};
use crate::lower::LowerOptions;
use crate::runtime::{optimized_evaluation_graph, optimized_training_graph};
use crate::source::{SourceFile, Span, Spanned};
use crate::tensor::{Padding, Shape};
use crate::vocabulary::LossOptions;
use crate::vocabulary::{Activation, ActivationKind, Initializer};

fn conv(filters: usize) -> Layer {
    Layer::Conv2d(Conv2d {
        filters,
        kernel_size: [3, 3],
        stride: [1, 1],
        padding: Padding::Same,
        dilation: [1, 1],
        groups: 1,
        use_bias: true,
        activation: Activation::Elementwise(ActivationKind::Relu),
        kernel_initializer: Initializer::GlorotUniform,
        bias_initializer: Initializer::Zeros,
        kernel_regularizer: None,
        bias_regularizer: None,
    })
}

fn pool() -> Layer {
    Layer::Pool2d(Pool2d { kind: PoolKind::Max, pool_size: [2, 2], stride: [2, 2], padding: Padding::Valid })
}

fn dense(units: usize, activation: Activation) -> Layer {
    Layer::Dense(Dense {
        units,
        activation,
        use_bias: true,
        kernel_initializer: Initializer::GlorotUniform,
        bias_initializer: Initializer::Zeros,
        kernel_regularizer: None,
        bias_regularizer: None,
    })
}

fn batch_norm() -> Layer {
    Layer::BatchNorm(BatchNorm {
        momentum: 0.99,
        epsilon: 1e-3,
        center: true,
        scale: true,
        beta_initializer: Initializer::Zeros,
        gamma_initializer: Initializer::Ones,
        moving_mean_initializer: Initializer::Zeros,
        moving_variance_initializer: Initializer::Ones,
    })
}

fn at<T>(value: T) -> Spanned<T> {
    Spanned::new(value, Span::default())
}

/// A checked program of layers in a row.
fn program(input: Shape, layers: Vec<Layer>) -> CheckedProgram {
    let mut nodes: Vec<LayerNode> = Vec::new();
    let mut shapes: Vec<Shape> = vec![input.clone()];
    for (index, layer) in std::iter::once(Layer::Input(Input::of(input))).chain(layers).enumerate() {
        let inputs: Vec<LayerId> =
            index.checked_sub(1).map(|before| LayerId(before as u32)).into_iter().collect();
        if index > 0 {
            shapes.push(layer.as_op().infer(&shapes[index - 1..index]).expect("the layers fit"));
        }
        let path = format!("layer_{index}");
        nodes.push(LayerNode {
            path,
            layer,
            inputs,
            span: Span::default(),
            attributes: crate::vocabulary::Attributes::default(),
            options: Vec::new(),
            used_at: Vec::new(),
            frozen: false,
        });
    }
    let train = TrainSpec {
        span: Span::default(),
        epochs: at(1),
        batch: at(32),
        optimizer: at(Optimizer::Adam { lr: 1e-3, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 }),
        rate_span: None,
        updates: UpdateRules::default(),
        schedule: at(Schedule::Constant),
        loss: None,
        loss_options: LossOptions::default(),
        metrics: vec![at(Metric::Accuracy)],
        callbacks: Vec::new(),
        seed: 0,
        freezes: Vec::new(),
        rate_scales: Vec::new(),
        rate_factors: Vec::new(),
        phases: Vec::new(),
    };
    let output = LayerId(nodes.len() as u32 - 1);
    let model =
        Model { name: at("M".to_owned()), layers: nodes, output, heads: Vec::new(), scopes: Vec::new() };
    let program = Program {
        source: SourceFile::new("m.cnn", ""),
        model,
        data: None,
        prepare: PrepareSpec::default(),
        augment: Default::default(),
        train: Some(train),
        tune: None,
        ensembles: Vec::new(),
        ensemble: None,
        report: None,
    };
    CheckedProgram::assume_checked(program, shapes, Some(Loss::CategoricalCrossentropy))
}

fn tutorial() -> CheckedProgram {
    let dropout = Layer::Dropout(Dropout { rate: 0.4 });
    program(
        Shape::image(28, 28, 1),
        vec![
            conv(32),
            batch_norm(),
            pool(),
            conv(64),
            pool(),
            Layer::Flatten(Flatten),
            dense(100, Activation::Elementwise(ActivationKind::Relu)),
            dropout,
            dense(10, Activation::Softmax),
        ],
    )
}

fn training_plan(batch: usize) -> Plan {
    let graph = optimized_training_graph(&tutorial(), true).expect("has a schedule");
    plan(&graph, Target::of(Simd::Portable), batch)
}

#[test]
fn plans_whole_models_for_any_batch() {
    for batch in [1, 2, 7, 32, 33] {
        let plan = training_plan(batch);
        assert_eq!(verify(&plan), Ok(()), "{plan}");
        assert!(plan.stages.len() < 20, "{plan}");
        assert!(plan.setup.is_empty());
    }
    let inference = plan(&optimized_evaluation_graph(&tutorial()), Target::of(Simd::Portable), 32);
    assert_eq!(verify(&inference), Ok(()));
    // folding the batch norm depends on parameters alone
    assert!(!inference.setup.is_empty(), "{inference}");
}

/// What is done at the same time for a picture alone: the rows of a convolution with those of the map behind
/// it, and rows of a dense layer's weights.
#[test]
fn a_single_picture_is_divided() {
    let relu = Activation::Elementwise(ActivationKind::Relu);
    let layers = vec![
        conv(32),
        batch_norm(),
        conv(16),
        Layer::Flatten(Flatten),
        dense(100, relu),
        dense(10, Activation::Softmax),
    ];
    let graph = optimized_evaluation_graph(&program(Shape::image(32, 32, 3), layers));
    for simd in [Simd::Portable, Simd::Avx512] {
        let plan = plan(&graph, Target::of(simd), 1);
        assert_eq!(verify(&plan), Ok(()), "{plan}");
        let divided =
            plan.stages.iter().flat_map(|stage| &stage.groups).filter(|group| group.space.tasks() > 1);
        let families: Vec<Vec<&str>> = divided
            .map(|group| group.calls.iter().map(|call| plan.kernels[call.kernel].family()).collect())
            .collect();
        let [first, .., last] = &families[..] else { panic!("{plan}") };
        assert_eq!((&first[..], &last[..]), (&["conv", "map"][..], &["matmul"][..]), "{plan}");
        assert_eq!(families.len(), 3, "{plan}");
    }
}

#[test]
fn notices_tasks_that_write_where_others_read() {
    let mut plan = training_plan(32);
    let call = plan.stages.iter_mut().flat_map(|stage| &mut stage.groups).flat_map(|group| &mut group.calls);
    let mut writes =
        call.flat_map(|call| &mut call.args).filter(|arg| arg.mode == AccessMode::Write && arg.stride != 0);
    let write = writes.next().expect("some task writes its own part");
    // each task now reaches into the next one's part
    let Region::Block { bytes } = &mut write.region else { panic!("the first is a block") };
    *bytes += 4;
    assert!(verify(&plan).is_err());
}

#[test]
fn notices_reads_of_what_is_not_written_yet() {
    let graph = optimized_evaluation_graph(&tutorial());
    let whole = || plan(&graph, Target::of(Simd::Portable), 32);
    // setup comes never
    let mut bare = whole();
    assert!(!bare.setup.is_empty(), "folding the batch norm depends on parameters alone");
    bare.setup.clear();
    let error = verify(&bare).expect_err("what is folded is missing");
    assert!(error.message.ends_with("nothing has been written there"), "{error}");
    // stages in the wrong order
    let mut turned = whole();
    assert!(turned.stages.len() > 1, "{turned}");
    turned.stages.reverse();
    assert!(verify(&turned).is_err(), "{turned}");
}

#[test]
fn notices_memory_that_is_given_away_too_soon() {
    let mut plan = training_plan(32);
    // a buffer that is written and read in stages apart, and one that is written in between
    let touches = |plan: &Plan, mode: AccessMode, buffer: usize| -> Vec<usize> {
        let stages = plan.stages.iter().enumerate();
        let touching = stages.filter(|(_, stage)| {
            let mut args = stage.groups.iter().flat_map(|group| &group.calls).flat_map(|call| &call.args);
            args.any(|arg| arg.mode == mode && arg.buffer.index() == buffer)
        });
        touching.map(|(at, _)| at).collect()
    };
    let in_arena = |plan: &Plan, at: usize| matches!(plan.buffers[at].place, super::Place::Arena(_));
    let all = || (0..plan.buffers.len()).filter(|&at| in_arena(&plan, at) && !plan.buffers[at].persistent);
    let pair = all().find_map(|long| {
        let (first, last) = (
            *touches(&plan, AccessMode::Write, long).first()?,
            *touches(&plan, AccessMode::Read, long).last()?,
        );
        let short = all().find(|&short| {
            let written = touches(&plan, AccessMode::Write, short);
            short != long && written.first().is_some_and(|&at| first < at && at < last)
        })?;
        Some((long, short))
    });
    let (long, short) = pair.expect("an activation that the backward pass reads");
    plan.buffers[short].place = plan.buffers[long].place;
    assert!(verify(&plan).is_err(), "{plan}");
}

/// What is made of weights alone lies in memory from the stage before the first that reads it.
#[test]
fn weights_are_arranged_where_they_are_used() {
    let text = "model M { input(16x16x3); conv2d(64, 3x3, padding: same, activation: relu)
        conv2d(128, 3x3, padding: same, activation: relu); conv2d(128, 3x3, padding: same, activation: relu)
        flatten; dense(2, activation: softmax) } train { optimizer: adam }";
    let loaded = load(SourceFile::new("m.cnn", text.to_owned()), &LowerOptions::default(), &|_| None);
    let program = loaded.program.unwrap_or_else(|| panic!("{:?}", loaded.problems));
    let graph = optimized_training_graph(&program, true).expect("has a schedule");
    let plan = plan(&graph, Target::of(Simd::Portable), 32);
    let touching = |buffer: BufferId, mode: AccessMode| {
        plan.stages.iter().position(|stage| {
            let mut args = stage.groups.iter().flat_map(|group| &group.calls).flat_map(|call| &call.args);
            args.any(|access| access.buffer == buffer && access.mode == mode)
        })
    };
    let all = plan.stages.iter().flat_map(|stage| &stage.groups).flat_map(|group| &group.calls);
    let mut arranged = 0;
    for call in all {
        let [from, to] = &call.args[..] else { continue };
        if plan.params.contains(&from.buffer) && !plan.params.contains(&to.buffer) {
            let stages = [AccessMode::Write, AccessMode::Read].map(|mode| touching(to.buffer, mode));
            let [written, read] = stages.map(|stage| stage.expect("both"));
            assert!(read - written <= 1, "{}: {written}, {read}", call.layer);
            arranged += 1;
        }
    }
    assert!(arranged > 2, "{plan}");
}

#[test]
fn every_buffer_knows_its_layer() {
    let plan = training_plan(32);
    for buffer in plan.buffers.iter().filter(|buffer| !buffer.layer.is_empty()) {
        let rest = buffer.name.strip_prefix(buffer.layer.as_str());
        assert!(rest.is_some_and(|rest| rest.starts_with([' ', '.'])), "{} of {}", buffer.name, buffer.layer);
    }
    let of_none =
        |name: &str| plan.buffers.iter().any(|buffer| buffer.name == name && buffer.layer.is_empty());
    assert!(of_none("images") && of_none("labels"));
    let slots = plan.buffers.iter().filter(|buffer| buffer.name.ends_with(".kernel.momentum"));
    assert!(slots.inspect(|slot| assert!(slot.layer.starts_with("layer_"), "{}", slot.name)).count() > 1);
}

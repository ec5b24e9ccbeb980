//! The frozen part of a model: where it ends, that it computes what the whole model does, and that what it makes
//! of a picture depends on nothing else.

use std::sync::Arc;

use super::example::{self, numbers, weights};
use super::{CompileOptions, EvalSession, FEATURES_AT_ONCE, StepInputs, TrainSession};
use crate::autodiff::Probe;
use crate::ir::{CheckedProgram, Labels, LayerId, Param, ParamRole};
use crate::kernel::{Simd, Target};

const CLASSES: usize = 3;

fn program(layers: &str, frozen: &str) -> CheckedProgram {
    let freeze = if frozen.is_empty() { String::new() } else { format!("freeze: [{frozen}]") };
    example::program(format!(
        "model M {{ {layers}\n head = dense({CLASSES}, activation: softmax) }}
         train {{ batch: 5; optimizer: adam(lr: 0.01); {freeze} }}"
    ))
}

/// The layers of the part that hand something over; `None` where there is no part.
fn handed(program: &CheckedProgram) -> Option<Vec<String>> {
    let layers = &program.program().model.layers;
    let path = |layer: &LayerId| layers[layer.index()].path.clone();
    Some(program.frozen_part()?.handed.iter().map(path).collect())
}

fn hands(layers: &str, frozen: &str, expected: &[&str]) {
    let found = handed(&program(layers, frozen));
    let expected: Vec<String> = expected.iter().map(|&path| path.to_owned()).collect();
    assert_eq!(found, (!expected.is_empty()).then_some(expected), "`{frozen}` of {layers}");
}

const CHAIN: &str = "input(8x8x2); a = conv2d(4, 3x3); n = batch_norm; r = relu; p = max_pool2d(2); \
    b = conv2d(5, 3x3); g = global_avg_pool2d";

#[test]
fn the_part_ends_where_something_is_trained() {
    hands(CHAIN, "", &[]);
    hands(CHAIN, "b", &[]);
    hands(CHAIN, "a", &["a"]);
    // layers without weights go along, as long as they come before what is trained
    hands(CHAIN, "a, n", &["p"]);
    hands(CHAIN, "a, n, b", &["g"]);
}

#[test]
fn statistics_that_move_end_the_part() {
    let without_weights = "input(8x8x2); a = conv2d(4, 3x3); n = batch_norm(center: false, scale: false); \
        b = conv2d(5, 3x3); g = global_avg_pool2d";
    hands(without_weights, "a, b", &["a"]);
    hands(without_weights, "a, n, b", &["g"]);
}

#[test]
fn what_is_random_while_training_ends_the_part() {
    for random in ["dropout(0.3)", "spatial_dropout2d(0.3)", "stochastic_depth(0.3)", "gaussian_noise(0.1)"] {
        let layers = format!("input(8x8x2); a = conv2d(4, 3x3); d = {random}; b = conv2d(5, 3x3); flatten");
        hands(&layers, "a, b", &["a"]);
        // frozen itself, it is as in use
        hands(&layers, "a, d, b", &["flatten"]);
        let program = program(&layers, "a, b");
        let random = program.random_before_frozen().expect("it has frozen weights behind it");
        assert_eq!(program.program().model.layers[random.index()].path, "d", "{layers}");
    }
    let flipped = "input(8x8x2); d = random_flip; a = conv2d(4, 3x3); flatten";
    hands(flipped, "a", &[]);
    assert!(program(flipped, "a").random_before_frozen().is_some());
    // without any chance it is nothing
    hands("input(8x8x2); a = conv2d(4, 3x3); dropout(0); b = conv2d(5, 3x3); f = flatten", "a, b", &["f"]);
    let behind = program("input(8x8x2); a = conv2d(4, 3x3); f = flatten; dropout(0.5)", "a");
    assert_eq!((handed(&behind), behind.random_before_frozen()), (Some(vec!["f".to_owned()]), None));
}

#[test]
fn several_results_may_be_handed_over() {
    // a residual block whose branch is trained
    let residual = "input(8x8x4); a = conv2d(4, 3x3, padding: same, activation: relu)
        s = add { branch { b = conv2d(4, 3x3, padding: same); c = conv2d(4, 1x1) } branch { } }
        g = global_avg_pool2d";
    hands(residual, "a", &["a"]);
    hands(residual, "a, b", &["a", "b"]);
    hands(residual, "a, b, c", &["g"]);
    // branches of which one is trained from the picture on
    let joined = "input(8x8x4)
        j = concat { branch { a = conv2d(3, 3x3) } branch { b = conv2d(2, 3x3) } }
        g = global_avg_pool2d";
    hands(joined, "a", &["input", "a"]);
    hands(joined, "a, b", &["g"]);
}

#[test]
fn what_only_makes_more_values_stays_behind() {
    hands("input(8x8x2); a = conv2d(4, 3x3); u = upsample2d(2); flatten", "a", &["a"]);
    hands("input(8x8x2); a = conv2d(4, 3x3); upsample2d(2); g = global_avg_pool2d", "a", &["g"]);
    // padding that the part itself needs is its own
    hands("input(8x8x2); z = zero_pad2d(1); a = conv2d(4, 3x3); flatten", "a", &["flatten"]);
}

/// An auxiliary output behind something that is frozen.
const WITH_HEAD: &str = "input(8x8x2); a = conv2d(4, 3x3)
    head aux(weight: 0.3) { global_avg_pool2d; d = dense(3, activation: softmax) }
    b = conv2d(5, 3x3); g = global_avg_pool2d";

#[test]
fn outputs_are_never_in_the_part() {
    hands(WITH_HEAD, "a, aux.d", &["a", "aux.global_avg_pool2d"]);
    // a frozen classifier behind something trained
    let last = example::program(format!(
        "model M {{ {CHAIN}; d = dense({CLASSES}); softmax }} train {{ freeze: [a, n, d] }}"
    ));
    assert_eq!(handed(&last), Some(vec!["p".to_owned()]));
}

fn options(target: Target, threads: usize) -> CompileOptions {
    CompileOptions {
        target,
        threads,
        batch: 5,
        random: true,
        choices: Arc::default(),
        library: None,
        ranks: None,
    }
}

/// Values of a parameter; a variance is positive.
fn values(at: usize, param: &Param) -> Vec<f32> {
    let values = weights(at, param.shape.extents());
    let is_variance = param.name.ends_with("variance");
    if is_variance { values.iter().map(|value| value.abs() + 0.5).collect() } else { values }
}

fn session(program: &CheckedProgram, options: &CompileOptions) -> TrainSession {
    let mut session = TrainSession::compile(program, options).expect("compiles");
    for at in 0..session.params().len() {
        // the optimizer begins with nothing
        if !session.params()[at].role.is_of_update() {
            let values = values(at, &session.params()[at]);
            session.write(at, &values);
        }
    }
    session
}

fn targets() -> Vec<Target> {
    let simds = Simd::ALL.into_iter().filter(|simd| simd.is_available());
    simds.map(Target::of).chain([Target { exact: true, ..Target::host() }]).collect()
}

/// Everything that is computed in ways of its own: windows of all kinds over large and small maps, Winograd's and
/// Strassen's methods, depthwise windows, dense layers, joins and residual sums.
const KINDS: &[(&str, &str)] = &[
    (
        "input(24x24x3)
        a = conv2d(16, 3x3, padding: same); n = batch_norm; relu; max_pool2d(2)
        b = conv2d(32, 3x3, padding: same, activation: relu)
        s = add { branch { c = conv2d(32, 3x3, padding: same); m = batch_norm } branch { } }
        relu; global_avg_pool2d",
        "a, n, b, c, m",
    ),
    (
        "input(16x16x3)
        a = conv2d(64, 1x1, activation: relu)
        d = depthwise_conv2d(3x3, padding: same); n = batch_norm; relu6
        b = conv2d(64, 1x1, stride: 2, activation: relu)
        j = concat { branch { c = conv2d(24, 3x3, padding: same) } branch { e = conv2d(40, 1x1) } }
        flatten; f = dense(70, activation: tanh)",
        "a, d, n, b, c, e, f",
    ),
    (
        // many weights: small maps for which windows are multiplied step by step, and rows of a dense layer
        "input(7x7x256); a = conv2d(256, 3x3, padding: same, activation: tanh)
        flatten; b = dense(90, activation: tanh)",
        "a, b",
    ),
    (
        // two results that are handed over
        "input(9x7x4); a = conv2d(20, 3x3, padding: same, activation: relu)
        s = add { branch { b = conv2d(20, 3x3, padding: same); c = conv2d(20, 1x1) } branch { } }
        global_avg_pool2d",
        "a, b",
    ),
];

/// Features of pictures that are given together, in groups of these sizes.
fn in_groups(session: &mut TrainSession, images: &[f32], image: usize, groups: &[usize]) -> Vec<u32> {
    let (mut rows, mut all, mut first) = (Vec::new(), Vec::new(), 0);
    for group in groups {
        let images = &images[first * image..(first + group) * image];
        assert!(session.features(images, [0, 0], &mut rows).expect("runs"), "there is a part");
        all.extend(rows.iter().map(|value| value.to_bits()));
        first += group;
    }
    all
}

#[test]
fn features_depend_on_their_picture_alone() {
    const COUNT: usize = FEATURES_AT_ONCE + 9;
    for (layers, frozen) in KINDS {
        let program = program(layers, frozen);
        let image = program.input_shape().elements();
        let images = numbers(3, COUNT * image);
        for target in targets() {
            let mut one = session(&program, &options(target, 1));
            let together = in_groups(&mut one, &images, image, &[COUNT]);
            let row = together.len() / COUNT;
            for groups in [vec![1; COUNT], vec![5, 8, 3, 7, 17, 1], vec![FEATURES_AT_ONCE, 9], vec![31, 2, 8]]
            {
                assert_eq!(groups.iter().sum::<usize>(), COUNT);
                let found = in_groups(&mut one, &images, image, &groups);
                assert!(found == together, "{frozen}, {target:?}, groups of {groups:?}");
            }
            let mut three = session(&program, &options(target, 3));
            assert!(in_groups(&mut three, &images, image, &[11, 30]) == together, "{frozen}, three threads");
            // in another order, so at other places
            let reversed: Vec<f32> = images.chunks_exact(image).rev().flatten().copied().collect();
            let found = in_groups(&mut one, &reversed, image, &[7, COUNT - 7]);
            let found: Vec<u32> = found.chunks_exact(row).rev().flatten().copied().collect();
            assert!(found == together, "{frozen}, {target:?}, reversed");
        }
    }
}

/// Against the whole model, in which no batch norm is folded.
#[test]
fn features_are_what_the_whole_model_computes() {
    for (layers, frozen) in KINDS {
        let program = program(layers, frozen);
        let part = program.frozen_part().expect("there is a part");
        let image = program.input_shape().elements();
        let images = numbers(8, 5 * image);
        for target in targets() {
            let mut session = session(&program, &options(target, 2));
            let mut whole = EvalSession::compile(&program, &options(target, 2)).expect("compiles");
            for at in 0..whole.params().len() {
                let values = values(at, &whole.params()[at]);
                whole.write(at, &values);
            }
            let probe = Probe { values: part.handed.clone(), gradient: None };
            let mut plain = whole.unfolded(&probe).expect("compiles");
            plain.run(&images, &[]);
            let mut rows = Vec::new();
            session.features(&images, [0, 0], &mut rows).expect("runs");
            let row = part.width(&program);
            for (place, column) in part.columns(&program).into_iter().enumerate() {
                let wanted = plain.value(place, 5);
                let largest = wanted.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
                assert!(largest > 0.0, "{frozen}: there is something to compare");
                for (found, wanted) in rows.chunks_exact(row).zip(wanted.chunks_exact(column.len())) {
                    for (found, wanted) in found[column.clone()].iter().zip(wanted) {
                        let off = (found - wanted).abs() / largest;
                        assert!(off < 1e-5, "{frozen}, {target:?}: {found} and {wanted}");
                    }
                }
            }
        }
    }
}

/// A step from features that were made before is the step from pictures, and its parameters are those of a model
/// that is not divided, in the same order.
#[test]
fn steps_from_features_are_steps_from_pictures() {
    for (layers, frozen) in KINDS {
        let program = program(layers, frozen);
        let image = program.input_shape().elements();
        let images = numbers(5, 5 * image);
        let options = options(Target::host(), 2);
        let (mut at_once, mut in_two) = (session(&program, &options), session(&program, &options));
        let names = |params: &[Param]| params.iter().map(|param| param.name.clone()).collect::<Vec<_>>();
        let whole = EvalSession::compile(&program, &options).expect("compiles");
        let count = whole.params().len();
        assert_eq!(names(&at_once.params()[..count]), names(whole.params()));
        assert!(at_once.params()[count..].iter().all(|param| param.role == ParamRole::Slot));
        let before: Vec<Vec<f32>> = (0..count).map(|at| at_once.read(at)).collect();
        let mut rows = Vec::new();
        for step in 1..4 {
            let inputs = StepInputs {
                images: &images,
                labels: Labels::Classes(&[0, 2, 1, 1, 0]),
                weights: &[],
                learning_rate: 0.01,
                step,
                update: step,
                seed: 1,
                stop: false,
            };
            let first = at_once.step(&inputs).expect("alone");
            in_two.features(&images, [0, 0], &mut rows).expect("runs");
            let second = in_two.learn(&StepInputs { images: &rows, ..inputs }).expect("alone");
            assert_eq!(first.loss.to_bits(), second.loss.to_bits(), "{frozen}, step {step}");
        }
        let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        for (at, param) in at_once.params().iter().enumerate() {
            assert_eq!(bits(at_once.values(at)), bits(in_two.values(at)), "{}", param.name);
        }
        for (at, before) in before.iter().enumerate() {
            let param = &at_once.params()[at];
            let changes = bits(at_once.values(at)) != bits(before);
            assert_eq!(changes, param.role == ParamRole::Weight, "{}", param.name);
        }
    }
}

/// Evaluation by features agrees with that of the whole model.
#[test]
fn evaluation_by_features_is_that_of_the_model() {
    let with_heads = [(WITH_HEAD, "a"), (WITH_HEAD, "a, aux.d"), (WITH_HEAD, "a, b")];
    for (layers, frozen) in KINDS.iter().chain(&with_heads) {
        let program = program(layers, frozen);
        let images = numbers(6, 5 * program.input_shape().elements());
        let labels = Labels::Classes(&[0, 2, 1, 1, 0]);
        let options = options(Target::host(), 2);
        let mut trained = session(&program, &options);
        let mut whole = EvalSession::compile(&program, &options).expect("compiles");
        let mut behind = EvalSession::behind_frozen_part(&program, &options).expect("compiles");
        for session in [&mut whole, &mut behind] {
            for at in 0..session.params().len() {
                let name = &session.params()[at].name;
                let from = trained.params().iter().position(|param| param.name == *name).expect("there");
                session.write(at, &trained.read(from));
            }
        }
        let mut rows = Vec::new();
        trained.features(&images, [0, 0], &mut rows).expect("runs");
        let (by_rows, by_images) = (behind.evaluate(&rows, labels), whole.evaluate(&images, labels));
        assert!((by_rows.loss - by_images.loss).abs() < 1e-5, "{} and {}", by_rows.loss, by_images.loss);
        assert_eq!(by_rows.correct, by_images.correct);
    }
}

/// What is not finite is named by the first layer behind the part, or by what the part hands over.
#[test]
fn results_that_are_not_finite_are_found() {
    let program = program(CHAIN, "a, n");
    let images = numbers(6, 5 * program.input_shape().elements());
    let mut session = session(&program, &options(Target::host(), 1));
    let at = |session: &TrainSession, name: &str| {
        session.params().iter().position(|param| param.name == name).expect("there")
    };
    let mut rows = Vec::new();
    for (param, layer) in [("b.bias", "b"), ("n.beta", "p")] {
        let at = at(&session, param);
        let values = vec![f32::NAN; session.params()[at].shape.elements()];
        session.write(at, &values);
        session.features(&images, [0, 0], &mut rows).expect("runs");
        let found = session.first_non_finite_layer(&rows).expect("compiles");
        assert_eq!(found.as_deref(), Some(layer), "{param}");
    }
}

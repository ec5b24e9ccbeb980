//! What the backward pass makes again is, to the bit, what the forward pass made, and takes less memory than
//! keeping it.

use std::sync::Arc;

use super::example::{self, numbers};
use super::{CompileOptions, StepInputs, TrainSession};
use crate::autodiff::training_graph;
use crate::ir::{CheckedProgram, Labels};
use crate::kernel::{Simd, Target};
use crate::opt::{self, Pass};
use crate::plan::plan;

const BATCH: usize = 13;
const CLASSES: usize = 5;
/// Height, width and channels of a picture.
const PICTURE: usize = 17 * 16 * 3;

/// Batch norm before everything else, behind a convolution and in a residual block, with relu and with
/// dropout; views of what is made again.
fn network() -> CheckedProgram {
    let text = format!(
        "model M {{
            input(17x16x3)
            batch_norm
            conv2d(20, 3x3, padding: same, use_bias: false)
            batch_norm
            relu
            add {{ branch {{ }} branch {{ conv2d(20, 3x3, padding: same); batch_norm; spatial_dropout2d(0.3) }} }}
            relu
            concat {{ branch {{ conv2d(8, 1) }} branch {{ conv2d(12, 3x3, padding: same, activation: relu); dropout(0.2) }} }}
            max_pool2d(2)
            conv2d(24, 3x3, activation: relu)
            batch_norm
            dropout(0.4)
            flatten
            dense({CLASSES}, activation: softmax)
        }}
        train {{ optimizer: adam(lr: 0.01) }}"
    );
    example::program(text)
}

/// Bits of all parameters and of the losses after some steps, the last of a batch that is not full.
fn trained(program: &CheckedProgram, passes: &[Pass], options: &CompileOptions) -> (Vec<u32>, usize) {
    let train = program.program().train.as_ref().expect("has a schedule");
    let mut graph = training_graph((program, None), program.loss().expect("has a loss"), train, true);
    opt::run(&mut graph, passes);
    let activations = plan(&graph, options.target, options.batch).memory_bytes(1);
    let mut session = TrainSession::of_graph(&graph, program, options).expect("compiles");
    for index in 0..session.params().len() {
        let values = numbers(index, session.params()[index].shape.elements());
        // variances are not negative
        session.write(index, &values.into_iter().map(|value| value.abs() + 0.01).collect::<Vec<_>>());
    }
    let mut bits = Vec::new();
    for (step, images) in (1..).zip([BATCH, BATCH, 3]) {
        let labels: Vec<i32> = (0..).map(|n| n % CLASSES as i32).take(images).collect();
        let result = session
            .step(&StepInputs {
                images: &numbers(step as usize, images * PICTURE),
                labels: Labels::Classes(&labels),
                weights: &[],
                learning_rate: 0.01,
                step,
                update: step,
                seed: 3,
                stop: false,
            })
            .expect("alone");
        assert!(result.loss.is_finite());
        bits.push(result.loss.to_bits());
    }
    bits.extend((0..session.params().len()).flat_map(|index| session.read(index)).map(f32::to_bits));
    (bits, activations)
}

#[test]
fn the_same_bits_in_less_memory() {
    let program = network();
    let without: Vec<Pass> =
        opt::TRAINING.iter().copied().filter(|pass| pass.name != "rematerialize-maps").collect();
    assert_eq!(without.len() + 1, opt::TRAINING.len());
    let options = |simd, threads| CompileOptions {
        target: Target::of(simd),
        threads,
        batch: BATCH,
        random: true,
        choices: Arc::default(),
        library: None,
        ranks: None,
    };
    let (kept, all) = trained(&program, &without, &options(Simd::Portable, 1));
    for threads in [1, 3] {
        let (again, less) = trained(&program, opt::TRAINING, &options(Simd::Portable, threads));
        assert_eq!(kept, again);
        assert!(10 * less < 9 * all, "{less} of {all} bytes");
    }
    let widest = Simd::detect();
    let (kept, _) = trained(&program, &without, &options(widest, 2));
    assert_eq!(kept, trained(&program, opt::TRAINING, &options(widest, 2)).0);
}

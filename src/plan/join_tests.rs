//! Plans of joins: what is written in its place, and what has to be copied there.

use super::verify::verify;
use super::{Plan, plan};
use crate::desc::{ExprNode, KernelDesc, MapOutput};
use crate::front::load;
use crate::ir::CheckedProgram;
use crate::kernel::{Simd, Target};
use crate::lower::LowerOptions;
use crate::runtime::{optimized_evaluation_graph, optimized_training_graph};
use crate::source::SourceFile;

/// A classifier of images of 8x8x4 with this body.
fn program(body: &str) -> CheckedProgram {
    let text = format!(
        "model M {{
            input(8x8x4)
            {body}
            global_avg_pool2d; dense(3, activation: softmax)
        }}
        train {{ batch: 32; optimizer: sgd(lr: 1) }}"
    );
    let loaded = load(SourceFile::new("m.cnn", text), &LowerOptions::default(), &|_| None);
    loaded.program.unwrap_or_else(|| panic!("{:?}", loaded.problems))
}

/// How often images are copied from one place to another.
fn copies(plan: &Plan) -> usize {
    let is_copy = |kernel: &KernelDesc| {
        let KernelDesc::Map(map) = kernel else { return false };
        matches!(map.outputs[..], [(result, MapOutput::Image(_))] if map.expr.node(result) == ExprNode::Input(0))
    };
    let calls = plan.stages.iter().flat_map(|stage| &stage.groups).flat_map(|group| &group.calls);
    calls.filter(|call| is_copy(&plan.kernels[call.kernel])).count()
}

/// Copies of inference with this body, beside that of the images into their halo.
fn copies_of(body: &str) -> usize {
    let program = program(body);
    for batch in [1, 7, 32] {
        let training = optimized_training_graph(&program, true).expect("has a schedule");
        let training = plan(&training, Target::of(Simd::Portable), batch);
        assert_eq!(verify(&training), Ok(()), "{training}");
    }
    let plan = plan(&optimized_evaluation_graph(&program), Target::of(Simd::Portable), 32);
    assert_eq!(verify(&plan), Ok(()), "{plan}");
    copies(&plan)
}

#[test]
fn branches_write_into_the_join() {
    let branches = "
        x = conv2d(8, 1x1, activation: relu)
        a = conv2d(4, 1x1, activation: relu)
        from x
        b = conv2d(6, 3x3, padding: same, activation: relu)
        from x
        c = max_pool2d(3, stride: 1, padding: same)
        from x
        d = sigmoid
        concat(a, b, c, d)
        conv2d(5, 3x3, padding: same)";
    assert_eq!(copies_of(branches), 0);
}

#[test]
fn joins_of_joins_lie_in_one_buffer() {
    let dense = "
        x = conv2d(8, 1x1)
        relu -> conv2d(4, 3x3, padding: same)
        y = concat(x)
        relu -> conv2d(4, 3x3, padding: same)
        z = concat(y)
        relu -> conv2d(4, 1x1)
        concat(z)";
    assert_eq!(copies_of(dense), 0);
}

#[test]
fn what_is_joined_twice_or_wanted_otherwise_is_copied() {
    let twice = "
        x = conv2d(8, 1x1)
        concat(x, x)";
    assert_eq!(copies_of(twice), 1);
    // the second convolution would read and write the same buffer
    let next_to_it = "
        x = conv2d(8, 1x1)
        conv2d(4, 1x1)
        concat(x)";
    assert_eq!(copies_of(next_to_it), 1);
    // the second convolution wants zeros around what is joined
    let haloed = "
        x = conv2d(8, 1x1)
        conv2d(4, 3x3, padding: same)
        concat(x)";
    assert_eq!(copies_of(haloed), 1);
}

/// Depthwise windows over 256 channels, before and behind kernels of all kinds: pixels lie apart, which
/// nobody copies.
#[test]
fn pixels_that_lie_apart_are_read_where_they_lie() {
    let body = "
        conv2d(256, 1x1)
        x = depthwise_conv2d(3, padding: same)
        sigmoid
        a = depthwise_conv2d(3, stride: 2, padding: same)
        max_pool2d(2)
        depthwise_conv2d(3, padding: same)
        conv2d(512, 3x3, padding: same)";
    assert_eq!(copies_of(body), 0);
}

//! Leaves out the taps of a convolution that only ever meet the padding.
//! ```text
//! before: %3 = conv %1, w (3x3, padding 1, over 1x1)          after: %2 = crop_taps w (tap 1, 1) ; %3 = conv %1, %2 (1x1)
//!         %7 = conv_grad_weight %1, %6                               %8 = conv_grad_weight %1, %6 (1x1) ; %7 = spread_taps %8
//! ```
//! Deep layers of a network that was made for large pictures see small ones: of a 3x3 window over one pixel,
//! one tap of nine ever meets a pixel. The other taps' gradients are zero, which [`Op::SpreadTaps`] says. See
//! [`Axis::cropped`] for which taps these are.
//!
//! Comes after fusion, which looks for gradients next to the products that they belong to.

use std::collections::HashMap;

use super::Pass;
use crate::ir::{Graph, Value};
use crate::ops::{Conv, ConvGradInput, ConvGradWeight, Op, Taps};
use crate::tensor::{Axis, Window};

pub(super) const PASS: Pass = Pass { name: "crop-windows", run };

fn run(graph: &mut Graph) -> usize {
    let mut rewrites = 0;
    // the forward product and its gradient by the input share the weights' taps
    let mut cropped: HashMap<(Value, Taps), Value> = HashMap::new();
    graph.rebuild(|new, _, mut node, mut inputs| {
        let Some((taps, window)) = window_of(&node.op).and_then(crop) else { return new.keep(node, inputs) };
        rewrites += 1;
        let layer = node.layer.clone();
        match node.op {
            Op::Conv(conv) => node.op = Op::Conv(Conv { window, ..conv }),
            Op::ConvGradInput(grad) => node.op = Op::ConvGradInput(ConvGradInput { window, ..grad }),
            Op::ConvGradWeight(grad) => {
                let grad = Op::ConvGradWeight(ConvGradWeight { window, ..grad });
                let some = new.push_value(grad, &inputs, &layer);
                return vec![new.push_value(Op::SpreadTaps(taps), &[some], &layer)];
            }
            _ => unreachable!("only convolutions have windows of weights"),
        }
        let weight = inputs[1];
        inputs[1] = *cropped
            .entry((weight, taps))
            .or_insert_with(|| new.push_value(Op::CropTaps(taps), &[weight], &layer));
        new.keep(node, inputs)
    });
    rewrites
}

fn window_of(op: &Op) -> Option<&Window> {
    match op {
        Op::Conv(Conv { window, .. })
        | Op::ConvGradInput(ConvGradInput { window, .. })
        | Op::ConvGradWeight(ConvGradWeight { window, .. }) => Some(window),
        _ => None,
    }
}

/// The taps that are needed, and the window of them; `None` where all are.
fn crop(window: &Window) -> Option<(Taps, Window)> {
    let ((first_y, y), (first_x, x)) = (window.y.cropped(), window.x.cropped());
    let sizes = |y: &Axis, x: &Axis| [y.kernel_size, x.kernel_size];
    let taps = Taps { first: [first_y, first_x], count: sizes(&y, &x), of: sizes(&window.y, &window.x) };
    (taps.count != taps.of).then_some((taps, Window { y, x }))
}

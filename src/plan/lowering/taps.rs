//! Some taps of a convolution's weights, and back.

use super::Lowerer;
use super::storage::Storage;
use crate::desc::{Domain, Expr, KernelDesc, MapDesc, MapOutput};
use crate::ir::Node;
use crate::ops::Taps;
use crate::plan::launch::AccessMode;
use crate::tensor::Shape;

impl Lowerer<'_> {
    /// Taps that lie one behind the other are where they are; others are copied together.
    pub(super) fn crop_taps(&mut self, node: &Node, taps: &Taps) {
        let whole = self.inputs(node, 0);
        let tap = elements_of_tap(&node.types[0].shape);
        let runs = taps.runs();
        if let [(first, count)] = runs[..] {
            self.set(0, whole.elements(first * tap, count * tap));
            return;
        }
        let cropped = self.new_whole(0);
        let mut end = 0;
        for (first, count) in runs {
            let elements = count * tap;
            let (from, to) =
                (whole.clone().elements(first * tap, elements), cropped.clone().elements(end, elements));
            self.copy_flat(&from, &to, &Shape::vector(elements));
            end += elements;
        }
    }

    /// Copies the taps that there are, and clears the others.
    pub(super) fn spread_taps(&mut self, node: &Node, taps: &Taps) {
        let cropped = self.inputs(node, 0);
        let whole = self.new_whole(0);
        let tap = elements_of_tap(&node.types[0].shape);
        let mut end = 0;
        for (first, count) in taps.runs() {
            let elements = count * tap;
            let (from, to) =
                (cropped.clone().elements(end, elements), whole.clone().elements(first * tap, elements));
            self.copy_flat(&from, &to, &Shape::vector(elements));
            end += elements;
        }
        for (first, count) in taps.gaps() {
            self.clear_flat(&whole.clone().elements(first * tap, count * tap));
        }
    }

    /// Zeros over something that is not per image.
    fn clear_flat(&mut self, storage: &Storage) {
        let mut expr = Expr::new();
        let zero = expr.constant(0.0);
        let outputs = vec![(zero, MapOutput::Flat)];
        let desc = MapDesc { domain: Domain::Flat, operands: Vec::new(), expr, outputs };
        let shape = Shape::vector(storage.layout.elements());
        let space = self.flat_space(&shape);
        let args = vec![self.part(storage, space, AccessMode::Write)];
        self.launch(KernelDesc::Map(desc), space, args, Self::flat_count(space, &shape));
    }
}

/// Elements of one tap of weights `[Kh, Kw, I, O]`.
fn elements_of_tap(weights: &Shape) -> usize {
    weights.extents()[2..].iter().product()
}

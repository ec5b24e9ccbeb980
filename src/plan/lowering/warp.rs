//! Images sampled at other places, and the gradient.

use super::{Direction, Lowerer};
use crate::desc::{KernelDesc, WarpDesc};
use crate::ir::Node;
use crate::ops::Warp;
use crate::plan::launch::{AccessMode, Count};

impl Lowerer<'_> {
    /// Backward the first operand is the result's gradient.
    pub(super) fn warp(&mut self, node: &Node, warp: &Warp, direction: Direction) {
        let given = self.inputs(node, 0);
        let matrices = node.inputs.get(1).map(|&matrices| self.dense(matrices));
        let result = self.new_images(0);
        let (input, output) = match direction {
            Direction::Forward => (given.layout, result.layout),
            Direction::Backward => (result.layout, given.layout),
        };
        let grad = direction == Direction::Backward;
        let Warp { interpolation, border, matrix, .. } = *warp;
        let desc = WarpDesc { input, output, interpolation, border, matrix, grad };
        let mut args = vec![self.per_image(&given, AccessMode::Read)];
        args.extend(matrices.map(|matrices| self.per_image(&matrices, AccessMode::Read)));
        args.push(self.per_image(&result, AccessMode::Write));
        self.launch(KernelDesc::Warp(desc), self.image_space(), args, Count::Part);
    }
}

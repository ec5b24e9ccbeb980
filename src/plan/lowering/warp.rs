//! Images sampled at other places, and the gradient.

use super::Lowerer;
use crate::desc::{KernelDesc, WarpDesc};
use crate::ir::Node;
use crate::ops::Warp;
use crate::plan::launch::{AccessMode, Count};

impl Lowerer<'_> {
    /// `grad`: the first operand is the result's gradient.
    pub(super) fn warp(&mut self, node: &Node, warp: &Warp, grad: bool) {
        let given = self.inputs(node, 0);
        let matrices = node.inputs.get(1).map(|&matrices| self.dense(matrices));
        let result = self.new_images(0);
        let (input, output) = if grad { (result.layout, given.layout) } else { (given.layout, result.layout) };
        let Warp { interpolation, border, matrix, .. } = *warp;
        let desc = WarpDesc { input, output, interpolation, border, matrix, grad };
        let mut args = vec![self.per_image(&given, AccessMode::Read)];
        args.extend(matrices.map(|matrices| self.per_image(&matrices, AccessMode::Read)));
        args.push(self.per_image(&result, AccessMode::Write));
        self.launch(KernelDesc::Warp(desc), self.image_space(), args, Count::Part);
    }
}

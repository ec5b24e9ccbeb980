//! Sums over whole weights.

use super::Lowerer;
use crate::desc::{KernelDesc, PenaltyDesc, SumPartsDesc};
use crate::ir::Node;
use crate::ops::Penalty;
use crate::plan::launch::{Access, AccessMode, Count, Region, Space};

impl Lowerer<'_> {
    /// Each part of the weight makes one number, and a fixed tree adds them up.
    pub(super) fn penalty(&mut self, node: &Node, penalty: Penalty) {
        let weight = self.inputs(node, 0);
        let shape = self.graph.ty(node.inputs[0]).shape.clone();
        let space = self.flat_space(&shape);
        let parts = space.tasks();
        let name = format!("{} penalty by part", self.layer());
        let buffer = self.add_buffer(name, parts * 4);
        let stride = if parts > 1 { 4 } else { 0 };
        let partial =
            Access { buffer, offset: 0, stride, region: Region::Block { bytes: 4 }, mode: AccessMode::Write };
        let desc = KernelDesc::Penalty(PenaltyDesc { factors: penalty.factors().map(f32::to_bits) });
        let args = vec![self.part(&weight, space, AccessMode::Read), partial];
        self.launch(desc, space, args, Self::flat_count(space, &shape));
        let total = self.new_whole(0);
        let region = Region::Block { bytes: parts * 4 };
        let partials = Access { buffer, offset: 0, stride: 0, region, mode: AccessMode::Read };
        let args = vec![partials, self.whole(&total, AccessMode::Write)];
        let sum = KernelDesc::SumParts(SumPartsDesc { parts, pitch: 1 });
        self.launch(sum, Space::Single, args, Count::Fixed(1));
    }
}

//! Pools and their gradients.

use super::Lowerer;
use super::split::Parts;
use super::storage::Storage;
use crate::desc::{GlobalPoolDesc, KernelDesc, NeighbourSumDesc, PoolDesc, PoolGradDesc};
use crate::ir::Node;
use crate::ops::{GlobalPool, GlobalPoolGrad, NeighbourSum, Pool, PoolGrad};
use crate::plan::launch::{AccessMode, Count, Space};
use crate::tensor::Layout;

/// Channels of a cache line.
const LINE: usize = 16;

impl Lowerer<'_> {
    pub(super) fn pool(&mut self, node: &Node, pool: &Pool) {
        let x = self.inputs(node, 0);
        let y = self.new_images(0);
        let winners = pool.winners.then(|| self.new_images(1));
        let desc = PoolDesc {
            kind: pool.kind,
            window: pool.window,
            input: x.layout,
            output: y.layout,
            winners: winners.as_ref().map(|winners| winners.layout),
        };
        if self.divides_image(KernelDesc::Pool(desc).flops_per_count())
            && self.pool_by_channels(&desc, &x, &y, &winners)
        {
            return;
        }
        let mut args = vec![self.per_image(&x, AccessMode::Read), self.per_image(&y, AccessMode::Write)];
        args.extend(winners.map(|winners| self.per_image(&winners, AccessMode::Write)));
        self.launch(KernelDesc::Pool(desc), self.image_space(), args, Count::Part);
    }

    /// A pool of one image, some channels a task: they have nothing to do with each other, whatever the
    /// padding. False where there are too few.
    fn pool_by_channels(
        &mut self,
        desc: &PoolDesc,
        x: &Storage,
        y: &Storage,
        winners: &Option<Storage>,
    ) -> bool {
        let Some(parts) = Parts::of(y.layout.channels, LINE) else { return false };
        let (x, input) = self.channels(x, parts.part, AccessMode::Read);
        let (y, output) = self.channels(y, parts.part, AccessMode::Write);
        let winners = winners.as_ref().map(|winners| self.channels(winners, parts.part, AccessMode::Write));
        let kernel = |channels: usize| {
            let part = |layout: Layout| Layout { channels, ..layout };
            let winners = winners.map(|(_, layout)| part(layout));
            KernelDesc::Pool(PoolDesc { input: part(input), output: part(output), winners, ..*desc })
        };
        let mut args = vec![x, y];
        args.extend(winners.map(|(access, _)| access));
        let space = Space::Columns { len: parts.len, part: parts.part };
        self.launch_with_tail(kernel(parts.part), parts.tail().map(kernel), space, args, Count::Fixed(1));
        true
    }

    pub(super) fn pool_grad(&mut self, node: &Node, grad: &PoolGrad) {
        let dy = self.inputs(node, 0);
        let winners = node.inputs.get(1).map(|&winners| self.any(winners));
        let dx = self.new_images(0);
        let desc = PoolGradDesc {
            kind: grad.kind,
            window: grad.window,
            grad: dy.layout,
            winners: winners.as_ref().map(|winners| winners.layout),
            output: dx.layout,
        };
        let mut args = vec![self.per_image(&dy, AccessMode::Read)];
        args.extend(winners.map(|winners| self.per_image(&winners, AccessMode::Read)));
        args.push(self.per_image(&dx, AccessMode::Write));
        self.launch(KernelDesc::PoolGrad(desc), self.image_space(), args, Count::Part);
    }

    pub(super) fn global_pool(&mut self, node: &Node, pool: &GlobalPool) {
        let x = self.inputs(node, 0);
        let y = self.new_images(0);
        let desc = GlobalPoolDesc { kind: pool.kind, input: x.layout, output: y.layout, grad: None };
        let args = vec![self.per_image(&x, AccessMode::Read), self.per_image(&y, AccessMode::Write)];
        self.launch(KernelDesc::GlobalPool(desc), self.image_space(), args, Count::Part);
    }

    pub(super) fn neighbour_sum(&mut self, node: &Node, sum: NeighbourSum) {
        let x = self.inputs(node, 0);
        let y = self.new_images(0);
        let desc =
            NeighbourSumDesc { before: sum.before, after: sum.after, input: x.layout, output: y.layout };
        let args = vec![self.per_image(&x, AccessMode::Read), self.per_image(&y, AccessMode::Write)];
        self.launch(KernelDesc::NeighbourSum(desc), self.image_space(), args, Count::Part);
    }

    /// Of a maximum; the mean's gradient is a map by now.
    pub(super) fn global_pool_grad(&mut self, node: &Node, grad: &GlobalPoolGrad) {
        let (x, y, dy) = (self.inputs(node, 0), self.inputs(node, 1), self.inputs(node, 2));
        let dx = self.new_images(0);
        let desc =
            GlobalPoolDesc { kind: grad.kind, input: x.layout, output: y.layout, grad: Some(dx.layout) };
        let args = vec![
            self.per_image(&x, AccessMode::Read),
            self.per_image(&y, AccessMode::Read),
            self.per_image(&dy, AccessMode::Read),
            self.per_image(&dx, AccessMode::Write),
        ];
        self.launch(KernelDesc::GlobalPool(desc), self.image_space(), args, Count::Part);
    }
}

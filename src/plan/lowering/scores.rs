//! Softmax, losses and metrics.

use super::storage::Storage;
use super::{Direction, Lowerer};
use crate::desc::{ChannelNormDesc, KernelDesc, LossDesc, SoftmaxDesc, Targets, TopKDesc};
use crate::ir::Node;
use crate::ops::{ChannelNorm, Loss, TopK};
use crate::plan::launch::{AccessMode, Count};
use crate::tensor::Element;

impl Lowerer<'_> {
    fn softmax_desc(storage: &Storage, direction: Direction) -> KernelDesc {
        let pixels = storage.layout.height * storage.layout.width;
        let grad = direction == Direction::Backward;
        KernelDesc::Softmax(SoftmaxDesc { pixels, channels: storage.layout.channels, grad })
    }

    /// A per-image result without halo, whatever its users want: these kernels write without gaps.
    fn new_dense(&mut self, output: u16) -> Storage {
        let value = crate::ir::Value { node: self.node, output };
        let graph = self.graph;
        let ty = graph.ty(value);
        let (height, width, channels) = ty.shape.as_pixels();
        let layout = crate::tensor::Layout::with_halo(height, width, channels, [0; 4]);
        let storage = self.allocate(layout, ty.element.size_bytes(), "");
        self.set(output, storage.clone());
        storage
    }

    pub(super) fn softmax(&mut self, node: &Node) {
        let x = self.dense(node.inputs[0]);
        let y = self.new_dense(0);
        let args = vec![self.per_image(&x, AccessMode::Read), self.per_image(&y, AccessMode::Write)];
        self.launch(Self::softmax_desc(&x, Direction::Forward), self.image_space(), args, Count::Part);
    }

    pub(super) fn softmax_grad(&mut self, node: &Node) {
        let (y, dy) = (self.dense(node.inputs[0]), self.dense(node.inputs[1]));
        let dx = self.new_dense(0);
        let args = vec![
            self.per_image(&y, AccessMode::Read),
            self.per_image(&dy, AccessMode::Read),
            self.per_image(&dx, AccessMode::Write),
        ];
        self.launch(Self::softmax_desc(&y, Direction::Backward), self.image_space(), args, Count::Part);
    }

    /// Operands and result without gaps: `x` and, backward, `dy`.
    pub(super) fn channel_norm(&mut self, node: &Node, norm: ChannelNorm, direction: Direction) {
        let operands: Vec<Storage> = node.inputs.iter().map(|&input| self.dense(input)).collect();
        let y = self.new_dense(0);
        let layout = y.layout;
        let pixels = layout.height * layout.width;
        let grad = direction == Direction::Backward;
        let desc = ChannelNormDesc { pixels, channels: layout.channels, epsilon: norm.epsilon_bits(), grad };
        let read = operands.iter().map(|operand| self.per_image(operand, AccessMode::Read));
        let args = read.chain([self.per_image(&y, AccessMode::Write)]).collect();
        self.launch(KernelDesc::ChannelNorm(desc), self.image_space(), args, Count::Part);
    }

    /// What the labels of a loss or metric are.
    fn targets(&self, node: &Node) -> Targets {
        match self.graph.ty(node.inputs[1]).element {
            Element::F32 => Targets::Numbers,
            Element::I32 | Element::U8 => Targets::Index,
        }
    }

    pub(super) fn loss(&mut self, node: &Node, loss: &Loss) {
        let scores = self.dense(node.inputs[0]);
        let (labels, scale) = (self.inputs(node, 1), self.inputs(node, 2));
        let per_image = self.new_dense(0);
        let grad = loss.grad.then(|| self.new_dense(1));
        let targets = self.targets(node);
        let weights = (node.inputs.len() > 3).then(|| self.inputs(node, 3));
        let (classes, weighted) = (scores.layout.elements(), weights.is_some());
        let Loss { kind, smoothing, grad: with_grad } = *loss;
        let desc = LossDesc { kind, targets, smoothing, classes, weighted, grad: with_grad };
        let mut args = vec![
            self.per_image(&scores, AccessMode::Read),
            self.per_image(&labels, AccessMode::Read),
            self.whole(&scale, AccessMode::Read),
        ];
        args.extend(weights.map(|weights| self.per_image(&weights, AccessMode::Read)));
        args.push(self.per_image(&per_image, AccessMode::Write));
        args.extend(grad.map(|grad| self.per_image(&grad, AccessMode::Write)));
        self.launch(KernelDesc::Loss(desc), self.image_space(), args, Count::Part);
    }

    pub(super) fn top_k(&mut self, node: &Node, top: &TopK) {
        let (scores, labels) = (self.dense(node.inputs[0]), self.inputs(node, 1));
        let hits = self.new_dense(0);
        let targets = self.targets(node);
        let desc =
            TopKDesc { targets, classes: scores.layout.elements(), k: top.k, threshold: top.threshold };
        let args = vec![
            self.per_image(&scores, AccessMode::Read),
            self.per_image(&labels, AccessMode::Read),
            self.per_image(&hits, AccessMode::Write),
        ];
        self.launch(KernelDesc::TopK(desc), self.image_space(), args, Count::Part);
    }
}

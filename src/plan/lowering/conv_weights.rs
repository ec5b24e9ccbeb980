//! How a convolution is computed, and its weights as that wants them, made once for the whole batch.

use super::Lowerer;
use crate::desc::{ConvDesc, KernelDesc, PackDesc, Rank, Square, StrassenWeightDesc, WinogradWeightDesc};
use crate::kernel::{conv, stay_in_cache};
use crate::plan::choices::{Product, Question, Way, conv_kernel};
use crate::plan::launch::{Access, AccessMode, BufferId, Count, Region, Space};

/// Tasks that rearrange weights, at most.
const TASKS: usize = 8;

/// How a convolution is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// Product by product; weights as rows, or in blocks of this many output channels.
    Direct { block: Option<usize>, rank: Rank },
    /// By Winograd's method.
    Winograd(Square),
    /// By Strassen's, in calls for this many output channels.
    Strassen { part: usize },
}

impl Method {
    /// How many times as many numbers its weights are, for a window of this many taps.
    pub(super) fn weights_per_tap(self, taps: usize) -> f64 {
        match self {
            Method::Direct { .. } => 1.0,
            Method::Winograd(square) => square.area() as f64 / taps as f64,
            Method::Strassen { .. } => 7.0 / 4.0,
        }
    }

    /// The kernel.
    pub(super) fn kernel(self, desc: ConvDesc) -> KernelDesc {
        match self {
            Method::Direct { block, rank } => conv_kernel(&desc, Way::Direct(rank), block),
            Method::Winograd(square) => conv_kernel(&desc, Way::Winograd(square), None),
            Method::Strassen { .. } => conv_kernel(&desc, Way::Strassen, None),
        }
    }
}

impl Lowerer<'_> {
    /// The method for what a launch computes.
    pub(super) fn method(&self, desc: &ConvDesc) -> Method {
        self.method_of(self.way(Product::Conv(ConvDesc { block: None, ..*desc }), desc.images), desc)
    }

    /// The one that the models of the kernels choose, for a decision before there is a launch.
    pub(super) fn modelled(&self, desc: &ConvDesc) -> Method {
        let product = Product::Conv(ConvDesc { block: None, ..*desc });
        self.method_of(self.cheapest(self.question(product, desc.images)), desc)
    }

    fn method_of(&self, way: Way, desc: &ConvDesc) -> Method {
        match way {
            Way::Direct(rank) => Method::Direct { block: conv::block(desc, &self.target), rank },
            Way::Winograd(square) => Method::Winograd(square),
            Way::Strassen => Method::Strassen { part: desc.output.channels },
        }
    }

    /// The way to compute a product in calls of this many images: the one that was chosen, else the cheapest by
    /// the models of the kernels.
    pub(super) fn way(&self, product: Product, images: usize) -> Way {
        let question = self.question(product, images);
        self.questions.borrow_mut().push(question);
        self.choices.of(&question, &self.target).unwrap_or_else(|| self.cheapest(question))
    }

    /// The way that the models of the kernels have for the cheapest. Layers that repeat ask the same again
    /// and again.
    fn cheapest(&self, question: Question) -> Way {
        *self.cheapest.borrow_mut().entry(question).or_insert_with(|| question.modelled(&self.target))
    }

    fn question(&self, product: Product, images: usize) -> Question {
        // weights of a graph that updates none are rearranged when they are loaded
        let calls = (!self.graph.updates.is_empty()).then_some(self.division().shards);
        Question { product, images, calls, cold: self.is_cold() }
    }

    /// Whether the weights of all layers together are more than stay in cache until the next call.
    pub(super) fn is_cold(&self) -> bool {
        !stay_in_cache(self.weight_bytes)
    }

    /// The weights of a convolution as its method wants them; they lie in `weight` as rows.
    pub(super) fn weights_for(&mut self, method: Method, desc: &ConvDesc, weight: Access) -> Access {
        let (inputs, outputs) = (desc.input.channels, desc.output.channels);
        match method {
            Method::Direct { block: None, .. } => weight,
            Method::Direct { block: Some(block), .. } => self.packed(weight, desc, block),
            Method::Winograd(square) => {
                let points = WinogradWeightDesc { square, flipped: desc.grad_input, inputs, outputs };
                self.weights_at_points(points, weight)
            }
            Method::Strassen { part } => {
                self.sums_of_weights(StrassenWeightDesc { inputs, outputs, part }, weight)
            }
        }
    }

    fn weights_at_points(&mut self, desc: WinogradWeightDesc, weight: Access) -> Access {
        let lanes = self.target.simd.lanes();
        let block = WinogradWeightDesc::block(desc.outputs, lanes);
        let from = Rows { buffer: weight.buffer, start: weight.offset, planes: 9, width: desc.outputs };
        let planes = desc.square.area() * desc.outputs.div_ceil(block);
        self.rearranged(
            KernelDesc::WinogradWeight(desc),
            desc.inputs,
            from,
            (planes, block),
            "kernel at points",
        )
    }

    fn sums_of_weights(&mut self, desc: StrassenWeightDesc, weight: Access) -> Access {
        let lanes = self.target.simd.lanes();
        let from = Rows { buffer: weight.buffer, start: weight.offset, planes: 2, width: desc.outputs };
        let to = (desc.matrices(lanes), desc.block(lanes));
        self.rearranged(KernelDesc::StrassenWeight(desc), desc.inputs / 2, from, to, "kernel in sums")
    }

    fn packed(&mut self, weight: Access, desc: &ConvDesc, block: usize) -> Access {
        let (rows, columns) = (desc.window.area() * desc.input.channels, desc.output.channels);
        let from = Rows { buffer: weight.buffer, start: weight.offset, planes: 1, width: columns };
        let kernel = KernelDesc::Pack(PackDesc { rows, columns, block });
        self.rearranged(kernel, rows, from, (columns.div_ceil(block), block), "kernel in blocks")
    }

    /// Launches a kernel that goes through `count` rows of weights, some a task, and writes as many rows of
    /// each of `(planes, width)`.
    fn rearranged(
        &mut self,
        kernel: KernelDesc,
        count: usize,
        from: Rows,
        (planes, width): (usize, usize),
        what: &str,
    ) -> Access {
        let bytes = planes * count * width * 4;
        let buffer = self.add_buffer(format!("{} {what}", self.layer()), bytes);
        let tasks = (1..=TASKS).rev().find(|tasks| count.is_multiple_of(*tasks)).unwrap_or(1);
        let part = count / tasks;
        let access = |rows: &Rows, mode: AccessMode| {
            let region = Region::Rows {
                rows: rows.planes,
                pitch: count * rows.width * 4,
                bytes: part * rows.width * 4,
            };
            Access { buffer: rows.buffer, offset: rows.start, stride: part * rows.width * 4, region, mode }
        };
        let args = vec![
            access(&from, AccessMode::Read),
            access(&Rows { buffer, start: 0, planes, width }, AccessMode::Write),
        ];
        self.launch(kernel, Space::Flat { len: count, part }, args, Count::Part);
        Access { buffer, offset: 0, stride: 0, region: Region::Block { bytes }, mode: AccessMode::Read }
    }
}

/// Planes of rows.
struct Rows {
    buffer: BufferId,
    /// Bytes of the buffer before them.
    start: usize,
    planes: usize,
    /// Elements of a row.
    width: usize,
}

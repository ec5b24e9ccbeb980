//! Dense layers: small ones run with their shard of images, large ones over the whole batch, a block of the
//! weights a task. Where the weights come from memory, as for a single image, that is some rows of them, as
//! they lie, and the tasks' sums are added up afterwards; else it is some columns.

use super::Lowerer;
use super::split::Parts;
use super::storage::Storage;
use crate::desc::{
    Domain, Expr, ExprId, KernelDesc, MapDesc, MapOutput, MatmulDesc, MatmulKind, Operand, OperandKind,
};
use crate::ir::Node;
use crate::ops::Dense;
use crate::plan::launch::{Access, AccessMode, Count, Region, Space};
use crate::tensor::{Element, Layout, Shape};

/// Weights of more bytes than this are read once for the whole batch instead of once for every shard: they
/// would push a shard's activations out of L1.
const SHARED_WEIGHT_BYTES: usize = 64 * 1024;

/// Output columns of one task of a large forward product: two of the widest vectors where there are many
/// columns, one where there are few.
const COLUMNS: [usize; 2] = [16, 32];

/// A task by rows begins at a multiple of this row: at a cache line of the images and of the weights.
const ROWS: usize = 16;

/// Weights of more bytes than this come from memory for every batch: columns of them would be a line here and
/// a line there.
const FAR_WEIGHT_BYTES: usize = 4 << 20;

/// What a forward product reads and writes.
struct Operands {
    x: Storage,
    weight: Storage,
    bias: Option<Storage>,
    y: Storage,
}

impl Lowerer<'_> {
    fn matmul(&self, kind: MatmulKind, inputs: usize, outputs: usize, rows: usize) -> MatmulDesc {
        MatmulDesc {
            kind,
            inputs,
            outputs,
            input_pitch: inputs,
            weight_pitch: outputs,
            output_pitch: outputs,
            max_rows: rows,
            bias: false,
            activation: None,
        }
    }

    /// Columns `i · part ..` of each row of a dense per-image buffer.
    fn columns(&self, storage: &Storage, part: usize, mode: AccessMode) -> Access {
        let pitch = storage.image_bytes();
        let region = Region::Rows { rows: self.images(), pitch, bytes: part * 4 };
        Access { buffer: storage.buffer, offset: 0, stride: part * 4, region, mode }
    }

    pub(super) fn dense_forward(&mut self, node: &Node, dense: &Dense) {
        let x = self.dense(node.inputs[0]);
        let weight = self.inputs(node, 1);
        let bias = dense.bias.then(|| self.inputs(node, 2));
        let (inputs, outputs) = (x.layout.elements(), node.types[0].shape.elements());
        let y = self.new_images(0);
        let base = MatmulDesc {
            bias: dense.bias,
            activation: dense.activation,
            ..self.matmul(MatmulKind::Forward, inputs, outputs, self.images())
        };
        if inputs * outputs * 4 <= SHARED_WEIGHT_BYTES {
            let desc = MatmulDesc { max_rows: self.division().shard, ..base };
            let mut args = vec![self.per_image(&x, AccessMode::Read), self.whole(&weight, AccessMode::Read)];
            args.extend(bias.map(|bias| self.whole(&bias, AccessMode::Read)));
            args.push(self.per_image(&y, AccessMode::Write));
            self.launch(KernelDesc::Matmul(desc), self.image_space(), args, Count::Part);
            return;
        }
        let operands = Operands { x, weight, bias, y };
        let is_far = inputs * outputs * 4 > FAR_WEIGHT_BYTES;
        if (is_far || self.images() == 1) && self.dense_by_rows(&operands, base) {
            return;
        }
        let Operands { x, weight, bias, y } = operands;
        let part = COLUMNS[usize::from(outputs >= 256)].min(outputs);
        let of_columns = |columns| KernelDesc::Matmul(MatmulDesc { outputs: columns, ..base });
        let tail = (!outputs.is_multiple_of(part)).then(|| of_columns(outputs % part));
        let block = |storage: &Storage, rows: usize| Access {
            buffer: storage.buffer,
            offset: storage.start_bytes(),
            stride: part * 4,
            region: Region::Rows { rows, pitch: outputs * 4, bytes: part * 4 },
            mode: AccessMode::Read,
        };
        let mut args = vec![self.all_images(&x, AccessMode::Read), block(&weight, inputs)];
        args.extend(bias.map(|bias| block(&bias, 1)));
        args.push(self.columns(&y, part, AccessMode::Write));
        let space = Space::Columns { len: outputs, part };
        self.launch_with_tail(of_columns(part), tail, space, args, Count::Batch);
    }

    /// The product with some rows of the weights a task, as they lie in memory: each is read once. False
    /// where there are too few rows.
    /// Long: two launches, the products and their sums, share all sizes.
    fn dense_by_rows(&mut self, operands: &Operands, base: MatmulDesc) -> bool {
        let MatmulDesc { inputs, outputs, .. } = base;
        let Some(parts) = Parts::of(inputs, ROWS) else { return false };
        let Operands { x, weight, bias, y } = operands;
        let of_rows =
            |rows| KernelDesc::Matmul(MatmulDesc { inputs: rows, bias: false, activation: None, ..base });
        let space = parts.space();
        let tasks = space.tasks();
        let image = outputs * 4;
        let bytes = self.images() * image;
        let sums = self.add_buffer(format!("{} sums by rows", self.layer()), tasks * bytes);
        let own = |buffer, bytes, mode| Access {
            buffer,
            offset: 0,
            stride: bytes,
            region: Region::Block { bytes },
            mode,
        };
        let rows = own(weight.buffer, parts.part * image, AccessMode::Read);
        let args = vec![
            self.columns(x, parts.part, AccessMode::Read),
            Access { offset: weight.start_bytes(), ..rows },
            own(sums, bytes, AccessMode::Write),
        ];
        self.launch_with_tail(of_rows(parts.part), parts.tail().map(of_rows), space, args, Count::Batch);

        // the sums of all tasks in a fixed tree, then bias and activation
        let mut expr = Expr::new();
        let mut terms: Vec<ExprId> = (0..tasks).map(|task| expr.input(task)).collect();
        while terms.len() > 1 {
            let add = |pair: &[ExprId]| if let [a, b] = *pair { expr.add(a, b) } else { pair[0] };
            terms = terms.chunks(2).map(add).collect();
        }
        let mut result = terms[0];
        let shard = self.division().shard * image;
        let of_task = |task| Access {
            buffer: sums,
            offset: task * bytes,
            stride: shard,
            region: Region::Block { bytes: shard },
            mode: AccessMode::Read,
        };
        let mut args: Vec<Access> = (0..tasks).map(of_task).collect();
        if let Some(bias) = bias {
            args.push(self.whole(bias, AccessMode::Read));
            let bias = expr.input(tasks);
            result = expr.add(result, bias);
        }
        if let Some(activation) = base.activation {
            result = activation.of(&mut expr, result);
        }
        let kinds = [OperandKind::Image(Layout::dense(&Shape::vector(outputs))), OperandKind::Channel];
        let operand =
            |argument| Operand { kind: kinds[usize::from(argument >= tasks)], element: Element::F32 };
        let kernel = KernelDesc::Map(MapDesc {
            domain: Domain::Images { height: 1, width: 1, channels: outputs },
            operands: (0..args.len()).map(operand).collect(),
            expr,
            outputs: vec![(result, MapOutput::Image(y.layout))],
        });
        args.push(self.per_image(y, AccessMode::Write));
        self.launch(kernel, self.image_space(), args, Count::Part);
        true
    }

    pub(super) fn dense_grad_input(&mut self, node: &Node) {
        let dy = self.dense(node.inputs[0]);
        let weight = self.inputs(node, 1);
        let (inputs, outputs) = (node.types[0].shape.elements(), dy.layout.elements());
        let dx = self.new_images(0);
        let base = self.matmul(MatmulKind::GradInput, inputs, outputs, self.images());
        let space = self.flat_space(&self.graph.ty(node.inputs[1]).shape);
        let (Space::Flat { part, .. }, true) = (space, inputs * outputs * 4 > SHARED_WEIGHT_BYTES) else {
            let desc = MatmulDesc { max_rows: self.division().shard, ..base };
            let args = vec![
                self.per_image(&dy, AccessMode::Read),
                self.whole(&weight, AccessMode::Read),
                self.per_image(&dx, AccessMode::Write),
            ];
            self.launch(KernelDesc::Matmul(desc), self.image_space(), args, Count::Part);
            return;
        };
        // the same rows of the weights as their gradient and update: one task keeps them in cache for all
        // three
        let rows = part / outputs;
        let of_rows = |rows| KernelDesc::Matmul(MatmulDesc { inputs: rows, ..base });
        let tail = (!inputs.is_multiple_of(rows)).then(|| of_rows(inputs % rows));
        let args = vec![
            self.all_images(&dy, AccessMode::Read),
            self.part(&weight, space, AccessMode::Read),
            self.columns(&dx, rows, AccessMode::Write),
        ];
        self.launch_with_tail(of_rows(rows), tail, space, args, Count::Batch);
    }

    pub(super) fn dense_grad_weight(&mut self, node: &Node) {
        let x = self.dense(node.inputs[0]);
        let dy = self.dense(node.inputs[1]);
        let (inputs, outputs) = (x.layout.elements(), dy.layout.elements());
        let dw = self.new_whole(0);
        let base = self.matmul(MatmulKind::GradWeight, inputs, outputs, self.images());
        let space = self.flat_space(&node.types[0].shape);
        let rows = if let Space::Flat { part, .. } = space { part / outputs } else { inputs };
        let of_rows = |rows| KernelDesc::Matmul(MatmulDesc { inputs: rows, ..base });
        let tail = (!inputs.is_multiple_of(rows)).then(|| of_rows(inputs % rows));
        let x_part = if space == Space::Single {
            self.all_images(&x, AccessMode::Read)
        } else {
            self.columns(&x, rows, AccessMode::Read)
        };
        let args =
            vec![x_part, self.all_images(&dy, AccessMode::Read), self.part(&dw, space, AccessMode::Write)];
        self.launch_with_tail(of_rows(rows), tail, space, args, Count::Batch);
    }
}

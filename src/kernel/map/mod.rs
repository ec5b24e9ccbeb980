//! Element-wise kernels. See [`MapDesc`] for what they compute.
//!
//! Three walks, the first that fits; the inner work is done four elements at a time, or by [`strips`] where
//! there are wider vectors:
//!
//! * [`flat`]: no result or operand depends on the channel and everything lies without gaps, or at least each
//!   row (or image) does.
//! * [`strips::emit_pixels`] and [`channels`]: there are vectors `[C]` or sums, or pixels lie apart.
//!   Channels that are no multiple of four
//!   are taken with several pixels at once, so that vectors stay full (three channels: four pixels, three vectors).

mod channels;
mod expr;
mod flat;
mod strips;

use cranelift::prelude::Value;

use super::builder::{KernelBuilder, Lanes};
use super::code::{BuildError, Effort, KernelFunction};
use super::target::Target;
use crate::desc::{Domain, ExprId, ExprNode, MapDesc, MapOutput, OperandKind};
use crate::tensor::{Element, Layout};

/// Code of a map kernel.
pub(super) fn build(desc: &MapDesc, target: &Target) -> Result<KernelFunction, BuildError> {
    validate(desc)?;
    KernelBuilder::build(Effort::Speed, |k| {
        let map = Map::new(k, desc, target);
        match desc.domain {
            Domain::Flat => flat::emit_flat(k, &map),
            Domain::Images { height, width, channels } => {
                let shape = [height, width, channels];
                let apart = map.depends_on_channel() || !map.images().all(|layout| layout.rows_are_dense());
                match map.strip_lanes {
                    Some(lanes) if apart && strips::fills_vectors(channels, lanes) => {
                        strips::emit_pixels(k, &map, lanes, shape);
                    }
                    Some(_) | None if apart => channels::emit(k, &map, shape),
                    Some(_) | None => flat::emit_images(k, &map, shape),
                }
            }
        }
        Ok(())
    })
}

/// Refuses what [`MapDesc`] does not allow.
fn validate(desc: &MapDesc) -> Result<(), BuildError> {
    let bad = |reason| Err(BuildError::Description { family: "map", reason });
    let images = desc.operands.iter().filter_map(|operand| match operand.kind {
        OperandKind::Image(layout) => Some((layout, true)),
        OperandKind::Flat | OperandKind::Channel | OperandKind::Scalar => None,
    });
    let results = desc.outputs.iter().filter_map(|&(_, output)| match output {
        MapOutput::Image(layout) => Some((layout, false)),
        MapOutput::Flat | MapOutput::ChannelSum | MapOutput::PixelSum(_) => None,
    });
    let by_image = desc.outputs.iter().filter_map(|&(_, output)| match output {
        MapOutput::PixelSum(layout) => Some(layout),
        MapOutput::Image(_) | MapOutput::Flat | MapOutput::ChannelSum => None,
    });
    let nodes = desc.expr.nodes();
    let known = |index: u32| (index as usize) < desc.operands.len();
    if nodes.iter().any(|node| matches!(node, ExprNode::Input(i) | ExprNode::Uniform(i) if !known(*i))) {
        return bad("an expression names an operand that is not there");
    }
    let key_is_scalar = |index: u32| desc.operands[index as usize].kind == OperandKind::Scalar;
    if nodes.iter().any(|node| matches!(node, ExprNode::Uniform(i) if !key_is_scalar(*i))) {
        return bad("the key of random numbers is not a scalar");
    }
    match desc.domain {
        Domain::Flat => {
            if images.count() + results.count() > 0 {
                return bad("a flat run with images");
            }
            let channel = desc.operands.iter().any(|operand| operand.kind == OperandKind::Channel);
            if channel || desc.outputs.iter().any(|(_, output)| output.is_sum()) {
                return bad("a flat run has no channels");
            }
        }
        Domain::Images { height, width, channels } => {
            let fits = |(layout, operand): (Layout, bool)| {
                let whole = [layout.height, layout.width] == [height, width];
                let pixel = operand && [layout.height, layout.width] == [1, 1];
                layout.channels == channels && (whole || pixel)
            };
            if !images.chain(results).all(fits) {
                return bad("a layout is not of the domain's shape");
            }
            let is_pixel =
                |layout: Layout| [layout.height, layout.width, layout.channels] == [1, 1, channels];
            if !by_image.clone().all(is_pixel) {
                return bad("the sum over an image's pixels is no pixel");
            }
            let by_channel = desc.outputs.iter().any(|&(_, output)| output == MapOutput::ChannelSum);
            if by_channel && by_image.count() > 0 {
                return bad("sums over each image beside sums over all");
            }
            let flat = desc.operands.iter().any(|operand| operand.kind == OperandKind::Flat);
            if flat || desc.outputs.iter().any(|&(_, output)| output == MapOutput::Flat) {
                return bad("a flat operand or result among images");
            }
        }
    }
    Ok(())
}

/// A description with its arguments and loop-invariant values.
struct Map<'d> {
    desc: &'d MapDesc,
    /// Pointers of the operands, then of the outputs; an image's at its pixel (0, 0).
    pointers: Vec<Value>,
    /// Scalar operands as f32, others `None`.
    scalars: Vec<Option<Value>>,
    /// Keys of random numbers as i32, others `None`.
    keys: Vec<Option<Value>>,
    needed: Vec<bool>,
    /// Instructions of one evaluation, about.
    weight: usize,
    /// Lanes of a vector where the work is done by strips.
    strip_lanes: Option<usize>,
}

impl<'d> Map<'d> {
    fn new(k: &mut KernelBuilder<'_>, desc: &'d MapDesc, target: &Target) -> Self {
        let arguments = desc.operands.len() + desc.outputs.len();
        let mut pointers: Vec<Value> = (0..arguments).map(|i| k.arg(i)).collect();
        let is_key = |i: usize| {
            desc.expr.nodes().iter().any(|node| matches!(node, ExprNode::Uniform(key) if *key as usize == i))
        };
        let mut scalars = vec![None; desc.operands.len()];
        let mut keys = vec![None; desc.operands.len()];
        for (i, operand) in desc.operands.iter().enumerate() {
            match operand.kind {
                OperandKind::Scalar => {
                    if is_key(i) {
                        keys[i] = Some(k.load_i32(Lanes::One, pointers[i], 0));
                    }
                    scalars[i] = Some(k.load_as_f32(operand.element, Lanes::One, pointers[i], 0));
                }
                OperandKind::Image(layout) => {
                    pointers[i] = k.at_offset(operand.element, pointers[i], layout.origin);
                }
                OperandKind::Flat | OperandKind::Channel => {}
            }
        }
        for (j, &(_, output)) in desc.outputs.iter().enumerate() {
            if let MapOutput::Image(layout) | MapOutput::PixelSum(layout) = output {
                let at = desc.operands.len() + j;
                pointers[at] = k.at_offset(Element::F32, pointers[at], layout.origin);
            }
        }
        let needed = expr::needed(&desc.expr, desc.outputs.iter().map(|&(id, _)| id));
        let weight = expr::weight(&desc.expr, &needed);
        let strip_lanes = strips::can_do(desc, target.simd).then_some(target.simd.lanes());
        Self { desc, pointers, scalars, keys, needed, weight, strip_lanes }
    }

    /// The key in operand `at`.
    fn key(&self, at: usize) -> Value {
        self.keys[at].expect("operands of random keys are loaded as keys")
    }

    /// The layout of argument `at`, if it holds one element per place of the domain.
    fn layout(&self, at: usize) -> Option<Layout> {
        let layout = match self.desc.operands.get(at) {
            Some(operand) => match operand.kind {
                OperandKind::Image(layout) => layout,
                OperandKind::Flat | OperandKind::Channel | OperandKind::Scalar => return None,
            },
            None => match self.desc.outputs[at - self.desc.operands.len()].1 {
                MapOutput::Image(layout) => layout,
                MapOutput::Flat | MapOutput::ChannelSum | MapOutput::PixelSum(_) => return None,
            },
        };
        let whole = match self.desc.domain {
            Domain::Images { height, width, .. } => [layout.height, layout.width] == [height, width],
            Domain::Flat => false,
        };
        whole.then_some(layout)
    }

    /// The layout of argument `at`, if it is one pixel per image: an operand that all of the image's pixels
    /// share, or a sum over them.
    fn pixel_layout(&self, at: usize) -> Option<Layout> {
        let Some(operand) = self.desc.operands.get(at) else {
            return match self.desc.outputs.get(at - self.desc.operands.len())?.1 {
                MapOutput::PixelSum(layout) => Some(layout),
                MapOutput::Image(_) | MapOutput::Flat | MapOutput::ChannelSum => None,
            };
        };
        match operand.kind {
            OperandKind::Image(layout) if self.layout(at).is_none() => Some(layout),
            OperandKind::Image(_) | OperandKind::Flat | OperandKind::Channel | OperandKind::Scalar => None,
        }
    }

    /// Which outputs are sums.
    fn sums(&self) -> Vec<usize> {
        (0..self.desc.outputs.len()).filter(|&j| self.desc.outputs[j].1.is_sum()).collect()
    }

    /// Whether an argument is one pixel per image.
    fn has_pixels(&self) -> bool {
        (0..self.pointers.len()).any(|at| self.pixel_layout(at).is_some())
    }

    /// Whether sums are made for each image by itself.
    fn sums_by_image(&self) -> bool {
        self.desc.outputs.iter().any(|(_, output)| matches!(output, MapOutput::PixelSum(_)))
    }

    /// All layouts with one element per place of the domain.
    fn images(&self) -> impl Iterator<Item = Layout> {
        (0..self.pointers.len()).filter_map(|at| self.layout(at))
    }

    fn element(&self, at: usize) -> Element {
        self.desc.operands.get(at).map_or(Element::F32, |operand| operand.element)
    }

    /// Whether argument `at` has one element per place of the domain (images or a flat run).
    fn is_streamed(&self, at: usize) -> bool {
        let flat_operand =
            self.desc.operands.get(at).is_some_and(|operand| operand.kind == OperandKind::Flat);
        let flat_output = at >= self.desc.operands.len() && self.desc.domain == Domain::Flat;
        flat_operand || flat_output || self.layout(at).is_some()
    }

    fn depends_on_channel(&self) -> bool {
        let vectors = self.desc.operands.iter().any(|operand| operand.kind == OperandKind::Channel);
        vectors || self.has_pixels() || !self.sums().is_empty()
    }

    fn draws_random_numbers(&self) -> bool {
        self.keys.iter().any(Option::is_some)
    }

    fn results(&self) -> Vec<ExprId> {
        self.desc.outputs.iter().map(|&(id, _)| id).collect()
    }

    /// Pointers of all arguments at row `y` of image `n`; those that are not images are unchanged, what
    /// is one pixel per image stands at its image.
    fn row_pointers(&self, k: &mut KernelBuilder<'_>, n: Value, y: Value) -> Vec<Value> {
        let mut pointers = self.pointers.clone();
        for (at, pointer) in pointers.iter_mut().enumerate() {
            if let Some(layout) = self.layout(at) {
                let (image, row) = (k.index_scale(n, layout.image_pitch), k.index_scale(y, layout.row_pitch));
                let offset = k.index_add(image, row);
                *pointer = k.at(self.element(at), *pointer, offset);
            } else if let Some(layout) = self.pixel_layout(at) {
                let image = k.index_scale(n, layout.image_pitch);
                *pointer = k.at(self.element(at), *pointer, image);
            }
        }
        pointers
    }
}

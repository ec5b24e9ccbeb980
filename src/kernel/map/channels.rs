//! Walks over pixels for maps with vectors `[C]`, channel sums, or pixels that lie apart.
//!
//! The elements of a row are visited in *groups*: a pixel, or (where rows are without gaps) as many pixels as
//! make whole vectors. A group is cut into *units*, vectors or single lanes; the channel of a unit is a
//! constant, so its part of a vector `[C]` can stay in a register, and its part of a channel sum too.

use cranelift::prelude::Value;

use super::Map;
use super::expr::{self, Operands};
use super::flat::element_of_row;
use crate::desc::{MapOutput, OperandKind};
use crate::kernel::builder::{KernelBuilder, Lanes};
use crate::tensor::Element;

/// Longest pattern of channels that is no multiple of four: longer vectors `[C]` lose little by a scalar rest
/// in each pixel.
const MAX_PATTERN_CHANNELS: usize = 64;
/// Registers that may be spent on vectors `[C]`.
const MAX_RESIDENT_VECTORS: usize = 8;
/// Instructions above which a group is not unrolled entirely.
const MAX_UNROLLED_WEIGHT: usize = 256;

/// How the elements of one image are visited.
struct Walk {
    channels: usize,
    /// Elements of a group: a multiple of `channels`.
    period: usize,
    /// Groups follow each other without gaps, the same in all images; else a group is a pixel, at each
    /// layout's own pitch.
    dense: bool,
    /// Rows of an image, and elements of each.
    rows: usize,
    row: usize,
    image: usize,
    /// Whole groups of a row, and elements of the incomplete one at its end.
    groups: usize,
    tail: usize,
}

impl Walk {
    fn choose(map: &Map<'_>, shape: [usize; 3]) -> Self {
        let [height, width, channels] = shape;
        let whole = channels.is_multiple_of(4);
        let image = height * width * channels;
        let rows_dense = map.images().all(|layout| layout.rows_are_dense());
        let shares = (0..map.desc.operands.len()).any(|at| map.pixel_layout(at).is_some());
        let pattern = whole || (channels <= MAX_PATTERN_CHANNELS && !shares);
        if !(rows_dense && pattern) {
            let row = width * channels;
            return Self {
                channels,
                period: channels,
                dense: false,
                rows: height,
                row,
                image,
                groups: width,
                tail: 0,
            };
        }
        let join = map.images().all(|layout| layout.row_pitch == width * channels);
        let (rows, row) = if join { (1, image) } else { (height, width * channels) };
        // at least four vectors where the row has them, so that sums are independent chains
        let shortest = if whole { channels } else { channels * [4, 4, 2, 4][channels % 4] };
        let period = shortest * (16usize.div_ceil(shortest)).min(row / shortest).max(1);
        Self { channels, period, dense: true, rows, row, image, groups: row / period, tail: row % period }
    }

    /// `(start, lanes)` of each unit of a group.
    fn units(&self) -> Vec<(usize, Lanes)> {
        let vectors = (0..self.period / 4).map(|v| (v * 4, Lanes::Four));
        let rest = (self.period / 4 * 4..self.period).map(|at| (at, Lanes::One));
        vectors.chain(rest).collect()
    }

    /// Whether a unit's place in the group is its channel.
    fn is_single_pixel(&self) -> bool {
        self.period == self.channels
    }

    /// Whether vectors `[C]` are repeated in memory up to the length of a group.
    fn expands(&self) -> bool {
        !self.is_single_pixel() && !self.channels.is_multiple_of(4)
    }
}

/// Everything a walk needs.
struct Channels<'m, 'd> {
    map: &'m Map<'d>,
    walk: Walk,
    /// Pointers of vectors `[C]` (expanded where the walk does), others `None`.
    vectors: Vec<Option<Value>>,
    /// Outputs that are sums.
    sums: Vec<usize>,
    /// The image that is visited, where sums are made for each by itself.
    image: Option<Value>,
}

/// Emits the walk for images `[H, W, C]`.
pub(super) fn emit(k: &mut KernelBuilder<'_>, map: &Map<'_>, shape: [usize; 3]) {
    let walk = Walk::choose(map, shape);
    let operands = map.desc.operands.len();
    let mut vectors = vec![None; operands];
    for (i, operand) in map.desc.operands.iter().enumerate() {
        if operand.kind == OperandKind::Channel {
            let pointer = map.pointers[i];
            vectors[i] =
                Some(if walk.expands() { expand(k, &walk, operand.element, pointer) } else { pointer });
        }
    }
    let mut channels = Channels { map, walk, vectors, sums: map.sums(), image: None };
    if map.sums_by_image() {
        let count = k.count();
        k.for_range(count, |k, n| {
            channels.image = Some(n);
            channels.emit_sums(k);
        });
    } else if channels.sums.is_empty() {
        channels.emit_elements(k);
    } else {
        channels.emit_sums(k);
    }
}

/// A vector `[C]` repeated over the length of a group, as f32 on the stack.
fn expand(k: &mut KernelBuilder<'_>, walk: &Walk, element: Element, vector: Value) -> Value {
    let expanded = k.stack(walk.period);
    k.for_range(walk.channels, |k, c| {
        let from = k.at(element, vector, c);
        let value = k.load_as_f32(element, Lanes::One, from, 0);
        let to = k.at(Element::F32, expanded, c);
        for repeat in 0..walk.period / walk.channels {
            k.store(value, to, repeat * walk.channels);
        }
    });
    expanded
}

/// A block of units as it is visited: which of them, and where everything lies.
struct Block<'b> {
    units: &'b [(usize, Lanes)],
    /// Elements by which the block is moved within the group, where one piece of code serves several.
    shift: Option<Value>,
    /// Values of vectors `[C]` that stay in registers: by operand, then unit; empty where they do not.
    resident: Vec<Vec<Option<Value>>>,
}

impl Channels<'_, '_> {
    /// No sums: groups outside, so that memory is read in order.
    fn emit_elements(&self, k: &mut KernelBuilder<'_>) {
        let units = self.walk.units();
        let repeats = self.walk.is_single_pixel() || self.walk.expands();
        let block_units = (MAX_UNROLLED_WEIGHT / self.map.weight.max(1)).clamp(1, 8);
        let whole_vectors = self.walk.period / 4;
        let looped = if repeats && units.len() > 2 * block_units && self.walk.tail == 0 {
            whole_vectors / block_units * block_units
        } else {
            0
        };
        let rest = Block {
            units: &units[looped..],
            shift: None,
            resident: self.resident(k, &units[looped..], None),
        };
        self.nest(k, None, &[], |k, at, limit, _| {
            k.fold_steps(0, looped * 4, block_units * 4, &[], |k, shift, _| {
                let units = &units[..block_units];
                let block = Block { units, shift: Some(shift), resident: Vec::new() };
                let at = at.shifted(k, self, shift);
                self.emit_block(k, &block, &at, limit, &[])
            });
            self.emit_block(k, &rest, at, limit, &[])
        });
    }

    /// Where the sum of output `j` belongs: with [`Self::image`] that image's.
    fn sum_pointer(&self, k: &mut KernelBuilder<'_>, j: usize) -> Value {
        let at = self.map.desc.operands.len() + j;
        match (self.map.pixel_layout(at), self.image) {
            (Some(layout), Some(n)) => {
                let image = k.index_scale(n, layout.image_pitch);
                k.at(Element::F32, self.map.pointers[at], image)
            }
            _ => self.map.pointers[at],
        }
    }

    /// Sums: blocks of units outside, each with its sums in registers over all images, or over one.
    fn emit_sums(&self, k: &mut KernelBuilder<'_>) {
        let units = self.walk.units();
        // as many sums as registers hold; wide blocks, as each pass over the images reads only their part of
        // every pixel
        let block_units = match self.sums.len() {
            1 => 8,
            2 => 4,
            3 | 4 => 2,
            _ => 1,
        };
        let buffers: Vec<Value> = if self.walk.is_single_pixel() {
            self.sums.iter().map(|&j| self.sum_pointer(k, j)).collect()
        } else {
            self.sums.iter().map(|_| k.stack(self.walk.period)).collect()
        };
        let blocks = self.walk.period / 4 / block_units;
        let looped =
            if self.walk.is_single_pixel() && blocks > 2 && self.walk.tail == 0 { blocks } else { 0 };
        k.fold_steps(0, looped * block_units * 4, block_units * 4, &[], |k, shift, _| {
            self.emit_sum_block(k, &units[..block_units], Some(shift), &buffers);
            Vec::new()
        });
        for units in units[looped * block_units..].chunks(block_units) {
            self.emit_sum_block(k, units, None, &buffers);
        }
        if !self.walk.is_single_pixel() {
            self.fold_sums(k, &buffers);
        }
    }

    /// All images for one block of units; its sums go to `buffers`.
    fn emit_sum_block(
        &self,
        k: &mut KernelBuilder<'_>,
        units: &[(usize, Lanes)],
        shift: Option<Value>,
        buffers: &[Value],
    ) {
        let block = Block { units, shift, resident: self.resident(k, units, shift) };
        let zeros: Vec<Value> =
            units.iter().flat_map(|&(_, lanes)| vec![k.f32(lanes, 0.0); self.sums.len()]).collect();
        let sums =
            self.nest(k, shift, &zeros, |k, at, limit, sums| self.emit_block(k, &block, at, limit, sums));
        for (unit, sums) in units.iter().zip(sums.chunks(self.sums.len())) {
            for (&buffer, &sum) in buffers.iter().zip(sums) {
                let buffer = shift.map_or(buffer, |shift| k.at(Element::F32, buffer, shift));
                k.store(sum, buffer, unit.0);
            }
        }
    }

    /// Adds up what belongs to the same channel in a group's sums, from the first pixel to the last.
    fn fold_sums(&self, k: &mut KernelBuilder<'_>, buffers: &[Value]) {
        for (&j, &buffer) in self.sums.iter().zip(buffers) {
            let output = self.sum_pointer(k, j);
            k.for_range(self.walk.channels, |k, c| {
                let from = k.at(Element::F32, buffer, c);
                let mut sum = k.load(Lanes::One, from, 0);
                for pixel in 1..self.walk.period / self.walk.channels {
                    let next = k.load(Lanes::One, from, pixel * self.walk.channels);
                    sum = k.add(sum, next);
                }
                let to = k.at(Element::F32, output, c);
                k.store(sum, to, 0);
            });
        }
    }

    /// Loads what can stay in registers of the vectors `[C]`, for the given units.
    fn resident(
        &self,
        k: &mut KernelBuilder<'_>,
        units: &[(usize, Lanes)],
        shift: Option<Value>,
    ) -> Vec<Vec<Option<Value>>> {
        let vectors = self.vectors.iter().flatten().count();
        if vectors == 0 || vectors * units.len() > MAX_RESIDENT_VECTORS {
            return Vec::new();
        }
        let mut resident = Vec::new();
        for i in 0..self.vectors.len() {
            let load = |&(start, lanes): &(usize, Lanes)| self.load_vector(k, i, lanes, start, shift);
            resident.push(units.iter().map(load).collect());
        }
        resident
    }

    /// The part of the vector `[C]` in operand `i` for a unit; `None` if the operand is none.
    fn load_vector(
        &self,
        k: &mut KernelBuilder<'_>,
        i: usize,
        lanes: Lanes,
        start: usize,
        shift: Option<Value>,
    ) -> Option<Value> {
        let pointer = self.vectors[i]?;
        let (element, at) = if self.walk.expands() {
            (Element::F32, start)
        } else {
            (self.map.element(i), start % self.walk.channels)
        };
        let pointer = shift.map_or(pointer, |shift| k.at(element, pointer, shift));
        Some(k.load_as_f32(element, lanes, pointer, at))
    }

    /// Visits all groups of all images, or of [`Self::image`]. `body` gets where the group lies, how many of its elements count
    /// (`None`: all), and the values handed from group to group.
    fn nest(
        &self,
        k: &mut KernelBuilder<'_>,
        shift: Option<Value>,
        init: &[Value],
        mut body: impl FnMut(&mut KernelBuilder<'_>, &Group, Option<usize>, &[Value]) -> Vec<Value>,
    ) -> Vec<Value> {
        let walk = &self.walk;
        let mut visit = |k: &mut KernelBuilder<'_>, n: Value, carried: &[Value]| {
            k.fold_range(walk.rows, carried, |k, y, carried| {
                let element = element_of_row(k, self.map, [n, y], [walk.image, walk.row]);
                let row = Group { pointers: self.map.row_pointers(k, n, y), element };
                let row = match shift {
                    Some(shift) => row.shifted(k, self, shift),
                    None => row,
                };
                let (end, step) =
                    if walk.dense { (walk.groups * walk.period, walk.period) } else { (walk.groups, 1) };
                let carried = k.fold_steps(0, end, step, carried, |k, at, carried| {
                    let group = row.group(k, self, at);
                    body(k, &group, None, carried)
                });
                if walk.tail == 0 {
                    return carried;
                }
                let at = k.index(end);
                let group = row.group(k, self, at);
                body(k, &group, Some(walk.tail), &carried)
            })
        };
        match self.image {
            Some(n) => visit(k, n, init),
            None => {
                let count = k.count();
                k.fold_range(count, init, visit)
            }
        }
    }

    /// The units of a block in one group. `sums`, and what is returned, are by unit, then by channel sum.
    fn emit_block(
        &self,
        k: &mut KernelBuilder<'_>,
        block: &Block<'_>,
        group: &Group,
        limit: Option<usize>,
        sums: &[Value],
    ) -> Vec<Value> {
        let limit = limit.unwrap_or(self.walk.period);
        let mut sums = sums.to_vec();
        for (u, &(start, lanes)) in block.units.iter().enumerate() {
            let resident: Vec<Option<Value>> = block.resident.iter().map(|by_unit| by_unit[u]).collect();
            let sums = &mut sums[u * self.sums.len()..(u + 1) * self.sums.len()];
            if start + lanes.count() <= limit {
                let unit = Unit { channels: self, group, shift: block.shift, start, lanes, resident };
                for (sum, value) in sums.iter_mut().zip(self.emit_unit(k, unit)) {
                    *sum = k.add(*sum, value);
                }
                continue;
            }
            // the row ends within this vector
            for lane in 0..limit.saturating_sub(start) {
                let (start, lanes) = (start + lane, Lanes::One);
                let unit =
                    Unit { channels: self, group, shift: block.shift, start, lanes, resident: Vec::new() };
                for (sum, value) in sums.iter_mut().zip(self.emit_unit(k, unit)) {
                    let old = k.lane(*sum, lane);
                    let new = k.add(old, value);
                    *sum = k.with_lane(*sum, lane, new);
                }
            }
        }
        sums
    }

    /// Evaluates one unit, stores what is stored and returns what is summed.
    fn emit_unit(&self, k: &mut KernelBuilder<'_>, mut unit: Unit<'_, '_, '_>) -> Vec<Value> {
        let map = self.map;
        let values = expr::evaluate(k, &map.desc.expr, &map.needed, &mut unit, &map.results());
        let mut summed = Vec::new();
        for (j, value) in values.into_iter().enumerate() {
            match map.desc.outputs[j].1 {
                MapOutput::ChannelSum | MapOutput::PixelSum(_) => summed.push(value),
                MapOutput::Image(_) | MapOutput::Flat => {
                    k.store(value, unit.group.pointers[map.desc.operands.len() + j], unit.start);
                }
            }
        }
        summed
    }
}

/// Where a group lies: pointers of all arguments at its first element (one-pixel operands: at their image's),
/// and that element's index within the batch.
struct Group {
    pointers: Vec<Value>,
    element: Value,
}

impl Group {
    /// `at` elements (dense walks) or pixels further in the row.
    fn group(&self, k: &mut KernelBuilder<'_>, channels: &Channels<'_, '_>, at: Value) -> Group {
        let (map, walk) = (channels.map, &channels.walk);
        let mut pointers = self.pointers.clone();
        for (i, pointer) in pointers.iter_mut().enumerate() {
            if let Some(layout) = map.layout(i) {
                let offset = if walk.dense { at } else { k.index_scale(at, layout.pixel_pitch) };
                *pointer = k.at(map.element(i), *pointer, offset);
            }
        }
        let elements = if walk.dense { at } else { k.index_scale(at, walk.channels) };
        Group { pointers, element: k.index_add(self.element, elements) }
    }

    /// `by` elements further in the group.
    fn shifted(&self, k: &mut KernelBuilder<'_>, channels: &Channels<'_, '_>, by: Value) -> Group {
        let map = channels.map;
        let mut pointers = self.pointers.clone();
        for (i, pointer) in pointers.iter_mut().enumerate() {
            if map.layout(i).is_some() || map.pixel_layout(i).is_some() {
                *pointer = k.at(map.element(i), *pointer, by);
            }
        }
        Group { pointers, element: k.index_add(self.element, by) }
    }
}

/// A unit as a place of expressions.
struct Unit<'a, 'm, 'd> {
    channels: &'a Channels<'m, 'd>,
    group: &'a Group,
    shift: Option<Value>,
    start: usize,
    lanes: Lanes,
    /// By operand; empty where nothing stays in registers.
    resident: Vec<Option<Value>>,
}

impl<'f> Operands<KernelBuilder<'f>> for Unit<'_, '_, '_> {
    fn constant(&mut self, k: &mut KernelBuilder<'f>, bits: u32) -> Value {
        k.f32(self.lanes, f32::from_bits(bits))
    }

    fn input(&mut self, k: &mut KernelBuilder<'f>, index: usize) -> Value {
        let (map, lanes) = (self.channels.map, self.lanes);
        if let Some(scalar) = map.scalars[index] {
            return k.splat(lanes, scalar);
        }
        if let Some(&Some(value)) = self.resident.get(index) {
            return value;
        }
        if let Some(value) = self.channels.load_vector(k, index, lanes, self.start, self.shift) {
            return value;
        }
        let at =
            if map.layout(index).is_some() { self.start } else { self.start % self.channels.walk.channels };
        k.load_as_f32(map.element(index), lanes, self.group.pointers[index], at)
    }

    fn hash_start(&mut self, k: &mut KernelBuilder<'f>, index: usize) -> Value {
        let element = k.index_offset(self.group.element, self.start);
        let element = k.low_bits(element);
        expr::hash_start(k, self.lanes, self.channels.map.key(index), element)
    }
}

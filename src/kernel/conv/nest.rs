//! The loops around the tiles: which come first decides what is read again from which cache.

use cranelift::prelude::Value;

use super::Pointers;
use super::part::Part;
use crate::desc::ConvDesc;
use crate::kernel::Target;
use crate::kernel::builder::KernelBuilder;
use crate::kernel::cache::streaming;
use crate::kernel::tiling::{
    self, Grid, Pieces, TilePointers, Tiling, VectorRun, emit_points, for_runs, for_vector_runs, split,
};
use crate::tensor::{Element, Layout};

/// Pieces that the rows of an image may be cut into.
const PIECES: [usize; 7] = [1, 2, 3, 4, 6, 8, 16];

/// The order of the loops.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Order {
    /// A block of output channels visits all images before the next: weights are read once.
    ChannelsFirst,
    /// All blocks visit some rows of an image before the next: the image is read once.
    RowsFirst(Vec<Pieces>),
}

/// Output channels whose weights lie together.
struct Blocks {
    channels: usize,
    /// All, where the weights lie as rows.
    width: usize,
}

impl Blocks {
    fn of(part: &Part, desc: &ConvDesc) -> Self {
        Self { channels: part.produced, width: desc.block.unwrap_or(part.produced) }
    }

    /// Blocks of the same width: first one, how many, width.
    fn runs(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        let (whole, rest) = (self.channels / self.width, self.channels % self.width);
        [(0, whole, self.width), (whole, 1, rest)]
            .into_iter()
            .filter(|&(_, count, width)| count > 0 && width > 0)
    }
}

fn grid(part: &Part, desc: &ConvDesc, rows: usize, channels: usize) -> Grid {
    Grid {
        rows,
        columns: part.extent[1],
        scale: if desc.epilogue.pool.is_some() { 2 } else { 1 },
        channels,
        steps: part.tile.steps(),
        a_pitch: part.tile.a_pitch,
        b_pitch: desc.block.unwrap_or(part.weight_row_pitch),
        loads_output: false,
    }
}

/// Cycles for one image.
pub(super) fn cycles(part: &Part, desc: &ConvDesc, target: &Target) -> f64 {
    if part.extent.contains(&0) {
        return 0.0;
    }
    let blocks = Blocks::of(part, desc);
    let of_run = |(_, count, width): (usize, usize, usize)| {
        count as f64 * grid(part, desc, part.extent[0], width).cycles(target.simd)
    };
    desc.groups as f64 * blocks.runs().map(of_run).sum::<f64>()
}

impl Order {
    /// The order with the least traffic by the model of [`streaming`], or one of those behind it ([`Rank`]).
    /// What is visited again and again comes from the level that it fits into.
    fn choose(part: &Part, desc: &ConvDesc, target: &Target) -> Self {
        let blocks = Blocks::of(part, desc);
        let width = blocks.width.min(2 * target.simd.lanes());
        let passes = blocks.channels.div_ceil(width) as f64;
        let weights = part.weight_rows(desc) * blocks.channels * size_of::<f32>();
        let image = desc.input.image_pitch * size_of::<f32>();
        let images = desc.images.max(1);
        let channels_first = streaming(weights) + passes * streaming(image * images);
        let rows_first = |pieces: usize| {
            let visits = (images * pieces) as f64;
            visits * (streaming(weights) + passes * streaming(image / pieces))
        };
        let pieces = PIECES.into_iter().filter(|&pieces| pieces <= part.extent[0]);
        let rows_first = pieces.map(|pieces| (rows_first(pieces), Some(pieces)));
        let mut orders: Vec<(f64, Option<usize>)> = rows_first.chain([(channels_first, None)]).collect();
        orders.sort_by(|a, b| a.0.total_cmp(&b.0));
        match orders[usize::from(desc.rank.order).min(orders.len() - 1)].1 {
            Some(pieces) => Order::RowsFirst(split(part.extent[0], pieces)),
            None => Order::ChannelsFirst,
        }
    }
}

/// Writes one part.
pub(super) fn emit(
    k: &mut KernelBuilder<'_>,
    part: &Part,
    desc: &ConvDesc,
    target: &Target,
    args: &Pointers,
) {
    if part.extent.contains(&0) {
        return;
    }
    let at = TilePointers {
        a: k.at_offset(Element::F32, args.input, part.input_start),
        b: k.at_offset(Element::F32, args.weight, part.weight_start(desc)),
        c: k.at_offset(Element::F32, args.output, part.output_start),
        bias: args.bias,
        winners: k.at_offset(Element::U8, args.winners, winners_layout(desc).map_or(0, |w| w.origin)),
        residual: k.at_offset(Element::F32, args.residual, desc.epilogue.residual.map_or(0, |r| r.origin)),
        trips: k.count(),
    };
    let count = k.count();
    let mut tile = part.tile(desc);
    tile.ahead = lines_ahead(part, desc);
    match Order::choose(part, desc, target) {
        Order::ChannelsFirst => {
            for_channels(k, part, desc, target, part.extent[0], at, &mut |k, tiling, run, at| {
                k.for_range(count, |k, image| {
                    let at = at_image(k, desc, at, image);
                    emit_points(k, &tile, tiling, run, at);
                });
            })
        }
        Order::RowsFirst(runs) => k.for_range(count, |k, image| {
            let at = at_image(k, desc, at, image);
            for_runs(k, &runs, |k, start, rows| {
                let at = at_row(k, part, desc, at, start);
                for_channels(k, part, desc, target, rows, at, &mut |k, tiling, run, at| {
                    emit_points(k, &tile, tiling, run, at);
                });
            });
        }),
    }
}

/// Runs over the groups and the vectors of channels that are written, with the tiling for this many rows.
fn for_channels(
    k: &mut KernelBuilder<'_>,
    part: &Part,
    desc: &ConvDesc,
    target: &Target,
    rows: usize,
    at: TilePointers,
    body: &mut dyn FnMut(&mut KernelBuilder<'_>, &Tiling, &VectorRun, TilePointers),
) {
    let lanes = target.simd.lanes();
    let blocks = Blocks::of(part, desc);
    let block_elements = part.weight_rows(desc) * blocks.width;
    k.for_range(desc.groups, |k, group| {
        let (a, b) = (k.index_scale(group, part.reduced), k.index_scale(group, part.weight_group_pitch));
        let c = k.index_scale(group, part.produced);
        let at = TilePointers {
            a: k.at(Element::F32, at.a, a),
            b: k.at(Element::F32, at.b, b),
            c: k.at(Element::F32, at.c, c),
            bias: k.at(Element::F32, at.bias, c),
            winners: k.at(Element::U8, at.winners, c),
            residual: k.at(Element::F32, at.residual, c),
            ..at
        };
        for (first, count, width) in blocks.runs() {
            let tiling = grid(part, desc, rows, width).choose_ranked(target.simd, desc.rank.cut);
            k.for_range(count, |k, block| {
                let block = k.index_offset(block, first);
                let (weights, channel) =
                    (k.index_scale(block, block_elements), k.index_scale(block, blocks.width));
                let b = k.at(Element::F32, at.b, weights);
                let trips = k.at_offset(Element::F32, b, block_elements);
                let at = TilePointers { b, trips, ..at.at_lane(k, channel) };
                for_vector_runs(k, &tiling.vectors, lanes, |k, lane, run| {
                    let at = at.at_lane(k, lane);
                    body(k, &tiling, run, at);
                });
            });
        }
    });
}

/// Weights beyond this many bytes do not wait in the second-level cache for the next image: while a block is
/// used, the next one is fetched.
const FETCHED_AHEAD_BYTES: usize = 512 << 10;

/// [`crate::kernel::micro::TileDesc::ahead`]
fn lines_ahead(part: &Part, desc: &ConvDesc) -> usize {
    let bytes = part.weight_rows(desc) * part.produced * size_of::<f32>();
    // behind a single image come those of all other layers before they are used again
    let block = desc.block.filter(|_| bytes > FETCHED_AHEAD_BYTES || desc.images == 1);
    block.map_or(0, tiling::lines_ahead)
}

fn winners_layout(desc: &ConvDesc) -> Option<Layout> {
    desc.epilogue.pool.and_then(|pool| pool.winners)
}

/// Moves to a row of points.
fn at_row(
    k: &mut KernelBuilder<'_>,
    part: &Part,
    desc: &ConvDesc,
    at: TilePointers,
    row: Value,
) -> TilePointers {
    let scale = if desc.epilogue.pool.is_some() { 2 } else { 1 };
    let a = k.index_scale(row, scale * part.tile.a_pitch[0]);
    let c = k.index_scale(row, part.tile.c_pitch[0]);
    let mut moved = TilePointers { a: k.at(Element::F32, at.a, a), c: k.at(Element::F32, at.c, c), ..at };
    if let Some(layout) = winners_layout(desc) {
        let winners = k.index_scale(row, layout.row_pitch);
        moved.winners = k.at(Element::U8, at.winners, winners);
    }
    if let Some(layout) = desc.epilogue.residual {
        let residual = k.index_scale(row, layout.row_pitch);
        moved.residual = k.at(Element::F32, at.residual, residual);
    }
    moved
}

/// Moves what has one tensor per image.
fn at_image(k: &mut KernelBuilder<'_>, desc: &ConvDesc, at: TilePointers, image: Value) -> TilePointers {
    let (a, c) =
        (k.index_scale(image, desc.input.image_pitch), k.index_scale(image, desc.output.image_pitch));
    let mut moved = TilePointers { a: k.at(Element::F32, at.a, a), c: k.at(Element::F32, at.c, c), ..at };
    if let Some(layout) = winners_layout(desc) {
        let winners = k.index_scale(image, layout.image_pitch);
        moved.winners = k.at(Element::U8, at.winners, winners);
    }
    if let Some(layout) = desc.epilogue.residual {
        let residual = k.index_scale(image, layout.image_pitch);
        moved.residual = k.at(Element::F32, at.residual, residual);
    }
    moved
}

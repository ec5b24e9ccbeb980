//! A shard's moments by strips: some vectors of channels of several pixels a turn, each with a sum of its
//! own.

use cranelift::prelude::Value;

use crate::desc::MomentsDesc;
use crate::kernel::Simd;
use crate::kernel::builder::KernelBuilder;
use crate::kernel::micro::{MemoryOperand, StripBuilder, StripDesc, StripOp, StripRun, StripValue};
use crate::kernel::pool::pixel;
use crate::tensor::{Element, Layout};

/// Vectors of channels visited at once.
const VECTORS: usize = 4;

/// Sums that grow at the same time: as many additions as begin before the first has ended.
const SUMS: usize = 8;

/// Pixels of an image that are visited in one run at most: their sums begin anew, and are then added to the
/// sum of all, so that errors stay small.
const LONGEST: usize = 256;

/// Pixels of images so small that those of all images are one run: a run costs as much as a dozen of them.
const FEW: usize = 16;

/// Lanes of the vectors, if strips do it: where channels fill half of one.
pub(super) fn lanes(desc: &MomentsDesc, simd: Simd) -> Option<usize> {
    let wide = match simd {
        Simd::Portable | Simd::Neon => false,
        Simd::Avx2 | Simd::Avx512 => 2 * desc.input.channels >= simd.lanes(),
    };
    wide.then_some(simd.lanes())
}

/// Writes n, mean and squares of all channels behind `partial`. `numbers` are the number of a channel's
/// elements, and what their sum is divided by.
pub(super) fn emit(
    k: &mut KernelBuilder<'_>,
    desc: &MomentsDesc,
    lanes: usize,
    partial: Value,
    numbers: [Value; 2],
) {
    let channels = desc.input.channels;
    let memory = Memory { partial, chains: k.stack(SUMS * lanes), numbers: k.stack(numbers.len()) };
    for (at, number) in numbers.into_iter().enumerate() {
        k.store(number, memory.numbers, at);
    }
    k.fill(memory.chains, SUMS * lanes, 0.0);
    k.fill(partial, 3 * channels, 0.0);
    let (whole, rest) = (channels / lanes, channels % lanes);
    let (blocks, left) = (whole / VECTORS, whole % VECTORS);
    let block = VECTORS * lanes;
    k.fold_steps(0, blocks * block, block, &[], |k, channel, _| {
        Block::new(desc, lanes, VECTORS, lanes).emit(k, &memory, channel);
        Vec::new()
    });
    for (from, vectors, used) in [(blocks * VECTORS, left, lanes), (whole, usize::from(rest > 0), rest)] {
        if vectors > 0 {
            let channel = k.index(from * lanes);
            Block::new(desc, lanes, vectors, used).emit(k, &memory, channel);
        }
    }
}

/// What a kernel works with besides the images.
struct Memory {
    partial: Value,
    /// The sums of a run; zeros between runs.
    chains: Value,
    /// n, and the divisor.
    numbers: Value,
}

/// What is summed up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Term {
    Element,
    SquaredDeviation,
}

/// Some vectors of channels.
struct Block<'d> {
    desc: &'d MomentsDesc,
    lanes: usize,
    vectors: usize,
    /// Lanes of each vector that are channels.
    used: usize,
    extent: Extent,
    /// Pixels of a turn.
    together: usize,
}

impl<'d> Block<'d> {
    fn new(desc: &'d MomentsDesc, lanes: usize, vectors: usize, used: usize) -> Self {
        let extent = Extent::of(&desc.input);
        let (pixels, most) = (extent.pixels(&desc.input), SUMS / vectors);
        // of all images there are as many pixels as there are images: nothing is left where each has a whole
        // number of turns
        let together =
            (1..=most.min(pixels)).rev().find(|&p| extent != Extent::Call || pixels.is_multiple_of(p));
        Self { desc, lanes, vectors, used, extent, together: together.unwrap_or(1) }
    }

    fn emit(&self, k: &mut KernelBuilder<'_>, memory: &Memory, channel: Value) {
        let channels = self.desc.input.channels;
        let n = k.at(Element::F32, memory.partial, channel);
        let [mean, squares] = [1, 2].map(|row| k.at_offset(Element::F32, n, row * channels));
        self.sum_up(k, Term::Element, [channel, memory.chains, mean, mean]);
        k.call_strip(&self.means(), &[memory.numbers, n, mean]);
        self.sum_up(k, Term::SquaredDeviation, [channel, memory.chains, squares, mean]);
    }

    /// Adds a term of all pixels to `total`.
    fn sum_up(&self, k: &mut KernelBuilder<'_>, term: Term, [channel, chains, total, mean]: [Value; 4]) {
        let input = &self.desc.input;
        let pixels = self.extent.pixels(input);
        let (turns, rest) = (pixels / self.together, pixels % self.together);
        let (x, first, count) = (k.arg(0), k.index(0), k.count());
        let visit = |k: &mut KernelBuilder<'_>, [n, y]: [Value; 2], length: Value| {
            let row = pixel(k, Element::F32, x, input, [n, y, first]);
            let from = k.at(Element::F32, row, channel);
            k.call_strip_along(&self.run(term, self.together), &[from, chains, mean], length);
            if rest > 0 {
                let from = k.at_offset(Element::F32, from, turns * self.together * input.pixel_pitch);
                let once = k.index(1);
                k.call_strip_along(&self.run(term, rest), &[from, chains, mean], once);
            }
            k.call_strip(&self.join(), &[chains, total]);
        };
        match self.extent {
            Extent::Call => {
                let length = k.index_scale(count, turns);
                visit(k, [first, first], length);
            }
            Extent::Image | Extent::Row => {
                let length = k.index(turns);
                k.for_range(count, |k, n| {
                    k.for_range(input.height * input.width / pixels, |k, y| visit(k, [n, y], length));
                });
            }
        }
    }

    /// So many pixels a turn. Pointers: x, the chains, the means.
    fn run(&self, term: Term, pixels: usize) -> StripDesc {
        let mut b = StripBuilder::default();
        let mut carried = Vec::with_capacity(pixels * self.vectors);
        for pixel in 0..pixels {
            for v in 0..self.vectors {
                let chain = u8::try_from(carried.len()).expect("there are few sums");
                carried.push(self.place(1, pixel * self.vectors + v));
                let at = pixel * self.desc.input.pixel_pitch + v * self.lanes;
                let x = b.load(MemoryOperand::new(0, at.cast_signed()));
                let value = match term {
                    Term::Element => x,
                    Term::SquaredDeviation => {
                        let mean = b.load_once(self.place(2, v));
                        let deviation = b.push(StripOp::Sub(x, mean));
                        b.push(StripOp::Mul(deviation, deviation))
                    }
                };
                b.push(StripOp::Accumulate(chain, value));
            }
        }
        let step = pixels * self.desc.input.pixel_pitch * Element::F32.size_bytes();
        let moves = vec![step.cast_signed(), 0, 0];
        b.finish_run(&[4, 0, 0], StripRun::Turns { moves, lanes: self.used }, &carried)
    }

    /// Adds the chains up into the total, and leaves zeros. Pointers: chains, total.
    fn join(&self) -> StripDesc {
        let mut b = StripBuilder::default();
        let mut sums: Vec<_> =
            (0..self.together).map(|pixel| b.load(self.place(0, pixel * self.vectors))).collect();
        while sums.len() > 1 {
            let joined = |two: &[StripValue]| two.iter().copied().reduce(|x, y| b.push(StripOp::Add(x, y)));
            sums = sums.chunks(2).filter_map(joined).collect();
        }
        let total = b.load(MemoryOperand::new(1, 0));
        let total = sums.into_iter().fold(total, |total, sum| b.push(StripOp::Add(total, sum)));
        b.store(Some(total), MemoryOperand::new(1, 0));
        for pixel in 0..self.together {
            b.store(None, self.place(0, pixel * self.vectors));
        }
        b.finish(&[4, 4], self.elements())
    }

    /// Divides the sums. Pointers: n and the divisor, where n is wanted, the sums.
    fn means(&self) -> StripDesc {
        let mut b = StripBuilder::default();
        let [n, divisor] = [0, 1].map(|at| b.push(StripOp::Spread(MemoryOperand::new(0, at))));
        b.store(Some(n), MemoryOperand::new(1, 0));
        let sum = b.load(MemoryOperand::new(2, 0));
        let mean = b.push(StripOp::Div(sum, divisor));
        b.store(Some(mean), MemoryOperand::new(2, 0));
        b.finish(&[0, 4, 4], self.elements())
    }

    /// The vector of this number behind a pointer.
    fn place(&self, pointer: u8, vector: usize) -> MemoryOperand {
        MemoryOperand::new(pointer, (vector * self.lanes).cast_signed())
    }

    /// Channels.
    fn elements(&self) -> usize {
        (self.vectors - 1) * self.lanes + self.used
    }
}

/// The pixels that follow each other at a fixed distance and are visited in one run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// Those of all images of the call.
    Call,
    /// Those of an image.
    Image,
    /// Those of a row.
    Row,
}

impl Extent {
    fn of(layout: &Layout) -> Self {
        let image = layout.height * layout.width;
        let rows_join = layout.height == 1 || layout.row_pitch == layout.width * layout.pixel_pitch;
        let images_join = layout.image_pitch == image * layout.pixel_pitch;
        match (rows_join && image <= LONGEST, images_join && image <= FEW) {
            (true, true) => Extent::Call,
            (true, false) => Extent::Image,
            (false, _) => Extent::Row,
        }
    }

    /// Pixels of an image that are in one run.
    fn pixels(self, layout: &Layout) -> usize {
        match self {
            Extent::Call | Extent::Image => layout.height * layout.width,
            Extent::Row => layout.width,
        }
    }
}

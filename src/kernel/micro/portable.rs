//! Four-lane vectors in the code generator's own form, for any machine.

use cranelift::codegen::ir;
use cranelift::prelude::Value;

use super::tile::{TileDesc, TileInit, TileStep, Trips, Unrolled, offset};
use crate::desc::{Compare, TileActivation};
use crate::kernel::builder::{self, KernelBuilder, Lanes};
use crate::kernel::code::BuildError;
use crate::tensor::Element;

const LANES: usize = 4;

/// Steps that are written out one by one at most: chains of multiply-adds longer than this spill.
const UNROLL_LIMIT: usize = 9;

/// Steps of one iteration of the innermost loop.
const UNROLL: usize = 4;

/// Of this many registers, there is room for the vectors of `b` and two more.
pub(super) fn max_accumulators(vectors: usize, registers: usize) -> usize {
    (registers - 2).saturating_sub(vectors)
}

/// Emits the function.
/// # Errors
/// [`BuildError::Host`] where the machine is unknown.
pub(super) fn emit(tile: &TileDesc) -> Result<ir::Function, BuildError> {
    KernelBuilder::build_tile(6, |k, arguments| {
        let &[a, b, c, bias, winners, trips] = arguments else {
            unreachable!("six parameters were asked for")
        };
        let mut emitter = Emitter { k, tile, c, bias, winners, trips };
        let sums = emitter.start();
        let nest = tile.unrolled(UNROLL_LIMIT, UNROLL);
        let sums = emitter.nest(&nest, nest.outer.len(), State { sums, a, b });
        emitter.finish(sums);
    })
}

struct Emitter<'k, 'f, 't> {
    k: &'k mut KernelBuilder<'f>,
    tile: &'t TileDesc,
    c: Value,
    bias: Value,
    winners: Value,
    trips: Value,
}

/// What goes from one turn of a loop to the next.
struct State {
    sums: Vec<Value>,
    a: Value,
    b: Value,
}

impl State {
    fn values(mut self) -> Vec<Value> {
        self.sums.extend([self.a, self.b]);
        self.sums
    }

    fn of(values: &[Value]) -> Self {
        let (sums, pointers) = values.split_at(values.len() - 2);
        Self { sums: sums.to_vec(), a: pointers[0], b: pointers[1] }
    }
}

impl Emitter<'_, '_, '_> {
    /// Lanes of a vector that are used.
    fn used(&self, vector: usize) -> usize {
        if vector + 1 == self.tile.vectors { self.tile.tail } else { LANES }
    }

    /// A vector; lanes that are not used are 0 and not read.
    fn load(&mut self, pointer: Value, elements: isize, vector: usize) -> Value {
        let used = self.used(vector);
        let at = self.k.moved(pointer, elements + (vector * LANES) as isize);
        if used == LANES {
            return self.k.load(Lanes::Four, at, 0);
        }
        let zero = self.k.f32(Lanes::Four, 0.0);
        (0..used).fold(zero, |all, lane| {
            let value = self.k.load(Lanes::One, at, lane);
            self.k.with_lane(all, lane, value)
        })
    }

    fn start(&mut self) -> Vec<Value> {
        let tile = self.tile;
        let per_vector: Vec<Value> = (0..tile.vectors)
            .map(|v| match tile.init {
                TileInit::Zero | TileInit::Output => self.k.f32(Lanes::Four, 0.0),
                TileInit::Bias => self.load(self.bias, 0, v),
            })
            .collect();
        let mut sums = Vec::new();
        for point in 0..tile.points() {
            for (v, &value) in per_vector.iter().enumerate() {
                let at = tile.c_offset(point / tile.columns, point % tile.columns);
                sums.push(if tile.init == TileInit::Output { self.load(self.c, at, v) } else { value });
            }
        }
        sums
    }

    /// The innermost `depth` loops of the nest.
    fn nest(&mut self, nest: &Unrolled<'_>, depth: usize, state: State) -> Vec<Value> {
        let Some(level) = depth.checked_sub(1) else { return self.innermost(nest, state) };
        let lp = nest.outer[level];
        let trips = match lp.trips {
            Trips::Const(trips) => builder::Trips::Constant(trips),
            Trips::Argument => builder::Trips::Runtime(self.trips),
        };
        let (tile, c, bias, winners, trip_count) = (self.tile, self.c, self.bias, self.winners, self.trips);
        let last = self.k.fold_range(trips, &state.values(), |k, _, values| {
            let state = State::of(values);
            let (a, b) = (state.a, state.b);
            let mut inside = Emitter { k, tile, c, bias, winners, trips: trip_count };
            let sums = inside.nest(nest, level, state);
            State { sums, a: k.moved(a, lp.a_step), b: k.moved(b, lp.b_step) }.values()
        });
        State::of(&last).sums
    }

    fn innermost(&mut self, nest: &Unrolled<'_>, state: State) -> Vec<Value> {
        let Some(inner) = &nest.inner else { return self.steps(&nest.steps, state) };
        let (tile, c, bias, winners, trips) = (self.tile, self.c, self.bias, self.winners, self.trips);
        let last = self.k.fold_range(inner.trips, &state.values(), |k, _, values| {
            let state = State::of(values);
            let (a, b) = (state.a, state.b);
            let mut inside = Emitter { k, tile, c, bias, winners, trips };
            let sums = inside.steps(&inner.steps, state);
            State { sums, a: k.moved(a, inner.stride.a), b: k.moved(b, inner.stride.b) }.values()
        });
        self.steps(&inner.rest, State::of(&last))
    }

    fn steps(&mut self, steps: &[TileStep], state: State) -> Vec<Value> {
        let State { mut sums, a, b } = state;
        for step in steps {
            let vectors: Vec<Value> = (0..self.tile.vectors).map(|v| self.load(b, step.b, v)).collect();
            for point in 0..self.tile.points() {
                let from = self.k.moved(a, step.a + self.tile.a_offset(point));
                let number = self.k.load(Lanes::One, from, 0);
                let spread = self.k.splat(Lanes::Four, number);
                for (v, &vector) in vectors.iter().enumerate() {
                    let sum = &mut sums[self.tile.accumulator(point, v)];
                    *sum = self.k.mul_add(vector, spread, *sum);
                }
            }
        }
        sums
    }

    fn finish(&mut self, sums: Vec<Value>) {
        let tile = self.tile;
        let [rows, columns] = tile.stored();
        for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
            for v in 0..tile.vectors {
                let x = match tile.epilogue.pool {
                    None => sums[tile.accumulator(row * tile.columns + column, v)],
                    Some(pool) => {
                        let points = tile.pooled(row, column, v).map(|at| sums[at]);
                        let at = pool.winners.map(|pitch| row * pitch[0] + column * pitch[1] + v * LANES);
                        self.pool(points, at, v)
                    }
                };
                let x = match tile.epilogue.residual {
                    None => x,
                    Some(pitch) => {
                        // the fifth argument is one or the other
                        let residual = self.load(self.winners, offset(pitch, row, column), v);
                        self.k.add(x, residual)
                    }
                };
                let x = self.activate(x);
                let at = self.k.moved(self.c, tile.c_offset(row, column) + (v * LANES) as isize);
                match self.used(v) {
                    LANES => self.k.store(x, at, 0),
                    used => {
                        for lane in 0..used {
                            let value = self.k.lane(x, lane);
                            self.k.store(value, at, lane);
                        }
                    }
                }
            }
        }
    }

    /// The largest of four; stores its index at byte `winners` where asked.
    fn pool(&mut self, points: [Value; 4], winners: Option<usize>, vector: usize) -> Value {
        let mut best = points[0];
        let mut index = self.k.i32(Lanes::Four, 0);
        for (candidate, number) in points.into_iter().zip(0..).skip(1) {
            if winners.is_some() {
                let larger = self.k.compare(Compare::Less, best, candidate);
                let number = self.k.i32(Lanes::Four, number);
                index = self.k.select(larger, number, index);
            }
            best = self.k.max(candidate, best);
        }
        if let Some(at) = winners {
            let to = self.k.at_offset(Element::U8, self.winners, at);
            match self.used(vector) {
                LANES => self.k.store_u8(index, to, 0),
                used => {
                    for lane in 0..used {
                        let value = self.k.lane(index, lane);
                        self.k.store_u8(value, to, lane);
                    }
                }
            }
        }
        best
    }

    fn activate(&mut self, x: Value) -> Value {
        match self.tile.epilogue.activation {
            None => x,
            Some(TileActivation::Relu) => {
                let zero = self.k.f32(Lanes::Four, 0.0);
                self.k.max(zero, x)
            }
            Some(TileActivation::ClippedRelu(limit)) => {
                let (zero, limit) =
                    (self.k.f32(Lanes::Four, 0.0), self.k.f32(Lanes::Four, f32::from_bits(limit)));
                let raised = self.k.max(zero, x);
                self.k.min(limit, raised)
            }
            Some(TileActivation::LeakyRelu(slope)) => {
                let (zero, slope) =
                    (self.k.f32(Lanes::Four, 0.0), self.k.f32(Lanes::Four, f32::from_bits(slope)));
                let scaled = self.k.mul(x, slope);
                let negative = self.k.compare(Compare::Less, x, zero);
                self.k.select(negative, scaled, x)
            }
        }
    }
}

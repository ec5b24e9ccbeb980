//! Loops and choices.

use cranelift::codegen::ir::{BlockArg, types};
use cranelift::prelude::{InstBuilder, IntCC, Value};

use super::{KernelBuilder, Lanes};

/// How often a loop runs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Trips {
    /// Known now.
    Constant(usize),
    /// An i64 known when the kernel runs.
    Runtime(Value),
}

impl From<usize> for Trips {
    fn from(trips: usize) -> Self {
        Trips::Constant(trips)
    }
}

impl From<Value> for Trips {
    fn from(trips: Value) -> Self {
        Trips::Runtime(trips)
    }
}

impl KernelBuilder<'_> {
    /// Runs `body` for `i` in `0..trips`.
    pub(crate) fn for_range(&mut self, trips: impl Into<Trips>, body: impl FnOnce(&mut Self, Value)) {
        self.fold_range(trips, &[], |k, i, _| {
            body(k, i);
            Vec::new()
        });
    }

    /// Runs `body` for `i` in `0..trips`, handing values from each turn to the next; returns the last.
    pub(crate) fn fold_range(
        &mut self,
        trips: impl Into<Trips>,
        init: &[Value],
        body: impl FnOnce(&mut Self, Value, &[Value]) -> Vec<Value>,
    ) -> Vec<Value> {
        self.fold_steps(0, trips, 1, init, body)
    }

    /// Runs `body` for `i` in `from, from + step, …` below `end`, handing values from each turn to the next.
    /// A loop of no turns leaves `init`; one of a single known turn is written without a loop.
    pub(crate) fn fold_steps(
        &mut self,
        from: impl Into<Trips>,
        end: impl Into<Trips>,
        step: usize,
        init: &[Value],
        body: impl FnOnce(&mut Self, Value, &[Value]) -> Vec<Value>,
    ) -> Vec<Value> {
        let (from, end) = (from.into(), end.into());
        let mut certain = false;
        if let (Trips::Constant(a), Trips::Constant(b)) = (from, end) {
            if a >= b {
                return init.to_vec();
            }
            if b - a <= step {
                let i = self.index(a);
                return body(self, i, init);
            }
            certain = true;
        }
        let (from, end) = (self.trips_value(from), self.trips_value(end));
        let (head, exit) = (self.fb.create_block(), self.fb.create_block());
        let index = self.fb.append_block_param(head, types::I64);
        let kinds: Vec<_> = init.iter().map(|&v| self.fb.func.dfg.value_type(v)).collect();
        let carried: Vec<Value> = kinds.iter().map(|&ty| self.fb.append_block_param(head, ty)).collect();
        let results: Vec<Value> = kinds.iter().map(|&ty| self.fb.append_block_param(exit, ty)).collect();

        let start: Vec<BlockArg> = std::iter::once(&from).chain(init).map(|&v| v.into()).collect();
        let skip: Vec<BlockArg> = init.iter().map(|&v| v.into()).collect();
        if certain {
            self.fb.ins().jump(head, &start);
        } else {
            let any = self.fb.ins().icmp(IntCC::SignedLessThan, from, end);
            self.fb.ins().brif(any, head, &start, exit, &skip);
        }
        self.fb.switch_to_block(head);
        let next = body(self, index, &carried);
        let step = i64::try_from(step).expect("a step is small");
        let following = self.fb.ins().iadd_imm_s(index, step);
        let more = self.fb.ins().icmp(IntCC::SignedLessThan, following, end);
        let again: Vec<BlockArg> = std::iter::once(&following).chain(&next).map(|&v| v.into()).collect();
        let done: Vec<BlockArg> = next.iter().map(|&v| v.into()).collect();
        self.fb.ins().brif(more, head, &again, exit, &done);
        self.fb.switch_to_block(exit);
        results
    }

    /// Visits channels: blocks of at most `vectors` vectors, then the rest one by one. `body` gets the lanes,
    /// how many vectors (or scalars) follow each other from the first channel on, and that channel.
    pub(crate) fn for_channels(
        &mut self,
        channels: usize,
        vectors: usize,
        body: &mut dyn FnMut(&mut Self, Lanes, usize, Value),
    ) {
        let whole = channels / 4;
        let (blocks, rest) = (whole / vectors * vectors, whole % vectors);
        self.fold_steps(0, 4 * blocks, 4 * vectors, &[], |k, c, _| {
            body(k, Lanes::Four, vectors, c);
            Vec::new()
        });
        if rest > 0 {
            let c = self.index(4 * blocks);
            body(self, Lanes::Four, rest, c);
        }
        self.fold_steps(4 * whole, channels, 1, &[], |k, c, _| {
            body(k, Lanes::One, 1, c);
            Vec::new()
        });
    }

    /// Runs `body` only where `condition` is not 0.
    pub(crate) fn when(&mut self, condition: Value, body: impl FnOnce(&mut Self)) {
        self.either(condition, body, |_| ());
    }

    /// Runs `then` where `condition` is not 0, else `otherwise`.
    pub(crate) fn either(
        &mut self,
        condition: Value,
        then: impl FnOnce(&mut Self),
        otherwise: impl FnOnce(&mut Self),
    ) {
        let (yes, no, exit) = (self.fb.create_block(), self.fb.create_block(), self.fb.create_block());
        self.fb.ins().brif(condition, yes, &[], no, &[]);
        self.fb.switch_to_block(yes);
        then(self);
        self.fb.ins().jump(exit, &[]);
        self.fb.switch_to_block(no);
        otherwise(self);
        self.fb.ins().jump(exit, &[]);
        self.fb.switch_to_block(exit);
    }

    fn trips_value(&mut self, trips: Trips) -> Value {
        match trips {
            Trips::Constant(n) => self.index(n),
            Trips::Runtime(value) => value,
        }
    }
}

//! Every family against a naive reference, on guarded buffers of random layouts.

mod harness;
mod keras_losses;
mod map;
mod math;
mod movement;
mod pool;
mod rows;
mod statistics;
mod warp;

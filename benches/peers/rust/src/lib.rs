//! What the programs of this package share: their command line, the networks, pictures to work on, and how
//! steps are timed.
//!
//! A program takes the arguments of `peer.py` and prints the same line of JSON.
pub mod arguments;
pub mod data;
pub mod network;
pub mod run;

/// What went wrong, as a sentence for the user.
pub type Failure = Box<dyn std::error::Error>;

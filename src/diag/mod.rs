//! Problems of the user's file: collected as data, said in sentences from a catalogue, drawn or printed as
//! JSON.
//!
//! A [`Diagnostic`] holds data alone: its code, arguments, labelled spans and edits. The sentences stand in
//! `catalogue/<language>/`, keyed by code; so another language is another folder.

mod catalogue;
mod code;
mod diagnostic;
mod excerpt;
mod explain;
mod json;
mod mention;
mod pages;
mod patterns;
mod phrases;
mod problems;
mod render;
mod repair;
#[cfg(test)]
mod sentences;
mod shown;
mod words;

pub use catalogue::{Language, main_sentence};
pub use code::Code;
pub use diagnostic::{Diagnostic, Edit, Fix, Label, Level, Move, MoveTo, NewSetting};
pub use explain::explain;
pub use json::{render_json, render_json_rest};
pub(crate) use mention::in_lines;
pub use mention::{Mention, Term};
pub use pages::{machine_codes, run_codes};
pub use problems::Problems;
pub use render::{RenderStyle, render, render_all};
pub use repair::{Repaired, repair};

//! Problems of the user's file: collected as data, said in sentences from a catalogue, drawn or printed as JSON.
//!
//! A [`Diagnostic`] holds data alone: its code, arguments, labelled spans and edits. The sentences stand in
//! `catalogue/<language>/`, keyed by code; so another language is another folder.

mod catalogue;
mod code;
mod diagnostic;
mod explain;
mod json;
mod problems;
mod render;

pub use catalogue::Language;
pub use code::Code;
pub use diagnostic::{Diagnostic, Edit, Fix, Label, Level};
pub use explain::explain;
pub use json::render_json;
pub use problems::Problems;
pub use render::{RenderStyle, render};

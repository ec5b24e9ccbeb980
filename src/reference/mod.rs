//! The reference: every word of the language, whatever table it stands in, and the page that tells what it means.
//!
//! `cnnc explain conv2d`, the tables of `docs/language.md` and the list for editors (`cnnc explain --json`) read it.

mod entries;
mod json;
mod korean;
mod page;

pub use entries::{Entry, entries, find, near};
pub use json::to_json;
pub use korean::korean;
pub use page::page;

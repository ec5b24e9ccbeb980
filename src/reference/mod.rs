//! The reference: every word of the language, whatever table it stands in, and the page that tells what it
//! means.
//!
//! `cnnc explain conv2d`, `cnnc explain E0006`, the tables of `docs/language.md` and the list for editors (`cnnc explain --json`)
//! read it.

mod codes;
mod entries;
mod json;
mod korean;
mod page;
#[expect(clippy::wildcard_enum_match_arm, reason = "what has no form of its own may be anything")]
mod schema;

pub use codes::explain;
pub use entries::{Entry, entries, find, near};
pub use json::to_json;
pub use korean::korean;
pub use page::page;
pub use schema::settings_schema;

//! Pages on problems that no file is at fault for: they have no example file.

mod machine;
mod runs;
mod runs_ko;

pub use machine::machine_codes;
pub use runs::run_codes;

use super::Language;

/// The page on a code of these; `None` where there is no such code.
pub(super) fn explain(code: &str, language: Language) -> Option<String> {
    runs::explain(code, language).or_else(|| machine::explain(code, language))
}

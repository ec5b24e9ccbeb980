//! What a file may say and is checked, but is not run by this version.

use super::Program;
use crate::source::Span;

impl Program {
    /// Parts of the language in this program that are checked but not run, with their places. Commands that
    /// compute something refuse them before the first picture is read: a run without a part of its
    /// description would be another experiment.
    pub fn not_run_yet(&self) -> Vec<(String, Span)> {
        let mut parts = Vec::new();
        parts.extend(self.tune.as_ref().map(|tune| ("a search (`tune`)".to_owned(), tune.span)));
        let ensembles = self.ensembles.iter().filter(|_| !self.is_asked_for);
        parts.extend(ensembles.map(|ensemble| ("an ensemble".to_owned(), ensemble.span)));
        parts.dedup();
        parts
    }
}

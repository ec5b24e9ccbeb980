//! Several texts behind one range of offsets.

use super::{SourceFile, Span};

/// The file that is compiled and the small texts beside it (`--set` arguments), one after the other in one
/// range of offsets, so that a [`Span`] alone says where something is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceMap {
    /// Each text and the offset of its first byte. One unused offset stands between two texts.
    files: Vec<(usize, SourceFile)>,
}

impl SourceMap {
    /// A map of one file, at offset 0.
    pub fn new(file: SourceFile) -> Self {
        Self { files: vec![(0, file)] }
    }

    /// Adds a text and returns the offset of its first byte.
    pub fn add(&mut self, file: SourceFile) -> usize {
        let base = self.files.last().map_or(0, |(base, last)| base + last.text.len() + 1);
        self.files.push((base, file));
        base
    }

    /// The text that holds the offset, and the offset of its first byte.
    pub fn find(&self, offset: usize) -> (&SourceFile, usize) {
        let at = self.files.partition_point(|(base, _)| *base <= offset).saturating_sub(1);
        let (base, file) = &self.files[at];
        (file, *base)
    }

    /// The file that is compiled.
    pub fn main(&self) -> &SourceFile {
        &self.files[0].1
    }

    /// What stands at a span.
    pub fn slice(&self, span: Span) -> &str {
        let (file, base) = self.find(span.start);
        file.slice(Span::new(span.start - base, span.end.saturating_sub(base)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_text_of_an_offset() {
        let mut map = SourceMap::new(SourceFile::new("a.cnn", "model"));
        let base = map.add(SourceFile::new("--set train.batch", "64"));
        assert_eq!(base, 6);
        assert_eq!(map.slice(Span::new(0, 5)), "model");
        assert_eq!(map.slice(Span::new(6, 8)), "64");
        assert_eq!(map.find(7).0.name, "--set train.batch");
        assert_eq!(map.find(5).0.name, "a.cnn");
    }
}

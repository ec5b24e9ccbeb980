//! Words with options, and the values that they make.

use super::{Attributes, OptionSpec, OptionValue, call, named};
use crate::source::Span;

/// What is known of a word: what lowering, the reference, suggestions and `cnnc explain` read.
#[derive(Debug, Clone, Copy)]
pub struct Word {
    /// `early_stopping`
    pub keyword: &'static str,
    /// Keras's spelling, else PyTorch's; empty where neither has it. Offered in help, never accepted.
    pub keras: &'static str,
    /// What it is, in a sentence or two.
    pub help: &'static str,
    /// What it computes; empty where the sentence says all.
    pub formula: &'static str,
    /// Where that is defined; empty where the formula says all.
    pub source: &'static str,
    /// A line of a file that uses it, without the section around it.
    pub example: &'static str,
    /// In the order of positional arguments.
    pub options: &'static [OptionSpec],
    /// This many of the first options are written without their names: `crop(28x28, pad: 4)` has one.
    pub unnamed: usize,
}

impl Word {
    /// A word without options of which only this is known.
    pub const fn new(keyword: &'static str, help: &'static str) -> Self {
        Self { keyword, keras: "", help, formula: "", source: "", example: "", options: &[], unnamed: 0 }
    }

    /// With the spelling of other frameworks.
    pub const fn keras(self, keras: &'static str) -> Self {
        Self { keras, ..self }
    }

    /// With what it computes.
    pub const fn formula(self, formula: &'static str) -> Self {
        Self { formula, ..self }
    }

    /// With where that is defined.
    pub const fn source(self, source: &'static str) -> Self {
        Self { source, ..self }
    }

    /// With a line that uses it.
    pub const fn example(self, example: &'static str) -> Self {
        Self { example, ..self }
    }

    /// With options.
    pub const fn options(self, options: &'static [OptionSpec]) -> Self {
        Self { options, ..self }
    }

    /// With this many options that are written without their names.
    pub const fn unnamed(self, unnamed: usize) -> Self {
        Self { unnamed, ..self }
    }

    /// The option of a name.
    pub fn option(&self, name: &str) -> Option<&'static OptionSpec> {
        self.options.iter().find(|option| option.name == name)
    }
}

/// A word, and how its attributes become a value.
pub struct Row<T: 'static> {
    /// What is known of it.
    pub word: Word,
    make: fn(&Attributes) -> T,
}

impl<T> Row<T> {
    /// A row. `make` may ask for the options of the word with the types that they have there.
    pub const fn new(word: Word, make: fn(&Attributes) -> T) -> Self {
        Self { word, make }
    }

    /// The value of attributes that were read by this word's options.
    pub fn make(&self, attributes: &Attributes) -> T {
        (self.make)(attributes)
    }
}

/// Values of which each is made by a word of one table: optimizers, callbacks, augmentations.
pub trait Words: Sized + 'static {
    /// What stands where one is expected, with an example: ``an optimizer such as `adam(lr: 0.001)` ``.
    const EXPECTED: &'static str;
    /// What is said of the first option is said of the word: `rotation(20)` lacks a unit, not its `angle`.
    const FIRST_IS_WORD: bool = false;
    /// All of them, in the order of the reference.
    const TABLE: &'static [Row<Self>];

    /// The word and the options that make this value again.
    fn written(&self) -> Written;

    /// The row of a keyword.
    fn row(keyword: &str) -> Option<&'static Row<Self>> {
        Self::TABLE.iter().find(|row| row.word.keyword == keyword)
    }

    /// All keywords.
    fn keywords() -> impl Iterator<Item = &'static str> {
        Self::TABLE.iter().map(|row| row.word.keyword)
    }

    /// The value of a word alone, all options at their defaults; `None` where there is no such word, or one
    /// of its options must be written.
    fn by_default(keyword: &str) -> Option<Self> {
        let row = Self::row(keyword)?;
        let attributes = Attributes::new(row.word.options, |_| None).ok()?;
        Some(row.make(&attributes.placed((row.word.keyword, Span::default()), Vec::new())))
    }

    /// The word alone, as it is written.
    fn keyword(&self) -> &'static str {
        self.written().keyword
    }

    /// As it is written, options and all.
    fn text(&self) -> String {
        let written = self.written();
        let unnamed = Self::row(written.keyword).map_or(0, |row| row.word.unnamed);
        written.text(unnamed)
    }
}

/// A value as a file would hold it.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// The word.
    pub keyword: &'static str,
    /// Its options, in the order of the table. Those that are left out have their defaults.
    pub options: Vec<(&'static str, OptionValue)>,
}

impl Written {
    /// A word with these options.
    pub fn new(keyword: &'static str, options: impl Into<Vec<(&'static str, OptionValue)>>) -> Self {
        Self { keyword, options: options.into() }
    }

    /// A word without options.
    pub fn bare(keyword: &'static str) -> Self {
        Self::new(keyword, [])
    }

    /// `keyword(first, name: second)`, with this many options that are written without their names.
    pub fn text(&self, unnamed: usize) -> String {
        let options = self.options.iter().enumerate();
        let arguments: Vec<String> = options
            .map(|(at, (name, value))| if at < unnamed { value.text() } else { named(name, value.text()) })
            .collect();
        call(self.keyword, &arguments)
    }
}

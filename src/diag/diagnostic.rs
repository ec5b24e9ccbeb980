//! One problem, as data.

use super::{Code, Mention};
use crate::source::Span;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// The file cannot be compiled.
    Error,
    /// It can, but hardly does what is meant.
    Warning,
    /// Worth knowing; shown only where hints are asked for.
    Hint,
}

impl Level {
    /// As it is printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Hint => "hint",
        }
    }
}

/// A value that a sentence of the catalogue mentions, by its name: `{name}`.
pub(super) type Argument = (&'static str, Mention);

/// A place with what is to be said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// Key of the sentence under the diagnostic's code.
    pub sentence: &'static str,
    /// Values of this label alone; those of the diagnostic are known to it too.
    pub(super) arguments: Vec<Argument>,
    /// Whether this is the place of the mistake itself.
    pub primary: bool,
}

/// A replacement of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced (empty: an insertion).
    pub span: Span,
    /// What stands there afterwards.
    pub text: String,
}

/// Edits that, made together, remove the problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// In any order; they do not overlap.
    pub edits: Vec<Edit>,
}

/// A setting that a fix writes: into its section, which need not be there yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSetting {
    /// The section's name.
    pub section: &'static str,
    /// The setting's name.
    pub key: &'static str,
    /// Its value, as it is written.
    pub value: String,
}

/// An entry of a section that a fix moves to where it belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The whole entry: `batch_size: 32`.
    pub entry: Span,
    /// Its name: `batch_size`.
    pub key: Span,
    /// What it is called where it belongs: `batch`.
    pub name: &'static str,
    /// Where it belongs.
    pub to: MoveTo,
}

/// Where an entry belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MoveTo {
    /// Into the section of this name.
    Section(&'static str),
    /// Into the value of a setting of the same section, as an option of one of these words.
    Argument {
        /// The setting: `optimizer`.
        setting: &'static str,
        /// Words that have the option.
        words: Vec<&'static str>,
        /// The word that counts where the setting is not written.
        default: Option<&'static str>,
    },
}

/// One problem: data only, the sentences are in the catalogue under its code.
///
/// It takes the place of one error enum per room: every problem is used in one way only, to be shown, and a
/// variant with the same fields beside each constructor call would say everything twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// What kind of problem.
    pub code: Code,
    /// How bad.
    pub level: Level,
    /// Key of the main sentence: `say`, or a variant of it.
    pub(super) sentence: &'static str,
    /// Values that the sentences mention.
    pub(super) arguments: Vec<Argument>,
    /// Places; the first primary one decides where the problem is listed.
    pub labels: Vec<Label>,
    /// Keys of further sentences that explain.
    pub(super) notes: Vec<&'static str>,
    /// Keys of sentences that say what to write instead.
    pub(super) helps: Vec<&'static str>,
    /// Each removes the problem.
    pub fixes: Vec<Fix>,
    /// The statements that use the block it is in, the innermost first; empty for a problem outside of
    /// blocks.
    pub used_at: Vec<Span>,
    /// Settings that remove the problem, each by itself; they become fixes where the file's text is known.
    pub(crate) settings: Vec<NewSetting>,
    /// Entries whose move removes the problem; they become fixes as settings do.
    pub(crate) moves: Vec<Move>,
}

impl Diagnostic {
    /// A problem with the code's usual level and no places yet.
    pub fn new(code: Code) -> Self {
        Self {
            code,
            level: code.level(),
            sentence: "say",
            arguments: Vec::new(),
            labels: Vec::new(),
            notes: Vec::new(),
            helps: Vec::new(),
            fixes: Vec::new(),
            used_at: Vec::new(),
            settings: Vec::new(),
            moves: Vec::new(),
        }
    }

    /// Puts every place where `place` says.
    pub(super) fn place(&mut self, place: impl Fn(Span) -> Span) {
        let labels = self.labels.iter_mut().map(|label| &mut label.span);
        let edits = self.fixes.iter_mut().flat_map(|fix| &mut fix.edits).map(|edit| &mut edit.span);
        for span in labels.chain(edits).chain(&mut self.used_at) {
            *span = place(*span);
        }
    }

    /// Whether it says the same as another one, wherever the block it is in is used.
    pub(super) fn same(&self, other: &Diagnostic) -> bool {
        let Diagnostic {
            code,
            level,
            sentence,
            arguments,
            labels,
            notes,
            helps,
            fixes,
            settings,
            moves,
            used_at: _,
        } = self;
        *code == other.code
            && *level == other.level
            && *sentence == other.sentence
            && *arguments == other.arguments
            && *labels == other.labels
            && *notes == other.notes
            && *helps == other.helps
            && *fixes == other.fixes
            && *settings == other.settings
            && *moves == other.moves
    }

    /// The places in `used_at` that no label names already.
    pub(super) fn uses(&self) -> impl Iterator<Item = Span> {
        self.used_at.iter().copied().filter(|span| self.labels.iter().all(|label| label.span != *span))
    }

    /// With another level than the code's usual one.
    pub fn with_level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// With another main sentence of the code.
    pub fn saying(mut self, sentence: &'static str) -> Self {
        self.sentence = sentence;
        self
    }

    /// With a value that sentences mention as `{name}`.
    pub fn arg(self, name: &'static str, value: impl ToString) -> Self {
        self.mention(name, Mention::Text(value.to_string()))
    }

    /// With a value that sentences mention as `{name}` in words of their language.
    pub fn mention(mut self, name: &'static str, value: Mention) -> Self {
        self.arguments.push((name, value));
        self
    }

    /// With the place of the mistake.
    pub fn at(self, span: Span, sentence: &'static str) -> Self {
        self.label(span, sentence, true, Vec::new())
    }

    /// With another place that matters.
    pub fn also(self, span: Span, sentence: &'static str) -> Self {
        self.label(span, sentence, false, Vec::new())
    }

    /// With another place that matters, whose sentence mentions a value of its own.
    pub fn also_with(
        self,
        span: Span,
        sentence: &'static str,
        name: &'static str,
        value: impl ToString,
    ) -> Self {
        self.label(span, sentence, false, vec![(name, Mention::Text(value.to_string()))])
    }

    fn label(mut self, span: Span, sentence: &'static str, primary: bool, arguments: Vec<Argument>) -> Self {
        self.labels.push(Label { span, sentence, arguments, primary });
        self
    }

    /// With a sentence that explains.
    pub fn note(mut self, sentence: &'static str) -> Self {
        self.notes.push(sentence);
        self
    }

    /// With a sentence that says what to write.
    pub fn help(mut self, sentence: &'static str) -> Self {
        self.helps.push(sentence);
        self
    }

    /// With an edit that removes the problem.
    pub fn fix(mut self, span: Span, text: impl Into<String>) -> Self {
        self.fixes.push(Fix { edits: vec![Edit { span, text: text.into() }] });
        self
    }

    /// With edits that remove the problem together, where there are any.
    pub fn fix_all(mut self, edits: impl IntoIterator<Item = Edit>) -> Self {
        let edits: Vec<Edit> = edits.into_iter().collect();
        if !edits.is_empty() {
            self.fixes.push(Fix { edits });
        }
        self
    }

    /// With a setting that removes the problem.
    pub fn set(mut self, section: &'static str, key: &'static str, value: impl Into<String>) -> Self {
        self.settings.push(NewSetting { section, key, value: value.into() });
        self
    }

    /// With an entry whose move removes the problem.
    pub fn moving(mut self, entry: Move) -> Self {
        self.moves.push(entry);
        self
    }

    /// The place it is listed at.
    pub fn span(&self) -> Span {
        self.labels
            .iter()
            .find(|label| label.primary)
            .or(self.labels.first())
            .map_or(Span::default(), |l| l.span)
    }
}

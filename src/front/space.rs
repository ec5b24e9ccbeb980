//! The points of a search: what is a program, which parameters count, and the program itself.

use std::sync::Arc;

use super::{Files, SpaceFacts};
use crate::ast;
use crate::card::DataCard;
use crate::check::check_around;
use crate::diag::{Code, Diagnostic, Language, Level, Problems};
use crate::ir::{CheckedProgram, Program, TuneSpec};
use crate::lower::imports::Imports;
use crate::lower::{LowerOptions, lower, lower_at};
use crate::parse::parse;
use crate::source::{SourceFile, SourceMap};
use crate::space::{Point, Space};

/// A file with a search, ready to be looked at anywhere in its space. It is shared, not copied, and can be
/// asked from several threads; nothing is read from disk.
#[derive(Debug, Clone)]
pub struct SpaceView {
    pub(super) shared: Arc<Shared>,
    /// What was found out before the first trial.
    facts: SpaceFacts,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) ast: ast::File,
    imports: Imports,
    /// The file's text and those of the files that it uses.
    pub(super) sources: SourceMap,
    pub(super) options: LowerOptions,
    card: Option<DataCard>,
    tune: TuneSpec,
    /// The model's name.
    pub(super) model: String,
    /// Epochs that the strategy puts in place of those of `train`.
    pub(super) epochs: Option<usize>,
}

/// Why a point is no program.
#[derive(Debug, Clone)]
pub struct NoProgram {
    /// All problems of the program there; one is an error at least.
    pub problems: Problems,
    /// The texts that their places point into.
    pub sources: SourceMap,
}

impl NoProgram {
    /// The first error.
    pub(super) fn error(&self) -> Option<&Diagnostic> {
        self.problems.iter().find(|problem| problem.level == Level::Error)
    }

    /// Why, in a sentence that begins with a code.
    pub fn why(&self) -> String {
        let said = |error: &Diagnostic| format!("{}: {}", error.code, error.message(Language::English));
        self.error().map_or_else(String::new, said)
    }
}

impl SpaceView {
    pub(super) fn new(
        file: Files<'_>,
        options: &LowerOptions,
        card: Option<&DataCard>,
        (program, tune): (&Program, &TuneSpec),
    ) -> Self {
        let has_phases = program.train.as_ref().is_none_or(|train| !train.phases.is_empty());
        let shared = Shared {
            ast: file.ast.clone(),
            imports: file.imports.clone(),
            sources: file.sources.clone(),
            options: options.clone(),
            card: card.cloned(),
            tune: tune.clone(),
            model: program.model.name.value.clone(),
            epochs: tune.strategy.value.max_epochs().filter(|_| !has_phases),
        };
        Self { shared: Arc::new(shared), facts: SpaceFacts::default() }
    }

    pub(super) fn with_facts(self, facts: SpaceFacts) -> Self {
        Self { facts, ..self }
    }

    /// What was found out before the first trial.
    pub fn facts(&self) -> &SpaceFacts {
        &self.facts
    }

    /// The search, as the first point has it.
    pub fn tune(&self) -> &TuneSpec {
        &self.shared.tune
    }

    /// The space.
    pub fn space(&self) -> &Space {
        &self.shared.tune.space
    }

    /// Whether each parameter counts at a point: the program is the same for all values of those that do
    /// not. What the point has no value for has its first one.
    /// # Errors
    /// Why there is no program, in a sentence.
    pub fn look(&self, point: &Point) -> Result<Vec<bool>, String> {
        let at = self.at(point, &[]);
        at.program.map(|_| at.counts).map_err(|why| why.why())
    }

    /// The point without values of what does not count there: two points are the same trial where these are
    /// equal.
    /// # Errors
    /// Why there is no program, in a sentence.
    pub fn settled(&self, point: &Point) -> Result<Point, String> {
        let counts = self.look(point)?;
        let first = self.space().first();
        let value = |(at, counts): (usize, bool)| {
            let value = point.0.get(at).copied().flatten().or_else(|| first.0.get(at).copied().flatten());
            value.filter(|_| counts)
        };
        Ok(Point(counts.into_iter().enumerate().map(value).collect()))
    }

    /// The program at a point, to be trained like any other: it does not search. `changes` are settings that
    /// replace those of the file, as from the command line: (`train.seed`, `7`).
    /// # Errors
    /// What is wrong there.
    pub fn program_at(
        &self,
        point: &Point,
        changes: &[(String, String)],
    ) -> Result<CheckedProgram, Box<NoProgram>> {
        self.at(point, changes).program.map(CheckedProgram::without_search)
    }

    /// Whether a text, in place of the file's, holds something that it never uses.
    pub(super) fn has_unused(&self, text: &str) -> bool {
        let Shared { imports, sources, options, card, .. } = &*self.shared;
        let ast = parse(text).0;
        let mut sources = SourceMap::new(SourceFile::new(sources.main().name.clone(), text));
        let options = LowerOptions { model: options.model.clone(), overrides: Vec::new() };
        let mut problems = lower(&ast, imports, &mut sources, &options, &|_| card.clone()).problems;
        let allows = ast.allows().into_iter();
        let allowed: Vec<_> =
            allows.filter_map(|(allow, within)| Some((allow.code.value.parse().ok()?, within))).collect();
        problems.allow(&allowed);
        problems.iter().any(|problem| problem.code == Code::W0506)
    }

    pub(super) fn at(&self, point: &Point, changes: &[(String, String)]) -> At {
        let Shared { ast, imports, sources, options, card, .. } = &*self.shared;
        let mut sources = sources.clone();
        let mut options = options.clone();
        options.overrides.extend_from_slice(changes);
        let card_of = |_: &_| card.clone();
        let lowered = lower_at(ast, imports, &mut sources, &options, &card_of, point);
        let mut problems = lowered.problems;
        let mut checked = None;
        if let Some(program) = lowered.program {
            let (program, found) = check_around(program, card.as_ref(), &lowered.unknown);
            problems.extend(found);
            checked = program;
        }
        let program = match checked {
            Some(program) if !problems.has_errors() => Ok(program),
            Some(_) | None => Err(Box::new(NoProgram { problems, sources })),
        };
        At { program, counts: lowered.counts }
    }
}

/// A point that was looked at.
pub(super) struct At {
    pub(super) program: Result<CheckedProgram, Box<NoProgram>>,
    pub(super) counts: Vec<bool>,
}

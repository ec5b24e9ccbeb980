//! The front door of the compiler: a source text to a checked program, with everything that was found on the
//! way.
//!
//! ```
//! use cnnc::front::{LowerOptions, load};
//! use cnnc::source::SourceFile;
//!
//! let text = "model M { input(8x8x1); flatten; dense(10) }";
//! let loaded = load(SourceFile::new("m.cnn", text), &LowerOptions::default(), &|_| None);
//! let program = loaded.program.expect("there is no mistake in it");
//! assert_eq!(program.output_shape().to_string(), "10");
//! assert!(cnnc::show::show(&[&program], &loaded.ast).contains("units: 10"));
//! ```

mod candidates;
#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else a value is, it holds no search")]
mod filled;
mod fixes;
mod members;
mod moved;
#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else a value is, it takes no arguments")]
mod moves;
mod points;
mod published;
#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else a value is, it is no path")]
mod relocated;
mod settings;
mod space;
mod weights;

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

pub use crate::zoo::{Listed, Listing};
pub use points::{Reason, SpaceFacts};
pub use published::{part_for, reference};
pub use relocated::relocated;
pub use space::{NoProgram, SpaceView};
pub use weights::WeightsFile;

pub use crate::ast::File as Syntax;
pub use crate::card::DataCard;
pub use crate::ir::{CheckedProgram, DataSpec};
pub use crate::lower::LowerOptions;

use crate::ast;
use crate::check::check_around;
use crate::diag::{Code, Diagnostic, Problems};
use crate::ir::Program;
use crate::lower::{self, imports, lower};
use crate::parse::parse;
use crate::source::{SourceFile, SourceMap, Span};

/// What is known of a source text.
#[derive(Debug)]
pub struct Loaded {
    /// The texts that spans point into: the file's, then those of overrides.
    pub sources: SourceMap,
    /// The statements that could be read.
    pub ast: ast::File,
    /// The program; `None` where there is an error among the problems.
    pub program: Option<CheckedProgram>,
    /// What is known of the data, where the program has some and it is at hand.
    pub card: Option<DataCard>,
    /// What is searched for, where the file has no error.
    pub space: Option<SpaceView>,
    /// Everything found, sorted by place; without what the file allows.
    pub problems: Problems,
}

/// How far a file is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// With all points of its search space, and all members of its ensemble.
    Whole,
    /// By itself.
    File,
}

/// Problems of names, choices and types that do not follow from a statement that could not be read.
const OF_WORDS: &[Code] = &[
    Code::E0006,
    Code::E0007,
    Code::E0008,
    Code::E0009,
    Code::E0010,
    Code::E0011,
    Code::E0012,
    Code::E0014,
    Code::E0015,
    Code::E0017,
    Code::E0018,
    Code::E0020,
    Code::E0116,
    Code::E0305,
    Code::E0405,
    Code::E0508,
];

/// Problems of layers that do not follow from a setting that could not be read.
const OF_WIRING: &[Code] = &[
    Code::E0018,
    Code::E0101,
    Code::E0102,
    Code::E0103,
    Code::E0107,
    Code::E0108,
    Code::E0109,
    Code::E0110,
    Code::E0120,
    Code::E0203,
];

/// What lies beside the text that is compiled.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// Gives what is known of a data set; it decodes no picture.
    pub card_of: &'a dyn Fn(&DataSpec) -> Option<DataCard>,
    /// Gives what of data whose card is not known was looked for and is not there, by its path as written.
    pub missing: &'a dyn Fn(&DataSpec) -> Option<String>,
    /// Gives the text of a file that is used by another: `use "blocks.cnn" as b`. The path is beside the file
    /// that uses it.
    pub read: &'a dyn Fn(&Path) -> io::Result<String>,
    /// Gives the names and extents of what a weights file holds, by its path as written.
    pub weights: &'a dyn Fn(&str) -> WeightsFile,
    /// Gives what stands against training a program in the memory of the machine; `None` where
    /// nothing does, or nobody asks.
    pub memory: &'a dyn Fn(&CheckedProgram, Option<&DataCard>) -> Option<Diagnostic>,
}

/// A parsed file with those it uses.
#[derive(Clone, Copy)]
struct Files<'a> {
    ast: &'a ast::File,
    imports: &'a imports::Imports,
    sources: &'a SourceMap,
}

/// Whether a text has a model, of its own or from a file that it uses.
pub fn has_model(text: &str) -> bool {
    let file = parse(text).0;
    file.models().next().is_some() || file.items.iter().any(|item| matches!(item, ast::Item::Use(_)))
}

/// The models of a text of which one must be chosen ([`LowerOptions::model`]); none where it is clear which is
/// meant.
pub fn several_models(text: &str) -> Vec<String> {
    lower::several_models(&parse(text).0)
}

/// Parses, lowers and checks a file that stands by itself: there are no files for it to use but the zoo.
pub fn load(
    source: SourceFile,
    options: &LowerOptions,
    card_of: &dyn Fn(&DataSpec) -> Option<DataCard>,
) -> Loaded {
    let read = |_: &Path| Err(io::Error::from(io::ErrorKind::NotFound));
    load_within(
        source,
        options,
        Surroundings {
            card_of,
            missing: &|_| None,
            read: &read,
            weights: &|_| WeightsFile::Unknown,
            memory: &|_, _| None,
        },
    )
}

/// Parses, lowers and checks a file and those that it uses.
///
/// Each fix that a problem comes with has been tried: with it the file is better.
pub fn load_within(source: SourceFile, options: &LowerOptions, around: Surroundings<'_>) -> Loaded {
    let (mut loaded, layers) = judge(source, options, around, Depth::Whole);
    fixes::keep_helpful(&mut loaded, layers, options, around);
    loaded
}

/// Parses, lowers and checks, with all fixes as they come; gives how many layers there are, too.
fn judge(
    source: SourceFile,
    options: &LowerOptions,
    around: Surroundings<'_>,
    depth: Depth,
) -> (Loaded, usize) {
    let card_of = around.card_of;
    let (ast, mut problems) = parse(&source.text);
    let mut sources = SourceMap::new(source);
    let mut unusable = Problems::new();
    let imports = imports::load(&ast, &mut sources, around.read, &mut problems, &mut unusable);
    // a statement that could not be read may be the one that gives a name or a shape to others; what is then
    // missing has been reported already
    let syntax_is_whole = !problems.has_errors();
    let texts = sources.clone();
    let mut lowered = lower(&ast, &imports, &mut sources, options, card_of);
    let ensemble = lowered.ensemble.take();
    let chosen = lowered.program.as_ref().map(|program| program.model.name.value.clone());
    let layers = lowered.program.as_ref().map_or(0, |program| program.model.layers.len());
    let card = lowered.program.as_ref().and_then(|program| program.data.as_ref()).and_then(card_of);
    let mut program = None;
    problems.extend(unusable);
    if let Some(data) = lowered.program.as_ref().and_then(|program| program.data.as_ref())
        && card.is_none()
        && let Some(missing) = (around.missing)(data)
    {
        let problem = Diagnostic::new(Code::W0321).arg("data", missing);
        problems.push(problem.at(data.source.span, "here").help("help"));
    }
    if syntax_is_whole {
        let settings_are_whole = !lowered.problems.has_errors();
        problems.extend(lowered.problems);
        if let Some(unchecked) = lowered.program {
            let places = uses_of(&unchecked);
            let (checked, mut found) = check_around(unchecked, card.as_ref(), &lowered.unknown);
            found.locate_uses(&places);
            problems.extend(if settings_are_whole { found } else { found.only(OF_WIRING) });
            program = checked;
        }
    } else {
        problems.extend(lowered.problems.only(OF_WORDS));
    }
    let is_alone = ensemble.is_none() || depth == Depth::File;
    if let Some(checked) = program.as_ref().filter(|_| is_alone && !problems.has_errors()) {
        weights::check(checked, around.weights).into_iter().for_each(|problem| problems.push(problem));
        (around.memory)(checked, card.as_ref()).into_iter().for_each(|problem| problems.push(problem));
    }
    let mut space = None;
    let alone = program.as_ref().filter(|_| depth == Depth::Whole && !problems.has_errors());
    if let Some(checked) = alone.map(CheckedProgram::program)
        && let Some(tune) = checked.tune.as_ref().filter(|tune| !tune.space.parameters.is_empty())
    {
        let files = Files { ast: &ast, imports: &imports, sources: &texts };
        let view = SpaceView::new(files, options, card.as_ref(), (checked, tune));
        let (facts, found) = points::check(&view, checked.model.layers.len());
        found.into_iter().for_each(|problem| problems.push(problem));
        space = Some(view.with_facts(facts));
    }
    if let Some(ensemble) = ensemble.filter(|_| depth == Depth::Whole && !problems.has_errors()) {
        let files = Files { ast: &ast, imports: &imports, sources: &sources };
        let (together, found) = members::together(files, options, around, ensemble);
        problems.extend(found);
        program = together;
    }
    let allows = ast.allows().into_iter().chain(imports.allows());
    let allowed: Vec<(Code, Option<Span>)> =
        allows.filter_map(|(allow, within)| Some((allow.code.value.parse().ok()?, within))).collect();
    problems.allow(&allowed);
    if problems.has_errors() {
        (program, space) = (None, None);
    }
    let text = sources.main().text.clone();
    problems.write_settings(|setting| settings::write(&ast, &text, chosen.as_deref(), setting));
    problems.write_moves(|entry| moves::write(&ast, &text, entry));
    (Loaded { sources, ast, program, card, space, problems }, layers)
}

/// The layers that stand in blocks, and the statements that use these.
fn uses_of(program: &Program) -> Vec<(Span, Vec<Span>)> {
    // a block that is used again has the same statements: the first use of each is told
    let mut known: BTreeSet<Span> = BTreeSet::new();
    let layers =
        program.model.layers.iter().filter(|node| !node.used_at.is_empty() && known.insert(node.span));
    layers.map(|node| (node.span, node.used_at.clone())).collect()
}

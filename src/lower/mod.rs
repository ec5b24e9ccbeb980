//! Syntax to [`Program`]: names, constants, options and sections get their meaning; what is left out gets its
//! default.
//!
//! An option is used or it is an error.

#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else a value is, it is no extent")]
mod arguments;
mod augment;
#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else a value is, it is of the wrong type")]
mod body;
#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else a value is, it is of the wrong type")]
mod constant;
#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else a value is, it is of the wrong type")]
mod convert;
#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else a value is, it is of the wrong type")]
mod data;
mod elsewhere;
#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else a value is, it names no models")]
mod ensemble;
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "few kinds of words have options that are taken for settings"
)]
mod home;
#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else a value is, it is no place of a file")]
pub(crate) mod imports;
mod names;
#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else a value is, it is of the wrong type")]
mod option;
#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else a value is, it is of the wrong type")]
mod options;
#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else a value is, it is of the wrong type")]
mod overrides;
mod prepare;
#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else a value is, it is no text")]
mod quotes;
#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else a value is, it is of the wrong type")]
mod ranges;
mod report;
mod reserved;
#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else a value is, it is of the wrong type")]
mod search;
mod section;
#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else a value is, it is of the wrong type")]
mod train;
mod tune;
mod units;
#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else a value is, it names no layer")]
mod unused;
mod weights;
#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else a value is, it is of the wrong type")]
mod words;

use std::collections::{BTreeMap, BTreeSet};

use crate::ast::{Definition, DefinitionKind, File, Item, Section};
use crate::card::DataCard;
use crate::diag::{Code, Diagnostic, Mention, Problems, Term};
use crate::ir::{
    DataSpec, EnsembleSpec, LabelKind, LayerId, Model, PrepareSpec, Program, ScopeKind, TuneSpec,
};
use crate::layers::Layer;
use crate::source::{SourceMap, Span};
use crate::space::Point;
use crate::vocabulary::Metric;

pub(crate) use body::MOST_LAYERS;
use constant::{Classes, Constants};
use imports::Imports;
pub(crate) use names::{list, nearest};
pub use overrides::OVERRIDE;
pub(crate) use overrides::override_text;
pub use section::calls_of;
use units::{Callee, Units};

/// The functions that constants are calculated with.
pub(crate) fn functions() -> impl Iterator<Item = &'static str> {
    constant::FUNCTIONS.iter().copied()
}

/// The arguments that every model takes where it is used as a layer.
pub(crate) fn arguments_of_models() -> impl Iterator<Item = &'static str> {
    body::OF_MODELS.iter().copied()
}

/// Most parameters of a block or model: each is bound wherever it is used.
const MOST_PARAMETERS: usize = 256;

/// What is asked for beside the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LowerOptions {
    /// The model to compile; needed where the file has several.
    pub model: Option<String>,
    /// Settings that replace those of the file: (`train.batch`, `64`).
    pub overrides: Vec<(String, String)>,
}

/// What lowering gives.
#[derive(Debug)]
pub struct Lowered {
    /// The program; with errors among the problems it is good for further checks only.
    pub program: Option<Program>,
    /// Layers whose attributes could not be read: they stand in the program with attributes of no meaning.
    pub unknown: BTreeSet<LayerId>,
    /// For each parameter of the search whether its value was read. The program is the same for all values of
    /// those that were not.
    pub counts: Vec<bool>,
    /// The ensemble that is meant, where no model is: the program is that of its first member.
    pub ensemble: Option<EnsembleSpec>,
    /// What was found.
    pub problems: Problems,
}

/// Lowers a file. `imports` are the files it uses; `sources` holds its text first, and the texts of overrides
/// are added to it. `card_of` gives what is known of a data set.
pub(crate) fn lower(
    file: &File,
    imports: &Imports,
    sources: &mut SourceMap,
    options: &LowerOptions,
    card_of: &dyn Fn(&DataSpec) -> Option<DataCard>,
) -> Lowered {
    lower_at(file, imports, sources, options, card_of, &Point::default())
}

/// Lowers a file at a point of the space that its `search(…)` values span. What the point has no value for
/// has its first one.
///
/// It is long because it is the order of all steps, each of which needs what those before it have found.
pub(crate) fn lower_at(
    file: &File,
    imports: &Imports,
    sources: &mut SourceMap,
    options: &LowerOptions,
    card_of: &dyn Fn(&DataSpec) -> Option<DataCard>,
    point: &Point,
) -> Lowered {
    let mut cx = Cx::default();
    let mut sections = section::collect(&mut cx, file);
    check_items(&mut cx, file);
    let models: Vec<&Definition> = file.models().collect();
    let ensembles = ensemble::lower_all(&mut cx, &sections, &models);
    let written = sections.iter().filter(|section| section.kind.value == "ensemble").count();
    let asked = options.model.as_deref();
    let whole = whole_models(file, &models);
    let meant = ensemble::meant(&mut cx, &ensembles, (asked, &models, &whole)).cloned();
    let chosen = match (&meant, asked) {
        (Some(ensemble), _) => {
            models.iter().copied().find(|model| model.name.value == ensemble.members[0].model.value)
        }
        // what an ensemble with a mistake would have as members is not known
        (None, None) if ensembles.len() < written && models.len() > 1 => None,
        (None, asked) => choose_model(&mut cx, (&models, &whole), &ensembles, asked),
    };
    let model_name = chosen.map(|definition| definition.name.value.as_str());
    let overridden = overrides::apply(&mut cx, &mut sections, sources, &options.overrides);
    let merged = |kind: &str| section::merge(&sections, &overridden, kind, model_name);
    let (data, prepare, augment, mut train) =
        (merged("data"), merged("prepare"), merged("augment"), merged("train"));
    let (mut tune, report) = (merged("tune"), merged("report"));
    let searched = [
        ("data", data.as_ref()),
        ("prepare", prepare.as_ref()),
        ("augment", augment.as_ref()),
        ("train", train.as_ref()),
        ("tune", tune.as_ref()),
        ("report", report.as_ref()),
    ];
    let search = search::space(&mut cx, file, chosen, &searched.map(|(kind, part)| part.map(|p| (kind, p))));
    let (space, places, first_search) = (search.space(), search.places(), search.first());
    cx.constants.set_search(search.at(point));
    cx.constants.define_all(
        file.items.iter().filter_map(|item| if let Item::Let(c) = item { Some(c) } else { None }),
        &mut cx.problems,
    );
    cx.constants.settle();
    tune = tune.filter(|_| first_search.is_some() || !spans_another_model(file, &sections));
    let strategy = tune.as_mut().map(|section| tune::strategy(&mut cx, section, train.as_mut(), &places));

    let data = data.map(|section| {
        let lower = |cx: &mut Cx| cx.with_constants(&section.lets, |cx| data::lower(cx, &section));
        let (data, read) = cx.reading(lower);
        tune::refuse(&mut cx, &places, &read, "data");
        data
    });
    // a section of another name may be the one that is meant
    cx.data_known = data.as_ref().map_or(!cx.section_unknown, Option::is_some);
    let data = data.flatten();
    cx.labels = data.as_ref().map_or(LabelKind::Single, |data| data.labels.value);
    let classes = data.as_ref().map_or(Classes::NoData, |data| match &data.classes {
        Some(classes) => Classes::Known(classes.value.len()),
        None if data.labels.value == LabelKind::Regression => Classes::Numbers,
        None => card_of(data).map_or_else(
            || Classes::Unknown(data.source.value.name()),
            |card| Classes::Known(card.classes.len()),
        ),
    });
    cx.constants.set_classes(classes);
    let prepare = prepare.map(|section| cx.with_constants(&section.lets, |cx| prepare::lower(cx, &section)));
    let augment = augment.map(|section| cx.with_constants(&section.lets, |cx| augment::lower(cx, &section)));
    let mut lowered_train =
        train.as_ref().map(|section| cx.with_constants(&section.lets, |cx| train::lower(cx, section)));
    let tune = tune.zip(strategy).map(|(section, strategy)| {
        let train = lowered_train.as_ref();
        let lower =
            |cx: &mut Cx| cx.with_constants(&section.lets, |cx| tune::lower(cx, &section, strategy, train));
        let (tune, read) = cx.reading(lower);
        tune::refuse(&mut cx, &places, &read, "tune");
        TuneSpec { space: space.clone(), places: places.clone(), ..tune }
    });
    tune::check_space(&mut cx, tune.as_ref().map(|tune| tune.span), first_search);
    if let (Some(tune), Some(section)) = (&tune, &train) {
        tune::check_train(&mut cx, tune, section);
    }
    let units = Units::new(&mut cx, file, imports);
    let model = chosen.and_then(|definition| body::lower(&mut cx, &units, Callee { definition, unit: 0 }));
    let (mut model, unknown) = model.unzip();
    let unknown = unknown.unwrap_or_default();
    if let (Some(train), Some(model)) = (&mut lowered_train, &mut model) {
        train::resolve_layers(&mut cx, train, model, &unknown);
    }
    let report = report.zip(model.as_ref()).map(|(section, model)| {
        cx.with_constants(&section.lets, |cx| report::lower(cx, &section, model, unknown.is_empty()))
    });
    if !cx.problems.has_errors() {
        unused::report(&mut cx, file, &overridden);
        let used = imports.files.iter().filter(|used| !used.is_zoo());
        used.for_each(|used| unused::report_in_used(&mut cx, used));
        train.iter().for_each(|section| train::unused_in_phases(&mut cx, section));
    }
    let mut prepare = prepare.unwrap_or_default();
    if let Some(model) = &model {
        adopt_preparation(&mut prepare, model);
    }
    let source = sources.main().clone();
    let of_model = |ensemble: &EnsembleSpec| {
        ensemble.members.iter().any(|member| Some(member.model.value.as_str()) == model_name)
    };
    let program = model.map(|model| Program {
        source,
        model,
        data,
        prepare,
        augment: augment.unwrap_or_default(),
        train: lowered_train,
        tune,
        ensembles: ensembles.into_iter().filter(of_model).collect(),
        ensemble: None,
        report,
    });
    let read = cx.constants.parameters_read();
    let counts = (0..space.parameters.len()).map(|parameter| read.contains(&parameter)).collect();
    Lowered { program, unknown, counts, ensemble: meant, problems: cx.problems }
}

/// Pretrained weights bring along how pictures are prepared for them.
fn adopt_preparation(prepare: &mut PrepareSpec, model: &Model) {
    let size = if let Some(Layer::Input(input)) = model.layers.first().map(|node| &node.layer) {
        input.shape.as_image().map(|(height, width, _)| [height, width])
    } else {
        None
    };
    for scope in &model.scopes {
        if let ScopeKind::Model(backbone) = &scope.kind {
            prepare.adopt(backbone, scope.span, size);
        }
    }
}

/// Whether the searches of a file are for other models than one without any `search(…)`: then it is trained
/// as it stands. A `tune` with the name of a model is for that model.
fn spans_another_model(file: &File, sections: &[Section]) -> bool {
    let mut tunes = sections.iter().filter(|section| section.kind.value == "tune");
    tunes.all(|tune| tune.target.is_none()) && search::is_anywhere(file)
}

/// What all parts of lowering share.
#[derive(Debug, Default)]
struct Cx {
    problems: Problems,
    constants: Constants,
    /// False where the data section has mistakes: then what depends on it is not reported as well.
    data_known: bool,
    /// Whether a section has a name that there is not.
    section_unknown: bool,
    /// What a picture's label is.
    labels: LabelKind,
    /// What `top_k` stands for where it is watched.
    top_k: Option<Metric>,
}

impl Cx {
    fn report(&mut self, problem: Diagnostic) {
        self.problems.push(problem);
    }
}

/// Items that are no sections and no models.
fn check_items(cx: &mut Cx, file: &File) {
    file.allows().into_iter().for_each(|(allow, _)| check_allow(cx, allow));
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for item in &file.items {
        match item {
            Item::Language(version) if version.value != 1 => {
                let problem =
                    Diagnostic::new(Code::E0022).arg("version", version.value).at(version.span, "here");
                cx.report(problem.fix(version.span, "1"));
            }
            Item::Definition(definition) => {
                check_definition(cx, definition);
                let place = definition.name.span;
                let first = *seen.entry(&definition.name.value).or_insert(place);
                if first != place {
                    let problem = Diagnostic::new(Code::E0014)
                        .arg("what", format!("`{}`", definition.name.value))
                        .at(place, "second")
                        .also(first, "first");
                    cx.report(problem);
                }
            }
            Item::Language(_) | Item::Use(_) | Item::Allow(_) | Item::Let(_) | Item::Section(_) => {}
        }
    }
}

/// Names of a definition and its parameters that could never be used, and parameters given twice.
fn check_definition(cx: &mut Cx, definition: &Definition) {
    if Layer::kind(&definition.name.value).is_some() {
        let problem = Diagnostic::new(Code::E0020).saying("layer").arg("name", &definition.name.value);
        cx.report(problem.at(definition.name.span, "here"));
    }
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    if let Some(next) = definition.parameters.get(MOST_PARAMETERS) {
        let problem = Diagnostic::new(Code::E0018).saying("parameters").arg("limit", MOST_PARAMETERS);
        cx.report(problem.arg("name", &definition.name.value).at(next.name.span, "parameter"));
    }
    for parameter in &definition.parameters {
        let name = &parameter.name;
        if definition.kind == DefinitionKind::Model && body::OF_MODELS.contains(&name.value.as_str()) {
            let problem = Diagnostic::new(Code::E0020).saying("argument").arg("name", &name.value);
            cx.report(problem.at(name.span, "here"));
        } else {
            cx.constants.check_name(name, &mut cx.problems);
        }
        let first = *seen.entry(&name.value).or_insert(name.span);
        if first != name.span {
            let problem = Diagnostic::new(Code::E0014)
                .mention("what", Mention::Named(Term::Parameter, name.value.clone()))
                .at(name.span, "second")
                .also(first, "first");
            cx.report(problem);
        }
    }
}

/// An `allow` must name a warning or hint that there is.
fn check_allow(cx: &mut Cx, allow: &crate::ast::Allow) {
    let code = allow.code.value.parse::<Code>();
    let silenceable = code.is_ok_and(|code| code.level() != crate::diag::Level::Error);
    if !silenceable {
        let known: Vec<&str> = Code::ALL
            .iter()
            .filter(|code| code.level() != crate::diag::Level::Error)
            .map(|code| code.as_str())
            .collect();
        let problem = Diagnostic::new(Code::E0009)
            .arg("what", "allow")
            .arg("found", &allow.code.value)
            .arg("choices", list(known.iter().copied()))
            .at(allow.code.span, "here")
            .help("choices");
        cx.report(problem);
    }
}

/// The models of a file of which one must be chosen; none where it is clear which is meant: there is but one,
/// the others are parts of it, or an ensemble says what becomes of them.
pub(crate) fn several_models(file: &File) -> Vec<String> {
    let models: Vec<&Definition> = file.models().collect();
    let whole = whole_models(file, &models);
    if whole.len() < 2 || file.sections().any(|section| section.kind.value == "ensemble") {
        return Vec::new();
    }
    whole.into_iter().map(|model| model.name.value.clone()).collect()
}

/// Models that no other one uses as a layer.
fn whole_models<'f>(file: &File, models: &[&'f Definition]) -> Vec<&'f Definition> {
    let parts = unused::callees(file);
    models.iter().copied().filter(|model| !parts.contains(&model.name.value)).collect()
}

/// The model that is meant: the one that is asked for, or the only one that no other uses as a layer (`whole`).
fn choose_model<'f>(
    cx: &mut Cx,
    (models, whole): (&[&'f Definition], &[&'f Definition]),
    ensembles: &[EnsembleSpec],
    asked: Option<&str>,
) -> Option<&'f Definition> {
    let names = || models.iter().map(|model| model.name.value.as_str());
    let known = || list(names().chain(ensembles.iter().map(|ensemble| ensemble.name.value.as_str())));
    if let (None, [only]) = (asked, whole) {
        return Some(only);
    }
    match (models, asked) {
        // what has another name has been reported
        ([], _) if cx.section_unknown => None,
        ([], _) => {
            cx.report(Diagnostic::new(Code::E0019).at(Span::default(), "here").help("model"));
            None
        }
        ([only], None) => Some(only),
        ([first, ..], None) => {
            cx.report(
                Diagnostic::new(Code::E0021)
                    .arg("models", known())
                    .at(first.name.span, "here")
                    .help("choose"),
            );
            None
        }
        (all, Some(name)) => {
            let found = all.iter().copied().find(|model| model.name.value == name);
            if found.is_none() {
                let ensembles = ensembles.iter().map(|ensemble| ensemble.name.value.as_str());
                let near = nearest(name, names().chain(ensembles));
                let problem = Diagnostic::new(Code::E0021)
                    .saying("unknown")
                    .arg("name", name)
                    .arg("models", known())
                    .arg("near", near.unwrap_or(""))
                    .at(all[0].name.span, "has");
                cx.report(problem);
            }
            found
        }
    }
}

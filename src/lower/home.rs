//! Where an entry belongs that stands in the wrong section.

use super::Cx;
use super::names::{meant, nearest_of_many};
use super::section::calls_of;
use crate::ast::{Expr, ExprKind, Name, Setting, Step, print_expr};
use crate::diag::{Code, Diagnostic, Mention, Move, MoveTo, Term};
use crate::layers::Layer;
use crate::source::Span;
use crate::vocabulary::{
    AugmentKind, Callback, Category, DataSource, Drawing, Loss, Normalize, Optimizer, OptionSpec, OptionType,
    SECTIONS, Schedule, SectionInfo, Strategy, Word, Words,
};

/// An entry of a section that the section does not have.
pub(super) enum Stray<'e> {
    /// `key: value`
    Setting(&'e Name, &'e Expr),
    /// `word(…)`
    Call(&'e Step),
}

/// The section that an entry stands in.
pub(super) struct Within<'s> {
    /// Its name.
    pub(super) section: &'s str,
    /// Settings that it has.
    pub(super) settings: &'s [&'s str],
    /// Calls that it has.
    pub(super) calls: &'s [&'s str],
    /// Settings that are written in it and known.
    pub(super) written: &'s [Setting],
}

impl Within<'_> {
    /// The word that a setting of the section has as its value: `adam` of `optimizer: adam(lr: 0.1)`.
    fn word_of(&self, setting: &str) -> Option<&str> {
        let setting = self.written.iter().find(|written| written.key.value == setting)?;
        match &setting.value.kind {
            ExprKind::Name(word) => Some(word),
            ExprKind::Call(word, _) => Some(&word.value),
            _ => None,
        }
    }
}

/// Where a name is known.
enum Home {
    /// A setting of another section.
    Setting(&'static str, &'static str),
    /// A call in another section.
    Call(&'static str, &'static str),
    /// An option of the words that a setting of the same section takes.
    Option {
        setting: &'static str,
        name: &'static str,
        words: Vec<&'static str>,
        default: Option<&'static str>,
    },
    /// An option of calls of the same section.
    CallOption { call: &'static str, name: &'static str },
    /// A word that a setting of the same section takes.
    Value(&'static str),
    /// A layer.
    Layer,
}

impl Stray<'_> {
    fn name(&self) -> &Name {
        match self {
            Stray::Setting(key, _) => key,
            Stray::Call(call) => &call.callee,
        }
    }

    fn span(&self) -> Span {
        match self {
            Stray::Setting(key, value) => key.span.to(value.span),
            Stray::Call(call) => call.span,
        }
    }

    /// As it is written with another name.
    fn written(&self, name: &str) -> String {
        match self {
            Stray::Setting(_, value) => format!("{name}: {}", print_expr(value).replace(" / ", "/")),
            Stray::Call(call) if call.arguments.is_empty() => name.to_owned(),
            Stray::Call(_) => format!("{name}(…)"),
        }
    }

    fn moved(&self, name: &'static str, to: MoveTo) -> Move {
        Move { entry: self.span(), key: self.name().span, name, to }
    }
}

impl Cx {
    /// E0008: says where the entry belongs, or what was probably meant, or what the section has.
    pub(super) fn report_stray(&mut self, within: &Within<'_>, stray: &Stray<'_>) {
        let Within { section, settings, calls, .. } = *within;
        let name = stray.name();
        let word = name.value.as_str();
        let problem =
            Diagnostic::new(Code::E0008).arg("section", section).arg("name", word).at(name.span, "here");
        // written as `name: value` instead of `name(value)`, or the other way round
        if calls.contains(&word) {
            return self.report(as_a_call(problem.saying("call"), stray, word));
        }
        if settings.contains(&word) {
            return self.report(problem.saying("setting").help("setting-help"));
        }
        let is_call = matches!(stray, Stray::Call(_));
        if let Some(home) =
            home(section, word, is_call, &|word, names| names.iter().copied().find(|n| *n == word))
        {
            return self.report(at_home(within, stray, home));
        }
        let known = || settings.iter().chain(calls).copied();
        if let Some((written, span)) = of_keras(section, calls, stray) {
            let problem = problem.arg("written", &written).help("option-help");
            return self.report(problem.fix(span, written));
        }
        if let Some(near) = nearest_of_many(&mut self.problems, word, known()) {
            // with another form it would be wrong again
            let as_call = calls.contains(&near) && !is_call;
            let problem = problem.arg("near", near).help("near");
            return self.report(if as_call {
                as_a_call(problem, stray, near)
            } else {
                problem.fix(name.span, near)
            });
        }
        if let Some(home) = home(section, word, is_call, &|word, names| meant(word, names.iter().copied())) {
            return self.report(at_home(within, stray, home));
        }
        if Layer::kind(word).is_some() {
            return self.report(at_home(within, stray, Home::Layer));
        }
        let listed = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let mut groups = vec![(Term::Setting, listed(settings))];
        if !calls.is_empty() {
            groups.push((Term::Call, listed(calls)));
        }
        self.report(problem.mention("settings", Mention::Groups(groups)).help("list"));
    }
}

/// Finds a name by `find` among those of the other sections, of words and of layers.
fn home(
    section: &str,
    word: &str,
    is_call: bool,
    find: &dyn Fn(&str, &[&'static str]) -> Option<&'static str>,
) -> Option<Home> {
    // a phase has what `train` has
    let section = if section == "phase" { "train" } else { section };
    let others = || SECTIONS.iter().filter(|other| other.keyword != section);
    let setting =
        |other: &SectionInfo| Some(Home::Setting(other.keyword, find(word, &other.setting_names())?));
    let call = |other: &SectionInfo| Some(Home::Call(other.keyword, find(word, &calls_of(other))?));
    let elsewhere = if is_call { others().find_map(call) } else { others().find_map(setting) };
    elsewhere
        .or_else(|| if is_call { value(section, word) } else { None })
        .or_else(|| if is_call { None } else { option(section, word, find) })
        .or_else(|| others().find_map(call).or_else(|| others().find_map(setting)))
}

/// The setting of the section that takes a word: `source` of `folder("photos")`.
fn value(section: &str, word: &str) -> Option<Home> {
    let info = SECTIONS.iter().find(|info| info.keyword == section)?;
    let takes = |setting: &&OptionSpec| match setting.ty {
        OptionType::Word(category) => words_of(category).iter().any(|row| row.keyword == word),
        _ => false,
    };
    info.settings.iter().find(takes).map(|setting| Home::Value(setting.name))
}

/// An option of a word that a setting of the section takes, or of a call in it.
fn option(
    section: &str,
    word: &str,
    find: &dyn Fn(&str, &[&'static str]) -> Option<&'static str>,
) -> Option<Home> {
    let info = SECTIONS.iter().find(|info| info.keyword == section)?;
    for setting in info.settings {
        let OptionType::Word(category) = setting.ty else { continue };
        let table = words_of(category);
        let has = |row: &&Word| find(word, &option_names(row)).is_some();
        let words: Vec<&'static str> = table.iter().filter(has).map(|row| row.keyword).collect();
        let Some(name) = table.iter().find_map(|row| find(word, &option_names(row))) else { continue };
        return Some(Home::Option { setting: setting.name, name, words, default: setting.default });
    }
    let calls = if info.calls == Some(Category::Callback) { table_of::<Callback>() } else { Vec::new() };
    calls
        .iter()
        .find_map(|row| Some(Home::CallOption { call: row.keyword, name: find(word, &option_names(row))? }))
}

/// What settings of Keras's generator of pictures, and lists of callbacks, are here, and what that replaces.
fn of_keras(section: &str, calls: &[&str], stray: &Stray<'_>) -> Option<(String, Span)> {
    let Stray::Setting(key, value) = stray else { return None };
    let written = match (section, key.value.as_str(), &value.kind) {
        ("augment", "horizontal_flip", _) => "flip(horizontal)".to_owned(),
        ("augment", "vertical_flip", _) => "flip(vertical)".to_owned(),
        ("augment", "rotation_range", ExprKind::Int(degrees)) => format!("rotation({degrees}deg)"),
        ("augment", "zoom_range", ExprKind::Float(share)) => format!("zoom({share})"),
        ("augment", "width_shift_range", ExprKind::Float(share)) => format!("shift(width: {share})"),
        ("augment", "height_shift_range", ExprKind::Float(share)) => format!("shift(height: {share})"),
        (_, _, ExprKind::List(items)) if !items.is_empty() => {
            let callee = |item: &Expr| match &item.kind {
                ExprKind::Name(word) => calls.contains(&word.as_str()),
                ExprKind::Call(word, _) => calls.contains(&word.value.as_str()),
                _ => false,
            };
            let all: Vec<String> = items.iter().map(print_expr).collect();
            items.iter().all(callee).then(|| all.join("; "))?
        }
        _ => return None,
    };
    Some((written, stray.span()))
}

/// E0008 of a setting that is written as a call here.
fn as_a_call(problem: Diagnostic, stray: &Stray<'_>, word: &str) -> Diagnostic {
    let takes_unnamed = call_row(word).is_some_and(|row| row.unnamed > 0);
    let value = match stray {
        Stray::Setting(_, value) if takes_unnamed && !matches!(value.kind, ExprKind::Name(_)) => value,
        Stray::Setting(..) | Stray::Call(_) => {
            return problem.arg("example", example(word)).help("call-help");
        }
    };
    let written = format!("{word}({})", print_expr(value));
    problem.arg("example", &written).help("call-help").fix(stray.span(), written)
}

/// The row of a word that may stand as a call in a section.
fn call_row(word: &str) -> Option<Word> {
    let rows =
        table_of::<AugmentKind>().into_iter().chain(table_of::<Callback>()).chain(table_of::<Drawing>());
    rows.into_iter().find(|row| row.keyword == word)
}

/// How a call is written, by the table of its words.
fn example(word: &str) -> String {
    let example = call_row(word).map(|row| row.example).filter(|example| !example.is_empty());
    example.map_or_else(|| format!("{word}(…)"), str::to_owned)
}

/// Whether a call needs no arguments.
fn stands_alone(word: &str) -> bool {
    call_row(word).is_some_and(|row| row.options.iter().all(|option| option.default.is_some()))
}

fn option_names(word: &Word) -> Vec<&'static str> {
    word.options.iter().map(|option| option.name).collect()
}

/// The words whose options are taken for settings.
fn words_of(category: Category) -> Vec<Word> {
    match category {
        Category::Optimizer => table_of::<Optimizer>(),
        Category::Loss => table_of::<Loss>(),
        Category::Schedule => table_of::<Schedule>(),
        Category::Source => table_of::<DataSource>(),
        Category::Normalization => table_of::<Normalize>(),
        Category::Strategy => table_of::<Strategy>(),
        _ => Vec::new(),
    }
}

fn table_of<T: Words>() -> Vec<Word> {
    T::TABLE.iter().map(|row| row.word).collect()
}

/// E0008 that says where the entry belongs, with the edit that moves it there.
fn at_home(within: &Within<'_>, stray: &Stray<'_>, home: Home) -> Diagnostic {
    let name = stray.name();
    let problem = Diagnostic::new(Code::E0008).arg("section", within.section).arg("name", &name.value);
    match home {
        Home::Setting(to, there) => {
            let problem =
                problem.arg("home", to).arg("written", stray.written(there)).at(name.span, "home-here");
            let problem = problem.help("home-help");
            match stray {
                Stray::Setting(..) => problem.moving(stray.moved(there, MoveTo::Section(to))),
                Stray::Call(_) => problem,
            }
        }
        Home::Call(to, there) => {
            let problem = problem.arg("home", to).arg("written", example(there)).at(name.span, "home-here");
            let problem = problem.help("home-help");
            match stray {
                // without what it needs it would be wrong there too
                Stray::Call(call) if !call.arguments.is_empty() || stands_alone(there) => {
                    problem.moving(stray.moved(there, MoveTo::Section(to)))
                }
                Stray::Call(_) | Stray::Setting(..) => problem,
            }
        }
        Home::Option { setting, name: there, words, default } => {
            let has = |word: &&str| words.contains(word);
            let example = within.word_of(setting).or(default).filter(has).or(words.first().copied());
            let example = example.unwrap_or("").to_owned();
            let to = MoveTo::Argument { setting, words, default };
            problem
                .arg("setting", setting)
                .arg("written", format!("{setting}: {example}({})", stray.written(there)))
                .at(name.span, "option-here")
                .help("option-help")
                .moving(stray.moved(there, to))
        }
        Home::CallOption { call, name: there } => problem
            .arg("setting", call)
            .arg("written", format!("{call}({})", stray.written(there)))
            .at(name.span, "option-here")
            .help("option-help"),
        Home::Value(setting) => {
            let start = Span::new(name.span.start, name.span.start);
            let problem = problem.arg("written", format!("{setting}: {}", stray.written(&name.value)));
            let problem = problem.arg("setting", setting).at(name.span, "value-here").help("option-help");
            problem.fix(start, format!("{setting}: "))
        }
        Home::Layer => problem.at(name.span, "layer-here").help("layer-help"),
    }
}

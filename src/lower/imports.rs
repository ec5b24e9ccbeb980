//! `use`: the files that a file uses, read and parsed before any name is looked up.

use std::io;
use std::path::{Component, Path, PathBuf};

use super::names::nearest;
use crate::ast::{self, Allowed, ExprKind, Item, Name, Use};
use crate::diag::{Code, Diagnostic, Problems};
use crate::parse::parse_at;
use crate::source::{SourceFile, SourceMap, Span};
use crate::zoo;

/// Gives the text of a file that another one uses.
pub(crate) type ReadFile<'a> = &'a dyn Fn(&Path) -> io::Result<String>;

/// Longest chain of files that use each other.
const DEEPEST: usize = 32;

/// Most files that one program uses. Links can give a file names without end.
const MOST_FILES: usize = 1_000;

/// Most bytes that they hold together.
const MOST_BYTES: usize = 64 << 20;

/// How the names of files that can be used end.
const ENDING: &str = ".cnn";

/// Files used by the one that is compiled.
#[derive(Debug, Clone, Default)]
pub(crate) struct Imports {
    /// What the file that is compiled brings in.
    pub(super) main: Vec<Imported>,
    pub(super) files: Vec<UsedFile>,
}

impl Imports {
    /// All `allow`s of these files; one at the top of a file is for that file.
    pub(crate) fn allows(&self) -> impl Iterator<Item = Allowed<'_>> {
        self.files.iter().flat_map(move |file| {
            file.ast
                .allows()
                .into_iter()
                .map(move |(allow, within)| (allow, Some(within.unwrap_or(file.span))))
        })
    }
}

/// A file that is used.
#[derive(Debug, Clone)]
pub(super) struct UsedFile {
    place: Origin,
    /// Its text, among all texts.
    span: Span,
    pub(super) ast: ast::File,
    /// What it brings in itself.
    pub(super) imports: Vec<Imported>,
}

impl UsedFile {
    /// Whether it is one of the zoo.
    pub(super) fn is_zoo(&self) -> bool {
        matches!(self.place, Origin::Zoo(_))
    }
}

/// What one `use` brings in.
#[derive(Debug, Clone)]
pub(super) struct Imported {
    /// The name before the point, or the one name.
    pub(super) name: Option<Name>,
    pub(super) target: Target,
    /// The statement.
    pub(super) span: Span,
}

/// What a `use` leads to. Files are places in [`Imports::files`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// All models and blocks of a file, behind the name and a point, or as they are where there is none.
    File(usize),
    /// One model of a file.
    Model(usize, &'static str),
    /// Nothing, which has been reported.
    Nothing,
}

/// Where a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Origin {
    File(PathBuf),
    Zoo(&'static str),
}

impl Origin {
    fn name(&self) -> String {
        match self {
            Origin::File(path) => path.display().to_string(),
            Origin::Zoo(file) => format!("zoo/{file}.cnn"),
        }
    }
}

/// Reads what a file uses, and what that uses, adding the texts to `sources`. Mistakes of syntax go to
/// `syntax`, files that cannot be used to `unusable`.
pub(crate) fn load(
    file: &ast::File,
    sources: &mut SourceMap,
    read: ReadFile<'_>,
    syntax: &mut Problems,
    unusable: &mut Problems,
) -> Imports {
    let mut loader =
        Loader { sources, read, syntax, unusable, files: Vec::new(), bytes: 0, chain: Vec::new() };
    let place = Origin::File(plain(Path::new(&loader.sources.main().name)));
    let main = loader.uses_of(file, place);
    Imports { main, files: loader.files }
}

struct Loader<'a> {
    sources: &'a mut SourceMap,
    read: ReadFile<'a>,
    syntax: &'a mut Problems,
    unusable: &'a mut Problems,
    files: Vec<UsedFile>,
    /// All that these hold.
    bytes: usize,
    /// The files that are being read, each with the statement by which it uses the next.
    chain: Vec<(Origin, Span)>,
}

impl Loader<'_> {
    fn uses_of(&mut self, file: &ast::File, place: Origin) -> Vec<Imported> {
        let uses = file
            .items
            .iter()
            .filter_map(|item| if let Item::Use(import) = item { Some(import) } else { None });
        self.chain.push((place, Span::default()));
        let imports = uses.map(|import| self.import(import)).collect();
        self.chain.pop();
        imports
    }

    fn import(&mut self, import: &Use) -> Imported {
        if let Some((_, span)) = self.chain.last_mut() {
            *span = import.span;
        }
        let name = import.alias.clone();
        let (name, target) = match &import.target.kind {
            ExprKind::Text(text) => (name, self.file(import, text)),
            ExprKind::Name(path) => self.model(import, path),
            _ => (name, Target::Nothing),
        };
        Imported { name, target, span: import.span }
    }

    /// `use zoo.vgg16`
    fn model(&mut self, import: &Use, path: &str) -> (Option<Name>, Target) {
        let wanted = path.strip_prefix("zoo.").unwrap_or(path);
        let own = Name { value: wanted.to_owned(), span: import.target.span };
        let name = Some(import.alias.clone().unwrap_or(own));
        if let Some(model) = zoo::find(wanted).filter(|_| path.starts_with("zoo.")) {
            let target = match self.open(import, Origin::Zoo(model.file)) {
                Some(file) => Target::Model(file, model.name),
                None => Target::Nothing,
            };
            return (name, target);
        }
        let problem = Diagnostic::new(Code::E0026)
            .saying("zoo")
            .arg("name", path)
            .arg("models", super::names::list_below(zoo::names()))
            .at(import.target.span, "zoo-here");
        self.report(match nearest(wanted, zoo::names()) {
            Some(near) => {
                let near = format!("zoo.{near}");
                problem.arg("near", &near).help("near").fix(import.target.span, near)
            }
            None => problem.help("zoo-list"),
        });
        (name, Target::Nothing)
    }

    /// `use "blocks.cnn" as b`
    fn file(&mut self, import: &Use, text: &str) -> Target {
        // A program from elsewhere is not to make anybody read any other file: mistakes quote its text.
        if !text.ends_with(ENDING) {
            let problem = Diagnostic::new(Code::E0025).saying("ending").arg("file", text);
            self.report(problem.at(import.target.span, "here").help("ending-help"));
            return Target::Nothing;
        }
        let here = self.chain.last().map(|(place, _)| place.clone());
        let place = match here {
            Some(Origin::File(path)) => {
                Origin::File(plain(&path.parent().unwrap_or(Path::new("")).join(text)))
            }
            // files of the zoo use each other only
            Some(Origin::Zoo(_)) | None => match zoo::find(text.trim_end_matches(".cnn")) {
                Some(model) => Origin::Zoo(model.file),
                None => Origin::File(PathBuf::from(text)),
            },
        };
        self.open(import, place).map_or(Target::Nothing, Target::File)
    }

    /// The file at a place, read if it has not been; `None` where it cannot be, which has been reported.
    fn open(&mut self, import: &Use, place: Origin) -> Option<usize> {
        if let Some(at) = self.chain.iter().position(|(other, _)| *other == place) {
            self.report_cycle(import, at);
            return None;
        }
        if let Some(known) = self.files.iter().position(|file| file.place == place) {
            return Some(known);
        }
        if self.chain.len() > DEEPEST {
            let problem = Diagnostic::new(Code::E0024).saying("deep").arg("limit", DEEPEST);
            self.report(problem.at(import.span, "deep-here"));
            return None;
        }
        if self.files.len() + self.chain.len() > MOST_FILES {
            let problem = Diagnostic::new(Code::E0024).saying("many").arg("limit", MOST_FILES);
            self.report(problem.at(import.span, "deep-here"));
            return None;
        }
        let text = match &place {
            Origin::Zoo(file) => zoo::file(file).unwrap_or_default().to_owned(),
            Origin::File(path) => match (self.read)(path) {
                Ok(text) => text,
                Err(error) => return self.unreadable(import, path, &reason(&error)),
            },
        };
        self.bytes += text.len();
        if self.bytes > MOST_BYTES {
            let why = format!("all files that are used have more than {} MiB", MOST_BYTES >> 20);
            return self.unreadable(import, Path::new(&place.name()), &why);
        }
        let base = self.sources.add(SourceFile::new(place.name(), text.as_str()));
        let (ast, problems) = parse_at(&text, base);
        // Where not one statement of a program stands, it is some other file, and nobody's to quote.
        if ast.items.is_empty() && problems.has_errors() {
            return self.unreadable(import, Path::new(&place.name()), "it is not written in the language");
        }
        self.syntax.extend(problems);
        let imports = self.uses_of(&ast, place.clone());
        self.files.push(UsedFile { place, span: Span::new(base, base + text.len()), ast, imports });
        Some(self.files.len() - 1)
    }

    /// E0025: there is no file at `path` that could be used.
    fn unreadable(&mut self, import: &Use, path: &Path, why: &str) -> Option<usize> {
        let problem = Diagnostic::new(Code::E0025).arg("file", path.display()).arg("why", why);
        self.report(problem.at(import.target.span, "here").help("help"));
        None
    }

    /// E0024, with every `use` of the cycle.
    fn report_cycle(&mut self, import: &Use, at: usize) {
        let names = self.chain[at..].iter().map(|(place, _)| place.name());
        let chain: Vec<String> =
            names.chain([self.chain[at].0.name()]).map(|name| format!("`{name}`")).collect();
        let problem = Diagnostic::new(Code::E0024).arg("chain", chain.join(" uses ")).at(import.span, "here");
        let others = self.chain[at..].iter().filter(|(_, span)| *span != import.span);
        let problem = others.fold(problem, |problem, (_, span)| problem.also(*span, "before"));
        self.report(problem.help("help"));
    }

    /// Reports a problem of a `use`, with those that lead to its file.
    fn report(&mut self, mut problem: Diagnostic) {
        problem.used_at = self.chain.iter().rev().skip(1).map(|(_, span)| *span).collect();
        self.unusable.push(problem);
    }
}

/// Why a file cannot be read, without what depends on the machine.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::InvalidData => "it is no UTF-8 text".to_owned(),
        // our own words
        _ if error.get_ref().is_some() => error.to_string(),
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "it may not be read".to_owned(),
        _ => error.to_string(),
    }
}

/// A path without `.` and, as far as possible, `..`, so that one file has one name.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if plain.file_name().is_some() => drop(plain.pop()),
            Component::ParentDir | Component::Normal(_) | Component::RootDir | Component::Prefix(_) => {
                plain.push(part)
            }
        }
    }
    plain
}

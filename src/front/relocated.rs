//! A file that is written elsewhere: what its text names is looked for beside it.

use std::collections::BTreeSet;

use super::filled::edited;
use crate::ast::visit::{Visitor, walk_definition};
use crate::ast::{Argument, Entry, Expr, ExprKind, File, Item, Let, Step};
use crate::parse::parse;
use crate::source::Span;
use crate::vocabulary::{DataSource, OptionType, Words};

/// The option of a model that names a file.
const WEIGHTS: &str = "weights";

/// A text with each path in it as `moved` calls it: of files that it uses, of its data and of weights.
pub fn relocated(text: &str, moved: &dyn Fn(&str) -> String) -> String {
    let file = parse(text).0;
    let mut paths = Paths::default();
    for item in &file.items {
        match item {
            Item::Use(import) => paths.value(&import.target),
            Item::Definition(definition) => walk_definition(&mut paths, definition),
            Item::Section(section) if section.kind.value == "data" => {
                section.entries.iter().for_each(|entry| paths.source(entry));
            }
            Item::Section(_) | Item::Let(_) | Item::Language(_) | Item::Allow(_) => {}
        }
    }
    // a constant that stands for a path, wherever it is defined
    let named = std::mem::take(&mut paths.named);
    constants(&file).into_iter().filter(|constant| named.contains(&constant.name.value)).for_each(
        |constant| {
            paths.value(&constant.value);
        },
    );
    let path = |(span, path): &(Span, String)| (*span, format!("\"{}\"", moved(path)));
    let edits: Vec<(Span, String)> = paths.written.iter().map(path).collect();
    edited(text, &edits, 0)
}

/// The constants at the top of a file and in its sections.
fn constants(file: &File) -> Vec<&Let> {
    let mut constants = Vec::new();
    for item in &file.items {
        match item {
            Item::Let(constant) => constants.push(constant),
            Item::Section(section) => constants.extend(
                section
                    .entries
                    .iter()
                    .filter_map(|entry| if let Entry::Let(constant) = entry { Some(constant) } else { None }),
            ),
            Item::Definition(_) | Item::Use(_) | Item::Language(_) | Item::Allow(_) => {}
        }
    }
    constants
}

/// Paths of a text.
#[derive(Default)]
struct Paths {
    written: Vec<(Span, String)>,
    /// Constants that stand for one.
    named: BTreeSet<String>,
}

impl Paths {
    fn value(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Text(path) => self.written.push((expr.span, path.clone())),
            ExprKind::Name(name) => drop(self.named.insert(name.clone())),
            _ => {}
        }
    }

    /// `source: folder("photos/")`
    fn source(&mut self, entry: &Entry) {
        let Entry::Setting(setting) = entry else { return };
        let ExprKind::Call(word, arguments) = &setting.value.kind else { return };
        let Some(row) = DataSource::row(&word.value).filter(|_| setting.key.value == "source") else {
            return;
        };
        for (at, argument) in arguments.iter().enumerate() {
            let option = match &argument.name {
                Some(name) => row.word.option(&name.value),
                None => row.word.options.get(at),
            };
            if option.is_some_and(|option| option.ty == OptionType::Text) {
                self.value(&argument.value);
            }
        }
    }
}

impl Visitor for Paths {
    fn step(&mut self, step: &Step) {
        let is_weights =
            |argument: &&Argument| argument.name.as_ref().is_some_and(|name| name.value == WEIGHTS);
        step.arguments.iter().filter(is_weights).for_each(|argument| self.value(&argument.value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_from_another_folder() {
        let text = "use \"blocks.cnn\" as b\nuse zoo.vgg16\nlet photos = \"photos/\"\n\
            model M { input(8x8x3); x = vgg16(weights: \"w.safetensors\"); y = vgg16(weights: imagenet) }\n\
            data { source: folder(photos, test: \"more/\"); classes: [\"a b\", c] }\n\
            train { checkpoint(\"best.safetensors\") }\n";
        let expected = "use \"../blocks.cnn\" as b\nuse zoo.vgg16\nlet photos = \"../photos/\"\n\
            model M { input(8x8x3); x = vgg16(weights: \"../w.safetensors\"); y = vgg16(weights: imagenet) }\n\
            data { source: folder(photos, test: \"../more/\"); classes: [\"a b\", c] }\n\
            train { checkpoint(\"best.safetensors\") }\n";
        assert_eq!(relocated(text, &|path| format!("../{path}")), expected);
    }
}

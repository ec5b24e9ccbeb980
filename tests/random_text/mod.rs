//! Random texts: words in any order, correct files with some of their words changed, and deep nesting.

use std::path::Path;

use proptest::prelude::*;

/// Words of the language and some that are none.
const WORDS: &[&str] = &[
    "model",
    "block",
    "A",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "->",
    ",",
    ":",
    ";",
    "\n",
    "\n\n",
    "=",
    "==",
    "<",
    "+",
    "-",
    "*",
    "/",
    "..",
    "..=",
    "conv2d",
    "dense",
    "add",
    "concat",
    "flatten",
    "relu",
    "softmax",
    "batch_norm",
    "dropout",
    "max_pool2d",
    "input",
    "branch",
    "repeat",
    "if",
    "then",
    "else",
    "from",
    "let",
    "use",
    "as",
    "allow",
    "because",
    "language",
    "head",
    "of",
    "by",
    "in",
    "onward",
    "i",
    "x",
    "y",
    "32",
    "0",
    "1",
    "3x3",
    "28x28x1",
    "?x?x3",
    "20%",
    "20deg",
    "5",
    "epochs",
    "1e-3",
    "1e300",
    "99999999999999999999",
    "-1",
    "\"text\"",
    "\"",
    "// comment\n",
    "é",
    "한",
    "\u{0}",
    "classes",
    "data",
    "prepare",
    "augment",
    "train",
    "tune",
    "ensemble",
    "report",
    "phase",
    "source",
    "mnist",
    "validation",
    "rescale",
    "epochs",
    "optimizer",
    "adam",
    "search",
    "until",
    "weights",
    "frozen",
    "zoo.resnet18",
    "a.b.c",
    "0.5",
    "size(3, 3)",
    "floor",
    "min",
    "max",
    "groups: 7",
    "stride: 9",
    "padding: same",
    "activation: relu",
    "65536x65536x65536",
];

/// Correct files.
pub(crate) fn sources() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = Vec::new();
    for folder in ["models", "models/zoo", "tests/fixtures/check", "tests/fixtures/parse"] {
        let mut paths: Vec<_> = std::fs::read_dir(root.join(folder))
            .expect("the folder is there")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        paths.sort();
        let cnn = paths.into_iter().filter(|path| path.extension().is_some_and(|end| end == "cnn"));
        texts.extend(cnn.map(|path| std::fs::read_to_string(path).expect("a text")));
    }
    texts
}

/// A text of any of the three kinds.
pub(crate) fn text(sources: &[String]) -> impl Strategy<Value = String> + use<> {
    let soup = prop::collection::vec(prop::sample::select(WORDS), 0..80).prop_map(|words| words.join(" "));
    let in_model = prop::collection::vec(prop::sample::select(WORDS), 0..60).prop_map(|words| {
        format!("model A {{\n    input(28x28x1)\n    {}\n    flatten\n    dense(10)\n}}\n", words.join(" "))
    });
    let change = (any::<usize>(), 0_usize..6, prop::sample::select(WORDS), any::<usize>(), 0_u8..5);
    let changed = (prop::sample::select(sources.to_vec()), prop::collection::vec(change, 1..8)).prop_map(
        |(text, changes)| {
            let mut words = words_of(&text);
            for (at, length, word, from, kind) in changes {
                change_words(&mut words, (at, length), word, from, kind);
            }
            words.concat()
        },
    );
    let deep = (
        prop::sample::select(vec![
            "(",
            "[",
            "{",
            "branch {",
            "if 1 < 2 {",
            "repeat 2 {",
            "add { branch {",
            "f(",
            "-",
            "1 + ",
            "model A {",
        ]),
        1_usize..3000,
    )
        .prop_map(|(open, times)| format!("model A {{ input(8x8x1)\nlet x = {}", open.repeat(times)));
    prop_oneof![2 => soup, 3 => in_model, 6 => changed, 1 => deep]
}

/// Words, blanks and marks, which together are the text.
fn words_of(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last = None;
    for c in text.chars() {
        let kind = if c.is_alphanumeric() || c == '_' {
            0
        } else if c == ' ' {
            1
        } else {
            2
        };
        match words.last_mut() {
            Some(word) if last == Some(kind) && kind < 2 => word.push(c),
            _ => words.push(c.to_string()),
        }
        last = Some(kind);
    }
    words
}

fn change_words(words: &mut Vec<String>, (at, length): (usize, usize), word: &str, from: usize, kind: u8) {
    if words.is_empty() {
        return;
    }
    let start = at % words.len();
    let end = (start + length).min(words.len());
    let other = from % words.len();
    match kind {
        0 => drop(words.drain(start..end)),
        1 => drop(words.splice(start..end, [word.to_owned()])),
        2 => words.swap(start, other),
        3 => {
            let copy: Vec<String> = words[start..end].to_vec();
            drop(words.splice(other..other, copy));
        }
        _ => words[start] = word.to_owned(),
    }
}

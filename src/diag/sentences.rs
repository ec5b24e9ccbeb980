//! Every sentence for people has its Korean: the literals of the source are compared with the catalogue.
//!
//! A literal is a sentence if it has two words, or a word beside a hole or code. Its holes are filled with
//! samples, and what comes back must be Korean with the samples in it. Where code makes a sentence of several
//! literals, each must be a piece of a pattern.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::Language;
use super::phrases::{korean_labels, korean_lines, korean_patterns};

/// Rooms and files that speak to people in their own words, or give phrases to sentences of the catalogue. What
/// plans, kernels and graphs say is about bugs of ours.
const SPEAKERS: &[&str] = &[
    "assess",
    "check",
    "cli",
    "data",
    "draw/scene/png.rs",
    "experiment",
    "files",
    "front/points.rs",
    "import/keras",
    "import/onnx",
    "import/open.rs",
    "ir/checked.rs",
    "kernel/target.rs",
    "live",
    "lower",
    "memory",
    "onnx/error.rs",
    "runtime/error.rs",
    "see/error.rs",
    "settings",
    "train",
    "vocabulary/category.rs",
    "vocabulary/option.rs",
];

/// What is rightly English, by how it begins.
const ENGLISH: &[(&str, &str)] = &[
    ("// One experiment:", "a file in the language"),
    ("// A copy of", "a file in the language"),
    ("{text}\nmodel pictures", "a file in the language"),
    ("global_avg_pool2d;", "a file in the language"),
    ("train {", "a file in the language"),
    (", scale: log", "a value in the journal of a search"),
    ("the objective", "a comment of a program"),
    ("Trial {} of {}", "a comment of a program"),
    ("The best of a search together", "a comment of a program"),
    ("// a bug in cnnc", "a file that is sent to us"),
    (", cnnc explain", "a command"),
    ("CODE or WORD", "the name of a value, as FILE is"),
    ("global thread pool", "what a library panics with"),
    ("failed to spawn thread", "what a library panics with"),
    ("failed to lookup address", "what the standard library says"),
    ("a batch has images", "an assertion"),
    ("nobody wants the batch", "an assertion"),
    ("the picture cannot be drawn: {0}", "for programs that use the library"),
    ("\n\\ No newline", "a mark of diffs"),
    ("the file has errors", "for programs that use the library; the command line draws errors"),
    (" (and one more error)", "for programs that use the library; the command line draws errors"),
    (" (and {more} more errors)", "for programs that use the library; the command line draws errors"),
    ("cnnc training state", "the name of a format"),
    ("cnnc data index", "the name of a format"),
    ("frame-ancestors 'none'", "what browsers are told"),
    ("{FORMAT}", "a file"),
    ("pass {:?}", "a key"),
    ("model name", "what the system's file says"),
    ("cannot tell", "a value of JSON"),
    ("{other} against {first}, on", "its halves are told by `compare` in one of two ways"),
    ("{start}; {} (Wilcoxon", "its halves are told by `compare`"),
    ("use zoo.{}", "an edit of the file"),
    ("; mirror", "an edit of the file"),
    ("; rescale", "an edit of the file"),
    ("; split: by", "an edit of the file"),
    (", activation: relu", "an edit of the file"),
    (", stride: ", "an edit of the file"),
    ("phase head {{", "an edit of the file"),
    ("phase finetune {{", "an edit of the file"),
    ("color: {}", "an edit of the file"),
    ("normalize: {}", "an edit of the file"),
    ("standard(mean", "an edit of the file"),
    ("frozen: ", "an edit of the file"),
    ("by {}", "a value in run.json"),
    (" from {}", "a value in run.json"),
    ("{} of {}", "a value in run.json"),
    ("{} GiB", "a unit"),
    ("{} MiB", "a unit"),
    ("{mib:.0} MiB", "a unit"),
    ("{:.1} GiB", "a unit"),
    ("loss {:.4}", "a column with its number"),
    ("digits-images (built in)", "a name"),
    ("digits-labels (built in)", "a name"),
    ("; calls {}", "a listing of machine code"),
    ("ONNX, opset {opset}", "a comment of a program"),
    ("From {}{about}.", "a comment of a program"),
    ("A part of it, up to", "a comment of a program"),
    ("it has {} layers in place of", "a bug, which is sent to us"),
    ("it ends elsewhere", "a bug, which is sent to us"),
    ("`{}` is not `{}`", "a bug, which is sent to us"),
    ("`{}` makes {shape}", "a bug, which is sent to us"),
    ("`{}` has no numbers", "a bug, which is sent to us"),
    ("it takes {} of {used}", "a bug, which is sent to us"),
];

/// Patterns that no single literal makes, with who does.
const MADE_OF_PARTS: &[(&str, &str)] = &[
    ("{#count} error", "the closing line of `check`"),
    ("{#count} warning", "the closing line of `check`"),
    ("{#files} file", "the closing line of `check`"),
    ("{#least} to {#most}", "the sizes of `data`"),
    ("train {scores}", "the line of `eval`"),
    ("validation {scores}", "the line of `eval`"),
    ("test {scores}", "the line of `eval` and `run`"),
    ("{#count} picture", "differences of data"),
    ("such as {names}", "differences of data"),
    ("missing: {+names}", "differences of classes"),
    ("not expected: {+names}", "differences of classes"),
    ("{#seconds} s", "the line of an epoch"),
    ("{other} against", "comparisons"),
    ("{picture}: nothing in", "the note of `see grad_cam`"),
    ("{layer}: ", "the line of `see filters`"),
    ("{#count} runs:", "the line of `see curves`"),
    ("`{positive}` against", "two classes"),
    ("settings of {other}", "comparisons"),
    ("{+said} (Wilcoxon", "comparisons"),
    ("could not allocate", "the room of code, where all else is about bugs of ours"),
    ("`{name}` ({#", "weights that are not finite"),
    ("the run in `{folder}` has no weights", "why weights are missing"),
    ("the zoo has no model", "a model that is not there"),
    ("`{file}` was not", "files of a run that are written anew"),
    ("is a link that leads nowhere", "a link in a folder"),
    ("it is ", "what a file is"),
    ("`{name}` should have", "a member of an archive"),
    ("`{name}` cannot be read", "a member of an archive"),
    ("its header ", "headers of arrays"),
    ("interrupted", "how a run was interrupted"),
    ("process {#pid}", "who holds a run"),
    ("the file ends or breaks off", "files of arrays"),
    ("the file is cut short", "pictures"),
    ("picture {#number} has {value}", "labels of arrays"),
];

/// Files of the catalogue that translate other people's sentences, and `--help`, which is compared with the
/// commands themselves.
const FOREIGN: &[&str] = &[
    include_str!("catalogue/ko/lines/system.txt"),
    include_str!("catalogue/ko/lines/clap.txt"),
    include_str!("catalogue/ko/lines/help.txt"),
];

/// What stands in a template for a hole.
const HOLE: char = '\u{0}';

/// A literal of the source, its holes taken out, line by line.
struct Sentence {
    place: String,
    /// All of the literal.
    literal: String,
    written: String,
    template: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rust_files(path: &Path, found: &mut Vec<PathBuf>) {
    if path.is_file() {
        found.push(path.to_owned());
        return;
    }
    let mut entries: Vec<PathBuf> =
        fs::read_dir(path).expect("a room").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for entry in entries {
        let is_test = entry.to_string_lossy().contains("tests") || entry.ends_with("sentences.rs");
        if !is_test && (entry.is_dir() || entry.extension().is_some_and(|end| end == "rs")) {
            rust_files(&entry, found);
        }
    }
}

/// The text of a file without comments and without what is there for tests alone; lines stay where they are.
fn code(text: &str) -> String {
    let mut out = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if ["#[cfg(test)]", "#[cfg(all(test,"].iter().any(|start| line.trim().starts_with(start)) {
            let end = format!("{}}}", &line[..line.len() - line.trim_start().len()]);
            let item =
                lines.by_ref().inspect(|_| out.push('\n')).find(|line| !line.trim_start().starts_with("#["));
            if item.is_some_and(|item| !item.ends_with([';', '}'])) {
                let _ = lines.by_ref().inspect(|_| out.push('\n')).find(|line| *line == end);
            }
        } else if !line.trim_start().starts_with("//") {
            out.push_str(line);
        }
        out.push('\n');
    }
    out
}

/// Literals of code: where each begins, and what it says.
fn literals(code: &str) -> Vec<(usize, String)> {
    let bytes = code.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\'' => {
                // a character, or a lifetime
                let rest = &code[at + 1..];
                let length = if rest.starts_with('\\') {
                    rest[2..].find('\'').map(|end| end + 3)
                } else {
                    let first = rest.chars().next().map_or(0, char::len_utf8);
                    rest[first..].starts_with('\'').then_some(first + 1)
                };
                at += 1 + length.unwrap_or(0);
            }
            b'r' if code[at..].starts_with("r\"") || code[at..].starts_with("r#\"") => {
                let is_word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
                let (open, close) = if bytes[at + 1] == b'#' { (3, "\"#") } else { (2, "\"") };
                if is_word {
                    at += 1;
                    continue;
                }
                let end = code[at + open..].find(close).expect("it ends");
                found.push((at, code[at + open..at + open + end].to_owned()));
                at += open + end + close.len();
            }
            b'"' => {
                let (text, length) = unescaped(&code[at + 1..]);
                found.push((at, text));
                at += 1 + length;
            }
            b'/' if code[at..].starts_with("//") => {
                at += code[at..].find('\n').unwrap_or(code.len() - at);
            }
            _ => at += 1,
        }
    }
    found
}

/// What a literal says that begins here, and the bytes up to its end.
fn unescaped(code: &str) -> (String, usize) {
    let mut text = String::new();
    let mut letters = code.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (text, at + 1),
            '\\' => match letters.next().map(|(_, next)| next) {
                Some('n') => text.push('\n'),
                Some('\n') => while letters.next_if(|(_, next)| next.is_whitespace()).is_some() {},
                Some(other) => text.push(other),
                None => {}
            },
            other => text.push(other),
        }
    }
    (text, code.len())
}

/// A template: holes become [`HOLE`].
fn template(text: &str) -> String {
    let mut out = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '{' if letters.peek() == Some(&'{') => out.extend(letters.next()),
            '}' if letters.peek() == Some(&'}') => out.extend(letters.next()),
            '{' => {
                let inner: String = letters.by_ref().take_while(|letter| *letter != '}').collect();
                let is_hole = !inner.contains(' ');
                if is_hole { out.push(HOLE) } else { out += &format!("{{{inner}}}") }
            }
            other => out.push(other),
        }
    }
    out
}

/// Whether a template is a sentence: two words, or a word beside a hole or code.
fn is_sentence(template: &str) -> bool {
    let mut outside = String::new();
    for (at, piece) in template.split('`').enumerate() {
        outside.push_str(if at % 2 == 0 { piece } else { "\u{0}" });
    }
    let (mut words, mut others) = (0, 0);
    for token in outside.split_whitespace() {
        let bare = token.trim_matches(|c: char| ",;:.()?!".contains(c));
        let letters = bare.chars().filter(char::is_ascii_alphabetic).count();
        let is_word = letters > 1 && bare.chars().all(|c| c.is_ascii_alphabetic() || "'-".contains(c));
        words += usize::from(is_word);
        others += usize::from(!is_word && token.contains(HOLE));
    }
    words > 1 || words == 1 && others > 0
}

/// All sentences of the source, and all literals of one line.
fn sentences() -> (Vec<Sentence>, BTreeSet<String>) {
    sentences_of(SPEAKERS)
}

/// Those of some files and folders.
fn sentences_of(speakers: &[&str]) -> (Vec<Sentence>, BTreeSet<String>) {
    let mut files = Vec::new();
    for speaker in speakers {
        rust_files(&root().join(speaker), &mut files);
    }
    let (mut sentences, mut all) = (Vec::new(), BTreeSet::new());
    for file in files {
        let code = code(&fs::read_to_string(&file).expect("source"));
        for (at, text) in literals(&code) {
            let before = code[..at].trim_end();
            let is_ours =
                ["expect(", "unreachable!(", "panic!(", "reason =", "after_long_help =", "assert!("]
                    .iter()
                    .any(|end| before.ends_with(end));
            if is_ours {
                continue;
            }
            let line = code[..at].matches('\n').count() + 1;
            for written in text.split('\n') {
                let mut written = written.trim();
                for word in ["error", "note: ", "help: ", "warning: "] {
                    let rest = written.strip_prefix(word);
                    let rest = rest.map(|rest| {
                        if word == "error" {
                            rest.split_once(": ").map_or(rest, |(_, rest)| rest)
                        } else {
                            rest
                        }
                    });
                    written =
                        rest.filter(|_| word != "error" || written.starts_with("error[")).unwrap_or(written);
                }
                all.insert(written.to_owned());
                let template = template(written);
                if is_sentence(&template) {
                    let shown = file.strip_prefix(root()).unwrap_or(&file).display();
                    sentences.push(Sentence {
                        place: format!("src/{shown}:{line}"),
                        literal: text.clone(),
                        written: written.to_owned(),
                        template,
                    });
                }
            }
        }
    }
    (sentences, all)
}

fn is_korean(text: &str) -> bool {
    text.contains(|letter| ('가'..='힣').contains(&letter))
}

/// A template with samples in its holes; `None` without holes it is the text itself.
fn filled(template: &str, sample: impl Fn(usize) -> String) -> (String, Vec<String>) {
    let mut pieces = template.split(HOLE);
    let mut text = pieces.next().unwrap_or_default().to_owned();
    let mut samples = Vec::new();
    for (at, piece) in pieces.enumerate() {
        samples.push(sample(at));
        text += &samples[at];
        text += piece;
    }
    (text, samples)
}

/// Whether a template comes back Korean, with all that was filled in.
fn comes_back(template: &str) -> bool {
    let samples: [&dyn Fn(usize) -> String; 3] = [&|at| format!("q{at}z"), &|at| format!("4{at}"), &|at| {
        if at == 0 { "qz".to_owned() } else { format!("4{at}") }
    }];
    samples.into_iter().any(|sample| {
        let (text, samples) = filled(template, sample);
        let korean = Language::Korean.say(&text);
        is_korean(&korean) && samples.iter().all(|sample| korean.contains(sample.as_str()))
    })
}

/// Whether code could make a text of a template.
fn makes(template: &str, text: &str) -> bool {
    let pieces: Vec<&str> = template.split(HOLE).collect();
    let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else { return false };
    if pieces.len() == 1 {
        return template == text;
    }
    let Some(mut rest) = text.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else {
        return false;
    };
    pieces[1..pieces.len() - 1].iter().all(|piece| match rest.find(piece) {
        Some(at) => {
            rest = &rest[at + piece.len()..];
            true
        }
        None => false,
    })
}

/// A pattern with a sample in each hole.
fn sample(pattern: &str) -> String {
    template(pattern).replace(HOLE, "0x0")
}

/// Whether a template is a piece of a sentence that code makes of several.
fn is_piece_of(template: &str, text: &str) -> bool {
    let mut rest = text;
    template.split(HOLE).all(|piece| match rest.find(piece) {
        Some(at) => {
            rest = &rest[at + piece.len()..];
            true
        }
        None => false,
    })
}

#[test]
fn every_sentence_has_its_korean() {
    let patterns: Vec<String> = korean_patterns().map(|(pattern, _)| sample(pattern)).collect();
    let (sentences, _) = sentences();
    assert!(sentences.len() > 300, "the source is not read as it should be: {}", sentences.len());
    let mut missing = Vec::new();
    for Sentence { place, literal, written, template } in &sentences {
        let is_english = ENGLISH.iter().any(|(start, _)| literal.starts_with(start));
        let has_korean = || comes_back(template) || patterns.iter().any(|text| is_piece_of(template, text));
        if !is_english && !has_korean() {
            missing.push(format!("{place}: {written}"));
        }
    }
    assert!(
        missing.is_empty(),
        "{} sentences without Korean; see docs/korean.md:\n{}",
        missing.len(),
        missing.join("\n")
    );
}

#[test]
fn every_pattern_is_used() {
    let (sentences, literals) = sentences();
    let foreign: BTreeSet<&str> =
        FOREIGN.iter().flat_map(|file| file.lines()).filter_map(|line| line.split(" = ").next()).collect();
    let mut unused = Vec::new();
    for (pattern, _) in korean_lines() {
        let text = sample(pattern);
        let is_used = foreign.contains(pattern)
            || literals.contains(pattern)
            || MADE_OF_PARTS.iter().any(|(start, _)| pattern.starts_with(start))
            || sentences.iter().any(|sentence| {
                let parts = sentence.template.split("; ");
                makes(&sentence.template, &text) || parts.into_iter().any(|part| makes(part, &text))
            });
        if !is_used {
            unused.push(pattern);
        }
    }
    assert!(unused.is_empty(), "nothing says any more:\n{}", unused.join("\n"));
}

/// What makes drawings; its errors are lines.
const DRAWERS: &[&str] = &["see", "chart", "page/compiler.rs", "cli/see/samples.rs", "cli/augment.rs"];

/// Literals of those that no drawing shows as they are.
const NOT_DRAWN: &[&str] = &[
    "Confusion matrix: {title}",
    "Learning curves",
    "feature maps",
    "{name}, answered",
    "{} of {all} pictures: sure",
];

#[test]
fn drawings_have_their_korean() {
    let (sentences, literals) = sentences_of(DRAWERS);
    let is_of_drawing = |place: &str| !place.contains("error.rs") && !place.contains("/cli/");
    let patterns: Vec<String> = korean_labels().map(|(pattern, _)| sample(pattern)).collect();
    let mut missing = Vec::new();
    for Sentence { place, literal, written, template } in &sentences {
        let is_left_out = NOT_DRAWN.iter().any(|start| literal.starts_with(start));
        let has_korean = || patterns.iter().any(|text| makes(template, text) || is_piece_of(template, text));
        if is_of_drawing(place) && !is_left_out && !has_korean() {
            missing.push(format!("{place}: {written}"));
        }
    }
    assert!(missing.is_empty(), "without Korean in drawings.txt:\n{}", missing.join("\n"));
    for (pattern, _) in korean_labels() {
        let text = sample(pattern);
        // some are made of two parts, or stand in one of two forms
        let is_used = literals.contains(pattern)
            || sentences.iter().any(|sentence| makes(&sentence.template, &text))
            || [
                "{name} of {layer}",
                "{method} of the",
                "how much each pixel",
                "{photo}: ",
                "picture",
                "map",
                "learning rate",
                "no pictures",
                "training picture",
            ]
            .iter()
            .any(|start| pattern.starts_with(start));
        assert!(is_used, "no drawing says `{pattern}` any more");
    }
    assert_eq!(
        Language::Korean.label("channels 0 to 15 of 32, each from its least to its greatest value"),
        "채널 32개 가운데 0 ~ 15, 저마다 가장 작은 값부터 가장 큰 값까지"
    );
    assert_eq!(Language::Korean.label("conv2d_1"), "conv2d_1");
}

#[test]
fn lists_of_exceptions_have_nothing_too_much() {
    let (sentences, _) = sentences();
    let (unused, unmade): (Vec<_>, Vec<_>) = (
        ENGLISH.iter().filter(|(start, _)| !sentences.iter().any(|s| s.literal.starts_with(start))).collect(),
        MADE_OF_PARTS
            .iter()
            .filter(|(start, _)| !korean_lines().any(|(p, _)| p.starts_with(start)))
            .collect(),
    );
    assert!(unused.is_empty() && unmade.is_empty(), "{unused:?}\n{unmade:?}");
}

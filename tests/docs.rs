//! The documents say what the compiler does: examples are compiled, drawings compared, and the reference of
//! layers is the compiler's own table.

mod cards;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use cnnc::diag::{Code, Language, RenderStyle, machine_codes, main_sentence, render, run_codes};
use cnnc::draw::Diagram;
use cnnc::front::{Loaded, load};
use cnnc::internals::layers::{Inputs, KindInfo, Layer};
use cnnc::internals::lower::LowerOptions;
use cnnc::internals::vocabulary::{
    Activation, AugmentKind, Callback, DataSource, Drawing, Fill, Initializer, Limit, Loss, Metric,
    Normalize, Optimizer, OptionSpec, OptionType, Regularizer, Resize, SECTIONS, Schedule, Strategy, Word,
    Words,
};
use cnnc::source::SourceFile;

const BEGIN: &str =
    "<!-- layers: begin (from the compiler's table: CNNC_BLESS=1 cargo test --test docs) -->\n";
const END: &str = "<!-- layers: end -->";

/// The model that examples without one are for.
const MODEL: &str = "model Small { input(28x28x1); flatten; dense(classes, activation: softmax) }\n";

/// The data that tell how many classes there are, for examples without any.
const DATA: &str = "data { source: mnist; validation: 10% of train }\n";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// README and everything in `docs`.
fn documents() -> Vec<PathBuf> {
    let docs = std::fs::read_dir(root().join("docs")).expect("the folder is there");
    let paths = docs.map(|entry| entry.expect("a readable folder").path());
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
    paths.sort();
    paths.insert(0, root().join("README.md"));
    paths
}

fn load_text(name: &str, text: String) -> Loaded {
    load(SourceFile::new(name, text), &LowerOptions::default(), &cards::card_of)
}

fn drawn(loaded: &Loaded) -> String {
    loaded
        .problems
        .iter()
        .map(|problem| render(problem, &loaded.sources, RenderStyle::plain()))
        .collect::<Vec<_>>()
        .join("\n")
}

/// A fenced example.
struct Example {
    /// Its document and line.
    place: String,
    /// What stands behind `cnn` on the fence: nothing, `body` (lines of a model's body) or `fails` (there is
    /// a mistake in it).
    kind: String,
    text: String,
}

fn examples(path: &Path) -> Vec<Example> {
    let name = path.file_name().expect("a name").to_string_lossy().into_owned();
    let mut found: Vec<Example> = Vec::new();
    let mut open = false;
    for (line, text) in read(path).lines().enumerate() {
        match text.strip_prefix("```") {
            Some("") if open => open = false,
            Some(kind) if kind == "cnn" || kind.starts_with("cnn,") => {
                open = true;
                let kind = kind.trim_start_matches("cnn").trim_start_matches(',').to_owned();
                found.push(Example { place: format!("{name}:{}", line + 2), kind, text: String::new() });
            }
            _ if open => {
                let example = found.last_mut().expect("one is open");
                example.text.push_str(text);
                example.text.push('\n');
            }
            _ => {}
        }
    }
    found
}

/// The example as a whole file: what it leaves out of model and data is added.
fn whole(example: &Example) -> String {
    let mut text = match example.kind.as_str() {
        "body" => format!("model Example {{\n{}}}\n", example.text),
        _ => example.text.clone(),
    };
    let has = |text: &str, word: &str| text.lines().any(|line| line.split_whitespace().next() == Some(word));
    if !has(&text, "model") {
        if !has(&text, "data") {
            text.push_str(DATA);
        }
        text.push_str(MODEL);
    }
    text
}

#[test]
fn examples_compile() {
    let mut count = 0;
    for example in documents().iter().flat_map(|path| examples(path)) {
        let loaded = load_text(&example.place, whole(&example));
        match example.kind.as_str() {
            "" | "body" => assert!(loaded.program.is_some(), "{}\n{}", example.place, drawn(&loaded)),
            "fails" => assert!(loaded.problems.has_errors(), "{} has no mistake", example.place),
            other => panic!("{}: there is no kind of example called `{other}`", example.place),
        }
        count += 1;
    }
    assert!(count >= 12, "only {count} examples found");
}

#[test]
fn the_readme_shows_what_is_drawn() {
    let readme = read(&root().join("README.md"));
    for name in ["fashion.cnn", "cifar.cnn", "airplanes.cnn"] {
        let loaded = load_text(name, read(&root().join("tests/fixtures/readme").join(name)));
        let drawn = drawn(&loaded);
        assert!(!drawn.is_empty() && readme.contains(&drawn), "{name} is drawn so:\n{drawn}");
    }
}

#[test]
fn codes_that_are_named_exist() {
    let outside_of_files = run_codes(Language::English).chain(machine_codes(Language::English));
    let of_runs: Vec<&str> = outside_of_files.map(|(code, _)| code).collect();
    for path in documents() {
        let text = read(&path);
        let mut count = 0;
        for word in text.split(|c: char| !c.is_ascii_alphanumeric()) {
            let is_code = word.len() == 5
                && word.starts_with(['E', 'W', 'H'])
                && word[1..].bytes().all(|b| b.is_ascii_digit());
            if is_code {
                assert!(
                    word.parse::<Code>().is_ok() || of_runs.contains(&word),
                    "{}: there is no {word}",
                    path.display()
                );
                count += 1;
            }
        }
        assert!(count > 0 || !path.ends_with("README.md"), "the README names no code");
    }
}

#[test]
fn links_lead_somewhere() {
    for path in documents() {
        let text = read(&path);
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let pictures = text.split("<img src=\"").skip(1).filter_map(|rest| rest.split('"').next());
        for target in links.chain(pictures) {
            let file = target.split('#').next().unwrap_or_default();
            if !file.is_empty() && !file.contains("://") {
                let folder = path.parent().expect("a file lies in a folder");
                assert!(folder.join(file).exists(), "{}: {target} is not there", path.display());
            }
        }
    }
}

#[test]
fn the_reference_of_layers_is_the_table() {
    holds(&root().join("docs/language.md"), Some("layers"), &layers());
}

/// Sections of the reference that are printed from the vocabulary: settings first, then words.
#[test]
fn the_reference_of_words_is_the_vocabulary() {
    let path = root().join("docs/language.md");
    for section in SECTIONS {
        holds(&path, Some(section.keyword), &settings(section.settings));
    }
    holds(&path, Some("source"), &words::<DataSource>());
    holds(&path, Some("size"), &words::<Resize>());
    holds(&path, Some("normalization"), &words::<Normalize>());
    holds(&path, Some("augmentation"), &words::<AugmentKind>());
    holds(&path, Some("fill"), &words::<Fill>());
    holds(&path, Some("optimizer"), &words::<Optimizer>());
    holds(&path, Some("schedule"), &words::<Schedule>());
    holds(&path, Some("loss"), &words::<Loss>());
    holds(&path, Some("metric"), &words::<Metric>());
    holds(&path, Some("callback"), &words::<Callback>());
    holds(&path, Some("strategy"), &words::<Strategy>());
    holds(&path, Some("limit"), &words::<Limit>());
    holds(&path, Some("drawing"), &words::<Drawing>());
}

/// The settings of a section, as Markdown.
fn settings(settings: &[OptionSpec]) -> String {
    let mut text = String::from("\n| Setting | Takes | Default | |\n|---|---|---|---|\n");
    settings.iter().for_each(|setting| row(&mut text, setting));
    text.push('\n');
    text
}

fn row(text: &mut String, option: &OptionSpec) {
    let default = option.default.map_or("must be written".to_owned(), |default| format!("`{default}`"));
    let takes = if let OptionType::Choice(words) = option.ty {
        words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
    } else {
        option.ty.describe().to_owned()
    };
    let _ =
        writeln!(text, "| `{}` | {takes} | {default} | {} |", option.name, option.help.replace('|', "\\|"));
}

/// The words of a table, as Markdown.
fn words<T: Words>() -> String {
    let mut text = String::from("\n| Written | |\n|---|---|\n");
    for word in T::TABLE.iter().map(|row| row.word) {
        let Word { help, formula, source, keras, .. } = word;
        let bar = |text: &str| text.replace('|', "\\|");
        let formula = if formula.is_empty() { String::new() } else { format!(" `{}`", bar(formula)) };
        let source = if source.is_empty() { String::new() } else { format!(" ({source})") };
        let keras = if keras.is_empty() { String::new() } else { format!(" Elsewhere: `{keras}`.") };
        let options: Vec<String> =
            word.options.iter().filter(|option| option.default.is_none()).map(option).collect();
        let rest: Vec<String> =
            word.options.iter().filter(|option| option.default.is_some()).map(option).collect();
        let options = [options, rest].concat().join("<br>");
        let options = if options.is_empty() { options } else { format!("<br>{options}") };
        let _ = writeln!(text, "| `{}` | {}{formula}{source}{keras}{options} |", written(&word), bar(help));
    }
    text.push('\n');
    text
}

fn option(option: &OptionSpec) -> String {
    format!("`{}`: {}", option.name, option.help.replace('|', "\\|"))
}

/// `adam(lr: 0.001, …)`, every option with its default.
fn written(word: &Word) -> String {
    let options = word.options.iter().map(|option| match option.default {
        Some(default) => format!("{}: {default}", option.name),
        None => option.name.to_owned(),
    });
    let options = options.collect::<Vec<_>>().join(", ");
    if options.is_empty() { word.keyword.to_owned() } else { format!("{}({options})", word.keyword) }
}

/// What a document quotes, `<!-- from PATH -->` before a fence, is what the file holds.
#[test]
fn quotes_are_what_the_files_hold() {
    let mut count = 0;
    for path in documents() {
        let text = read(&path);
        for quote in text.split("<!-- from ").skip(1) {
            let (from, rest) = quote.split_once(" -->\n```").expect("a fence follows a quote's origin");
            let (_, body) = rest.split_once('\n').expect("the fence's line ends");
            let body = body.split("\n```").next().expect("the fence ends");
            let file = read(&root().join(from));
            assert!(file.contains(body), "{}: {from} does not hold\n{body}", path.display());
            count += 1;
        }
    }
    assert!(count >= 8, "only {count} quotes found");
}

/// Shape rule, formula and example of a kind, one a line.
fn describe(text: &mut String, kind: &KindInfo) {
    let _ = writeln!(text, "\n- Shape: {}", kind.shape);
    let source = if kind.source.is_empty() { String::new() } else { format!(" ({})", kind.source) };
    let _ = writeln!(text, "- Computes: {}{source}", kind.formula);
    let _ = writeln!(text, "- Example: `{}`", kind.example);
}

/// Each kind's example is a line of a body that compiles, and uses that kind.
#[test]
fn examples_of_layers_compile() {
    for kind in Layer::kinds() {
        assert!(
            kind.example.contains(kind.keyword),
            "`{}` is no example of `{}`",
            kind.example,
            kind.keyword
        );
        let body = match kind.inputs {
            Inputs::None => kind.example.to_owned(),
            Inputs::One => format!("input(28x28x3); {}", kind.example),
            Inputs::Several => {
                format!("input(28x28x3); x = conv2d(8, 1); y = conv2d(8, 1); {}", kind.example)
            }
        };
        let loaded = load_text(kind.keyword, format!("model Example {{ {body} }}\n"));
        assert!(loaded.program.is_some(), "{body}\n{}", drawn(&loaded));
    }
}

/// The reference of layers, as Markdown.
fn layers() -> String {
    let mut text = String::new();
    for kind in Layer::kinds() {
        layer(&mut text, kind);
    }
    let list = |names: Vec<&str>| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let _ = write!(text, "\nActivations: {}.\n\n", list(Activation::keywords().collect()));
    let initializers: Vec<String> =
        Initializer::TABLE.iter().map(|row| format!("`{}`", written(&row.word))).collect();
    let regularizers: Vec<String> =
        Regularizer::TABLE.iter().map(|row| format!("`{}`", written(&row.word))).collect();
    let _ = write!(text, "Initializers, with their arguments and defaults: {}.\n\n", initializers.join(", "));
    let _ = write!(text, "Regularizers: {}.\n\n", regularizers.join(", "));
    text
}

fn layer(text: &mut String, kind: &KindInfo) {
    let stop = if kind.help.ends_with('.') { "" } else { "." };
    let _ = write!(text, "\n### `{}`\n\n{}{stop}", kind.keyword, kind.help);
    if !kind.keras.is_empty() {
        let _ = write!(text, " Elsewhere: `{}`.", kind.keras);
    }
    text.push_str(match kind.inputs {
        Inputs::None => " It stands first.\n",
        Inputs::One => "\n",
        Inputs::Several => {
            " Takes the names of the values to join; with one name, the current value comes first.\n"
        }
    });
    describe(text, kind);
    if kind.options.is_empty() {
        return;
    }
    text.push_str("\n| Option | Takes | Default | |\n|---|---|---|---|\n");
    kind.options.iter().for_each(|option| row(text, option));
}

/// Tests run beside each other, and several rewrite parts of one document.
fn writing() -> std::sync::MutexGuard<'static, ()> {
    static WRITING: std::sync::Mutex<()> = std::sync::Mutex::new(());
    WRITING.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A document, or a part of one between markers, is what is generated; `CNNC_BLESS=1` makes it so.
fn holds(path: &Path, marker: Option<&str>, generated: &str) {
    let _alone = writing();
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let wanted = match marker {
        None => generated.to_owned(),
        Some(marker) => {
            let (begin, end) = (BEGIN.replace("layers", marker), END.replace("layers", marker));
            let (head, rest) = text.split_once(&begin).expect("the marker before it");
            let (_, tail) = rest.split_once(&end).expect("the marker behind it");
            format!("{head}{begin}{generated}{end}{tail}")
        }
    };
    if std::env::var_os("CNNC_BLESS").is_some() {
        std::fs::write(path, wanted).expect("the document can be written");
    } else {
        assert!(text == wanted, "{} is old: CNNC_BLESS=1 cargo test --test docs rewrites it", path.display());
    }
}

/// The index of all codes is the catalogue's.
#[test]
fn the_index_of_codes_is_the_catalogue() {
    let mut text = String::from(
        "# Diagnostics\n\nAll codes, from the compiler's catalogue (`CNNC_BLESS=1 cargo test --test docs` rewrites this file). `cnnc explain CODE` is a page on each, with a \
         wrong example and the\nright one; `--lang ko` gives it in Korean. `…` stands for names and numbers of the file. \"Fix\" says whether `cnnc check --fix` may \
         have an edit for it.\n",
    );
    let families = [
        ("00", "Syntax and names"),
        ("01", "Shapes and wiring"),
        ("02", "Output, loss and labels"),
        ("03", "Data, scaling and splits"),
        ("04", "Augmentation"),
        ("05", "Training, search and ensembles"),
    ];
    for (digits, title) in families {
        let _ = write!(text, "\n## {title}\n\n| Code | Level | Says | Fix |\n|---|---|---|---|\n");
        for code in Code::ALL.iter().filter(|code| code.as_str()[1..].starts_with(digits)) {
            let says = without_placeholders(main_sentence(Language::English, *code)).replace('|', "\\|");
            let fix = if has_fix(*code) { "yes" } else { "" };
            let _ = writeln!(text, "| {code} | {} | {says} | {fix} |", code.level().as_str());
        }
    }
    text.push_str("\n## Runs and their files\n\n| Code | Says |\n|---|---|\n");
    for (code, title) in run_codes(Language::English) {
        let _ = writeln!(text, "| {code} | {title} |");
    }
    text.push_str("\n## The machine and `--restricted`\n\n| Code | Says |\n|---|---|\n");
    for (code, title) in machine_codes(Language::English) {
        let _ = writeln!(text, "| {code} | {title} |");
    }
    let families = Code::ALL
        .iter()
        .filter(|code| families.iter().any(|(digits, _)| code.as_str()[1..].starts_with(digits)));
    assert_eq!(families.count(), Code::ALL.len(), "a code of a family without a heading");
    holds(&root().join("docs/diagnostics.md"), None, &text);
}

/// `{layer}` as `…`.
fn without_placeholders(sentence: &str) -> String {
    let mut text = String::new();
    let mut rest = sentence;
    while let Some((before, behind)) = rest.split_once('{') {
        let is_name = behind
            .split_once('}')
            .filter(|(name, _)| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
        text.push_str(before);
        match is_name {
            Some((_, after)) => {
                text.push('…');
                rest = after;
            }
            None => {
                text.push('{');
                rest = behind;
            }
        }
    }
    text + rest
}

/// Whether the code's failing example comes with an edit.
fn has_fix(code: Code) -> bool {
    let path = root().join(format!("tests/fixtures/check/{code}.cnn"));
    let loaded = load_text("example.cnn", read(&path));
    loaded.problems.iter().any(|problem| problem.code == code && !problem.fixes.is_empty())
}

/// The picture in the README is what `cnnc graph` makes.
#[test]
fn the_picture_is_what_is_drawn() {
    let loaded = load_text("residual.cnn", read(&root().join("tests/fixtures/readme/residual.cnn")));
    let program = loaded.program.as_ref().unwrap_or_else(|| panic!("{}", drawn(&loaded)));
    holds(&root().join("docs/residual.svg"), None, &Diagram::of(program, None).to_svg());
    let readme = read(&root().join("README.md"));
    assert!(
        readme.contains(&read(&root().join("tests/fixtures/readme/residual.cnn"))),
        "the README shows another file"
    );
}

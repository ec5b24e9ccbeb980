//! The files in `models/`, and those of the zoo, compile without a word, and print as themselves.

mod cards;

use std::path::{Path, PathBuf};

use cnnc::diag::{RenderStyle, render};
use cnnc::format::format;
use cnnc::front::{Loaded, Surroundings, load, load_within};
use cnnc::internals::ast::print;
use cnnc::internals::ir::{CheckedProgram, LayerId, ScopeKind};
use cnnc::internals::lower::LowerOptions;
use cnnc::internals::parse::parse;
use cnnc::internals::settings::Settings;
use cnnc::internals::vocabulary::Words as _;
use cnnc::show::show;
use cnnc::source::SourceFile;

#[test]
fn models_are_silent() {
    let seen = each_silent("models", |loaded| {
        assert!(loaded.program.as_ref().is_some_and(|program| program.loss().is_some()));
    });
    assert!(seen >= 15, "only {seen} models");
}

#[test]
fn the_zoo_is_silent() {
    let seen = each_silent("models/zoo", |loaded| assert!(loaded.program.is_some()));
    assert_eq!(seen, cnnc::internals::zoo::names().count());
}

/// Loads each file of a folder; how many there are.
fn each_silent(folder: &str, holds: fn(&Loaded)) -> usize {
    let mut seen = 0;
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("a file").path();
        if path.extension().is_none_or(|extension| extension != "cnn") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a text");
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let loaded = load(SourceFile::new(name, text.clone()), &LowerOptions::default(), &cards::card_of);
        let problems: String = loaded
            .problems
            .iter()
            .filter(|problem| problem.level != cnnc::diag::Level::Hint)
            .map(|problem| render(problem, &loaded.sources, RenderStyle::plain()))
            .collect();
        assert!(problems.is_empty(), "{problems}");
        holds(&loaded);
        let printed = print(&loaded.ast);
        let (again, problems) = parse(&printed);
        assert!(problems.is_empty());
        assert_eq!(print(&again), printed);
        assert_eq!(
            format(&text).as_deref(),
            Ok(text.as_str()),
            "{} is not as `cnnc fmt` lays it out",
            path.display()
        );
        seen += 1;
    }
    seen
}

/// Each model of the zoo compiles by itself without a word, and so does a file that uses it.
#[test]
fn the_zoo_is_silent_where_it_is_used() {
    for name in cnnc::internals::zoo::names() {
        let own = cnnc::internals::zoo::source(name).expect("its text");
        let used = format!(
            "use zoo.{name} as other\nmodel Mine {{\n    input(299x299x3)\n    other(classes: 7)\n}}\n"
        );
        for (text, model) in [(own.to_owned(), name), (used, "Mine")] {
            let options = LowerOptions { model: Some(model.to_owned()), overrides: Vec::new() };
            let loaded = load(SourceFile::new(name, text), &options, &cards::card_of);
            let problems = loaded.problems.iter().filter(|problem| problem.level != cnnc::diag::Level::Hint);
            let drawn: String =
                problems.map(|problem| render(problem, &loaded.sources, RenderStyle::plain())).collect();
            assert!(drawn.is_empty() && loaded.program.is_some(), "{name}: {drawn}");
        }
    }
}

/// Every `.cnn` file of a folder of the repository.
fn files(folder: &str) -> Vec<PathBuf> {
    let entries =
        std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("a file").path());
    paths.filter(|path| path.extension().is_some_and(|ending| ending == "cnn")).collect()
}

fn load_beside(path: &Path, text: &str, model: Option<String>) -> Loaded {
    let folder = path.parent().expect("a folder");
    let read = |path: &Path| std::fs::read_to_string(folder.join(path));
    let options = LowerOptions { model, overrides: Vec::new() };
    let around = Surroundings {
        card_of: &cards::card_of,
        missing: &|_| None,
        read: &read,
        weights: &|_| cnnc::front::WeightsFile::Unknown,
        memory: &|_, _| None,
    };
    load_within(SourceFile::new(path.file_name().expect("a name").to_string_lossy(), text), &options, around)
}

/// What a program is, without where it is written.
fn meaning(program: &CheckedProgram) -> String {
    let model = &program.program().model;
    let path = |id: &LayerId| model.layers[id.index()].path.clone();
    let layers = model.layers.iter().enumerate().map(|(at, node)| {
        let inputs: Vec<String> = node.inputs.iter().map(path).collect();
        let shape = program.shape(LayerId(at as u32));
        format!("{} {:?} {inputs:?} {shape} {}", node.path, node.layer, node.frozen)
    });
    let heads = model
        .heads
        .iter()
        .map(|head| format!("{} {} {}", head.name.value, head.weight.value, path(&head.output)));
    let scopes = model.scopes.iter().filter_map(|scope| match &scope.kind {
        ScopeKind::Model(backbone) if backbone.weights.is_some() || backbone.frozen.is_some() => {
            let weights =
                backbone.weights.as_ref().map(|weights| (&weights.from, weights.partial, weights.matching));
            let frozen = backbone.frozen.as_ref().map(|frozen| frozen.value);
            Some(format!("{} {:?} {weights:?} {frozen:?} {}", scope.path, scope.layers, backbone.zoo))
        }
        ScopeKind::Model(_) | ScopeKind::Block(_) | ScopeKind::Turn | ScopeKind::Head => None,
    });
    let parts: Vec<String> = layers.chain(heads).chain(scopes).collect();
    let program_settings = Settings::of(program).to_json();
    let stages: Vec<Vec<bool>> = program
        .program()
        .train
        .iter()
        .flat_map(|train| &train.phases)
        .map(|phase| phase.frozen.clone())
        .collect();
    format!(
        "{}\n{}\n{:?}\n{program_settings:#}\n{stages:?}",
        parts.join("\n"),
        path(&model.output),
        program.loss()
    )
}

/// Whole experiments, the zoo, every diagnostic's sound file, bodies, and every layer kind, optimizer and
/// loss that is compared with other frameworks.
const FOLDERS: &[&str] = &[
    "models",
    "models/zoo",
    "tests/fixtures/check",
    "tests/fixtures/bodies",
    "tests/golden/layers",
    "tests/golden/optimizers",
];

/// The resolved program of each file here that has no mistakes is a file with the same meaning, and shows as
/// itself.
#[test]
fn showing_keeps_the_meaning() {
    let mut seen = 0;
    for path in FOLDERS.iter().copied().flat_map(files) {
        let text = std::fs::read_to_string(&path).expect("a text");
        let models = text.matches("\nmodel Main ").count();
        let loaded = load_beside(&path, &text, (models > 0).then(|| "Main".to_owned()));
        let Some(program) = &loaded.program else { continue };
        if program.program().tune.is_some() {
            continue;
        }
        let shown = show(&[program], &loaded.ast);
        let again = load_beside(Path::new("/shown.cnn"), &shown, None);
        let problems = again.problems.iter().filter(|problem| problem.level == cnnc::diag::Level::Error);
        let drawn: String =
            problems.map(|problem| render(problem, &again.sources, RenderStyle::plain())).collect();
        let Some(same) = &again.program else { panic!("{}\n{drawn}\n{shown}", path.display()) };
        let (before, after) = (meaning(program), meaning(same));
        let differs = before.lines().zip(after.lines()).find(|(a, b)| a != b);
        assert!(before == after, "{}: {differs:?}\n{shown}", path.display());
        assert_eq!(show(&[same], &again.ast), shown, "{}", path.display());
        seen += 1;
    }
    assert!(seen >= 150, "only {seen} files");
}

/// A number of a shown program: where it stands, and what of: `conv2d/filters`, `train/batch`.
struct Number {
    at: std::ops::Range<usize>,
    of: String,
}

/// Every number of a shown program that is not part of a name or a text.
fn numbers(shown: &str) -> Vec<Number> {
    let mut found = Vec::new();
    // callee or section, and the option that is being written
    let mut open: Vec<(String, String)> = vec![(String::new(), String::new())];
    let mut word = String::new();
    let mut rest = shown.char_indices().peekable();
    while let Some((at, c)) = rest.next() {
        let top = open.last_mut().expect("brackets are balanced");
        match c {
            '"' => while rest.next().is_some_and(|(_, c)| c != '"') {},
            '(' | '{' => {
                let callee =
                    shown[..at].trim_end().rsplit(['\n', ' ', '(', ',']).next().unwrap_or("").to_owned();
                open.push((callee, String::new()));
            }
            '[' => {
                let same = top.clone();
                open.push(same);
            }
            ')' | ']' | '}' => drop(open.pop()),
            ':' => top.1 = word.clone(),
            c if c.is_ascii_digit() => {
                let part = |c: char| c.is_ascii_alphanumeric() || ".%?".contains(c);
                let mut end = at + 1;
                while let Some((next, _)) = rest.next_if(|(_, c)| part(*c)) {
                    end = next + 1;
                }
                let start = if shown[..at].ends_with('-') { at - 1 } else { at };
                found.push(Number { at: start..end, of: format!("{}/{}", top.0, top.1) });
                word.clear();
                continue;
            }
            _ => {}
        }
        if c.is_ascii_alphabetic() || c == '_' {
            word = c.to_string();
            while let Some((_, next)) = rest.next_if(|(_, c)| c.is_ascii_alphanumeric() || *c == '_') {
                word.push(next);
            }
        }
    }
    found
}

/// What no option may take, or takes as it is.
const HOSTILE: &[&str] = &[
    "0",
    "1",
    "-1",
    "-0.0",
    "0.5",
    "1e400",
    "-1e400",
    "1e39",
    "-1e39",
    "3.5e38",
    "1e300",
    "1e-46",
    "1e-400",
    "1e-30",
    "0.99999999999",
    "1.00000000001",
    "16777216",
    "16777217",
    "65537",
    "4294967296",
    "9223372036854775807",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999",
    "99999999999999999999999999999999999999999",
];

/// A number of the kind that stands there, with its unit or as many extents.
fn like(present: &str, hostile: &str) -> Vec<String> {
    let unit: String = present.chars().skip_while(|c| c.is_ascii_digit() || "-.".contains(*c)).collect();
    let extents: Vec<&str> = present.split('x').collect();
    if extents.len() > 1 {
        let with = |at: usize| {
            let mut extents = extents.clone();
            extents[at] = hostile;
            extents.join("x")
        };
        return (0..extents.len()).map(with).chain([hostile.to_owned()]).collect();
    }
    let units: &[&str] = if unit.is_empty() { &["", "%", " epochs"] } else { &[unit.as_str(), ""] };
    units.iter().map(|unit| format!("{hostile}{unit}")).collect()
}

/// Experiments with the options that no file of the folders has.
fn more_programs() -> Vec<String> {
    const LAYERS: &[&str] = &[
        "random_crop(8, 8)",
        "dense(3, kernel_initializer: random_uniform(-0.1, 0.1))",
        "dense(3, kernel_initializer: random_normal(0.5, 0.1), bias_initializer: constant(0.25))",
        "dense(3, kernel_initializer: truncated_normal(0.5, 0.1))",
        "dense(3, kernel_initializer: variance_scaling(2))",
        "dense(3, kernel_initializer: orthogonal(0.5), kernel_regularizer: l1(0.5), bias_regularizer: l2(0.5))",
    ];
    const AUGMENT: &str =
        "hue(10deg); saturation(10%); channel_shift(5%); noise(5%); blur(0.5); invert(p: 0.25);
        cutout(2, holes: 2, value: 3); skew_corner(5%); skew(5%); elastic(2, 3); random_distortion(3, 0.25);
        resized_crop(50%, 1.5); mixup(0.25); cutmix(0.5); fill: constant(7)";
    const TRAIN: &[&str] = &[
        "schedule: step(2 epochs, 0.5); time_limit(2h); ema: 0.5",
        "schedule: exponential(0.5, 2 epochs)",
        "schedule: polynomial(2 epochs, 0.00001, 0.5)",
        "schedule: one_cycle(0.25, 20, 1000)",
        "metrics: [top_k(3)]",
    ];
    let experiment = |layer: &str, augment: &str, train: &str| {
        let layer = if layer.starts_with("dense") { format!("flatten\n{layer}") } else { layer.to_owned() };
        format!(
            "model M {{\ninput(8x8x3)\n{layer}\nflatten\ndense(10, activation: softmax)\n}}\n\
             data {{ source: cifar10; validation: 10% of train }}\nprepare {{ resize: 8x8 }}\n\
             augment {{ {augment} }}\ntrain {{ epochs: 5; optimizer: sgd(0.01); {train} }}\n"
        )
    };
    let layers = LAYERS.iter().map(|layer| experiment(layer, "", ""));
    let schedules = TRAIN.iter().map(|train| experiment("relu", AUGMENT, train));
    layers.chain(schedules).collect()
}

/// Each number of each option of each table is refused, or comes back as it is.
#[test]
fn hostile_numbers_are_refused_or_come_back() {
    let mut programs: Vec<String> = Vec::new();
    for path in FOLDERS.iter().copied().flat_map(files) {
        let text = std::fs::read_to_string(&path).expect("a text");
        let main = text.contains("\nmodel Main ").then(|| "Main".to_owned());
        let loaded = load_beside(&path, &text, main);
        let program = loaded.program.as_ref().filter(|program| program.program().tune.is_none());
        programs.extend(program.map(|program| show(&[program], &loaded.ast)));
    }
    for text in more_programs() {
        let loaded = load_beside(Path::new("/more.cnn"), &text, None);
        let drawn: String = loaded
            .problems
            .iter()
            .map(|problem| render(problem, &loaded.sources, RenderStyle::plain()))
            .collect();
        programs.push(show(&[loaded.program.as_ref().unwrap_or_else(|| panic!("{drawn}"))], &loaded.ast));
    }
    programs.sort_by_key(String::len);
    let mut seen = std::collections::BTreeSet::new();
    let mut cases: Vec<(String, String)> = Vec::new();
    for program in &programs {
        for number in numbers(program).into_iter().filter(|number| number.of != "/") {
            if !seen.insert(number.of.clone()) {
                continue;
            }
            for hostile in HOSTILE.iter().flat_map(|hostile| like(&program[number.at.clone()], hostile)) {
                let text = format!("{}{hostile}{}", &program[..number.at.start], &program[number.at.end..]);
                cases.push((format!("{} = {hostile}", number.of), text));
            }
        }
    }
    for kind in cnnc::internals::layers::Layer::kinds() {
        use cnnc::internals::vocabulary::OptionType as Type;
        for option in kind.options {
            let key = format!("{}/{}", kind.keyword, if kind.keyword == "input" { "" } else { option.name });
            let counts =
                matches!(option.ty, Type::Int { .. } | Type::Float | Type::Positive | Type::NonNegative)
                    || matches!(
                        option.ty,
                        Type::Share | Type::Rate | Type::Extents | Type::Shape | Type::Numbers
                    );
            assert!(
                !counts || option.default == Some("none") || seen.contains(&key),
                "{key} is not tried: {seen:?}"
            );
        }
    }
    for info in cnnc::internals::vocabulary::AugmentKind::TABLE.iter().map(|row| row.word) {
        let tried = seen.iter().any(|key| key.starts_with(&format!("{}/", info.keyword)));
        assert!(
            info.unnamed == 0 && info.options.len() == 1 || info.keyword == "flip" || tried,
            "{} is not tried",
            info.keyword
        );
    }
    let failures: Vec<String> = cases.iter().filter_map(|(what, text)| fails(what, text)).collect();
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), cases.len(), failures.join("\n"));
    assert!(cases.len() > 5_000, "only {}", cases.len());
}

/// A constant of a word's name is refused (E0020), or the word still means what it means where it is wanted.
#[test]
fn words_win_over_constants() {
    use cnnc::diag::Code;
    use cnnc::internals::vocabulary::{Loss, Metric, Optimizer, Strategy};
    let keywords =
        |setting: &'static str, words: Vec<&'static str>| words.into_iter().map(move |word| (setting, word));
    let cases = keywords("train.optimizer", Optimizer::keywords().collect())
        .chain(keywords("train.loss", Loss::keywords().collect()))
        .chain(keywords("train.metrics", Metric::keywords().collect()))
        .chain(keywords("tune.strategy", Strategy::keywords().collect()))
        .chain(keywords("data.damaged", vec!["skip", "error"]))
        .chain(keywords("data.cache", vec!["memory", "disk", "none"]));
    let mut count = 0;
    for (setting, word) in cases {
        let problems = |constant: &str| {
            let model = "model M { input(8x8x1); flatten; dense(classes, activation: softmax) }";
            let text = format!(
                "{constant}\n{model}\ndata {{ source: digits; validation: 10% of train }}\ntrain {{ epochs: 1 }}"
            );
            let set = [(setting.to_owned(), word.to_owned())].to_vec();
            let options = LowerOptions { overrides: set, ..LowerOptions::default() };
            let loaded = load(SourceFile::new("m.cnn", text), &options, &cards::card_of);
            loaded.problems.iter().map(|problem| problem.code).collect::<Vec<_>>()
        };
        let (without, with) = (problems(""), problems(&format!("let {word} = 3")));
        let is_unused = |code: &&Code| **code != Code::W0506;
        let with: Vec<&Code> = with.iter().filter(is_unused).collect();
        let without: Vec<&Code> = without.iter().filter(is_unused).collect();
        assert!(
            with.contains(&&Code::E0020) || with == without,
            "{setting}: {word}: {with:?} for {without:?}"
        );
        count += 1;
    }
    assert!(count > 25, "only {count}");
}

/// Why a program is neither refused nor shown as one that is the same.
fn fails(what: &str, text: &str) -> Option<String> {
    let place = Path::new("/hostile.cnn");
    let loaded = load_beside(place, text, None);
    let Some(program) = &loaded.program else {
        return (!loaded.problems.has_errors()).then(|| format!("{what}: neither refused nor taken"));
    };
    let shown = show(&[program], &loaded.ast);
    let again = load_beside(place, &shown, None);
    let Some(same) = &again.program else {
        let drawn: String = again
            .problems
            .iter()
            .map(|problem| render(problem, &again.sources, RenderStyle::plain()))
            .collect();
        return Some(format!("{what}: taken, and what is shown is refused:\n{drawn}"));
    };
    let differs = meaning(program) != meaning(same) || show(&[same], &again.ast) != shown;
    differs.then(|| format!("{what}: comes back as another"))
}

/// Large and small: blocks, models that are frozen, heads, phases.
#[test]
fn shown_programs() {
    for name in ["inception", "models", "everything"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/bodies/{name}.cnn"));
        let text = std::fs::read_to_string(&path).expect("a text");
        let loaded = load_beside(&path, &text, None);
        let problems = loaded.problems.iter();
        let drawn: String =
            problems.map(|problem| render(problem, &loaded.sources, RenderStyle::plain())).collect();
        let Some(program) = &loaded.program else { panic!("{drawn}") };
        insta::assert_snapshot!(format!("shown_{name}"), show(&[program], &loaded.ast));
    }
}

/// Settings as version 0.1 wrote them: a run of that version can be resumed, and is refused where the file
/// says otherwise now.
#[test]
fn settings_of_earlier_versions_are_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/settings");
    for name in ["plain", "phases", "table"] {
        let read = |ending: &str| {
            std::fs::read_to_string(folder.join(format!("{name}.{ending}"))).expect("a fixture")
        };
        let then: Settings = serde_json::from_str(&read("json")).expect("settings");
        let now = |overrides: &[(&str, &str)]| {
            let overrides =
                overrides.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
            let options = LowerOptions { overrides, ..LowerOptions::default() };
            let loaded = load(SourceFile::new(name, read("cnn")), &options, &cards::card_of);
            Settings::to_resume(
                loaded.program.as_ref().unwrap_or_else(|| panic!("{name}: {:?}", loaded.problems)),
            )
        };
        assert_eq!(then.changes_to(&now(&[])), Vec::<String>::new(), "{name}");
        assert_eq!(now(&[]).changes_to(&now(&[])), Vec::<String>::new(), "{name}");
        let other = then.changes_to(&now(&[("train.seed", "99")]));
        assert_eq!(other.len(), 1, "{name}: {other:?}");
        let other = now(&[]).changes_to(&now(&[("train.seed", "99")]));
        assert_eq!(other.len(), 1, "{name}: {other:?}");
    }
}

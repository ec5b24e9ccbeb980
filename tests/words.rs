//! Every word of the vocabulary makes a value, and every value writes itself as a word that makes it again.

use std::fmt::Debug;

use cnnc::diag::{RenderStyle, render};
use cnnc::front::{Loaded, load};
use cnnc::internals::ir::Program;
use cnnc::internals::lower::LowerOptions;
use cnnc::internals::vocabulary::{
    AugmentKind, Callback, DataSource, Drawing, Fill, Initializer, Loss, Metric, Normalize, Optimizer,
    OptionSpec, OptionType, Regularizer, Resize, Schedule, Strategy, Word, Words, call, named,
};
use cnnc::source::SourceFile;

mod cards;

#[expect(clippy::wildcard_enum_match_arm, reason = "no word that is tried has options of the other types")]
/// What is written for an option of this type, other than its default where that is possible.
fn sample(option: &OptionSpec) -> String {
    let text = match option.ty {
        OptionType::Int { min } => return (min + 2).to_string(),
        OptionType::Within { min, max } => return (min + 1).min(max).to_string(),
        OptionType::Choice(words) => words[words.len() - 1],
        OptionType::Float | OptionType::NonNegative => "0.75",
        OptionType::Positive => "0.375",
        OptionType::Share | OptionType::Rate => "0.625",
        OptionType::AtLeastOne => "1.5",
        OptionType::LearningRate => "0.0125",
        OptionType::LearningRates => "[0.5, 0.25]",
        OptionType::Angle => "12.5deg",
        OptionType::Size => "5x6",
        OptionType::Epochs => "1.5 epochs",
        OptionType::EpochList => "[1.5 epochs]",
        OptionType::Duration => "90s",
        OptionType::Text => "\"some.file\"",
        // no column is named twice
        OptionType::Column => return format!("\"{}\"", option.name),
        OptionType::Columns => "[\"one\"]",
        OptionType::Monitor => "val_accuracy",
        OptionType::Layer => "map",
        OptionType::PerChannel { .. } => "[0.5, 0.25, 0.125]",
        OptionType::Bool => "true",
        other => panic!("no sample of {other:?}"),
    };
    text.to_owned()
}

/// The word with these of its options written.
fn written(word: &Word, of: impl Fn(&OptionSpec) -> bool) -> String {
    let options = word.options.iter().filter(|option| of(option));
    let options = options.map(|option| named(option.name, sample(option)));
    call(word.keyword, &options.collect::<Vec<_>>())
}

/// A program with these lines in its sections; `rest` may replace what stands there else.
fn program(lines: &[(&str, &str)]) -> Loaded {
    let section = |name: &str, usual: &str| {
        let own: Vec<&str> =
            lines.iter().filter(|(section, _)| *section == name).map(|(_, line)| *line).collect();
        let body = if own.is_empty() { usual.to_owned() } else { own.join("\n    ") };
        if body.is_empty() { String::new() } else { format!("{name} {{\n    {body}\n}}\n") }
    };
    let dense = lines.iter().find(|(section, _)| *section == "dense").map_or("dense(10)", |(_, line)| line);
    let text = format!(
        "model M {{\n    input(32x32x3)\n    map = conv2d(4, 3x3)\n    flatten\n    {dense}\n}}\n{}{}{}{}{}{}",
        section("data", "source: cifar10; validation: 10% of train"),
        section("prepare", ""),
        section("augment", ""),
        section("train", "epochs: 8"),
        section("tune", ""),
        section("report", ""),
    );
    // pictures of other sets are of other sizes: nothing is known of a source that a test writes
    let writes_source = lines.iter().any(|(section, _)| *section == "data");
    let card_of = |data: &_| if writes_source { None } else { cards::card_of(data) };
    load(SourceFile::new("words.cnn", text), &LowerOptions::default(), &card_of)
}

fn drawn(loaded: &Loaded) -> String {
    loaded.problems.iter().map(|problem| render(problem, &loaded.sources, RenderStyle::plain())).collect()
}

/// What a word in its place makes. Programs need not be right as a whole: they are lowered, not run.
fn lowered<T>(lines: &[(&str, &str)], take: impl Fn(&Program) -> Option<T>) -> T {
    let loaded = program(lines);
    let lowered = loaded.program.as_ref().and_then(|program| take(program.program()));
    lowered.unwrap_or_else(|| panic!("{lines:?}\n{}", drawn(&loaded)))
}

/// Options that act beside the value of their word: lowering takes them, not the row.
const BESIDE: &[&str] = &["p", "weight_decay", "label_smoothing", "from_logits"];

/// Each word with the options that must be written, and with all of them: the value has what was written, and
/// what it writes makes the same text again.
fn come_back<T: Words + PartialEq + Debug>(
    place: impl Fn(&str) -> Vec<(&'static str, String)>,
    take: impl Fn(&Program) -> Option<T>,
) {
    for row in T::TABLE {
        let required = written(&row.word, |option| option.default.is_none() || option.name == "width");
        let read = |text: &str| {
            let lines = place(text);
            let lines: Vec<(&str, &str)> =
                lines.iter().map(|(section, line)| (*section, line.as_str())).collect();
            lowered(&lines, &take)
        };
        let again = read(&required).text();
        assert_eq!(read(&again).text(), again, "{required}");
        let all = written(&row.word, |_| true);
        let value = read(&all);
        let options = |value: &T| {
            let options = value.written().options.into_iter();
            options.map(|(name, value)| (name, value.text())).collect::<Vec<_>>()
        };
        let kept = options(&value);
        for option in row.word.options.iter().filter(|option| !BESIDE.contains(&option.name)) {
            let found = kept.iter().find(|(name, _)| *name == option.name).map(|(_, value)| value.as_str());
            assert_eq!(found, Some(sample(option).as_str()), "`{}` of {all}", option.name);
        }
        assert_eq!(options(&read(&value.text())), kept, "{all}");
    }
}

fn at(section: &'static str, key: &'static str) -> impl Fn(&str) -> Vec<(&'static str, String)> {
    move |text| vec![(section, format!("{key}: {text}"))]
}

fn standing_in(section: &'static str) -> impl Fn(&str) -> Vec<(&'static str, String)> {
    move |text| vec![(section, text.to_owned())]
}

#[test]
fn words_of_training_come_back() {
    let train = |program: &Program| program.train.clone();
    come_back::<Optimizer>(at("train", "optimizer"), |program| Some(train(program)?.optimizer.value));
    come_back::<Schedule>(at("train", "schedule"), |program| Some(train(program)?.schedule.value));
    come_back::<Callback>(standing_in("train"), |program| {
        Some(train(program)?.callbacks.first()?.value.clone())
    });
    come_back::<Metric>(labelled("metrics"), |program| Some(train(program)?.metrics.first()?.value));
    come_back::<Loss>(labelled("loss"), |program| Some(train(program)?.loss?.value));
    come_back::<Strategy>(at("tune", "strategy"), |program| Some(program.tune.as_ref()?.strategy.value));
    come_back::<DataSource>(at("data", "source"), |program| Some(program.data.clone()?.source.value));
}

/// A setting of `train` with data that have labels for it: numbers, several classes, or one.
fn labelled(key: &'static str) -> impl Fn(&str) -> Vec<(&'static str, String)> {
    move |text| {
        let mut lines = vec![("train", format!("{key}: {text}"))];
        let table = |labels: &str| {
            let source = "csv(\"a.csv\", image: file, label: label)";
            ("data", format!("source: {source}; labels: {labels}; validation: 10% of train"))
        };
        if ["mae", "mse", "huber"].iter().any(|word| text.starts_with(word)) {
            lines.extend([table("regression"), ("dense", "dense(1)".to_owned())]);
        } else if text.starts_with("binary") {
            lines.push(table("multi"));
        }
        lines
    }
}

#[test]
fn words_of_pictures_come_back() {
    come_back::<AugmentKind>(standing_in("augment"), |program| Some(program.augment.ops.first()?.value.kind));
    come_back::<Fill>(at("augment", "fill"), |program| Some(program.augment.fill));
    come_back::<Normalize>(at("prepare", "normalize"), |program| {
        Some(program.prepare.normalize.clone()?.value)
    });
    come_back::<Initializer>(
        |text| vec![("dense", format!("dense(10, kernel_initializer: {text})"))],
        |program| match program
            .model
            .layers
            .last()?
            .attributes
            .iter()
            .find(|(name, _)| *name == "kernel_initializer")?
        {
            (_, cnnc::internals::vocabulary::OptionValue::Initializer(initializer)) => Some(*initializer),
            _ => None,
        },
    );
}

/// Words whose programs cannot be checked as a whole here are read by the tables alone.
#[test]
fn every_row_makes_its_value() {
    fn makes<T: Words>() {
        for row in T::TABLE {
            let stands_alone = row.word.options.iter().all(|option| option.default.is_some());
            assert_eq!(T::by_default(row.word.keyword).is_some(), stands_alone, "{}", row.word.keyword);
            assert!(!row.word.example.is_empty(), "{} has no example", row.word.keyword);
            assert!(row.word.example.contains(row.word.keyword), "{}", row.word.example);
            assert!(row.word.unnamed <= row.word.options.len(), "{}", row.word.keyword);
        }
    }
    makes::<Optimizer>();
    makes::<Schedule>();
    makes::<Loss>();
    makes::<Metric>();
    makes::<Callback>();
    makes::<DataSource>();
    makes::<Resize>();
    makes::<Normalize>();
    makes::<AugmentKind>();
    makes::<Fill>();
    makes::<Strategy>();
    makes::<Drawing>();
    makes::<Initializer>();
    makes::<Regularizer>();
}

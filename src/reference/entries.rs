//! All words, from all tables.

use std::borrow::Cow;

use crate::layers::{Inputs, KindInfo, Layer};
use crate::vocabulary::{
    Activation, AugmentKind, Callback, Category, DataSource, Drawing, Fill, Filter, Initializer, Limit, Loss,
    Metric, Normalize, Optimizer, OptionSpec, Regularizer, Resize, SECTIONS, Schedule, SectionInfo, Strategy,
    Word, Words,
};
use crate::{lower, zoo};

/// A word in one of its meanings.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What it is.
    pub category: Category,
    /// The section that a setting belongs to; the kind of word for all others.
    pub group: &'static str,
    /// What is known of it. The options of a section are its settings.
    pub word: Word,
    /// What it takes and its default, for settings.
    pub setting: Option<OptionSpec>,
    /// The shape rule, for layers.
    pub shape: &'static str,
    /// How many values it takes, for layers.
    pub inputs: Option<Inputs>,
    /// A line of a file, where the table has none.
    pub example: Cow<'static, str>,
}

impl Entry {
    fn new(category: Category, word: Word) -> Self {
        let (group, example) = (category.name(), Cow::Borrowed(word.example));
        Self { category, group, word, setting: None, shape: "", inputs: None, example }
    }

    /// `schedule.constant`, `train.epochs`: the name that is no other entry's.
    pub fn path(&self) -> String {
        format!("{}.{}", self.group, self.word.keyword)
    }
}

/// All entries, in the order of the reference.
pub fn entries() -> Vec<Entry> {
    let mut all: Vec<Entry> = Layer::kinds().map(layer).collect();
    all.extend(activations());
    all.extend(of::<Initializer>(Category::Initializer));
    all.extend(of::<Regularizer>(Category::Regularizer));
    all.extend(Filter::names().map(|name| {
        let word = Word::new(name, "A filter of 3x3 that has a name, for `fixed_filter`.");
        Entry { example: format!("fixed_filter({name})").into(), ..Entry::new(Category::Filter, word) }
    }));
    for section in SECTIONS {
        all.push(of_section(section));
        all.extend(section.settings.iter().map(|setting| of_setting(section, setting)));
    }
    all.extend(of::<DataSource>(Category::Source));
    all.extend(of::<Resize>(Category::Size));
    all.extend(of::<Normalize>(Category::Normalization));
    all.extend(of::<AugmentKind>(Category::Augmentation));
    all.extend(of::<Fill>(Category::Fill));
    all.extend(of::<Optimizer>(Category::Optimizer));
    all.extend(of::<Schedule>(Category::Schedule));
    all.extend(of::<Loss>(Category::Loss));
    all.extend(of::<Metric>(Category::Metric));
    all.extend(of::<Callback>(Category::Callback));
    all.extend(of::<Strategy>(Category::Strategy));
    all.extend(of::<Limit>(Category::Limit));
    all.extend(of::<Drawing>(Category::Drawing));
    all.extend(zoo::names().map(|name| {
        let word = Word::new(
            name,
            "A model of the zoo, written in the language itself; `cnnc new mine --like zoo.NAME` copies one.",
        );
        Entry { example: format!("use zoo.{name}").into(), ..Entry::new(Category::Zoo, word) }
    }));
    all
}

/// The entries that a name means: a word, a word of one group (`schedule.constant`), or another framework's
/// spelling.
pub fn find(name: &str) -> Vec<Entry> {
    let all = entries();
    let by = |is: &dyn Fn(&Entry) -> bool| all.iter().filter(|entry| is(entry)).cloned().collect::<Vec<_>>();
    let found = by(&|entry| entry.word.keyword == name || entry.path() == name);
    if found.is_empty() {
        by(&|entry| !entry.word.keras.is_empty() && entry.word.keras == name)
    } else {
        found
    }
}

/// The word that was probably meant.
pub fn near(name: &str) -> Option<&'static str> {
    lower::nearest(name, entries().iter().map(|entry| entry.word.keyword))
}

fn of<T: Words>(category: Category) -> impl Iterator<Item = Entry> {
    T::TABLE.iter().map(move |row| Entry::new(category, row.word))
}

fn layer(kind: &'static KindInfo) -> Entry {
    let KindInfo { keyword, keras, help, inputs, options, shape, formula, source, example } = *kind;
    let word = Word::new(keyword, help)
        .keras(keras)
        .formula(formula)
        .source(source)
        .example(example)
        .options(options);
    Entry { shape, inputs: Some(inputs), ..Entry::new(Category::Layer, word) }
}

/// Those that are no layers as well.
fn activations() -> impl Iterator<Item = Entry> {
    of::<Activation>(Category::Activation).filter(|entry| Layer::kind(entry.word.keyword).is_none())
}

fn of_section(section: &'static SectionInfo) -> Entry {
    let word = Word::new(section.keyword, section.help).options(section.settings);
    let named = if section.keyword == "ensemble" { " Vote" } else { "" };
    Entry {
        example: format!("{}{named} {{ … }}", section.keyword).into(),
        ..Entry::new(Category::Section, word)
    }
}

fn of_setting(section: &'static SectionInfo, setting: &'static OptionSpec) -> Entry {
    let word = Word::new(setting.name, setting.help);
    Entry { group: section.keyword, setting: Some(*setting), ..Entry::new(Category::Setting, word) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn paths_are_unique() {
        let mut seen = BTreeSet::new();
        for entry in entries() {
            assert!(seen.insert(entry.path()), "{} stands twice", entry.path());
            assert!(!entry.word.help.is_empty(), "{} says nothing", entry.path());
        }
    }

    #[test]
    fn words_are_found_by_their_names() {
        assert_eq!(find("conv2d").len(), 1);
        assert_eq!(find("Conv2D").len(), 1);
        assert_eq!(find("schedule.constant").len(), 1);
        assert!(find("constant").len() >= 3, "a schedule, an initializer and a filling");
        assert_eq!(find("train.epochs").len(), 1);
        assert!(find("nonsense").is_empty());
        assert_eq!(near("early_stoping"), Some("early_stopping"));
    }
}

//! Words that options take: a constant of such a name could never be used.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use crate::layers::Layer;
use crate::vocabulary::{
    Activation, AugmentKind, Choices, Color, DataSource, Fill, Initializer, Loss, Metric, Normalize,
    Optimizer, OptionSpec, Resize, Schedule, Words,
};

/// Whether an option could take the word as it stands.
pub(super) fn is_reserved(word: &str) -> bool {
    static WORDS: OnceLock<BTreeSet<String>> = OnceLock::new();
    WORDS.get_or_init(words).contains(word)
}

/// Words that only one setting takes (`damaged: skip`, `strategy: grid`) are not among them: where it stands,
/// the word wins, and everywhere else a constant of that name is as good as any.
fn words() -> BTreeSet<String> {
    let mut words: BTreeSet<String> = ["true", "false", "classes", "same", "valid"].map(str::to_owned).into();
    words.extend(Activation::keywords().chain(Color::NAMES.iter().copied()).map(str::to_owned));
    words.extend(
        bare::<Initializer>().chain(bare::<DataSource>()).chain(bare::<Normalize>()).chain(bare::<Fill>()),
    );
    words.extend(bare::<Optimizer>().chain(bare::<Schedule>()).chain(bare::<Loss>()).chain(bare::<Metric>()));
    words.extend(choices(Layer::kinds().flat_map(|kind| kind.options)));
    words.extend(options::<AugmentKind>().chain(options::<Resize>()).chain(options::<Initializer>()));
    words
}

/// The words of a table that can stand without arguments.
fn bare<T: Words>() -> impl Iterator<Item = String> {
    let stands_alone = |options: &[OptionSpec]| options.iter().all(|option| option.default.is_some());
    T::TABLE
        .iter()
        .map(|row| row.word)
        .filter(move |word| stands_alone(word.options))
        .map(|word| word.keyword.to_owned())
}

/// The words that the options of a table take.
fn options<T: Words>() -> impl Iterator<Item = String> {
    choices(T::TABLE.iter().flat_map(|row| row.word.options))
}

fn choices(options: impl Iterator<Item = &'static OptionSpec>) -> impl Iterator<Item = String> {
    options.filter_map(|option| option.ty.choices()).flatten().map(|&word| word.to_owned())
}

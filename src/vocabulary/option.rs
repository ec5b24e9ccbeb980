//! Options: their names, types and defaults.

use super::{Activation, Category, Initializer, Monitor, OptionValue, Words};
use crate::tensor::Padding;

/// Largest count of filters, units, epochs: far above any use, far below what would overflow a size in bytes.
pub const MOST: usize = 1 << 24;

/// Largest extent of an image or window.
pub const WIDEST: usize = 1 << 16;

/// What an option takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionType {
    /// A whole number, at least this.
    Int {
        /// Least value.
        min: usize,
    },
    /// A whole number between these, both of them among it.
    Within {
        /// Least value.
        min: usize,
        /// Largest value.
        max: usize,
    },
    /// A number.
    Float,
    /// A number above 0.
    Positive,
    /// A number from 0 on.
    NonNegative,
    /// In 0..=1, written `0.4` or `40%`.
    Share,
    /// In 0..1, 1 itself left out: what is dropped of something that must not vanish.
    Rate,
    /// One or two whole numbers ≥ 1: `3` or `3x3`.
    Extents,
    /// `same`, `valid` or a whole number.
    Padding,
    /// Pixels around an image: `1`, `1x2` (vertical, horizontal) or `[top, bottom, left, right]`.
    Margins,
    /// An activation's name.
    Activation,
    /// An initializer's name, perhaps with arguments.
    Initializer,
    /// A regularizer with its arguments.
    Regularizer,
    /// `true` or `false`.
    Bool,
    /// A shape `28x28x1`, `3`.
    Shape,
    /// A feature map's shape `7x7x64` or a vector's length `3136`.
    Target,
    /// One or two whole numbers from 0 on: `1`, `1x1` or `[1, 0]`.
    Margin,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// `20%`, meaning −20% to +20%, or `[-10%, 30%]`; likewise in degrees.
    Range {
        /// In degrees.
        angle: bool,
    },
    /// Two numbers, the lower one first.
    Interval,
    /// One number or a list.
    Numbers,
    /// A filter's name or its rows of numbers.
    Filter,
    /// A number from 1 on.
    AtLeastOne,
    /// A learning rate, above 0.
    LearningRate,
    /// Learning rates.
    LearningRates,
    /// In 0..=360 degrees, with its unit: `20deg`, `0.1turn`.
    Angle,
    /// Height and width in pixels: `28` or `28x28`.
    Size,
    /// A duration of training: `5 epochs`, `0.5 epochs`.
    Epochs,
    /// Such durations, rising.
    EpochList,
    /// A time: `90s`, `30min`, `2h`.
    Duration,
    /// A text in quotes.
    Text,
    /// A column of a table: a word or a text.
    Column,
    /// A column, or a list of columns.
    Columns,
    /// What is watched at the end of an epoch: `val_loss`.
    Monitor,
    /// The name of a layer.
    Layer,
    /// One number, or one for each of three channels.
    PerChannel {
        /// Above 0.
        positive: bool,
    },
    /// A word of this category, with its options.
    Word(Category),
    /// Such words, in a list.
    Words(Category),
    /// A share of a split: `20% of train`.
    Split,
    /// `by track`.
    Grouping,
    /// Class names.
    Classes,
    /// `balanced`, or a number for each class.
    ClassWeight,
    /// Pairs of classes.
    Mirror,
    /// Layers, models used as layers, or blocks.
    Targets,
    /// A factor for each of several layers, models used as layers, or blocks.
    Factors,
    /// Models of the file.
    Models,
}

impl OptionType {
    /// The words that it takes, where it takes nothing else.
    pub const fn choices(self) -> Option<&'static [&'static str]> {
        if let OptionType::Choice(words) = self { Some(words) } else { None }
    }

    /// What it takes, in words.
    pub fn describe(self) -> &'static str {
        match self {
            OptionType::Int { min: 0 } | OptionType::Within { .. } => "a whole number",
            OptionType::Int { .. } => "a whole number from 1 on",
            OptionType::Float => "a number",
            OptionType::Positive => "a number above 0",
            OptionType::NonNegative => "a number from 0 on",
            OptionType::Share => "a share such as 40% or 0.4",
            OptionType::Rate => "a share below 1 such as 25% or 0.25",
            OptionType::Extents => "one or two whole numbers from 1 on, such as 3 or 3x3",
            OptionType::Padding => "`same`, `valid` or a whole number",
            OptionType::Margins => "pixels such as 1, 1x2 or [0, 1, 0, 1] (top, bottom, left, right)",
            OptionType::Activation => "an activation such as `relu`",
            OptionType::Initializer => "an initializer such as `glorot_uniform`",
            OptionType::Regularizer => "a regularizer such as l2(0.001)",
            OptionType::Bool => "`true` or `false`",
            OptionType::Shape => "height, width and channels, such as 28x28x1",
            OptionType::Target => "a shape such as 7x7x64, or a length such as 3136",
            OptionType::Margin => "one or two whole numbers, such as 1 or [1, 0]",
            OptionType::Choice(_) => "one of some words",
            OptionType::Range { angle: false } => "a share such as 20% (both ways), or [-10%, 30%]",
            OptionType::Range { angle: true } => "an angle such as 20deg (both ways), or [-10deg, 30deg]",
            OptionType::Interval => "two numbers such as [0, 255]",
            OptionType::Numbers => "a number, or a list such as [0.5, 0.4, 0.4]",
            OptionType::Filter => {
                "a filter's name or rows of numbers, such as [[0, 1, 0], [1, -4, 1], [0, 1, 0]]"
            }
            OptionType::AtLeastOne => "a number from 1 on",
            OptionType::LearningRate => "a learning rate such as 0.001",
            OptionType::LearningRates => "learning rates such as [0.01, 0.001]",
            OptionType::Angle => "an angle such as 20deg",
            OptionType::Size => "height and width such as 28x28",
            OptionType::Epochs => "a number of epochs such as `5 epochs`",
            OptionType::EpochList => "numbers of epochs such as [5 epochs, 10 epochs]",
            OptionType::Duration => "a time such as `2h` or `30min`",
            OptionType::Text => "a text in quotes",
            OptionType::Column => "the name of a column (one that is no plain word stands in quotes)",
            OptionType::Columns => "a column, or a list of columns",
            OptionType::Monitor => "a monitored value such as `val_loss`",
            OptionType::Layer => "the name of a layer",
            OptionType::PerChannel { .. } => "one value, or one for each of three channels",
            OptionType::Word(category) => category.one(),
            OptionType::Words(category) => category.several(),
            OptionType::Split => "a share of a split such as `20% of train`",
            OptionType::Grouping => "`by track`",
            OptionType::Classes => "a list of class names",
            OptionType::ClassWeight => "`balanced`, or a weight for each class such as { cats: 2 }",
            OptionType::Mirror => "pairs of classes such as { left: right }",
            OptionType::Targets => "a layer, a model or block used as a layer, or a list of them",
            OptionType::Factors => "a factor for each part such as { backbone: 0.1 }",
            OptionType::Models => "a list of models",
        }
    }

    /// The value of a default in an option table; `None` where it names another option instead (`stride =
    /// pool_size`).
    /// Long: an arm for each kind of type, and no arm is long.
    pub fn default_value(self, text: &str) -> Option<OptionValue> {
        if text == NONE {
            return Some(OptionValue::None);
        }
        Some(match self {
            OptionType::Int { .. } | OptionType::Within { .. } => OptionValue::Int(text.parse().ok()?),
            OptionType::Float
            | OptionType::Positive
            | OptionType::NonNegative
            | OptionType::AtLeastOne
            | OptionType::LearningRate
            | OptionType::Share
            | OptionType::Rate => OptionValue::Float(fraction(text)?),
            OptionType::Epochs => OptionValue::Epochs(text.strip_suffix(" epochs")?.parse().ok()?),
            OptionType::Text => OptionValue::Text(text.trim_matches('"').to_owned()),
            OptionType::Size => {
                let extent = text.parse().ok()?;
                OptionValue::Extents([extent, extent])
            }
            OptionType::Monitor => OptionValue::Monitor(Monitor::from_word(text, None)?),
            OptionType::Extents => {
                let extent = text.parse().ok()?;
                OptionValue::Extents([extent, extent])
            }
            OptionType::Padding => OptionValue::Padding(match text {
                "same" => Padding::Same,
                "valid" => Padding::Valid,
                _ => return None,
            }),
            OptionType::Margins => OptionValue::Margins([text.parse().ok()?; 4]),
            OptionType::Activation => OptionValue::Activation(Activation::by_default(text)?),
            OptionType::Initializer => OptionValue::Initializer(Initializer::by_default(text)?),
            OptionType::Bool => OptionValue::Bool(text.parse().ok()?),
            OptionType::Choice(choices) => {
                OptionValue::Choice(choices.iter().find(|choice| **choice == text)?)
            }
            OptionType::Interval => {
                let (low, high) = text.trim_matches(['[', ']']).split_once(", ")?;
                OptionValue::Range([low.parse().ok()?, high.parse().ok()?])
            }
            OptionType::Shape
            | OptionType::Target
            | OptionType::Margin
            | OptionType::Range { .. }
            | OptionType::Regularizer
            | OptionType::Numbers
            | OptionType::Filter
            | OptionType::LearningRates
            | OptionType::Angle
            | OptionType::EpochList
            | OptionType::Duration
            | OptionType::Column
            | OptionType::Columns
            | OptionType::Layer
            | OptionType::PerChannel { .. }
            | OptionType::Word(_)
            | OptionType::Words(_)
            | OptionType::Split
            | OptionType::Grouping
            | OptionType::Classes
            | OptionType::ClassWeight
            | OptionType::Mirror
            | OptionType::Targets
            | OptionType::Factors
            | OptionType::Models => return None,
        })
    }
}

/// `0.1`, `50%` or `4/3`
fn fraction(text: &str) -> Option<f32> {
    if let Some(percent) = text.strip_suffix('%') {
        return Some((percent.parse::<f64>().ok()? / 100.0) as f32);
    }
    match text.split_once('/') {
        Some((above, below)) => Some(above.parse::<f32>().ok()? / below.parse::<f32>().ok()?),
        None => text.parse().ok(),
    }
}

/// The default of an option that may be left out; it may be written too.
pub const NONE: &str = "none";

/// One option of a word: the row that parsing, diagnostics, completion and the reference read.
#[derive(Debug, Clone, Copy)]
pub struct OptionSpec {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub ty: OptionType,
    /// Its default as it would be written, or the name of an option before it whose value it takes; `None`
    /// where it must be written.
    pub default: Option<&'static str>,
    /// One sentence for the reference.
    pub help: &'static str,
}

impl OptionSpec {
    /// An option that must be written.
    pub const fn required(name: &'static str, ty: OptionType, help: &'static str) -> Self {
        Self { name, ty, default: None, help }
    }

    /// An option with a default.
    pub const fn optional(
        name: &'static str,
        ty: OptionType,
        default: &'static str,
        help: &'static str,
    ) -> Self {
        Self { name, ty, default: Some(default), help }
    }
}

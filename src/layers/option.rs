//! Types and values of layer options.

use super::{Activation, Filter, Initializer, Regularizer};
use crate::tensor::Padding;

/// What an option takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionType {
    /// A whole number, at least this.
    Int {
        /// Least value.
        min: usize,
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
}

impl OptionType {
    /// What it takes, in words.
    pub fn describe(self) -> &'static str {
        match self {
            OptionType::Int { min: 0 } => "a whole number",
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
            OptionType::Filter => "a filter's name or rows of numbers, such as [[0, 1, 0], [1, -4, 1], [0, 1, 0]]",
        }
    }

    /// The value of a default in an option table; `None` where it names another option instead (`stride = pool_size`).
    pub(super) fn default_value(self, text: &str) -> Option<OptionValue> {
        if text == NONE {
            return Some(OptionValue::None);
        }
        Some(match self {
            OptionType::Int { .. } => OptionValue::Int(text.parse().ok()?),
            OptionType::Float
            | OptionType::Positive
            | OptionType::NonNegative
            | OptionType::Share
            | OptionType::Rate => OptionValue::Float(text.parse().ok()?),
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
            OptionType::Activation => OptionValue::Activation(Activation::from_name(text)?),
            OptionType::Initializer => OptionValue::Initializer(Initializer::from_name(text)?),
            OptionType::Bool => OptionValue::Bool(text.parse().ok()?),
            OptionType::Choice(choices) => OptionValue::Choice(choices.iter().find(|choice| **choice == text)?),
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
            | OptionType::Filter => return None,
        })
    }
}

/// An option's value, typed.
#[derive(Debug, Clone, PartialEq)]
pub enum OptionValue {
    /// A whole number.
    Int(usize),
    /// A number.
    Float(f32),
    /// `[vertical, horizontal]`.
    Extents([usize; 2]),
    /// Padding.
    Padding(Padding),
    /// `[top, bottom, left, right]`.
    Margins([usize; 4]),
    /// An activation.
    Activation(Activation),
    /// An initializer.
    Initializer(Initializer),
    /// A regularizer.
    Regularizer(Regularizer),
    /// A truth value.
    Bool(bool),
    /// A shape; an extent that is left open is 0.
    Shape(Vec<usize>),
    /// One of an option's words.
    Choice(&'static str),
    /// Lower and upper end; shares as fractions, angles in degrees.
    Range([f32; 2]),
    /// Numbers.
    Numbers(Vec<f32>),
    /// A filter.
    Filter(Filter),
    /// Nothing, where an option may be left out.
    None,
}

/// The default of an option that may be left out; it may be written too.
pub const NONE: &str = "none";

/// One option of a layer: the row that parsing, diagnostics, completion and the reference read.
#[derive(Debug, Clone, Copy)]
pub struct OptionSpec {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub ty: OptionType,
    /// Its default as it would be written, or the name of an option before it whose value it takes; `None` where it must be written.
    pub default: Option<&'static str>,
    /// One sentence for the reference.
    pub help: &'static str,
}

impl OptionSpec {
    /// An option that must be written.
    pub(super) const fn required(name: &'static str, ty: OptionType, help: &'static str) -> Self {
        Self { name, ty, default: None, help }
    }

    /// An option with a default.
    pub(super) const fn optional(
        name: &'static str,
        ty: OptionType,
        default: &'static str,
        help: &'static str,
    ) -> Self {
        Self { name, ty, default: Some(default), help }
    }
}

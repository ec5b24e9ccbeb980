//! Values of options.

use crate::source::Spanned;
use crate::tensor::Padding;

use super::{Activation, Filter, Initializer, LayerId, Monitor, NONE, Regularizer, Words};
use super::{list, number, quoted};

/// An option's value, typed.
#[derive(Debug, Clone, PartialEq)]
pub enum OptionValue {
    /// A whole number.
    Int(usize),
    /// A number.
    Float(f32),
    /// An angle in degrees.
    Angle(f32),
    /// A number of epochs.
    Epochs(f64),
    /// Numbers of epochs.
    EpochList(Vec<Spanned<f64>>),
    /// A time in seconds.
    Seconds(f64),
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
    /// A text.
    Text(String),
    /// The name of a column.
    Column(Spanned<String>),
    /// Names of columns.
    Columns(Vec<Spanned<String>>),
    /// A value known at the end of an epoch.
    Monitor(Monitor),
    /// A layer by its full name, and its place where it could be found.
    Layer(String, Option<LayerId>),
    /// Lower and upper end; shares as fractions.
    Range([f32; 2]),
    /// Lower and upper end, in degrees.
    AngleRange([f32; 2]),
    /// Numbers.
    Numbers(Vec<f32>),
    /// A filter.
    Filter(Filter),
    /// Nothing, where an option may be left out.
    None,
}

impl OptionValue {
    /// As a file would hold it.
    pub fn text(&self) -> String {
        let whole = |numbers: &[usize]| list(numbers.iter().map(usize::to_string));
        let numbers = |numbers: &[f32]| list(numbers.iter().copied().map(number));
        match self {
            OptionValue::Int(value) => value.to_string(),
            OptionValue::Float(value) => number(*value),
            OptionValue::Angle(degrees) => format!("{}deg", number(*degrees)),
            OptionValue::Epochs(epochs) => epochs_text(*epochs),
            OptionValue::EpochList(all) => list(all.iter().map(|epochs| epochs_text(epochs.value))),
            OptionValue::Seconds(seconds) => format!("{seconds}s"),
            // a size has no extent of 0
            OptionValue::Extents(extents) if extents.contains(&0) => whole(extents),
            OptionValue::Extents(extents) => size(extents),
            OptionValue::Padding(padding) => match padding {
                Padding::Same => "same".to_owned(),
                Padding::Valid => "valid".to_owned(),
                Padding::Explicit(pixels) => pixels.to_string(),
            },
            OptionValue::Margins(sides) => whole(sides),
            OptionValue::Activation(activation) => activation.text(),
            OptionValue::Initializer(initializer) => initializer.text(),
            OptionValue::Regularizer(regularizer) => regularizer.text(),
            OptionValue::Bool(value) => value.to_string(),
            OptionValue::Shape(extents) => size(extents),
            OptionValue::Choice(choice) => (*choice).to_owned(),
            OptionValue::Text(text) => quoted(text),
            OptionValue::Column(column) => quoted(&column.value),
            OptionValue::Columns(columns) => list(columns.iter().map(|column| quoted(&column.value))),
            OptionValue::Monitor(monitor) => monitor.word(),
            OptionValue::Layer(path, _) => path.clone(),
            OptionValue::Range(ends) => numbers(ends),
            OptionValue::AngleRange(ends) => list(ends.iter().map(|end| format!("{}deg", number(*end)))),
            OptionValue::Numbers(values) => numbers(values),
            OptionValue::Filter(filter) => {
                let rows = filter.values.chunks(filter.extents[1]);
                list(rows.map(numbers))
            }
            OptionValue::None => NONE.to_owned(),
        }
    }
}

fn epochs_text(epochs: f64) -> String {
    format!("{epochs} epochs")
}

/// `28x28x1`; an extent of 0 is one that is left open.
fn size(extents: &[usize]) -> String {
    let text = |&extent: &usize| if extent == 0 { "?".to_owned() } else { extent.to_string() };
    extents.iter().map(text).collect::<Vec<_>>().join("x")
}

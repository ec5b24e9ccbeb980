//! What an expression is worth.

use crate::ast::{Argument, Dim, Expr, Name};

/// A value, computed.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::lower) enum Value {
    Int(i64),
    Float(f64),
    Bool(bool),
    /// As a fraction: 20% is 0.2.
    Percent(f64),
    /// In degrees.
    Angle(f64),
    /// A number of epochs.
    Epochs(f64),
    /// A time in seconds.
    Seconds(f64),
    Size(Vec<Dim>),
    Text(String),
    /// A bare word that is no constant: a choice or a name, as its use says.
    Word(String),
    List(Vec<Expr>),
    /// `adam(…)`
    Call(Name, Vec<Argument>),
    /// `20% of train`
    Of(f64, Name),
    /// A form that only one use knows: its name in messages.
    Other(&'static str),
}

impl Value {
    /// What it is, in words.
    pub(in crate::lower) fn describe(&self) -> String {
        match self {
            Value::Int(value) => format!("the number {value}"),
            Value::Float(value) => format!("the number {value}"),
            Value::Bool(value) => format!("`{value}`"),
            Value::Percent(_) => "a percentage".to_owned(),
            Value::Angle(_) => "an angle".to_owned(),
            Value::Epochs(_) => "a number of epochs".to_owned(),
            Value::Seconds(_) => "a time".to_owned(),
            Value::Size(_) => "a size".to_owned(),
            Value::Text(_) => "a text".to_owned(),
            Value::Word(word) => format!("`{word}`"),
            Value::List(_) => "a list".to_owned(),
            Value::Call(name, _) => format!("`{}(…)`", name.value),
            Value::Of(..) => "a share of a split".to_owned(),
            Value::Other(what) => (*what).to_owned(),
        }
    }

    /// How many parts are copied with it.
    pub(super) fn parts(&self) -> usize {
        match self {
            Value::Text(text) | Value::Word(text) => 1 + text.len() / 16,
            Value::Size(dims) => 1 + dims.len(),
            Value::List(items) => 1 + items.len(),
            Value::Call(_, arguments) => 1 + arguments.len(),
            Value::Int(_)
            | Value::Float(_)
            | Value::Bool(_)
            | Value::Percent(_)
            | Value::Angle(_)
            | Value::Epochs(_)
            | Value::Seconds(_)
            | Value::Of(..)
            | Value::Other(_) => 1,
        }
    }

    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Value::Int(value) => Some(*value as f64),
            Value::Float(value) => Some(*value),
            Value::Percent(value) => Some(*value),
            Value::Bool(_)
            | Value::Angle(_)
            | Value::Epochs(_)
            | Value::Seconds(_)
            | Value::Size(_)
            | Value::Text(_)
            | Value::Word(_)
            | Value::List(_)
            | Value::Call(..)
            | Value::Of(..)
            | Value::Other(_) => None,
        }
    }
}

//! Values, as they are written.

use super::{Argument, Name};
use crate::source::Span;

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// A whole number.
    Int(u64),
    /// A number with a point or an exponent.
    Float(f64),
    /// A number with a unit: `20%`, `20deg`, `5 epochs`.
    Quantity(f64, Unit),
    /// `3x3`, `28x28x1`, `?x?x3`
    Size(Vec<Dim>),
    /// `"…"`
    Text(String),
    /// A word or a path of words: a choice, a constant or a name, as its use says.
    Name(String),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `{ 33: 34 }`
    Map(Vec<(Expr, Expr)>),
    /// `adam(lr: 0.001)`
    Call(Name, Vec<Argument>),
    /// `-x`
    Negate(Box<Expr>),
    /// `a + b`
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `if a then b else c`
    If(Box<[Expr; 3]>),
    /// `20% of train`
    Of(Box<Expr>, Name),
    /// `by track`
    By(Name),
    /// `block5_conv1 onward`
    Onward(Box<Expr>),
    /// `32..=128` (the end belongs to it) or `0..3`
    Range {
        /// First value.
        start: Box<Expr>,
        /// Last value, or the one after it.
        end: Box<Expr>,
        /// `..=`
        inclusive: bool,
    },
}

/// One extent of a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dim {
    /// A number.
    Known(u64),
    /// `?`
    Open,
}

/// A unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unit {
    /// `%`
    Percent,
    /// `deg`
    Degrees,
    /// `turn`
    Turns,
    /// `rad`
    Radians,
    /// ` epochs`
    Epochs,
    /// Any other word: `lower` says which there are.
    Other(String),
}

impl Unit {
    /// The unit of a word.
    pub fn from_word(word: &str) -> Self {
        match word {
            "%" => Unit::Percent,
            "deg" => Unit::Degrees,
            "turn" => Unit::Turns,
            "rad" => Unit::Radians,
            "epochs" | "epoch" => Unit::Epochs,
            _ => Unit::Other(word.to_owned()),
        }
    }

    /// As it is written behind the number.
    pub fn as_str(&self) -> &str {
        match self {
            Unit::Percent => "%",
            Unit::Degrees => "deg",
            Unit::Turns => "turn",
            Unit::Radians => "rad",
            Unit::Epochs => " epochs",
            Unit::Other(word) => word,
        }
    }
}

/// An operator between two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
}

impl BinaryOp {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::Mul => "*",
            BinaryOp::Div => "/",
            BinaryOp::Equal => "==",
            BinaryOp::NotEqual => "!=",
            BinaryOp::Less => "<",
            BinaryOp::LessEqual => "<=",
            BinaryOp::Greater => ">",
            BinaryOp::GreaterEqual => ">=",
        }
    }

    /// How strongly it binds: comparisons 1, sums 2, products 3.
    pub fn precedence(self) -> u8 {
        match self {
            BinaryOp::Mul | BinaryOp::Div => 3,
            BinaryOp::Add | BinaryOp::Sub => 2,
            BinaryOp::Equal
            | BinaryOp::NotEqual
            | BinaryOp::Less
            | BinaryOp::LessEqual
            | BinaryOp::Greater
            | BinaryOp::GreaterEqual => 1,
        }
    }
}

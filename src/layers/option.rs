//! Types and values of layer options.

use crate::tensor::Padding;

/// What an option takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionType {
    /// A whole number, at least this.
    Int {
        /// Least value.
        min: usize,
    },
    /// A number (a percent where it says a share).
    Float,
    /// In 0..=1, written `0.4` or `40%`.
    Share,
    /// One or two whole numbers ≥ 1: `3` or `3x3`.
    Extents,
    /// `same`, `valid` or a whole number.
    Padding,
    /// An activation's name.
    Activation,
    /// An initializer's name.
    Initializer,
    /// `true` or `false`.
    Bool,
    /// A shape `28x28x1`, `3`.
    Shape,
    /// Names of other values of the body.
    Values,
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
    /// An activation.
    Activation(Activation),
    /// An initializer.
    Initializer(Initializer),
    /// A truth value.
    Bool(bool),
    /// A shape.
    Shape(Vec<usize>),
    /// Not written, and without a default (`stride` of a pool is its size).
    Missing,
}

/// One option of a layer: the row that parsing, diagnostics, completion and the reference read.
#[derive(Debug, Clone, Copy)]
pub struct OptionSpec {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub ty: OptionType,
    /// Its default as it would be written; `None` where it must be written.
    pub default: Option<&'static str>,
    /// One sentence for the reference.
    pub help: &'static str,
}

/// An activation function.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Activation {
    /// None.
    #[default]
    Linear,
    /// Element by element.
    Elementwise(ActivationKind),
    /// `e^x / Σ e^x` over the channels.
    Softmax,
}

/// Element-wise activations, with Keras's definitions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ActivationKind {
    /// `max(x, 0)`
    Relu,
    /// `x ≥ 0 ? x : slope · x`
    LeakyRelu {
        /// Keras's default: 0.3 as a layer, 0.2 as an activation function.
        slope: f32,
    },
    /// `x ≥ 0 ? x : α (eˣ − 1)`
    Elu {
        /// Default 1.
        alpha: f32,
    },
    /// `x Φ(x)`, with erf (Keras's default, `approximate=False`).
    Gelu,
    /// `x σ(x)`
    Silu,
    /// `1 / (1 + e⁻ˣ)`
    Sigmoid,
    /// Hyperbolic tangent.
    Tanh,
}

/// How a parameter starts, with Keras's definitions. `fan_in`/`fan_out` of a convolution count its window: `Kh · Kw · I`, `Kh · Kw · O`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Initializer {
    /// 0.
    Zeros,
    /// 1.
    Ones,
    /// Uniform in ±√(6 / (fan_in + fan_out)).
    GlorotUniform,
    /// Normal, truncated at two deviations, deviation √(2 / (fan_in + fan_out)) / 0.87962566.
    GlorotNormal,
    /// Uniform in ±√(6 / fan_in).
    HeUniform,
    /// Truncated normal, deviation √(2 / fan_in) / 0.87962566.
    HeNormal,
    /// Uniform in ±√(3 / fan_in).
    LecunUniform,
    /// Truncated normal, deviation √(1 / fan_in) / 0.87962566.
    LecunNormal,
    /// Uniform in ±0.05.
    RandomUniform,
    /// Normal, deviation 0.05.
    RandomNormal,
    /// Normal, deviation 0.05, truncated at two deviations.
    TruncatedNormal,
}

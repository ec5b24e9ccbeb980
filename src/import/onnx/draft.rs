//! Layers while a file is read: what is behind one may still become a part of it.

use crate::ast::Expr;
use crate::import::network::Parameter;
use crate::tensor::Shape;
use crate::vocabulary::Activation;

/// A layer that is being made.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) origin: String,
    pub(super) keyword: &'static str,
    pub(super) options: Vec<(&'static str, Expr)>,
    pub(super) inputs: Vec<usize>,
    pub(super) shape: Shape,
    /// Whether height and width follow the picture's size.
    pub(super) open: [bool; 2],
    pub(super) parameters: Vec<Parameter>,
    pub(super) kind: Kind,
}

/// What of a layer matters to those behind it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Plain,
    /// It can take a bias, if it has none, and an activation.
    Weighted {
        activation: Option<Activation>,
        /// Padding that `same` and a number say equally well.
        either: Option<usize>,
    },
    /// A pool whose padding `same` and a number say equally well.
    Pool(usize),
    Activation(Activation),
    /// A factor and an offset: each one number, or one for each channel.
    Affine(Affine),
    /// It can take factors and offsets of the channels.
    LayerNorm,
    /// Zeros around the picture.
    Pad([usize; 4]),
    /// Its result may become a vector.
    GlobalPool,
    Flatten,
    /// It joins values of one shape, one after the other.
    Join,
}

/// `x · scale + offset`
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Affine {
    pub(super) scale: Vec<f64>,
    pub(super) offset: Vec<f64>,
    /// The file says that they are no parameters.
    pub(super) is_fixed: bool,
}

impl Affine {
    pub(super) fn single(scale: f64, offset: f64) -> Self {
        Self { scale: vec![scale], offset: vec![offset], is_fixed: false }
    }

    /// This one first, then the other.
    pub(super) fn then(&self, next: &Affine) -> Affine {
        let pick = |list: &[f64], at: usize| if list.len() == 1 { list[0] } else { list[at] };
        let channels = [&self.scale, &self.offset, &next.scale, &next.offset].map(Vec::len);
        let channels = channels.into_iter().max().unwrap_or(1);
        let scale = |at| pick(&self.scale, at) * pick(&next.scale, at);
        let offset = |at| pick(&self.offset, at) * pick(&next.scale, at) + pick(&next.offset, at);
        let is_fixed = self.is_fixed && next.is_fixed;
        Affine {
            scale: (0..channels).map(scale).collect(),
            offset: (0..channels).map(offset).collect(),
            is_fixed,
        }
    }

    /// One number for all, if that is what they are.
    pub(super) fn of_all(values: &[f64]) -> Option<f64> {
        let (first, rest) = values.split_first()?;
        rest.iter().all(|value| value == first).then_some(*first)
    }
}

impl Draft {
    /// A layer without parameters and options; they are filled in.
    pub(super) fn new(keyword: &'static str, inputs: Vec<usize>, shape: Shape) -> Self {
        Self {
            name: String::new(),
            origin: String::new(),
            keyword,
            options: Vec::new(),
            inputs,
            shape,
            open: [false; 2],
            parameters: Vec::new(),
            kind: Kind::Plain,
        }
    }

    pub(super) fn option(mut self, name: &'static str, value: Expr) -> Self {
        self.options.push((name, value));
        self
    }

    pub(super) fn parameter(
        mut self,
        name: &'static str,
        extents: impl Into<Vec<usize>>,
        values: Vec<f32>,
    ) -> Self {
        self.parameters.push(Parameter { name, shape: Shape::new(extents), values });
        self
    }

    pub(super) fn kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    pub(super) fn open(mut self, open: [bool; 2]) -> Self {
        self.open = open;
        self
    }

    pub(super) fn has(&self, parameter: &str) -> bool {
        self.parameters.iter().any(|known| known.name == parameter)
    }

    /// Sets an option, or changes it.
    pub(super) fn set(&mut self, name: &'static str, value: Expr) {
        match self.options.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.options.push((name, value)),
        }
    }
}

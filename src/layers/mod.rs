//! The layers a model is written with: one file per kind, one row each in the table below.
//!
//! A layer is what the user sees: a keyword, options, parameters, a shape rule. It *builds* itself out of the graph's operations
//! ([`crate::ops`]), which know gradients and kernels. A new layer kind therefore costs one file here and one row in the table; only a new
//! *operation* touches more.

mod conv2d;
mod option;
mod table;

pub use option::{Activation, ActivationKind, Initializer, OptionSpec, OptionType, OptionValue};
pub use table::Layer;

use crate::ir::{GraphBuilder, Value};
use crate::source::Span;
use crate::tensor::Shape;

/// One kind of layer, with its attributes.
pub trait LayerOp {
    /// How it is written: `max_pool2d`.
    fn keyword(&self) -> &'static str;

    /// Parameters for these inputs, in the order of Keras's `weights`. Called only after [`LayerOp::infer`] succeeded.
    fn params(&self, inputs: &[Shape]) -> Vec<ParamSpec>;

    /// Output shape for these inputs: this kind's only shape rule.
    /// # Errors
    /// What is wrong, without places: the checker knows them.
    fn infer(&self, inputs: &[Shape]) -> Result<Shape, InferError>;

    /// Adds the operations of this layer. `params` are in the order of [`LayerOp::params`].
    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], params: &[Value]) -> Value;

    /// Multiplications and additions of one image's forward pass.
    fn flops(&self, inputs: &[Shape]) -> u64;
}

/// A parameter that a layer needs.
#[derive(Debug, Clone, PartialEq)]
pub struct ParamSpec {
    /// Keras's variable name: `kernel`, `bias`, `gamma`, `moving_mean`.
    pub name: &'static str,
    /// Its shape, in Keras's layout.
    pub shape: Shape,
    /// How it starts.
    pub initializer: Initializer,
    /// Whether the optimizer changes it.
    pub trainable: bool,
}

/// Why a layer cannot take its inputs. Extents in elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InferError {
    /// The input has another rank than the layer wants (E0103 for `dense` on a feature map).
    Rank {
        /// Axes wanted, without the batch: 1 a vector, 3 a feature map.
        expected: usize,
        /// What came.
        found: Shape,
    },
    /// The window does not fit (E0101, E0102).
    WindowTooLarge {
        /// Dilated window extents `[y, x]`.
        window: [usize; 2],
        /// Padded input extents `[y, x]`.
        input: [usize; 2],
    },
    /// Channels do not divide into the groups (E0110).
    Groups {
        /// Input channels.
        channels: usize,
        /// Filters.
        filters: usize,
        /// Groups.
        groups: usize,
    },
    /// Inputs of `add` and its kin differ (E0107, E0108).
    ShapesDiffer {
        /// All input shapes.
        shapes: Vec<Shape>,
    },
    /// Inputs of `concat` differ in height or width (E0109).
    ExtentsDiffer {
        /// All input shapes.
        shapes: Vec<Shape>,
    },
    /// Too few inputs for a layer that joins values.
    TooFewInputs {
        /// Least number wanted.
        expected: usize,
        /// What came.
        found: usize,
    },
}

/// Attributes as the user wrote them, typed by the option table; defaults are filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Attributes {
    /// Values in the order of the option table.
    pub values: Vec<OptionValue>,
    /// Where each was written, if it was.
    pub spans: Vec<Option<Span>>,
}

//! The layers a model is written with: one file per kind, one row each in the table below.
//!
//! A layer is what the user sees: a keyword, options, parameters, a shape rule. It *builds* itself out of the
//! graph's operations ([`crate::ops`]), which know gradients and kernels. A new layer kind therefore costs
//! one file here and one row in the table; only a new *operation* touches more.

mod activation;
mod batch_norm;
mod conv2d;
mod conv2d_transpose;
mod crop2d;
mod dense;
mod depth_max_pool;
mod depthwise_conv2d;
mod dropout;
mod ensemble;
mod fixed_filter;
mod flatten;
mod global_pool;
mod input;
mod join;
mod layer_norm;
mod layer_scale;
mod local_response_norm;
mod pool2d;
mod probability;
mod random_color;
mod random_place;
mod rescaling;
mod reshape;
mod resizing;
mod separable_conv2d;
mod sliding;
mod table;
mod upsample2d;
mod zero_pad2d;

pub use activation::ActivationLayer;
pub use batch_norm::BatchNorm;
pub use conv2d::Conv2d;
pub use conv2d_transpose::Conv2dTranspose;
pub use crop2d::Crop2d;
pub use dense::Dense;
pub use depth_max_pool::DepthMaxPool;
pub use depthwise_conv2d::DepthwiseConv2d;
pub use dropout::{Dropout, GaussianNoise, SpatialDropout2d, StochasticDepth};
pub use ensemble::Together;
pub use fixed_filter::FixedFilter;
pub use flatten::Flatten;
pub use global_pool::GlobalPool2d;
pub use input::Input;
pub use join::Join;
pub use layer_norm::LayerNorm;
pub use layer_scale::LayerScale;
pub use local_response_norm::LocalResponseNorm;
pub use pool2d::Pool2d;
pub use probability::Probability;
pub use random_color::{ColorKind, RandomColor};
pub use random_place::{PlaceKind, RandomPlace};
pub use rescaling::{Normalization, Rescaling};
pub use reshape::Reshape;
pub use resizing::{Fit, Resizing, around_largest_part};
pub use separable_conv2d::SeparableConv2d;
pub use sliding::{Sliding, SlidingKind};
pub use table::Layer;
pub use upsample2d::Upsample2d;
pub use zero_pad2d::ZeroPad2d;

use crate::ir::{GraphBuilder, Value};
use crate::tensor::{Shape, Window};
use crate::vocabulary::{Activation, Attributes, Initializer, OptionSpec, OptionType, Regularizer};

/// How a layer kind is written: what parsing, diagnostics, completion and the reference read.
#[derive(Debug, Clone, Copy)]
pub struct KindInfo {
    /// `max_pool2d`
    pub keyword: &'static str,
    /// Keras's spelling, `MaxPooling2D` (PyTorch's where Keras has no such layer, empty where neither has);
    /// offered in help, never accepted.
    pub keras: &'static str,
    /// One sentence for the reference.
    pub help: &'static str,
    /// How many values it takes.
    pub inputs: Inputs,
    /// In the order of positional arguments.
    pub options: &'static [OptionSpec],
    /// The shape rule, in words and formulas: what [`LayerOp::infer`] does.
    pub shape: &'static str,
    /// What it computes.
    pub formula: &'static str,
    /// Where that is defined; empty where the formula says all.
    pub source: &'static str,
    /// A line of a body that uses it.
    pub example: &'static str,
}

/// What a layer is for, to those who judge a model as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The model's beginning.
    Input,
    /// New values of the old ones: convolutions, pools, dense layers, joins.
    Compute,
    /// An activation.
    Activate,
    /// Brings values to mean 0 and deviation 1, by their own statistics.
    Normalize,
    /// Drops values while training.
    Drop,
    /// Adds noise while training.
    Disturb,
    /// The same values in another shape.
    Reshape,
    /// Prepares pictures: another size or place, or other colours.
    Prepare,
    /// Prepares pictures: brings pixels to another scale.
    Scale,
}

/// What becomes of linear functions that are put into a layer, as long as its activation is linear too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Linearity {
    /// They stay linear, and weights of all channels with all are multiplied into them: two such layers
    /// in a row can do no more than one.
    Mixes,
    /// They stay linear.
    Keeps,
    /// They become curved, or nothing is known of them.
    Breaks,
}

/// How many values a layer takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inputs {
    /// None: it begins a model.
    None,
    /// The current value.
    One,
    /// Those named as its arguments; with one argument, the current value too.
    Several,
}

/// A layer kind and how its attributes become a layer.
#[derive(Clone, Copy)]
struct Kind<T> {
    info: KindInfo,
    make: fn(&Attributes) -> T,
}

/// One kind of layer, with its attributes.
pub trait LayerOp {
    /// How it is written: `max_pool2d`.
    fn keyword(&self) -> &'static str;

    /// Parameters for these inputs, in the order of Keras's `weights`. Called only after [`LayerOp::infer`]
    /// succeeded.
    fn params(&self, _inputs: &[Shape]) -> Vec<ParamSpec> {
        Vec::new()
    }

    /// Output shape for these inputs: this kind's only shape rule.
    /// # Errors
    /// What is wrong, without places: the checker knows them.
    fn infer(&self, inputs: &[Shape]) -> Result<Shape, InferError>;

    /// Adds the operations of this layer. `params` are in the order of [`LayerOp::params`].
    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], params: &[Value]) -> Value;

    /// Multiplications and additions of one image's forward pass; 0 where values are only moved. Called only
    /// after [`LayerOp::infer`] succeeded.
    fn flops(&self, _inputs: &[Shape]) -> u64 {
        0
    }

    /// What it is for.
    fn purpose(&self) -> Purpose {
        Purpose::Compute
    }

    /// What it applies to its result at last.
    fn activation(&self) -> Activation {
        Activation::Linear
    }

    /// What kind of function it is, its activation left out. Purposes tell it of most layers; one that
    /// computes says so itself.
    fn linearity(&self) -> Linearity {
        match self.purpose() {
            Purpose::Activate | Purpose::Drop | Purpose::Disturb | Purpose::Reshape | Purpose::Scale => {
                Linearity::Keeps
            }
            Purpose::Input | Purpose::Compute | Purpose::Normalize | Purpose::Prepare => Linearity::Breaks,
        }
    }

    /// Whether its results are probabilities, by what its operands are. Called only after
    /// [`LayerOp::infer`] succeeded. Purposes tell it of most layers; one that keeps probabilities in another
    /// way says so itself.
    fn probability(&self, operands: &[Probability], inputs: &[Shape]) -> Probability {
        let first = operands.first().copied().unwrap_or(Probability::None);
        match self.purpose() {
            // weights of its own make scores of anything
            Purpose::Compute | Purpose::Normalize => Probability::None.activated(self.activation()),
            Purpose::Activate => first.activated(self.activation()),
            Purpose::Input => Probability::None,
            Purpose::Drop | Purpose::Disturb => first,
            Purpose::Reshape => first.reshaped(&inputs[0], self.infer(inputs)),
            Purpose::Prepare | Purpose::Scale => first.at_most(Probability::Derived),
        }
    }

    /// The window that slides over the input, for layers that have one.
    fn sliding(&self) -> Option<Sliding> {
        None
    }

    /// That window's positions over inputs that [`LayerOp::infer`] accepts.
    fn window(&self, inputs: &[Shape]) -> Option<Window> {
        self.sliding()?.over(inputs.first()?).ok()
    }
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
    /// What its size adds to the loss.
    pub regularizer: Option<Regularizer>,
    /// What its axes are.
    pub axes: Axes,
}

/// What the axes of a parameter are. How it lies in the files of other programs follows from this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Axes {
    /// One number for each feature or channel, or axes of a meaning of their own.
    Features,
    /// `[Kh, Kw, I, O]`; of a transposed convolution `[Kh, Kw, O, I]`.
    Windows,
    /// `[Kh, Kw, C, M]`: M windows for each channel.
    Depthwise,
    /// `[I, O]`.
    Matrix,
}

impl ParamSpec {
    /// A parameter that the optimizer changes.
    fn weight(name: &'static str, shape: Shape, initializer: Initializer) -> Self {
        Self { name, shape, initializer, trainable: true, regularizer: None, axes: Axes::Features }
    }

    /// The same with axes of this meaning.
    fn with_axes(self, axes: Axes) -> Self {
        Self { axes, ..self }
    }

    /// The same with a penalty on its size.
    fn regularized(self, regularizer: Option<Regularizer>) -> Self {
        Self { regularizer, ..self }
    }
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
    /// A pool's padding is as large as its window, so that a window could lie in it (E0018).
    PaddingTooLarge {
        /// Pixels on every side.
        padding: usize,
        /// Window extents `[y, x]`.
        window: [usize; 2],
    },
    /// A window over the channels is larger than their number (E0102).
    DepthWindow {
        /// Channels wanted.
        window: usize,
        /// Channels there.
        channels: usize,
    },
    /// As many or more rows (or columns) are taken away as there are (E0121).
    CropTooLarge {
        /// Pixels taken along the axis.
        taken: usize,
        /// Pixels there.
        found: usize,
    },
    /// A part is larger than the image it is taken of (E0121).
    PartTooLarge {
        /// `[height, width]` of the part.
        part: [usize; 2],
        /// Of the image.
        found: [usize; 2],
    },
    /// Another shape with another number of values (E0122).
    Reshape {
        /// The input's.
        found: Shape,
        /// The one asked for.
        wanted: Shape,
    },
    /// A list has neither one number nor one for each channel (E0123).
    ValuesPerChannel {
        /// The option.
        option: &'static str,
        /// Numbers written.
        values: usize,
        /// Channels.
        channels: usize,
    },
    /// `output_padding` asks for a size that no input leads to (E0018).
    OutputPadding {
        /// What is written.
        value: usize,
        /// Least that fits.
        least: usize,
        /// Largest that fits.
        most: usize,
    },
    /// Fewer than two inputs for a layer that joins values (E0013).
    TooFewInputs,
    /// Too many inputs for a layer that joins this many values.
    TooManyInputs {
        /// Largest number.
        most: usize,
        /// What came.
        found: usize,
    },
}

/// Height, width and channels of a feature map.
fn image_of(shape: &Shape) -> Result<(usize, usize, usize), InferError> {
    shape.as_image().ok_or_else(|| InferError::Rank { expected: 3, found: shape.clone() })
}

/// Operations of one per element, for counts.
fn per_element(shape: &Shape, operations: u64) -> u64 {
    (shape.elements() as u64).saturating_mul(operations)
}

//! `dropout`, `spatial_dropout2d`, `stochastic_depth` and `gaussian_noise`: what disturbs values while training.

use super::{
    InferError, Inputs, Kind, KindInfo, LayerOp, OptionSpec, OptionType, Purpose, image_of, per_element,
};
use crate::ir::{GraphBuilder, Value};
use crate::tensor::Shape;

/// `dropout(rate)`: in training a share `rate` of the elements becomes 0 and the rest grows by `1 / (1 −
/// rate)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dropout {
    /// In [0, 1).
    pub rate: f32,
}

const RATE: &[OptionSpec] = &[OptionSpec::required("rate", OptionType::Rate, "Share of zeroes.")];

impl Dropout {
    pub(super) const KINDS: &'static [Kind<Self>] = &[Kind {
        info: KindInfo {
            keyword: "dropout",
            keras: "Dropout",
            help: "In training, sets a share of the elements to 0.",
            inputs: Inputs::One,
            options: RATE,
            shape: "The input's.",
            formula: "while training y = 0 with probability rate, else x / (1 − rate); in use y = x",
            source: "Srivastava et al., JMLR 15 (2014)",
            example: "dropout(0.4)",
        },
        make: |attributes| Dropout { rate: attributes.float("rate") },
    }];
}

impl LayerOp for Dropout {
    fn keyword(&self) -> &'static str {
        "dropout"
    }

    fn infer(&self, inputs: &[Shape]) -> Result<Shape, InferError> {
        Ok(inputs[0].clone())
    }

    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], _params: &[Value]) -> Value {
        graph.dropout(inputs[0], self.rate)
    }

    /// One multiplication for each element, in training.
    fn flops(&self, inputs: &[Shape]) -> u64 {
        per_element(&inputs[0], 1)
    }

    fn purpose(&self) -> Purpose {
        Purpose::Drop
    }
}

/// `spatial_dropout2d(rate)`: dropout of whole channels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpatialDropout2d {
    /// In [0, 1).
    pub rate: f32,
}

impl SpatialDropout2d {
    pub(super) const KINDS: &'static [Kind<Self>] = &[Kind {
        info: KindInfo {
            keyword: "spatial_dropout2d",
            keras: "SpatialDropout2D",
            help: "In training, sets a share of each image's channels to 0, all their pixels alike.",
            inputs: Inputs::One,
            options: RATE,
            shape: "The input's.",
            formula: "while training y[i, j, c] = 0 for a channel c with probability rate, else x[i, j, c] / (1 − rate); \
                  in use y = x",
            source: "Tompson et al., arXiv:1411.4280",
            example: "spatial_dropout2d(20%)",
        },
        make: |attributes| SpatialDropout2d { rate: attributes.float("rate") },
    }];
}

impl LayerOp for SpatialDropout2d {
    fn keyword(&self) -> &'static str {
        "spatial_dropout2d"
    }

    fn infer(&self, inputs: &[Shape]) -> Result<Shape, InferError> {
        image_of(&inputs[0])?;
        Ok(inputs[0].clone())
    }

    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], _params: &[Value]) -> Value {
        graph.spatial_dropout(inputs[0], self.rate)
    }

    /// One multiplication for each element, in training.
    fn flops(&self, inputs: &[Shape]) -> u64 {
        per_element(&inputs[0], 1)
    }

    fn purpose(&self) -> Purpose {
        Purpose::Drop
    }
}

/// `stochastic_depth(rate)`: dropout of whole images, for the end of a residual branch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StochasticDepth {
    /// In [0, 1).
    pub rate: f32,
}

impl StochasticDepth {
    pub(super) const KINDS: &'static [Kind<Self>] = &[Kind {
        info: KindInfo {
            keyword: "stochastic_depth",
            keras: "StochasticDepth",
            help: "In training, leaves a residual branch out for a share of the images.",
            inputs: Inputs::One,
            options: &[OptionSpec::required(
                "rate",
                OptionType::Rate,
                "Share of the images that the branch is left out for.",
            )],
            shape: "The input's.",
            formula: "while training y = 0 for all of an image with probability rate, else x / (1 − rate); in use y = x",
            source: "Huang et al., arXiv:1603.09382; torchvision's mode `row`, Keras's Dropout with noise_shape (None, \
                     1, 1, 1)",
            example: "stochastic_depth(10%)",
        },
        make: |attributes| StochasticDepth { rate: attributes.float("rate") },
    }];
}

impl LayerOp for StochasticDepth {
    fn keyword(&self) -> &'static str {
        "stochastic_depth"
    }

    fn infer(&self, inputs: &[Shape]) -> Result<Shape, InferError> {
        Ok(inputs[0].clone())
    }

    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], _params: &[Value]) -> Value {
        graph.image_dropout(inputs[0], self.rate)
    }

    /// One multiplication for each element, in training.
    fn flops(&self, inputs: &[Shape]) -> u64 {
        per_element(&inputs[0], 1)
    }

    fn purpose(&self) -> Purpose {
        Purpose::Drop
    }
}

/// `gaussian_noise(stddev)`: adds normal numbers in training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GaussianNoise {
    /// Standard deviation, from 0 on.
    pub stddev: f32,
}

impl GaussianNoise {
    pub(super) const KINDS: &'static [Kind<Self>] = &[Kind {
        info: KindInfo {
            keyword: "gaussian_noise",
            keras: "GaussianNoise",
            help: "In training, adds normal noise to each element.",
            inputs: Inputs::One,
            options: &[OptionSpec::required(
                "stddev",
                OptionType::NonNegative,
                "Standard deviation of the noise.",
            )],
            shape: "The input's.",
            formula: "while training y = x + stddev · n, n normal with mean 0 and deviation 1; in use y = x",
            source: "",
            example: "gaussian_noise(0.1)",
        },
        make: |attributes| GaussianNoise { stddev: attributes.float("stddev") },
    }];
}

impl LayerOp for GaussianNoise {
    fn keyword(&self) -> &'static str {
        "gaussian_noise"
    }

    fn infer(&self, inputs: &[Shape]) -> Result<Shape, InferError> {
        Ok(inputs[0].clone())
    }

    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], _params: &[Value]) -> Value {
        graph.gaussian_noise(inputs[0], self.stddev)
    }

    /// One multiplication and one addition for each element, in training.
    fn flops(&self, inputs: &[Shape]) -> u64 {
        per_element(&inputs[0], 2)
    }

    fn purpose(&self) -> Purpose {
        Purpose::Disturb
    }
}

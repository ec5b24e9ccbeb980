//! `rescaling` and `normalization`: pixels on another scale.

use super::{
    Attributes, InferError, Inputs, Kind, KindInfo, LayerOp, OptionSpec, OptionType, Purpose, per_element,
};
use crate::ir::{GraphBuilder, Value};
use crate::tensor::Shape;

/// `rescaling(scale, offset)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rescaling {
    /// Factor.
    pub scale: f32,
    /// What is added then.
    pub offset: f32,
}

impl Rescaling {
    pub(super) const KINDS: &'static [Kind<Self>] = &[Kind {
        info: KindInfo {
            keyword: "rescaling",
            keras: "Rescaling",
            help: "Multiplies every value and adds to it, in training and in use.",
            inputs: Inputs::One,
            options: &[
                OptionSpec::required("scale", OptionType::Float, "Factor."),
                OptionSpec::optional("offset", OptionType::Float, "0", "What is added then."),
            ],
            shape: "The input's.",
            formula: "y = x · scale + offset",
            source: "",
            example: "rescaling(1/127.5, offset: -1)",
        },
        make: |a: &Attributes| Rescaling { scale: a.float("scale"), offset: a.float("offset") },
    }];
}

impl LayerOp for Rescaling {
    fn keyword(&self) -> &'static str {
        "rescaling"
    }

    fn infer(&self, inputs: &[Shape]) -> Result<Shape, InferError> {
        Ok(inputs[0].clone())
    }

    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], _params: &[Value]) -> Value {
        graph.map(inputs, |e| {
            let (x, scale, offset) = (e.input(0), e.constant(self.scale), e.constant(self.offset));
            e.mul_add(x, scale, offset)
        })
    }

    fn flops(&self, inputs: &[Shape]) -> u64 {
        per_element(&inputs[0], 2)
    }

    fn purpose(&self) -> Purpose {
        Purpose::Scale
    }
}

/// `normalization(mean, variance)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Normalization {
    /// One for all channels, or one for each.
    pub mean: Vec<f32>,
    /// Likewise.
    pub variance: Vec<f32>,
}

/// Least deviation that is divided by: Keras's epsilon.
const LEAST_DEVIATION: f32 = 1e-7;

impl Normalization {
    pub(super) const KINDS: &'static [Kind<Self>] = &[Kind {
        info: KindInfo {
            keyword: "normalization",
            keras: "Normalization",
            help: "Brings channels of known mean and variance to mean 0 and variance 1, in training and in use.",
            inputs: Inputs::One,
            options: &[
                OptionSpec::required(
                    "mean",
                    OptionType::Numbers,
                    "Mean: one number, or one for each channel.",
                ),
                OptionSpec::required(
                    "variance",
                    OptionType::Numbers,
                    "Variance: one number, or one for each channel.",
                ),
            ],
            shape: "The input's.",
            formula: "y[c] = (x[c] − mean[c]) / max(√variance[c], 1e-7)",
            source: "",
            example: "normalization(mean: [125.3, 123.0, 113.9], variance: [3969, 3856, 4449])",
        },
        make: |a: &Attributes| Normalization {
            mean: a.numbers("mean").to_vec(),
            variance: a.numbers("variance").to_vec(),
        },
    }];

    /// What is multiplied by: one for all channels, or one for each.
    pub fn factors(&self) -> Vec<f32> {
        self.variance.iter().map(|variance| 1.0 / variance.max(0.0).sqrt().max(LEAST_DEVIATION)).collect()
    }
}

impl LayerOp for Normalization {
    fn keyword(&self) -> &'static str {
        "normalization"
    }

    fn infer(&self, inputs: &[Shape]) -> Result<Shape, InferError> {
        let channels = inputs[0].channels();
        for (option, values) in [("mean", &self.mean), ("variance", &self.variance)] {
            if values.len() != 1 && values.len() != channels {
                return Err(InferError::ValuesPerChannel { option, values: values.len(), channels });
            }
        }
        Ok(inputs[0].clone())
    }

    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], _params: &[Value]) -> Value {
        let factors = self.factors();
        if let ([mean], [factor]) = (&self.mean[..], &factors[..]) {
            return graph.map(inputs, |e| {
                let (x, mean, factor) = (e.input(0), e.constant(*mean), e.constant(*factor));
                let centred = e.sub(x, mean);
                e.mul(centred, factor)
            });
        }
        let channels = graph.shape(inputs[0]).channels();
        let each =
            |values: &[f32]| if let [value] = values { vec![*value; channels] } else { values.to_vec() };
        let (mean, factor) = (graph.constants(&each(&self.mean)), graph.constants(&each(&factors)));
        graph.map(&[inputs[0], mean, factor], |e| {
            let (x, mean, factor) = (e.input(0), e.input(1), e.input(2));
            let centred = e.sub(x, mean);
            e.mul(centred, factor)
        })
    }

    fn flops(&self, inputs: &[Shape]) -> u64 {
        per_element(&inputs[0], 2)
    }

    fn purpose(&self) -> Purpose {
        Purpose::Scale
    }
}

//! `random_contrast` and `random_brightness`: other colours in training.

use super::{
    Attributes, InferError, Inputs, Kind, KindInfo, LayerOp, OptionSpec, OptionType, Purpose, image_of,
    per_element,
};
use crate::desc::PoolKind;
use crate::ir::{GraphBuilder, Value};
use crate::tensor::Shape;

/// `random_contrast(factor, value_range)`, `random_brightness(factor, value_range)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RandomColor {
    /// What is changed.
    pub kind: ColorKind,
    /// Least and largest change, as a share.
    pub factor: [f32; 2],
    /// Values stay within these.
    pub value_range: [f32; 2],
}

/// What a random colour layer changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColorKind {
    /// The distance of each value from its channel's mean.
    Contrast,
    /// All values alike.
    Brightness,
}

const VALUE_RANGE: OptionSpec = OptionSpec::optional(
    "value_range",
    OptionType::Interval,
    "[0, 255]",
    "Least and largest value of a pixel here: `[0, 1]` after `rescale: 1/255`. Results are cut off there.",
);

impl RandomColor {
    pub(super) const KINDS: &'static [Kind<Self>] = &[
        Kind {
            info: KindInfo {
                keyword: "random_contrast",
                keras: "RandomContrast",
                help: "In training, moves the values of each channel away from their mean, or towards it.",
                inputs: Inputs::One,
                options: &[
                    OptionSpec::required(
                        "factor",
                        OptionType::Range { angle: false },
                        "Change: `20%` is −20% to +20%.",
                    ),
                    VALUE_RANGE,
                ],
                shape: "The input's.",
                formula: "while training y = clip((x − μ) (1 + f) + μ), f uniform in factor for each image, μ the \
                      channel's mean over its pixels; in use y = x",
                source: "Keras's `RandomContrast`",
                example: "random_contrast(20%, value_range: [0, 1])",
            },
            make: |a| RandomColor::new(ColorKind::Contrast, a),
        },
        Kind {
            info: KindInfo {
                keyword: "random_brightness",
                keras: "RandomBrightness",
                help: "In training, makes pictures brighter or darker.",
                inputs: Inputs::One,
                options: &[
                    OptionSpec::required(
                        "factor",
                        OptionType::Range { angle: false },
                        "Change: `20%` is −20% to +20% of the range.",
                    ),
                    VALUE_RANGE,
                ],
                shape: "The input's.",
                formula: "while training y = clip(x + f (high − low)), f uniform in factor for each image, low and high \
                      from value_range; in use y = x",
                source: "Keras's `RandomBrightness`",
                example: "random_brightness(20%, value_range: [0, 1])",
            },
            make: |a| RandomColor::new(ColorKind::Brightness, a),
        },
    ];

    fn new(kind: ColorKind, attributes: &Attributes) -> Self {
        RandomColor { kind, factor: attributes.range("factor"), value_range: attributes.range("value_range") }
    }
}

impl LayerOp for RandomColor {
    fn keyword(&self) -> &'static str {
        match self.kind {
            ColorKind::Contrast => "random_contrast",
            ColorKind::Brightness => "random_brightness",
        }
    }

    fn infer(&self, inputs: &[Shape]) -> Result<Shape, InferError> {
        image_of(&inputs[0])?;
        Ok(inputs[0].clone())
    }

    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], _params: &[Value]) -> Value {
        if !graph.is_random() {
            return inputs[0];
        }
        let channels = graph.shape(inputs[0]).channels();
        let ([least, most], [low, high]) = (self.factor, self.value_range);
        let number = graph.random_number(channels, |e, u| {
            let (width, least) = (e.constant(most - least), e.constant(least));
            e.mul_add(u, width, least)
        });
        let operands = match self.kind {
            ColorKind::Contrast => vec![inputs[0], number, graph.global_pool(inputs[0], PoolKind::Average)],
            ColorKind::Brightness => vec![inputs[0], number],
        };
        graph.map(&operands, |e| {
            let (x, f) = (e.input(0), e.input(1));
            let changed = match self.kind {
                // x + f (x − μ)
                ColorKind::Contrast => {
                    let mean = e.input(2);
                    let distance = e.sub(x, mean);
                    e.mul_add(f, distance, x)
                }
                ColorKind::Brightness => {
                    let range = e.constant(high - low);
                    e.mul_add(f, range, x)
                }
            };
            let (low, high) = (e.constant(low), e.constant(high));
            let raised = e.max(low, changed);
            e.min(high, raised)
        })
    }

    fn flops(&self, inputs: &[Shape]) -> u64 {
        per_element(&inputs[0], 5)
    }

    fn purpose(&self) -> Purpose {
        Purpose::Prepare
    }
}

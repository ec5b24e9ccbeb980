//! `max_pool2d` and `avg_pool2d`: windowed pooling.

use super::{
    Attributes, InferError, Inputs, Kind, KindInfo, LayerOp, Linearity, OptionSpec, OptionType, Probability,
    Sliding, SlidingKind, image_of, per_element,
};
use crate::desc::PoolKind;
use crate::ir::{GraphBuilder, Value};
use crate::tensor::{Padding, Shape};

/// `max_pool2d(pool_size, stride, padding)`, `avg_pool2d(…)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool2d {
    /// Largest or mean.
    pub kind: PoolKind,
    /// `[vertical, horizontal]`.
    pub pool_size: [usize; 2],
    /// `[vertical, horizontal]`.
    pub stride: [usize; 2],
    /// Padding: it never wins, and does not count in a mean.
    pub padding: Padding,
}

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        name: "pool_size",
        ty: OptionType::Extents,
        default: Some("2"),
        help: "Extent of the window.",
    },
    OptionSpec {
        name: "stride",
        ty: OptionType::Extents,
        default: Some("pool_size"),
        help: "Step between positions.",
    },
    OptionSpec {
        name: "padding",
        ty: OptionType::Padding,
        default: Some("valid"),
        help: "Pixels around the image.",
    },
];

impl Pool2d {
    pub(super) const KINDS: &'static [Kind<Self>] = &[
        Kind {
            info: KindInfo {
                keyword: "max_pool2d",
                keras: "MaxPooling2D",
                help: "The largest value of each window.",
                inputs: Inputs::One,
                options: OPTIONS,
                shape: "H' = ⌊(H + padding − Kh) / stride⌋ + 1, W' likewise; C' = C. With `same`, H' = ⌈H / stride⌉.",
                formula: "y[i, j, c] = the largest x[i s + u − p, j s + v − p, c]; padding never wins. Of several largest \
                      values the first in reading order gets the gradient",
                source: "",
                example: "max_pool2d(2)",
            },
            make: |attributes| Pool2d::new(PoolKind::Max, attributes),
        },
        Kind {
            info: KindInfo {
                keyword: "avg_pool2d",
                keras: "AveragePooling2D",
                help: "The mean of each window.",
                inputs: Inputs::One,
                options: OPTIONS,
                shape: "H' = ⌊(H + padding − Kh) / stride⌋ + 1, W' likewise; C' = C. With `same`, H' = ⌈H / stride⌉.",
                formula: "y[i, j, c] = the mean of x[i s + u − p, j s + v − p, c] over the pixels that are there: padding \
                      does not count",
                source: "",
                example: "avg_pool2d(3, stride: 2, padding: same)",
            },
            make: |attributes| Pool2d::new(PoolKind::Average, attributes),
        },
    ];

    fn new(kind: PoolKind, attributes: &Attributes) -> Self {
        Pool2d {
            kind,
            pool_size: attributes.extents("pool_size"),
            stride: attributes.extents("stride"),
            padding: attributes.padding("padding"),
        }
    }

    fn sliding_window(&self) -> Sliding {
        Sliding {
            kind: SlidingKind::Pooling,
            extents: self.pool_size,
            stride: self.stride,
            dilation: [1, 1],
            padding: self.padding,
        }
    }
}

/// A mean is linear, a largest value is not.
pub(super) fn linearity_of(kind: PoolKind) -> Linearity {
    match kind {
        PoolKind::Average => Linearity::Keeps,
        PoolKind::Max => Linearity::Breaks,
    }
}

impl LayerOp for Pool2d {
    fn keyword(&self) -> &'static str {
        match self.kind {
            PoolKind::Max => "max_pool2d",
            PoolKind::Average => "avg_pool2d",
        }
    }

    fn infer(&self, inputs: &[Shape]) -> Result<Shape, InferError> {
        let (_, _, channels) = image_of(&inputs[0])?;
        if let Padding::Explicit(padding) = self.padding
            && self.pool_size.iter().any(|&extent| padding >= extent)
        {
            return Err(InferError::PaddingTooLarge { padding, window: self.pool_size });
        }
        let window = self.sliding_window().over(&inputs[0])?;
        Ok(Shape::image(window.y.output, window.x.output, channels))
    }

    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], _params: &[Value]) -> Value {
        let window =
            self.sliding_window().over(&graph.shape(inputs[0])).expect("infer has accepted the window");
        graph.pool(inputs[0], self.kind, window)
    }

    fn flops(&self, inputs: &[Shape]) -> u64 {
        let area = self.pool_size[0] * self.pool_size[1];
        self.infer(inputs).map_or(0, |out| per_element(&out, area as u64))
    }

    fn sliding(&self) -> Option<Sliding> {
        Some(self.sliding_window())
    }

    fn linearity(&self) -> Linearity {
        linearity_of(self.kind)
    }

    fn probability(&self, operands: &[Probability], _inputs: &[Shape]) -> Probability {
        operands[0].at_most(Probability::Exclusive)
    }
}

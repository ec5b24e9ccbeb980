//! `fixed_filter`: a filter that is written in the file, not learnt.

use super::{
    Attributes, InferError, Inputs, Kind, KindInfo, LayerOp, Linearity, OptionSpec, OptionType, Probability,
    Sliding, SlidingKind, per_element,
};
use crate::ir::{GraphBuilder, Value};
use crate::tensor::{Padding, Shape};
use crate::vocabulary::Filter;

/// `fixed_filter(kernel, padding)`.
#[derive(Debug, Clone, PartialEq)]
pub struct FixedFilter {
    /// Its numbers.
    pub kernel: Filter,
    /// Padding.
    pub padding: Padding,
}

impl FixedFilter {
    pub(super) const KINDS: &'static [Kind<Self>] = &[Kind {
        info: KindInfo {
            keyword: "fixed_filter",
            keras: "",
            help: "Filters each channel with numbers written in the file. They are no weights: nothing is learnt, and \
                  nothing stored.",
            inputs: Inputs::One,
            options: &[
                OptionSpec::required(
                    "kernel",
                    OptionType::Filter,
                    "A name (`vertical_line`, `horizontal_line`, `sobel_x`, `sobel_y`, `prewitt_x`, `prewitt_y`, \
                     `laplacian`, `sharpen`, `emboss`, `gaussian`, `mean`) or rows of numbers, `[[-1, 0, 1], [-2, \
                     0, 2], [-1, 0, 1]]`.",
                ),
                OptionSpec::optional("padding", OptionType::Padding, "same", "Zeros around the image."),
            ],
            shape: "H' and W' as of a `conv2d` with this kernel and stride 1; C' = C.",
            formula: "y[i, j, c] = Σ x[i + u − p, j + v − p, c] kernel[u, v], not turned around, as `conv2d`",
            source: "",
            example: "fixed_filter(sobel_x)",
        },
        make: |a: &Attributes| FixedFilter {
            kernel: a.filter("kernel").clone(),
            padding: a.padding("padding"),
        },
    }];

    fn sliding_window(&self) -> Sliding {
        Sliding {
            kind: SlidingKind::Convolution,
            extents: self.kernel.extents,
            stride: [1, 1],
            dilation: [1, 1],
            padding: self.padding,
        }
    }

    /// `(row, column, value)` of what is not 0 (of one 0 where all are).
    fn taps(&self) -> Vec<(usize, usize, f32)> {
        let columns = self.kernel.extents[1];
        let taps =
            self.kernel.values.iter().enumerate().map(|(at, &value)| (at / columns, at % columns, value));
        let taps: Vec<_> = taps.filter(|(.., value)| *value != 0.0).collect();
        if taps.is_empty() { vec![(0, 0, 0.0)] } else { taps }
    }
}

impl LayerOp for FixedFilter {
    fn keyword(&self) -> &'static str {
        "fixed_filter"
    }

    fn infer(&self, inputs: &[Shape]) -> Result<Shape, InferError> {
        let window = self.sliding_window().over(&inputs[0])?;
        Ok(Shape::image(window.y.output, window.x.output, inputs[0].channels()))
    }

    /// A sum of views of the padded image, each moved by a tap and multiplied by its number.
    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], _params: &[Value]) -> Value {
        let window =
            self.sliding_window().over(&graph.shape(inputs[0])).expect("infer has accepted the window");
        let halo = window.halo();
        let padded = if halo == [0; 4] { inputs[0] } else { graph.zero_pad(inputs[0], halo) };
        let [rows, columns] = self.kernel.extents;
        let taps = self.taps();
        let views: Vec<Value> =
            taps.iter().map(|&(y, x, _)| graph.crop(padded, [y, rows - 1 - y, x, columns - 1 - x])).collect();
        graph.map(&views, |e| {
            let mut sum = e.constant(0.0);
            for (at, &(.., value)) in taps.iter().enumerate() {
                let (view, value) = (e.input(at), e.constant(value));
                sum = if at == 0 { e.mul(view, value) } else { e.mul_add(view, value, sum) };
            }
            sum
        })
    }

    fn flops(&self, inputs: &[Shape]) -> u64 {
        self.infer(inputs).map_or(0, |out| per_element(&out, 2 * self.taps().len() as u64))
    }

    fn sliding(&self) -> Option<Sliding> {
        Some(self.sliding_window())
    }

    fn linearity(&self) -> Linearity {
        Linearity::Keeps
    }

    fn probability(&self, operands: &[Probability], _inputs: &[Shape]) -> Probability {
        operands[0].at_most(Probability::Derived)
    }
}

//! `resizing`: an image of another size.

use super::{
    Attributes, InferError, Inputs, Kind, KindInfo, LayerOp, Linearity, OptionSpec, OptionType, Purpose,
    image_of, per_element,
};
use crate::desc::{Border, Interpolation, Matrix};
use crate::ir::{GraphBuilder, Value};
use crate::ops::Warp;
use crate::tensor::Shape;

/// `resizing(height, width, interpolation, fit)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resizing {
    /// Rows of the result.
    pub height: usize,
    /// Columns of the result.
    pub width: usize,
    /// Between pixels.
    pub interpolation: Interpolation,
    /// How another ratio of height and width is met.
    pub fit: Fit,
}

/// How an image of another ratio of height and width becomes one of the wanted ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// It is stretched.
    Stretch,
    /// The largest part of the wanted ratio, in the middle, is taken.
    Crop,
    /// Zeros are put around it, as many before as behind.
    Letterbox,
}

/// Takes `nearest` or `bilinear`.
pub(super) const INTERPOLATION: OptionType = OptionType::Choice(&["bilinear", "nearest"]);

/// The interpolation of a choice of [`INTERPOLATION`].
pub(super) fn interpolation_of(choice: &str) -> Interpolation {
    if choice == "nearest" { Interpolation::Nearest } else { Interpolation::Bilinear }
}

impl Resizing {
    pub(super) const KINDS: &'static [Kind<Self>] = &[Kind {
        info: KindInfo {
            keyword: "resizing",
            keras: "Resizing",
            help: "An image of another size, in training and in use. Rather write `resize` in `prepare`: then it is \
                  done once, and for every picture ever predicted.",
            inputs: Inputs::One,
            options: &[
                OptionSpec::required("height", OptionType::Int { min: 1 }, "Rows of the result."),
                OptionSpec::required("width", OptionType::Int { min: 1 }, "Columns of the result."),
                OptionSpec::optional("interpolation", INTERPOLATION, "bilinear", "Between pixels."),
                OptionSpec::optional(
                    "fit",
                    OptionType::Choice(&["stretch", "crop", "letterbox"]),
                    "stretch",
                    "Where the ratio of height and width is another: `crop` takes the largest part of the wanted \
                     ratio out of the middle, `letterbox` puts zeros around (Keras's `crop_to_aspect_ratio` and \
                     `pad_to_aspect_ratio`).",
                ),
            ],
            shape: "H' = height, W' = width; C' = C.",
            formula: "y at (i, j) = x at ((i + 1/2) H / H', (j + 1/2) W / W'), counted from the corner: the pixel there, \
                  or between the centres of the four around it",
            source: "TensorFlow's `tf.image.resize` without antialiasing",
            example: "resizing(64, 64)",
        },
        make: |a: &Attributes| Resizing {
            height: a.int("height"),
            width: a.int("width"),
            interpolation: interpolation_of(a.choice("interpolation")),
            fit: match a.choice("fit") {
                "crop" => Fit::Crop,
                "letterbox" => Fit::Letterbox,
                _ => Fit::Stretch,
            },
        },
    }];
}

impl Resizing {
    /// Zeros `[top, bottom, left, right]` that [`Fit::Letterbox`] puts around an image `[rows, columns]`.
    pub fn bars(&self, [rows, columns]: [usize; 2]) -> [usize; 4] {
        let side = |own: usize, other: usize, ratio: [usize; 2]| {
            (other * ratio[0] / ratio[1]).saturating_sub(own) / 2
        };
        let vertical = side(rows, columns, [self.height, self.width]);
        let horizontal = side(columns, rows, [self.width, self.height]);
        [vertical, vertical, horizontal, horizontal]
    }
}

/// The image stretched to `[height, width]`.
pub(super) fn resize(
    graph: &mut GraphBuilder<'_>,
    x: Value,
    [height, width]: [usize; 2],
    interpolation: Interpolation,
) -> Value {
    let (rows, columns, _) = graph.shape(x).as_pixels();
    if [rows, columns] == [height, width] {
        return x;
    }
    let (across, down) = (columns as f32 / width as f32, rows as f32 / height as f32);
    let matrix = Matrix::Fixed([across, 0.0, 0.0, 0.0, down, 0.0].map(f32::to_bits));
    graph.warp(x, Warp { height, width, interpolation, border: Border::Nearest, matrix })
}

/// `[top, bottom, left, right]` of an image `[rows, columns]` around its largest part with the ratio of
/// `wanted`, which has at least one pixel and stands in the middle: as Keras rounds them.
pub fn around_largest_part([rows, columns]: [usize; 2], [height, width]: [usize; 2]) -> [usize; 4] {
    let part = [(columns * height / width).clamp(1, rows), (rows * width / height).clamp(1, columns)];
    let ([top, bottom], [left, right]) = (around(rows, part[0]), around(columns, part[1]));
    [top, bottom, left, right]
}

/// `[before, after]` of what is left over when `part` stands in the middle of `whole`.
fn around(whole: usize, part: usize) -> [usize; 2] {
    let before = (whole - part) / 2;
    [before, whole - part - before]
}

/// The largest part of the wanted ratio out of the middle, stretched to `[height, width]`.
pub(super) fn crop_and_resize(
    graph: &mut GraphBuilder<'_>,
    x: Value,
    wanted: [usize; 2],
    interpolation: Interpolation,
) -> Value {
    let (rows, columns, _) = graph.shape(x).as_pixels();
    let around = around_largest_part([rows, columns], wanted);
    let cropped = if around == [0; 4] { x } else { graph.crop(x, around) };
    resize(graph, cropped, wanted, interpolation)
}

impl LayerOp for Resizing {
    fn keyword(&self) -> &'static str {
        "resizing"
    }

    fn infer(&self, inputs: &[Shape]) -> Result<Shape, InferError> {
        let (_, _, channels) = image_of(&inputs[0])?;
        Ok(Shape::image(self.height, self.width, channels))
    }

    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], _params: &[Value]) -> Value {
        let (x, wanted) = (inputs[0], [self.height, self.width]);
        let (rows, columns, _) = graph.shape(x).as_pixels();
        match self.fit {
            Fit::Stretch => resize(graph, x, wanted, self.interpolation),
            Fit::Crop => crop_and_resize(graph, x, wanted, self.interpolation),
            Fit::Letterbox => {
                let sides = self.bars([rows, columns]);
                let padded = if sides == [0; 4] { x } else { graph.zero_pad(x, sides) };
                resize(graph, padded, wanted, self.interpolation)
            }
        }
    }

    fn flops(&self, inputs: &[Shape]) -> u64 {
        self.infer(inputs).map_or(0, |out| per_element(&out, 8))
    }

    fn purpose(&self) -> Purpose {
        Purpose::Prepare
    }

    fn linearity(&self) -> Linearity {
        Linearity::Keeps
    }
}

//! Layers that move pictures about in training: `random_flip`, `random_rotation`, `random_zoom`,
//! `random_translation`, `random_crop`.
//!
//! Each draws its own numbers for each image and samples the image once. In use they are the identity, but
//! for `random_crop`, whose result has another size.

use super::resizing::{INTERPOLATION, crop_and_resize, interpolation_of};
use super::{
    Attributes, InferError, Inputs, Kind, KindInfo, LayerOp, OptionSpec, OptionType, Purpose, image_of,
    per_element,
};
use crate::desc::{Border, Compare, Expr, ExprId, ExprNode, Interpolation, Matrix};
use crate::ir::{GraphBuilder, Value};
use crate::ops::Warp;
use crate::tensor::Shape;

/// A layer that moves pictures about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RandomPlace {
    /// How.
    pub kind: PlaceKind,
    /// Between pixels.
    pub interpolation: Interpolation,
    /// What lies outside the picture.
    pub border: Border,
}

/// How pictures are moved. Shares are of height and width.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PlaceKind {
    /// Mirrored with probability 1/2, each way by itself.
    Flip {
        /// Left and right.
        horizontal: bool,
        /// Up and down.
        vertical: bool,
    },
    /// Turned around the centre by an angle in degrees, clockwise where it is negative.
    Rotation([f32; 2]),
    /// The picture shows `1 + f` of itself: above 0 it becomes smaller.
    Zoom {
        /// Vertical change.
        height: [f32; 2],
        /// Horizontal change; the same number as the vertical one where there is none.
        width: Option<[f32; 2]>,
    },
    /// Moved down and to the right.
    Translation {
        /// Share of the height.
        height: [f32; 2],
        /// Share of the width.
        width: [f32; 2],
    },
    /// A part at a random place.
    Crop {
        /// `[height, width]` of the part.
        size: [usize; 2],
    },
}

const FILL_MODE: OptionSpec = OptionSpec::optional(
    "fill_mode",
    OptionType::Choice(&["reflect", "nearest", "wrap", "constant"]),
    "reflect",
    "What lies outside the picture.",
);
const BETWEEN: OptionSpec =
    OptionSpec::optional("interpolation", INTERPOLATION, "bilinear", "Between pixels.");
const FILL_VALUE: OptionSpec = OptionSpec::optional(
    "fill_value",
    OptionType::Float,
    "0",
    "What lies outside with `fill_mode: constant`.",
);

const fn share(name: &'static str, help: &'static str) -> OptionSpec {
    OptionSpec::required(name, OptionType::Range { angle: false }, help)
}

/// A row of the table for a layer whose result has the input's shape: `[keyword, Keras's spelling,
/// sentence]`, then `[formula, example]`.
const fn row(
    [keyword, keras, help]: [&'static str; 3],
    [formula, example]: [&'static str; 2],
    options: &'static [OptionSpec],
    make: fn(&Attributes) -> RandomPlace,
) -> Kind<RandomPlace> {
    let (shape, source) = ("The input's.", "Keras's layer of this name");
    Kind {
        info: KindInfo {
            keyword,
            keras,
            help,
            inputs: Inputs::One,
            options,
            shape,
            formula,
            source,
            example,
        },
        make,
    }
}

impl RandomPlace {
    pub(super) const KINDS: &'static [Kind<Self>] = &[
        row(
            ["random_flip", "RandomFlip", "In training, mirrors pictures."],
            [
                "while training, with probability 1/2 for each way, y[i, j] = x[i, W − 1 − j] or x[H − 1 − i, j]; \
                 in use y = x",
                "random_flip(horizontal)",
            ],
            &[OptionSpec::optional(
                "mode",
                OptionType::Choice(&["horizontal_and_vertical", "horizontal", "vertical"]),
                "horizontal_and_vertical",
                "Which ways.",
            )],
            |a| {
                let mode = a.choice("mode");
                let kind = PlaceKind::Flip { horizontal: mode != "vertical", vertical: mode != "horizontal" };
                RandomPlace { kind, interpolation: Interpolation::Nearest, border: Border::Nearest }
            },
        ),
        row(
            ["random_rotation", "RandomRotation", "In training, turns pictures around their centre."],
            [
                "while training the sample for a pixel at d from the centre lies at R(a) d, R turning by an angle \
                 a uniform in factor; in use y = x",
                "random_rotation(15deg)",
            ],
            &[
                OptionSpec::required(
                    "factor",
                    OptionType::Range { angle: true },
                    "Angle: `15deg` is −15 to +15 degrees.",
                ),
                FILL_MODE,
                BETWEEN,
                FILL_VALUE,
            ],
            |a| RandomPlace::sampled(PlaceKind::Rotation(a.range("factor")), a),
        ),
        row(
            ["random_zoom", "RandomZoom", "In training, makes pictures larger or smaller."],
            [
                "while training the sample for a pixel at d from the centre lies at (1 + f) d, f uniform in the \
                 factors; in use y = x",
                "random_zoom(10%)",
            ],
            &[
                share("height_factor", "Change: `10%` is −10% to +10%; above 0 the picture becomes smaller."),
                OptionSpec::optional(
                    "width_factor",
                    OptionType::Range { angle: false },
                    "none",
                    "The same for the width; without it both change by the same number.",
                ),
                FILL_MODE,
                BETWEEN,
                FILL_VALUE,
            ],
            |a| {
                let kind = PlaceKind::Zoom {
                    height: a.range("height_factor"),
                    width: a.optional_range("width_factor"),
                };
                RandomPlace::sampled(kind, a)
            },
        ),
        row(
            ["random_translation", "RandomTranslation", "In training, shifts pictures."],
            [
                "while training y[i, j] = x[i − f H, j − g W], f and g uniform in the factors; in use y = x",
                "random_translation(10%, 10%)",
            ],
            &[
                share("height_factor", "Shift, as a share of the height: `10%` is 10% up to 10% down."),
                share(
                    "width_factor",
                    "Shift, as a share of the width: `10%` is 10% to the left to 10% to the right.",
                ),
                FILL_MODE,
                BETWEEN,
                FILL_VALUE,
            ],
            |a| {
                let kind = PlaceKind::Translation {
                    height: a.range("height_factor"),
                    width: a.range("width_factor"),
                };
                RandomPlace::sampled(kind, a)
            },
        ),
        Kind {
            info: KindInfo {
                keyword: "random_crop",
                keras: "RandomCrop",
                help: "In training, a part at a random place. In use, the largest part in the middle with the same \
                      ratio of height and width, resized.",
                inputs: Inputs::One,
                options: &[
                    OptionSpec::required(
                        "height",
                        OptionType::Int { min: 1 },
                        "Rows of the part, at most the picture's.",
                    ),
                    OptionSpec::required(
                        "width",
                        OptionType::Int { min: 1 },
                        "Columns of the part, at most the picture's.",
                    ),
                ],
                shape: "H' = height, W' = width; C' = C.",
                formula: "while training y[i, j] = x[i + t, j + l], t uniform among 0 … H − height, l among 0 … W − width; \
                      in use as `resizing(height, width, fit: crop)`",
                source: "Keras's layer of this name",
                example: "random_crop(24, 24)",
            },
            make: |a| RandomPlace {
                kind: PlaceKind::Crop { size: [a.int("height"), a.int("width")] },
                interpolation: Interpolation::Nearest,
                border: Border::Nearest,
            },
        },
    ];

    fn sampled(kind: PlaceKind, attributes: &Attributes) -> Self {
        let border = match attributes.choice("fill_mode") {
            "nearest" => Border::Nearest,
            "wrap" => Border::Wrap,
            "constant" => Border::Constant(attributes.float("fill_value").to_bits()),
            _ => Border::Reflect,
        };
        RandomPlace { kind, interpolation: interpolation_of(attributes.choice("interpolation")), border }
    }

    /// Purposes of the random numbers that are drawn.
    fn purposes(&self) -> &'static [&'static str] {
        match self.kind {
            PlaceKind::Rotation(_) | PlaceKind::Zoom { width: None, .. } => &[""],
            PlaceKind::Flip { .. }
            | PlaceKind::Zoom { width: Some(_), .. }
            | PlaceKind::Translation { .. }
            | PlaceKind::Crop { .. } => &["height", "width"],
        }
    }
}

/// A uniform number within a range.
fn within(e: &mut Expr, u: ExprId, [least, most]: [f32; 2]) -> ExprId {
    let (width, least) = (e.constant(most - least), e.constant(least));
    e.mul_add(u, width, least)
}

/// The matrix's entries for one axis of `length` pixels that is scaled around its middle: factor and offset.
fn around_middle(e: &mut Expr, factor: ExprId, length: f32) -> (ExprId, ExprId) {
    let (one, half) = (e.constant(1.0), e.constant(0.5 * length));
    let rest = e.sub(one, factor);
    (factor, e.mul(rest, half))
}

/// The matrix of a random change of a picture `[height, width]`, out of uniform numbers.
fn matrix(e: &mut Expr, kind: PlaceKind, [height, width]: [f32; 2], uniform: &[ExprId]) -> [ExprId; 6] {
    let (zero, one) = (e.constant(0.0), e.constant(1.0));
    match kind {
        PlaceKind::Flip { horizontal, vertical } => {
            // a factor of −1 around the middle mirrors
            let factor = |e: &mut Expr, u: ExprId, asked: bool| {
                let (half, minus) = (e.constant(0.5), e.constant(-1.0));
                if asked { e.select(Compare::Less, u, half, minus, one) } else { one }
            };
            let (down, across) = (factor(e, uniform[0], vertical), factor(e, uniform[1], horizontal));
            let ((a, c), (d, f)) = (around_middle(e, across, width), around_middle(e, down, height));
            [a, zero, c, zero, d, f]
        }
        PlaceKind::Rotation(degrees) => {
            let angle = within(e, uniform[0], degrees.map(f32::to_radians));
            let (sine, cosine) = e.sine_and_cosine(angle);
            let minus = e.push(ExprNode::Neg(sine));
            let (cx, cy) = (e.constant(0.5 * width), e.constant(0.5 * height));
            let rest = e.sub(one, cosine);
            // x = cx + cos (ox − cx) − sin (oy − cy),  y = cy + sin (ox − cx) + cos (oy − cy)
            let (own_x, own_y) = (e.mul(rest, cx), e.mul(rest, cy));
            let c = e.mul_add(sine, cy, own_x);
            let f = e.mul_add(minus, cx, own_y);
            [cosine, minus, c, sine, cosine, f]
        }
        PlaceKind::Zoom { height: vertical, width: horizontal } => {
            let change = within(e, uniform[0], vertical);
            let other = match (horizontal, uniform) {
                (Some(range), [_, u]) => within(e, *u, range),
                _ => change,
            };
            let (down, across) = (e.add(one, change), e.add(one, other));
            let ((a, c), (d, f)) = (around_middle(e, across, width), around_middle(e, down, height));
            [a, zero, c, zero, d, f]
        }
        PlaceKind::Translation { height: vertical, width: horizontal } => {
            let mut offset = |u: ExprId, range: [f32; 2], length: f32| {
                let (share, length) = (within(e, u, range), e.constant(-length));
                e.mul(share, length)
            };
            let (f, c) = (offset(uniform[0], vertical, height), offset(uniform[1], horizontal, width));
            [one, zero, c, zero, one, f]
        }
        PlaceKind::Crop { size } => {
            let mut offset = |u: ExprId, length: f32, part: usize| {
                let places = e.constant(length - part as f32 + 1.0);
                let place = e.mul(u, places);
                e.push(ExprNode::Floor(place))
            };
            let (f, c) = (offset(uniform[0], height, size[0]), offset(uniform[1], width, size[1]));
            [one, zero, c, zero, one, f]
        }
    }
}

impl LayerOp for RandomPlace {
    fn keyword(&self) -> &'static str {
        match self.kind {
            PlaceKind::Flip { .. } => "random_flip",
            PlaceKind::Rotation(_) => "random_rotation",
            PlaceKind::Zoom { .. } => "random_zoom",
            PlaceKind::Translation { .. } => "random_translation",
            PlaceKind::Crop { .. } => "random_crop",
        }
    }

    fn infer(&self, inputs: &[Shape]) -> Result<Shape, InferError> {
        let (height, width, channels) = image_of(&inputs[0])?;
        let PlaceKind::Crop { size } = self.kind else { return Ok(inputs[0].clone()) };
        if size[0] > height || size[1] > width {
            return Err(InferError::PartTooLarge { part: size, found: [height, width] });
        }
        Ok(Shape::image(size[0], size[1], channels))
    }

    fn build(&self, graph: &mut GraphBuilder<'_>, inputs: &[Value], _params: &[Value]) -> Value {
        let x = inputs[0];
        let (rows, columns, _) = graph.shape(x).as_pixels();
        let output = if let PlaceKind::Crop { size } = self.kind { size } else { [rows, columns] };
        if !graph.is_random() {
            return crop_and_resize(graph, x, output, Interpolation::Bilinear);
        }
        let warp = Warp {
            height: output[0],
            width: output[1],
            interpolation: self.interpolation,
            border: self.border,
            matrix: Matrix::PerImage,
        };
        graph.random_warp(x, warp, self.purposes(), |e, uniform| {
            matrix(e, self.kind, [rows as f32, columns as f32], uniform)
        })
    }

    /// A product and a sum for each of four corners.
    fn flops(&self, inputs: &[Shape]) -> u64 {
        self.infer(inputs).map_or(0, |out| per_element(&out, 8))
    }

    fn purpose(&self) -> Purpose {
        Purpose::Prepare
    }
}

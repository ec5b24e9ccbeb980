//! Models that leave the size of their pictures open, `input(?x?x3)`: whether they work for all sizes, and
//! from which size on.
//!
//! A shape rule gives a window's extent by `⌊(n + c) / s⌋ + d`, so a whole model's extents are such functions
//! of the picture's, one inside the other:
//! ```text
//! f(n + P) = f(n) + P / (strides on the way)        for every n that fits, P being a multiple of all products of strides
//! ```
//! Whatever fits at one size fits at all larger ones, so the least size is found by bisection. What holds for
//! the `P` sizes from there on, and for one more (which shows that operands of a join grow alike), holds for
//! all; the two axes do not depend on each other, except in layers that look at the whole picture, and these
//! are seen at two sizes that are not square. So shapes are inferred for these few sizes instead of with
//! symbols, by the rules that every layer has anyway.

use std::collections::BTreeSet;

use super::shapes::explain;
use crate::card::{DataCard, PictureSize};
use crate::diag::{Code, Diagnostic, Problems};
use crate::ir::{LayerId, LayerNode, OpenSizes, Program};
use crate::layers::{InferError, Input, Layer};
use crate::tensor::Shape;

/// Extents beyond this are not looked for.
const WIDEST: usize = 1 << 16;
/// A period longer than this is cut: no network shrinks its pictures so far.
const LONGEST_PERIOD: usize = 1 << 10;
/// The size at which a model is looked at where nothing says which pictures it gets.
const USUAL: usize = 224;

/// Where a size fails: the layer, all shapes up to it, and why.
struct Failure {
    layer: usize,
    shapes: Vec<Option<Shape>>,
    error: InferError,
}

/// Shapes of all layers; `None` where an attribute is not known.
type Shapes = Vec<Option<Shape>>;

/// The model with what its input says.
struct Open<'p> {
    layers: &'p [LayerNode],
    unknown: &'p BTreeSet<LayerId>,
    axes: [bool; 2],
    /// Extents of the axes that are not open.
    fixed: [usize; 2],
    channels: usize,
}

/// Finds out from which size on an open model works, reports what does not work for all sizes, and gives the
/// program a size to stand at. `None` where the model is not open.
pub(super) fn settle(
    program: &mut Program,
    card: Option<&DataCard>,
    unknown: &BTreeSet<LayerId>,
    problems: &mut Problems,
) -> Option<OpenSizes> {
    let Layer::Input(input) = &program.model.layers.first()?.layer else { return None };
    let Input { shape, open: axes } = input.clone();
    let (height, width, channels) = shape.as_image().filter(|_| axes != [false; 2])?;
    let open = Open { layers: &program.model.layers, unknown, axes, fixed: [height, width], channels };
    let least = open.least();
    // a model that fits no size is reported like any other that does not fit its pictures
    let least = least.unwrap_or_else(|| open.sized([USUAL; 2]));
    let usual = usual_size(program, card).unwrap_or([USUAL; 2]);
    let stand = open.sized([usual[0].max(least[0]), usual[1].max(least[1])]);
    let varying = open.prove(program, least, problems);
    if let Layer::Input(input) = &mut program.model.layers[0].layer {
        input.shape = Shape::image(stand[0], stand[1], channels);
    }
    Some(OpenSizes { axes, least, varying })
}

/// The size of the prepared pictures, where it is known.
fn usual_size(program: &Program, card: Option<&DataCard>) -> Option<[usize; 2]> {
    if let Some(resize) = &program.prepare.resize {
        return Some([resize.value.height, resize.value.width]);
    }
    card.map(|card| match card.size {
        PictureSize::Same(size) | PictureSize::Varies { max: size, .. } => size,
    })
}

impl Open<'_> {
    /// A size, with the extents that are not open put in.
    fn sized(&self, size: [usize; 2]) -> [usize; 2] {
        [0, 1].map(|axis| if self.axes[axis] { size[axis] } else { self.fixed[axis] })
    }

    /// Shapes of all layers for pictures of a size.
    fn shapes(&self, size: [usize; 2]) -> Result<Shapes, Box<Failure>> {
        let mut shapes: Shapes = Vec::with_capacity(self.layers.len());
        for (layer, node) in self.layers.iter().enumerate() {
            let operands: Option<Vec<Shape>> =
                node.inputs.iter().map(|input| shapes.get(input.index()).cloned().flatten()).collect();
            let is_unknown = u32::try_from(layer).is_ok_and(|id| self.unknown.contains(&LayerId(id)));
            let shape = match operands {
                _ if matches!(node.layer, Layer::Input(_)) => {
                    Some(Shape::image(size[0], size[1], self.channels))
                }
                Some(operands) if !is_unknown => match node.layer.as_op().infer(&operands) {
                    Ok(shape) => Some(shape),
                    Err(error) => return Err(Box::new(Failure { layer, shapes, error })),
                },
                Some(_) | None => None,
            };
            shapes.push(shape);
        }
        Ok(shapes)
    }

    /// Whether no window, and nothing that is cut out, is larger than what there is. Other mistakes do not
    /// depend on a size being too small.
    fn fits(&self, size: [usize; 2]) -> bool {
        match self.shapes(self.sized(size)) {
            Ok(_) => true,
            Err(failure) => !matches!(
                failure.error,
                InferError::WindowTooLarge { .. }
                    | InferError::CropTooLarge { .. }
                    | InferError::PartTooLarge { .. }
            ),
        }
    }

    /// The smallest extents that fit; `None` where none does.
    fn least(&self) -> Option<[usize; 2]> {
        let both = smallest(WIDEST, |extent| self.fits([extent; 2]))?;
        let height = smallest(both, |extent| self.fits([extent, both]))?;
        let width = smallest(both, |extent| self.fits([both, extent]))?;
        Some(self.sized([height, width]))
    }

    /// A multiple of the product of the strides on every way through the model, along each axis.
    fn period(&self, shapes: &Shapes) -> [usize; 2] {
        let mut periods: Vec<[usize; 2]> = Vec::with_capacity(self.layers.len());
        for node in self.layers {
            let before = node.inputs.iter().map(|input| periods[input.index()]);
            let [y, x] = before.fold([1, 1], |[y, x], [a, b]| [common_multiple(y, a), common_multiple(x, b)]);
            let operands: Option<Vec<Shape>> =
                node.inputs.iter().map(|input| shapes[input.index()].clone()).collect();
            let window =
                operands.filter(|all| !all.is_empty()).and_then(|all| node.layer.as_op().window(&all));
            let stride = window.map_or([1, 1], |window| [window.y.stride, window.x.stride]);
            periods.push([(y * stride[0]).min(LONGEST_PERIOD), (x * stride[1]).min(LONGEST_PERIOD)]);
        }
        let all = periods.into_iter();
        all.fold([1, 1], |[y, x], [a, b]| [common_multiple(y, a), common_multiple(x, b)])
            .map(|period| period.min(LONGEST_PERIOD))
    }

    /// Looks at a period of sizes from the least on, reports the first that fails, and what depends on the
    /// size and must not. Says which extents of each layer's result follow the picture's.
    fn prove(&self, program: &Program, least: [usize; 2], problems: &mut Problems) -> Vec<Vec<bool>> {
        let Ok(base) = self.shapes(least) else { return Vec::new() };
        let period = self.period(&base);
        let beyond = |by: [usize; 2]| self.sized([least[0] + by[0], least[1] + by[1]]);
        let squares = (1..=period[0].max(period[1])).map(|by| beyond([by.min(period[0]), by.min(period[1])]));
        let far = [[period[0], period[1]], [0, period[1]], [period[0], 0]];
        for size in squares.chain(far.into_iter().map(beyond)) {
            if let Err(failure) = self.shapes(size) {
                let Failure { layer, shapes, error } = *failure;
                let problem = explain(program, layer, &shapes, &error);
                let text = |size: [usize; 2]| format!("{}x{}", size[0], size[1]);
                let joins =
                    matches!(error, InferError::ShapesDiffer { .. } | InferError::ExtentsDiffer { .. });
                problems.push(if joins {
                    problem.arg("fails", text(size)).arg("fits", text(least)).note("open")
                } else {
                    problem
                });
                return Vec::new();
            }
        }
        let far: Vec<Shapes> = far.into_iter().filter_map(|by| self.shapes(beyond(by)).ok()).collect();
        self.check_parameters(program, &base, &far, problems);
        base.iter().enumerate().map(|(layer, shape)| varying(shape.as_ref(), &far, layer)).collect()
    }

    /// E0111: parameters, or the model's output, have another shape for pictures of another size.
    fn check_parameters(&self, program: &Program, base: &Shapes, far: &[Shapes], problems: &mut Problems) {
        let operands = |shapes: &Shapes, node: &LayerNode| -> Option<Vec<Shape>> {
            node.inputs.iter().map(|input| shapes[input.index()].clone()).collect()
        };
        let Some(other) = far.first() else { return };
        for node in self.layers {
            let shapes_of = |shapes: &Shapes| -> Option<Vec<Shape>> {
                let params = node.layer.as_op().params(&operands(shapes, node)?);
                Some(params.into_iter().map(|param| param.shape).collect())
            };
            let at_base = shapes_of(base);
            if far.iter().all(|shapes| shapes_of(shapes) == at_base) {
                continue;
            }
            let (Some(small), Some(large)) = (operands(base, node), operands(other, node)) else { continue };
            problems.push(self.depends_on_size(node, [base, other], [&small, &large]));
        }
        let output = program.model.output.index();
        let is_vector = |shapes: &Shapes| shapes[output].as_ref().is_some_and(|shape| shape.rank() == 1);
        if is_vector(base) && far.iter().any(|shapes| shapes[output] != base[output]) {
            let node = &self.layers[output];
            let sizes = [base, other]
                .map(|shapes| shapes[output].clone().map_or_else(String::new, |shape| shape.to_string()));
            let problem =
                self.about_sizes(Diagnostic::new(Code::E0111).saying("output"), [base, other], &sizes);
            problems
                .push(problem.at(node.span, "output-here").also(self.layers[0].span, "open").help("pool"));
        }
    }

    fn depends_on_size(&self, node: &LayerNode, shapes: [&Shapes; 2], operands: [&[Shape]; 2]) -> Diagnostic {
        let inputs = operands.map(|all| all.first().map_or_else(String::new, Shape::to_string));
        let problem = Diagnostic::new(Code::E0111).arg("layer", node.layer.as_op().keyword());
        let problem = self.about_sizes(problem, shapes, &inputs);
        let problem = problem.at(node.span, "here").also(self.layers[0].span, "open");
        let producer = node.inputs.first().map(|input| &self.layers[input.index()]);
        match producer {
            Some(flatten) if matches!(flatten.layer, Layer::Flatten(_)) => problem
                .also(flatten.span, "flattened")
                .help("pool")
                .help("close")
                .fix(flatten.span, "global_avg_pool2d"),
            Some(_) | None => problem.help("close"),
        }
    }

    /// Two sizes of pictures, and what comes of them.
    fn about_sizes(&self, problem: Diagnostic, shapes: [&Shapes; 2], made: &[String; 2]) -> Diagnostic {
        let picture = |shapes: &Shapes| match shapes[0].as_ref().and_then(Shape::as_image) {
            Some((height, width, _)) => format!("{height}x{width}"),
            None => String::new(),
        };
        let problem = problem.arg("small", picture(shapes[0])).arg("large", picture(shapes[1]));
        problem.arg("of_small", &made[0]).arg("of_large", &made[1])
    }
}

/// Which extents of a shape differ among sizes.
fn varying(shape: Option<&Shape>, far: &[Shapes], layer: usize) -> Vec<bool> {
    let Some(shape) = shape else { return Vec::new() };
    let differs = |at: usize| {
        far.iter()
            .filter_map(|shapes| shapes[layer].as_ref())
            .any(|other| other.extents().get(at) != Some(&shape.extents()[at]))
    };
    (0..shape.rank()).map(differs).collect()
}

/// The least extent in `1..=most` that fits; larger ones fit as well.
fn smallest(most: usize, fits: impl Fn(usize) -> bool) -> Option<usize> {
    // sizes are doubled first: shapes of small pictures are no cheaper, but errors of very large ones would
    // be
    let mut high = 1;
    while !fits(high) {
        if high >= most {
            return None;
        }
        high = (2 * high).min(most);
    }
    let mut low = high / 2 + 1;
    while low < high {
        let middle = usize::midpoint(low, high);
        if fits(middle) { high = middle } else { low = middle + 1 }
    }
    Some(high)
}

fn common_multiple(a: usize, b: usize) -> usize {
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    (a / x * b).min(LONGEST_PERIOD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_is_found() {
        for least in [1, 2, 3, 31, 32, 33, 1000] {
            assert_eq!(smallest(WIDEST, |extent| extent >= least), Some(least));
        }
        assert_eq!(smallest(8, |_| false), None);
        assert_eq!(smallest(5, |extent| extent >= 5), Some(5));
    }

    #[test]
    fn common_multiples() {
        assert_eq!(
            [(1, 1), (4, 6), (32, 8), (1024, 3)].map(|(a, b)| common_multiple(a, b)),
            [1, 12, 32, 1024]
        );
    }
}

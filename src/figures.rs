//! What a model costs, layer by layer: parameters and work.

use crate::ir::{CheckedProgram, LayerId, LayerNode, RateScale, TrainSpec};
use crate::layers::{Layer, ParamSpec};
use crate::tensor::Shape;

/// The layers of a model with what they cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The model's name.
    pub model: String,
    /// The layers, in the order of evaluation.
    pub layers: Vec<LayerFigures>,
    /// Where the model leaves height and width open, the smallest pictures it takes, `[height, width]`.
    /// Figures that depend on them are then those of one size.
    pub open_from: Option<[usize; 2]>,
    /// The phases of training by their names, with the parameters that each changes; none where training has
    /// no phases.
    pub phases: Vec<(String, u64)>,
    /// Parts of the network with a learning rate of their own, in the order of the phases.
    pub rates: Vec<PartRate>,
}

/// What `lr_scale` says of one part.
#[derive(Debug, Clone, PartialEq)]
pub struct PartRate {
    /// The phase; `None` where training has none.
    pub phase: Option<String>,
    /// The part, as it is written.
    pub part: String,
    /// What the learning rate is multiplied by.
    pub factor: f32,
}

/// A layer and what it costs.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerFigures {
    /// Full name.
    pub path: String,
    /// Keyword.
    pub kind: &'static str,
    /// Shape of its result.
    pub output: Shape,
    /// The same as text, `?` where it follows the size of a picture that is left open: `?x?x64`.
    pub shape: String,
    /// Whether its weights and statistics stay as they are.
    pub frozen: bool,
    /// Parameters that the optimizer changes: none where it is frozen.
    pub trainable: u64,
    /// Parameters that it does not.
    pub fixed: u64,
    /// Multiplications and additions of one picture's forward pass.
    pub flops: u64,
    /// How large a part of the picture a place of its result follows from, `[height, width]` in pixels, edges
    /// left out; `None` where it is all of it, or no place.
    pub receptive_field: Option<[usize; 2]>,
}

impl LayerFigures {
    /// All parameters.
    pub fn parameters(&self) -> u64 {
        self.trainable + self.fixed
    }

    /// Memory of its result for one picture.
    pub fn output_bytes(&self) -> usize {
        size_of::<f32>() * self.output.elements()
    }
}

impl Summary {
    /// Of a program.
    pub fn of(program: &CheckedProgram) -> Self {
        let model = &program.program().model;
        let phases = program.program().train.as_ref().map_or(&[][..], |train| &train.phases);
        let changed = program.stages().into_iter().map(|stage| sum_of_trainable(&layers_of(&stage)));
        Self {
            model: model.name.value.clone(),
            layers: layers_of(program),
            open_from: program.open_sizes().map(|open| open.least),
            phases: phases.iter().map(|phase| phase.name.value.clone()).zip(changed).collect(),
            rates: rates_of(program),
        }
    }

    /// Parameters that the optimizer changes.
    pub fn trainable(&self) -> u64 {
        sum_of_trainable(&self.layers)
    }

    /// Parameters that it does not.
    pub fn fixed(&self) -> u64 {
        self.layers.iter().map(|layer| layer.fixed).sum()
    }

    /// Multiplications and additions of one picture's forward pass.
    pub fn flops(&self) -> u64 {
        self.layers.iter().map(|layer| layer.flops).sum()
    }
}

/// How large a model is in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// All parameters, statistics among them.
    pub parameters: u64,
    /// Multiplications and additions of one picture's forward pass.
    pub flops: u64,
    /// Values that its layers make of one picture.
    pub outputs: u64,
}

/// The size of a program's model.
pub fn size(program: &CheckedProgram) -> Size {
    let mut size = Size { parameters: 0, flops: 0, outputs: 0 };
    for (at, node) in program.program().model.layers.iter().enumerate() {
        let layer = node.layer.as_op();
        let inputs: Vec<Shape> = node.inputs.iter().map(|&input| program.shape(input).clone()).collect();
        let parameters = layer.params(&inputs).iter().map(|param| param.shape.elements() as u64).sum::<u64>();
        size.parameters = size.parameters.saturating_add(parameters);
        size.flops = size.flops.saturating_add(layer.flops(&inputs));
        let output = program.shape(LayerId(u32::try_from(at).unwrap_or(u32::MAX))).elements() as u64;
        size.outputs = size.outputs.saturating_add(output);
    }
    size
}

fn rates_of(program: &CheckedProgram) -> Vec<PartRate> {
    let Some(train) = &program.program().train else { return Vec::new() };
    let phases = train.phases.iter().map(|phase| Some(phase.name.value.clone()));
    let names = phases.chain(train.phases.is_empty().then_some(None));
    let rates_of = |(phase, spec): (Option<String>, &TrainSpec)| {
        let rate =
            |scale: &RateScale| PartRate { phase: phase.clone(), part: scale.part(), factor: scale.factor };
        spec.rate_scales.iter().map(rate).collect::<Vec<_>>()
    };
    names.zip(train.stages()).flat_map(rates_of).collect()
}

fn sum_of_trainable(layers: &[LayerFigures]) -> u64 {
    layers.iter().map(|layer| layer.trainable).sum()
}

fn layers_of(program: &CheckedProgram) -> Vec<LayerFigures> {
    let fields = receptive_fields(program);
    let layer = |(at, node): (usize, &LayerNode)| {
        let layer = node.layer.as_op();
        let inputs: Vec<Shape> = node.inputs.iter().map(|&input| program.shape(input).clone()).collect();
        let params = layer.params(&inputs);
        let elements = |wanted: bool| {
            let is_wanted = |param: &&ParamSpec| (param.trainable && !node.frozen) == wanted;
            params.iter().filter(is_wanted).map(|param| param.shape.elements() as u64).sum::<u64>()
        };
        let id = LayerId(u32::try_from(at).unwrap_or(u32::MAX));
        LayerFigures {
            path: node.path.clone(),
            kind: layer.keyword(),
            output: program.shape(id).clone(),
            shape: program.shape_text(id),
            frozen: node.frozen && !params.is_empty(),
            trainable: elements(true),
            fixed: elements(false),
            flops: layer.flops(&inputs),
            receptive_field: fields[at].map(|field| field.size.map(|side| side.ceil() as usize)),
        }
    };
    program.program().model.layers.iter().enumerate().map(layer).collect()
}

/// What a place of a map follows from.
#[derive(Debug, Clone, Copy)]
struct Field {
    /// `[height, width]` in pixels of the picture.
    size: [f64; 2],
    /// From one place of the map to the next, in pixels of the picture.
    step: [f64; 2],
}

/// What a place of each layer's map follows from; `None` behind layers that look at all of it. Source: the
/// recurrence of Araujo et al., Computing Receptive Fields of Convolutional Neural Networks, Distill 2019:
/// `size += (window - 1) * step; step *= stride`, the largest where layers come together.
fn receptive_fields(program: &CheckedProgram) -> Vec<Option<Field>> {
    let layers = &program.program().model.layers;
    let mut fields: Vec<Option<Field>> = Vec::with_capacity(layers.len());
    for (at, node) in layers.iter().enumerate() {
        let output = program.shape(LayerId(u32::try_from(at).unwrap_or(u32::MAX)));
        let Some(first) = node.inputs.first() else {
            fields.push(output.as_image().map(|_| Field { size: [1.0; 2], step: [1.0; 2] }));
            continue;
        };
        let before: Option<Vec<Field>> = node.inputs.iter().map(|input| fields[input.index()]).collect();
        let largest = |fields: Vec<Field>| {
            let most = |of: fn(&Field) -> [f64; 2], axis: usize| {
                fields.iter().map(|field| of(field)[axis]).fold(0.0, f64::max)
            };
            let both = |of: fn(&Field) -> [f64; 2]| [most(of, 0), most(of, 1)];
            Field { size: both(|field| field.size), step: both(|field| field.step) }
        };
        let input = program.shape(*first).as_image();
        let (Some(before), Some(from), Some(to)) = (before.map(largest), input, output.as_image()) else {
            fields.push(None);
            continue;
        };
        fields.push(through(before, node, [from, to]));
    }
    fields
}

/// What a place of a layer's map follows from, given what one of its input does.
fn through(before: Field, node: &LayerNode, [from, to]: [(usize, usize, usize); 2]) -> Option<Field> {
    let Field { mut size, mut step } = before;
    if let Some(sliding) = node.layer.as_op().sliding() {
        for axis in 0..2 {
            size[axis] += (sliding.dilation[axis] * (sliding.extents[axis] - 1)) as f64 * step[axis];
            step[axis] *= sliding.stride[axis] as f64;
        }
        return Some(Field { size, step });
    }
    let sides = [[from.0, to.0], [from.1, to.1]];
    if let Layer::Conv2dTranspose(layer) = &node.layer {
        for axis in 0..2 {
            // so many places of its input are added up in a place of its result
            let window = layer.dilation[axis] * (layer.kernel_size[axis] - 1) + 1;
            size[axis] += (window.div_ceil(layer.stride[axis]) - 1) as f64 * step[axis];
            step[axis] /= layer.stride[axis] as f64;
        }
        return Some(Field { size, step });
    }
    // one number for a whole map: everything was looked at
    if sides.iter().any(|[from, to]| *to == 1 && *from > 1) {
        return None;
    }
    for (axis, [from, to]) in sides.into_iter().enumerate() {
        // a map that is enlarged takes smaller steps; what is cropped or padded keeps them
        if to > from && to.is_multiple_of(from) {
            step[axis] *= from as f64 / to as f64;
        }
    }
    Some(Field { size, step })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front;
    use crate::lower::LowerOptions;
    use crate::source::SourceFile;

    fn fields(layers: &str) -> Vec<Option<[usize; 2]>> {
        let text = format!("model m {{ input(64x64x3); {layers} }}");
        let loaded = front::load(SourceFile::new("m.cnn", text), &LowerOptions::default(), &|_| None);
        let program = loaded.program.expect("a sound program");
        Summary::of(&program).layers.iter().map(|layer| layer.receptive_field).collect()
    }

    #[test]
    fn receptive_fields_grow_with_windows_and_strides() {
        let square = |side| Some([side; 2]);
        // two 3x3 windows see 5x5; behind a pool of 2 a window of 3 adds 4
        let of_vgg =
            "conv2d(4, 3x3); conv2d(4, 3x3); max_pool2d(2); conv2d(4, 3x3); global_avg_pool2d; dense(2)";
        let wanted = [square(1), square(3), square(5), square(6), square(10), None, None];
        assert_eq!(fields(of_vgg), wanted);
        let uneven = "conv2d(4, 1x5, stride: 2, dilation: 1); conv2d(4, 3x3, dilation: 2)";
        assert_eq!(fields(uneven)[1..], [Some([1, 5]), Some([9, 13])]);
        // enlarged by 2, each step is half a pixel
        assert_eq!(fields("upsample2d(2); conv2d(4, 3x3)")[2], square(2));
    }
}

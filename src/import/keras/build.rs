//! Calls to a network: shapes follow from the layers' own rules, numbers come from the file.

use std::collections::BTreeMap;

use serde_json::Value;

use super::calls::{Call, Calls, of_model};
use super::config::{Config, No, no};
use super::layers::{Asking, Made, Meaning, meaning};
use super::tensors::Tensors;
use super::unsound;
use super::written::text;
use crate::import::network::{Asked, Network, Node, NodeId, Parameter, Refused, written};
use crate::layers::{Inputs, Layer};
use crate::source::Span;
use crate::tensor::Shape;
use crate::vocabulary::{Attributes, OptionValue};
use crate::weights::{Archive, FileError};

/// Pictures are taken to have this size where a model takes any, until it is checked.
const ANY: usize = 256;

/// Makes the network of a model.
/// # Errors
/// [`FileError`].
pub(super) fn network(
    archive: &Archive,
    config: &Value,
    version: &str,
    asked: &Asked,
) -> Result<Network, FileError> {
    let Calls { all, outputs, refused } = of_model(config)?;
    let name = config.get("config").and_then(|config| config.get("name")).and_then(Value::as_str);
    let about = if version.len() > 1 { format!("Keras {version}") } else { "Keras".to_owned() };
    let network = Network { name: name.unwrap_or_default().to_owned(), about, refused, ..Network::default() };
    let mut building = Building {
        archive,
        asked,
        is_keras_2: version.starts_with('2') || version.is_empty(),
        tensors: Tensors::new(archive),
        network,
        made: Vec::with_capacity(all.len()),
        with_weights: BTreeMap::new(),
        guesses: BTreeMap::new(),
        at: 0,
    };
    let inputs = all.iter().filter(|call| call.class == "InputLayer").count();
    if inputs != 1 {
        return Err(unsound(format!("it takes {inputs} inputs, and a program takes one picture")));
    }
    // what stands first in a program is its input
    let order = {
        let mut order: Vec<usize> = (0..all.len()).collect();
        order.sort_by_key(|&at| all[at].class != "InputLayer");
        order
    };
    building.made = vec![None; all.len()];
    for at in order {
        building.at = at;
        building.made[at] = building.call(&all[at])?;
    }
    let Building { mut network, made, .. } = building;
    network.outputs = outputs.into_iter().filter_map(|(name, at)| Some((name, made[at]?))).collect();
    Ok(network)
}

struct Building<'f> {
    archive: &'f Archive,
    asked: &'f Asked,
    is_keras_2: bool,
    tensors: Tensors,
    network: Network,
    /// For each call its node; `None` where it, or what it takes, is refused.
    made: Vec<Option<NodeId>>,
    /// Layers with weights that are called already.
    with_weights: BTreeMap<String, ()>,
    /// Shapes that calls would have if all before them were made.
    guesses: BTreeMap<usize, Shape>,
    /// The call that is looked at.
    at: usize,
}

impl Building<'_> {
    fn call(&mut self, call: &Call<'_>) -> Result<Option<NodeId>, FileError> {
        if call.class == "InputLayer" {
            return self.input(call).map(Some);
        }
        let inputs: Option<Vec<NodeId>> = call.inputs.iter().map(|&at| self.made[at]).collect();
        let Some(inputs) = inputs else {
            self.behind_refused(call);
            return Ok(None);
        };
        match self.layer(call, &inputs)? {
            Ok(node) => Ok(Some(node)),
            Err(no) => {
                self.refuse(call, no);
                // most layers leave the shape as it is
                let shape = inputs.first().map(|input| self.network.nodes[input.0].shape.clone());
                self.guesses.insert(self.at, shape.unwrap_or_else(|| Shape::new([])));
                Ok(None)
            }
        }
    }

    fn refuse(&mut self, call: &Call<'_>, No { why, nearest }: No) {
        let node = format!("{} {}", call.class, call.path);
        self.network.refused.push(Refused { node, why, nearest });
    }

    /// A layer behind one that is refused cannot be made, but what it has no words for is named with the rest.
    fn behind_refused(&mut self, call: &Call<'_>) {
        let shape = |at: &usize| match self.made[*at] {
            Some(node) => Some(self.network.nodes[node.0].shape.clone()),
            None => self.guesses.get(at).cloned(),
        };
        let shapes: Vec<Shape> = call.inputs.iter().filter_map(shape).collect();
        let config = Config::new(call.config);
        let asking =
            Asking { class: call.class, config: &config, inputs: &shapes, is_keras_2: self.is_keras_2 };
        let found = match call.numbers[..] {
            [] => meaning(&asking).and_then(|meaning| config.finish().map(|()| meaning)),
            [number] => of_number(call.class, number),
            _ => Ok(Meaning::Nothing),
        };
        let same = shapes.first().cloned().unwrap_or_else(|| Shape::new([]));
        let shape = match found {
            Ok(Meaning::Layer(made)) => layer_of(&made)
                .filter(|_| shapes.len() == call.inputs.len() && !shapes.is_empty())
                .and_then(|layer| layer.as_op().infer(&shapes).ok())
                .unwrap_or(same),
            Ok(Meaning::Nothing | Meaning::Normalization { .. }) => same,
            Err(no) => {
                self.refuse(call, no);
                same
            }
        };
        self.guesses.insert(self.at, shape);
    }

    fn input(&mut self, call: &Call<'_>) -> Result<NodeId, FileError> {
        let shape = ["batch_shape", "batch_input_shape", "shape"].iter().find_map(|key| call.config.get(key));
        let extents: Option<Vec<Option<u64>>> =
            shape.and_then(Value::as_array).map(|shape| shape.iter().map(Value::as_u64).collect());
        let wanted = match extents.as_deref() {
            Some([_, height, width, Some(channels)]) if (1..1 << 16).contains(channels) => {
                [*height, *width, Some(*channels)]
            }
            Some([_, height, width, None]) => {
                [*height, *width, self.asked.input.map(|input| input[2] as u64)]
            }
            _ => {
                let text = shape.map(ToString::to_string).unwrap_or_default();
                let found =
                    format!("it takes {text}, and a program takes pictures [batch, height, width, channels]");
                return Err(unsound(found));
            }
        };
        let mut known = [0; 3];
        let mut is_open = [false; 3];
        for axis in 0..3 {
            let asked = self.asked.input.map(|input| input[axis]);
            match (wanted[axis].and_then(|extent| usize::try_from(extent).ok()), asked) {
                (Some(extent), Some(asked)) if extent != asked => {
                    let found =
                        format!("it takes pictures of {extent} along an axis where `--input` says {asked}");
                    return Err(unsound(found));
                }
                (Some(extent), _) | (None, Some(extent)) if (1..1 << 16).contains(&extent) => {
                    known[axis] = extent
                }
                (None, None) if axis < 2 => (known[axis], is_open[axis]) = (ANY, true),
                _ => {
                    return Err(unsound("the size of its pictures is none: say it with `--input 224x224x3`"));
                }
            }
        }
        let text = |axis: usize| if is_open[axis] { "?".to_owned() } else { known[axis].to_string() };
        let shape = format!("{}x{}x{}", text(0), text(1), text(2));
        Ok(self.push(call, "input", vec![("shape", written(shape))], &[], Shape::new(known), Vec::new()))
    }

    /// The node of a layer; the inner error is what the language has no words for.
    fn layer(&mut self, call: &Call<'_>, inputs: &[NodeId]) -> Result<Result<NodeId, No>, FileError> {
        let shapes: Vec<Shape> =
            inputs.iter().map(|input| self.network.nodes[input.0].shape.clone()).collect();
        let config = Config::new(call.config);
        if let Err(refused) = self.arguments(call) {
            return Ok(Err(refused));
        }
        let asking =
            Asking { class: call.class, config: &config, inputs: &shapes, is_keras_2: self.is_keras_2 };
        let found = match call.numbers[..] {
            [] => meaning(&asking),
            [number] if inputs.len() == 1 => of_number(call.class, number),
            _ => no("an operator with several numbers", "`rescaling`"),
        };
        let meaning = match found.and_then(|meaning| config.finish().map(|()| meaning)) {
            Ok(meaning) => meaning,
            Err(refused) => return Ok(Err(refused)),
        };
        for note in config.notes() {
            let note = format!("{} {}: {note}.", call.class, call.path);
            self.network.notes.push(note);
        }
        let made = match meaning {
            Meaning::Nothing => return Ok(Ok(inputs[0])),
            Meaning::Layer(made) => made,
            Meaning::Normalization { numbers } => match self.normalization(call, numbers, &shapes)? {
                Ok(made) => made,
                Err(refused) => return Ok(Err(refused)),
            },
        };
        self.place(call, made, inputs, &shapes)
    }

    /// What a call says beside its inputs.
    fn arguments(&self, call: &Call<'_>) -> Result<(), No> {
        let Some(Value::Object(arguments)) = call.arguments else { return Ok(()) };
        for (key, value) in arguments.iter().filter(|(_, value)| !value.is_null()) {
            match (key.as_str(), value) {
                // Keras 3 asks the model whether it is trained, whatever the call says
                ("training", Value::Bool(is_on)) if !self.is_keras_2 || !is_on => {}
                ("training", _) => return no("it is called with `training=True`", "the same without it"),
                // what it is called with is among the inputs
                ("inputs" | "x", _) => {}
                _ => return no(format!("it is called with `{key}`"), "the same without it"),
            }
        }
        Ok(())
    }

    fn place(
        &mut self,
        call: &Call<'_>,
        made: Made,
        inputs: &[NodeId],
        shapes: &[Shape],
    ) -> Result<Result<NodeId, No>, FileError> {
        let Made { keyword, options } = made;
        let Some(kind) = Layer::kind(keyword) else { return Ok(no(format!("`{keyword}`"), "")) };
        let fits = if kind.inputs == Inputs::Several { inputs.len() > 1 } else { inputs.len() == 1 };
        if !fits {
            return Ok(no(format!("it is called with {} values", inputs.len()), ""));
        }
        let value =
            |name: &str| options.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        let attributes = Attributes::new(kind.options, |option| value(option.name));
        let attributes = match attributes {
            Ok(attributes) => attributes.placed((kind.keyword, Span::default()), Vec::new()),
            Err(option) => return Ok(no(format!("its `{}` is not known", option.name), "")),
        };
        let Some(layer) = Layer::from_attributes(keyword, &attributes) else {
            return Ok(no(format!("`{keyword}`"), ""));
        };
        let layer = layer.as_op();
        let shape = match layer.infer(shapes) {
            Ok(shape) => shape,
            Err(_) => {
                let sizes: Vec<String> = shapes.iter().map(ToString::to_string).collect();
                return Ok(no(format!("`{keyword}` does not take {}", sizes.join(" and ")), ""));
            }
        };
        let specs = layer.params(shapes);
        if !specs.is_empty() && self.with_weights.insert(call.path.clone(), ()).is_some() {
            return Ok(no(
                "it is called several times, with the same weights each time",
                "a layer of its own for each call",
            ));
        }
        let mut parameters = Vec::with_capacity(specs.len());
        for (position, spec) in specs.iter().enumerate() {
            let values = self.tensors.find(&call.path, position).map(|at| (at, self.archive.numbers(at)));
            let Some((at, values)) = values else {
                return Err(unsound(format!("it has no `{}` for its layer `{}`", spec.name, call.path)));
            };
            let listed = &self.archive.listing.tensors[at].shape;
            // a dense layer over pixels has its matrix without the window of one pixel
            let is_same = *listed == spec.shape
                || (call.class == "Dense" && listed.elements() == spec.shape.elements());
            if !is_same {
                return Err(unsound(format!(
                    "`{}` of `{}` is {listed} in place of {}",
                    spec.name, call.path, spec.shape
                )));
            }
            parameters.push(Parameter { name: spec.name, shape: spec.shape.clone(), values: values? });
        }
        let (keyword, options) = as_depthwise(kind.keyword, options, &mut parameters);
        let options = options.into_iter().map(|(name, value)| (name, written(text(&value)))).collect();
        Ok(Ok(self.push(call, keyword, options, inputs, shape, parameters)))
    }

    /// Means and variances as options: of the configuration, or as they were adapted to data.
    fn normalization(
        &self,
        call: &Call<'_>,
        numbers: Option<[Vec<f32>; 2]>,
        shapes: &[Shape],
    ) -> Result<Result<Made, No>, FileError> {
        let [mean, variance] = match numbers {
            Some(numbers) => numbers,
            None => {
                let of = |position: usize| {
                    self.tensors.find(&call.path, position).map(|at| self.archive.numbers(at))
                };
                match (of(0), of(1)) {
                    (Some(mean), Some(variance)) => [mean?, variance?],
                    _ => {
                        return Ok(no(
                            "its means and variances are not in the file",
                            "`adapt` it before it is saved",
                        ));
                    }
                }
            }
        };
        let channels = shapes.first().map_or(0, Shape::channels);
        let fits = |list: &[f32]| list.len() == 1 || list.len() == channels;
        if !fits(&mean) || !fits(&variance) || variance.iter().any(|value| !value.is_finite() || *value < 0.0)
        {
            return Ok(no(
                "its means and variances are not one for each channel",
                "`normalization(mean: […], variance: […])`",
            ));
        }
        let options =
            vec![("mean", OptionValue::Numbers(mean)), ("variance", OptionValue::Numbers(variance))];
        Ok(Ok(Made { keyword: "normalization", options }))
    }

    fn push(
        &mut self,
        call: &Call<'_>,
        keyword: &'static str,
        options: Vec<(&'static str, crate::ast::Expr)>,
        inputs: &[NodeId],
        shape: Shape,
        parameters: Vec<Parameter>,
    ) -> NodeId {
        self.network.nodes.push(Node {
            name: call.path.clone(),
            keyword,
            options,
            inputs: inputs.to_vec(),
            shape,
            parameters,
            origin: call.path.clone(),
        });
        NodeId(self.network.nodes.len() - 1)
    }
}

/// The layer of words; `None` where an option is missing.
fn layer_of(made: &Made) -> Option<Layer> {
    let kind = Layer::kind(made.keyword)?;
    let value =
        |name: &str| made.options.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
    let attributes = Attributes::new(kind.options, |option| value(option.name)).ok()?;
    Layer::from_attributes(made.keyword, &attributes.placed((kind.keyword, Span::default()), Vec::new()))
}

/// An operator with a number: `x + 3` multiplies by 1 and adds 3.
fn of_number(class: &str, (is_first, number): (bool, f64)) -> Result<Meaning, No> {
    let (scale, offset) = match (class, is_first) {
        ("Add", _) => (1.0, number),
        ("Subtract", false) => (1.0, -number),
        ("Subtract", true) => (-1.0, number),
        ("Multiply", _) => (number, 0.0),
        ("Divide" | "TrueDivide", false) if number != 0.0 => (1.0 / number, 0.0),
        _ => return no(format!("the operator `{class}` with a number"), "`rescaling`"),
    };
    let options =
        vec![("scale", OptionValue::Float(scale as f32)), ("offset", OptionValue::Float(offset as f32))];
    Ok(Meaning::Layer(Made { keyword: "rescaling", options }))
}

/// A convolution whose groups have one channel each, in and out, is a depthwise one: its kernel holds the same
/// numbers in the same order.
fn as_depthwise(
    keyword: &'static str,
    options: Vec<(&'static str, OptionValue)>,
    parameters: &mut [Parameter],
) -> (&'static str, Vec<(&'static str, OptionValue)>) {
    let int = |name: &str| {
        let found = options.iter().find(|(known, _)| *known == name);
        found.and_then(|(_, value)| if let OptionValue::Int(value) = value { Some(*value) } else { None })
    };
    let (filters, groups) = (int("filters").unwrap_or(0), int("groups").unwrap_or(1));
    let has_other = options.iter().any(|(name, _)| *name == "kernel_regularizer");
    let Some(kernel) = parameters.first_mut().filter(|_| keyword == "conv2d" && groups > 1 && !has_other)
    else {
        return (keyword, options);
    };
    match kernel.shape.extents() {
        &[height, width, 1, _] if filters == groups => kernel.shape = Shape::new([height, width, filters, 1]),
        _ => return (keyword, options),
    }
    let options = options.into_iter().filter(|(name, _)| !matches!(*name, "filters" | "groups")).collect();
    ("depthwise_conv2d", options)
}

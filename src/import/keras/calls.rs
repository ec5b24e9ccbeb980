//! The calls of a model: which layers are called, in which order, with the results of which others.
//! Models within models are written out, with their names before those of their layers.

use std::collections::HashMap;

use serde_json::Value;

use super::unsound;
use crate::import::network::Refused;
use crate::weights::FileError;

/// Deepest nesting of models.
const DEEPEST: usize = 16;
/// Most calls of a model.
const MOST: usize = 100_000;

/// Passes over the calls that wait for others: nearly all files list layers behind what they take.
const MOST_PASSES: usize = 1_000;

/// A call of a layer.
#[derive(Debug)]
pub(super) struct Call<'c> {
    /// With the models around it: `base.conv_a`.
    pub(super) path: String,
    pub(super) class: &'c str,
    pub(super) config: &'c Value,
    /// Places of calls before it.
    pub(super) inputs: Vec<usize>,
    /// Arguments beside the inputs.
    pub(super) arguments: Option<&'c Value>,
    /// Numbers among its inputs, which only operators take, and whether one comes first: `x + 3`.
    pub(super) numbers: Vec<(bool, f64)>,
}

/// The calls of a model, each behind those whose results it takes.
#[derive(Debug, Default)]
pub(super) struct Calls<'c> {
    pub(super) all: Vec<Call<'c>>,
    /// Results, by name.
    pub(super) outputs: Vec<(String, usize)>,
    pub(super) refused: Vec<Refused>,
}

/// What is known of a result: the place of its call; `None` where that is refused.
type Known = Option<usize>;

/// Reads a model's configuration.
/// # Errors
/// Where it is none.
pub(super) fn of_model(config: &Value) -> Result<Calls<'_>, FileError> {
    let mut calls = Calls::default();
    let outputs = calls.model(config, "", None, 0)?;
    calls.outputs = outputs.into_iter().filter_map(|(name, known)| Some((name, known?))).collect();
    Ok(calls)
}

fn text<'c>(value: &'c Value, key: &str) -> Option<&'c str> {
    value.get(key).and_then(Value::as_str)
}

/// The class of a layer, without the package that it is registered under.
fn class(layer: &Value) -> &str {
    let class = text(layer, "class_name").unwrap_or_default();
    class.rsplit('>').next().unwrap_or(class)
}

fn is_model(layer: &Value) -> bool {
    matches!(class(layer), "Functional" | "Model" | "Sequential")
}

/// A layer's name: Keras 2 has it beside the configuration, too.
fn name(layer: &Value) -> &str {
    let inner = layer.get("config").and_then(|config| text(config, "name"));
    text(layer, "name").or(inner).unwrap_or_default()
}

impl<'c> Calls<'c> {
    /// Adds a model that is called with some results; gives its own. `inputs` are `None` for the model itself.
    fn model(
        &mut self,
        model: &'c Value,
        around: &str,
        inputs: Option<&[Known]>,
        depth: usize,
    ) -> Result<Vec<(String, Known)>, FileError> {
        if depth > DEEPEST {
            return Err(unsound(format!("its models lie more than {DEEPEST} deep in each other")));
        }
        let config = model.get("config").ok_or_else(|| unsound("a model in it has no configuration"))?;
        // Keras 2 of long ago had the layers of a Sequential in place of its configuration
        let layers = config.get("layers").unwrap_or(config).as_array();
        let layers = layers.ok_or_else(|| unsound("a model in it has no layers"))?;
        match class(model) {
            "Sequential" => self.sequential(layers, around, inputs, depth),
            "Functional" | "Model" => self.functional(config, layers, around, inputs, depth),
            other => Err(unsound(format!(
                "it is of the class `{other}`, whose network is in Python code: make a functional model of it"
            ))),
        }
    }

    fn sequential(
        &mut self,
        layers: &'c [Value],
        around: &str,
        inputs: Option<&[Known]>,
        depth: usize,
    ) -> Result<Vec<(String, Known)>, FileError> {
        let mut current: Known = inputs.and_then(|inputs| inputs.first().copied().flatten());
        let mut is_known = inputs.is_none() || current.is_some();
        let mut last = "";
        for layer in layers {
            last = name(layer);
            if class(layer) == "InputLayer" {
                if inputs.is_none() {
                    current = self.call(layer, around, Vec::new(), None)?;
                }
                continue;
            }
            // without an input layer, Keras 2 has the shape in the first one
            if inputs.is_none() && current.is_none() && is_known && self.all.is_empty() {
                current = self.input_of(layer, around)?;
            }
            if !is_known {
                break;
            }
            current = self.layer(layer, around, vec![current], None, depth)?;
            is_known = current.is_some();
        }
        Ok(vec![(last.to_owned(), current.filter(|_| is_known))])
    }

    /// The input that a first layer's configuration tells of: that of the first model within, too.
    fn input_of(&mut self, layer: &'c Value, around: &str) -> Result<Known, FileError> {
        let mut at = layer;
        for _ in 0..DEEPEST {
            let config = at.get("config").unwrap_or(&Value::Null);
            if class(at) == "InputLayer" || config.get("batch_input_shape").is_some() {
                self.all.push(Call {
                    path: around.to_owned(),
                    class: "InputLayer",
                    config,
                    inputs: Vec::new(),
                    arguments: None,
                    numbers: Vec::new(),
                });
                return Ok(Some(self.all.len() - 1));
            }
            let inner = config.get("layers").and_then(Value::as_array).and_then(|layers| layers.first());
            at = inner.filter(|_| is_model(at)).ok_or_else(|| {
                unsound("it does not say what it takes: call the model once before it is saved, or begin it with `Input`")
            })?;
        }
        Err(unsound("its models lie too deep in each other"))
    }

    fn functional(
        &mut self,
        config: &'c Value,
        layers: &'c [Value],
        around: &str,
        inputs: Option<&[Known]>,
        depth: usize,
    ) -> Result<Vec<(String, Known)>, FileError> {
        let mut results: HashMap<(&str, usize), Vec<Known>> = HashMap::new();
        let entries = ends(config.get("input_layers"))?;
        for (at, (layer, _, _)) in entries.iter().enumerate() {
            if let Some(inputs) = inputs {
                results.insert((layer, 0), vec![inputs.get(at).copied().flatten()]);
            }
        }
        // layers are listed in the order in which they were made, which need not be that of the calls
        let mut open: Vec<(&'c Value, usize, Vec<Tensor<'c>>, Option<&'c Value>)> = Vec::new();
        for layer in layers {
            let nodes = layer.get("inbound_nodes").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            if nodes.is_empty() && class(layer) == "InputLayer" {
                if inputs.is_none() {
                    let input = self.call(layer, around, Vec::new(), None)?;
                    results.insert((name(layer), 0), vec![input]);
                }
                continue;
            }
            for (node, described) in nodes.iter().enumerate() {
                let (tensors, arguments) = tensors(described, name(layer))?;
                open.push((layer, node, tensors, arguments));
            }
        }
        for _ in 0..MOST_PASSES {
            let before = open.len();
            let mut waiting = Vec::new();
            for (layer, node, tensors, arguments) in open {
                let ready = tensors.iter().all(|(from, node, _)| results.contains_key(&(*from, *node)));
                if !ready {
                    waiting.push((layer, node, tensors, arguments));
                    continue;
                }
                let inputs: Vec<Known> = tensors
                    .iter()
                    .map(|(from, node, at)| results[&(*from, *node)].get(*at).copied().flatten())
                    .collect();
                let made = if is_model(layer) {
                    let path = join(around, name(layer));
                    self.model(layer, &path, Some(&inputs), depth + 1)?
                        .into_iter()
                        .map(|(_, known)| known)
                        .collect()
                } else {
                    vec![self.layer(layer, around, inputs, arguments, depth)?]
                };
                results.insert((name(layer), node), made);
            }
            open = waiting;
            if open.is_empty() || open.len() == before {
                break;
            }
        }
        if let Some((layer, ..)) = open.first() {
            return Err(unsound(format!("`{}` takes what nothing in it makes", name(layer))));
        }
        let outputs = ends(config.get("output_layers"))?;
        Ok(outputs
            .into_iter()
            .map(|(layer, node, at)| {
                let known = results.get(&(layer, node)).and_then(|made| made.get(at)).copied().flatten();
                (layer.to_owned(), known)
            })
            .collect())
    }

    /// A call of a layer or model with one result; `None` where something before it is refused.
    fn layer(
        &mut self,
        layer: &'c Value,
        around: &str,
        inputs: Vec<Known>,
        arguments: Option<&'c Value>,
        depth: usize,
    ) -> Result<Known, FileError> {
        if is_model(layer) {
            let path = join(around, name(layer));
            let results = self.model(layer, &path, Some(&inputs), depth + 1)?;
            return Ok(results.into_iter().next().and_then(|(_, known)| known));
        }
        let inputs: Option<Vec<usize>> = inputs.into_iter().collect();
        match inputs {
            Some(inputs) => self.call(layer, around, inputs, arguments),
            None => Ok(None),
        }
    }

    fn call(
        &mut self,
        layer: &'c Value,
        around: &str,
        inputs: Vec<usize>,
        arguments: Option<&'c Value>,
    ) -> Result<Known, FileError> {
        if self.all.len() >= MOST {
            return Err(unsound(format!("it has more than {MOST} layers")));
        }
        let config = layer.get("config").unwrap_or(&Value::Null);
        let path = join(around, name(layer));
        let (arguments, numbers) = arguments.map_or((None, Vec::new()), |node| (beside(node), numbers(node)));
        self.all.push(Call { path, class: class(layer), config, inputs, arguments, numbers });
        Ok(Some(self.all.len() - 1))
    }
}

fn join(around: &str, name: &str) -> String {
    if around.is_empty() { name.to_owned() } else { format!("{around}.{name}") }
}

/// A result: layer, which of its calls, which of its results.
type Tensor<'c> = (&'c str, usize, usize);

fn tensor(value: &Value) -> Option<Tensor<'_>> {
    let [layer, node, at, ..] = value.as_array()?.as_slice() else { return None };
    let number = |value: &Value| usize::try_from(value.as_u64()?).ok();
    Some((layer.as_str()?, number(node)?, number(at)?))
}

/// `["in", 0, 0]`, or a list of these.
fn ends(value: Option<&Value>) -> Result<Vec<Tensor<'_>>, FileError> {
    let wrong = || unsound("what the model takes or gives is no list of layers");
    let value = value.ok_or_else(wrong)?;
    if let Some(one) = tensor(value) {
        return Ok(vec![one]);
    }
    match value {
        Value::Array(all) => all.iter().map(|one| tensor(one).ok_or_else(wrong)).collect(),
        Value::Object(all) => all.values().map(|one| tensor(one).ok_or_else(wrong)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Err(wrong()),
    }
}

/// What a layer is called with.
fn tensors<'c>(node: &'c Value, layer: &str) -> Result<(Vec<Tensor<'c>>, Option<&'c Value>), FileError> {
    let wrong = || unsound(format!("what `{layer}` is called with cannot be read"));
    // Keras 3: { "args": […], "kwargs": {…} }
    if let Some(arguments) = node.get("args") {
        let mut tensors = Vec::new();
        collect(arguments, &mut tensors, 0);
        let named = node.get("kwargs");
        let mut more = Vec::new();
        named.into_iter().for_each(|named| collect(named, &mut more, 0));
        if tensors.is_empty() {
            std::mem::swap(&mut tensors, &mut more);
        }
        if !more.is_empty() || tensors.is_empty() {
            return Err(wrong());
        }
        return Ok((tensors, Some(node)));
    }
    // Keras 2: [["in", 0, 0, {…}], …], or one such without a list around it
    let one = tensor(node).map(|tensor| (vec![tensor], Some(node)));
    one.map_or_else(
        || {
            let all = node.as_array().ok_or_else(wrong)?;
            let tensors: Option<Vec<Tensor<'c>>> = all.iter().map(tensor).collect();
            Ok((tensors.filter(|all| !all.is_empty()).ok_or_else(wrong)?, all.first()))
        },
        Ok,
    )
}

/// All `__keras_tensor__` in a value, in order.
fn collect<'c>(value: &'c Value, tensors: &mut Vec<Tensor<'c>>, depth: usize) {
    if depth > DEEPEST {
        return;
    }
    match value {
        Value::Object(entries) if text(value, "class_name") == Some("__keras_tensor__") => {
            let history = entries.get("config").and_then(|config| config.get("keras_history"));
            tensors.extend(history.and_then(tensor));
        }
        Value::Object(entries) => entries.values().for_each(|value| collect(value, tensors, depth + 1)),
        Value::Array(values) => values.iter().for_each(|value| collect(value, tensors, depth + 1)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What a call says by name.
fn beside(node: &Value) -> Option<&Value> {
    node.get("kwargs").or_else(|| node.get(3))
}

/// Numbers among what an operator is called with, and whether they stand before its first tensor.
fn numbers(node: &Value) -> Vec<(bool, f64)> {
    let arguments = node.get("args").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let first = arguments.iter().position(Value::is_object).unwrap_or(0);
    let number = |(at, value): (usize, &Value)| Some((at < first, value.as_f64()?));
    arguments.iter().enumerate().filter_map(number).collect()
}

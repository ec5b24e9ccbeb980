//! Models of other programs as programs of this language, with their weights beside them.
//!
//! Nothing is believed of what the writer of programs makes: the text is checked as any other, and compared,
//! layer by layer, with the same network written without any structure.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::Error;
use super::not_imported::{NotImported, line};
use super::open::Experiment;
use super::options::{Look, Options};
use crate::diag::{Language, Level};
use crate::files;
use crate::import::{self, Asked, Network, NodeId, Title, Writing, model_name};
use crate::ir::{LayerId, Mode, Param, forward};
use crate::layers::{Join, Layer};
use crate::printed::thousands;
use crate::tensor::Shape;
use crate::train::RunError;
use crate::train::weights;

/// Names of models that say nothing.
const VAGUE: &[&str] = &[
    "",
    "model",
    "functional",
    "sequential",
    "main_graph",
    "torch_jit",
    "torch-jit-export",
    "graph",
    "main",
];

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct ImportOptions {
    /// Of the file's reader.
    pub(crate) asked: Asked,
    /// The output that is meant.
    pub(crate) result: Option<String>,
    /// The largest part that can be written is enough.
    pub(crate) partial: bool,
}

/// A model that can be written.
#[derive(Debug)]
pub(crate) struct Imported {
    experiment: Experiment,
    text: String,
    network: Network,
    params: Vec<Param>,
    /// For each parameter its place in the network.
    places: Vec<(NodeId, usize)>,
    blocks: usize,
    /// The part ends here, and is not all.
    end: Option<String>,
}

impl Imported {
    /// Reads a model, and makes the program that `program` will hold.
    /// # Errors
    /// [`Error::Run`] where the file cannot be read, [`Error::Import`].
    pub(crate) fn read(file: &Path, program: &Path, options: &ImportOptions) -> Result<Self, Error> {
        let network = import::read(file, &options.asked).map_err(|error| RunError::of_file(file, error))?;
        let (output, is_part) = output_of(&network, file, options)?;
        let bug = |found: String| NotImported::Bug { path: file.to_owned(), found };
        let writing = Writing::new(&network, output).map_err(|found| Box::new(bug(found)))?;
        let flat = check(file, "flat.cnn".as_ref(), writing.flat().map_err(|found| Box::new(bug(found)))?)?;
        let model = named(&network, program);
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let mut allowed: Vec<String> = Vec::new();
        // what the file has is no mistake of whoever imports it: warnings are allowed, with that reason
        let (text, experiment) = loop {
            let title = Title {
                file: &name,
                model: &model,
                comments: head(&network, &name, output, is_part),
                allowed: &allowed,
                prepare: &network.prepare,
            };
            let text = writing.program(&title).map_err(|found| Box::new(bug(found)))?;
            let experiment = check(file, program, text.clone())?;
            let before = allowed.len();
            for problem in experiment.findings().of_level(Level::Warning) {
                let code = problem.code.to_string();
                if !allowed.contains(&code) {
                    allowed.push(code);
                }
            }
            if allowed.len() == before {
                break (text, experiment);
            }
        };
        let nodes = compare(&network, &writing, &flat, &experiment).map_err(|found| Box::new(bug(found)))?;
        let params = forward(&experiment.program, Mode::Inference).graph.params;
        let places = places(&network, &params, &nodes).map_err(|found| Box::new(bug(found)))?;
        finite(file, &network, &places, &params)?;
        let end = is_part.then(|| network.nodes[output.0].origin.clone());
        let blocks = writing.blocks();
        Ok(Self { experiment, text, network, params, places, blocks, end })
    }

    /// The program.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Layers, blocks and numbers.
    pub(crate) fn counts(&self) -> [usize; 3] {
        let numbers = self.params.iter().map(|param| param.shape.elements()).sum();
        [self.experiment.program.program().model.layers.len(), self.blocks, numbers]
    }

    /// What the file has and the program lacks, a sentence each.
    pub(crate) fn lacks(&self) -> Vec<String> {
        let mut lacks = self.network.notes.clone();
        if let Some(end) = &self.end {
            lacks.extend(self.network.refused.iter().map(line));
            lacks.push(format!("the program ends with `{}`", crate::printed::shown(end)));
        }
        lacks
    }

    /// Writes the program and its weights; the weights first, so that a program is never without them.
    /// # Errors
    /// [`Error::Run`] where one cannot be written.
    pub(crate) fn write(&self, program: &Path, weights: &Path) -> Result<(), Error> {
        let info = self.experiment.weights_info(0, &self.network.classes, None);
        weights::save(weights, &info, &self.params, |at| {
            let (node, parameter) = self.places[at];
            (&self.network.nodes[node.0].parameters[parameter].values).into()
        })?;
        files::write(program, |out| out.write_all(self.text.as_bytes()))
            .map_err(|source| RunError::write(program, source))?;
        Ok(())
    }
}

/// Lines at the top of the program.
fn head(network: &Network, file: &str, output: NodeId, is_part: bool) -> Vec<String> {
    let shown = |text: &str| crate::printed::shown(text).into_owned();
    let about =
        if network.about.is_empty() { String::new() } else { format!(" ({})", shown(&network.about)) };
    let numbers: usize = network
        .leading_to(output)
        .iter()
        .zip(&network.nodes)
        .filter(|(needed, _)| **needed)
        .flat_map(|(_, node)| &node.parameters)
        .map(|parameter| parameter.values.len())
        .sum();
    let mut lines = vec![format!("From {}{about}. {} parameters.", shown(file), thousands(numbers as u64))];
    if is_part {
        lines.push(format!("A part of it, up to {}.", shown(&network.nodes[output.0].origin)));
    }
    lines.extend(network.notes.iter().map(|note| shown(note)));
    lines
}

/// The model's name: the network's, if that says something, else the program's.
fn named(network: &Network, program: &Path) -> String {
    let own = network.name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_');
    if VAGUE.contains(&own) {
        let stem = program.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        return model_name(&stem);
    }
    model_name(&network.name)
}

/// The node that the program ends with, and whether that leaves something out.
fn output_of(
    network: &Network,
    file: &Path,
    options: &ImportOptions,
) -> Result<(NodeId, bool), Box<NotImported>> {
    let path = || file.to_owned();
    if let Some(asked) = &options.result {
        let of_outputs = network.outputs.iter().find(|(name, _)| name == asked).map(|(_, node)| *node);
        let of_nodes = || network.nodes.iter().position(|node| node.name == *asked).map(NodeId);
        if let Some(found) = of_outputs.or_else(of_nodes) {
            return Ok((found, false));
        }
        if network.refused.is_empty() || options.partial {
            let known = network.outputs.iter().map(|(name, _)| format!("`{name}`")).collect();
            return Err(Box::new(NotImported::NoOutput { path: path(), asked: asked.clone(), known }));
        }
    }
    if !network.refused.is_empty() && !options.partial {
        return Err(Box::new(NotImported::Refused { path: path(), refused: network.refused.clone() }));
    }
    match &network.outputs[..] {
        [(_, node)] if network.refused.is_empty() => Ok((*node, false)),
        [_, _, ..] if network.refused.is_empty() => {
            let names = network.outputs.iter().map(|(name, _)| name.clone()).collect();
            Err(Box::new(NotImported::SeveralOutputs { path: path(), names }))
        }
        _ => deepest(network)
            .map(|node| (node, true))
            .ok_or_else(|| Box::new(NotImported::Nothing { path: path() })),
    }
}

/// The node that most others lead to; of several the first.
fn deepest(network: &Network) -> Option<NodeId> {
    /// What nobody takes is looked at; of more, the last ones.
    const MOST: usize = 64;
    let mut is_taken = vec![false; network.nodes.len()];
    network.nodes.iter().flat_map(|node| &node.inputs).for_each(|input| is_taken[input.0] = true);
    let ends: Vec<usize> = (1..network.nodes.len()).rev().filter(|at| !is_taken[*at]).take(MOST).collect();
    let count = |at: &usize| network.leading_to(NodeId(*at)).into_iter().filter(|leads| *leads).count();
    ends.into_iter().max_by_key(count).map(NodeId)
}

/// Checks a program as any other.
fn check(file: &Path, name: &Path, text: String) -> Result<Experiment, Error> {
    let options = Options { look: Look::Names, ..Options::default() };
    let error = match Experiment::of_text(name, text, &options) {
        Ok(experiment) => return Ok(experiment),
        Err(error) => error,
    };
    let Error::Problems { findings } = &error else { return Err(error) };
    let first = findings.of_level(Level::Error).next();
    let why = first
        .map_or(String::new(), |problem| format!("{}, {}", problem.code, problem.message(Language::English)));
    Err(Box::new(NotImported::Unsound { path: file.to_owned(), why }).into())
}

/// Compares a program with the network; gives the node of each layer.
fn compare(
    network: &Network,
    writing: &Writing,
    flat: &Experiment,
    program: &Experiment,
) -> Result<BTreeMap<String, NodeId>, String> {
    let (flat_model, model) = (&flat.program.program().model, &program.program.program().model);
    let order: Vec<(usize, NodeId)> = writing.order().collect();
    if order.len() != model.layers.len() || order.len() != flat_model.layers.len() {
        return Err(format!("it has {} layers in place of {}", model.layers.len(), order.len()));
    }
    let mut nodes = BTreeMap::new();
    for (layer, &(unit, node)) in model.layers.iter().zip(&order) {
        let plain = &flat_model.layers[unit];
        let mut inputs: Vec<usize> = layer.inputs.iter().map(|input| order[input.index()].0).collect();
        let mut wanted: Vec<usize> = plain.inputs.iter().map(|input| input.index()).collect();
        // of two that can be exchanged without changing a bit, the current value is written first
        if inputs.len() == 2 && matches!(layer.layer, Layer::Join(Join::Add | Join::Multiply | Join::Average))
        {
            inputs.sort_unstable();
            wanted.sort_unstable();
        }
        if layer.layer != plain.layer || inputs != wanted {
            return Err(format!("`{}` is not `{}`", layer.path, network.nodes[node.0].origin));
        }
        nodes.insert(layer.path.clone(), node);
    }
    if order[model.output.index()].0 != flat_model.output.index() {
        return Err("it ends elsewhere".to_owned());
    }
    if flat.program.open_sizes().is_none() {
        for &(unit, _) in &order {
            let (shape, wanted) = (flat.program.shape(LayerId(unit as u32)), writing.shape(unit));
            if shape != wanted {
                return Err(format!("`{}` makes {shape} in place of {wanted}", writing.origin(unit)));
            }
        }
    }
    Ok(nodes)
}

/// Where the numbers of each parameter are.
fn places(
    network: &Network,
    params: &[Param],
    nodes: &BTreeMap<String, NodeId>,
) -> Result<Vec<(NodeId, usize)>, String> {
    let mut places = Vec::with_capacity(params.len());
    for param in params {
        let found = param.name.rsplit_once('.').and_then(|(layer, variable)| {
            let node = *nodes.get(layer)?;
            let own = &network.nodes[node.0].parameters;
            Some((node, own.iter().position(|parameter| parameter.name == variable)?))
        });
        let Some((node, at)) = found else {
            return Err(format!("`{}` has no numbers", param.name));
        };
        let parameter = &network.nodes[node.0].parameters[at];
        let shape: &Shape = &parameter.shape;
        if *shape != param.shape || parameter.values.len() != shape.elements() {
            return Err(format!("`{}` is {shape} in place of {}", param.name, param.shape));
        }
        places.push((node, at));
    }
    let used: usize = nodes.values().map(|node| network.nodes[node.0].parameters.len()).sum();
    if used != places.len() {
        return Err(format!("it takes {} of {used} tensors", places.len()));
    }
    Ok(places)
}

/// Refuses weights that are no numbers.
fn finite(file: &Path, network: &Network, places: &[(NodeId, usize)], params: &[Param]) -> Result<(), Error> {
    let values = places.iter().zip(params).map(|(&(node, at), param)| {
        (param.name.as_str(), network.nodes[node.0].parameters[at].values.as_slice())
    });
    Ok(crate::train::all_finite(file, values)?)
}

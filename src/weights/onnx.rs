//! The initializers of an ONNX model, and the constants among its nodes.

use std::collections::{HashMap, HashSet};
use std::io::Read;

use super::error::FileError;
use super::{Archive, Opened, Source, bounds};
use crate::onnx::proto::{NodeProto, TensorProto};
use crate::onnx::{scan, tensor};
use crate::zoo::{Layout, Listed, Listing};

const WANTED: &str = "a model of ONNX";
/// A message of protocol buffers has no more.
const MOST_BYTES: u64 = i32::MAX as u64;

pub(super) fn open(opened: Opened) -> Result<Archive, FileError> {
    if opened.bytes > MOST_BYTES {
        return Err(FileError::format(WANTED, "it has more than 2 GiB"));
    }
    let mut bytes = Vec::new();
    opened.file.take(MOST_BYTES).read_to_end(&mut bytes)?;
    let model = scan::decoded(bytes.into()).map_err(|found| FileError::format(WANTED, found))?;
    let graph = model.graph.ok_or_else(|| FileError::format(WANTED, "it has no graph"))?;
    bounds::count(graph.node.len())?;
    let uses = Uses::of(&graph.node);
    let constants = graph.node.iter().filter_map(constant);
    let mut all: Vec<TensorProto> = graph.initializer.into_iter().chain(constants).collect();
    bounds::count(all.len())?;
    // in the order in which they are used, which is that of the layers
    all.sort_by_key(|tensor| uses.first.get(&tensor.name).copied().unwrap_or(usize::MAX));
    let (mut tensors, mut kept, mut beside) = (Vec::new(), Vec::new(), Vec::new());
    for found in all {
        if !tensor::is_floating(&found) {
            beside.push(found.name);
            continue;
        }
        let wrong = |why: String| FileError::format(WANTED, format!("`{}`: {why}", found.name));
        let mut extents = tensor::extents(&found).map_err(wrong)?;
        // PyTorch's layers have outputs before inputs
        let is_turned = extents.len() == 2 && uses.turned.contains(&found.name);
        if is_turned {
            extents.reverse();
        }
        let shape = bounds::shape(&found.name, extents.iter().map(|&extent| extent as u64))?;
        tensors.push(Listed::named(found.name.clone(), shape));
        kept.push((found, is_turned));
    }
    bounds::sizes(&tensors, opened.bytes)?;
    let listing = Listing { format: "ONNX", tensors, layout: Some(Layout::Torch), is_ordered: true, beside };
    let source = Onnx { tensors: kept };
    Ok(Archive { listing, texts: Default::default(), bytes: opened.bytes, source: Box::new(source) })
}

/// How tensors are used.
struct Uses {
    /// The place of the first node that takes each.
    first: HashMap<String, usize>,
    /// Matrices that are taken with inputs before outputs.
    turned: HashSet<String>,
}

impl Uses {
    fn of(nodes: &[NodeProto]) -> Self {
        let mut uses = Self { first: HashMap::new(), turned: HashSet::new() };
        for node in nodes {
            for input in &node.input {
                let place = uses.first.len();
                uses.first.entry(input.clone()).or_insert(place);
            }
            let turns = match node.op_type.as_str() {
                "MatMul" => true,
                "Gemm" => !node
                    .attribute
                    .iter()
                    .any(|attribute| attribute.name == "transB" && attribute.i == Some(1)),
                _ => false,
            };
            if let Some(matrix) = node.input.get(1).filter(|_| turns) {
                uses.turned.insert(matrix.clone());
            }
        }
        uses
    }
}

/// The tensor of a `Constant`, by the name of its result.
fn constant(node: &NodeProto) -> Option<TensorProto> {
    if node.op_type != "Constant" {
        return None;
    }
    let value = node.attribute.iter().find(|attribute| attribute.name == "value")?.t.clone()?;
    Some(TensorProto { name: node.output.first()?.clone(), ..value })
}

struct Onnx {
    tensors: Vec<(TensorProto, bool)>,
}

impl Source for Onnx {
    fn numbers(&self, at: usize) -> Result<Vec<f32>, FileError> {
        let (found, is_turned) = &self.tensors[at];
        let wrong = |why: String| FileError::format(WANTED, format!("`{}`: {why}", found.name));
        let values = tensor::floats(found).map_err(wrong)?;
        let extents = tensor::extents(found).map_err(wrong)?;
        let (&[inputs, outputs], true) = (&extents[..], is_turned) else { return Ok(values) };
        let turned = (0..outputs).flat_map(|output| (0..inputs).map(move |input| (input, output)));
        Ok(turned.map(|(input, output)| values[input * outputs + output]).collect())
    }
}

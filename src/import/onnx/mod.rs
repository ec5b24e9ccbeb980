//! ONNX files as networks.
//!
//! ```text
//! file ──[`source`]──▶ message ──[`graph`]──▶ nodes and constants ──[`patterns`]──▶ steps
//!                                                                      │ [`reader`], [`layers`]
//!                                                                      ▼
//!                                          [`Network`] ◀──[`finish`]── drafts of layers
//! ```
//! Values that do not depend on the pictures are computed while the file is read ([`fold`]). What depends on them
//! is a layer's result and a description of how its axes lie in the file ([`active`]), so that transposes,
//! reshapes and flattens are no layers. A layer may still take up what comes behind it (a bias, an activation)
//! while it is a [`draft`].

mod active;
mod attributes;
mod constant;
mod draft;
mod finish;
mod fold;
mod graph;
mod input;
mod layers;
mod layout;
mod names;
mod patterns;
mod prepare;
mod reader;
mod refusal;
mod source;
#[cfg(test)]
mod tests;
mod view;
mod words;

use std::path::Path;

#[cfg(test)]
use prost::bytes::Bytes;

use super::network::{Asked, Network};
use crate::onnx::proto::ModelProto;
use crate::weights::FileError;
use graph::Graph;
use reader::Reader;

/// What is wanted, in messages.
const WANTED: &str = "a model of ONNX";
/// Versions of ONNX's operators that are read.
const OPSETS: std::ops::RangeInclusive<i64> = 7..=23;

/// Reads an ONNX file.
/// # Errors
/// What cannot be read at all. What is read and has no words here is in the network's list.
pub(super) fn read(path: &Path, asked: &Asked) -> Result<Network, FileError> {
    let (model, bytes) = source::read(path)?;
    network(model, bytes, asked).map_err(wrong)
}

/// The same of bytes, without files beside them.
/// # Errors
/// As [`read`].
#[cfg(test)]
pub(super) fn read_bytes(bytes: Vec<u8>, asked: &Asked) -> Result<Network, FileError> {
    let length = bytes.len();
    let model = crate::onnx::scan::decoded(Bytes::from(bytes)).map_err(wrong)?;
    network(model, length, asked).map_err(wrong)
}

fn wrong(found: String) -> FileError {
    FileError::Format { wanted: WANTED, found }
}

fn network(model: ModelProto, file_bytes: usize, asked: &Asked) -> Result<Network, String> {
    let opset = opset(&model)?;
    let about = about(&model, opset);
    let mut graph = Graph::of(model, opset, file_bytes)?;
    let steps = patterns::steps(&graph);
    let budget = std::mem::replace(&mut graph.budget, fold::Budget::none());
    let mut reader = Reader::new(&graph, &steps, budget);
    let prepare = input::begin(&mut reader, asked)?;
    for step in &steps {
        if !prepare.nodes.contains(&step.node) {
            reader.step(step);
        }
    }
    let mut network = finish::network(reader);
    network.about = about;
    network.prepare = prepare.settings;
    network.classes = prepare::classes(&graph);
    network.name = graph.name;
    Ok(network)
}

/// The version of ONNX's own operators.
fn opset(model: &ModelProto) -> Result<i64, String> {
    let own =
        model.opset_import.iter().filter(|set| graph::is_own_domain(&set.domain)).map(|set| set.version);
    let version =
        own.max().ok_or_else(|| "it does not say which version of the operators it uses".to_owned())?;
    if OPSETS.contains(&version) {
        return Ok(version);
    }
    Err(format!(
        "its operators are of version {version}; versions {} to {} are read",
        OPSETS.start(),
        OPSETS.end()
    ))
}

/// `ONNX, opset 17, by pytorch 2.8.0`
fn about(model: &ModelProto, opset: i64) -> String {
    let by = [&model.producer_name, &model.producer_version];
    let by: Vec<&str> = by.into_iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect();
    if by.is_empty() {
        format!("ONNX, opset {opset}")
    } else {
        format!("ONNX, opset {opset}, by {}", by.join(" "))
    }
}

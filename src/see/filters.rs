//! What the channels of a layer look for.

use super::error::Error;
use super::excite::{Exciting, exciting};
use super::layer::{layer_named, name_of};
use super::photo::red_first;
use crate::experiment::{Experiment, Model};
use crate::ir::LayerId;

/// What the channels of a layer look for.
#[derive(Debug, Clone, PartialEq)]
pub struct Filters {
    /// Its full name.
    pub layer: String,
    /// Channels in all.
    pub channels: usize,
    /// Of the first of them.
    pub shown: Shown,
}

/// How it is shown.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// The kernels themselves: the layer looks at the picture.
    Kernels(Vec<Kernel>),
    /// Pictures that excite each channel most.
    Pictures(Vec<Exciting>),
}

/// A kernel of a layer that looks at the picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Kernel {
    /// `[height, width, channels of the picture]`
    pub size: [usize; 3],
    /// As many.
    pub values: Vec<f32>,
}

/// What the first `channels` channels of a layer look for. Without a name: the first layer that has kernels.
/// # Errors
/// [`Error`].
pub fn filters(model: &mut Model, layer: Option<&str>, channels: usize, seed: u64) -> Result<Filters, Error> {
    let experiment = model.experiment();
    let layer = match layer {
        Some(name) => layer_named(experiment, name)?,
        None => first_with_kernels(experiment)
            .ok_or_else(|| Error::NoKernels { model: experiment.name().to_owned() })?,
    };
    let name = name_of(experiment, layer).to_owned();
    let shape = experiment.program.shape(layer).clone();
    let all = shape.channels();
    let looks_at_picture = looks_at_picture(experiment, layer);
    let channels = channels.min(all);
    let kernels = looks_at_picture.then(|| kernels(model, &name, channels)).flatten();
    let shown = match kernels {
        Some(kernels) => Shown::Kernels(kernels),
        None => Shown::Pictures(exciting(model, &name, channels, seed)?),
    };
    Ok(Filters { layer: name, channels: all, shown })
}

fn first_with_kernels(experiment: &Experiment) -> Option<LayerId> {
    let layers = experiment.program.program().model.layers.len();
    (0..u32::try_from(layers).ok()?).map(LayerId).find(|layer| has_kernels(experiment, *layer))
}

fn has_kernels(experiment: &Experiment, layer: LayerId) -> bool {
    let node = &experiment.program.program().model.layers[layer.index()];
    let inputs: Vec<_> = node.inputs.iter().map(|&input| experiment.program.shape(input).clone()).collect();
    node.layer.as_op().params(&inputs).iter().any(|param| param.shape.rank() == 4)
}

/// Whether nothing with weights stands between the picture and a layer, and all channels of its kernels are
/// those of the picture.
fn looks_at_picture(experiment: &Experiment, layer: LayerId) -> bool {
    let layers = &experiment.program.program().model.layers;
    let mut at = layer;
    while let [before] = layers[at.index()].inputs[..] {
        let shapes = [experiment.program.shape(before).clone()];
        if at != layer && !layers[at.index()].layer.as_op().params(&shapes).is_empty() {
            return false;
        }
        at = before;
    }
    layers[at.index()].inputs.is_empty() && has_kernels(experiment, layer)
}

/// The kernels `[Kh, Kw, I, O]` of a layer, one for each of its first channels; `None` where they do not show
/// as pictures of one or three channels.
fn kernels(model: &Model, layer: &str, channels: usize) -> Option<Vec<Kernel>> {
    let (shape, values) = model.weight(&format!("{layer}.kernel"))?;
    let &[height, width, inputs, outputs] = shape.extents() else { return None };
    if !matches!(inputs, 1 | 3) || outputs < channels {
        return None;
    }
    let kernel = |channel: usize| Kernel {
        size: [height, width, inputs],
        values: red_first(
            model.experiment(),
            inputs,
            values.iter().skip(channel).step_by(outputs).copied().collect(),
        ),
    };
    Some((0..channels).map(kernel).collect())
}

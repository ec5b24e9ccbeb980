//! What a file of weights holds, as its header tells: names and shapes, without the numbers.

use super::names::Layout;
use crate::tensor::Shape;

/// What a file holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// What kind of file it is, for people: `safetensors`, `Keras`.
    pub format: &'static str,
    /// Its tensors, in its own order.
    pub tensors: Vec<Listed>,
    /// How all of them lie, where the kind of file says so; else their names do.
    pub layout: Option<Layout>,
    /// Whether the order is that of the network's layers.
    pub is_ordered: bool,
    /// What is in it beside weights: counters, optimizer states.
    pub beside: Vec<String>,
}

/// A tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name in the file.
    pub name: String,
    /// Its shape there.
    pub shape: Shape,
    /// The layer that it belongs to, parts of its path with points between.
    pub layer: String,
    /// Its name in that layer.
    pub variable: String,
    /// Its place among the variables of the layer, if the kind of file keeps their order.
    pub position: Option<usize>,
    /// The layer's class, if the kind of file tells: `batch_normalization`. In a file whose order is not that
    /// of the layers, that of the layers of a class is.
    pub class: Option<String>,
}

impl Listed {
    /// A tensor of a file that knows no layers: what stands before the last point or stroke is taken for
    /// one.
    pub fn named(name: String, shape: Shape) -> Self {
        let dotted = name.strip_suffix(":0").unwrap_or(&name).replace('/', ".");
        let (layer, variable) = dotted.rsplit_once('.').unwrap_or(("", &dotted));
        let (layer, variable) = (layer.to_owned(), variable.to_owned());
        Self { name, shape, layer, variable, position: None, class: None }
    }
}

//! A network as a graph of TensorFlow, as far as TensorBoard draws one.

use std::collections::BTreeMap;

use super::message::{Attribute, Extent, GraphDef, NodeDef, OfAttribute, Shapes, TensorShape};
use crate::ir::{CheckedProgram, LayerId};
use crate::tensor::Shape;

/// Where TensorBoard looks for the shapes of results, which it writes on edges.
const SHAPES: &str = "_output_shapes";
const PARAMETERS: &str = "parameters";
const FROZEN: &str = "frozen";
const DEVICE: &str = "/device:CPU:0";

/// The layers of a program as nodes. Those of a block stand in a scope of its name, which TensorBoard folds;
/// every option of a layer is an attribute.
pub fn graph_of(program: &CheckedProgram) -> GraphDef {
    let layers = (0..).map(LayerId).zip(&program.program().model.layers);
    GraphDef { nodes: layers.map(|(id, _)| node(program, id)).collect() }
}

fn node(program: &CheckedProgram, id: LayerId) -> NodeDef {
    let layers = &program.program().model.layers;
    let layer = &layers[id.index()];
    let op = layer.layer.as_op();
    let text = |text: String| Attribute { value: Some(OfAttribute::Text(text.into_bytes())) };
    let mut attributes: BTreeMap<String, Attribute> =
        layer.attributes.iter().map(|(name, value)| (name.to_owned(), text(value.text()))).collect();
    let shapes = Shapes { shapes: vec![shape_of(program, id)] };
    attributes.insert(SHAPES.to_owned(), Attribute { value: Some(OfAttribute::Shapes(shapes)) });
    let operands: Vec<Shape> = layer.inputs.iter().map(|&input| program.shape(input).clone()).collect();
    let parameters: usize = op.params(&operands).iter().map(|param| param.shape.elements()).sum();
    if parameters > 0 {
        let count = OfAttribute::Count(i64::try_from(parameters).unwrap_or(i64::MAX));
        attributes.insert(PARAMETERS.to_owned(), Attribute { value: Some(count) });
        let frozen = Attribute { value: Some(OfAttribute::Is(layer.frozen)) };
        attributes.insert(FROZEN.to_owned(), frozen);
    }
    NodeDef {
        name: scoped(&layer.path),
        op: op.keyword().to_owned(),
        inputs: layer.inputs.iter().map(|input| scoped(&layers[input.index()].path)).collect(),
        device: DEVICE.to_owned(),
        attributes,
    }
}

/// A layer's full name as TensorBoard divides names: `stage.0.conv2d` is `stage/0/conv2d`.
pub fn scoped(path: &str) -> String {
    path.replace('.', "/")
}

/// The shape of a layer's results, of which the first extent are the pictures of a batch.
fn shape_of(program: &CheckedProgram, id: LayerId) -> TensorShape {
    let varying = program.open_sizes().and_then(|open| open.varying.get(id.index()));
    let is_open = |axis: usize| varying.and_then(|axes| axes.get(axis)).copied().unwrap_or(false);
    let size = |(axis, &extent): (usize, &usize)| {
        if is_open(axis) { -1 } else { i64::try_from(extent).unwrap_or(i64::MAX) }
    };
    let sizes = program.shape(id).extents().iter().enumerate().map(size);
    TensorShape { extents: std::iter::once(-1).chain(sizes).map(|size| Extent { size }).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front::load;
    use crate::lower::LowerOptions;
    use crate::source::SourceFile;

    fn graph(text: &str) -> GraphDef {
        let loaded = load(SourceFile::new("net.cnn", text.to_owned()), &LowerOptions::default(), &|_| None);
        graph_of(&loaded.program.expect("no mistakes"))
    }

    #[test]
    fn blocks_are_scopes() {
        let found = graph(
            "block unit(n) { conv2d(n, 3x3, padding: same); relu }\n\
             model Net { input(8x8x1); a = unit(4); unit(4); add(a); flatten; dense(2) }",
        );
        let names: Vec<&str> = found.nodes.iter().map(|node| node.name.as_str()).collect();
        let wanted = ["input", "a/conv2d", "a/relu", "unit/conv2d", "unit/relu", "add", "flatten", "dense"];
        assert_eq!(names, wanted);
        assert_eq!(found.nodes[5].inputs, ["unit/relu", "a/relu"]);
        let dense = &found.nodes[7];
        assert_eq!(dense.op, "dense");
        assert_eq!(dense.attributes[PARAMETERS].value, Some(OfAttribute::Count(514)));
        assert_eq!(dense.attributes["units"].value, Some(OfAttribute::Text(b"2".to_vec())));
    }

    #[test]
    fn what_is_open_has_no_size() {
        let found = graph("model Net { input(?x?x3); conv2d(4, 3x3); global_avg_pool2d; dense(2) }");
        let sizes = |node: &NodeDef| match &node.attributes[SHAPES].value {
            Some(OfAttribute::Shapes(shapes)) => {
                shapes.shapes[0].extents.iter().map(|extent| extent.size).collect::<Vec<_>>()
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(sizes(&found.nodes[1]), [-1, -1, -1, 4]);
        assert_eq!(sizes(&found.nodes[3]), [-1, 2]);
    }
}

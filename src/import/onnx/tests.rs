//! Files that are none, and what a network is made of.

use std::time::{Duration, Instant};

use prost::Message;

use super::{read_bytes, refusal};
use crate::import::network::{Asked, Network};
use crate::onnx::proto::{
    AttributeProto, DataType, Dimension, Extent, GraphProto, ModelProto, NodeProto, OfType,
    OperatorSetIdProto, TensorProto, TensorShapeProto, TensorType, TypeProto, ValueInfoProto,
};

fn value(name: &str, extents: &[i64]) -> ValueInfoProto {
    let dim = extents.iter().map(|&extent| Dimension {
        value: (extent > 0).then_some(Extent::Value(extent)),
        ..Dimension::default()
    });
    let shape = Some(TensorShapeProto { dim: dim.collect() });
    let tensor = TensorType { elem_type: DataType::Float.into(), shape };
    let r#type = TypeProto { value: Some(OfType::Tensor(tensor)), ..TypeProto::default() };
    ValueInfoProto { name: name.to_owned(), r#type: Some(r#type), ..ValueInfoProto::default() }
}

fn node(op: &str, inputs: &[&str], output: &str) -> NodeProto {
    NodeProto {
        op_type: op.to_owned(),
        name: format!("{output}/{op}"),
        input: inputs.iter().map(|&input| input.to_owned()).collect(),
        output: vec![output.to_owned()],
        ..NodeProto::default()
    }
}

fn tensor(name: &str, dims: &[i64]) -> TensorProto {
    let elements = dims.iter().product::<i64>();
    TensorProto {
        name: name.to_owned(),
        dims: dims.to_vec(),
        data_type: DataType::Float.into(),
        float_data: (0..elements).map(|at| at as f32).collect(),
        ..TensorProto::default()
    }
}

fn model(graph: GraphProto) -> ModelProto {
    let opset_import = vec![OperatorSetIdProto { domain: String::new(), version: 13 }];
    ModelProto { ir_version: 7, graph: Some(graph), opset_import, ..ModelProto::default() }
}

fn graph(nodes: Vec<NodeProto>, initializer: Vec<TensorProto>) -> GraphProto {
    let last = nodes.last().and_then(|node| node.output.first()).cloned().unwrap_or_default();
    GraphProto {
        node: nodes,
        initializer,
        input: vec![value("x", &[0, 3, 8, 6])],
        output: vec![value(&last, &[])],
        ..GraphProto::default()
    }
}

fn read(model: &ModelProto) -> Result<Network, String> {
    read_bytes(model.encode_to_vec(), &Asked::default()).map_err(|error| error.reason())
}

/// It is refused, quickly, and says so.
#[track_caller]
fn is_refused(model: &ModelProto, said: &str) {
    let start = Instant::now();
    let found = read(model).err().unwrap_or_else(|| panic!("it is read"));
    assert!(found.contains(said), "{found}");
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[test]
fn a_convolution_takes_what_comes_behind_it() {
    let nodes = vec![
        node("Conv", &["x", "layer.0.weight"], "a"),
        node("Add", &["a", "b"], "c"),
        node("Relu", &["c"], "d"),
    ];
    let weights = vec![tensor("layer.0.weight", &[4, 3, 3, 3]), tensor("b", &[4, 1, 1])];
    let network = read(&model(graph(nodes, weights))).expect("a network");
    let [input, conv] = &network.nodes[..] else { panic!("{network:?}") };
    assert_eq!((input.keyword, conv.keyword, conv.name.as_str()), ("input", "conv2d", "layer.0"));
    assert_eq!(conv.parameters.iter().map(|one| one.name).collect::<Vec<_>>(), ["kernel", "bias"]);
    assert_eq!(conv.parameters[0].shape.extents(), [3, 3, 3, 4]);
    // [o, i, y, x] = [1, 2, 0, 1] is [y, x, i, o] = [0, 1, 2, 1]
    assert_eq!(conv.parameters[0].values[(3 + 2) * 4 + 1], (27 + 2 * 9 + 1) as f32);
}

#[test]
fn what_is_taken_twice_stays_a_layer() {
    let nodes =
        vec![node("Conv", &["x", "w"], "a"), node("Relu", &["a"], "b"), node("Add", &["a", "b"], "c")];
    let network = read(&model(graph(nodes, vec![tensor("w", &[4, 3, 1, 1])]))).expect("a network");
    let keywords: Vec<&str> = network.nodes.iter().map(|node| node.keyword).collect();
    assert_eq!(keywords, ["input", "conv2d", "relu", "add"]);
}

#[test]
fn graphs_that_are_none_are_refused() {
    let circle = vec![node("Add", &["x", "b"], "a"), node("Relu", &["a"], "b")];
    is_refused(&model(graph(circle, Vec::new())), "in a circle");
    let twice = vec![node("Relu", &["x"], "a"), node("Tanh", &["x"], "a")];
    is_refused(&model(graph(twice, Vec::new())), "made twice");
    is_refused(&model(graph(vec![node("Relu", &["y"], "a")], Vec::new())), "nothing makes");
    let same = vec![tensor("w", &[1]), tensor("w", &[1])];
    is_refused(&model(graph(vec![node("Relu", &["x"], "a")], same)), "two of its tensors");
    let mut nowhere = graph(vec![node("Relu", &["x"], "a")], Vec::new());
    nowhere.output = vec![value("z", &[])];
    is_refused(&model(nowhere), "nothing makes its result");
    is_refused(&ModelProto { graph: None, ..model(GraphProto::default()) }, "no graph");
    is_refused(
        &ModelProto { opset_import: Vec::new(), ..model(graph(Vec::new(), Vec::new())) },
        "which version",
    );
    let old = vec![OperatorSetIdProto { domain: String::new(), version: 6 }];
    is_refused(&ModelProto { opset_import: old, ..model(graph(Vec::new(), Vec::new())) }, "of version 6");
    let mut nothing = graph(vec![node("Relu", &["x"], "a")], vec![tensor("x", &[1])]);
    nothing.input.clear();
    is_refused(&model(nothing), "takes nothing");
}

/// What a node says of sizes is believed nowhere.
#[test]
fn large_claims_are_refused() {
    let ints = |name: &str, values: &[i64]| AttributeProto {
        name: name.to_owned(),
        ints: values.to_vec(),
        ..AttributeProto::default()
    };
    let list = |name: &str, values: &[i64]| TensorProto {
        name: name.to_owned(),
        dims: vec![values.len() as i64],
        data_type: DataType::Int64.into(),
        int64_data: values.to_vec(),
        ..TensorProto::default()
    };
    let huge = i64::MAX;
    let cases = [
        (
            vec![node("ConstantOfShape", &["n"], "c"), node("Add", &["x", "c"], "y")],
            vec![list("n", &[1 << 40])],
        ),
        (
            vec![node("Expand", &["w", "n"], "c"), node("Add", &["x", "c"], "y")],
            vec![list("n", &[1 << 30, 1 << 30])],
        ),
        (vec![node("Pad", &["x", "n"], "y")], vec![list("n", &[0, 0, huge, huge, 0, 0, huge, huge])]),
        (vec![node("Reshape", &["x", "n"], "y")], vec![list("n", &[-1, huge, huge, 2])]),
        (vec![node("Slice", &["x", "n", "n", "n", "n"], "y")], vec![list("n", &[huge])]),
        (
            vec![NodeProto { attribute: vec![ints("pads", &[huge; 4])], ..node("Conv", &["x", "w"], "y") }],
            Vec::new(),
        ),
        (
            vec![NodeProto { attribute: vec![ints("strides", &[0, 0])], ..node("Conv", &["x", "w"], "y") }],
            Vec::new(),
        ),
        (
            vec![NodeProto {
                attribute: vec![ints("dilations", &[huge, 1])],
                ..node("Conv", &["x", "w"], "y")
            }],
            Vec::new(),
        ),
        (
            vec![NodeProto {
                attribute: vec![ints("kernel_shape", &[-1, 1 << 62])],
                ..node("MaxPool", &["x"], "y")
            }],
            Vec::new(),
        ),
        (vec![node("Resize", &["x", "", "", "n"], "y")], vec![list("n", &[0, 3, huge, huge])]),
    ];
    for (nodes, mut constants) in cases {
        constants.push(tensor("w", &[4, 3, 3, 3]));
        let what = format!("{nodes:?}");
        let start = Instant::now();
        let network = read(&model(graph(nodes, constants))).expect("its graph is one");
        assert!(!network.refused.is_empty(), "{what}");
        assert!(start.elapsed() < Duration::from_secs(2), "{what}");
    }
    let mut wide = graph(vec![node("Relu", &["x"], "y")], Vec::new());
    wide.input = vec![value("x", &[0, 3, 1 << 40, 1 << 40])];
    is_refused(&model(wide), "larger than any picture");
}

/// Many nodes are read in time that grows with their number.
#[test]
fn long_graphs_take_no_long_time() {
    let mut nodes = vec![node("Relu", &["x"], "v0")];
    for at in 1..20_000 {
        nodes.push(node("Mul", &[&format!("v{}", at - 1), &format!("v{}", at - 1)], &format!("v{at}")));
    }
    let start = Instant::now();
    let network = read(&model(graph(nodes, Vec::new()))).expect("a network");
    assert!(
        network.nodes.len() > 10_000 && start.elapsed() < Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
}

/// A graph within a node is not looked into.
#[test]
fn graphs_within_nodes_are_refused_by_name() {
    let inner = AttributeProto {
        name: "body".to_owned(),
        g: Some(graph(vec![node("Relu", &["x"], "y")], Vec::new())),
        ..AttributeProto::default()
    };
    let nodes = vec![NodeProto { attribute: vec![inner], ..node("Loop", &["x"], "y") }];
    let network = read(&model(graph(nodes, Vec::new()))).expect("its graph is one");
    let [refused] = &network.refused[..] else { panic!("{:?}", network.refused) };
    assert!(refused.node == "Loop y/Loop" && refused.why.contains("no layer does"), "{refused:?}");
}

#[test]
fn a_refusal_says_what_is_near() {
    let refused = refusal::refuse("it does something").near("`conv2d`");
    assert_eq!((refused.why.as_str(), refused.nearest.as_str()), ("it does something", "`conv2d`"));
}

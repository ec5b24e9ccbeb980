//! The graph of a file: its nodes in an order of evaluation, its constants, and what takes what.

use std::collections::{BTreeMap, HashMap};

use super::constant::Constant;
use super::fold::{self, Budget, Folding};
use crate::onnx::proto::{GraphProto, ModelProto, NodeProto, OfType, TensorShapeProto, ValueInfoProto};

/// Most nodes of a graph: the largest networks have some thousands.
const MOST_NODES: usize = 100_000;

#[derive(Debug)]
pub(super) struct Graph {
    pub(super) name: String,
    pub(super) opset: i64,
    pub(super) producer: String,
    pub(super) metadata: BTreeMap<String, String>,
    /// In an order of evaluation.
    pub(super) nodes: Vec<NodeProto>,
    /// Values that do not depend on the pictures, by name.
    pub(super) constants: HashMap<String, Constant>,
    /// Constants that cannot be read, and why.
    pub(super) broken: BTreeMap<String, String>,
    /// What is handed in.
    pub(super) inputs: Vec<ValueInfoProto>,
    pub(super) outputs: Vec<ValueInfoProto>,
    /// The node that makes each value.
    makers: HashMap<String, usize>,
    /// The nodes that take each value.
    takers: HashMap<String, Vec<usize>>,
    /// Nodes that were computed: they make constants.
    pub(super) folded: Vec<bool>,
    pub(super) budget: Budget,
}

impl Graph {
    /// # Errors
    /// In words: what no model can be.
    pub(super) fn of(model: ModelProto, opset: i64, file_bytes: usize) -> Result<Self, String> {
        let graph = model.graph.ok_or_else(|| "it has no graph".to_owned())?;
        let GraphProto { node, name, initializer, input, output, sparse_initializer, .. } = graph;
        if node.len().max(initializer.len()) > MOST_NODES {
            return Err(format!("its graph has more than {MOST_NODES} nodes or tensors"));
        }
        let (mut constants, mut broken) = (HashMap::new(), BTreeMap::new());
        for tensor in initializer {
            let name = tensor.name.clone();
            if constants.contains_key(&name) || broken.contains_key(&name) {
                return Err(format!("two of its tensors are called `{name}`"));
            }
            match Constant::of(tensor) {
                Ok(constant) => drop(constants.insert(name, constant)),
                Err(why) => drop(broken.insert(name, why)),
            }
        }
        for sparse in sparse_initializer {
            let name = sparse.values.map(|values| values.name).unwrap_or_default();
            broken.insert(name, "it is sparse".to_owned());
        }
        let inputs: Vec<ValueInfoProto> = input
            .into_iter()
            .filter(|input| !constants.contains_key(&input.name) && !broken.contains_key(&input.name))
            .collect();
        let is_given = |name: &str| {
            constants.contains_key(name)
                || broken.contains_key(name)
                || inputs.iter().any(|input| input.name == name)
        };
        let nodes = in_order(node, &is_given)?;
        let makers = makers_of(&nodes, &is_given)?;
        for output in &output {
            if !makers.contains_key(&output.name) && !is_given(&output.name) {
                return Err(format!("nothing makes its result `{}`", output.name));
            }
        }
        let mut takers: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, node) in nodes.iter().enumerate() {
            for name in node.input.iter().filter(|name| !name.is_empty()) {
                takers.entry(name.clone()).or_default().push(at);
            }
        }
        let metadata = model.metadata_props.into_iter().map(|entry| (entry.key, entry.value)).collect();
        let folded = vec![false; nodes.len()];
        let budget = Budget::of(file_bytes);
        let producer = model.producer_name;
        let mut graph = Self {
            name,
            opset,
            producer,
            metadata,
            nodes,
            constants,
            broken,
            inputs,
            outputs: output,
            makers,
            takers,
            folded,
            budget,
        };
        graph.fold();
        Ok(graph)
    }

    /// Computes what depends on nothing. What goes wrong there is said where the value is used.
    fn fold(&mut self) {
        for at in 0..self.nodes.len() {
            let node = &self.nodes[at];
            let operands: Option<Vec<Option<&Constant>>> = node
                .input
                .iter()
                .map(|name| if name.is_empty() { Some(None) } else { self.constants.get(name).map(Some) })
                .collect();
            let Some(operands) = operands.filter(|_| is_own_domain(&node.domain)) else { continue };
            let folding = Folding { node, operands: &operands };
            if let Ok(Some(results)) = fold::fold(folding, &mut self.budget) {
                let names: Vec<String> = node.output.iter().take(results.len()).cloned().collect();
                self.constants.extend(names.into_iter().zip(results));
                self.folded[at] = true;
            }
        }
    }

    /// The node that makes a value.
    pub(super) fn maker(&self, value: &str) -> Option<usize> {
        self.makers.get(value).copied()
    }

    /// The nodes that take a value.
    pub(super) fn takers(&self, value: &str) -> impl Iterator<Item = &NodeProto> {
        self.takers.get(value).into_iter().flatten().map(|&at| &self.nodes[at])
    }

    /// The same by their places.
    pub(super) fn takers_at(&self, value: &str) -> &[usize] {
        self.takers.get(value).map_or(&[], Vec::as_slice)
    }

    /// A single number that is known.
    pub(super) fn scalar(&self, value: &str) -> Option<f32> {
        self.constants.get(value)?.scalar()
    }
}

/// Whether a node is one of ONNX's own.
pub(super) fn is_own_domain(domain: &str) -> bool {
    domain.is_empty() || domain == "ai.onnx"
}

/// The extents that a value is said to have.
pub(super) fn shape_of(value: &ValueInfoProto) -> Option<(i32, Option<&TensorShapeProto>)> {
    match value.r#type.as_ref()?.value.as_ref()? {
        OfType::Tensor(tensor) => Some((tensor.elem_type, tensor.shape.as_ref())),
        OfType::Sequence(_)
        | OfType::Map(_)
        | OfType::Opaque(_)
        | OfType::SparseTensor(_)
        | OfType::Optional(_) => None,
    }
}

/// A node as it is said: `Conv /features/0/Conv`.
pub(super) fn said(node: &NodeProto) -> String {
    let name = if node.name.is_empty() { node.output.first().map_or("", String::as_str) } else { &node.name };
    format!("{} {name}", node.op_type)
}

/// Nodes so that what one takes is made before it: most files have them so.
fn in_order(nodes: Vec<NodeProto>, is_given: &impl Fn(&str) -> bool) -> Result<Vec<NodeProto>, String> {
    let makers = makers_of(&nodes, is_given)?;
    let mut waiting = vec![0; nodes.len()];
    let mut takers: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    for (at, node) in nodes.iter().enumerate() {
        for input in node.input.iter().filter(|input| !input.is_empty()) {
            match makers.get(input) {
                Some(&maker) => {
                    takers[maker].push(at);
                    waiting[at] += 1;
                }
                None if is_given(input) => {}
                None => return Err(format!("`{}` takes `{input}`, which nothing makes", said(node))),
            }
        }
    }
    // the first of those that are ready comes first: files in order stay as they are
    let mut ready: std::collections::BTreeSet<usize> =
        (0..nodes.len()).filter(|&at| waiting[at] == 0).collect();
    let mut order = Vec::with_capacity(nodes.len());
    while let Some(at) = ready.pop_first() {
        order.push(at);
        for &taker in &takers[at] {
            waiting[taker] -= 1;
            if waiting[taker] == 0 {
                ready.insert(taker);
            }
        }
    }
    if let Some(at) = (0..nodes.len()).find(|&at| waiting[at] > 0) {
        return Err(format!(
            "its nodes depend on each other in a circle: `{}` is in it or behind it",
            said(&nodes[at])
        ));
    }
    let mut nodes: Vec<Option<NodeProto>> = nodes.into_iter().map(Some).collect();
    Ok(order.into_iter().filter_map(|at| nodes[at].take()).collect())
}

fn makers_of(
    nodes: &[NodeProto],
    is_given: &impl Fn(&str) -> bool,
) -> Result<HashMap<String, usize>, String> {
    let mut makers = HashMap::new();
    for (at, node) in nodes.iter().enumerate() {
        for output in node.output.iter().filter(|output| !output.is_empty()) {
            if makers.insert(output.clone(), at).is_some() || is_given(output) {
                return Err(format!("`{output}` is made twice"));
            }
        }
    }
    Ok(makers)
}

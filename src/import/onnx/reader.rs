//! Node by node through a graph: each becomes a layer, a part of the one before it, or another description of
//! its result.

use std::collections::{BTreeSet, HashMap};

use super::active::{Active, Value};
use super::attributes::Attributes;
use super::constant::Constant;
use super::draft::{Draft, Kind};
use super::fold::{self, Folding};
use super::graph::{Graph, is_own_domain, said};
use super::layers::{self, Word};
use super::names;
use super::patterns::{Becomes, Step};
use super::refusal::{Refusal, refuse};
use crate::import::network::Refused;
use crate::onnx::proto::NodeProto;
use crate::tensor::Shape;
use crate::vocabulary::{Activation, MOST, WIDEST};

/// What has been read so far.
#[derive(Debug)]
pub(super) struct Reader<'g> {
    pub(super) graph: &'g Graph,
    pub(super) drafts: Vec<Draft>,
    pub(super) values: HashMap<&'g str, Value>,
    pub(super) refused: Vec<Refused>,
    /// How many take each value; a result of the graph is taken once more.
    uses: HashMap<String, usize>,
    /// The number of pictures, where the file says it.
    pub(super) batch: Option<usize>,
    budget: fold::Budget,
    /// Maps that are needed as vectors, and maps or vectors in other shapes.
    reshapes: HashMap<(usize, Vec<usize>), usize>,
    pub(super) votes: Votes,
}

/// How often only one of the words for padding fits: what fits both is written as the rest of the file.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Votes {
    same: usize,
    number: usize,
}

impl Votes {
    /// Whether padding that both words say is written as a number.
    pub(super) fn prefer_number(self, draft: &Draft) -> bool {
        match (self.same, self.number) {
            (0, 1..) => true,
            (1.., 0) => false,
            // the size that `same` keeps is what is meant where nothing is left out
            _ => !is_stride_one(draft),
        }
    }
}

fn is_stride_one(draft: &Draft) -> bool {
    let stride = draft.options.iter().find(|(name, _)| *name == "stride");
    stride.is_some_and(|(_, stride)| *stride == super::words::int(1))
}

impl<'g> Reader<'g> {
    pub(super) fn new(graph: &'g Graph, steps: &[Step], budget: fold::Budget) -> Self {
        let mut uses: HashMap<String, usize> = HashMap::new();
        let outputs = graph.outputs.iter().map(|output| &output.name);
        for name in steps.iter().flat_map(|step| &step.inputs).chain(outputs) {
            *uses.entry(name.clone()).or_default() += 1;
        }
        Self {
            graph,
            drafts: Vec::new(),
            values: HashMap::new(),
            refused: Vec::new(),
            uses,
            batch: None,
            budget,
            reshapes: HashMap::new(),
            votes: Votes::default(),
        }
    }

    pub(super) fn uses(&self, value: &str) -> usize {
        self.uses.get(value).copied().unwrap_or(0)
    }

    /// A node, or several that are one layer.
    pub(super) fn step(&mut self, step: &Step) {
        let node = &self.graph.nodes[step.node];
        let is_missing =
            step.inputs.iter().any(|name| matches!(self.values.get(name.as_str()), Some(Value::Missing)));
        let results = if is_missing && layers::is_known(node) {
            // what it depends on was refused: that is said there
            Ok(Vec::new())
        } else {
            self.results(step)
        };
        let results = results.and_then(|results| self.all_taken(node, results)).unwrap_or_else(|refusal| {
            self.refuse(said(node), refusal);
            Vec::new()
        });
        let mut results = results.into_iter();
        for name in node.output.iter().filter(|name| !name.is_empty()) {
            let mut value = results.next().unwrap_or(Value::Missing);
            if let Value::Active(active) = &mut value {
                active.alone &= self.uses(name) == 1;
            }
            self.values.insert(name, value);
        }
    }

    /// Refuses a node that has results nothing is known of, but which are taken.
    fn all_taken(&self, node: &NodeProto, results: Vec<Value>) -> Result<Vec<Value>, Refusal> {
        if results.is_empty() {
            return Ok(results);
        }
        match node.output.iter().skip(results.len()).find(|name| !name.is_empty() && self.uses(name) > 0) {
            Some(name) => Err(refuse(format!("its result `{name}` is taken, too, and is none of a layer's"))),
            None => Ok(results),
        }
    }

    fn results(&mut self, step: &Step) -> Result<Vec<Value>, Refusal> {
        let node = &self.graph.nodes[step.node];
        if !is_own_domain(&node.domain) {
            return Err(refuse(format!("it is an operator of `{}`, not of ONNX", node.domain))
                .near("export the model with ONNX's own operators"));
        }
        if let Becomes::Layer(layer) = &step.becomes {
            return layers::pattern(self, node, layer, &step.inputs).map(|value| vec![value]);
        }
        let operands: Option<Vec<Option<Constant>>> = (0..node.input.len())
            .map(|at| match self.operand(node, at) {
                Ok(Some(Value::Constant(constant))) => Some(Some(constant)),
                Ok(None) => Some(None),
                _ => None,
            })
            .collect();
        if let Some(operands) = operands {
            let operands: Vec<Option<&Constant>> = operands.iter().map(Option::as_ref).collect();
            let folding = Folding { node, operands: &operands };
            return match fold::fold(folding, &mut self.budget)? {
                Some(constants) => Ok(constants.into_iter().map(Value::Constant).collect()),
                None => Err(refuse("it computes with constants alone, in a way that is not known here")
                    .near("simplify the file with a tool that folds constants")),
            };
        }
        layers::layer(self, node).map(|value| vec![value])
    }

    /// An operand of a node; `None` where it is left out.
    pub(super) fn operand(&self, node: &NodeProto, at: usize) -> Result<Option<Value>, Refusal> {
        let Some(name) = node.input.get(at).filter(|name| !name.is_empty()) else { return Ok(None) };
        if let Some(constant) = self.graph.constants.get(name) {
            return Ok(Some(Value::Constant(constant.clone())));
        }
        if let Some(why) = self.graph.broken.get(name) {
            return Err(refuse(format!("its operand `{name}` cannot be read: {why}")));
        }
        Ok(Some(self.values.get(name.as_str()).cloned().unwrap_or(Value::Missing)))
    }

    /// An operand that depends on the pictures.
    pub(super) fn active(&self, node: &NodeProto, at: usize) -> Result<Active, Refusal> {
        match self.operand(node, at)? {
            Some(Value::Active(active)) => Ok(active),
            Some(Value::Constant(_)) => {
                Err(refuse(format!("its operand `{}` is a constant", node.input[at])))
            }
            Some(Value::Missing) | None => Err(refuse(format!("its operand {at} is missing"))),
        }
    }

    /// An operand that does not; `None` where it is left out.
    pub(super) fn optional(&self, node: &NodeProto, at: usize) -> Result<Option<Constant>, Refusal> {
        match self.operand(node, at)? {
            None => Ok(None),
            Some(Value::Constant(constant)) => Ok(Some(constant)),
            Some(Value::Active(_) | Value::Missing) => {
                Err(refuse(format!("its operand `{}` is computed, and no constant", node.input[at]))
                    .near("parameters of a layer are constants here"))
            }
        }
    }

    pub(super) fn constant(&self, node: &NodeProto, at: usize) -> Result<Constant, Refusal> {
        self.optional(node, at)?.ok_or_else(|| refuse(format!("its operand {at} is missing")))
    }

    /// Whole numbers that are an operand or, in older operators, an attribute.
    pub(super) fn list(&self, node: &NodeProto, at: usize, name: &str) -> Result<Option<Vec<i64>>, Refusal> {
        if let Some(found) = Attributes(node).ints(name) {
            return Ok(Some(found.to_vec()));
        }
        let Some(constant) = self.optional(node, at)? else { return Ok(None) };
        let known = constant.known();
        known.map(Some).ok_or_else(|| {
            refuse(format!("its `{name}` follows the size of the pictures, which the file leaves open"))
                .near("say the size of the pictures with `--input`")
        })
    }

    /// Adds a layer under the name of a node.
    pub(super) fn emit(&mut self, draft: Draft, node: &NodeProto) -> Result<usize, Refusal> {
        let name = names::of(node);
        self.emit_as(draft, node, name)
    }

    /// Adds a layer.
    pub(super) fn emit_as(&mut self, draft: Draft, node: &NodeProto, name: String) -> Result<usize, Refusal> {
        let extents = draft.shape.extents();
        let elements = extents.iter().try_fold(1_usize, |all, &extent| all.checked_mul(extent));
        let is_sound = match extents {
            [height, width, channels] => {
                [height, width].iter().all(|side| **side <= WIDEST) && *channels <= MOST
            }
            _ => true,
        };
        if extents.contains(&0) || !is_sound || elements.is_none_or(|elements| elements >= 1 << 40) {
            return Err(refuse(format!("its result would be {}", draft.shape)));
        }
        self.drafts.push(Draft { name, origin: said(node), ..draft });
        Ok(self.drafts.len() - 1)
    }

    /// A map as a vector.
    pub(super) fn flattened(&mut self, draft: usize, view: Option<usize>) -> usize {
        let length = self.drafts[draft].shape.elements();
        self.in_shape(draft, vec![length], view)
    }

    /// A layer's values, as they lie here, in another shape.
    pub(super) fn reshaped(&mut self, draft: usize, extents: [usize; 3], view: Option<usize>) -> usize {
        self.in_shape(draft, extents.to_vec(), view)
    }

    fn in_shape(&mut self, draft: usize, extents: Vec<usize>, view: Option<usize>) -> usize {
        let key = (draft, extents);
        if let Some(&known) = self.reshapes.get(&key) {
            return known;
        }
        let mut made = layers::view::in_shape(draft, &self.drafts[draft], Shape::new(key.1.clone()));
        if let Some(node) = view.map(|view| &self.graph.nodes[view]) {
            made.name = names::of(node);
            made.origin = said(node);
        }
        self.drafts.push(made);
        self.reshapes.insert(key, self.drafts.len() - 1);
        self.drafts.len() - 1
    }

    /// Counts padding that only one word says.
    pub(super) fn note_padding(&mut self, word: Word) {
        match word {
            Word::Same => self.votes.same += 1,
            Word::Number(_) => self.votes.number += 1,
            Word::Valid | Word::Either(_) => {}
        }
    }

    /// Whether a constant of a node is said to be no parameter, as our own files say it: `layer/mean`.
    pub(super) fn is_fixed(&self, node: &NodeProto) -> bool {
        let ends = |name: &String| ["/mean", "/factor"].iter().any(|end| name.contains(end));
        self.graph.producer == env!("CARGO_PKG_NAME") && node.input.iter().any(ends)
    }

    /// Brings the units of the dense layer that makes a vector into another order: `order[i]` is where the unit i
    /// goes. Says whether that can be done.
    pub(super) fn reorder_units(&mut self, vector: &Active, order: &[usize]) -> bool {
        let draft = &mut self.drafts[vector.draft];
        let is_each = matches!(
            draft.kind,
            Kind::Weighted { activation, .. } if activation != Some(Activation::Softmax)
        );
        if draft.keyword != "dense" || !is_each || !vector.alone {
            return false;
        }
        for parameter in &mut draft.parameters {
            let values = &parameter.values;
            let mut moved = vec![0.0; values.len()];
            for (row, target) in values.chunks(order.len()).zip(moved.chunks_mut(order.len())) {
                for (value, &place) in row.iter().zip(order) {
                    target[place] = *value;
                }
            }
            parameter.values = moved;
        }
        true
    }

    pub(super) fn refuse(&mut self, node: String, refusal: Refusal) {
        let Refusal { why, nearest } = refusal;
        self.refused.push(Refused { node, why, nearest });
    }

    /// The draft and all that lead to it.
    pub(super) fn reaches(&self, ends: impl IntoIterator<Item = usize>) -> BTreeSet<usize> {
        let mut waiting: Vec<usize> = ends.into_iter().collect();
        let mut reached = BTreeSet::new();
        while let Some(draft) = waiting.pop() {
            if reached.insert(draft) {
                waiting.extend(&self.drafts[draft].inputs);
            }
        }
        reached
    }
}

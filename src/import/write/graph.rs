//! What of a network is written: the layers that lead to its output, each with its options as text.

use std::collections::{HashMap, HashSet};

use super::words;
use crate::ast::print_expr;
use crate::import::network::{Network, NodeId};
use crate::layers::{Inputs, KindInfo, Layer};
use crate::tensor::Shape;
use crate::vocabulary::{Activation, OptionSpec, Words};

/// Longest list of operands that is held against others.
const MOST_SHARED: usize = 512;

/// A layer that becomes a statement.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    pub(super) kind: &'static KindInfo,
    /// A text for each option of the table; `None` where it has its default.
    pub(super) values: Vec<Option<String>>,
    pub(super) inputs: Vec<usize>,
    pub(super) name: String,
    pub(super) origin: String,
    /// Whose parameters it has.
    pub(super) node: NodeId,
    pub(super) shape: Shape,
}

impl Unit {
    /// The place of an option.
    fn option(&self, name: &str) -> Option<usize> {
        self.kind.options.iter().position(|option| option.name == name)
    }
}

/// Units in an order of evaluation, the first of which is the input.
#[derive(Debug)]
pub(super) struct Graph {
    pub(super) units: Vec<Unit>,
    pub(super) output: usize,
}

impl Graph {
    /// # Errors
    /// What a reader has put in that the language does not have: a bug of it.
    pub(super) fn new(network: &Network, output: NodeId) -> Result<Self, String> {
        let needed = network.leading_to(output);
        let is_onnx = network.about.starts_with("ONNX");
        let mut places: Vec<Option<usize>> = vec![None; network.nodes.len()];
        let mut units = Vec::new();
        for (at, node) in network.nodes.iter().enumerate().filter(|(at, _)| needed[*at]) {
            let kind = Layer::kind(node.keyword).ok_or_else(|| format!("no layer `{}`", node.keyword))?;
            let mut values = vec![None; kind.options.len()];
            for (name, value) in &node.options {
                let option = kind.options.iter().position(|option| option.name == *name);
                let option = option.ok_or_else(|| format!("`{}` has no option `{name}`", node.keyword))?;
                values[option] = Some(text_of(value));
            }
            leave_out_defaults(kind.options, &mut values);
            let inputs: Option<Vec<usize>> =
                node.inputs.iter().map(|input| places.get(input.0).copied().flatten()).collect();
            let inputs = inputs.ok_or_else(|| format!("`{}` takes what comes behind it", node.origin))?;
            let fits = match kind.inputs {
                Inputs::None => inputs.is_empty() && units.is_empty(),
                Inputs::One => inputs.len() == 1,
                Inputs::Several => inputs.len() > 1,
            };
            if !fits {
                return Err(format!("`{}` has {} inputs", node.origin, inputs.len()));
            }
            places[at] = Some(units.len());
            units.push(Unit {
                kind,
                values,
                inputs,
                name: if words::is_generic(&node.name, is_onnx) { String::new() } else { node.name.clone() },
                origin: if node.origin.is_empty() { node.name.clone() } else { node.origin.clone() },
                node: NodeId(at),
                shape: node.shape.clone(),
            });
        }
        let output = places.get(output.0).copied().flatten().ok_or("the output is not computed")?;
        let mut graph = Self { units, output };
        graph.share_concats();
        graph.join_pairs();
        Ok(graph)
    }

    /// How many units, and the output, take each unit.
    pub(super) fn uses(&self) -> Vec<usize> {
        let mut uses = vec![0; self.units.len()];
        self.units.iter().flat_map(|unit| &unit.inputs).for_each(|&input| uses[input] += 1);
        uses[self.output] += 1;
        uses
    }

    /// Two layers in a row that a person writes as one become one statement: a convolution and its activation,
    /// zeros on all sides and the convolution behind them, a mean of all pixels and its shape.
    fn join_pairs(&mut self) {
        let uses = self.uses();
        let mut moved: Vec<usize> = (0..self.units.len()).collect();
        let mut is_gone = vec![false; self.units.len()];
        for at in 0..self.units.len() {
            let inputs: Vec<usize> = self.units[at].inputs.iter().map(|&input| moved[input]).collect();
            self.units[at].inputs = inputs;
            let [before] = self.units[at].inputs[..] else { continue };
            if uses[before] != 1 {
                continue;
            }
            if let Some(pool) = self.pool_before(&uses, before, at) {
                // the mean is a vector from the beginning
                let mut step = before;
                while step != pool {
                    self.units[step].shape = self.units[at].shape.clone();
                    step = self.units[step].inputs[0];
                }
                let option = self.units[pool].option("keep_dims");
                option.into_iter().for_each(|option| self.units[pool].values[option] = None);
                self.units[pool].shape = self.units[at].shape.clone();
                moved[at] = before;
            } else if let Some((option, word)) = self.activation_of(before, at) {
                self.units[before].values[option] = Some(word);
                moved[at] = before;
            } else if let Some((option, pixels)) = self.padding_of(before, at) {
                // the convolution stays, and takes what the zeros were put around
                self.units[at].values[option] = Some(pixels);
                self.units[at].inputs = self.units[before].inputs.clone();
                is_gone[before] = true;
            } else if let Some(option) = self.dims_of(before, at) {
                self.units[before].values[option] = Some("true".to_owned());
                self.units[before].shape = self.units[at].shape.clone();
                moved[at] = before;
            }
        }
        // what is gone is taken by nobody
        (0..moved.len()).filter(|at| is_gone[*at]).for_each(|at| moved[at] = self.units[at].inputs[0]);
        self.output = moved[self.output];
        self.compact(&moved);
    }

    /// The option that takes an activation in, and its value.
    fn activation_of(&self, before: usize, at: usize) -> Option<(usize, String)> {
        let word = activation(&self.units[at])?;
        let into = &self.units[before];
        let option = into.option("activation").filter(|option| into.values[*option].is_none())?;
        let name = &self.units[at].name;
        // a name that somebody gave stays
        let is_plain = name.is_empty() || words::is_activation_of(name, &into.name);
        (into.kind.keyword != "activation" && is_plain).then_some((option, word))
    }

    /// The option of a convolution that says how many zeros are put around its input.
    fn padding_of(&self, before: usize, at: usize) -> Option<(usize, String)> {
        let (zeros, conv) = (&self.units[before], &self.units[at]);
        let takes = matches!(conv.kind.keyword, "conv2d" | "depthwise_conv2d" | "separable_conv2d");
        let option = conv.option("padding").filter(|option| takes && conv.values[*option].is_none())?;
        let pixels = zeros.option("padding").filter(|_| zeros.kind.keyword == "zero_pad2d")?;
        let pixels = zeros.values[pixels].clone().unwrap_or_else(|| "1".to_owned());
        pixels.bytes().all(|byte| byte.is_ascii_digit()).then_some((option, pixels))
    }

    /// The mean of all pixels that a `flatten` makes a vector of, with nothing between but what takes numbers one
    /// by one.
    fn pool_before(&self, uses: &[usize], before: usize, at: usize) -> Option<usize> {
        if self.units[at].kind.keyword != "flatten" {
            return None;
        }
        let mut step = before;
        loop {
            let unit = &self.units[step];
            if uses[step] != 1 {
                return None;
            }
            if matches!(unit.kind.keyword, "global_avg_pool2d" | "global_max_pool2d") {
                let option = unit.option("keep_dims")?;
                return (unit.values[option].as_deref() == Some("true")).then_some(step);
            }
            let passes = Activation::row(unit.kind.keyword).is_some() || unit.kind.keyword == "dropout";
            match unit.inputs[..] {
                [input] if passes => step = input,
                _ => return None,
            }
        }
    }

    /// The option of a mean of all pixels that keeps it a map, where the next layer makes it one.
    fn dims_of(&self, before: usize, at: usize) -> Option<usize> {
        let (pool, shape) = (&self.units[before], &self.units[at]);
        let is_pool = matches!(pool.kind.keyword, "global_avg_pool2d" | "global_max_pool2d");
        let is_map =
            shape.kind.keyword == "reshape" && shape.shape.as_image().is_some_and(|(h, w, _)| h * w == 1);
        pool.option("keep_dims").filter(|option| is_pool && is_map && pool.values[*option].is_none())
    }

    /// Takes units away that have been moved into others.
    fn compact(&mut self, moved: &[usize]) {
        let mut places = vec![0; moved.len()];
        let mut units = Vec::new();
        for (at, mut unit) in std::mem::take(&mut self.units).into_iter().enumerate() {
            let moved_to = moved[at];
            if moved_to == at {
                unit.inputs.iter_mut().for_each(|input| *input = places[*input]);
                places[at] = units.len();
                units.push(unit);
            } else {
                places[at] = places[moved_to];
            }
        }
        self.output = places[self.output];
        self.units = units;
    }

    /// `concat(a, b, c)` where there is `ab = concat(a, b)` is `concat(ab, c)`: dense blocks, of which some
    /// programs list all features again for each layer.
    fn share_concats(&mut self) {
        let mut known: HashMap<Vec<usize>, usize> = HashMap::new();
        for at in 0..self.units.len() {
            let unit = &self.units[at];
            if unit.kind.keyword != "concat" || unit.inputs.len() > MOST_SHARED {
                continue;
            }
            let operands = unit.inputs.clone();
            let longest = (2..operands.len())
                .rev()
                .find_map(|length| known.get(&operands[..length]).map(|&shared| (length, shared)));
            if let Some((length, shared)) = longest {
                let rest = operands[length..].iter().copied();
                self.units[at].inputs = std::iter::once(shared).chain(rest).collect();
            }
            known.entry(operands).or_insert(at);
        }
    }
}

/// The activation that a layer is, as an option has it: with all arguments whose defaults differ there.
fn activation(unit: &Unit) -> Option<String> {
    let keyword = unit.kind.keyword;
    let row = Activation::row(keyword).filter(|_| keyword != "activation")?;
    let mut arguments = Vec::new();
    for (option, value) in unit.kind.options.iter().zip(&unit.values) {
        let value = value.as_deref().or(option.default)?;
        let default = row.word.options.iter().find(|own| own.name == option.name)?.default;
        if !default.is_some_and(|default| is_same(value, default)) {
            arguments.push(format!("{}: {value}", option.name));
        }
    }
    Some(if arguments.is_empty() {
        keyword.to_owned()
    } else {
        format!("{keyword}({})", arguments.join(", "))
    })
}

/// An option's value as a person writes it: `3` for 3x3.
fn text_of(value: &crate::ast::Expr) -> String {
    let text = print_expr(value);
    match text.split_once('x') {
        Some((first, second)) if first == second && first.bytes().all(|byte| byte.is_ascii_digit()) => {
            first.to_owned()
        }
        // 1.001e-5
        Some(_) | None if text.starts_with("0.0000") => {
            text.parse::<f64>().map_or(text, |number| format!("{number:e}"))
        }
        Some(_) | None => text,
    }
}

/// What has its default is not written.
fn leave_out_defaults(options: &[OptionSpec], values: &mut [Option<String>]) {
    for at in 0..options.len() {
        let Some(default) = options[at].default else { continue };
        // `stride = pool_size`: the value of another option
        let other = options.iter().position(|option| option.name == default);
        let default = match other {
            Some(other) => values[other].clone().or_else(|| options[other].default.map(str::to_owned)),
            None => Some(default.to_owned()),
        };
        if values[at].as_ref().zip(default).is_some_and(|(value, default)| is_same(value, &default)) {
            values[at] = None;
        }
    }
}

/// Whether two values are the same text or the same number.
pub(super) fn is_same(value: &str, default: &str) -> bool {
    value == default
        || number(value).zip(number(default)).is_some_and(|(value, default)| value as f32 == default as f32)
}

/// `0.1`, `10%`, `1/6`
fn number(text: &str) -> Option<f64> {
    if let Some(percent) = text.strip_suffix('%') {
        return Some(percent.parse::<f64>().ok()? / 100.0);
    }
    match text.split_once('/') {
        Some((above, below)) => Some(above.trim().parse::<f64>().ok()? / below.trim().parse::<f64>().ok()?),
        None => text.parse().ok(),
    }
}

impl Network {
    /// For each node whether it leads to another one.
    pub(crate) fn leading_to(&self, output: NodeId) -> Vec<bool> {
        let mut needed = vec![false; self.nodes.len()];
        let mut open = vec![output.0];
        let mut seen: HashSet<usize> = HashSet::new();
        while let Some(at) = open.pop() {
            if at < needed.len() && seen.insert(at) {
                needed[at] = true;
                open.extend(self.nodes[at].inputs.iter().map(|input| input.0));
            }
        }
        needed
    }
}

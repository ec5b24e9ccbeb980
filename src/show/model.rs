//! Models: layers one a line, each with its full name. Models used as layers that have weights of their own,
//! or are frozen, stay models.

use std::collections::{BTreeMap, BTreeSet};

use super::text::Text;
use crate::ir::{
    Backbone, CheckedProgram, Head, IMAGENET, LayerId, LayerNode, Matching, Model, Scope, ScopeKind,
    StartingWeights, WeightsOf,
};
use crate::layers::{Inputs, Layer};
use crate::vocabulary::{call, named, number, quoted};

/// Writes a model, and before it those that it uses. `taken` are names of models that are not free.
pub(super) fn write(text: &mut Text, program: &CheckedProgram, taken: &mut Taken) {
    let Model { name, layers, output, heads: _, scopes: _ } = &program.program().model;
    let own = Part { prefix: String::new(), start: 0, end: layers.len(), entry: None };
    let body = lines(program, &own, taken, text);
    text.open(format!("model {}", name.value));
    body.lines.iter().for_each(|line| text.line(line));
    if body.current != Some(*output) {
        text.line(format!("from {}", layers[output.index()].path));
    }
    text.close();
}

/// Names of models that are not free.
#[derive(Debug, Default)]
pub(super) struct Taken {
    names: BTreeSet<String>,
    /// For each name that was made more of, the number that comes next.
    next: BTreeMap<String, usize>,
}

impl Taken {
    /// With these from the beginning.
    pub(super) fn new(names: impl IntoIterator<Item = String>) -> Self {
        Self { names: names.into_iter().collect(), next: BTreeMap::new() }
    }

    /// Takes `name`, or the first of `name_1`, `name_2`, … that is free.
    fn take(&mut self, name: &str) -> String {
        let mut free = name.to_owned();
        while self.names.contains(&free) {
            let number = self.next.entry(name.to_owned()).or_insert(1);
            free = format!("{name}_{number}");
            *number += 1;
        }
        self.names.insert(free.clone());
        free
    }
}

/// A part of the network that becomes one model.
struct Part {
    /// What stands before the full names of its layers.
    prefix: String,
    /// Its layers.
    start: usize,
    end: usize,
    /// The value that it takes, and the name of that inside.
    entry: Option<(LayerId, String)>,
}

struct Lines {
    lines: Vec<String>,
    /// What the next layer would take.
    current: Option<LayerId>,
}

impl Part {
    /// The name of a layer in this part.
    fn name(&self, layers: &[LayerNode], id: LayerId) -> String {
        match &self.entry {
            Some((entry, name)) if *entry == id => name.clone(),
            _ => self.inner(&layers[id.index()].path),
        }
    }

    fn inner(&self, path: &str) -> String {
        path.strip_prefix(&self.prefix).unwrap_or(path).to_owned()
    }

    /// The models used as layers that stay models, by the layers at which they begin.
    fn models<'m>(&self, model: &'m Model) -> BTreeMap<usize, (&'m Scope, &'m Backbone)> {
        let stays = |scope: &'m Scope| match &scope.kind {
            ScopeKind::Model(backbone)
                if scope.layers.start >= self.start
                    && scope.layers.end <= self.end
                    && !scope.layers.is_empty()
                    && scope.path.len() > self.prefix.len()
                    && (backbone.weights.is_some() || backbone.frozen.is_some()) =>
            {
                Some((scope.layers.start, (scope, backbone.as_ref())))
            }
            ScopeKind::Model(_) | ScopeKind::Block(_) | ScopeKind::Turn | ScopeKind::Head => None,
        };
        // of several that begin at one layer the first counts, which holds the others
        model.scopes.iter().rev().filter_map(stays).collect()
    }
}

/// The statements of a part; models that it uses are written first.
fn lines(program: &CheckedProgram, part: &Part, taken: &mut Taken, text: &mut Text) -> Lines {
    let model = &program.program().model;
    let layers = &model.layers;
    let mut body = Lines { lines: Vec::new(), current: None };
    if let Some((entry, name)) = &part.entry {
        body.lines.push(format!("{name} = input({})", size(&image(program, *entry))));
        body.current = Some(*entry);
    }
    let mut at = part.start;
    let models = part.models(model);
    let mut inner: Vec<std::ops::Range<usize>> = Vec::new();
    while at < part.end {
        if let Some(&(scope, backbone)) = models.get(&at) {
            let (name, entry) = write_used(program, scope, backbone, taken, text);
            go_on_from(&mut body, part, layers, entry);
            body.lines.push(format!("{} = {}", part.inner(&scope.path), use_of(&name, backbone)));
            body.current = None;
            at = scope.layers.end;
            inner.push(scope.layers.clone());
            continue;
        }
        let node = &layers[at];
        let LayerNode { path, layer, inputs, span: _, options: _, attributes, used_at: _, frozen: _ } = node;
        let keyword = layer.as_op().keyword();
        let mut arguments: Vec<String> = Vec::new();
        match Layer::kind(keyword).map(|kind| kind.inputs) {
            Some(Inputs::Several) => arguments.extend(inputs.iter().map(|&input| part.name(layers, input))),
            Some(Inputs::One) => inputs.iter().for_each(|&input| go_on_from(&mut body, part, layers, input)),
            Some(Inputs::None) | None => {}
        }
        let plain = matches!(layer, Layer::Input(_));
        arguments.extend(attributes.iter().map(|(name, value)| {
            let value = value.text();
            if plain { value } else { named(name, value) }
        }));
        body.lines.push(format!("{} = {}", part.inner(path), call(keyword, &arguments)));
        body.current = Some(LayerId(u32::try_from(at).unwrap_or(u32::MAX)));
        at += 1;
    }
    for Head { name, weight, output } in &model.heads {
        let at = output.index();
        let before = inner.partition_point(|layers| layers.start <= at);
        let is_inside = before.checked_sub(1).is_some_and(|last| inner[last].contains(&at));
        let own = (part.start..part.end).contains(&at) && !is_inside;
        if own {
            let weight = named("weight", number(weight.value));
            let output = part.name(layers, *output);
            body.lines.push(format!("head {}({weight}) {{ from {output} }}", part.inner(&name.value)));
        }
    }
    body
}

fn go_on_from(body: &mut Lines, part: &Part, layers: &[LayerNode], input: LayerId) {
    if body.current != Some(input) {
        body.lines.push(format!("from {}", part.name(layers, input)));
    }
}

/// Writes the model of a scope; gives its name, and the value that the scope takes.
fn write_used(
    program: &CheckedProgram,
    scope: &Scope,
    backbone: &Backbone,
    taken: &mut Taken,
    text: &mut Text,
) -> (String, LayerId) {
    let layers = &program.program().model.layers;
    let range = scope.layers.clone();
    let inputs = layers[range.clone()].iter().flat_map(|node| &node.inputs);
    let entry = inputs.copied().find(|input| input.index() < range.start).unwrap_or(LayerId(0));
    let mut part =
        Part { prefix: format!("{}.", scope.path), start: range.start, end: range.end, entry: None };
    let used = |name: &str| layers[range.clone()].iter().any(|node| part.inner(&node.path) == name);
    let entry_name = free("input", &used);
    part.entry = Some((entry, entry_name));
    let name = taken.take(&backbone.model);
    let body = lines(program, &part, taken, text);
    text.open(format!("model {name}"));
    body.lines.iter().for_each(|line| text.line(line));
    text.close();
    (name, entry)
}

/// `name`, or the first of `name_1`, `name_2`, … that is not used.
fn free(name: &str, used: &dyn Fn(&str) -> bool) -> String {
    let numbered = (1_usize..).map(|count| format!("{name}_{count}"));
    std::iter::once(name.to_owned()).chain(numbered).find(|name| !used(name)).unwrap_or_default()
}

fn use_of(name: &str, backbone: &Backbone) -> String {
    // how its own file prepares pictures is what `prepare` says here
    let Backbone { model, zoo, weights, frozen, prepare: _ } = backbone;
    let mut arguments = Vec::new();
    if let Some(StartingWeights { from, span: _, partial, matching }) = weights {
        arguments.push(match from {
            WeightsOf::File(path) => named("weights", quoted(path)),
            WeightsOf::Imagenet => named("weights", IMAGENET),
        });
        arguments.extend(partial.then(|| named("partial", true)));
        arguments.extend((*matching != Matching::Names).then(|| named("match", matching.name())));
    }
    arguments.extend(frozen.iter().map(|frozen| named("frozen", frozen.value)));
    arguments.extend(zoo.then(|| named("like", format!("zoo.{model}"))));
    call(name, &arguments)
}

/// Height, width and channels of a value; of a vector its length alone is known to matter.
fn image(program: &CheckedProgram, id: LayerId) -> Vec<usize> {
    let shape = program.shape(id);
    match shape.as_image() {
        Some((height, width, channels)) => vec![height, width, channels],
        None => vec![1, 1, shape.channels()],
    }
}

/// `28x28x1`; an extent of 0 is one that is left open.
fn size(extents: &[usize]) -> String {
    let text = |&extent: &usize| if extent == 0 { "?".to_owned() } else { extent.to_string() };
    extents.iter().map(text).collect::<Vec<_>>().join("x")
}

//! Bodies as the text of a program.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::blocks::Bodies;
use super::graph::Graph;
use super::item::{Branch, Callee, Item, Parameter, Value};
use super::words::{Taken, is_generic, mended};
use super::{Title, comment};
use crate::layers::KindInfo;
use crate::vocabulary::OptionType;

/// Models with fewer statements have no empty lines.
const FEW: usize = 10;
/// Named uses of a block in a row that are written as one statement.
const MANY: usize = 6;

/// The program's models and blocks.
pub(super) fn text(graph: &Graph, bodies: &Bodies, title: &Title<'_>) -> String {
    let mut writer =
        Writer { graph, bodies, text: String::new(), names: BTreeMap::new(), parameters: &[], is_main: true };
    for line in &title.comments {
        let _ = writeln!(writer.text, "// {line}");
    }
    for code in title.allowed {
        let _ = writeln!(
            writer.text,
            "allow {code} because \"it is so in {}\"",
            comment(title.file).replace('"', "'")
        );
    }
    if !title.allowed.is_empty() {
        writer.text.push('\n');
    }
    let _ = writeln!(writer.text, "model {} {{", title.model);
    writer.body(&bodies.main, 1, true);
    writer.text.push_str("}\n");
    for at in order(bodies) {
        let block = &bodies.blocks[at];
        writer.text.push('\n');
        if let Some(line) = where_used(graph, bodies, at) {
            let _ = writeln!(writer.text, "// {line}");
        }
        let parameters: Vec<String> = block.parameters.iter().map(parameter).collect();
        let parameters =
            if parameters.is_empty() { String::new() } else { format!("({})", parameters.join(", ")) };
        let _ = writeln!(writer.text, "block {}{parameters} {{", block.name);
        writer.parameters = &block.parameters;
        writer.body(&block.items, 1, false);
        writer.text.push_str("}\n");
    }
    if !title.prepare.is_empty() {
        writer.text.push_str("\nprepare {\n");
        for (key, value) in title.prepare {
            let _ = writeln!(writer.text, "    {key}: {}", crate::ast::print_expr(value));
        }
        writer.text.push_str("}\n");
    }
    writer.text
}

fn parameter(parameter: &Parameter) -> String {
    match &parameter.default {
        Some(default) => format!("{} = {default}", parameter.name),
        None => parameter.name.clone(),
    }
}

/// Blocks in the order in which they are used first.
fn order(bodies: &Bodies) -> Vec<usize> {
    let mut order = Vec::with_capacity(bodies.blocks.len());
    let mut open: Vec<usize> = used_in(&bodies.main);
    open.reverse();
    let mut known = BTreeSet::new();
    while let Some(at) = open.pop() {
        if known.insert(at) {
            order.push(at);
            open.extend(used_in(&bodies.blocks[at].items).into_iter().rev());
        }
    }
    order
}

fn used_in(items: &[Item]) -> Vec<usize> {
    let mut used = Vec::new();
    items.iter().for_each(|item| {
        item.each(&mut |item| {
            if let Callee::Block(at) = item.callee {
                used.push(at);
            }
        });
    });
    used
}

/// Which parts of the file a block stands for, where its uses have no names that tell.
fn where_used(graph: &Graph, bodies: &Bodies, block: usize) -> Option<String> {
    let mut uses: Vec<&Item> = Vec::new();
    for items in std::iter::once(&bodies.main).chain(bodies.blocks.iter().map(|block| &block.items)) {
        items.iter().for_each(|item| {
            item.each(&mut |item| {
                if matches!(item.callee, Callee::Block(at) if at == block) {
                    uses.push(item);
                }
            });
        });
    }
    let first = uses.iter().min_by_key(|item| item.units[0])?;
    if uses.iter().all(|item| !item.name.is_empty()) {
        return None;
    }
    Some(format!("The first of them is {}.", origins(graph, first)))
}

/// The units of an item, as the file calls them.
fn origins(graph: &Graph, item: &Item) -> String {
    let [first, last] = item.units.map(|unit| comment(&graph.units[unit].origin));
    if first == last { first } else { format!("{first} to {last}") }
}

struct Writer<'b> {
    graph: &'b Graph,
    bodies: &'b Bodies,
    text: String,
    /// Names of units in the body that is written.
    names: BTreeMap<usize, String>,
    /// Of the block that is written.
    parameters: &'b [Parameter],
    /// What is written is a model.
    is_main: bool,
}

impl<'b> Writer<'b> {
    fn body(&mut self, items: &'b [Item], depth: usize, is_main: bool) {
        self.names = self.named(items);
        self.is_main = is_main;
        self.statements(items, depth, is_main);
    }

    /// Names for the statements of a body, by their last units.
    fn named(&self, items: &[Item]) -> BTreeMap<usize, String> {
        let mut all: Vec<&Item> = Vec::new();
        items.iter().for_each(|item| item.each(&mut |item| all.push(item)));
        let mut taken = Taken::default();
        let mut names = BTreeMap::new();
        for item in &all {
            let name = mended(&item.name);
            // the name that it gets without one says as much
            let is_plain = is_generic(&name, false) && !item.is_taken;
            if !name.is_empty() && !is_plain {
                names.insert(item.units[1], taken.take(&name));
            }
        }
        for item in all.iter().filter(|item| item.is_taken) {
            names.entry(item.units[1]).or_insert_with(|| taken.take("skip"));
        }
        names
    }

    fn keyword(&self, item: &Item) -> &'b str {
        match item.callee {
            Callee::Layer(kind) => kind.keyword,
            Callee::Block(at) => &self.bodies.blocks[at].name,
        }
    }

    fn statements(&mut self, items: &'b [Item], depth: usize, is_main: bool) {
        let (mut at, mut last) = (0, 0);
        while at < items.len() {
            let item = &items[at];
            if is_main && items.len() > FEW && at > last + 1 && self.begins_a_part(items, at) {
                last = at;
                self.text.push('\n');
            }
            let turns = self.turns(&items[at..]);
            if turns > 1 {
                self.repeat(&items[at..at + turns], depth);
                at += turns;
                continue;
            }
            self.statement(item, depth);
            at += 1;
        }
    }

    /// How many statements from the first on are one use of a block, again and again.
    fn turns(&self, items: &[Item]) -> usize {
        let first = &items[0];
        let is_named = self.names.contains_key(&first.units[1]);
        if matches!(first.callee, Callee::Layer(_)) || first.from.is_some() || first.is_taken {
            return 1;
        }
        let is_alike = |item: &&Item| {
            item.is_same_block(first)
                && item.values == first.values
                && self.names.contains_key(&item.units[1]) == is_named
                && item.from.is_none()
                && !item.is_taken
        };
        let turns = 1 + items[1..].iter().take_while(is_alike).count();
        // names are kept, but in a long row
        if is_named && turns < MANY { 1 } else { turns }
    }

    /// Uses of a block in a row. What they are called in the file is said behind.
    fn repeat(&mut self, items: &'b [Item], depth: usize) {
        self.indent(depth);
        let name = |item: &Item| self.names.get(&item.units[1]).cloned();
        let ends = name(&items[0]).zip(name(&items[items.len() - 1]));
        let call = self.call(&items[0]);
        let stage = ends.as_ref().and_then(|(first, last)| self.stage(first, last));
        if let Some(stage) = &stage {
            let _ = write!(self.text, "{stage} = ");
        }
        let _ = write!(self.text, "repeat {} {{ {call} }}", items.len());
        if let Some((first, last)) = ends {
            let _ = write!(self.text, "  // {first} to {last}");
        }
        self.text.push('\n');
    }

    /// What names of a row begin with, where that is a free name.
    fn stage(&self, first: &str, last: &str) -> Option<String> {
        let length = first.bytes().zip(last.bytes()).take_while(|(first, last)| first == last).count();
        let stage = first.get(..length)?.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_');
        let begins = |name: &String| *name == stage || name.starts_with(&format!("{stage}."));
        let is_free = !self.names.values().any(begins) && mended(stage) == stage;
        (is_free && stage.len() > 1 && !stage.contains('.')).then(|| stage.to_owned())
    }

    /// Whether a person would leave a line empty between two statements: pictures become smaller or larger.
    fn begins_a_part(&self, items: &[Item], at: usize) -> bool {
        let is_pad = |item: &&Item| self.keyword(item) == "zero_pad2d";
        let size = |item: &Item| {
            self.graph.units[item.units[1]].shape.as_image().map(|(height, width, _)| [height, width])
        };
        let Some(before) = at.checked_sub(1).map(|before| &items[before]) else { return false };
        // zeros around belong to what follows them
        let Some(item) = items[at..].iter().find(|item| !is_pad(item)) else { return false };
        let is_pool = |item: &Item| matches!(self.keyword(item), "max_pool2d" | "avg_pool2d");
        if at < 2 || is_pad(&before) || is_pool(item) || size(before).is_none() {
            return false;
        }
        let is_large = item.units[0] != item.units[1];
        is_pool(before) || size(item).is_none() || (size(item) != size(before) && is_large)
    }

    fn indent(&mut self, depth: usize) {
        self.text.push_str(&"    ".repeat(depth));
    }

    fn statement(&mut self, item: &'b Item, depth: usize) {
        if let Some(from) = item.from {
            self.indent(depth);
            let name = self.name_of(from);
            let _ = writeln!(self.text, "from {name}");
        }
        self.indent(depth);
        self.name_before(item);
        let call = self.call(item);
        self.text.push_str(&call);
        if item.branches.is_empty() {
            self.remark(item);
            self.text.push('\n');
            return;
        }
        self.text.push_str(" {\n");
        item.branches.iter().for_each(|branch| self.branch(branch, depth + 1));
        self.indent(depth);
        self.text.push_str("}\n");
    }

    fn name_before(&mut self, item: &Item) {
        if let Some(name) = self.names.get(&item.units[1]) {
            let _ = write!(self.text, "{name} = ");
        }
    }

    fn name_of(&self, unit: usize) -> String {
        self.names.get(&unit).cloned().unwrap_or_default()
    }

    /// What the file calls it, where its name here does not tell.
    fn remark(&mut self, item: &Item) {
        let name = self.names.get(&item.units[1]);
        let is_mended = name.is_some_and(|name| {
            !item.name.is_empty() && *name != item.name.trim_matches('/').replace('/', ".")
        });
        if is_mended && self.is_main {
            let _ = write!(self.text, "  // {}", comment(&item.name));
        } else if name.is_none() && matches!(item.callee, Callee::Block(_)) && self.is_main {
            let _ = write!(self.text, "  // {}", origins(self.graph, item));
        }
    }

    fn branch(&mut self, branch: &'b Branch, depth: usize) {
        self.indent(depth);
        let condition = branch.condition.and_then(|at| self.parameters.get(at));
        let head = condition.map_or("branch".to_owned(), |parameter| format!("branch if {}", parameter.name));
        match &branch.items[..] {
            [] => {
                let _ = write!(self.text, "{head} {{ }}");
            }
            [one] if one.branches.is_empty() => {
                let _ = write!(self.text, "{head} {{ ");
                self.name_before(one);
                let call = self.call(one);
                let _ = write!(self.text, "{call} }}");
            }
            items => {
                let _ = writeln!(self.text, "{head} {{");
                self.statements(items, depth + 1, false);
                self.indent(depth);
                self.text.push('}');
            }
        }
        self.text.push_str(if condition.is_some() { " else { }\n" } else { "\n" });
    }

    /// `conv2d(64, 3, padding: same)`
    fn call(&self, item: &Item) -> String {
        let mut arguments: Vec<String> = item.operands.iter().map(|&unit| self.name_of(unit)).collect();
        let mut is_in_order = true;
        for (at, value) in item.values.iter().enumerate() {
            let Some(value) = value else {
                is_in_order = false;
                continue;
            };
            let value = self.value(value);
            let (name, is_plain) = match item.callee {
                Callee::Layer(kind) => (kind.options[at].name, is_positional(kind, at)),
                Callee::Block(block) => {
                    let parameter = &self.bodies.blocks[block].parameters[at];
                    (parameter.name.as_str(), parameter.default.is_none() && parameter.is_count)
                }
            };
            is_in_order &= is_plain;
            arguments.push(if is_in_order { value } else { format!("{name}: {value}") });
        }
        let keyword = self.keyword(item);
        if arguments.is_empty() { keyword.to_owned() } else { format!("{keyword}({})", arguments.join(", ")) }
    }

    fn value(&self, value: &Value) -> String {
        match value {
            Value::Plain(text) => text.clone(),
            Value::Parameter { at, factor } => {
                let name = self.parameters.get(*at).map_or("", |parameter| parameter.name.as_str());
                if *factor == 1 { name.to_owned() } else { format!("{factor} * {name}") }
            }
        }
    }
}

/// Whether people write an option without its name.
fn is_positional(kind: &KindInfo, at: usize) -> bool {
    let option = &kind.options[at];
    let is_size =
        |ty: OptionType| matches!(ty, OptionType::Int { .. } | OptionType::Extents | OptionType::Margins);
    match option.default {
        None => !matches!(option.ty, OptionType::Numbers) || kind.options.len() == 1,
        Some(_) => at == 0 && is_size(option.ty),
    }
}

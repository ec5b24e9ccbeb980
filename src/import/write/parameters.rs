//! What differs between the uses of a block becomes its parameters.

use super::graph::is_same;
use super::item::{Block, Callee, Item, Parameter, Value};

/// Most parameters of a block.
pub(super) const MOST: usize = 8;
/// Largest factor: `4 * filters`.
const LARGEST_FACTOR: u64 = 8;

/// The statements of a use by their places in the block; `None` for those of a branch that it lacks.
pub(super) type Use<'i> = Vec<Option<&'i Item>>;

/// The parameters of a block, and how it uses them.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) parameters: Vec<Parameter>,
    /// For each statement of the block the values of its options.
    pub(super) values: Vec<Vec<Option<Value>>>,
    /// For each use a value for each parameter; `None` where it has its default.
    pub(super) arguments: Vec<Vec<Option<Value>>>,
}

/// Options that differ alike.
struct Class {
    option: String,
    /// For each use; `None` where it has no such statement.
    values: Vec<Option<Value>>,
    /// What the option itself has where nothing is written.
    default: Option<String>,
    /// (statement, option, factor)
    places: Vec<(usize, usize, u64)>,
    /// What its first statement is called, and its option there.
    of: [String; 2],
}

/// The plan of a block with these uses; `None` where they differ in too much. `model` has all statements;
/// `within` are their names.
pub(super) fn plan(blocks: &[Block], model: &[&Item], uses: &[Use<'_>], within: &[String]) -> Option<Plan> {
    let mut values: Vec<Vec<Option<Value>>> = Vec::with_capacity(model.len());
    let mut classes: Vec<Class> = Vec::new();
    for (at, item) in model.iter().enumerate() {
        let mut own = Vec::with_capacity(item.values.len());
        for option in 0..item.values.len() {
            let mut written = uses.iter().filter_map(|of| of[at]).map(|item| &item.values[option]);
            let first = written.next().unwrap_or(&None);
            let is_bound = matches!(first, Some(Value::Parameter { .. }));
            if !is_bound && written.all(|other| other == first) {
                own.push(first.clone());
                continue;
            }
            let (name, default) = option_of(blocks, item, option);
            let column: Vec<Option<Value>> =
                uses.iter().map(|of| of[at].and_then(|item| effective(blocks, item, option))).collect();
            let place = (at, option, 1);
            let of = [within.get(at).cloned().unwrap_or_default(), own_name(blocks, item, option)];
            if !classes.iter_mut().any(|class| class.takes(&name, &column, place, &of)) {
                let default = default.filter(|default| !is_name_of_option(item, default));
                classes.push(Class { option: name, values: column, default, places: vec![place], of });
                if classes.len() > MOST {
                    return None;
                }
            }
            own.push(None);
        }
        values.push(own);
    }
    follow(&mut classes, blocks, (model, uses), &values);
    Some(finished(classes, values, uses.len()))
}

/// What only some uses have, with the same value in all of them, follows a parameter that agrees with it there:
/// the stride of a projection is that of its block.
fn follow(
    classes: &mut [Class],
    blocks: &[Block],
    (model, uses): (&[&Item], &[Use<'_>]),
    values: &[Vec<Option<Value>>],
) {
    for (at, item) in model.iter().enumerate() {
        if uses.iter().all(|of| of[at].is_some()) {
            continue;
        }
        for (option, value) in values[at].iter().enumerate() {
            let is_plain = matches!(value, Some(Value::Plain(_)));
            let is_bound = classes
                .iter()
                .any(|class| class.places.iter().any(|place| place.0 == at && place.1 == option));
            if !is_plain || is_bound {
                continue;
            }
            let name = option_of(blocks, item, option).0;
            let column: Vec<Option<Value>> =
                uses.iter().map(|of| of[at].and_then(|item| effective(blocks, item, option))).collect();
            let agrees = |class: &&mut Class| {
                let mut both = class
                    .values
                    .iter()
                    .zip(&column)
                    .filter_map(|(own, other)| own.as_ref().zip(other.as_ref()));
                class.option == name && both.all(|(own, other)| own == other)
            };
            if let Some(class) = classes.iter_mut().find(agrees) {
                class.places.push((at, option, 1));
            }
        }
    }
}

/// Gives parameters their names and defaults, those without a default first.
fn finished(classes: Vec<Class>, mut values: Vec<Vec<Option<Value>>>, uses: usize) -> Plan {
    let defaults: Vec<Option<String>> = classes.iter().map(Class::usual).collect();
    let mut order: Vec<usize> = (0..classes.len()).collect();
    order.sort_by_key(|&at| defaults[at].is_some());
    let mut parameters: Vec<Parameter> = Vec::new();
    let mut arguments = vec![Vec::new(); uses];
    for (place, &at) in order.iter().enumerate() {
        let class = &classes[at];
        let is_only = classes.iter().filter(|other| other.option == class.option).count() == 1;
        let name = free(if is_only { class.option.clone() } else { class.long_name() }, &parameters);
        for &(item, option, factor) in &class.places {
            values[item][option] = Some(Value::Parameter { at: place, factor });
        }
        for (of, value) in class.values.iter().enumerate() {
            let is_default = match (value, &defaults[at]) {
                (Some(Value::Plain(value)), Some(default)) => is_same(value, default),
                (Some(_), _) => false,
                (None, _) => true,
            };
            arguments[of].push(value.clone().filter(|_| !is_default));
        }
        let is_count = class.option == "filters";
        parameters.push(Parameter { name, default: defaults[at].clone(), is_count });
    }
    Plan { parameters, values, arguments }
}

fn free(name: String, taken: &[Parameter]) -> String {
    let is_taken = |name: &str| taken.iter().any(|parameter| parameter.name == name);
    if !is_taken(&name) {
        return name;
    }
    let numbered = (2..).map(|count| format!("{name}{count}"));
    numbered.take(MOST + 1).find(|name| !is_taken(name)).unwrap_or(name)
}

impl Class {
    /// Takes a column in that is the same, or a multiple of it, in all uses that have both.
    fn takes(
        &mut self,
        option: &str,
        column: &[Option<Value>],
        place: (usize, usize, u64),
        of: &[String; 2],
    ) -> bool {
        if self.option != option {
            return false;
        }
        let both =
            || self.values.iter().zip(column).filter_map(|(own, other)| own.as_ref().zip(other.as_ref()));
        if both().next().is_none() {
            return false;
        }
        if both().all(|(own, other)| own == other) {
            self.places.push(place);
            for (own, other) in self.values.iter_mut().zip(column) {
                if own.is_none() {
                    own.clone_from(other);
                }
            }
            return true;
        }
        if option != "filters" {
            return false;
        }
        let factor = |pairs: Vec<(&Value, &Value)>| {
            let mut factors = pairs.into_iter().map(|(small, large)| times(small, large));
            let first = factors.next().flatten()?;
            factors.all(|other| other == Some(first)).then_some(first)
        };
        let knows_all = |values: &[Option<Value>], of: &[Option<Value>]| {
            values.iter().zip(of).all(|(own, other)| own.is_some() || other.is_none())
        };
        if let Some(factor) = factor(both().collect()).filter(|_| knows_all(&self.values, column)) {
            self.places.push((place.0, place.1, factor));
            return true;
        }
        let turned = both().map(|(own, other)| (other, own)).collect();
        if let Some(factor) = factor(turned).filter(|_| knows_all(column, &self.values)) {
            self.places.iter_mut().for_each(|place| place.2 *= factor);
            self.of = of.clone();
            self.places.push(place);
            self.values = column.to_vec();
            return true;
        }
        false
    }

    /// The default that the parameter gets: the option's, or what most uses have.
    fn usual(&self) -> Option<String> {
        let plain = || {
            self.values.iter().flatten().filter_map(|value| match value {
                Value::Plain(text) => Some(text),
                Value::Parameter { .. } => None,
            })
        };
        if let Some(default) = &self.default
            && plain().any(|text| is_same(text, default))
        {
            return Some(default.clone());
        }
        let lacks = self.values.iter().any(Option::is_none);
        if self.option == "filters" && !lacks {
            return None;
        }
        let count = |text: &String| plain().filter(|other| *other == text).count();
        let most = plain().max_by_key(|text| count(text))?;
        (lacks || 2 * count(most) > self.values.len()).then(|| most.clone())
    }

    /// `squeeze_filters`
    fn long_name(&self) -> String {
        let [of, option] = &self.of;
        if *option != self.option && option != "units" {
            return option.clone();
        }
        let of = super::words::mended(of).replace('.', "_");
        let of = of.strip_suffix("_conv").unwrap_or(&of);
        if of.is_empty() || of.len() > 16 { self.option.clone() } else { format!("{of}_{}", self.option) }
    }
}

/// How many times as large a number is.
fn times(small: &Value, large: &Value) -> Option<u64> {
    let number = |text: &str| text.parse::<u64>().ok().filter(|number| *number > 0);
    let (small, large) = match (small, large) {
        (Value::Plain(small), Value::Plain(large)) => (number(small)?, number(large)?),
        (Value::Parameter { at, factor }, Value::Parameter { at: other, factor: larger }) if at == other => {
            (*factor, *larger)
        }
        (Value::Plain(_) | Value::Parameter { .. }, Value::Plain(_) | Value::Parameter { .. }) => {
            return None;
        }
    };
    (large.is_multiple_of(small) && (2..=LARGEST_FACTOR).contains(&(large / small))).then(|| large / small)
}

/// An option's name, numbers of channels under one, and its default.
fn option_of(blocks: &[Block], item: &Item, option: usize) -> (String, Option<String>) {
    let (name, default) = match item.callee {
        Callee::Layer(kind) => {
            let option = &kind.options[option];
            (option.name, option.default.map(str::to_owned))
        }
        Callee::Block(block) => {
            let parameter = &blocks[block].parameters[option];
            (parameter.name.trim_end_matches(|c: char| c.is_ascii_digit()), parameter.default.clone())
        }
    };
    let is_count = matches!(name, "filters" | "units") || name.ends_with("_filters");
    (if is_count { "filters".to_owned() } else { name.to_owned() }, default)
}

/// An option's name, or a parameter's.
fn own_name(blocks: &[Block], item: &Item, option: usize) -> String {
    match item.callee {
        Callee::Layer(kind) => kind.options[option].name.to_owned(),
        Callee::Block(block) => blocks[block].parameters[option].name.clone(),
    }
}

/// `stride`, whose default is `pool_size`.
fn is_name_of_option(item: &Item, default: &str) -> bool {
    match item.callee {
        Callee::Layer(kind) => kind.options.iter().any(|option| option.name == default),
        Callee::Block(_) => false,
    }
}

/// The value that counts where nothing is written, too.
fn effective(blocks: &[Block], item: &Item, option: usize) -> Option<Value> {
    if let Some(value) = &item.values[option] {
        return Some(value.clone());
    }
    let default = match item.callee {
        Callee::Layer(kind) => {
            let default = kind.options[option].default?;
            if let Some(other) = kind.options.iter().position(|other| other.name == default) {
                return effective(blocks, item, other);
            }
            default.to_owned()
        }
        Callee::Block(block) => blocks[block].parameters[option].default.clone()?,
    };
    Some(Value::Plain(default))
}

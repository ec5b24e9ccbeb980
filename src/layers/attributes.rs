//! Attributes of a layer, typed.

use super::{Activation, Filter, Initializer, OptionSpec, OptionValue, Regularizer};
use crate::tensor::Padding;

/// One value for each option of a kind's table, defaults filled in.
///
/// The getters expect a name of the table with the type it has there: the table stands beside the code that asks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attributes {
    values: Vec<(&'static str, OptionValue)>,
}

impl Attributes {
    /// Attributes by a table. `written` gives what the user wrote of an option.
    /// # Errors
    /// The first option that is not written and has no default.
    pub fn new(
        options: &'static [OptionSpec],
        mut written: impl FnMut(&OptionSpec) -> Option<OptionValue>,
    ) -> Result<Self, &'static OptionSpec> {
        let mut attributes = Attributes { values: Vec::with_capacity(options.len()) };
        for option in options {
            let value = match (written(option), option.default) {
                (Some(value), _) => value,
                (None, Some(default)) => match option.ty.default_value(default) {
                    Some(value) => value,
                    None => attributes.value(default).clone(),
                },
                (None, None) => return Err(option),
            };
            attributes.values.push((option.name, value));
        }
        Ok(attributes)
    }

    /// All of them, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &OptionValue)> {
        self.values.iter().map(|(name, value)| (*name, value))
    }

    fn value(&self, name: &str) -> &OptionValue {
        let found = self.values.iter().find(|(known, _)| *known == name);
        &found.expect("an option that the kind's table names").1
    }

    /// A whole number.
    pub fn int(&self, name: &str) -> usize {
        let OptionValue::Int(value) = *self.value(name) else { panic!("`{name}` is no whole number in its table") };
        value
    }

    /// A number.
    pub fn float(&self, name: &str) -> f32 {
        let OptionValue::Float(value) = *self.value(name) else { panic!("`{name}` is no number in its table") };
        value
    }

    /// `[vertical, horizontal]`
    pub fn extents(&self, name: &str) -> [usize; 2] {
        let OptionValue::Extents(value) = *self.value(name) else { panic!("`{name}` has no extents in its table") };
        value
    }

    /// `[top, bottom, left, right]`
    pub fn margins(&self, name: &str) -> [usize; 4] {
        let OptionValue::Margins(value) = *self.value(name) else { panic!("`{name}` has no margins in its table") };
        value
    }

    /// Padding.
    pub fn padding(&self, name: &str) -> Padding {
        let OptionValue::Padding(value) = *self.value(name) else { panic!("`{name}` is no padding in its table") };
        value
    }

    /// An activation.
    pub fn activation(&self, name: &str) -> Activation {
        let OptionValue::Activation(value) = *self.value(name) else {
            panic!("`{name}` is no activation in its table")
        };
        value
    }

    /// An initializer.
    pub fn initializer(&self, name: &str) -> Initializer {
        let OptionValue::Initializer(value) = *self.value(name) else {
            panic!("`{name}` is no initializer in its table")
        };
        value
    }

    /// A regularizer, where there is one.
    pub fn regularizer(&self, name: &str) -> Option<Regularizer> {
        if let OptionValue::Regularizer(value) = *self.value(name) { Some(value) } else { None }
    }

    /// A truth value.
    pub fn bool(&self, name: &str) -> bool {
        let OptionValue::Bool(value) = *self.value(name) else { panic!("`{name}` is no truth value in its table") };
        value
    }

    /// `[vertical, horizontal]`, where they are given.
    pub fn margin(&self, name: &str) -> Option<[usize; 2]> {
        if let OptionValue::Extents(value) = *self.value(name) { Some(value) } else { None }
    }

    /// One of the option's words.
    pub fn choice(&self, name: &str) -> &'static str {
        let OptionValue::Choice(value) = *self.value(name) else { panic!("`{name}` is no choice in its table") };
        value
    }

    /// Lower and upper end.
    pub fn range(&self, name: &str) -> [f32; 2] {
        self.optional_range(name).unwrap_or_else(|| panic!("`{name}` is no range in its table"))
    }

    /// Lower and upper end, where they are given.
    pub fn optional_range(&self, name: &str) -> Option<[f32; 2]> {
        if let OptionValue::Range(value) = *self.value(name) { Some(value) } else { None }
    }

    /// Numbers.
    pub fn numbers(&self, name: &str) -> &[f32] {
        let OptionValue::Numbers(value) = self.value(name) else { panic!("`{name}` are no numbers in its table") };
        value
    }

    /// A filter.
    pub fn filter(&self, name: &str) -> &Filter {
        let OptionValue::Filter(value) = self.value(name) else { panic!("`{name}` is no filter in its table") };
        value
    }

    /// A shape's extents.
    pub fn shape(&self, name: &str) -> &[usize] {
        let OptionValue::Shape(value) = self.value(name) else { panic!("`{name}` is no shape in its table") };
        value
    }
}

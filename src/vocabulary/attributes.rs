//! Attributes of a word, typed.

use super::{
    Activation, Choices, Filter, Initializer, LayerId, Monitor, OptionSpec, OptionValue, Regularizer,
};
use crate::source::{Span, Spanned};
use crate::tensor::Padding;

/// One value for each option of a word, defaults filled in.
///
/// The getters expect a name of the table with the type it has there: the table stands beside the code that
/// asks.
#[derive(Debug, Clone, Default)]
pub struct Attributes {
    values: Vec<(&'static str, OptionValue)>,
    /// Where each option that is written stands.
    places: Vec<(&'static str, Span)>,
    /// The word, and where it stands.
    word: (&'static str, Span),
}

/// Where they are written is no part of what they are.
impl PartialEq for Attributes {
    fn eq(&self, other: &Self) -> bool {
        self.values == other.values
    }
}

impl Attributes {
    /// Attributes by a table. `written` gives what the user wrote of an option.
    /// # Errors
    /// The first option that is not written and has no default.
    pub fn new(
        options: &'static [OptionSpec],
        mut written: impl FnMut(&OptionSpec) -> Option<OptionValue>,
    ) -> Result<Self, &'static OptionSpec> {
        let mut attributes =
            Attributes { values: Vec::with_capacity(options.len()), ..Attributes::default() };
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

    /// With the word they belong to, and the places of the options that are written.
    #[must_use]
    pub fn placed(self, word: (&'static str, Span), places: Vec<(&'static str, Span)>) -> Self {
        Self { word, places, ..self }
    }

    /// The word that they belong to, where they were read for one.
    pub fn word(&self) -> &'static str {
        self.word.0
    }

    /// Where the value of an option stands, if it is written.
    pub fn written_at(&self, name: &str) -> Option<Span> {
        self.places.iter().find(|(known, _)| *known == name).map(|(_, place)| *place)
    }

    /// All options that are written, with the places of their values.
    pub fn places(&self) -> &[(&'static str, Span)] {
        &self.places
    }

    /// Where the value of an option stands; the word where it is not written.
    fn place(&self, name: &str) -> Span {
        self.written_at(name).unwrap_or(self.word.1)
    }

    /// All of them, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &OptionValue)> {
        self.values.iter().map(|(name, value)| (*name, value))
    }

    fn value(&self, name: &str) -> &OptionValue {
        let found = self.values.iter().find(|(known, _)| *known == name);
        &found.expect("an option that the word's table names").1
    }

    /// A whole number.
    pub fn int(&self, name: &str) -> usize {
        let OptionValue::Int(value) = *self.value(name) else {
            panic!("`{name}` is no whole number in its table")
        };
        value
    }

    /// A number.
    pub fn float(&self, name: &str) -> f32 {
        let OptionValue::Float(value) = *self.value(name) else {
            panic!("`{name}` is no number in its table")
        };
        value
    }

    /// `[vertical, horizontal]`
    pub fn extents(&self, name: &str) -> [usize; 2] {
        let OptionValue::Extents(value) = *self.value(name) else {
            panic!("`{name}` has no extents in its table")
        };
        value
    }

    /// `[top, bottom, left, right]`
    pub fn margins(&self, name: &str) -> [usize; 4] {
        let OptionValue::Margins(value) = *self.value(name) else {
            panic!("`{name}` has no margins in its table")
        };
        value
    }

    /// Padding.
    pub fn padding(&self, name: &str) -> Padding {
        let OptionValue::Padding(value) = *self.value(name) else {
            panic!("`{name}` is no padding in its table")
        };
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

    /// A whole number, with its place.
    pub fn spanned_int(&self, name: &str) -> Spanned<usize> {
        Spanned::new(self.int(name), self.place(name))
    }

    /// A number, where it is given.
    pub fn optional_float(&self, name: &str) -> Option<f32> {
        if let OptionValue::Float(value) = *self.value(name) { Some(value) } else { None }
    }

    /// A number, with its place, where it is given.
    pub fn optional_spanned_float(&self, name: &str) -> Option<Spanned<f32>> {
        self.optional_float(name).map(|value| Spanned::new(value, self.place(name)))
    }

    /// A truth value, where it is given.
    pub fn optional_bool(&self, name: &str) -> Option<bool> {
        if let OptionValue::Bool(value) = *self.value(name) { Some(value) } else { None }
    }

    /// A truth value, with its place, where it is given.
    pub fn optional_spanned_bool(&self, name: &str) -> Option<Spanned<bool>> {
        self.optional_bool(name).map(|value| Spanned::new(value, self.place(name)))
    }

    /// The value of one of the option's words, with its place, where it is given.
    pub fn optional_one_of<T: Choices>(&self, name: &str) -> Option<Spanned<T>> {
        let OptionValue::Choice(word) = *self.value(name) else { return None };
        T::from_name(word).map(|value| Spanned::new(value, self.place(name)))
    }

    /// The same with another value of one option.
    #[must_use]
    pub fn with(mut self, name: &str, value: OptionValue) -> Self {
        if let Some((_, known)) = self.values.iter_mut().find(|(known, _)| *known == name) {
            *known = value;
        }
        self
    }

    /// A truth value.
    pub fn bool(&self, name: &str) -> bool {
        let OptionValue::Bool(value) = *self.value(name) else {
            panic!("`{name}` is no truth value in its table")
        };
        value
    }

    /// `[vertical, horizontal]`, where they are given.
    pub fn margin(&self, name: &str) -> Option<[usize; 2]> {
        if let OptionValue::Extents(value) = *self.value(name) { Some(value) } else { None }
    }

    /// One of the option's words.
    pub fn choice(&self, name: &str) -> &'static str {
        let OptionValue::Choice(value) = *self.value(name) else {
            panic!("`{name}` is no choice in its table")
        };
        value
    }

    /// Lower and upper end.
    pub fn range(&self, name: &str) -> [f32; 2] {
        self.optional_range(name).unwrap_or_else(|| panic!("`{name}` is no range in its table"))
    }

    /// Lower and upper end, where they are given.
    pub fn optional_range(&self, name: &str) -> Option<[f32; 2]> {
        if let OptionValue::Range(value) | OptionValue::AngleRange(value) = *self.value(name) {
            Some(value)
        } else {
            None
        }
    }

    /// An angle in degrees.
    pub fn angle(&self, name: &str) -> f32 {
        let OptionValue::Angle(value) = *self.value(name) else {
            panic!("`{name}` is no angle in its table")
        };
        value
    }

    /// A number of epochs, with its place.
    pub fn epochs(&self, name: &str) -> Spanned<f64> {
        self.optional_epochs(name).unwrap_or_else(|| panic!("`{name}` is no duration in its table"))
    }

    /// A number of epochs, where it is given.
    pub fn optional_epochs(&self, name: &str) -> Option<Spanned<f64>> {
        let OptionValue::Epochs(value) = *self.value(name) else { return None };
        Some(Spanned::new(value, self.place(name)))
    }

    /// Numbers of epochs.
    pub fn epoch_list(&self, name: &str) -> Vec<Spanned<f64>> {
        let OptionValue::EpochList(value) = self.value(name) else {
            panic!("`{name}` is no list in its table")
        };
        value.clone()
    }

    /// A time in seconds.
    pub fn seconds(&self, name: &str) -> f64 {
        let OptionValue::Seconds(value) = *self.value(name) else {
            panic!("`{name}` is no time in its table")
        };
        value
    }

    /// A text, with its place.
    pub fn text(&self, name: &str) -> Spanned<String> {
        self.optional_text(name).unwrap_or_else(|| panic!("`{name}` is no text in its table"))
    }

    /// A text, where it is given.
    pub fn optional_text(&self, name: &str) -> Option<Spanned<String>> {
        let OptionValue::Text(value) = self.value(name) else { return None };
        Some(Spanned::new(value.clone(), self.place(name)))
    }

    /// A column.
    pub fn column(&self, name: &str) -> Spanned<String> {
        self.optional_column(name).unwrap_or_else(|| panic!("`{name}` is no column in its table"))
    }

    /// A column, where it is given.
    pub fn optional_column(&self, name: &str) -> Option<Spanned<String>> {
        if let OptionValue::Column(value) = self.value(name) { Some(value.clone()) } else { None }
    }

    /// Columns.
    pub fn columns(&self, name: &str) -> Vec<Spanned<String>> {
        let OptionValue::Columns(value) = self.value(name) else {
            panic!("`{name}` are no columns in its table")
        };
        value.clone()
    }

    /// What is watched, with its place.
    pub fn monitor(&self, name: &str) -> Spanned<Monitor> {
        let OptionValue::Monitor(value) = *self.value(name) else {
            panic!("`{name}` is no monitor in its table")
        };
        Spanned::new(value, self.place(name))
    }

    /// The name of a layer, where the word takes one.
    pub fn layer_name(&self, name: &str) -> Option<&str> {
        let (_, value) = self.values.iter().find(|(known, _)| *known == name)?;
        if let OptionValue::Layer(path, _) = value { Some(path) } else { None }
    }

    /// A layer, where one is named and could be found.
    pub fn layer(&self, name: &str) -> Option<Spanned<LayerId>> {
        if matches!(self.value(name), OptionValue::None) {
            return None;
        }
        let OptionValue::Layer(_, value) = self.value(name) else {
            panic!("`{name}` is no layer in its table")
        };
        value.map(|layer| Spanned::new(layer, self.place(name)))
    }

    /// The value of one of the option's words.
    pub fn one_of<T: Choices>(&self, name: &str) -> T {
        T::from_name(self.choice(name)).unwrap_or_else(|| panic!("`{name}` has other words in its table"))
    }

    /// Numbers.
    pub fn numbers(&self, name: &str) -> &[f32] {
        let OptionValue::Numbers(value) = self.value(name) else {
            panic!("`{name}` are no numbers in its table")
        };
        value
    }

    /// A filter.
    pub fn filter(&self, name: &str) -> &Filter {
        let OptionValue::Filter(value) = self.value(name) else {
            panic!("`{name}` is no filter in its table")
        };
        value
    }

    /// A shape's extents.
    pub fn shape(&self, name: &str) -> &[usize] {
        let OptionValue::Shape(value) = self.value(name) else { panic!("`{name}` is no shape in its table") };
        value
    }
}

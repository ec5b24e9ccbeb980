//! Words of the vocabulary: `adam`, `adam(lr: 0.001)`.

use super::Cx;
use super::arguments::Arguments;
use super::constant::Value;
use super::section::Merged;
use crate::ast::{Argument, Expr, ExprKind, Name};
use crate::source::{Span, Spanned};
use crate::vocabulary::{Attributes, OptionSpec, OptionType, OptionValue, SectionInfo, Word, Words};

impl Cx {
    /// A word of a table and its attributes. `what` is what it is wanted for.
    pub(super) fn word_of<T: Words>(&mut self, what: &str, expr: &Expr) -> Option<(T, Attributes)> {
        // words win over constants of their names
        if let ExprKind::Name(word) = &expr.kind
            && T::row(word).is_some()
        {
            return self.call_of(what, &Spanned::new(word.clone(), expr.span), &[], expr.span);
        }
        match self.value(expr)? {
            Value::Call(callee, arguments) => self.call_of(what, &callee, &arguments, expr.span),
            Value::Word(word) => self.call_of(what, &Spanned::new(word, expr.span), &[], expr.span),
            Value::Text(text) => {
                let words: Vec<&str> = T::keywords().collect();
                self.quoted_word(what, T::EXPECTED, (&text, expr.span), &words);
                None
            }
            other => {
                self.wrong_type(what, T::EXPECTED, &other, expr.span);
                None
            }
        }
    }

    /// [`Cx::word_of`] for a word that stands by itself, such as a callback.
    pub(super) fn call_of<T: Words>(
        &mut self,
        what: &str,
        callee: &Name,
        arguments: &[Argument],
        span: Span,
    ) -> Option<(T, Attributes)> {
        let Some(row) = T::row(&callee.value) else {
            let known: Vec<&str> = T::keywords().collect();
            self.wrong_choice(what, &callee.value, &known, callee.span);
            return None;
        };
        let first = T::FIRST_IS_WORD.then_some(row.word.keyword);
        let attributes = self.attributes(&row.word, first, callee, arguments, span)?;
        Some((row.make(&attributes), attributes))
    }

    /// The arguments of a word by its options; `None` where one of them is wrong, which has been reported.
    /// What is wrong of the first is said of `first`, if that is given.
    pub(super) fn attributes(
        &mut self,
        word: &Word,
        first: Option<&str>,
        callee: &Name,
        arguments: &[Argument],
        span: Span,
    ) -> Option<Attributes> {
        let names: Vec<&'static str> = word.options.iter().map(|option| option.name).collect();
        let before = self.problems.reported();
        let mut bound = self.bind(callee, arguments, span, &names, &[]);
        bound.example = word.example;
        if bound.too_many {
            return None;
        }
        let (values, places) = self.bound_values(word.options, first, &bound);
        if self.problems.reported() != before {
            return None;
        }
        let mut values = values.into_iter();
        let attributes = Attributes::new(word.options, |_| values.next().flatten()).ok()?;
        Some(attributes.placed((word.keyword, callee.span), places))
    }

    /// The value of each option that is written, and where it stands. Reports those that must be written and
    /// are not.
    pub(super) fn bound_values(
        &mut self,
        options: &'static [OptionSpec],
        first: Option<&str>,
        bound: &Arguments,
    ) -> (Vec<Option<OptionValue>>, Vec<(&'static str, Span)>) {
        let mut values = Vec::with_capacity(options.len());
        let mut places = Vec::new();
        for (at, option) in options.iter().enumerate() {
            let written = bound.get(option.name);
            match written {
                Some(expr) => places.push((option.name, expr.span)),
                None if option.default.is_none() => self.missing(bound, option.name),
                None => {}
            }
            let what = first.filter(|_| at == 0).unwrap_or(option.name);
            values.push(written.and_then(|expr| self.option(what, option, expr)));
        }
        (values, places)
    }

    /// Takes the settings of a section that are plain values; the others are left to those who know them. One
    /// that is not written, or wrong, has its default.
    pub(super) fn settings(&mut self, section: &mut Merged, info: &'static SectionInfo) -> Attributes {
        let mut places = Vec::new();
        let mut read = |option: &OptionSpec| {
            let expr = if is_plain(option.ty) { section.take(option.name) } else { None };
            let value = expr.as_ref().and_then(|expr| self.option(option.name, option, expr));
            if let (Some(_), Some(expr)) = (&value, &expr) {
                places.extend(info.setting(option.name).map(|setting| (setting.name, expr.span)));
            }
            // what is no plain value has none here
            value.or((!is_plain(option.ty)).then_some(OptionValue::None))
        };
        let attributes = Attributes::new(info.settings, &mut read).unwrap_or_default();
        attributes.placed((info.keyword, Span::default()), places)
    }
}

/// Whether a setting's value says all by itself.
fn is_plain(ty: OptionType) -> bool {
    match ty {
        OptionType::Word(_)
        | OptionType::Words(_)
        | OptionType::Monitor
        | OptionType::Split
        | OptionType::Grouping
        | OptionType::Classes
        | OptionType::ClassWeight
        | OptionType::Mirror
        | OptionType::Targets
        | OptionType::Factors
        | OptionType::Models => false,
        OptionType::Int { .. }
        | OptionType::Within { .. }
        | OptionType::Float
        | OptionType::Positive
        | OptionType::NonNegative
        | OptionType::Share
        | OptionType::Rate
        | OptionType::Extents
        | OptionType::Padding
        | OptionType::Margins
        | OptionType::Activation
        | OptionType::Initializer
        | OptionType::Regularizer
        | OptionType::Bool
        | OptionType::Shape
        | OptionType::Target
        | OptionType::Margin
        | OptionType::Choice(_)
        | OptionType::Range { .. }
        | OptionType::Interval
        | OptionType::Numbers
        | OptionType::Filter
        | OptionType::AtLeastOne
        | OptionType::LearningRate
        | OptionType::LearningRates
        | OptionType::Angle
        | OptionType::Size
        | OptionType::Epochs
        | OptionType::EpochList
        | OptionType::Duration
        | OptionType::Text
        | OptionType::Column
        | OptionType::Columns
        | OptionType::Layer
        | OptionType::PerChannel { .. } => true,
    }
}

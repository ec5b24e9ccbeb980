//! Options of layers: expressions to the types of the option table.

use super::Cx;
use super::arguments::input_written;
use super::constant::Value;
use super::quotes::size_of;
use crate::ast::{Dim, Expr, ExprKind, Step};
use crate::diag::{Code, Diagnostic};
use crate::layers::{KindInfo, Layer};
use crate::source::Span;
use crate::tensor::Padding;
use crate::vocabulary::{Activation, Attributes, MOST, NONE, OptionSpec, OptionType, OptionValue, WIDEST};

use super::{elsewhere, names};

/// A layer's attributes, and where each option was written.
pub(super) struct WrittenLayer {
    pub(super) layer: Layer,
    pub(super) attributes: Attributes,
    pub(super) options: Vec<(&'static str, Span)>,
}

impl Cx {
    /// The layer of a step whose kind is known; `None` where an attribute is wrong, which has been reported.
    pub(super) fn layer(&mut self, kind: &'static KindInfo, step: &Step) -> Option<WrittenLayer> {
        let names: Vec<&'static str> = kind.options.iter().map(|option| option.name).collect();
        let before = self.problems.reported();
        if let Some(problem) = input_written(step) {
            self.report(problem);
            return None;
        }
        let mut arguments = self.bind(&step.callee, &step.arguments, step.span, &names, elsewhere::OF_LAYERS);
        arguments.example = kind.example;
        if arguments.too_many {
            return None;
        }
        let (values, options) = self.bound_values(kind.options, None, &arguments);
        if self.problems.reported() != before {
            return None;
        }
        let mut values = values.into_iter();
        let attributes = Attributes::new(kind.options, |_| values.next().flatten()).ok()?;
        let attributes = attributes.placed((kind.keyword, step.callee.span), options.clone());
        let layer = Layer::from_attributes(kind.keyword, &attributes)?;
        Some(WrittenLayer { layer, attributes, options })
    }

    /// The value of an option; `what` is what messages call it.
    /// Long: an arm for each kind of option, and no arm is long.
    pub(super) fn option(&mut self, what: &str, spec: &OptionSpec, expr: &Expr) -> Option<OptionValue> {
        let is_none = || matches!(&expr.kind, ExprKind::Name(word) if word == NONE);
        // a choice may have a word of its own for nothing
        let has_none = matches!(spec.ty, OptionType::Choice(words) if words.contains(&NONE));
        if spec.default == Some(NONE) && !has_none && is_none() {
            return Some(OptionValue::None);
        }
        if spec.default == Some(NONE)
            && let ExprKind::Name(word) = &expr.kind
            && names::is_nothing(word)
            && !self.constants.has(word)
        {
            self.wrong_choice(what, word, &[NONE], expr.span);
            return None;
        }
        Some(match spec.ty {
            OptionType::Int { min } => OptionValue::Int(self.int(what, expr, min, MOST)?),
            OptionType::Within { min, max } => OptionValue::Int(self.int(what, expr, min, max)?),
            OptionType::Float => OptionValue::Float(self.number(what, expr)? as f32),
            OptionType::Positive => OptionValue::Float(self.positive(what, expr)?),
            OptionType::NonNegative => OptionValue::Float(self.non_negative(what, expr)?),
            OptionType::Share => OptionValue::Float(self.share(what, expr, false)?),
            OptionType::Rate => OptionValue::Float(self.share(what, expr, true)?),
            OptionType::Extents => OptionValue::Extents(self.extents(spec, expr)?),
            OptionType::Padding => OptionValue::Padding(self.padding(spec, expr)?),
            OptionType::Margins => OptionValue::Margins(self.margins(spec, expr)?),
            OptionType::Activation => OptionValue::Activation(self.activation(what, expr)?),
            OptionType::Initializer => OptionValue::Initializer(self.initializer(what, expr)?),
            OptionType::Regularizer => OptionValue::Regularizer(self.regularizer(what, expr)?),
            OptionType::Bool => OptionValue::Bool(self.bool(what, expr)?),
            OptionType::Shape => OptionValue::Shape(self.shape(spec, expr)?),
            OptionType::Target => OptionValue::Shape(self.target(spec, expr)?),
            OptionType::Margin => OptionValue::Extents(self.margin(spec, expr)?),
            OptionType::Choice(choices) => {
                let choices: Vec<(&str, &'static str)> =
                    choices.iter().map(|choice| (*choice, *choice)).collect();
                OptionValue::Choice(self.choice(what, expr, &choices)?)
            }
            OptionType::Range { angle: true } => OptionValue::AngleRange(self.range(spec, expr, true)?),
            OptionType::Range { angle: false } => OptionValue::Range(self.range(spec, expr, false)?),
            OptionType::Interval => OptionValue::Range(self.interval(spec, expr)?),
            OptionType::Numbers => OptionValue::Numbers(self.numbers(what, expr)?),
            OptionType::Filter => OptionValue::Filter(self.filter(spec, expr)?),
            OptionType::AtLeastOne => OptionValue::Float(self.at_least_one(what, expr)?),
            OptionType::LearningRate => OptionValue::Float(self.learning_rate(expr)?),
            OptionType::LearningRates => OptionValue::Numbers(self.learning_rates(expr)?),
            OptionType::Angle => OptionValue::Angle(self.angle(what, expr)?),
            OptionType::Size => OptionValue::Extents(self.height_and_width(what, spec, expr)?),
            OptionType::Epochs => OptionValue::Epochs(self.epochs(what, expr)?.value),
            OptionType::EpochList => OptionValue::EpochList(self.epoch_list(what, expr)?),
            OptionType::Duration => OptionValue::Seconds(self.seconds(what, expr)?),
            OptionType::Text => OptionValue::Text(self.text(what, expr)?.value),
            OptionType::Column => OptionValue::Column(self.column(what, expr)?),
            OptionType::Columns => OptionValue::Columns(self.columns(what, expr)?),
            OptionType::Monitor => OptionValue::Monitor(self.monitor(what, expr)?.value),
            OptionType::Layer => OptionValue::Layer(self.layer_name(what, expr)?, None),
            OptionType::PerChannel { positive } => {
                OptionValue::Numbers(self.per_channel(what, expr, positive)?)
            }
            OptionType::Word(_)
            | OptionType::Words(_)
            | OptionType::Split
            | OptionType::Grouping
            | OptionType::Classes
            | OptionType::ClassWeight
            | OptionType::Mirror
            | OptionType::Targets
            | OptionType::Factors
            | OptionType::Models => return None,
        })
    }

    /// `3` or `3x3`
    fn extents(&mut self, spec: &OptionSpec, expr: &Expr) -> Option<[usize; 2]> {
        match self.value(expr)? {
            Value::Int(_) => self.int(spec.name, expr, 1, WIDEST).map(|extent| [extent; 2]),
            Value::Size(dims) if dims.len() == 2 => {
                let extents = self.size(spec.name, &dims, expr.span)?;
                extents.try_into().ok()
            }
            other => {
                let meant = size_of(expr);
                self.wrong_type_for((spec.name, spec.ty.describe()), &other, expr.span, meant);
                None
            }
        }
    }

    fn padding(&mut self, spec: &OptionSpec, expr: &Expr) -> Option<Padding> {
        match self.value(expr)? {
            Value::Int(_) => self.int(spec.name, expr, 0, WIDEST).map(Padding::Explicit),
            Value::Word(_) | Value::Text(_) => {
                self.choice(spec.name, expr, &[("same", Padding::Same), ("valid", Padding::Valid)])
            }
            other => {
                self.wrong_type(spec.name, spec.ty.describe(), &other, expr.span);
                None
            }
        }
    }

    fn margins(&mut self, spec: &OptionSpec, expr: &Expr) -> Option<[usize; 4]> {
        match self.value(expr)? {
            Value::Int(_) => self.int(spec.name, expr, 0, WIDEST).map(|all| [all; 4]),
            Value::Size(dims) if dims.len() == 2 => {
                let extents = self.size_from(0, spec.name, &dims, expr.span)?;
                let [vertical, horizontal]: [usize; 2] = extents.try_into().ok()?;
                Some([vertical, vertical, horizontal, horizontal])
            }
            Value::List(items) if items.len() == 4 => {
                let sides: Vec<usize> =
                    items.iter().filter_map(|side| self.int(spec.name, side, 0, WIDEST)).collect();
                sides.try_into().ok()
            }
            other => {
                self.wrong_type(spec.name, spec.ty.describe(), &other, expr.span);
                None
            }
        }
    }

    /// A name, or one with arguments: `leaky_relu(negative_slope: 0.1)`.
    fn activation(&mut self, what: &str, expr: &Expr) -> Option<Activation> {
        self.word_of(what, expr).map(|(activation, _)| activation)
    }

    fn shape(&mut self, spec: &OptionSpec, expr: &Expr) -> Option<Vec<usize>> {
        match self.value(expr)? {
            Value::Size(dims) if dims.len() == 3 => {
                let is_open = |at: usize| at < 2 && dims[at] == Dim::Open;
                let closed: Vec<Dim> = dims
                    .iter()
                    .enumerate()
                    .map(|(at, dim)| if is_open(at) { Dim::Known(1) } else { *dim })
                    .collect();
                let extents = self.size(spec.name, &closed, expr.span)?;
                Some(
                    extents
                        .into_iter()
                        .enumerate()
                        .map(|(at, extent)| if is_open(at) { 0 } else { extent })
                        .collect(),
                )
            }
            Value::Size(dims) => {
                let found =
                    if dims.len() == 2 { "a size without channels" } else { "a size of another length" };
                self.wrong_shape(spec, found, expr.span);
                None
            }
            Value::Int(number) if size_of(expr).is_none() => {
                self.wrong_shape(spec, &format!("the number {number}"), expr.span);
                None
            }
            other => {
                let meant = size_of(expr);
                self.wrong_type_for((spec.name, spec.ty.describe()), &other, expr.span, meant);
                None
            }
        }
    }

    /// E0011 for something that lacks the height, width or channels of a picture.
    fn wrong_shape(&mut self, spec: &OptionSpec, found: &str, span: Span) {
        let problem = Diagnostic::new(Code::E0011)
            .arg("what", spec.name)
            .arg("expected", spec.ty.describe())
            .arg("found", found)
            .at(span, "here")
            .help("shape");
        self.report(problem);
    }
}

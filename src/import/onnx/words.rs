//! Values of options, as they are written.

use crate::ast::{Argument, BinaryOp, Dim, Expr, ExprKind};
use crate::source::{Span, Spanned};
use crate::vocabulary::{Activation, ActivationKind};

fn written(kind: ExprKind) -> Expr {
    Expr { kind, span: Span::default() }
}

pub(super) fn int(value: usize) -> Expr {
    written(ExprKind::Int(value as u64))
}

pub(super) fn word(word: &str) -> Expr {
    written(ExprKind::Name(word.to_owned()))
}

pub(super) fn flag(value: bool) -> Expr {
    word(if value { "true" } else { "false" })
}

pub(super) fn list(items: impl IntoIterator<Item = Expr>) -> Expr {
    written(ExprKind::List(items.into_iter().collect()))
}

/// `28x28x1`; `None` is left open.
pub(super) fn size(extents: impl IntoIterator<Item = Option<usize>>) -> Expr {
    let dim = |extent: Option<usize>| extent.map_or(Dim::Open, |extent| Dim::Known(extent as u64));
    written(ExprKind::Size(extents.into_iter().map(dim).collect()))
}

/// `3x3`
pub(super) fn window(extents: [usize; 2]) -> Expr {
    size(extents.map(Some))
}

/// `2`, or `2x1` where they differ.
pub(super) fn pair(extents: [usize; 2]) -> Expr {
    if extents[0] == extents[1] { int(extents[0]) } else { window(extents) }
}

/// `1` for the same on all sides, else `[top, bottom, left, right]`.
pub(super) fn margins(sides: [usize; 4]) -> Expr {
    if sides == [sides[0]; 4] { int(sides[0]) } else { list(sides.map(int)) }
}

/// A number that is read as the same one: `0.1`, `1/255`, `-3`.
pub(super) fn number(value: f32) -> Expr {
    if value < 0.0 {
        return written(ExprKind::Negate(Box::new(number(-value))));
    }
    if value.fract() == 0.0 && value < 1e9 {
        return int(value as usize);
    }
    let short = value.to_string();
    let inverse = (1.0 / f64::from(value)).round();
    if short.len() > 9 && (1.0..1e6).contains(&inverse) && (1.0 / inverse) as f32 == value {
        let parts = [1, inverse as usize].map(int).map(Box::new);
        let [one, whole] = parts;
        return written(ExprKind::Binary(BinaryOp::Div, one, whole));
    }
    let wide = short.parse::<f64>().ok().filter(|&wide| wide as f32 == value);
    written(ExprKind::Float(wide.unwrap_or_else(|| value.into())))
}

fn call(callee: &str, arguments: &[(&str, f32)]) -> Expr {
    let argument = |&(name, value): &(&str, f32)| Argument {
        name: Some(Spanned::new(name.to_owned(), Span::default())),
        value: number(value),
    };
    let callee = Spanned::new(callee.to_owned(), Span::default());
    written(ExprKind::Call(callee, arguments.iter().map(argument).collect()))
}

/// An activation as the value of `activation:`.
pub(super) fn activation(activation: Activation) -> Expr {
    let (keyword, options) = activation_layer(activation);
    let options: Vec<(&str, f32)> = options
        .into_iter()
        .filter(|&(name, value)| !matches!((keyword, name, value), ("elu", "alpha", 1.0)))
        .filter(|&(name, value)| {
            keyword != "hard_sigmoid"
                || match name {
                    "alpha" => value != 1.0 / 6.0,
                    _ => value != 0.5,
                }
        })
        .collect();
    if options.is_empty() { word(keyword) } else { call(keyword, &options) }
}

/// An activation as a layer: its keyword and options.
pub(super) fn activation_layer(activation: Activation) -> (&'static str, Vec<(&'static str, f32)>) {
    let kind = match activation {
        Activation::Linear => return ("linear", Vec::new()),
        Activation::Softmax => return ("softmax", Vec::new()),
        Activation::Elementwise(kind) => kind,
    };
    match kind {
        ActivationKind::Relu => ("relu", Vec::new()),
        ActivationKind::Relu6 => ("relu6", Vec::new()),
        ActivationKind::LeakyRelu { slope } => ("leaky_relu", vec![("negative_slope", slope)]),
        ActivationKind::Elu { alpha } => ("elu", vec![("alpha", alpha)]),
        ActivationKind::Selu => ("selu", Vec::new()),
        ActivationKind::Gelu => ("gelu", Vec::new()),
        ActivationKind::Silu => ("silu", Vec::new()),
        ActivationKind::HardSwish => ("hard_swish", Vec::new()),
        ActivationKind::Sigmoid => ("sigmoid", Vec::new()),
        ActivationKind::HardSigmoid { alpha, beta } => {
            ("hard_sigmoid", vec![("alpha", alpha), ("beta", beta)])
        }
        ActivationKind::Tanh => ("tanh", Vec::new()),
        ActivationKind::Softplus => ("softplus", Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ast::print_expr;

    #[test]
    fn numbers_are_written_as_people_write_them() {
        let said = |value| print_expr(&number(value));
        assert_eq!([said(0.5), said(1.0 / 255.0), said(-3.0), said(0.1)], ["0.5", "1 / 255", "-3", "0.1"]);
        for value in [1e-7_f32, 0.044_715, 123.68, 3.0e20, -0.123_456_79] {
            let text = said(value);
            assert_eq!(text.parse::<f64>().map(|wide| wide as f32), Ok(value), "{text}");
        }
    }

    #[test]
    fn activations_leave_their_defaults_out() {
        let said = |kind| print_expr(&activation(Activation::Elementwise(kind)));
        assert_eq!(said(ActivationKind::Elu { alpha: 1.0 }), "elu");
        assert_eq!(said(ActivationKind::HardSigmoid { alpha: 0.2, beta: 0.5 }), "hard_sigmoid(alpha: 0.2)");
        assert_eq!(said(ActivationKind::LeakyRelu { slope: 0.01 }), "leaky_relu(negative_slope: 0.01)");
    }
}

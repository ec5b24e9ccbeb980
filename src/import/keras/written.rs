//! Values as a person writes them.

use crate::vocabulary::{Activation, OptionValue, Regularizer, Words, number};

/// A value as a person writes it.
#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else a value is, it is written as everywhere")]
pub(super) fn text(value: &OptionValue) -> String {
    match value {
        OptionValue::Numbers(numbers) if numbers.len() == 1 => number(numbers[0]),
        OptionValue::Float(value) => share_or_number(*value),
        OptionValue::Activation(activation) => activation_text(*activation),
        OptionValue::Regularizer(Regularizer { l1: 0.0, l2 }) => format!("l2({})", number(*l2)),
        OptionValue::Regularizer(Regularizer { l1, l2: 0.0 }) => format!("l1({})", number(*l1)),
        OptionValue::Margins([top, bottom, left, right]) if top == bottom && left == right => {
            if top == left {
                top.to_string()
            } else if *top > 0 && *left > 0 {
                format!("{top}x{left}")
            } else {
                value.text()
            }
        }
        OptionValue::Range([low, high]) if *low == -*high => number(*high),
        OptionValue::AngleRange([low, high]) if *low == -*high => format!("{}deg", number(*high)),
        other => other.text(),
    }
}

/// An activation without arguments that have their defaults.
fn activation_text(activation: Activation) -> String {
    let whole = activation.text();
    let word = whole.split('(').next().unwrap_or(&whole);
    if Activation::by_default(word) == Some(activation) { word.to_owned() } else { whole }
}

/// `1/255` where that is the number, else its digits.
fn share_or_number(value: f32) -> String {
    let whole = (1.0 / f64::from(value)).round();
    let is_share = (10.0..1e6).contains(&whole) && (1.0 / whole) as f32 == value;
    let short = number(value);
    if is_share && short.len() > 6 { format!("1/{whole}") } else { short }
}

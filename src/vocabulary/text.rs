//! Parts of the language's notation, as they are written.

use std::fmt::Display;

/// `callee(a, b)`; without arguments `callee`.
pub fn call(callee: &str, arguments: &[String]) -> String {
    if arguments.is_empty() { callee.to_owned() } else { format!("{callee}({})", arguments.join(", ")) }
}

/// `name: value`
pub fn named(name: &str, value: impl Display) -> String {
    format!("{name}: {value}")
}

/// `[a, b]`
pub fn list(items: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", items.into_iter().collect::<Vec<_>>().join(", "))
}

/// A text of the language, which has no escapes: a text that was read has no quote in it.
pub fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// A number that is read as the same one: numbers are read with 64 bits and then rounded.
pub fn number(value: f32) -> String {
    let short = value.to_string();
    let again = short.parse::<f64>().map(|wide| wide as f32);
    if again == Ok(value) { short } else { f64::from(value).to_string() }
}

/// A factor as people write it: `1/255` for what is a whole number's share.
pub fn factor(factor: f32) -> String {
    let inverse = 1.0 / f64::from(factor);
    let whole = inverse.round();
    if factor < 1.0 && (inverse - whole).abs() < 1e-4 * whole {
        format!("1/{whole}")
    } else {
        factor.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        for value in [0.1_f32, 1.0 / 255.0, 1e-7, 0.0, 3.0e38, -0.5, f32::MIN_POSITIVE, 16_777_217.0] {
            assert_eq!(number(value).parse::<f64>().map(|wide| wide as f32), Ok(value));
        }
    }
    #[test]
    fn factors_are_shares_of_whole_numbers() {
        assert_eq!([1.0 / 255.0, 0.01, 2.0, 0.3].map(factor), ["1/255", "1/100", "2", "0.3"]);
    }
}

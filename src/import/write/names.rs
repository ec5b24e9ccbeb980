//! Names of a file as names of a program.
//!
//! ```text
//! conv2_block1_1_conv      the block's use `conv2_block1`, in it `conv1`
//! layer1.0.conv1           the block's use `layer1.0`, in it `conv1`
//! conv_dw_3_bn             the block's use `conv_3`, in it `conv_dw_bn`
//! ```

use std::collections::{BTreeMap, BTreeSet};

/// A part of a name with what stands before it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Token<'n> {
    separator: char,
    text: &'n str,
}

fn tokens(name: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut start = 0;
    let mut separator = ' ';
    for (at, c) in name.char_indices().filter(|(_, c)| matches!(c, '.' | '/' | '_')) {
        if at > start {
            tokens.push(Token { separator, text: &name[start..at] });
            separator = c;
        } else if separator == '_' {
            separator = c;
        }
        start = at + 1;
    }
    if start < name.len() {
        tokens.push(Token { separator, text: &name[start..] });
    }
    tokens
}

fn joined<'t>(tokens: impl IntoIterator<Item = &'t Token<'t>>) -> String {
    let mut name = String::new();
    for token in tokens {
        if !name.is_empty() {
            name.push(if token.separator == '_' { '_' } else { '.' });
        }
        name.push_str(token.text);
    }
    name
}

/// What the statements of a block's uses are called.
#[derive(Debug, Default)]
pub(super) struct Division {
    /// A name for each use; empty where there is none.
    pub(super) uses: Vec<String>,
    /// A name for each statement within.
    pub(super) within: Vec<String>,
    /// Each use has a name, and no name of a statement is lost.
    pub(super) is_whole: bool,
}

/// Divides the names of a block's statements, `names[use][statement]`: `None` where a use lacks the statement,
/// empty where it has no name.
pub(super) fn divide(names: &[Vec<Option<&str>>]) -> Division {
    let tokens: Vec<Vec<Option<Vec<Token<'_>>>>> = names
        .iter()
        .map(|of_use| {
            of_use.iter().map(|name| name.filter(|name| !name.is_empty()).map(self::tokens)).collect()
        })
        .collect();
    let division =
        by_beginning(&tokens).or_else(|| by_number(&tokens)).unwrap_or_else(|| what_is_alike(&tokens));
    let mut known = BTreeSet::new();
    // the use in a block may have no name: that of the block around it says it
    let named = division.uses.iter().filter(|name| !name.is_empty()).count();
    let is_distinct = division.uses.iter().all(|name| name.is_empty() || known.insert(name.as_str()));
    if is_distinct && 2 * named >= division.uses.len() {
        return division;
    }
    let uses = vec![String::new(); division.uses.len()];
    Division { is_whole: false, uses, ..division }
}

type Named<'n> = Vec<Option<Vec<Token<'n>>>>;

/// The uses whose names are divided as those of most others are; `None` where these are all of them, or few.
pub(super) fn alike(names: &[Vec<Option<&str>>]) -> Option<Vec<usize>> {
    let rests = |of_use: &Vec<Option<&str>>| -> Vec<String> {
        let tokens: Named<'_> =
            of_use.iter().map(|name| name.filter(|name| !name.is_empty()).map(self::tokens)).collect();
        let length = common(&tokens);
        tokens
            .iter()
            .map(|name| name.as_ref().map_or(String::new(), |name| joined(&name[length..])))
            .collect()
    };
    let mut groups: BTreeMap<Vec<String>, Vec<usize>> = BTreeMap::new();
    for (at, of_use) in names.iter().enumerate() {
        groups.entry(rests(of_use)).or_default().push(at);
    }
    let all = names.len();
    let most = groups.into_values().max_by_key(|group| (group.len(), all - group[0]))?;
    (most.len() > 1 && most.len() < all && 2 * most.len() >= all).then_some(most)
}

/// How many tokens all names of a use begin with.
fn common(names: &Named<'_>) -> usize {
    let mut named = names.iter().flatten();
    let Some(first) = named.next() else { return 0 };
    let mut length = first.len();
    for name in named {
        length = length.min(first.iter().zip(name).take_while(|(a, b)| a.text == b.text).count());
    }
    length
}

/// Each use has what all its names begin with.
fn by_beginning(tokens: &[Named<'_>]) -> Option<Division> {
    let full = (0..tokens.len()).max_by_key(|&at| {
        let named = tokens[at].iter().flatten().count();
        (named, common(&tokens[at]) > 0, tokens.len() - at)
    })?;
    let longest = common(&tokens[full]);
    let lengths = |own: usize| -> Option<Vec<usize>> {
        tokens
            .iter()
            .map(|names| {
                let most = common(names);
                let mut length = None;
                for (name, model) in names.iter().zip(&tokens[full]) {
                    let (Some(name), Some(model)) = (name, model) else { continue };
                    let taken = name.len().checked_sub(model.len() - own)?;
                    let is_alike = name[taken..].iter().zip(&model[own..]).all(|(a, b)| a.text == b.text);
                    if !is_alike || taken > most || length.is_some_and(|length| length != taken) {
                        return None;
                    }
                    length = Some(taken);
                }
                // a use without any name
                Some(length.unwrap_or(0))
            })
            .collect()
    };
    // names within that would begin with a digit are rather left a word more, if that is a level of its own
    let begins_well = |own: &usize| {
        tokens[full].iter().flatten().all(|name| {
            let next =
                name.get(*own).is_some_and(|token| token.text.starts_with(|c: char| c.is_ascii_digit()));
            !next || name.get(*own).is_none_or(|token| token.separator == '_')
        })
    };
    let is_level = |own: &usize| {
        tokens[full].iter().flatten().all(|name| name.get(*own).is_none_or(|token| token.separator != '_'))
    };
    let choices = || (1..=longest).rev();
    let choices = choices()
        .filter(|own| begins_well(own) && is_level(own))
        .chain(choices().filter(begins_well))
        .chain(choices());
    let (own, lengths) = choices.filter_map(|own| Some((own, lengths(own)?))).next()?;
    let uses = tokens
        .iter()
        .zip(lengths)
        .map(|(names, length)| {
            names.iter().flatten().next().map_or(String::new(), |name| joined(&name[..length]))
        })
        .collect();
    let count = tokens[full].len();
    let within = (0..count)
        .map(|at| {
            let rest = tokens[full][at].as_ref().map(|name| joined(&name[own..]));
            rest.unwrap_or_else(|| {
                // the fullest use may lack a statement that another has
                let other = tokens.iter().enumerate().find_map(|(of, names)| Some((of, names[at].as_ref()?)));
                other.map_or(String::new(), |(of, name)| {
                    let beginning = common(&tokens[of]).min(name.len());
                    joined(&name[beginning..])
                })
            })
        })
        .collect();
    Some(Division { uses, within, is_whole: true })
}

/// Each use has a token of its own, at the same place of each name: `conv_dw_3_bn`.
fn by_number(tokens: &[Named<'_>]) -> Option<Division> {
    let count = tokens.first()?.len();
    let mut own: Vec<Option<&str>> = vec![None; tokens.len()];
    let mut within = vec![String::new(); count];
    for at in 0..count {
        let column: Vec<(usize, &Vec<Token<'_>>)> =
            tokens.iter().enumerate().filter_map(|(of, names)| Some((of, names[at].as_ref()?))).collect();
        let Some((_, first)) = column.first() else { continue };
        if column.iter().any(|(_, name)| name.len() != first.len()) {
            return None;
        }
        let differs = |place: &usize| column.iter().any(|(_, name)| name[*place].text != first[*place].text);
        let places: Vec<usize> = (0..first.len()).filter(differs).collect();
        let [place] = places[..] else { return None };
        for (of, name) in &column {
            let text = name[place].text;
            if own[*of].is_some_and(|known| known != text) {
                return None;
            }
            own[*of] = Some(text);
        }
        within[at] = joined(first.iter().enumerate().filter(|(at, _)| *at != place).map(|(_, token)| token));
    }
    let uses = tokens
        .iter()
        .zip(&own)
        .map(|(names, own)| {
            let beginning =
                names.iter().flatten().next().map_or(String::new(), |name| joined(&name[..common(names)]));
            match own {
                Some(own) if beginning.is_empty() => (*own).to_owned(),
                Some(own) => format!("{beginning}_{own}"),
                None => String::new(),
            }
        })
        .collect();
    own.iter().any(Option::is_some).then_some(Division { uses, within, is_whole: true })
}

/// What is called alike in all uses keeps that name.
fn what_is_alike(tokens: &[Named<'_>]) -> Division {
    let count = tokens.first().map_or(0, Vec::len);
    let lengths: Vec<usize> = tokens.iter().map(common).collect();
    let within = (0..count)
        .map(|at| {
            let mut rests = tokens
                .iter()
                .zip(&lengths)
                .filter_map(|(names, length)| Some(joined(&names[at].as_ref()?[*length..])));
            let first = rests.next().unwrap_or_default();
            if rests.all(|rest| rest == first) { first } else { String::new() }
        })
        .collect();
    let uses = tokens
        .iter()
        .zip(&lengths)
        .map(|(names, length)| {
            names.iter().flatten().next().map_or(String::new(), |name| joined(&name[..*length]))
        })
        .collect();
    Division { uses, within, is_whole: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn divided(uses: &[&[&str]]) -> (Vec<String>, Vec<String>, bool) {
        let names: Vec<Vec<Option<&str>>> =
            uses.iter().map(|names| names.iter().map(|name| Some(*name)).collect()).collect();
        let Division { uses, within, is_whole } = divide(&names);
        (uses, within, is_whole)
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    #[test]
    fn names_are_divided() {
        assert_eq!(
            divided(&[
                &["conv2_block1_1_conv", "conv2_block1_out"],
                &["conv2_block2_1_conv", "conv2_block2_out"]
            ]),
            (texts(&["conv2_block1", "conv2_block2"]), texts(&["1_conv", "out"]), true)
        );
        assert_eq!(
            divided(&[&["layer1.0.conv1", "layer1.0.bn1"], &["layer2.0.conv1", "layer2.0.bn1"]]),
            (texts(&["layer1.0", "layer2.0"]), texts(&["conv1", "bn1"]), true)
        );
        // a number is no name: the word before it stays with it
        assert_eq!(
            divided(&[
                &["features.2.conv.0.0", "features.2.conv.1"],
                &["features.3.conv.0.0", "features.3.conv.1"]
            ]),
            (texts(&["features.2", "features.3"]), texts(&["conv.0.0", "conv.1"]), true)
        );
        assert_eq!(
            divided(&[
                &["conv_dw_1", "conv_dw_1_bn", "conv_pw_1"],
                &["conv_dw_2", "conv_dw_2_bn", "conv_pw_2"]
            ]),
            (texts(&["conv_1", "conv_2"]), texts(&["conv_dw", "conv_dw_bn", "conv_pw"]), true)
        );
        assert_eq!(
            divided(&[&["", "mixed0"], &["", "mixed1"]]),
            (texts(&["mixed0", "mixed1"]), texts(&["", ""]), true)
        );
        assert_eq!(divided(&[&["a", "b"], &["c", "d"]]), (texts(&["", ""]), texts(&["", ""]), false));
    }
}

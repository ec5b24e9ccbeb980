//! What blocks are called: by their uses, or by what is in them.

use super::item::{Block, Callee, Item, Value};

/// Words that say nothing of what is in a block.
const VAGUE: &[&str] = &[
    "block", "blocks", "layer", "layers", "features", "feature", "stage", "conv", "convs", "unit", "module",
    "cell", "group", "model", "net", "backbone", "base", "encoder", "decoder", "part", "body", "expanded",
    "bn", "x", "op",
];

/// A name for a block.
pub(super) fn title(items: &[Item], uses: &[String], blocks: &[Block]) -> String {
    let name = by_uses(uses).unwrap_or_else(|| by_content(items, blocks));
    let is_taken = |name: &str| blocks.iter().any(|block| block.name == name);
    if !is_taken(&name) {
        return name;
    }
    let numbered = (2..=blocks.len() + 2).map(|count| format!("{name}_{count}"));
    numbered.into_iter().find(|name| !is_taken(name)).unwrap_or(name)
}

/// `inception` for `inception3a`, `inception3b`: the word that all uses begin with.
fn by_uses(uses: &[String]) -> Option<String> {
    let stem = |name: &String| {
        let last = name.rsplit(['.', '/']).find(|part| part.contains(|c: char| c.is_ascii_alphabetic()))?;
        let word: String = last.chars().take_while(|c| c.is_ascii_alphabetic()).collect();
        // what follows may be a number, and a letter behind it
        let rest = last[word.len()..].trim_start_matches(|c: char| c.is_ascii_digit() || c == '_');
        (word.len() > 2 && rest.len() <= 1).then(|| word.to_ascii_lowercase())
    };
    let first = stem(uses.first()?)?;
    let is_alike = uses.iter().all(|name| stem(name).as_ref() == Some(&first));
    let is_word = crate::layers::Layer::kind(&first).is_some();
    (is_alike && !is_word && !VAGUE.contains(&first.as_str())).then_some(first)
}

fn by_content(items: &[Item], blocks: &[Block]) -> String {
    let Some(join) = items.iter().find(|item| !item.branches.is_empty()) else {
        return of_chain(items, blocks);
    };
    let main = join.branches.iter().max_by_key(|branch| branch.items.len());
    let mut all: Vec<&Item> = Vec::new();
    main.into_iter().flat_map(|branch| &branch.items).for_each(|item| item.each(&mut |item| all.push(item)));
    let words: Vec<String> = all.iter().map(|item| keyword(item, blocks)).collect();
    let has = |word: &str| words.iter().any(|known| known == word);
    let empty = join.branches.iter().any(|branch| branch.items.is_empty() || branch.condition.is_some());
    let windows = all.iter().filter(|item| keyword(item, blocks) == "conv2d").map(|item| window(item));
    match keyword(join, blocks).as_str() {
        "add" if has("depthwise_conv2d") => "inverted_residual".to_owned(),
        "add" => match &windows.collect::<Vec<_>>()[..] {
            [first, _, last] if first == "1" && last == "1" => "bottleneck".to_owned(),
            _ => "residual".to_owned(),
        },
        "concat" if empty => "dense_unit".to_owned(),
        "concat" => "mixed".to_owned(),
        "multiply" if items.len() == 1 && (has("global_avg_pool2d") || has("avg_pool2d")) => {
            "excite".to_owned()
        }
        "multiply" if items.iter().any(|item| keyword(item, blocks) == "depthwise_conv2d") => {
            "inverted".to_owned()
        }
        _ => "part".to_owned(),
    }
}

fn of_chain(items: &[Item], blocks: &[Block]) -> String {
    let words: Vec<String> = items.iter().map(|item| keyword(item, blocks)).collect();
    let of = |word: &str| words.iter().position(|known| known == word);
    match (of("depthwise_conv2d"), of("conv2d")) {
        (Some(depthwise), Some(conv)) if conv < depthwise => return "inverted".to_owned(),
        (Some(_), Some(_)) => return "separable".to_owned(),
        _ => {}
    }
    let short: Vec<&str> = words
        .iter()
        .map(|word| match word.as_str() {
            "conv2d" => "conv",
            "depthwise_conv2d" => "depthwise",
            "separable_conv2d" => "separable",
            "batch_norm" => "bn",
            "max_pool2d" | "avg_pool2d" => "pool",
            "zero_pad2d" => "pad",
            other => other,
        })
        .collect();
    if short.len() <= 3 { short.join("_") } else { format!("{}_unit", short[0]) }
}

/// What an item is: of a block that is used, its name.
fn keyword(item: &Item, blocks: &[Block]) -> String {
    match item.callee {
        Callee::Layer(kind) => kind.keyword.to_owned(),
        Callee::Block(block) => blocks[block].name.clone(),
    }
}

/// The extents of a window.
fn window(item: &Item) -> String {
    let Callee::Layer(kind) = item.callee else { return String::new() };
    let option = kind.options.iter().position(|option| option.name == "kernel_size");
    match option.and_then(|option| item.values[option].as_ref()) {
        Some(Value::Plain(text)) => text.clone(),
        Some(Value::Parameter { .. }) | None => String::new(),
    }
}

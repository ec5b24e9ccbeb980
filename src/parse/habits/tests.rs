//! What is found in lines, and what is not.

use super::*;
use crate::parse::parse;

fn amended(text: &str) -> String {
    amend(text).map_or_else(|| text.to_owned(), |amended| amended.text)
}

#[test]
fn lines_are_written_as_they_should_be() {
    let body = |line: &str| format!("model A {{\n    {line}\n}}\n");
    for (line, right) in [
        ("conv2d(32, kernel_size=3)", "conv2d(32, kernel_size: 3)"),
        ("conv2d(32, kernel_size=(3, 5), padding='same')", "conv2d(32, kernel_size: 3x5, padding: same)"),
        ("conv2d(filters=32, kernel_size=(k, k))", "conv2d(filters: 32, kernel_size: size(k, k))"),
        ("random_zoom((-0.1, 0.1))", "random_zoom([-0.1, 0.1])"),
        ("model.add(dense(10))", "dense(10)"),
        ("dense(10)(x)", "dense(10)"),
        ("conv2d 32, 3", "conv2d(32, 3)"),
        ("conv2d(32 3)", "conv2d(32, 3)"),
        ("conv2d(32, padding same)", "conv2d(32, padding: same)"),
        ("dropout(.5)", "dropout(0.5)"),
        ("conv2d(32, 3×3)", "conv2d(32, 3x3)"),
        ("random_rotation(20°)", "random_rotation(20deg)"),
        ("for i in range(3) { relu }", "repeat i in 0..3 { relu }"),
        ("for i in range(1, n) { relu }", "repeat i in 1..n { relu }"),
        ("입력 = relu", "name = relu"),
        ("dense(10, use_bias=False, activation=\"relu\")", "dense(10, use_bias: false, activation: relu)"),
        ("flatten | dense(10) => relu", "flatten -> dense(10) -> relu"),
        ("conv2d(1_024, 3)", "conv2d(1024, 3)"),
        ("relu)); /* a */", "relu)); // a"),
        ("my-layer = relu; add(my-layer)", "my_layer = relu; add(my_layer)"),
    ] {
        assert_eq!(amended(&body(line)), body(right), "{line}");
    }
}

#[test]
fn functional_layers_stand_below_each_other() {
    let text = "model A {\n    x = relu(inputs)\n    x = conv2d(8, 3)(x)\n    x = flatten()(x)\n}\n";
    let right = "model A {\n    x = relu(inputs)\n    conv2d(8, 3)\n    flatten()\n}\n";
    assert_eq!(amended(text), right);
}

#[test]
fn bodies_that_are_indented_get_braces() {
    let text = "model A:\n    repeat 3:\n        relu  # x\n\n# end\ndata:\n  source: mnist\n";
    let right =
        "model A {\n    repeat 3 {\n        relu  // x\n    }\n}\n\n// end\ndata {\n  source: mnist\n}\n";
    assert_eq!(amended(text), right);
}

/// What is right is not touched, whatever else is wrong with a file.
#[test]
fn what_is_right_has_no_habits() {
    let everything = include_str!("../../../tests/fixtures/parse/everything.cnn");
    let mut texts = vec![everything.to_owned()];
    for folder in ["models", "models/zoo", "tests/fixtures/check", "tests/fixtures/bodies"] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let files = std::fs::read_dir(path).expect("the folder is there");
        let paths = files.map(|entry| entry.expect("an entry").path());
        let programs = paths.filter(|path| path.extension().is_some_and(|ending| ending == "cnn"));
        texts.extend(programs.map(|path| std::fs::read_to_string(path).expect("a text")));
    }
    let right = texts.iter().filter(|text| parse(text).1.is_empty());
    assert!(right.clone().count() > 200);
    for text in right {
        let found = amend(text);
        assert!(found.is_none(), "{:?}\n{text}", found.map(|amended| amended.habits));
    }
}

#[test]
fn a_text_may_end_anywhere() {
    for text in ["model A {\n, :", "train {\n    , =", "metrics: ,", "metrics:", "a ="] {
        let found = amend(text);
        assert!(found.is_none_or(|amended| !amended.edits.is_empty()), "{text}");
    }
}

proptest::proptest! {
    /// Edits of any text lie in it and do not overlap.
    #[test]
    fn edits_are_those_of_the_text(
        words in proptest::collection::vec(proptest::sample::select(vec![
            "model", "A", "{", "}", "(", ")", "[", "]", ",", ":", ";", "\n", "=", "conv2d", "32", "3", "x",
            "%", "'", "\"", "#", "//", "모델", "-", ".", "/", "\\", "train", "for", "in", "range", "import",
            "。", "，", "\u{a0}", " ", "    ", "°", "1.", "model.add",
        ]), 0..60),
        glue in proptest::sample::select(vec!["", " "]),
    ) {
        let text = words.join(glue);
        if let Some(amended) = amend(&text) {
            let mut end = 0;
            for edit in &amended.edits {
                proptest::prop_assert!(end <= edit.span.start && text.get(edit.span.start..edit.span.end).is_some());
                end = edit.span.end;
            }
            proptest::prop_assert!(!amended.problems(&text).is_empty());
        }
        parse(&text);
    }
}

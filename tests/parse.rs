//! Syntax trees, as canonical source.

use cnnc::ast::print;
use cnnc::parse::parse;

#[test]
fn trees() {
    insta::glob!("fixtures/parse/*.cnn", |path| {
        let text = std::fs::read_to_string(path).expect("a text");
        let (file, problems) = parse(&text);
        assert!(problems.is_empty(), "{problems:?}");
        insta::assert_snapshot!(print(&file));
    });
}

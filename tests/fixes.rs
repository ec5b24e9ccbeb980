//! Edits that problems come with: with each of them the file is better.

mod cards;
mod random_text;

use std::path::Path;

use cnnc::diag::{Code, Diagnostic, Fix, Level};
use cnnc::front::{Loaded, Surroundings, WeightsFile, load_within};
use cnnc::internals::lower::LowerOptions;
use cnnc::source::SourceFile;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

fn load(text: &str) -> Loaded {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/check");
    let read = |path: &Path| std::fs::read_to_string(fixtures.join(path));
    let weights = |_: &str| WeightsFile::Unknown;
    let around = Surroundings {
        card_of: &cards::card_of,
        missing: &|_| None,
        read: &read,
        weights: &weights,
        memory: &|_, _| None,
    };
    load_within(SourceFile::new("test.cnn", text), &LowerOptions::default(), around)
}

/// The text with a fix made in it; `None` where the fix changes another file.
fn with(text: &str, fix: &Fix) -> Option<String> {
    let mut text = text.to_owned();
    let mut edits = fix.edits.clone();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
    for edit in &edits {
        text.get(edit.span.start..edit.span.end)?;
        text.replace_range(edit.span.start..edit.span.end, &edit.text);
    }
    Some(text)
}

fn errors(loaded: &Loaded) -> usize {
    loaded.problems.count(Level::Error)
}

fn codes(loaded: &Loaded) -> Vec<Code> {
    loaded.problems.iter().map(|problem| problem.code).collect()
}

/// Problems that may hide errors elsewhere in the file.
fn is_of_words(code: Code) -> bool {
    code.as_str() < "E0101" || ["E0116", "E0117", "E0305", "E0405", "E0508"].contains(&code.as_str())
}

/// Why a file is not better with a fix.
fn fault(before: &Loaded, problem: &Diagnostic, after: &Loaded) -> Option<String> {
    let count = |loaded: &Loaded| codes(loaded).into_iter().filter(|code| *code == problem.code).count();
    let may_hide = problem.level == Level::Error && is_of_words(problem.code);
    if count(after) >= count(before) {
        return Some(format!("{} is still there", problem.code));
    }
    let removed = usize::from(problem.level == Level::Error);
    (!may_hide && errors(after) + removed > errors(before))
        .then(|| format!("{} errors become {}", errors(before), errors(after)))
}

/// Edits of syntax and words may need each other: one shows the next mistake of a line, whose edit is there
/// too. Whether all of a code together leave fewer than there were.
fn is_better_with_all(before: &Loaded, text: &str, code: Code) -> bool {
    let of_code = || before.problems.iter().filter(|problem| problem.code == code);
    let edits = of_code().filter_map(|problem| problem.fixes.first()).flat_map(|fix| fix.edits.clone());
    let all = Fix { edits: edits.collect() };
    let count = |loaded: &Loaded| codes(loaded).into_iter().filter(|other| *other == code).count();
    is_of_words(code) && with(text, &all).is_some_and(|text| count(&load(&text)) < of_code().count())
}

/// Looks at all fixes of a text; gives how many there are.
fn judge(text: &str) -> Result<usize, String> {
    let before = load(text);
    let mut tried = 0;
    for problem in before.problems.iter() {
        for fix in &problem.fixes {
            let Some(changed) = with(text, fix) else { continue };
            tried += 1;
            let fault = fault(&before, problem, &load(&changed));
            if let Some(fault) = fault.filter(|_| !is_better_with_all(&before, text, problem.code)) {
                return Err(format!("{}, {fault} in\n{changed}\nwhich was\n{text}", problem.code));
            }
        }
    }
    Ok(tried)
}

#[test]
fn every_fix_of_every_fixture_makes_it_better() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut fixes = 0;
    for folder in ["check", "tutorials"] {
        for entry in std::fs::read_dir(root.join(folder)).expect("the folder is there") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|end| end == "cnn") {
                let text = std::fs::read_to_string(&path).expect("a text");
                fixes += judge(&text).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()));
            }
        }
    }
    assert!(fixes >= 50, "only {fixes} fixes");
}

/// The same cases each time.
fn runner(cases: u32) -> TestRunner {
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

/// `CNNC_FUZZ_CASES=100000` tries more.
#[test]
fn every_fix_of_a_changed_file_makes_it_better() {
    let cases = std::env::var("CNNC_FUZZ_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(4000);
    let sources = random_text::sources();
    let tried = std::cell::Cell::new(0);
    let outcome = runner(cases).run(&random_text::text(&sources), |text| match judge(&text) {
        Ok(fixes) => {
            tried.set(tried.get() + fixes);
            Ok(())
        }
        Err(fault) => Err(TestCaseError::fail(fault)),
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    assert!(tried.get() as u32 >= cases / 16, "only {} fixes", tried.get());
}

/// What a small wrong file is offered, as the text that it would be.
fn offered(body: &str, rest: &str) -> Vec<String> {
    let text = format!("model A {{\n    input(8x8x1)\n{body}\n}}\n{rest}");
    let loaded = load(&text);
    let fixes = loaded.problems.iter().flat_map(|problem| &problem.fixes);
    fixes.map(|fix| with(&text, fix).expect("of this file")).collect()
}

#[test]
fn what_would_break_the_file_elsewhere_is_not_offered() {
    // the model itself is not what was meant
    let head = "flatten\n dense(10, activation: softmax)";
    assert_eq!(offered("conv2d(4, 3)\n gaap\n dense(10)", ""), [""; 0]);
    // one error less, and another one where the fix has written
    let data = "data { source: digits }\nprepare { rescale: 1/255 }\n";
    let schedule = "train { epochs: 2; optimizer: adam(lr: 0.001) }";
    let augment = format!("{data}augment {{ rotation_range: 20 }}\n{schedule}");
    let [mended] = &offered(head, &augment)[..] else { panic!("one edit is offered") };
    assert!(mended.contains("rotation(20deg)") && !load(mended).problems.has_errors(), "{mended}");
    assert_eq!(offered(head, &augment.replace("rotation_range: 20", "rotatoin: 20")), [""; 0]);
    // the window fits after it, the next one does not
    let windows = "max_pool2d(4)\n max_pool2d(2)\n conv2d(4, 3)\n conv2d(4, 3)\n conv2d(4, 5)\n flatten";
    for text in offered(windows, "") {
        assert!(!load(&text).problems.has_errors(), "{text}");
    }
}

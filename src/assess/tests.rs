//! Against scikit-learn and SciPy: `tests/golden/assess.py` makes the file.

use serde_json::Value;

use super::*;

fn golden() -> Value {
    serde_json::from_str(include_str!("../../tests/golden/assess.json")).expect("the golden file is JSON")
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|v| v.as_f64().expect("a number")).collect()
}

fn floats(value: &Value) -> Vec<f32> {
    numbers(value).into_iter().map(|value| value as f32).collect()
}

fn rows(value: &Value) -> Vec<Vec<f32>> {
    value.as_array().expect("rows").iter().map(floats).collect()
}

/// The answers of a case.
fn answers(case: &Value) -> Answers {
    let scores = rows(&case["scores"]);
    let count = scores.first().map_or(0, Vec::len);
    let (task, truths): (_, Vec<Truth>) = match case["kind"].as_str() {
        Some("classes") => {
            let truth = |&class: &f64| Truth::Class(class as usize);
            (Task::Classes { are_probabilities: true }, numbers(&case["truth"]).iter().map(truth).collect())
        }
        Some("labels") => {
            let truth = |row: &Vec<f32>| Truth::Labels(row.iter().map(|&is| is > 0.5).collect());
            (Task::Labels, rows(&case["truth"]).iter().map(truth).collect())
        }
        _ => (Task::Numbers, rows(&case["truth"]).into_iter().map(Truth::Numbers).collect()),
    };
    let picture = |(at, (truth, scores)): (usize, (Truth, Vec<f32>))| PictureAnswer {
        name: format!("{at}, \"a\".png"),
        truth,
        scores,
    };
    let names = (0..count).map(|at| format!("class {at}, (of {count})")).collect();
    Answers { task, names, pictures: truths.into_iter().zip(scores).enumerate().map(picture).collect() }
}

/// Whether two JSON values are the same but for the last digits of numbers; `wanted` may leave out keys.
fn agree(found: &Value, wanted: &Value, at: &str) {
    match wanted {
        Value::Object(entries) => entries.iter().for_each(|(key, value)| {
            agree(&found[key], value, &format!("{at}.{key}"));
        }),
        Value::Array(values) => {
            assert_eq!(found.as_array().map(Vec::len), Some(values.len()), "{at}");
            values.iter().enumerate().for_each(|(i, value)| agree(&found[i], value, &format!("{at}[{i}]")));
        }
        Value::Number(number) => {
            let (found, wanted) = (found.as_f64(), number.as_f64().expect("a number"));
            assert!(
                found.is_some_and(|found| (found - wanted).abs() < 1e-12),
                "{at}: {found:?} is not {wanted}"
            );
        }
        Value::Null | Value::Bool(_) | Value::String(_) => assert_eq!(found, wanted, "{at}"),
    }
}

#[test]
fn scikit_learn_finds_the_same() {
    let golden = golden();
    let cases = golden["assessments"].as_array().expect("cases");
    assert!(cases.len() >= 20, "the golden file has cases");
    for (at, case) in cases.iter().enumerate() {
        agree(&answers(case).assess().to_json(), &case["wanted"], &format!("case {at}"));
    }
}

#[test]
fn answers_are_read_as_they_were_written() {
    for case in golden()["assessments"].as_array().expect("cases") {
        let written = answers(case);
        let mut text = Vec::new();
        written.write_csv(&mut text).expect("memory takes everything");
        let text = String::from_utf8(text).expect("text");
        assert_eq!(Answers::from_csv(&text).as_ref(), Ok(&written));
    }
    assert!(Answers::from_csv("").is_err() && Answers::from_csv("picture,truth\n").is_err());
    let found = Answers::from_csv("picture,truth,answer,p(a),p(b)\n1,a,b,0.25,0.75\n2,c,b,0.1,0.9\n");
    assert_eq!(found, Err("line 3 is not an answer".to_owned()));
}

#[test]
fn scipy_tests_alike() {
    let golden = golden();
    for case in golden["mcnemar"].as_array().expect("cases") {
        let count = |key: &str| case[key].as_u64().expect("a count");
        let found = McNemar::of(count("only_first"), count("only_second")).p;
        let wanted = case["p"].as_f64().expect("a number");
        assert!((found - wanted).abs() <= wanted * 1e-11, "{case}: {found}");
    }
    for case in golden["wilcoxon"].as_array().expect("cases") {
        let (found, wanted) =
            (wilcoxon(&numbers(&case["differences"])), case["p"].as_f64().expect("a number"));
        assert!((found - wanted).abs() <= 1e-12 + wanted * 1e-10, "{wanted}: {found}");
    }
    for case in golden["wilson"].as_array().expect("cases") {
        let count = |key: &str| case[key].as_u64().expect("a count");
        let found = Interval::wilson(count("hits"), count("all")).expect("some");
        for (found, key) in [(found.low, "low"), (found.high, "high")] {
            let wanted = case[key].as_f64().expect("a number");
            assert!((found - wanted).abs() <= 1e-12, "{case}: {found}");
        }
    }
}

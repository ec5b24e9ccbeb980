//! The pages of searches, as `cnnc ui` serves them from the files that a search leaves, and as `cnnc tune --ui` does
//! while it goes on: what they hold, that what comes from files stays text, and that a browser finds nothing wrong.

mod served;

use std::fmt::Write;
use std::fs;
use std::path::Path;

use served::{Served, ends, is_sound};

/// No page is larger, in bytes.
const MOST_BYTES: usize = 2 << 20;

/// A number from 0 to 1 that depends on two others alone.
fn drawn(trial: usize, what: usize) -> f64 {
    let mixed = (trial * 2_654_435_761 + what * 40_503 + 12_345) % 1_000_003;
    (mixed * 7_919 % 10_007) as f64 / 10_007.0
}

/// The point of a trial: a range, a choice of words, and a number that counts only with one of the words.
fn point(trial: usize) -> String {
    let rate = 10_f64.powf(-4.0 + 2.0 * drawn(trial, 1));
    let body = ["plain", "residual", "<b>odd"][(drawn(trial, 2) * 3.0) as usize];
    let momentum = if body == "residual" { r#","momentum":"0.9""# } else { "" };
    format!(r#"{{"rate":"{rate:.3e}","body":"{body}"{momentum}}}"#)
}

/// The lines of a search.
struct Journal {
    lines: String,
    units: usize,
}

impl Journal {
    fn new(strategy: &str) -> Self {
        let space = r#"{"rate":"search(1e-4..=1e-2, scale: log)","body":"search([plain, residual, <b>odd])","momentum":"search([0.9, 0.99])"}"#;
        let head = format!(
            r#"{{"event":"search","version":1,"file":"a <b>.cnn","model":"Searched","objective":"val_accuracy","falls":false,"strategy":"{strategy}","epochs":9,"parallel":4,"seeds":1,"seed":3,"space":{space},"settings":{{}}}}"#
        );
        Self { lines: head + "\n", units: 0 }
    }

    /// Some epochs of a trial; one that is new names its point.
    fn unit(&mut self, trial: usize, (from, to): (usize, usize), rung: &str) {
        let point = if from == 0 { format!(r#","point":{}"#, point(trial)) } else { String::new() };
        let unit = self.units;
        self.units += 1;
        let lines = &mut self.lines;
        writeln!(lines, r#"{{"event":"started","unit":{unit},"trial":{trial}{point},"epochs":{to}{rung}}}"#)
            .expect("written");
        let end = format!(r#"{{"event":"ended","unit":{unit},"trial":{trial},"epochs":{to},"seconds":1.5"#);
        if trial % 11 == 5 {
            writeln!(
                lines,
                r#"{end},"curve":[null],"failed":"the loss is not a number in epoch 1 of <b>it"}}"#
            )
            .expect("written");
            return;
        }
        let value = |epoch: usize| 0.5 + 0.4 * drawn(trial, 3) - 0.3 / epoch as f64;
        let curve: Vec<String> = (from + 1..=to).map(|epoch| format!("{:.4}", value(epoch))).collect();
        writeln!(lines, r#"{end},"best":[{:.4},{to}],"curve":[{}]}}"#, value(to), curve.join(","))
            .expect("written");
    }

    /// Writes it into a folder of its own.
    fn save(self, folder: &Path, end: &str) {
        fs::create_dir_all(folder).expect("made");
        fs::write(folder.join("trials.jsonl"), self.lines + end).expect("written");
    }
}

const COMPLETE: &str = "{\"event\":\"finished\",\"why\":\"complete\"}\n";

/// Searches of every kind below `runs`.
fn searches(folder: &Path) {
    let mut hyperband = Journal::new("hyperband(max_epochs: 9, factor: 3, sampler: random)");
    let rung = |rung: usize| format!(r#","rung":{{"bracket":0,"rung":{rung}}}"#);
    (1..=9).for_each(|trial| hyperband.unit(trial, (0, 1), &rung(0)));
    [2, 4, 9].into_iter().for_each(|trial| hyperband.unit(trial, (1, 3), &rung(1)));
    hyperband.unit(4, (3, 9), &rung(2));
    hyperband.save(&folder.join("runs/hyper"), COMPLETE);
    fs::write(folder.join("runs/hyper/best.cnn"), "").expect("written");
    // its trials are no runs of their own
    fs::create_dir_all(folder.join("runs/hyper/trials/1")).expect("made");
    fs::write(folder.join("runs/hyper/trials/1/run.json"), "{}").expect("written");

    let mut killed = Journal::new("random(trials: 10)");
    (1..=4).for_each(|trial| killed.unit(trial, (0, 9), ""));
    killed.save(&folder.join("runs/deeper/killed"), "{\"event\":\"started\",\"un");
    let mut many = Journal::new("tpe(trials: 1000)");
    (1..=1000).for_each(|trial| many.unit(trial, (0, 9), ""));
    many.save(&folder.join("runs/many"), COMPLETE);
    Journal::new("grid").save(&folder.join("runs/begun"), "");
    fs::create_dir_all(folder.join("runs/damaged")).expect("made");
    fs::write(folder.join("runs/damaged/trials.jsonl"), "nonsense\n").expect("written");
}

/// The number that the list has for a search.
fn number(list: &str, name: &str) -> String {
    let at = list.find(&format!(">{name}</a>")).expect("listed");
    let digits = list[..at].rsplit_once("data-run=\"").expect("a number").1;
    digits.split('"').next().expect("ends").to_owned()
}

#[test]
fn searches_are_listed_and_have_pages() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    searches(folder);
    let ui = Served::start(folder, &["ui"]);
    let list = ui.get("/").body;
    assert_eq!(list.matches("class=\"search\"").count(), 4, "{list}");
    for part in [
        ">hyper</a>",
        "not finished",
        "hyperband(max_epochs: 9",
        "does not begin as the list",
        "탐색의 시도 목록으로 시작하지",
        "<td>damaged</td>",
    ] {
        assert!(list.contains(part), "{part} is missing in {list}");
    }
    assert!(!list.contains("id=\"list\""), "trials are no runs");

    let page = |name: &str| ui.get(&format!("/search?run={}", number(&list, name))).body;
    let hyper = page("hyper");
    let body = hyper.split_once("<body>").expect("a body").1.split_once("<script").expect("a script").0;
    for part in [
        "The search is complete.",
        "<small><span lang=\"en\">trial ",
        "cnnc run runs/hyper/best.cnn</pre>",
        "<td class=\"n\">9</td><td class=\"n\">3</td>",
        "the loss is not a number in epoch 1 of &lt;b&gt;it",
        "&lt;b&gt;odd",
        "search(1e-4..=1e-2, scale: log)",
        "모든 시도",
    ] {
        assert!(body.contains(part), "`{part}` is missing in {body}");
    }
    assert!(!hyper.contains("<b>odd") && !hyper.contains("a <b>.cnn"));
    assert!(hyper.contains("default-src 'none'") && hyper.contains("script-src 'sha256-"));
    let killed = page("deeper/killed");
    assert!(
        killed.contains("cnnc tune &#39;a &lt;b&gt;.cnn&#39; --resume runs/deeper/killed")
            || killed.contains("--resume runs/deeper/killed")
    );
    assert!(killed.contains("<section hidden>"), "no rungs");
    assert!(page("begun").contains("No trial has ended yet."));
    let many = page("many");
    assert!(many.len() < MOST_BYTES, "{} bytes", many.len());
    assert_eq!(many.matches("<tr class=\"first\"").count(), 1);

    for path in ["/search", "/search?run=x", "/search?run=99", "/search?run=../hyper"] {
        assert!([400, 404].contains(&ui.get(path).status), "{path}");
    }
    // what is damaged has no page, and neither has a run that is asked for as a search
    assert_eq!(ui.raw("GET /search?run=0", &[("Host", &ui.host)]).status, 403);
    ui.interrupt();
    assert_eq!(ui.code(), Some(0));
}

#[test]
fn pages_of_searches_are_looked_at_in_a_browser() {
    let place = tempfile::tempdir().expect("a folder");
    searches(place.path());
    let ui = Served::start(place.path(), &["ui"]);
    let list = ui.get("/").body;
    let addresses = ["hyper", "deeper/killed", "many"]
        .map(|name| ui.address(&format!("/search?run={}", number(&list, name))));
    is_sound("search.mjs", &addresses.each_ref().map(String::as_str));
}

/// A search of the digits whose trials take so many epochs.
fn digits(trials: usize, epochs: usize) -> String {
    format!(
        "model Digits {{\n    input(8x8x1)\n    flatten\n    dense(search(4..=64), activation: search([relu, gelu]))\n    \
         dense(classes, activation: softmax)\n}}\n\
         data {{ source: digits; test: 20% of all; validation: 20% of train }}\nprepare {{ rescale: 1/16 }}\n\
         train {{ epochs: {epochs}; optimizer: adam(lr: search(1e-4..=1e-2, scale: log)); metrics: [accuracy] }}\n\
         tune {{ objective: val_accuracy; strategy: random(trials: {trials}) }}\n"
    )
}

/// What a search has found, without the time that it took.
fn found(folder: &Path) -> String {
    let text = fs::read_to_string(folder.join("trials.jsonl")).expect("there");
    let line = |line: &str| {
        let mut entry: serde_json::Value = serde_json::from_str(line).expect("JSON");
        entry.as_object_mut().expect("an object").remove("seconds");
        entry.to_string() + "\n"
    };
    text.lines().map(line).collect()
}

#[test]
fn a_search_that_is_looked_at_is_the_same() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    fs::write(folder.join("d.cnn"), digits(4, 3)).expect("written");
    ends(folder, &["tune", "d.cnn", "--out", "alone", "-q"], 0);
    let page = Served::start(folder, &["tune", "d.cnn", "--out", "seen", "--ui"]);
    // the page of the search takes the place of the one that grew
    assert!(page.hears("\"ended\":true").contains("\"report\":true"));
    let report = page.get("/").body;
    assert!(
        report.contains("The search is complete.") && report.contains("cnnc run seen/best.cnn</pre>"),
        "{report}"
    );
    assert_eq!(report, fs::read_to_string(folder.join("seen/report.html")).expect("written"));
    assert_eq!(page.get("/trials.jsonl").status, 404);
    page.interrupt();
    assert_eq!(page.code(), Some(0));
    assert_eq!(found(&folder.join("seen")), found(&folder.join("alone")));
}

#[test]
fn a_search_is_watched_and_stopped_in_a_browser() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    fs::write(folder.join("d.cnn"), digits(100_000, 3)).expect("written");
    let page = Served::start(folder, &["tune", "d.cnn", "--out", "s", "--ui"]);
    page.hears("\"running\":[{\"trial\":");
    if is_sound("search.mjs", &["--live", &page.address("/")]) {
        page.interrupt();
        assert_eq!(page.code(), Some(1));
    }
}

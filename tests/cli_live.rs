//! Pages that are served while a process runs, through the command line: who is let in, what a page is told, that
//! a run is stopped by it and is otherwise the same to the bit, and that a browser finds nothing wrong.

mod served;

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;

use served::{Served, ends, is_sound};

/// A program of the digits.
fn digits(epochs: usize, rate: &str) -> String {
    format!(
        "model Digits {{\n    input(8x8x1)\n    flatten\n    dense(classes, activation: softmax)\n}}\n\
         data {{ source: digits; test: 20% of all; validation: 10% of train }}\nprepare {{ rescale: 1/16 }}\n\
         augment {{ rotation(10deg) }}\n\
         train {{ epochs: {epochs}; optimizer: adam(lr: {rate}); metrics: [accuracy] }}\n"
    )
}

fn folder_with(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("written");
    }
    folder
}

fn weights(folder: &Path, run: &str) -> Vec<u8> {
    fs::read(folder.join(run).join("weights.safetensors")).expect("there")
}

#[test]
fn strangers_are_not_let_in() {
    let place = folder_with(&[("a.cnn", &digits(1_000_000, "0.01"))]);
    let page = Served::start(place.path(), &["run", "a.cnn", "--out", "run", "--ui"]);
    page.hears("\"rows\":[[1,");
    let (host, token) = (page.host.clone(), page.token.clone());
    let port = host.rsplit_once(':').expect("a port").1;
    let known = format!("GET /?token={token}");
    let own = ("Host", host.as_str());

    let answer = page.raw(&known, &[own]);
    assert_eq!(answer.status, 200, "{}", answer.head);
    for header in [
        "cache-control: no-store",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
        "frame-ancestors 'none'",
        "content-type: text/html; charset=utf-8",
    ] {
        assert!(answer.head.contains(header), "{header} is missing in {}", answer.head);
    }
    assert!(!answer.head.contains("access-control-allow"), "{}", answer.head);
    assert!(answer.body.contains("script-src 'sha256-"), "no policy");
    for name in ["localhost", "[::1]", "LocalHost"] {
        assert_eq!(page.raw(&known, &[("Host", &format!("{name}:{port}"))]).status, 200, "{name}");
    }

    let mine = format!("http://{host}");
    for (line, headers) in [
        (&*known, &[("Host", "evil.example")][..]),
        (&known, &[("Host", &format!("evil.example:{port}"))]),
        (&known, &[("Host", "127.0.0.1")]),
        (&known, &[("Host", "127.0.0.1:1")]),
        (&known, &[own, ("Origin", "http://evil.example")]),
        (&known, &[own, ("Origin", "null")]),
        (&known, &[own, ("Origin", &format!("https://{host}"))]),
        (&format!("GET http://evil.example/?token={token}"), &[own]),
        ("GET /", &[own]),
        ("GET /?token=", &[own]),
        (&format!("GET /?token={}", "0".repeat(32)), &[own]),
        (&format!("GET /?token={token}0"), &[own]),
        ("GET /events", &[own]),
        ("GET /sheet.svg", &[own]),
        ("GET /nothing", &[own]),
        // another site's page cannot stop a run, whatever it knows
        ("POST /stop", &[own, ("Origin", &mine)]),
        (&format!("POST /stop?token={token}"), &[own]),
        (&format!("POST /stop?token={token}"), &[own, ("Origin", "http://evil.example")]),
    ] {
        let answer = page.raw(line, headers);
        assert_eq!(answer.status, 403, "{line} {headers:?}");
        assert!(answer.head.contains("nosniff") && !answer.body.contains("<html"), "{line}");
    }
    // no host at all: the connection or the request is refused
    assert!(page.raw(&known, &[]).status >= 400);

    for path in [
        "/run.json",
        "/run/run.json",
        "/../run/run.json",
        "/%2e%2e/run/run.json",
        "//run/run.json",
        "/..%2frun%2frun.json",
        "/etc/passwd",
        "/stop/",
        "/events/../run/run.json",
        "/report?run=0",
        "/favicon.ico",
    ] {
        assert_eq!(page.get(path).status, 404, "{path}");
    }
    assert_eq!(page.get("/stop").status, 405);
    let body = [own, ("Origin", &mine), ("Content-Length", "5")];
    assert_eq!(page.raw(&format!("POST /stop?token={token}"), &body).status, 413);
    let body = [own, ("Origin", &mine), ("Transfer-Encoding", "chunked")];
    assert_eq!(page.raw(&format!("POST /stop?token={token}"), &body).status, 413);

    // none of that has stopped it; the pictures are there
    let sheet = page.get("/sheet.svg");
    assert!(sheet.status == 200 && sheet.body.contains("<svg"), "{}", sheet.head);
    assert!(page.hears("\"stopping\":false").contains("\"ended\":false"));
    assert_eq!(page.post("/stop").status, 202);
    page.hears("\"ended\":true");
    // another Ctrl-C ends what stays
    page.interrupt();
    assert_eq!(page.code(), Some(1));
}

#[test]
fn a_run_that_is_looked_at_is_the_same() {
    let place = folder_with(&[("a.cnn", &digits(300, "0.01"))]);
    let folder = place.path();
    ends(folder, &["run", "a.cnn", "--out", "alone", "-q"], 0);
    // one looks, one does not listen to what it has asked for
    let page = Served::start(folder, &["run", "a.cnn", "--out", "seen", "--ui", "--ui-exit"]);
    let deaf: Vec<TcpStream> = (0..3)
        .map(|_| {
            page.send(&format!("GET /events?token={} HTTP/1.1\r\nHost: {}\r\n\r\n", page.token, page.host))
        })
        .collect();
    page.hears("\"ended\":true");
    assert_eq!(page.code(), Some(0));
    drop(deaf);
    assert_eq!(weights(folder, "seen"), weights(folder, "alone"));

    // stopped by its page, with the exit code of Ctrl-C, and gone on with
    let page = Served::start(folder, &["run", "a.cnn", "--out", "stopped", "--ui", "--ui-exit"]);
    page.hears("\"rows\":[[1,");
    assert_eq!(page.post("/stop").status, 202);
    assert_eq!(page.code(), Some(1));
    let told = fs::read_to_string(folder.join("stopped/run.json")).expect("there");
    assert!(told.contains("\"status\": \"interrupted\""), "{told}");
    assert!(folder.join("stopped/state.safetensors").exists() && folder.join("stopped/report.html").exists());
    assert_ne!(weights(folder, "stopped"), weights(folder, "alone"));
    // whoever looks at what goes on is told the epochs before
    let page = Served::start(folder, &["run", "a.cnn", "--resume", "stopped", "--ui", "--ui-exit"]);
    let told = page.hears("\"rows\":[[1,");
    assert!(told.contains("\"columns\":[\"loss\",\"accuracy\",\"val_loss\",\"val_accuracy\"]"), "{told}");
    assert_eq!(page.code(), Some(0));
    assert_eq!(weights(folder, "stopped"), weights(folder, "alone"));
}

#[test]
fn the_report_takes_the_place_of_the_page() {
    let place = folder_with(&[("a.cnn", &digits(3, "0.01")), ("d.cnn", &digits(3, "1e38"))]);
    let folder = place.path();
    for words in [&["run", "a.cnn", "--ui"][..], &["run", "a.cnn", "--ui", "--no-report"]] {
        let page = Served::start(folder, words);
        assert!(page.hears("\"ended\":true").contains("\"report\":true"));
        let report = page.get("/");
        assert!(report.status == 200 && report.body.contains("<section id=\"quality\">"), "{}", report.head);
        assert!(page.get("/").body.contains("finished"));
        page.interrupt();
        assert_eq!(page.code(), Some(0));
    }
    assert!(folder.join("runs/a-1/report.html").exists() && !folder.join("runs/a-2/report.html").exists());
    // Ctrl-C while it trains ends both
    fs::write(folder.join("long.cnn"), digits(1_000_000, "0.01")).expect("written");
    let page = Served::start(folder, &["run", "long.cnn", "--ui"]);
    page.hears("\"rows\":[[1,");
    page.interrupt();
    assert_eq!(page.code(), Some(1));
    assert!(folder.join("runs/long-1/state.safetensors").exists());
    // and a second one whatever goes on
    let page = Served::start(folder, &["run", "long.cnn", "--ui"]);
    page.hears("\"rows\":[[1,");
    page.interrupt();
    page.interrupt();
    assert_eq!(page.code(), Some(1));
}

#[test]
fn a_port_that_cannot_be_had_is_said_before_anything_is_trained() {
    let place = folder_with(&[("a.cnn", &digits(3, "0.01"))]);
    let folder = place.path();
    let other = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = other.local_addr().expect("bound").port();
    let [_, said] = ends(folder, &["run", "a.cnn", &format!("--ui={port}")], 1);
    assert!(
        said.contains(&format!("port {port} is in use")) && said.contains("`--ui` without a number"),
        "{said}"
    );
    assert!(!folder.join("runs").exists());
    fs::create_dir(folder.join("runs")).expect("made");
    let [_, said] = ends(folder, &["ui", "--port", &port.to_string()], 1);
    assert!(
        said.contains(&format!("port {port} is in use")) && said.contains("leave `--port` out"),
        "{said}"
    );
    let [_, said] = ends(folder, &["run", "a.cnn", &format!("--ui={port}"), "--lang", "ko"], 1);
    assert!(said.contains(&format!("{port}번 포트는 다른 프로세스가 쓰고 있습니다")), "{said}");

    let [_, said] = ends(folder, &["--restricted", "run", "a.cnn", "--ui"], 2);
    assert!(said.contains("`--restricted` lets nobody listen to a port: leave `--ui` out"), "{said}");
    ends(folder, &["--restricted", "ui"], 2);
    ends(folder, &["run", "a.cnn", "--ui=http"], 2);
    ends(folder, &["run", "a.cnn", "--ui-exit"], 2);
    let [_, said] = ends(folder, &["ui", "nowhere"], 1);
    assert!(said.contains("there is no folder `nowhere`"), "{said}");
    let two = digits(3, "0.01").replace(
        "data {",
        "model Other {\n    input(8x8x1)\n    flatten\n    dense(classes, activation: softmax)\n}\ndata {",
    );
    fs::write(folder.join("two.cnn"), two).expect("written");
    let [_, said] = ends(folder, &["run", "two.cnn", "--ui"], 2);
    assert!(said.contains("shows one model"), "{said}");
    assert!(fs::read_dir(folder.join("runs")).expect("there").next().is_none());
}

/// Runs of every kind below `runs`.
fn runs(folder: &Path) {
    let with = |name: &str, text: String| fs::write(folder.join(name), text).expect("written");
    with("a.cnn", digits(6, "0.01"));
    with("b.cnn", digits(8, "0.002"));
    with(
        "d.cnn",
        digits(3, "0.01")
            .replace("adam(lr: 0.01)", "sgd(lr: 1e30)")
            .replace("flatten\n", "flatten\n    dense(16)\n"),
    );
    ends(folder, &["run", "a.cnn", "--out", "runs/good", "-q"], 0);
    ends(folder, &["run", "b.cnn", "--out", "runs/deeper/slow", "-q"], 0);
    ends(folder, &["run", "a.cnn", "--out", "runs/old", "--seed", "4", "-q"], 0);
    ends(folder, &["run", "d.cnn", "--out", "runs/failed", "-q"], 1);
    // of a version that kept no answers; and what was damaged
    for name in ["metrics.json", "predictions.csv"] {
        fs::remove_file(folder.join("runs/old").join(name)).expect("there");
    }
    fs::create_dir(folder.join("runs/damaged")).expect("made");
    fs::write(folder.join("runs/damaged/run.json"), "{ \"status\": ").expect("written");
    fs::create_dir(folder.join("runs/<b>headless")).expect("made");
    fs::write(folder.join("runs/<b>headless/history.csv"), "epoch,loss,learning_rate,seconds\n")
        .expect("written");
}

#[test]
fn all_runs_of_a_folder_are_listed() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path();
    runs(folder);
    let page = Served::start(folder, &["ui"]);
    let list = page.get("/").body;
    for part in
        [">good</a>", ">deeper/slow</a>", ">old</a>", ">failed</a>", "<td>damaged</td>", "&lt;b&gt;headless"]
    {
        assert!(list.contains(part), "{part} is missing in {list}");
    }
    assert!(list.contains("did not keep the answers") && !list.contains("<b>headless"));
    assert_eq!(list.matches("status bad").count(), 3, "{list}");
    // a run is asked for by its number
    let number = |list: &str, name: &str| {
        let at = list.find(&format!(">{name}</a>")).expect("listed");
        let digits = list[..at].rsplit_once("data-run=\"").expect("a number").1;
        digits.split('"').next().expect("ends").to_owned()
    };
    let (good, slow, old) = (number(&list, "good"), number(&list, "deeper/slow"), number(&list, "old"));
    let report = page.get(&format!("/report?run={good}"));
    assert!(
        report.status == 200
            && report.body.contains("id=\"matrix\"")
            && report.body.contains("flatten = flatten")
    );
    for path in [
        "/report",
        "/report?run=x",
        "/report?run=-1",
        "/report?run=../good",
        "/compare",
        "/compare?runs=good",
    ] {
        assert!([400, 404].contains(&page.get(path).status), "{path}");
    }
    for path in [
        "/report?run=99",
        "/compare?runs=0,99",
        "/runs/good/run.json",
        "/good",
        "/compare?runs=0,1,2,3,4,5,0,1,2",
    ] {
        assert_eq!(page.get(path).status, 404, "{path}");
    }
    assert_eq!(page.raw("GET /", &[("Host", &page.host)]).status, 403);
    assert_eq!(page.raw(&format!("GET /?token={}", page.token), &[("Host", "evil.example")]).status, 403);

    let answer = page.get(&format!("/compare?runs={good},{slow},{old}"));
    let told: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
    assert_eq!(told["runs"][0]["epochs"].as_array().map(Vec::len), Some(6));
    assert_eq!(told["runs"][1]["columns"]["val_loss"].as_array().map(Vec::len), Some(8));
    assert!(told["runs"][2]["accuracy"].as_f64().is_some_and(|share| share > 0.5), "{told}");
    assert_eq!(told["runs"][2]["interval"].as_array().map(Vec::len), Some(2));
    let differing: Vec<&str> =
        told["settings"].as_array().expect("a list").iter().filter_map(|entry| entry[0].as_str()).collect();
    assert!(differing.contains(&"train.epochs") && differing.contains(&"train.seed"), "{differing:?}");
    assert_eq!(
        (told["pairs"][0]["pictures"].as_u64(), &told["pairs"][1]["verdict"]),
        (Some(359), &"cannot tell".into())
    );

    // new ones are there when it is loaded again, and the others keep their numbers
    ends(folder, &["run", "a.cnn", "--out", "runs/another", "-q"], 0);
    let list = page.get("/").body;
    assert_eq!((number(&list, "good"), number(&list, "another")), (good, "6".to_owned()));
    page.interrupt();
    assert_eq!(page.code(), Some(0));
}

#[test]
fn a_run_is_watched_and_stopped_in_a_browser() {
    let place = folder_with(&[("a.cnn", &digits(1_000_000, "0.01"))]);
    let page = Served::start(place.path(), &["run", "a.cnn", "--out", "run", "--ui"]);
    if is_sound("live.mjs", &["run", &page.address("/")]) {
        page.interrupt();
        assert_eq!(page.code(), Some(1));
    }
}

#[test]
fn all_runs_are_looked_at_in_a_browser() {
    let place = tempfile::tempdir().expect("a folder");
    runs(place.path());
    let page = Served::start(place.path(), &["ui"]);
    is_sound("live.mjs", &["list", &page.address("/")]);
}

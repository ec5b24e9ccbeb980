//! What decides the last digits of a run that goes on.

use std::fs;

use super::place::Place;

#[test]
fn a_run_goes_on_as_it_was_begun_to_compute() {
    let place = Place::new();
    for (begun, flags) in [("exact", &["--exact"][..]), ("portable", &["--simd", "portable"]), ("fast", &[])]
    {
        let run = |epochs: &str, out: &str| {
            place
                .cnnc(&[&["run", "tiny.cnn", "--epochs", epochs, "--out", out][..], flags].concat())
                .success();
        };
        let (whole, parts) = (format!("{begun}-whole"), format!("{begun}-parts"));
        run("2", &whole);
        run("1", &parts);
        let said = place.cnnc(&["run", "tiny.cnn", "--epochs", "2", "--resume", &parts]).success().said();
        assert!(!said.contains("warning: "), "{said}");
        place.results(&parts).are(&place.results(&whole), begun);
        let report: serde_json::Value =
            serde_json::from_slice(&place.bytes(&format!("{parts}/run.json"))).expect("JSON");
        assert_eq!(report["exact"], begun == "exact");
    }
    // what is asked for is done, and said
    let resume = |flags: &[&str]| {
        place.cnnc(&[&["run", "tiny.cnn", "--epochs", "2", "--resume", "fast-parts"], flags].concat())
    };
    resume(&["--exact"]).success().says(&["warning: the run was begun without `--exact`; with others"]);
    resume(&["--tune-kernels"])
        .success()
        .says(&["the run was begun without `--tune-kernels`, and goes on so"]);
    if cnnc::internals::kernel::Simd::detect() != cnnc::internals::kernel::Simd::Portable {
        resume(&["--simd", "portable"]).success().says(&["warning: the run was begun with"]);
    }
    // run.json is for people: what is done to it changes nothing
    fs::write(place.path("exact-parts/run.json"), "{\"simd\":\"portable\",\"exact\":false}")
        .expect("written");
    place.cnnc(&["run", "tiny.cnn", "--epochs", "3", "--resume", "exact-parts"]).success();
    place.cnnc(&["run", "tiny.cnn", "--epochs", "3", "--exact", "--out", "exact-long"]).success();
    place.results("exact-parts").are(&place.results("exact-long"), "exact");
}

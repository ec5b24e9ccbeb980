//! Signals and kills at all moments.

use std::fs;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use cnnc::internals::random::Random;

use super::place::Place;
use super::programs::{PICTURES, PLAIN};

#[cfg(unix)]
fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &child.id().to_string()]).status().expect("kill runs");
    assert!(sent.success());
}

/// Waits for a process, and how long that took.
fn end_of(child: &mut Child) -> (ExitStatus, Duration) {
    let begun = Instant::now();
    let status = child.wait().expect("ended");
    (status, begun.elapsed())
}

/// Pictures that take long to decode: reading all of them takes several seconds, and each epoch
/// does it again.
fn large_pictures(place: &Place) {
    for number in 0..24_u32 {
        let folder = place.path("large").join(["a", "b"][number as usize % 2]);
        fs::create_dir_all(&folder).expect("made");
        let mut random = Random::seeded(number.into());
        let noise: Vec<u8> = (0..1600 * 1600 / 8).flat_map(|_| random.next_u64().to_le_bytes()).collect();
        let picture = image::GrayImage::from_raw(1600, 1600, noise).expect("as many bytes as pixels");
        picture.save(folder.join(format!("{number}.png"))).expect("written");
    }
    let text = "\
model Large {
    input(32x32x1)
    conv2d(64, 3x3, padding: same, activation: relu)
    conv2d(64, 3x3, padding: same, activation: relu)
    global_avg_pool2d
    dense(classes, activation: softmax)
}
data { source: folder(\"large\"); validation: 25% of train; test: 25% of all; cache: none }
prepare { resize: 32x32; color: gray; rescale: 1/255 }
train { epochs: 2; batch: 6; optimizer: adam(lr: 0.005) }
";
    fs::write(place.path("large.cnn"), text).expect("written");
}

#[test]
#[cfg(unix)]
fn a_signal_ends_a_run_soon_whatever_it_does() {
    let place = Place::new();
    large_pictures(&place);
    let begun = Instant::now();
    place.cnnc(&["run", "large.cnn", "--out", "whole"]).success();
    let whole = begun.elapsed();
    let moments = 12;
    let mut slowest = Duration::ZERO;
    for moment in 0..moments {
        let out = format!("run-{moment}");
        let mut child = place.start(&["run", "large.cnn", "--out", &out]);
        std::thread::sleep(whole * moment / moments);
        signal(&child, ["TERM", "INT"][moment as usize % 2]);
        let (status, took) = end_of(&mut child);
        slowest = slowest.max(took);
        // before the program has begun to listen, the signal itself ends it
        let is_signal = std::os::unix::process::ExitStatusExt::signal(&status).is_some();
        assert!(is_signal || [Some(0), Some(1)].contains(&status.code()), "{status}");
        let goes_on = place.path(&out).exists();
        let words = if goes_on {
            ["run", "large.cnn", "--resume", &out]
        } else {
            ["run", "large.cnn", "--out", &out]
        };
        place.cnnc(&words).success();
        place.results(&out).are(&place.results("whole"), &format!("moment {moment}"));
    }
    eprintln!("the slowest of {moments} ended {slowest:?} after its signal");
    // a second, and as much again for a machine that is busy with other tests
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
}

/// A server that takes the call and says nothing.
#[test]
#[cfg(unix)]
fn a_signal_ends_a_run_that_fetches() {
    let place = Place::new();
    let text = PLAIN.replace("digits; test: 20% of all", "mnist").replace("8x8x1", "28x28x1");
    fs::write(place.path("mnist.cnn"), text).expect("written");
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let proxy = format!("http://{}", silent.local_addr().expect("an address"));
    let mut command = place.command(&["run", "mnist.cnn", "--out", "run"]);
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        command.env(name, &proxy);
    }
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("started");
    let _call = silent.accept().expect("the program calls");
    signal(&child, "TERM");
    let (status, took) = end_of(&mut child);
    assert!(status.code() == Some(1) && took < Duration::from_secs(2), "{status} after {took:?}");
    assert!(!place.path("run").exists());
}

/// Compiling and timing kernels cannot be broken off, and need not be: nothing would be lost.
#[test]
#[cfg(unix)]
fn a_signal_ends_a_run_that_times_kernels() {
    let place = Place::new();
    let text = PICTURES
        .replace("flatten\n", "conv2d(96, 3x3, padding: same)\n conv2d(96, 3x3, padding: same)\n flatten\n");
    let text = text.replace("input(8x8x3)", "input(8x8x1)").replace("folder(\"set\")", "digits");
    fs::write(place.path("tuned.cnn"), text).expect("written");
    for wait in [300, 900, 1500] {
        let mut child = place.start(&["run", "tuned.cnn", "--tune-kernels", "--out", "run"]);
        std::thread::sleep(Duration::from_millis(wait));
        signal(&child, "TERM");
        let (_, took) = end_of(&mut child);
        assert!(took < Duration::from_secs(2), "{took:?}");
        let _ = fs::remove_dir_all(place.path("run"));
    }
}

/// Kills at random moments; `CNNC_KILLS` says how many.
#[test]
fn killed_runs_end_as_undisturbed_ones() {
    let kills: usize = std::env::var("CNNC_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(20);
    let place = Place::new();
    let mut random = Random::seeded(4711);
    let programs = ["tiny.cnn", "phases.cnn", "plain.cnn"];
    let undisturbed = programs.map(|program| {
        let begun = Instant::now();
        place
            .cnnc(&["run", program, "--out", &format!("{program}-whole"), "--set", "train.batch=8"])
            .success();
        (begun.elapsed(), place.results(&format!("{program}-whole")))
    });
    for kill in 0..kills {
        let (program, (whole, expected)) = (programs[kill % 3], &undisturbed[kill % 3]);
        let out = format!("killed-{kill}");
        let mut words = vec!["run", program, "--out", &out, "--set", "train.batch=8"];
        // killed again and again, until it comes to its end
        for _ in 0..1 + random.below(3) {
            let mut child = place.start(&words);
            std::thread::sleep(whole.mul_f64(random.unit()));
            let _ = child.kill();
            child.wait().expect("ended");
            if place.path(&out).join("run.lock").exists() {
                words[2] = "--resume";
            }
        }
        place.cnnc(&words).success();
        place.results(&out).are(expected, &format!("kill {kill}, {program}"));
    }
    eprintln!("{kills} runs were killed");
}

//! Runs of several processes, started by a real `mpirun`: the weights of one process, whatever their number and
//! whatever becomes of them. Says that it is skipped where there is no `mpirun`.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// What keeps a state, draws numbers, mixes and weighs pictures; the last batch of an epoch has 13 pictures.
const MIXED: &str = "\
model Mixed {
    input(8x8x1)
    conv2d(8, 3x3, padding: same)
    batch_norm
    relu
    max_pool2d(2)
    dropout(0.2)
    flatten
    dense(classes, activation: softmax)
}
data { source: digits; test: 20% of all; validation: 20% of train }
prepare { rescale: 1/16 }
augment { shift(width: 10%, height: 10%); mixup(p: 50%) }
train { epochs: 2; batch: 64; optimizer: adam(lr: 0.005); metrics: [accuracy, f1] }
";

/// Branches, averages of the weights, and early stopping with the best weights restored.
const AVERAGED: &str = "\
model Averaged {
    input(8x8x1)
    start = conv2d(8, 3x3, padding: same, activation: relu)
    conv2d(8, 3x3, padding: same, activation: relu)
    conv2d(8, 3x3, padding: same)
    add(start)
    relu
    global_avg_pool2d
    dense(classes, activation: softmax)
}
data { source: digits; test: 20% of all; validation: 20% of train }
prepare { rescale: 1/16 }
train {
    epochs: 3
    batch: 48
    optimizer: sgd(lr: 0.05, momentum: 0.9)
    ema: 0.95
    early_stopping(monitor: val_loss, patience: 2, restore_best_weights: true)
}
";

/// Makes a run last long enough to be disturbed: some seconds.
const SLOW: [&str; 4] = ["--set", "train.batch=16", "--epochs", "150"];

/// As long as anything here may take.
const MOST: Duration = Duration::from_secs(240);

#[allow(clippy::print_stderr, reason = "it says that it is skipped")]
fn has_mpirun() -> bool {
    let found = Command::new("mpirun").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let found = found.is_ok_and(|status| status.success());
    if !found {
        eprintln!("skipped: there is no mpirun (Debian: openmpi-bin)");
    }
    found
}

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().expect("a folder"));
        fs::write(place.path("mixed.cnn"), MIXED).expect("written");
        fs::write(place.path("averaged.cnn"), AVERAGED).expect("written");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Anything, in the folder of the place.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.0.path());
        command
            .env_remove("CNNC_DATA_DIR")
            .env("CNNC_MEMORY_MIB", "65536")
            .env("NO_COLOR", "1")
            .env("LC_ALL", "C");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// `cnnc` alone.
    fn alone(&self, words: &[&str]) -> Output {
        let output = self.command(env!("CARGO_BIN_EXE_cnnc")).args(words).output().expect("started");
        assert!(output.status.success(), "{}", text(&output.stderr));
        output
    }

    /// `mpirun` with what it needs on a machine with fewer cores than ranks, up to the first program.
    fn mpirun(&self) -> Command {
        let mut command = self.command("mpirun");
        command.args(["--oversubscribe", "--allow-run-as-root", "--bind-to", "none"]);
        command.args(["--mca", "mpi_yield_when_idle", "1"]);
        command
    }

    /// `cnnc` by so many processes.
    fn together(&self, ranks: usize, words: &[&str]) -> Command {
        let mut command = self.mpirun();
        command.args(["-n", &ranks.to_string(), env!("CARGO_BIN_EXE_cnnc")]).args(words);
        command
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A job that goes on beside the test, and ends with it.
struct Job(Child);

impl Job {
    fn start(mut command: Command) -> Self {
        Self(command.spawn().expect("mpirun starts"))
    }

    /// What it has said, once it has ended: all of it, and stderr alone.
    fn end(mut self) -> (bool, String, String) {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.0.try_wait().expect("a child") {
                break status;
            }
            assert!(begun.elapsed() < MOST, "it has not ended");
            std::thread::sleep(Duration::from_millis(20));
        };
        let (mut out, mut err) = (String::new(), String::new());
        self.0.stdout.take().expect("piped").read_to_string(&mut out).expect("text");
        self.0.stderr.take().expect("piped").read_to_string(&mut err).expect("text");
        (status.success(), out, err)
    }

    /// The process of a rank: a grandchild, found by what its launcher has told it.
    fn pid_of(&self, rank: usize) -> String {
        let wanted = format!("OMPI_COMM_WORLD_RANK={rank}");
        let begun = Instant::now();
        while begun.elapsed() < MOST {
            let children = format!("/proc/{0}/task/{0}/children", self.0.id());
            let children = fs::read_to_string(children).unwrap_or_default();
            for pid in children.split_whitespace() {
                let told = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
                if told.split(|&byte| byte == 0).any(|variable| variable == wanted.as_bytes()) {
                    return pid.to_owned();
                }
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("there is no rank {rank}");
    }

    fn signal(pid: &str, signal: &str) {
        let sent = Command::new("kill").args([signal, pid]).status().expect("kill");
        assert!(sent.success(), "{signal} {pid}");
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until a file is there.
fn wait_for(path: &Path) {
    let begun = Instant::now();
    while !path.exists() {
        assert!(begun.elapsed() < MOST, "{} does not come", path.display());
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn any_number_of_ranks_gives_the_weights_of_one_process() {
    if !has_mpirun() {
        return;
    }
    let place = Place::new();
    for name in ["mixed", "averaged"] {
        let file = format!("{name}.cnn");
        place.alone(&["run", &file, "--out", name]);
        for ranks in 1..=4 {
            let out = format!("{name}-{ranks}");
            let job = Job::start(place.together(ranks, &["run", &file, "--out", &out]));
            let (is_good, said, err) = job.end();
            assert!(is_good, "{ranks} ranks: {err}");
            for written in ["weights.safetensors", "predictions.csv", "metrics.json"] {
                let (one, all) = (format!("{name}/{written}"), format!("{out}/{written}"));
                assert!(place.bytes(&one) == place.bytes(&all), "{written} of {ranks} ranks differ: {err}");
            }
            assert_eq!(said.matches("weights: ").count(), 1, "one rank speaks: {said}");
            let report: serde_json::Value =
                serde_json::from_slice(&place.bytes(&format!("{out}/run.json"))).expect("JSON");
            assert_eq!(report["ranks"], ranks);
            if ranks > 1 {
                assert_eq!(err.matches(&format!("{ranks} ranks (1 host)")).count(), 1, "{err}");
            }
        }
    }
}

#[test]
fn a_run_whose_rank_was_killed_goes_on_with_another_number_of_ranks() {
    if !has_mpirun() {
        return;
    }
    let place = Place::new();
    place.alone(&[&["run", "mixed.cnn", "--out", "one"][..], &SLOW].concat());
    let job = Job::start(place.together(2, &[&["run", "mixed.cnn", "--out", "run"][..], &SLOW].concat()));
    let victim = job.pid_of(1);
    wait_for(&place.path("run/state.safetensors"));
    Job::signal(&victim, "-KILL");
    let (is_good, _, err) = job.end();
    assert!(!is_good, "{err}");
    let job = Job::start(place.together(3, &[&["run", "mixed.cnn", "--resume", "run"][..], &SLOW].concat()));
    let (is_good, _, err) = job.end();
    assert!(is_good, "{err}");
    assert!(place.bytes("one/weights.safetensors") == place.bytes("run/weights.safetensors"), "{err}");
}

#[test]
fn a_job_that_is_told_to_end_saves_its_state() {
    if !has_mpirun() {
        return;
    }
    let place = Place::new();
    place.alone(&[&["run", "mixed.cnn", "--out", "one"][..], &SLOW].concat());
    let job = Job::start(place.together(2, &[&["run", "mixed.cnn", "--out", "run"][..], &SLOW].concat()));
    wait_for(&place.path("run/state.safetensors"));
    Job::signal(&job.0.id().to_string(), "-TERM");
    let (is_good, _, err) = job.end();
    assert!(!is_good && err.contains("state and weights are saved"), "{err}");
    // one process goes on
    place.alone(&[&["run", "mixed.cnn", "--resume", "run"][..], &SLOW].concat());
    assert!(place.bytes("one/weights.safetensors") == place.bytes("run/weights.safetensors"));
}

#[test]
fn a_rank_that_is_stopped_ends_all_with_one_message() {
    if !has_mpirun() {
        return;
    }
    let place = Place::new();
    for stopped in [1, 0] {
        let out = format!("run-{stopped}");
        let words = ["run", "mixed.cnn", "--out", &out, "--rank-timeout", "5s", "--epochs", "100000"];
        let job = Job::start(place.together(3, &words));
        let victim = job.pid_of(stopped);
        wait_for(&place.path(&out).join("state.safetensors"));
        let begun = Instant::now();
        Job::signal(&victim, "-STOP");
        let (is_good, _, err) = job.end();
        let sentence = format!("error: nothing was heard of rank {stopped} for 5 s");
        assert!(!is_good && err.matches(&sentence).count() == 1, "{err}");
        assert_eq!(err.matches("error: ").count(), 1, "{err}");
        // mpirun takes a second or two to end those that do not end by themselves, and a busy machine longer
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}: {err}", begun.elapsed());
    }
}

#[test]
fn ranks_that_do_not_fit_together_are_refused_by_name() {
    if !has_mpirun() {
        return;
    }
    let place = Place::new();
    let refused = |second: &[&str], sentence: &str| {
        let cnnc = env!("CARGO_BIN_EXE_cnnc");
        let mut command = place.mpirun();
        command.args(["-n", "2", cnnc, "run", "mixed.cnn", "--out", "run", ":"]);
        command.args(["-n", "1", cnnc, "run", "mixed.cnn", "--out", "run"]).args(second);
        let (is_good, _, err) = Job::start(command).end();
        assert!(!is_good && err.matches("error: ").count() == 1 && err.contains(sentence), "{err}");
        assert!(!place.path("run").exists(), "nothing is written");
    };
    refused(&["--simd", "portable"], "error: instructions of rank 2 on ");
    refused(&["--set", "train.batch=32"], "error: setting of rank 2 on ");
    refused(&["--set", "train.batch=32"], "`train.batch` = 32; of rank 0 on ");
    refused(&["--model", "Other"], "error: rank 2 has ended: ");
}

#[test]
fn a_rank_with_other_pictures_is_refused() {
    if !has_mpirun() {
        return;
    }
    let place = Place::new();
    let program = "model A { input(8x8x1); flatten; dense(classes, activation: softmax) }\n\
                   data { source: folder(\"pictures\") }\nprepare { color: gray; rescale: 1/255 }\n\
                   train { epochs: 1; batch: 8; optimizer: sgd(lr: 0.01) }\n";
    for (folder, light) in [("a", 10), ("b", 20)] {
        for (class, number) in
            ["x", "y"].into_iter().flat_map(|class| (0..8).map(move |number| (class, number)))
        {
            let path = place.path(folder).join("pictures").join(class);
            fs::create_dir_all(&path).expect("made");
            let value = if class == "x" { 0 } else { light };
            let picture = image::GrayImage::from_pixel(8, 8, image::Luma([value + number]));
            picture.save(path.join(format!("{number}.png"))).expect("saved");
        }
        fs::write(place.path(folder).join("a.cnn"), program).expect("written");
    }
    let cnnc = env!("CARGO_BIN_EXE_cnnc");
    let mut command = place.mpirun();
    for folder in ["a", "b"] {
        let folder = place.path(folder);
        command.args(["-n", "1", "-wdir"]).arg(folder).args([cnnc, "run", "a.cnn", "--out", "run", ":"]);
    }
    let (is_good, _, err) = Job::start(command).end();
    assert!(!is_good && err.contains("error: data of rank 1 on "), "{err}");
    assert_eq!(err.matches("error: ").count(), 1, "{err}");
}

#[test]
fn a_rank_with_other_weights_to_begin_with_is_refused() {
    if !has_mpirun() {
        return;
    }
    let place = Place::new();
    for seed in ["1", "2"] {
        place.alone(&["run", "mixed.cnn", "--epochs", "1", "--seed", seed, "--out", seed, "--no-report"]);
    }
    let cnnc = env!("CARGO_BIN_EXE_cnnc");
    let mut command = place.mpirun();
    for weights in ["1", "2"] {
        let run = ["run", "mixed.cnn", "--weights", weights, "--out", "run", ":"];
        command.args(["-n", "1", cnnc]).args(run);
    }
    let (is_good, _, err) = Job::start(command).end();
    assert!(!is_good && err.contains("error: weights to begin with of rank 1 on "), "{err}");
    assert_eq!(err.matches("error: ").count(), 1, "{err}");
}

/// One process proposes, the others train; a search that was ended goes on with another number of them.
#[test]
fn a_search_of_several_ranks_is_that_of_one() {
    if !has_mpirun() {
        return;
    }
    let place = Place::new();
    let searched = MIXED.replace("lr: 0.005", "lr: search(1e-4..=1e-1, scale: log)");
    // the second lasts long enough to be disturbed
    for (file, epochs) in [("search.cnn", 4), ("long.cnn", 16)] {
        let tune = format!("strategy: hyperband(max_epochs: {epochs}, factor: 2); parallel: 4");
        let tune = format!("tune {{ objective: val_accuracy; {tune} }}");
        fs::write(place.path(file), format!("{searched}{tune}\n")).expect("written");
    }
    let journal = |out: &str| -> Vec<serde_json::Value> {
        let entry = |line: &str| {
            let mut entry: serde_json::Value = serde_json::from_str(line).expect("JSON");
            entry.as_object_mut().expect("an event").shift_remove("seconds");
            entry
        };
        text(&place.bytes(&format!("{out}/trials.jsonl"))).lines().map(entry).collect()
    };
    let assert_same = |one: &str, out: &str, err: &str| {
        assert_eq!(journal(one), journal(out), "{err}");
        let best = |out: &str| text(&place.bytes(&format!("{out}/best.cnn")));
        assert_eq!(best(one), best(out), "{err}");
    };
    place.alone(&["tune", "search.cnn", "--out", "one"]);
    for (ranks, per_trial) in [(2, "1"), (4, "1"), (4, "2")] {
        let out = format!("{ranks}-{per_trial}");
        let words = ["tune", "search.cnn", "--out", &out, "--ranks-per-trial", per_trial];
        let (is_good, said, err) = Job::start(place.together(ranks, &words)).end();
        assert!(is_good, "{err}");
        assert_same("one", &out, &err);
        assert_eq!(said.matches("best: ").count(), 1, "one rank speaks: {said}");
        let left_over = "note: 1 of 3 ranks train nothing: another trial side by side takes 2 of them";
        assert_eq!(err.matches(left_over).count(), usize::from(per_trial == "2"), "{err}");
    }
    place.alone(&["tune", "long.cnn", "--out", "long"]);
    let job = Job::start(place.together(3, &["tune", "long.cnn", "--out", "ended"]));
    let unit = |out: &str| fs::read_to_string(place.path(out).join("trials.jsonl")).unwrap_or_default();
    let begun = Instant::now();
    while !unit("ended").contains("\"ended\"") {
        assert!(begun.elapsed() < MOST, "no unit has ended");
        std::thread::sleep(Duration::from_millis(5));
    }
    Job::signal(&job.0.id().to_string(), "-TERM");
    let (is_good, _, err) = job.end();
    assert!(!is_good && err.contains("the search has not come to its end"), "{err}");
    let (is_good, _, err) = Job::start(place.together(2, &["tune", "long.cnn", "--resume", "ended"])).end();
    assert!(is_good, "{err}");
    assert_same("long", "ended", &err);
}

#[test]
fn a_search_with_too_few_ranks_is_refused_with_one_message() {
    if !has_mpirun() {
        return;
    }
    let place = Place::new();
    let searched = MIXED.replace("lr: 0.005", "lr: search([0.01, 0.001])");
    fs::write(place.path("search.cnn"), format!("{searched}tune {{ strategy: grid }}\n")).expect("written");
    let said = |words: &[&str]| {
        let words = [&["tune", "search.cnn", "--out", "s"][..], words].concat();
        let (is_good, _, err) = Job::start(place.together(3, &words)).end();
        assert!(!is_good && err.matches("error: ").count() == 1, "{err}");
        assert!(!place.path("s").exists(), "nothing is written");
        err
    };
    let err = said(&["--ranks-per-trial", "3"]);
    assert!(err.contains("one rank that proposes and 3 that train a trial, and there are 3"), "{err}");
    assert!(err.contains("`mpirun -n 4`"), "{err}");
    assert!(said(&["--jobs", "2"]).contains("several ranks have no `--jobs`"));
}

#[test]
fn what_is_not_divided_is_refused_with_one_message() {
    if !has_mpirun() {
        return;
    }
    let place = Place::new();
    let said = |ranks: usize, words: &[&str]| {
        let (is_good, _, err) = Job::start(place.together(ranks, words)).end();
        assert!(!is_good && err.matches("error: ").count() == 1, "{err}");
        err
    };
    let err = said(2, &["check", "mixed.cnn"]);
    assert!(err.contains("2 processes were started together, and this command is for one"), "{err}");
    let err = said(3, &["run", "mixed.cnn", "--set", "train.batch=2", "--out", "run"]);
    assert!(err.contains("a batch of 2 pictures is divided into 2 parts, and there are 3 ranks"), "{err}");
    assert!(err.contains("--set train.batch=3"), "{err}");
    let (is_good, _, err) = Job::start(place.together(2, &["run", "none.cnn"])).end();
    assert!(!is_good && err.matches("cannot read `none.cnn`").count() == 1, "{err}");
}

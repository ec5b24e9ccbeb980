//! Searches of several ranks, as threads of one process, against those of one: the same trials, and the same best
//! file, with any number of ranks, of any size of crews, whenever they are interrupted.

#![allow(clippy::result_large_err, reason = "the library's own error, once in a test")]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;

use cnnc::ranks::{Communicator, threads};
use cnnc::{
    Compute, Error, Experiment, Interrupt, Options, SearchEvent, SearchOptions, SearchPlace, Searched,
};

/// Dropout, a state, moments and answers: whatever a trial keeps between two units.
const MODEL: &str = "\
model Small {
    input(8x8x1)
    conv2d(search(4..=8, step: 4), search([2, 3]))
    batch_norm
    relu
    dropout(0.2)
    flatten
    dense(classes, activation: softmax)
}
data    { source: digits; test: 20% of all; validation: 20% of train }
prepare { rescale: 1/16 }
train   { epochs: 2; batch: 96; optimizer: adam(lr: search(1e-4..=1e-1, scale: log)); seed: 3 }
";

const RANDOM: &str = "objective: val_accuracy; strategy: random(trials: 4); parallel: 2";
const HYPERBAND: &str =
    "objective: val_loss; strategy: hyperband(max_epochs: 4, factor: 2); parallel: 4; seeds: 2";

fn experiment(tune: &str) -> Experiment {
    let text = format!("{MODEL}tune {{ {tune} }}\n");
    Experiment::of_text("m.cnn", text, &Options::default()).expect("it is right")
}

/// One search.
struct Search<'s> {
    experiment: &'s Experiment,
    place: SearchPlace,
    ranks: usize,
    per_trial: usize,
    /// Ends of units after which rank 0 is told to end.
    interrupted_after: Option<usize>,
    /// Members of an ensemble.
    ensemble: Option<usize>,
}

impl<'s> Search<'s> {
    fn new(experiment: &'s Experiment, out: &Path) -> Self {
        Self {
            experiment,
            place: SearchPlace::New(out.to_owned()),
            ranks: 1,
            per_trial: 1,
            interrupted_after: None,
            ensemble: None,
        }
    }

    fn of(self, ranks: usize, per_trial: usize) -> Self {
        Self { ranks, per_trial, ..self }
    }

    fn one(&self, ranks: Option<Communicator>) -> Result<Searched, Error> {
        let interrupt = Arc::new(Interrupt::default());
        let ends = AtomicUsize::new(0);
        let options = SearchOptions {
            compute: Compute { threads: 1, ..Compute::default() },
            place: self.place.clone(),
            ranks,
            ranks_per_trial: self.per_trial,
            interrupt: Arc::clone(&interrupt),
            ensemble: self.ensemble,
            ..SearchOptions::default()
        };
        self.experiment.tune(options, &mut |event: SearchEvent<'_>| {
            if let SearchEvent::Ended { is_known: false, .. } = event {
                let ended = ends.fetch_add(1, Ordering::Relaxed) + 1;
                if self.interrupted_after == Some(ended) {
                    interrupt.raise();
                }
            }
        })
    }

    /// What each rank comes to.
    fn all(self) -> Vec<Result<Searched, Error>> {
        if self.ranks == 1 {
            return vec![self.one(None)];
        }
        let search = &self;
        std::thread::scope(|scope| {
            let ranks = threads(search.ranks, Duration::from_secs(120)).into_iter();
            let begun: Vec<_> = ranks.map(|rank| scope.spawn(move || search.one(Some(rank)))).collect();
            begun.into_iter().map(|rank| rank.join().expect("no panic")).collect()
        })
    }

    /// What it comes to, which is the same on all ranks.
    fn run(self) -> Searched {
        let all: Vec<Searched> = self.all().into_iter().map(|came| came.expect("it works")).collect();
        assert!(all.iter().all(|came| *came == all[0]));
        all[0].clone()
    }
}

/// The lines of a journal without times.
fn journal(folder: &Path) -> Vec<Value> {
    let text = fs::read_to_string(folder.join("trials.jsonl")).expect("there");
    let entry = |line: &str| {
        let mut entry: Value = serde_json::from_str(line).expect("JSON");
        entry.as_object_mut().expect("an event").shift_remove("seconds");
        entry
    };
    text.lines().map(entry).collect()
}

/// The files of all trials that do not tell the time: weights, answers.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for trial in fs::read_dir(folder.join("trials")).expect("there").flatten() {
        for name in ["best.safetensors", "validation.npy"] {
            if let Ok(bytes) = fs::read(trial.path().join(name)) {
                files.push((format!("{}/{name}", trial.file_name().to_string_lossy()), bytes));
            }
        }
    }
    files.sort();
    files
}

fn assert_same(one: &Path, other: &Path) {
    assert_eq!(journal(one), journal(other), "{}", other.display());
    let best = |folder: &Path| fs::read_to_string(folder.join("best.cnn")).expect("there");
    assert_eq!(best(one), best(other));
    let (one, other) = (files(one), files(other));
    assert!(!one.is_empty());
    let names = |files: &[(String, Vec<u8>)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&one), names(&other));
    assert!(one == other, "weights or answers differ");
}

/// Searches by all divisions of ranks, against one process.
fn check(tune: &str, divisions: &[(usize, usize)]) {
    let place = tempfile::tempdir().expect("a folder");
    let experiment = experiment(tune);
    let one = place.path().join("one");
    let alone = Search { ensemble: Some(3), ..Search::new(&experiment, &one) }.run();
    for &(ranks, per_trial) in divisions {
        let out = place.path().join(format!("{ranks}-{per_trial}"));
        let search = Search { ensemble: Some(3), ..Search::new(&experiment, &out) };
        let came = search.of(ranks, per_trial).run();
        assert_same(&one, &out);
        assert_eq!(came.why, alone.why);
        let members = |searched: &Option<cnnc::BestTogether>| {
            searched.as_ref().map(|together| (together.members.clone(), together.value))
        };
        assert_eq!(members(&came.together), members(&alone.together));
    }
}

#[test]
fn a_random_search_is_the_same_with_any_ranks() {
    check(RANDOM, &[(2, 1), (3, 1), (5, 1), (3, 2), (5, 2)]);
}

/// Trials go on from one unit to the next, perhaps in another crew, and each is several runs.
#[test]
fn trials_that_go_on_are_the_same_with_any_ranks() {
    check(HYPERBAND, &[(2, 1), (5, 1), (4, 2)]);
}

#[test]
fn a_search_that_was_interrupted_goes_on_with_other_ranks() {
    let place = tempfile::tempdir().expect("a folder");
    let experiment = experiment(HYPERBAND);
    let (one, parts) = (place.path().join("one"), place.path().join("parts"));
    Search::new(&experiment, &one).run();
    let first = Search { interrupted_after: Some(2), ..Search::new(&experiment, &parts) }.of(3, 1).run();
    assert_eq!(first.why, None);
    let again = || Search { place: SearchPlace::Begun(parts.clone()), ..Search::new(&experiment, &parts) };
    let second = Search { interrupted_after: Some(2), ..again() }.of(5, 2).run();
    assert_eq!(second.why, None);
    assert!(second.record.units.len() > first.record.units.len());
    let third = Search { interrupted_after: Some(1), ..again() }.run();
    assert_eq!(third.why, None);
    assert!(again().of(4, 1).run().why.is_some());
    assert_same(&one, &parts);
}

#[test]
fn too_few_ranks_are_refused_on_all() {
    let place = tempfile::tempdir().expect("a folder");
    let experiment = experiment(RANDOM);
    let out = place.path().join("out");
    for came in Search::new(&experiment, &out).of(3, 3).all() {
        let error = came.expect_err("a crew would be three others").to_string();
        assert_eq!(error, "a search takes one rank that proposes and 3 that train a trial, and there are 3");
    }
    // a batch of two pictures has no parts for three
    let small = MODEL.replace("batch: 96", "batch: 2");
    let small = Experiment::of_text("m.cnn", format!("{small}tune {{ {RANDOM} }}\n"), &Options::default());
    for came in Search::new(&small.expect("it is right"), &out).of(4, 3).all() {
        let error = came.expect_err("two parts for three").to_string();
        assert!(
            error.contains("a batch of 2 pictures is divided into 2 parts, and there are 3 ranks"),
            "{error}"
        );
    }
    assert!(!out.exists());
}

/// What rank 0 cannot do is told to all that wait for it; and the other way round.
#[test]
fn an_error_ends_all_ranks() {
    let place = tempfile::tempdir().expect("a folder");
    let experiment = experiment(RANDOM);
    fs::write(place.path().join("notes.txt"), "").expect("written");
    let errors: Vec<String> = Search::new(&experiment, place.path())
        .of(3, 1)
        .all()
        .into_iter()
        .map(|came| came.expect_err("the folder is not empty").to_string())
        .collect();
    assert!(errors[1].starts_with("rank 0 has ended: ") && errors[1].contains(&errors[0]), "{errors:?}");
    assert_eq!(errors[1], errors[2]);
}

/// Ranks whose files differ search nothing together.
#[test]
fn ranks_with_other_files_are_refused() {
    let place = tempfile::tempdir().expect("a folder");
    let others = [
        (MODEL.replace("seed: 3", "seed: 4"), "`train.seed` = 4"),
        (MODEL.replace("search([2, 3])", "search([2, 4])"), "search([2, 4])"),
    ];
    for (other, what) in others {
        let text = format!("{other}tune {{ {RANDOM} }}\n");
        let other = Experiment::of_text("m.cnn", text, &Options::default()).expect("it is right");
        let all = [experiment(RANDOM), other];
        let out = place.path().join("out");
        let came: Vec<_> = std::thread::scope(|scope| {
            let ranks = threads(2, Duration::from_secs(120)).into_iter().zip(&all);
            let out = &out;
            let begun: Vec<_> = ranks
                .map(|(rank, experiment)| {
                    scope.spawn(move || Search::new(experiment, out).of(2, 1).one(Some(rank)))
                })
                .collect();
            begun.into_iter().map(|rank| rank.join().expect("no panic")).collect()
        });
        for came in came {
            let error = came.expect_err("they differ").to_string();
            assert!(error.contains("setting of rank 1 on ") && error.contains(what), "{error}");
        }
        assert!(!out.exists());
    }
}

//! Several processes, here threads, that train one model together make the files that one makes.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cnnc::ranks::{Communicator, threads};
use cnnc::{Compute, Event, Experiment, Options, Run, RunOptions, RunPlace, RunStatus, Silent};

/// Everything that one step has to do with: statistics of batches, random numbers, mixed pictures,
/// running means, weighed classes; the last batch has two pictures, and the best weights are put
/// back.
const EVERYTHING: &str = "\
model Everything {
    input(8x8x1)
    conv2d(8, 3x3, padding: same)
    batch_norm
    relu
    max_pool2d(2)
    flatten
    dropout(0.3)
    dense(24, activation: relu)
    dense(classes, activation: softmax)
}
data { source: digits; test: 20% of all; validation: 20% of train; class_weight: balanced }
prepare { rescale: 1/255 }
augment { shift(width: 10%, height: 10%); mixup(alpha: 0.4, p: 50%); cutmix(alpha: 1, p: 50%) }
train {
    epochs: 8; batch: 82; seed: 3; optimizer: adam(lr: 0.06); ema: 0.9; metrics: [accuracy]
    early_stopping(monitor: val_loss, patience: 1, restore_best_weights: true)
    checkpoint(\"best.safetensors\", monitor: val_accuracy)
    csv_log(\"log.csv\")
}
";

/// Phases, of which each freezes something else, with features that are kept, and metrics of all
/// answers.
const PHASES: &str = "\
model Phases {
    input(8x8x1)
    a = conv2d(8, 3x3, padding: same)
    n = batch_norm
    r = relu
    b = conv2d(12, 3x3, padding: same, activation: relu)
    global_avg_pool2d
    dense(classes, activation: softmax)
}
data { source: digits; test: 20% of all; validation: 20% of train }
prepare { rescale: 1/255 }
train {
    batch: 40; optimizer: adam(lr: 0.01); metrics: [accuracy, f1, auc]
    phase head { epochs: 2; freeze: [a, n, b] }
    phase all { epochs: 2; unfreeze: b onward; optimizer: sgd(lr: 0.05, momentum: 0.9) }
}
";

/// Several labels a picture, and augmented features of a frozen beginning.
const LABELS: &str = "\
model Labels {
    input(6x6x3)
    a = conv2d(4, 3x3)
    flatten
    dense(2, activation: sigmoid)
}
data {
    source: csv(\"labels.csv\", image: file, label: [red, light])
    labels: multi; validation: 25% of train; test: 20% of all
}
prepare { rescale: 1/255 }
augment { flip(horizontal) }
train { epochs: 3; batch: 9; optimizer: adam(lr: 0.02); metrics: [f1, auc]; freeze: a }
";

/// Pictures of two sizes, in batches of their own.
const SIZES: &str = "\
model Sizes {
    input(?x?x3)
    conv2d(6, 3x3)
    batch_norm
    relu
    global_avg_pool2d
    dense(classes, activation: softmax)
}
data { source: folder(\"set\"); validation: 20% of train; test: 20% of all }
prepare { rescale: 1/255 }
augment { flip(horizontal); mixup(alpha: 0.3) }
train { epochs: 3; batch: 8; seed: 1; optimizer: adam(lr: 0.01); metrics: [accuracy] }
";

/// Members that are trained one after the other, and judged by the first rank.
const MEMBERS: &str = "\
model Small {
    input(8x8x1)
    conv2d(6, 3x3, activation: relu)
    flatten
    dense(classes, activation: softmax)
}
data { source: digits; test: 20% of all; validation: 20% of train }
prepare { rescale: 1/255 }
train { epochs: 2; batch: 64; optimizer: adam(lr: 0.01); metrics: [accuracy] }
ensemble Together { members: [2 of Small]; combine: weighted }
";

/// A folder with files, pictures and runs.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().expect("a folder"));
        let mut rows = "file,red,light\n".to_owned();
        for (class, level) in [("dark", 40_u8), ("light", 200)] {
            fs::create_dir_all(place.path(&format!("set/{class}"))).expect("made");
            fs::create_dir_all(place.path(&format!("same/{class}"))).expect("made");
            for at in 0..20_u8 {
                let [height, width] = [[6, 6], [7, 9]][usize::from(at % 2)];
                let color = [level + at * u8::from(at % 3 == 0), level, level + at];
                let file = format!("set/{class}/{at:02}.ppm");
                fs::write(place.path(&file), ppm([height, width], color)).expect("written");
                let file = format!("same/{class}/{at:02}.ppm");
                fs::write(place.path(&file), ppm([6, 6], color)).expect("written");
                rows += &format!("{file},{},{}\n", u8::from(at % 3 == 0), u8::from(class == "light"));
            }
        }
        fs::write(place.path("labels.csv"), rows).expect("written");
        let programs = [
            ("everything", EVERYTHING),
            ("phases", PHASES),
            ("labels", LABELS),
            ("sizes", SIZES),
            ("members", MEMBERS),
        ];
        for (name, text) in programs {
            fs::write(place.path(&format!("{name}.cnn")), text).expect("written");
        }
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn experiment(&self, name: &str) -> Experiment {
        let file = self.path(&format!("{name}.cnn"));
        Experiment::open(&file, &Options::default()).unwrap_or_else(|error| panic!("{name}: {error}"))
    }
}

fn ppm([height, width]: [usize; 2], color: [u8; 3]) -> Vec<u8> {
    let header = format!("P6\n{width} {height}\n255\n").into_bytes();
    [header, color.repeat(height * width)].concat()
}

/// Where a run begins.
#[derive(Clone, Copy)]
enum From<'p> {
    New(&'p Path),
    State(&'p Path),
}

/// Trains with a number of ranks, each of one thread. `after` names the rank whose interrupt is
/// raised, and the steps before.
fn train(
    experiment: &Experiment,
    from: From<'_>,
    ranks: usize,
    after: Option<(usize, usize)>,
) -> Vec<Result<Run, String>> {
    let train_one = |communicator: Communicator| {
        let rank = communicator.rank();
        let compute = Compute { threads: 1, ..Compute::default() };
        let mut options = RunOptions { compute, ranks: Some(communicator), ..RunOptions::default() };
        match from {
            From::New(folder) => options.place = RunPlace::New(folder.to_owned()),
            From::State(folder) => options.resume(folder, &mut Silent).map_err(|error| error.to_string())?,
        }
        let interrupt = Arc::clone(&options.interrupt);
        let mut steps = after.filter(|(of, _)| *of == rank).map(|(_, steps)| steps);
        let mut watch = |event: Event<'_>| {
            if let (Event::Step(_), Some(left)) = (event, &mut steps) {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    interrupt.raise();
                }
            }
        };
        experiment.train(options, &mut watch).map_err(|error| error.to_string())
    };
    std::thread::scope(|scope| {
        let communicators = threads(ranks, Duration::from_secs(60));
        let running: Vec<_> = communicators.into_iter().map(|rank| scope.spawn(|| train_one(rank))).collect();
        running.into_iter().map(|rank| rank.join().expect("no panic")).collect()
    })
}

/// What all ranks say of the run, which must be the same.
fn alike(runs: Vec<Result<Run, String>>) -> Run {
    let mut runs = runs.into_iter().map(|run| run.unwrap_or_else(|error| panic!("{error}")));
    let first = runs.next().expect("a rank");
    assert!(runs.all(|run| run == first), "not all ranks are as the first");
    first
}

/// The files of a run, but for wall times.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let timeless = |name: &str| {
        let text = fs::read_to_string(folder.join(name)).unwrap_or_default();
        let rows = text.lines().map(|row| row.rsplit_once(',').map_or(row, |(row, _)| row));
        (name.to_owned(), rows.collect::<Vec<_>>().join("\n").into_bytes())
    };
    let whole = |name: &str| (name.to_owned(), fs::read(folder.join(name)).unwrap_or_default());
    let mut files: Vec<_> = ["history.csv", "log.csv"].map(timeless).into();
    files.extend(["weights.safetensors", "best.safetensors", "predictions.csv"].map(whole));
    files
}

fn assert_same(one: &Path, other: &Path, what: &str) {
    for ((name, one), (_, other)) in files(one).into_iter().zip(files(other)) {
        assert!(one == other, "{what}: {name} is another");
    }
    assert!(fs::metadata(one.join("weights.safetensors")).is_ok_and(|file| file.len() > 0), "{what}");
}

/// As many ranks as a list says make the files of one process, whose run this gives.
fn compare(name: &str, numbers: &[usize]) -> Run {
    let place = Place::new();
    let experiment = place.experiment(name);
    let whole = place.path("whole");
    let options = RunOptions { place: RunPlace::New(whole.clone()), ..RunOptions::default() };
    let alone = experiment.train(options, &mut Silent).expect("trains");
    assert_eq!(*alone.status(), RunStatus::Finished);
    for &ranks in numbers {
        let folder = place.path(&format!("ranks-{ranks}"));
        let run = alike(train(&experiment, From::New(&folder), ranks, None));
        let what = format!("{name} with {ranks} ranks");
        assert_same(&whole, &folder, &what);
        assert_eq!(run.results(), alone.results(), "{what}");
        assert_eq!(
            (run.status(), run.epochs(), run.steps()),
            (alone.status(), alone.epochs(), alone.steps())
        );
    }
    alone
}

#[test]
fn statistics_random_numbers_and_mixed_pictures_are_those_of_one() {
    let run = compare("everything", &[1, 2, 3, 4, 8]);
    assert!(run.epochs() < 8, "it is stopped early, and its best weights are put back");
}

#[test]
fn phases_with_features_are_those_of_one() {
    compare("phases", &[1, 2, 3, 8]);
}

#[test]
fn several_labels_are_those_of_one() {
    compare("labels", &[2, 3, 5]);
}

#[test]
fn batches_of_several_sizes_are_those_of_one() {
    compare("sizes", &[1, 2, 3, 4, 8]);
}

#[test]
fn members_of_an_ensemble_are_those_of_one() {
    compare("members", &[1, 3]);
}

/// Whichever rank is told to end: all end, and others go on, as many as there are.
#[test]
fn an_interrupted_run_goes_on_with_another_number_of_ranks() {
    let place = Place::new();
    let experiment = place.experiment("everything");
    let whole = place.path("whole");
    let options = RunOptions { place: RunPlace::New(whole.clone()), ..RunOptions::default() };
    experiment.train(options, &mut Silent).expect("trains");
    // 15 steps an epoch: in the middle, at the last step
    for (ranks, rank, steps, then) in [(2, 1, 4, 3), (3, 0, 15, 1), (1, 0, 20, 2), (4, 3, 31, 4)] {
        let folder = place.path(&format!("{ranks}-{steps}"));
        let run = alike(train(&experiment, From::New(&folder), ranks, Some((rank, steps))));
        assert_eq!(*run.status(), RunStatus::Interrupted, "{ranks} ranks");
        let run = alike(train(&experiment, From::State(&folder), then, None));
        assert_eq!(*run.status(), RunStatus::Finished, "{ranks} ranks, then {then}");
        assert_same(&whole, &folder, &format!("{ranks} ranks, then {then}"));
    }
}

/// A picture that one rank cannot read ends all of them.
#[test]
fn one_rank_without_its_pictures_ends_all() {
    let place = Place::new();
    let experiment = place.experiment("everything");
    let folder = place.path("taken");
    fs::create_dir_all(&folder).expect("made");
    fs::write(folder.join("notes.txt"), "").expect("written");
    let errors: Vec<String> = train(&experiment, From::New(&folder), 3, None)
        .into_iter()
        .map(|run| run.expect_err("the folder is taken"))
        .collect();
    let why = format!("`{}` is not empty", folder.display());
    assert!(errors[0].starts_with(&why), "{errors:?}");
    for error in &errors[1..] {
        assert!(error.starts_with("rank 0 has ended: ") && error.contains(&why), "{errors:?}");
    }
    assert_eq!(fs::read_dir(&folder).expect("there").count(), 1, "nothing is written");
}

/// Each rank has pictures of its own, which are read as they are wanted: from the same ones comes the same, and one
/// that loses its pictures ends all.
#[test]
fn local_copies_of_pictures_are_as_good_as_shared_ones() {
    let places = [Place::new(), Place::new()];
    let text = SIZES.replace("test: 20% of all }", "test: 20% of all; cache: none }");
    let experiments = places.each_ref().map(|place| {
        fs::write(place.path("sizes.cnn"), &text).expect("written");
        place.experiment("sizes")
    });
    let whole = places[0].path("whole");
    let options = RunOptions { place: RunPlace::New(whole.clone()), ..RunOptions::default() };
    experiments[0].train(options, &mut Silent).expect("trains");
    let together = |folder: &Path, loses: bool| -> Vec<Result<Run, String>> {
        std::thread::scope(|scope| {
            let ranks = threads(2, Duration::from_secs(60)).into_iter().zip(&experiments).zip(&places);
            let running: Vec<_> = ranks
                .map(|((communicator, experiment), place)| {
                    let loses = loses && communicator.rank() == 1;
                    let place_of_run = RunPlace::New(folder.to_owned());
                    let options = RunOptions {
                        ranks: Some(communicator),
                        place: place_of_run,
                        ..RunOptions::default()
                    };
                    let mut watch = move |event: Event<'_>| {
                        if loses && matches!(event, Event::EpochEnds(_)) {
                            let _ = fs::remove_dir_all(place.path("set/light"));
                        }
                    };
                    scope.spawn(move || {
                        experiment.train(options, &mut watch).map_err(|error| error.to_string())
                    })
                })
                .collect();
            running.into_iter().map(|rank| rank.join().expect("no panic")).collect()
        })
    };
    let folder = places[0].path("local");
    alike(together(&folder, false));
    assert_same(&whole, &folder, "local copies");
    let errors: Vec<String> = together(&places[0].path("lost"), true)
        .into_iter()
        .map(|run| run.expect_err("pictures are gone"))
        .collect();
    assert!(errors[1].contains("set/light"), "{errors:?}");
    assert!(errors[0].starts_with("rank 1 has ended: ") && errors[0].contains(&errors[1]), "{errors:?}");
}

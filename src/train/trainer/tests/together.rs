//! Several ranks, each a thread with a trainer of its own, make the files that one makes.

use std::time::Duration;

use super::*;
use crate::data::Share as Dealt;
use crate::ranks::threads;

/// How several ranks train.
#[derive(Clone, Copy)]
struct Ranks {
    /// How many.
    count: usize,
    from: From,
    /// Whose interrupt is raised, and after how many steps.
    interrupted: Option<(usize, usize)>,
    fault: Option<(u64, Fault)>,
    features: Option<FeaturePlan>,
}

impl Ranks {
    fn of(count: usize) -> Self {
        Self { count, from: From::Beginning, interrupted: None, fault: None, features: None }
    }
}

/// What a rank came to: how training ended, the scores, and the pictures that its frozen part has
/// seen.
type Came = Result<(Ending, Option<RunningSums>, usize), RunError>;

/// Trains on all ranks; only the first one has the folder.
fn train(data: &Dataset, folder: &Path, phases: &[&TrainSpec], how: Ranks) -> Vec<Came> {
    let communicators = threads(how.count, Duration::from_secs(20));
    std::thread::scope(|scope| {
        let run = |ranks: Communicator| {
            scope.spawn(move || {
                let came = train_one(data, folder, phases, how, &ranks);
                if let Err(error) = &came {
                    ranks.end(&error.to_string());
                }
                came
            })
        };
        let running: Vec<_> = communicators.into_iter().map(run).collect();
        running.into_iter().map(|rank| rank.join().expect("no panic")).collect()
    })
}

fn train_one(
    data: &Dataset,
    folder: &Path,
    phases: &[&TrainSpec],
    how: Ranks,
    communicator: &Communicator,
) -> Came {
    let ranks = Together::with(Some(communicator));
    let elsewhere = || RunFolder::of_another("/nowhere/run".into());
    let (folder, saved) = match how.from {
        From::Beginning if communicator.is_first() => (RunFolder::create(folder)?, None),
        From::Beginning => (elsewhere(), None),
        From::State => {
            let open = || RunFolder::open(folder);
            let tell = |(_, remains): &(RunFolder, Remains)| serde_json::to_vec(remains).expect("a text");
            let hear = |told: &[u8]| Some((elsewhere(), serde_json::from_slice(told).ok()?));
            match ranks.first_gives(open, tell, hear)? {
                (folder, Remains::State(saved)) => (folder, Some(*saved)),
                (_, Remains::Nothing | Remains::Members) => panic!("there is a state"),
            }
        }
    };
    let (interrupt, record) = (Interrupt::default(), RunRecord::default());
    let settings =
        Settings::new([("train.epochs", phases[0].epochs.value), ("train.batch", phases[0].batch.value)]);
    let (augment, info, pretrained) = (AugmentSpec::default(), WeightsInfo::default(), Pretrained::new());
    let plan = |index: usize| PhasePlan {
        phase: PhaseId { index, name: None },
        train: phases[index],
        augment: &augment,
        data,
        features: how.features,
        pretrained: &pretrained,
        folder: &folder,
        info: &info,
        settings: &settings,
        record: &record,
        interrupt: &interrupt,
        pace: Pace::default(),
        ranks,
    };
    let steps = how.interrupted.filter(|(rank, _)| *rank == communicator.rank());
    let mut observer = Observer {
        interrupt: &interrupt,
        steps_until_interrupt: steps.map_or(NEVER, |(_, steps)| steps),
        features_until_interrupt: NEVER,
        epochs: vec![],
        notes: vec![],
    };
    let doubled = Rc::default();
    let frozen = || how.features.map(|_| Rc::clone(&doubled));
    let together = (!ranks.is_alone()).then(|| communicator.clone());
    let engine = || Regression { ranks: together.clone(), ..Regression::new(how.fault).behind(frozen()) };
    let evaluator = |of| Ok(Regression::new(None).behind(frozen().filter(|_| of == Evaluated::Whole)));
    let mut trainer = match &saved {
        None => Trainer::begin(plan(0), engine(), evaluator)?,
        Some(saved) => Trainer::resume(plan(saved.progress.phase), saved, engine(), evaluator)?,
    };
    let mut ending = trainer.train(&mut observer)?;
    while ending == Ending::Complete
        && trainer.progress().phase + 1 < phases.len()
        && !trainer.progress().ended
    {
        let next = trainer.progress().phase + 1;
        trainer = trainer.advance(plan(next), engine(), true, &mut observer)?;
        ending = trainer.train(&mut observer)?;
    }
    let mut answers = Vec::new();
    let mut take = |answered: Answered<'_>| answers.extend_from_slice(answered.items);
    let results = if ending == Ending::Complete { trainer.finish(&mut observer, &mut take)? } else { None };
    if results.is_some() {
        assert_eq!(answers, data.test.as_ref().expect("a test split").items(), "in order, on every rank");
    }
    let sums = results.and_then(|results| results.judged).map(|(_, sums)| sums);
    Ok((ending, sums, doubled.get()))
}

/// All ranks came to the same; what that is.
fn all_alike(came: Vec<Came>) -> (Ending, Option<RunningSums>) {
    let mut came = came.into_iter().map(|came| came.expect("trains")).map(|(ending, sums, _)| (ending, sums));
    let first = came.next().expect("a rank");
    assert!(came.all(|other| other == first), "not all ranks are as the first: {first:?}");
    first
}

#[test]
fn ranks_make_the_files_of_one() {
    let data = digits();
    let train_spec = schedule(10, all_callbacks());
    let parent = tempfile::tempdir().expect("a folder");
    let whole = Session::of(&data, &parent.path().join("whole"));
    let (_, results, _) = whole.run(&train_spec, From::Beginning, NEVER, None).expect("trains");
    let judged = results.and_then(|results| results.judged).map(|(_, sums)| sums);
    for count in [1, 2, 3, 4, 8] {
        let session = Session::of(&data, &parent.path().join(format!("ranks-{count}")));
        let (ending, sums) = all_alike(train(&data, &session.folder, &[&train_spec], Ranks::of(count)));
        assert_eq!((ending, &sums), (Ending::Complete, &judged), "{count} ranks");
        assert_eq!(session.files(), whole.files(), "{count} ranks");
    }
    assert!(!Path::new("/nowhere").exists());
}

#[test]
fn phases_of_ranks_end_as_those_of_one() {
    let data = digits();
    let (head, mut tuned) = (schedule(2, vec![all_callbacks().remove(2)]), schedule(2, vec![]));
    tuned.optimizer.value = Optimizer::Sgd { lr: 0.01, momentum: 0.9, nesterov: false };
    let phases = [&head, &tuned];
    let parent = tempfile::tempdir().expect("a folder");
    let whole = Session::of(&data, &parent.path().join("whole"));
    whole.run_phases(&phases, From::Beginning, NEVER, None).expect("trains");
    let session = Session::of(&data, &parent.path().join("ranks"));
    all_alike(train(&data, &session.folder, &phases, Ranks::of(3)));
    assert_eq!(session.files(), whole.files());
}

/// Whichever rank is told to end, all end behind the same step, and as many others go on from
/// there.
#[test]
fn interrupted_ranks_go_on_with_any_number() {
    let data = digits();
    let train_spec = schedule(4, all_callbacks());
    let parent = tempfile::tempdir().expect("a folder");
    let whole = Session::of(&data, &parent.path().join("whole"));
    whole.run(&train_spec, From::Beginning, NEVER, None).expect("trains");
    // 18 steps an epoch: in the middle, before its last step, at it
    for (at, (count, rank, steps, then)) in
        [(2, 1, 7, 3), (3, 0, 17, 1), (4, 3, 18, 2), (2, 0, 1, 8)].into_iter().enumerate()
    {
        let session = Session::of(&data, &parent.path().join(format!("interrupted-{at}")));
        let how = Ranks { interrupted: Some((rank, steps)), ..Ranks::of(count) };
        let (ending, _) = all_alike(train(&data, &session.folder, &[&train_spec], how));
        assert_eq!(ending, Ending::Interrupted, "case {at}");
        let how = Ranks { from: From::State, ..Ranks::of(then) };
        let (ending, _) = all_alike(train(&data, &session.folder, &[&train_spec], how));
        assert_eq!(ending, Ending::Complete, "case {at}");
        assert_eq!(session.files(), whole.files(), "case {at}");
    }
}

#[test]
fn ranks_divide_what_a_frozen_part_makes() {
    let data = digits();
    let train_spec = schedule(3, all_callbacks());
    let parent = tempfile::tempdir().expect("a folder");
    let pictures = data.train.len() + data.validation.as_ref().map_or(0, |split| split.len());
    let kept = |place| FeaturePlan { train: place, validation: place, pictures, bytes: 0 };
    let once = kept(Ok(FeaturePlace::Memory));
    let anew = kept(Err(NotKept::Unwanted));
    let whole = Session { features: Some(anew), ..Session::of(&data, &parent.path().join("whole")) };
    whole.run(&train_spec, From::Beginning, NEVER, None).expect("trains");
    for (name, features, count) in [("once", once, 3), ("anew", anew, 3), ("once-8", once, 8)] {
        let session = Session::of(&data, &parent.path().join(name));
        let how = Ranks { features: Some(features), ..Ranks::of(count) };
        let came = train(&data, &session.folder, &[&train_spec], how);
        let seen: usize = came.iter().map(|came| came.as_ref().expect("trains").2).sum();
        all_alike(came);
        assert_eq!(session.files(), whole.files(), "{name}");
        // all of them together do little more than one
        let times = if name == "anew" { 3 } else { 1 };
        assert!(seen >= times * pictures && seen < times * pictures + 100, "{name}: {seen} of {pictures}");
    }
}

#[test]
fn what_goes_wrong_on_one_rank_ends_all() {
    let data = digits();
    let parent = tempfile::tempdir().expect("a folder");
    let train_spec = schedule(3, vec![]);
    // the same on all of them
    let how = Ranks { fault: Some((20, Fault::NotFinite)), ..Ranks::of(3) };
    let came = train(&data, &parent.path().join("nan"), &[&train_spec], how);
    for came in came {
        let error = came.expect_err("diverges");
        assert!(
            error.to_string().contains("at step 20 (epoch 2, batch 2): the result of layer `dense`"),
            "{error}"
        );
    }
    // on the first alone: its folder cannot be made
    let file = parent.path().join("file");
    std::fs::write(&file, "").expect("written");
    let came = train(&data, &file.join("run"), &[&train_spec], Ranks::of(3));
    for (rank, came) in came.into_iter().enumerate() {
        let error = came.expect_err("no folder").to_string();
        let told = if rank == 0 { "cannot write" } else { "rank 0 has ended: cannot write" };
        assert!(error.starts_with(told), "rank {rank}: {error}");
    }
    // a loss that is no number ends the run, where it is to
    let train_spec = schedule(3, vec![Callback::TerminateOnNan]);
    let how = Ranks { fault: Some((20, Fault::NotFinite)), ..Ranks::of(2) };
    let (ending, sums) = all_alike(train(&data, &parent.path().join("ended"), &[&train_spec], how));
    assert!(ending == Ending::Complete && sums.is_some());
}

#[test]
fn the_time_of_the_first_rank_counts() {
    let data = digits();
    let parent = tempfile::tempdir().expect("a folder");
    let train_spec = schedule(50, vec![Callback::TimeLimit { seconds: 0.02 }]);
    let came = train(&data, &parent.path().join("run"), &[&train_spec], Ranks::of(3));
    assert_eq!(all_alike(came).0, Ending::Complete);
    assert_eq!(Together::default().own_batches(), Dealt::All);
}

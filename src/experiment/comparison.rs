//! Runs beside each other: what they were asked to do, what they gave, and which is better, if the numbers
//! can tell.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::error::Error;
use super::index::read_index;
use super::run::Run;
use crate::assess::{Answers, Assessment, Findings, Interval, McNemar, PictureAnswer, Truth, wilcoxon};
use crate::data::DataIndex;
use crate::train::RunFolder;

/// Differences that come about by chance less often than this are taken for real.
const SIGNIFICANT: f64 = 0.05;

/// With fewer pairs of seeds no differences are large enough: all alike, they come about by chance more often
/// than once in twenty times.
const LEAST_SEEDS: usize = 6;

/// Runs beside each other; the first is what the others are compared with.
#[derive(Debug)]
pub struct Comparison {
    /// As they were named.
    pub runs: Vec<Compared>,
    /// Settings that are not the same in all, with the value in each; `None` where it has none.
    pub settings: Vec<(String, Vec<Option<Value>>)>,
    /// Each run but the first against the first.
    pub pairs: Vec<RunPair>,
    /// Settings that were run with several seeds, against those of the first run.
    pub seeds: Vec<SeedPair>,
}

/// One run of a comparison.
#[derive(Debug)]
pub struct Compared {
    /// The run.
    pub run: Run,
    /// What its answers say; `None` where it has kept none.
    pub assessment: Option<Assessment>,
    answers: Option<Answers>,
    index: Option<DataIndex>,
    /// Size of its weights' file.
    pub weights_bytes: Option<u64>,
}

/// What numbers say of two.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// The other is better than the first.
    Better,
    /// It is worse.
    Worse,
    /// The difference may be chance.
    CannotTell,
}

/// A run against the first one, picture by picture.
#[derive(Debug, Clone, PartialEq)]
pub struct RunPair {
    /// Its place among the runs.
    pub other: usize,
    /// Pictures that both answered.
    pub pictures: usize,
    /// What was found; where nothing could be, why.
    pub found: Result<PairTest, &'static str>,
}

/// What the answers to the same pictures say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PairTest {
    /// Answers are right or wrong.
    Right(McNemar),
    /// Predicted numbers are more or less far from the truth: the mean absolute error of the first and of the
    /// other, and the probability of Wilcoxon's test.
    Near {
        /// Of the first run.
        first: f64,
        /// Of the other.
        other: f64,
        /// The probability of a difference at least as large where both are equally good.
        p: f64,
    },
}

/// Settings that were run with the same seeds as those of the first run.
#[derive(Debug, Clone, PartialEq)]
pub struct SeedPair {
    /// Runs with the first one's settings, and those with the others, in the order of their seeds.
    pub runs: [Vec<usize>; 2],
    /// Mean of what is compared, of both.
    pub means: [f64; 2],
    /// The probability by Wilcoxon's test; `None` of too few seeds.
    pub p: Option<f64>,
}

impl Comparison {
    /// Of runs that have ended, two or more.
    /// # Errors
    /// [`Error::Run`] where what a run keeps cannot be read.
    pub fn of(runs: Vec<Run>) -> Result<Self, Error> {
        let runs: Vec<Compared> = runs.into_iter().map(Compared::of).collect::<Result<_, _>>()?;
        let pairs = (1..runs.len()).map(|other| pair(&runs, other)).collect();
        Ok(Self { settings: differing(&runs), pairs, seeds: seed_pairs(&runs), runs })
    }

    /// For other programs.
    pub fn to_json(&self) -> Value {
        let runs: Vec<Value> = self.runs.iter().map(Compared::to_json).collect();
        let settings: Map<String, Value> =
            self.settings.iter().map(|(key, values)| (key.clone(), json!(values))).collect();
        let name = |at: usize| self.runs[at].run.folder().display().to_string();
        let pair = |pair: &RunPair| {
            let mut entry = json!({ "first": name(0), "other": name(pair.other), "pictures": pair.pictures });
            match &pair.found {
                Ok(found) => {
                    let (test, [first, other]) = match found {
                        PairTest::Right(test) => {
                            entry["only_first_right"] = json!(test.only_first);
                            entry["only_other_right"] = json!(test.only_second);
                            ("mcnemar_exact", [None, None])
                        }
                        PairTest::Near { first, other, .. } => ("wilcoxon", [Some(*first), Some(*other)]),
                    };
                    if let (Some(first), Some(other)) = (first, other) {
                        entry["mae"] = json!([first, other]);
                    }
                    entry["test"] = json!(test);
                    entry["p"] = json!(found.p());
                    entry["verdict"] = json!(found.verdict().key());
                }
                Err(why) => entry["cannot_tell"] = json!(why),
            }
            entry
        };
        let seeds = |pair: &SeedPair| {
            let of = |at: usize| pair.runs[at].iter().map(|&run| name(run)).collect::<Vec<_>>();
            json!({
                "first": of(0),
                "other": of(1),
                "means": pair.means,
                "p": pair.p,
                "verdict": pair.verdict().key(),
            })
        };
        json!({
            "runs": runs,
            "settings": settings,
            "pairs": self.pairs.iter().map(pair).collect::<Vec<_>>(),
            "seeds": self.seeds.iter().map(seeds).collect::<Vec<_>>(),
        })
    }
}

impl Compared {
    fn of(run: Run) -> Result<Self, Error> {
        let answers = run.answers()?;
        // without it pictures are known by their names alone
        let index = read_index(&RunFolder::around(&run.weights()).index()).ok();
        let weights_bytes = std::fs::metadata(run.weights()).ok().map(|file| file.len());
        Ok(Self { assessment: answers.as_ref().map(Answers::assess), run, answers, index, weights_bytes })
    }

    /// The share of right answers and where it lies.
    pub fn accuracy(&self) -> Option<(f64, Option<Interval>)> {
        match &self.assessment.as_ref()?.findings {
            Findings::Classes(found) => Some((found.accuracy, found.interval)),
            Findings::Labels(found) => Some((found.exact, found.interval)),
            Findings::Numbers(_) => None,
        }
    }

    /// What runs with several seeds are compared by, the larger the better.
    fn goodness(&self) -> Option<f64> {
        match &self.assessment.as_ref()?.findings {
            Findings::Numbers(found) => found.mean.map(|mean| -mean.mae),
            Findings::Classes(_) | Findings::Labels(_) => self.accuracy().map(|(accuracy, _)| accuracy),
        }
    }

    fn to_json(&self) -> Value {
        let results = self
            .run
            .results()
            .map(|(split, scores)| json!({ "split": split.name(), "results": scores.to_json() }));
        json!({
            "folder": self.run.folder().display().to_string(),
            "model": self.run.model(),
            "epochs": self.run.epochs(),
            "judged": results,
            "assessment": self.assessment.as_ref().map(Assessment::to_json),
            "train_s": self.run.train_seconds(),
            "peak_bytes": self.run.peak_bytes(),
            "weights_bytes": self.weights_bytes,
        })
    }
}

impl Verdict {
    fn of(p: f64, other_is_better: bool) -> Self {
        match (p < SIGNIFICANT, other_is_better) {
            (false, _) => Verdict::CannotTell,
            (true, true) => Verdict::Better,
            (true, false) => Verdict::Worse,
        }
    }

    /// Its word for other programs.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Verdict::Better => "better",
            Verdict::Worse => "worse",
            Verdict::CannotTell => "cannot tell",
        }
    }
}

impl PairTest {
    /// The probability of a difference at least as large where both are equally good.
    pub fn p(&self) -> f64 {
        match self {
            PairTest::Right(test) => test.p,
            PairTest::Near { p, .. } => *p,
        }
    }

    /// What that says of the other run.
    pub fn verdict(&self) -> Verdict {
        let other_is_better = match self {
            PairTest::Right(test) => test.only_second > test.only_first,
            PairTest::Near { first, other, .. } => other < first,
        };
        Verdict::of(self.p(), other_is_better)
    }
}

impl SeedPair {
    /// What the seeds say of the other settings.
    pub fn verdict(&self) -> Verdict {
        Verdict::of(self.p.unwrap_or(1.0), self.means[1] > self.means[0])
    }

    /// Whether there are too few seeds for any difference to be told.
    pub fn are_too_few(&self) -> bool {
        self.p.is_none()
    }
}

/// Settings that are not the same in all runs.
fn differing(runs: &[Compared]) -> Vec<(String, Vec<Option<Value>>)> {
    let all: Vec<Map<String, Value>> = runs.iter().map(|run| entries(&run.run)).collect();
    let mut keys: Vec<&String> = Vec::new();
    let mut known = BTreeSet::new();
    for key in all.iter().flat_map(Map::keys) {
        if known.insert(key) {
            keys.push(key);
        }
    }
    let values = |key: &String| -> Vec<Option<Value>> {
        // a setting that is not set is one that is set to nothing
        all.iter().map(|entries| entries.get(key).filter(|value| !value.is_null()).cloned()).collect()
    };
    let differs = |values: &[Option<Value>]| values.iter().any(|value| *value != values[0]);
    keys.into_iter().map(|key| (key.clone(), values(key))).filter(|(_, values)| differs(values)).collect()
}

fn entries(run: &Run) -> Map<String, Value> {
    let Value::Object(entries) = run.settings().to_json() else { return Map::new() };
    entries
}

/// A run against the first.
fn pair(runs: &[Compared], other: usize) -> RunPair {
    let nothing = |why| RunPair { other, pictures: 0, found: Err(why) };
    let (first, second) = (&runs[0], &runs[other]);
    let (Some(a), Some(b)) = (&first.answers, &second.answers) else {
        return nothing("one of them has kept no answers");
    };
    let same_content: Option<BTreeSet<&str>> = match (&first.index, &second.index) {
        (Some(a), Some(b)) => Some(a.same_pictures(b)),
        _ => None,
    };
    match paired(a, b, same_content.as_ref()) {
        Ok((pictures, test)) => RunPair { other, pictures, found: Ok(test) },
        Err(why) => nothing(why),
    }
}

/// What the answers of two models to the same pictures say, and how many these are. `same_content` has the
/// names of pictures whose contents are known to be the same; without it names are all that is known.
/// # Errors
/// Why nothing can be said.
pub(super) fn paired(
    a: &Answers,
    b: &Answers,
    same_content: Option<&BTreeSet<&str>>,
) -> Result<(usize, PairTest), &'static str> {
    if a.names != b.names || a.task != b.task {
        return Err("they answer different questions");
    }
    let common = common(a, b, same_content);
    if common.is_empty() {
        return Err("they were judged on different pictures");
    }
    let count = |wanted: [bool; 2]| {
        let right = |picture: &PictureAnswer| picture.is_right() == Some(true);
        common.iter().filter(|(a, b)| [right(a), right(b)] == wanted).count() as u64
    };
    let found = if matches!(common[0].0.truth, Truth::Numbers(_)) {
        let errors: Vec<(f64, f64)> = common.iter().map(|(a, b)| (error(a), error(b))).collect();
        let mean = |of: &dyn Fn(&(f64, f64)) -> f64| errors.iter().map(of).sum::<f64>() / errors.len() as f64;
        let differences: Vec<f64> = errors.iter().map(|(a, b)| a - b).collect();
        PairTest::Near { first: mean(&|e| e.0), other: mean(&|e| e.1), p: wilcoxon(&differences) }
    } else {
        PairTest::Right(McNemar::of(count([true, false]), count([false, true])))
    };
    Ok((common.len(), found))
}

/// Pictures that both have answered: of the same name, truth and, where both know it, contents.
fn common<'a>(
    a: &'a Answers,
    b: &'a Answers,
    same_content: Option<&BTreeSet<&str>>,
) -> Vec<(&'a PictureAnswer, &'a PictureAnswer)> {
    let by_name: BTreeMap<&str, &PictureAnswer> =
        b.pictures.iter().map(|picture| (picture.name.as_str(), picture)).collect();
    let both = |picture: &'a PictureAnswer| {
        let other = *by_name.get(picture.name.as_str())?;
        let is_same = same_content.is_none_or(|same| same.contains(picture.name.as_str()));
        (is_same && other.truth == picture.truth).then_some((picture, other))
    };
    a.pictures.iter().filter_map(both).collect()
}

/// The mean absolute error of a picture's numbers.
fn error(picture: &PictureAnswer) -> f64 {
    let Truth::Numbers(truth) = &picture.truth else { return 0.0 };
    let sum: f64 =
        truth.iter().zip(&picture.scores).map(|(truth, said)| f64::from((truth - said).abs())).sum();
    sum / truth.len().max(1) as f64
}

/// Groups of runs that share all settings but the seed, against the group of the first run.
fn seed_pairs(runs: &[Compared]) -> Vec<SeedPair> {
    // settings without the seed, with the runs by their seeds
    let mut groups: Vec<(Map<String, Value>, BTreeMap<u64, usize>)> = Vec::new();
    for (at, compared) in runs.iter().enumerate() {
        let mut settings = entries(&compared.run);
        let seed = settings.shift_remove(SEED).and_then(|seed| seed.as_u64()).unwrap_or_default();
        match groups.iter_mut().find(|(known, _)| *known == settings) {
            Some((_, by_seed)) => drop(by_seed.entry(seed).or_insert(at)),
            None => groups.push((settings, BTreeMap::from([(seed, at)]))),
        }
    }
    let Some(((_, first), others)) = groups.split_first() else { return Vec::new() };
    let pair = |(_, other): &(Map<String, Value>, BTreeMap<u64, usize>)| {
        let both = |(seed, &a): (&u64, &usize)| {
            let &b = other.get(seed)?;
            Some(([a, b], [runs[a].goodness()?, runs[b].goodness()?]))
        };
        let (pairs, goodness): (Vec<[usize; 2]>, Vec<[f64; 2]>) = first.iter().filter_map(both).unzip();
        if pairs.len() < 2 {
            return None;
        }
        let mean = |of: usize| goodness.iter().map(|pair| pair[of]).sum::<f64>() / pairs.len() as f64;
        let differences: Vec<f64> = goodness.iter().map(|[a, b]| b - a).collect();
        Some(SeedPair {
            runs: [0, 1].map(|of| pairs.iter().map(|pair| pair[of]).collect()),
            means: [0, 1].map(mean),
            p: (pairs.len() >= LEAST_SEEDS).then(|| wilcoxon(&differences)),
        })
    };
    others.iter().filter_map(pair).collect()
}

/// The setting that several runs may differ in.
const SEED: &str = "train.seed";

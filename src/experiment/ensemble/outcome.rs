//! What has become of an ensemble: what each member is worth by itself, what all are together, and whether
//! that is more than chance.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::assess::{Findings, Interval, McNemar};
use crate::data::Split;
use crate::experiment::answers::Judged;
use crate::experiment::comparison::{PairTest, Verdict, paired};
use crate::experiment::scores::Scores;
use crate::printed::probability;

/// What has become of an ensemble, as `run.json` has it.
#[derive(Debug, Clone, PartialEq)]
pub struct EnsembleOutcome {
    /// How answers become one: `mean`, `vote`, `weighted`.
    pub combine: String,
    /// In the order of the file.
    pub members: Vec<MemberOutcome>,
    /// The ensemble against its best member, once both are judged.
    pub gain: Option<Gain>,
}

/// What has become of a member.
#[derive(Debug, Clone, PartialEq)]
pub struct MemberOutcome {
    /// Its name in the ensemble.
    pub name: String,
    /// The model that it is of.
    pub model: String,
    /// What all that is random in its training follows from; `None` where its weights were given.
    pub seed: Option<u64>,
    /// The folder of its run, within the ensemble's; `None` where its weights were given.
    pub folder: Option<PathBuf>,
    /// The file of its weights, where these were given.
    pub given: Option<PathBuf>,
    /// Complete epochs.
    pub epochs: usize,
    /// How much its answers count, where they are weighted.
    pub share: Option<f32>,
    /// By itself, once it is judged.
    pub judged: Option<MemberJudged>,
}

/// What a member is worth by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct MemberJudged {
    /// The pictures.
    pub split: Split,
    /// Loss and metrics.
    pub scores: Scores,
    /// The share of right answers, and where it lies. Where numbers are predicted there is none.
    pub accuracy: Option<(f64, Option<Interval>)>,
}

/// What an ensemble gains over its best member.
#[derive(Debug, Clone, PartialEq)]
pub struct Gain {
    /// The best member, by its name: of the most right answers, or the smallest error. The first of several.
    pub best: String,
    /// Pictures that both answered.
    pub pictures: usize,
    /// The best member first, the ensemble second.
    pub test: PairTest,
}

impl MemberJudged {
    pub(super) fn of(judged: &Judged) -> Self {
        let accuracy = judged.answers.as_ref().and_then(|answers| match answers.assess().findings {
            Findings::Classes(found) => Some((found.accuracy, found.interval)),
            Findings::Labels(found) => Some((found.exact, found.interval)),
            Findings::Numbers(_) => None,
        });
        Self { split: judged.split, scores: judged.scores.clone(), accuracy }
    }

    fn to_json(&self) -> Value {
        let interval = self.accuracy.and_then(|(_, interval)| interval);
        json!({
            "split": self.split.name(),
            "results": self.scores.to_json(),
            "accuracy": self.accuracy.map(|(accuracy, _)| accuracy),
            "accuracy_interval": interval.map(|interval| [interval.low, interval.high]),
        })
    }

    fn from_json(value: &Value) -> Option<Self> {
        let split = [Split::Test, Split::Validation];
        let ends = &value["accuracy_interval"];
        let interval = ends[0].as_f64().zip(ends[1].as_f64()).map(|(low, high)| Interval { low, high });
        Some(Self {
            split: split.into_iter().find(|split| value["split"].as_str() == Some(split.name()))?,
            scores: Scores::from_json(&value["results"])?,
            accuracy: value["accuracy"].as_f64().map(|accuracy| (accuracy, interval)),
        })
    }
}

impl MemberOutcome {
    fn to_json(&self) -> Value {
        let shown = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        json!({
            "name": self.name,
            "model": self.model,
            "seed": self.seed,
            "folder": shown(&self.folder),
            "weights": shown(&self.given),
            "epochs": self.epochs,
            "share": self.share,
            "judged": self.judged.as_ref().map(MemberJudged::to_json),
        })
    }

    fn from_json(value: &Value) -> Option<Self> {
        let path = |key: &str| value[key].as_str().map(PathBuf::from);
        Some(Self {
            name: value["name"].as_str()?.to_owned(),
            model: value["model"].as_str()?.to_owned(),
            seed: value["seed"].as_u64(),
            folder: path("folder"),
            given: path("weights"),
            epochs: usize::try_from(value["epochs"].as_u64()?).ok()?,
            share: value["share"].as_f64().map(|share| share as f32),
            judged: MemberJudged::from_json(&value["judged"]),
        })
    }
}

impl Gain {
    /// Of an ensemble over the best of its members, each with what it answered; `None` where nothing can be
    /// said of them picture by picture.
    pub(super) fn of(ensemble: &Judged, members: &[(&str, &Judged)]) -> Option<Self> {
        let goodness = |judged: &Judged| match judged.answers.as_ref()?.assess().findings {
            Findings::Classes(found) => Some(found.accuracy),
            Findings::Labels(found) => Some(found.exact),
            Findings::Numbers(found) => found.mean.map(|mean| -mean.mae),
        };
        let mut best: Option<(f64, &str, &Judged)> = None;
        for (name, judged) in members {
            let good = goodness(judged)?;
            if best.is_none_or(|(most, ..)| good > most) {
                best = Some((good, name, judged));
            }
        }
        let (_, name, best) = best?;
        let (pictures, test) = paired(best.answers.as_ref()?, ensemble.answers.as_ref()?, None).ok()?;
        Some(Self { best: name.to_owned(), pictures, test })
    }

    /// The same as an English sentence, about an ensemble of this name.
    pub fn sentence(&self, ensemble: &str) -> String {
        let Gain { best, pictures, test } = self;
        let verdict = match test.verdict() {
            Verdict::Better => "the ensemble is better",
            Verdict::Worse => "the ensemble is worse",
            Verdict::CannotTell => "cannot tell which is better",
        };
        let what = match test {
            PairTest::Right(test) => format!(
                "alone right about {}, {best} about {}; McNemar's exact test",
                test.only_second, test.only_first
            ),
            PairTest::Near { first, other, .. } => {
                format!("mean absolute error {other:.4} and {first:.4}; Wilcoxon's test")
            }
        };
        let p = ["p = ", &probability(test.p())].concat();
        format!("{ensemble} against its best member, {best}, on {pictures} pictures: {verdict} ({what}, {p})")
    }

    fn to_json(&self) -> Value {
        let mut gain = json!({
            "best": self.best,
            "pictures": self.pictures,
            "p": self.test.p(),
            "verdict": self.test.verdict().key(),
        });
        match self.test {
            PairTest::Right(McNemar { only_first, only_second, .. }) => {
                gain["test"] = json!("mcnemar_exact");
                gain["only_best_right"] = json!(only_first);
                gain["only_ensemble_right"] = json!(only_second);
            }
            PairTest::Near { first, other, .. } => {
                gain["test"] = json!("wilcoxon");
                gain["mae"] = json!([first, other]);
            }
        }
        gain
    }

    fn from_json(value: &Value) -> Option<Self> {
        let p = value["p"].as_f64()?;
        let count = |key: &str| value[key].as_u64();
        let test = match (count("only_best_right"), count("only_ensemble_right")) {
            (Some(only_first), Some(only_second)) => PairTest::Right(McNemar { only_first, only_second, p }),
            _ => PairTest::Near { first: value["mae"][0].as_f64()?, other: value["mae"][1].as_f64()?, p },
        };
        let pictures = usize::try_from(value["pictures"].as_u64()?).ok()?;
        Some(Self { best: value["best"].as_str()?.to_owned(), pictures, test })
    }
}

impl EnsembleOutcome {
    /// As `run.json` has it.
    pub(super) fn to_json(&self) -> Value {
        json!({
            "combine": self.combine,
            "members": self.members.iter().map(MemberOutcome::to_json).collect::<Vec<_>>(),
            "gain": self.gain.as_ref().map(Gain::to_json),
        })
    }

    /// What [`EnsembleOutcome::to_json`] made.
    pub(in crate::experiment) fn from_json(value: &Value) -> Option<Self> {
        let members = value["members"].as_array()?.iter().map(MemberOutcome::from_json);
        Some(Self {
            combine: value["combine"].as_str()?.to_owned(),
            members: members.collect::<Option<_>>()?,
            gain: Gain::from_json(&value["gain"]),
        })
    }
}

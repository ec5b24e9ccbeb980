//! An ensemble made of models that are trained already, such as the best of a search: one file that has all
//! of them, and one file of weights.

use std::collections::BTreeMap;
use std::path::Path;

use super::weights::Gathered;
use crate::ast;
use crate::experiment::error::Error;
use crate::experiment::open::Experiment;
use crate::experiment::options::Options;
use crate::experiment::watch::Watch;
use crate::files;
use crate::ir::{CheckedProgram, Combine, EnsembleSpec, MemberSpec};
use crate::show::show;
use crate::source::{Span, Spanned};
use crate::train::RunError;
use crate::train::weights;

/// A model that becomes a member.
#[derive(Debug, Clone, Copy)]
pub struct Chosen<'c> {
    /// The model with its data and schedule: what it was trained by.
    pub experiment: &'c Experiment,
    /// Its weights.
    pub weights: &'c Path,
    /// How often it was chosen, 1 or more: a member's answers count as its share of all choices.
    pub count: usize,
}

/// Writes an ensemble of trained models: `program` has all of them, with all that each was trained by, and
/// `weights` what they have learnt. Each line of `comment` stands above the text. Members that were chosen
/// equally often answer by their mean, others by a weighted one.
///
/// ```no_run
/// use cnnc::{Chosen, Experiment, Options, Silent, compose};
///
/// let (small, large) = (Experiment::open("a.cnn", &Options::default())?, Experiment::open("b.cnn", &Options::default())?);
/// let members = [
///     Chosen { experiment: &small, weights: "runs/a-1/weights.safetensors".as_ref(), count: 2 },
///     Chosen { experiment: &large, weights: "runs/b-1/weights.safetensors".as_ref(), count: 1 },
/// ];
/// let files = ("best.cnn".as_ref(), "best.safetensors".as_ref());
/// compose("Best", &members, "Of the best trials.", files, &Options::default(), &mut Silent)?;
/// # Ok::<(), cnnc::Error>(())
/// ```
/// # Errors
/// [`Error::Problems`] where these models cannot answer together, or are fewer than two; [`Error::Run`] where
/// weights are not those of their models, or a file cannot be written.
pub fn compose(
    name: &str,
    members: &[Chosen<'_>],
    comment: &str,
    (program, weights_path): (&Path, &Path),
    options: &Options,
    watch: &mut dyn Watch,
) -> Result<(), Error> {
    let text = text_of(name, members, comment);
    let options = Options { model: Some(name.to_owned()), ..options.clone() };
    let experiment = Experiment::of_text(program, text.as_str(), &options)?.for_its_data();
    let mut gathered = Gathered::default();
    let mut classes: Vec<String> = Vec::new();
    let mut statistics = None;
    let parts = experiment.program.program().ensemble.as_deref();
    for (member, chosen) in parts.iter().flat_map(|ensemble| &ensemble.members).zip(members) {
        let found = weights::info(chosen.weights)?;
        if classes.is_empty() {
            classes = found.classes;
        }
        statistics = gathered.take(&experiment, member, (chosen.weights, &classes), watch)?.or(statistics);
    }
    let all: usize = members.iter().map(|chosen| chosen.count).sum();
    let shares: Vec<f32> = members.iter().map(|chosen| chosen.count as f32 / all.max(1) as f32).collect();
    gathered.weigh(&experiment, &shares);
    // the weights first: a program without them would be taken for one that can be used
    gathered.write(&experiment, (&classes, statistics.as_ref()), weights_path)?;
    files::write(program, |file| file.write_all(text.as_bytes()))
        .map_err(|error| RunError::write(program, error))?;
    Ok(())
}

/// The text of an ensemble of these models.
fn text_of(name: &str, members: &[Chosen<'_>], comment: &str) -> String {
    let mut programs = named_apart(members, name);
    let nowhere = Span::default();
    let are_equal = members.windows(2).all(|pair| pair[0].count == pair[1].count);
    let combine = if are_equal { Combine::Mean } else { Combine::Weighted };
    let spec = EnsembleSpec {
        name: Spanned::new(name.to_owned(), nowhere),
        span: nowhere,
        members: programs
            .iter()
            .map(|program| MemberSpec {
                model: Spanned::new(program.program().model.name.value.clone(), nowhere),
                count: 1,
                weights: None,
            })
            .collect(),
        combine: Spanned::new(combine, nowhere),
    };
    if let Some(first) = programs.first_mut() {
        *first = first.member_of(spec);
    }
    let nothing = ast::File::default();
    let source = members.first().map_or(&nothing, |first| &first.experiment.ast);
    let shown = show(&programs.iter().collect::<Vec<_>>(), source);
    let comment: String = comment.lines().map(|line| format!("// {line}\n")).collect();
    comment + &shown
}

/// The programs, each with a name of its own: that of its model, with a number behind it where several have
/// the same, or the ensemble.
fn named_apart(members: &[Chosen<'_>], ensemble: &str) -> Vec<CheckedProgram> {
    let mut times: BTreeMap<&str, usize> = BTreeMap::from([(ensemble, 1)]);
    for chosen in members {
        *times.entry(chosen.experiment.name()).or_default() += 1;
    }
    let mut taken: Vec<String> = times.keys().map(|name| (*name).to_owned()).collect();
    let mut apart = |chosen: &Chosen<'_>| {
        let model = chosen.experiment.name();
        let program = &chosen.experiment.program;
        if times[model] == 1 {
            return program.clone();
        }
        let numbered = (1_usize..).map(|number| format!("{model}_{number}"));
        let name = numbered.into_iter().find(|name| !taken.contains(name)).unwrap_or_default();
        taken.push(name.clone());
        program.named(&name)
    };
    members.iter().map(&mut apart).collect()
}

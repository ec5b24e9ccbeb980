//! The weights of all members as one file: `Basic_1.conv2d.kernel`, and how much each counts,
//! `Basic_1.share.weight`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use crate::data::Featurewise;
use crate::experiment::error::Error;
use crate::experiment::open::Experiment;
use crate::experiment::watch::{Event, Watch};
use crate::experiment::weights::brought;
use crate::ir::{Member, Mode, Param, forward};
use crate::layers::{Layer, Together};
use crate::show::prepare_differences;
use crate::train::RunError;
use crate::train::weights::{self, Taking};

/// The values of all parameters of an ensemble, by their names in it.
#[derive(Debug, Default)]
pub(super) struct Gathered(BTreeMap<String, Vec<f32>>);

impl Gathered {
    /// Takes the weights of a member out of their file; gives the statistics that its pictures were normalised
    /// by, where the file has any.
    /// # Errors
    /// [`Error::Run`] where they cannot be read, are not those of the member's model, or were trained on
    /// pictures that were prepared in another way; [`Error::ClassesDiffer`].
    pub(super) fn take(
        &mut self,
        experiment: &Experiment,
        member: &Member,
        (path, classes): (&Path, &[String]),
        watch: &mut dyn Watch,
    ) -> Result<Option<Featurewise>, Error> {
        let params = forward(&member.program, Mode::Inference).graph.params;
        let taking = Taking {
            matching: member.weights.as_ref().map_or_else(Default::default, |weights| weights.matching),
            partial: false,
        };
        let found = weights::load(path, &member.program, &params, taking)?;
        if member.weights.is_some() {
            watch.see(Event::Weights(&found.account));
        }
        let mut statistics = None;
        if let Some((theirs, brought)) = brought(&found, path)? {
            statistics = brought;
            let ours = &experiment.program.program().prepare;
            let differences = prepare_differences(&theirs, ours);
            if !differences.is_empty() {
                let said = |[theirs, ours]: &[String; 2]| {
                    format!("its pictures were prepared with {theirs}, and not with {ours}")
                };
                let differences = differences.iter().map(said).collect();
                return Err(RunError::WeightsDiffer { path: path.to_owned(), differences }.into());
            }
        }
        if !found.info.classes.is_empty() && found.info.classes != classes {
            let (path, trained, found) = (path.to_owned(), found.info.classes, classes.to_vec());
            return Err(Error::ClassesDiffer { path, trained, found });
        }
        let named = |(at, values): (usize, Vec<f32>)| {
            let param: &Param = &params[at];
            (format!("{}.{}", member.name, param.name), values)
        };
        self.0.extend(found.values.into_iter().map(named));
        Ok(statistics)
    }

    /// Sets how much each member counts, in their order, where they are weighted.
    pub(super) fn weigh(&mut self, experiment: &Experiment, shares: &[f32]) {
        let layers = &experiment.program.program().model.layers;
        let weights = layers.iter().filter(|node| matches!(node.layer, Layer::Together(Together::Weight(_))));
        // they stand in the order of the members
        for (node, share) in weights.zip(shares) {
            self.0.insert(format!("{}.weight", node.path), vec![*share]);
        }
    }

    /// Writes the file.
    /// # Errors
    /// [`Error::Run`] where it cannot be written.
    pub(super) fn write(
        &self,
        experiment: &Experiment,
        (classes, statistics): (&[String], Option<&Featurewise>),
        path: &Path,
    ) -> Result<(), Error> {
        let params = forward(&experiment.program, Mode::Inference).graph.params;
        let seed = experiment.program.program().train.as_ref().map_or(0, |train| train.seed);
        let info = experiment.weights_info(seed, classes, statistics);
        weights::save(path, &info, &params, |at| {
            Cow::Borrowed(self.0.get(&params[at].name).map_or(&[][..], Vec::as_slice))
        })?;
        Ok(())
    }
}

impl Experiment {
    /// A member as an experiment of its own, as `--model` would give it.
    pub(super) fn of_member(&self, member: &Member) -> Experiment {
        Experiment { program: member.program.as_ref().clone(), ..self.clone() }
    }
}

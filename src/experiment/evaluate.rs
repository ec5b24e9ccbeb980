//! What a model makes of a split.

use super::answers::{Collector, Judged};
use super::error::Error;
use super::known::Known;
use super::model::Model;
use super::scores::Scores;
use super::watch::{Silent, Watch};
use crate::autodiff;
use crate::data::{DataIndex, Split, View};
use crate::ir::Labels;
use crate::train::{Answered, Interrupt, Unsaved, evaluate};

/// What a model made of a split.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// Loss and metrics over all pictures.
    pub scores: Scores,
    /// Its answer to each picture, in the order of the data set; where sizes are left open, those of one size
    /// follow each other.
    pub answers: Vec<Answer>,
    /// What the run that made the weights knows of these data, where they lie in its folder.
    pub known: Option<Known>,
}

/// What a model answered to a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The picture: its file, or its number in an array.
    pub name: String,
    /// What is right.
    pub label: Label,
    /// The model's output after its last activation: probabilities of the classes, where that is softmax or
    /// sigmoid.
    pub outputs: Vec<f32>,
    /// The picture's own loss, without what the size of weights adds.
    pub loss: f32,
}

/// What is right of a picture.
#[derive(Debug, Clone, PartialEq)]
pub enum Label {
    /// The class, as an index into the classes.
    Class(usize),
    /// A number for each output: yes or no to each of several classes, or what is to be predicted.
    Numbers(Vec<f32>),
}

impl Model {
    /// Evaluates a split of the experiment's data: loss, metrics, and the answer to each picture.
    ///
    /// ```no_run
    /// use cnnc::{Experiment, Model, Options, Split};
    ///
    /// let experiment = Experiment::open("models/digits.cnn", &Options::default())?;
    /// let mut model = Model::load(&experiment, "runs/digits-1/weights.safetensors")?;
    /// let evaluation = model.evaluate(Split::Test)?;
    /// println!("{}", evaluation.scores);
    /// let worst = evaluation.answers.iter().max_by(|a, b| a.loss.total_cmp(&b.loss));
    /// println!("hardest: {}", worst.map_or("", |answer| &answer.name));
    /// # Ok::<(), cnnc::Error>(())
    /// ```
    /// # Errors
    /// [`Error::NoData`], [`Error::NoLoss`], [`Error::NoSplit`], [`Error::ClassesDiffer`], [`Error::Data`],
    /// [`Error::Run`] where the loss is no number.
    pub fn evaluate(&mut self, split: Split) -> Result<Evaluation, Error> {
        let mut answers = Vec::new();
        let (scores, known) = self.evaluate_each(split, &mut |answer| answers.push(answer), &mut Silent)?;
        Ok(Evaluation { scores, answers, known })
    }

    /// [`Model::evaluate`] for data whose answers are too many to be kept: each is handed to `take`.
    /// # Errors
    /// As [`Model::evaluate`].
    pub fn evaluate_each(
        &mut self,
        split: Split,
        take: &mut dyn FnMut(Answer),
        watch: &mut dyn Watch,
    ) -> Result<(Scores, Option<Known>), Error> {
        let outputs = self.outputs();
        let mut hand_on = |answered: Answered<'_>, index: &DataIndex| {
            let Answered { items, labels, outputs: values, losses } = answered;
            let rows = values.chunks_exact(outputs).zip(losses);
            for (at, (&item, (values, &loss))) in items.iter().zip(rows).enumerate() {
                let label = match labels {
                    Labels::Classes(classes) => {
                        Label::Class(usize::try_from(classes[at]).unwrap_or_default())
                    }
                    Labels::Numbers(numbers) => Label::Numbers(numbers[at * outputs..][..outputs].to_vec()),
                };
                let name = index.name(item as usize).unwrap_or_default().to_owned();
                take(Answer { name, label, outputs: values.to_vec(), loss });
            }
        };
        self.pass((split, View::AsPrepared), &mut hand_on, watch)
    }

    /// Evaluates a split: loss, metrics, and all that its answers say of the model.
    /// # Errors
    /// As [`Model::evaluate`].
    pub fn judge(&mut self, split: Split, watch: &mut dyn Watch) -> Result<(Judged, Option<Known>), Error> {
        let mut collector = Collector::new(self.interpretation(), self.outputs());
        let mut take = |answered: Answered<'_>, _: &DataIndex| collector.take(answered);
        let (scores, known) = self.pass((split, View::AsPrepared), &mut take, watch)?;
        let index = self.data.as_ref().map(|(_, index)| index);
        let answers = index.and_then(|index| collector.finish(index));
        Ok((Judged { split, scores, answers }, known))
    }

    /// Evaluates a split, and hands on the answers, batch by batch.
    pub(super) fn pass(
        &mut self,
        (split, view): (Split, View),
        take: &mut dyn FnMut(Answered<'_>, &DataIndex),
        watch: &mut dyn Watch,
    ) -> Result<(Scores, Option<Known>), Error> {
        self.experiment.judged()?;
        self.open_data(watch)?;
        let Model { session, data, weights, options, experiment, .. } = self;
        let (data, index) = data.as_ref().expect("they have just been opened");
        let exists = match split {
            Split::Train => true,
            Split::Validation => data.validation.is_some(),
            Split::Test => data.test.is_some(),
        };
        if !exists {
            return Err(Error::NoSplit { split });
        }
        let known = Known::of(weights, index, split, watch);
        let batches = data.batches(split, options.batch).seen(view);
        let never = (&Interrupt::default(), Unsaved::Nothing);
        let found = evaluate(session, batches, never, Some(&mut |answered| take(answered, index)))?;
        let sums = found.expect("nothing interrupts it").finite()?;
        Ok((Scores::of(&sums, &autodiff::metrics(&experiment.program)), known))
    }

    /// Opens the data, once.
    pub(crate) fn open_data(&mut self, watch: &mut dyn Watch) -> Result<(), Error> {
        if self.data.is_some() {
            return Ok(());
        }
        let mut data = self.experiment.open_data(self.statistics.clone(), watch)?;
        let trained = self.trained_classes();
        if !trained.is_empty() && *trained != data.classes {
            let (path, trained) = (self.weights.clone(), trained.to_vec());
            return Err(Error::ClassesDiffer { path, trained, found: data.classes });
        }
        let index = data.take_index().unwrap_or_default();
        self.data = Some((data, index));
        Ok(())
    }
}

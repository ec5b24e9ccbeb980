//! Answers averaged over each picture and its mirror image, where that shows what is right of the picture,
//! too: test-time augmentation by a horizontal flip.
//!
//! What a flip keeps is what the checker knows: of built-in data by their card (`W0402` warns of the same in
//! `augment`), of others by `mirror:` in `data`. Where classes mirror into others, the answer to the mirror
//! image is read the other way round: what it says of `left` is said of `right`.

use std::path::Path;

use serde_json::{Value, json};

use super::answers::{Collector, Judged};
use super::error::Error;
use super::model::Model;
use super::watch::{Silent, Watch};
use crate::assess::{Answers, McNemar, PictureAnswer};
use crate::data::{DataIndex, View};
use crate::files;
use crate::ir::{Subject, class_index};
use crate::printed::{few, shown};
use crate::train::{Answered, RunError};

/// Why answers cannot be averaged over a flip.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoFlip {
    /// Mirror images are of other classes, or of none, and the file does not say of which.
    #[error("mirrored, pictures of `{data}` are of another class or of none: {}", few(classes))]
    ChangesClass {
        /// The data.
        data: String,
        /// The classes that it happens to.
        classes: Vec<String>,
        /// What `mirror:` would say; `None` where nobody knows.
        mirror: Option<String>,
    },
    /// The file names mirror images of other classes alone.
    #[error("`mirror:` does not say what these classes are when they are mirrored: {}", few(classes))]
    NoImage {
        /// These.
        classes: Vec<String>,
    },
    /// Numbers may depend on where things are.
    #[error("the model answers with numbers, and those of a mirrored picture may be others")]
    Numbers,
    /// Maps depend on where things are.
    #[error("the model answers with maps, and those of a mirrored picture are others")]
    Maps,
}

impl NoFlip {
    /// What to do about it.
    pub fn help(&self) -> String {
        match self {
            NoFlip::ChangesClass { mirror: Some(mirror), .. } => {
                format!("say in `data` what each class is when it is mirrored: `mirror: {mirror}`")
            }
            NoFlip::NoImage { .. } => {
                "name all classes in `mirror:`, one that stays what it is with itself, or leave `--tta` out"
                    .into()
            }
            NoFlip::ChangesClass { mirror: None, .. } | NoFlip::Numbers | NoFlip::Maps => {
                "leave `--tta` out".into()
            }
        }
    }
}

/// What each class is when it is mirrored, by the indices of the classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorImages(Vec<usize>);

/// Answers averaged over each picture and its mirror image, beside those to the pictures alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Averaged {
    /// The averages.
    pub answers: Answers,
    /// Which of both is right about more pictures: the first are the answers to the pictures alone.
    pub test: McNemar,
}

impl Model {
    /// What each class is when pictures are mirrored left and right.
    /// # Errors
    /// [`Error::NoFlip`] where mirror images do not show what is right; those of [`Model::evaluate`].
    pub fn mirror_images(&mut self, watch: &mut dyn Watch) -> Result<MirrorImages, Error> {
        self.open_data(watch)?;
        let read = self.interpretation();
        match read.subject {
            Subject::Numbers => return Err(NoFlip::Numbers.into()),
            Subject::Map => return Err(NoFlip::Maps.into()),
            Subject::Class | Subject::Classes => {}
        }
        let program = self.experiment.program.program();
        let pairs = program.data.as_ref().and_then(|data| data.mirror.as_ref());
        if let Some(pairs) = pairs {
            return Ok(of_pairs(
                pairs.value.iter().map(|pair| pair.each_ref().map(|name| name.value.as_str())),
                &read.names,
            )?);
        }
        match self.experiment.card.as_ref().filter(|card| card.mirror_changes_class) {
            None => Ok(MirrorImages((0..read.names.len()).collect())),
            Some(card) => {
                let stays = |name: &&String| card.mirror_pairs.iter().any(|[a, b]| a == *name && b == *name);
                let classes = card.classes.iter().filter(|name| !stays(name));
                let classes = classes.map(|name| format!("`{}`", shown(name))).collect();
                let mirror = (!card.mirror_pairs.is_empty()).then(|| card.mirror_text());
                Err(NoFlip::ChangesClass { data: card.name.clone(), classes, mirror }.into())
            }
        }
    }

    /// Answers to the mirror images of the pictures that were judged, averaged with those to the pictures:
    /// the probabilities of each class, or its scores where there are none.
    /// # Errors
    /// As [`Model::evaluate`].
    pub fn averaged(&mut self, judged: &Judged, images: &MirrorImages) -> Result<Option<Averaged>, Error> {
        let Some(plain) = &judged.answers else { return Ok(None) };
        let mut collector = Collector::new(self.interpretation(), self.outputs());
        let mut take = |answered: Answered<'_>, _: &DataIndex| collector.take(answered);
        // what is to be said of the data was said when they were judged
        self.pass((judged.split, View::Mirrored), &mut take, &mut Silent)?;
        let index = self.data.as_ref().map(|(_, index)| index);
        let mirrored = index.and_then(|index| collector.finish(index));
        Ok(mirrored.map(|mirrored| average(plain, &mirrored, images)))
    }
}

impl Averaged {
    /// What the averages say of the model, and how they compare with the answers to the pictures alone.
    pub fn to_json(&self) -> Value {
        json!({
            "flip": "horizontal",
            "assessment": self.answers.assess().to_json(),
            "only_plain_right": self.test.only_first,
            "only_averaged_right": self.test.only_second,
            "p": self.test.p,
        })
    }

    /// Writes the averages as `predictions.csv` has answers.
    /// # Errors
    /// [`Error::Run`] where they cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let written = files::write(path, |file| self.answers.write_csv(file));
        Ok(written.map_err(|error| RunError::write(path, error))?)
    }
}

/// What each class is when it is mirrored, as `mirror:` says in both directions.
fn of_pairs<'p>(pairs: impl Iterator<Item = [&'p str; 2]>, names: &[String]) -> Result<MirrorImages, NoFlip> {
    let mut images = vec![None; names.len()];
    for pair in pairs {
        if let [Some(left), Some(right)] = pair.map(|name| class_index(name, names)) {
            (images[left], images[right]) = (Some(right), Some(left));
        }
    }
    let missing = names.iter().zip(&images).filter(|(_, image)| image.is_none());
    let missing: Vec<String> = missing.map(|(name, _)| format!("`{}`", shown(name))).collect();
    match images.into_iter().collect::<Option<Vec<usize>>>() {
        Some(images) => Ok(MirrorImages(images)),
        None => Err(NoFlip::NoImage { classes: missing }),
    }
}

fn average(plain: &Answers, mirrored: &Answers, MirrorImages(images): &MirrorImages) -> Averaged {
    let both = plain.pictures.iter().zip(&mirrored.pictures);
    let mean = |(plain, mirrored): (&PictureAnswer, &PictureAnswer)| {
        let scores = plain.scores.iter().zip(images);
        let scores = scores.map(|(&score, &image)| score.midpoint(mirrored.scores[image])).collect();
        PictureAnswer { scores, ..plain.clone() }
    };
    let pictures: Vec<PictureAnswer> = both.map(mean).collect();
    let is_right = |picture: &PictureAnswer| picture.is_right() == Some(true);
    let count = |first: bool, second: bool| {
        let pairs = plain.pictures.iter().zip(&pictures);
        pairs.filter(|(plain, mean)| is_right(plain) == first && is_right(mean) == second).count() as u64
    };
    let test = McNemar::of(count(true, false), count(false, true));
    Averaged { answers: Answers { pictures, ..plain.clone() }, test }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::{Task, Truth};

    fn names() -> Vec<String> {
        ["ahead", "left", "right"].map(str::to_owned).to_vec()
    }

    #[test]
    fn every_class_needs_a_mirror_image() {
        let all = of_pairs([["left", "right"], ["ahead", "0"]].into_iter(), &names());
        assert_eq!(all, Ok(MirrorImages(vec![0, 2, 1])));
        let some = of_pairs([["left", "right"]].into_iter(), &names());
        assert_eq!(some, Err(NoFlip::NoImage { classes: vec!["`ahead`".to_owned()] }));
    }

    #[test]
    fn answers_to_mirror_images_are_read_the_other_way_round() {
        let answers = |scores: [[f32; 3]; 2]| Answers {
            task: Task::Classes { are_probabilities: true },
            names: names(),
            pictures: scores
                .into_iter()
                .zip([1, 2])
                .map(|(scores, class)| PictureAnswer {
                    name: String::new(),
                    truth: Truth::Class(class),
                    scores: scores.to_vec(),
                })
                .collect(),
        };
        let plain = answers([[0.5, 0.25, 0.25], [0.0, 0.25, 0.75]]);
        let mirrored = answers([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]);
        let Averaged { answers, test } = average(&plain, &mirrored, &MirrorImages(vec![0, 2, 1]));
        assert_eq!(answers.pictures[0].scores, [0.25, 0.625, 0.125]);
        assert_eq!(answers.pictures[1].scores, [0.0, 0.125, 0.875]);
        assert_eq!((test.only_first, test.only_second), (0, 1));
    }
}

//! The pictures that a model is judged by, with its answers where these are known: what drawings of a run are
//! made of.

use std::collections::HashMap;

use super::error::Error;
use super::photo::Photo;
use crate::assess::{Answers, PictureAnswer, Truth};
use crate::data::Split;
use crate::experiment::Model;

/// Pictures of a split.
#[derive(Debug)]
pub struct Album {
    /// Which one.
    pub split: Split,
    entries: Vec<Entry>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its file, or its number.
    pub name: String,
    item: u32,
    /// What the model made of it.
    answer: Option<PictureAnswer>,
}

impl Entry {
    /// The picture, as people and as the model see it.
    /// # Errors
    /// [`Error::Model`] where it cannot be read.
    pub fn photo(&self, model: &Model) -> Result<Photo, Error> {
        Ok(Photo::of_set(model, self.name.clone(), &model.set_picture(self.item)?))
    }

    /// Its class, where its label is one and the answer is known.
    pub fn class(&self) -> Option<usize> {
        match self.answer.as_ref()?.truth {
            Truth::Class(class) => Some(class),
            Truth::Labels(_) | Truth::Numbers(_) => None,
        }
    }

    fn sureness(&self) -> f32 {
        self.answer.as_ref().map_or(0.0, PictureAnswer::confidence)
    }
}

impl Album {
    /// Pictures by their places in the data, with the answers that have their names. Answers to pictures that
    /// are not there are left out: the data have changed since.
    pub fn new(model: &Model, split: Split, items: &[u32], answers: Option<Answers>) -> Self {
        let named = items.iter().map(|&item| Entry { name: model.name_of_item(item), item, answer: None });
        let Some(answers) = answers else { return Self { split, entries: named.collect() } };
        let mut by_name: HashMap<String, u32> = named.map(|entry| (entry.name, entry.item)).collect();
        let entries = answers.pictures.into_iter().filter_map(|answer| {
            let (name, item) = by_name.remove_entry(&answer.name)?;
            Some(Entry { name, item, answer: Some(answer) })
        });
        Self { split, entries: entries.collect() }
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// So many of them: the first of each class, then the second of each. Where classes are not known, the
    /// first.
    pub fn some_of_each_class(&self, count: usize) -> Vec<&Entry> {
        let mut seen: HashMap<usize, usize> = HashMap::new();
        let mut ranked: Vec<(usize, usize, &Entry)> = Vec::with_capacity(self.entries.len());
        for entry in &self.entries {
            let class = entry.class();
            let before = class.map_or(0, |class| {
                let seen = seen.entry(class).or_default();
                *seen += 1;
                *seen
            });
            ranked.push((before, class.unwrap_or_default(), entry));
        }
        ranked.sort_by_key(|&(before, class, _)| (before, class));
        ranked.into_iter().take(count).map(|(.., entry)| entry).collect()
    }

    /// Whether the model's answers are known.
    pub fn has_answers(&self) -> bool {
        self.entries.iter().any(|entry| entry.answer.is_some())
    }

    /// Whether answers are known, and could be wrong about a class.
    pub fn has_mistakes(&self) -> bool {
        !self.entries.is_empty() && self.entries.iter().all(|entry| entry.class().is_some())
    }

    /// Those that were taken for another class, the surest answers first.
    /// # Errors
    /// [`Error::NoClasses`] where labels are no classes, or answers are not known.
    pub fn wrong(&self) -> Result<Vec<&Entry>, Error> {
        let mut wrong = Vec::new();
        for entry in &self.entries {
            let (Some(class), Some(answer)) = (entry.class(), &entry.answer) else {
                return Err(Error::NoClasses);
            };
            if answer.answer() != class {
                wrong.push(entry);
            }
        }
        // of equal ones the order of the data
        wrong.sort_by(|a, b| b.sureness().total_cmp(&a.sureness()));
        Ok(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn album(answers: &[(usize, [f32; 2])]) -> Album {
        let entry = |(at, &(class, scores)): (usize, &(usize, [f32; 2]))| {
            let name = at.to_string();
            let answer =
                PictureAnswer { name: name.clone(), truth: Truth::Class(class), scores: scores.into() };
            Entry { name, item: at as u32, answer: Some(answer) }
        };
        Album { split: Split::Test, entries: answers.iter().enumerate().map(entry).collect() }
    }

    #[test]
    fn classes_take_turns() {
        let album = album(&[(0, [1.0, 0.0]), (0, [1.0, 0.0]), (0, [1.0, 0.0]), (1, [0.0, 1.0])]);
        let names =
            |count| album.some_of_each_class(count).iter().map(|entry| &*entry.name).collect::<Vec<_>>();
        assert_eq!(names(3), ["0", "3", "1"]);
        assert_eq!(names(9).len(), 4);
    }

    #[test]
    fn the_surest_mistakes_come_first() {
        let album = album(&[(0, [0.4, 0.6]), (1, [0.1, 0.9]), (1, [0.8, 0.2]), (0, [0.4, 0.6])]);
        let wrong = album.wrong().expect("classes");
        assert_eq!(wrong.iter().map(|entry| &*entry.name).collect::<Vec<_>>(), ["2", "0", "3"]);
    }
}

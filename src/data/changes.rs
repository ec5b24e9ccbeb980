//! What differs between the data of a run and those that are there now.

use std::collections::HashMap;

use super::index::{Content, DataIndex, Entry};
use super::source::Split;
use crate::printed::shown;

/// Pictures that a sentence names.
const EXAMPLES: usize = 3;
const SPLITS: [Split; 3] = [Split::Train, Split::Validation, Split::Test];

/// Pictures by what they show.
pub(super) struct ByContent<'a>(HashMap<(u64, u64), Vec<&'a Entry>>);

impl<'a> ByContent<'a> {
    pub(super) fn of(entries: impl Iterator<Item = &'a Entry>) -> Self {
        let mut all: HashMap<_, Vec<&Entry>> = HashMap::new();
        for entry in entries {
            all.entry((entry.content.bytes, entry.content.sample)).or_default().push(entry);
        }
        Self(all)
    }

    /// A picture with these contents.
    pub(super) fn get(&self, content: &Content) -> Option<&'a Entry> {
        self.0.get(&(content.bytes, content.sample))?.iter().find(|entry| entry.content.is(content)).copied()
    }

    /// The same, and it is not found again.
    fn take(&mut self, content: &Content) -> Option<&'a Entry> {
        let alike = self.0.get_mut(&(content.bytes, content.sample))?;
        let at = alike.iter().position(|entry| entry.content.is(content))?;
        Some(alike.remove(at))
    }
}

/// Pictures of which the same is to be said: in which splits, and a few names.
#[derive(Default)]
struct Group<'a> {
    counts: [usize; 3],
    names: Vec<&'a str>,
}

impl<'a> Group<'a> {
    fn add(&mut self, entry: &'a Entry) {
        self.counts[entry.split as usize] += 1;
        if self.names.len() < EXAMPLES {
            self.names.push(&entry.name);
        }
    }

    /// `3 pictures were added (train 2, test 1), such as …`; nothing where there are none.
    fn sentence(&self, what: [&str; 2]) -> Option<String> {
        let count: usize = self.counts.iter().sum();
        let of_splits = SPLITS.iter().zip(self.counts).filter(|(_, count)| *count > 0);
        let splits: Vec<String> =
            of_splits.map(|(split, count)| format!("{} {count}", split.name())).collect();
        let names: Vec<String> = self.names.iter().map(|name| format!("`{}`", shown(name))).collect();
        let (pictures, what) = if count == 1 { ("picture", what[0]) } else { ("pictures", what[1]) };
        let such = if count > self.names.len() { "such as " } else { "" };
        (count > 0)
            .then(|| format!("{count} {pictures} {what} ({}): {such}{}", splits.join(", "), names.join(", ")))
    }
}

impl DataIndex {
    /// What differs in `now`, a sentence for each kind of difference; empty where nothing does.
    /// Splits of added pictures are those of now, splits of all others those of before.
    pub fn differences(&self, now: &DataIndex) -> Vec<String> {
        let mut found = Found::default();
        let mut before: HashMap<&str, &Entry> =
            self.entries.iter().map(|entry| (entry.name.as_str(), entry)).collect();
        let mut unknown = Vec::new();
        let classes = Classes { before: &self.classes, now: &now.classes };
        for entry in &now.entries {
            match before.remove(entry.name.as_str()) {
                Some(old) => found.compare(old, entry, &classes),
                None => unknown.push(entry),
            }
        }
        let mut gone =
            ByContent::of(self.entries.iter().filter(|entry| before.contains_key(entry.name.as_str())));
        for entry in unknown {
            match gone.take(&entry.content) {
                Some(old) => {
                    before.remove(old.name.as_str());
                    found.renamed.add(old);
                    found.compare(old, entry, &classes);
                }
                None => found.added.add(entry),
            }
        }
        let removed = self.entries.iter().filter(|entry| before.contains_key(entry.name.as_str()));
        removed.for_each(|entry| found.removed.add(entry));
        classes.sentences().into_iter().chain(found.sentences()).collect()
    }
}

#[derive(Default)]
struct Found<'a> {
    added: Group<'a>,
    removed: Group<'a>,
    changed: Group<'a>,
    relabelled: Group<'a>,
    renamed: Group<'a>,
    moved: Group<'a>,
    /// Of the moved ones: trained on before, and looked at as if they had not been.
    leaked: usize,
}

impl<'a> Found<'a> {
    fn compare(&mut self, old: &'a Entry, new: &Entry, classes: &Classes<'_>) {
        if !old.content.is(&new.content) {
            self.changed.add(old);
        }
        if !classes.are_alike(old.label, new.label) {
            self.relabelled.add(old);
        }
        if old.split != new.split {
            self.moved.add(old);
            self.leaked += usize::from(old.split == Split::Train);
        }
    }

    fn sentences(&self) -> impl Iterator<Item = String> {
        let moved = self.moved.sentence(["stands in another split", "stand in another split"]).map(|moved| {
            if self.leaked == 0 {
                moved
            } else {
                format!("{moved}; {} of them would no longer be trained on", self.leaked)
            }
        });
        [
            self.added.sentence(["was added", "were added"]),
            self.removed.sentence(["was removed", "were removed"]),
            self.changed.sentence(["has other contents", "have other contents"]),
            self.relabelled.sentence(["has another label", "have other labels"]),
            self.renamed.sentence(["has another name", "have other names"]),
            moved,
        ]
        .into_iter()
        .flatten()
    }
}

/// Class names of both sides.
struct Classes<'a> {
    before: &'a [String],
    now: &'a [String],
}

impl Classes<'_> {
    /// Whether two labels say the same. A class that is gone and one that is new may be one that
    /// was renamed: that is said of the classes.
    fn are_alike(&self, before: u64, now: u64) -> bool {
        let name = |names: &[String], label: u64| names.get(usize::try_from(label).ok()?).cloned();
        match (name(self.before, before), name(self.now, now)) {
            (Some(before), Some(now)) => {
                before == now || (!self.now.contains(&before) && !self.before.contains(&now))
            }
            (None, None) => before == now,
            (Some(_), None) | (None, Some(_)) => false,
        }
    }

    fn sentences(&self) -> Vec<String> {
        if self.before == self.now {
            return Vec::new();
        }
        let without = |all: &[String], others: &[String]| -> Vec<String> {
            all.iter()
                .filter(|name| !others.contains(name))
                .map(|name| format!("`{}`", shown(name)))
                .collect()
        };
        let (gone, new) = (without(self.before, self.now), without(self.now, self.before));
        let few = |names: &[String]| {
            let more = names.len().saturating_sub(EXAMPLES);
            let shown = names[..names.len() - more].join(", ");
            if more == 0 { shown } else { format!("{shown} and {more} more") }
        };
        match (&gone[..], &new[..]) {
            ([], []) => vec!["the classes stand in another order".to_owned()],
            ([], new) => vec![format!("new classes: {}", few(new))],
            (gone, []) => vec![format!("classes that are gone: {}", few(gone))],
            (gone, new) => vec![format!("classes that are gone: {}, and new: {}", few(gone), few(new))],
        }
    }
}

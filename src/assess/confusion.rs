//! How often each class was taken for each other one.

use super::counts::Counts;

/// Pictures by class (rows) and answer (columns).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confusion {
    classes: usize,
    /// `[classes, classes]`
    counts: Vec<u64>,
}

/// A class that was taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mixup {
    /// What it is.
    pub truth: usize,
    /// What it was taken for.
    pub answer: usize,
    /// How many pictures.
    pub count: u64,
}

impl Confusion {
    /// Of pairs of truth and answer, each below `classes`.
    pub fn of(classes: usize, pairs: impl Iterator<Item = (usize, usize)>) -> Self {
        let mut counts = vec![0; classes * classes];
        pairs.for_each(|(truth, answer)| counts[truth * classes + answer] += 1);
        Self { classes, counts }
    }

    /// A row for each class, a column for each answer.
    pub fn rows(&self) -> impl Iterator<Item = &[u64]> {
        self.counts.chunks_exact(self.classes.max(1))
    }

    /// All pictures.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Pictures whose answer is right.
    pub fn right(&self) -> u64 {
        (0..self.classes).map(|class| self.counts[class * self.classes + class]).sum()
    }

    /// What is counted of each class.
    pub fn of_classes(&self) -> Vec<Counts> {
        let of_class = |(class, row): (usize, &[u64])| Counts {
            hits: row[class],
            said: self.rows().map(|row| row[class]).sum(),
            wanted: row.iter().sum(),
        };
        self.rows().enumerate().map(of_class).collect()
    }

    /// The most frequent mistakes, at most so many; of equal counts the first classes.
    pub fn most_frequent(&self, most: usize) -> Vec<Mixup> {
        let mixup = |(truth, row): (usize, &[u64])| {
            let counts: Vec<Mixup> = row
                .iter()
                .enumerate()
                .filter(|&(answer, &count)| answer != truth && count > 0)
                .map(|(answer, &count)| Mixup { truth, answer, count })
                .collect();
            counts
        };
        let mut all: Vec<Mixup> = self.rows().enumerate().flat_map(mixup).collect();
        all.sort_by_key(|mixup| std::cmp::Reverse(mixup.count));
        all.truncate(most);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_mistakes_come_first() {
        let pairs = [(0, 0), (0, 1), (2, 1), (2, 1), (1, 1), (1, 0)];
        let confusion = Confusion::of(3, pairs.into_iter());
        assert_eq!((confusion.total(), confusion.right()), (6, 2));
        let told: Vec<_> = confusion.most_frequent(2).iter().map(|m| (m.truth, m.answer, m.count)).collect();
        assert_eq!(told, [(2, 1, 2), (0, 1, 1)]);
        assert_eq!(confusion.of_classes()[1], Counts { hits: 1, said: 4, wanted: 2 });
    }
}

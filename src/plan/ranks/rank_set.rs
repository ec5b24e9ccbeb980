//! Sets of ranks.

use std::ops::Range;
use std::sync::Arc;

use super::MOST_RANKS;

const WORDS: usize = MOST_RANKS.div_ceil(64);

/// Some of the ranks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RankSet(Members);

/// Nearly all sets are one rank, all of them, or neighbours: these take no memory of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Members {
    /// From one to before another one; both are 0 where there is none.
    Run { first: u16, end: u16 },
    /// Others, a bit each. Never neighbours alone: equal sets are written in the same way.
    Bits(Arc<[u64; WORDS]>),
}

impl RankSet {
    pub(super) const NONE: Self = Self(Members::Run { first: 0, end: 0 });

    /// All ranks up to a number.
    pub(super) fn all(ranks: usize) -> Self {
        Self::run(0..ranks)
    }

    pub(super) fn one(rank: usize) -> Self {
        Self::run(rank..rank + 1)
    }

    fn run(ranks: Range<usize>) -> Self {
        assert!(ranks.end <= MOST_RANKS, "there are at most {MOST_RANKS} ranks");
        if ranks.is_empty() {
            return Self::NONE;
        }
        Self(Members::Run { first: ranks.start as u16, end: ranks.end as u16 })
    }

    /// The members, where they are neighbours.
    fn as_run(&self) -> Option<Range<usize>> {
        match self.0 {
            Members::Run { first, end } => Some(usize::from(first)..usize::from(end)),
            Members::Bits(_) => None,
        }
    }

    fn bits(&self) -> [u64; WORDS] {
        match &self.0 {
            Members::Bits(bits) => **bits,
            Members::Run { first, end } => {
                let below = |rank: usize, word: usize| match rank.saturating_sub(word * 64) {
                    0 => 0,
                    bits @ 1..64 => (1 << bits) - 1,
                    _ => u64::MAX,
                };
                let (first, end) = (usize::from(*first), usize::from(*end));
                std::array::from_fn(|word| below(end, word) & !below(first, word))
            }
        }
    }

    fn of_bits(bits: [u64; WORDS]) -> Self {
        let mut members = members(bits);
        let Some(first) = members.next() else { return Self::NONE };
        let (last, count) = members.fold((first, 1), |(_, count), member| (member, count + 1));
        if last - first + 1 == count {
            Self::run(first..last + 1)
        } else {
            Self(Members::Bits(Arc::new(bits)))
        }
    }

    pub(super) fn insert(&mut self, rank: usize) {
        *self = self.union(&Self::one(rank));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.as_run().is_some_and(|run| run.is_empty())
    }

    /// The only member, where there is one.
    pub(super) fn only(&self) -> Option<usize> {
        self.as_run().filter(|run| run.len() == 1).map(|run| run.start)
    }

    /// Those of this set that are not of another one.
    pub(super) fn without(&self, other: &Self) -> Self {
        if let (Some(own), Some(other)) = (self.as_run(), other.as_run()) {
            if other.end <= own.start || own.end <= other.start {
                return self.clone();
            }
            if other.start <= own.start {
                return Self::run(other.end.min(own.end)..own.end);
            }
            if own.end <= other.end {
                return Self::run(own.start..other.start);
            }
        }
        let (own, other) = (self.bits(), other.bits());
        Self::of_bits(std::array::from_fn(|word| own[word] & !other[word]))
    }

    pub(super) fn union(&self, other: &Self) -> Self {
        if other.is_empty() || self == other {
            return self.clone();
        }
        if self.is_empty() {
            return other.clone();
        }
        if let (Some(own), Some(other)) = (self.as_run(), other.as_run())
            && own.start <= other.end
            && other.start <= own.end
        {
            return Self::run(own.start.min(other.start)..own.end.max(other.end));
        }
        let (own, other) = (self.bits(), other.bits());
        Self::of_bits(std::array::from_fn(|word| own[word] | other[word]))
    }

    /// Its members in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        let run = self.as_run();
        let others = run.is_none().then(|| members(self.bits()));
        run.unwrap_or(0..0).chain(others.into_iter().flatten())
    }

    /// The first member from a rank on, in a circle.
    pub(super) fn next_from(&self, rank: usize) -> Option<usize> {
        match self.as_run() {
            Some(run) if run.is_empty() => None,
            Some(run) if rank < run.end => Some(rank.max(run.start)),
            Some(run) => Some(run.start),
            None => self.iter().find(|&member| member >= rank).or_else(|| self.iter().next()),
        }
    }
}

fn members(bits: [u64; WORDS]) -> impl Iterator<Item = usize> {
    let of_word = |(word, bits): (usize, u64)| {
        (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| word * 64 + bit)
    };
    bits.into_iter().enumerate().filter(|(_, bits)| *bits != 0).flat_map(of_word)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::random::Random;

    #[test]
    fn members_come_in_order() {
        let mut set = RankSet::one(3);
        set.insert(70);
        set.insert(1023);
        assert_eq!(set.iter().collect::<Vec<_>>(), [3, 70, 1023]);
        assert_eq!([set.next_from(0), set.next_from(4), set.next_from(71)], [Some(3), Some(70), Some(1023)]);
        assert_eq!(RankSet::one(2).next_from(3), Some(2));
        assert_eq!(RankSet::all(65).without(&RankSet::all(64)).iter().collect::<Vec<_>>(), [64]);
        assert_eq!(RankSet::NONE.next_from(0), None);
        assert!(RankSet::NONE.is_empty() && !set.is_empty());
        assert_eq!(RankSet::all(4).without(&RankSet::one(2)).next_from(2), Some(3));
        assert_eq!([RankSet::one(70).only(), set.only(), RankSet::NONE.only()], [Some(70), None, None]);
    }
    /// Whatever was done to them: sets with the same members are equal.
    #[test]
    fn sets_are_those_of_numbers() {
        let mut random = Random::seeded(18);
        let mut known: Vec<(RankSet, BTreeSet<usize>)> = vec![(RankSet::NONE, BTreeSet::new())];
        for _ in 0..2_000 {
            let [a, b] = [0; 2].map(|_| known[random.below(known.len() as u64) as usize].clone());
            let rank = random.below(70) as usize;
            let made = match random.below(4) {
                0 => (RankSet::one(rank), BTreeSet::from([rank])),
                1 => (RankSet::all(rank), (0..rank).collect()),
                2 => (a.0.union(&b.0), a.1.union(&b.1).copied().collect()),
                _ => (a.0.without(&b.0), a.1.difference(&b.1).copied().collect()),
            };
            assert_eq!(made.0.iter().collect::<BTreeSet<_>>(), made.1);
            assert_eq!(made.0.is_empty(), made.1.is_empty());
            assert_eq!(made.0 == a.0, made.1 == a.1);
            let next = made.1.range(rank..).next().or_else(|| made.1.first());
            assert_eq!(made.0.next_from(rank), next.copied());
            known.push(made);
        }
    }
}

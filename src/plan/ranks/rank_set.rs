//! Sets of ranks.

use super::MOST_RANKS;

const WORDS: usize = MOST_RANKS.div_ceil(64);

/// Some of the ranks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RankSet([u64; WORDS]);

impl RankSet {
    pub(super) const NONE: Self = Self([0; WORDS]);

    /// All ranks up to a number.
    pub(super) fn all(ranks: usize) -> Self {
        let mut set = Self::NONE;
        (0..ranks).for_each(|rank| set.insert(rank));
        set
    }

    pub(super) fn one(rank: usize) -> Self {
        let mut set = Self::NONE;
        set.insert(rank);
        set
    }

    pub(super) fn insert(&mut self, rank: usize) {
        self.0[rank / 64] |= 1 << (rank % 64);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|&bits| bits == 0)
    }

    /// The only member, where there is one.
    pub(super) fn only(&self) -> Option<usize> {
        let mut members = self.iter();
        members.next().filter(|_| members.next().is_none())
    }

    /// Those of this set that are not of another one.
    pub(super) fn without(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] & !other.0[word]))
    }

    pub(super) fn union(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] | other.0[word]))
    }

    /// Its members in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        let of_word = |(word, bits): (usize, u64)| {
            (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| word * 64 + bit)
        };
        self.0.into_iter().enumerate().filter(|(_, bits)| *bits != 0).flat_map(of_word)
    }

    /// The first member from a rank on, in a circle.
    pub(super) fn next_from(&self, rank: usize) -> Option<usize> {
        self.iter().find(|&member| member >= rank).or_else(|| self.iter().next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!([RankSet::one(70).only(), set.only(), RankSet::NONE.only()], [Some(70), None, None]);
    }
}

//! Searches of several ranks: rank 0 proposes trials and writes the search's folder, the others train.
//!
//! ```text
//! ranks   0          1 … M      M + 1 … 2M    …     left over
//!         proposes   a crew     a crew              wait
//!
//! pool ──unit──▶ leader ──point, files to go on from──▶ crew: trains a trial up to an epoch
//!      ◀─reached─        ◀────epochs, results, files───
//! ```
//! A *crew* are `M` ranks that train one trial after the other, together. On rank 0 it has a leader: a job of
//! the pool that does not compute, but sends its units there and waits. So the strategy is driven as on one
//! machine, and the search's folder need not be seen by anybody else.

mod leader;
mod member;
mod parcels;
mod wire;

use std::ops::Range;
use std::time::Duration;

use crate::ranks::{Communicator, RankError};

pub(super) use leader::{Leader, dismiss};
pub(super) use member::Member;

/// How often it is looked for a message. Units take longer by far.
const LOOK: Duration = Duration::from_millis(2);

/// How the ranks of a search are divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Crews {
    /// All ranks, with rank 0.
    ranks: usize,
    /// Ranks of a crew.
    per_trial: usize,
}

impl Crews {
    /// # Errors
    /// [`RankError::Few`] where there is not one whole crew.
    pub(super) fn of(ranks: &Communicator, per_trial: usize) -> Result<Self, RankError> {
        let crews = Self { ranks: ranks.size(), per_trial: per_trial.max(1) };
        if crews.count() == 0 {
            return Err(RankError::Few { ranks: crews.ranks, per_trial: crews.per_trial });
        }
        Ok(crews)
    }

    /// How many crews there are.
    pub(super) fn count(self) -> usize {
        (self.ranks - 1) / self.per_trial
    }

    /// Ranks that train nothing where so many crews have work.
    pub(super) fn idle(self, crews: usize) -> usize {
        self.ranks - 1 - crews * self.per_trial
    }

    /// The ranks of a crew, from 0.
    fn members(self, crew: usize) -> Range<usize> {
        let first = 1 + crew * self.per_trial;
        first..first + self.per_trial
    }

    /// The crew that a rank belongs to, by its ranks; `None` of rank 0, and of those that are left over.
    fn crew_of(self, rank: usize) -> Option<Range<usize>> {
        let crew = rank.checked_sub(1)? / self.per_trial;
        (crew < self.count()).then(|| self.members(crew))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranks::threads;

    fn crews(ranks: usize, per_trial: usize) -> Result<Crews, RankError> {
        Crews::of(&threads(ranks, Duration::from_secs(1))[0], per_trial)
    }

    #[test]
    fn ranks_are_divided_into_crews() {
        let five = crews(5, 1).expect("four of one");
        assert_eq!((five.count(), five.idle(4), five.idle(1)), (4, 0, 3));
        assert_eq!([0, 1, 4].map(|rank| five.crew_of(rank)), [None, Some(1..2), Some(4..5)]);
        let eight = crews(8, 3).expect("two of three, and one is left over");
        assert_eq!((eight.count(), eight.idle(2), eight.idle(1)), (2, 1, 4));
        assert_eq!(
            [0, 3, 4, 6, 7].map(|rank| eight.crew_of(rank)),
            [None, Some(1..4), Some(4..7), Some(4..7), None]
        );
        assert_eq!(crews(3, 3), Err(RankError::Few { ranks: 3, per_trial: 3 }));
        assert_eq!(crews(4, 3).map(Crews::count), Ok(1));
    }
}

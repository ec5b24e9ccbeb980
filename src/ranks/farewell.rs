//! Who tells people why all ranks end: one of them.

use std::time::{Duration, Instant};

use super::Tag;
use super::communicator::Communicator;
use super::error::RankError;

/// How long a rank waits for one that is to speak: longer than that one may be busy.
const WAITS: Duration = Duration::from_secs(5);
/// What a message that nobody waits for takes to leave this process.
const LEAVES: Duration = Duration::from_millis(50);

impl Communicator {
    /// Of a rank that cannot go on, because of a mistake of its own (`why`), or by an error of this room
    /// (`None`): tells the others, and says whether this rank tells people. The lowest that is there does;
    /// all others return when it has. [`Self::has_spoken`] follows where it is this one.
    pub fn speaks(&self, why: Option<&str>) -> bool {
        match (why, self.pulse.verdict()) {
            // the others have given this rank up, and have said so
            (_, Err(RankError::Silent { rank, .. })) if rank == self.rank() => return false,
            (_, Err(RankError::Silent { rank, seconds })) => {
                let _ = self.tell_all(Tag::SILENT, format!("{rank} {seconds}").as_bytes());
            }
            (Some(why), _) => self.end(why),
            // another rank has told all of them, or nobody can be told
            (None, _) => {}
        }
        if (0..self.rank()).all(|lower| !self.is_there(lower)) {
            return true;
        }
        let begun = Instant::now();
        while begun.elapsed() < WAITS {
            // what has ended all is known
            let _ = self.progress();
            let is_said = |from: usize| matches!(self.receive_with(from, Tag::SPOKEN, |_| ()), Ok(Some(())));
            if (0..self.rank()).any(is_said) {
                return false;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        true
    }

    /// This rank has told people why all end: the others may end.
    pub fn has_spoken(&self) {
        let _ = self.tell_all(Tag::SPOKEN, b"");
        let begun = Instant::now();
        while begun.elapsed() < LEAVES {
            let _ = self.progress();
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::ranks::threads;

    const PATIENCE: Duration = Duration::from_secs(30);

    #[test]
    fn a_rank_that_was_given_up_says_nothing() {
        let ranks = threads(2, PATIENCE);
        ranks[0].pulse.end(RankError::Silent { rank: 0, seconds: 30 });
        assert!(!ranks[0].speaks(None), "it goes on after the others have ended");
        ranks[1].pulse.end(RankError::Silent { rank: 0, seconds: 30 });
        assert!(ranks[1].speaks(None));
    }

    #[test]
    fn one_rank_tells_what_another_has_found() {
        let end = |rank: Communicator| {
            thread::spawn(move || {
                let own = (rank.rank() == 2).then_some("no room on disk");
                let waits = || rank.wait(2, || rank.receive_with(2, Tag(1), |_| ()));
                let error = if own.is_some() { None } else { waits().err() };
                let speaks = rank.speaks(own);
                if speaks {
                    rank.has_spoken();
                }
                (speaks, error)
            })
        };
        let ends: Vec<_> = threads(4, PATIENCE).into_iter().map(end).collect();
        let ends: Vec<_> = ends.into_iter().map(|end| end.join().expect("no panic")).collect();
        let told = Some(RankError::Ended { rank: 2, why: "no room on disk".to_owned() });
        assert_eq!(ends, [(true, told.clone()), (false, told.clone()), (false, None), (false, told)]);
    }
}

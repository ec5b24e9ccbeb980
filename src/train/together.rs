//! The ranks that train one model together, as the trainer sees them.
//!
//! All of them run the same trainer and come to the same decisions: from results, which are the
//! same on all of them; and where a clock or a signal decides, because they ask each other.
//! Whatever is said here to be *of all ranks* has to be called by all of them, in the same order.

use std::sync::atomic::AtomicBool;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::RunError;
use super::interrupt::Interrupt;
use crate::data::Share;
use crate::plan::images_of_rank;
use crate::ranks::{Communicator, RankError};

/// The ranks that train one model together; by default one alone, which asks nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Together<'a> {
    /// `None` for one alone.
    others: Option<&'a Communicator>,
}

/// Never raised: what is to end all ranks is agreed upon, and not seen by one of them.
static NEVER: AtomicBool = AtomicBool::new(false);

impl<'a> Together<'a> {
    /// Those of a communicator. A single one is alone.
    pub fn with(communicator: Option<&'a Communicator>) -> Self {
        Self { others: communicator.filter(|communicator| communicator.size() > 1) }
    }

    /// Whether nobody else is there.
    pub fn is_alone(self) -> bool {
        self.others.is_none()
    }

    /// How many there are.
    pub fn size(self) -> usize {
        self.others.map_or(1, Communicator::size)
    }

    /// Of all ranks: what each of them gives, in the order of ranks.
    /// # Errors
    /// [`RankError`].
    pub fn gather(self, own: &[u8]) -> Result<Vec<Vec<u8>>, RankError> {
        match self.others {
            None => Ok(vec![own.to_vec()]),
            Some(others) => others.gather(own),
        }
    }

    /// Of all ranks: whether one of them says yes.
    /// # Errors
    /// [`RankError`].
    pub fn any(self, own: bool) -> Result<bool, RankError> {
        match self.others {
            None => Ok(own),
            Some(others) => Ok(others.gather(&[u8::from(own)])?.iter().any(|said| said != &[0])),
        }
    }

    /// Of all ranks: what the first one says. Numbers are finite.
    /// # Errors
    /// [`RankError`].
    pub fn first_says<T: Serialize + DeserializeOwned>(
        self,
        say: impl FnOnce() -> T,
    ) -> Result<T, RankError> {
        let Some(others) = self.others else { return Ok(say()) };
        let say = || serde_json::to_vec(&say()).expect("numbers and texts always serialise");
        serde_json::from_slice(&others.broadcast(say)?).map_err(|_| not_understood(0))
    }

    /// Of all ranks: what the first one has, which the others get by way of bytes. Where it cannot
    /// have it, it says so to all: [`Communicator::end`].
    /// # Errors
    /// Those of `have`, [`RankError`].
    pub fn first_gives<T>(
        self,
        have: impl FnOnce() -> Result<T, RunError>,
        pack: impl FnOnce(&T) -> Vec<u8>,
        unpack: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Result<T, RunError> {
        let Some(others) = self.others else { return have() };
        if others.is_first() {
            let had = have()?;
            others.broadcast(|| pack(&had))?;
            return Ok(had);
        }
        let given = others.broadcast(Vec::new)?;
        Ok(unpack(&given).ok_or_else(|| not_understood(0))?)
    }

    /// The process may be ended during `work`, see [`Interrupt::exposed`]. One of several ranks
    /// never ends by itself: then the work is done.
    pub fn exposed<T>(self, interrupt: &Interrupt, work: impl FnOnce() -> T) -> Option<T> {
        match self.others {
            None => interrupt.exposed(work),
            Some(_) => Some(work()),
        }
    }

    /// What ends the waiting for a batch.
    pub(super) fn flag(self, interrupt: &Interrupt) -> &AtomicBool {
        if self.is_alone() { interrupt.flag() } else { &NEVER }
    }

    /// The pictures of training batches that are this rank's; `batch` is the largest.
    pub(super) fn own_pictures(self, batch: usize) -> Share {
        match self.others {
            None => Share::All,
            Some(others) => Share::Places(images_of_rank(batch, others.size(), others.rank())),
        }
    }

    /// The batches that are this rank's, where whole batches are dealt out.
    pub(super) fn own_batches(self) -> Share {
        match self.others {
            None => Share::All,
            Some(others) => Share::Batches { first: others.rank(), step: others.size() },
        }
    }
}

/// Another rank sends what no rank of this version sends.
pub(super) fn not_understood(rank: usize) -> RankError {
    RankError::Mismatch(format!("what rank {rank} sends is not understood"))
}

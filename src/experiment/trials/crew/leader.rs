//! Rank 0's side of a crew: units go there, and what they give comes back.

use std::path::PathBuf;

use super::super::super::error::Error;
use super::super::best::Searched;
use super::super::job::Job;
use super::super::trial::Reached;
use super::wire::{self, ASKED, Ask, ENDS, Order, Parcel, SAID, Said, not_understood};
use super::{Crews, LOOK, parcels};
use crate::ranks::Communicator;
use crate::train::Interrupt;

/// One crew as rank 0 sees it.
#[derive(Debug, Clone)]
pub(in super::super) struct Leader<'r> {
    ranks: &'r Communicator,
    /// The first of the crew, which answers.
    first: usize,
    others: std::ops::Range<usize>,
}

impl<'r> Leader<'r> {
    /// That of each crew.
    pub(in super::super) fn all(ranks: &'r Communicator, crews: Crews) -> impl Iterator<Item = Self> {
        (0..crews.count()).map(move |crew| {
            let members = crews.members(crew);
            Self { ranks, first: members.start, others: members.start + 1..members.end }
        })
    }

    /// Lets the crew compute a unit, and keeps the files that come of it; `told` hears of each epoch of each run
    /// of the trial. `None`: it was interrupted.
    /// # Errors
    /// [`Error::Ranks`]: a rank has ended, or is lost; [`Error::Run`]: files that cannot be read or written.
    pub(in super::super) fn compute(
        &self,
        (unit, job): (usize, Job),
        interrupt: &Interrupt,
        told: &mut dyn FnMut(usize, usize, Option<f64>),
    ) -> Result<Option<Reached>, Error> {
        let Job { folders, until, point, key, .. } = job;
        let ask = Ask::Unit(Order { unit, point, key, until });
        let files = parcels::to_go_on(&folders)?;
        self.ranks.send_with(self.first, ASKED, |buffer| wire::pack(buffer, &ask, &files))?;
        drop(files);
        for other in self.others.clone() {
            self.ranks.send_with(other, ASKED, |buffer| wire::pack(buffer, &ask, &[]))?;
        }
        let mut is_told = false;
        loop {
            let mut hear = |bytes: &[u8]| self.hear(bytes, (unit, &folders), told);
            while let Some(heard) = self.ranks.receive_with(self.first, SAID, &mut hear)? {
                if let Heard::Done(reached) = heard? {
                    return Ok(reached);
                }
            }
            if interrupt.is_raised() && !is_told {
                is_told = true;
                let write = |buffer: &mut Vec<u8>| buffer.extend_from_slice(&unit.to_le_bytes());
                self.ranks.send_with(self.first, ENDS, write)?;
            }
            self.ranks.progress()?;
            std::thread::sleep(LOOK);
        }
    }

    fn hear(
        &self,
        bytes: &[u8],
        (unit, folders): (usize, &[PathBuf]),
        told: &mut dyn FnMut(usize, usize, Option<f64>),
    ) -> Result<Heard, Error> {
        let (said, files): (Said, Vec<Parcel<'_>>) = wire::unpack(self.first, bytes)?;
        match said {
            Said::Epoch { seed, epoch, value } => {
                told(seed, epoch, value);
                Ok(Heard::Epoch)
            }
            Said::Done { unit: done, reached }
                if done == unit && parcels::are_sound(&files, folders.len()) =>
            {
                parcels::keep(folders, &files)?;
                Ok(Heard::Done(reached))
            }
            Said::Done { .. } => Err(not_understood(self.first).into()),
        }
    }
}

/// What a message of the crew was.
enum Heard {
    Epoch,
    Done(Option<Reached>),
}

/// Tells all ranks that the search is over, and what it has come to.
/// # Errors
/// [`Error::Ranks`].
pub(in super::super) fn dismiss(ranks: &Communicator, searched: &Searched) -> Result<(), Error> {
    let ask = Ask::Over(Box::new(searched.with_readable_paths()));
    for rank in 1..ranks.size() {
        ranks.send_with(rank, ASKED, |buffer| wire::pack(buffer, &ask, &[]))?;
    }
    Ok(())
}

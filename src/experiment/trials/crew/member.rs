//! A rank that trains what rank 0 of a search proposes, alone or with the others of its crew.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

use super::super::super::compute::Compute;
use super::super::super::error::Error;
use super::super::best::Searched;
use super::super::job::{Job, Shared};
use super::super::pictures::Library;
use super::super::points::{self, Points};
use super::super::pool::Pool;
use super::super::trial::{self, Reached};
use super::wire::{self, ASKED, Ask, ENDS, Order, Parcel, SAID, Said, not_understood};
use super::{Crews, LOOK, parcels};
use crate::memory;
use crate::ranks::Communicator;
use crate::runtime::CodeLibrary;
use crate::train::{Interrupt, RunError};

/// How often it is looked whether a unit is to end.
const LOOK_FOR_ENDS: Duration = Duration::from_millis(50);

/// What rank 0 wants.
enum Heard {
    Unit(Unit),
    Over(Box<Searched>),
}

/// A unit that is to be computed, and the folders of its runs.
struct Unit {
    order: Order,
    /// None of these is there where another rank of the crew writes.
    folders: Vec<PathBuf>,
    /// They lie in it, and go with it.
    _place: Option<tempfile::TempDir>,
}

/// A rank that trains.
pub(in super::super) struct Member<'m> {
    ranks: &'m Communicator,
    /// Those that train a trial together, this one among them; `None` where it trains alone, or never.
    crew: Option<Communicator>,
    /// Whether it answers for its crew.
    is_first: bool,
    points: &'m Points<'m>,
    compute: Compute,
    library: &'m Library,
    code: Arc<CodeLibrary>,
}

impl<'m> Member<'m> {
    /// This rank.
    pub(in super::super) fn of(
        ranks: &'m Communicator,
        crews: Crews,
        points: &'m Points<'m>,
        compute: Compute,
        library: &'m Library,
    ) -> Self {
        let members = crews.crew_of(ranks.rank());
        let is_first = members.as_ref().is_some_and(|members| members.start == ranks.rank());
        let crew = members.and_then(|members| ranks.part(members)).filter(|crew| crew.size() > 1);
        Self { ranks, crew, is_first, points, compute, library, code: Arc::default() }
    }

    /// Computes unit after unit until the search is over, and says what it came to.
    /// # Errors
    /// What is no result of a trial; [`Error::Ranks`] where another rank has ended.
    pub(in super::super) fn work(&self) -> Result<Searched, Error> {
        loop {
            match self.ranks.receive_with(0, ASKED, |bytes| self.hear(bytes))? {
                Some(Ok(Heard::Unit(unit))) => self.unit(&unit)?,
                Some(Ok(Heard::Over(searched))) => return Ok(*searched),
                Some(Err(error)) => return Err(error),
                None => {
                    self.ranks.progress()?;
                    thread::sleep(LOOK);
                }
            }
        }
    }

    /// What rank 0 wants. Files that come with it are written.
    fn hear(&self, bytes: &[u8]) -> Result<Heard, Error> {
        let (ask, files): (Ask, Vec<Parcel<'_>>) = wire::unpack(0, bytes)?;
        let order = match ask {
            Ask::Unit(order) => order,
            Ask::Over(searched) => return Ok(Heard::Over(searched)),
        };
        let seeds = self.points.tune().seeds.max(1);
        if !parcels::are_sound(&files, seeds) || !(self.is_first || files.is_empty()) {
            return Err(not_understood(0).into());
        }
        let place = match self.is_first {
            true => Some(tempfile::tempdir().map_err(|error| RunError::write(&std::env::temp_dir(), error))?),
            // the others write nothing
            false => None,
        };
        let beside = place.as_ref().map_or(Path::new(""), |place| place.path());
        let folders = trial::folders(beside, &order.key, seeds);
        parcels::keep(&folders, &files)?;
        Ok(Heard::Unit(Unit { order, folders, _place: place }))
    }

    /// Computes a unit with the others of the crew; the first of them tells what it gave.
    fn unit(&self, Unit { order, folders, .. }: &Unit) -> Result<(), Error> {
        let reached = self.compute(order.unit, self.job(order, folders.clone())?)?;
        if self.is_first {
            let (said, files) = (Said::Done { unit: order.unit, reached }, parcels::results(folders)?);
            self.ranks.send_with(0, SAID, |buffer| wire::pack(buffer, &said, &files))?;
        }
        Ok(())
    }

    /// The unit as a job takes it.
    fn job(&self, order: &Order, folders: Vec<PathBuf>) -> Result<Job, Error> {
        let point = self.points.read(&order.point).ok_or_else(|| not_understood(0))?;
        let experiments = (0..folders.len()).map(|seed| self.points.at(&point, seed));
        let experiments: Vec<_> = experiments.collect::<Result<_, _>>()?;
        // whatever this rank has read otherwise would be another trial
        if experiments.first().is_none_or(|first| points::key(first) != order.key) {
            return Err(not_understood(0).into());
        }
        Ok(Job {
            experiments,
            folders,
            until: order.until,
            objective: self.points.tune().objective.value,
            point: order.point.clone(),
            key: order.key.clone(),
        })
    }

    fn compute(&self, unit: usize, job: Job) -> Result<Option<Reached>, Error> {
        let memory = memory::memory_bytes().unwrap_or(u64::MAX);
        let pool = Pool::new(1, self.compute.thread_count(), memory);
        let shared = Shared {
            library: self.library,
            code: &self.code,
            compute: self.compute,
            ranks: self.crew.as_ref(),
        };
        let mut lost = Ok(());
        let mut told = |seed, epoch, value| {
            let said = Said::Epoch { seed, epoch, value };
            if self.is_first && lost.is_ok() {
                lost = self.ranks.send_with(0, SAID, |buffer| wire::pack(buffer, &said, &[]));
            }
        };
        let (is_over, interrupt, ranks) = (AtomicBool::new(false), &pool.interrupt, self.ranks);
        let reached = thread::scope(|scope| {
            // what is raised for the first, the others hear of from it, between two steps
            let over = self.is_first.then(|| {
                let heeds = scope.spawn(|| heed(ranks, unit, interrupt, &is_over));
                Over { is_over: &is_over, thread: heeds.thread().clone() }
            });
            let reached = job.compute(&pool, shared, &mut told);
            drop(over);
            reached
        });
        lost?;
        reached
    }
}

/// Raises the interrupt when rank 0 wants the unit to end, or a rank has ended; until the unit is over.
fn heed(ranks: &Communicator, unit: usize, interrupt: &Interrupt, is_over: &AtomicBool) {
    while !is_over.load(Ordering::SeqCst) {
        let is_this = |bytes: &[u8]| bytes == unit.to_le_bytes();
        let told = ranks.receive_with(0, ENDS, is_this);
        if matches!(told, Ok(Some(true)) | Err(_)) || ranks.progress().is_err() {
            interrupt.raise();
        }
        thread::park_timeout(LOOK_FOR_ENDS);
    }
}

/// Lets the thread that heeds rank 0 end, also where the unit has ended by a panic.
struct Over<'o> {
    is_over: &'o AtomicBool,
    thread: Thread,
}

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        self.thread.unpark();
    }
}

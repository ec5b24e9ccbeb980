//! Searches: trials computed side by side, in the order that the strategy says, and what comes of them.
//!
//! ```text
//! strategy ──unit──▶ journal ──▶ jobs: trial::compute ──▶ journal ──result──▶ strategy
//! ```
//! The strategy is driven in one order ([`crate::search`]). Jobs compute units whenever they have time, and
//! results wait until it is their turn. So the journal is the same for any number of jobs, and a search that
//! was killed goes on by being driven from its beginning: what it knows it does not compute again.

mod best;
mod estimate;
mod going;
mod job;
mod journal;
mod known;
mod options;
mod pictures;
mod places;
mod points;
mod pool;
mod strategy;
mod together;
mod trial;
mod watch;

use std::path::Path;
use std::sync::{Arc, mpsc};

use super::compute::Compute;
use super::error::Error;
use super::open::Experiment;
use crate::data::DataDigest;
use crate::files;
use crate::ir::TuneSpec;
use crate::memory;
use crate::runtime::{CodeLibrary, CompileOptions};
use crate::search::record::{Entry, Head};
use crate::train::RunFolder;
use crate::vocabulary::Words;

use going::{Going, Shelf, lock};
use job::Shared;
use journal::Found;
use known::Begun;
use pictures::Library;
use points::Points;
use pool::Pool;

pub use best::Searched;
pub use options::{SearchOptions, SearchPlace};
pub use together::BestTogether;
pub use watch::{SearchEvent, SearchWatch};

/// Folder of the trials, in that of the search.
const TRIALS: &str = "trials";

impl Experiment {
    /// Searches the file's space as its `tune` says.
    /// # Errors
    /// [`Error::NoSearch`] where there is nothing to search; as [`Experiment::train`] otherwise.
    pub fn tune(&self, options: SearchOptions, watch: &mut dyn SearchWatch) -> Result<Searched, Error> {
        let points = Points::of(self)?;
        let tune = points.tune();
        options.compute.check()?;
        let cores = options.compute.thread_count();
        let jobs = options.jobs.unwrap_or(cores).min(tune.parallel.value).max(1);
        let first = points.example()?;
        let library = Library::default();
        let pictures = library.get(&first, &mut |event| watch.see(SearchEvent::Preparing(event)))?;
        let head = self.head_of(&points, tune, &first, &pictures.digest);
        let Begun { folder, journal, known, given, broken } = self.place(&points, options.place, &head)?;
        if broken > 0 {
            watch.see(SearchEvent::Broken { lines: broken });
        }
        let mut going = Going::new(&points, tune, (folder.path(), journal), known, options.since);
        let (of_a_trial, seed) = (head.epochs, head.seed);
        let mut search = strategy::search(&points, tune, of_a_trial, seed).given(given);
        going.put(Entry::Search(Box::new(head)))?;
        let code = Arc::<CodeLibrary>::default();
        let sharing = CompileOptions { library: Some(Arc::clone(&code)), ..options.compute.options(1, true) };
        let epochs = strategy::epochs_at_most(tune, points.space(), of_a_trial)
            .map(|epochs| epochs.saturating_mul(tune.seeds.max(1)));
        let seconds = match epochs {
            Some(epochs) => {
                estimate::seconds(&points, (&first, &pictures), epochs, (options.compute, &sharing))?
            }
            None => None,
        };
        let record = going.journal.record().clone();
        watch.see(SearchEvent::Begins {
            folder: folder.path(),
            record: &record,
            known: going.known_trials(),
            jobs,
            epochs,
            seconds,
            memory: self.largest_memory(&points, options.compute),
        });
        let memory = memory::memory_bytes().unwrap_or(u64::MAX);
        let pool = Pool::new(jobs, cores, memory);
        let shelf = Shelf::default();
        let (tell, told) = mpsc::channel();
        let why = std::thread::scope(|scope| {
            for _ in 0..jobs {
                let (tell, pool, shelf) = (tell.clone(), &pool, &shelf);
                let shared = Shared { library: &library, code: &code, compute: options.compute };
                scope.spawn(move || {
                    pool.work(&tell, |unit, tell| {
                        let job = lock(shelf).remove(&unit);
                        job.map_or(Ok(None), |job| job.compute((unit, tell), pool, shared))
                    });
                });
            }
            let outcome = going.drive(&mut search, (&pool, &shelf, &told), &options.interrupt, watch);
            if outcome.is_err() {
                pool.interrupt();
            }
            pool.close();
            outcome
        })?;
        // of a search that was interrupted the best are not known
        let together = match options.ensemble.filter(|_| why.is_some()) {
            Some(members) => going.together(members, &search, &library)?,
            None => None,
        };
        going.finish((why, together), &search)
    }
}

impl Experiment {
    /// What the largest trial takes of memory, as far as points were looked at.
    fn largest_memory(&self, points: &Points<'_>, compute: Compute) -> Option<usize> {
        let largest = points.at(points.largest()?, 0).ok()?;
        // each thread takes a little more
        let machine = Compute { threads: 1, ..compute }.machine();
        let planned = memory::plan_memory(&largest.program, largest.card.as_ref(), &machine)?;
        Some(planned.peak())
    }

    /// The first line of the journal.
    fn head_of(&self, points: &Points<'_>, tune: &TuneSpec, first: &Experiment, data: &DataDigest) -> Head {
        let train = first.program.program().train.as_ref();
        Head {
            version: 1,
            file: self.file.display().to_string(),
            model: self.name().to_owned(),
            objective: tune.objective.value.column(),
            falls: tune.objective.value.falls(),
            strategy: tune.strategy.value.written().text(0),
            epochs: train.map_or(1, |train| train.epochs.value),
            parallel: tune.parallel.value,
            seeds: tune.seeds,
            seed: train.map_or(0, |train| train.seed),
            space: points.written_space(),
            settings: serde_json::json!({
                "first_point": first.settings().to_json(),
                "data": data,
            }),
        }
    }

    fn place(&self, points: &Points<'_>, place: SearchPlace, head: &Head) -> Result<Begun, Error> {
        let folder = match place {
            SearchPlace::Numbered => {
                RunFolder::numbered(Path::new("runs"), &format!("{}-search", self.stem()))?
            }
            SearchPlace::New(folder) => RunFolder::create(&folder)?,
            SearchPlace::Begun(path) => {
                let found = Found::read(&path)?;
                let folder = RunFolder::claim(&path)?;
                files::clear_unfinished(&path);
                return known::go_on(points, folder, found, head);
            }
        };
        Begun::anew(folder)
    }
}

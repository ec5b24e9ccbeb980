//! Searches: trials computed side by side, in the order that the strategy says, and what comes of them.
//!
//! ```text
//! strategy ──unit──▶ journal ──▶ jobs: trial::compute ──▶ journal ──result──▶ strategy
//! ```
//! The strategy is driven in one order ([`crate::search`]). Jobs compute units whenever they have time, and
//! results wait until it is their turn. So the journal is the same for any number of jobs, and a search that
//! was killed goes on by being driven from its beginning: what it knows it does not compute again.
//!
//! Among several ranks the jobs are crews of other ranks ([`crew`]).

mod best;
mod crew;
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
mod record_of;
mod strategy;
mod together;
mod trial;
mod watch;

use std::path::Path;
use std::sync::{Arc, mpsc};

use super::agreement;
use super::compute::Compute;
use super::error::Error;
use super::job::stages;
use super::open::Experiment;
use super::train::told;
use super::watch::Silent;
use crate::data::DataDigest;
use crate::files;
use crate::ir::TuneSpec;
use crate::memory;
use crate::ranks::Communicator;
use crate::runtime::{CodeLibrary, CompileOptions};
use crate::search::record::{Entry, Head};
use crate::train::RunFolder;
use crate::vocabulary::Words;

use crew::{Crews, Leader, Member};
use going::{Going, Shelf, lock};
use job::{Job, Shared};
use journal::Found;
use known::Begun;
use pictures::Library;
use points::Points;
use pool::{Pool, Told};
use trial::{Pictures, Reached};

pub use best::Searched;
pub use options::{SearchOptions, SearchPlace};
pub use record_of::{is_search, search_record};
pub use together::BestTogether;
pub use watch::{SearchEvent, SearchWatch};

/// Folder of the trials, in that of the search.
const TRIALS: &str = "trials";

impl Experiment {
    /// Searches the file's space as its `tune` says. Of several ranks all come to the same, and rank 0 alone
    /// has the files.
    /// # Errors
    /// [`Error::NoSearch`] where there is nothing to search; [`Error::Ranks`] where there are too few ranks for
    /// a trial; as [`Experiment::train`] otherwise.
    pub fn tune(&self, options: SearchOptions, watch: &mut dyn SearchWatch) -> Result<Searched, Error> {
        let ranks = options.ranks.clone().filter(|ranks| ranks.size() > 1);
        told(ranks.as_ref(), self.search(options, ranks.as_ref(), watch))
    }

    fn search(
        &self,
        options: SearchOptions,
        ranks: Option<&Communicator>,
        watch: &mut dyn SearchWatch,
    ) -> Result<Searched, Error> {
        let points = Points::of(self)?;
        let tune = points.tune();
        options.compute.check()?;
        let crews = ranks.map(|ranks| Crews::of(ranks, options.ranks_per_trial)).transpose()?;
        let cores = options.compute.thread_count();
        let most = crews.map_or(options.jobs.unwrap_or(cores), Crews::count);
        let jobs = most.min(tune.parallel.value).max(1);
        let first = points.example()?;
        let library = match ranks {
            // there may be others on the same cores
            Some(_) => Library::with_loaders(cores),
            None => Library::default(),
        };
        let pictures = library.get(&first, &mut |event| watch.see(SearchEvent::Preparing(event)))?;
        let together = ranks.zip(crews);
        if let Some((ranks, crews)) = together {
            agree(ranks, &points, (&first, &pictures), &options)?;
            if !ranks.is_first() {
                options.interrupt.hold();
                return Member::of(ranks, crews, &points, options.compute, &library).work();
            }
        }
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
            Some(epochs) if crews.is_none() => {
                estimate::seconds(&points, (&first, &pictures), epochs, (options.compute, &sharing))?
            }
            // other machines are not known
            Some(_) | None => None,
        };
        let record = going.journal.record().clone();
        watch.see(SearchEvent::Begins {
            folder: folder.path(),
            record: &record,
            known: going.known_trials(),
            jobs,
            idle_ranks: crews.map_or(0, |crews| crews.idle(jobs)),
            epochs,
            seconds,
            memory: self.largest_memory(&points, options.compute),
        });
        let memory = memory::memory_bytes().unwrap_or(u64::MAX);
        let pool = Pool::new(jobs, cores, memory);
        let shelf = Shelf::default();
        let (tell, told) = mpsc::channel();
        let here = Shared { library: &library, code: &code, compute: options.compute, ranks: None };
        let computers: Vec<Computer<'_>> = match together {
            Some((ranks, crews)) => Leader::all(ranks, crews).take(jobs).map(Computer::Crew).collect(),
            None => vec![Computer::Here(here); jobs],
        };
        let why = std::thread::scope(|scope| {
            for computer in &computers {
                let (tell, pool, shelf) = (tell.clone(), &pool, &shelf);
                scope.spawn(move || {
                    pool.work(&tell, |unit, tell| {
                        let mut told = |seed, epoch, value| {
                            // nobody listens any more where the search has ended
                            let _ = tell.send(Told::Epoch { unit, seed, epoch, value });
                        };
                        let job = lock(shelf).remove(&unit);
                        job.map_or(Ok(None), |job| computer.compute((unit, job), pool, &mut told))
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
        let best_together = match options.ensemble.filter(|_| why.is_some()) {
            Some(members) => going.together(members, &search, &library)?,
            None => None,
        };
        let searched = going.finish((why, best_together), &search)?;
        if let Some(ranks) = ranks {
            crew::dismiss(ranks, &searched)?;
        }
        Ok(searched)
    }
}

/// Of all ranks: they search the same, of the same pictures and weights, and a trial has a part for
/// each rank of a crew.
/// # Errors
/// [`Error::Ranks`]: what differs; those of [`Experiment::pretrained`].
fn agree(
    ranks: &Communicator,
    points: &Points<'_>,
    (first, pictures): (&Experiment, &Pictures),
    options: &SearchOptions,
) -> Result<(), Error> {
    agreement::on_parts(options.ranks_per_trial.max(1), &stages(&first.program))?;
    agreement::on_program(Some(ranks), options.compute.target(), &first.settings())?;
    agreement::on_search(ranks, &points.written_space(), points.tune())?;
    agreement::on_data(ranks, &pictures.digest)?;
    Ok(agreement::on_weights(ranks, &first.pretrained(&mut Silent)?)?)
}

/// What computes the units of a job.
#[derive(Clone)]
enum Computer<'c> {
    /// This process.
    Here(Shared<'c>),
    /// Other ranks.
    Crew(Leader<'c>),
}

impl Computer<'_> {
    fn compute(
        &self,
        (unit, job): (usize, Job),
        pool: &Pool,
        told: &mut dyn FnMut(usize, usize, Option<f64>),
    ) -> Result<Option<Reached>, Error> {
        match self {
            Computer::Here(shared) => job.compute(pool, *shared, told),
            Computer::Crew(leader) => leader.compute((unit, job), &pool.interrupt, told),
        }
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

//! A search on its way: units started and ended in the strategy's order, and what is kept of them.

use std::collections::{BTreeMap, HashMap};
use std::iter;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::super::error::Error;
use super::super::open::Experiment;
use super::TRIALS;
use super::job::Job;
use super::journal::Journal;
use super::known::Known;
use super::points::{self, Points};
use super::pool::{Pool, Told};
use super::trial::{self, Reached, best_of};
use super::watch::{SearchEvent, SearchWatch};
use crate::ir::TuneSpec;
use crate::search::Outcome;
use crate::search::drive::{Next, Search};
use crate::search::record::{Ended, Entry, Started, Why};
use crate::train::{Interrupt, RunError};

/// Trials whose weights stay.
const MOST_WEIGHTS: usize = 20;

/// How often it is looked whether a search is to end.
const LOOK: Duration = Duration::from_millis(50);

/// A trial that was proposed.
struct Proposed {
    /// What its folder is called.
    key: String,
    /// It has files that it goes on from.
    has_states: bool,
    /// It has the weights of its best epoch.
    has_weights: bool,
}

/// A search on its way.
pub(super) struct Going<'g> {
    pub(super) points: &'g Points<'g>,
    pub(super) tune: &'g TuneSpec,
    pub(super) folder: &'g Path,
    known: Known,
    pub(super) journal: Journal,
    trials: Vec<Proposed>,
    /// Results that wait for their turn.
    early: HashMap<usize, Reached>,
    /// Where units go, and how they were started.
    started: Vec<Started>,
    begun: Instant,
}

/// Units that were started and not taken by a job yet.
pub(super) type Shelf = Mutex<BTreeMap<usize, Job>>;

/// Locks what nobody panics with.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'g> Going<'g> {
    /// A search in its folder; its time counts from `begun`.
    pub(super) fn new(
        points: &'g Points<'g>,
        tune: &'g TuneSpec,
        (folder, journal): (&'g Path, Journal),
        known: Known,
        begun: Instant,
    ) -> Self {
        Self {
            points,
            tune,
            folder,
            known,
            journal,
            trials: Vec::new(),
            early: HashMap::new(),
            started: Vec::new(),
            begun,
        }
    }
}

impl Going<'_> {
    /// Trials whose results are known before any is computed.
    pub(super) fn known_trials(&self) -> usize {
        self.known.len()
    }

    pub(super) fn put(&mut self, entry: Entry) -> Result<(), RunError> {
        self.journal.put(entry)
    }

    /// Drives the strategy to its end, or as far as its time goes; `None`: the search was interrupted.
    pub(super) fn drive(
        &mut self,
        search: &mut Search<'_>,
        (pool, shelf, told): (&Pool, &Shelf, &Receiver<Told>),
        interrupt: &Interrupt,
        watch: &mut dyn SearchWatch,
    ) -> Result<Option<Why>, Error> {
        // whatever is known is in files
        interrupt.hold();
        loop {
            match search.step() {
                Next::Start { unit, liars, is_new } => {
                    let trial = search.book().units[unit].trial;
                    let first = self.points.at(&search.book().trials[trial], 0)?;
                    let started = self.start(search, unit, (liars, is_new.then_some(&first)))?;
                    watch.see(SearchEvent::Started { unit: &started, record: self.journal.record() });
                    match self.known.of(&self.trials[started.trial - 1].key, started.epochs) {
                        Some(reached) => {
                            self.early.insert(unit, reached);
                        }
                        None => {
                            let point = &search.book().trials[trial];
                            let others = (1..self.tune.seeds).map(|seed| self.points.at(point, seed));
                            let key = &self.trials[trial].key;
                            let job = Job {
                                experiments: iter::once(Ok(first)).chain(others).collect::<Result<_, _>>()?,
                                folders: self.folders(key),
                                point: self.points.written(point),
                                key: key.clone(),
                                until: started.epochs,
                                objective: self.tune.objective.value,
                            };
                            lock(shelf).insert(unit, job);
                            pool.push(unit);
                        }
                    }
                    self.started.push(started);
                }
                Next::Await(unit) => {
                    let is_known = self.early.contains_key(&unit);
                    let Some(reached) = self.wait_for(unit, (pool, told), interrupt, watch)? else {
                        // the journal says nothing of it: a search that is gone on with is the same as one
                        // that was never stopped
                        return Ok((!interrupt.is_raised()).then_some(Why::TimeLimit));
                    };
                    self.end(search, unit, reached, is_known, watch)?;
                }
                Next::End(why) => {
                    self.put(Entry::Finished { why, importance: self.importance(search) })?;
                    return Ok(Some(why));
                }
            }
        }
    }

    /// A unit is started: the journal has it. `new` is the experiment of a trial that begins.
    fn start(
        &mut self,
        search: &Search<'_>,
        unit: usize,
        (liars, new): (Vec<usize>, Option<&Experiment>),
    ) -> Result<Started, Error> {
        let entered = search.book().units[unit];
        let point = &search.book().trials[entered.trial];
        if let Some(experiment) = new {
            let key = points::key(experiment);
            self.trials.push(Proposed { key, has_states: true, has_weights: true });
        }
        let started = Started {
            unit,
            trial: entered.trial + 1,
            point: new.map(|_| self.points.written(point)),
            key: new.map(|_| self.trials[entered.trial].key.clone()),
            epochs: entered.goal.epochs,
            rung: entered.goal.rung,
            liars: liars.into_iter().map(|trial| trial + 1).collect(),
        };
        self.put(Entry::Started(started.clone()))?;
        Ok(started)
    }

    /// The end of a unit is told: to the journal, then to the strategy.
    fn end(
        &mut self,
        search: &mut Search<'_>,
        unit: usize,
        reached: Reached,
        is_known: bool,
        watch: &mut dyn SearchWatch,
    ) -> Result<(), Error> {
        let (trial, goal) = (self.started[unit].trial, self.started[unit].epochs);
        let falls = self.tune.objective.value.falls();
        let before = self.journal.record().trials[trial - 1].curve.len();
        let curve = &reached.curve[..reached.curve.len().min(goal)];
        let best = if reached.failed.is_some() { None } else { best_of(curve, falls) };
        let failed = match (&reached.failed, best) {
            (Some(why), _) => Some(why.clone()),
            (None, None) => Some(format!("{} was never a number", self.tune.objective.value.column())),
            (None, Some(_)) => None,
        };
        let seconds_before = self.journal.record().trials[trial - 1].seconds;
        let ended = Ended {
            unit,
            trial,
            epochs: curve.len().max(before),
            best,
            curve: curve.get(before..).unwrap_or_default().to_vec(),
            failed,
            seconds: (reached.seconds - seconds_before).max(0.0),
        };
        let top = self.journal.record().ranked().first().and_then(|trial| trial.best);
        self.put(Entry::Ended(ended.clone()))?;
        let outcome =
            best.map_or(Outcome::Failed, |(value, _)| Outcome::Value(if falls { value } else { -value }));
        search.tell(unit, outcome);
        let is_best = best.is_some_and(|(value, _)| {
            top.is_none_or(|(known, _)| if falls { value < known } else { value > known })
        });
        watch.see(SearchEvent::Ended { unit: &ended, record: self.journal.record(), is_best, is_known });
        self.prune(search);
        Ok(())
    }

    /// Of trials that cannot be gone on with states go, and weights but those of the best.
    fn prune(&mut self, search: &Search<'_>) {
        let record = self.journal.record();
        let best: Vec<usize> = record.ranked().iter().take(MOST_WEIGHTS).map(|trial| trial.number).collect();
        for trial in record.trials.iter().filter(|trial| !trial.is_running) {
            let at = trial.number - 1;
            let Proposed { has_states, has_weights, .. } = self.trials[at];
            let drops_weights = has_weights && !best.contains(&trial.number);
            if (has_states || drops_weights) && search.is_over(at) {
                let folders = self.folders(&self.trials[at].key);
                folders.iter().for_each(|folder| trial::prune(folder, !drops_weights));
                (self.trials[at].has_states, self.trials[at].has_weights) =
                    (false, has_weights && !drops_weights);
            }
        }
    }

    fn folders(&self, key: &str) -> Vec<PathBuf> {
        trial::folders(&self.folder.join(TRIALS), key, self.tune.seeds.max(1))
    }

    /// Waits for the end of a unit; `None`: the search is to end, and all jobs have saved what they have.
    fn wait_for(
        &mut self,
        unit: usize,
        (pool, told): (&Pool, &Receiver<Told>),
        interrupt: &Interrupt,
        watch: &mut dyn SearchWatch,
    ) -> Result<Option<Reached>, Error> {
        loop {
            if let Some(reached) = self.early.remove(&unit) {
                return Ok(Some(reached));
            }
            let is_late =
                self.tune.time_limit.is_some_and(|limit| self.begun.elapsed().as_secs_f64() >= limit);
            if interrupt.is_raised() || is_late || pool.interrupt.is_raised() {
                pool.interrupt();
                return Ok(None);
            }
            match told.recv_timeout(LOOK) {
                Ok(Told::Epoch { unit, seed: 0, epoch, value }) => {
                    let trial = self.started[unit].trial;
                    watch.see(SearchEvent::Epoch { trial, epoch, value });
                }
                Ok(Told::Epoch { .. }) | Err(RecvTimeoutError::Timeout) => {}
                Ok(Told::Done { unit, outcome }) => {
                    if let Some(reached) = outcome? {
                        let key = &self.trials[self.started[unit].trial - 1].key;
                        self.known.learn(key, &reached);
                        self.early.insert(unit, reached);
                    }
                }
                // every job has ended, which only happens once it was told to
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
            }
        }
    }
}

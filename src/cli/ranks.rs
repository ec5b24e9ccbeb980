//! Several processes that a launcher has started together: the ranks of one run.

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;

use super::console::Console;
use super::failure::Failure;
use crate::experiment::Compute;
use crate::ranks::{Alive, Communicator, Launched, RankError};

/// What the command line says of ranks.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct RankArgs {
    /// With `mpirun`: all ranks end when nothing was heard of one of them for so long: 60s, 1h
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = time)]
    rank_timeout: Duration,
}

/// `60s`, `5min`, `1h`
fn time(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "s" => Some(1),
        "min" => Some(60),
        "h" => Some(3_600),
        _ => None,
    };
    let seconds = digits.parse::<u64>().ok().zip(unit).and_then(|(count, unit)| count.checked_mul(unit));
    let within = seconds.filter(|seconds| (1..=86_400).contains(seconds));
    within.map(Duration::from_secs).ok_or_else(|| "write a time from 1s to 24h, as in 60s or 5min".to_owned())
}

/// This process among those that were started with it.
#[derive(Debug, Default)]
pub(super) struct Ranks {
    communicator: Option<Communicator>,
    alive: Option<Alive>,
    /// Somebody ends this process.
    ends: Arc<AtomicBool>,
}

impl Ranks {
    /// Connects this process with the others, where there are others.
    /// # Errors
    /// [`Failure`]: there are, and this program or this machine cannot.
    pub(super) fn join(args: RankArgs, console: &Console) -> Result<Self, Failure> {
        let Some(launched) = Launched::of_this_process() else { return Ok(Self::default()) };
        let communicator = connect(launched, args.rank_timeout)?;
        let ends = Arc::<AtomicBool>::default();
        let alive = {
            let (communicator, ends, console) = (communicator.clone(), Arc::clone(&ends), *console);
            let gone = communicator.clone();
            let gone = move |why: RankError| {
                if !ends.swap(true, Ordering::SeqCst) {
                    tell(&gone, &why.into(), &console);
                    // other threads are in the middle of their work
                    process::exit(1);
                }
            };
            let refused = |error| {
                Failure::mistake(
                    format!("the system refuses the thread that listens to other ranks: {error}"),
                    "raise the limit on processes",
                )
            };
            communicator.keep_alive(gone).map_err(refused)?
        };
        Ok(Self { communicator: Some(communicator), alive: Some(alive), ends })
    }

    /// Tells the others where this process runs, and hears where they do.
    /// # Errors
    /// [`Failure`]: another has ended, or is silent.
    pub(super) fn meet(&self) -> Result<(), Failure> {
        Ok(self.communicator.as_ref().map_or(Ok(()), Communicator::meet)?)
    }

    /// This rank's end of the connections; `None` where it is alone.
    pub(super) fn communicator(&self) -> Option<Communicator> {
        self.communicator.clone()
    }

    /// Whether this process is alone, or rank 0: it writes, and has what others have not.
    pub(super) fn is_first(&self) -> bool {
        self.communicator.as_ref().is_none_or(Communicator::is_first)
    }

    /// What rank 0 has read, on all ranks.
    /// # Errors
    /// Those of `read` on rank 0; on the others, that it has ended.
    pub(super) fn of_first(&self, read: impl FnOnce() -> Result<String, Failure>) -> Result<String, Failure> {
        let Some(communicator) = &self.communicator else { return read() };
        let own = if communicator.is_first() { read()? } else { String::new() };
        let text = communicator.broadcast(|| own.into_bytes())?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// With the threads that find a core, where the command line does not say how many.
    pub(super) fn share(&self, compute: Compute) -> Compute {
        match self.communicator.as_ref().and_then(Communicator::threads) {
            Some(threads) if compute.threads == 0 => Compute { threads, ..compute },
            Some(_) | None => compute,
        }
    }

    /// The same of a search, where rank 0 only proposes and leaves its cores to the others.
    pub(super) fn share_of_crew(&self, compute: Compute) -> Compute {
        match self.communicator.as_ref().and_then(Communicator::threads_without_first) {
            Some(threads) if compute.threads == 0 => Compute { threads, ..compute },
            Some(_) | None => self.share(compute),
        }
    }

    /// Parts from the others, when all have come to their end.
    /// # Errors
    /// [`Failure`]: one of them has not.
    pub(super) fn part(&mut self) -> Result<(), Failure> {
        let Some(communicator) = &self.communicator else { return Ok(()) };
        if self.alive.is_none() {
            return Ok(());
        }
        communicator.barrier()?;
        // nothing is sent any more but the last farewell
        self.alive = None;
        Ok(communicator.close()?)
    }

    /// How this process ends: where that is in order, with all others.
    /// # Errors
    /// What it has ended with; [`Failure`] where another has not come to its end.
    pub(super) fn ended(&mut self, done: Result<(), Failure>) -> Result<(), Failure> {
        match done {
            Ok(()) | Err(Failure::Interrupted | Failure::Unread) => self.part().and(done),
            Err(failure) => Err(failure),
        }
    }

    /// Tells why this process ends, by one of all ranks.
    pub(super) fn failed(&self, failure: &Failure, console: &Console) {
        match &self.communicator {
            None => console.failure(failure),
            Some(_) if self.ends.swap(true, Ordering::SeqCst) => {
                // another thread tells, and ends the process
                std::thread::sleep(Duration::from_secs(10));
            }
            Some(communicator) => tell(communicator, failure, console),
        }
    }
}

/// Tells why all ranks end, if it is this rank that does.
fn tell(communicator: &Communicator, failure: &Failure, console: &Console) {
    let is_own = !matches!(failure, Failure::OtherRank { .. });
    let own = is_own.then(|| failure.text());
    if communicator.speaks(own.as_deref()) {
        console.aloud().failure(failure);
        communicator.has_spoken();
    }
}

/// # Errors
/// [`Failure`] where this program is built without MPI, or MPI does not connect all that were started.
fn connect(launched: Launched, patience: Duration) -> Result<Communicator, Failure> {
    #[cfg(feature = "mpi")]
    {
        let communicator = crate::ranks::over_mpi(patience)?;
        if communicator.size() != launched.size {
            let (started, known) = (launched.size, communicator.size());
            return Err(RankError::Apart { started, known }.into());
        }
        Ok(communicator)
    }
    #[cfg(not(feature = "mpi"))]
    {
        let _ = patience;
        Err(RankError::NoMpi { ranks: launched.size }.into())
    }
}

/// Refuses a command that one process does, where several were started.
/// # Errors
/// [`Failure::Usage`].
pub(super) fn refuse_several() -> Result<(), Failure> {
    let Some(Launched { size, .. }) = Launched::of_this_process() else { return Ok(()) };
    Err(Failure::Usage(format!(
        "{size} processes were started together, and this command is for one: `cnnc run` and `cnnc tune` divide their work"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_has_a_unit() {
        assert_eq!(time("60s"), Ok(Duration::from_secs(60)));
        assert_eq!(time("5min"), Ok(Duration::from_secs(300)));
        assert_eq!(time("1h"), Ok(Duration::from_secs(3_600)));
        for wrong in ["", "60", "0s", "-1s", "25h", "1d", "s", "1.5s"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }
}

//! `--restricted`: what a file of unknown origin may read and use.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;

use super::failure::Failure;
use super::language::said;
use super::table::thousands;
use crate::data::{FetchPolicy, Locations};
use crate::figures::Summary;
use crate::files::Access;
use crate::front::Loaded;

/// What the command line says of it.
#[derive(Debug, Clone, Args)]
pub(super) struct PermissionArgs {
    /// For files of unknown origin: read only below the file's folder, --data-dir and --allow-read, fetch
    /// nothing, and keep to --limits
    #[arg(long, global = true)]
    restricted: bool,
    /// With --restricted: a folder that may be read, too (repeatable)
    #[arg(long, value_name = "DIR", global = true)]
    allow_read: Vec<PathBuf>,
    /// With --restricted: layers=2000, parameters=100000000, pictures=1000000, memory=4GiB, time=1h, or some
    /// of them with other values
    #[arg(long, value_name = "LIMITS", global = true, value_delimiter = ',', value_parser = limit)]
    limits: Vec<Limit>,
}

/// One limit, with the most that is allowed: a count, bytes or seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Limit {
    key: &'static str,
    most: u64,
}

/// All limits with their defaults.
const LIMITS: &[Limit] = &[
    Limit { key: "layers", most: 2_000 },
    Limit { key: "parameters", most: 100_000_000 },
    Limit { key: "pictures", most: 1_000_000 },
    Limit { key: "memory", most: 4 << 30 },
    Limit { key: "time", most: 3_600 },
];

/// `layers=500`, `memory=2GiB`, `time=10min`
fn limit(text: &str) -> Result<Limit, String> {
    let (key, value) = text.split_once('=').unwrap_or((text, ""));
    let known = LIMITS.iter().find(|limit| limit.key == key.trim());
    let Limit { key, .. } = known.ok_or("the limits are layers, parameters, pictures, memory and time")?;
    let (units, example): (&[(&str, u64)], &str) = match *key {
        "memory" => (&[("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)], "memory=2GiB"),
        "time" => (&[("s", 1), ("min", 60), ("h", 3_600)], "time=10min"),
        _ => (&[("", 1)], "layers=500"),
    };
    let value = value.trim();
    let digits = value.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = units.iter().find(|(unit, _)| *unit == &value[digits.len()..]);
    let most = digits.parse::<u64>().ok().zip(unit).and_then(|(count, (_, unit))| count.checked_mul(*unit));
    let most = most.filter(|most| *most > 0).ok_or_else(|| format!("write it as in {example}"))?;
    Ok(Limit { key, most })
}

/// How a command ends whose time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// At once.
    AtOnce,
    /// As at SIGTERM: a run saves its state.
    Saving,
}

/// What a command may do; without `--restricted` everything.
#[derive(Debug, Clone)]
pub(super) struct Permissions {
    args: PermissionArgs,
}

impl Permissions {
    pub(super) fn new(args: &PermissionArgs) -> Self {
        Self { args: args.clone() }
    }

    /// What goes with `--restricted` alone is not ignored without it. (The parser cannot tell, since options
    /// may stand before and behind the command.)
    /// # Errors
    /// [`Failure::Usage`].
    pub(super) fn are_meant(&self) -> Result<(), Failure> {
        let PermissionArgs { restricted, allow_read, limits } = &self.args;
        if *restricted || allow_read.is_empty() && limits.is_empty() {
            return Ok(());
        }
        Err(Failure::Usage("`--allow-read` and `--limits` need `--restricted`".to_owned()))
    }

    /// Whether only some places may be read.
    pub(super) fn are_narrow(&self) -> bool {
        self.args.restricted
    }

    /// The most of something; `None` where that is not limited.
    fn most(&self, key: &str) -> Option<u64> {
        let mut limits = LIMITS.iter().chain(&self.args.limits).filter(|_| self.args.restricted);
        limits.rfind(|limit| limit.key == key).map(|limit| limit.most)
    }

    /// Where data are looked for, as far as that is allowed.
    pub(super) fn narrow(&self, locations: Locations) -> Locations {
        if !self.args.restricted {
            return locations;
        }
        let folders =
            [&locations.beside].into_iter().chain(&locations.data_dirs).chain(&self.args.allow_read);
        let access = Access::below(folders.map(PathBuf::as_path));
        Locations { cache: None, fetch: FetchPolicy::Never, access, ..locations }
    }

    /// The memory that a program is judged by.
    pub(super) fn memory_bytes(&self, machine: u64) -> u64 {
        self.most("memory").map_or(machine, |most| most.min(machine))
    }

    /// Asks the system for no more memory than is allowed: an eighth more than what is planned with, for what
    /// plans do not know.
    /// # Errors
    /// [`Failure::Mistake`] where the system does not keep to limits.
    pub(super) fn limit_memory(&self) -> Result<(), Failure> {
        let Some(most) = self.most("memory") else { return Ok(()) };
        #[cfg(unix)]
        {
            use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
            let present = getrlimit(Resource::Data);
            let wanted = most.saturating_add(most / 8);
            let wanted = present.maximum.map_or(wanted, |maximum| maximum.min(wanted));
            setrlimit(Resource::Data, Rlimit { current: Some(wanted), maximum: Some(wanted) }).map_err(
                |error| {
                    let message = format!("the system does not let memory be limited: {error}");
                    Failure::mistake(message, "give a limit that the system allows: `--limits memory=2GiB`")
                },
            )
        }
        #[cfg(not(unix))]
        {
            let _ = most;
            Ok(())
        }
    }

    /// Ends the process when its time is over. `silent`: another process of the same run says so.
    /// # Errors
    /// [`Failure::Mistake`] where nobody can watch the time.
    pub(super) fn limit_time(&self, start: Instant, end: End, silent: bool) -> Result<(), Failure> {
        /// As long as a run may take to save its state.
        const GRACE: Duration = Duration::from_secs(10);
        let Some(seconds) = self.most("time") else { return Ok(()) };
        let watch = move || {
            std::thread::sleep(Duration::from_secs(seconds).saturating_sub(start.elapsed()));
            let text = format!("error[E0634]: the time is over: {seconds} s, the limit of --restricted\n");
            if !silent {
                let _ = std::io::Write::write_all(&mut std::io::stderr().lock(), said(&text).as_bytes());
            }
            if end == End::Saving && signal_hook::low_level::raise(signal_hook::consts::SIGTERM).is_ok() {
                std::thread::sleep(GRACE);
            }
            std::process::exit(1);
        };
        let watching = std::thread::Builder::new().name("time-limit".to_owned()).spawn(watch);
        watching.map(drop).map_err(|error| Failure::Mistake {
            code: Some("E0631"),
            message: format!("the system refuses the thread that would watch the time: {error}"),
            help: None,
        })
    }

    /// Whether a program keeps to the limits that follow from its text and its data.
    /// # Errors
    /// [`Failure::Mistake`] with the first that it exceeds.
    pub(super) fn judge(&self, loaded: &Loaded) -> Result<(), Failure> {
        if !self.args.restricted {
            return Ok(());
        }
        if let Some(program) = &loaded.program {
            self.within("layers", program.program().model.layers.len() as u64)?;
            let summary = Summary::of(program);
            self.within("parameters", summary.trainable() + summary.fixed())?;
        }
        let pictures = loaded.card.as_ref().map_or(0, |card| card.own_images().iter().sum::<usize>() as u64);
        self.within("pictures", pictures)
    }

    fn within(&self, key: &'static str, found: u64) -> Result<(), Failure> {
        let Some(most) = self.most(key).filter(|most| found > *most) else { return Ok(()) };
        Err(Failure::Mistake {
            code: Some("E0633"),
            message: format!("there are {} {key}, and {} are allowed", thousands(found), thousands(most)),
            help: Some(format!("make it smaller, or allow more: `--limits {key}={found}`")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_have_units() {
        let most = |text: &str| limit(text).map(|limit| limit.most);
        assert_eq!(most("layers=7"), Ok(7));
        assert_eq!(most("memory=2GiB"), Ok(2 << 30));
        assert_eq!(most("time=10min"), Ok(600));
        for wrong in [
            "layers",
            "layers=",
            "layers=0",
            "layers=-1",
            "layers=7x",
            "memory=2",
            "time=5",
            "time=1d",
            "other=1",
            "memory=99999999999999GiB",
        ] {
            assert!(limit(wrong).is_err(), "{wrong}");
        }
    }
}

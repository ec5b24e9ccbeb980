//! The machines that ranks run on, and which part of each is whose.

use serde::{Deserialize, Serialize};

use super::communicator::Communicator;
use super::error::RankError;
use crate::files;

/// Where a rank runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Machine {
    /// Its name.
    pub(super) host: String,
    /// The cores that this rank may run on, by number; empty where the system does not tell.
    cores: Vec<usize>,
    /// How many threads of this rank find a core, with what else limits it.
    threads: usize,
}

impl Machine {
    fn here(host: String) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self { host, cores: cores(), threads }
    }
}

/// The cores that this process may run on, where the system tells.
fn cores() -> Vec<usize> {
    let status = files::system_text("/proc/self/status").unwrap_or_default();
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    list.map(numbers).unwrap_or_default()
}

/// The numbers of a list such as `0-3,8`.
fn numbers(list: &str) -> Vec<usize> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.trim().parse::<usize>().ok()?..=last.trim().parse().ok()?)
    };
    list.split(',').filter_map(range).flatten().collect()
}

/// The share of a rank in the cores of its machine: of a core that several ranks may run on, each has its
/// part. At least one thread.
fn share(machines: &[Machine], rank: usize) -> usize {
    let own = &machines[rank];
    let mates = || machines.iter().filter(|other| other.host == own.host);
    let all = mates().count();
    // a quota is one of the machine: it is divided as cores are that all may run on
    if own.cores.is_empty() || own.threads < own.cores.len() {
        return (own.threads / all).max(1);
    }
    let part = |core: &usize| 1.0 / mates().filter(|mate| mate.cores.contains(core)).count() as f64;
    // parts of one core may add up to a little less than it
    let cores = own.cores.iter().map(part).sum::<f64>() + 1e-9;
    (cores as usize).max(1)
}

impl Communicator {
    /// Tells all ranks where each of them runs: of all ranks, once.
    /// # Errors
    /// [`RankError`].
    pub fn meet(&self) -> Result<(), RankError> {
        let here = serde_json::to_vec(&Machine::here(self.own_host()))
            .map_err(|error| RankError::Lost(error.to_string()))?;
        let read = |bytes: Vec<u8>| {
            let another = |_| RankError::Mismatch("the ranks are of different versions of cnnc".to_owned());
            serde_json::from_slice(&bytes).map_err(another)
        };
        let machines: Vec<Machine> = self.gather(&here)?.into_iter().map(read).collect::<Result<_, _>>()?;
        let _ = self.machines.set(machines);
        Ok(())
    }

    /// How many machines there are; 1 where the ranks have not met.
    pub fn hosts(&self) -> usize {
        let Some(machines) = self.machines.get() else { return 1 };
        let mut hosts: Vec<&str> = machines.iter().map(|machine| &*machine.host).collect();
        hosts.sort_unstable();
        hosts.dedup();
        hosts.len()
    }

    /// The name of a rank's machine; `localhost` where the ranks have not met.
    pub fn host_of(&self, rank: usize) -> &str {
        let machine = self.machines.get().and_then(|machines| machines.get(self.of_all(rank)));
        machine.map_or("localhost", |machine| &machine.host)
    }

    /// Threads that find a core where all ranks of this rank's machine share its cores; `None` where the
    /// ranks have not met.
    pub fn threads(&self) -> Option<usize> {
        self.machines.get().map(|machines| share(machines, self.of_all(self.rank())))
    }

    /// The same where rank 0 of all leaves its cores to the others, and this is one of them.
    pub fn threads_without_first(&self) -> Option<usize> {
        let others = self.machines.get().and_then(|machines| machines.get(1..));
        let rank = self.of_all(self.rank()).checked_sub(1);
        others.zip(rank).map(|(others, rank)| share(others, rank))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranks::threads;

    fn machine(host: &str, cores: std::ops::Range<usize>, threads: usize) -> Machine {
        Machine { host: host.to_owned(), cores: cores.collect(), threads }
    }

    #[test]
    fn ranks_of_a_machine_share_its_cores() {
        // not bound: two ranks on one machine, one on another
        let free = [machine("a", 0..8, 8), machine("b", 0..8, 8), machine("a", 0..8, 8)];
        assert_eq!([0, 1, 2].map(|rank| share(&free, rank)), [4, 8, 4]);
        // bound to halves of it, two ranks each
        let bound: Vec<_> = (0..4).map(|rank| machine("a", rank / 2 * 6..rank / 2 * 6 + 6, 6)).collect();
        assert_eq!(share(&bound, 3), 3);
        // more ranks than cores
        let many: Vec<_> = (0..5).map(|_| machine("a", 0..2, 2)).collect();
        assert_eq!(share(&many, 4), 1);
        // a quota of four cores of eight
        let quota = [machine("a", 0..8, 4), machine("a", 0..8, 4)];
        assert_eq!(share(&quota, 0), 2);
        // where the first only waits
        assert_eq!([0, 1].map(|rank| share(&free[1..], rank)), [8, 8]);
    }

    #[test]
    fn lists_of_cores_are_read() {
        assert_eq!(numbers("\t0-3,8"), [0, 1, 2, 3, 8]);
        assert_eq!(numbers("5"), [5]);
        assert_eq!(numbers(""), [0; 0]);
    }

    #[test]
    fn ranks_that_have_met_know_their_machines() {
        let meet = |rank: Communicator| {
            std::thread::spawn(move || {
                rank.meet().expect("all are there");
                (rank.hosts(), rank.threads().is_some_and(|threads| threads > 0), rank.host_of(1).is_empty())
            })
        };
        let ranks: Vec<_> = threads(3, std::time::Duration::from_secs(30)).into_iter().map(meet).collect();
        for rank in ranks {
            assert_eq!(rank.join().expect("no panic"), (1, true, false));
        }
    }
}

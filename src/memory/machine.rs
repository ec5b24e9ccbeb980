//! The machine that a run is planned for, and what memory it has.

use std::path::Path;

use crate::files::system_text;
use crate::kernel::Target;

/// The machine that a run is planned for.
#[derive(Debug, Clone, Copy)]
pub struct Machine {
    /// What code is generated for.
    pub target: Target,
    /// Worker threads.
    pub threads: usize,
    /// All the memory that a run could ever get, in bytes.
    pub memory_bytes: u64,
}

impl Machine {
    /// This machine, where it tells what memory it has: `CNNC_MEMORY_MIB` overrules that. The memory is all
    /// there is, not what happens to be free: a file is judged today as it was yesterday.
    pub fn here() -> Option<Self> {
        let memory_bytes = memory_bytes()?;
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Some(Self { target: Target::host(), threads, memory_bytes })
    }
}

/// All the memory that a run could ever get: `CNNC_MEMORY_MIB`, else what the system tells.
pub fn memory_bytes() -> Option<u64> {
    let told = std::env::var("CNNC_MEMORY_MIB").ok().and_then(|text| text.parse::<u64>().ok());
    told.map(|mib| mib.saturating_mul(1 << 20)).or_else(total)
}

/// The files of one version of control groups: where its groups are, and in which files a group tells of its
/// memory.
struct Groups {
    root: &'static str,
    /// The most that the group may have.
    limit: &'static str,
    /// What it has.
    used: &'static str,
    /// Of that, in `memory.stat`, what the system only remembers of files and takes back when it is wanted.
    files: &'static str,
}

const UNIFIED: Groups =
    Groups { root: "/sys/fs/cgroup", limit: "memory.max", used: "memory.current", files: "inactive_file" };
const MEMORY: Groups = Groups {
    root: "/sys/fs/cgroup/memory",
    limit: "memory.limit_in_bytes",
    used: "memory.usage_in_bytes",
    files: "total_inactive_file",
};

/// What the machine has, or what a control group that this process is in may have, where that is less. `None`
/// where neither is told.
fn total() -> Option<u64> {
    Some(least(meminfo("MemTotal:")?, |groups, folder| number(folder, groups.limit)))
}

/// What the system could give at this moment: its own estimate, or what the control groups of this process
/// have left, where that is less. It changes from moment to moment. `None` where neither is told.
pub fn free_now() -> Option<u64> {
    let left = |groups: &Groups, folder: &Path| {
        let stat = system_text(folder.join("memory.stat")).unwrap_or_default();
        let remembered =
            stat.lines().find_map(|line| line.strip_prefix(groups.files)?.trim().parse::<u64>().ok());
        let used = number(folder, groups.used)?.saturating_sub(remembered.unwrap_or(0));
        Some(number(folder, groups.limit)?.saturating_sub(used))
    };
    Some(least(meminfo("MemAvailable:")?, left))
}

/// Largest resident memory of this process so far, in bytes; `None` where the system does not tell.
pub fn peak_rss_bytes() -> Option<u64> {
    let status = system_text("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    kib.checked_mul(1024)
}

/// An entry of the system's account, in bytes.
fn meminfo(entry: &str) -> Option<u64> {
    let text = system_text("/proc/meminfo").ok()?;
    let kib = text.lines().find_map(|line| line.strip_prefix(entry))?.trim().strip_suffix("kB")?;
    kib.trim().parse::<u64>().ok()?.checked_mul(1 << 10)
}

/// The least of the system's figure and of those of this process's control groups and all that these are in.
fn least(system: u64, of_group: impl Fn(&Groups, &Path) -> Option<u64>) -> u64 {
    let memberships = system_text("/proc/self/cgroup").unwrap_or_default();
    let found = memberships.lines().flat_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let groups = match controllers {
            "" => Some(UNIFIED),
            "memory" => Some(MEMORY),
            _ => None,
        };
        let figures = groups.map(|groups| {
            // seen from inside a container its own group may be the root, and the path one that is not there
            let folders = Path::new(path).ancestors().map(|group| group.strip_prefix("/").unwrap_or(group));
            let figures = folders.filter_map(|group| of_group(&groups, &Path::new(groups.root).join(group)));
            figures.collect::<Vec<u64>>()
        });
        figures.unwrap_or_default()
    });
    found.fold(system, u64::min)
}

fn number(folder: &Path, name: &str) -> Option<u64> {
    system_text(folder.join(name)).ok()?.trim().parse().ok()
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    #[test]
    fn linux_tells_memory() {
        assert!(peak_rss_bytes().is_some_and(|bytes| bytes > 0));
    }

    #[test]
    fn no_more_is_free_than_there_is() {
        let (all, free) = (total().expect("told"), free_now().expect("told"));
        assert!(free <= all && all >= 64 << 20, "{free} of {all}");
    }
}

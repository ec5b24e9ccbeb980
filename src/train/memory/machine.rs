//! The machine that a run is planned for, and what memory it has.

use std::fs;
use std::path::Path;

use crate::kernel::Target;

/// The machine that a run is planned for.
#[derive(Debug, Clone, Copy)]
pub struct Machine {
    /// What code is generated for.
    pub target: Target,
    /// Worker threads.
    pub threads: usize,
    /// Memory that a run can get, in bytes.
    pub memory_bytes: u64,
}

impl Machine {
    /// This machine, where it tells what memory it has: `CNNC_MEMORY_MIB` overrules that.
    pub fn here() -> Option<Self> {
        let told = std::env::var("CNNC_MEMORY_MIB").ok().and_then(|text| text.parse::<u64>().ok());
        let memory_bytes = match told {
            Some(mib) => mib << 20,
            None => available()?,
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Some(Self { target: Target::host(), threads, memory_bytes })
    }
}

/// What the system can still give: its own estimate, or what the control group of this process has left where that is less. `None` where neither is told.
fn available() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let system = line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10;
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let of_groups = groups.lines().filter_map(|line| {
        let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
        let path = path.trim_start_matches('/');
        match controllers {
            "" => left(&Path::new("/sys/fs/cgroup").join(path), ["memory.max", "memory.current", "inactive_file"]),
            "memory" => left(
                &Path::new("/sys/fs/cgroup/memory").join(path),
                ["memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"],
            ),
            _ => None,
        }
    });
    Some(of_groups.fold(system, u64::min))
}

/// What a control group has left: its limit without what is used; of that the system takes back what it only remembers of files.
fn left(group: &Path, [limit, used, files]: [&str; 3]) -> Option<u64> {
    let number = |name: &str| fs::read_to_string(group.join(name)).ok()?.trim().parse::<u64>().ok();
    let stat = fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
    let remembered = stat.lines().find_map(|line| line.strip_prefix(files)?.trim().parse::<u64>().ok()).unwrap_or(0);
    Some(number(limit)?.saturating_sub(number(used)?.saturating_sub(remembered)))
}

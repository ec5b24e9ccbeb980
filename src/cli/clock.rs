//! When this process began.

use std::time::{Duration, Instant};

use crate::files::system_text;

/// The moment at which the system started this process; where it does not tell, the moment of the call. To be
/// called first of all.
pub(super) fn process_start() -> Instant {
    let now = Instant::now();
    age().and_then(|age| now.checked_sub(age)).unwrap_or(now)
}

/// Time since the process was started, by Linux's process table, in its ticks of 10 ms.
fn age() -> Option<Duration> {
    let uptime: f64 = system_text("/proc/uptime").ok()?.split_whitespace().next()?.parse().ok()?;
    let stat = system_text("/proc/self/stat").ok()?;
    // The second field is a name in parentheses that may hold spaces; the start is field 22.
    let ticks: f64 = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()?;
    // Linux gives these ticks in hundredths of a second on every processor that it runs on.
    Duration::try_from_secs_f64(uptime - ticks / 100.0).ok().filter(|age| *age < Duration::from_secs(60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_began_before_now() {
        assert!(process_start() <= Instant::now());
    }
}

//! Where the time of a run goes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::plan::{Call, Plan};

/// Time of every call of a plan, over all threads and runs since it began.
#[derive(Debug)]
pub(super) struct Profile {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    family: &'static str,
    layer: String,
    nanoseconds: AtomicU64,
    calls: AtomicU64,
}

/// One line of a profile: all calls of one kernel for one layer.
#[derive(Debug, Clone, PartialEq)]
pub struct ProfileRow {
    /// Kernel family.
    pub family: &'static str,
    /// Layer path; empty for what belongs to none.
    pub layer: String,
    /// Thread time in all runs since the profile began, in milliseconds.
    pub ms: f64,
    /// Number of calls.
    pub calls: u64,
}

impl Profile {
    pub(super) fn new(plan: &Plan, calls: &[Call]) -> Self {
        let row = |call: &Call| Row {
            family: plan.kernels[call.kernel].family(),
            layer: call.layer.clone(),
            nanoseconds: AtomicU64::new(0),
            calls: AtomicU64::new(0),
        };
        Self { rows: calls.iter().map(row).collect() }
    }

    pub(super) fn add(&self, slot: usize, time: Duration) {
        let row = &self.rows[slot];
        row.nanoseconds.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        row.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// All calls, the longest first.
    pub(super) fn rows(&self) -> Vec<ProfileRow> {
        let mut rows: Vec<ProfileRow> = self
            .rows
            .iter()
            .map(|row| ProfileRow {
                family: row.family,
                layer: row.layer.clone(),
                ms: row.nanoseconds.load(Ordering::Relaxed) as f64 / 1e6,
                calls: row.calls.load(Ordering::Relaxed),
            })
            .collect();
        rows.sort_by(|a, b| b.ms.total_cmp(&a.ms));
        rows
    }
}

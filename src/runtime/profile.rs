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
    flops_per_count: u64,
    bytes_per_call: u64,
    nanoseconds: AtomicU64,
    calls: AtomicU64,
    flops: AtomicU64,
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
    /// Billions of arithmetic operations a second of thread time.
    pub gflops: f64,
    /// Billions of bytes of the arguments a second of thread time, each counted once a call wherever it lies.
    pub gbs: f64,
}

impl Profile {
    pub(super) fn new(plan: &Plan, calls: &[Call]) -> Self {
        let row = |call: &Call| Row {
            family: plan.kernels[call.kernel].family(),
            layer: call.layer.clone(),
            flops_per_count: plan.kernels[call.kernel].flops_per_count() as u64,
            bytes_per_call: call.args.iter().map(|access| access.region.touched_bytes() as u64).sum(),
            nanoseconds: AtomicU64::new(0),
            calls: AtomicU64::new(0),
            flops: AtomicU64::new(0),
        };
        Self { rows: calls.iter().map(row).collect() }
    }

    pub(super) fn add(&self, slot: usize, count: usize, time: Duration) {
        let row = &self.rows[slot];
        row.nanoseconds.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        row.calls.fetch_add(1, Ordering::Relaxed);
        row.flops.fetch_add(row.flops_per_count * count as u64, Ordering::Relaxed);
    }

    /// Thread time of each call, in seconds, in the order of the plan.
    pub(super) fn seconds(&self) -> Vec<f64> {
        self.rows.iter().map(|row| row.nanoseconds.load(Ordering::Relaxed) as f64 / 1e9).collect()
    }

    /// All calls, the longest first.
    pub(super) fn rows(&self) -> Vec<ProfileRow> {
        let mut rows: Vec<ProfileRow> = self.rows.iter().map(Row::summary).collect();
        rows.sort_by(|a, b| b.ms.total_cmp(&a.ms));
        rows
    }
}

impl Row {
    fn summary(&self) -> ProfileRow {
        let nanoseconds = self.nanoseconds.load(Ordering::Relaxed) as f64;
        let calls = self.calls.load(Ordering::Relaxed);
        // billions a second are units a nanosecond
        let rate = |amount: u64| if nanoseconds > 0.0 { amount as f64 / nanoseconds } else { 0.0 };
        ProfileRow {
            family: self.family,
            layer: self.layer.clone(),
            ms: nanoseconds / 1e6,
            calls,
            gflops: rate(self.flops.load(Ordering::Relaxed)),
            gbs: rate(self.bytes_per_call * calls),
        }
    }
}

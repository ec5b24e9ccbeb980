//! A network's two figures.

use std::time::Duration;

/// How long messages travel: each takes the latency, and its bytes come one after the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Network {
    /// From the first byte sent to the first received.
    pub latency: Duration,
    /// Bytes that a rank can send, and at the same time receive, in a second.
    pub bytes_per_second: f64,
}

impl Network {
    /// How long a message of this many bytes keeps its sender's line busy.
    pub fn transfer(&self, bytes: usize) -> Duration {
        Duration::from_secs_f64(bytes as f64 / self.bytes_per_second)
    }
}

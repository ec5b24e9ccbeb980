//! A step of several ranks over a network, as time passes.
//!
//! Stage by stage: what a stage has made leaves; each rank's line carries one message after the other in each
//! direction; all of a flow is there for a rank when the slowest of its senders has sent its part, and the
//! latency has passed. A rank whose next stage needs what is not there waits.

use std::collections::BTreeMap;

use super::traffic::{Flow, Load, Traffic};
use crate::ranks::Network;

/// What messages cost those who compute: time that goes from a rank's kernels to them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Costs {
    /// Seconds for each message, of its sender and of its receiver.
    pub message_seconds: f64,
    /// Seconds for each byte, of its sender and of its receiver.
    pub byte_seconds: f64,
}

impl Costs {
    fn of(self, load: Load) -> f64 {
        load.messages as f64 * self.message_seconds + load.bytes as f64 * self.byte_seconds
    }
}

/// Waiting for what belongs to a layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Waited {
    /// The layer; empty where it is none.
    pub layer: String,
    /// Seconds of a step, the mean of all ranks.
    pub seconds: f64,
}

/// How a step went.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulation {
    /// Until the last rank has ended, in seconds.
    pub step_seconds: f64,
    /// How long ranks waited, the mean of all, in seconds.
    pub waiting_seconds: f64,
    /// The same by layer, the longest first.
    pub waits: Vec<Waited>,
    /// How long the busiest line was busy, in seconds: of those that send, and of those that receive.
    pub busy_seconds: [f64; 2],
}

/// Simulates a step. `computing`: for each rank the seconds of each stage.
/// # Panics
/// If there are not times for each rank and stage.
pub fn simulate(computing: &[Vec<f64>], traffic: &Traffic, network: Network, costs: Costs) -> Simulation {
    let ranks = traffic.ranks;
    assert_eq!(computing.len(), ranks, "each rank has its times");
    let mut lines = Lines::new(traffic, network);
    // each rank tells all others whether it wants to end
    let control = costs.message_seconds * ranks.saturating_sub(1) as f64;
    let mut clocks = vec![control; ranks];
    let mut waits: BTreeMap<&str, f64> = BTreeMap::new();
    for stage in 0..=traffic.stages {
        for (index, flow) in traffic.flows.iter().enumerate().filter(|(_, flow)| flow.made == stage) {
            for (clock, out) in clocks.iter_mut().zip(&flow.out) {
                *clock += costs.of(*out);
            }
            lines.send(index, flow, &clocks);
        }
        let needed: Vec<usize> =
            (0..traffic.flows.len()).filter(|&flow| traffic.flows[flow].needed == stage).collect();
        for (rank, clock) in clocks.iter_mut().enumerate() {
            for &index in &needed {
                let flow = &traffic.flows[index];
                let wait = lines.arrivals[index][rank] - *clock;
                if wait > 0.0 {
                    *waits.entry(&flow.layer).or_default() += wait;
                    *clock += wait;
                }
                *clock += costs.of(flow.into[rank]);
            }
            *clock += computing[rank].get(stage).copied().unwrap_or_default();
        }
    }
    let mean = |sum: f64| sum / ranks as f64;
    let waiting_seconds = mean(waits.values().sum());
    let waited = |(layer, seconds): (&str, f64)| Waited { layer: layer.to_owned(), seconds: mean(seconds) };
    let mut waits: Vec<Waited> = waits.into_iter().map(waited).collect();
    waits.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    let step_seconds = clocks.into_iter().fold(0.0, f64::max) + control;
    Simulation { step_seconds, waiting_seconds, waits, busy_seconds: lines.busy() }
}

/// When lines are free again, and what has arrived when.
struct Lines {
    network: Network,
    out: Vec<f64>,
    into: Vec<f64>,
    /// Of each flow and rank.
    arrivals: Vec<Vec<f64>>,
    busy: [Vec<f64>; 2],
}

impl Lines {
    fn new(traffic: &Traffic, network: Network) -> Self {
        let none = vec![0.0; traffic.ranks];
        Self {
            network,
            out: none.clone(),
            into: none.clone(),
            arrivals: vec![none.clone(); traffic.flows.len()],
            busy: [none.clone(), none],
        }
    }

    fn transfer(&self, bytes: u64) -> f64 {
        bytes as f64 / self.network.bytes_per_second
    }

    /// Sends a flow's messages, from each rank when its clock says.
    fn send(&mut self, index: usize, flow: &Flow, clocks: &[f64]) {
        let mut first = f64::INFINITY;
        let mut last = 0.0_f64;
        for (rank, load) in flow.out.iter().enumerate().filter(|(_, load)| load.messages > 0) {
            let transfer = self.transfer(load.bytes);
            let begin = self.out[rank].max(clocks[rank]);
            self.out[rank] = begin + transfer;
            self.busy[0][rank] += transfer;
            first = first.min(begin);
            last = last.max(self.out[rank]);
        }
        for (rank, load) in flow.into.iter().enumerate().filter(|(_, load)| load.messages > 0) {
            let transfer = self.transfer(load.bytes);
            // bytes pass on as they come: the line of whoever receives is busy at the same time
            self.into[rank] = (self.into[rank].max(first) + transfer).max(last);
            self.busy[1][rank] += transfer;
            self.arrivals[index][rank] = self.into[rank] + self.network.latency.as_secs_f64();
        }
    }

    fn busy(&self) -> [f64; 2] {
        [0, 1].map(|way: usize| self.busy[way].iter().copied().fold(0.0, f64::max))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// 1,000 bytes a second, half a second of latency.
    const NETWORK: Network = Network { latency: Duration::from_millis(500), bytes_per_second: 1000.0 };
    const FREE: Costs = Costs { message_seconds: 0.0, byte_seconds: 0.0 };

    fn load(bytes: u64) -> Load {
        Load { messages: u64::from(bytes > 0), bytes }
    }

    fn flow(made: usize, needed: usize, out: &[u64], into: &[u64]) -> Flow {
        let loads = |bytes: &[u64]| bytes.iter().copied().map(load).collect();
        Flow { made, needed, layer: format!("layer{made}"), out: loads(out), into: loads(into) }
    }

    fn traffic(stages: usize, flows: Vec<Flow>) -> Traffic {
        let ranks = flows[0].out.len();
        Traffic { ranks, stages, flows, layers: Vec::new() }
    }

    #[test]
    fn one_message_is_waited_for() {
        // rank 0: 1 s, sends 2,000 bytes (2 s), arrives at 3.5 s; rank 1 has been waiting since 1 s
        let traffic = traffic(2, vec![flow(1, 1, &[2000, 0], &[0, 2000])]);
        let computing = [vec![1.0, 1.0], vec![1.0, 1.0]];
        let done = simulate(&computing, &traffic, NETWORK, FREE);
        assert_eq!(done.step_seconds, 4.5);
        assert_eq!(done.waiting_seconds, 1.25);
        assert_eq!(done.waits, [Waited { layer: "layer1".into(), seconds: 1.25 }]);
        assert_eq!(done.busy_seconds, [2.0, 2.0]);
    }

    #[test]
    fn what_is_needed_later_travels_beside() {
        // made after stage 0, needed when the step ends: stage 1 takes longer than the way
        let traffic = traffic(2, vec![flow(1, 2, &[2000, 2000], &[2000, 2000])]);
        let done = simulate(&[vec![1.0, 4.0], vec![1.0, 4.0]], &traffic, NETWORK, FREE);
        assert_eq!((done.step_seconds, done.waiting_seconds), (5.0, 0.0));
    }

    #[test]
    fn lines_carry_one_after_the_other() {
        // two flows of rank 0: the second leaves when the first has left
        let flows = vec![flow(1, 2, &[3000, 0], &[0, 3000]), flow(2, 2, &[1000, 0], &[0, 1000])];
        let done = simulate(&[vec![1.0, 1.0], vec![1.0, 1.0]], &traffic(2, flows), NETWORK, FREE);
        // 1 + 3 + 1 + 0.5
        assert_eq!(done.step_seconds, 5.5);
        assert_eq!(done.busy_seconds, [4.0, 4.0]);
    }

    #[test]
    fn many_senders_fill_the_line_of_one_receiver() {
        let traffic = traffic(1, vec![flow(0, 0, &[0, 1000, 1000, 1000], &[3000, 0, 0, 0])]);
        let computing = vec![vec![0.0]; 4];
        assert_eq!(simulate(&computing, &traffic, NETWORK, FREE).step_seconds, 3.5);
    }

    #[test]
    fn messages_cost_time_of_those_who_compute() {
        let costs = Costs { message_seconds: 0.25, byte_seconds: 0.001 };
        let fast = Network { latency: Duration::ZERO, bytes_per_second: f64::INFINITY };
        let traffic = traffic(1, vec![flow(0, 1, &[1000, 0], &[0, 1000])]);
        let done = simulate(&[vec![1.0], vec![1.0]], &traffic, fast, costs);
        // 0.25 for the control word, 1.25 to send it: there at 1.5; 1.25 to receive it, 0.25 at the end
        assert_eq!((done.step_seconds, done.waiting_seconds), (3.0, 0.125));
    }
}

//! Plans of small networks, with times that were not measured.

use std::time::Duration;

use super::*;
use crate::front::load;
use crate::kernel::{Simd, Target};
use crate::lower::LowerOptions;
use crate::plan::{Choices, Message, Plan, divide, plan_for_ranks, share};
use crate::ranks::Network;
use crate::runtime::optimized_training_graph;
use crate::source::SourceFile;

const CONVOLUTIONS: &str = "input(16x16x3); conv2d(64, 3x3, padding: same, activation: relu)
    conv2d(128, 3x3, padding: same, activation: relu); batch_norm; global_avg_pool2d
    dense(10, activation: softmax)";

fn planned(layers: &str, batch: usize) -> Plan {
    let text = format!("model M {{ {layers} }} train {{ optimizer: adam }}");
    let loaded = load(SourceFile::new("m.cnn", text), &LowerOptions::default(), &|_| None);
    let program = loaded.program.unwrap_or_else(|| panic!("{:?}", loaded.problems));
    let graph = optimized_training_graph(&program, true).expect("has a schedule");
    plan_for_ranks(&graph, Target::of(Simd::Portable), batch, &Choices::default())
}

/// Each call takes a millisecond.
fn rates(plan: &Plan) -> Rates {
    let groups = plan.stages.iter().flat_map(|stage| &stage.groups);
    let calls: usize = groups.map(|group| group.calls.len()).sum();
    Rates::measured(plan, &vec![1e-3; calls])
}

fn at(plan: &Plan, ranks: usize, network: Network) -> Outlook {
    let asked = Asked { ranks, threads: 1, network, costs: Costs::default(), factor: 1.0 };
    outlook(plan, &rates(plan), &asked).expect("no conflict")
}

const FAST: Network = Network { latency: Duration::ZERO, bytes_per_second: f64::INFINITY };
const SLOW: Network = Network { latency: Duration::from_millis(2), bytes_per_second: 1e7 };

#[test]
fn traffic_is_all_messages() {
    let plan = planned(CONVOLUTIONS, 32);
    let divided = divide(&plan, 4).expect("no conflict");
    let traffic = Traffic::of(&share(&plan, 4).expect("no conflict"), 4);
    let bytes: usize = divided.messages.iter().map(Message::bytes_total).sum();
    assert_eq!(traffic.all(), Load { messages: divided.messages.len() as u64, bytes: bytes as u64 });
    let received = traffic.flows.iter().flat_map(|flow| &flow.into);
    assert_eq!(received.fold(Load::default(), |sum, load| sum.plus(*load)), traffic.all());
    // of most bytes it is known what they are
    let known: u64 = traffic.layers.iter().map(|(_, bytes)| bytes).sum();
    assert!(known > bytes as u64 * 9 / 10, "{:?} of {bytes}", traffic.layers);
    // the layer of most bytes comes first: one with large weights
    let (layer, most) = &traffic.layers[0];
    assert_eq!(layer, "conv2d_1");
    assert!(traffic.layers.iter().all(|(_, bytes)| bytes <= most), "{:?}", traffic.layers);
}

#[test]
fn work_is_shared_and_messages_take_time() {
    let plan = planned(CONVOLUTIONS, 32);
    let calls =
        plan.stages.iter().flat_map(|stage| &stage.groups).map(|group| group.calls.len()).sum::<usize>();
    let one = calls as f64 * 1e-3;
    let two = at(&plan, 2, FAST);
    // single tasks are run by both
    assert!(two.computing_seconds > one / 2.0 && two.computing_seconds < one, "{two:?} of {one}");
    assert_eq!(two.simulation.step_seconds, two.computing_seconds);
    let slow = at(&plan, 2, SLOW);
    assert_eq!(slow.computing_seconds, two.computing_seconds);
    assert!(slow.simulation.step_seconds > slow.computing_seconds);
    assert!(slow.simulation.step_seconds <= slow.computing_seconds + slow.exchange_seconds);
    let hidden = slow.hidden_share().expect("something travels");
    assert!((0.0..=1.0).contains(&hidden), "{hidden}");
    assert!(slow.simulation.waiting_seconds > 0.0 && slow.simulation.waits[0].seconds > 0.0);
}

#[test]
fn one_rank_is_one_process() {
    let plan = planned(CONVOLUTIONS, 32);
    let one = at(&plan, 1, SLOW);
    assert_eq!((one.all, one.hidden_share()), (Load::default(), None));
    assert_eq!(one.simulation.step_seconds, one.computing_seconds);
}

#[test]
fn a_hundred_ranks_are_looked_at() {
    let plan = planned(CONVOLUTIONS, 1600);
    let many = at(&plan, 100, SLOW);
    assert!(many.most.messages > 100 && many.all.messages > many.most.messages);
    assert!(many.computing_seconds < at(&plan, 2, SLOW).computing_seconds);
}

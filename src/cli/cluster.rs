//! `cnnc summary FILE --ranks N`: what is to be expected of several machines.

use std::time::Duration;

use clap::Args;

use super::console::Console;
use super::failure::Failure;
use super::table::{Table, bytes, thousands};
use crate::experiment::{Cluster, ClusterOptions, Compute, Expected, Experiment, Network, Outlook};

/// Ranks, and what lies between them.
#[derive(Debug, Args)]
pub(super) struct ClusterArgs {
    /// Predict how so many ranks would train together: machines like this one, where some steps are measured
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(2..=1024))]
    ranks: Option<u16>,
    /// With --ranks: what a rank can send and at the same time receive in a second: 10Gbit, 500Mbit, 1.25GB
    #[arg(long, value_name = "RATE", default_value = "10Gbit", requires = "ranks", value_parser = bandwidth)]
    bandwidth: f64,
    /// With --ranks: how long the smallest message is on its way: 20us, 1.5ms
    #[arg(long, value_name = "TIME", default_value = "20us", requires = "ranks", value_parser = latency)]
    latency: Duration,
    /// With --ranks: show where a step waits, and how much of the exchange is hidden behind computing
    #[arg(long, requires = "ranks")]
    simulate: bool,
}

/// A number with one of some units, each with its worth; `None` where it is not written so, or not above 0.
fn with_unit(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let (number, worth) =
        units.iter().find_map(|(unit, worth)| Some((text.strip_suffix(unit)?.trim_end(), *worth)))?;
    let is_plain = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let value: f64 = number.parse().ok().filter(|_| is_plain)?;
    (value > 0.0).then_some(value * worth)
}

/// Bytes a second.
fn bandwidth(text: &str) -> Result<f64, String> {
    let units = [
        ("Tbit", 1.25e11),
        ("Gbit", 1.25e8),
        ("Mbit", 1.25e5),
        ("kbit", 125.0),
        ("TB", 1e12),
        ("GB", 1e9),
        ("MB", 1e6),
        ("kB", 1e3),
    ];
    with_unit(text, &units)
        .ok_or_else(|| "write a number above 0 with Gbit, Mbit, GB or MB (a second), as in 10Gbit".to_owned())
}

/// The longest latency: more is a mistake.
const LONGEST: f64 = 60.0;

fn latency(text: &str) -> Result<Duration, String> {
    // the longer unit first: all of them end in `s`
    let units = [("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("ns", 1e-9), ("s", 1.0)];
    let seconds = with_unit(text, &units).filter(|seconds| *seconds <= LONGEST);
    seconds
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "write a number above 0 with us, ms or s, at most 60s, as in 20us".to_owned())
}

/// What is to be expected, where that is asked for.
pub(super) fn tell(
    args: &ClusterArgs,
    ready: &Experiment,
    compute: Compute,
    console: &Console,
) -> Result<(), Failure> {
    let Some(ranks) = args.ranks.map(usize::from) else { return Ok(()) };
    let network = Network { latency: args.latency, bytes_per_second: args.bandwidth };
    let cluster = ready.cluster(&ClusterOptions { ranks, network, compute })?;
    console.result("")?;
    tell_measured(&cluster, network, console)?;
    tell_expected(&cluster, console)?;
    if args.simulate {
        console.result("")?;
        tell_simulated(&cluster.asked.outlook, console)?;
    }
    if let Some(slower) = &cluster.slower {
        console.warning(slower.message());
        console.note(format_args!("  help: {}", slower.help()));
    }
    Ok(())
}

/// Warns where so many ranks may send for longer than they compute. Nothing is measured.
pub(super) fn warn(
    ready: &Experiment,
    ranks: usize,
    compute: Compute,
    console: &Console,
) -> Result<(), Failure> {
    if let Some(heavy) = ready.heavy_exchange(ranks, compute)? {
        console.warning(heavy.message());
        console.note(format_args!("  help: {}", heavy.help()));
    }
    Ok(())
}

fn tell_measured(cluster: &Cluster, network: Network, console: &Console) -> Result<(), Failure> {
    let Outlook { ranks, most, all, .. } = &cluster.asked.outlook;
    let (threads, batch) = (cluster.threads, cluster.measured_batch);
    console.result(format_args!(
        "{ranks} ranks with {threads} threads each, {} Gbit/s, latency {} µs",
        short(network.bytes_per_second / 1.25e8),
        short(network.latency.as_secs_f64() * 1e6)
    ))?;
    console.result(format_args!(
        "measured here: {} ms for a step of {batch} pictures, {} pictures a second",
        ms(cluster.measured_seconds),
        rounded(cluster.measured_images_per_second())
    ))?;
    console.result(format_args!(
        "in a step a rank sends up to {} messages and {}, all ranks {} messages and {}",
        thousands(most.messages),
        bytes(usize_of(most.bytes)),
        thousands(all.messages),
        bytes(usize_of(all.bytes))
    ))
}

fn tell_expected(cluster: &Cluster, console: &Console) -> Result<(), Failure> {
    let mut table =
        Table::new(0, &["ranks", "batch", "ms a step", "pictures/s", "efficiency", "sent by a rank"]);
    let asked = std::iter::once(&cluster.asked)
        .filter(|asked| cluster.expected.iter().all(|row| row.outlook.ranks != asked.outlook.ranks));
    let mut rows: Vec<&Expected> = cluster.expected.iter().chain(asked).collect();
    rows.sort_by_key(|row| row.outlook.ranks);
    for Expected { outlook, efficiency } in rows {
        table.row([
            thousands(outlook.ranks as u64),
            thousands(outlook.batch as u64),
            ms(outlook.simulation.step_seconds),
            rounded(outlook.images_per_second()),
            percent(*efficiency),
            bytes(usize_of(outlook.most.bytes)),
        ]);
    }
    console.result_text(&table.text())?;
    let most = cluster.most_ranks;
    if cluster.expected.iter().any(|row| row.outlook.ranks > most) {
        console.result(format_args!(
            "a batch of {} is for at most {most} ranks: beyond, the smallest batch that is for so many",
            cluster.batch
        ))?;
    }
    Ok(())
}

fn tell_simulated(outlook: &Outlook, console: &Console) -> Result<(), Failure> {
    let simulation = &outlook.simulation;
    console.result(format_args!(
        "simulated step of {} ranks: {} ms; without messages {} ms, messages alone {} ms",
        outlook.ranks,
        ms(simulation.step_seconds),
        ms(outlook.computing_seconds),
        ms(outlook.exchange_seconds)
    ))?;
    if let Some(hidden) = outlook.hidden_share() {
        console.result(format_args!("hidden behind computing: {} of the exchange", percent(hidden)))?;
    }
    let [out, into] = simulation.busy_seconds;
    console.result(format_args!(
        "the busiest lines send for {} ms and receive for {} ms; a rank waits for {} ms",
        ms(out),
        ms(into),
        ms(simulation.waiting_seconds)
    ))?;
    let mut table = Table::new(1, &["layer", "sent by all", "ms waited for"]);
    let waited = |layer: &str| {
        let of_layer = simulation.waits.iter().find(|waited| waited.layer == layer);
        of_layer.map_or(0.0, |waited| waited.seconds)
    };
    for (layer, sent) in &outlook.layers {
        table.row([layer.clone(), bytes(usize_of(*sent)), ms(waited(layer))]);
    }
    console.result_text(&table.text())
}

fn usize_of(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// Milliseconds with three digits or more.
fn ms(seconds: f64) -> String {
    short(seconds * 1e3)
}

/// Three digits, or all before the point.
fn short(value: f64) -> String {
    let decimals = match value {
        _ if value >= 100.0 => 0,
        _ if value >= 10.0 => 1,
        _ if value >= 1.0 => 2,
        _ => 3,
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn rounded(value: f64) -> String {
    thousands(value.round() as u64)
}

fn percent(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_units() {
        assert_eq!(bandwidth("10Gbit"), Ok(1.25e9));
        assert_eq!(bandwidth("1.25 GB"), Ok(1.25e9));
        for wrong in ["10", "Gbit", "0Gbit", "-1Gbit", "1e3Gbit", "infGbit", "10gbit", "1..2GB"] {
            assert!(bandwidth(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_have_units() {
        assert_eq!(latency("20us"), Ok(Duration::from_micros(20)));
        assert_eq!(latency("1.5 ms"), Ok(Duration::from_micros(1500)));
        assert_eq!(latency("1s"), Ok(Duration::from_secs(1)));
        for wrong in ["20", "us", "0us", "61s", "1m", "-3us"] {
            assert!(latency(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn numbers_are_as_long_as_they_tell() {
        assert_eq!([0.0123, 1.5, 12.34, 1234.5].map(short), ["0.012", "1.5", "12.3", "1234"]);
    }
}

//! `cnnc compare RUN RUN…`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::console::Console;
use super::failure::Failure;
use super::language::said as in_words;
use super::setting;
use super::table::{Table, bytes};
use crate::assess::Interval;
use crate::experiment::{Compared, Comparison, Error, PairTest, Run, RunPair, RunStatus, SeedPair, Verdict};
use crate::printed::{probability as p, shown_path};

#[derive(Debug, Args)]
#[command(after_long_help = "\
The first run is what the others are compared with. Two runs that were tested on the same pictures are compared picture by picture, by McNemar's exact \
test (numbers by Wilcoxon's test of their errors); settings that were run with the same seeds, six or more, by Wilcoxon's test over the seeds. Where a \
difference may be chance (p of 0.05 or more), that is said.

Examples:
  cnnc compare runs/digits-1 runs/digits-2
  cnnc compare runs/plain-* runs/dropout-* --format json")]
pub(super) struct CompareArgs {
    /// Folders of runs that have ended
    #[arg(value_name = "RUN", num_args = 2.., required = true)]
    runs: Vec<PathBuf>,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
}

pub(super) fn compare(args: &CompareArgs, console: &Console) -> Result<(), Failure> {
    let runs = args.runs.iter().map(Run::open).collect::<Result<Vec<_>, Error>>()?;
    if let Some(run) = runs.iter().find(|run| *run.status() != RunStatus::Finished) {
        let folder = shown_path(run.folder());
        return Err(Failure::mistake(
            format!("the run in `{folder}` has not ended, so it has no results"),
            format!("go on with it: `cnnc run FILE --resume {folder}`"),
        ));
    }
    let comparison = Comparison::of(runs)?;
    match args.format {
        Format::Human => human(&comparison, console),
        Format::Json => console.json(comparison.to_json()),
    }
}

fn human(comparison: &Comparison, console: &Console) -> Result<(), Failure> {
    console.result_text(&results(comparison).text())?;
    console.result("")?;
    if comparison.settings.is_empty() {
        console.result("no setting differs")?;
    } else {
        console.result_text(&settings(comparison).text())?;
    }
    console.result("")?;
    let name = |at: usize| shown_path(comparison.runs[at].run.folder());
    for pair in &comparison.pairs {
        console.result(of_pair(pair, [&name(0), &name(pair.other)]))?;
    }
    comparison
        .seeds
        .iter()
        .try_for_each(|pair| console.result(of_seeds(pair, [&name(pair.runs[0][0]), &name(pair.runs[1][0])])))
}

/// The names of all runs, behind what the rows are.
fn heading(comparison: &Comparison, first: &str) -> Table {
    let names: Vec<String> = comparison.runs.iter().map(|run| shown_path(run.run.folder())).collect();
    Table::with_names(1, &[first], names.iter().map(String::as_str))
}

fn results(comparison: &Comparison) -> Table {
    let mut table = heading(comparison, "result");
    let mut row = |name: &str, value: &dyn Fn(&Compared) -> Option<String>| {
        let cells: Vec<Option<String>> = comparison.runs.iter().map(value).collect();
        // what no run has is no row
        if cells.iter().any(Option::is_some) {
            let cells = cells.into_iter().map(|cell| cell.unwrap_or_else(|| "-".to_owned()));
            table.row(std::iter::once(in_words(name).into_owned()).chain(cells));
        }
    };
    row("judged on", &|run| {
        let (split, scores) = run.run.results()?;
        Some(format!("{} {}", scores.images, split.name()))
    });
    row("accuracy", &|run| run.accuracy().map(|(accuracy, _)| format!("{accuracy:.4}")));
    row("95% interval", &|run| {
        let Interval { low, high } = run.accuracy()?.1?;
        Some(in_words(&format!("{low:.4} to {high:.4}")).into_owned())
    });
    let metrics = comparison.runs.iter().filter_map(|run| run.run.results());
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in metrics.flat_map(|(_, scores)| &scores.metrics) {
        if name != "accuracy" && !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    for name in names {
        row(name, &|run| Some(format!("{:.4}", run.run.results()?.1.metric(name)?)));
    }
    row("loss", &|run| Some(format!("{:.4}", run.run.results()?.1.loss)));
    row("epochs", &|run| Some(run.run.epochs().to_string()));
    row("training", &|run| Some(in_words(&format!("{:.1} s", run.run.train_seconds())).into_owned()));
    let size = |count: u64| bytes(usize::try_from(count).unwrap_or(usize::MAX));
    row("peak memory", &|run| run.run.peak_bytes().map(size));
    row("weights", &|run| run.weights_bytes.map(size));
    table
}

fn settings(comparison: &Comparison) -> Table {
    let mut table = heading(comparison, "setting");
    for (key, values) in &comparison.settings {
        let cells = values.iter().map(|value| setting::shown(value.as_ref()));
        table.row(std::iter::once(key.clone()).chain(cells));
    }
    table
}

fn of_pair(pair: &RunPair, [first, other]: [&str; 2]) -> String {
    let test = match &pair.found {
        Ok(test) => test,
        Err(why) => return format!("{other} against {first}: cannot tell, {why}"),
    };
    let what = match test {
        PairTest::Right(test) => format!(
            "alone right about {}, {first} about {}; McNemar's exact test",
            test.only_second, test.only_first
        ),
        PairTest::Near { first: of_first, other: of_other, .. } => {
            format!("mean absolute error {of_other:.4} and {of_first:.4}; Wilcoxon's test")
        }
    };
    let said = said(test.verdict());
    format!(
        "{other} against {first}, on {} common pictures: {said} ({what}, p = {})",
        pair.pictures,
        p(test.p())
    )
}

fn of_seeds(pair: &SeedPair, [first, other]: [&str; 2]) -> String {
    let count = pair.runs[0].len();
    let [mean, of_other] = pair.means.map(f64::abs);
    let start = format!(
        "settings of {other} against those of {first}, with {count} seeds: {of_other:.4} against {mean:.4} on average"
    );
    match pair.p {
        None => format!("{start}; cannot tell which is better: that takes six seeds or more"),
        Some(value) => {
            format!("{start}; {} (Wilcoxon's test over the seeds, p = {})", said(pair.verdict()), p(value))
        }
    }
}

fn said(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Better => "it is better",
        Verdict::Worse => "it is worse",
        Verdict::CannotTell => "cannot tell which is better",
    }
}

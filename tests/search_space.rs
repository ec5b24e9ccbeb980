//! The space of a search: what its parameters are called, which of them count at a point, what the program is
//! there, and the point as a file of its own.

mod cards;

use std::time::{Duration, Instant};

use cnnc::diag::{Level, RenderStyle, render};
use cnnc::front::{Loaded, SpaceView, load};
use cnnc::internals::lower::LowerOptions;
use cnnc::internals::settings::Settings;
use cnnc::internals::space::{Domain, Point, Value};
use cnnc::source::SourceFile;

fn load_text(text: &str, overrides: &[(&str, &str)]) -> Loaded {
    let overrides = overrides.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned())).collect();
    let options = LowerOptions { model: None, overrides };
    load(SourceFile::new("search.cnn", text), &options, &cards::card_of)
}

fn drawn(loaded: &Loaded) -> String {
    let problems = loaded.problems.iter();
    problems.map(|problem| render(problem, &loaded.sources, RenderStyle::plain())).collect()
}

fn codes(loaded: &Loaded) -> Vec<&'static str> {
    let problems = loaded.problems.iter().filter(|problem| problem.level != Level::Hint);
    problems.map(|problem| problem.code.as_str()).collect()
}

#[track_caller]
fn view_with(text: &str, overrides: &[(&str, &str)]) -> SpaceView {
    let loaded = load_text(text, overrides);
    let said = drawn(&loaded);
    loaded.space.unwrap_or_else(|| panic!("there is no search\n{said}"))
}

#[track_caller]
fn view(text: &str) -> SpaceView {
    view_with(text, &[])
}

/// A file with these statements in its model, and these lines in `train` and `tune`.
fn file(top: &str, body: &str, train: &str, tune: &str) -> String {
    format!(
        "{top}\nmodel Small {{\n    input(28x28x1)\n{body}\n    relu\n    flatten\n    dense(classes, activation: softmax)\n}}\n\
         data {{ source: mnist; validation: 10% of train }}\n\
         prepare {{ rescale: 1/255 }}\n\
         train {{\n    {train}\n}}\n\
         tune {{\n    objective: val_accuracy\n    {tune}\n}}\n"
    )
}

fn names(view: &SpaceView) -> Vec<&str> {
    view.space().parameters.iter().map(|parameter| parameter.name.as_str()).collect()
}

/// Everything that the reference says can be searched for.
const RICH: &str = r"
// what is searched for everywhere
let width = search([16, 32])  // channels
let unused_here = 3

// plain
block plain(filters) { conv2d(filters, 3x3, padding: same, activation: relu) }
block normed(filters, momentum = 0.9) {
    conv2d(filters, 3x3, padding: same)
    batch_norm(momentum: momentum)
    search([relu, gelu])
}

model Small {
    input(28x28x1)
    let body = search([plain, normed(momentum: search(0.8..=0.9, step: 0.05))])
    body(width)
    max_pool2d(2)
    repeat search(1..=3) { body(unused_here * width) }
    search([global_avg_pool2d, flatten])
    if search([true, false]) { dropout(search(10%..=50%, step: 10%)) }
    dense(classes, activation: softmax)
}

data { source: mnist; validation: 10% of train }
prepare { rescale: 1/255 }
augment { rotation(search([5deg, 10deg])) }
train {
    // as long as it takes
    epochs: 9
    batch: search([32, 64]) * 2
    optimizer: search([adam(lr: search(1e-4..=1e-2, scale: log)), sgd(lr: search(0.01..=0.1), momentum: 0.9)])
}
tune {
    // the best
    objective: val_accuracy
    strategy: hyperband(factor: 3, sampler: tpe)
    time_limit(2h)
    early_stopping(patience: 20)
}
// the end
";

#[test]
fn parameters_are_named_by_where_they_stand() {
    let view = view(RICH);
    assert_eq!(
        names(&view),
        [
            "width",
            "normed.layer",
            "body",
            "momentum",
            "repeat",
            "Small.layer",
            "if",
            "rate",
            "angle",
            "batch",
            "optimizer",
            "adam.lr",
            "sgd.lr"
        ]
    );
    let domains: Vec<&Domain> = view.space().parameters.iter().map(|parameter| &parameter.domain).collect();
    assert_eq!(*domains[0], Domain::Choices(vec!["16".to_owned(), "32".to_owned()]));
    assert_eq!(*domains[2], Domain::Choices(vec!["plain".to_owned(), "normed".to_owned()]));
    assert_eq!(*domains[3], Domain::Steps { low: 0.8, step: 0.05, count: 3 });
    assert_eq!(*domains[4], Domain::Steps { low: 1.0, step: 1.0, count: 3 });
    assert_eq!(*domains[7], Domain::Steps { low: 0.1, step: 0.1, count: 5 });
    assert_eq!(*domains[11], Domain::Range { low: 1e-4, high: 1e-2, log: true, whole: false });
    assert_eq!(*domains[12], Domain::Range { low: 0.01, high: 0.1, log: false, whole: false });
    let tune = view.tune();
    assert_eq!(
        (tune.time_limit, tune.patience, tune.seeds, tune.parallel.value),
        (Some(7200.0), Some(20), 1, 4)
    );
    assert_eq!(tune.strategy.value.max_epochs(), Some(9));
}

#[test]
fn names_are_as_long_as_they_must_be() {
    let named = |body: &str| {
        let view = view(&file("", body, "epochs: 1", "strategy: random"));
        names(&view).join(" ")
    };
    assert_eq!(named("conv2d(search([4, 8]), 3)"), "filters");
    assert_eq!(
        named("conv2d(search([4, 8]), 3); conv2d(search([4, 8]), 3)"),
        "conv2d.filters conv2d_1.filters"
    );
    assert_eq!(named("a = conv2d(search([4, 8]), 3); conv2d(search([4, 8]), 3)"), "a.filters conv2d.filters");
    assert_eq!(
        named("repeat 2 { conv2d(search([4, 8]), 3) }; repeat search(1..=2) { relu }"),
        "filters repeat_1"
    );
    assert_eq!(
        named("s = repeat search(1..=2) { relu }; repeat search(1..=2) { relu }"),
        "s.repeat Small.repeat"
    );
    assert_eq!(named("conv2d(search([4, 8]) + search([1, 2]), 3)"), "filters filters_2");
}

/// A value of every parameter, by turns.
fn points(view: &SpaceView, count: usize) -> Vec<Point> {
    let mut state = 88_172_645_463_325_252_u64;
    let mut next = |below: usize| {
        // xorshift
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).expect("small")
    };
    let mut value = |domain: &Domain| match *domain {
        Domain::Range { low, high, log, whole } => {
            let share = next(10_001) as f64 / 10_000.0;
            let number = if log { low * (high / low).powf(share) } else { low + (high - low) * share };
            Value::Number(if whole { number.round() } else { number.clamp(low, high) })
        }
        Domain::Choices(_) | Domain::Steps { .. } => domain.at(next(domain.count().expect("counted"))),
    };
    let mut point =
        || view.space().parameters.iter().map(|parameter| Some(value(&parameter.domain))).collect();
    (0..count).map(|_| Point(point())).collect()
}

fn settings_at(view: &SpaceView, point: &Point) -> serde_json::Value {
    let program = view.program_at(point, &[]).unwrap_or_else(|why| panic!("{}", why.why()));
    assert!(program.program().tune.is_none());
    Settings::of(&program).to_json()
}

/// What does not count at a point makes no difference there, whatever its value; what counts is known.
#[test]
fn what_does_not_count_makes_no_difference() {
    let view = view(RICH);
    let at = |name: &str| names(&view).iter().position(|known| *known == name).expect("a parameter");
    let mut seen = vec![[false; 2]; view.space().parameters.len()];
    for pair in points(&view, 80).chunks_exact(2) {
        let counts = view.look(&pair[0]).expect("all points are programs");
        let settled = view.settled(&pair[0]).expect("the same");
        let settings = settings_at(&view, &pair[0]);
        assert_eq!(settings_at(&view, &settled), settings);
        // with the other's values where nothing counts
        let mixed = counts.iter().enumerate();
        let mixed = mixed.map(|(at, counts)| if *counts { pair[0].0[at] } else { pair[1].0[at] }).collect();
        assert_eq!(settings_at(&view, &Point(mixed)), settings);
        for (seen, counts) in seen.iter_mut().zip(&counts) {
            seen[usize::from(*counts)] = true;
        }
        let value = |name: &str| pair[0].0[at(name)].expect("a value");
        let holds =
            |name: &str, wanted: bool| assert_eq!(counts[at(name)], wanted, "{name} at {:?}", pair[0]);
        holds("width", true);
        holds("momentum", value("body") == Value::Choice(1));
        holds("normed.layer", value("body") == Value::Choice(1));
        holds("rate", value("if") == Value::Choice(0));
        holds("adam.lr", value("optimizer") == Value::Choice(0));
        holds("sgd.lr", value("optimizer") == Value::Choice(1));
    }
    // those that always count, and those that do so at times
    let sometimes = names(&view).into_iter().zip(&seen).filter(|(_, seen)| **seen == [true; 2]);
    let sometimes: Vec<&str> = sometimes.map(|(name, _)| name).collect();
    assert_eq!(sometimes, ["normed.layer", "momentum", "rate", "adam.lr", "sgd.lr"]);
}

/// A constant counts where it is used, and a mistake in it is one there.
#[test]
fn constants_are_read_where_they_are_used() {
    let text = file(
        "let side = 12 / search([2, 5])",
        "if search([true, false]) { conv2d(8, side) }",
        "epochs: 1",
        "strategy: grid; impossible: skip",
    );
    let view = view(&text);
    let look = |size: usize, uses: usize| {
        view.look(&Point(vec![Some(Value::Choice(size)), Some(Value::Choice(uses))]))
    };
    assert_eq!(look(0, 0), Ok(vec![true, true]));
    assert_eq!(look(0, 1), Ok(vec![false, true]));
    assert_eq!(look(1, 1), Ok(vec![false, true]));
    let why = look(1, 0).expect_err("2.4 is no size");
    assert!(why.starts_with("E0011"), "{why}");
    let facts = view.facts();
    assert_eq!((facts.points, facts.checked, facts.impossible()), (Some(4), 4, 1));
    assert_eq!(
        facts.reasons[0].values,
        [("side".to_owned(), "5".to_owned()), ("if".to_owned(), "true".to_owned())]
    );
}

/// `best.cnn` is the program at its point, whatever the point.
#[test]
fn a_filled_file_is_the_program_at_its_point() {
    let overrides: [&[(&str, &str)]; 4] = [
        &[],
        &[("train.batch", "16")],
        &[("train.batch", "search([8, 24])"), ("train.weight_decay", "0.01"), ("prepare.rescale", "1/127")],
        &[("tune.strategy", "hyperband(max_epochs: 27)"), ("train.clip_norm", "search(1.0..=2.0)")],
    ];
    for overrides in overrides {
        let view = view_with(RICH, overrides);
        for point in points(&view, 15) {
            let point = view.settled(&point).expect("all points are programs");
            let text = view.filled(&point, "the best of 15\n\nval_accuracy 0.99");
            let loaded = load_text(&text, &[]);
            assert_eq!(codes(&loaded), [""; 0], "{}\n{text}", drawn(&loaded));
            let program = loaded.program.expect("a program");
            assert!(program.program().tune.is_none());
            assert_eq!(Settings::of(&program).to_json(), settings_at(&view, &point), "{text}");
            assert!(text.starts_with("// the best of 15\n//\n// val_accuracy 0.99\n"), "{text}");
            for comment in ["what is searched", "channels", "plain", "as long as", "the best", "the end"] {
                assert!(text.contains(&format!("// {comment}")), "{comment}\n{text}");
            }
            assert!(!text.contains("search("), "{text}");
            assert_eq!(cnnc::format::format(&text).expect("no mistakes"), text);
        }
    }
}

/// Calculations keep their meaning where a value takes the place of a search.
#[test]
fn values_are_put_into_parentheses_where_they_must_be() {
    let text = file(
        "let a = search([1, 2 + 3])\nlet b = -search(-2.0..=1.0) * search([4, if a > 1 then 2 else 3])",
        "conv2d(4 * search([1 + 1, 2]) + search([1, 2]), 3)\ndropout(search([0.1, 0.5]) * (0.1 + 0.2)); leaky_relu(negative_slope: max(b, 0))",
        "epochs: 2; optimizer: sgd(momentum: search([0.5, 0.9]))",
        "strategy: random",
    );
    let view = view(&text);
    for point in points(&view, 20) {
        let filled = view.filled(&point, "");
        let loaded = load_text(&filled, &[]);
        let program = loaded.program.as_ref().unwrap_or_else(|| panic!("{}\n{filled}", drawn(&loaded)));
        assert_eq!(Settings::of(program).to_json(), settings_at(&view, &point), "{filled}");
    }
}

/// Changes of a trial: another seed, other epochs.
#[test]
fn a_trial_may_have_another_seed() {
    let view = view(RICH);
    let first = view.space().first();
    let change = [("train.seed".to_owned(), "7".to_owned())];
    let program = view.program_at(&first, &change).expect("a program");
    assert_eq!(program.program().train.as_ref().map(|train| train.seed), Some(7));
}

#[test]
fn strategies_decide_the_epochs_of_trials() {
    let epochs = |train: &str, strategy: &str| {
        let view = view(&file("", "conv2d(search([4, 8]), 3)", train, &format!("strategy: {strategy}")));
        let program = view.program_at(&view.space().first(), &[]).expect("a program");
        let epochs = program.program().train.as_ref().map_or(0, |train| train.epochs.value);
        (epochs, view.tune().strategy.value.max_epochs())
    };
    assert_eq!(epochs("epochs: 9", "random"), (9, None));
    assert_eq!(epochs("epochs: 9", "hyperband"), (9, Some(9)));
    assert_eq!(epochs("epochs: 9", "hyperband(max_epochs: 27)"), (27, Some(27)));
    assert_eq!(epochs("batch: 32", "asha(trials: 2, max_epochs: 27)"), (27, Some(27)));
    assert_eq!(epochs("batch: 32", "hyperband"), (100, Some(100)));
    let phases = "phase a { epochs: 3 }; phase b { epochs: 6; optimizer: sgd(lr: 0.01) }";
    assert_eq!(epochs(phases, "hyperband"), (9, Some(9)));
    assert_eq!(epochs(phases, "hyperband(max_epochs: 9)"), (9, Some(9)));
}

#[test]
fn what_cannot_be_searched_for_is_refused() {
    let body = "conv2d(search([4, 8]), 3)";
    let judged = |train: &str, tune: &str| codes(&load_text(&file("", body, train, tune), &[]));
    assert_eq!(judged("epochs: 3", "strategy: grid"), [""; 0]);
    assert_eq!(judged("epochs: search([3, 4])", "strategy: grid"), [""; 0]);
    assert_eq!(judged("epochs: search([3, 4])", "strategy: hyperband"), ["E0532"]);
    assert_eq!(judged("epochs: 3; seed: search([3, 4])", "strategy: grid"), ["E0532"]);
    assert_eq!(judged("let s = search([3, 4]); seed: s", "strategy: grid"), ["E0532"]);
    assert_eq!(judged("epochs: 3; time_limit(1h)", "strategy: grid"), ["E0532"]);
    assert_eq!(judged("epochs: 3", "strategy: random(trials: search([1, 2]))"), ["E0532"]);
    assert_eq!(judged("epochs: 3", "strategy: grid; seeds: search([1, 2])"), ["E0532"]);
    assert_eq!(judged("epochs: 3", "strategy: grid; early_stopping(patience: 3, monitor: loss)"), ["E0116"]);
    assert_eq!(judged("epochs: 3", "strategy: grid; time_limit(1h); time_limit(2h)"), ["E0014"]);
    assert_eq!(judged("epochs: 3", "strategy: random(trials: 3)"), ["W0535"]);
    assert_eq!(judged("epochs: 3", "strategy: hyperband(max_epochs: 2)"), ["W0535"]);
    let smoothed = "loss: categorical_crossentropy(label_smoothing: search([0, 0.1]))";
    assert_eq!(judged(smoothed, "strategy: grid"), [""; 0]);
    let by_loss = file("", body, smoothed, "strategy: grid").replace("val_accuracy", "val_loss");
    assert_eq!(codes(&load_text(&by_loss, &[])), ["E0532"]);
    let of_data = file("", body, "epochs: 3", "strategy: grid").replace("10% of", "search([10%, 20%]) of");
    assert_eq!(codes(&load_text(&of_data, &[])), ["E0532"]);
    let written = |search: &str| {
        codes(&load_text(
            &file("", &format!("conv2d({search}, 3)"), "epochs: 3", "strategy: random(trials: 1)"),
            &[],
        ))
    };
    assert_eq!(written("search([4, 8, 4])"), ["E0014"]);
    assert_eq!(written("search([4, 8], step: 2)"), ["E0116"]);
    assert_eq!(written("search(4..=64, step: 2, scale: log)"), ["E0116"]);
    assert_eq!(written("search(8..4)"), ["E0018"]);
    assert_eq!(written("search(4..5)"), ["E0018"]);
    assert_eq!(written("search(0..=4, scale: log)"), ["E0018"]);
    assert_eq!(written("search(4deg..=8deg)"), ["E0011"]);
    assert_eq!(written("search(4..=search([5, 6]))"), ["E0011"]);
    assert_eq!(written("search(4..=64, scale: log)"), [""; 0]);
    let none =
        file("", "conv2d(4, 3); conv2d(search([40, 80]), search([40, 80]))", "epochs: 3", "strategy: grid");
    assert_eq!(codes(&load_text(&none, &[])), ["E0102"]);
}

/// A space of which nothing works beyond the first point's own mistakes is one.
#[test]
fn impossible_points_are_told_or_left_out() {
    let body = "max_pool2d(search([2, 7])); conv2d(8, search([3, 5])); relu; conv2d(8, 3)";
    let text = |tune: &str| file("", body, "epochs: 3", &format!("strategy: grid; {tune}"));
    assert_eq!(codes(&load_text(&text(""), &[])), ["E0518"]);
    let loaded = load_text(&text("impossible: skip"), &[]);
    assert_eq!(codes(&loaded), [""; 0], "{}", drawn(&loaded));
    let facts = loaded.space.expect("a search").facts().clone();
    assert_eq!((facts.points, facts.checked, facts.impossible()), (Some(4), 4, 2));
    let lines = facts.lines();
    assert_eq!(lines[0], "search over `pool_size`, `kernel_size`: 4 points, all checked");
    assert!(lines[1].starts_with("1 of 4 points cannot be trained (`pool_size`: 7): E0"), "{lines:?}");
}

/// A model that another one's search names is a part of it.
#[test]
fn layers_blocks_and_models_are_chosen_among() {
    let top = "block plain(n) { conv2d(n, 3x3, padding: same) }\nmodel Part { input(28x28x1); conv2d(8, 3x3, padding: same) }";
    let view = view(&file(
        top,
        "search([plain(8), Part, conv2d(search([4, 5]), 3)])",
        "epochs: 1",
        "strategy: grid",
    ));
    assert_eq!(names(&view), ["layer", "filters"]);
    assert_eq!(view.look(&Point(vec![Some(Value::Choice(0)), None])), Ok(vec![true, false]));
    assert_eq!(view.look(&Point(vec![Some(Value::Choice(2)), None])), Ok(vec![true, true]));
    for wrong in ["search([1, 2])", "search([plian(8), relu])", "search([\"a\", relu])"] {
        let loaded = load_text(&file(top, wrong, "epochs: 1", "strategy: grid"), &[]);
        assert!(loaded.problems.has_errors(), "{wrong}");
    }
    // a block that is a parameter
    let stage = "block twice(body) { body(8); body(n: 4) }\nblock plain(n) { conv2d(n, 3x3, padding: same); relu }\nblock other(n) { conv2d(n, 1) }";
    let loaded = load_text(
        &file(stage, "twice(plain); twice(search([plain, plain(8)]))", "epochs: 1", "strategy: grid"),
        &[],
    );
    assert_eq!(codes(&loaded), ["W0506", "E0518"], "{}", drawn(&loaded));
}

/// Points are looked at while a search runs, from several threads.
#[test]
fn points_are_looked_at_quickly_and_side_by_side() {
    fn is_shared<T: Send + Sync>(_: &T) {}
    let view = view(RICH);
    is_shared(&view);
    let points = points(&view, 100);
    let expected: Vec<_> = points.iter().map(|point| view.look(point)).collect();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let looks =
            [(); 2].map(|()| scope.spawn(|| points.iter().map(|point| view.look(point)).collect::<Vec<_>>()));
        for looked in looks {
            assert_eq!(looked.join().expect("it looks"), expected);
        }
    });
    // far more than it takes without optimization
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

/// The file that is filled may stand in any form.
#[test]
fn filled_files_keep_what_is_in_them() {
    let text = "language 1\nallow W0301 because \"so\"\nmodel M { input(28x28x1); flatten; dense(search([8, 9])) -> relu; dense(classes) }\ndata{source:mnist;validation:10% of train}\ntrain{optimizer:adam}\ntune{objective:val_accuracy;strategy:grid}// after\n";
    let view = view_with(text, &[("train.optimizer.lr", "search([0.01, 0.02])")]);
    let point = Point(vec![Some(Value::Choice(1)), Some(Value::Choice(1))]);
    let filled = view.filled(&point, "best");
    assert_eq!(
        filled,
        "// best\nlanguage 1\nallow W0301 because \"so\"\nmodel M { input(28x28x1); flatten; dense(9) -> relu; dense(classes) }\ndata { source: mnist; validation: 10% of train }\ntrain { optimizer: adam(lr: 0.02) }\n// after\n"
    );
}

//! The splits, and the files they are made of: classes that a split has not, pictures that stand in two,
//! groups that are torn, files that are broken.

use super::View;
use crate::card::{DataCard, PictureSize};
use crate::diag::{Code, Diagnostic, Level, Mention, Problems};
use crate::ir::{Damaged, DataSource, DataSpec, Fit, LayerNode, ScopeKind, SplitBase};
use crate::source::Span;
use crate::vocabulary::Words;

/// Names that a sentence mentions; of more it says how many.
const SHOWN: usize = 8;
/// What folders of splits are called.
const TRAIN: &[&str] = &["train", "training"];
const TEST: &[&str] = &["test", "testing"];
const VALIDATION: &[&str] = &["validation", "valid", "val", "dev"];
/// A warning where at least one in this many pictures outside of the training split stands in another split
/// too, a hint below.
const ONE_IN: usize = 100;
/// How much a resize may stretch the picture in the middle of the set, and those at its ends (10% and 90%).
const STRETCHED: [f32; 2] = [1.25, 1.5];
/// Times by which a resize may enlarge the area.
const ENLARGED: usize = 4;

/// W0306, W0307, W0308, W0310, W0311, E0315, H0312, H0313, W0322.
pub(super) fn check(view: &View<'_>, problems: &mut Problems) {
    let (Some(data), Some(card)) = (&view.program.data, view.card) else { return };
    if check_names(data, card, problems) {
        return;
    }
    check_files(data, card, problems);
    check_groups(data, card, problems);
    check_doubles(data, card, problems);
    let splits = match &card.pass {
        Some(pass) => Some((&card.found_classes, pass.splits.clone())),
        None => data.planned_splits(card.own_counts()).map(|splits| (&card.classes, splits)),
    };
    if let Some((classes, splits)) = &splits {
        check_missing(data, classes, splits, problems);
        check_batch(view, splits[0].iter().sum(), problems);
    }
    check_resize(view, card, problems);
}

/// `a`, `b` and 3 more
fn quoted(names: &[&str]) -> String {
    let shown = crate::lower::list(names.iter().copied().take(SHOWN));
    if names.len() > SHOWN { format!("{shown} and {} more", names.len() - SHOWN) } else { shown }
}

/// W0322: a folder whose classes are called as splits are. Says whether it is: what the splits are then is not
/// to be judged.
fn check_names(data: &DataSpec, card: &DataCard, problems: &mut Problems) -> bool {
    let DataSource::Folder { train: folder, validation: None, test: None } = &data.source.value else {
        return false;
    };
    let called = |split: &[&str]| {
        let is_called = |class: &&String| split.iter().any(|name| class.eq_ignore_ascii_case(name));
        card.found_classes.iter().find(is_called)
    };
    let all = [TRAIN, TEST, VALIDATION].map(called);
    let [Some(train), test, validation] = all else { return false };
    // the classes may be called so: then there are others among them
    let splits = all.iter().flatten().count();
    if splits < 2 || splits < card.found_classes.len() {
        return false;
    }
    // where the file draws validation pictures, or splits all anew, those of a folder are not taken (E0323)
    let splits_anew = data.test.as_ref().is_some_and(|share| share.value.of == SplitBase::All);
    let validation = validation.filter(|_| data.validation.is_none() && !splits_anew);
    let source = DataSource::Folder {
        train: folder.join(train),
        validation: validation.map(|validation| folder.join(validation)),
        test: test.map(|test| folder.join(test)),
    };
    // names of the user's: in no language another word stands for them
    let names = card.found_classes.iter().map(|class| format!("`{class}`")).collect();
    let problem = Diagnostic::new(Code::W0322)
        .arg("data", data.source.value.name())
        .mention("classes", Mention::All(names))
        .arg("source", source.text())
        .at(data.source.span, "here")
        .help(if test.or(validation).is_some() { "splits" } else { "train" });
    problems.push(problem.fix(data.source.span, source.text()));
    true
}

/// E0315 where pictures cannot be read, W0310 where a class has none.
fn check_files(data: &DataSpec, card: &DataCard, problems: &mut Problems) {
    let about = |code| Diagnostic::new(code).arg("data", &card.name).at(data.source.span, "here");
    let skips = data.damaged.as_ref().is_some_and(|damaged| damaged.value == Damaged::Skip);
    if card.unreadable.count > 0 && !skips {
        let problem = about(Code::E0315)
            .arg("count", card.unreadable.count)
            .arg("examples", card.unreadable.examples.join("; "))
            .note("examples")
            .help("help");
        problems.push(problem);
    }
    if !card.empty_classes.is_empty() {
        let names: Vec<&str> = card.empty_classes.iter().map(String::as_str).collect();
        let problem = about(Code::W0310).arg("classes", quoted(&names)).help("help");
        problems.push(problem);
    }
}

/// W0308: groups that a random split would tear.
fn check_groups(data: &DataSpec, card: &DataCard, problems: &mut Problems) {
    let shares = [&data.validation, &data.test].map(|share| share.as_ref().map(|share| share.span));
    let Some(span) = shares.into_iter().flatten().next().filter(|_| card.grouped && data.split_by.is_none())
    else {
        return;
    };
    let problem = Diagnostic::new(Code::W0308)
        .arg("data", &card.name)
        .at(span, "here")
        .also(data.source.span, "data")
        .help("help")
        .fix(Span::new(span.end, span.end), "; split: by track");
    problems.push(problem);
}

/// W0307: pictures that stand in two splits.
fn check_doubles(data: &DataSpec, card: &DataCard, problems: &mut Problems) {
    let Some(pass) = card.pass.as_ref().filter(|pass| pass.shared.count > 0) else { return };
    let judged: usize = pass.splits[1..].iter().flatten().sum();
    let level = if pass.shared.count * ONE_IN >= judged { Level::Warning } else { Level::Hint };
    let problem = Diagnostic::new(Code::W0307)
        .with_level(level)
        .arg("count", pass.shared.count)
        .arg("judged", judged)
        .arg("data", &card.name)
        .arg("examples", pass.shared.examples.join("; "))
        .at(data.source.span, "here")
        .note("examples")
        .help("help");
    problems.push(problem);
}

/// W0306: classes that have pictures to train on and none to be judged by.
fn check_missing(data: &DataSpec, classes: &[String], splits: &[Vec<usize>; 3], problems: &mut Problems) {
    let shares = [(&data.validation, 1, "validation"), (&data.test, 2, "test")];
    for (share, split, name) in shares {
        let Some(share) = share.as_ref().filter(|_| splits[split].iter().any(|count| *count > 0)) else {
            continue;
        };
        let missing: Vec<&str> = (classes.iter().zip(&splits[0]).zip(&splits[split]))
            .filter(|((_, trained), count)| **trained > 0 && **count == 0)
            .map(|((class, _), _)| class.as_str())
            .collect();
        if missing.is_empty() {
            continue;
        }
        let problem = Diagnostic::new(Code::W0306)
            .arg("split", name)
            .arg("classes", quoted(&missing))
            .arg("count", missing.len())
            .arg("all", classes.len())
            .at(share.span, "here")
            .also(data.source.span, "data");
        let problem = if data.stratified { problem } else { problem.help("stratify") };
        problems.push(problem.help("help"));
    }
}

/// W0311: a batch that no step fills; a last batch of one picture, where batch norm sees a single number for
/// each channel.
fn check_batch(view: &View<'_>, images: usize, problems: &mut Problems) {
    let Some(train) = &view.program.train else { return };
    let (batch, span) = (train.batch.value, train.batch.span);
    let at =
        |problem: Diagnostic, sentence| problem.at(if span.is_empty() { train.span } else { span }, sentence);
    if images == 0 {
        return;
    }
    if batch > images {
        let problem = Diagnostic::new(Code::W0311).arg("batch", batch).arg("images", images);
        let problem = at(problem, "here").help("help");
        problems.push(if span.is_empty() { problem } else { problem.fix(span, images.to_string()) });
        return;
    }
    let single = |node: &&LayerNode| {
        let input = node.inputs.first().and_then(|input| view.shapes.get(input.index())?.as_ref());
        let pixels = input.map(|shape| shape.elements() / shape.channels().max(1));
        node.layer.as_op().keyword() == "batch_norm" && pixels == Some(1)
    };
    if images % batch == 1
        && batch > 1
        && let Some(norm) = view.program.model.layers.iter().find(single)
    {
        let problem = Diagnostic::new(Code::W0311).saying("last").arg("batch", batch).arg("images", images);
        let near = (batch.saturating_sub(8).max(2)..=batch + 8).filter(|other| images % other != 1);
        let better = near.min_by_key(|other| other.abs_diff(batch)).unwrap_or(batch - 1);
        let problem =
            at(problem, "leaves-one").also(norm.span, "norm").arg("better", better).help("last-help");
        problems.push(if span.is_empty() { problem } else { problem.fix(span, better.to_string()) });
    }
}

/// H0312 and H0313: what a resize does to most pictures.
fn check_resize(view: &View<'_>, card: &DataCard, problems: &mut Problems) {
    let Some(resize) = &view.program.prepare.resize else { return };
    let [height, width] = [resize.value.height, resize.value.width];
    let (median, ratios) = match (&card.typical, card.size) {
        (Some(typical), _) => (typical.median, typical.ratios),
        (None, PictureSize::Same([h, w])) => ([h, w], [w as f32 / h as f32; 3]),
        (None, PictureSize::Varies { .. }) => return,
    };
    let target = width as f32 / height as f32;
    let stretched = ratios.map(|ratio| (ratio / target).max(target / ratio));
    let too_far = stretched[1] >= STRETCHED[0] || stretched[0].max(stretched[2]) >= STRETCHED[1];
    if resize.value.fit == Fit::Stretch && too_far {
        let problem = Diagnostic::new(Code::H0312)
            .arg("ratio", format!("{:.2}", ratios[1]))
            .arg("least", format!("{:.2}", ratios[0]))
            .arg("most", format!("{:.2}", ratios[2]))
            .arg("target", format!("{target:.2}"))
            .arg("size", format!("{height}x{width}"))
            .at(resize.span, "here")
            .help("help");
        problems.push(problem);
    }
    // pretrained layers want the size that they were trained for
    let pretrained = view
        .program
        .model
        .scopes
        .iter()
        .any(|scope| matches!(&scope.kind, ScopeKind::Model(backbone) if backbone.weights.is_some()));
    let times = (height * width) as f32 / (median[0] * median[1]).max(1) as f32;
    if times >= ENLARGED as f32 && !pretrained {
        let problem = Diagnostic::new(Code::H0313)
            .arg("median", format!("{}x{}", median[0], median[1]))
            .arg("size", format!("{height}x{width}"))
            .arg("times", format!("{times:.0}"))
            .at(resize.span, "here")
            .help("help");
        problems.push(problem);
    }
}

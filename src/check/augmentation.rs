//! Augmentation against what is known of the pictures: changes of the class, of the range, of what is left to
//! see.

use super::View;
use crate::card::PictureSize;
use crate::diag::{Code, Diagnostic, Problems};
use crate::ir::{AugmentKind, AugmentOp, Color};
use crate::lower::list;
use crate::source::{Span, Spanned};
use crate::vocabulary::Words;

/// Rotations from this angle on turn a 6 into what may be a 9.
const TURNED: f32 = 90.0;
/// Changes of values from this share of the range on leave nothing of some pictures.
const ERASES: f32 = 0.9;
/// Deviation of noise, as a share of the range, that hides what is shown.
const HIDES: f32 = 0.5;
/// Share of a side by which a picture may be moved before what is in its middle leaves it.
const LEAVES: f32 = 0.5;
/// Share of the area that `cutout` may cover.
const COVERED: f32 = 0.5;
/// Holes that cover the picture as often as this leave nothing of it, wherever they fall.
const COVERED_TIMES: usize = 16;
/// Share of the shorter side that the deviation of a blur may have.
const BLURRED: f32 = 0.1;

/// An operation with its place.
type Op = Spanned<AugmentOp>;

/// E0406, E0407, W0402, W0403, W0404, W0408, W0409, W0410.
pub(super) fn check(view: &View<'_>, problems: &mut Problems) {
    let ops: Vec<&Op> = view.program.augment.ops.iter().filter(|op| op.value.probability > 0.0).collect();
    check_range(view, &ops, problems);
    let turned = check_half_turn(&ops, problems);
    for op in ops {
        let flipped = !turned && check_flip(view, op, problems);
        if !turned && !flipped {
            check_always(op, problems);
        }
        check_turn(view, op, problems);
        if !check_extent(view, op, problems) && !check_crop(view, op, problems) {
            check_strength(view, op, problems);
        }
        check_margin(view, op, problems);
    }
}

fn option_span(op: &Op, option: &str) -> Span {
    op.value.span_of(option).unwrap_or(op.span)
}

/// What operations do with values: what they need of a picture.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// Nothing: they move pixels.
    Nothing,
    /// Values in 0..=255.
    Range,
    /// That, and colours.
    Colours,
}

fn needs(kind: AugmentKind) -> Needs {
    match kind {
        AugmentKind::Brightness { .. }
        | AugmentKind::Contrast { .. }
        | AugmentKind::ChannelShift { .. }
        | AugmentKind::Invert
        | AugmentKind::Noise { .. } => Needs::Range,
        AugmentKind::Saturation { .. } | AugmentKind::Hue { .. } | AugmentKind::Grayscale => Needs::Colours,
        AugmentKind::FlipHorizontal
        | AugmentKind::FlipVertical
        | AugmentKind::Rotation { .. }
        | AugmentKind::Shift { .. }
        | AugmentKind::Shear { .. }
        | AugmentKind::Zoom { .. }
        | AugmentKind::Crop { .. }
        | AugmentKind::ResizedCrop { .. }
        | AugmentKind::Blur { .. }
        | AugmentKind::Cutout { .. }
        | AugmentKind::SkewCorner { .. }
        | AugmentKind::Skew { .. }
        | AugmentKind::Elastic { .. }
        | AugmentKind::RandomDistortion { .. }
        | AugmentKind::Mixup { .. }
        | AugmentKind::Cutmix { .. } => Needs::Nothing,
    }
}

/// E0406: once for all operations that need another range; and for each that needs colours where there are
/// none.
fn check_range(view: &View<'_>, ops: &[&Op], problems: &mut Problems) {
    let Some((low, high)) = view.arranged_range() else { return };
    let bytes = low >= 0.0 && (100.0..=255.0).contains(&high) && high > 100.0;
    let mut wrong = ops.iter().filter(|op| needs(op.value.kind) != Needs::Nothing);
    if !bytes {
        let Some(first) = wrong.next() else { return };
        let problem = Diagnostic::new(Code::E0406)
            .arg("op", first.value.kind.keyword())
            .arg("low", low)
            .arg("high", high)
            .at(first.span, "here");
        let problem = wrong.fold(problem, |problem, op| problem.also(op.span, "too"));
        let color = view.program.prepare.color.as_ref().filter(|color| color.value == Color::LabL);
        problems.push(match (color, &view.program.data) {
            (Some(color), _) => problem.also(color.span, "made").help("lab"),
            (None, Some(data)) => problem.also(data.source.span, "data").help("bytes"),
            (None, None) => problem.help("bytes"),
        });
        return;
    }
    let Some((_, _, 1)) = view.shapes.first().and_then(|shape| shape.as_ref()?.as_image()) else { return };
    for op in wrong.filter(|op| needs(op.value.kind) == Needs::Colours) {
        let problem = Diagnostic::new(Code::E0406)
            .saying("grey")
            .arg("op", op.value.kind.keyword())
            .at(op.span, "no-colours")
            .also(view.program.model.layers[0].span, "input");
        problems.push(problem.help("remove").fix(op.span, ""));
    }
}

/// W0408 where both flips happen to every picture: says whether it is so.
fn check_half_turn(ops: &[&Op], problems: &mut Problems) -> bool {
    let always =
        |kind: AugmentKind| ops.iter().find(|op| op.value.kind == kind && op.value.probability >= 1.0);
    let (horizontal, vertical) = (always(AugmentKind::FlipHorizontal), always(AugmentKind::FlipVertical));
    let (Some(horizontal), Some(vertical)) = (horizontal, vertical) else { return false };
    let (first, second) = if horizontal.span.start < vertical.span.start {
        (horizontal, vertical)
    } else {
        (vertical, horizontal)
    };
    let problem = Diagnostic::new(Code::W0408)
        .saying("half-turn")
        .at(option_span(second, "p"), "always")
        .also(option_span(first, "p"), "always")
        .help("flip-help");
    problems.push(problem);
    true
}

/// W0408 of one operation that was meant to happen sometimes.
fn check_always(op: &Op, problems: &mut Problems) {
    let kind = op.value.kind;
    let (sentence, help) = if matches!(kind, AugmentKind::FlipHorizontal | AugmentKind::FlipVertical) {
        ("say", "flip-help")
    } else if kind == AugmentKind::Grayscale {
        ("grey", "grey-help")
    } else if kind == AugmentKind::Invert {
        ("say", "p-help")
    } else {
        return;
    };
    if op.value.probability < 1.0 {
        return;
    }
    let what = op.value.kind.to_string();
    let problem = Diagnostic::new(Code::W0408)
        .saying(sentence)
        .arg("op", what)
        .at(option_span(op, "p"), "always")
        .help(help);
    problems.push(match op.value.span_of("p") {
        Some(span) => problem.fix(span, "50%"),
        None => problem,
    });
}

/// W0402 and W0404: says whether there was one.
fn check_flip(view: &View<'_>, op: &Op, problems: &mut Problems) -> bool {
    let vertical = op.value.kind == AugmentKind::FlipVertical;
    if !vertical && op.value.kind != AugmentKind::FlipHorizontal {
        return false;
    }
    let (Some(card), Some(data)) = (view.card, &view.program.data) else { return false };
    let at = |code: Code| {
        Diagnostic::new(code).arg("data", &card.name).at(op.span, "here").also(data.source.span, "data")
    };
    if vertical && card.upright {
        problems.push(at(Code::W0404).help("remove").help("upright").fix(op.span, ""));
        return true;
    }
    // with `mirror:` labels are mirrored too
    if !card.mirror_changes_class || (!vertical && data.mirror.is_some()) {
        return false;
    }
    let pairs: Vec<&[String; 2]> = card.mirror_pairs.iter().filter(|[left, right]| left != right).collect();
    if pairs.is_empty() || vertical {
        problems.push(at(Code::W0402).help("remove").fix(op.span, ""));
        return true;
    }
    let shown: Vec<String> = pairs.iter().map(|[left, right]| format!("`{left}` and `{right}`")).collect();
    let problem =
        at(Code::W0402).saying("pairs").arg("pairs", shown.join(", ")).arg("mirror", card.mirror_text());
    let (end, map) = (data.source.span.end, card.mirror_text());
    problems.push(problem.help("mirror").fix(Span::new(end, end), format!("; mirror: {map}")));
    true
}

/// W0403.
fn check_turn(view: &View<'_>, op: &Op, problems: &mut Problems) {
    let AugmentKind::Rotation { degrees } = op.value.kind else { return };
    let Some(card) = view.card.filter(|card| degrees >= TURNED && !card.turn_pairs.is_empty()) else {
        return;
    };
    let alike: Vec<String> =
        card.turn_pairs.iter().map(|pair| list(pair.iter().map(String::as_str))).collect();
    let span = option_span(op, "angle");
    let problem = Diagnostic::new(Code::W0403)
        .arg("degrees", degrees)
        .arg("data", &card.name)
        .arg("pairs", alike.join(", "))
        .at(span, "here")
        .help("help");
    problems.push(if span == op.span { problem } else { problem.fix(span, "15deg") });
}

/// Height and width of the pictures that are augmented; the largest, where they keep their sizes.
fn picture_size(view: &View<'_>) -> Option<[usize; 2]> {
    let (height, width, _) = view.shapes.first()?.as_ref()?.as_image()?;
    if view.open.is_none() || view.program.prepare.resize.is_some() {
        return Some([height, width]);
    }
    match view.card?.size {
        PictureSize::Same(size) | PictureSize::Varies { max: size, .. } => Some(size),
    }
}

/// E0407 where what an operation reaches over is larger than the picture: says whether there was one. Such a
/// step takes seconds a picture, and leaves nothing of it.
fn check_extent(view: &View<'_>, op: &Op, problems: &mut Problems) -> bool {
    let Some(size @ [height, width]) = picture_size(view) else { return false };
    let side = height.max(width);
    let beyond_side = |value: f32| (value > side as f32).then(|| (value.to_string(), side.to_string()));
    #[expect(clippy::wildcard_enum_match_arm, reason = "strengths that are shares or angles have no extent")]
    let found = match op.value.kind {
        AugmentKind::Blur { sigma } | AugmentKind::Elastic { sigma, .. } => {
            beyond_side(sigma).map(|found| ("sigma", found))
        }
        AugmentKind::Crop { pad, .. } => beyond_side(pad as f32).map(|found| ("pad", found)),
        AugmentKind::Cutout { size: [rows, columns], holes, .. } => {
            let most = (COVERED_TIMES * height * width / (rows.min(height) * columns.min(width))).max(1);
            (holes > most).then(|| ("holes", (holes.to_string(), most.to_string())))
        }
        AugmentKind::RandomDistortion { grid, .. } => (grid[0] > height || grid[1] > width)
            .then(|| ("grid", (format!("{}x{}", grid[0], grid[1]), format!("{height}x{width}")))),
        _ => None,
    };
    let Some((option, (value, most))) = found else { return false };
    let span = option_span(op, option);
    let problem = Diagnostic::new(Code::E0407)
        .saying("beyond")
        .arg("op", op.value.kind.keyword())
        .arg("option", option)
        .arg("value", value)
        .arg("picture", format!("{}x{}", size[0], size[1]))
        .arg("most", &most)
        .at(span, "beyond-here")
        .help("beyond-help");
    problems.push(if span == op.span { problem } else { problem.fix(span, most) });
    true
}

/// E0407: says whether there was one.
fn check_crop(view: &View<'_>, op: &Op, problems: &mut Problems) -> bool {
    let AugmentKind::Crop { size: [rows, columns], pad } = op.value.kind else { return false };
    let Some((height, width, _)) = view.shapes.first().and_then(|shape| shape.as_ref()?.as_image()) else {
        return false;
    };
    if rows <= height + 2 * pad && columns <= width + 2 * pad {
        return false;
    }
    let problem = Diagnostic::new(Code::E0407)
        .saying(if pad == 0 { "say" } else { "padded" })
        .arg("crop", format!("{rows}x{columns}"))
        .arg("picture", format!("{height}x{width}"))
        .arg("padded", format!("{}x{}", height + 2 * pad, width + 2 * pad))
        .at(option_span(op, "size"), "here");
    let problem = match &view.program.prepare.resize {
        Some(resize) => problem.also(resize.span, "made"),
        None => problem.also(view.program.model.layers[0].span, "made"),
    };
    problems.push(problem.help("help"));
    true
}

/// W0409: what leaves nothing to see. It is long because each operation has an arm, also those that
/// never hide a picture: so the compiler finds the operation that nobody judges.
fn check_strength(view: &View<'_>, op: &Op, problems: &mut Problems) {
    let size = view
        .shapes
        .first()
        .and_then(|shape| shape.as_ref()?.as_image())
        .map(|(height, width, _)| [height, width]);
    let percent = |share: f32| format!("{}%", (share * 100.0).round());
    // the sentence, what it mentions, the option, and the largest value that is not reported
    let found: Option<(&'static str, [String; 2], &'static str, String)> = match op.value.kind {
        AugmentKind::Contrast { amount } if amount >= ERASES => {
            Some(("say", [percent(amount), percent((1.0 - amount).max(0.0))], "amount", "40%".to_owned()))
        }
        AugmentKind::Brightness { amount } | AugmentKind::ChannelShift { amount } if amount >= ERASES => {
            Some(("bright", [percent(amount), String::new()], "amount", "30%".to_owned()))
        }
        AugmentKind::Zoom { amount } if amount >= ERASES => {
            Some(("zoom", [percent(amount), format!("{:.2}", 1.0 - amount)], "amount", "30%".to_owned()))
        }
        AugmentKind::Noise { deviation } if deviation >= HIDES => {
            Some(("noise", [percent(deviation), String::new()], "deviation", "10%".to_owned()))
        }
        AugmentKind::Shift { width, height } if width.max(height) >= LEAVES => {
            let option = if width >= height { "width" } else { "height" };
            Some(("shift", [percent(width.max(height)), String::new()], option, "20%".to_owned()))
        }
        AugmentKind::Cutout { size: [rows, columns], holes, .. } => size.and_then(|[height, width]| {
            let area = (rows.min(height) * columns.min(width) * holes) as f32 / (height * width) as f32;
            let half = format!("{}x{}", (height / 2).max(1), (width / 2).max(1));
            (area >= COVERED)
                .then(|| ("cutout", [percent(area.min(1.0)), format!("{height}x{width}")], "size", half))
        }),
        AugmentKind::Blur { sigma } => size.and_then(|[height, width]| {
            let most = BLURRED * height.min(width) as f32;
            let picture = format!("{height}x{width}");
            (sigma > most)
                .then(|| ("blur", [sigma.to_string(), picture], "sigma", format!("{:.1}", most / 2.0)))
        }),
        AugmentKind::RandomDistortion { grid, magnitude } => size.and_then(|[height, width]| {
            let cell = [height as f32 / grid[0] as f32, width as f32 / grid[1] as f32];
            // corners that move more than half a cell pass each other
            let most = cell[0].min(cell[1]) / 2.0;
            let shown = format!("{:.0}x{:.0}", cell[0], cell[1]);
            let safe = format!("{}", (most / 2.0).floor().max(1.0));
            (magnitude > most).then(|| ("distortion", [magnitude.to_string(), shown], "magnitude", safe))
        }),
        AugmentKind::Elastic { alpha, sigma } => {
            // The field's deviation is α / (√3 · 2σ√π), its slope's √2σ below that; from a slope of 1 on the
            // picture folds over itself.
            let most =
                3.0_f32.sqrt() * 2.0 * std::f32::consts::PI.sqrt() * std::f32::consts::SQRT_2 * sigma * sigma;
            let safe = format!("{:.0}", (most / 4.0).max(1.0));
            (alpha > most).then(|| ("elastic", [alpha.to_string(), sigma.to_string()], "alpha", safe))
        }
        // weaker ones, and those that always leave something to see
        AugmentKind::FlipHorizontal
        | AugmentKind::FlipVertical
        | AugmentKind::Rotation { .. }
        | AugmentKind::Shift { .. }
        | AugmentKind::Shear { .. }
        | AugmentKind::Zoom { .. }
        | AugmentKind::Crop { .. }
        | AugmentKind::ResizedCrop { .. }
        | AugmentKind::Brightness { .. }
        | AugmentKind::Contrast { .. }
        | AugmentKind::Saturation { .. }
        | AugmentKind::Hue { .. }
        | AugmentKind::ChannelShift { .. }
        | AugmentKind::Grayscale
        | AugmentKind::Invert
        | AugmentKind::Noise { .. }
        | AugmentKind::SkewCorner { .. }
        | AugmentKind::Skew { .. }
        | AugmentKind::Mixup { .. }
        | AugmentKind::Cutmix { .. } => None,
    };
    let Some((sentence, [value, of], option, safe)) = found else { return };
    let span = option_span(op, option);
    let problem = Diagnostic::new(Code::W0409)
        .saying(sentence)
        .arg("op", op.value.kind.keyword())
        .arg("value", value)
        .arg("of", of)
        .arg("safe", &safe)
        .at(span, "here")
        .help("safe")
        .help("look");
    problems.push(if span == op.span { problem } else { problem.fix(span, safe) });
}

/// W0410: a hint.
fn check_margin(view: &View<'_>, op: &Op, problems: &mut Problems) {
    let AugmentKind::Shift { width, height } = op.value.kind else { return };
    let Some(margins) = view.card.and_then(|card| card.pass.as_ref()?.margins) else { return };
    let percent = |share: f32| format!("{}%", (share * 100.0).floor());
    for (axis, (shift, option)) in [(width, "width"), (height, "height")].into_iter().enumerate() {
        let margin = margins[axis];
        if shift > margin && shift < LEAVES {
            let problem = Diagnostic::new(Code::W0410)
                .arg("shift", percent(shift))
                .arg("axis", option)
                .arg("margin", percent(margin))
                .at(option_span(op, option), "here")
                .help("help");
            problems.push(problem);
        }
    }
}

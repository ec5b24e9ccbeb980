//! The answers of an ensemble's members as one.

use super::super::attribute::{int, number};
use super::super::proto::DataType;
use super::super::writer::LayerWriter;
use super::Site;
use super::join;
use crate::layers::{Join, Together};
use crate::tensor::Turn;

/// `Mul`, `Add`; or for a vote `ArgMax` and `OneHot`, or `Greater`, of each member, then `Add` and `Div`.
pub(super) fn together(layer: Together, site: Site<'_>, w: &mut LayerWriter<'_, '_>) -> String {
    let vote: fn(&str, usize, &mut LayerWriter<'_, '_>) -> String = match layer {
        Together::Weight(_) => {
            let weight = w.parameter("weight", Turn::Same).unwrap_or_default();
            return w.node("Mul", &[&site.x().name, &weight], Vec::new());
        }
        Together::WeightedSum => return join::join(Join::Add, site, w),
        Together::VoteForClass => for_class,
        Together::VoteForEach => for_each,
    };
    let classes = site.output.channels();
    let mut sum = String::new();
    for operand in site.inputs {
        let answer = w.in_own_order(operand);
        let vote = vote(&answer, classes, w);
        sum = if sum.is_empty() { vote } else { w.node("Add", &[&sum, &vote], Vec::new()) };
    }
    let members = w.float("members", site.inputs.len() as f32);
    w.node("Div", &[&sum, &members], Vec::new())
}

/// 1 for the likeliest class, the first of several, and 0 for all others.
fn for_class(answer: &str, classes: usize, w: &mut LayerWriter<'_, '_>) -> String {
    let likeliest = w.node("ArgMax", &[answer], vec![int("axis", 1), int("keepdims", 0)]);
    let (depth, values) = (w.ints("classes", vec![number(classes)]), w.floats("votes", &[2], vec![0.0, 1.0]));
    w.node("OneHot", &[&likeliest, &depth, &values], vec![int("axis", 1)])
}

/// 1 for each class of which the answer says yes, and 0 for all others.
fn for_each(answer: &str, _classes: usize, w: &mut LayerWriter<'_, '_>) -> String {
    let half = w.float("yes", 0.5);
    let says_yes = w.node("Greater", &[answer, &half], Vec::new());
    w.cast(&says_yes, DataType::Float)
}

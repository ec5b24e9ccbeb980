//! Whether a model is as sure as it is right, as a picture.

use super::axes::{Axes, Scale};
use crate::assess::{BINS, Calibration};
use crate::draw::colors::{Color, of_class};
use crate::draw::scene::{Area, Group, Point, Rect, Scene, Stroke, Text};

/// The field, in pixels.
const SIDE: f64 = 320.0;
/// Height of the bars that tell how many pictures there are, in pixels.
const COUNTS: f64 = 80.0;
const LEFT: f64 = 60.0;
const TOP: f64 = 60.0;

/// The reliability diagram: for answers that are about equally sure the share that is right, beside the
/// diagonal on which both are the same; below it how many there are. Source: Guo et al., arXiv:1706.04599.
pub fn reliability(found: &Calibration, split: &str) -> Scene {
    let title = format!("{split}: expected calibration error {:.4}", found.error);
    let mut scene = Scene::new(title.clone(), LEFT + SIDE + 30.0, TOP + SIDE + 60.0 + COUNTS + 50.0);
    scene.push(Text::new(Point::new(20.0, 28.0), title, 15.0).bold());
    let unit = Scale::linear(0.0, 1.0);
    let axes = Axes { area: Area::new(LEFT, TOP, SIDE, SIDE), x: unit, y: unit };
    let mut group = Group::default();
    axes.draw("share of right answers", "probability of the answer", &mut group);
    let all: u64 = found.bins.iter().map(|bin| bin.pictures).sum();
    let most = found.bins.iter().map(|bin| bin.pictures).max().unwrap_or(0).max(1);
    let below = Area::new(LEFT, TOP + SIDE + 60.0, SIDE, COUNTS);
    let counts = Axes { area: below, x: unit, y: Scale::linear(0.0, most as f64 * 1.05) };
    counts.draw("pictures", "probability of the answer", &mut group);
    for (at, bin) in found.bins.iter().enumerate().filter(|(_, bin)| bin.pictures > 0) {
        let [from, to] = [at, at + 1].map(|edge| edge as f64 / BINS as f64);
        let mut bar = Group {
            tooltip: Some(format!(
                "{} of {all} pictures: sure to {:.1}%, right to {:.1}%",
                bin.pictures,
                bin.confidence * 100.0,
                bin.accuracy * 100.0
            )),
            ..Group::default()
        };
        for (axes, value) in [(&axes, bin.accuracy), (&counts, bin.pictures as f64)] {
            let (high, low) = (axes.at(from, value), axes.at(to, axes.y.low));
            let area = Area::new(high.x + 1.0, high.y, low.x - high.x - 2.0, low.y - high.y);
            bar.push(Rect { area, fill: Some(of_class(0)), stroke: None });
        }
        group.push(bar);
    }
    axes.line(&[(0.0, 0.0), (1.0, 1.0)], Stroke::dashed(Color::FAINT, 1.5), &mut group);
    scene.push(group);
    scene
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bin_says_what_is_in_it() {
        let found = Calibration::of([(0.9, true), (0.9, false), (0.3, true)].into_iter());
        let text = reliability(&found, "test").to_svg();
        assert!(text.contains("2 of 3 pictures: sure to 90.0%, right to 50.0%"), "{text}");
    }
}

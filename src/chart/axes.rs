//! A field with two axes, in which lines are drawn.

use super::ticks::{label, powers, ticks};
use crate::draw::colors::Color;
use crate::draw::scene::{Anchor, Area, Group, Point, Polyline, Rect, Stroke, Text};

/// Letters at the axes, in pixels.
const LABEL: f64 = 11.0;
/// Letters of a heading, in pixels.
const HEADING: f64 = 13.0;
/// A label takes so much height or width of an axis, in pixels.
const ROOM: f64 = 48.0;

/// From where to where an axis goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    pub(super) low: f64,
    pub(super) high: f64,
    /// By orders of magnitude; both ends are positive.
    pub(super) is_logarithmic: bool,
}

impl Scale {
    /// From one value to another.
    pub(super) fn linear(low: f64, high: f64) -> Self {
        // of a single value something is to be seen, too
        let pad = match (high > low, low == 0.0) {
            (true, _) => 0.0,
            (false, true) => 1.0,
            (false, false) => low.abs() * 0.5,
        };
        Self { low: low - pad, high: high + pad, is_logarithmic: false }
    }

    /// Over all finite values, with some room at the ends; by orders of magnitude where they span more than
    /// one and a half. `None` without any.
    pub(super) fn over(values: impl Iterator<Item = f64> + Clone) -> Option<Self> {
        let finite = values.filter(|value| value.is_finite());
        let low = finite.clone().fold(f64::INFINITY, f64::min);
        let high = finite.fold(f64::NEG_INFINITY, f64::max);
        if low > high {
            return None;
        }
        if low > 0.0 && high / low > 30.0 {
            return Some(Self { low: low / 1.2, high: high * 1.2, is_logarithmic: true });
        }
        let pad = (high - low) * 0.05;
        Some(Self::linear(low - pad, high + pad))
    }

    /// 0 at the low end, 1 at the high one.
    fn share(self, value: f64) -> f64 {
        let of = |value: f64| if self.is_logarithmic { value.ln() } else { value };
        (of(value) - of(self.low)) / (of(self.high) - of(self.low))
    }

    fn ticks(self, most: usize) -> Vec<f64> {
        if self.is_logarithmic { powers(self.low, self.high) } else { ticks(self.low, self.high, most) }
    }
}

/// A field with two axes.
#[derive(Debug, Clone)]
pub(super) struct Axes {
    pub(super) area: Area,
    pub(super) x: Scale,
    pub(super) y: Scale,
}

impl Axes {
    /// Where values are.
    pub(super) fn at(&self, x: f64, y: f64) -> Point {
        let Area { x: left, y: top, width, height } = self.area;
        Point::new(left + self.x.share(x) * width, top + (1.0 - self.y.share(y)) * height)
    }

    /// Frame, grid and labels, with a heading above and what the horizontal axis is below.
    pub(super) fn draw(&self, heading: &str, below: &str, group: &mut Group) {
        let Area { x: left, y: top, width, height } = self.area;
        let rule = Stroke::solid(Color::RULE, 1.0);
        for value in self.y.ticks((height / ROOM * 1.5) as usize) {
            let at = self.at(self.x.low, value);
            group.push(Polyline::line(at, Point::new(left + width, at.y), rule));
            let text = Text::new(Point::new(left - 6.0, at.y + 4.0), label(value), LABEL);
            group.push(text.anchored(Anchor::End).colored(Color::FAINT));
        }
        for value in self.x.ticks((width / ROOM) as usize) {
            let at = self.at(value, self.y.low);
            group.push(Polyline::line(at, Point::new(at.x, at.y + 4.0), rule));
            let text = Text::new(Point::new(at.x, top + height + 16.0), label(value), LABEL);
            group.push(text.anchored(Anchor::Middle).colored(Color::FAINT));
        }
        group.push(Rect { area: self.area, fill: None, stroke: Some(rule) });
        group.push(Text::new(Point::new(left, top - 8.0), heading, HEADING).bold());
        let foot = Point::new(left + width / 2.0, top + height + 32.0);
        group.push(Text::new(foot, below, LABEL).anchored(Anchor::Middle).colored(Color::FAINT));
    }

    /// A line through values; where one is no number it is interrupted.
    pub(super) fn line(&self, values: &[(f64, f64)], stroke: Stroke, group: &mut Group) {
        let is_finite =
            |(x, y): &(f64, f64)| x.is_finite() && y.is_finite() && (!self.y.is_logarithmic || *y > 0.0);
        for part in values.chunk_by(|a, b| is_finite(a) && is_finite(b)) {
            let mut points: Vec<Point> =
                part.iter().filter(|value| is_finite(value)).map(|&(x, y)| self.at(x, y)).collect();
            if let [only] = points[..] {
                // one epoch is a line as well
                points = vec![Point::new(only.x - 2.0, only.y), Point::new(only.x + 2.0, only.y)];
            }
            if !points.is_empty() {
                group.push(Polyline { points, stroke, opacity: 1.0 });
            }
        }
    }
}

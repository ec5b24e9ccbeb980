//! Points in the colours of their classes.

use super::Embedding;
use crate::draw::colors::{Color, of_class};
use crate::draw::scene::{Area, Disc, Group, Point, Rect, Scene, Stroke, Text, Weight, fitted};
use crate::draw::tiles::{MARGIN, SUBTITLE, heading};
use crate::vocabulary::Projection;

/// The picture's width, and its height at most and at least, in pixels.
const SIDE: f64 = 560.0;
const LEAST_HEIGHT: f64 = 240.0;
/// Between the outermost points and the frame, in pixels.
const INSET: f64 = 14.0;
/// A column of the legend, in pixels.
const COLUMN: f64 = 150.0;
const LINE: f64 = 17.0;

/// The points, with the names of the classes beside them.
pub fn embedding_sheet(found: &Embedding) -> Scene {
    let classes = present(found);
    let frame = Frame::of(found);
    let lines = (frame.height / LINE).floor() as usize;
    let columns = classes.len().div_ceil(lines).max(1);
    let width = SIDE + 3.0 * MARGIN + columns as f64 * COLUMN;
    let mut scene = Scene::new("embedding", width, 0.0);
    let Embedding { projection, layer: (layer, size), split: (split, all), places, .. } = found;
    let (name, said) = match projection {
        Projection::Tsne => (
            "t-SNE",
            "what the model holds to be alike lies near each other; distances between clouds say little",
        ),
        Projection::Pca => ("PCA", "the two directions in which the pictures lie furthest apart"),
    };
    let of = if places.nrows() == *all { String::new() } else { format!(" of {all}") };
    let title = format!(
        "{name} of {} ({size} numbers), {}{of} pictures of the {} split",
        layer,
        places.nrows(),
        split.name()
    );
    let top = heading(&mut scene, MARGIN, &title, &[said.to_owned()]);
    scene.height = top + frame.height + MARGIN;
    let mut group = Group::at(Point::new(MARGIN, top));
    let area = Area::new(0.0, 0.0, SIDE, frame.height);
    group.push(Rect { area, fill: None, stroke: Some(Stroke::solid(Color::RULE, 1.0)) });
    push_points(&mut group, found, &frame);
    scene.push(group);
    for (at, class) in classes.iter().enumerate() {
        let (column, line) = ((at / lines) as f64, (at % lines) as f64);
        let corner = Point::new(2.0 * MARGIN + SIDE + column * COLUMN, top + line * LINE);
        scene.push(Disc {
            at: Point::new(corner.x + 5.0, corner.y + 8.0),
            radius: 5.0,
            fill: of_class(*class),
            opacity: 1.0,
        });
        let name = found.classes.get(*class).cloned().unwrap_or_else(|| class.to_string());
        let name = fitted(&name, SUBTITLE, Weight::Regular, COLUMN - 22.0);
        scene.push(Text::new(Point::new(corner.x + 16.0, corner.y + 12.0), name, SUBTITLE).name());
    }
    scene
}

/// The classes that points have.
fn present(found: &Embedding) -> Vec<usize> {
    let mut classes: Vec<usize> =
        found.labels.iter().filter_map(|&label| usize::try_from(label).ok()).collect();
    classes.sort_unstable();
    classes.dedup();
    classes
}

/// Where points lie in the picture.
struct Frame {
    /// The least and the greatest place along each axis.
    ranges: [(f64, f64); 2],
    /// Pixels for a step of 1: one scale for both axes, since distances are compared.
    scale: f64,
    /// In pixels.
    height: f64,
}

impl Frame {
    fn of(found: &Embedding) -> Self {
        let wider = |(low, high): (f64, f64), place: &f64| (low.min(*place), high.max(*place));
        let range =
            |axis: usize| found.places.column(axis).iter().fold((f64::INFINITY, f64::NEG_INFINITY), wider);
        let ranges = [range(0), range(1)];
        let [across, upward] = ranges.map(|(low, high)| (high - low).max(f64::MIN_POSITIVE));
        let scale = (SIDE - 2.0 * INSET) / across.max(upward);
        let height = (upward * scale + 2.0 * INSET).max(LEAST_HEIGHT);
        Frame { ranges, scale, height }
    }

    fn place(&self, place: ndarray::ArrayView1<'_, f64>) -> Point {
        let from_middle = |axis: usize| {
            let (low, high) = self.ranges[axis];
            (place[axis] - f64::midpoint(low, high)) * self.scale
        };
        // the second axis grows upward
        Point::new(SIDE / 2.0 + from_middle(0), self.height / 2.0 - from_middle(1))
    }
}

fn push_points(group: &mut Group, found: &Embedding, frame: &Frame) {
    for (place, label) in found.places.rows().into_iter().zip(&found.labels) {
        let fill = usize::try_from(*label).map_or(Color::FAINT, of_class);
        group.push(Disc { at: frame.place(place), radius: 3.0, fill, opacity: 0.75 });
    }
}

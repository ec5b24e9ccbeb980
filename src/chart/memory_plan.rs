//! Where in memory the tensors of a training step lie, as a picture over time.

use super::axes::{Axes, Scale};
use crate::draw::colors::{Color, of_class};
use crate::draw::scene::{Area, Group, Point, Rect, Scene, Stroke, Text};

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 380.0;
const LEFT: f64 = 60.0;
const TOP: f64 = 60.0;
/// What is lower is not drawn by itself, in pixels.
const LEAST: f64 = 0.4;
/// Colours of layers, one after the other.
const COLORS: usize = 7;

/// A buffer.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// What is said of it.
    pub name: String,
    /// Blocks of one layer have one colour; `None` for what belongs to none.
    pub layer: Option<usize>,
    /// Where it begins, in bytes.
    pub offset: usize,
    /// Its size in bytes.
    pub bytes: usize,
    /// The first part of the step that works with it, and the last; `None`: it stays from step to step.
    pub parts: Option<[usize; 2]>,
}

/// The arena from left to right over the parts of a step, from bottom to top by address.
pub fn memory_plan(title: &str, blocks: &[Block], parts: usize, bytes: usize) -> Scene {
    const MIB: f64 = 1_048_576.0;
    let mut scene = Scene::new(title, LEFT + WIDTH + 20.0, TOP + HEIGHT + 60.0);
    scene.push(Text::new(Point::new(20.0, 28.0), title, 15.0).bold());
    let axes = Axes {
        area: Area::new(LEFT, TOP, WIDTH, HEIGHT),
        x: Scale::linear(0.0, parts.max(1) as f64),
        y: Scale::linear(0.0, bytes.max(1) as f64 / MIB),
    };
    let mut group = Group::default();
    axes.draw("MiB", "parts of a step, one after the other", &mut group);
    for block in blocks {
        let [first, last] = block.parts.unwrap_or([0, parts.saturating_sub(1)]);
        let high = axes.at(first as f64, (block.offset + block.bytes) as f64 / MIB);
        let low = axes.at((last + 1) as f64, block.offset as f64 / MIB);
        if low.y - high.y < LEAST {
            continue;
        }
        let color = match (block.parts, block.layer) {
            (None, _) => Color::RULE,
            (Some(_), Some(layer)) => of_class(layer % COLORS).toward(Color::WHITE, 0.25),
            (Some(_), None) => Color::FAINT,
        };
        let area = Area::new(high.x, high.y, low.x - high.x, low.y - high.y);
        let stroke = Some(Stroke::solid(Color::WHITE, 0.4));
        let mut item = Group { tooltip: Some(block.name.clone()), ..Group::default() };
        item.push(Rect { area, fill: Some(color), stroke });
        group.push(item);
    }
    scene.push(group);
    scene
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_lie_where_they_are() {
        let block = |name: &str, parts, offset| Block {
            name: name.to_owned(),
            layer: Some(0),
            offset,
            bytes: 1 << 20,
            parts,
        };
        let blocks = [block("weights", None, 0), block("map", Some([1, 1]), 1 << 20)];
        let svg = memory_plan("plan", &blocks, 4, 2 << 20).to_svg();
        // the lower half, over the whole width; the upper half, over the second quarter
        assert!(svg.contains("x=\"60\" y=\"250\" width=\"860\" height=\"190\""), "{svg}");
        assert!(svg.contains("x=\"275\" y=\"60\" width=\"215\" height=\"190\""), "{svg}");
    }
}

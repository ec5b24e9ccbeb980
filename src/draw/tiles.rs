//! Small pictures with their names, in rows.

use super::colors::Color;
use super::scene::{
    Anchor, Area, Enlarged, Group, Image, Item, Point, Raster, Rect, Scene, Stroke, Text, Weight, fitted,
    line_height,
};

/// White around everything, in pixels.
pub const MARGIN: f64 = 16.0;
/// Between two tiles, in pixels.
pub const GAP: f64 = 10.0;
/// Letters of a title, in pixels.
pub const TITLE: f64 = 15.0;
/// Letters of what is said below a title, in pixels.
pub const SUBTITLE: f64 = 11.0;
/// Letters below a tile, in pixels.
const CAPTION: f64 = 10.0;

/// How large pictures are shown: their shorter side has at least, their longer one at most so many pixels.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    pub least: usize,
    pub most: usize,
}

impl Sizes {
    /// How large a picture of a size, `[height, width]`, is shown: small ones are enlarged by whole numbers.
    pub fn of(self, [height, width]: [usize; 2]) -> [f64; 2] {
        let (shorter, longer) = (height.min(width).max(1), height.max(width).max(1));
        let times = self.least.div_ceil(shorter).min(self.most / longer);
        let factor = if times >= 1 { times as f64 } else { self.most as f64 / longer as f64 };
        [height, width].map(|side| (side as f64 * factor).round().max(1.0))
    }
}

/// A line below a tile.
#[derive(Debug, Clone, PartialEq)]
pub struct Caption {
    pub text: String,
    pub color: Color,
    pub weight: Weight,
    /// It is the same in every language.
    pub is_name: bool,
}

impl Caption {
    /// What it is.
    pub fn name(text: impl Into<String>) -> Self {
        Caption { text: text.into(), color: Color::INK, weight: Weight::Regular, is_name: true }
    }

    /// What else is known of it.
    pub fn more(text: impl Into<String>) -> Self {
        Caption { text: text.into(), color: Color::FAINT, weight: Weight::Regular, is_name: false }
    }

    /// What is wrong.
    pub fn wrong(text: impl Into<String>) -> Self {
        Caption { text: text.into(), color: Color::WRONG, weight: Weight::Bold, is_name: true }
    }
}

/// A small picture with its name; or several side by side that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct Tile {
    pub rasters: Vec<Raster>,
    /// How large each is shown, `[height, width]`.
    pub shown: [f64; 2],
    pub captions: Vec<Caption>,
}

/// Between two pictures of a tile, in pixels.
const INNER: f64 = 2.0;

impl Tile {
    /// In pixels.
    fn width(&self) -> f64 {
        self.rasters.len() as f64 * (self.shown[1] + INNER) - INNER
    }
}

/// Tiles in rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    pub group: Group,
    pub width: f64,
    pub height: f64,
}

/// Lays tiles out, so many in a row.
pub fn grid(tiles: Vec<Tile>, columns: usize) -> Grid {
    let height = tiles.iter().map(|tile| tile.shown[0]).fold(1.0, f64::max);
    let width = tiles.iter().map(Tile::width).fold(48.0, f64::max);
    let lines = tiles.iter().map(|tile| tile.captions.len()).max().unwrap_or(0);
    let below = lines as f64 * line_height(CAPTION);
    let columns = columns.clamp(1, tiles.len().max(1));
    let rows = tiles.len().div_ceil(columns);
    let mut group = Group::default();
    for (at, tile) in tiles.into_iter().enumerate() {
        let (row, column) = ((at / columns) as f64, (at % columns) as f64);
        let corner = Point::new(column * (width + GAP), row * (height + below + GAP));
        group.push(drawn(tile, corner, width));
    }
    let extent = |count: usize, side: f64| (count as f64 * (side + GAP) - GAP).max(0.0);
    Grid { group, width: extent(columns, width), height: extent(rows, height + below) }
}

/// Columns of about as many tiles as there are rows, of tiles that are as wide as high.
pub fn square(tiles: usize) -> usize {
    (1..).find(|columns| columns * columns >= tiles).unwrap_or(1)
}

fn drawn(tile: Tile, corner: Point, width: f64) -> Item {
    let mut group = Group::at(corner);
    let [high, wide] = tile.shown;
    let mut left = ((width - tile.width()) / 2.0).floor();
    for raster in tile.rasters {
        push_picture(&mut group, raster, Area::new(left, 0.0, wide, high));
        left += wide + INNER;
    }
    let mut foot = high;
    for caption in tile.captions {
        foot += line_height(CAPTION);
        let text = fitted(&caption.text, CAPTION, caption.weight, width + GAP - 2.0);
        if text != caption.text {
            group.tooltip = Some(caption.text);
        }
        let text = Text::new(Point::new(width / 2.0, foot - 2.0), text, CAPTION);
        let text = text.anchored(Anchor::Middle).colored(caption.color);
        group.push(Text { weight: caption.weight, is_name: caption.is_name, ..text });
    }
    group.into()
}

/// A picture with a thin frame. Larger ones than are shown are made smaller smoothly.
pub fn push_picture(group: &mut Group, raster: Raster, area: Area) {
    let is_larger = raster.size[0] as f64 > area.height;
    let enlarged = if is_larger { Enlarged::Smooth } else { Enlarged::Squares };
    group.push(Image { area, raster, enlarged });
    group.push(Rect { area, fill: None, stroke: Some(Stroke::solid(Color::RULE, 0.5)) });
}

/// A title, and what is said below it; returned is where what follows begins.
pub fn heading(scene: &mut Scene, top: f64, title: &str, more: &[String]) -> f64 {
    let room = scene.width - 2.0 * MARGIN;
    let mut foot = top + TITLE;
    let title = fitted(title, TITLE, Weight::Bold, room);
    scene.push(Text::new(Point::new(MARGIN, foot), title, TITLE).bold());
    foot += 4.0;
    for line in more {
        foot += line_height(SUBTITLE);
        let line = fitted(line, SUBTITLE, Weight::Regular, room);
        scene.push(Text::new(Point::new(MARGIN, foot), line, SUBTITLE).colored(Color::FAINT));
    }
    foot + 12.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_pictures_are_enlarged_and_large_ones_fit() {
        let sizes = Sizes { least: 100, most: 300 };
        assert_eq!(sizes.of([8, 8]), [104.0, 104.0]);
        assert_eq!(sizes.of([224, 224]), [224.0, 224.0]);
        assert_eq!(sizes.of([600, 300]), [300.0, 150.0]);
        assert_eq!(sizes.of([8, 280]), [8.0, 280.0], "long ones are not enlarged beyond the most");
        assert_eq!([1, 4, 5, 16, 17].map(square), [1, 2, 3, 4, 5]);
    }
}

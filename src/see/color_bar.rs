//! What colours mean.

use crate::draw::colors::{Color, ColorMap};
use crate::draw::scene::{Area, Enlarged, Group, Image, Item, Point, Raster, Rect, Stroke, Text};

/// Letters beside the bar, in pixels.
const LETTERS: f64 = 11.0;
/// The bar, and room for what stands beside it, in pixels.
pub(super) const BAR: f64 = 12.0;
/// Room for what stands beside the bar, in pixels.
pub(super) const BESIDE: f64 = 40.0;

/// A bar of all colours, the greatest value above, with what stands at its top, middle and bottom.
pub(super) fn color_bar(
    colors: ColorMap,
    corner: Point,
    height: f64,
    [top, middle, bottom]: [&str; 3],
) -> Item {
    let mut group = Group::at(corner);
    let steps = (0_u8..=255).rev().map(|step| f32::from(step) / 255.0);
    let area = Area::new(0.0, 0.0, BAR, height);
    let raster = Raster::of_map([256, 1], steps, colors);
    group.push(Image { area, raster, enlarged: Enlarged::Smooth });
    group.push(Rect { area, fill: None, stroke: Some(Stroke::solid(Color::RULE, 0.5)) });
    for (share, text) in [(0.0, top), (0.5, middle), (1.0, bottom)] {
        let foot = (share * height + LETTERS * 0.36).clamp(LETTERS * 0.8, height);
        group.push(Text::new(Point::new(BAR + 4.0, foot), text, LETTERS).colored(Color::FAINT));
    }
    group.into()
}

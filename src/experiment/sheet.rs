//! Pictures of a data set on a sheet, each with its class below.

use crate::data::AugmentedPicture;
use crate::draw::scene::{Group, Point, Raster, Scene, rgb_of};
use crate::draw::tiles::{Caption, MARGIN, Sizes, Tile, grid, heading, square};

/// Of varied pictures, which are looked at one by one.
const VARIED: Sizes = Sizes { least: 96, most: 480 };
/// Least width of the whole, so that sentences find room.
pub(crate) const LEAST_WIDTH: f64 = 420.0;

/// Varied pictures in rows, each with its class below.
pub(crate) fn varied_sheet(title: &str, pictures: &[AugmentedPicture], classes: &[String]) -> Scene {
    let range = range_of(pictures.iter().flat_map(|picture| picture.values.iter().copied()));
    let tile = |picture: &AugmentedPicture| Tile {
        rasters: vec![raster(picture, range)],
        shown: VARIED.of([picture.size[0], picture.size[1]]),
        captions: class_name(classes, picture).map(Caption::name).into_iter().collect(),
    };
    sheet(title, &[], pictures.iter().map(tile).collect(), square(pictures.len()))
}

/// Tiles in so many columns below a title.
pub(crate) fn sheet(title: &str, more: &[String], tiles: Vec<Tile>, columns: usize) -> Scene {
    let grid = grid(tiles, columns);
    let mut scene = Scene::new(title, (grid.width + 2.0 * MARGIN).max(LEAST_WIDTH), 0.0);
    let top = heading(&mut scene, MARGIN, title, more);
    scene.height = top + grid.height + MARGIN;
    scene.push(Group { offset: Point::new(MARGIN, top), ..grid.group });
    scene
}

/// The name of a picture's class; `None` where labels are no classes.
pub(crate) fn class_name(classes: &[String], picture: &AugmentedPicture) -> Option<String> {
    usize::try_from(picture.label).ok().and_then(|label| classes.get(label)).cloned()
}

/// The pixels of a picture, whose least and greatest values are black and white.
pub(crate) fn raster(picture: &AugmentedPicture, range: (f32, f32)) -> Raster {
    let [height, width, channels] = picture.size;
    Raster::of_rgb([height, width], &rgb_of(picture.values.iter().copied(), channels, byte_range(range)))
}

/// The least of some values and the greatest.
pub(crate) fn range_of(values: impl Iterator<Item = f32>) -> (f32, f32) {
    values.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
}

/// What is black and what white: bytes are shown as they are, other values from the least to the greatest.
pub(crate) fn byte_range((least, greatest): (f32, f32)) -> (f32, f32) {
    if least >= 0.0 && greatest <= 255.0 && greatest > 100.0 { (0.0, 255.0) } else { (least, greatest) }
}

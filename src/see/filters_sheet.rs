//! Kernels, and pictures that excite channels, in rows.

use super::excite::Exciting;
use super::filters::{Filters, Kernel, Shown};
use super::maps_sheet::short;
use crate::draw::colors::ColorMap;
use crate::draw::scene::{Group, Point, Raster, Scene, rgb_of};
use crate::draw::tiles::{Caption, MARGIN, Sizes, Tile, grid, heading, square};

const KERNEL: Sizes = Sizes { least: 60, most: 120 };
const PICTURE: Sizes = Sizes { least: 100, most: 180 };
/// Least width of the whole, so that sentences find room.
const LEAST_WIDTH: f64 = 480.0;

/// The filters in rows, each with its number.
pub fn filters_sheet(found: &Filters, colors: ColorMap) -> Scene {
    let Filters { layer, channels, shown } = found;
    let (tiles, said): (Vec<Tile>, &str) = match shown {
        Shown::Kernels(kernels) => (
            kernels.iter().enumerate().map(|(at, kernel)| of_kernel(at, kernel, colors)).collect(),
            "its kernels, each from its least to its greatest value",
        ),
        Shown::Pictures(pictures) => (
            pictures.iter().enumerate().map(|(at, picture)| of_picture(at, picture)).collect(),
            "for each channel a picture that excites it, found by gradient ascent, and its mean for it",
        ),
    };
    let title = match tiles.len() {
        count if count == *channels => format!("{layer}: {channels} channels"),
        count => format!("{layer}: channels 0 to {} of {channels}", count.saturating_sub(1)),
    };
    let columns = square(tiles.len()).max(tiles.len().min(4));
    let grid = grid(tiles, columns);
    let mut scene = Scene::new(title.clone(), (grid.width + 2.0 * MARGIN).max(LEAST_WIDTH), 0.0);
    let top = heading(&mut scene, MARGIN, &title, &[said.to_owned()]);
    scene.height = top + grid.height + MARGIN;
    scene.push(Group { offset: Point::new(MARGIN, top), ..grid.group });
    scene
}

fn of_kernel(at: usize, kernel: &Kernel, colors: ColorMap) -> Tile {
    let [height, width, depth] = kernel.size;
    let least = kernel.values.iter().copied().fold(f32::INFINITY, f32::min);
    let greatest = kernel.values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let range = (greatest - least).max(f32::MIN_POSITIVE);
    let values = kernel.values.iter().map(|value| (value - least) / range);
    let raster = match depth {
        1 => Raster::of_map([height, width], values, colors),
        _ => Raster::of_rgb([height, width], &rgb_of(values, depth, (0.0, 1.0))),
    };
    let captions = vec![
        Caption::name(at.to_string()),
        Caption::more(format!("{} to {}", short(least), short(greatest))),
    ];
    Tile { rasters: vec![raster], shown: KERNEL.of([height, width]), captions }
}

fn of_picture(at: usize, picture: &Exciting) -> Tile {
    let [height, width, depth] = picture.size;
    let rgb = rgb_of(picture.values.iter().copied(), depth, (0.0, 1.0));
    let found = picture.excitement > 0.0;
    let said = if found { short(picture.excitement) } else { "nothing found".to_owned() };
    Tile {
        rasters: vec![Raster::of_rgb([height, width], &rgb)],
        shown: PICTURE.of([height, width]),
        captions: vec![Caption::name(at.to_string()), Caption::more(said)],
    }
}

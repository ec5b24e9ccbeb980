//! Feature maps, channel by channel.

use ndarray::Axis;

use super::feature_maps::FeatureMaps;
use super::photo::Photo;
use crate::draw::colors::ColorMap;
use crate::draw::scene::{Area, Group, Point, Raster, Scene};
use crate::draw::tiles::{Caption, MARGIN, Sizes, Tile, grid, heading, push_picture, square};

const MAP: Sizes = Sizes { least: 80, most: 160 };
const PICTURE: Sizes = Sizes { least: 80, most: 160 };
/// Least width of the whole, so that sentences find room.
const LEAST_WIDTH: f64 = 480.0;

/// For each picture and layer the maps of the first channels, each from its least to its greatest value.
pub fn maps_sheet(
    title: &str,
    found: &[(Photo, Vec<FeatureMaps>)],
    channels: usize,
    colors: ColorMap,
) -> Scene {
    let mut scene = Scene::new(title, LEAST_WIDTH, 0.0);
    let grids: Vec<_> = found
        .iter()
        .flat_map(|(photo, layers)| layers.iter().map(move |layer| (photo, layer)))
        .map(|(photo, layer)| (photo, layer, grid_of(layer, channels, colors)))
        .collect();
    for (_, _, grid) in &grids {
        scene.width = scene.width.max(grid.width + 2.0 * MARGIN);
    }
    let mut top = MARGIN;
    let mut last: Option<&str> = None;
    for (photo, maps, grid) in grids {
        if last != Some(&photo.name) {
            top = heading(&mut scene, top, &photo.name, &[]);
            let [height, width] = PICTURE.of(photo.size);
            let mut group = Group::at(Point::new(MARGIN, top));
            push_picture(&mut group, photo.raster(), Area::new(0.0, 0.0, width, height));
            scene.push(group);
            top += height + MARGIN;
            last = Some(&photo.name);
        }
        let (height, width, all) = maps.maps.dim();
        let shown = match channels.min(all) {
            shown if shown == all => "each from its least to its greatest value".to_owned(),
            shown => {
                format!("channels 0 to {} of {all}, each from its least to its greatest value", shown - 1)
            }
        };
        let title = format!("{}: {height}x{width}x{all}", maps.layer);
        top = heading(&mut scene, top, &title, &[shown]);
        scene.push(Group { offset: Point::new(MARGIN, top), ..grid.group });
        top += grid.height + MARGIN;
    }
    scene.height = top;
    scene
}

fn grid_of(maps: &FeatureMaps, channels: usize, colors: ColorMap) -> crate::draw::tiles::Grid {
    let (height, width, _) = maps.maps.dim();
    let tiles: Vec<Tile> = maps
        .maps
        .axis_iter(Axis(2))
        .take(channels)
        .enumerate()
        .map(|(channel, map)| {
            let least = map.iter().copied().fold(f32::INFINITY, f32::min);
            let greatest = map.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let range = if greatest > least { greatest - least } else { 1.0 };
            let values = map.iter().map(|value| (value - least) / range);
            let captions =
                vec![Caption::name(channel.to_string()), Caption::more(range_text(least, greatest))];
            let raster = Raster::of_map([height, width], values, colors);
            Tile { rasters: vec![raster], shown: MAP.of([height, width]), captions }
        })
        .collect();
    let columns = square(tiles.len()).max(tiles.len().min(4));
    grid(tiles, columns)
}

/// `-1.2 to 3.45`; `all 0` where all values are alike.
fn range_text(least: f32, greatest: f32) -> String {
    if least == greatest {
        return format!("all {}", short(least));
    }
    format!("{} to {}", short(least), short(greatest))
}

/// Three digits that say something.
pub(super) fn short(value: f32) -> String {
    let size = value.abs();
    match size {
        _ if value == 0.0 => "0".to_owned(),
        _ if (100.0..1e5).contains(&size) => format!("{value:.0}"),
        _ if (10.0..100.0).contains(&size) => format!("{value:.1}"),
        _ if (0.01..10.0).contains(&size) => format!("{value:.2}"),
        _ => format!("{value:.1e}"),
    }
}

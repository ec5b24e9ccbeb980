//! Pictures of a data set with their labels.

use super::color_bar::{BAR, BESIDE, color_bar};
use super::error::Error;
use super::maps_sheet::short;
use crate::data::{AugmentedPicture, Dataset, Sample};
use crate::draw::colors::ColorMap;
use crate::draw::scene::{Area, Group, Point, Raster, Scene};
use crate::draw::tiles::{Caption, GAP, MARGIN, Sizes, Tile, grid, heading, push_picture, square};
use crate::experiment::sheet::{LEAST_WIDTH, byte_range, class_name, range_of, raster, sheet};
use crate::experiment::{self, Experiment};
use crate::ir::AugmentSpec;

const TILE: Sizes = Sizes { least: 84, most: 150 };
const LARGE: Sizes = Sizes { least: 440, most: 640 };
/// Of a contact sheet, which is as wide as a page.
const CONTACT: Sizes = Sizes { least: 64, most: 96 };
const CONTACT_COLUMNS: usize = 10;

/// A training picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampled {
    /// As it is in the data.
    pub original: AugmentedPicture,
    /// As it is augmented.
    pub changed: Option<AugmentedPicture>,
}

/// Training pictures in the order of the first epoch, or one of them; beside each, if that is wanted, the same
/// as a run varies it: augmented, and as it leaves layers at the model's beginning that vary pictures.
/// # Errors
/// [`Error::Model`].
pub fn samples(
    experiment: &Experiment,
    data: &Dataset,
    sample: Sample,
    augmented: bool,
) -> Result<Vec<Sampled>, Error> {
    let seed = experiment.program.program().train.as_ref().map_or(0, |train| train.seed);
    let changed = if augmented {
        experiment.as_trained_on(data, sample).map_err(experiment::Error::from)?
    } else {
        Vec::new()
    };
    let originals = data.augmented(seed, &AugmentSpec::default(), sample).map_err(experiment::Error::from)?;
    let mut changed = changed.into_iter();
    Ok(originals.into_iter().map(|original| Sampled { original, changed: changed.next() }).collect())
}

/// The pictures in rows, each with its class below.
pub fn samples_sheet(title: &str, samples: &[Sampled], classes: &[String]) -> Scene {
    let range = range_of(samples.iter().flat_map(|sample| sample.original.values.iter().copied()));
    // layers of the model vary pictures that are prepared, of another range
    let changed = samples.iter().filter_map(|sample| sample.changed.as_ref());
    let changed_range = range_of(changed.flat_map(|changed| changed.values.iter().copied()));
    let tiles: Vec<Tile> = samples
        .iter()
        .map(|Sampled { original, changed }| {
            let mut rasters = vec![raster(original, range)];
            rasters.extend(changed.iter().map(|changed| raster(changed, changed_range)));
            let captions = class_name(classes, original).map(Caption::name).into_iter().collect();
            Tile { rasters, shown: TILE.of([original.size[0], original.size[1]]), captions }
        })
        .collect();
    let is_paired = samples.iter().any(|sample| sample.changed.is_some());
    if is_paired {
        let columns = square(tiles.len().div_ceil(2));
        sheet(title, &["on the left as it is, on the right as it is varied".to_owned()], tiles, columns)
    } else {
        let columns = square(tiles.len());
        sheet(title, &[], tiles, columns)
    }
}

/// Varied pictures side by side in few rows, each with its class below, for a place that has its own title.
pub fn contact_sheet(title: &str, pictures: &[AugmentedPicture], classes: &[String]) -> Scene {
    let range = range_of(pictures.iter().flat_map(|picture| picture.values.iter().copied()));
    let tile = |picture: &AugmentedPicture| Tile {
        rasters: vec![raster(picture, range)],
        shown: CONTACT.of([picture.size[0], picture.size[1]]),
        captions: class_name(classes, picture).map(Caption::name).into_iter().collect(),
    };
    let grid = grid(pictures.iter().map(tile).collect(), CONTACT_COLUMNS);
    let mut scene = Scene::new(title, grid.width + GAP, grid.height + GAP);
    scene.push(Group { offset: Point::new(GAP / 2.0, GAP / 2.0), ..grid.group });
    scene
}

/// One picture, large, with the scale of its values. A grey one is shown in colours of `colors`.
pub fn sample_sheet(title: &str, picture: &AugmentedPicture, colors: ColorMap) -> Scene {
    let [height, width, channels] = picture.size;
    let [high, wide] = LARGE.of([height, width]);
    let (least, greatest) = range_of(picture.values.iter().copied());
    let mut scene = Scene::new(title, (wide + 3.0 * MARGIN + BAR + BESIDE).max(LEAST_WIDTH), 0.0);
    let size = format!("{height}x{width}x{channels}");
    let said = format!("{size}, values from {} to {}", short(least), short(greatest));
    let top = heading(&mut scene, MARGIN, title, &[said]);
    let mut group = Group::at(Point::new(MARGIN, top));
    if channels == 1 {
        let span = (greatest - least).max(f32::MIN_POSITIVE);
        let values = picture.values.iter().map(|value| (value - least) / span);
        push_picture(
            &mut group,
            Raster::of_map([height, width], values, colors),
            Area::new(0.0, 0.0, wide, high),
        );
        let middle = short((least + greatest) / 2.0);
        let (top, bottom) = (short(greatest), short(least));
        group.push(color_bar(colors, Point::new(wide + MARGIN, 0.0), high, [&top, &middle, &bottom]));
    } else {
        let range = byte_range((least, greatest));
        push_picture(&mut group, raster(picture, range), Area::new(0.0, 0.0, wide, high));
    }
    scene.push(group);
    scene.height = top + high + MARGIN;
    scene
}

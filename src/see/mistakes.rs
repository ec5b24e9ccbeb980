//! Pictures that a model is surest of, and wrong.

use super::album::Album;
use super::attention::{Asked, Attention, attend};
use super::attention_sheet::{Look, overlay};
use super::class::Answer;
use super::error::Error;
use super::layer::last_map;
use super::photo::Photo;
use crate::data::Split;
use crate::draw::scene::{Group, Point, Scene};
use crate::draw::tiles::{Caption, MARGIN, Sizes, Tile, grid, heading, square};
use crate::experiment::{self, Model, Watch};

const TILE: Sizes = Sizes { least: 120, most: 170 };
/// Least width of the whole, so that sentences find room.
const LEAST_WIDTH: f64 = 560.0;

/// A picture that was taken for something else.
#[derive(Debug, Clone, PartialEq)]
pub struct Mistake {
    /// The picture.
    pub photo: Photo,
    /// Its class.
    pub truth: usize,
    /// What the model answers.
    pub answer: Answer,
    /// What of it speaks for that; `None` where no layer has a map.
    pub attention: Option<Attention>,
}

/// The mistakes of a split.
#[derive(Debug, Clone, PartialEq)]
pub struct Mistakes {
    /// Of which pictures.
    pub split: Split,
    /// The ones that the model is surest of, the surest first.
    pub worst: Vec<Mistake>,
    /// How many there are in all.
    pub wrong: usize,
    /// Pictures of the split.
    pub images: usize,
}

/// The wrong answers that a model is surest of. Without a split: those of the test split, or where there is
/// none, of the validation split.
/// # Errors
/// [`Error`]; [`Error::NoClasses`] where labels are no classes.
pub fn mistakes(
    model: &mut Model,
    split: Option<Split>,
    count: usize,
    watch: &mut dyn Watch,
) -> Result<Mistakes, Error> {
    let (split, items) = pictures_of(model, split, watch)?;
    let (judged, _) = model.judge(split, watch)?;
    let album = Album::new(model, split, &items, judged.answers);
    mistakes_in(&album, model, count)
}

/// Those among answers that are known.
/// # Errors
/// As [`mistakes`].
pub fn mistakes_in(album: &Album, model: &mut Model, count: usize) -> Result<Mistakes, Error> {
    let wrong = album.wrong()?;
    let has_map = last_map(model.experiment()).is_some();
    let mut worst = Vec::with_capacity(count.min(wrong.len()));
    for entry in wrong.iter().take(count) {
        let photo = entry.photo(model)?;
        let (answer, attention) = if has_map {
            let found = attend(model, &photo, Asked::default())?;
            (found.answer.clone(), Some(found))
        } else {
            let outputs = model.predict(photo.prepared.view())?;
            (Answer::of(model, outputs.as_slice().unwrap_or_default())?, None)
        };
        let truth = entry.class().unwrap_or_default();
        worst.push(Mistake { photo, truth, answer, attention });
    }
    Ok(Mistakes { split: album.split, worst, wrong: wrong.len(), images: album.len() })
}

/// The pictures of a split; without one those of the test split, or of the validation split.
pub(super) fn pictures_of(
    model: &mut Model,
    split: Option<Split>,
    watch: &mut dyn Watch,
) -> Result<(Split, Vec<u32>), Error> {
    let first = split.unwrap_or(Split::Test);
    match (model.items(first, watch), split) {
        (Ok(items), _) => Ok((first, items)),
        (Err(error @ experiment::Error::NoSplit { .. }), None) => {
            let items = model.items(Split::Validation, watch).map_err(|_| error)?;
            Ok((Split::Validation, items))
        }
        (Err(error), _) => Err(error.into()),
    }
}

/// The mistakes in rows: each picture beside the same with what speaks for the wrong answer.
pub fn mistakes_sheet(found: &Mistakes, look: Look) -> Scene {
    let Mistakes { split, worst, wrong, images } = found;
    let title = format!("{wrong} of {images} {} pictures are taken for something else", split.name());
    let tiles: Vec<Tile> = worst.iter().map(|mistake| tile(mistake, look)).collect();
    let columns = square(tiles.len().div_ceil(2)).max(2);
    let grid = grid(tiles, columns);
    let mut scene = Scene::new(title.clone(), (grid.width + 2.0 * MARGIN).max(LEAST_WIDTH), 0.0);
    let more = match worst.len() {
        0 => Vec::new(),
        count => vec![format!("the {count} that the model is surest of, with what speaks for its answer")],
    };
    let top = heading(&mut scene, MARGIN, &title, &more);
    scene.height = top + grid.height + MARGIN;
    scene.push(Group { offset: Point::new(MARGIN, top), ..grid.group });
    scene
}

fn tile(mistake: &Mistake, look: Look) -> Tile {
    let Mistake { photo, truth, answer, attention } = mistake;
    let shown = TILE.of(photo.size);
    let mut rasters = vec![photo.raster()];
    let map = attention.as_ref().and_then(|attention| attention.map.normalized());
    let is_mute = attention.is_some() && map.is_none();
    rasters.extend(map.map(|map| overlay(photo, &map, look, shown)));
    let truth = answer.names.get(*truth).cloned().unwrap_or_else(|| truth.to_string());
    let mut captions = vec![
        Caption::wrong(answer.said(answer.best())),
        Caption { is_name: false, ..Caption::name(format!("truth: {truth}")) },
        Caption::more(end_of(&photo.name)),
    ];
    if is_mute {
        captions.push(Caption::more("no place speaks for it"));
    }
    Tile { rasters, shown, captions }
}

/// The end of a file's name, which tells it from others, as far as there is room.
fn end_of(name: &str) -> &str {
    let from = name.rmatch_indices('/').nth(1).map_or(0, |(at, _)| at + 1);
    &name[from..]
}

//! Pictures that a model is surest of, and wrong.

use super::attention::{Asked, Attention, attend};
use super::attention_sheet::{Look, overlay};
use super::class::Answer;
use super::error::Error;
use super::layer::last_map;
use super::photo::Photo;
use super::tiles::{Caption, MARGIN, Sizes, Tile, grid, heading, square};
use crate::data::Split;
use crate::draw::scene::{Group, Point, Scene};
use crate::experiment::{self, Label, Model, Watch};

const TILE: Sizes = Sizes { least: 120, most: 170 };
/// Least width of the whole, so that sentences find room.
const LEAST_WIDTH: f64 = 420.0;

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

/// A wrong answer, before its picture is looked at.
struct Wrong {
    sureness: f32,
    place: usize,
    name: String,
    truth: usize,
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
    let mut all = Vec::new();
    let mut answers = Vec::new();
    model.evaluate_each(split, &mut |answer| answers.push(answer), watch)?;
    for (place, answer) in answers.iter().enumerate() {
        let Label::Class(truth) = answer.label else { return Err(Error::NoClasses) };
        let given = Answer::of(model, &answer.outputs)?;
        let best = given.best();
        if best != truth {
            all.push(Wrong { sureness: given.values[best], place, name: answer.name.clone(), truth });
        }
    }
    let wrong = all.len();
    all.sort_by(|a, b| b.sureness.total_cmp(&a.sureness).then(a.place.cmp(&b.place)));
    all.truncate(count);
    let has_map = last_map(model.experiment()).is_some();
    let mut worst = Vec::with_capacity(all.len());
    for Wrong { place, name, truth, .. } in all {
        let photo = Photo::of_set(model, name, &model.set_picture(items[place])?);
        let answer = Answer::of(model, &answers[place].outputs)?;
        let attention = if has_map { Some(attend(model, &photo, Asked::default())?) } else { None };
        worst.push(Mistake { photo, truth, answer, attention });
    }
    Ok(Mistakes { split, worst, wrong, images: items.len() })
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
    let title =
        format!("{wrong} of {images} pictures of the {} split are taken for something else", split.name());
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
        Caption::name(format!("is {truth}")),
        Caption::more(photo.name.clone()),
    ];
    if is_mute {
        captions.push(Caption::more("no place speaks for it"));
    }
    Tile { rasters, shown, captions }
}

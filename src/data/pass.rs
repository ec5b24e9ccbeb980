//! One cheap pass over a data set: how its splits come out, pictures that occur in several of them, and the
//! ground around what is shown.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};

use rayon::prelude::*;

use super::bounds::Bounds;
use super::error::DataError;
use super::locations::Locations;
use super::picture::{self, Picture, PixelSlice};
use super::source::{Pictures, Source, Split};
use super::{load, split, store};
use crate::card::{PassFacts, SharedPictures};
use crate::ir::DataSpec;
use crate::printed::shown;

/// Pairs that a message names.
const EXAMPLES: usize = 3;
/// Pictures whose ground is looked at.
const SAMPLE: usize = 256;
/// Values of a plain ground differ by no more than this share of the range.
const PLAIN: f32 = 0.03;
/// What is shown differs from the ground by more than this share of the range.
const SHOWN: f32 = 0.12;

/// Makes the pass.
/// # Errors
/// [`DataError`]: data that are not there or cannot be split as the program says. Files that cannot be read
/// are passed over.
pub(crate) fn pass_facts(data: &DataSpec, locations: &Locations) -> Result<PassFacts, DataError> {
    let source = load::load(data, locations, &mut |_| {})?;
    let splits = split::split(&source, data)?;
    // labels that are numbers are all counted as one
    let mut counts = [0; 3].map(|_: usize| vec![0; source.classes.len().max(1)]);
    for (split, label) in splits.iter().zip(&source.labels) {
        counts[*split as usize][*label as usize] += 1;
    }
    let bounds = locations.bounds;
    let (shared, margins) = (shared(&source, &splits, bounds), margins(&source, &splits, bounds));
    Ok(PassFacts { splits: counts, shared, margins })
}

/// Pictures whose bytes (of a file) or values (of an array) occur in more than one split.
fn shared(source: &Source, splits: &[Split], bounds: Bounds) -> SharedPictures {
    let hash = |item| hash(&source.pictures, item, bounds);
    let hashes: Vec<Option<u64>> = (0..splits.len()).into_par_iter().map(hash).collect();
    let mut alike: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (item, hash) in hashes.into_iter().enumerate() {
        if let Some(hash) = hash {
            alike.entry(hash).or_default().push(item);
        }
    }
    let mut groups: Vec<Vec<usize>> = alike.into_values().filter(|items| items.len() > 1).collect();
    groups.sort_unstable();
    let mut shared = SharedPictures::default();
    for items in groups {
        let in_split = |wanted: Split| items.iter().copied().filter(move |item| splits[*item] == wanted);
        // the split that all others are judged by: the first of training, validation, test that has one of
        // them
        let order = [Split::Train, Split::Validation, Split::Test];
        let Some(home) = order.into_iter().find(|split| in_split(*split).next().is_some()) else { continue };
        let strangers: Vec<usize> = items.iter().copied().filter(|item| splits[*item] != home).collect();
        let (Some(first), Some(other)) = (in_split(home).next(), strangers.first()) else { continue };
        shared.count += strangers.len();
        if shared.examples.len() < EXAMPLES {
            let named =
                |item: usize| format!("{} ({})", shown(&name(&source.pictures, item)), splits[item].name());
            shared.examples.push(format!("{} and {}", named(first), named(*other)));
        }
    }
    shared
}

fn name(pictures: &Pictures, item: usize) -> String {
    match pictures {
        Pictures::Files(files) => files[item].name.clone(),
        Pictures::Arrays { .. } => format!("picture {item}"),
    }
}

/// 64 bits of a picture's bytes or values; `None` for a file that cannot be read.
fn hash(pictures: &Pictures, item: usize, bounds: Bounds) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    match (pictures, pictures.array(item).map(|picture| picture.pixels)) {
        (_, Some(PixelSlice::Bytes(bytes))) => hasher.write(bytes),
        (_, Some(PixelSlice::Floats(floats))) => {
            floats.iter().for_each(|value| hasher.write_u32(value.to_bits()))
        }
        (Pictures::Files(files), None) => hasher.write(&store::read_bytes(&files[item].bytes, bounds).ok()?),
        (Pictures::Arrays { .. }, None) => return None,
    }
    Some(hasher.finish())
}

/// See [`PassFacts::margins`].
fn margins(source: &Source, splits: &[Split], bounds: Bounds) -> Option<[f32; 2]> {
    let train: Vec<usize> = (0..splits.len()).filter(|item| splits[*item] == Split::Train).collect();
    let step = train.len().div_ceil(SAMPLE).max(1);
    let looked_at: Vec<usize> = train.into_iter().step_by(step).collect();
    let found: Vec<[f32; 2]> = looked_at
        .par_iter()
        .filter_map(|&item| match &source.pictures {
            Pictures::Arrays { .. } => ground(&source.pictures.array(item)?),
            Pictures::Files(files) => {
                let bytes = store::read_bytes(&files[item].bytes, bounds).ok()?;
                picture::decode_for(&bytes, bounds, |_| 0, |decoded| ground(&decoded.as_picture())).ok()?
            }
        })
        .collect();
    // photos have plain corners by chance
    if found.len() * 10 < looked_at.len() * 9 || found.is_empty() {
        return None;
    }
    Some([0, 1].map(|axis| {
        let mut shares: Vec<f32> = found.iter().map(|margin| margin[axis]).collect();
        shares.sort_unstable_by(f32::total_cmp);
        shares[shares.len() / 2]
    }))
}

/// Share of the width that is ground on the left or right, whichever is less, and of the height above or
/// below; `None` where the corners differ, or nothing is shown.
fn ground(picture: &Picture<'_>) -> Option<[f32; 2]> {
    let Picture { height, width, channels, pixels } = *picture;
    // one after the other: a picture as floats takes four times as much
    let value = |at: usize| match pixels {
        PixelSlice::Bytes(bytes) => f32::from(bytes[at]),
        PixelSlice::Floats(floats) => floats[at],
    };
    let range = match pixels {
        PixelSlice::Bytes(_) => 255.0,
        PixelSlice::Floats(floats) => {
            let low = floats.iter().copied().fold(f32::INFINITY, f32::min);
            floats.iter().copied().fold(f32::NEG_INFINITY, f32::max) - low
        }
    };
    let differs = |y: usize, x: usize, share: f32| {
        let first = (y * width + x) * channels;
        (0..channels).any(|channel| (value(first + channel) - value(channel)).abs() > share * range)
    };
    let corners = [(0, width - 1), (height - 1, 0), (height - 1, width - 1)];
    if corners.iter().any(|&(y, x)| differs(y, x, PLAIN)) {
        return None;
    }
    let row_shows = |y: usize| (0..width).any(|x| differs(y, x, SHOWN));
    let column_shows = |x: usize| (0..height).any(|y| differs(y, x, SHOWN));
    let (top, bottom) = ((0..height).find(|&y| row_shows(y))?, (0..height).rev().find(|&y| row_shows(y))?);
    let (left, right) =
        ((0..width).find(|&x| column_shows(x))?, (0..width).rev().find(|&x| column_shows(x))?);
    let share = |before: usize, last: usize, all: usize| before.min(all - 1 - last) as f32 / all as f32;
    Some([share(left, right, width), share(top, bottom, height)])
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::folder::tests::png;
    use super::*;
    use crate::ir::{DataSource, Split as Share, SplitBase};
    use crate::source::{Span, Spanned};

    fn spec(source: DataSource) -> DataSpec {
        let share = Share { fraction: 0.5, of: SplitBase::Train };
        let validation = Some(Spanned::new(share, Span::default()));
        DataSpec { validation, ..DataSpec::new(Spanned::new(source, Span::default())) }
    }

    #[test]
    fn the_same_picture_in_two_splits_is_found() {
        let dir = tempfile::tempdir().unwrap();
        for class in ["a", "b"] {
            fs::create_dir_all(dir.path().join("set").join(class)).unwrap();
            // all pictures of `a` are the same one
            for number in 0..4u8 {
                let color = if class == "a" { [9, 9, 9] } else { [number, 0, 0] };
                fs::write(dir.path().join(format!("set/{class}/{number}.png")), png(2, 2, color)).unwrap();
            }
        }
        let data = spec(DataSource::Folder { train: "set".into(), validation: None, test: None });
        let facts = pass_facts(&data, &Locations::only(dir.path())).unwrap();
        assert_eq!(facts.splits, [vec![2, 2], vec![2, 2], vec![0, 0]]);
        assert_eq!(facts.shared.count, 2);
        let [example] = &facts.shared.examples[..] else { panic!("{:?}", facts.shared) };
        assert!(example.contains("set/a/") && example.contains("(train) and set/a/"), "{example}");
        assert_eq!(facts.margins, None);
    }

    #[test]
    fn built_in_digits_have_no_doubles() {
        let facts = pass_facts(&spec(DataSource::Digits), &Locations::only("/nowhere")).unwrap();
        assert_eq!(facts.shared.count, 0);
        assert_eq!(facts.splits[0].iter().chain(&facts.splits[1]).sum::<usize>(), 1797);
    }

    #[test]
    fn the_ground_around_a_figure() {
        // 5 rows of 4: a stroke in rows 1..=2, column 2
        let mut pixels = vec![0u8; 20];
        (pixels[6], pixels[10]) = (200, 200);
        let margins = |pixels: &[u8]| {
            ground(&Picture { height: 5, width: 4, channels: 1, pixels: PixelSlice::Bytes(pixels) })
        };
        assert_eq!(margins(&pixels), Some([0.25, 0.2]));
        assert_eq!(margins(&[0; 20]), None);
        pixels[19] = 90;
        assert_eq!(margins(&pixels), None);
    }
}

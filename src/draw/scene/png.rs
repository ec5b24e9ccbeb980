//! Scenes as PNG, by way of SVG.

use std::sync::{Arc, LazyLock, Mutex};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::{Database, FaceInfo, ID, Weight};
use resvg::usvg::{FontResolver, Options, Tree};

use super::Scene;
use super::font::{BOLD, REGULAR};

/// Pixels of the file for one of the picture, where they are not too many.
const FINE: f64 = 2.0;
/// Most pixels of a side.
const MOST_SIDE: f64 = 30_000.0;
/// Most pixels in all.
const MOST_PIXELS: f64 = 2e8;

/// Why a picture is no PNG.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoPng {
    /// No font has some of its letters.
    #[error("no font of this system has {}", listed(.letters))]
    NoFont {
        /// These.
        letters: Vec<char>,
    },
    /// It has too many pixels.
    #[error("a picture of {width}x{height} pixels is too large for a PNG")]
    Large {
        /// In pixels.
        width: u64,
        /// In pixels.
        height: u64,
    },
    /// It cannot be drawn.
    #[error("the picture cannot be drawn: {0}")]
    Drawing(String),
}

fn listed(letters: &[char]) -> String {
    let shown: Vec<String> = letters.iter().take(5).map(|letter| format!("`{letter}`")).collect();
    let more = if letters.len() > shown.len() { " and others" } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// The fonts of the program.
static OWN: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    fonts.load_font_data(REGULAR.to_vec());
    fonts.load_font_data(BOLD.to_vec());
    Arc::new(fonts)
});

/// The fonts of the system, looked for when a letter is missing: those without serifs first, as they go with
/// ours.
static SYSTEM: LazyLock<Vec<FaceInfo>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    fonts.load_system_fonts();
    let mut faces: Vec<FaceInfo> = fonts.faces().cloned().collect();
    let rank = |face: &FaceInfo| {
        let name = face.families.first().map_or("", |family| family.0.as_str()).to_owned();
        let plain = name.contains("Sans") || name.contains("Gothic");
        (!plain, name.contains("Mono"), name, face.index)
    };
    faces.sort_by_cached_key(rank);
    faces
});

/// The picture as a file.
pub(super) fn write(scene: &Scene) -> Result<Vec<u8>, NoPng> {
    let scale = scale_of(scene)?;
    let missing = Mutex::new(Vec::new());
    let tree = {
        let resolver = FontResolver {
            select_font: FontResolver::default_font_selector(),
            select_fallback: Box::new(|letter, used, fonts| {
                let found = fallback(letter, used, fonts);
                if found.is_none() {
                    note(&missing, letter);
                }
                found
            }),
        };
        let options = Options { fontdb: Arc::clone(&OWN), font_resolver: resolver, ..Options::default() };
        Tree::from_str(&scene.to_svg(), &options).map_err(|error| NoPng::Drawing(error.to_string()))?
    };
    let letters = missing.into_inner().unwrap_or_default();
    if !letters.is_empty() {
        return Err(NoPng::NoFont { letters });
    }
    let side = |side: f64| (side * scale).ceil().max(1.0) as u32;
    let (width, height) = (side(scene.width), side(scene.height));
    let large = NoPng::Large { width: width.into(), height: height.into() };
    let mut pixels = Pixmap::new(width, height).ok_or(large)?;
    resvg::render(&tree, Transform::from_scale(scale as f32, scale as f32), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| NoPng::Drawing(error.to_string()))
}

/// Pixels of the file for one of the picture.
fn scale_of(scene: &Scene) -> Result<f64, NoPng> {
    let (width, height) = (scene.width.max(1.0), scene.height.max(1.0));
    let fits =
        |scale: f64| width.max(height) * scale <= MOST_SIDE && width * height * scale * scale <= MOST_PIXELS;
    let large = NoPng::Large { width: width as u64, height: height as u64 };
    [FINE, 1.0].into_iter().find(|&scale| fits(scale)).ok_or(large)
}

/// A font of the system for a letter that ours do not have: one as heavy as ours, if there is one.
fn fallback(letter: char, used: &[ID], fonts: &mut Arc<Database>) -> Option<ID> {
    if letter.is_whitespace() || letter.is_control() {
        return None;
    }
    if fonts.len() <= OWN.len() {
        let fonts = Arc::make_mut(fonts);
        for face in SYSTEM.iter() {
            fonts.push_face_info(face.clone());
        }
    }
    let weight = fonts.face(*used.first()?)?.weight;
    let near = |other: Weight| (other.0 >= 600) == (weight.0 >= 600);
    let others = fonts.faces().filter(|face| !near(face.weight)).map(|face| face.id);
    let narrowed: Vec<ID> = used.iter().copied().chain(others).collect();
    let select = FontResolver::default_fallback_selector();
    select(letter, &narrowed, fonts).or_else(|| select(letter, used, fonts))
}

fn note(missing: &Mutex<Vec<char>>, letter: char) {
    if letter.is_whitespace() || letter.is_control() {
        return;
    }
    if let Ok(mut missing) = missing.lock()
        && !missing.contains(&letter)
    {
        missing.push(letter);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Area, Enlarged, Image, Point, Raster, Text, example};
    use super::*;

    fn drawn(scene: &Scene) -> image::RgbImage {
        let png = write(scene).expect("it can be drawn");
        image::load_from_memory(&png).expect("a picture").into_rgb8()
    }

    #[test]
    fn shapes_and_text_are_drawn() {
        let image = drawn(&example());
        assert_eq!(image.dimensions(), (400, 200));
        assert_eq!(image.get_pixel(399, 0).0, [255; 3]);
        assert_eq!(image.get_pixel(100, 24).0, [0xcc; 3], "the rectangle");
        // the letters of `cat`, which begin at (17, 49)
        let dark = (34..80).flat_map(|x| (80..100).map(move |y| (x, y)));
        assert!(dark.clone().any(|(x, y)| image.get_pixel(x, y).0[0] < 0x40), "there is text");
        assert_eq!(write(&example()), write(&example()), "the same bits each time");
    }

    #[test]
    fn small_pictures_are_enlarged_without_a_blur() {
        let mut scene = Scene::new("pixels", 8.0, 4.0);
        let raster = Raster::of_rgb([1, 2], &[0, 0, 0, 255, 0, 0]);
        scene.push(Image { area: Area::new(0.0, 0.0, 8.0, 4.0), raster, enlarged: Enlarged::Squares });
        let image = drawn(&scene);
        let row: Vec<[u8; 3]> = (0..16).map(|x| image.get_pixel(x, 3).0).collect();
        assert_eq!(row, [[[0, 0, 0]; 8], [[255, 0, 0]; 8]].concat());
    }

    #[test]
    fn letters_that_no_font_has_are_said() {
        let mut scene = Scene::new("letters", 90.0, 30.0);
        // for private use: no font of a system has it
        scene.push(Text::new(Point::new(5.0, 20.0), "cat \u{10fffd}", 12.0));
        assert_eq!(write(&scene), Err(NoPng::NoFont { letters: vec!['\u{10fffd}'] }));
        let large = Scene::new("large", 1e6, 10.0);
        assert_eq!(write(&large), Err(NoPng::Large { width: 1_000_000, height: 10 }));
    }
}

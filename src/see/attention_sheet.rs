//! Heat maps beside their pictures.

use super::attention::Attention;
use super::color_bar::{BAR, BESIDE, color_bar};
use super::heat_map::HeatMap;
use super::photo::Photo;
use crate::autodiff::Differentiated;
use crate::draw::colors::{Color, ColorMap};
use crate::draw::scene::{
    Anchor, Area, Enlarged, Group, Image, Item, Point, Raster, Rect, Scene, Stroke, Text,
};
use crate::draw::tiles::{MARGIN, SUBTITLE, Sizes, heading, push_picture};

/// How heat maps look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    /// Their colours.
    pub colors: ColorMap,
    /// How much of a map an overlay shows, from 0 to 1.
    pub alpha: f32,
}

impl Default for Look {
    fn default() -> Self {
        Look { colors: ColorMap::default(), alpha: 0.4 }
    }
}

const SIZES: Sizes = Sizes { least: 200, most: 320 };
/// Between two pictures of a row, in pixels.
const GAP: f64 = 14.0;
/// Least width of the whole, so that sentences find room.
const LEAST_WIDTH: f64 = 560.0;

/// For each picture a row: the picture, the map, and the map over the picture.
pub fn attention_sheet(title: &str, found: &[(Photo, Attention)], look: Look) -> Scene {
    let rows: Vec<[f64; 2]> = found.iter().map(|(photo, _)| SIZES.of(photo.size)).collect();
    let widest = rows.iter().map(|[_, width]| *width).fold(0.0, f64::max);
    let width = 2.0 * MARGIN + 3.0 * widest + 3.0 * GAP + BAR + BESIDE;
    let mut scene = Scene::new(title, width.max(LEAST_WIDTH), 0.0);
    let mut top = MARGIN;
    for ((photo, attention), shown) in found.iter().zip(&rows) {
        top = heading(&mut scene, top, &answer_line(photo, attention), &explanation(attention));
        scene.push(row(photo, attention, look, Point::new(MARGIN, top), *shown));
        top += shown[0] + SUBTITLE + 8.0 + MARGIN;
    }
    scene.height = top;
    scene
}

fn answer_line(photo: &Photo, attention: &Attention) -> String {
    let Attention { answer, class, .. } = attention;
    let best = answer.best();
    let said = answer.said(best);
    if best == *class {
        format!("{}: {said}", photo.name)
    } else {
        format!("{}: {said}; asked about {}", photo.name, answer.said(*class))
    }
}

fn explanation(attention: &Attention) -> Vec<String> {
    let Attention { answer, class, layer, method, of, map } = attention;
    let of = match of {
        Differentiated::Scores => "score",
        Differentiated::Output => "probability",
        Differentiated::Layer(_) => "value",
    };
    let class = &answer.names[*class];
    let [height, width] = map.size;
    let what = match layer {
        Some(layer) => format!("{} of the {of} for {class}, layer {layer} ({height}x{width})", method.name()),
        None if method.name() == "occlusion" => {
            format!("how far the answer {class} falls when a part is covered (occlusion)")
        }
        None => format!("how much each pixel changes the {of} for {class} ({})", method.name()),
    };
    vec![what]
}

/// What is said where nothing is above 0.
pub fn nothing_speaks(attention: &Attention) -> String {
    let class = &attention.answer.names[attention.class];
    match &attention.layer {
        Some(layer) => format!("nothing in `{layer}` speaks for {class}"),
        None => format!("nothing in the picture speaks for {class}"),
    }
}

fn row(photo: &Photo, attention: &Attention, look: Look, corner: Point, [height, width]: [f64; 2]) -> Item {
    let mut group = Group::at(corner);
    let area = |at: usize| Area::new(at as f64 * (width + GAP), 0.0, width, height);
    push_picture(&mut group, photo.raster(), area(0));
    let under = |at: usize, text: &str| {
        let foot = Point::new(area(at).middle().x, height + SUBTITLE + 4.0);
        Text::new(foot, text, SUBTITLE).anchored(Anchor::Middle).colored(Color::FAINT)
    };
    group.push(under(0, "picture"));
    let Some(map) = attention.map.normalized() else {
        group.push(Rect { area: area(1), fill: None, stroke: Some(Stroke::dashed(Color::RULE, 1.0)) });
        let foot = Point::new(width + 2.0 * GAP, height / 2.0);
        group.push(Text::new(foot, nothing_speaks(attention), SUBTITLE + 1.0).colored(Color::WRONG));
        return group.into();
    };
    let raster = Raster::of_map(map.size, map.values.iter().copied(), look.colors);
    group.push(Image { area: area(1), raster, enlarged: Enlarged::Squares });
    group.push(Rect { area: area(1), fill: None, stroke: Some(Stroke::solid(Color::RULE, 0.5)) });
    group.push(under(1, &format!("map, {}x{}", map.size[0], map.size[1])));
    push_picture(&mut group, overlay(photo, &map, look, [height, width]), area(2));
    group.push(under(2, &format!("map over picture, {:.0}%", look.alpha * 100.0)));
    let corner = Point::new(3.0 * (width + GAP), 0.0);
    group.push(color_bar(look.colors, corner, height, ["1", "0.5", "0"]));
    group.into()
}

/// The map's colours over the picture, in as many pixels as are shown.
pub(super) fn overlay(photo: &Photo, map: &HeatMap, look: Look, shown: [f64; 2]) -> Raster {
    // enlarged pictures have squares for pixels, over which the map goes on smoothly
    let times = (shown[0] / photo.size[0] as f64).floor().max(1.0) as usize;
    let [height, width] = photo.size.map(|side| side * times);
    let map = map.resized([height, width]);
    let mut rgb = Vec::with_capacity(height * width * 3);
    for y in 0..height {
        for x in 0..width {
            let pixel = (y / times * photo.size[1] + x / times) * 3;
            let own = Color([photo.rgb[pixel], photo.rgb[pixel + 1], photo.rgb[pixel + 2]]);
            rgb.extend(own.toward(look.colors.at(map.values[y * width + x]), look.alpha).0);
        }
    }
    Raster::of_rgb([height, width], &rgb)
}

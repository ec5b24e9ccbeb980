//! Pictures made of shapes, text and pixels: laid out once, written as SVG or as PNG.
//!
//! Places are in pixels from the top left corner. What stands later is drawn over what stands before.

mod font;
#[cfg(feature = "engine")]
mod pixels;
#[cfg(feature = "engine")]
mod png;
mod svg;

pub use font::{Weight, fitted, line_height, width};
#[cfg(feature = "engine")]
pub(crate) use pixels::rgb_of;
#[cfg(feature = "engine")]
pub use png::NoPng;
#[cfg(feature = "engine")]
pub(crate) use svg::base64;

use super::colors::Color;

/// A picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    /// What it shows, for those who do not see it.
    pub title: String,
    /// In pixels.
    pub width: f64,
    /// In pixels.
    pub height: f64,
    /// What is drawn, on white.
    pub items: Vec<Item>,
}

impl Scene {
    /// An empty picture.
    pub fn new(title: impl Into<String>, width: f64, height: f64) -> Self {
        Scene { title: title.into(), width, height, items: Vec::new() }
    }

    /// Draws something more.
    pub fn push(&mut self, item: impl Into<Item>) {
        self.items.push(item.into());
    }

    /// The same with what it says in another language; names stay as they are.
    pub fn said(mut self, say: &dyn Fn(&str) -> String) -> Self {
        self.items.iter_mut().for_each(|item| item.say(say));
        self
    }

    /// As SVG: a file, or what stands in a page.
    pub fn to_svg(&self) -> String {
        svg::write(self)
    }

    /// As it stands in a page that shows one of two languages: small, with all that it says in both.
    #[cfg(feature = "engine")]
    pub(crate) fn to_page(&self, korean: &dyn Fn(&str) -> String) -> Drawn {
        Drawn(svg::write_for_page(self, korean))
    }

    /// As PNG, with two pixels of the file for each of the picture where it is not too large for that.
    /// # Errors
    /// [`NoPng`].
    #[cfg(feature = "engine")]
    pub fn to_png(&self) -> Result<Vec<u8>, NoPng> {
        png::write(self)
    }
}

/// A picture as it stands in a page.
#[cfg(feature = "engine")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Drawn(String);

#[cfg(feature = "engine")]
impl Drawn {
    /// Markup that escapes what it is made of.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Bytes.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// A place, in pixels.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Point {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
}

impl Point {
    /// A place.
    pub const fn new(x: f64, y: f64) -> Self {
        Point { x, y }
    }
}

/// A rectangle's place.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Area {
    /// Its left edge.
    pub x: f64,
    /// Its top edge.
    pub y: f64,
    /// In pixels.
    pub width: f64,
    /// In pixels.
    pub height: f64,
}

impl Area {
    /// A rectangle's place: left, top, width, height.
    pub const fn new(x: f64, y: f64, width: f64, height: f64) -> Self {
        Area { x, y, width, height }
    }

    /// Its middle.
    pub fn middle(&self) -> Point {
        Point::new(self.x + self.width / 2.0, self.y + self.height / 2.0)
    }
}

/// A line's look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stroke {
    /// Its colour.
    pub color: Color,
    /// In pixels.
    pub width: f64,
    /// Dashed.
    pub dashed: bool,
}

impl Stroke {
    /// A solid line.
    pub const fn solid(color: Color, width: f64) -> Self {
        Stroke { color, width, dashed: false }
    }

    /// A dashed line.
    pub const fn dashed(color: Color, width: f64) -> Self {
        Stroke { color, width, dashed: true }
    }
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A rectangle.
    Rect(Rect),
    /// A line through points.
    Polyline(Polyline),
    /// A disc.
    Disc(Disc),
    /// A line of text.
    Text(Text),
    /// Pixels.
    Image(Image),
    /// Several of them.
    Group(Group),
}

impl Item {
    fn say(&mut self, say: &dyn Fn(&str) -> String) {
        match self {
            Item::Text(text) if !text.is_name => text.text = say(&text.text),
            Item::Group(group) => group.items.iter_mut().for_each(|item| item.say(say)),
            Item::Text(_) | Item::Rect(_) | Item::Polyline(_) | Item::Disc(_) | Item::Image(_) => {}
        }
    }
}

/// A rectangle.
#[derive(Debug, Clone, PartialEq)]
pub struct Rect {
    /// Where.
    pub area: Area,
    /// Its colour; `None`: what lies below is seen.
    pub fill: Option<Color>,
    /// Its frame.
    pub stroke: Option<Stroke>,
}

/// A line through points.
#[derive(Debug, Clone, PartialEq)]
pub struct Polyline {
    /// Two or more.
    pub points: Vec<Point>,
    /// Its look.
    pub stroke: Stroke,
    /// From 0, not seen, to 1.
    pub opacity: f64,
}

impl Polyline {
    /// A straight line.
    pub fn line(from: Point, to: Point, stroke: Stroke) -> Self {
        Polyline { points: vec![from, to], stroke, opacity: 1.0 }
    }
}

/// A disc.
#[derive(Debug, Clone, PartialEq)]
pub struct Disc {
    /// Its middle.
    pub at: Point,
    /// In pixels.
    pub radius: f64,
    /// Its colour.
    pub fill: Color,
    /// From 0, not seen, to 1.
    pub opacity: f64,
}

/// Which part of a line of text stands at its place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Anchor {
    /// Its beginning.
    #[default]
    Start,
    /// Its middle.
    Middle,
    /// Its end.
    End,
}

/// A line of text.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// Where its foot (the base line) is.
    pub at: Point,
    /// What it says.
    pub text: String,
    /// The font's, in pixels.
    pub size: f64,
    /// Of its letters.
    pub weight: Weight,
    /// Which part of it stands at its place.
    pub anchor: Anchor,
    /// Its colour.
    pub color: Color,
    /// Turned to read from below: a name of an axis.
    pub upward: bool,
    /// It is a name, which is the same in every language.
    pub is_name: bool,
}

impl Text {
    /// A line of text that begins at a place.
    pub fn new(at: Point, text: impl Into<String>, size: f64) -> Self {
        Text {
            at,
            text: text.into(),
            size,
            weight: Weight::Regular,
            anchor: Anchor::Start,
            color: Color::INK,
            upward: false,
            is_name: false,
        }
    }

    /// A name, which is the same in every language.
    pub fn name(self) -> Self {
        Text { is_name: true, ..self }
    }

    /// In bold letters.
    pub fn bold(self) -> Self {
        Text { weight: Weight::Bold, ..self }
    }

    /// With this part of it at its place.
    pub fn anchored(self, anchor: Anchor) -> Self {
        Text { anchor, ..self }
    }

    /// In a colour.
    pub fn colored(self, color: Color) -> Self {
        Text { color, ..self }
    }

    /// Reading from below.
    pub fn upward(self) -> Self {
        Text { upward: true, ..self }
    }

    /// In pixels.
    pub fn width(&self) -> f64 {
        width(&self.text, self.size, self.weight)
    }
}

/// Pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    /// Where; they are stretched to it.
    pub area: Area,
    /// The pixels.
    pub raster: Raster,
    /// How they are enlarged.
    pub enlarged: Enlarged,
}

/// How pixels are enlarged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Enlarged {
    /// Each to a square: what is there is seen.
    #[default]
    Squares,
    /// Smoothly: a photo.
    Smooth,
}

/// Pixels as a PNG file. [`Raster::of_rgb`] makes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raster {
    /// `[height, width]`
    pub size: [usize; 2],
    /// The file.
    pub png: Vec<u8>,
}

/// Several items that belong together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Group {
    /// Where their own places are counted from.
    pub offset: Point,
    /// What a page says where the mouse is over them.
    pub tooltip: Option<String>,
    /// What is drawn.
    pub items: Vec<Item>,
}

impl Group {
    /// An empty group, whose places are counted from here.
    pub fn at(offset: Point) -> Self {
        Group { offset, ..Group::default() }
    }

    /// With something more.
    pub fn push(&mut self, item: impl Into<Item>) {
        self.items.push(item.into());
    }
}

/// An item of each kind.
macro_rules! items {
    ($($kind:ident),*) => {
        $(impl From<$kind> for Item {
            fn from(item: $kind) -> Self {
                Item::$kind(item)
            }
        })*
    };
}

items!(Rect, Polyline, Disc, Text, Image, Group);

/// Two items of each kind, and what is hard to write.
#[cfg(test)]
pub(super) fn example() -> Scene {
    let mut scene = Scene::new("a < b & \"c\"", 200.0, 100.0);
    let stroke = Stroke::dashed(Color::WRONG, 1.5);
    scene.push(Rect {
        area: Area::new(10.0, 10.0, 50.0, 20.5),
        fill: Some(Color::RULE),
        stroke: Some(stroke),
    });
    scene.push(Polyline::line(
        Point::new(0.0, 0.0),
        Point::new(200.0, 100.0),
        Stroke::solid(Color::INK, 1.0),
    ));
    let mut group = Group::at(Point::new(5.0, 40.0));
    group.tooltip = Some("cat > dog".to_owned());
    group.push(Disc { at: Point::new(5.0, 5.0), radius: 4.0, fill: Color::INK, opacity: 0.5 });
    group.push(Text::new(Point::new(12.0, 9.0), "cat\u{1b} & dog", 12.0).bold());
    group.push(Text::new(Point::new(150.0, 9.0), "loss", 12.0).anchored(Anchor::Middle).upward());
    scene.push(group);
    scene
}

//! Scenes as SVG.

use std::fmt::Write;

use super::super::colors::Color;
use super::super::xml::escaped;
use super::font::FAMILIES;
use super::{Anchor, Disc, Enlarged, Group, Image, Item, Polyline, Rect, Scene, Stroke, Text, Weight};

/// The picture as a file.
pub(super) fn write(scene: &Scene) -> String {
    of_scene(scene, None)
}

/// What a text says in Korean.
pub(super) type Korean<'k> = &'k dyn Fn(&str) -> String;

/// The picture as a part of a page that shows elements of one language, English or Korean. Photos are as small
/// as they are shown.
#[cfg(feature = "engine")]
pub(super) fn write_for_page(scene: &Scene, korean: Korean<'_>) -> String {
    of_scene(scene, Some(korean))
}

/// SVG as far as it is written.
struct Svg<'k> {
    text: String,
    /// It is part of a page.
    korean: Option<Korean<'k>>,
}

impl Write for Svg<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.text.write_str(text)
    }
}

impl Svg<'_> {
    fn push_str(&mut self, text: &str) {
        self.text.push_str(text);
    }
}

fn of_scene(scene: &Scene, korean: Option<Korean<'_>>) -> String {
    let (width, height) = (number(scene.width), number(scene.height));
    let title = escaped(&scene.title);
    let mut svg = Svg { text: String::new(), korean };
    // writing to a String cannot fail
    let _ = write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"{FAMILIES}\" role=\"img\">\n<title>{title}</title>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    for item in &scene.items {
        draw(&mut svg, item);
    }
    svg.push_str("</svg>\n");
    svg.text
}

fn draw(svg: &mut Svg<'_>, item: &Item) {
    match item {
        Item::Rect(rect) => draw_rect(svg, rect),
        Item::Polyline(line) => draw_polyline(svg, line),
        Item::Disc(disc) => draw_disc(svg, disc),
        Item::Text(text) => draw_text(svg, text),
        Item::Image(image) => draw_image(svg, image),
        Item::Group(group) => draw_group(svg, group),
    }
}

fn draw_rect(svg: &mut Svg<'_>, rect: &Rect) {
    let [x, y, width, height] = [rect.area.x, rect.area.y, rect.area.width, rect.area.height].map(number);
    let fill = rect.fill.map_or_else(|| "none".to_owned(), hex);
    let stroke = rect.stroke.map(stroked).unwrap_or_default();
    let _ = writeln!(
        svg,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{fill}\"{stroke}/>"
    );
}

fn draw_polyline(svg: &mut Svg<'_>, line: &Polyline) {
    let points: Vec<String> =
        line.points.iter().map(|point| format!("{},{}", number(point.x), number(point.y))).collect();
    let (points, stroke, opacity) = (points.join(" "), stroked(line.stroke), opacity(line.opacity));
    let _ = writeln!(
        svg,
        "<polyline points=\"{points}\" fill=\"none\"{stroke}{opacity} stroke-linejoin=\"round\"/>"
    );
}

fn draw_disc(svg: &mut Svg<'_>, disc: &Disc) {
    let [x, y, radius] = [disc.at.x, disc.at.y, disc.radius].map(number);
    let (fill, opacity) = (hex(disc.fill), opacity(disc.opacity));
    let _ = writeln!(svg, "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" fill=\"{fill}\"{opacity}/>");
}

fn draw_text(svg: &mut Svg<'_>, text: &Text) {
    let korean = svg.korean.filter(|_| !text.is_name);
    let [x, y, size] = [text.at.x, text.at.y, text.size].map(number);
    let anchor = match text.anchor {
        Anchor::Start => "",
        Anchor::Middle => " text-anchor=\"middle\"",
        Anchor::End => " text-anchor=\"end\"",
    };
    let weight = match text.weight {
        Weight::Regular => "",
        Weight::Bold => " font-weight=\"bold\"",
    };
    let turned = if text.upward { format!(" transform=\"rotate(-90 {x} {y})\"") } else { String::new() };
    let fill = hex(text.color);
    let mut line = |language: &str, said: &str| {
        let said = escaped(said);
        let _ = writeln!(
            svg,
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\"{weight}{anchor} fill=\"{fill}\"{turned}{language}>{said}</text>"
        );
    };
    match korean.map(|in_korean| in_korean(&text.text)).filter(|said| *said != text.text) {
        Some(korean) => {
            line(" lang=\"en\"", &text.text);
            line(" lang=\"ko\"", &korean);
        }
        None => line("", &text.text),
    }
}

fn draw_image(svg: &mut Svg<'_>, image: &Image) {
    let [x, y, width, height] = [image.area.x, image.area.y, image.area.width, image.area.height].map(number);
    let style = match image.enlarged {
        Enlarged::Squares => " style=\"image-rendering:pixelated\"",
        Enlarged::Smooth => "",
    };
    let _ = write!(
        svg,
        "<image x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" preserveAspectRatio=\"none\"{style} \
         href=\"data:image/"
    );
    match small(svg, image) {
        Some(jpeg) => {
            svg.push_str("jpeg;base64,");
            base64(&mut svg.text, &jpeg);
        }
        None => {
            svg.push_str("png;base64,");
            base64(&mut svg.text, &image.raster.png);
        }
    }
    svg.push_str("\"/>\n");
}

/// A photo of a page as JPEG, where that is smaller.
#[cfg(feature = "engine")]
fn small(svg: &Svg<'_>, image: &Image) -> Option<Vec<u8>> {
    svg.korean?;
    image.raster.as_jpeg([image.area.height, image.area.width])
}

/// Pages are made by the engine.
#[cfg(not(feature = "engine"))]
fn small(_: &Svg<'_>, _: &Image) -> Option<Vec<u8>> {
    None
}

fn draw_group(svg: &mut Svg<'_>, group: &Group) {
    let [x, y] = [group.offset.x, group.offset.y].map(number);
    let _ = writeln!(svg, "<g transform=\"translate({x} {y})\">");
    if let Some(tooltip) = &group.tooltip {
        let _ = writeln!(svg, "<title>{}</title>", escaped(tooltip));
    }
    for item in &group.items {
        draw(svg, item);
    }
    svg.push_str("</g>\n");
}

fn stroked(stroke: Stroke) -> String {
    let dashes = if stroke.dashed { " stroke-dasharray=\"4 3\"" } else { "" };
    format!(" stroke=\"{}\" stroke-width=\"{}\"{dashes}", hex(stroke.color), number(stroke.width))
}

fn opacity(opacity: f64) -> String {
    if opacity < 1.0 { format!(" opacity=\"{}\"", number(opacity)) } else { String::new() }
}

fn hex(Color([r, g, b]): Color) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// With at most two digits behind the point, and none that says nothing. What is no number is 0.
fn number(value: f64) -> String {
    if !value.is_finite() {
        return "0".to_owned();
    }
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Source: RFC 4648, section 4.
pub(crate) fn base64(text: &mut String, bytes: &[u8]) {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    text.reserve(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let at = |place: usize| u32::from(three.get(place).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= three.len() { char::from(letter) } else { '=' });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::example;
    use super::*;

    #[test]
    fn what_is_drawn_is_written() {
        let svg = write(&example());
        for part in [
            "width=\"200\" height=\"100\"",
            "<title>a &lt; b &amp; &quot;c&quot;</title>",
            "<rect x=\"10\" y=\"10\" width=\"50\" height=\"20.5\" fill=\"#cccccc\" stroke=\"#b82a2a\" \
             stroke-width=\"1.5\" stroke-dasharray=\"4 3\"/>",
            "<polyline points=\"0,0 200,100\"",
            "<g transform=\"translate(5 40)\">\n<title>cat &gt; dog</title>",
            "font-weight=\"bold\" fill=\"#222222\">cat\u{fffd} &amp; dog</text>",
            "text-anchor=\"middle\" fill=\"#222222\" transform=\"rotate(-90 150 9)\">loss</text>",
        ] {
            assert!(svg.contains(part), "`{part}` is missing in\n{svg}");
        }
    }

    #[test]
    fn bytes_are_letters() {
        let of = |bytes: &[u8]| {
            let mut text = String::new();
            base64(&mut text, bytes);
            text
        };
        // RFC 4648, section 10
        assert_eq!(
            ["", "f", "fo", "foo", "foob"].map(|text| of(text.as_bytes())),
            ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]
        );
        assert_eq!([1.0, 0.126, -0.001, f64::NAN].map(number), ["1", "0.13", "0", "0"]);
    }
}

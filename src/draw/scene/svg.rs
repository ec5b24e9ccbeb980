//! Scenes as SVG.

use std::fmt::Write;

use super::super::colors::Color;
use super::super::xml::escaped;
use super::font::FAMILIES;
use super::{Anchor, Disc, Enlarged, Group, Image, Item, Polyline, Rect, Scene, Stroke, Text, Weight};

/// The picture as a file.
pub(super) fn write(scene: &Scene) -> String {
    let (width, height) = (number(scene.width), number(scene.height));
    let title = escaped(&scene.title);
    // writing to a String cannot fail
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"{FAMILIES}\" role=\"img\">\n<title>{title}</title>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    for item in &scene.items {
        draw(&mut svg, item);
    }
    svg.push_str("</svg>\n");
    svg
}

fn draw(svg: &mut String, item: &Item) {
    match item {
        Item::Rect(rect) => draw_rect(svg, rect),
        Item::Polyline(line) => draw_polyline(svg, line),
        Item::Disc(disc) => draw_disc(svg, disc),
        Item::Text(text) => draw_text(svg, text),
        Item::Image(image) => draw_image(svg, image),
        Item::Group(group) => draw_group(svg, group),
    }
}

fn draw_rect(svg: &mut String, rect: &Rect) {
    let [x, y, width, height] = [rect.area.x, rect.area.y, rect.area.width, rect.area.height].map(number);
    let fill = rect.fill.map_or_else(|| "none".to_owned(), hex);
    let stroke = rect.stroke.map(stroked).unwrap_or_default();
    let _ = writeln!(
        svg,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{fill}\"{stroke}/>"
    );
}

fn draw_polyline(svg: &mut String, line: &Polyline) {
    let points: Vec<String> =
        line.points.iter().map(|point| format!("{},{}", number(point.x), number(point.y))).collect();
    let (points, stroke, opacity) = (points.join(" "), stroked(line.stroke), opacity(line.opacity));
    let _ = writeln!(
        svg,
        "<polyline points=\"{points}\" fill=\"none\"{stroke}{opacity} stroke-linejoin=\"round\"/>"
    );
}

fn draw_disc(svg: &mut String, disc: &Disc) {
    let [x, y, radius] = [disc.at.x, disc.at.y, disc.radius].map(number);
    let (fill, opacity) = (hex(disc.fill), opacity(disc.opacity));
    let _ = writeln!(svg, "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" fill=\"{fill}\"{opacity}/>");
}

fn draw_text(svg: &mut String, text: &Text) {
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
    let (fill, said) = (hex(text.color), escaped(&text.text));
    let _ = writeln!(
        svg,
        "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\"{weight}{anchor} fill=\"{fill}\"{turned}>{said}</text>"
    );
}

fn draw_image(svg: &mut String, image: &Image) {
    let [x, y, width, height] = [image.area.x, image.area.y, image.area.width, image.area.height].map(number);
    let style = match image.enlarged {
        Enlarged::Squares => " style=\"image-rendering:pixelated\"",
        Enlarged::Smooth => "",
    };
    let _ = write!(
        svg,
        "<image x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" preserveAspectRatio=\"none\"{style} \
         href=\"data:image/png;base64,"
    );
    base64(svg, &image.raster.png);
    svg.push_str("\"/>\n");
}

fn draw_group(svg: &mut String, group: &Group) {
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

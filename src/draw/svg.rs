//! SVG.

use std::fmt::Write;

use super::placement::{Placement, place};
use super::xml::escaped;
use super::{Diagram, Node, lines_of};

/// Sizes in pixels.
const FONT: f64 = 12.0;
const LINE: f64 = 15.0;
const MARGIN: f64 = 16.0;
const BETWEEN_ROWS: f64 = 34.0;
/// Mean width of a letter, in parts of the font's size.
const LETTER: f64 = 0.58;

/// The diagram from top to bottom.
pub(super) fn write(diagram: &Diagram) -> String {
    let lines: Vec<Vec<String>> = diagram.nodes.iter().map(lines_of).collect();
    let widths: Vec<f64> = lines.iter().map(|lines| width_of(lines)).collect();
    let placed = place(diagram, &widths);
    let rows = Rows::new(&placed, &lines);
    let (width, height) = (placed.width + 2.0 * MARGIN + label_room(diagram), rows.bottom + MARGIN);
    // writing to a String cannot fail
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"sans-serif\" font-size=\"{FONT}\">\n<title>{}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n<defs><marker id=\"end\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#666666\"/></marker></defs>\n",
        escaped(&diagram.title)
    );
    edges(&mut svg, diagram, &placed, &rows, &lines);
    for (at, node) in diagram.nodes.iter().enumerate() {
        boxed(&mut svg, node, &lines[at], placed.columns[at] + MARGIN, &rows, placed.rows[at], widths[at]);
    }
    svg.push_str("</svg>\n");
    svg
}

/// Top and height of each row, in pixels.
struct Rows {
    tops: Vec<f64>,
    heights: Vec<f64>,
    bottom: f64,
}

impl Rows {
    fn new(placed: &Placement, lines: &[Vec<String>]) -> Self {
        let count = placed.rows.iter().max().map_or(0, |last| last + 1);
        let mut heights = vec![0.0_f64; count];
        for (row, lines) in placed.rows.iter().zip(lines) {
            heights[*row] = heights[*row].max(height_of(lines));
        }
        let mut tops = Vec::with_capacity(count);
        let mut y = MARGIN;
        for height in &heights {
            tops.push(y);
            y += height + BETWEEN_ROWS;
        }
        Self { tops, heights, bottom: y - BETWEEN_ROWS }
    }

    fn middle(&self, row: usize) -> f64 {
        self.tops[row] + self.heights[row] / 2.0
    }
}

fn width_of(lines: &[String]) -> f64 {
    let letters = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    letters as f64 * FONT * LETTER + 20.0
}

fn height_of(lines: &[String]) -> f64 {
    lines.len() as f64 * LINE + 8.0
}

/// Labels stand to the right of edges: room for the widest beside the rightmost edge.
fn label_room(diagram: &Diagram) -> f64 {
    let letters = diagram.edges.iter().map(|edge| edge.shape.chars().count()).max().unwrap_or(0);
    letters as f64 * 10.0 * LETTER / 2.0
}

fn edges(svg: &mut String, diagram: &Diagram, placed: &Placement, rows: &Rows, lines: &[Vec<String>]) {
    let mut labelled = vec![false; diagram.nodes.len()];
    for (at, edge) in diagram.edges.iter().enumerate() {
        let (from, to) = (placed.rows[edge.from], placed.rows[edge.to]);
        let start = Point {
            x: placed.columns[edge.from] + MARGIN,
            y: rows.middle(from) + height_of(&lines[edge.from]) / 2.0,
        };
        let end = Point {
            x: placed.columns[edge.to] + MARGIN,
            y: rows.middle(to) - height_of(&lines[edge.to]) / 2.0,
        };
        let mut path = format!("M{:.1} {:.1}", start.x, start.y);
        let mut last = start;
        for (bend, &x) in placed.bends[at].iter().enumerate() {
            let row = from + 1 + bend;
            let above = Point { x: x + MARGIN, y: rows.tops[row] };
            curve(&mut path, last, above);
            // straight past the boxes of the row
            last = Point { y: rows.tops[row] + rows.heights[row], ..above };
            let _ = write!(path, " V{:.1}", last.y);
        }
        curve(&mut path, last, end);
        let _ =
            writeln!(svg, "<path d=\"{path}\" fill=\"none\" stroke=\"#666666\" marker-end=\"url(#end)\"/>");
        // results of one node all have one shape: said once
        if !std::mem::replace(&mut labelled[edge.from], true) {
            let (x, y) = (start.x + 5.0, rows.tops[from] + rows.heights[from] + BETWEEN_ROWS / 2.0);
            let _ = writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"10\" fill=\"#444444\">{}</text>",
                escaped(&edge.shape)
            );
        }
    }
}

/// A place, in pixels.
#[derive(Debug, Clone, Copy)]
struct Point {
    x: f64,
    y: f64,
}

/// A curve that leaves and arrives vertically.
fn curve(path: &mut String, from: Point, to: Point) {
    let middle = (from.y + to.y) / 2.0;
    let _ = if (from.x - to.x).abs() < 0.05 {
        write!(path, " V{:.1}", to.y)
    } else {
        write!(path, " C{:.1} {middle:.1} {:.1} {middle:.1} {:.1} {:.1}", from.x, to.x, to.x, to.y)
    };
}

fn boxed(svg: &mut String, node: &Node, lines: &[String], x: f64, rows: &Rows, row: usize, width: f64) {
    let (height, middle) = (height_of(lines), rows.middle(row));
    let (left, top) = (x - width / 2.0, middle - height / 2.0);
    let (fill, stroke) = colors(&node.kind);
    let dashes = if node.layers > 1 { " stroke-dasharray=\"4 2\"" } else { "" };
    let _ = writeln!(
        svg,
        "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"5\" fill=\"{fill}\" stroke=\"{stroke}\"{dashes}/>"
    );
    for (at, line) in lines.iter().enumerate() {
        let y = top + 4.0 + LINE * at as f64 + LINE * 0.78;
        let weight = if at == 0 { " font-weight=\"bold\"" } else { "" };
        let _ = writeln!(
            svg,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\"{weight} fill=\"#222222\">{}</text>",
            escaped(line)
        );
    }
}

/// Fill and border by what a layer does.
fn colors(kind: &str) -> (&'static str, &'static str) {
    if kind.contains("conv") {
        ("#dbe9f9", "#3f78b5")
    } else if kind.contains("pool") {
        ("#fbe3d6", "#c9713a")
    } else if kind == "dense" {
        ("#e4f2dd", "#5a9a3c")
    } else if kind.contains("norm") || kind.contains("dropout") {
        ("#efe6f7", "#8457b0")
    } else if matches!(kind, "add" | "concat" | "subtract" | "multiply" | "average" | "maximum") {
        ("#fdf3cf", "#b3962a")
    } else {
        ("#f4f4f4", "#888888")
    }
}

//! Changes that move places otherwise than a matrix does.
//!
//! Numbers are drawn in this order: skew: which side (top, right, bottom, left), how far; skew_corner: which
//! corner (upper left, upper right, lower right, lower left) times two plus which side (0 its row, 1 its
//! column), how far; elastic: the field of rows, then that of columns, row by row; random_distortion: row and
//! column of each inner corner, row by row.

use super::affine::sample_places;
use super::tone::blur;
use crate::ir::{AugmentKind, Fill};
use crate::random::Random;

/// Samples `pixels` into `out`; operations that are none of this file's leave `out` as it is.
/// Long: an arm for each kind of operation, and no arm is long.
pub(super) fn apply(
    kind: AugmentKind,
    size: [usize; 3],
    pixels: &[f32],
    fill: Fill,
    out: &mut [f32],
    random: &mut Random,
) {
    let [height, width, _] = size;
    match kind {
        AugmentKind::Skew { amount } => {
            let side = random.below(4) as usize;
            let way = random.uniform(0.0, f64::from(amount)) / 2.0;
            let mut corners = CORNERS;
            let (a, b) = (side, (side + 1) % 4);
            (corners[a], corners[b]) =
                (towards(CORNERS[a], CORNERS[b], way), towards(CORNERS[b], CORNERS[a], way));
            project(size, pixels, corners, fill, out);
        }
        AugmentKind::SkewCorner { amount } => {
            let which = random.below(8) as usize;
            let way = random.uniform(0.0, f64::from(amount));
            let (corner, along) = (which / 2, which % 2);
            // neighbours in the order of the corners: an even corner's next one lies in its row, an odd one's
            // in its column
            let neighbour =
                if (corner % 2 == 0) == (along == 0) { (corner + 1) % 4 } else { (corner + 3) % 4 };
            let mut corners = CORNERS;
            corners[corner] = towards(CORNERS[corner], CORNERS[neighbour], way);
            project(size, pixels, corners, fill, out);
        }
        AugmentKind::Elastic { alpha, sigma } => {
            let mut field = || {
                let mut field: Vec<f32> =
                    (0..height * width).map(|_| random.uniform(-1.0, 1.0) as f32).collect();
                blur(&mut field, [height, width, 1], f64::from(sigma));
                field
            };
            let (rows, columns) = (field(), field());
            let way = |field: &[f32], at: usize| f64::from(alpha * field[at]);
            let row = |oy: usize| {
                let (rows, columns) = (&rows, &columns);
                move |ox: usize| {
                    let at = oy * width + ox;
                    (oy as f64 + way(rows, at), ox as f64 + way(columns, at))
                }
            };
            sample_places(size, pixels, row, fill, out);
        }
        AugmentKind::RandomDistortion { grid, magnitude } => {
            let grid = Grid::drawn(grid, f64::from(magnitude), random);
            let row = |oy: usize| {
                let grid = &grid;
                move |ox: usize| {
                    let [dy, dx] =
                        grid.at([(oy as f64 + 0.5) / height as f64, (ox as f64 + 0.5) / width as f64]);
                    (oy as f64 + dy, ox as f64 + dx)
                }
            };
            sample_places(size, pixels, row, fill, out);
        }
        AugmentKind::FlipHorizontal
        | AugmentKind::FlipVertical
        | AugmentKind::Rotation { .. }
        | AugmentKind::Shift { .. }
        | AugmentKind::Shear { .. }
        | AugmentKind::Zoom { .. }
        | AugmentKind::Crop { .. }
        | AugmentKind::ResizedCrop { .. }
        | AugmentKind::Brightness { .. }
        | AugmentKind::Contrast { .. }
        | AugmentKind::Saturation { .. }
        | AugmentKind::Hue { .. }
        | AugmentKind::ChannelShift { .. }
        | AugmentKind::Grayscale
        | AugmentKind::Invert
        | AugmentKind::Noise { .. }
        | AugmentKind::Blur { .. }
        | AugmentKind::Cutout { .. }
        | AugmentKind::Mixup { .. }
        | AugmentKind::Cutmix { .. } => {}
    }
}

/// The unit square, (x, y): upper left, upper right, lower right, lower left.
const CORNERS: [[f64; 2]; 4] = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]];

fn towards(from: [f64; 2], to: [f64; 2], share: f64) -> [f64; 2] {
    [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share]
}

/// The corners of the new picture show the places `corners` of the old one (shares of its width and height),
/// and lines stay lines.
/// ```text
/// (x, y) = (a·u + b·v + c, d·u + e·v + f) / (g·u + h·v + 1)
/// ```
/// Source of the coefficients: Heckbert, "Fundamentals of Texture Mapping and Image Warping", 1989, §2.2.3.
fn project(size: [usize; 3], pixels: &[f32], corners: [[f64; 2]; 4], fill: Fill, out: &mut [f32]) {
    let [p0, p1, p2, p3] = corners;
    let side = |a: [f64; 2], b: [f64; 2]| [a[0] - b[0], a[1] - b[1]];
    let (d1, d2) = (side(p1, p2), side(p3, p2));
    let sum = [0, 1].map(|axis| p0[axis] - p1[axis] + p2[axis] - p3[axis]);
    let area = d1[0] * d2[1] - d2[0] * d1[1];
    // three corners in a line: no way from the square to there
    let (g, h) = if area.abs() < 1e-9 {
        (0.0, 0.0)
    } else {
        ((sum[0] * d2[1] - d2[0] * sum[1]) / area, (d1[0] * sum[1] - sum[0] * d1[1]) / area)
    };
    let [x, y] = [0, 1].map(|i| [p1[i] - p0[i] + g * p1[i], p3[i] - p0[i] + h * p3[i], p0[i]]);
    let (height, width) = (size[0] as f64, size[1] as f64);
    let row = |oy: usize| {
        let v = (oy as f64 + 0.5) / height;
        move |ox: usize| {
            let u = (ox as f64 + 0.5) / width;
            let scale = 1.0 / (g * u + h * v + 1.0);
            let place = |[a, b, c]: [f64; 3]| (a * u + b * v + c) * scale;
            (place(y) * height - 0.5, place(x) * width - 0.5)
        }
    };
    sample_places(size, pixels, row, fill, out);
}

/// How far the corners of a grid are moved: `[rows + 1][columns + 1]` ways in pixels, row and column; those
/// at the border stay.
struct Grid {
    cells: [usize; 2],
    ways: Vec<[f64; 2]>,
}

impl Grid {
    fn drawn(cells: [usize; 2], magnitude: f64, random: &mut Random) -> Self {
        let [rows, columns] = cells;
        let mut ways = vec![[0.0; 2]; (rows + 1) * (columns + 1)];
        for row in 1..rows {
            for column in 1..columns {
                ways[row * (columns + 1) + column] = [0; 2].map(|_| random.uniform(-magnitude, magnitude));
            }
        }
        Self { cells, ways }
    }

    /// The way at a place of the picture, a share of height and width: bilinear between the corners of its
    /// cell.
    fn at(&self, place: [f64; 2]) -> [f64; 2] {
        let [(row, down), (column, right)] = [0, 1].map(|axis| {
            let at = place[axis] * self.cells[axis] as f64;
            let cell = (at as usize).min(self.cells[axis] - 1);
            (cell, at - cell as f64)
        });
        let corner = |row: usize, column: usize| self.ways[row * (self.cells[1] + 1) + column];
        [0, 1].map(|axis| {
            let upper = corner(row, column)[axis] * (1.0 - right) + corner(row, column + 1)[axis] * right;
            let lower =
                corner(row + 1, column)[axis] * (1.0 - right) + corner(row + 1, column + 1)[axis] * right;
            upper * (1.0 - down) + lower * down
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_square_is_the_picture_itself() {
        let pixels: Vec<f32> = (0..12).map(|i| i as f32).collect();
        let mut out = [f32::NAN; 12];
        project([3, 4, 1], &pixels, CORNERS, Fill::Nearest, &mut out);
        assert!(out.iter().zip(&pixels).all(|(a, b)| (a - b).abs() < 1e-4), "{out:?}");
    }

    #[test]
    fn the_new_corners_show_the_given_places() {
        // the middle half of a row of 8: affine, so places are 2.25 - 0.5 = 1.75, 2.25, …
        let pixels: Vec<f32> = (0..8).map(|i| 10.0 * i as f32).collect();
        let mut out = [0.0; 8];
        let corners = [[0.25, 0.0], [0.75, 0.0], [0.75, 1.0], [0.25, 1.0]];
        project([1, 8, 1], &pixels, corners, Fill::Nearest, &mut out);
        let expected: Vec<f32> = (0..8).map(|i| 10.0 * (1.75 + 0.5 * i as f32)).collect();
        assert!(out.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-3), "{out:?}");
        // the upper side shrinks to its middle half: along the lower border nothing moves
        let wide = [[0.25, 0.0], [0.75, 0.0], [1.0, 1.0], [0.0, 1.0]];
        let pixels: Vec<f32> = (0..8000).map(|i| (i % 8) as f32).collect();
        let mut out = vec![0.0; 8000];
        project([1000, 8, 1], &pixels, wide, Fill::Nearest, &mut out);
        assert!((out[1] - 2.25).abs() < 0.01 && (out[7993] - 1.0).abs() < 0.01, "{} {}", out[1], out[7993]);
    }

    #[test]
    fn a_grid_moves_its_inner_corners_alone() {
        let mut grid = Grid::drawn([2, 2], 3.0, &mut Random::seeded(1));
        assert!(grid.ways[4].iter().all(|way| *way != 0.0 && way.abs() <= 3.0));
        assert!(grid.ways.iter().enumerate().all(|(at, way)| at == 4 || *way == [0.0; 2]));
        grid.ways[4] = [2.0, -4.0];
        assert_eq!(grid.at([0.5, 0.5]), [2.0, -4.0]);
        // halfway to the middle along one axis, and along both
        assert_eq!((grid.at([0.25, 0.5]), grid.at([0.25, 0.75])), ([1.0, -2.0], [0.5, -1.0]));
        assert_eq!((grid.at([0.0, 0.5]), grid.at([1.0, 1.0])), ([0.0; 2], [0.0; 2]));
    }
}

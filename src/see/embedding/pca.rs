//! Principal components: the directions in which points lie furthest apart.

use ndarray::{Array2, ArrayView2, Axis};

/// Rounds of the iteration at most; it ends when directions no longer turn.
const ROUNDS: usize = 300;
/// A direction has settled when it turns by less than this.
const SETTLED: f64 = 1e-9;

/// Points `[N, D]` in the plane of their two largest principal components, `[N, 2]`. Found by orthogonal
/// iteration (Golub and Van Loan, Matrix Computations, 8.2.4), from a fixed start; each direction points where
/// its largest part is above 0, so that the same points give the same picture.
pub(super) fn pca(points: ArrayView2<'_, f64>) -> Array2<f64> {
    let (count, size) = points.dim();
    let Some(mean) = points.mean_axis(Axis(0)) else { return Array2::zeros((count, 2)) };
    let centered = &points - &mean;
    let mut directions =
        Array2::from_shape_fn((size, 2), |(row, column)| 1.0 + ((row * (column + 1)) as f64 * 0.7).sin());
    orthonormalize(&mut directions);
    for _ in 0..ROUNDS {
        let mut next = centered.t().dot(&centered.dot(&directions));
        orthonormalize(&mut next);
        let turned = (&next - &directions).iter().fold(0.0, |most: f64, turn| most.max(turn.abs()));
        directions = next;
        if turned < SETTLED {
            break;
        }
    }
    for mut direction in directions.axis_iter_mut(Axis(1)) {
        let largest = direction.iter().copied().fold(
            0.0,
            |most: f64, part| {
                if part.abs() > most.abs() { part } else { most }
            },
        );
        if largest < 0.0 {
            direction.mapv_inplace(|part| -part);
        }
    }
    centered.dot(&directions)
}

/// Gram and Schmidt's; what has no length stays 0.
fn orthonormalize(directions: &mut Array2<f64>) {
    for at in 0..directions.ncols() {
        for before in 0..at {
            let other = directions.column(before).to_owned();
            let along = directions.column(at).dot(&other);
            directions.column_mut(at).scaled_add(-along, &other);
        }
        let length = directions.column(at).dot(&directions.column(at)).sqrt();
        if length > 1e-300 {
            directions.column_mut(at).mapv_inplace(|part| part / length);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_seen_from_where_they_lie_apart() {
        // far apart along (3, 4, 0), less along (0, 0, 1), and one says nothing of the other
        let points = Array2::from_shape_fn((8, 3), |(n, axis)| {
            let (far, near) = (n as f64 - 3.5, [1.0, -1.0, -1.0, 1.0, -1.0, 1.0, 1.0, -1.0][n]);
            [3.0 * far, 4.0 * far, near][axis] + 100.0
        });
        let seen = pca(points.view());
        for n in 0..8 {
            assert!((seen[[n, 0]].abs() - 5.0 * (n as f64 - 3.5).abs()).abs() < 1e-6, "{seen}");
            assert!((seen[[n, 1]].abs() - 1.0).abs() < 1e-6, "{seen}");
        }
        let nothing = Array2::<f64>::zeros((3, 2));
        assert_eq!(pca(nothing.view()), nothing);
        assert_eq!(pca(Array2::from_elem((4, 1), 2.0).view()).dim(), (4, 2));
    }
}

//! t-SNE: points in the plane whose neighbours are those that they have in many dimensions.
//!
//! L. van der Maaten and G. Hinton, "Visualizing data using t-SNE", JMLR 9 (2008), exact. Start, rates and the
//! early exaggeration are scikit-learn's. Sums over a point's neighbours are taken in their order, whichever
//! thread takes them, and sums over points by one thread: the same bits for any number of threads.

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;

/// Neighbours that count.
pub(super) const PERPLEXITY: f64 = 30.0;
/// Steps in all, and those of the beginning, in which neighbours are drawn together.
const STEPS: usize = 1000;
const EARLY_STEPS: usize = 250;
/// How much.
const EXAGGERATION: f64 = 12.0;
/// Width of the cloud to begin with.
const START: f64 = 1e-4;
/// Halvings in the search for a point's width.
const HALVINGS: usize = 100;
/// A gain below this is not taken.
const LEAST_GAIN: f64 = 0.01;

/// Places `[N, 2]` of points `[N, D]`, from those that `start` gives them.
pub(super) fn tsne(points: ArrayView2<'_, f64>, start: &Array2<f64>) -> Array2<f64> {
    let count = points.nrows();
    if count < 4 {
        return start.clone();
    }
    let shares = neighbours(points, PERPLEXITY.min((count - 1) as f64 / 3.0));
    let mut places = started(start);
    let mut speeds = Array2::<f64>::zeros((count, 2));
    let mut gains = Array2::<f64>::ones((count, 2));
    let rate = (count as f64 / EXAGGERATION / 4.0).max(50.0);
    for step in 0..STEPS {
        let (exaggeration, momentum) = if step < EARLY_STEPS { (EXAGGERATION, 0.5) } else { (1.0, 0.8) };
        let gradient = gradient(&places, &shares, exaggeration);
        ndarray::Zip::from(&mut speeds).and(&mut gains).and(&gradient).for_each(|speed, gain, &slope| {
            *gain = if *speed * slope < 0.0 { *gain + 0.2 } else { (*gain * 0.8).max(LEAST_GAIN) };
            *speed = momentum * *speed - rate * *gain * slope;
        });
        places += &speeds;
    }
    places
}

/// The start, so narrow that neighbours find each other.
fn started(start: &Array2<f64>) -> Array2<f64> {
    let first = start.column(0);
    let mean = first.mean().unwrap_or_default();
    let deviation = (first.mapv(|place| (place - mean).powi(2)).mean().unwrap_or_default()).sqrt();
    if deviation > 0.0 { start * (START / deviation) } else { start.clone() }
}

/// How much each two points are neighbours, in all 1: `p[i, j]`, row by row.
fn neighbours(points: ArrayView2<'_, f64>, perplexity: f64) -> Vec<f64> {
    let count = points.nrows();
    let rows: Vec<Vec<f64>> = (0..count)
        .into_par_iter()
        .map(|at| {
            let own = points.index_axis(Axis(0), at);
            let square = |other: ndarray::ArrayView1<'_, f64>| {
                own.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum::<f64>()
            };
            let squares: Vec<f64> = points.axis_iter(Axis(0)).map(square).collect();
            shares_of(at, &squares, perplexity)
        })
        .collect();
    let all = 2.0 * count as f64;
    let both = |at: usize| {
        let (i, j) = (at / count, at % count);
        ((rows[i][j] + rows[j][i]) / all).max(f64::EPSILON)
    };
    (0..count * count).into_par_iter().map(both).collect()
}

/// How much others are neighbours of a point: a bell whose width makes them so many as `perplexity` says.
fn shares_of(own: usize, squares: &[f64], perplexity: f64) -> Vec<f64> {
    let nearest = squares.iter().enumerate().filter(|(at, _)| *at != own);
    let nearest = nearest.map(|(_, square)| *square).fold(f64::INFINITY, f64::min);
    let (mut low, mut high, mut narrowness) = (0.0, f64::INFINITY, 1.0);
    let mut shares = vec![0.0; squares.len()];
    for _ in 0..HALVINGS {
        let (mut sum, mut weighed) = (0.0, 0.0);
        for (at, (share, square)) in shares.iter_mut().zip(squares).enumerate() {
            // counted from the nearest one, so that not all of them vanish
            *share = if at == own { 0.0 } else { (-(square - nearest) * narrowness).exp() };
            sum += *share;
            weighed += *share * (square - nearest);
        }
        let entropy = sum.ln() + narrowness * weighed / sum;
        shares.iter_mut().for_each(|share| *share /= sum);
        let difference = entropy - perplexity.ln();
        if difference.abs() < 1e-5 {
            break;
        }
        if difference > 0.0 {
            low = narrowness;
            narrowness = if high.is_finite() { f64::midpoint(narrowness, high) } else { narrowness * 2.0 };
        } else {
            high = narrowness;
            narrowness = f64::midpoint(narrowness, low);
        }
    }
    shares
}

/// The gradient of the difference between neighbours there and here.
fn gradient(places: &Array2<f64>, shares: &[f64], exaggeration: f64) -> Array2<f64> {
    let count = places.nrows();
    let near = |i: usize, j: usize| {
        let (x, y) = (places[[i, 0]] - places[[j, 0]], places[[i, 1]] - places[[j, 1]]);
        1.0 / (1.0 + x * x + y * y)
    };
    let sums: Vec<f64> = (0..count)
        .into_par_iter()
        .map(|i| (0..count).filter(|j| *j != i).map(|j| near(i, j)).sum())
        .collect();
    let all: f64 = sums.iter().sum();
    let slopes: Vec<[f64; 2]> = (0..count)
        .into_par_iter()
        .map(|i| {
            let mut slope = [0.0; 2];
            for j in 0..count {
                let near = near(i, j);
                let pull = (exaggeration * shares[i * count + j] - near / all) * near;
                slope[0] += pull * (places[[i, 0]] - places[[j, 0]]);
                slope[1] += pull * (places[[i, 1]] - places[[j, 1]]);
            }
            slope.map(|slope| 4.0 * slope)
        })
        .collect();
    Array2::from_shape_fn((count, 2), |(i, axis)| slopes[i][axis])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three clouds in ten dimensions.
    fn clouds() -> Array2<f64> {
        let mut random = crate::random::Random::keyed(&[7]);
        Array2::from_shape_fn((60, 10), |(n, axis)| {
            let middle = if axis == n % 3 { 8.0 } else { 0.0 };
            middle + random.unit()
        })
    }

    #[test]
    fn clouds_stay_apart() {
        let points = clouds();
        let places = tsne(points.view(), &super::super::pca::pca(points.view()));
        let distance =
            |i: usize, j: usize| (places[[i, 0]] - places[[j, 0]]).hypot(places[[i, 1]] - places[[j, 1]]);
        for i in 0..60 {
            let nearest =
                (0..60).filter(|j| *j != i).min_by(|a, b| distance(i, *a).total_cmp(&distance(i, *b)));
            assert_eq!(nearest.map(|j| j % 3), Some(i % 3));
        }
    }

    /// The first built-in digits, a row each.
    fn digits(count: usize) -> Array2<f64> {
        use std::io::Read;
        let file = include_bytes!("../../data/digits/digits-images-idx3-ubyte.gz");
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(&file[..]).read_to_end(&mut bytes).expect("sound");
        // a header of 16 bytes, then 8x8 bytes a picture, for values of 0 to 16 in scikit-learn
        Array2::from_shape_fn((count, 64), |(picture, at)| {
            (f64::from(bytes[16 + picture * 64 + at]) / 255.0 * 16.0).round()
        })
    }

    /// Source: Venna and Kaski, Neighborhood preservation in nonlinear projection methods, 2001.
    fn trustworthiness(points: &Array2<f64>, places: &Array2<f64>, neighbours: usize) -> f64 {
        let count = points.nrows();
        let nearest = |of: &Array2<f64>, i: usize| {
            let square =
                |j: usize| -> f64 { of.row(i).iter().zip(of.row(j)).map(|(a, b)| (a - b) * (a - b)).sum() };
            let mut others: Vec<usize> = (0..count).filter(|j| *j != i).collect();
            others.sort_by(|a, b| square(*a).total_cmp(&square(*b)));
            others
        };
        let mut sum = 0.0;
        for i in 0..count {
            let ranked = nearest(points, i);
            for j in &nearest(places, i)[..neighbours] {
                let rank = ranked.iter().position(|other| other == j).expect("it is another point") + 1;
                sum += rank.saturating_sub(neighbours) as f64;
            }
        }
        let (n, k) = (count as f64, neighbours as f64);
        1.0 - 2.0 / (n * k * (2.0 * n - 3.0 * k - 1.0)) * sum
    }

    #[test]
    fn neighbours_stay_as_they_do_in_scikit_learn() {
        let golden: serde_json::Value =
            serde_json::from_str(include_str!("../../../tests/golden/embedding.json")).expect("JSON");
        let number = |value: &serde_json::Value| value.as_f64().expect("a number");
        let count = number(&golden["count"]) as usize;
        let neighbours = number(&golden["neighbours"]) as usize;
        let points = digits(count);
        let flat = super::super::pca::pca(points.view());
        let of_pca = trustworthiness(&points, &flat, neighbours);
        assert!((of_pca - number(&golden["pca"])).abs() < 1e-4, "{of_pca}");
        let of_tsne = trustworthiness(&points, &tsne(points.view(), &flat), neighbours);
        for theirs in golden["tsne"].as_array().expect("some") {
            assert!(of_tsne >= number(theirs) - 0.02, "{of_tsne}, scikit-learn {theirs}");
        }
    }

    #[test]
    fn threads_change_nothing() {
        let points = clouds();
        let start = super::super::pca::pca(points.view());
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(|| tsne(points.view(), &start))
        };
        assert_eq!(with(1), with(3));
    }

    #[test]
    fn a_bell_counts_as_many_as_it_should() {
        let squares: Vec<f64> = (0..50).map(|at| f64::from(at * at)).collect();
        let shares = shares_of(0, &squares, 5.0);
        let entropy: f64 = shares.iter().filter(|share| **share > 0.0).map(|share| -share * share.ln()).sum();
        assert!((entropy.exp() - 5.0).abs() < 1e-3, "{}", entropy.exp());
        assert_eq!(shares[0], 0.0);
    }
}

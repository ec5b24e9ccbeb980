//! Initial values of parameters.
//!
//! A parameter's values depend on the seed, its name, its shape and its initializer, and on nothing else:
//! adding a layer to a model changes no other layer's start. Distributions and fans are Keras's
//! (`keras.initializers`); the numbers are our own generator's.

use crate::ir::Param;
use crate::random::{Random, text_key};
use crate::tensor::Shape;
use crate::vocabulary::{FanMode, Initializer, ScaledDistribution};

/// Deviation of a standard normal that is truncated at ±2. A truncated normal of deviation `σ` is made from
/// `σ / 0.8796…`.
const TRUNCATED_DEVIATION: f64 = 0.879_625_661_034_239_8;

/// Tells the streams of initial weights from all others of the same seed.
const PURPOSE: u64 = 0x696e_6974; // "init"

/// The initial values of a parameter, row by row in its own shape.
pub fn initial_values(param: &Param, seed: u64) -> Vec<f32> {
    let mut random = Random::keyed(&[seed, PURPOSE, text_key(&param.name)]);
    let distribution = match Distribution::of(param.initializer, &param.shape) {
        Some(distribution) => distribution,
        None => return orthogonal(param, &mut random),
    };
    (0..param.shape.elements()).map(|_| distribution.draw(&mut random)).collect()
}

/// A distribution to draw from.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Distribution {
    /// Always this.
    Constant(f32),
    /// Uniform in `[least, most)`.
    Uniform { least: f64, most: f64 },
    /// Normal.
    Normal { mean: f64, deviation: f64 },
    /// Normal before truncation; values beyond two of these deviations are drawn again.
    Truncated { mean: f64, deviation: f64 },
}

impl Distribution {
    /// Keras's definitions. A variance scaling initializer wants the variance `scale / fan`: the uniform one
    /// reaches to `√(3 · scale / fan)`, the normal one's deviation is `√(scale / fan) / 0.8796…`, truncated.
    ///
    /// `None` where numbers are not drawn one by one.
    fn of(initializer: Initializer, shape: &Shape) -> Option<Self> {
        let (fan_in, fan_out) = fans(shape);
        let average = f64::midpoint(fan_in, fan_out);
        let uniform = |scale: f64, fan: f64| {
            let limit = (3.0 * scale / fan.max(1.0)).sqrt();
            Distribution::Uniform { least: -limit, most: limit }
        };
        let normal = |scale: f64, fan: f64| Distribution::Truncated {
            mean: 0.0,
            deviation: (scale / fan.max(1.0)).sqrt() / TRUNCATED_DEVIATION,
        };
        Some(match initializer {
            Initializer::Zeros => Distribution::Constant(0.0),
            Initializer::Ones => Distribution::Constant(1.0),
            Initializer::Constant(value) => Distribution::Constant(value),
            Initializer::GlorotUniform => uniform(1.0, average),
            Initializer::GlorotNormal => normal(1.0, average),
            Initializer::HeUniform => uniform(2.0, fan_in),
            Initializer::HeNormal => normal(2.0, fan_in),
            Initializer::LecunUniform => uniform(1.0, fan_in),
            Initializer::LecunNormal => normal(1.0, fan_in),
            Initializer::RandomUniform { minval, maxval } => {
                Distribution::Uniform { least: f64::from(minval), most: f64::from(maxval) }
            }
            Initializer::RandomNormal { mean, stddev } => {
                Distribution::Normal { mean: f64::from(mean), deviation: f64::from(stddev) }
            }
            Initializer::TruncatedNormal { mean, stddev } => {
                Distribution::Truncated { mean: f64::from(mean), deviation: f64::from(stddev) }
            }
            Initializer::VarianceScaling { scale, mode, distribution } => {
                let fan = match mode {
                    FanMode::FanIn => fan_in,
                    FanMode::FanOut => fan_out,
                    FanMode::FanAvg => average,
                };
                match distribution {
                    ScaledDistribution::TruncatedNormal => normal(f64::from(scale), fan),
                    ScaledDistribution::UntruncatedNormal => Distribution::Normal {
                        mean: 0.0,
                        deviation: (f64::from(scale) / fan.max(1.0)).sqrt(),
                    },
                    ScaledDistribution::Uniform => uniform(f64::from(scale), fan),
                }
            }
            Initializer::Orthogonal { .. } => return None,
        })
    }

    fn draw(self, random: &mut Random) -> f32 {
        match self {
            Distribution::Constant(value) => value,
            Distribution::Uniform { least, most } => random.uniform(least, most) as f32,
            Distribution::Normal { mean, deviation } => (mean + deviation * random.normal()) as f32,
            Distribution::Truncated { mean, deviation } => loop {
                let value = random.normal();
                if value.abs() <= 2.0 {
                    return (mean + deviation * value) as f32;
                }
            },
        }
    }
}

/// A matrix `[product of all axes but the last, last]` with orthonormal columns (rows, where there are fewer
/// of them), times the gain: normal numbers made orthogonal one after the other (Gram–Schmidt, twice, which
/// is enough for f64). The result is uniform among such matrices, as Keras's is.
fn orthogonal(param: &Param, random: &mut Random) -> Vec<f32> {
    let Initializer::Orthogonal { gain } = param.initializer else { return Vec::new() };
    let columns = param.shape.channels();
    let rows = param.shape.elements() / columns.max(1);
    let (count, length) = (rows.min(columns), rows.max(columns));
    let mut vectors: Vec<Vec<f64>> = Vec::with_capacity(count);
    while vectors.len() < count {
        let mut vector: Vec<f64> = (0..length).map(|_| random.normal()).collect();
        for _ in 0..2 {
            for other in &vectors {
                let along: f64 = vector.iter().zip(other).map(|(a, b)| a * b).sum();
                vector.iter_mut().zip(other).for_each(|(a, b)| *a -= along * b);
            }
        }
        let size = vector.iter().map(|a| a * a).sum::<f64>().sqrt();
        // a vector that the others span, all but impossible, is drawn again
        if size > 1e-6 {
            vectors.push(vector.iter().map(|a| a / size).collect());
        }
    }
    let value = |row: usize, column: usize| {
        let (vector, place) = if rows >= columns { (column, row) } else { (row, column) };
        (f64::from(gain) * vectors[vector][place]) as f32
    };
    (0..rows)
        .flat_map(|row| (0..columns).map(move |column| (row, column)))
        .map(|(r, c)| value(r, c))
        .collect()
}

/// `(fan_in, fan_out)`: inputs and outputs of one unit. Weights `[in, out]` and `[kh, kw, in, out]` count
/// their window; a vector is both.
fn fans(shape: &Shape) -> (f64, f64) {
    let count = |n: usize| n as f64;
    match *shape.extents() {
        [] => (1.0, 1.0),
        [n] => (count(n), count(n)),
        [ref window @ .., inputs, outputs] => {
            let area = window.iter().product::<usize>();
            (count(area * inputs), count(area * outputs))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::ParamRole;

    const ALL: [Initializer; 13] = [
        Initializer::Zeros,
        Initializer::Ones,
        Initializer::GlorotUniform,
        Initializer::GlorotNormal,
        Initializer::HeUniform,
        Initializer::HeNormal,
        Initializer::LecunUniform,
        Initializer::LecunNormal,
        Initializer::RandomUniform { minval: -0.05, maxval: 0.05 },
        Initializer::RandomNormal { mean: 0.0, stddev: 0.05 },
        Initializer::TruncatedNormal { mean: 0.0, stddev: 0.05 },
        Initializer::Constant(1.0),
        Initializer::VarianceScaling {
            scale: 3.0,
            mode: FanMode::FanOut,
            distribution: ScaledDistribution::UntruncatedNormal,
        },
    ];

    fn param(name: &str, shape: &[usize], initializer: Initializer) -> Param {
        Param {
            name: name.into(),
            layer: String::new(),
            shape: Shape::new(shape),
            initializer,
            role: ParamRole::Weight,
        }
    }

    /// Mean, deviation and largest magnitude.
    fn moments(values: &[f32]) -> (f64, f64, f64) {
        let n = values.len() as f64;
        let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
        let variance = values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / n;
        (mean, variance.sqrt(), values.iter().fold(0.0, |most, &v| most.max(f64::from(v).abs())))
    }

    #[test]
    fn distributions_have_keras_deviation_and_reach() {
        // fan_in = 3·3·32 = 288, fan_out = 3·3·64 = 576, average 432; 18,432 values.
        let fan_in = 288.0_f64;
        let average = 432.0_f64;
        let truncated = TRUNCATED_DEVIATION;
        for initializer in ALL {
            let values = initial_values(&param("conv2d.kernel", &[3, 3, 32, 64], initializer), 5);
            let (mean, deviation, reach) = moments(&values);
            // Expected deviation and the bound of every value (deviations; infinite for an untruncated
            // normal).
            let (want, bound) = match initializer {
                Initializer::Zeros => (0.0, 0.0),
                Initializer::Ones | Initializer::Constant(_) => (0.0, 1.0),
                Initializer::VarianceScaling { .. } => ((3.0_f64 / 576.0).sqrt(), f64::INFINITY),
                Initializer::Orthogonal { .. } => unreachable!("has a test of its own"),
                Initializer::GlorotUniform => ((1.0 / average).sqrt(), (3.0 / average).sqrt()),
                Initializer::HeUniform => ((2.0 / fan_in).sqrt(), (6.0 / fan_in).sqrt()),
                Initializer::LecunUniform => ((1.0 / fan_in).sqrt(), (3.0 / fan_in).sqrt()),
                Initializer::RandomUniform { .. } => (0.05 / 3.0_f64.sqrt(), 0.05),
                Initializer::GlorotNormal => {
                    ((1.0 / average).sqrt(), 2.0 * (1.0 / average).sqrt() / truncated)
                }
                Initializer::HeNormal => ((2.0 / fan_in).sqrt(), 2.0 * (2.0 / fan_in).sqrt() / truncated),
                Initializer::LecunNormal => ((1.0 / fan_in).sqrt(), 2.0 * (1.0 / fan_in).sqrt() / truncated),
                Initializer::RandomNormal { .. } => (0.05, f64::INFINITY),
                Initializer::TruncatedNormal { .. } => (0.05 * truncated, 0.1),
            };
            // The deviation's standard error is below want / √(2n) = 0.5%; four of them.
            assert!(
                (deviation - want).abs() <= 0.02 * want,
                "{initializer:?}: deviation {deviation}, want {want}"
            );
            assert!(reach <= bound * 1.000_001, "{initializer:?}: reaches {reach}, bound {bound}");
            if bound.is_finite() && want > 0.0 {
                assert!(reach > 0.97 * bound, "{initializer:?}: reaches only {reach} of {bound}");
            }
            let ones = matches!(initializer, Initializer::Ones | Initializer::Constant(_));
            let centre = if ones { 1.0 } else { 0.0 };
            assert!((mean - centre).abs() <= 4.0 * want / 135.0, "{initializer:?}: mean {mean}");
        }
    }

    #[test]
    fn means_are_kept() {
        let shifted = [
            Initializer::RandomUniform { minval: 0.1, maxval: 0.3 },
            Initializer::RandomNormal { mean: 0.2, stddev: 0.05 },
            Initializer::TruncatedNormal { mean: 0.2, stddev: 0.05 },
        ];
        for initializer in shifted {
            let (mean, ..) = moments(&initial_values(&param("dense.kernel", &[100, 100], initializer), 5));
            assert!((mean - 0.2).abs() < 3e-3, "{initializer:?}: mean {mean}");
        }
    }

    #[test]
    fn orthogonal_vectors_have_the_length_of_the_gain() {
        for shape in [[2, 2, 5, 7], [1, 3, 2, 16], [1, 1, 1, 1]] {
            let values =
                initial_values(&param("conv2d.kernel", &shape, Initializer::Orthogonal { gain: 2.0 }), 9);
            let (rows, columns) = (shape[0] * shape[1] * shape[2], shape[3]);
            let entry = |r: usize, c: usize| f64::from(values[r * columns + c]);
            let (count, length) = (rows.min(columns), rows.max(columns));
            let element = |v: usize, at: usize| if rows >= columns { entry(at, v) } else { entry(v, at) };
            for a in 0..count {
                for b in 0..count {
                    let product: f64 = (0..length).map(|at| element(a, at) * element(b, at)).sum();
                    let want = if a == b { 4.0 } else { 0.0 };
                    assert!((product - want).abs() < 1e-5, "{shape:?}: {a} times {b} is {product}");
                }
            }
        }
    }

    #[test]
    fn fans_count_the_window() {
        assert_eq!(fans(&Shape::new([3, 5, 7, 2])), (105.0, 30.0));
        assert_eq!(fans(&Shape::new([100, 10])), (100.0, 10.0));
        assert_eq!(fans(&Shape::new([8])), (8.0, 8.0));
    }

    #[test]
    fn the_truncated_deviation_is_that_of_the_distribution() {
        // Var = 1 − 2·2·φ(2) / (2Φ(2) − 1), with φ(2) and Φ(2) from tables.
        let variance: f64 = 1.0 - 4.0 * 0.053_990_966_513_188_06 / 0.954_499_736_103_641_6;
        assert!((variance.sqrt() - TRUNCATED_DEVIATION).abs() < 1e-12);
    }

    #[test]
    fn values_depend_on_seed_and_name_alone() {
        let values = |name, seed| initial_values(&param(name, &[4, 4], Initializer::HeNormal), seed);
        assert_eq!(values("dense.kernel", 1), values("dense.kernel", 1));
        assert_ne!(values("dense.kernel", 1), values("dense.kernel", 2));
        assert_ne!(values("dense.kernel", 1), values("dense_1.kernel", 1));
    }
}

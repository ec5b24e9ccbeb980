//! How much each member of an ensemble counts: numbers of at least 0 that are 1 together, and make the loss
//! of their weighted mean on the validation pictures smallest.
//!
//! With `p[i][k]` the probability that member k gives to what is right of picture i,
//! ```text
//! f(w) = −1/n Σᵢ ln Σₖ w[k] p[i][k] + Σₖ w[k]        over w ≥ 0
//! ```
//! is convex, and its minimum has Σ w = 1 by itself (Kim, Carbonetto, Stephens and Anitescu, Journal of
//! Computational and Graphical Statistics 29 (2020)). Newton's steps within w ≥ 0, each found one coordinate
//! after the other, lead there. All sums are of 64 bits and in the order of the pictures: the result depends on
//! nothing else.

/// Newton's steps; it takes some ten.
const MOST_STEPS: usize = 200;
/// Passes over the coordinates of a step.
const MOST_PASSES: usize = 1_000;
/// The least probability, as losses clip it.
const LEAST: f64 = 1e-7;
/// The loss is within this of the smallest.
const NEAR: f64 = 1e-10;
/// Weights below this are none.
const NOTHING: f64 = 1e-6;

/// The weights of so many members. `right` holds for each answer that counts the probability that each
/// member gives to what is right, member by member.
pub(super) fn weights(members: usize, right: &[f32]) -> Vec<f32> {
    let rows: Vec<f64> = right.iter().map(|&p| f64::from(p).clamp(LEAST, 1.0)).collect();
    let mut weights = vec![1.0 / members as f64; members];
    if rows.is_empty() {
        return rounded(&weights);
    }
    for _ in 0..MOST_STEPS {
        let at = Local::at(&rows, &weights);
        // f lies at most this far above its minimum, once the weights are 1 together
        let gap = at.gradient.iter().map(|slope| -slope).fold(0.0, f64::max);
        if gap < NEAR {
            break;
        }
        let step = step(&at, &weights);
        let slope: f64 = at.gradient.iter().zip(&step).map(|(slope, step)| slope * step).sum();
        let Some(next) = shorter(&rows, &weights, &step, (at.value, slope)) else { break };
        weights = next;
    }
    rounded(&weights)
}

/// The function around a point.
struct Local {
    value: f64,
    gradient: Vec<f64>,
    /// Row by row.
    hessian: Vec<f64>,
}

impl Local {
    fn at(rows: &[f64], weights: &[f64]) -> Self {
        let members = weights.len();
        let share = members as f64 / rows.len() as f64;
        let mut value = 0.0;
        let mut gradient = vec![0.0; members];
        let mut hessian = vec![0.0; members * members];
        for row in rows.chunks_exact(members) {
            let mean = dot(row, weights);
            value -= mean.ln();
            for (k, &p) in row.iter().enumerate() {
                let ratio = p / mean;
                gradient[k] -= ratio;
                for (j, &other) in row.iter().enumerate().take(k + 1) {
                    hessian[k * members + j] += ratio * other / mean;
                }
            }
        }
        for (k, slope) in gradient.iter_mut().enumerate() {
            *slope = *slope * share + 1.0;
            for j in 0..=k {
                hessian[k * members + j] *= share;
                hessian[j * members + k] = hessian[k * members + j];
            }
        }
        Self { value: value * share + weights.iter().sum::<f64>(), gradient, hessian }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn value(rows: &[f64], weights: &[f64]) -> f64 {
    let members = weights.len();
    let sum: f64 = rows.chunks_exact(members).map(|row| dot(row, weights).ln()).sum();
    weights.iter().sum::<f64>() - sum * members as f64 / rows.len() as f64
}

/// The step to the least of the parabola at a point, as far as no weight falls below 0.
fn step(at: &Local, weights: &[f64]) -> Vec<f64> {
    let members = weights.len();
    let mut step = vec![0.0; members];
    // of the parabola, at the end of the step
    let mut slopes = at.gradient.clone();
    for _ in 0..MOST_PASSES {
        let mut moved: f64 = 0.0;
        for (k, weight) in weights.iter().enumerate() {
            let curve = at.hessian[k * members + k];
            let to = (step[k] - slopes[k] / curve).max(-weight);
            let by = to - step[k];
            if by == 0.0 {
                continue;
            }
            step[k] = to;
            moved = moved.max(by.abs());
            for (j, slope) in slopes.iter_mut().enumerate() {
                *slope += by * at.hessian[k * members + j];
            }
        }
        if moved < 1e-14 {
            break;
        }
    }
    step
}

/// As much of a step as makes the function smaller; `None` where nothing of it does.
fn shorter(rows: &[f64], weights: &[f64], step: &[f64], (now, slope): (f64, f64)) -> Option<Vec<f64>> {
    let mut part = 1.0;
    while part > 1e-12 {
        let next: Vec<f64> =
            weights.iter().zip(step).map(|(weight, step)| (weight + part * step).max(0.0)).collect();
        // a point where some answer has no probability at all is none
        if next.iter().any(|weight| *weight > 0.0) && value(rows, &next) <= now + 1e-4 * part * slope {
            return Some(next);
        }
        part /= 2.0;
    }
    None
}

/// As they are kept: what is next to nothing is 0, and all are 1 together but for their last digits.
fn rounded(weights: &[f64]) -> Vec<f32> {
    let sum: f64 = weights.iter().sum();
    let kept: Vec<f64> =
        weights.iter().map(|weight| if weight / sum < NOTHING { 0.0 } else { *weight }).collect();
    let sum: f64 = kept.iter().sum();
    kept.iter().map(|weight| (weight / sum) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn loss(members: usize, right: &[f32], weights: &[f64]) -> f64 {
        let rows = right.chunks_exact(members);
        let count = rows.len() as f64;
        rows.map(|row| -row.iter().zip(weights).map(|(p, w)| f64::from(*p) * w).sum::<f64>().ln())
            .sum::<f64>()
            / count
    }

    /// Random probabilities, of members that are good at different pictures.
    fn random(members: usize, pictures: usize, seed: u64) -> Vec<f32> {
        let mut random = Random::seeded(seed);
        (0..members * pictures).map(|_| random.uniform(0.02, 0.99) as f32).collect()
    }

    #[derive(serde::Deserialize)]
    struct Case {
        members: usize,
        right: Vec<f32>,
        weights: Vec<f32>,
        loss: f64,
    }

    /// SciPy's weights, by two other ways: `tests/golden/ensemble.py`.
    #[test]
    fn weights_are_those_of_scipy() {
        let cases: Vec<Case> =
            serde_json::from_str(include_str!("../../../tests/golden/ensemble.json")).expect("JSON");
        for Case { members, right, weights: wanted, loss: least } in cases {
            let found = weights(members, &right);
            let near = found.iter().zip(&wanted).all(|(found, wanted)| (found - wanted).abs() < 2e-5);
            assert!(near, "{found:?} is not {wanted:?}");
            let found: Vec<f64> = found.iter().map(|&weight| f64::from(weight)).collect();
            assert!((loss(members, &right, &found) - least).abs() < 1e-7, "{members}");
        }
    }

    #[test]
    fn no_point_of_a_grid_is_better() {
        for seed in 0..5 {
            let right = random(3, 60, seed);
            let found: Vec<f64> = weights(3, &right).iter().map(|&weight| f64::from(weight)).collect();
            assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-6, "{found:?}");
            let least = loss(3, &right, &found);
            for a in 0..=100 {
                for b in 0..=100 - a {
                    let point = [f64::from(a) / 100.0, f64::from(b) / 100.0, f64::from(100 - a - b) / 100.0];
                    assert!(least <= loss(3, &right, &point) + 1e-7, "{seed}: {found:?}, {point:?}");
                }
            }
        }
    }

    #[test]
    fn a_member_that_is_never_better_counts_nothing() {
        let right: Vec<f32> = (0..40).flat_map(|at| [0.6 + 0.005 * at as f32, 0.3]).collect();
        assert_eq!(weights(2, &right), [1.0, 0.0]);
    }

    #[test]
    fn members_that_are_alike_and_pictures_that_are_not_there_change_nothing() {
        let right: Vec<f32> = (0..40).flat_map(|at| [0.2 + 0.01 * at as f32; 2]).collect();
        assert_eq!(weights(2, &right), [0.5, 0.5]);
        assert_eq!(weights(4, &[]), [0.25; 4]);
        // no member gives any probability to what is right
        assert_eq!(weights(2, &[0.0; 6]), [0.5, 0.5]);
    }

    #[test]
    fn a_hundred_members_are_weighed_at_once() {
        let right = random(100, 300, 11);
        let found = weights(100, &right);
        assert!((found.iter().sum::<f32>() - 1.0).abs() < 1e-4);
        let found: Vec<f64> = found.iter().map(|&weight| f64::from(weight)).collect();
        assert!(loss(100, &right, &found) < loss(100, &right, &[0.01; 100]));
    }
}

//! Minima of smooth functions of a few variables.

/// Steps at most.
const STEPS: usize = 100;

/// Steps that the curvature is taken from.
const MEMORY: usize = 10;

/// Where a function was looked at.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// The variables.
    pub(super) at: Vec<f64>,
    /// The function's value there.
    pub(super) value: f64,
    /// Its gradient.
    slope: Vec<f64>,
}

/// A minimum of `function` near `start`: until no part of the gradient is above `tolerance`, or the value
/// falls no more. `function` gives its value and gradient; a value that is no number counts as very high. It
/// is the same for the same function, to the bit.
///
/// Limited-memory BFGS with the two-loop recursion; a step is halved until the value falls as it should
/// (Armijo), and kept for the curvature where that is positive. Source: Nocedal and Wright, "Numerical
/// Optimization" (2006), algorithms 7.4 and 3.1.
pub(super) fn minimize(
    mut function: impl FnMut(&[f64]) -> (f64, Vec<f64>),
    start: Vec<f64>,
    tolerance: f64,
) -> Found {
    let (value, slope) = function(&start);
    let mut found = Found { at: start, value, slope };
    let mut pairs: Vec<Pair> = Vec::new();
    for _ in 0..STEPS {
        if !found.value.is_finite() || found.slope.iter().all(|part| part.abs() <= tolerance) {
            break;
        }
        let mut direction = descent(&found.slope, &pairs);
        if dot(&direction, &found.slope) >= 0.0 {
            pairs.clear();
            direction = descent(&found.slope, &pairs);
        }
        let Some(next) = step(&mut function, &found, &direction) else { break };
        pairs.extend(Pair::of(&found, &next));
        if pairs.len() > MEMORY {
            pairs.remove(0);
        }
        let falls = found.value - next.value;
        found = next;
        if falls <= 1e-9 * found.value.abs().max(1.0) {
            break;
        }
    }
    found
}

/// A step and the change of the gradient over it.
struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
    /// One over their product.
    scale: f64,
}

impl Pair {
    /// `None` where the function is not curved upwards.
    fn of(from: &Found, to: &Found) -> Option<Self> {
        let minus = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<f64>>();
        let (step, change) = (minus(&to.at, &from.at), minus(&to.slope, &from.slope));
        let product = dot(&step, &change);
        (product > 1e-10 * dot(&change, &change)).then(|| Self { step, change, scale: 1.0 / product })
    }
}

/// The direction of the next step: the gradient, turned by the inverse of the curvature.
fn descent(slope: &[f64], pairs: &[Pair]) -> Vec<f64> {
    let mut direction: Vec<f64> = slope.iter().map(|part| -part).collect();
    let mut shares = Vec::with_capacity(pairs.len());
    for pair in pairs.iter().rev() {
        let share = pair.scale * dot(&pair.step, &direction);
        add(&mut direction, -share, &pair.change);
        shares.push(share);
    }
    // the first step is no longer than 1
    let size = match pairs.last() {
        Some(pair) => 1.0 / (pair.scale * dot(&pair.change, &pair.change)),
        None => (1.0 / dot(slope, slope).sqrt()).min(1.0),
    };
    direction.iter_mut().for_each(|part| *part *= size);
    for (pair, share) in pairs.iter().zip(shares.iter().rev()) {
        let back = pair.scale * dot(&pair.change, &direction);
        add(&mut direction, share - back, &pair.step);
    }
    direction
}

/// A place in a direction where the function has fallen enough; `None` where there is none that differs.
fn step(
    function: &mut impl FnMut(&[f64]) -> (f64, Vec<f64>),
    from: &Found,
    direction: &[f64],
) -> Option<Found> {
    let wanted = 1e-4 * dot(direction, &from.slope);
    let mut length = 1.0;
    for _ in 0..30 {
        let mut at = from.at.clone();
        add(&mut at, length, direction);
        if at == from.at {
            return None;
        }
        let (value, slope) = function(&at);
        if value <= from.value + length * wanted {
            return Some(Found { at, value, slope });
        }
        length *= 0.5;
    }
    None
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(to: &mut [f64], factor: f64, what: &[f64]) {
    to.iter_mut().zip(what).for_each(|(to, what)| *to += factor * what);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bottom_of_a_curved_valley_is_found() {
        // Rosenbrock's function in four variables
        let function = |x: &[f64]| {
            let mut slope = vec![0.0; x.len()];
            let mut value = 0.0;
            for i in 0..x.len() - 1 {
                let (up, along) = (x[i + 1] - x[i] * x[i], 1.0 - x[i]);
                value += 100.0 * up * up + along * along;
                slope[i] += -400.0 * up * x[i] - 2.0 * along;
                slope[i + 1] += 200.0 * up;
            }
            (value, slope)
        };
        let found = minimize(function, vec![-1.2, 1.0, -0.5, 0.8], 1e-6);
        assert!(found.at.iter().all(|x| (x - 1.0).abs() < 1e-5), "{found:?}");
    }

    #[test]
    fn walls_are_stepped_back_from() {
        let function = |x: &[f64]| {
            if x[0] <= 0.0 { (f64::NAN, vec![0.0]) } else { (x[0] - x[0].ln(), vec![1.0 - 1.0 / x[0]]) }
        };
        let found = minimize(function, vec![30.0], 1e-8);
        assert!((found.at[0] - 1.0).abs() < 1e-6, "{found:?}");
    }
}

//! How the learning rate moves over the steps of a phase.

use super::{Category, NONE, OptionSpec, OptionType, OptionValue, Row, Word, Words, Written};
use crate::source::Spanned;

/// A schedule of the learning rate. Durations are in epochs of the phase, from its first step on; they may be
/// fractions.
///
/// Below, `lr` is the optimizer's rate, `k` the number of a step from 0, and every duration stands for its
/// number of steps, rounded.
#[derive(Debug, Clone, PartialEq)]
pub enum Schedule {
    /// `lr`
    Constant,
    /// `lr · gamma^⌊k / step_size⌋`, as PyTorch's StepLR.
    Step {
        /// How long a rate is kept.
        step_size: Spanned<f64>,
        /// Default 0.1.
        gamma: f32,
    },
    /// `lr · gamma^(milestones that have passed)`, as PyTorch's MultiStepLR.
    MultiStep {
        /// Rising.
        milestones: Vec<Spanned<f64>>,
        /// Default 0.1.
        gamma: f32,
    },
    /// `lr · decay_rate^(k / decay_steps)`, with `staircase` the exponent rounded down, as Keras's
    /// ExponentialDecay.
    Exponential {
        /// Factor after each `decay_steps`.
        decay_rate: f32,
        /// Default 1 epoch.
        decay_steps: Spanned<f64>,
        /// Default false.
        staircase: bool,
    },
    /// `(lr − end_lr) (1 − min(k / decay_steps, 1))^power + end_lr`, as Keras's PolynomialDecay.
    Polynomial {
        /// Default: the whole phase.
        decay_steps: Option<Spanned<f64>>,
        /// Default 1e-4.
        end_lr: f32,
        /// Default 1.
        power: f32,
    },
    /// `lr (k + 1) / warmup` while it warms up, then half a cosine from `lr` down to `min_lr` at the phase's
    /// end. Source: Loshchilov & Hutter, arXiv:1608.03983, without restarts.
    Cosine {
        /// Default 0.
        warmup: Spanned<f64>,
        /// Default 0.
        min_lr: f32,
    },
    /// From `lr / div_factor` up to `lr` and down to `lr / div_factor / final_div_factor`, each half a
    /// cosine, as PyTorch's OneCycleLR. Source: Smith & Topin, arXiv:1708.07120.
    OneCycle {
        /// Share of the phase in which the rate rises. Default 0.3.
        pct_start: f32,
        /// Default 25.
        div_factor: f32,
        /// Default 10,000.
        final_div_factor: f32,
    },
    /// `values[i]` with i the number of boundaries that have passed, as Keras's PiecewiseConstantDecay (there
    /// a boundary's own step still has the rate before it).
    Piecewise {
        /// Rising.
        boundaries: Vec<Spanned<f64>>,
        /// One more than boundaries.
        values: Vec<f32>,
    },
}

const GAMMA: OptionSpec =
    OptionSpec::optional("gamma", OptionType::Positive, "0.1", "Factor of the rate at each of them.");

impl Words for Schedule {
    const EXPECTED: &'static str = Category::Schedule.one();

    const TABLE: &'static [Row<Self>] = &[
        Row::new(
            Word::new("constant", "The optimizer's rate, in every step.")
                .formula("lr")
                .example("schedule: constant"),
            |_| Schedule::Constant,
        ),
        Row::new(
            Word::new("step", "The rate falls by a factor every so many epochs.")
                .keras("StepLR")
                .formula("lr · gamma^⌊k / step_size⌋, k the number of the step from 0")
                .source("PyTorch's StepLR")
                .example("schedule: step(step_size: 10 epochs, gamma: 0.5)")
                .options(&[
                    OptionSpec::required("step_size", OptionType::Epochs, "How long a rate is kept."),
                    GAMMA,
                ]),
            |a| Schedule::Step { step_size: a.epochs("step_size"), gamma: a.float("gamma") },
        ),
        Row::new(
            Word::new("multistep", "The rate falls by a factor at each milestone.")
                .keras("MultiStepLR")
                .formula("lr · gamma^(milestones that have passed)")
                .source("PyTorch's MultiStepLR")
                .example("schedule: multistep(milestones: [30 epochs, 60 epochs])")
                .options(&[
                    OptionSpec::required("milestones", OptionType::EpochList, "When the rate falls; rising."),
                    GAMMA,
                ]),
            |a| Schedule::MultiStep { milestones: a.epoch_list("milestones"), gamma: a.float("gamma") },
        ),
        Row::new(
            Word::new("exponential", "The rate falls by the same factor in equal times.")
                .keras("ExponentialDecay")
                .formula("lr · decay_rate^(k / decay_steps); with `staircase` the exponent is rounded down")
                .source("Keras's ExponentialDecay")
                .example("schedule: exponential(decay_rate: 0.9)")
                .options(&[
                    OptionSpec::required(
                        "decay_rate",
                        OptionType::Positive,
                        "Factor after each \
                        `decay_steps`.",
                    ),
                    OptionSpec::optional("decay_steps", OptionType::Epochs, "1 epochs", "How long it takes."),
                    OptionSpec::optional(
                        "staircase",
                        OptionType::Bool,
                        "false",
                        "Falls in steps, not \
                        smoothly.",
                    ),
                ]),
            |a| Schedule::Exponential {
                decay_rate: a.float("decay_rate"),
                decay_steps: a.epochs("decay_steps"),
                staircase: a.bool("staircase"),
            },
        ),
        Row::new(
            Word::new("polynomial", "The rate falls to an end by a power of what is left.")
                .keras("PolynomialDecay")
                .formula("(lr − end_lr) (1 − min(k / decay_steps, 1))^power + end_lr")
                .source("Keras's PolynomialDecay")
                .example("schedule: polynomial(end_lr: 0.00001, power: 2)")
                .options(&[
                    OptionSpec::optional(
                        "decay_steps",
                        OptionType::Epochs,
                        NONE,
                        "How long it takes; `none`: all epochs of the phase.",
                    ),
                    OptionSpec::optional("end_lr", OptionType::NonNegative, "0.0001", "The rate at the end."),
                    OptionSpec::optional("power", OptionType::Positive, "1", "1 is a straight line."),
                ]),
            |a| Schedule::Polynomial {
                decay_steps: a.optional_epochs("decay_steps"),
                end_lr: a.float("end_lr"),
                power: a.float("power"),
            },
        ),
        Row::new(
            Word::new("cosine", "The rate warms up, then falls along half a cosine to the phase's end.")
                .keras("CosineDecay")
                .formula(
                    "lr (k + 1) / warmup, then min_lr + (lr − min_lr) (1 + cos π s) / 2, s the share that \
                        has passed",
                )
                .source("Loshchilov & Hutter, arXiv:1608.03983, without restarts")
                .example("schedule: cosine(warmup: 5 epochs)")
                .options(&[
                    OptionSpec::optional(
                        "warmup",
                        OptionType::Epochs,
                        "0 epochs",
                        "How long the rate rises \
                        from 0.",
                    ),
                    OptionSpec::optional("min_lr", OptionType::NonNegative, "0", "The rate at the end."),
                ]),
            |a| Schedule::Cosine { warmup: a.epochs("warmup"), min_lr: a.float("min_lr") },
        ),
        Row::new(
            Word::new("one_cycle", "The rate rises to the optimizer's and falls far below where it began.")
                .keras("OneCycleLR")
                .formula(
                    "from lr / div_factor up to lr, down to lr / div_factor / final_div_factor, each half a \
                        cosine",
                )
                .source("Smith & Topin, arXiv:1708.07120; PyTorch's OneCycleLR")
                .example("schedule: one_cycle(pct_start: 25%)")
                .options(&[
                    OptionSpec::optional(
                        "pct_start",
                        OptionType::Rate,
                        "0.3",
                        "Share of the phase in which \
                        it rises.",
                    ),
                    OptionSpec::optional(
                        "div_factor",
                        OptionType::Positive,
                        "25",
                        "lr divided by the first rate.",
                    ),
                    OptionSpec::optional(
                        "final_div_factor",
                        OptionType::Positive,
                        "10000",
                        "The first rate divided by the last.",
                    ),
                ]),
            |a| Schedule::OneCycle {
                pct_start: a.float("pct_start"),
                div_factor: a.float("div_factor"),
                final_div_factor: a.float("final_div_factor"),
            },
        ),
        Row::new(
            Word::new("piecewise", "A rate of its own between any two boundaries.")
                .keras("PiecewiseConstantDecay")
                .formula("values[i], i the number of boundaries that have passed")
                .source(
                    "Keras's PiecewiseConstantDecay (there a boundary's own step still has the rate \
                    before it)",
                )
                .example("schedule: piecewise(boundaries: [10 epochs], values: [0.01, 0.001])")
                .options(&[
                    OptionSpec::required(
                        "boundaries",
                        OptionType::EpochList,
                        "When the next rate begins; \
                        rising.",
                    ),
                    OptionSpec::required(
                        "values",
                        OptionType::LearningRates,
                        "One rate more than there are boundaries; the optimizer's `lr` is then not written.",
                    ),
                ]),
            |a| Schedule::Piecewise {
                boundaries: a.epoch_list("boundaries"),
                values: a.numbers("values").to_vec(),
            },
        ),
    ];

    fn written(&self) -> Written {
        use OptionValue::{Bool, EpochList, Epochs, Float, Numbers};
        match self {
            Schedule::Constant => Written::bare("constant"),
            Schedule::Step { step_size, gamma } => {
                Written::new("step", [("step_size", Epochs(step_size.value)), ("gamma", Float(*gamma))])
            }
            Schedule::MultiStep { milestones, gamma } => Written::new(
                "multistep",
                [("milestones", EpochList(milestones.clone())), ("gamma", Float(*gamma))],
            ),
            Schedule::Exponential { decay_rate, decay_steps, staircase } => Written::new(
                "exponential",
                [
                    ("decay_rate", Float(*decay_rate)),
                    ("decay_steps", Epochs(decay_steps.value)),
                    ("staircase", Bool(*staircase)),
                ],
            ),
            Schedule::Polynomial { decay_steps, end_lr, power } => {
                let steps = decay_steps.iter().map(|steps| ("decay_steps", Epochs(steps.value)));
                let rest = [("end_lr", Float(*end_lr)), ("power", Float(*power))];
                Written::new("polynomial", steps.chain(rest).collect::<Vec<_>>())
            }
            Schedule::Cosine { warmup, min_lr } => {
                // 0 epochs is what no file can write
                let warmup = (warmup.value > 0.0).then_some(("warmup", Epochs(warmup.value)));
                Written::new(
                    "cosine",
                    warmup.into_iter().chain([("min_lr", Float(*min_lr))]).collect::<Vec<_>>(),
                )
            }
            Schedule::OneCycle { pct_start, div_factor, final_div_factor } => Written::new(
                "one_cycle",
                [
                    ("pct_start", Float(*pct_start)),
                    ("div_factor", Float(*div_factor)),
                    ("final_div_factor", Float(*final_div_factor)),
                ],
            ),
            Schedule::Piecewise { boundaries, values } => Written::new(
                "piecewise",
                [("boundaries", EpochList(boundaries.clone())), ("values", Numbers(values.clone()))],
            ),
        }
    }
}

/// Where in a phase a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchedulePoint {
    /// Number of the step in its phase, from 0.
    pub step: u64,
    /// Steps of an epoch, at least 1.
    pub steps_per_epoch: u64,
    /// Epochs of the phase.
    pub epochs: usize,
}

impl SchedulePoint {
    /// A duration in steps, at least one.
    fn steps(&self, epochs: f64) -> u64 {
        ((epochs * self.steps_per_epoch as f64).round() as u64).max(1)
    }

    /// Steps of the whole phase.
    fn total(&self) -> u64 {
        self.steps_per_epoch * self.epochs as u64
    }

    /// How many of the boundaries, in epochs, lie at this step or before it.
    fn passed(&self, boundaries: &[Spanned<f64>]) -> usize {
        boundaries.iter().filter(|boundary| self.step >= self.steps(boundary.value)).count()
    }
}

impl Schedule {
    /// The learning rate of a step, where the optimizer's is `lr`. Computed in double precision and rounded
    /// once.
    pub fn rate(&self, lr: f32, at: SchedulePoint) -> f32 {
        let (base, step) = (f64::from(lr), at.step as f64);
        let rate = match self {
            Schedule::Constant => return lr,
            Schedule::Step { step_size, gamma } => {
                let times = at.step / at.steps(step_size.value);
                base * f64::from(*gamma).powf(times as f64)
            }
            Schedule::MultiStep { milestones, gamma } => {
                base * f64::from(*gamma).powf(at.passed(milestones) as f64)
            }
            Schedule::Exponential { decay_rate, decay_steps, staircase } => {
                let times = step / at.steps(decay_steps.value) as f64;
                base * f64::from(*decay_rate).powf(if *staircase { times.floor() } else { times })
            }
            Schedule::Polynomial { decay_steps, end_lr, power } => {
                let whole = decay_steps.as_ref().map_or(at.total(), |steps| at.steps(steps.value));
                let left = 1.0 - (step / whole as f64).min(1.0);
                (base - f64::from(*end_lr)) * left.powf(f64::from(*power)) + f64::from(*end_lr)
            }
            Schedule::Cosine { warmup, min_lr } => {
                let warmup = if warmup.value > 0.0 { at.steps(warmup.value) } else { 0 };
                if at.step < warmup {
                    base * (step + 1.0) / warmup as f64
                } else {
                    let length = at.total().saturating_sub(warmup).max(1);
                    anneal(base, f64::from(*min_lr), (at.step - warmup) as f64 / length as f64)
                }
            }
            Schedule::OneCycle { pct_start, div_factor, final_div_factor } => {
                let first = base / f64::from(*div_factor);
                let last = first / f64::from(*final_div_factor);
                // PyTorch's turning points: the last step of the rise, and the last step of all
                let end = (at.total() as f64 - 1.0).max(1.0);
                let peak = f64::from(*pct_start) * at.total() as f64 - 1.0;
                if step <= peak {
                    anneal(first, base, step / peak.max(1.0))
                } else {
                    anneal(base, last, ((step - peak) / (end - peak)).min(1.0))
                }
            }
            Schedule::Piecewise { boundaries, values } => {
                let at = at.passed(boundaries).min(values.len().saturating_sub(1));
                return values.get(at).copied().unwrap_or(lr);
            }
        };
        rate as f32
    }

    /// Whether the rate depends on how many epochs there are: then a run that goes on for longer would be
    /// another run.
    pub fn spans_the_phase(&self) -> bool {
        match self {
            Schedule::Cosine { .. } | Schedule::OneCycle { .. } => true,
            Schedule::Polynomial { decay_steps, .. } => decay_steps.is_none(),
            Schedule::Constant
            | Schedule::Step { .. }
            | Schedule::MultiStep { .. }
            | Schedule::Exponential { .. }
            | Schedule::Piecewise { .. } => false,
        }
    }
}

/// Half a cosine from `start` to `end`.
fn anneal(start: f64, end: f64, share: f64) -> f64 {
    end + (start - end) * 0.5 * (1.0 + (std::f64::consts::PI * share).cos())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    fn at(value: f64) -> Spanned<f64> {
        Spanned::new(value, Span::default())
    }

    /// Rates of the steps of 4 epochs of 5 steps.
    fn rates(schedule: &Schedule, lr: f32) -> Vec<f32> {
        (0..20).map(|step| schedule.rate(lr, SchedulePoint { step, steps_per_epoch: 5, epochs: 4 })).collect()
    }

    fn close(found: &[f32], wanted: &[f64]) {
        assert_eq!(found.len(), wanted.len());
        for (step, (found, wanted)) in found.iter().zip(wanted).enumerate() {
            assert!(
                (f64::from(*found) - wanted).abs() <= 1e-6 * wanted.abs(),
                "step {step}: {found} is not {wanted}"
            );
        }
    }

    #[test]
    fn steps_and_boundaries_act_at_their_epoch() {
        let step = Schedule::Step { step_size: at(2.0), gamma: 0.1 };
        close(&rates(&step, 1.0)[8..12], &[1.0, 1.0, 0.1, 0.1]);
        let several = Schedule::MultiStep { milestones: vec![at(1.0), at(3.0)], gamma: 0.5 };
        close(
            &[rates(&several, 1.0)[4], rates(&several, 1.0)[5], rates(&several, 1.0)[15]],
            &[1.0, 0.5, 0.25],
        );
        let piecewise = Schedule::Piecewise { boundaries: vec![at(1.0)], values: vec![0.1, 0.01] };
        close(&rates(&piecewise, 1.0)[4..6], &[0.1, 0.01]);
        assert_eq!(rates(&Schedule::Constant, 0.3), vec![0.3; 20]);
    }

    #[test]
    fn decays_are_those_of_keras() {
        // keras.optimizers.schedules.ExponentialDecay(0.1, 5, 0.5) and PolynomialDecay(0.1, 20, 0.01,
        // power=2) at steps 0, 3, 7, 19
        let smooth = Schedule::Exponential { decay_rate: 0.5, decay_steps: at(1.0), staircase: false };
        let pick = |rates: Vec<f32>| [rates[0], rates[3], rates[7], rates[19]];
        close(&pick(rates(&smooth, 0.1)), &[0.1, 0.065_975_395_5, 0.037_892_914, 0.007_179_365]);
        let stairs = Schedule::Exponential { decay_rate: 0.5, decay_steps: at(1.0), staircase: true };
        close(&pick(rates(&stairs, 0.1)), &[0.1, 0.1, 0.05, 0.0125]);
        let polynomial = Schedule::Polynomial { decay_steps: None, end_lr: 0.01, power: 2.0 };
        close(&pick(rates(&polynomial, 0.1)), &[0.1, 0.075_025, 0.048_025, 0.010_225]);
    }

    #[test]
    fn a_cosine_warms_up_and_ends_low() {
        let cosine = Schedule::Cosine { warmup: at(1.0), min_lr: 0.01 };
        let rates = rates(&cosine, 0.1);
        close(&rates[..6], &[0.02, 0.04, 0.06, 0.08, 0.1, 0.1]);
        assert!(rates[6..].windows(2).all(|pair| pair[1] < pair[0]));
        let half = 5 + 15 / 2;
        let mid = 0.01 + 0.09 * 0.5 * (1.0 + (std::f64::consts::PI * 7.0 / 15.0).cos());
        close(&[rates[half]], &[mid]);
        assert!(rates[19] > 0.01 && rates[19] < 0.012);
    }

    #[test]
    fn one_cycle_is_that_of_pytorch() {
        // torch.optim.lr_scheduler.OneCycleLR(max_lr=0.1, total_steps=20) at steps 0, 3, 5, 6, 12, 19
        let cycle = Schedule::OneCycle { pct_start: 0.3, div_factor: 25.0, final_div_factor: 1e4 };
        let found = rates(&cycle, 0.1);
        close(
            &[found[0], found[3], found[5], found[6], found[12], found[19]],
            &[0.004, 0.066_832_816, 0.1, 0.098_746_402, 0.050_000_2, 4e-7],
        );
    }
}

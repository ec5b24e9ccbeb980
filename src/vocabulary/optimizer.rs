//! Optimizers.

use super::{Category, OptionSpec, OptionType, OptionValue, Row, Word, Words, Written};

/// Optimizers with Keras's definitions and defaults.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Optimizer {
    /// `v ← μ v − lr g; w ← w + v` (nesterov: `w ← w + μ v − lr g`); without momentum `w ← w − lr g`.
    Sgd {
        /// Default 0.01.
        lr: f32,
        /// Default 0.
        momentum: f32,
        /// Default false.
        nesterov: bool,
    },
    /// `s ← ρ s + (1 − ρ) g²; w ← w − lr g / √(s + ε)`, the quotient through a momentum buffer where momentum
    /// > 0.
    RmsProp {
        /// Default 0.001.
        lr: f32,
        /// Default 0.9.
        rho: f32,
        /// Default 0.
        momentum: f32,
        /// Default 1e-7.
        epsilon: f32,
    },
    /// `α = lr √(1 − β₂ᵗ) / (1 − β₁ᵗ); m ← m + (g − m)(1 − β₁); v ← v + (g² − v)(1 − β₂); w ← w − α m / (√v +
    /// ε)`.
    Adam {
        /// Default 0.001.
        lr: f32,
        /// Default 0.9.
        beta_1: f32,
        /// Default 0.999.
        beta_2: f32,
        /// Default 1e-7.
        epsilon: f32,
    },
    /// Adam with Nesterov's momentum: `u = β₁ (1 − ½ 0.96ᵗ)`, `u′` that of the next step, `U` the product of
    /// all u so far; m and v as adam; `w ← w − lr (u′ m / (1 − U u′) + (1 − u) g / (1 − U)) / (√(v / (1 −
    /// β₂ᵗ)) + ε)`. Source: Dozat, ICLR workshop 2016.
    Nadam {
        /// Default 0.001.
        lr: f32,
        /// Default 0.9.
        beta_1: f32,
        /// Default 0.999.
        beta_2: f32,
        /// Default 1e-7.
        epsilon: f32,
    },
    /// `s ← s + g²; w ← w − lr g / √(s + ε)`. Source: Duchi et al., JMLR 12 (2011).
    Adagrad {
        /// Default 0.001.
        lr: f32,
        /// What s starts from. Default 0.1.
        initial_accumulator_value: f32,
        /// Default 1e-7.
        epsilon: f32,
    },
    /// `s ← ρ s + (1 − ρ) g²; Δ = g √(d + ε) / √(s + ε); d ← ρ d + (1 − ρ) Δ²; w ← w − lr Δ`. Source: Zeiler,
    /// arXiv:1212.5701.
    Adadelta {
        /// Default 0.001.
        lr: f32,
        /// Default 0.95.
        rho: f32,
        /// Default 1e-7.
        epsilon: f32,
    },
}

impl Optimizer {
    /// The learning rate.
    pub fn learning_rate(&self) -> f32 {
        match *self {
            Optimizer::Sgd { lr, .. }
            | Optimizer::RmsProp { lr, .. }
            | Optimizer::Adam { lr, .. }
            | Optimizer::Nadam { lr, .. }
            | Optimizer::Adagrad { lr, .. }
            | Optimizer::Adadelta { lr, .. } => lr,
        }
    }

    /// Learning rates that are in use with it. From the literature and the defaults of Keras and PyTorch,
    /// widened by ten where these are at an end.
    pub fn usual_rates(&self) -> UsualRates {
        match self {
            Optimizer::Sgd { .. } => UsualRates { first: 0.01, fresh: (1e-5, 1.0), pretrained: (1e-6, 1e-2) },
            Optimizer::RmsProp { .. } | Optimizer::Adam { .. } | Optimizer::Nadam { .. } => {
                UsualRates { first: 1e-3, fresh: (1e-6, 5e-2), pretrained: (1e-7, 1e-3) }
            }
            Optimizer::Adagrad { .. } => {
                UsualRates { first: 1e-3, fresh: (1e-4, 1.0), pretrained: (1e-5, 1e-2) }
            }
            // its own steps are small: 1 is what its paper uses
            Optimizer::Adadelta { .. } => {
                UsualRates { first: 1.0, fresh: (1e-4, 10.0), pretrained: (1e-4, 10.0) }
            }
        }
    }
}

/// Learning rates that are in use with an optimizer; pairs are the smallest and the largest that are no
/// surprise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UsualRates {
    /// What it begins with where nothing has been learnt yet.
    pub first: f32,
    /// Of a network that begins with random weights.
    pub fresh: (f32, f32),
    /// Of a pretrained network, which is trained on with less.
    pub pretrained: (f32, f32),
}

const fn rate(default: &'static str) -> OptionSpec {
    OptionSpec::optional("lr", OptionType::LearningRate, default, "Learning rate.")
}

/// The decays of running means stay below 1: at 1 they never learn.
const fn decay(name: &'static str, default: &'static str, help: &'static str) -> OptionSpec {
    OptionSpec::optional(name, OptionType::Rate, default, help)
}

const EPSILON: OptionSpec =
    OptionSpec::optional("epsilon", OptionType::Positive, "1e-7", "Keeps the quotient finite.");
const BETA_1: OptionSpec = decay("beta_1", "0.9", "Share of the gradients' mean that stays at each step.");
const BETA_2: OptionSpec = decay("beta_2", "0.999", "Share of their squares' mean that stays at each step.");
const MOMENTUM: OptionSpec = decay("momentum", "0", "Share of the last step that is made again.");

/// It acts beside the optimizer's own step, as [`crate::ir::UpdateRules`]: lowering takes it from the
/// attributes.
const fn weight_decay(default: &'static str) -> OptionSpec {
    OptionSpec::optional(
        "weight_decay",
        OptionType::NonNegative,
        default,
        "Decoupled decay of all weights: w ← w − lr · weight_decay · w before each step. A setting of \
            `train` too.",
    )
}

const OF_ADAM: &[OptionSpec] = &[rate("0.001"), BETA_1, BETA_2, EPSILON, weight_decay("0")];
const ADAM_FORMULA: &str = "α = lr √(1 − β₂ᵗ) / (1 − β₁ᵗ); m ← m + (g − m)(1 − β₁); v ← v + (g² − v)(1 − \
    β₂); w ← w − α m / (√v + ε)";

impl Words for Optimizer {
    const EXPECTED: &'static str = Category::Optimizer.one();

    const TABLE: &'static [Row<Self>] = &[
        Row::new(
            Word::new("sgd", "Stochastic gradient descent, with momentum if wanted.")
                .keras("SGD")
                .formula("v ← μ v − lr g; w ← w + v (nesterov: w ← w + μ v − lr g); without momentum w ← w − \
                    lr g")
                .source("Keras's SGD")
                .example("optimizer: sgd(lr: 0.01, momentum: 0.9, nesterov: true)")
                .options(&[
                    rate("0.01"),
                    MOMENTUM,
                    OptionSpec::optional("nesterov", OptionType::Bool, "false", "Looks one step ahead."),
                    weight_decay("0"),
                ]),
            |a| Optimizer::Sgd { lr: a.float("lr"), momentum: a.float("momentum"), nesterov: a.bool("nesterov") },
        ),
        Row::new(
            Word::new("rmsprop", "Divides each gradient by the root of its squares' running mean. The \
                default.")
                .keras("RMSprop")
                .formula("s ← ρ s + (1 − ρ) g²; w ← w − lr g / √(s + ε), the quotient through a momentum \
                    buffer where momentum > 0")
                .source("Keras's RMSprop")
                .example("optimizer: rmsprop(lr: 0.0001)")
                .options(&[
                    rate("0.001"),
                    decay("rho", "0.9", "Share of the squares' mean that stays at each step."),
                    MOMENTUM,
                    EPSILON,
                    weight_decay("0"),
                ]),
            |a| Optimizer::RmsProp {
                lr: a.float("lr"),
                rho: a.float("rho"),
                momentum: a.float("momentum"),
                epsilon: a.float("epsilon"),
            },
        ),
        Row::new(
            Word::new("adam", "Running means of gradients and of their squares decide each weight's step.")
                .keras("Adam")
                .formula(ADAM_FORMULA)
                .source("Kingma & Ba, arXiv:1412.6980")
                .example("optimizer: adam(lr: 0.001)")
                .options(OF_ADAM),
            adam,
        ),
        Row::new(
            Word::new("adamw", "`adam` with decoupled decay of the weights.")
                .keras("AdamW")
                .formula(ADAM_FORMULA)
                .source("Loshchilov & Hutter, arXiv:1711.05101")
                .example("optimizer: adamw(lr: 0.001, weight_decay: 0.01)")
                .options(&[rate("0.001"), BETA_1, BETA_2, EPSILON, weight_decay("0.004")]),
            adam,
        ),
        Row::new(
            Word::new("nadam", "`adam` with Nesterov's momentum.")
                .keras("Nadam")
                .formula(
                    "u = β₁ (1 − ½ 0.96ᵗ), u′ that of the next step, U the product of all u so far; m and v as adam; w ← w − lr \
                     (u′ m / (1 − U u′) + (1 − u) g / (1 − U)) / (√(v / (1 − β₂ᵗ)) + ε)",
                )
                .source("Dozat, ICLR workshop 2016")
                .example("optimizer: nadam(lr: 0.002)")
                .options(OF_ADAM),
            |a| Optimizer::Nadam {
                lr: a.float("lr"),
                beta_1: a.float("beta_1"),
                beta_2: a.float("beta_2"),
                epsilon: a.float("epsilon"),
            },
        ),
        Row::new(
            Word::new("adagrad", "Weights that have moved far take smaller and smaller steps.")
                .keras("Adagrad")
                .formula("s ← s + g²; w ← w − lr g / √(s + ε)")
                .source("Duchi et al., JMLR 12 (2011)")
                .example("optimizer: adagrad(lr: 0.01)")
                .options(&[
                    rate("0.001"),
                    OptionSpec::optional(
                        "initial_accumulator_value",
                        OptionType::NonNegative,
                        "0.1",
                        "What the sum of squares starts from.",
                    ),
                    EPSILON,
                    weight_decay("0"),
                ]),
            |a| Optimizer::Adagrad {
                lr: a.float("lr"),
                initial_accumulator_value: a.float("initial_accumulator_value"),
                epsilon: a.float("epsilon"),
            },
        ),
        Row::new(
            Word::new("adadelta", "The size of a step follows from the sizes of the steps and gradients \
                before it, without a rate to choose.")
                .keras("Adadelta")
                .formula("s ← ρ s + (1 − ρ) g²; Δ = g √(d + ε) / √(s + ε); d ← ρ d + (1 − ρ) Δ²; w ← w − lr Δ")
                .source("Zeiler, arXiv:1212.5701")
                .example("optimizer: adadelta(lr: 1)")
                .options(&[
                    rate("0.001"),
                    decay("rho", "0.95", "Share of both means that stays at each step."),
                    EPSILON,
                    weight_decay("0"),
                ]),
            |a| Optimizer::Adadelta { lr: a.float("lr"), rho: a.float("rho"), epsilon: a.float("epsilon") },
        ),
    ];

    /// Without what acts beside the step; `adamw` is `adam`.
    fn written(&self) -> Written {
        use OptionValue::{Bool, Float};
        match *self {
            Optimizer::Sgd { lr, momentum, nesterov } => Written::new(
                "sgd",
                [("lr", Float(lr)), ("momentum", Float(momentum)), ("nesterov", Bool(nesterov))],
            ),
            Optimizer::RmsProp { lr, rho, momentum, epsilon } => Written::new(
                "rmsprop",
                [
                    ("lr", Float(lr)),
                    ("rho", Float(rho)),
                    ("momentum", Float(momentum)),
                    ("epsilon", Float(epsilon)),
                ],
            ),
            Optimizer::Adam { lr, beta_1, beta_2, epsilon } => {
                Written::new("adam", of_adam(lr, beta_1, beta_2, epsilon))
            }
            Optimizer::Nadam { lr, beta_1, beta_2, epsilon } => {
                Written::new("nadam", of_adam(lr, beta_1, beta_2, epsilon))
            }
            Optimizer::Adagrad { lr, initial_accumulator_value: initial, epsilon } => Written::new(
                "adagrad",
                [
                    ("lr", Float(lr)),
                    ("initial_accumulator_value", Float(initial)),
                    ("epsilon", Float(epsilon)),
                ],
            ),
            Optimizer::Adadelta { lr, rho, epsilon } => Written::new(
                "adadelta",
                [("lr", Float(lr)), ("rho", Float(rho)), ("epsilon", Float(epsilon))],
            ),
        }
    }
}

fn adam(a: &super::Attributes) -> Optimizer {
    Optimizer::Adam {
        lr: a.float("lr"),
        beta_1: a.float("beta_1"),
        beta_2: a.float("beta_2"),
        epsilon: a.float("epsilon"),
    }
}

fn of_adam(lr: f32, beta_1: f32, beta_2: f32, epsilon: f32) -> [(&'static str, OptionValue); 4] {
    let float = OptionValue::Float;
    [("lr", float(lr)), ("beta_1", float(beta_1)), ("beta_2", float(beta_2)), ("epsilon", float(epsilon))]
}

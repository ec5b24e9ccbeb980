//! Softmax, losses and metrics over vectors of scores. All tensors are dense.

/// Which loss, or which error of a metric. The target t of an output comes from the labels as [`Targets`]
/// says; "outputs" is their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LossKind {
    /// `ln Σ eˢ − s[label]`, gradient `softmax(s) − onehot(label)`; with numbers `Σ t · ln Σ eˢ − Σ t s`,
    /// gradient `Σ t · softmax(s) − t`.
    SoftmaxCrossEntropy,
    /// Mean over the outputs of `max(s, 0) − s·t + ln(1 + e^−|s|)`, gradient `(σ(s) − t) / outputs`.
    SigmoidCrossEntropy,
    /// Mean over the outputs of `(s − t)²`, gradient `2 (s − t) / outputs`.
    MeanSquaredError,
    /// Mean over the outputs of `|s − t|`, gradient `sign(s − t) / outputs` (0 at 0).
    MeanAbsoluteError,
    /// Mean over the outputs of `½ e²` where `|e| ≤ δ`, else `δ |e| − ½ δ²`, with `e = s − t`; gradient
    /// `clamp(e, −δ, δ) / outputs`. Source: Huber, Ann. Math. Statist. 35 (1964), as Keras defines it.
    Huber {
        /// δ, by its bits.
        delta: u32,
    },
    /// Cross-entropy that counts sure answers little: with p = softmax(s), g(p) = −α (1 − p)^γ ln p, `Σ t
    /// g(p)`, gradient `h − p Σ h` where `h = t p g′(p)`. Source: Lin et al., arXiv:1708.02002, as Keras's
    /// `CategoricalFocalCrossentropy` defines it.
    SoftmaxFocal {
        /// γ, by its bits.
        gamma: u32,
        /// α, by its bits.
        alpha: u32,
    },
    /// The same of outputs that are judged by themselves, their mean: with p = σ(s), `w u^γ c`, c being the
    /// cross-entropy, `u = t + p − 2 t p` how far p is from its target, and `w = t α + (1 − t)(1 − α)`;
    /// gradient `w (γ u^(γ−1) (1 − 2t) p (1 − p) c + u^γ (p − t)) / outputs`. Source: as Keras's
    /// `BinaryFocalCrossentropy` with `apply_class_balancing`.
    SigmoidFocal {
        /// γ, by its bits.
        gamma: u32,
        /// α, by its bits.
        alpha: u32,
    },
    /// `max(0, 1 + max (1 − t) s − Σ t s)`: the largest score of another class (or 0) is to stay 1 below that
    /// of the true one. Gradient, where it is not 0, `(1 − t)` at that score, shared out where several are as
    /// large, less `t`. Source: Keras's `CategoricalHinge`.
    LargestMargin,
    /// Mean over the outputs of `max(0, 1 − (2t − 1) s)`, gradient `−(2t − 1) / outputs` where that is not 0.
    /// Source: Keras's `Hinge`.
    Margin,
    /// Share of the outputs for which `(s > threshold) = (t > ½)`: a metric, its gradient is 0.
    Decisions {
        /// The threshold, by its bits: 0 for scores, 0.5 for probabilities.
        threshold: u32,
    },
}

impl LossKind {
    /// Whether it judges all outputs of an image together, as exclusive classes; else each by itself.
    pub fn judges_together(self) -> bool {
        match self {
            LossKind::SoftmaxCrossEntropy | LossKind::SoftmaxFocal { .. } | LossKind::LargestMargin => true,
            LossKind::SigmoidCrossEntropy
            | LossKind::SigmoidFocal { .. }
            | LossKind::MeanSquaredError
            | LossKind::MeanAbsoluteError
            | LossKind::Huber { .. }
            | LossKind::Margin
            | LossKind::Decisions { .. } => false,
        }
    }
}

/// What labels are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Targets {
    /// A class index an image, i32. An output's target is the label itself where a single output is judged by
    /// itself, else 1 at the label's place and 0 elsewhere.
    Index,
    /// A number an output, f32: shares of classes among them.
    Numbers,
}

/// Loss of each image, and its gradient by the scores times the scale. A label outside of the classes counts
/// as the last one where a score is looked up by it.
///
/// Arguments: scores `[N, C]`, labels (`[N]` i32, or `[N, C]` f32), scale (one f32: 1/batch), weights `[N]`
/// (where `weighted`), loss `[N]`, gradient `[N, C]` (where `grad`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LossDesc {
    /// Which loss.
    pub kind: LossKind,
    /// What labels are.
    pub targets: Targets,
    /// What part a of each target goes to all outputs alike, by its bits: targets are `t (1 − a) + a u`, with
    /// `u = 1 / outputs` where outputs are judged together, else ½. Source: Szegedy et al., arXiv:1512.00567,
    /// §7, as Keras defines it.
    pub smoothing: u32,
    /// Length of the score vector.
    pub classes: usize,
    /// Each image's loss, and its gradient, counts as much as its weight says.
    pub weighted: bool,
    /// Also writes the gradient.
    pub grad: bool,
}

/// Softmax over the channels of every pixel (a vector is one pixel), as `e^(s − max) / Σ`. Arguments: x, y.
/// `grad`: arguments y, dy, dx with `dx = y · (dy − Σ y·dy)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SoftmaxDesc {
    /// Pixels per image.
    pub pixels: usize,
    /// Channels.
    pub channels: usize,
    /// Computes the gradient.
    pub grad: bool,
}

/// 1 where the true class is among the `k` best scores, else 0: where fewer than `k` other scores are larger
/// than the label's (a score equal to the label's counts as larger if its index is smaller, so that ties
/// break as `argmax` does; NaN is never right). With one output and k = 1: whether `(s > threshold) = (label
/// = 1)`. Where labels are shares of classes, the true one is that with the largest, the first where several
/// are; of one output 1 from above ½ on.
///
/// Arguments: scores `[N, C]`, labels (`[N]` i32, or `[N, C]` f32), correct `[N]` f32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TopKDesc {
    /// What labels are.
    pub targets: Targets,
    /// Length of the score vector.
    pub classes: usize,
    /// How many of the best count.
    pub k: usize,
    /// Decision threshold of a single output, by its bits: 0 for scores, 0.5 for probabilities.
    pub threshold: u32,
}

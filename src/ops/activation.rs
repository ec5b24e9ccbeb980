//! Element-wise activations as expressions.

use crate::desc::{Compare, Expr, ExprId, ExprNode};
use crate::vocabulary::ActivationKind;

impl ActivationKind {
    /// `f(x)`.
    pub fn value(&self, e: &mut Expr, x: ExprId) -> ExprId {
        match *self {
            ActivationKind::Relu => {
                // in this order NaN stays NaN
                let zero = e.constant(0.0);
                e.max(zero, x)
            }
            ActivationKind::Relu6 => {
                let (zero, six) = (e.constant(0.0), e.constant(6.0));
                let raised = e.max(zero, x);
                e.min(six, raised)
            }
            ActivationKind::LeakyRelu { slope } => {
                let (zero, slope) = (e.constant(0.0), e.constant(slope));
                let scaled = e.mul(x, slope);
                e.select(Compare::Less, x, zero, scaled, x)
            }
            ActivationKind::Elu { alpha } => {
                let (zero, one, alpha) = (e.constant(0.0), e.constant(1.0), e.constant(alpha));
                let negative = e.min(x, zero);
                let exp = e.push(ExprNode::Exp(negative));
                let shifted = e.sub(exp, one);
                let below = e.mul(alpha, shifted);
                e.select(Compare::Less, x, zero, below, x)
            }
            ActivationKind::Selu => {
                let (zero, scale) = (e.constant(0.0), e.constant(SELU_SCALE));
                let below = ActivationKind::Elu { alpha: SELU_ALPHA }.value(e, x);
                let (above, below) = (e.mul(x, scale), e.mul(below, scale));
                e.select(Compare::Less, x, zero, below, above)
            }
            ActivationKind::Gelu => {
                let cdf = normal_cdf(e, x);
                e.mul(x, cdf)
            }
            ActivationKind::Silu => {
                let sigma = sigmoid(e, x);
                e.mul(x, sigma)
            }
            ActivationKind::HardSwish => {
                let share = hard_sigmoid(e, x, 1.0 / 6.0, 0.5);
                e.mul(x, share)
            }
            ActivationKind::Sigmoid => sigmoid(e, x),
            ActivationKind::HardSigmoid { alpha, beta } => hard_sigmoid(e, x, alpha, beta),
            ActivationKind::Tanh => e.push(ExprNode::Tanh(x)),
            // max(x, 0) + ln(1 + e^−|x|): no exponential overflows
            ActivationKind::Softplus => {
                let zero = e.constant(0.0);
                let raised = e.max(zero, x);
                let magnitude = e.push(ExprNode::Abs(x));
                let negated = e.push(ExprNode::Neg(magnitude));
                let exp = e.push(ExprNode::Exp(negated));
                let rest = log_of_one_plus(e, exp);
                e.add(raised, rest)
            }
        }
    }

    /// `dy · f'`, from the result `y` where [`Self::gradient_from_output`], else from the operand `x`.
    pub fn backpropagate(&self, e: &mut Expr, dy: ExprId, at: ExprId) -> ExprId {
        if let ActivationKind::Relu = self {
            let zero = e.constant(0.0);
            return e.select(Compare::Less, zero, at, dy, zero);
        }
        let slope = self.derivative(e, at);
        e.mul(dy, slope)
    }

    /// `f'`, from the result `y` where [`Self::gradient_from_output`], else from the operand `x`.
    /// Long: an arm for each kind of activation, and no arm is long.
    fn derivative(&self, e: &mut Expr, at: ExprId) -> ExprId {
        match *self {
            ActivationKind::Relu => {
                let (zero, one) = (e.constant(0.0), e.constant(1.0));
                e.select(Compare::Less, zero, at, one, zero)
            }
            ActivationKind::Relu6 => {
                let (zero, one, six) = (e.constant(0.0), e.constant(1.0), e.constant(6.0));
                let below = e.select(Compare::Less, at, six, one, zero);
                e.select(Compare::Less, zero, at, below, zero)
            }
            ActivationKind::LeakyRelu { slope } => {
                let (zero, one, slope) = (e.constant(0.0), e.constant(1.0), e.constant(slope));
                e.select(Compare::Less, zero, at, one, slope)
            }
            // for x < 0: f' = α eˣ = y + α
            ActivationKind::Elu { alpha } => {
                let (zero, one, alpha) = (e.constant(0.0), e.constant(1.0), e.constant(alpha));
                let below = e.add(at, alpha);
                e.select(Compare::Less, at, zero, below, one)
            }
            // for x < 0: f' = λ α eˣ = y + λ α
            ActivationKind::Selu => {
                let (zero, scale, below) =
                    (e.constant(0.0), e.constant(SELU_SCALE), e.constant(SELU_SCALE * SELU_ALPHA));
                let below = e.add(at, below);
                e.select(Compare::Less, at, zero, below, scale)
            }
            // Φ(x) + x φ(x), φ(x) = e^(−x²/2) / √(2π)
            ActivationKind::Gelu => {
                let cdf = normal_cdf(e, at);
                let (minus_half, norm) = (e.constant(-0.5), e.constant(0.398_942_3));
                let square = e.mul(at, at);
                let exponent = e.mul(square, minus_half);
                let exp = e.push(ExprNode::Exp(exponent));
                let density = e.mul(exp, norm);
                e.mul_add(at, density, cdf)
            }
            // σ (1 + x (1 − σ))
            ActivationKind::Silu => {
                let one = e.constant(1.0);
                let sigma = sigmoid(e, at);
                let rest = e.sub(one, sigma);
                let inner = e.mul_add(at, rest, one);
                e.mul(sigma, inner)
            }
            // 0 below −3, 1 above 3, x/3 + 1/2 between
            ActivationKind::HardSwish => {
                let (zero, one, three) = (e.constant(0.0), e.constant(1.0), e.constant(3.0));
                let (third, half, least) = (e.constant(1.0 / 3.0), e.constant(0.5), e.constant(-3.0));
                let between = e.mul_add(at, third, half);
                let below_three = e.select(Compare::Less, at, three, between, one);
                e.select(Compare::Less, least, at, below_three, zero)
            }
            ActivationKind::Sigmoid => {
                let one = e.constant(1.0);
                let rest = e.sub(one, at);
                e.mul(at, rest)
            }
            // from y: the line's slope strictly between 0 and 1
            ActivationKind::HardSigmoid { alpha, .. } => {
                let (zero, one, slope) = (e.constant(0.0), e.constant(1.0), e.constant(alpha));
                let below_one = e.select(Compare::Less, at, one, slope, zero);
                e.select(Compare::Less, zero, at, below_one, zero)
            }
            ActivationKind::Tanh => {
                let one = e.constant(1.0);
                let square = e.mul(at, at);
                e.sub(one, square)
            }
            ActivationKind::Softplus => sigmoid(e, at),
        }
    }

    /// Whether the derivative is computed from the result (so that the operand need not be kept).
    pub fn gradient_from_output(&self) -> bool {
        match self {
            // a leaky slope below zero would turn signs around; then the operand is needed
            ActivationKind::LeakyRelu { slope } => *slope >= 0.0,
            ActivationKind::Elu { alpha } => *alpha >= 0.0,
            ActivationKind::Relu
            | ActivationKind::Relu6
            | ActivationKind::Selu
            | ActivationKind::Sigmoid
            | ActivationKind::HardSigmoid { .. }
            | ActivationKind::Tanh => true,
            ActivationKind::Gelu
            | ActivationKind::Silu
            | ActivationKind::HardSwish
            | ActivationKind::Softplus => false,
        }
    }

    /// Whether `a ≤ b` gives `f(a) ≤ f(b)`: then it commutes with a maximum.
    pub fn is_monotone(&self) -> bool {
        match self {
            ActivationKind::LeakyRelu { slope } => *slope >= 0.0,
            ActivationKind::Elu { alpha } | ActivationKind::HardSigmoid { alpha, .. } => *alpha >= 0.0,
            ActivationKind::Relu
            | ActivationKind::Relu6
            | ActivationKind::Selu
            | ActivationKind::Sigmoid
            | ActivationKind::Tanh
            | ActivationKind::Softplus => true,
            ActivationKind::Gelu | ActivationKind::Silu | ActivationKind::HardSwish => false,
        }
    }
}

/// λ of `selu`.
pub const SELU_SCALE: f32 = 1.050_701;
/// α of `selu`.
pub const SELU_ALPHA: f32 = 1.673_263_2;

/// `min(max(α x + β, 0), 1)`
fn hard_sigmoid(e: &mut Expr, x: ExprId, alpha: f32, beta: f32) -> ExprId {
    let (alpha, beta) = (e.constant(alpha), e.constant(beta));
    let (zero, one) = (e.constant(0.0), e.constant(1.0));
    let line = e.mul_add(x, alpha, beta);
    let raised = e.max(zero, line);
    e.min(one, raised)
}

/// `ln(1 + a)` for `a` in 0..=1, also where 1 + a rounds to 1: the logarithm of the rounded sum u, times a /
/// (u − 1). Source: W. Kahan's `log1p`, in D. Goldberg, "What every computer scientist should know about
/// floating-point arithmetic", theorem 4.
fn log_of_one_plus(e: &mut Expr, a: ExprId) -> ExprId {
    let one = e.constant(1.0);
    let sum = e.add(one, a);
    let log = e.push(ExprNode::Log(sum));
    let rounded = e.sub(sum, one);
    let ratio = e.div(a, rounded);
    let corrected = e.mul(log, ratio);
    e.select(Compare::Equal, sum, one, a, corrected)
}

/// `1 / (1 + e⁻ˣ)`
fn sigmoid(e: &mut Expr, x: ExprId) -> ExprId {
    let one = e.constant(1.0);
    let negated = e.push(ExprNode::Neg(x));
    let exp = e.push(ExprNode::Exp(negated));
    let below = e.add(one, exp);
    e.div(one, below)
}

/// `Φ(x) = (1 + erf(x / √2)) / 2`
fn normal_cdf(e: &mut Expr, x: ExprId) -> ExprId {
    let (root, half) = (e.constant(std::f32::consts::FRAC_1_SQRT_2), e.constant(0.5));
    let scaled = e.mul(x, root);
    let erf = e.push(ExprNode::Erf(scaled));
    e.mul_add(erf, half, half)
}

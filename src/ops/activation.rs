//! Element-wise activations as expressions.

use crate::kernel::desc::{Compare, Expr, ExprId, ExprNode};
use crate::layers::ActivationKind;

impl ActivationKind {
    /// `f(x)`.
    pub fn value(&self, e: &mut Expr, x: ExprId) -> ExprId {
        match *self {
            ActivationKind::Relu => {
                // in this order NaN stays NaN
                let zero = e.constant(0.0);
                e.max(zero, x)
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
            ActivationKind::Gelu => {
                let cdf = normal_cdf(e, x);
                e.mul(x, cdf)
            }
            ActivationKind::Silu => {
                let sigma = sigmoid(e, x);
                e.mul(x, sigma)
            }
            ActivationKind::Sigmoid => sigmoid(e, x),
            ActivationKind::Tanh => e.push(ExprNode::Tanh(x)),
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
    fn derivative(&self, e: &mut Expr, at: ExprId) -> ExprId {
        match *self {
            ActivationKind::Relu => {
                let (zero, one) = (e.constant(0.0), e.constant(1.0));
                e.select(Compare::Less, zero, at, one, zero)
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
            ActivationKind::Sigmoid => {
                let one = e.constant(1.0);
                let rest = e.sub(one, at);
                e.mul(at, rest)
            }
            ActivationKind::Tanh => {
                let one = e.constant(1.0);
                let square = e.mul(at, at);
                e.sub(one, square)
            }
        }
    }

    /// Whether the derivative is computed from the result (so that the operand need not be kept).
    pub fn gradient_from_output(&self) -> bool {
        match self {
            // a leaky slope below zero would turn signs around; then the operand is needed
            ActivationKind::LeakyRelu { slope } => *slope >= 0.0,
            ActivationKind::Elu { alpha } => *alpha >= 0.0,
            ActivationKind::Relu | ActivationKind::Sigmoid | ActivationKind::Tanh => true,
            ActivationKind::Gelu | ActivationKind::Silu => false,
        }
    }

    /// Whether `a ≤ b` gives `f(a) ≤ f(b)`: then it commutes with a maximum.
    pub fn is_monotone(&self) -> bool {
        match self {
            ActivationKind::LeakyRelu { slope } => *slope >= 0.0,
            ActivationKind::Elu { alpha } => *alpha >= 0.0,
            ActivationKind::Relu | ActivationKind::Sigmoid | ActivationKind::Tanh => true,
            ActivationKind::Gelu | ActivationKind::Silu => false,
        }
    }
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

//! Algebra on expressions: copying, simplifying, differentiating.

use super::{Compare, Expr, ExprId, ExprNode};

impl Expr {
    /// `a · b`, without the multiplication where a factor is 0 or 1.
    pub fn product(&mut self, a: ExprId, b: ExprId) -> ExprId {
        match (self.constant_value(a), self.constant_value(b)) {
            (Some(1.0), _) => b,
            (_, Some(1.0)) => a,
            (Some(0.0), _) => a,
            (_, Some(0.0)) => b,
            (Some(x), Some(y)) => self.constant(x * y),
            (_, Some(_) | None) => self.mul(a, b),
        }
    }

    /// `a + b`, without the addition where a term is 0.
    pub fn sum(&mut self, a: ExprId, b: ExprId) -> ExprId {
        match (self.constant_value(a), self.constant_value(b)) {
            (Some(0.0), _) => b,
            (_, Some(0.0)) => a,
            (Some(x), Some(y)) => self.constant(x + y),
            (_, Some(_) | None) => self.add(a, b),
        }
    }

    /// `1 / √(variance + ε)`
    pub fn inverse_deviation(&mut self, variance: ExprId, epsilon: f32) -> ExprId {
        let (epsilon, one) = (self.constant(epsilon), self.constant(1.0));
        let sum = self.add(variance, epsilon);
        let deviation = self.push(ExprNode::Sqrt(sum));
        self.div(one, deviation)
    }

    /// The constant that a node is, if it is one.
    pub fn constant_value(&self, id: ExprId) -> Option<f32> {
        if let ExprNode::Const(bits) = self.node(id) { Some(f32::from_bits(bits)) } else { None }
    }

    /// Copies what `id` needs of another expression, renumbering operands.
    pub fn copy_from(&mut self, other: &Expr, id: ExprId, operand: &mut impl FnMut(u32) -> u32) -> ExprId {
        let mut copies = vec![None; other.nodes().len()];
        self.copy_node(other, id, operand, &mut copies)
    }

    fn copy_node(
        &mut self,
        other: &Expr,
        id: ExprId,
        operand: &mut impl FnMut(u32) -> u32,
        copies: &mut Vec<Option<ExprId>>,
    ) -> ExprId {
        if let Some(copy) = copies[id.0 as usize] {
            return copy;
        }
        let node = other.node(id);
        let mut to = [ExprId(0); 4];
        for (slot, from) in to.iter_mut().zip(node.operands()) {
            *slot = self.copy_node(other, from, operand, copies);
        }
        let copied = if let ExprNode::Input(i) = node {
            ExprNode::Input(operand(i))
        } else if let ExprNode::Uniform(i) = node {
            ExprNode::Uniform(operand(i))
        } else {
            node.with_operands(to)
        };
        let copy = self.push(copied);
        copies[id.0 as usize] = Some(copy);
        copy
    }

    /// `∂f/∂operand`, simplified where factors are 0 or 1. A comparison and a random number are constants to
    /// it.
    pub fn derivative(&mut self, f: ExprId, operand: usize) -> ExprId {
        let mut known = vec![None; f.0 as usize + 1];
        self.differentiate(f, operand, &mut known)
    }

    /// The derivative; `known` are those that have been made. Long: an arm for each kind of operation, and
    /// no arm is long.
    fn differentiate(&mut self, f: ExprId, operand: usize, known: &mut Vec<Option<ExprId>>) -> ExprId {
        if let Some(d) = known[f.0 as usize] {
            return d;
        }
        let mut d = |e: &mut Self, of: ExprId| e.differentiate(of, operand, known);
        let (zero, one) = (self.constant(0.0), self.constant(1.0));
        let result = match self.node(f) {
            ExprNode::Input(i) => {
                if i as usize == operand {
                    one
                } else {
                    zero
                }
            }
            // a floor is flat but for its steps
            ExprNode::Const(_) | ExprNode::Uniform(_) | ExprNode::Floor(_) => zero,
            ExprNode::Add(a, b) => {
                let (da, db) = (d(self, a), d(self, b));
                self.sum(da, db)
            }
            ExprNode::Sub(a, b) => {
                let (da, db) = (d(self, a), d(self, b));
                let minus = self.constant(-1.0);
                let negated = self.product(minus, db);
                self.sum(da, negated)
            }
            ExprNode::Mul(a, b) => self.product_rule(a, b, &mut d),
            ExprNode::MulAdd(a, b, c) => {
                let (product, dc) = (self.product_rule(a, b, &mut d), d(self, c));
                self.sum(product, dc)
            }
            // (a / b)' = a'/b − f b'/b
            ExprNode::Div(a, b) => {
                let (da, db) = (d(self, a), d(self, b));
                let minus = self.constant(-1.0);
                let scaled = self.product(f, db);
                let negated = self.product(minus, scaled);
                let numerator = self.sum(da, negated);
                if self.constant_value(numerator) == Some(0.0) { zero } else { self.div(numerator, b) }
            }
            // the branch that is taken, as the operation itself chooses it
            ExprNode::Max(a, b) => self.choice(Compare::Less, b, a, a, b, &mut d),
            ExprNode::Min(a, b) => self.choice(Compare::Less, a, b, a, b, &mut d),
            ExprNode::Select(compare, a, b, then, otherwise) => {
                self.choice(compare, a, b, then, otherwise, &mut d)
            }
            ExprNode::Neg(a) => {
                let (da, minus) = (d(self, a), self.constant(-1.0));
                self.product(minus, da)
            }
            ExprNode::Abs(a) => {
                let (da, minus) = (d(self, a), self.constant(-1.0));
                let sign = self.select(Compare::Less, a, zero, minus, one);
                self.product(sign, da)
            }
            // a' / (2 √a)
            ExprNode::Sqrt(a) => {
                let (da, half) = (d(self, a), self.constant(0.5));
                let slope = self.div(half, f);
                self.product(slope, da)
            }
            ExprNode::Exp(a) => {
                let da = d(self, a);
                self.product(f, da)
            }
            ExprNode::Log(a) => {
                let da = d(self, a);
                let slope = self.div(one, a);
                self.product(slope, da)
            }
            ExprNode::Tanh(a) => {
                let da = d(self, a);
                let square = self.mul(f, f);
                let slope = self.sub(one, square);
                self.product(slope, da)
            }
            // 2/√π e^(−a²)
            ExprNode::Erf(a) => {
                let da = d(self, a);
                let (norm, square) = (self.constant(std::f32::consts::FRAC_2_SQRT_PI), self.mul(a, a));
                let negated = self.push(ExprNode::Neg(square));
                let exp = self.push(ExprNode::Exp(negated));
                let slope = self.mul(norm, exp);
                self.product(slope, da)
            }
        };
        known[f.0 as usize] = Some(result);
        result
    }

    fn product_rule(
        &mut self,
        a: ExprId,
        b: ExprId,
        d: &mut impl FnMut(&mut Self, ExprId) -> ExprId,
    ) -> ExprId {
        let (da, db) = (d(self, a), d(self, b));
        let (left, right) = (self.product(da, b), self.product(a, db));
        self.sum(left, right)
    }

    fn choice(
        &mut self,
        compare: Compare,
        a: ExprId,
        b: ExprId,
        then: ExprId,
        otherwise: ExprId,
        d: &mut impl FnMut(&mut Self, ExprId) -> ExprId,
    ) -> ExprId {
        let (dthen, dotherwise) = (d(self, then), d(self, otherwise));
        if dthen == dotherwise { dthen } else { self.select(compare, a, b, dthen, dotherwise) }
    }
}

impl ExprNode {
    /// Operands, in order.
    pub fn operands(self) -> Vec<ExprId> {
        match self {
            ExprNode::Input(_) | ExprNode::Const(_) | ExprNode::Uniform(_) => vec![],
            ExprNode::Neg(a)
            | ExprNode::Abs(a)
            | ExprNode::Floor(a)
            | ExprNode::Sqrt(a)
            | ExprNode::Exp(a)
            | ExprNode::Log(a)
            | ExprNode::Tanh(a)
            | ExprNode::Erf(a) => vec![a],
            ExprNode::Add(a, b)
            | ExprNode::Sub(a, b)
            | ExprNode::Mul(a, b)
            | ExprNode::Div(a, b)
            | ExprNode::Max(a, b)
            | ExprNode::Min(a, b) => vec![a, b],
            ExprNode::MulAdd(a, b, c) => vec![a, b, c],
            ExprNode::Select(_, a, b, c, d) => vec![a, b, c, d],
        }
    }

    /// The same operation on other operands (as many as it has count).
    pub fn with_operands(self, to: [ExprId; 4]) -> Self {
        let [a, b, c, d] = to;
        match self {
            ExprNode::Input(_) | ExprNode::Const(_) | ExprNode::Uniform(_) => self,
            ExprNode::Neg(_) => ExprNode::Neg(a),
            ExprNode::Abs(_) => ExprNode::Abs(a),
            ExprNode::Floor(_) => ExprNode::Floor(a),
            ExprNode::Sqrt(_) => ExprNode::Sqrt(a),
            ExprNode::Exp(_) => ExprNode::Exp(a),
            ExprNode::Log(_) => ExprNode::Log(a),
            ExprNode::Tanh(_) => ExprNode::Tanh(a),
            ExprNode::Erf(_) => ExprNode::Erf(a),
            ExprNode::Add(..) => ExprNode::Add(a, b),
            ExprNode::Sub(..) => ExprNode::Sub(a, b),
            ExprNode::Mul(..) => ExprNode::Mul(a, b),
            ExprNode::Div(..) => ExprNode::Div(a, b),
            ExprNode::Max(..) => ExprNode::Max(a, b),
            ExprNode::Min(..) => ExprNode::Min(a, b),
            ExprNode::MulAdd(..) => ExprNode::MulAdd(a, b, c),
            ExprNode::Select(compare, ..) => ExprNode::Select(compare, a, b, c, d),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::{Activation, ActivationKind, Words};

    /// The value of a node in f64, straight from its definition.
    fn value(e: &Expr, id: ExprId, inputs: &[f64]) -> f64 {
        let v = |id| value(e, id, inputs);
        match e.node(id) {
            ExprNode::Input(i) => inputs[i as usize],
            ExprNode::Const(bits) => f64::from(f32::from_bits(bits)),
            ExprNode::Add(a, b) => v(a) + v(b),
            ExprNode::Sub(a, b) => v(a) - v(b),
            ExprNode::Mul(a, b) => v(a) * v(b),
            ExprNode::Div(a, b) => v(a) / v(b),
            ExprNode::MulAdd(a, b, c) => v(a) * v(b) + v(c),
            ExprNode::Max(a, b) => v(a).max(v(b)),
            ExprNode::Min(a, b) => v(a).min(v(b)),
            ExprNode::Neg(a) => -v(a),
            ExprNode::Abs(a) => v(a).abs(),
            ExprNode::Floor(a) => v(a).floor(),
            ExprNode::Sqrt(a) => v(a).sqrt(),
            ExprNode::Exp(a) => v(a).exp(),
            ExprNode::Log(a) => v(a).ln(),
            ExprNode::Tanh(a) => v(a).tanh(),
            ExprNode::Erf(a) => erf(v(a)),
            ExprNode::Select(compare, a, b, c, d) => {
                let holds = match compare {
                    Compare::Less => v(a) < v(b),
                    Compare::LessEqual => v(a) <= v(b),
                    Compare::Equal => v(a) == v(b),
                };
                if holds { v(c) } else { v(d) }
            }
            ExprNode::Uniform(_) => 0.5,
        }
    }

    /// Its integral, by Simpson's rule.
    fn erf(x: f64) -> f64 {
        let (steps, f) = (2000, |t: f64| (-t * t).exp());
        let h = x / f64::from(steps);
        let weight = |i: i32| {
            if i == 0 || i == steps {
                1.0
            } else if i % 2 == 1 {
                4.0
            } else {
                2.0
            }
        };
        let sum: f64 = (0..=steps).map(|i| weight(i) * f(f64::from(i) * h)).sum();
        sum * h / 3.0 * std::f64::consts::FRAC_2_SQRT_PI
    }

    /// Compares the symbolic derivative with a central difference.
    fn check(what: &str, write: impl Fn(&mut Expr) -> ExprId, inputs: &[f64]) {
        for operand in 0..inputs.len() {
            let mut e = Expr::new();
            let f = write(&mut e);
            let slope = e.derivative(f, operand);
            let at = |shift: f64| {
                let mut moved = inputs.to_vec();
                moved[operand] += shift;
                value(&e, f, &moved)
            };
            let (h, got) = (1e-5, value(&e, slope, inputs));
            let want = (at(h) - at(-h)) / (2.0 * h);
            // constants such as √½ are rounded to f32 on both sides alike; the difference quotient is good to
            // 1e-9
            assert!(
                (got - want).abs() <= 1e-6 * want.abs().max(1.0),
                "{what} by {operand} at {inputs:?}: {got} is not {want}"
            );
        }
    }

    #[test]
    fn derivatives_agree_with_difference_quotients() {
        check(
            "product",
            |e| {
                let (a, b) = (e.input(0), e.input(1));
                e.mul(a, b)
            },
            &[1.5, -2.0],
        );
        check(
            "quotient",
            |e| {
                let (a, b) = (e.input(0), e.input(1));
                e.div(a, b)
            },
            &[1.5, -2.0],
        );
        check(
            "fused",
            |e| {
                let (a, b, c) = (e.input(0), e.input(1), e.input(2));
                e.mul_add(a, b, c)
            },
            &[1.5, -2.0, 0.3],
        );
        check(
            "square",
            |e| {
                let a = e.input(0);
                e.mul(a, a)
            },
            &[-0.7],
        );
        check(
            "larger",
            |e| {
                let (a, b) = (e.input(0), e.input(1));
                e.max(a, b)
            },
            &[0.2, 0.9],
        );
        check(
            "deviation",
            |e| {
                let v = e.input(0);
                e.inverse_deviation(v, 1e-3)
            },
            &[0.8],
        );
        for x in [-2.5, -0.4, 0.3, 1.7] {
            check(
                "tanh",
                |e| {
                    let a = e.input(0);
                    e.push(ExprNode::Tanh(a))
                },
                &[x],
            );
            check(
                "erf",
                |e| {
                    let a = e.input(0);
                    e.push(ExprNode::Erf(a))
                },
                &[x],
            );
            check(
                "log",
                |e| {
                    let a = e.input(0);
                    e.push(ExprNode::Log(a))
                },
                &[x + 4.0],
            );
        }
    }

    #[test]
    fn activations_backpropagate_their_derivative() {
        let named = Activation::keywords().filter_map(Activation::by_default);
        let kinds = named.filter_map(|activation| match activation {
            Activation::Elementwise(kind) => Some(kind),
            Activation::Linear | Activation::Softmax => None,
        });
        let others = [ActivationKind::LeakyRelu { slope: 0.3 }, ActivationKind::Elu { alpha: 0.7 }];
        for kind in kinds.chain(others) {
            for x in [-3.5, -0.2, 0.4, 2.0, 7.0] {
                let mut e = Expr::new();
                let (dy, at) = (e.input(0), e.input(1));
                let back = kind.backpropagate(&mut e, dy, at);
                let mut f = Expr::new();
                let operand = f.input(0);
                let y = kind.value(&mut f, operand);
                let slope = f.derivative(y, 0);
                let (want, result) = (2.0 * value(&f, slope, &[x]), value(&f, y, &[x]));
                let got = value(&e, back, &[2.0, if kind.gradient_from_output() { result } else { x }]);
                assert!(
                    (got - want).abs() < 1e-6 * want.abs().max(1.0),
                    "{kind:?} at {x}: {got} is not {want}"
                );
            }
        }
    }
}

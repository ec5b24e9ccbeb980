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
        let copied = match node {
            ExprNode::Input(i) => ExprNode::Input(operand(i)),
            ExprNode::Uniform(i) => ExprNode::Uniform(operand(i)),
            inner => inner.with_operands(to),
        };
        let copy = self.push(copied);
        copies[id.0 as usize] = Some(copy);
        copy
    }

    /// `∂f/∂operand`, simplified where factors are 0 or 1. A comparison and a random number are constants to it.
    pub fn derivative(&mut self, f: ExprId, operand: usize) -> ExprId {
        let mut known = vec![None; f.0 as usize + 1];
        self.differentiate(f, operand, &mut known)
    }

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
            ExprNode::Const(_) | ExprNode::Uniform(_) => zero,
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
            ExprNode::Select(compare, a, b, then, otherwise) => self.choice(compare, a, b, then, otherwise, &mut d),
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

    fn product_rule(&mut self, a: ExprId, b: ExprId, d: &mut impl FnMut(&mut Self, ExprId) -> ExprId) -> ExprId {
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

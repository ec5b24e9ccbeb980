//! Element-wise expressions: what a map kernel computes for each element.

/// A node of an [`Expr`], by its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExprId(pub u32);

/// How two numbers are compared; false where either is NaN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compare {
    /// `a < b`
    Less,
    /// `a <= b`
    LessEqual,
    /// `a == b`
    Equal,
}

/// One operation of an expression. Operands come before their users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExprNode {
    /// The kernel's operand of this index, at the current element (converted to f32 where it is bytes or
    /// integers).
    Input(u32),
    /// A constant, by its bits.
    Const(u32),
    /// `a + b`
    Add(ExprId, ExprId),
    /// `a − b`
    Sub(ExprId, ExprId),
    /// `a · b`
    Mul(ExprId, ExprId),
    /// `a / b`
    Div(ExprId, ExprId),
    /// `a · b + c`, rounded once where the target has such an instruction, twice elsewhere.
    MulAdd(ExprId, ExprId, ExprId),
    /// The larger; `b` where either is NaN (`b > a ? … ` as `vmaxps`: `a > b ? a : b`).
    Max(ExprId, ExprId),
    /// The smaller; `b` where either is NaN.
    Min(ExprId, ExprId),
    /// `−a`
    Neg(ExprId),
    /// `|a|`
    Abs(ExprId),
    /// The largest whole number that is not above `a`, for `a` within ±2³¹.
    Floor(ExprId),
    /// `√a`
    Sqrt(ExprId),
    /// `eᵃ`, relative error ≤ 4e-7, 0 below −104 and +∞ above 88.73. Below −87.33 the result is denormal: 0
    /// where those are flushed.
    Exp(ExprId),
    /// `ln a` for positive normal `a`, relative error ≤ 4e-7; +∞ of +∞, NaN of NaN, of anything else some
    /// number.
    Log(ExprId),
    /// `tanh a`, relative error ≤ 1e-6.
    Tanh(ExprId),
    /// Error function, absolute error ≤ 5e-7.
    Erf(ExprId),
    /// `compare(a, b) ? c : d`
    Select(Compare, ExprId, ExprId, ExprId, ExprId),
    /// Uniform in [0, 1), 24 bits: the hash of (key, index of the element within the batch). The operand of
    /// this index is a one-element operand whose 32 bits are the key. See [`Expr::uniform`].
    Uniform(u32),
}

/// A set of expressions over shared operands, as a graph without repeated nodes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Expr {
    nodes: Vec<ExprNode>,
}

impl Expr {
    /// No nodes yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// All nodes; each one's operands stand before it.
    pub fn nodes(&self) -> &[ExprNode] {
        &self.nodes
    }

    /// The node of an id.
    pub fn node(&self, id: ExprId) -> ExprNode {
        self.nodes[id.0 as usize]
    }

    /// Adds a node, or finds the equal one that is there.
    pub fn push(&mut self, node: ExprNode) -> ExprId {
        let found = self.nodes.iter().position(|&n| n == node);
        let index = found.unwrap_or_else(|| {
            self.nodes.push(node);
            self.nodes.len() - 1
        });
        ExprId(u32::try_from(index).expect("an expression has few nodes"))
    }

    /// Operand `index` at the current element.
    pub fn input(&mut self, index: usize) -> ExprId {
        self.push(ExprNode::Input(u32::try_from(index).expect("a kernel has few operands")))
    }

    /// A constant.
    pub fn constant(&mut self, value: f32) -> ExprId {
        self.push(ExprNode::Const(value.to_bits()))
    }

    /// `a + b`
    pub fn add(&mut self, a: ExprId, b: ExprId) -> ExprId {
        self.push(ExprNode::Add(a, b))
    }

    /// `a − b`
    pub fn sub(&mut self, a: ExprId, b: ExprId) -> ExprId {
        self.push(ExprNode::Sub(a, b))
    }

    /// `a · b`
    pub fn mul(&mut self, a: ExprId, b: ExprId) -> ExprId {
        self.push(ExprNode::Mul(a, b))
    }

    /// `a / b`
    pub fn div(&mut self, a: ExprId, b: ExprId) -> ExprId {
        self.push(ExprNode::Div(a, b))
    }

    /// `a · b + c`
    pub fn mul_add(&mut self, a: ExprId, b: ExprId, c: ExprId) -> ExprId {
        self.push(ExprNode::MulAdd(a, b, c))
    }

    /// `max(a, b)`
    pub fn max(&mut self, a: ExprId, b: ExprId) -> ExprId {
        self.push(ExprNode::Max(a, b))
    }

    /// `min(a, b)`
    pub fn min(&mut self, a: ExprId, b: ExprId) -> ExprId {
        self.push(ExprNode::Min(a, b))
    }

    /// `compare(a, b) ? then : otherwise`
    pub fn select(
        &mut self,
        compare: Compare,
        a: ExprId,
        b: ExprId,
        then: ExprId,
        otherwise: ExprId,
    ) -> ExprId {
        self.push(ExprNode::Select(compare, a, b, then, otherwise))
    }

    /// A uniform number in [0, 1) for each element, from the key in operand `key`.
    pub fn uniform(&mut self, key: usize) -> ExprId {
        self.push(ExprNode::Uniform(u32::try_from(key).expect("a kernel has few operands")))
    }

    /// Copies another expression's nodes into this one, its `Input(i)` and `Uniform(i)` becoming what
    /// `input(i)` and `key(i)` give. Returns where each of its nodes went.
    pub fn splice(
        &mut self,
        other: &Expr,
        mut input: impl FnMut(&mut Expr, u32) -> ExprId,
        mut key: impl FnMut(u32) -> u32,
    ) -> Vec<ExprId> {
        let mut to: Vec<ExprId> = Vec::with_capacity(other.nodes.len());
        for &node in &other.nodes {
            let id = if let ExprNode::Input(i) = node {
                input(self, i)
            } else if let ExprNode::Uniform(i) = node {
                let operand = key(i);
                self.push(ExprNode::Uniform(operand))
            } else {
                let mut operands = [ExprId(0); 4];
                for (slot, old) in operands.iter_mut().zip(node.operands()) {
                    *slot = to[old.0 as usize];
                }
                self.push(node.with_operands(operands))
            };
            to.push(id);
        }
        to
    }
}

/// The random number of [`ExprNode::Uniform`] for one element: 24 bits of a 32-bit integer hash.
/// ```text
/// h = element · 0x9E3779B9 + key;  h ^= h >> 16;  h *= 0x7FEB352D;  h ^= h >> 15;  h *= 0x846CA68B;  h ^= h >> 16
/// u = (h >> 8) / 2²⁴
/// ```
/// Source of the mixing constants: C. Wellons, "lowbias32" (bias 0.17, found by search). `element` is the
/// index within the batch: `image · elements of one image + index in the image` (row-major `[H, W, C]`).
#[cfg(test)]
pub fn uniform_reference(key: u32, element: u32) -> f32 {
    let mut h = element.wrapping_mul(0x9E37_79B9).wrapping_add(key);
    h ^= h >> 16;
    h = h.wrapping_mul(0x7FEB_352D);
    h ^= h >> 15;
    h = h.wrapping_mul(0x846C_A68B);
    h ^= h >> 16;
    (h >> 8) as f32 * (1.0 / 16_777_216.0)
}

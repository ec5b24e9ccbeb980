//! Element types and shapes.

use std::fmt;

/// What one element of a tensor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Element {
    /// IEEE single precision: images, activations, weights, gradients.
    F32,
    /// Class indices.
    I32,
    /// Winners of max pooling: the index of the winning window element.
    U8,
}

impl Element {
    /// Size in bytes.
    pub fn size_bytes(self) -> usize {
        match self {
            Element::F32 | Element::I32 => 4,
            Element::U8 => 1,
        }
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Element::F32 => "f32",
            Element::I32 => "i32",
            Element::U8 => "u8",
        })
    }
}

/// Extents of a tensor without its batch axis: `[H, W, C]` for a feature map, `[C]` for a vector,
/// `[Kh, Kw, I, O]` for convolution weights. Every extent is at least 1. Shown as `28x28x1`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Shape(Vec<usize>);

impl Shape {
    /// A shape from its extents.
    pub fn new(extents: impl Into<Vec<usize>>) -> Self {
        Self(extents.into())
    }

    /// `[height, width, channels]`.
    pub fn image(height: usize, width: usize, channels: usize) -> Self {
        Self(vec![height, width, channels])
    }

    /// `[length]`.
    pub fn vector(length: usize) -> Self {
        Self(vec![length])
    }

    /// The extents, outermost first.
    pub fn extents(&self) -> &[usize] {
        &self.0
    }

    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// Number of elements: the product of the extents.
    pub fn elements(&self) -> usize {
        self.0.iter().product()
    }

    /// The last extent: channels of a feature map, length of a vector. 1 for a scalar.
    pub fn channels(&self) -> usize {
        self.0.last().copied().unwrap_or(1)
    }

    /// `(height, width, channels)` of a feature map; `None` for any other rank.
    pub fn as_image(&self) -> Option<(usize, usize, usize)> {
        match self.0[..] {
            [h, w, c] => Some((h, w, c)),
            _ => None,
        }
    }

    /// `(height, width, channels)`, a vector being one pixel.
    pub fn as_pixels(&self) -> (usize, usize, usize) {
        match self.0[..] {
            [h, w, c] => (h, w, c),
            _ => (1, 1, self.elements()),
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, extent) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("x")?;
            }
            write!(f, "{extent}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shape({self})")
    }
}

/// The type of a value in the graph: its element, its shape, and whether there is one per image of the batch.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TensorType {
    /// What one element is.
    pub element: Element,
    /// Extents without the batch axis.
    pub shape: Shape,
    /// True for `[N, …]`, one per image; false for parameters, statistics and scalars.
    pub batched: bool,
}

impl TensorType {
    /// One f32 tensor of `shape` per image.
    pub fn per_image(shape: Shape) -> Self {
        Self { element: Element::F32, shape, batched: true }
    }

    /// One f32 tensor of `shape` for the whole batch (a parameter, a statistic).
    pub fn single(shape: Shape) -> Self {
        Self { element: Element::F32, shape, batched: false }
    }

    /// A single f32.
    pub fn scalar() -> Self {
        Self::single(Shape::vector(1))
    }

    /// Bytes of one image's share, or of the whole where it is not per image.
    pub fn size_bytes(&self) -> usize {
        self.shape.elements() * self.element.size_bytes()
    }
}

impl fmt::Display for TensorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let batch = if self.batched { "Nx" } else { "" };
        write!(f, "{}[{batch}{}]", self.element, self.shape)
    }
}

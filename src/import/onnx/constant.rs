//! Values that do not depend on the pictures.

use std::borrow::Cow;
use std::rc::Rc;

use crate::onnx::proto::TensorProto;
use crate::onnx::tensor;

/// A tensor that is known while the file is read.
#[derive(Debug, Clone)]
pub(super) struct Constant {
    pub(super) dims: Vec<usize>,
    pub(super) values: Values,
}

/// Its numbers, in row-major order.
#[derive(Debug, Clone)]
pub(super) enum Values {
    /// Floating-point numbers as they lie in the file: they are read where they are needed.
    File(Rc<TensorProto>),
    Floats(Rc<Vec<f32>>),
    Ints(Rc<Vec<Int>>),
}

/// A whole number: of a shape, or an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Int {
    Known(i64),
    /// The number of pictures.
    Batch,
    /// It follows the picture's size, which is left open.
    Open,
}

impl Int {
    pub(super) fn known(self) -> Option<i64> {
        if let Int::Known(value) = self { Some(value) } else { None }
    }
}

impl Constant {
    /// A tensor of the file.
    /// # Errors
    /// In words, where its values are of no kind that is read.
    pub(super) fn of(tensor: TensorProto) -> Result<Self, String> {
        let dims = tensor::extents(&tensor)?;
        let values = if tensor::is_floating(&tensor) {
            Values::File(Rc::new(tensor))
        } else if tensor::is_whole(&tensor) {
            Values::Ints(Rc::new(tensor::ints(&tensor)?.into_iter().map(Int::Known).collect()))
        } else {
            // says what it holds
            return Err(tensor::ints(&tensor).err().unwrap_or_default());
        };
        Ok(Self { dims, values })
    }

    pub(super) fn of_floats(dims: Vec<usize>, values: Vec<f32>) -> Self {
        Self { dims, values: Values::Floats(Rc::new(values)) }
    }

    pub(super) fn of_ints(dims: Vec<usize>, values: Vec<Int>) -> Self {
        Self { dims, values: Values::Ints(Rc::new(values)) }
    }

    pub(super) fn elements(&self) -> usize {
        self.dims.iter().product()
    }

    /// Its numbers; whole ones become floating-point ones.
    /// # Errors
    /// In words.
    pub(super) fn floats(&self) -> Result<Cow<'_, [f32]>, String> {
        match &self.values {
            Values::File(tensor) => tensor::floats(tensor).map(Cow::Owned),
            Values::Floats(values) => Ok(Cow::Borrowed(values)),
            Values::Ints(values) => {
                let known: Option<Vec<f32>> =
                    values.iter().map(|value| value.known().map(|value| value as f32)).collect();
                known.map(Cow::Owned).ok_or_else(|| "its values follow the size of the pictures".to_owned())
            }
        }
    }

    /// Its whole numbers; `None` where it has others.
    pub(super) fn ints(&self) -> Option<&[Int]> {
        if let Values::Ints(values) = &self.values { Some(values) } else { None }
    }

    /// Its whole numbers, where all are known.
    pub(super) fn known(&self) -> Option<Vec<i64>> {
        self.ints()?.iter().map(|value| value.known()).collect()
    }

    /// The only number.
    pub(super) fn scalar(&self) -> Option<f32> {
        if self.elements() == 1 { self.floats().ok()?.first().copied() } else { None }
    }

    /// The same numbers under other extents.
    pub(super) fn with_dims(&self, dims: Vec<usize>) -> Self {
        Self { dims, values: self.values.clone() }
    }

    /// Elements picked by their places.
    /// # Errors
    /// As [`Constant::floats`].
    pub(super) fn picked(&self, dims: Vec<usize>, places: &[usize]) -> Result<Self, String> {
        if let Values::Ints(values) = &self.values {
            return Ok(Self::of_ints(dims, places.iter().map(|&place| values[place]).collect()));
        }
        let values = self.floats()?;
        Ok(Self::of_floats(dims, places.iter().map(|&place| values[place]).collect()))
    }
}

/// Distances between neighbours along each axis.
pub(super) fn strides(dims: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; dims.len()];
    for axis in (1..dims.len()).rev() {
        strides[axis - 1] = strides[axis] * dims[axis];
    }
    strides
}

/// The place of each element of a result in its operand, by the operand's distance along each of the result's
/// axes; 0 where one value is used for all.
pub(super) fn places(dims: &[usize], distances: &[usize], first: usize) -> Vec<usize> {
    let mut places = vec![first];
    for (&extent, &distance) in dims.iter().zip(distances) {
        places = places.iter().flat_map(|&place| (0..extent).map(move |at| place + at * distance)).collect();
    }
    places
}

/// Extents of two operands as one, and the places of its elements in each.
/// # Errors
/// In words, where the extents do not belong together.
pub(super) fn broadcast(a: &[usize], b: &[usize]) -> Result<Vec<usize>, String> {
    let rank = a.len().max(b.len());
    let at = |dims: &[usize], axis: usize| (axis + dims.len()).checked_sub(rank).map_or(1, |axis| dims[axis]);
    (0..rank)
        .map(|axis| match (at(a, axis), at(b, axis)) {
            (x, y) if x == y => Ok(x),
            (1, other) | (other, 1) => Ok(other),
            _ => Err(format!("its operands are {a:?} and {b:?}")),
        })
        .collect()
}

/// The places in an operand of `own` extents for each element of a result it is broadcast to.
pub(super) fn broadcast_places(own: &[usize], result: &[usize]) -> Vec<usize> {
    let steps = strides(own);
    let distances: Vec<usize> = (0..result.len())
        .map(|axis| {
            let own_axis = (axis + own.len()).checked_sub(result.len());
            own_axis.map_or(0, |axis| if own[axis] == 1 { 0 } else { steps[axis] })
        })
        .collect();
    places(result, &distances, 0)
}

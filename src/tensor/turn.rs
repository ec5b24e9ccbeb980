//! Parameters and vectors as programs have them that keep channels before pixels.

use std::borrow::Cow;

/// How the elements of a vector lie where feature maps are kept `[C, H, W]`: a flattened map is there `[C, H·W]`
/// and here `[H·W, C]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VectorOrder {
    parts: Vec<Part>,
}

/// A flattened map within a vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    pixels: usize,
    channels: usize,
}

impl VectorOrder {
    /// As here: what no map has been flattened into.
    pub fn own(length: usize) -> Self {
        Self::flattened(1, length)
    }

    /// A flattened map.
    pub fn flattened(pixels: usize, channels: usize) -> Self {
        Self { parts: vec![Part { pixels, channels }] }
    }

    /// Vectors one behind the other.
    pub fn joined(vectors: impl IntoIterator<Item = VectorOrder>) -> Self {
        Self { parts: vectors.into_iter().flat_map(|vector| vector.parts).collect() }
    }

    /// Elements.
    pub fn length(&self) -> usize {
        self.parts.iter().map(|part| part.pixels * part.channels).sum()
    }

    /// Whether all elements lie as here.
    pub fn is_own(&self) -> bool {
        self.parts.iter().all(|part| part.pixels == 1 || part.channels == 1)
    }

    /// For each of their places the place of its element here.
    pub fn sources(&self) -> Vec<usize> {
        let mut sources = Vec::with_capacity(self.length());
        let mut first = 0;
        for &Part { pixels, channels } in &self.parts {
            for channel in 0..channels {
                sources.extend((0..pixels).map(|pixel| first + pixel * channels + channel));
            }
            first += pixels * channels;
        }
        sources
    }

    /// For each of our places the place of its element there.
    pub fn places(&self) -> Vec<usize> {
        let mut places = vec![0; self.length()];
        self.sources().into_iter().enumerate().for_each(|(there, here)| places[here] = there);
        places
    }
}

/// How the elements of a parameter lie elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// As here.
    Same,
    /// `[O, I, Kh, Kw]` for our `[Kh, Kw, I, O]`.
    Windows,
    /// `[C·M, 1, Kh, Kw]` for our `[Kh, Kw, C, M]`.
    Depthwise,
    /// The first axis in the order of a vector: the kernel `[I, O]` of a dense layer behind a flattened map.
    Rows(VectorOrder),
    /// `[O, I]` for our `[I, O]`, with inputs in the order of a vector.
    Matrix(VectorOrder),
}

impl Turn {
    /// The extents there of a parameter with these here.
    pub fn extents(&self, ours: &[usize]) -> Vec<usize> {
        match (self, ours) {
            (Turn::Windows, &[height, width, inputs, outputs]) => vec![outputs, inputs, height, width],
            (Turn::Depthwise, &[height, width, channels, multiplier]) => {
                vec![channels * multiplier, 1, height, width]
            }
            (Turn::Matrix(_), &[inputs, outputs]) => vec![outputs, inputs],
            _ => ours.to_vec(),
        }
    }

    /// The elements as they lie there.
    pub fn apply<'v>(&self, ours: &[usize], values: &'v [f32]) -> Cow<'v, [f32]> {
        match (self, self.rows(ours)) {
            (_, None) => values.into(),
            (Turn::Rows(_), Some(order)) => gathered(values, &order.sources()).into(),
            (Turn::Same | Turn::Windows | Turn::Depthwise | Turn::Matrix(_), Some(order)) => {
                transposed(values, &order, false).into()
            }
        }
    }

    /// The elements of there as they lie here, where they have the extents `ours`.
    pub fn undo<'v>(&self, ours: &[usize], values: &'v [f32]) -> Cow<'v, [f32]> {
        match (self, self.rows(ours)) {
            (_, None) => values.into(),
            (Turn::Rows(_), Some(order)) => gathered(values, &order.places()).into(),
            (Turn::Same | Turn::Windows | Turn::Depthwise | Turn::Matrix(_), Some(order)) => {
                transposed(values, &order, true).into()
            }
        }
    }

    /// The parameter as rows, and their order there; `None` where all lies as here.
    fn rows(&self, ours: &[usize]) -> Option<VectorOrder> {
        match (self, ours) {
            // rows are pixels of inputs, as in a flattened map
            (Turn::Windows, &[height, width, inputs, _]) => {
                Some(VectorOrder::flattened(height * width, inputs))
            }
            // the filters of all channels side by side are those of one
            (Turn::Depthwise, &[height, width, ..]) => Some(VectorOrder::own(height * width)),
            (Turn::Matrix(order), &[_, _]) => Some(order.clone()),
            (Turn::Rows(order), _) if !order.is_own() => Some(order.clone()),
            _ => None,
        }
    }
}

/// Rows in another order, each from its place.
fn gathered(values: &[f32], from: &[usize]) -> Vec<f32> {
    let row = values.len() / from.len().max(1);
    from.iter().flat_map(|from| &values[from * row..(from + 1) * row]).copied().collect()
}

/// `[O, I]` of our `[I, O]`, with the inputs in an order; or back.
fn transposed(values: &[f32], order: &VectorOrder, back: bool) -> Vec<f32> {
    /// Outputs at a time: as many as a line of the cache holds, which is read once then.
    const LINE: usize = 16;
    let places = order.places();
    let outputs = values.len() / places.len().max(1);
    let mut turned = vec![0.0; values.len()];
    for first in (0..outputs).step_by(LINE) {
        let some = first..(first + LINE).min(outputs);
        for (row, place) in places.iter().enumerate() {
            for output in some.clone() {
                let (here, there) = (row * outputs + output, output * places.len() + place);
                let (from, to) = if back { (there, here) } else { (here, there) };
                turned[to] = values[from];
            }
        }
    }
    turned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flattened_map_is_read_channel_by_channel() {
        let order = VectorOrder::flattened(3, 2);
        assert_eq!(order.sources(), [0, 2, 4, 1, 3, 5]);
        assert_eq!(order.places(), [0, 3, 1, 4, 2, 5]);
        let joined = VectorOrder::joined([VectorOrder::own(2), order.clone()]);
        assert_eq!(joined.sources(), [0, 1, 2, 4, 6, 3, 5, 7]);
        assert!(VectorOrder::flattened(9, 1).is_own() && !joined.is_own() && joined.length() == 8);
    }

    /// The element [u, v, i, o] here, written as 1000 u + 100 v + 10 i + o, is [o, i, u, v] there.
    #[test]
    fn windows_are_turned() {
        let extents = [2, 1, 3, 2];
        let mut values = Vec::new();
        for u in 0..2 {
            for i in 0..3 {
                values.extend((0..2).map(|o| (1000 * u + 10 * i + o) as f32));
            }
        }
        let turned = Turn::Windows.apply(&extents, &values);
        assert_eq!(turned[..], [0., 1000., 10., 1010., 20., 1020., 1., 1001., 11., 1011., 21., 1021.]);
        assert_eq!(Turn::Windows.extents(&extents), [2, 3, 2, 1]);
    }

    #[test]
    fn a_matrix_has_its_inputs_in_the_order_of_the_vector() {
        let values: Vec<f32> = (0..12_u8).map(f32::from).collect();
        let order = VectorOrder::flattened(3, 2);
        let rows = Turn::Rows(order.clone()).apply(&[6, 2], &values);
        assert_eq!(rows[..], [0., 1., 4., 5., 8., 9., 2., 3., 6., 7., 10., 11.]);
        let matrix = Turn::Matrix(order).apply(&[6, 2], &values);
        assert_eq!(matrix[..], [0., 4., 8., 2., 6., 10., 1., 5., 9., 3., 7., 11.]);
        assert!(matches!(Turn::Rows(VectorOrder::own(6)).apply(&[6, 2], &values), Cow::Borrowed(_)));
    }

    /// Every turn back gives what was turned.
    #[test]
    fn what_is_turned_back_is_as_it_was() {
        let values: Vec<f32> = (0..48_u8).map(f32::from).collect();
        let joined = VectorOrder::joined([VectorOrder::flattened(3, 2), VectorOrder::own(2)]);
        for (turn, ours) in [
            (Turn::Same, vec![48]),
            (Turn::Windows, vec![2, 3, 4, 2]),
            (Turn::Depthwise, vec![2, 3, 4, 2]),
            (Turn::Rows(joined.clone()), vec![8, 6]),
            (Turn::Matrix(joined), vec![8, 6]),
        ] {
            let theirs = turn.apply(&ours, &values);
            assert_eq!(theirs[..] == values[..], turn == Turn::Same, "{turn:?}");
            assert_eq!(turn.undo(&ours, &theirs)[..], values[..], "{turn:?}");
        }
    }

    #[test]
    fn the_filters_of_a_channel_lie_side_by_side() {
        // [filter, 0, y, 0] is 2·filter + y there; here it is [y, 0, channel, m] with filter = 2·channel + m
        let theirs: Vec<f32> = (0..12_u8).map(f32::from).collect();
        let ours = [2, 1, 3, 2];
        assert_eq!(Turn::Depthwise.extents(&ours), [6, 1, 2, 1]);
        let here = Turn::Depthwise.undo(&ours, &theirs);
        assert_eq!(here[..], [0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 1.0, 3.0, 5.0, 7.0, 9.0, 11.0]);
    }
}

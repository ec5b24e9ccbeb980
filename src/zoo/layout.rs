//! How the variables of layers lie in files: as here, which is as in Keras, or as in PyTorch.

use crate::ir::Variable;
use crate::layers::Axes;
use crate::tensor::Shape;

use super::names::Layout;

/// A variable of ours in a file: its shape there, and where our elements are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its shape there.
    pub shape: Shape,
    order: Order,
}

/// Where our elements are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// In our own order.
    Same,
    /// `[O, I, Kh, Kw]` for our `[Kh, Kw, I, O]`.
    Windows,
    /// `[C·M, 1, Kh, Kw]` for our `[Kh, Kw, C, M]`.
    Depthwise,
    /// `[O, I]` for our `[I, O]`. Inputs are a flattened map of this many channels, `[C, H·W]` for our `[H·W,
    /// C]`; the map of a vector is one pixel of all its elements.
    Matrix { channels: usize },
    /// `[C, H·W]` for our `[H·W, C]`.
    Features { channels: usize },
}

impl Place {
    /// As here.
    pub fn own(shape: &Shape) -> Self {
        Self { shape: shape.clone(), order: Order::Same }
    }

    /// In a layout. `flattened` counts before what the program says of the variable.
    pub fn of(variable: &Variable, layout: Layout, flattened: Option<usize>) -> Self {
        if layout == Layout::Keras {
            return Self::own(&variable.shape);
        }
        let flattened = flattened.or(variable.flattened);
        let (order, extents) = match (variable.axes, variable.shape.extents(), flattened) {
            (Axes::Windows, &[height, width, inputs, outputs], _) => {
                (Order::Windows, vec![outputs, inputs, height, width])
            }
            (Axes::Depthwise, &[height, width, channels, multiplier], _) => {
                (Order::Depthwise, vec![channels * multiplier, 1, height, width])
            }
            (Axes::Matrix, &[inputs, outputs], _) => {
                (Order::Matrix { channels: flattened.unwrap_or(inputs) }, vec![outputs, inputs])
            }
            (Axes::Features, extents, Some(channels)) => (Order::Features { channels }, extents.to_vec()),
            (_, extents, _) => (Order::Same, extents.to_vec()),
        };
        Self { shape: Shape::new(extents), order }
    }

    /// Whether a tensor of this shape is it. Extents of 1 in front do not count, nor those behind in files of
    /// PyTorch: a dense layer is a 1x1 convolution of one pixel, and a factor for each channel may be a map.
    pub fn takes(&self, found: &Shape) -> bool {
        let [wanted, found] = [&self.shape, found].map(|shape| self.bare(shape.extents()));
        wanted == found
    }

    fn bare<'e>(&self, extents: &'e [usize]) -> &'e [usize] {
        let is_one = |extent: &&usize| **extent == 1;
        let bare = &extents[extents.iter().take_while(is_one).count()..];
        if self.order == Order::Same && self.shape.rank() > 1 {
            return bare;
        }
        &bare[..bare.len() - bare.iter().rev().take_while(is_one).count()]
    }

    /// The elements of the file in our order.
    pub fn ours(&self, values: Vec<f32>) -> Vec<f32> {
        let Some((extents, strides)) = self.walk() else { return values };
        let mut gathered = Vec::with_capacity(values.len());
        walk(&extents, &strides, |at| gathered.push(values[at]));
        gathered
    }

    /// Our elements in the order of the file.
    pub fn theirs(&self, values: &[f32]) -> Vec<f32> {
        let Some((extents, strides)) = self.walk() else { return values.to_vec() };
        let mut scattered = vec![0.0; values.len()];
        let mut ours = values.iter();
        walk(&extents, &strides, |at| scattered[at] = *ours.next().expect("as many as there are places"));
        scattered
    }

    /// Our elements in our order: extents, and how far apart they lie in the file along each. `None` where
    /// the order is the same.
    fn walk(&self) -> Option<([usize; 4], [usize; 4])> {
        Some(match (self.order, self.shape.extents()) {
            (Order::Windows, &[outputs, inputs, height, width]) => {
                let area = height * width;
                ([height, width, inputs, outputs], [width, 1, area, inputs * area])
            }
            (Order::Depthwise, &[filters, _, height, width]) => {
                let area = height * width;
                ([1, height, width, filters], [0, width, 1, area])
            }
            (Order::Matrix { channels }, &[outputs, inputs]) => {
                let pixels = inputs / channels.max(1);
                ([1, pixels, channels, outputs], [0, 1, pixels, inputs])
            }
            (Order::Features { channels }, extents) => {
                let pixels = extents.iter().product::<usize>() / channels.max(1);
                ([1, 1, pixels, channels], [0, 0, 1, pixels])
            }
            _ => return None,
        })
    }
}

/// Visits the places of all elements, the last extent fastest.
fn walk(extents: &[usize; 4], strides: &[usize; 4], mut visit: impl FnMut(usize)) {
    for a in 0..extents[0] {
        for b in 0..extents[1] {
            for c in 0..extents[2] {
                let start = a * strides[0] + b * strides[1] + c * strides[2];
                (0..extents[3]).for_each(|d| visit(start + d * strides[3]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(axes: Axes, extents: &[usize], flattened: Option<usize>) -> Variable {
        Variable {
            at: 0,
            layer: "layer".into(),
            name: "kernel",
            position: 0,
            shape: Shape::new(extents),
            axes,
            flattened,
            kind: "conv2d",
        }
    }

    fn torch(axes: Axes, extents: &[usize], flattened: Option<usize>) -> Place {
        Place::of(&variable(axes, extents, flattened), Layout::Torch, None)
    }

    fn numbers(count: u16) -> Vec<f32> {
        (0..count).map(f32::from).collect()
    }

    #[test]
    fn torch_turns_windows_inputs_and_outputs_around() {
        let place = torch(Axes::Windows, &[1, 2, 3, 2], None);
        assert_eq!(place.shape.extents(), [2, 3, 1, 2]);
        // the element [o, i, 0, x] is 100·o + 10·i + x
        let theirs = [0, 1].map(|o| [0, 1, 2].map(|i| [0, 1].map(|x| (100 * o + 10 * i + x) as f32)));
        let theirs = theirs.as_flattened().as_flattened();
        let ours = place.ours(theirs.to_vec());
        assert_eq!(ours, [0.0, 100.0, 10.0, 110.0, 20.0, 120.0, 1.0, 101.0, 11.0, 111.0, 21.0, 121.0]);
        assert_eq!(place.theirs(&ours), theirs);
    }

    #[test]
    fn torch_has_the_filters_of_a_channel_side_by_side() {
        let place = torch(Axes::Depthwise, &[2, 1, 3, 2], None);
        assert_eq!(place.shape.extents(), [6, 1, 2, 1]);
        // [filter, 0, y, 0] is 2·filter + y; ours is [y, 0, channel, m] with filter = 2·channel + m
        let ours = place.ours(numbers(12));
        assert_eq!(ours, [0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 1.0, 3.0, 5.0, 7.0, 9.0, 11.0]);
        assert_eq!(place.theirs(&ours), numbers(12));
    }

    #[test]
    fn torch_flattens_channel_by_channel() {
        // their input is channel · 3 + pixel, ours pixel · 2 + channel
        let place = torch(Axes::Matrix, &[6, 1], Some(2));
        assert_eq!(place.ours(numbers(6)), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        assert_eq!(torch(Axes::Matrix, &[6, 1], None).ours(numbers(6)), numbers(6));
        let place = torch(Axes::Features, &[6], Some(2));
        assert_eq!(place.ours(numbers(6)), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        assert_eq!(place.theirs(&place.ours(numbers(6))), numbers(6));
    }

    #[test]
    fn a_convolution_of_one_pixel_is_a_dense_layer() {
        let dense = Place::own(&Shape::new([8, 3]));
        assert!(dense.takes(&Shape::new([1, 1, 8, 3])) && dense.takes(&Shape::new([8, 3])));
        assert!(!dense.takes(&Shape::new([3, 8])) && !dense.takes(&Shape::new([8, 1, 3])));
        let theirs = torch(Axes::Matrix, &[8, 3], None);
        assert!(theirs.takes(&Shape::new([3, 8, 1, 1])) && !theirs.takes(&Shape::new([8, 3])));
        assert!(torch(Axes::Features, &[8], None).takes(&Shape::new([8, 1, 1])));
        // one filter for each channel is another thing than filters of one channel
        assert!(!Place::own(&Shape::new([3, 3, 1, 8])).takes(&Shape::new([3, 3, 8, 1])));
    }
}

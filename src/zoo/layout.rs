//! How the variables of layers lie in files: as here, which is as in Keras, or as in PyTorch.

use std::borrow::Cow;

use crate::ir::Variable;
use crate::tensor::{Shape, Turn};

use super::names::Layout;

/// A variable of ours in a file: its shape there, and how its elements lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its shape there.
    pub shape: Shape,
    /// Its shape here.
    ours: Shape,
    turn: Turn,
}

impl Place {
    /// In a layout.
    pub fn of(variable: &Variable, layout: Layout) -> Self {
        let turn = match layout {
            Layout::Keras => Turn::Same,
            Layout::Torch => variable.turn(),
        };
        let ours = variable.shape.clone();
        Self { shape: Shape::new(turn.extents(ours.extents())), ours, turn }
    }

    /// The same with its axes of one element there, or without them.
    pub(super) fn shaped(self, extents: &[usize]) -> Self {
        Self { shape: Shape::new(extents), ..self }
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
        if self.turn == Turn::Same && self.shape.rank() > 1 {
            return bare;
        }
        &bare[..bare.len() - bare.iter().rev().take_while(is_one).count()]
    }

    /// The elements of the file in our order.
    pub fn ours(&self, values: Vec<f32>) -> Vec<f32> {
        match self.turn.undo(self.ours.extents(), &values) {
            Cow::Borrowed(_) => values,
            Cow::Owned(turned) => turned,
        }
    }

    /// Our elements in the order of the file.
    pub fn theirs<'v>(&self, values: &'v [f32]) -> Cow<'v, [f32]> {
        self.turn.apply(self.ours.extents(), values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::Axes;
    use crate::tensor::VectorOrder;

    fn place(axes: Axes, extents: &[usize], rows: Option<VectorOrder>, layout: Layout) -> Place {
        let shape = Shape::new(extents);
        let layer = "layer".into();
        let variable =
            Variable { at: 0, layer, name: "kernel", position: 0, shape, axes, rows, kind: "conv2d" };
        Place::of(&variable, layout)
    }

    fn torch(axes: Axes, extents: &[usize]) -> Place {
        place(axes, extents, None, Layout::Torch)
    }

    #[test]
    fn torch_turns_windows_inputs_and_outputs_around() {
        let place = torch(Axes::Windows, &[1, 2, 3, 2]);
        assert_eq!(place.shape.extents(), [2, 3, 1, 2]);
        // the element [o, i, 0, x] is 100·o + 10·i + x
        let theirs = [0, 1].map(|o| [0, 1, 2].map(|i| [0, 1].map(|x| (100 * o + 10 * i + x) as f32)));
        let theirs = theirs.as_flattened().as_flattened();
        let ours = place.ours(theirs.to_vec());
        assert_eq!(ours, [0.0, 100.0, 10.0, 110.0, 20.0, 120.0, 1.0, 101.0, 11.0, 111.0, 21.0, 121.0]);
        assert_eq!(place.theirs(&ours)[..], *theirs);
    }

    #[test]
    fn torch_flattens_channel_by_channel() {
        // their input is channel · 3 + pixel, ours pixel · 2 + channel
        let numbers: Vec<f32> = (0..6_u8).map(f32::from).collect();
        let rows = Some(VectorOrder::flattened(3, 2));
        for (axes, extents) in [(Axes::Matrix, &[6, 1][..]), (Axes::Features, &[6])] {
            let place = place(axes, extents, rows.clone(), Layout::Torch);
            assert_eq!(place.ours(numbers.clone()), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        }
        assert_eq!(torch(Axes::Matrix, &[6, 1]).ours(numbers.clone()), numbers);
        assert_eq!(place(Axes::Matrix, &[6, 1], rows, Layout::Keras).ours(numbers.clone()), numbers);
    }

    #[test]
    fn a_convolution_of_one_pixel_is_a_dense_layer() {
        let dense = place(Axes::Matrix, &[8, 3], None, Layout::Keras);
        assert!(dense.takes(&Shape::new([1, 1, 8, 3])) && dense.takes(&Shape::new([8, 3])));
        assert!(!dense.takes(&Shape::new([3, 8])) && !dense.takes(&Shape::new([8, 1, 3])));
        let theirs = torch(Axes::Matrix, &[8, 3]);
        assert!(theirs.takes(&Shape::new([3, 8, 1, 1])) && !theirs.takes(&Shape::new([8, 3])));
        assert!(torch(Axes::Features, &[8]).takes(&Shape::new([8, 1, 1])));
        // one filter for each channel is another thing than filters of one channel
        let depthwise = place(Axes::Depthwise, &[3, 3, 1, 8], None, Layout::Keras);
        assert!(!depthwise.takes(&Shape::new([3, 3, 8, 1])));
    }
}

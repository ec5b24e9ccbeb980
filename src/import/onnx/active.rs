//! Values that depend on the pictures: a layer's result, and how its axes lie in the file.
//!
//! Here maps are `[H, W, C]`. In the file they lie as its author liked: `[N, C, H, W]`, `[N, H, W, C]`, flattened
//! channel by channel, as a row of pixels. A value is kept as the result of a layer and, for each axis of the
//! file, the axes of ours that are in it, outermost first. `Transpose`, `Reshape`, `Flatten` and their kin change
//! that description and make no layer; whatever takes the value says which description it needs.

use std::rc::Rc;

use super::constant::{Constant, Int};
use super::reader::Reader;
use super::refusal::{Refusal, refuse};

/// An axis of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Atom {
    Batch,
    Rows,
    Columns,
    Channels,
    /// Of a vector.
    Elements,
}

/// Axes of ours that are one axis of the file.
pub(super) type Group = Vec<Atom>;

/// A layer's result as the file has it.
#[derive(Debug, Clone)]
pub(super) struct Active {
    /// The layer.
    pub(super) draft: usize,
    pub(super) axes: Vec<Group>,
    /// Of a vector: for each place in the file the place here; `None` where they are the same.
    pub(super) order: Option<Rc<Vec<usize>>>,
    /// Nothing else takes it.
    pub(super) alone: bool,
    /// The node that gave it this form.
    pub(super) view: Option<usize>,
}

/// What a name of the file stands for.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Constant(Constant),
    Active(Active),
    /// What makes it was refused, or depends on what was.
    Missing,
}

pub(super) const NCHW: [Atom; 4] = [Atom::Batch, Atom::Channels, Atom::Rows, Atom::Columns];
pub(super) const NHWC: [Atom; 4] = [Atom::Batch, Atom::Rows, Atom::Columns, Atom::Channels];

/// One axis of ours for each of the file.
pub(super) fn single(atoms: impl IntoIterator<Item = Atom>) -> Vec<Group> {
    atoms.into_iter().map(|atom| vec![atom]).collect()
}

impl Active {
    /// A new layer's result with the axes of this one.
    pub(super) fn with(&self, draft: usize) -> Active {
        Active { draft, alone: true, ..self.clone() }
    }
}

impl Reader<'_> {
    /// The extent of an axis of ours.
    pub(super) fn extent(&self, draft: usize, atom: Atom) -> Int {
        let draft = &self.drafts[draft];
        let (rows, columns, channels) = draft.shape.as_pixels();
        let side = |axis: usize, extent: usize| {
            if draft.open[axis] { Int::Open } else { Int::Known(extent as i64) }
        };
        match atom {
            Atom::Batch => self.batch.map_or(Int::Batch, |batch| Int::Known(batch as i64)),
            Atom::Rows => side(0, rows),
            Atom::Columns => side(1, columns),
            Atom::Channels | Atom::Elements => Int::Known(channels as i64),
        }
    }

    /// Whether an axis of ours has one element, and so may stand anywhere.
    pub(super) fn is_trivial(&self, draft: usize, atom: Atom) -> bool {
        atom != Atom::Batch && self.extent(draft, atom) == Int::Known(1)
    }

    /// The axes of ours in one of the file that have more than one element.
    pub(super) fn solid(&self, value: &Active, axis: usize) -> Group {
        let atoms = value.axes[axis].iter().copied();
        atoms.filter(|&atom| !self.is_trivial(value.draft, atom)).collect()
    }

    /// The extents that a value has in the file.
    pub(super) fn extents(&self, value: &Active) -> Vec<Int> {
        let of_group = |group: &Group| {
            group.iter().fold(Int::Known(1), |all, &atom| match (all, self.extent(value.draft, atom)) {
                (Int::Known(1), extent) | (extent, Int::Known(1)) => extent,
                (Int::Known(a), Int::Known(b)) => a.checked_mul(b).map_or(Int::Open, Int::Known),
                _ => Int::Open,
            })
        };
        value.axes.iter().map(of_group).collect()
    }

    /// Whether the axes of the file are these of ours, but for those of one element.
    pub(super) fn lies(&self, value: &Active, atoms: &[Atom]) -> bool {
        value.axes.len() == atoms.len()
            && atoms.iter().enumerate().all(|(axis, &atom)| {
                let solid = self.solid(value, axis);
                solid.is_empty() || solid == [atom]
            })
    }

    /// The value as a map whose axes in the file are `[N, C, H, W]`: what convolutions and pools take.
    pub(super) fn channels_first(&mut self, value: &Active) -> Result<Active, Refusal> {
        if self.drafts[value.draft].shape.rank() == 3 {
            if self.lies(value, &NCHW) {
                return Ok(Active { axes: single(NCHW), ..value.clone() });
            }
        } else if self.lies(value, &[Atom::Batch, Atom::Elements, Atom::Rows, Atom::Columns]) {
            return self.as_pixel(value);
        }
        Err(refuse(format!("it takes {} as a map with its channels first", self.described(value)))
            .near("put the axes into the order N, C, H, W before it"))
    }

    /// A vector as a map of one pixel.
    pub(super) fn as_pixel(&mut self, value: &Active) -> Result<Active, Refusal> {
        if value.order.is_some() {
            return Err(refuse("the values of a flattened map become channels in an order of their own"));
        }
        let length = self.drafts[value.draft].shape.channels();
        let draft = self.reshaped(value.draft, [1, 1, length], value.view);
        Ok(Active { draft, axes: single(NCHW), order: None, alone: value.alone, view: None })
    }

    /// Axes of a value in words: `[N, C, H·W]`.
    pub(super) fn described(&self, value: &Active) -> String {
        let letter = |atom: &Atom| match atom {
            Atom::Batch => "N",
            Atom::Rows => "H",
            Atom::Columns => "W",
            Atom::Channels => "C",
            Atom::Elements => "length",
        };
        let group = |group: &Group| {
            if group.is_empty() {
                "1".to_owned()
            } else {
                group.iter().map(letter).collect::<Vec<_>>().join("·")
            }
        };
        format!("[{}]", value.axes.iter().map(group).collect::<Vec<_>>().join(", "))
    }

    /// The axis of the file, beside the batch, that holds everything: the value is a vector there.
    pub(super) fn vector_axis(&self, value: &Active) -> Option<usize> {
        if value.axes.is_empty() || value.axes[0].first() != Some(&Atom::Batch) {
            return None;
        }
        if self.solid(value, 0) != [Atom::Batch] {
            return None;
        }
        let solid: Vec<usize> =
            (1..value.axes.len()).filter(|&axis| !self.solid(value, axis).is_empty()).collect();
        match solid[..] {
            [axis] => Some(axis),
            // a single number
            [] => value.axes.len().checked_sub(1).filter(|&last| last > 0),
            _ => None,
        }
    }

    /// The value as a vector: a map is flattened, and how its elements lie in the file is kept.
    pub(super) fn vector(&mut self, value: &Active) -> Result<Active, Refusal> {
        if self.drafts[value.draft].shape.rank() == 1 {
            return Ok(value.clone());
        }
        let Some(axis) = self.vector_axis(value) else {
            return Err(refuse(format!("it takes {} as a vector", self.described(value)))
                .near("`flatten`, or `global_avg_pool2d`, before it"));
        };
        if self.drafts[value.draft].open != [false; 2] {
            return Err(refuse("it takes all values of a map whose size the file leaves open")
                .near("say the size of the pictures with `--input`"));
        }
        let order = self.order_of(value, axis);
        let axes = (0..value.axes.len())
            .map(|at| match at {
                0 => vec![Atom::Batch],
                _ if at == axis => vec![Atom::Elements],
                _ => Vec::new(),
            })
            .collect();
        let draft = self.flattened(value.draft, value.view);
        Ok(Active { draft, axes, order, alone: value.alone, view: None })
    }

    /// For each place in a flattened axis of the file the place in the flattened map here.
    fn order_of(&self, value: &Active, axis: usize) -> Option<Rc<Vec<usize>>> {
        let (rows, columns, channels) = self.drafts[value.draft].shape.as_pixels();
        let mut places = vec![0_usize];
        for atom in self.solid(value, axis) {
            let (extent, distance) = match atom {
                Atom::Rows => (rows, columns * channels),
                Atom::Columns => (columns, channels),
                Atom::Channels => (channels, 1),
                Atom::Batch | Atom::Elements => (1, 0),
            };
            let along = |place: usize| (0..extent).map(move |at| place + at * distance);
            places = places.into_iter().flat_map(along).collect();
        }
        let is_own = places.iter().enumerate().all(|(at, &place)| at == place);
        (!is_own).then(|| Rc::new(places))
    }
}

/// Numbers that lie as in the file, in our order: one for each element, or rows of several.
pub(super) fn in_our_order(values: &[f32], order: Option<&Vec<usize>>, row: usize) -> Vec<f32> {
    let Some(order) = order else { return values.to_vec() };
    let mut ours = vec![0.0; values.len()];
    for (there, &here) in order.iter().enumerate() {
        ours[here * row..(here + 1) * row].copy_from_slice(&values[there * row..(there + 1) * row]);
    }
    ours
}

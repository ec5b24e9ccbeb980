//! Windows that slide over a map, and what is around it, in our words.

use super::super::attributes::Attributes;
use super::super::refusal::{Refusal, refuse};
use crate::ast::Expr;
use crate::tensor::{Axis, Padding};

use super::super::words;

/// A window as a node has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sliding {
    pub(super) kernel: [usize; 2],
    pub(super) stride: [usize; 2],
    pub(super) dilation: [usize; 2],
    pub(super) around: Around,
    pub(super) ceil: bool,
}

/// What is put around the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Around {
    /// `[top, bottom, left, right]`
    Pixels([usize; 4]),
    SameUpper,
    SameLower,
}

impl Sliding {
    /// Of a node's attributes; `kernel` where they leave the extents to the weights.
    pub(super) fn of(attributes: Attributes<'_>, kernel: Option<[usize; 2]>) -> Result<Self, Refusal> {
        let known = attributes.pair("kernel_shape", kernel.unwrap_or_default())?;
        if kernel.is_some_and(|kernel| kernel != known) {
            return Err(refuse(format!("its `kernel_shape` is {known:?}, and its weights are {kernel:?}")));
        }
        let stride = attributes.pair("strides", [1, 1])?;
        let dilation = attributes.pair("dilations", [1, 1])?;
        if [known, stride, dilation].concat().contains(&0) {
            return Err(refuse("its window, stride or dilation is 0"));
        }
        let around = match attributes.word("auto_pad", "NOTSET")? {
            "NOTSET" => Around::Pixels(pads(attributes.ints("pads"))?),
            "VALID" => Around::Pixels([0; 4]),
            "SAME_UPPER" => Around::SameUpper,
            "SAME_LOWER" => Around::SameLower,
            other => return Err(refuse(format!("its `auto_pad` is `{other}`"))),
        };
        let ceil = attributes.flag("ceil_mode")?;
        Ok(Self { kernel: known, stride, dilation, around, ceil })
    }

    /// Extent of the window along an axis, with its gaps.
    pub(super) fn effective(&self, axis: usize) -> usize {
        self.dilation[axis].saturating_mul(self.kernel[axis] - 1).saturating_add(1)
    }

    /// Pixels `[before, after]` an axis of an extent.
    pub(super) fn pads(&self, axis: usize, extent: usize) -> [usize; 2] {
        let (less, more) = match self.around {
            Around::Pixels(pads) => return [pads[2 * axis], pads[2 * axis + 1]],
            Around::SameUpper | Around::SameLower => {
                let covered =
                    (extent.div_ceil(self.stride[axis]) - 1) * self.stride[axis] + self.effective(axis);
                let all = covered.saturating_sub(extent);
                (all / 2, all - all / 2)
            }
        };
        if self.around == Around::SameLower { [more, less] } else { [less, more] }
    }

    /// Pixels `[top, bottom, left, right]` around a map. Those of a map whose size is open follow it where
    /// the stride is not 1.
    pub(super) fn all_pads(&self, sides: [usize; 2], open: [bool; 2]) -> Result<[usize; 4], Refusal> {
        let follows = (0..2).any(|axis| open[axis] && self.stride[axis] > 1);
        if self.around == Around::SameLower && follows {
            return Err(refuse(
                "what it puts around the map follows the map's size, which the file leaves open",
            )
            .near("say the size of the pictures with `--input`"));
        }
        let ([top, bottom], [left, right]) = (self.pads(0, sides[0]), self.pads(1, sides[1]));
        Ok([top, bottom, left, right])
    }

    /// Positions along an axis with so much around it.
    /// # Errors
    /// Where the window does not fit.
    pub(super) fn positions(
        &self,
        axis: usize,
        extent: usize,
        [before, after]: [usize; 2],
    ) -> Result<usize, Refusal> {
        let padded = extent.saturating_add(before).saturating_add(after);
        let Some(room) = padded.checked_sub(self.effective(axis)) else {
            return Err(refuse(format!(
                "its window of {} pixels does not fit into {padded}",
                self.effective(axis)
            )));
        };
        Ok(room / self.stride[axis] + 1)
    }

    /// Whether `same` puts just so much around a map.
    fn is_same(&self, pads: [usize; 4], sides: [usize; 2], open: [bool; 2]) -> bool {
        (0..2).all(|axis| {
            let is_fixed = !open[axis] || self.stride[axis] == 1 || self.around == Around::SameUpper;
            let kernel = self.kernel[axis];
            let same =
                Axis::resolve(sides[axis], kernel, self.stride[axis], self.dilation[axis], Padding::Same);
            let found = [pads[2 * axis], pads[2 * axis + 1]];
            is_fixed && same.is_ok_and(|same| [same.pad_before, same.pad_after] == found)
        })
    }

    /// The padding that puts so much around a map; `None` where no word does.
    pub(super) fn word(&self, pads: [usize; 4], sides: [usize; 2], open: [bool; 2]) -> Option<Word> {
        if pads == [0; 4] {
            // `same` where the file says so, and the map happens to need none
            let is_said =
                self.around == Around::SameUpper && self.is_same(pads, sides, open) && open != [false; 2];
            return Some(if is_said { Word::Same } else { Word::Valid });
        }
        let number = (pads == [pads[0]; 4] && self.around != Around::SameUpper).then_some(pads[0]);
        match (self.is_same(pads, sides, open), number) {
            (true, Some(number)) => Some(Word::Either(number)),
            (true, None) => Some(Word::Same),
            (false, Some(number)) => Some(Word::Number(number)),
            (false, None) => None,
        }
    }
}

/// How padding is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Word {
    Valid,
    Same,
    Number(usize),
    /// Both say it.
    Either(usize),
}

impl Word {
    pub(super) fn written(self) -> Expr {
        match self {
            Word::Valid => words::word("valid"),
            Word::Same | Word::Either(_) => words::word("same"),
            Word::Number(number) => words::int(number),
        }
    }

    pub(super) fn either(self) -> Option<usize> {
        if let Word::Either(number) = self { Some(number) } else { None }
    }
}

/// `[top, left, bottom, right]` of a node as `[top, bottom, left, right]`.
fn pads(written: Option<&[i64]>) -> Result<[usize; 4], Refusal> {
    let Some(written) = written else { return Ok([0; 4]) };
    let sound: Option<Vec<usize>> = written
        .iter()
        .map(|&pad| usize::try_from(pad).ok().filter(|&pad| pad <= crate::vocabulary::WIDEST))
        .collect();
    match sound.as_deref() {
        Some(&[top, left, bottom, right]) => Ok([top, bottom, left, right]),
        _ => Err(refuse(format!("its `pads` are {written:?}"))),
    }
}

//! Zeros over halos. See [`FillDesc`].

use super::builder::KernelBuilder;
use super::code::{BuildError, Effort, KernelFunction};
use crate::desc::FillDesc;
use crate::tensor::Element;

/// Code of a fill.
pub(super) fn build(desc: &FillDesc) -> Result<KernelFunction, BuildError> {
    let layout = desc.halo_of;
    let row = layout.width * layout.channels;
    let end_of_pixels = layout.origin + (layout.height - 1) * layout.row_pitch + row;
    if !layout.rows_are_dense() || row > layout.row_pitch || end_of_pixels > layout.image_pitch {
        return Err(BuildError::Description {
            family: "fill",
            reason: "the layout has gaps that are no halo",
        });
    }
    KernelBuilder::build(Effort::Speed, |k| {
        let (buffer, count) = (k.arg(0), k.count());
        k.for_range(count, |k, n| {
            let offset = k.index_scale(n, layout.image_pitch);
            let image = k.at(Element::F32, buffer, offset);
            k.fill(image, layout.origin, 0.0);
            // from the end of each row to the beginning of the next
            k.for_range(layout.height - 1, |k, y| {
                let offset = k.index_scale(y, layout.row_pitch);
                let offset = k.index_offset(offset, layout.origin + row);
                let gap = k.at(Element::F32, image, offset);
                k.fill(gap, layout.row_pitch - row, 0.0);
            });
            let rest = k.at_offset(Element::F32, image, end_of_pixels);
            k.fill(rest, layout.image_pitch - end_of_pixels, 0.0);
        });
        Ok(())
    })
}

//! Pictures made larger or smaller: `Pad`, `Slice`, `Resize`.

use super::super::attribute::{ints, number, word};
use super::super::error::Unsupported;
use super::super::opset::Opset;
use super::super::proto::AttributeProto;
use super::super::writer::{LayerWriter, Operand};
use super::Site;
use crate::desc::Interpolation;
use crate::layers::{Fit, PlaceKind, RandomPlace, Resizing, Upsample2d, around_largest_part};

/// `Pad` with zeros, `[top, bottom, left, right]`.
pub(super) fn zero_pad(x: &str, amounts: [usize; 4], w: &mut LayerWriter<'_, '_>) -> String {
    if amounts == [0; 4] {
        return x.to_owned();
    }
    let [top, bottom, left, right] = amounts.map(number);
    let pads = w.ints("pads", vec![0, 0, top, left, 0, 0, bottom, right]);
    w.node("Pad", &[x, &pads], Vec::new())
}

/// `Slice` without `[top, bottom, left, right]`, counted from either end.
pub(super) fn crop(x: &str, amounts: [usize; 4], w: &mut LayerWriter<'_, '_>) -> String {
    if amounts == [0; 4] {
        return x.to_owned();
    }
    let [top, bottom, left, right] = amounts.map(number);
    let end = |taken: i64| if taken == 0 { i64::MAX } else { -taken };
    let starts = w.ints("starts", vec![top, left]);
    let ends = w.ints("ends", vec![end(bottom), end(right)]);
    let axes = w.ints("axes", vec![2, 3]);
    w.node("Slice", &[x, &starts, &ends, &axes], Vec::new())
}

/// `Resize` by whole factors.
pub(super) fn upsample2d(upsample: &Upsample2d, site: Site<'_>, w: &mut LayerWriter<'_, '_>) -> String {
    let [down, across] = upsample.size.map(|factor| factor as f32);
    let scales = w.floats("scales", &[4], vec![1.0, 1.0, down, across]);
    let attributes = match upsample.interpolation {
        Interpolation::Nearest => vec![
            word("mode", "nearest"),
            // the pixel ⌊i / factor⌋
            word("coordinate_transformation_mode", "asymmetric"),
            word("nearest_mode", "floor"),
        ],
        Interpolation::Bilinear => vec![word("mode", "linear"), half_pixel()],
    };
    w.node("Resize", &[&site.x().name, "", &scales], attributes)
}

/// `Resize`, behind what its `fit` cuts off or puts around.
pub(super) fn resizing(
    resizing: &Resizing,
    site: Site<'_>,
    w: &mut LayerWriter<'_, '_>,
) -> Result<String, Unsupported> {
    let x = site.x();
    let wanted = [resizing.height, resizing.width];
    let (rows, columns, _) = x.shape.as_pixels();
    let size = [rows, columns];
    match resizing.fit {
        Fit::Stretch => stretch(x, &x.name, size, wanted, resizing.interpolation, w),
        Fit::Crop => crop_and_stretch(x, wanted, resizing.interpolation, w),
        Fit::Letterbox if x.is_open => Err(Unsupported::OpenMargins { layer: w.path() }),
        Fit::Letterbox => {
            let bars = resizing.bars(size);
            let padded = zero_pad(&x.name, bars, w);
            let size = [rows + bars[0] + bars[1], columns + bars[2] + bars[3]];
            stretch(x, &padded, size, wanted, resizing.interpolation, w)
        }
    }
}

/// The picture as it is; of `random_crop` the middle, where it has another size.
pub(super) fn random_place(
    random: &RandomPlace,
    site: Site<'_>,
    w: &mut LayerWriter<'_, '_>,
) -> Result<String, Unsupported> {
    match random.kind {
        PlaceKind::Crop { size } => crop_and_stretch(site.x(), size, Interpolation::Bilinear, w),
        PlaceKind::Flip { .. }
        | PlaceKind::Rotation(_)
        | PlaceKind::Zoom { .. }
        | PlaceKind::Translation { .. } => Ok(site.x().name.clone()),
    }
}

fn crop_and_stretch(
    x: &Operand,
    wanted: [usize; 2],
    interpolation: Interpolation,
    w: &mut LayerWriter<'_, '_>,
) -> Result<String, Unsupported> {
    if x.is_open {
        return Err(Unsupported::OpenMargins { layer: w.path() });
    }
    let (rows, columns, _) = x.shape.as_pixels();
    let around = around_largest_part([rows, columns], wanted);
    let part = crop(&x.name, around, w);
    let size = [rows - around[0] - around[1], columns - around[2] - around[3]];
    stretch(x, &part, size, wanted, interpolation, w)
}

/// `Resize` of `x`, which has been made `part` of a size, to another.
fn stretch(
    x: &Operand,
    part: &str,
    size: [usize; 2],
    wanted: [usize; 2],
    interpolation: Interpolation,
    w: &mut LayerWriter<'_, '_>,
) -> Result<String, Unsupported> {
    let mut attributes = match interpolation {
        // of two pixels as near the latter: ⌊(i + 1/2) · H / H'⌋
        Interpolation::Nearest => {
            vec![word("mode", "nearest"), half_pixel(), word("nearest_mode", "round_prefer_ceil")]
        }
        Interpolation::Bilinear => vec![word("mode", "linear"), half_pixel()],
    };
    if x.is_open {
        if w.opset() < Opset::RESIZES_ANY {
            return Err(Unsupported::ResizeOfAny { layer: w.path(), asked: w.opset() });
        }
        let sizes = w.ints("sizes", wanted.map(number).to_vec());
        attributes.push(ints("axes", [2, 3]));
        return Ok(w.node("Resize", &[part, "", "", &sizes], attributes));
    }
    if size == wanted {
        return Ok(part.to_owned());
    }
    let [down, across] = [0, 1].map(|axis| factor(size[axis], wanted[axis]));
    let scales = w.floats("scales", &[4], vec![1.0, 1.0, down, across]);
    Ok(w.node("Resize", &[part, "", &scales], attributes))
}

/// Between the centres of pixels.
fn half_pixel() -> AttributeProto {
    word("coordinate_transformation_mode", "half_pixel")
}

/// The factor from one extent to another. ONNX multiplies and cuts off, so that a factor that was rounded
/// down would lose a pixel; some programs multiply in 32 bits, others exactly.
fn factor(extent: usize, wanted: usize) -> f32 {
    let mut factor = wanted as f32 / extent as f32;
    while f64::from(factor) * (extent as f64) < wanted as f64 {
        factor = factor.next_up();
    }
    factor
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_pixel_is_lost() {
        for extent in 1..300_u16 {
            for wanted in 1..300_u16 {
                let factor = factor(extent.into(), wanted.into());
                assert_eq!((factor * f32::from(extent)).floor(), f32::from(wanted));
                assert_eq!((f64::from(factor) * f64::from(extent)).floor(), f64::from(wanted));
            }
        }
    }
}

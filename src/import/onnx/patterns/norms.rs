//! Normalisations that are written out.

use super::super::attributes::Attributes;
use super::{Layer, ResponseNorm, Walk};
use crate::onnx::proto::NodeProto;

impl<'g> Walk<'g> {
    /// `(x − mean) / √(variance + ε)`
    pub(super) fn layer_norm(&mut self, node: &'g NodeProto) -> Option<(String, Layer)> {
        let [centred, deviation] = &node.input[..] else { return None };
        let root = self.made_by(deviation, "Sqrt")?;
        let raised = self.made_by(root.input.first()?, "Add")?;
        let (variance, epsilon) = self.with_number(raised)?;
        let variance = self.made_by(variance, "ReduceMean")?;
        let squares = variance.input.first()?;
        let squared = if let Some(power) = self.made_by(squares, "Pow") {
            (self.number(power.input.get(1)?)? == 2.0).then(|| power.input.first())??
        } else {
            let product = self.made_by(squares, "Mul")?;
            let [a, b] = &product.input[..] else { return None };
            (a == b).then_some(a)?
        };
        // some exporters compute the difference twice
        let difference = self.made_by(centred, "Sub")?;
        let again = self.made_by(squared, "Sub")?;
        if difference.input != again.input {
            return None;
        }
        let [x, mean] = &difference.input[..] else { return None };
        let mean = self.made_by(mean, "ReduceMean")?;
        let axes = self.axes(mean)?;
        let is_sound = mean.input.first() == Some(x)
            && self.axes(variance)? == axes
            && [mean, variance].iter().all(|node| Attributes(node).int("keepdims", 1) == Ok(1));
        (is_sound && epsilon > 0.0).then(|| (x.clone(), Layer::ChannelNorm { epsilon, axes }))
    }

    /// The axes of a reduction.
    fn axes(&self, node: &NodeProto) -> Option<Vec<i64>> {
        match Attributes(node).ints("axes") {
            Some(axes) => Some(axes.to_vec()),
            None => self.graph.constants.get(node.input.get(1)?)?.known(),
        }
    }

    /// `x / (bias + alpha · mean of squares)^beta`, the mean over channels as those of a volume.
    pub(super) fn response_norm(&mut self, node: &'g NodeProto) -> Option<(String, Layer)> {
        let [x, power] = &node.input[..] else { return None };
        let power = self.made_by(power, "Pow")?;
        let beta = self.number(power.input.get(1)?)?;
        let raised = self.made_by(power.input.first()?, "Add")?;
        let (scaled, bias) = self.with_number(raised)?;
        let scaled = self.made_by(scaled, "Mul")?;
        let (mean, alpha) = self.with_number(scaled)?;
        let flat = self.made_by(mean, "Squeeze")?;
        let pool = self.made_by(flat.input.first()?, "AveragePool")?;
        let volume = self.made_by(pool.input.first()?, "Unsqueeze")?;
        let squares = self.made_by(volume.input.first()?, "Mul")?;
        let attributes = Attributes(pool);
        let Some(&[size, 1, 1]) = attributes.ints("kernel_shape") else { return None };
        let Some(&[before, 0, 0, after, 0, 0]) = attributes.ints("pads") else { return None };
        let plain = |name: &str| attributes.find(name).is_none();
        let is_sound = squares.input == [x.clone(), x.clone()]
            && (before, after) == (size / 2, (size - 1) / 2)
            && attributes.int("count_include_pad", 0) == Ok(1)
            && ["strides", "dilations", "ceil_mode", "auto_pad"].iter().all(|name| plain(name))
            && self.axes(flat) == Some(vec![1])
            && self.axes(volume) == Some(vec![1]);
        let size = usize::try_from(size).ok()?;
        is_sound.then(|| (x.clone(), Layer::ResponseNorm(ResponseNorm { size, alpha, beta, bias })))
    }
}

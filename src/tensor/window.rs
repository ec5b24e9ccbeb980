//! Windows that slide over an image: convolutions and pools share this arithmetic.

use std::fmt;

/// How an image is padded before a window slides over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Padding {
    /// No padding.
    #[default]
    Valid,
    /// As much as makes the output `⌈input / stride⌉`; an odd amount puts the larger half after (TensorFlow's
    /// rule).
    Same,
    /// This many pixels on every side.
    Explicit(usize),
}

impl fmt::Display for Padding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Padding::Valid => f.write_str("valid"),
            Padding::Same => f.write_str("same"),
            Padding::Explicit(n) => write!(f, "{n}"),
        }
    }
}

/// The window does not fit the padded input along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowTooLarge {
    /// Extent of the dilated window.
    pub effective: usize,
    /// Extent of the padded input.
    pub padded: usize,
}

/// A window along one axis, all extents resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Axis {
    /// Input extent.
    pub input: usize,
    /// Window extent, in taps.
    pub kernel_size: usize,
    /// Step between positions.
    pub stride: usize,
    /// Step between taps.
    pub dilation: usize,
    /// Zeros before the first element.
    pub pad_before: usize,
    /// Zeros after the last element.
    pub pad_after: usize,
    /// Number of positions.
    pub output: usize,
}

impl Axis {
    /// Resolves padding and counts the positions.
    /// ```text
    /// effective = dilation · (kernel_size − 1) + 1
    /// output    = ⌊(input + pad_before + pad_after − effective) / stride⌋ + 1
    /// same:  output = ⌈input / stride⌉, pad = max((output − 1) · stride + effective − input, 0), before = ⌊pad / 2⌋
    /// ```
    /// Input 32, kernel size 3, stride 2, padding 1 on each side: 16 positions.
    /// Source: Dumoulin & Visin, arXiv:1603.07285 (dilated convolution), with `2p` split into its two sides;
    /// `same` as TensorFlow's `tf.nn` notes on padding.
    /// # Errors
    /// [`WindowTooLarge`] if the effective window does not fit the padded input.
    pub fn resolve(
        input: usize,
        kernel_size: usize,
        stride: usize,
        dilation: usize,
        padding: Padding,
    ) -> Result<Self, WindowTooLarge> {
        let effective = dilation.saturating_mul(kernel_size - 1).saturating_add(1);
        let (pad_before, pad_after) = match padding {
            Padding::Valid => (0, 0),
            Padding::Explicit(n) => (n, n),
            Padding::Same => {
                let output = input.div_ceil(stride);
                let covered = (output - 1).saturating_mul(stride).saturating_add(effective);
                let pad = covered.saturating_sub(input);
                (pad / 2, pad - pad / 2)
            }
        };
        let padded = input.saturating_add(pad_before).saturating_add(pad_after);
        let room = padded.checked_sub(effective).ok_or(WindowTooLarge { effective, padded })?;
        Ok(Self { input, kernel_size, stride, dilation, pad_before, pad_after, output: room / stride + 1 })
    }

    /// The window without the taps, at either end, that only ever meet the padding: the first tap that is
    /// kept, and the axis of those kept. Tap k of position p meets input `p · stride + k · dilation −
    /// pad_before`. All taps are kept where none meets anything.
    ///
    /// Kernel size 3 with one zero on each side over an input of 1: tap 1 alone is kept, without padding.
    pub fn cropped(&self) -> (usize, Self) {
        let meets = |tap: &usize| {
            (0..self.output).any(|position| {
                let at = (position * self.stride + tap * self.dilation).checked_sub(self.pad_before);
                at.is_some_and(|at| at < self.input)
            })
        };
        let mut taps = (0..self.kernel_size).filter(meets);
        let Some(first) = taps.next() else { return (0, *self) };
        let last = taps.next_back().unwrap_or(first);
        // a window begins in the padding or with the first element: so many taps can go that it does not
        // begin behind it
        let first = first.min(self.pad_before / self.dilation);
        let pad_before = self.pad_before - first * self.dilation;
        let mut axis = Self { kernel_size: last + 1 - first, pad_before, ..*self };
        let touched = (axis.output - 1) * axis.stride + axis.effective();
        axis.pad_after = touched.saturating_sub(axis.input + axis.pad_before);
        (first, axis)
    }

    /// Extent of the dilated window.
    pub fn effective(&self) -> usize {
        self.dilation * (self.kernel_size - 1) + 1
    }
}

/// A window over both axes of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    /// Rows.
    pub y: Axis,
    /// Columns.
    pub x: Axis,
}

impl Window {
    /// Resolves both axes; arguments are `[vertical, horizontal]`.
    /// # Errors
    /// [`WindowTooLarge`] if the window does not fit along one axis (the vertical one is asked first).
    pub fn resolve(
        input: [usize; 2],
        kernel_size: [usize; 2],
        stride: [usize; 2],
        dilation: [usize; 2],
        padding: Padding,
    ) -> Result<Self, WindowTooLarge> {
        Ok(Self {
            y: Axis::resolve(input[0], kernel_size[0], stride[0], dilation[0], padding)?,
            x: Axis::resolve(input[1], kernel_size[1], stride[1], dilation[1], padding)?,
        })
    }

    /// Taps of the window.
    pub fn area(&self) -> usize {
        self.y.kernel_size * self.x.kernel_size
    }

    /// Zeros needed around the input, `[top, bottom, left, right]`.
    pub fn halo(&self) -> [usize; 4] {
        [self.y.pad_before, self.y.pad_after, self.x.pad_before, self.x.pad_after]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(
        input: usize,
        kernel: usize,
        stride: usize,
        dilation: usize,
        padding: Padding,
    ) -> Option<usize> {
        Axis::resolve(input, kernel, stride, dilation, padding).ok().map(|axis| axis.output)
    }

    #[test]
    fn counts_positions() {
        assert_eq!(output(28, 3, 1, 1, Padding::Valid), Some(26));
        assert_eq!(output(28, 3, 1, 1, Padding::Same), Some(28));
        assert_eq!(output(32, 3, 2, 1, Padding::Explicit(1)), Some(16));
        assert_eq!(output(5, 2, 3, 1, Padding::Valid), Some(2));
        assert_eq!(output(7, 3, 1, 2, Padding::Valid), Some(3));
        assert_eq!(output(1, 3, 1, 1, Padding::Valid), None);
        assert_eq!(output(1, 3, 2, 1, Padding::Same), Some(1));
    }

    #[test]
    fn same_puts_the_larger_half_after() {
        let axis = Axis::resolve(32, 3, 2, 1, Padding::Same).expect("fits");
        assert_eq!((axis.pad_before, axis.pad_after, axis.output), (0, 1, 16));
    }

    #[test]
    fn cropping_leaves_what_is_met() {
        for (input, kernel, stride, dilation, padding) in [
            (1, 3, 1, 1, Padding::Same),
            (2, 3, 2, 1, Padding::Same),
            (2, 3, 2, 1, Padding::Explicit(1)),
            (2, 5, 1, 1, Padding::Same),
            (2, 7, 1, 1, Padding::Explicit(5)),
            (3, 3, 1, 1, Padding::Same),
            (3, 3, 1, 4, Padding::Explicit(6)),
            (3, 2, 5, 4, Padding::Explicit(2)),
            (1, 6, 3, 1, Padding::Explicit(3)),
            (5, 5, 1, 1, Padding::Valid),
            (4, 3, 2, 1, Padding::Valid),
        ] {
            let axis = Axis::resolve(input, kernel, stride, dilation, padding).expect("fits");
            let (first, cropped) = axis.cropped();
            // (position, tap of the whole window, input) of all products that are not with zero
            let products = |axis: &Axis, first: usize| {
                let mut products = Vec::new();
                for position in 0..axis.output {
                    for tap in 0..axis.kernel_size {
                        let at = (position * axis.stride + tap * axis.dilation).checked_sub(axis.pad_before);
                        products.extend(at.filter(|&at| at < input).map(|at| (position, first + tap, at)));
                    }
                }
                products
            };
            assert_eq!(products(&axis, 0), products(&cropped, first), "{axis:?}");
            let touched = (cropped.output - 1) * stride + cropped.effective();
            assert!(touched <= cropped.pad_before + input + cropped.pad_after, "{cropped:?}");
        }
        let (first, one) = Axis::resolve(1, 3, 1, 1, Padding::Same).expect("fits").cropped();
        assert_eq!((first, one.kernel_size, one.pad_before, one.pad_after), (1, 1, 0, 0));
    }
}

//! Where the elements of a feature map lie in memory.

use super::Shape;

/// Addresses of a feature map `[H, W, C]` inside its buffer, in elements.
///
/// Element `(n, y, x, c)` lies at `origin + n·image_pitch + y·row_pitch + x·pixel_pitch + c`. A vector is one
/// pixel. A *halo* is the border of zeros around the pixels that a padded convolution reads; it belongs to
/// the buffer (`origin` skips it) and is zero whenever a consumer runs. `pixel_pitch > channels` is a slice
/// of a wider (concatenated) buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Layout {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Channels.
    pub channels: usize,
    /// Elements from a pixel to its right neighbour.
    pub pixel_pitch: usize,
    /// Elements from a pixel to the one below.
    pub row_pitch: usize,
    /// Elements from an image to the next.
    pub image_pitch: usize,
    /// Offset of pixel (0, 0), channel 0, within its image.
    pub origin: usize,
}

impl Layout {
    /// Packed rows without halo: `[H, W, C]` as an array holds it.
    pub fn dense(shape: &Shape) -> Self {
        let (height, width, channels) = shape.as_pixels();
        Self::with_halo(height, width, channels, [0; 4])
    }

    /// With a halo of `[top, bottom, left, right]` pixels.
    pub fn with_halo(height: usize, width: usize, channels: usize, halo: [usize; 4]) -> Self {
        let [top, bottom, left, right] = halo;
        let row_pitch = (left + width + right) * channels;
        Self {
            height,
            width,
            channels,
            pixel_pitch: channels,
            row_pitch,
            image_pitch: (top + height + bottom) * row_pitch,
            origin: top * row_pitch + left * channels,
        }
    }

    /// The same with pixels that do not push each other out of the first-level cache. A kernel that goes
    /// along the channels of dozens of pixels at a time has as many lines in use; where pixels are a multiple
    /// of 1 KiB apart they fall on four sets of it at most. Such pixels are moved apart by a line.
    ///
    /// Depthwise 3x3 over 14x14, one AVX-512 core of a busy machine: 37 GFLOP/s for 512 channels without, 43
    /// to 114 for 528; 25 for 1,024, 57 to 70 for 1,040.
    pub fn with_pixels_apart(height: usize, width: usize, channels: usize, halo: [usize; 4]) -> Self {
        /// Elements.
        const LINE: usize = 16;
        const FEW_SETS: usize = 256;
        let pitch = if channels.is_multiple_of(FEW_SETS) { channels + LINE } else { channels };
        Self { channels, ..Self::with_halo(height, width, pitch, halo) }
    }

    /// Whether the elements of one image, and the images, follow each other without a gap.
    pub fn is_dense(&self) -> bool {
        self.origin == 0
            && self.pixel_pitch == self.channels
            && self.row_pitch == self.width * self.channels
            && self.image_pitch == self.height * self.row_pitch
    }

    /// Whether the elements of one row follow each other without a gap.
    pub fn rows_are_dense(&self) -> bool {
        self.pixel_pitch == self.channels
    }

    /// Elements of one image that are data.
    pub fn elements(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// The zeros around the pixels as `[top, bottom, left, right]`; meaningful for layouts made by
    /// [`Layout::with_halo`].
    pub fn halo(&self) -> [usize; 4] {
        let top = self.origin / self.row_pitch;
        let left = (self.origin % self.row_pitch) / self.pixel_pitch;
        let rows = self.image_pitch / self.row_pitch;
        let columns = self.row_pitch / self.pixel_pitch;
        [top, rows - top - self.height, left, columns - left - self.width]
    }

    /// The logical shape `[H, W, C]`.
    pub fn shape(&self) -> Shape {
        Shape::image(self.height, self.width, self.channels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_are_moved_apart_where_they_would_share_few_sets() {
        for (channels, pitch) in
            [(1, 1), (32, 32), (128, 128), (255, 255), (256, 272), (300, 300), (1024, 1040)]
        {
            let layout = Layout::with_pixels_apart(3, 5, channels, [1, 0, 2, 1]);
            assert_eq!((layout.channels, layout.pixel_pitch), (channels, pitch));
            assert_eq!((layout.halo(), layout.elements()), ([1, 0, 2, 1], 15 * channels));
            assert!(!layout.is_dense());
        }
        assert!(Layout::with_pixels_apart(3, 5, 32, [0; 4]).is_dense());
        assert!(!Layout::with_pixels_apart(3, 5, 512, [0; 4]).is_dense());
    }
}

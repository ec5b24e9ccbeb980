//! Pictures mirrored left and right.

/// How the pictures of a pass are seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum View {
    /// As they are prepared.
    #[default]
    AsPrepared,
    /// The same, mirrored left and right.
    Mirrored,
}

/// Mirrors pictures, `[n, height, width, channels]`, left and right in their place.
pub(super) fn mirror(images: &mut [f32], [width, channels]: [usize; 2]) {
    if channels == 0 {
        return;
    }
    for row in images.chunks_exact_mut(width * channels) {
        for left in 0..width / 2 {
            let (before, after) = row.split_at_mut((width - 1 - left) * channels);
            before[left * channels..][..channels].swap_with_slice(&mut after[..channels]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_change_sides_and_keep_their_channels() {
        let mut images: Vec<f32> =
            [0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15].map(|value| value as f32).to_vec();
        mirror(&mut images, [3, 2]);
        assert_eq!(images, [4, 5, 2, 3, 0, 1, 14, 15, 12, 13, 10, 11].map(|value| value as f32));
        mirror(&mut images, [2, 3]);
        assert_eq!(images, [3, 0, 1, 4, 5, 2, 13, 10, 11, 14, 15, 12].map(|value| value as f32));
        let mut narrow = vec![1.0, 2.0];
        mirror(&mut narrow, [1, 1]);
        assert_eq!(narrow, [1.0, 2.0]);
    }
}

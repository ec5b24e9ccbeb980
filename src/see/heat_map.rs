//! Maps of numbers over the places of a picture.

/// A number for each place, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatMap {
    /// `[height, width]`
    pub size: [usize; 2],
    /// As many.
    pub values: Vec<f32>,
}

impl HeatMap {
    /// The map over its largest value, with what is below 0 taken as 0; `None` where nothing is above it.
    pub fn normalized(&self) -> Option<HeatMap> {
        let most = self.values.iter().copied().fold(0.0, f32::max);
        // what is not above 0, or no number, cannot be divided by
        if !(most > 0.0 && most.is_finite()) {
            return None;
        }
        let values = self.values.iter().map(|value| value.max(0.0) / most).collect();
        Some(HeatMap { size: self.size, values })
    }

    /// The map at another size, smoothly: places are the middles of pixels, as in `tf.image.resize`.
    pub fn resized(&self, size: [usize; 2]) -> HeatMap {
        let rows = Places::new(self.size[0], size[0]);
        let columns = Places::new(self.size[1], size[1]);
        let at = |row: usize, column: usize| self.values[row * self.size[1] + column];
        let mut values = Vec::with_capacity(size[0] * size[1]);
        for y in 0..size[0] {
            let (above, below, down) = rows.at(y);
            for x in 0..size[1] {
                let (left, right, along) = columns.at(x);
                let upper = at(above, left) + (at(above, right) - at(above, left)) * along;
                let lower = at(below, left) + (at(below, right) - at(below, left)) * along;
                values.push(upper + (lower - upper) * down);
            }
        }
        HeatMap { size, values }
    }
}

/// Places of one axis among those of another size.
struct Places {
    from: usize,
    ratio: f32,
}

impl Places {
    fn new(from: usize, to: usize) -> Self {
        Places { from, ratio: from as f32 / to as f32 }
    }

    /// The two places that a place lies between, and how far it is from the first.
    fn at(&self, place: usize) -> (usize, usize, f32) {
        let middle = ((place as f32 + 0.5) * self.ratio - 0.5).clamp(0.0, (self.from - 1) as f32);
        let first = middle.floor() as usize;
        (first, (first + 1).min(self.from - 1), middle - first as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_over_their_largest_value() {
        let map = |values: &[f32]| HeatMap { size: [1, values.len()], values: values.to_vec() }.normalized();
        assert_eq!(map(&[-1.0, 1.0, 4.0]).map(|map| map.values), Some(vec![0.0, 0.25, 1.0]));
        assert_eq!(map(&[-1.0, 0.0]), None);
        assert_eq!(map(&[f32::NAN, 0.0]), None);
    }

    /// `tf.image.resize([[0, 1], [2, 3]], [4, 4])`
    #[test]
    fn maps_grow_as_in_tensorflow() {
        let map = HeatMap { size: [2, 2], values: vec![0.0, 1.0, 2.0, 3.0] }.resized([4, 4]);
        assert_eq!(map.values[..8], [0.0, 0.25, 0.75, 1.0, 0.5, 0.75, 1.25, 1.5]);
        let same = HeatMap { size: [2, 1], values: vec![0.0, 1.0] };
        assert_eq!(same.resized([2, 1]), same);
    }
}

//! What shares of a data set come to in images.

use super::{DataSpec, Split, SplitBase};

impl Split {
    /// Of `n` images: `⌊fraction · n + ½⌋`. Percentages are not exact in binary (29% of 50 gives
    /// 14.499…), so a 10⁻⁹ is added before rounding down.
    pub(crate) fn count(&self, n: usize) -> usize {
        (self.fraction * n as f64 + 0.5 + 1e-9).floor() as usize
    }
}

impl DataSpec {
    /// Images of each class in the training, the validation and the test split, from the numbers of
    /// the set's own: what will be drawn. `None` where that depends on which pictures are drawn.
    /// `test` is empty where there is no test split.
    pub(crate) fn planned_splits(&self, train: &[usize], test: &[usize]) -> Option<[Vec<usize>; 3]> {
        if !self.stratified || self.split_by.is_some() || train.is_empty() {
            return None;
        }
        let mut splits = [Vec::new(), Vec::new(), Vec::new()];
        for (class, &own_train) in train.iter().enumerate() {
            let drawn = self.drawn(own_train, test.get(class).copied().unwrap_or(0));
            splits.iter_mut().zip(drawn).for_each(|(split, images)| split.push(images));
        }
        Some(splits)
    }

    /// So many images in the training, the validation and the test split, where shares are drawn from all
    /// alike.
    pub(crate) fn drawn(&self, own_train: usize, own_test: usize) -> [usize; 3] {
        let all = own_train + own_test;
        let (mut left, mut tested) = (own_train, own_test);
        let count = |share: &Split, left: usize| {
            share.count(if share.of == SplitBase::All { all } else { left }).min(left)
        };
        if let Some(share) = self.test.as_ref().map(|share| &share.value) {
            left = if share.of == SplitBase::All { all } else { own_train };
            tested = count(share, left);
            left -= tested;
        }
        let validated = self.validation.as_ref().map_or(0, |share| count(&share.value, left));
        [left - validated, validated, tested]
    }
}

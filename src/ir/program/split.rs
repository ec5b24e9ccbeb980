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
    /// Whether there are validation pictures. `own` says how many the source has of its own, where that is
    /// known; where it is not, it may have some.
    pub(crate) fn has_validation(&self, own: Option<usize>) -> bool {
        let source = &self.source.value;
        self.validation.is_some()
            || source.has_validation().unwrap_or_else(|| own.is_none_or(|images| images > 0))
    }

    /// Images of each class in the training, the validation and the test split, from the numbers of
    /// the set's own: what will be drawn. `None` where that depends on which pictures are drawn.
    /// The numbers of a split are empty where the set has none of its own.
    pub(crate) fn planned_splits(&self, own: [&[usize]; 3]) -> Option<[Vec<usize>; 3]> {
        let [train, validation, test] = own;
        if !self.stratified || self.split_by.is_some() || train.is_empty() {
            return None;
        }
        let mut splits = [Vec::new(), Vec::new(), Vec::new()];
        for (class, &own_train) in train.iter().enumerate() {
            let of = |split: &[usize]| split.get(class).copied().unwrap_or(0);
            let drawn = self.drawn([own_train, of(validation), of(test)]);
            splits.iter_mut().zip(drawn).for_each(|(split, images)| split.push(images));
        }
        Some(splits)
    }

    /// So many images in the training, the validation and the test split, where shares are drawn from all
    /// alike. A set with a validation split of its own is not split anew (E0323).
    pub(crate) fn drawn(&self, [own_train, own_validation, own_test]: [usize; 3]) -> [usize; 3] {
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
        [left - validated, own_validation + validated, tested]
    }
}

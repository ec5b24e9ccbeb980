//! What a frozen part of a model has made of pictures, kept so that it is made once.

use super::disk::DiskPictures;
use super::error::DataError;
use super::store::MEMORY_BOUND_BYTES;
use crate::ir::{AugmentSpec, Cache, DataSpec};

/// Where features are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeaturePlace {
    /// In memory.
    Memory,
    /// In a temporary file, as 32-bit numbers.
    Disk,
}

/// Why features are computed anew in every epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotKept {
    /// Pictures are changed at random by this word of `augment`.
    Augmented(&'static str),
    /// `cache: none`.
    Unwanted,
    /// They take more than is kept where no `cache` is written.
    TooLarge {
        /// What they would take.
        bytes: usize,
    },
    /// The model leaves the size of its pictures open.
    OpenSize,
}

/// Whether the features of a split are kept.
pub type Kept = Result<FeaturePlace, NotKept>;

/// What becomes of the features of each split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeaturePlan {
    /// Of pictures to train on.
    pub train: Kept,
    /// Of those for validation, which are never changed at random.
    pub validation: Kept,
    /// Pictures whose features are kept.
    pub pictures: usize,
    /// What these take, in bytes.
    pub bytes: usize,
}

impl FeaturePlan {
    /// For so many pictures to train on and for validation, with a row of so many bytes each. `cache` decides
    /// as it does for decoded pictures.
    pub fn new(
        (data, augment): (&DataSpec, &AugmentSpec),
        is_open: bool,
        [train, validation]: [usize; 2],
        row_bytes: usize,
    ) -> Self {
        let augmented = augment.ops.first().map(|op| NotKept::Augmented(op.value.written().keyword));
        let pictures = if augmented.is_some() { validation } else { train.saturating_add(validation) };
        let bytes = pictures.saturating_mul(row_bytes);
        let place = match data.cache.as_ref().map(|cache| cache.value) {
            _ if is_open => Err(NotKept::OpenSize),
            Some(Cache::None) => Err(NotKept::Unwanted),
            Some(Cache::Disk) => Ok(FeaturePlace::Disk),
            Some(Cache::Memory) => Ok(FeaturePlace::Memory),
            None if bytes > MEMORY_BOUND_BYTES => Err(NotKept::TooLarge { bytes }),
            None => Ok(FeaturePlace::Memory),
        };
        let train = augmented.map_or(place, Err);
        let [pictures, bytes] = if place.is_ok() { [pictures, bytes] } else { [0; 2] };
        Self { train, validation: place, pictures, bytes }
    }

    /// Bytes of memory that are taken.
    pub fn memory_bytes(&self) -> usize {
        if self.validation == Ok(FeaturePlace::Memory) { self.bytes } else { 0 }
    }
}

/// Rows of features, each of a picture.
#[derive(Debug)]
pub struct Features {
    /// For each picture of the data set its row, where there is one.
    rows: Vec<Option<u32>>,
    count: u32,
    /// Values of a row.
    width: usize,
    kept: Rows,
}

#[derive(Debug)]
enum Rows {
    Memory(Vec<f32>),
    Disk(DiskPictures),
}

impl Features {
    /// None yet, with room for `capacity` rows; `pictures` are those of the whole data set.
    /// # Errors
    /// [`DataError::Io`] if the system gives no temporary file.
    pub fn new(
        place: FeaturePlace,
        pictures: usize,
        (capacity, width): (usize, usize),
    ) -> Result<Self, DataError> {
        let kept = match place {
            FeaturePlace::Memory => Rows::Memory(Vec::with_capacity(capacity * width)),
            FeaturePlace::Disk => Rows::Disk(DiskPictures::new(width)?),
        };
        Ok(Self { rows: vec![None; pictures], count: 0, width, kept })
    }

    /// Values of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds the rows of pictures, which had none.
    /// # Errors
    /// [`DataError::Io`]: the disk is full, for example.
    pub fn add(&mut self, items: &[u32], rows: &[f32]) -> Result<(), DataError> {
        match &mut self.kept {
            Rows::Memory(kept) => kept.extend_from_slice(rows),
            Rows::Disk(kept) => kept.append(rows)?,
        }
        for &item in items {
            self.rows[item as usize] = Some(self.count);
            self.count += 1;
        }
        Ok(())
    }

    /// Whether reading a row is more than copying it.
    pub(super) fn is_slow(&self) -> bool {
        matches!(self.kept, Rows::Disk(_))
    }

    /// Writes the row of a picture to `out`.
    pub(super) fn read(&self, item: u32, out: &mut [f32]) -> Result<(), DataError> {
        let row = self.rows.get(item as usize).copied().flatten();
        let row = row.ok_or_else(|| DataError::Loader(format!("picture {item} has no features")))? as usize;
        match &self.kept {
            Rows::Memory(kept) => out.copy_from_slice(&kept[row * self.width..(row + 1) * self.width]),
            Rows::Disk(kept) => kept.read(row, out)?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{AugmentKind, AugmentOp, DataSource};
    use crate::source::{Span, Spanned};

    fn data(cache: Option<Cache>) -> DataSpec {
        let cache = cache.map(|cache| Spanned::new(cache, Span::default()));
        DataSpec { cache, ..DataSpec::new(Spanned::new(DataSource::Digits, Span::default())) }
    }

    #[test]
    fn cache_decides_where_features_are_kept() {
        let none = AugmentSpec::default();
        let planned = |cache, is_open, row_bytes| {
            FeaturePlan::new((&data(cache), &none), is_open, [1000, 200], row_bytes)
        };
        let both = |kept: Kept, bytes| FeaturePlan {
            train: kept,
            validation: kept,
            pictures: if kept.is_ok() { 1200 } else { 0 },
            bytes,
        };
        assert_eq!(planned(None, false, 400), both(Ok(FeaturePlace::Memory), 480_000));
        assert_eq!(planned(None, false, 1 << 20), both(Err(NotKept::TooLarge { bytes: 1200 << 20 }), 0));
        assert_eq!(planned(Some(Cache::Memory), false, 1 << 20), both(Ok(FeaturePlace::Memory), 1200 << 20));
        assert_eq!(planned(Some(Cache::Disk), false, 1 << 20), both(Ok(FeaturePlace::Disk), 1200 << 20));
        assert_eq!(planned(Some(Cache::None), false, 4), both(Err(NotKept::Unwanted), 0));
        assert_eq!(planned(None, true, 4), both(Err(NotKept::OpenSize), 0));
        assert_eq!(planned(Some(Cache::Disk), false, 4).memory_bytes(), 0);
        assert_eq!(planned(Some(Cache::Memory), false, 4).memory_bytes(), 4800);
    }

    #[test]
    fn augmentation_leaves_those_for_validation() {
        let kind = AugmentKind::FlipHorizontal;
        let flips = AugmentSpec {
            ops: vec![Spanned::new(AugmentOp::new(kind, 0.5), Span::default())],
            ..AugmentSpec::default()
        };
        let planned = FeaturePlan::new((&data(None), &flips), false, [1000, 200], 4);
        let [train, validation] = [Err(NotKept::Augmented("flip")), Ok(FeaturePlace::Memory)];
        assert_eq!(planned, FeaturePlan { train, validation, pictures: 200, bytes: 800 });
    }

    #[test]
    fn rows_come_back_bit_by_bit() {
        for place in [FeaturePlace::Memory, FeaturePlace::Disk] {
            let mut features = Features::new(place, 9, (3, 2)).unwrap();
            features.add(&[4, 0], &[1.0, -0.0, f32::MIN_POSITIVE, 0.1]).unwrap();
            features.add(&[7], &[5.0, 6.0]).unwrap();
            assert_eq!((features.len(), features.width()), (3, 2));
            let mut out = [0.0; 2];
            for (item, expected) in [(7, [5.0, 6.0]), (4, [1.0, -0.0]), (0, [f32::MIN_POSITIVE, 0.1])] {
                features.read(item, &mut out).unwrap();
                assert_eq!(out.map(f32::to_bits), expected.map(f32::to_bits), "{place:?} {item}");
            }
            assert!(features.read(1, &mut out).is_err() && features.read(9, &mut out).is_err());
        }
    }
}

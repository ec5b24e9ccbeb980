//! Where images and labels come from.

use crate::source::{Span, Spanned};
use crate::vocabulary::{Cache, ClassWeight, Damaged, DataSource, Grouping, LabelKind, Split};

/// The `data` section.
#[derive(Debug, Clone, PartialEq)]
pub struct DataSpec {
    /// Where the images are.
    pub source: Spanned<DataSource>,
    /// Share held out for validation.
    pub validation: Option<Spanned<Split>>,
    /// Share held out for the last evaluation; overrides a built-in test split only by `of all`.
    pub test: Option<Spanned<Split>>,
    /// Decides the splits, alone. Default 42.
    pub seed: u64,
    /// Whether training images are shuffled in each epoch. Default true.
    pub shuffle: bool,
    /// Class names in the order of their indices, if written.
    pub classes: Option<Spanned<Vec<String>>>,
    /// Whether each class gives the same share to a split. Default true.
    pub stratified: bool,
    /// Which pictures stay together when splits are made.
    pub split_by: Option<Spanned<Grouping>>,
    /// How much the loss of a picture counts, by its class.
    pub class_weight: Option<Spanned<ClassWeight>>,
    /// Where decoded pictures and features are kept; `None`: in memory, as long as they take no more than a
    /// bound.
    pub cache: Option<Spanned<Cache>>,
    /// What pictures of a class show when they are mirrored left and right, in both directions. Classes that
    /// are not named have no mirror image.
    pub mirror: Option<Spanned<Vec<[Spanned<String>; 2]>>>,
    /// Whether pictures stand upright, if the file says: it goes before what is known of the data.
    pub upright: Option<Spanned<bool>>,
    /// What a picture's label is. Default one class.
    pub labels: Spanned<LabelKind>,
    /// What becomes of pictures that cannot be read, if written. Default an error.
    pub damaged: Option<Spanned<Damaged>>,
}

impl DataSpec {
    /// Data of which only the source is written.
    pub fn new(source: Spanned<DataSource>) -> Self {
        Self {
            source,
            validation: None,
            test: None,
            seed: 42,
            shuffle: true,
            classes: None,
            stratified: true,
            split_by: None,
            class_weight: None,
            cache: None,
            mirror: None,
            upright: None,
            labels: Spanned::new(LabelKind::default(), Span::default()),
            damaged: None,
        }
    }
}

/// The index of a class written by its name or, where no class is called so, by its number.
pub fn class_index(written: &str, classes: &[String]) -> Option<usize> {
    let by_number = || written.parse::<usize>().ok().filter(|index| *index < classes.len());
    classes.iter().position(|name| name == written).or_else(by_number)
}

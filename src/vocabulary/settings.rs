//! Values of settings that are no words of a table: closed sets of words, shares of splits, weights of
//! classes.

use super::choices::choices;
use crate::source::Spanned;

choices! {
    /// What becomes of pictures that cannot be read.
    pub enum Damaged {
        /// They are an error.
        Error = "error",
        /// They are left out, before splits are made.
        Skip = "skip",
    }
}

choices! {
    /// What becomes of points of a search's space that cannot be trained.
    pub enum Impossible {
        /// They are an error, before the first trial.
        Error = "error",
        /// They are left out.
        Skip = "skip",
    }
}

choices! {
    /// How the tensors of a weights file are matched with the variables of a network.
    #[derive(Default)]
    pub enum Matching {
        /// By what their layers are called.
        #[default]
        Names = "names",
        /// By their order, and their shapes.
        Order = "order",
    }
}

choices! {
    /// Which pictures stay together when splits are made, `by …`.
    pub enum Grouping {
        /// Those of one folder whose file names are the same up to the last `_`: frames of a track or a
        /// video.
        Track = "track",
    }
}

choices! {
    /// Where decoded pictures, and features of what is frozen, are kept between epochs.
    pub enum Cache {
        /// In memory, whatever they take.
        Memory = "memory",
        /// In a temporary file.
        Disk = "disk",
        /// Nowhere: they are made in each epoch.
        None = "none",
    }
}

choices! {
    /// What a picture's label is.
    #[derive(Default)]
    pub enum LabelKind {
        /// One class.
        #[default]
        Single = "single",
        /// Any number of classes: a 0 or 1 for each.
        Multi = "multi",
        /// Numbers.
        Regression = "regression",
    }
}

choices! {
    /// What a split is taken from.
    pub enum SplitBase {
        /// The training images.
        Train = "train",
        /// All images (where there is no test split of its own).
        All = "all",
    }
}

choices! {
    /// How several answers become one.
    #[derive(Default)]
    pub enum Combine {
        /// The mean of the outputs.
        #[default]
        Mean = "mean",
        /// The share of members that name a class.
        Vote = "vote",
        /// A weighted mean, by numbers that are fitted on the validation split.
        Weighted = "weighted",
    }
}

/// How much the loss of a picture counts.
#[derive(Debug, Clone, PartialEq)]
pub enum ClassWeight {
    /// `n / (k · nᵢ)` with n training pictures in k classes, nᵢ of them in this one.
    Balanced,
    /// As written; 1 for classes that are not named.
    Given(Vec<(Spanned<String>, f32)>),
}

/// A share of the images, for validation or test. Stratified by class; per class rounded half up.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// In (0, 1).
    pub fraction: f64,
    /// What it is a share of.
    pub of: SplitBase,
}

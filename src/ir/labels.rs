//! What data hand to a step beside the pictures.

/// The labels of a batch's pictures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Labels<'a> {
    /// A class index each.
    Classes(&'a [i32]),
    /// A number for each output of each picture: several classes, or regression.
    Numbers(&'a [f32]),
}

//! Which ranks have the present contents of each byte.

use super::rank_set::RankSet;

/// What is known of some bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    /// The number of the call that has written them last; `None`: they are as they were before the step.
    pub(super) by: Option<usize>,
    /// They are made when so many stages have ended.
    pub(super) made: usize,
    /// The ranks that have made them.
    pub(super) makers: RankSet,
    /// Those, and the ranks that have got them.
    pub(super) holders: RankSet,
}

//! Values that are read later than they are computed, and which parameters of a search they depend on.
//!
//! A parameter counts at a point where its value is read by something that is compiled. A constant that is
//! computed from it has not read it yet: it may stand in a branch that is left out. So a constant keeps what
//! it depends on, and what was wrong with it, until it is read itself. Then what is compiled is the same for
//! all values of the parameters that were not read, mistakes included.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use super::{Constants, Value};
use crate::diag::Problems;

/// Parameters of a search, by their places in its space.
pub(in crate::lower) type Parameters = BTreeSet<usize>;

/// Which parameters were read so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Reads(Rc<RefCell<Parameters>>);

impl Reads {
    pub(super) fn add(&self, parameters: impl IntoIterator<Item = usize>) {
        self.0.borrow_mut().extend(parameters);
    }

    fn replace(&self, parameters: Parameters) -> Parameters {
        self.0.replace(parameters)
    }
}

/// What is worth something to whoever reads it.
#[derive(Debug, Clone, Default)]
pub(in crate::lower) struct Later {
    /// `None` where it has no value because of a mistake.
    value: Option<Value>,
    /// What it depends on.
    parameters: Parameters,
    /// What is wrong with it at this point of the space alone: reported where it is read.
    problems: Option<Rc<Problems>>,
}

impl From<Value> for Later {
    fn from(value: Value) -> Self {
        Self { value: Some(value), ..Self::default() }
    }
}

impl Constants {
    /// Computes a value that may be read later. What is wrong with it is reported at once, but for what
    /// depends on a search.
    pub(in crate::lower) fn later(
        &self,
        problems: &mut Problems,
        compute: impl FnOnce(&Self, &mut Problems) -> Option<Value>,
    ) -> Later {
        if self.search.is_empty() {
            return Later { value: compute(self, problems), ..Later::default() };
        }
        let outer = self.reads.replace(Parameters::new());
        let mut found = Problems::new();
        let value = compute(self, &mut found);
        let parameters = self.reads.replace(outer);
        if parameters.is_empty() {
            problems.extend(found);
            return Later { value, ..Later::default() };
        }
        let problems = (!found.is_empty()).then(|| Rc::new(found));
        Later { value, parameters, problems }
    }

    /// Reads such a value now; `None` where it has none, which has been reported.
    pub(in crate::lower) fn read(&self, worth: &Later, problems: &mut Problems) -> Option<Value> {
        if !worth.parameters.is_empty() {
            self.reads.add(worth.parameters.iter().copied());
        }
        worth.problems.iter().for_each(|found| problems.extend(found.as_ref().clone()));
        worth.value.clone()
    }

    /// Begins to note which parameters are read; gives what was read before.
    pub(in crate::lower) fn begin_reading(&self) -> Parameters {
        self.reads.replace(Parameters::new())
    }

    /// Ends what [`Constants::begin_reading`] began, with what that gave. Gives what was read in between.
    pub(in crate::lower) fn end_reading(&self, before: Parameters) -> Parameters {
        let read = self.reads.replace(before);
        self.reads.add(read.iter().copied());
        read
    }

    /// All parameters that were read.
    pub(in crate::lower) fn parameters_read(&self) -> Parameters {
        self.reads.0.borrow().clone()
    }
}

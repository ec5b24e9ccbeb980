//! What is told of a member's run while it goes on: as of any run, but that its folder is the ensemble's,
//! which whoever wants to go on must name.

use std::path::Path;

use crate::experiment::watch::{Event, Start, Watch};

/// What becomes of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberFate {
    /// It is trained now.
    Trained,
    /// It has been trained by this run before.
    Done,
    /// It is trained already: the file names its weights.
    Given,
}

/// Hands on what a member's run tells.
pub(super) struct OfMember<'w> {
    pub(super) watch: &'w mut dyn Watch,
    /// The ensemble's folder.
    pub(super) folder: &'w Path,
    /// The member's name.
    pub(super) name: &'w str,
}

impl Watch for OfMember<'_> {
    fn see(&mut self, event: Event<'_>) {
        match event {
            // the ensemble's is told
            Event::Folder(_) => {}
            Event::Begins(start) => {
                let start = Start { folder: self.folder, model: self.name, ..*start };
                self.watch.see(Event::Begins(&start));
            }
            Event::Interrupted { progress, .. } => {
                self.watch.see(Event::Interrupted { folder: self.folder, progress });
            }
            Event::ReadingData(_)
            | Event::DataRead
            | Event::TimingKernels { .. }
            | Event::KernelsTimed(_)
            | Event::Member { .. }
            | Event::Phase(_)
            | Event::Frozen(_)
            | Event::MakingFeatures { .. }
            | Event::EpochBegins { .. }
            | Event::Waited(_)
            | Event::Step(_)
            | Event::EpochEnds(_)
            | Event::Training(_)
            | Event::Weights(_)
            | Event::Note(_)
            | Event::Warning(_) => self.watch.see(event),
        }
    }
}

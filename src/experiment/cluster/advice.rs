//! Whether more ranks would be slower, why, and what to do about it.

use super::{Cluster, Expected};
use crate::experiment::units::bytes;
use crate::figures::Summary;
use crate::ir::CheckedProgram;

/// A number of ranks takes longer for a step than fewer do.
#[derive(Debug, Clone, PartialEq)]
pub struct Slower {
    /// The fewest ranks that do.
    pub ranks: usize,
    /// How many ranks are faster: 1 is one process.
    pub than: usize,
    /// Milliseconds of a step: of those ranks, and of the fewer.
    pub milliseconds: [f64; 2],
    /// The layer that most bytes belong to.
    pub layer: String,
    /// Bytes that travel for it in a step, of all ranks.
    pub bytes: u64,
    /// It is a dense layer behind `flatten`, with a weight for each place of a feature map.
    pub is_flattened: bool,
}

impl Slower {
    /// Of what is to be expected of the file's own batch.
    pub(super) fn find(cluster: &Cluster, program: &CheckedProgram) -> Option<Self> {
        let of_one = cluster.batch as f64 / cluster.measured_images_per_second();
        let mut before = (1, of_one);
        let own_batch = |expected: &&Expected| expected.outlook.batch == cluster.batch;
        for Expected { outlook, .. } in cluster.expected.iter().filter(own_batch) {
            let seconds = outlook.simulation.step_seconds;
            if seconds > before.1 {
                let (layer, bytes) = outlook.layers.first()?.clone();
                let milliseconds = [seconds * 1e3, before.1 * 1e3];
                let is_flattened = is_flattened(program, &layer);
                let (ranks, than) = (outlook.ranks, before.0);
                return Some(Self { ranks, than, milliseconds, layer, bytes, is_flattened });
            }
            before = (outlook.ranks, seconds);
        }
        None
    }

    /// What is wrong, as a sentence.
    pub fn message(&self) -> String {
        let Self { ranks, than, milliseconds: [slow, fast], layer, bytes: count, .. } = self;
        let count = bytes(usize::try_from(*count).unwrap_or(usize::MAX));
        if *than == 1 {
            return format!(
                "{ranks} ranks would be slower than one process: {slow:.1} ms a step in place of {fast:.1} ms; \
                 most of what travels is of `{layer}`, {count} a step"
            );
        }
        format!(
            "{ranks} ranks would be slower than {than}: {slow:.1} ms a step in place of {fast:.1} ms; most of \
             what travels is of `{layer}`, {count} a step"
        )
    }

    /// What to do about it.
    pub fn help(&self) -> &'static str {
        help(self.is_flattened)
    }
}

/// What to do about an exchange that takes too long.
pub(super) fn help(is_flattened: bool) -> &'static str {
    if is_flattened {
        "replace `flatten` + `dense` by `global_avg_pool2d` first: it has no weight for each place of a feature map"
    } else {
        "a larger batch computes longer for the same messages; a faster network carries them sooner"
    }
}

/// Whether a layer is dense, and stands behind the `flatten` of a feature map.
pub(super) fn is_flattened(program: &CheckedProgram, layer: &str) -> bool {
    let layers = Summary::of(program).layers;
    let Some(at) = layers.iter().position(|figures| figures.path == layer) else { return false };
    layers[at].kind == "dense" && at > 0 && layers[at - 1].kind == "flatten"
}

//! Picture files, and the room that a model needs for them.

use std::path::Path;

use super::open::{BATCH, Experiment};
use crate::data::{Bounds, DecodedPicture, decode, size_text};
use crate::files;
use crate::memory::{Machine, inference_bytes};

/// Larger picture files are refused: 512 MiB.
const MOST_PICTURE_BYTES: u64 = 512 << 20;

/// Reads and decodes a picture file.
/// # Errors
/// What is wrong with it.
pub(crate) fn read(path: &Path, bounds: Bounds) -> Result<DecodedPicture, String> {
    let most = MOST_PICTURE_BYTES.min(bounds.memory_bytes / 4);
    let bytes = files::read_input(path, most).map_err(|error| error.to_string())?;
    decode(&bytes, bounds)
}

/// How many pictures of one size go together, as it was found last.
#[derive(Debug, Default)]
pub(super) struct Room(Option<([usize; 2], usize)>);

impl Room {
    /// See [`super::Model::most_together`].
    pub(super) fn most_together(
        &mut self,
        experiment: &Experiment,
        size: [usize; 2],
    ) -> Result<usize, String> {
        if let Some((_, most)) = self.0.filter(|(known, _)| *known == size) {
            return Ok(most);
        }
        let most = most_together(experiment, size)?;
        self.0 = Some((size, most));
        Ok(most)
    }
}

/// One alone where there is no room for more.
fn most_together(experiment: &Experiment, size: [usize; 2]) -> Result<usize, String> {
    let (Some(_), Some(machine)) = (experiment.program.open_sizes(), Machine::here()) else {
        return Ok(BATCH);
    };
    let program = experiment.program.at(size).map_err(|error| error.to_string())?;
    let wanted = |batch| inference_bytes(&program, batch, &machine) as u64;
    if wanted(BATCH) <= machine.memory_bytes {
        return Ok(BATCH);
    }
    let one = wanted(1);
    if one <= machine.memory_bytes {
        return Ok(1);
    }
    let ([height, width], one, there) = (size, size_text(one), size_text(machine.memory_bytes));
    Err(format!("for a picture of {height}x{width} the model takes {one}, and the machine has {there}"))
}

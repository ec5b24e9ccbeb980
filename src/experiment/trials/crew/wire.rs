//! What rank 0 of a search and those who train for it say to each other, as bytes.
//!
//! ```text
//! length of the head, 8 bytes │ head, JSON: the message, and which files follow │ the files' bytes
//! ```

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::best::Searched;
use super::super::trial::Reached;
use crate::ranks::{RankError, Tag};

/// From rank 0: an [`Ask`].
pub(super) const ASKED: Tag = Tag(1);
/// To rank 0: a [`Said`].
pub(super) const SAID: Tag = Tag(2);
/// From rank 0: the number of a unit that is to end, its states saved.
pub(super) const ENDS: Tag = Tag(3);

/// What rank 0 wants.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Ask {
    /// Compute a unit. With it come the files that its runs go on from, to the first of a crew alone.
    Unit(Order),
    /// The search is over.
    Over(Box<Searched>),
}

/// A unit that is to be computed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) unit: usize,
    /// The values of the trial's point, as a journal has them.
    pub(super) point: Map<String, Value>,
    /// What the trial's folder is called: the same for the same settings.
    pub(super) key: String,
    /// The epoch that it ends with.
    pub(super) until: usize,
}

/// What the first of a crew tells.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Said {
    /// One more epoch of one of the trial's runs; `value` is a finite number.
    Epoch { seed: usize, epoch: usize, value: Option<f64> },
    /// A unit is done; `None`: it was interrupted. With it come the files of the trial's folders.
    Done { unit: usize, reached: Option<Reached> },
}

/// A file of one of a trial's runs on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parcel<'b> {
    /// Which of the runs, from 0.
    pub(super) run: usize,
    /// Its name in the run's folder.
    pub(super) name: String,
    pub(super) bytes: Cow<'b, [u8]>,
}

#[derive(Serialize)]
struct Head<'m, T> {
    message: &'m T,
    /// Of each file the run, the name, and the length in bytes.
    files: Vec<(usize, &'m str, usize)>,
}

#[derive(Deserialize)]
struct ReadHead<T> {
    message: T,
    files: Vec<(usize, String, usize)>,
}

/// Writes a message, and the files that come with it.
pub(super) fn pack<T: Serialize>(buffer: &mut Vec<u8>, message: &T, files: &[Parcel<'_>]) {
    let listed = files.iter().map(|file| (file.run, &*file.name, file.bytes.len())).collect();
    let head =
        serde_json::to_vec(&Head { message, files: listed }).expect("numbers and texts always serialise");
    buffer.reserve(8 + head.len() + files.iter().map(|file| file.bytes.len()).sum::<usize>());
    buffer.extend_from_slice(&(head.len() as u64).to_le_bytes());
    buffer.extend_from_slice(&head);
    files.iter().for_each(|file| buffer.extend_from_slice(&file.bytes));
}

/// Reads what [`pack`] wrote. The files stay where they are: no more is taken of memory than has come.
/// # Errors
/// [`RankError::Mismatch`]: rank `from` sends something else.
pub(super) fn unpack<T: DeserializeOwned>(
    from: usize,
    bytes: &[u8],
) -> Result<(T, Vec<Parcel<'_>>), RankError> {
    read(bytes).ok_or_else(|| not_understood(from))
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<(T, Vec<Parcel<'_>>)> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let (head, mut rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    let ReadHead { message, files } = serde_json::from_slice(head).ok()?;
    let mut parcels = Vec::new();
    for (run, name, length) in files {
        let (bytes, behind) = rest.split_at_checked(length)?;
        parcels.push(Parcel { run, name, bytes: Cow::Borrowed(bytes) });
        rest = behind;
    }
    rest.is_empty().then_some((message, parcels))
}

/// A rank sends what no rank of this version sends.
pub(super) fn not_understood(rank: usize) -> RankError {
    RankError::Mismatch(format!("what rank {rank} sends is not understood"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_arrive_as_they_were_sent() {
        let reached = Reached {
            curve: vec![Some(0.1 + 0.2), None, Some(1.0 / 3.0)],
            is_over: true,
            failed: Some("손실".to_owned()),
            seconds: 1e-9,
        };
        let said = Said::Done { unit: 7, reached: Some(reached) };
        let parcel = |run, name: &str, bytes: &[u8]| Parcel {
            run,
            name: name.to_owned(),
            bytes: Cow::Owned(bytes.to_vec()),
        };
        let files = [parcel(0, "history.csv", b"epoch"), parcel(1, "best", b""), parcel(1, "x", &[0, 255])];
        let mut bytes = Vec::new();
        pack(&mut bytes, &said, &files);
        assert_eq!(unpack::<Said>(1, &bytes), Ok((said, files.to_vec())));
        // whatever is missing, or more than there should be
        for end in 0..bytes.len() {
            assert_eq!(unpack::<Said>(3, &bytes[..end]), Err(not_understood(3)), "{end} bytes");
        }
        bytes.push(0);
        assert!(unpack::<Said>(1, &bytes).is_err());
        // lengths that nothing has
        assert!(unpack::<Said>(1, &[255; 32]).is_err());
        let mut bytes = Vec::new();
        pack(&mut bytes, &Said::Epoch { seed: 0, epoch: 1, value: None }, &files[..1]);
        let text = String::from_utf8(bytes[8..].to_vec()).expect("text").replace(",5]", ",9]");
        let bytes = [&bytes[..8], text.as_bytes()].concat();
        assert!(unpack::<Said>(1, &bytes).is_err());
    }
}

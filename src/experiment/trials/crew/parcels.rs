//! The files of a trial's folders that travel: what a trial goes on from, and what it has come to.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::super::trial::BEST;
use super::wire::Parcel;
use crate::files;
use crate::ir::run_files::{HISTORY, LOCK, NEXT_STATE, PREVIOUS_STATE, STATE};
use crate::train::{RunError, RunFolder, Saved};

/// Most bytes of a file that travels: it was in memory before it was written.
const MOST_BYTES: u64 = 1 << 40;

/// What the runs of a trial go on from: of each the newest good state, and the history. Nothing of a run that
/// was not begun, or whose states are damaged: it begins again.
/// # Errors
/// [`RunError::Read`].
pub(super) fn to_go_on(folders: &[PathBuf]) -> Result<Vec<Parcel<'static>>, RunError> {
    let mut parcels = Vec::new();
    for (run, folder) in folders.iter().enumerate() {
        let Ok(saved) = Saved::find(&RunFolder::around(&folder.join(BEST))) else { continue };
        let history = folder.join(HISTORY);
        if history.is_file() {
            parcels.push(packed(run, HISTORY, &history)?);
        }
        parcels.push(packed(run, STATE, &saved.path)?);
    }
    Ok(parcels)
}

/// What the runs of a trial have come to: all of their files but the lock and the older states. The newest
/// state is the last of each run.
/// # Errors
/// [`RunError::Read`].
pub(super) fn results(folders: &[PathBuf]) -> Result<Vec<Parcel<'static>>, RunError> {
    let mut parcels = Vec::new();
    for (run, folder) in folders.iter().enumerate() {
        // a run that was not begun has none
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<String> =
            names.filter(|name| is_kept(name) && folder.join(name).is_file()).collect();
        names.sort_by(|a, b| (a == STATE, a).cmp(&(b == STATE, b)));
        for name in names {
            parcels.push(packed(run, &name, &folder.join(&name))?);
        }
    }
    Ok(parcels)
}

fn packed(run: usize, name: &str, path: &Path) -> Result<Parcel<'static>, RunError> {
    let bytes = files::read(path, MOST_BYTES).map_err(|error| RunError::read(path, error))?;
    Ok(Parcel { run, name: name.to_owned(), bytes: Cow::Owned(bytes) })
}

/// Whether a file of this name belongs to what a run has come to.
fn is_kept(name: &str) -> bool {
    ![LOCK, NEXT_STATE, PREVIOUS_STATE].contains(&name)
}

/// Whether all of these can be files of the runs of a trial.
pub(super) fn are_sound(parcels: &[Parcel<'_>], runs: usize) -> bool {
    let is_plain = |name: &str| {
        let mut parts = Path::new(name).components();
        // `a/.` and `a/` are not plain, though they have one part
        matches!((parts.next(), parts.next()), (Some(Component::Normal(part)), None) if part == OsStr::new(name))
    };
    parcels.iter().all(|parcel| parcel.run < runs && is_plain(&parcel.name) && is_kept(&parcel.name))
}

/// Writes files into the folders of a trial's runs, in their order. A state takes the place of all that are
/// there.
/// # Errors
/// [`RunError::Write`].
pub(super) fn keep(folders: &[PathBuf], parcels: &[Parcel<'_>]) -> Result<(), RunError> {
    for Parcel { run, name, bytes } in parcels {
        let folder = &folders[*run];
        fs::create_dir_all(folder).map_err(|error| RunError::write(folder, error))?;
        let path = folder.join(name);
        files::write(&path, |file| file.write_all(bytes)).map_err(|error| RunError::write(&path, error))?;
        if name == STATE {
            for older in [NEXT_STATE, PREVIOUS_STATE] {
                // where it stays the trial goes on from an earlier epoch, to the same
                let _ = fs::remove_file(folder.join(older));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parcel(run: usize, name: &str) -> Parcel<'static> {
        Parcel { run, name: name.to_owned(), bytes: Cow::Borrowed(b"new") }
    }

    #[test]
    fn files_stay_in_the_folders_of_their_trial() {
        assert!(are_sound(&[parcel(0, "best.safetensors"), parcel(1, "state.safetensors")], 2));
        for name in ["../best", "/tmp/best", "a/b", "", ".", "..", "a/", "a/.", LOCK, NEXT_STATE] {
            assert!(!are_sound(&[parcel(0, name)], 1), "{name}");
        }
        assert!(!are_sound(&[parcel(2, HISTORY)], 2));
    }

    #[test]
    fn what_arrives_is_what_was_there() {
        let place = tempfile::tempdir().expect("a folder");
        let folders = ["a", "b"].map(|name| place.path().join(name));
        assert_eq!(results(&folders).expect("nothing is there"), []);
        fs::create_dir_all(&folders[0]).expect("made");
        for name in [STATE, PREVIOUS_STATE, NEXT_STATE, LOCK, "validation.npy", HISTORY] {
            fs::write(folders[0].join(name), name).expect("written");
        }
        let parcels = results(&folders).expect("read");
        let names: Vec<&str> = parcels.iter().map(|parcel| &*parcel.name).collect();
        assert_eq!(names, [HISTORY, "validation.npy", STATE], "the state comes last");
        keep(&folders, &[parcel(0, HISTORY), parcel(0, STATE), parcel(1, HISTORY)]).expect("written");
        assert_eq!(fs::read(folders[1].join(HISTORY)).expect("there"), b"new");
        assert_eq!(fs::read(folders[0].join(STATE)).expect("there"), b"new");
        assert!(!folders[0].join(NEXT_STATE).exists() && !folders[0].join(PREVIOUS_STATE).exists());
    }

    #[test]
    fn a_trial_without_a_good_state_begins_again() {
        let place = tempfile::tempdir().expect("a folder");
        let folders = [place.path().to_owned()];
        fs::write(folders[0].join(STATE), "no state").expect("written");
        fs::write(folders[0].join(HISTORY), "epoch,loss\n").expect("written");
        assert_eq!(to_go_on(&folders).expect("nothing is sent"), []);
    }
}

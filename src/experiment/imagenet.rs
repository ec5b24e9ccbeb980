//! Published weights of ImageNet: found on this machine, or fetched from where they are published.

use std::path::{Path, PathBuf};

use super::watch::{Event, Watch};
use crate::data::download::{Patience, download, is_right};
use crate::data::{DataError, FetchPolicy, Locations, Progress};
use crate::files::Access;
use crate::zoo::{Part, Published, Publisher, published};

/// Where fetched weights are kept, in the user's cache.
const KEPT_IN: &str = "weights";

/// The file with the published weights of a model of the zoo.
/// # Errors
/// [`DataError::NotFound`] where it is not at hand and may not be fetched, [`DataError::Fetch`] where that
/// fails, [`DataError::Malformed`] where a file of that name is another one.
pub(super) fn find(
    model: &str,
    part: Part,
    locations: &Locations,
    watch: &mut dyn Watch,
) -> Result<PathBuf, DataError> {
    let Some(file) = published(model, part) else {
        return Err(DataError::NotFound {
            what: format!("ImageNet weights of `{model}`"),
            looked: Vec::new(),
            help: "name a file with weights".to_owned(),
        });
    };
    let name = Path::new(file.file_name());
    // where the user has put it
    match locations.resolve(name) {
        Ok(place) => return right(&file, place.path),
        Err(DataError::NotFound { .. }) => {}
        Err(error) => return Err(error),
    }
    let kept = locations.cache.as_ref().map(|cache| cache.join(KEPT_IN));
    // what is in the cache was checked when it came
    if let Some(path) = kept.as_ref().map(|kept| kept.join(name)).filter(|path| path.is_file()) {
        return Ok(path);
    }
    let of_publisher = own_folder(file.publisher).map(|folder| folder.join(name));
    let open = locations.access == Access::default();
    if let Some(path) = of_publisher.filter(|path| open && path.is_file())
        && is_right(&file, &path).unwrap_or(false)
    {
        return Ok(path);
    }
    match (locations.fetch, kept) {
        (FetchPolicy::WhenMissing, Some(kept)) => {
            let mut progress = |done, total| {
                watch.see(Event::ReadingData(Progress::Fetch { file: file.file_name(), done, total }));
            };
            let fetched = download(&file, file.url, &kept, Patience::default(), &mut progress);
            watch.see(Event::DataRead);
            Ok(fetched?)
        }
        _ => Err(DataError::NotFound {
            what: format!("`{}`, the ImageNet weights of `{model}`", file.file_name()),
            looked: locations.data_dirs.clone(),
            help: format!("get it from {}, and give its folder with --data-dir", file.url),
        }),
    }
}

/// A file that the user has put somewhere, if it is what it says.
fn right(file: &Published, path: PathBuf) -> Result<PathBuf, DataError> {
    match is_right(file, &path) {
        Ok(true) => Ok(path),
        Ok(false) => Err(DataError::Malformed {
            path,
            problem: format!("it is another file than {} publishes", file.publisher.name()),
            help: format!("get it anew from {}; name it with `weights: \"…\"` if it is meant", file.url),
        }),
        Err(error) => Err(DataError::Io { path, source: error }),
    }
}

/// Where the publisher's own programs keep what they fetch.
fn own_folder(publisher: Publisher) -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned());
    Some(match publisher {
        Publisher::Keras => set("KERAS_HOME").or_else(|| Some(home()?.join(".keras")))?.join("models"),
        Publisher::Torchvision => set("TORCH_HOME")
            .or_else(|| Some(home()?.join(".cache").join("torch")))?
            .join("hub")
            .join("checkpoints"),
    })
}

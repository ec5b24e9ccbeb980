//! Arrays of NumPy by name, as `numpy.savez` writes them.

use std::cell::RefCell;
use std::fs::File;
use std::io::BufReader;

use zip::ZipArchive;

use super::error::FileError;
use super::{Archive, Source, bounds};
use crate::data::npy::{self, NpyElement, NpyHeader};
use crate::zoo::{Listed, Listing};

const WANTED: &str = "an archive of NumPy arrays";

type Zip = ZipArchive<BufReader<File>>;

pub(super) fn open(mut archive: Zip, file_bytes: u64) -> Result<Archive, FileError> {
    let (mut tensors, mut members, mut beside) = (Vec::new(), Vec::new(), Vec::new());
    for member in 0..archive.len() {
        let mut entry = archive.by_index(member).map_err(unsound)?;
        let full = entry.name().map_err(unsound)?.into_owned();
        let Some(name) = full.strip_suffix(".npy").map(str::to_owned) else { continue };
        let header = npy::header_of_either_order(&mut entry)
            .map_err(|why| FileError::format(WANTED, format!("`{name}`: {why}")))?;
        if matches!(header.element, NpyElement::F16 | NpyElement::F32 | NpyElement::F64) {
            let shape = bounds::shape(&name, header.shape.iter().map(|&extent| extent as u64))?;
            tensors.push(Listed::named(name, shape));
            members.push((member, header));
        } else {
            beside.push(name);
        }
    }
    bounds::sizes(&tensors, file_bytes)?;
    let listing = Listing { format: "NumPy", tensors, layout: None, is_ordered: true, beside };
    let most = bounds::most_bytes(file_bytes);
    let source = Npz { archive: RefCell::new(archive), members, most };
    Ok(Archive { listing, texts: Default::default(), bytes: file_bytes, source: Box::new(source) })
}

struct Npz {
    archive: RefCell<Zip>,
    /// Index in the archive and header of each tensor.
    members: Vec<(usize, NpyHeader)>,
    most: u64,
}

impl Source for Npz {
    fn numbers(&self, tensor: usize) -> Result<Vec<f32>, FileError> {
        let (member, header) = &self.members[tensor];
        let mut archive = self.archive.borrow_mut();
        let mut entry = archive.by_index(*member).map_err(unsound)?;
        let wrong = |why: String| FileError::format(WANTED, why);
        let header_again = npy::header_of_either_order(&mut entry).map_err(wrong)?;
        let bytes = npy::data(&mut entry, &header_again, self.most).map_err(wrong)?;
        let values = npy::numbers(&bytes, header.element);
        Ok(if header.is_fortran { last_axis_fastest(&values, &header.shape) } else { values })
    }
}

/// The values of an array whose first axis is the fastest, in the usual order.
fn last_axis_fastest(values: &[f32], extents: &[usize]) -> Vec<f32> {
    let mut ordered = Vec::with_capacity(values.len());
    let mut index = vec![0; extents.len()];
    for _ in 0..values.len() {
        let at = index.iter().zip(extents).rev().fold(0, |at, (index, extent)| at * extent + index);
        ordered.push(values[at]);
        for (index, extent) in index.iter_mut().zip(extents).rev() {
            *index += 1;
            if *index < *extent {
                break;
            }
            *index = 0;
        }
    }
    ordered
}

fn unsound(error: zip::result::ZipError) -> FileError {
    FileError::format(WANTED, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fortran_order_is_turned_around() {
        // [[0, 1, 2], [3, 4, 5]] column by column
        assert_eq!(
            last_axis_fastest(&[0.0, 3.0, 1.0, 4.0, 2.0, 5.0], &[2, 3]),
            [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
        );
    }
}

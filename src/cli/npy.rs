//! NumPy array files on the command line.

use std::io::{self, BufReader, Read, SeekFrom};
use std::path::Path;

use ndarray::{ArrayD, ArrayView};
use ndarray_npy::{ReadNpyExt, ReadableElement, WriteNpyExt};

use super::failure::Failure;
use crate::files;
use crate::printed;
use crate::tensor::Shape;
use crate::train::RunError;

/// Prepared images `[N, H, W, C]`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Images {
    /// N.
    pub(super) count: usize,
    /// H and W.
    pub(super) size: [usize; 2],
    /// Row by row.
    pub(super) values: Vec<f32>,
}

/// Images as a model takes them; `open` says whether it takes any height and any width.
/// # Errors
/// [`Failure::Mistake`]: no such file, other elements than float32, or another shape than the model takes.
pub(super) fn read_images(path: &Path, input: &Shape, open: [bool; 2]) -> Result<Images, Failure> {
    let array: ArrayD<f32> = read(path, "float32")?;
    let (height, width, channels) = input.as_pixels();
    match array.shape() {
        &[count, h, w, c]
            if count > 0
                && c == channels
                && (open[0] && h > 0 || h == height)
                && (open[1] && w > 0 || w == width) =>
        {
            Ok(Images { count, size: [h, w], values: array.iter().copied().collect() })
        }
        shape => Err(Failure::mistake(
            format!(
                "`{}` has the shape {shape:?}, and the model takes [N, {}]",
                printed::shown_path(path),
                extents(input)
            ),
            "give prepared images, float32, channels last",
        )),
    }
}

/// Labels `[N]` (or `[N, 1]`), each a class index below `classes`.
/// # Errors
/// [`Failure::Mistake`].
pub(super) fn read_labels(path: &Path, count: usize, classes: usize) -> Result<Vec<i32>, Failure> {
    let array: ArrayD<i64> = read(path, "int64")?;
    if array.len() != count || array.shape().first() != Some(&count) {
        return Err(Failure::mistake(
            format!(
                "`{}` has the shape {:?}, and there are {count} images",
                printed::shown_path(path),
                array.shape()
            ),
            "give one class index for each image, int64",
        ));
    }
    let label = |&value: &i64| {
        let known = usize::try_from(value).is_ok_and(|index| index < classes);
        i32::try_from(value).ok().filter(|_| known)
    };
    array.iter().map(label).collect::<Option<Vec<i32>>>().ok_or_else(|| {
        Failure::mistake(
            format!("`{}` has labels outside 0..{classes}", printed::shown_path(path)),
            "labels are class indices that start at 0",
        )
    })
}

/// Labels `[N, columns]` (or `[N]` for one column), numbers.
/// # Errors
/// [`Failure::Mistake`].
pub(super) fn read_numbers(path: &Path, count: usize, columns: usize) -> Result<Vec<f32>, Failure> {
    let array: ArrayD<f32> = read(path, "float32")?;
    if array.len() != count * columns || array.shape().first() != Some(&count) {
        return Err(Failure::mistake(
            format!(
                "`{}` has the shape {:?}, and there are {count} images",
                printed::shown_path(path),
                array.shape()
            ),
            format!("give the labels of each image, float32 [N, {columns}]"),
        ));
    }
    Ok(array.iter().copied().collect())
}

/// Writes float32 values of a shape.
/// # Errors
/// [`Failure::Mistake`].
pub(super) fn write(path: &Path, shape: &[usize], values: &[f32]) -> Result<(), Failure> {
    let array = ArrayView::from_shape(shape, values).expect("as many values as the shape has elements");
    files::write(path, |file| array.write_npy(file).map_err(io::Error::other))
        .map_err(|error| RunError::write(path, error).into())
}

fn read<T: ReadableElement>(path: &Path, elements: &str) -> Result<ArrayD<T>, Failure> {
    let failed = |error| RunError::read(path, error);
    let unsound = |found: String| {
        Failure::mistake(
            format!("`{}` is not an array file of {elements}: {found}", printed::shown_path(path)),
            format!("write it with `numpy.save(path, array.astype(numpy.{elements}))`"),
        )
    };
    let (mut file, length) = files::open_input(path).map_err(failed)?;
    check_header(&mut file, length, size_of::<T>() as u64).map_err(unsound)?;
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    ArrayD::<T>::read_npy(BufReader::new(file)).map_err(|error| unsound(error.to_string()))
}

/// Refuses a header that claims more elements than the file has: nothing is allocated on its word.
fn check_header(file: &mut dyn Read, length: u64, element_bytes: u64) -> Result<(), String> {
    const LONGEST_HEADER: u64 = 1 << 12;
    let mut head = Vec::new();
    file.take(LONGEST_HEADER).read_to_end(&mut head).map_err(|error| error.to_string())?;
    if !head.starts_with(b"\x93NUMPY") {
        return Err("it does not begin as one".to_owned());
    }
    let text = String::from_utf8_lossy(&head);
    let shape =
        text.split_once("'shape': (").and_then(|(_, rest)| rest.split_once(')')).map(|(inner, _)| inner);
    let mut bytes = element_bytes;
    for extent in
        shape.ok_or("it has no shape")?.split(',').map(str::trim).filter(|extent| !extent.is_empty())
    {
        let extent: u64 = extent.parse().map_err(|_| "its shape makes no sense".to_owned())?;
        bytes = bytes.saturating_mul(extent);
    }
    if bytes > length { Err("it is shorter than its shape says".to_owned()) } else { Ok(()) }
}

fn extents(shape: &Shape) -> String {
    shape.extents().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, File};

    #[test]
    fn arrays_come_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.npy");
        let values: Vec<f32> = (0..12).map(|n| n as f32 / 3.0).collect();
        write(&path, &[3, 2, 2, 1], &values).expect("written");
        let images = read_images(&path, &Shape::image(2, 2, 1), [false; 2]).expect("fits");
        assert_eq!(images, Images { count: 3, size: [2, 2], values });
        assert!(read_images(&path, &Shape::image(2, 3, 1), [false; 2]).is_err());
        assert!(
            read_images(&path, &Shape::image(2, 3, 1), [false, true])
                .is_ok_and(|images| images.size == [2, 2])
        );
        assert!(read_labels(&path, 3, 10).is_err(), "floats are no labels");
    }

    #[test]
    fn labels_are_checked() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("y.npy");
        let put = |labels: &[i64]| {
            let file = File::create(&path).expect("made");
            ArrayView::from_shape([labels.len()], labels).expect("fits").write_npy(file).expect("written");
        };
        put(&[0, 9, 3]);
        assert_eq!(read_labels(&path, 3, 10).expect("sound"), [0, 9, 3]);
        assert!(read_labels(&path, 2, 10).is_err());
        assert!(read_labels(&path, 3, 9).is_err());
        put(&[0, -1, 3]);
        assert!(read_labels(&path, 3, 10).is_err());
    }

    #[test]
    fn a_header_that_lies_allocates_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.npy");
        let header =
            b"\x93NUMPY\x01\x00\x46\x00{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999, 8), }\n";
        fs::write(&path, header).expect("written");
        assert!(read_images(&path, &Shape::image(1, 1, 8), [false; 2]).is_err());
        fs::write(&path, "text").expect("written");
        assert!(read_images(&path, &Shape::image(1, 1, 8), [false; 2]).is_err());
    }
}

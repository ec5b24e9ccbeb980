//! Answers to pictures on their way into one array.

use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::npy;
use super::table::bytes;
use crate::printed::shown_path;
use crate::tensor::Shape;

/// Rows of one shape, one for each picture; those of pictures that were left out are NaN.
pub(super) struct Rows {
    /// Pictures altogether.
    count: usize,
    /// The most that may be held, in bytes.
    most_bytes: u64,
    /// Of the first row, and whose it is.
    first: Option<(Shape, PathBuf)>,
    values: Vec<f32>,
    /// Rows that were left out before the first came.
    left_out: usize,
}

impl Rows {
    pub(super) fn new(count: usize, most_bytes: u64) -> Self {
        Self { count, most_bytes, first: None, values: Vec::new(), left_out: 0 }
    }

    /// The row of a picture.
    /// # Errors
    /// [`Failure::Mistake`] if it has another shape than those before it, or all would take too much memory.
    pub(super) fn add(&mut self, path: &Path, row: &[f32], shape: &Shape) -> Result<(), Failure> {
        match &self.first {
            None => {
                let all = self.count.saturating_mul(row.len()).saturating_mul(4);
                if all as u64 > self.most_bytes {
                    return Err(Failure::mistake(
                        format!(
                            "{} rows of {shape} numbers take {}, more than there is room for",
                            self.count,
                            bytes(all)
                        ),
                        "give fewer pictures at once",
                    ));
                }
                self.values.resize(self.left_out * row.len(), f32::NAN);
                self.first = Some((shape.clone(), path.to_owned()));
            }
            Some((known, first)) if known != shape => {
                return Err(Failure::mistake(
                    format!(
                        "`{}` gives {shape} numbers, and `{}` gave {known}: one array holds rows of one shape",
                        shown_path(path),
                        shown_path(first)
                    ),
                    "bring the pictures to one size: `--resize 224x224`",
                ));
            }
            Some(_) => {}
        }
        self.values.extend_from_slice(row);
        Ok(())
    }

    /// A picture has no answer.
    pub(super) fn leave_out(&mut self) {
        match &self.first {
            Some((shape, _)) => self.values.resize(self.values.len() + shape.elements(), f32::NAN),
            None => self.left_out += 1,
        }
    }

    /// Writes the array; nothing where there is no answer at all.
    /// # Errors
    /// [`Failure::Mistake`].
    pub(super) fn write(self, output: &Path) -> Result<(), Failure> {
        let Some((shape, _)) = self.first else { return Ok(()) };
        npy::write(output, &[&[self.count], shape.extents()].concat(), &self.values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stay_in_their_places() {
        let mut rows = Rows::new(4, 1 << 20);
        let (shape, a) = (Shape::vector(2), Path::new("a"));
        rows.leave_out();
        rows.add(a, &[1.0, 2.0], &shape).expect("the first");
        rows.leave_out();
        rows.add(a, &[3.0, 4.0], &shape).expect("alike");
        assert!(rows.add(a, &[3.0], &Shape::vector(1)).is_err());
        let is_known: Vec<bool> = rows.values.iter().map(|value| value.is_finite()).collect();
        assert_eq!(is_known, [false, false, true, true, false, false, true, true]);
        assert!(Rows::new(1 << 20, 1 << 20).add(a, &[1.0, 2.0], &shape).is_err());
    }
}

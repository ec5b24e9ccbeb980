//! Arranged pictures in a temporary file, as 32-bit numbers: for sets that take longer to decode than to
//! read, and do not fit into memory.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Mutex;

use super::error::DataError;

/// Pictures of one size, one behind the other. The file has no name and goes with its owner.
#[derive(Debug)]
pub(super) struct DiskPictures {
    file: Mutex<File>,
    /// Values of a picture.
    elements: usize,
}

impl DiskPictures {
    /// No pictures yet.
    /// # Errors
    /// [`DataError::Io`] if the system gives no temporary file.
    pub(super) fn new(elements: usize) -> Result<Self, DataError> {
        let file = tempfile::tempfile().map_err(failed)?;
        Ok(Self { file: Mutex::new(file), elements })
    }

    /// Adds whole pictures at the end.
    /// # Errors
    /// [`DataError::Io`]: the disk is full, for example.
    pub(super) fn append(&mut self, values: &[f32]) -> Result<(), DataError> {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let file =
            self.file.get_mut().map_err(|_| DataError::Loader("a loader thread broke off".to_owned()))?;
        file.seek(SeekFrom::End(0)).and_then(|_| file.write_all(&bytes)).map_err(failed)
    }

    /// Reads a picture.
    /// # Errors
    /// [`DataError::Io`].
    pub(super) fn read(&self, item: usize, out: &mut [f32]) -> Result<(), DataError> {
        let size = self.elements * size_of::<f32>();
        let mut bytes = vec![0; size];
        {
            let mut file =
                self.file.lock().map_err(|_| DataError::Loader("a loader thread broke off".to_owned()))?;
            file.seek(SeekFrom::Start((item * size) as u64))
                .and_then(|_| file.read_exact(&mut bytes))
                .map_err(failed)?;
        }
        for (value, bytes) in out.iter_mut().zip(bytes.as_chunks().0) {
            *value = f32::from_le_bytes(*bytes);
        }
        Ok(())
    }
}

fn failed(error: io::Error) -> DataError {
    DataError::io(Path::new("the temporary file of `cache: disk`"), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_come_back_bit_by_bit() {
        let mut pictures = DiskPictures::new(3).unwrap();
        pictures.append(&[1.0, -0.0, f32::MIN_POSITIVE, 4.0, 5.0, 0.1]).unwrap();
        pictures.append(&[7.0, 8.0, 9.0]).unwrap();
        let mut out = [0.0; 3];
        for (item, expected) in
            [(2, [7.0, 8.0, 9.0]), (0, [1.0, -0.0, f32::MIN_POSITIVE]), (1, [4.0, 5.0, 0.1])]
        {
            pictures.read(item, &mut out).unwrap();
            assert_eq!(out.map(f32::to_bits), expected.map(f32::to_bits));
        }
        assert!(pictures.read(3, &mut out).is_err());
    }
}

//! The pictures of a data set, kept in the form from which a prepared one is made with the least work that
//! fits into memory.
//!
//! The file is long because the three forms (bytes of files, decoded, prepared) are chosen, filled and read by
//! the same rules.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::Progress;
use super::augment::{self, Occasion};
use super::bounds::{Bounds, size_text};
use super::disk::DiskPictures;
use super::error::DataError;
use super::index::Contents;
use super::picture::{self, DecodedPicture, Picture, PictureHeader, PixelSlice};
use super::prepare::{Featurewise, Preparation, PrepareError};
use super::source::{FileBytes, PictureFile, Pictures, Pixels, Source};
use crate::files;
use crate::ir::AugmentSpec;
use crate::printed::{shown, shown_path};

/// What decoded pictures may take before they are decoded anew in each epoch: 1 GiB.
pub(super) const MEMORY_BOUND_BYTES: usize = 1 << 30;
/// Pictures decoded between two reports of progress.
const DECODE_CHUNK: usize = 512;
/// Unreadable pictures that a message names.
pub(super) const EXAMPLES: usize = 10;

/// All pictures of a set, and how they are prepared.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) preparation: Preparation,
    form: Form,
    bounds: Bounds,
    /// `[height, width]` of each picture, where they keep sizes of their own.
    sizes: Option<Vec<[usize; 2]>>,
}

/// Room that is used again from picture to picture.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    arranged: Vec<f32>,
    changed: Vec<f32>,
}

/// How pictures are kept.
#[derive(Debug)]
enum Form {
    /// Arranged `[N, H, W, C]`, as bytes.
    Bytes(Vec<u8>),
    /// Arranged `[N, H, W, C]`, where resizing or colour made fractions.
    Floats(Vec<f32>),
    /// Decoded, in their own sizes.
    Decoded { pictures: Vec<DecodedPicture>, names: Vec<String> },
    /// Arranged, in a temporary file.
    Disk(DiskPictures),
    /// Read and decoded when they are used.
    OnDemand(Pictures),
}

/// How pictures are taken in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Intake<'a> {
    /// What decoded pictures may take; beyond, they are decoded when they are used.
    pub(super) bound_bytes: usize,
    /// How much is taken in of one file.
    pub(super) bounds: Bounds,
    /// Where it is noted what picture files hold.
    pub(super) contents: &'a Contents,
}

impl Store {
    /// Takes the pictures in, decoding them where that fits into memory. Unreadable ones are reported
    /// together.
    pub(super) fn new(
        pictures: Pictures,
        preparation: Preparation,
        intake: Intake<'_>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Self, DataError> {
        let Intake { bound_bytes, bounds, .. } = intake;
        let (form, preparation) = match pictures {
            Pictures::Arrays { pixels, size } => {
                // pictures of one size: there is nothing open about them
                let preparation = preparation.at([size[0], size[1]]).into_owned().leaving_open([false; 2]);
                (Form::of_arrays(pixels, size, &preparation, bound_bytes, progress)?, preparation)
            }
            Pictures::Files(files) => (Form::of_files(files, &preparation, intake, progress)?, preparation),
        };
        let sizes = if preparation.is_open() { Some(form.sizes(bounds)?) } else { None };
        Ok(Self { preparation, form, bounds, sizes })
    }

    /// Picture files that are read when they are used.
    pub(super) fn unread(&self) -> &[PictureFile] {
        if let Form::OnDemand(Pictures::Files(files)) = &self.form { files } else { &[] }
    }

    /// `[height, width]` of a prepared picture.
    pub(super) fn size_of(&self, item: usize) -> [usize; 2] {
        let [height, width, _] = self.preparation.size();
        self.sizes.as_ref().map_or([height, width], |sizes| sizes[item])
    }

    /// Whether pictures keep sizes of their own.
    pub(super) fn is_open(&self) -> bool {
        self.sizes.is_some()
    }

    /// The preparation of one picture.
    pub(super) fn preparation_of(&self, item: usize) -> std::borrow::Cow<'_, Preparation> {
        self.preparation.at(self.size_of(item))
    }

    /// The same pictures, arranged and kept in a temporary file; arrays that need no arranging stay in
    /// memory.
    pub(super) fn on_disk(self, progress: &mut dyn FnMut(Progress)) -> Result<Self, DataError> {
        // pictures of sizes of their own have no place of one size on the disk
        let Form::OnDemand(pictures) = &self.form else { return Ok(self) };
        if self.is_open() {
            return Ok(self);
        }
        let (total, elements) = (pictures.len(), self.preparation.elements());
        let mut kept = DiskPictures::new(elements)?;
        let mut values = Vec::new();
        for first in (0..total).step_by(DECODE_CHUNK) {
            let count = DECODE_CHUNK.min(total - first);
            values.resize(count * elements, 0.0);
            let chunk = values.par_chunks_mut(elements).enumerate();
            chunk.try_for_each_init(Scratch::default, |scratch, (at, out)| {
                self.write_arranged(first + at, None, out, scratch)
            })?;
            kept.append(&values)?;
            progress(Progress::Decode { done: first + count, total });
        }
        Ok(Self { preparation: self.preparation, form: Form::Disk(kept), bounds: self.bounds, sizes: None })
    }

    /// Whether making a prepared picture is more than copying and scaling it.
    pub(super) fn is_slow(&self) -> bool {
        match self.form {
            Form::Bytes(_) | Form::Floats(_) => false,
            Form::Decoded { .. } | Form::Disk(_) | Form::OnDemand(_) => true,
        }
    }

    /// Writes the prepared picture of `item` to `out`. `augmented`: changed at random before it is rescaled.
    /// `scratch` is room that is used again.
    pub(super) fn write(
        &self,
        item: usize,
        augmented: Option<(&AugmentSpec, Occasion)>,
        out: &mut [f32],
        scratch: &mut Scratch,
    ) -> Result<(), DataError> {
        if let (Form::Bytes(bytes), None) = (&self.form, augmented) {
            let elements = self.preparation.elements();
            self.preparation.finish_bytes(&bytes[item * elements..(item + 1) * elements], out);
            return Ok(());
        }
        self.write_arranged(item, augmented, out, scratch)?;
        self.preparation_of(item).finish(out);
        Ok(())
    }

    /// Writes the arranged picture of `item`, augmented or not: as [`Self::write`] does before it rescales.
    pub(super) fn write_arranged(
        &self,
        item: usize,
        augmented: Option<(&AugmentSpec, Occasion)>,
        out: &mut [f32],
        scratch: &mut Scratch,
    ) -> Result<(), DataError> {
        let Scratch { arranged: scratch, changed } = scratch;
        let preparation = self.preparation_of(item);
        let preparation = preparation.as_ref();
        let elements = preparation.elements();
        let range = item * elements..(item + 1) * elements;
        let arranged = match &self.form {
            Form::Bytes(bytes) => PixelSlice::Bytes(&bytes[range]),
            Form::Floats(floats) => PixelSlice::Floats(&floats[range]),
            Form::Decoded { pictures, names } => {
                scratch.resize(elements, 0.0);
                arrange(preparation, &pictures[item].as_picture(), || names[item].clone(), scratch)?;
                PixelSlice::Floats(scratch)
            }
            Form::Disk(pictures) => {
                scratch.resize(elements, 0.0);
                pictures.read(item, scratch)?;
                PixelSlice::Floats(scratch)
            }
            Form::OnDemand(Pictures::Files(files)) => {
                let file = &files[item];
                scratch.resize(elements, 0.0);
                let arranged = load(file, preparation, self.bounds, |decoded| {
                    arrange(preparation, &decoded.as_picture(), || file.name.clone(), scratch)
                });
                arranged.map_err(|reason| unreadable(vec![named(file, &reason)], 1))??;
                PixelSlice::Floats(scratch)
            }
            Form::OnDemand(pictures) => {
                scratch.resize(elements, 0.0);
                if let Some(picture) = pictures.array(item) {
                    arrange(preparation, &picture, || format!("picture {item}"), scratch)?;
                }
                PixelSlice::Floats(scratch)
            }
        };
        match (augmented, arranged) {
            (Some((spec, occasion)), _) => {
                augment::augment(spec, occasion, preparation.size(), arranged, out, changed);
            }
            (None, PixelSlice::Floats(floats)) => out.copy_from_slice(floats),
            (None, PixelSlice::Bytes(bytes)) => {
                out.iter_mut().zip(bytes).for_each(|(value, &byte)| *value = f32::from(byte))
            }
        }
        Ok(())
    }

    /// Mean and deviation of each channel over `items`, as they are without normalisation. Sums are f64 and
    /// taken in the order of the items, so that they do not depend on threads.
    pub(super) fn featurewise(&self, items: &[u32]) -> Result<Featurewise, DataError> {
        let channels = self.preparation.size()[2];
        let sums: Vec<Vec<[f64; 2]>> = items
            .par_iter()
            .map_init(
                || (Vec::new(), Scratch::default()),
                |(values, scratch), &item| {
                    values.resize(self.preparation_of(item as usize).elements(), 0.0);
                    self.write(item as usize, None, values, scratch)?;
                    let mut sums = vec![[0.0f64; 2]; channels];
                    for pixel in values.chunks_exact(channels) {
                        for ([sum, squares], &value) in sums.iter_mut().zip(pixel) {
                            *sum += f64::from(value);
                            *squares += f64::from(value) * f64::from(value);
                        }
                    }
                    Ok(sums)
                },
            )
            .collect::<Result<_, DataError>>()?;
        let pixels = |item: &u32| self.size_of(*item as usize).iter().product::<usize>();
        let count = items.iter().map(pixels).sum::<usize>() as f64;
        let total = |c: usize, k: usize| sums.iter().map(|item| item[c][k]).sum::<f64>() / count;
        let deviation = |c| (total(c, 1) - total(c, 0).powi(2)).max(0.0).sqrt().max(1e-7);
        Ok(Featurewise {
            mean: (0..channels).map(|c| total(c, 0) as f32).collect(),
            std: (0..channels).map(|c| deviation(c) as f32).collect(),
        })
    }
}

fn arrange(
    preparation: &Preparation,
    picture: &Picture<'_>,
    name: impl Fn() -> String,
    out: &mut [f32],
) -> Result<(), DataError> {
    preparation.arrange(picture, out).map_err(|problem| DataError::Picture { picture: name(), problem })
}

impl Form {
    fn of_arrays(
        pixels: Pixels,
        size: [usize; 3],
        preparation: &Preparation,
        bound_bytes: usize,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Self, DataError> {
        let as_it_is = size == preparation.size() && preparation.keeps_bytes();
        let pictures = match pixels {
            Pixels::Bytes(bytes) if as_it_is => return Ok(Form::Bytes(bytes)),
            Pixels::Floats(floats) if as_it_is => return Ok(Form::Floats(floats)),
            pixels @ (Pixels::Bytes(_) | Pixels::Floats(_)) => Pictures::Arrays { pixels, size },
        };
        let count = pictures.len();
        if count * preparation.elements() * size_of::<f32>() > bound_bytes {
            return Ok(Form::OnDemand(pictures));
        }
        let one = |item: usize, out: &mut [f32]| match pictures.array(item) {
            Some(picture) => preparation
                .arrange(&picture, out)
                .map_err(|problem| Failure::Misfit(format!("picture {item}"), problem)),
            None => Ok(()),
        };
        Ok(Form::Floats(fill_all(count, preparation.elements(), 0.0, one, progress)?))
    }

    fn of_files(
        files: Vec<PictureFile>,
        preparation: &Preparation,
        intake: Intake<'_>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Self, DataError> {
        let elements = preparation.elements();
        let bound_bytes = intake.bound_bytes;
        let misfit = |file: &PictureFile, problem| Failure::Misfit(file.name.clone(), problem);
        if bound_bytes == 0 {
            return Ok(Form::OnDemand(Pictures::Files(files)));
        }
        let is_open = preparation.is_open();
        if !is_open && preparation.keeps_bytes() && files.len().saturating_mul(elements) <= bound_bytes {
            let one = |item: usize, out: &mut [u8]| {
                decode((item, &files[item]), preparation, intake, |decoded| {
                    let bytes = preparation.arranged_bytes(&decoded.as_picture());
                    out.copy_from_slice(&bytes.map_err(|problem| misfit(&files[item], problem))?);
                    Ok(())
                })?
            };
            return Ok(Form::Bytes(fill_all(files.len(), elements, 0, one, progress)?));
        }
        if !is_open && files.len().saturating_mul(elements * size_of::<f32>()) <= bound_bytes {
            let one = |item: usize, out: &mut [f32]| {
                decode((item, &files[item]), preparation, intake, |decoded| {
                    preparation
                        .arrange(&decoded.as_picture(), out)
                        .map_err(|problem| misfit(&files[item], problem))
                })?
            };
            return Ok(Form::Floats(fill_all(files.len(), elements, 0.0, one, progress)?));
        }
        Self::decoded(files, preparation, intake, progress)
    }

    /// Pictures in their own sizes; as files where they take more than `bound_bytes`.
    fn decoded(
        files: Vec<PictureFile>,
        preparation: &Preparation,
        intake: Intake<'_>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Self, DataError> {
        let mut pictures = Vec::with_capacity(files.len());
        let taken = AtomicUsize::new(0);
        // as soon as they are too many no more are decoded
        let one = |item: usize| {
            if taken.load(Ordering::Relaxed) > intake.bound_bytes {
                return Ok(None);
            }
            let picture = decode((item, &files[item]), preparation, intake, |picture| picture)?;
            taken.fetch_add(picture.pixels.len(), Ordering::Relaxed);
            Ok(Some(picture))
        };
        for first in (0..files.len()).step_by(DECODE_CHUNK) {
            let chunk = first..(first + DECODE_CHUNK).min(files.len());
            let decoded: Vec<Result<Option<DecodedPicture>, Failure>> =
                chunk.into_par_iter().map(one).collect();
            if taken.load(Ordering::Relaxed) > intake.bound_bytes {
                return Ok(Form::OnDemand(Pictures::Files(files)));
            }
            let (good, bad): (Vec<_>, Vec<_>) = decoded.into_iter().partition(Result::is_ok);
            report(bad, files.len())?;
            pictures.extend(good.into_iter().flatten().flatten());
            progress(Progress::Decode { done: pictures.len(), total: files.len() });
        }
        Ok(Form::Decoded { pictures, names: files.into_iter().map(|file| file.name).collect() })
    }
}

impl Form {
    /// `[height, width]` of each picture as it was decoded, or as its header says.
    fn sizes(&self, bounds: Bounds) -> Result<Vec<[usize; 2]>, DataError> {
        match self {
            Form::Decoded { pictures, .. } => {
                Ok(pictures.iter().map(|picture| [picture.height, picture.width]).collect())
            }
            Form::OnDemand(Pictures::Files(files)) => {
                let size = |file: &PictureFile| {
                    header(&file.bytes, bounds)
                        .map(|header| [header.height, header.width])
                        .map_err(|reason| named(file, &reason))
                };
                let sizes: Vec<Result<[usize; 2], String>> = files.par_iter().map(size).collect();
                let bad: Vec<String> = sizes.iter().filter_map(|size| size.clone().err()).collect();
                if !bad.is_empty() {
                    return Err(unreadable(bad, files.len()));
                }
                Ok(sizes.into_iter().flatten().collect())
            }
            Form::Bytes(_) | Form::Floats(_) | Form::Disk(_) | Form::OnDemand(Pictures::Arrays { .. }) => {
                Ok(Vec::new())
            }
        }
    }
}

/// Why one picture could not be taken in.
enum Failure {
    /// Its name and the reason.
    Unreadable(String),
    /// Its name, and how it does not fit the model.
    Misfit(String, PrepareError),
}

/// Fills `count` pictures of `elements` values in parallel with `one`.
fn fill_all<T: Copy + Send + Sync>(
    count: usize,
    elements: usize,
    zero: T,
    one: impl Fn(usize, &mut [T]) -> Result<(), Failure> + Sync,
    progress: &mut dyn FnMut(Progress),
) -> Result<Vec<T>, DataError> {
    let mut all = vec![zero; count * elements];
    let mut failures: Vec<Result<(), Failure>> = Vec::new();
    for (i, chunk) in all.chunks_mut(DECODE_CHUNK * elements).enumerate() {
        let first = i * DECODE_CHUNK;
        let results: Vec<Result<(), Failure>> = chunk
            .par_chunks_mut(elements)
            .enumerate()
            .map(|(k, out)| one(first + k, out))
            .filter(Result::is_err)
            .collect();
        failures.extend(results);
        progress(Progress::Decode { done: (first + DECODE_CHUNK).min(count), total: count });
    }
    report(failures, count)?;
    Ok(all)
}

/// One error for all failures: a picture that does not fit stands for itself, unreadable ones are counted.
fn report<T>(failures: Vec<Result<T, Failure>>, total: usize) -> Result<(), DataError> {
    let mut names = Vec::new();
    for failure in failures.into_iter().filter_map(Result::err) {
        match failure {
            Failure::Misfit(picture, problem) => return Err(DataError::Picture { picture, problem }),
            Failure::Unreadable(name) => names.push(name),
        }
    }
    if names.is_empty() { Ok(()) } else { Err(unreadable(names, total)) }
}

pub(super) fn unreadable(mut names: Vec<String>, total: usize) -> DataError {
    let count = names.len();
    names.truncate(EXAMPLES);
    DataError::Unreadable { count, total, examples: names }
}

/// A picture's name and what is wrong with it.
fn named(file: &PictureFile, reason: &str) -> String {
    format!("{}: {reason}", shown(&file.name))
}

/// Leaves out the pictures that cannot be read: all are decoded to find them.
/// # Errors
/// [`DataError::Unreadable`] where none is left.
pub(super) fn leave_out_damaged(
    source: &mut Source,
    bounds: Bounds,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), DataError> {
    let Pictures::Files(files) = &source.pictures else { return Ok(()) };
    let (mut places, mut reasons, total) = (BTreeSet::new(), Vec::new(), files.len());
    for (i, chunk) in files.chunks(DECODE_CHUNK).enumerate() {
        let look = |file: &PictureFile| {
            let bytes = read_bytes(&file.bytes, bounds)?;
            picture::decode_for(&bytes, bounds, |_| 0, |_| ())
        };
        let looks: Vec<Result<(), String>> = chunk.par_iter().map(look).collect();
        for (k, (file, look)) in chunk.iter().zip(looks).enumerate() {
            if let Err(reason) = look {
                places.insert(i * DECODE_CHUNK + k);
                reasons.push(named(file, &reason));
            }
        }
        progress(Progress::Decode { done: (i * DECODE_CHUNK + chunk.len()).min(total), total });
    }
    if places.len() == total {
        return Err(unreadable(reasons, total));
    }
    source.leave_out(&places, reasons);
    Ok(())
}

pub(super) fn too_large(bytes: u64, bounds: Bounds) -> String {
    format!("the file has {bytes} bytes, and picture files are read up to {}", size_text(bounds.file_bytes()))
}

/// Reads the bytes of a picture file.
pub(super) fn read_bytes(bytes: &FileBytes, bounds: Bounds) -> Result<std::borrow::Cow<'_, [u8]>, String> {
    let read = |mut file: File, offset: u64, len: u64| -> Result<Vec<u8>, String> {
        if len > bounds.file_bytes() {
            return Err(too_large(len, bounds));
        }
        let mut bytes = Vec::new();
        let read = file.seek(SeekFrom::Start(offset)).and_then(|_| file.take(len).read_to_end(&mut bytes));
        match read {
            Ok(read) if read as u64 == len => Ok(bytes),
            Ok(read) => {
                Err(format!("it should have {len} bytes, and has {read}: it changes while it is read"))
            }
            Err(error) => Err(error.to_string()),
        }
    };
    match bytes {
        // the archive was read to its end before anybody asks
        FileBytes::Memory { all, range } => Ok(all.get().map_or(&[][..], |all| &all[range.clone()]).into()),
        FileBytes::Path(path) => {
            let file = files::open(path).map_err(|error| reason_of(path, &error))?;
            let len = file.metadata().map_err(|error| error.to_string())?.len();
            Ok(read(file, 0, len)?.into())
        }
        FileBytes::Stretch { archive, offset, len } => {
            let file = files::open(archive).map_err(|error| error.to_string())?;
            Ok(read(file, *offset, *len)?.into())
        }
        FileBytes::Seen(seen) => {
            Err(seen.header.as_ref().err().cloned().unwrap_or_else(|| "it was not kept".to_owned()))
        }
    }
}

/// Why a file cannot be opened; a link that leads nowhere is told from a file that is not there.
fn reason_of(path: &Path, error: &io::Error) -> String {
    match std::fs::read_link(path) {
        Ok(target) if error.kind() == io::ErrorKind::NotFound => {
            format!("it is a link to `{}`, which is not there", shown_path(&target))
        }
        Ok(_) | Err(_) => error.to_string(),
    }
}

/// Reads a picture's header.
pub(super) fn header(bytes: &FileBytes, bounds: Bounds) -> Result<PictureHeader, String> {
    match bytes {
        FileBytes::Seen(seen) => seen.header.clone(),
        FileBytes::Path(_) | FileBytes::Stretch { .. } | FileBytes::Memory { .. } => {
            picture::header(&read_bytes(bytes, bounds)?, bounds)
        }
    }
}

/// Reads and decodes a picture file, and hands it over as long as there is room for it and for its
/// preparation.
fn load<T>(
    file: &PictureFile,
    preparation: &Preparation,
    bounds: Bounds,
    take: impl FnOnce(DecodedPicture) -> T,
) -> Result<T, String> {
    load_noting(file, preparation, bounds, |_| {}, take)
}

/// The same; `note` gets its bytes.
fn load_noting<T>(
    file: &PictureFile,
    preparation: &Preparation,
    bounds: Bounds,
    note: impl FnOnce(&[u8]),
    take: impl FnOnce(DecodedPicture) -> T,
) -> Result<T, String> {
    let bytes = read_bytes(&file.bytes, bounds)?;
    note(&bytes);
    picture::decode_for(&bytes, bounds, |header| preparation.scratch_bytes(header), take)
}

/// [`load`], for pictures that are taken in together; what they hold is noted.
fn decode<T>(
    (item, file): (usize, &PictureFile),
    preparation: &Preparation,
    intake: Intake<'_>,
    take: impl FnOnce(DecodedPicture) -> T,
) -> Result<T, Failure> {
    let note = |bytes: &[u8]| intake.contents.note(item, bytes);
    load_noting(file, preparation, intake.bounds, note, take)
        .map_err(|reason| Failure::Unreadable(named(file, &reason)))
}

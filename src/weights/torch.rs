//! Files of PyTorch: pickles, of which nothing is run. State dicts are taken as they are, and out of the
//! checkpoints that they are kept in.

use std::collections::HashMap;
use std::io::{Read, Seek, SeekFrom};

use pytorch_reader::{DType, PytorchError, PytorchReader, Tensor};

use super::error::FileError;
use super::numbers::Numbers;
use super::{Archive, Opened, Source, bounds, pickle};
use crate::zoo::{Layout, Listed, Listing};

const WANTED: &str = "a file of PyTorch weights";

/// What checkpoints keep a state dict under, the likeliest first.
const STATE_DICTS: [&str; 4] = ["state_dict", "model_state_dict", "model_state", "model_state_dict_ema"];
/// The same, where all other tensors belong to the training.
const MODELS: [&str; 5] = ["model", "net", "network", "module", "weights"];
/// What belongs to the training.
const TRAINING: [&str; 7] =
    ["optim", "optimizer", "scheduler", "lr_scheduler", "scaler", "ema", "state_dict_ema"];

pub(super) fn open(mut opened: Opened) -> Result<Archive, FileError> {
    // before the library builds it
    let bytes = pickles(&mut opened.file)?;
    let texts = texts(&bytes)?;
    let reader = PytorchReader::new(&opened.path).map_err(unsound)?;
    bounds::count(reader.len())?;
    if reader.is_empty() {
        let found = "it holds no tensors that can be read without running code: save `model.state_dict()` \
                     instead of `model`";
        return Err(FileError::format(WANTED, found));
    }
    let mut all: Vec<(String, Tensor)> = reader.into_tensors().into_iter().collect();
    // a map has no order: that of the names in the file is the order of the layers
    let places = places_of(&texts, all.iter().map(|(name, _)| name.as_str()));
    let is_ordered = places.len() == all.len();
    all.sort_by(|(a, _), (b, _)| (places.get(a), a).cmp(&(places.get(b), b)));
    let prefix = state_dict(&all);
    let (mut tensors, mut read, mut beside) = (Vec::new(), Vec::new(), Vec::new());
    for (name, tensor) in all {
        let (Some(inner), Some(numbers)) = (name.strip_prefix(&prefix), floating(tensor.dtype())) else {
            beside.push(name);
            continue;
        };
        let shape = bounds::shape(&name, tensor.shape().iter().map(|&extent| extent as u64))?;
        tensors.push(Listed { name: name.clone(), ..Listed::named(inner.to_owned(), shape) });
        read.push((tensor, numbers));
    }
    bounds::sizes(&tensors, opened.bytes)?;
    let listing = Listing { format: "PyTorch", tensors, layout: Some(Layout::Torch), is_ordered, beside };
    let source = Torch { tensors: read };
    Ok(Archive { listing, texts: Default::default(), bytes: opened.bytes, source: Box::new(source) })
}

struct Torch {
    tensors: Vec<(Tensor, Numbers)>,
}

impl Source for Torch {
    fn numbers(&self, tensor: usize) -> Result<Vec<f32>, FileError> {
        let (tensor, numbers) = &self.tensors[tensor];
        // the reader gives the numbers of this machine
        let mut bytes = tensor.read()?;
        if cfg!(target_endian = "big") {
            bytes.chunks_exact_mut(numbers.size()).for_each(<[u8]>::reverse);
        }
        Ok(numbers.read(&bytes))
    }
}

fn floating(dtype: DType) -> Option<Numbers> {
    match dtype {
        DType::F16 => Some(Numbers::F16),
        DType::BF16 => Some(Numbers::Bf16),
        DType::F32 => Some(Numbers::F32),
        DType::F64 => Some(Numbers::F64),
        DType::I64
        | DType::I32
        | DType::I16
        | DType::I8
        | DType::U64
        | DType::U32
        | DType::U16
        | DType::U8
        | DType::Bool => None,
    }
}

/// What stands before the names of the state dict that is meant, `state_dict.`; nothing where the file is one.
fn state_dict(all: &[(String, Tensor)]) -> String {
    let has = |key: &str| all.iter().any(|(name, _)| within(name, key));
    if let Some(key) = STATE_DICTS.iter().find(|key| has(key)) {
        return format!("{key}.");
    }
    let is_training = |name: &str| TRAINING.iter().any(|key| within(name, key));
    let alone = |key: &&&str| all.iter().all(|(name, _)| within(name, key) || is_training(name));
    match MODELS.iter().filter(|key| has(key)).find(alone) {
        Some(key) if all.iter().any(|(name, _)| is_training(name)) => format!("{key}."),
        _ => String::new(),
    }
}

fn within(name: &str, key: &str) -> bool {
    name.strip_prefix(key).is_some_and(|rest| rest.starts_with('.'))
}

/// Where the last key of each name first stands in the pickle, as far as they are found.
fn places_of<'n>(
    texts: &HashMap<&[u8], usize>,
    names: impl Iterator<Item = &'n str>,
) -> HashMap<String, usize> {
    names
        .filter_map(|name| {
            // the dictionary within a checkpoint has the name without what stands before it
            let tails = std::iter::successors(Some(name), |name| name.split_once('.').map(|(_, rest)| rest));
            let place = tails.filter_map(|tail| texts.get(tail.as_bytes())).next()?;
            Some((name.to_owned(), *place))
        })
        .collect()
}

/// The pickle of an archive, or the beginning of a file that consists of pickles: no more than the names of
/// any network take.
fn pickles(file: &mut std::fs::File) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    if let Ok(mut archive) = zip::ZipArchive::new(std::io::BufReader::new(file.try_clone()?)) {
        let names = archive.file_names().filter_map(Result::ok);
        let name = names.map(|name| name.into_owned()).find(|name| name.ends_with("data.pkl"));
        let unsound = |error: zip::result::ZipError| FileError::format(WANTED, error.to_string());
        let member = archive.by_name(&name.unwrap_or_default()).map_err(unsound)?;
        member.take(bounds::SMALL_BYTES).read_to_end(&mut bytes)?;
    } else {
        file.seek(SeekFrom::Start(0))?;
        file.take(bounds::SMALL_BYTES).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Pickles in front of the numbers: one in an archive; in an old file a magic number, a version, what machine
/// it was, and the weights.
const PICKLES: usize = 4;

/// The texts of pickles and where they first stand.
/// # Errors
/// They would build far more than the weights of a network, or do not end.
fn texts(bytes: &[u8]) -> Result<HashMap<&[u8], usize>, FileError> {
    let mut texts = HashMap::new();
    let mut start = 0;
    for _ in 0..PICKLES {
        let outline = pickle::outline(&bytes[start..]).map_err(|found| FileError::format(WANTED, found))?;
        for (text, place) in outline.texts {
            texts.entry(text).or_insert(start + place);
        }
        let Some(length) = outline.length else {
            if bytes.len() as u64 >= bounds::SMALL_BYTES {
                let found = "its pickle is damaged, or longer than that of any network";
                return Err(FileError::format(WANTED, found));
            }
            break;
        };
        start += length;
    }
    Ok(texts)
}

fn unsound(error: PytorchError) -> FileError {
    if let PytorchError::Io(error) = error {
        // what the library finds in a file is an error of reading, too
        return if error.kind() == std::io::ErrorKind::InvalidData {
            FileError::format(WANTED, error.to_string())
        } else {
            FileError::Read(error)
        };
    }
    FileError::format(WANTED, error.to_string())
}

//! Fetches a large file piece by piece: a transfer that breaks off goes on from where it was, in the same
//! process or in the next one.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use md5::Md5;
use sha2::{Digest, Sha256};
use ureq::http::header::CONTENT_RANGE;

use super::fetch::{FetchError, STALL_TIMEOUT, agent, describe, hex, is_unknown_host};
use crate::files::{self, Partial};
use crate::zoo::{Published, Stated};

/// Nothing larger is taken.
const LIMIT_BYTES: u64 = 4 << 30;

/// How long is waited, and how often is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// A transfer that stands still for so long has broken off.
    pub stall: Duration,
    /// Before it is asked for again.
    pub pause: Duration,
    /// How often in a row nothing may come.
    pub attempts: usize,
}

impl Default for Patience {
    fn default() -> Self {
        Self { stall: STALL_TIMEOUT, pause: Duration::from_secs(2), attempts: 4 }
    }
}

/// Whether a file is the one that was published. Where its publisher states nothing, it is taken for it.
/// # Errors
/// The file cannot be read.
pub fn is_right(file: &Published, path: &Path) -> io::Result<bool> {
    Ok(differs(file.digest, &mut files::open(path)?)?.is_none())
}

/// Fetches a published file from `url` into `dir` and returns its path. It appears there complete and
/// checked, or not at all; what has come of it when the transfer ends before is kept. `progress` gets the
/// bytes so far and, where the server says it, all of them.
/// # Errors
/// [`FetchError`].
pub fn download(
    file: &Published,
    url: &str,
    dir: &Path,
    patience: Patience,
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<PathBuf, FetchError> {
    let target = dir.join(file.file_name());
    let transfer = |reason: String| FetchError::Transfer {
        url: url.to_owned(),
        reason,
        put_at: target.clone(),
        instead: String::new(),
    };
    let write = |source: io::Error| FetchError::Write { path: target.clone(), source };
    std::fs::create_dir_all(dir).map_err(write)?;
    let mut part = match Partial::beside(&target) {
        Ok(part) => part,
        Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
            return Err(transfer("another process fetches it just now".to_owned()));
        }
        Err(error) => return Err(write(error)),
    };
    let agent = agent(patience.stall);
    let mut is_fresh = part.length().map_err(write)? == 0;
    let mut idle = 0;
    loop {
        let before = part.length().map_err(write)?;
        match piece(&agent, url, &mut part, progress) {
            Ok(()) => match difference(file, &mut part).map_err(write)? {
                None => break,
                // the file may have been replaced since it was begun
                Some(_) if !is_fresh => {
                    part.restart().map_err(write)?;
                    is_fresh = true;
                }
                Some(reason) => {
                    part.discard();
                    return Err(FetchError::WrongFile { url: url.to_owned(), reason, put_at: target });
                }
            },
            Err(Stop::Write(error)) => return Err(write(error)),
            Err(Stop::Refused(reason)) => {
                part.discard_empty().map_err(write)?;
                return Err(transfer(reason));
            }
            Err(Stop::Broken(reason)) => {
                let came = part.length().map_err(write)? > before;
                idle = if came { 0 } else { idle + 1 };
                if idle >= patience.attempts {
                    let kept = part.length().map_err(write)?;
                    part.discard_empty().map_err(write)?;
                    return Err(transfer(match kept {
                        0 => reason,
                        _ => format!(
                            "{reason}; {kept} bytes are kept, and the next attempt goes on from there"
                        ),
                    }));
                }
                std::thread::sleep(patience.pause);
            }
        }
    }
    part.put_in_place().map_err(write)?;
    Ok(target)
}

/// Why a piece did not come to the file's end.
enum Stop {
    /// It would be no use to ask again.
    Refused(String),
    /// Asking again may help.
    Broken(String),
    /// The disk.
    Write(io::Error),
}

/// Asks for the file from where it broke off, and takes what comes.
fn piece(
    agent: &ureq::Agent,
    url: &str,
    part: &mut Partial,
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<(), Stop> {
    let mut done = part.length().map_err(Stop::Write)?;
    let request = agent.get(url);
    let request = if done > 0 { request.header("Range", format!("bytes={done}-")) } else { request };
    let response = match request.call() {
        Ok(response) => response,
        // there is nothing behind what has come: all of it is there, or it is of another file
        Err(ureq::Error::StatusCode(416)) => return Ok(()),
        Err(error @ ureq::Error::StatusCode(400..500)) => return Err(Stop::Refused(describe(&error))),
        Err(error) if is_unknown_host(&error) => return Err(Stop::Refused(describe(&error))),
        Err(error) => return Err(Stop::Broken(describe(&error))),
    };
    let begins = response.headers().get(CONTENT_RANGE).and_then(|range| first_byte(range.to_str().ok()?));
    if begins != Some(done) && done > 0 {
        // the server sends all of it again
        part.restart().map_err(Stop::Write)?;
        done = 0;
    }
    let total = response.body().content_length().map(|length| length + done);
    let mut body = response.into_body().into_with_config().limit(LIMIT_BYTES).reader();
    let mut buffer = vec![0_u8; 1 << 16];
    progress(done, total);
    loop {
        let broken = |error: io::Error| Stop::Broken(format!("the transfer broke off: {error}"));
        let read = body.read(&mut buffer).map_err(broken)?;
        if read == 0 {
            break;
        }
        part.write_all(&buffer[..read]).map_err(Stop::Write)?;
        done += read as u64;
        progress(done, total);
    }
    match total {
        Some(total) if total != done => {
            Err(Stop::Broken(format!("the transfer broke off after {done} of {total} bytes")))
        }
        _ => Ok(()),
    }
}

/// The first byte of `bytes 100-199/200`.
fn first_byte(range: &str) -> Option<u64> {
    range.strip_prefix("bytes ")?.split('-').next()?.parse().ok()
}

/// How what has come differs from what was published.
fn difference(file: &Published, part: &mut Partial) -> io::Result<Option<String>> {
    differs(file.digest, &mut part.read_back()?)
}

/// How what is read differs from what was published; `None` where it does not.
fn differs(stated: Stated, from: &mut impl Read) -> io::Result<Option<String>> {
    let (kind, stated, found) = match stated {
        Stated::Nothing => return Ok(None),
        Stated::Md5(digits) => ("MD5", digits, digest::<Md5>(from)?),
        Stated::Sha256(digits) => ("SHA-256", digits, digest::<Sha256>(from)?),
    };
    Ok((!found.starts_with(stated)).then(|| format!("its {kind} is {found}, not {stated}")))
}

fn digest<D: Digest>(from: &mut impl Read) -> io::Result<String> {
    let mut digest = D::new();
    let mut buffer = vec![0_u8; 1 << 20];
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(hex(&digest.finalize())),
            read => digest.update(&buffer[..read]),
        }
    }
}

#[cfg(test)]
#[path = "download_tests.rs"]
mod tests;

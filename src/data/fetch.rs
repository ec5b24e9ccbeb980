//! Fetches a file of a built-in set from its official place into the user's cache, and checks that it is the
//! right one.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};

use crate::files::Unfinished;

/// What the checksum of a file is taken of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksum {
    /// SHA-256 of what the gzip file holds: any compression of the right contents passes.
    Contents(&'static str),
    /// SHA-256 of the file as it is.
    File(&'static str),
}

/// A file that can be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemoteFile {
    /// Its name on disk.
    pub name: &'static str,
    /// What it must be.
    pub checksum: Checksum,
    /// The largest number of bytes that are taken before giving up; the file as sent, and what it holds,
    /// each.
    pub limit_bytes: u64,
}

/// Why a file could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No answer, or a bad one.
    #[error("could not fetch {url}: {reason}\n  help: get the file in another way and put it at {}, or give its directory with --data-dir{}{instead}", put_at.display(), if instead.is_empty() { "" } else { "; " })]
    Transfer {
        /// From where.
        url: String,
        /// What happened.
        reason: String,
        /// Where a file got in another way is found.
        put_at: PathBuf,
        /// What would do in its place; empty where nothing would.
        instead: String,
    },
    /// Another file than expected.
    #[error("{url} gave another file than the official one: {reason}\n  help: try again; if it stays so, get the file in another way and put it at {}", put_at.display())]
    WrongFile {
        /// From where.
        url: String,
        /// How it differs.
        reason: String,
        /// Where a file got in another way is found.
        put_at: PathBuf,
    },
    /// The cache could not be written.
    #[error("could not write {}: {source}", path.display())]
    Write {
        /// Where to.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl FetchError {
    /// Says what would do in the place of a file that could not be fetched.
    pub(super) fn with_instead(mut self, what: String) -> Self {
        if let FetchError::Transfer { instead, .. } = &mut self {
            *instead = what;
        }
        self
    }
}

/// Gives up a connection after this long without an answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// Gives up a transfer that stands still for this long.
pub(super) const STALL_TIMEOUT: Duration = Duration::from_secs(30);

/// Fetches `url` into `dir/file.name` and returns that path. The file appears there complete and checked, or
/// not at all. `progress` gets the bytes so far and, where the server says it, all of them.
/// # Errors
/// [`FetchError`]; nothing is left behind then.
pub fn fetch(
    file: &RemoteFile,
    url: &str,
    dir: &Path,
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<PathBuf, FetchError> {
    let target = dir.join(file.name);
    let transfer = |reason: String| FetchError::Transfer {
        url: url.to_owned(),
        reason,
        put_at: target.clone(),
        instead: String::new(),
    };
    let write = |source: io::Error| FetchError::Write { path: target.clone(), source };
    fs::create_dir_all(dir).map_err(write)?;
    let mut part = Unfinished::beside(&target).map_err(write)?;

    let response = agent(STALL_TIMEOUT).get(url).call().map_err(|error| transfer(describe(&error)))?;
    let total = response.body().content_length();
    let mut body = response.into_body().into_with_config().limit(file.limit_bytes).reader();
    let mut sent = Sha256::new();
    let mut done = 0u64;
    let mut buffer = vec![0u8; 1 << 16];
    progress(0, total);
    loop {
        let n =
            body.read(&mut buffer).map_err(|error| transfer(format!("the transfer broke off: {error}")))?;
        if n == 0 {
            break;
        }
        sent.update(&buffer[..n]);
        part.write_all(&buffer[..n]).map_err(write)?;
        done += n as u64;
        progress(done, total);
    }
    if let Some(total) = total.filter(|&total| total != done) {
        return Err(transfer(format!("the transfer broke off after {done} of {total} bytes")));
    }
    part.flush().map_err(write)?;
    let (expected, found) = match file.checksum {
        Checksum::File(expected) => (expected, Ok(hex(&sent.finalize()))),
        Checksum::Contents(expected) => (expected, contents_sha256(&part, file.limit_bytes)),
    };
    let wrong = |reason| FetchError::WrongFile { url: url.to_owned(), reason, put_at: target.clone() };
    let found = found.map_err(|error| wrong(format!("it is no whole gzip file ({error})")))?;
    if found != expected {
        return Err(wrong(format!("its SHA-256 is {found}, not {expected}")));
    }
    part.put_in_place().map_err(write)?;
    Ok(target)
}

/// Who asks, and gives up a transfer that stands still for so long.
pub(super) fn agent(stall: Duration) -> ureq::Agent {
    ureq::Agent::config_builder()
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_recv_response(Some(stall))
        .timeout_per_read(Some(stall))
        .user_agent(concat!("cnnc/", env!("CARGO_PKG_VERSION")))
        .build()
        .into()
}

/// The reason in the user's words.
pub(super) fn describe(error: &ureq::Error) -> String {
    if let ureq::Error::StatusCode(404) = error {
        return "the server does not have it (404)".to_owned();
    }
    if let ureq::Error::StatusCode(status) = error {
        return format!("the server answered with status {status}");
    }
    if is_unknown_host(error) {
        return "the server's name is not known: is there a network?".to_owned();
    }
    if let ureq::Error::Timeout(_) = error {
        return "no answer in time".to_owned();
    }
    error.to_string()
}

/// Whether a server's name cannot be turned into an address.
pub(super) fn is_unknown_host(error: &ureq::Error) -> bool {
    // what the system's resolver says comes through std, which has no kind for it but these words
    let is_of_resolver =
        |error: &io::Error| error.to_string().starts_with("failed to lookup address information");
    matches!(error, ureq::Error::HostNotFound)
        || matches!(error, ureq::Error::Io(error) if is_of_resolver(error))
}

/// SHA-256 of what a gzip file holds, at most `limit` bytes of it.
fn contents_sha256(part: &Unfinished, limit: u64) -> io::Result<String> {
    let mut contents = GzDecoder::new(part.read_back()?).take(limit);
    let mut hash = Sha256::new();
    let mut buffer = vec![0u8; 1 << 16];
    loop {
        match contents.read(&mut buffer)? {
            0 => return Ok(hex(&hash.finalize())),
            n => hash.update(&buffer[..n]),
        }
    }
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[path = "fetch_tests.rs"]
mod tests;

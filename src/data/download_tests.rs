//! [`super::download`] against a server on loopback: it breaks off, is slow, sends other files, knows no
//! ranges.

use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::zoo::Publisher;

/// What the server does with its requests, one after the other; the last counts for all that follow.
#[derive(Debug, Clone, Copy)]
enum Does {
    /// Sends what is asked for.
    Sends,
    /// Sends so many bytes of it, and closes the connection.
    BreaksOffAfter(usize),
    /// Sends so many bytes of it, and then nothing for a while.
    StandsStillAfter(usize),
    /// Sends all of the file, whatever part is asked for.
    KnowsNoRanges,
    /// Answers with this status.
    Refuses(u16),
}

/// A server with one file: its address, and how many requests it has had.
fn serve(contents: &'static [u8], does: &'static [Does]) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/w.h5", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let at = count.fetch_add(1, Ordering::SeqCst);
            std::thread::spawn(move || answer(stream.unwrap(), contents, does[at.min(does.len() - 1)]));
        }
    });
    (url, asked)
}

fn answer(mut stream: TcpStream, contents: &[u8], does: Does) -> io::Result<()> {
    let mut from = 0;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    while let Some(line) = lines.next().transpose()?.filter(|line| !line.is_empty()) {
        if let Some(range) = line.to_ascii_lowercase().strip_prefix("range: bytes=") {
            from = range.trim_end_matches('-').parse().unwrap();
        }
    }
    if let Does::KnowsNoRanges = does {
        from = 0;
    }
    let rest = contents.get(from..).unwrap_or_default();
    let status = if let Does::Refuses(status) = does {
        format!("{status} No")
    } else if from >= contents.len() && from > 0 {
        "416 Range Not Satisfiable".to_owned()
    } else if from > 0 {
        "206 Partial Content".to_owned()
    } else {
        "200 OK".to_owned()
    };
    let length = if status.starts_with('2') { rest.len() } else { 0 };
    let range = if from > 0 {
        format!("Content-Range: bytes {from}-{}/{}\r\n", contents.len() - 1, contents.len())
    } else {
        String::new()
    };
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{range}Connection: close\r\n\r\n")?;
    match does {
        _ if length == 0 => Ok(()),
        Does::BreaksOffAfter(bytes) => stream.write_all(&rest[..bytes.min(length)]),
        Does::StandsStillAfter(bytes) => {
            stream.write_all(&rest[..bytes.min(length)])?;
            std::thread::sleep(Duration::from_millis(900));
            Ok(())
        }
        Does::Sends | Does::KnowsNoRanges | Does::Refuses(_) => stream.write_all(rest),
    }
}

const CONTENTS: &[u8] = b"message digest";
/// MD5 of that, RFC 1321, appendix A.5.
const MD5: &str = "f96b697d7cb7938d525a2f31aaf161d0";
const PATIENCE: Patience =
    Patience { stall: Duration::from_millis(300), pause: Duration::from_millis(1), attempts: 2 };

fn published(digest: Stated) -> Published {
    Published { publisher: Publisher::Keras, url: "https://example.org/w.h5", digest }
}

/// Fetches into a folder; what is there afterwards.
fn run(folder: &Path, url: &str, digest: Stated) -> (Result<Vec<u8>, String>, Vec<String>) {
    let fetched = download(&published(digest), url, folder, PATIENCE, &mut |_, _| {})
        .map(|path| std::fs::read(path).unwrap())
        .map_err(|error| error.to_string());
    let names = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        names.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    (fetched, names)
}

fn fetched(does: &'static [Does]) -> (Result<Vec<u8>, String>, Vec<String>, usize) {
    let folder = tempfile::tempdir().unwrap();
    let (url, asked) = serve(CONTENTS, does);
    let (result, names) = run(folder.path(), &url, Stated::Md5(MD5));
    (result, names, asked.load(Ordering::SeqCst))
}

#[test]
fn a_transfer_goes_on_from_where_it_broke_off() {
    let whole = (Ok(CONTENTS.to_vec()), vec!["w.h5".to_owned()]);
    let of = |does| {
        let (result, names, asked) = fetched(does);
        ((result, names), asked)
    };
    assert_eq!(of(&[Does::Sends]), (whole.clone(), 1));
    assert_eq!(of(&[Does::BreaksOffAfter(3), Does::BreaksOffAfter(4), Does::Sends]), (whole.clone(), 3));
    assert_eq!(of(&[Does::StandsStillAfter(5), Does::Sends]), (whole.clone(), 2));
    assert_eq!(of(&[Does::Refuses(503), Does::Sends]), (whole.clone(), 2));
    // and from the beginning where the server knows no parts
    assert_eq!(of(&[Does::BreaksOffAfter(3), Does::KnowsNoRanges]), (whole, 2));
}

#[test]
fn what_has_come_is_there_for_the_next_process() {
    let folder = tempfile::tempdir().unwrap();
    let (url, _) = serve(CONTENTS, &[Does::BreaksOffAfter(5), Does::Refuses(500)]);
    let (result, names) = run(folder.path(), &url, Stated::Md5(MD5));
    let error = result.unwrap_err();
    assert!(error.contains("5 bytes are kept") && error.contains("put it at"), "{error}");
    assert_eq!(names, ["w.h5.part"]);
    let (url, asked) = serve(CONTENTS, &[Does::Sends]);
    assert_eq!(run(folder.path(), &url, Stated::Md5(MD5)).0.unwrap(), CONTENTS);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

/// Whoever has no network learns that at once.
#[test]
fn a_server_that_is_not_known_is_asked_once() {
    let folder = tempfile::tempdir().unwrap();
    let (result, names) = run(folder.path(), "http://nobody.invalid/w.h5", Stated::Nothing);
    let error = result.unwrap_err();
    assert!(error.contains("the server's name is not known"), "{error}");
    assert!(names.is_empty(), "{names:?}");
}

#[test]
fn other_files_are_refused_and_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (url, asked) = serve(b"another file", &[Does::Sends]);
    let (result, names) = run(folder.path(), &url, Stated::Md5(MD5));
    let error = result.unwrap_err();
    assert!(error.contains("another file than the official one") && error.contains(MD5), "{error}");
    assert!(names.is_empty(), "{names:?}");
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    // the beginning of another file: all is fetched anew, once
    std::fs::write(folder.path().join("w.h5.part"), b"older").unwrap();
    let (url, asked) = serve(CONTENTS, &[Does::Sends]);
    assert_eq!(run(folder.path(), &url, Stated::Md5(MD5)).0.unwrap(), CONTENTS);
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[test]
fn refusals_are_not_asked_again() {
    let (result, names, asked) = fetched(&[Does::Refuses(404)]);
    let error = result.unwrap_err();
    assert!(error.contains("404") && error.contains("put it at"), "{error}");
    assert_eq!((names, asked), (Vec::new(), 1), "nothing has come, and nothing is kept");
}

#[test]
fn digests_are_those_of_the_publishers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("abc");
    std::fs::write(&path, b"abc").unwrap();
    let is = |digest| is_right(&published(digest), &path).unwrap();
    // FIPS 180-2, example B.1; RFC 1321, appendix A.5
    assert!(is(Stated::Sha256("ba7816bf")) && !is(Stated::Sha256("ba7816be")));
    assert!(is(Stated::Md5("900150983cd24fb0d6963f7d28e17f72")) && is(Stated::Nothing));
}

//! [`super::fetch`] against a server on loopback.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use super::*;

/// Answers one request after the other, each by the first path that is a prefix of what was asked for.
fn serve(answers: Vec<(&'static str, Vec<u8>)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = answer(stream.unwrap(), &answers);
        }
    });
    format!("http://{address}")
}

fn answer(mut stream: TcpStream, answers: &[(&str, Vec<u8>)]) -> io::Result<()> {
    let mut request = Vec::new();
    let mut byte = [0u8];
    while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte)? == 1 {
        request.push(byte[0]);
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let path = request.split(' ').nth(1).unwrap_or_default();
    match answers.iter().find(|(known, _)| path == *known) {
        Some((_, bytes)) => stream.write_all(bytes),
        None => stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
    }
}

fn ok(body: &[u8]) -> Vec<u8> {
    ok_of_length(body, body.len())
}

fn ok_of_length(body: &[u8], length: usize) -> Vec<u8> {
    let mut bytes =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n").into_bytes();
    bytes.extend(body);
    bytes
}

fn gzip(contents: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(contents).unwrap();
    encoder.finish().unwrap()
}

const CONTENTS: &[u8] = b"abc";
/// SHA-256 of `abc`, FIPS 180-2 example B.1.
const SHA256: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const GZIPPED: RemoteFile =
    RemoteFile { name: "abc.gz", checksum: Checksum::Contents(SHA256), limit_bytes: 1 << 20 };
const PLAIN: RemoteFile = RemoteFile { name: "abc", checksum: Checksum::File(SHA256), limit_bytes: 1 << 20 };

/// Fetches, and says what is in the directory afterwards.
fn run(file: &RemoteFile, url: &str) -> (Result<Vec<u8>, String>, Vec<String>) {
    let dir = tempfile::tempdir().unwrap();
    let cache = dir.path().join("made/when/needed");
    let fetched = fetch(file, url, &cache, &mut |_, _| {})
        .map(|path| fs::read(path).unwrap())
        .map_err(|error| error.to_string());
    let left = fs::read_dir(&cache)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    (fetched, left)
}

#[test]
fn a_right_file_arrives_with_progress() {
    let gz = gzip(CONTENTS);
    let url = serve(vec![("/abc.gz", ok(&gz)), ("/abc", ok(CONTENTS))]);
    let dir = tempfile::tempdir().unwrap();
    let mut seen = Vec::new();
    let path =
        fetch(&GZIPPED, &format!("{url}/abc.gz"), dir.path(), &mut |done, total| seen.push((done, total)))
            .unwrap();
    assert_eq!((path.clone(), fs::read(&path).unwrap()), (dir.path().join("abc.gz"), gz.clone()));
    assert_eq!(
        (seen[0], *seen.last().unwrap()),
        ((0, Some(gz.len() as u64)), (gz.len() as u64, Some(gz.len() as u64)))
    );
    assert_eq!(run(&PLAIN, &format!("{url}/abc")), (Ok(CONTENTS.to_vec()), vec!["abc".to_owned()]));
}

#[test]
fn any_compression_of_the_right_contents_passes() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    encoder.write_all(CONTENTS).unwrap();
    let url = serve(vec![("/abc.gz", ok(&encoder.finish().unwrap()))]);
    assert!(run(&GZIPPED, &format!("{url}/abc.gz")).0.is_ok());
}

#[test]
fn redirects_are_followed() {
    let url = serve(vec![
        (
            "/old",
            b"HTTP/1.1 302 Found\r\nLocation: /abc\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                .to_vec(),
        ),
        ("/abc", ok(CONTENTS)),
        (
            "/circle",
            b"HTTP/1.1 302 Found\r\nLocation: /circle\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                .to_vec(),
        ),
    ]);
    assert_eq!(run(&PLAIN, &format!("{url}/old")).0, Ok(CONTENTS.to_vec()));
    assert!(run(&PLAIN, &format!("{url}/circle")).0.unwrap_err().contains("could not fetch"));
}

/// Fetching fails with these words, says where to put the file by hand, and leaves nothing behind.
fn assert_fails(file: &RemoteFile, url: &str, words: &str) {
    let (fetched, left) = run(file, url);
    let error = fetched.unwrap_err();
    assert!(error.contains(words) && error.contains("put it at") && error.contains(file.name), "{error}");
    assert_eq!(left, Vec::<String>::new());
}

#[test]
fn another_file_is_refused() {
    let url = serve(vec![("/abc", ok(b"abd")), ("/abc.gz", ok(&gzip(b"abd"))), ("/page", ok(b"<html>"))]);
    assert_fails(&PLAIN, &format!("{url}/abc"), SHA256);
    assert_fails(&GZIPPED, &format!("{url}/abc.gz"), SHA256);
    assert_fails(&GZIPPED, &format!("{url}/page"), "no whole gzip file");
}

#[test]
fn a_broken_transfer_is_refused() {
    let gz = gzip(CONTENTS);
    let cut = &gz[..gz.len() - 4];
    let url = serve(vec![("/cut", ok_of_length(cut, gz.len())), ("/short.gz", ok(cut))]);
    assert_fails(&GZIPPED, &format!("{url}/cut"), "broke off");
    assert_fails(&GZIPPED, &format!("{url}/short.gz"), "no whole gzip file");
}

#[test]
fn refusals_and_dead_servers_are_named() {
    let url = serve(vec![(
        "/busy",
        b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec(),
    )]);
    assert_fails(&PLAIN, &format!("{url}/none"), "404");
    assert_fails(&PLAIN, &format!("{url}/busy"), "503");
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_fails(&PLAIN, &format!("http://{gone}/abc"), "could not fetch");
}

#[test]
fn no_more_than_the_limit_is_taken() {
    let url = serve(vec![("/abc", ok(&vec![b'x'; 5000]))]);
    assert_fails(&RemoteFile { limit_bytes: 1000, ..PLAIN }, &format!("{url}/abc"), "broke off");
}

//! A process that serves pages, as tests talk to it, and a browser that looks at them.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Nothing here takes longer.
const PATIENCE: Duration = Duration::from_secs(120);

pub fn cnnc(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cnnc"));
    command
        .args(words)
        .current_dir(folder)
        .env_remove("CNNC_DATA_DIR")
        .env("LC_ALL", "C")
        .env("CNNC_MEMORY_MIB", "65536");
    command
}

/// What a command prints and complains of, that ends so.
pub fn ends(folder: &Path, words: &[&str], code: i32) -> [String; 2] {
    let done = cnnc(folder, words).output().expect("started");
    let said = [done.stdout, done.stderr].map(|bytes| String::from_utf8(bytes).expect("text"));
    assert_eq!(done.status.code(), Some(code), "{said:?}");
    said
}

/// A process that serves a page.
pub struct Served {
    process: Child,
    /// `127.0.0.1:PORT`
    pub host: String,
    pub token: String,
}

/// What is answered.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Served {
    /// Begins, and waits for the address on the stream where it is printed.
    pub fn start(folder: &Path, words: &[&str]) -> Self {
        let mut process =
            cnnc(folder, words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
        let (out, complaints) = (process.stdout.take(), process.stderr.take());
        let (out, complaints) = (out.expect("piped"), complaints.expect("piped"));
        let (out, complaints) = (BufReader::new(out), BufReader::new(complaints));
        type Stream = Box<dyn BufRead + Send>;
        let (mut stream, mut other): (Stream, Stream) = if words[0] == "ui" {
            (Box::new(out), Box::new(complaints))
        } else {
            (Box::new(complaints), Box::new(out))
        };
        std::thread::spawn(move || std::io::copy(&mut other, &mut std::io::sink()));
        let mut line = String::new();
        while !line.contains("http://") {
            line.clear();
            assert!(stream.read_line(&mut line).expect("text") > 0, "no address");
        }
        // what else is said is read away, so that it can be said
        std::thread::spawn(move || std::io::copy(&mut stream, &mut std::io::sink()));
        let (_, address) = line.trim().split_once("http://").expect("an address");
        let (host, token) = address.split_once("/?token=").expect("a token");
        assert!(host.starts_with("127.0.0.1:") && token.len() == 32, "{line}");
        Self { process, host: host.to_owned(), token: token.to_owned() }
    }

    /// The address of a path, with the token.
    pub fn address(&self, path: &str) -> String {
        let joint = if path.contains('?') { '&' } else { '?' };
        format!("http://{}{path}{joint}token={}", self.host, self.token)
    }

    /// Sends a request, word for word.
    pub fn send(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.host).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("set");
        stream.write_all(request.as_bytes()).expect("sent");
        stream
    }

    /// The answer to a first line and headers, after which the connection ends.
    pub fn raw(&self, line: &str, headers: &[(&str, &str)]) -> Answer {
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let mut stream = self.send(&format!("{line} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n"));
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).expect("an answer");
        let text = String::from_utf8(bytes).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    /// What a page of ours gets; `path` has its query.
    pub fn get(&self, path: &str) -> Answer {
        let joint = if path.contains('?') { '&' } else { '?' };
        self.raw(&format!("GET {path}{joint}token={}", self.token), &[("Host", &self.host)])
    }

    /// Presses a button.
    pub fn post(&self, path: &str) -> Answer {
        let origin = format!("http://{}", self.host);
        self.raw(&format!("POST {path}?token={}", self.token), &[("Host", &self.host), ("Origin", &origin)])
    }

    /// Listens to events up to one that has this in it.
    pub fn hears(&self, wanted: &str) -> String {
        let line = format!("GET /events?token={} HTTP/1.1\r\nHost: {}\r\n\r\n", self.token, self.host);
        let (mut stream, begun) = (BufReader::new(self.send(&line)), Instant::now());
        let mut line = String::new();
        while !(line.starts_with("data: ") && line.contains(wanted)) {
            line.clear();
            assert!(stream.read_line(&mut line).expect("text") > 0, "it ended without {wanted}");
            assert!(begun.elapsed() < PATIENCE, "no {wanted}");
        }
        line
    }

    pub fn interrupt(&self) {
        let sent = Command::new("kill").args(["-INT", &self.process.id().to_string()]).status();
        assert!(sent.expect("`kill` is there").success());
    }

    pub fn code(mut self) -> Option<i32> {
        self.process.wait().expect("it ends").code()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // where a test has failed; one that has ended cannot be killed
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The first of these programs that is there.
fn program(names: &[&str]) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&folders).collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|path| path.is_file())
}

/// Looks at pages in a browser by a script of `tests/browser`. `false` where there is none.
#[allow(clippy::print_stderr, reason = "it says that it is skipped")]
pub fn is_sound(script: &str, words: &[&str]) -> bool {
    let (Some(node), Some(chromium)) = (program(&["node"]), program(&["chromium", "chromium-browser"]))
    else {
        eprintln!(
            "skipped: pages are opened where there are `node` and `chromium` (Debian: nodejs chromium)"
        );
        return false;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser").join(script);
    let done = Command::new(node).arg(script).arg(chromium).args(words).output().expect("started");
    let said = [done.stdout, done.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(done.status.success(), "{said}");
    true
}

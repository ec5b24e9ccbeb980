//! Where runs are made, and what is expected of them.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::programs::{PHASES, PICTURES, PLAIN, TINY, logged};

pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in [("tiny", TINY), ("phases", PHASES), ("plain", PLAIN), ("pictures", PICTURES)] {
            fs::write(folder.path().join(format!("{name}.cnn")), text).expect("written");
        }
        fs::write(folder.path().join("logged.cnn"), logged()).expect("written");
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cnnc"));
        command
            .env_remove("CNNC_DATA_DIR")
            .env("CNNC_MEMORY_MIB", "65536")
            .env("XDG_CACHE_HOME", self.path("cache"));
        command.current_dir(self.folder.path()).args(words).args(["--lang", "en"]);
        if words[0] == "run" {
            command.args(["--threads", "1"]);
        }
        command
    }

    pub(crate) fn cnnc(&self, words: &[&str]) -> Done {
        Done(self.command(words).output().expect("started"))
    }

    /// A run that goes on beside the test.
    pub(crate) fn start(&self, words: &[&str]) -> Child {
        self.command(words).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("started")
    }

    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// What a run must leave, but for wall times.
    pub(crate) fn results(&self, run: &str) -> Results {
        let timeless = |name: &str| {
            let text = fs::read_to_string(self.path(run).join(name)).ok()?;
            Some(text.lines().map(|row| row.rsplit_once(',').expect("columns").0.to_owned() + "\n").collect())
        };
        let best = fs::read(self.path(run).join("best.safetensors")).ok();
        let weights = self.bytes(&format!("{run}/weights.safetensors"));
        Results { weights, best, history: timeless("history.csv"), log: timeless("log.csv") }
    }

    /// A copy of a run's folder.
    pub(crate) fn copy(&self, from: &str, to: &str) {
        let _ = fs::remove_dir_all(self.path(to));
        fs::create_dir(self.path(to)).expect("made");
        for entry in fs::read_dir(self.path(from)).expect("a folder") {
            let entry = entry.expect("readable");
            fs::copy(entry.path(), self.path(to).join(entry.file_name())).expect("copied");
        }
    }

    /// Changes one byte of a file.
    pub(crate) fn flip(&self, name: &str, at: usize, bits: u8) {
        let mut bytes = self.bytes(name);
        bytes[at] ^= bits;
        fs::write(self.path(name), bytes).expect("written");
    }
}

#[derive(PartialEq)]
pub(crate) struct Results {
    pub(crate) weights: Vec<u8>,
    pub(crate) best: Option<Vec<u8>>,
    pub(crate) history: Option<String>,
    pub(crate) log: Option<String>,
}

impl Results {
    #[track_caller]
    pub(crate) fn are(&self, expected: &Results, what: &str) {
        assert!(self.weights == expected.weights, "{what}: other weights");
        assert!(self.best == expected.best, "{what}: another checkpoint");
        assert_eq!(self.history, expected.history, "{what}");
        assert_eq!(self.log, expected.log, "{what}");
    }
}

pub(crate) struct Done(pub(crate) Output);

impl Done {
    pub(crate) fn said(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).expect("text")
    }

    #[track_caller]
    pub(crate) fn success(self) -> Self {
        assert!(self.0.status.success(), "{}: {}", self.0.status, self.said());
        self
    }

    /// Ended with exit code 1 and these words.
    #[track_caller]
    pub(crate) fn refused(self, words: &[&str]) -> Self {
        assert_eq!(self.0.status.code(), Some(1), "{}", self.said());
        self.says(words)
    }

    #[track_caller]
    pub(crate) fn says(self, words: &[&str]) -> Self {
        let said = self.said();
        for words in words {
            assert!(said.contains(words), "`{words}` is not in: {said}");
        }
        self
    }
}

pub(crate) fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(120), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

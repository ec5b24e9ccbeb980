//! A file of events, written step by step.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use prost::Message;

use super::message::{Event, GraphDef, SessionLog, SessionStatus, Summary, What};
use super::record;
use crate::files;

/// How the names of event files begin: TensorBoard knows them by it, and reads them in the order of their
/// names.
const STEM: &str = "events.out.tfevents.";
/// The form of the events in a file.
const VERSION: &str = "brain.Event:2";

/// An event file that is added to. What is added is in the file when the call returns: TensorBoard may be
/// reading it.
#[derive(Debug)]
pub struct EventFile {
    path: PathBuf,
    file: File,
}

impl EventFile {
    /// Begins a file in a folder, which is made if it is not there. What older files of the folder say of
    /// `step` and of later ones does not count any more: TensorBoard forgets it when it comes to the session
    /// that begins here.
    /// # Errors
    /// The system's.
    pub fn begin(folder: &Path, step: usize) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let path = folder.join(free_name(seconds_now() as u64, &names(folder)?));
        let session = SessionLog { status: SessionStatus::Start.into() };
        let mut bytes = Vec::new();
        push(&mut bytes, 0, What::FileVersion(VERSION.to_owned()));
        push(&mut bytes, step, What::Session(session));
        files::write_new(&path, &bytes)?;
        Ok(Self { file: files::append(&path)?, path })
    }

    /// Whether there are event files in a folder.
    pub fn any_in(folder: &Path) -> bool {
        names(folder).is_ok_and(|names| !names.is_empty())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds the values of a step.
    /// # Errors
    /// The system's; a part of it may have been written, which TensorBoard passes over.
    pub fn add(&mut self, step: usize, values: Summary) -> io::Result<()> {
        self.write(step, What::Summary(values))
    }

    /// Adds a graph.
    /// # Errors
    /// As [`Self::add`].
    pub fn add_graph(&mut self, graph: &GraphDef) -> io::Result<()> {
        self.write(0, What::Graph(graph.encode_to_vec()))
    }

    fn write(&mut self, step: usize, what: What) -> io::Result<()> {
        let mut bytes = Vec::new();
        push(&mut bytes, step, what);
        self.file.write_all(&bytes)
    }
}

fn push(bytes: &mut Vec<u8>, step: usize, what: What) {
    let step = i64::try_from(step).unwrap_or(i64::MAX);
    let event = Event { wall_time: seconds_now(), step, what: Some(what) };
    record::push(bytes, &event.encode_to_vec());
}

/// Since 1970.
fn seconds_now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// The names of the event files in a folder; of one that is not there, none.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    Ok(names.filter(|name| name.starts_with(STEM)).collect())
}

/// A name that comes after those of all files that are there, whatever has become of the clock meanwhile.
fn free_name(seconds: u64, there: &[String]) -> String {
    let begun = |name: &String| name.strip_prefix(STEM)?.split('.').next()?.parse::<u64>().ok();
    let last = there.iter().filter_map(begun).max();
    let seconds = seconds.max(last.map_or(0, |last| last.saturating_add(1)));
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    let host: String = files::host().unwrap_or_default().chars().filter(|&c| is_plain(c)).collect();
    let host = if host.is_empty() { "localhost" } else { &host };
    format!("{STEM}{seconds:010}.{host}.{}", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::message::{OfValue, Value};
    use crate::events::{histogram_of, message};

    #[test]
    fn a_later_file_comes_later() {
        let name = |seconds, there: &[&str]| {
            free_name(seconds, &there.iter().map(|&name| name.to_owned()).collect::<Vec<_>>())
        };
        assert!(name(5, &[]).starts_with("events.out.tfevents.0000000005."));
        let first = name(1_700_000_000, &[]);
        let second = name(1_600_000_000, &[&first, "events.out.tfevents.other"]);
        assert!(second.starts_with("events.out.tfevents.1700000001.") && second > first, "{second}");
    }

    #[test]
    fn files_of_a_folder_begin_with_their_session() {
        let folder = tempfile::tempdir().expect("a folder");
        let logs = folder.path().join("logs/train");
        assert!(!EventFile::any_in(&logs));
        let mut file = EventFile::begin(&logs, 3).expect("begun");
        assert!(EventFile::any_in(&logs));
        let mut values = Summary::default();
        values.push_scalar("loss", 0.5);
        file.add(3, values.clone()).expect("added");
        let bytes = fs::read(file.path()).expect("there");
        let events = events_of(&bytes);
        assert_eq!(events[0].what, Some(What::FileVersion(VERSION.to_owned())));
        assert_eq!((events[1].step, &events[1].what), (3, &Some(What::Session(SessionLog { status: 1 }))));
        assert_eq!((events[2].step, &events[2].what), (3, &Some(What::Summary(values))));
        assert!(events[2].wall_time > 1e9);
        let second = EventFile::begin(&logs, 4).expect("begun");
        assert!(second.path() > file.path());
    }

    fn events_of(mut bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some((length, rest)) = bytes.split_at_checked(8) {
            let length = u64::from_le_bytes(length.try_into().expect("eight bytes")) as usize;
            events.push(Event::decode(&rest[4..4 + length]).expect("an event"));
            bytes = &rest[4 + length + 4..];
        }
        events
    }

    /// The bytes that TensorBoard's own messages make of the same: `tests/tensorboard/golden.py` prints them.
    #[test]
    fn messages_have_the_bytes_of_tensorboards() {
        let mut values = Summary::default();
        values.push_scalar("loss", 0.5);
        values.push_png("sheet", [2, 3], vec![1, 2, 3]);
        values.push_histogram("dense/kernel", histogram_of(&[1.0, 1.0]).expect("there are values"));
        let event = Event { wall_time: 1.5, step: 7, what: Some(What::Summary(values)) };
        let extent = |size| message::Extent { size };
        let shape = message::TensorShape { extents: vec![extent(-1), extent(10)] };
        let shapes = message::OfAttribute::Shapes(message::Shapes { shapes: vec![shape] });
        let attribute = |value| message::Attribute { value: Some(value) };
        let node = message::NodeDef {
            name: "a/dense".to_owned(),
            op: "dense".to_owned(),
            inputs: vec!["input".to_owned()],
            device: "/device:CPU:0".to_owned(),
            attributes: [
                ("_output_shapes".to_owned(), attribute(shapes)),
                ("frozen".to_owned(), attribute(message::OfAttribute::Is(true))),
                ("parameters".to_owned(), attribute(message::OfAttribute::Count(650))),
                ("units".to_owned(), attribute(message::OfAttribute::Text(b"10".to_vec()))),
            ]
            .into(),
        };
        let graph = GraphDef { nodes: vec![node] };
        let start = Event {
            wall_time: 1.5,
            step: 4,
            what: Some(What::Session(SessionLog { status: SessionStatus::Start.into() })),
        };
        let hex = |bytes: Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let made = [event.encode_to_vec(), graph.encode_to_vec(), start.encode_to_vec()].map(hex);
        let golden: Vec<&str> = include_str!("../../tests/tensorboard/golden.txt").lines().collect();
        assert_eq!(made.each_ref().map(String::as_str)[..], golden[..]);
        let value = |value| Value { tag: String::new(), value };
        assert_eq!(Value::decode(&[][..]), Ok(value(None)));
        assert_ne!(value(Some(OfValue::Scalar(0.0))).encode_to_vec(), [0; 0], "a zero is written");
    }
}

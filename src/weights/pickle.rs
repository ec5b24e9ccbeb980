//! What a pickle would do, operation by operation, without doing it: how much it builds, and which texts it
//! has. Python's `pickletools` documents the operations.

use std::collections::HashMap;

/// Most values that a pickle may build, with the copies that its memo makes: a tensor of a state dict takes
/// some 75, of some fifty bytes each.
const MOST_VALUES: usize = 2_500_000;
/// What an entry of a dictionary takes besides its key and its value, as so many values.
const ENTRY: usize = 8;

/// What stands behind the byte of an operation.
enum Argument {
    Bytes(usize),
    /// As many bytes as a number of so many bytes says.
    Counted(usize),
    Lines(usize),
}

/// What an operation does to the stack of values.
enum Effect {
    Nothing,
    Push,
    Mark,
    /// So many values become one.
    Join(usize),
    /// All values from the last mark on become one.
    JoinMarked,
    /// A key and a value go into the dictionary in front of them.
    Entry,
    /// All values from the last mark on go into the one in front of it, as so many values each more than they
    /// are.
    IntoMarked(usize),
    Pop,
    PopMarked,
    Copy,
    Put,
    Get,
    Stop,
}

fn operation(code: u8) -> Option<(Argument, Effect)> {
    use Argument::{Bytes, Counted, Lines};
    use Effect::{
        Copy, Entry, Get, IntoMarked, Join, JoinMarked, Mark, Nothing, Pop, PopMarked, Push, Put, Stop,
    };
    Some(match code {
        b'.' => (Bytes(0), Stop),
        b'(' => (Bytes(0), Mark),
        b'0' => (Bytes(0), Pop),
        b'1' => (Bytes(0), PopMarked),
        b'2' => (Bytes(0), Copy),
        b'N' | b')' | b']' | b'}' | 0x88 | 0x89 | 0x8f | 0x97 => (Bytes(0), Push),
        b'K' | 0x82 => (Bytes(1), Push),
        b'M' | 0x83 => (Bytes(2), Push),
        b'J' | 0x84 => (Bytes(4), Push),
        b'G' => (Bytes(8), Push),
        b'F' | b'I' | b'L' | b'P' | b'S' | b'V' => (Lines(1), Push),
        b'c' => (Lines(2), Push),
        b'U' | b'C' | 0x8a | 0x8c => (Counted(1), Push),
        b'T' | b'X' | b'B' | 0x8b => (Counted(4), Push),
        0x8d | 0x8e | 0x96 => (Counted(8), Push),
        b'Q' | 0x85 => (Bytes(0), Join(1)),
        b'R' | b'a' | b'b' | 0x81 | 0x86 | 0x93 => (Bytes(0), Join(2)),
        0x87 | 0x92 => (Bytes(0), Join(3)),
        b's' => (Bytes(0), Entry),
        b't' | b'l' | b'd' | b'o' | 0x91 => (Bytes(0), JoinMarked),
        b'i' => (Lines(2), JoinMarked),
        b'u' => (Bytes(0), IntoMarked(ENTRY / 2)),
        b'e' | 0x90 => (Bytes(0), IntoMarked(0)),
        b'p' => (Lines(1), Put),
        b'q' => (Bytes(1), Put),
        b'r' => (Bytes(4), Put),
        0x94 => (Bytes(0), Put),
        b'g' => (Lines(1), Get),
        b'h' => (Bytes(1), Get),
        b'j' => (Bytes(4), Get),
        0x80 => (Bytes(1), Nothing),
        0x95 => (Bytes(8), Nothing),
        0x98 => (Bytes(0), Nothing),
        _ => return None,
    })
}

/// The argument of an operation and what follows it; `None` where it is cut off.
fn argument(rest: &[u8], kind: Argument) -> Option<(&[u8], &[u8])> {
    match kind {
        Argument::Bytes(count) => rest.split_at_checked(count),
        Argument::Counted(size) => {
            let (count, rest) = rest.split_at_checked(size)?;
            rest.split_at_checked(usize::try_from(little_endian(count)).ok()?)
        }
        Argument::Lines(count) => {
            let ends = rest.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
            let end = ends.map(|(at, _)| at + 1).nth(count - 1)?;
            rest.split_at_checked(end)
        }
    }
}

fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// The stack and the memo, with the number of values that each entry is made of.
#[derive(Default)]
struct Machine {
    stack: Vec<usize>,
    marks: Vec<usize>,
    memo: HashMap<u64, usize>,
    built: usize,
}

impl Machine {
    fn act(&mut self, effect: &Effect, code: u8, argument: &[u8]) {
        let marked = |machine: &mut Self| {
            let from = machine.marks.pop().unwrap_or(0).min(machine.stack.len());
            let count = machine.stack.len() - from;
            (machine.stack.drain(from..).fold(0, usize::saturating_add), count)
        };
        match effect {
            Effect::Nothing | Effect::Stop => {}
            Effect::Push => self.build(1),
            Effect::Mark => self.marks.push(self.stack.len()),
            Effect::Join(count) => self.join(*count, 1),
            Effect::Entry => self.join(3, ENTRY),
            Effect::JoinMarked => {
                let (values, _) = marked(self);
                self.stack.push(values.saturating_add(1));
                self.built += 1;
            }
            Effect::IntoMarked(more) => {
                let (values, count) = marked(self);
                self.built += more * count;
                let values = values.saturating_add(more * count);
                if let Some(into) = self.stack.last_mut() {
                    *into = into.saturating_add(values);
                }
            }
            Effect::Pop => drop(self.stack.pop()),
            Effect::PopMarked => drop(marked(self)),
            Effect::Copy => self.build(self.stack.last().copied().unwrap_or(0)),
            Effect::Put => {
                let slot = if code == 0x94 { self.memo.len() as u64 } else { slot(code, argument) };
                let values = self.stack.last().copied().unwrap_or(1);
                self.built = self.built.saturating_add(values);
                self.memo.insert(slot, values);
            }
            Effect::Get => self.build(self.memo.get(&slot(code, argument)).copied().unwrap_or(1)),
        }
    }

    /// The last values become one, which takes so many more than they do.
    fn join(&mut self, count: usize, more: usize) {
        let from = self.stack.len().saturating_sub(count);
        let values = self.stack.drain(from..).fold(more, usize::saturating_add);
        self.stack.push(values);
        self.built += more;
    }

    fn build(&mut self, values: usize) {
        self.built = self.built.saturating_add(values);
        self.stack.push(values);
    }
}

/// The place in the memo, in digits or in bytes.
fn slot(code: u8, argument: &[u8]) -> u64 {
    if matches!(code, b'p' | b'g') {
        return std::str::from_utf8(argument).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    }
    little_endian(argument)
}

/// What a pickle tells without being read.
#[derive(Default)]
pub(super) struct Outline<'b> {
    /// Its texts and where they stand, in their order.
    pub(super) texts: Vec<(&'b [u8], usize)>,
    /// Bytes up to its end; `None` where it has none.
    pub(super) length: Option<usize>,
}

/// Walks through a pickle. What is no pickle, or is cut off, ends it: who reads it says so.
/// # Errors
/// It would build far more than a network's weights do.
pub(super) fn outline(bytes: &[u8]) -> Result<Outline<'_>, String> {
    let (mut machine, mut outline) = (Machine::default(), Outline::default());
    let mut rest = bytes;
    while let Some((&code, behind)) = rest.split_first() {
        let place = bytes.len() - rest.len();
        let Some((kind, effect)) = operation(code) else { break };
        let Some((argument, behind)) = argument(behind, kind) else { break };
        machine.act(&effect, code, argument);
        if machine.built > MOST_VALUES {
            return Err("its pickle would build far more than the weights of a network".to_owned());
        }
        if matches!(code, b'X' | b'U' | 0x8c) {
            outline.texts.push((argument, place));
        }
        rest = behind;
        if matches!(effect, Effect::Stop) {
            outline.length = Some(bytes.len() - rest.len());
            break;
        }
    }
    Ok(outline)
}

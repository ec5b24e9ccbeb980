//! Ranks that are threads of one process.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::communicator::Communicator;
use super::error::RankError;
use super::network::Network;
use super::{Tag, Transport};

/// Buffers that are kept for messages to come.
const SPARE: usize = 16;

/// Communicators of this many threads, in the order of their ranks. Messages arrive at once.
pub fn threads(size: usize, patience: Duration) -> Vec<Communicator> {
    connected(size, None, patience)
}

/// The same, as slow as a network.
pub fn threads_over(size: usize, network: Network, patience: Duration) -> Vec<Communicator> {
    connected(size, Some(network), patience)
}

fn connected(size: usize, network: Option<Network>, patience: Duration) -> Vec<Communicator> {
    let inboxes: Arc<[Mutex<Inbox>]> = (0..size).map(|_| Mutex::default()).collect();
    let lines: Arc<[Mutex<Lines>]> = (0..size).map(|_| Mutex::new(Lines::new())).collect();
    let rank = |rank| {
        let local = Local {
            rank,
            inboxes: Arc::clone(&inboxes),
            lines: Arc::clone(&lines),
            network,
            spare: Vec::new(),
        };
        Communicator::new(Box::new(local), patience)
    };
    (0..size).map(rank).collect()
}

/// A rank that is a thread.
#[derive(Debug)]
struct Local {
    rank: usize,
    inboxes: Arc<[Mutex<Inbox>]>,
    lines: Arc<[Mutex<Lines>]>,
    network: Option<Network>,
    spare: Vec<Vec<u8>>,
}

/// Messages, each with the moment at which it is there.
type Queue = VecDeque<(Instant, Vec<u8>)>;

/// What was sent to a rank, by sender and tag.
#[derive(Debug, Default)]
struct Inbox {
    messages: HashMap<(usize, Tag), Queue>,
}

/// When a rank's line is free again, in either direction.
#[derive(Debug)]
struct Lines {
    out: Instant,
    into: Instant,
}

impl Lines {
    fn new() -> Self {
        let now = Instant::now();
        Self { out: now, into: now }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // nothing panics while it has the lock
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Local {
    /// When a message that is sent now is there.
    fn arrival(&self, to: usize, bytes: usize) -> Instant {
        let now = Instant::now();
        let Some(network) = self.network else { return now };
        let transfer = network.transfer(bytes);
        let sent = {
            let mut lines = locked(&self.lines[self.rank]);
            lines.out = lines.out.max(now) + transfer;
            lines.out
        };
        let mut lines = locked(&self.lines[to]);
        // bytes pass on as they come: the line of whoever receives is busy at the same time
        lines.into = (lines.into + transfer).max(sent);
        lines.into + network.latency
    }
}

impl Transport for Local {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.inboxes.len()
    }

    fn send(&mut self, to: usize, tag: Tag, bytes: Vec<u8>) -> Result<(), RankError> {
        let arrival = self.arrival(to, bytes.len());
        let mut inbox = locked(&self.inboxes[to]);
        inbox.messages.entry((self.rank, tag)).or_default().push_back((arrival, bytes));
        Ok(())
    }

    fn receive(&mut self, from: usize, tag: Tag) -> Result<Option<Vec<u8>>, RankError> {
        let mut inbox = locked(&self.inboxes[self.rank]);
        let Some(queue) = inbox.messages.get_mut(&(from, tag)) else { return Ok(None) };
        let is_there = queue.front().is_some_and(|(arrival, _)| *arrival <= Instant::now());
        Ok(if is_there { queue.pop_front().map(|(_, bytes)| bytes) } else { None })
    }

    fn progress(&mut self) -> Result<(), RankError> {
        Ok(())
    }

    fn buffer(&mut self) -> Vec<u8> {
        self.spare.pop().unwrap_or_default()
    }

    fn give_back(&mut self, mut buffer: Vec<u8>) {
        if self.spare.len() < SPARE {
            buffer.clear();
            self.spare.push(buffer);
        }
    }
}

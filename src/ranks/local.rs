//! Ranks that are threads of one process.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::communicator::Communicator;
use super::error::RankError;
use super::network::Network;
use super::{Lent, Message, Tag, Ticket, Transport, lent};

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
            tickets: 0,
            on_loan: HashMap::new(),
            expected: HashMap::new(),
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
    tickets: u64,
    /// Where messages are that are sent from where they are: to whom, with which tag.
    on_loan: HashMap<u64, (usize, Tag)>,
    /// Where messages are to be received, by sender and tag.
    expected: HashMap<(usize, Tag), Arc<dyn Lent>>,
}

/// What is sent.
#[derive(Debug)]
enum Body {
    Bytes(Vec<u8>),
    /// It is where it was, by a ticket of its sender.
    Lent(u64, Arc<dyn Lent>),
}

/// Messages, each with the moment at which it is there.
type Queue = VecDeque<(Instant, Body)>;

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

impl Local {
    fn post(&mut self, to: usize, tag: Tag, bytes: usize, body: Body) {
        let arrival = self.arrival(to, bytes);
        let mut inbox = locked(&self.inboxes[to]);
        inbox.messages.entry((self.rank, tag)).or_default().push_back((arrival, body));
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
        self.post(to, tag, bytes.len(), Body::Bytes(bytes));
        Ok(())
    }

    fn send_lent(&mut self, to: usize, tag: Tag, lent: Arc<dyn Lent>) -> Result<Ticket, RankError> {
        self.tickets += 1;
        self.on_loan.insert(self.tickets, (to, tag));
        self.post(to, tag, lent.bytes(), Body::Lent(self.tickets, lent));
        Ok(Ticket(self.tickets))
    }

    fn has_left(&mut self, ticket: Ticket) -> Result<bool, RankError> {
        let Some((to, tag)) = self.on_loan.remove(&ticket.0) else { return Ok(true) };
        // what nobody has taken is copied now, so that nobody has to wait
        let mut inbox = locked(&self.inboxes[to]);
        for (_, body) in inbox.messages.get_mut(&(self.rank, tag)).into_iter().flatten() {
            if let Body::Lent(number, lent) = body
                && *number == ticket.0
            {
                let mut bytes = self.spare.pop().unwrap_or_default();
                lent::append(&**lent, &mut bytes);
                *body = Body::Bytes(bytes);
            }
        }
        Ok(true)
    }

    fn expect(&mut self, from: usize, tag: Tag, lent: Arc<dyn Lent>) {
        self.expected.insert((from, tag), lent);
    }

    fn expect_nothing(&mut self) {
        self.expected.clear();
    }

    fn receive(&mut self, from: usize, tag: Tag) -> Result<Option<Message>, RankError> {
        let mut inbox = locked(&self.inboxes[self.rank]);
        let Some(queue) = inbox.messages.get_mut(&(from, tag)) else { return Ok(None) };
        if queue.front().is_none_or(|(arrival, _)| *arrival > Instant::now()) {
            return Ok(None);
        }
        let expected = self.expected.remove(&(from, tag));
        // with the lock of the inbox: its sender may want its memory back
        Ok(queue.pop_front().map(|(_, body)| match (body, expected) {
            (Body::Bytes(bytes), _) => Message::Bytes(bytes),
            (Body::Lent(_, from), Some(place)) if from.bytes() == place.bytes() => {
                lent::copy(&*from, &*place);
                Message::InPlace
            }
            (Body::Lent(_, from), _) => {
                let mut bytes = self.spare.pop().unwrap_or_default();
                lent::append(&*from, &mut bytes);
                Message::Bytes(bytes)
            }
        }))
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

//! One rank's end of all connections.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::error::RankError;
use super::machine::Machine;
use super::pulse::Pulse;
use super::{Lent, Message, Tag, Ticket, Transport};

/// One rank's end of all connections. Copies are the same end.
///
/// All ranks call what is called of *all ranks* in the same order. One of them that cannot go on says so with
/// [`Self::end`]: the others, wherever they wait, get [`RankError::Ended`].
#[derive(Debug, Clone)]
pub struct Communicator {
    transport: Arc<Mutex<Box<dyn Transport>>>,
    /// Which ranks of all these are; ranks count from the first of them.
    part: Range<usize>,
    /// Which of these this one is.
    rank: usize,
    /// How many there are of all.
    all: usize,
    /// How long nothing may be heard of a rank.
    patience: Duration,
    pub(super) pulse: Arc<Pulse>,
    /// Where all ranks run, once they have met.
    pub(super) machines: Arc<OnceLock<Vec<Machine>>>,
}

impl Communicator {
    /// Over a transport. `patience`: how long nothing may be heard of a rank that is waited for.
    pub fn new(transport: Box<dyn Transport>, patience: Duration) -> Self {
        let (rank, size) = (transport.rank(), transport.size());
        let transport = Arc::new(Mutex::new(transport));
        let pulse = Arc::new(Pulse::new(size));
        Self { transport, part: 0..size, rank, all: size, patience, pulse, machines: Arc::default() }
    }

    /// Some of these ranks, as if there were no others: the first of them is rank 0. `None` where this
    /// rank is none of them, or they are not all there. Errors name ranks as they are counted of all, and
    /// the end of any rank ends these as well.
    pub fn part(&self, ranks: Range<usize>) -> Option<Self> {
        let is_there = ranks.contains(&self.rank) && ranks.end <= self.size();
        let of_all = |rank: usize| self.part.start + rank;
        is_there.then(|| Self {
            part: of_all(ranks.start)..of_all(ranks.end),
            rank: self.rank - ranks.start,
            ..self.clone()
        })
    }

    /// A rank as it is counted of all.
    pub(super) fn of_all(&self, rank: usize) -> usize {
        self.part.start + rank
    }

    /// Which one this is, from 0.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// How many there are.
    pub fn size(&self) -> usize {
        self.part.len()
    }

    /// Whether this is rank 0, which writes all files.
    pub fn is_first(&self) -> bool {
        self.rank == 0
    }

    /// How long nothing may be heard of a rank.
    pub fn patience(&self) -> Duration {
        self.patience
    }

    fn transport(&self) -> MutexGuard<'_, Box<dyn Transport>> {
        self.transport.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The name of the machine that this rank runs on.
    pub(super) fn own_host(&self) -> String {
        self.transport().host()
    }

    /// Begins to send what `write` puts into an empty buffer.
    /// # Errors
    /// [`RankError`].
    pub fn send_with(&self, to: usize, tag: Tag, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), RankError> {
        let mut buffer = self.transport().buffer();
        write(&mut buffer);
        self.transport().send(self.of_all(to), tag, buffer)
    }

    /// Shows the next message of a rank with this tag to `read`, if it is there.
    /// # Errors
    /// [`RankError`].
    pub fn receive_with<R>(
        &self,
        from: usize,
        tag: Tag,
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<Option<R>, RankError> {
        let from = self.of_all(from);
        let message = self.transport().receive(from, tag)?;
        match message {
            Some(Message::Bytes(message)) => {
                self.pulse.hear(from);
                let result = read(&message);
                self.transport().give_back(message);
                Ok(Some(result))
            }
            Some(Message::InPlace) => {
                Err(RankError::Lost("a message is where nobody looks for it".to_owned()))
            }
            None => Ok(None),
        }
    }

    /// Begins to send from memory that is lent until [`Self::has_left`].
    /// # Errors
    /// [`RankError`].
    pub fn send_lent(&self, to: usize, tag: Tag, lent: Arc<dyn Lent>) -> Result<Ticket, RankError> {
        self.transport().send_lent(self.of_all(to), tag, lent)
    }

    /// Whether the memory of such a message is its owner's again.
    /// # Errors
    /// [`RankError`].
    pub fn has_left(&self, ticket: Ticket) -> Result<bool, RankError> {
        self.transport().has_left(ticket)
    }

    /// Lends memory to the next message of a rank with this tag.
    pub fn expect(&self, from: usize, tag: Tag, lent: Arc<dyn Lent>) {
        self.transport().expect(self.of_all(from), tag, lent);
    }

    /// Takes back what was lent to messages that have not begun to come.
    pub fn expect_nothing(&self) {
        self.transport().expect_nothing();
    }

    /// As [`Self::receive_with`], of a message that may be where it was expected: then there is
    /// nothing to read.
    /// # Errors
    /// [`RankError`].
    pub fn receive_expected(
        &self,
        from: usize,
        tag: Tag,
        read: impl FnOnce(&[u8]),
    ) -> Result<Option<()>, RankError> {
        let from = self.of_all(from);
        let message = self.transport().receive(from, tag)?;
        let Some(message) = message else { return Ok(None) };
        self.pulse.hear(from);
        if let Message::Bytes(message) = message {
            read(&message);
            self.transport().give_back(message);
        }
        Ok(Some(()))
    }

    /// Lets messages travel on.
    /// # Errors
    /// [`RankError`], also where another rank has ended, or is silent.
    pub fn progress(&self) -> Result<(), RankError> {
        let mut transport = self.transport();
        transport.progress()?;
        let own = self.of_all(self.rank);
        for rank in (0..self.all).filter(|&rank| rank != own) {
            while let Some(Message::Bytes(message)) = transport.receive(rank, Tag::ALIVE)? {
                self.pulse.hear(rank);
                transport.give_back(message);
            }
            if let Some(Message::Bytes(why)) = transport.receive(rank, Tag::END)? {
                self.pulse.end(RankError::Ended { rank, why: String::from_utf8_lossy(&why).into_owned() });
            }
            if let Some(Message::Bytes(silence)) = transport.receive(rank, Tag::SILENT)? {
                self.pulse.end(RankError::silence(&silence));
            }
        }
        drop(transport);
        self.pulse.verdict()
    }

    /// Waits until `look` has something, which a message of rank `from` brings.
    /// # Errors
    /// [`RankError`]: nothing is heard of that rank, or a rank has ended.
    pub fn wait<R>(
        &self,
        from: usize,
        mut look: impl FnMut() -> Result<Option<R>, RankError>,
    ) -> Result<R, RankError> {
        let mut waiting = Waiting::new();
        loop {
            if let Some(result) = look()? {
                return Ok(result);
            }
            if waiting.pause() {
                self.progress()?;
                let rank = self.of_all(from);
                if self.pulse.is_silent(rank, waiting.since, self.patience) {
                    return Err(RankError::Silent { rank, seconds: self.patience.as_secs() });
                }
            }
        }
    }

    /// Of all ranks: what each of them gives, in the order of ranks.
    /// # Errors
    /// [`RankError`].
    pub fn gather(&self, own: &[u8]) -> Result<Vec<Vec<u8>>, RankError> {
        for to in (0..self.size()).filter(|&to| to != self.rank) {
            self.send_with(to, Tag::TOGETHER, |buffer| buffer.extend_from_slice(own))?;
        }
        let of = |from: usize| {
            if from == self.rank {
                return Ok(own.to_vec());
            }
            self.wait(from, || self.receive_with(from, Tag::TOGETHER, <[u8]>::to_vec))
        };
        (0..self.size()).map(of).collect()
    }

    /// Of all ranks: what rank 0 gives.
    /// # Errors
    /// [`RankError`].
    pub fn broadcast(&self, of_first: impl FnOnce() -> Vec<u8>) -> Result<Vec<u8>, RankError> {
        if !self.is_first() {
            return self.wait(0, || self.receive_with(0, Tag::TOGETHER, <[u8]>::to_vec));
        }
        let bytes = of_first();
        for to in 1..self.size() {
            self.send_with(to, Tag::TOGETHER, |buffer| buffer.extend_from_slice(&bytes))?;
        }
        Ok(bytes)
    }

    /// Of all ranks: returns when all of them have come here.
    /// # Errors
    /// [`RankError`].
    pub fn barrier(&self) -> Result<(), RankError> {
        self.gather(&[]).map(drop)
    }

    /// Tells all others that this rank ends, and why. Nothing more is heard of it.
    pub fn end(&self, why: &str) {
        // who cannot be told will notice the silence
        let _ = self.tell_all(Tag::END, why.as_bytes());
    }

    /// Begins to send the same to all others.
    pub(super) fn tell_all(&self, tag: Tag, bytes: &[u8]) -> Result<(), RankError> {
        let send = |to| self.send_with(to, tag, |buffer| buffer.extend_from_slice(bytes));
        (0..self.size()).filter(|&to| to != self.rank).map(send).fold(Ok(()), Result::and)
    }

    /// Whether something was heard of a rank lately.
    pub(super) fn is_there(&self, rank: usize) -> bool {
        self.pulse.is_there(self.of_all(rank), self.patience)
    }

    /// Ends all connections in order, when everything that was sent has been taken: of all ranks, and not
    /// of a part.
    /// # Errors
    /// [`RankError`].
    pub fn close(&self) -> Result<(), RankError> {
        self.barrier()?;
        self.transport().close()
    }
}

/// How long somebody has waited.
#[derive(Debug)]
struct Waiting {
    looks: u32,
    since: Instant,
}

impl Waiting {
    /// Looks without a break: most messages are there sooner.
    const SPINS: u32 = 2_000;

    fn new() -> Self {
        Self { looks: 0, since: Instant::now() }
    }

    /// Passes some time; says whether it is time to look at other things than what is waited for.
    fn pause(&mut self) -> bool {
        self.looks = self.looks.saturating_add(1);
        if self.looks < Self::SPINS {
            std::hint::spin_loop();
        } else if self.since.elapsed() < Duration::from_millis(20) {
            // there may be more ranks than cores
            std::thread::yield_now();
        } else {
            std::thread::sleep(Duration::from_micros(200));
        }
        self.looks.is_multiple_of(64)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::ranks::threads;

    #[test]
    fn a_part_of_the_ranks_works_alone() {
        let all = threads(5, Duration::from_secs(30));
        assert!(all[0].part(1..3).is_none() && all[4].part(3..6).is_none());
        let work = |rank: Communicator| {
            thread::spawn(move || {
                let own = rank.rank();
                let part = if own < 3 { rank.part(1..3) } else { rank.part(3..5) };
                let heard = part.map(|part| {
                    let told = part.broadcast(|| vec![own as u8]).expect("both are there");
                    let gathered = part.gather(&[own as u8]).expect("both are there");
                    (part.rank(), part.size(), told, gathered)
                });
                // all of them, too
                rank.barrier().expect("all are there");
                heard
            })
        };
        let heard: Vec<_> = all.into_iter().map(work).collect();
        let heard: Vec<_> = heard.into_iter().map(|heard| heard.join().expect("no panic")).collect();
        let of = |rank, first: u8| Some((rank, 2, vec![first], vec![vec![first], vec![first + 1]]));
        assert_eq!(heard, [None, of(0, 1), of(1, 1), of(0, 3), of(1, 3)]);
    }

    #[test]
    fn the_end_of_any_rank_ends_a_part() {
        let all = threads(3, Duration::from_secs(30));
        let part = all[2].part(1..3).expect("it is one of them");
        all[0].end("no room on disk");
        let waits = part.wait(0, || part.receive_with(0, Tag(1), |_| ()));
        assert_eq!(waits, Err(RankError::Ended { rank: 0, why: "no room on disk".to_owned() }));
    }
}

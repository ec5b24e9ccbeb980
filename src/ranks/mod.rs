//! Processes, or threads in their place, that train one model together: messages between them.
//!
//! Each of them is a *rank*, counted from 0. A [`Communicator`] is one rank's end of all connections. Below it
//! is a [`Transport`]: MPI between processes, on one machine or several, or queues between threads of one
//! process ([`threads`]), which tests use, and which can be as slow as a network ([`Network`]).
//!
//! Messages of one rank to another with the same tag arrive in the order in which they were sent. Nothing is
//! ever added up on the way: whoever wants a sum gets its parts, and adds them in its own order.

mod communicator;
mod error;
mod farewell;
mod handshake;
mod launcher;
#[allow(unsafe_code, reason = "memory is lent by whoever has it, in another room")]
mod lent;
mod local;
mod machine;
#[cfg(feature = "mpi")]
#[allow(unsafe_code, reason = "MPI is a library in C, and works on memory that it is lent")]
mod mpi;
mod network;
mod pulse;

#[cfg(feature = "mpi")]
pub use self::mpi::over_mpi;
pub use communicator::Communicator;
pub use error::{Common, RankError};
pub use launcher::Launched;
pub use lent::Lent;
pub use local::{threads, threads_over};
pub use network::Network;
pub use pulse::Alive;

use std::sync::Arc;

/// What a message is about. Tags up to [`Tag::LAST`] are for whoever uses the communicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(pub u32);

impl Tag {
    /// The last one that is free: MPI has at least tags up to 32,767.
    pub const LAST: Self = Self(32_000);
    /// Of gathers, broadcasts and barriers.
    pub(crate) const TOGETHER: Self = Self(32_001);
    /// A rank is there, but busy.
    pub(crate) const ALIVE: Self = Self(32_002);
    /// A rank has ended, and with it all.
    pub(crate) const END: Self = Self(32_003);
    /// Nothing is heard of a rank any more, and all end.
    pub(crate) const SILENT: Self = Self(32_004);
    /// Why all end has been told to people.
    pub(crate) const SPOKEN: Self = Self(32_005);

    /// Whether it is about ranks that are there or end: such messages are looked for now and then.
    #[cfg(feature = "mpi")]
    pub(crate) fn is_of_pulse(self) -> bool {
        self > Self::TOGETHER
    }
}

/// A message that was received.
#[derive(Debug)]
pub enum Message {
    /// Its bytes.
    Bytes(Vec<u8>),
    /// They are in the memory that was lent for it.
    InPlace,
}

/// A message that is sent from where it is ([`Transport::send_lent`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket(pub u64);

/// How messages travel. No call waits for another rank.
pub trait Transport: Send + std::fmt::Debug {
    /// Which one this is, from 0.
    fn rank(&self) -> usize;

    /// How many there are.
    fn size(&self) -> usize;

    /// The name of the machine that this rank runs on.
    fn host(&self) -> String {
        "localhost".to_owned()
    }

    /// Begins to send. The bytes travel while the caller goes on.
    /// # Errors
    /// [`RankError`]: the connection is lost.
    fn send(&mut self, to: usize, tag: Tag, bytes: Vec<u8>) -> Result<(), RankError>;

    /// Begins to send from memory that is lent until [`Self::has_left`].
    /// # Errors
    /// [`RankError`]: the connection is lost.
    fn send_lent(&mut self, to: usize, tag: Tag, lent: Arc<dyn Lent>) -> Result<Ticket, RankError>;

    /// Whether the memory of such a message is its owner's again.
    /// # Errors
    /// [`RankError`]: the connection is lost.
    fn has_left(&mut self, ticket: Ticket) -> Result<bool, RankError>;

    /// Lends memory to the next message of a rank with this tag, until it has been received. A
    /// message that is there already, or has another size, does not need it.
    fn expect(&mut self, from: usize, tag: Tag, lent: Arc<dyn Lent>);

    /// Takes back what was lent to messages that have not begun to come.
    fn expect_nothing(&mut self);

    /// The next message of a rank with this tag, if it is there.
    /// # Errors
    /// [`RankError`]: the connection is lost.
    fn receive(&mut self, from: usize, tag: Tag) -> Result<Option<Message>, RankError>;

    /// Does what has to be done for messages to travel on.
    /// # Errors
    /// [`RankError`]: the connection is lost.
    fn progress(&mut self) -> Result<(), RankError>;

    /// An empty buffer for a message, with room that an earlier one has left.
    fn buffer(&mut self) -> Vec<u8>;

    /// Gives the room of a message that was received, or of a buffer, to those that follow.
    fn give_back(&mut self, buffer: Vec<u8>);

    /// Ends all connections in order, when all that was sent has left: of all ranks, at the same place.
    /// # Errors
    /// [`RankError`]: the connection is lost.
    fn close(&mut self) -> Result<(), RankError> {
        Ok(())
    }
}

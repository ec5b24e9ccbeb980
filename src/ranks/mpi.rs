//! Ranks that are processes, started together by a launcher of MPI.
//!
//! No call waits for another process. What is sent is kept until MPI has taken all of it. What arrives is
//! matched as soon as anybody looks, and received into memory of this program while others go on: a long
//! message travels during the backward pass although nobody has asked for it yet. Calls are made one at a
//! time, by whichever thread has the communicator's lock.
//!
//! MPI is ended in order where a run has come to its end ([`Transport::close`]), and not at all where it has
//! not: its end waits for all processes, and one of them may be dead.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::mem::{self, ManuallyDrop, MaybeUninit};
use std::os::raw::{c_char, c_int};
use std::sync::Arc;
use std::time::Duration;

use mpi::Threading;
use mpi::environment::Universe;
use mpi::ffi;
use mpi::traits::Communicator as _;

use super::communicator::Communicator;
use super::error::RankError;
use super::{Lent, Message, Tag, Ticket, Transport};

/// The most bytes of one message of MPI, which counts with a C int. A longer one of ours is cut: a piece of
/// this size goes on with the next, a shorter one is the last.
const PIECE: usize = 1 << 30;
/// Bytes of buffers that are kept for messages to come.
const SPARE_BYTES: usize = 256 << 20;

/// This process as a rank of those that a launcher has started. `patience`: how long nothing may be heard of
/// a rank.
/// # Errors
/// [`RankError::Lost`]: MPI cannot be used.
pub fn over_mpi(patience: Duration) -> Result<Communicator, RankError> {
    open(patience, PIECE)
}

fn open(patience: Duration, piece: usize) -> Result<Communicator, RankError> {
    let lost = |why: &str| RankError::Lost(why.to_owned());
    let (universe, threading) =
        mpi::initialize_with_threading(Threading::Serialized).ok_or_else(|| lost("MPI is in use"))?;
    // where this fails all processes fail, and none waits at the end of MPI for another
    let universe = ManuallyDrop::new(universe);
    if threading < Threading::Serialized {
        return Err(lost("this MPI cannot be called by threads that take turns"));
    }
    let world = universe.world();
    let (rank, size) = (world.rank() as usize, world.size() as usize);
    // SAFETY: MPI is initialised; both are constants of the library.
    succeeds(unsafe { ffi::MPI_Comm_set_errhandler(ffi::RSMPI_COMM_WORLD, ffi::RSMPI_ERRORS_RETURN) })?;
    let mpi = Mpi {
        universe: Some(universe),
        rank,
        size,
        piece,
        sent: Vec::new(),
        tickets: 0,
        expected: HashMap::new(),
        arriving: HashMap::new(),
        parts: HashMap::new(),
        spare: Vec::new(),
        spare_bytes: 0,
    };
    Ok(Communicator::new(Box::new(mpi), patience))
}

/// A rank that is a process.
struct Mpi {
    /// `None` where it has been closed.
    universe: Option<ManuallyDrop<Universe>>,
    rank: usize,
    size: usize,
    /// The most bytes of one message.
    piece: usize,
    /// What has not left yet.
    sent: Vec<Sent>,
    /// Of messages that are sent from where they are.
    tickets: u64,
    /// Where messages are to be received, by sender and tag.
    expected: HashMap<(usize, Tag), Arc<dyn Lent>>,
    /// What has begun to arrive and was not asked for, by sender and tag.
    arriving: HashMap<(usize, Tag), VecDeque<Arriving>>,
    /// Messages of which some pieces were received, and more follow.
    parts: HashMap<(usize, Tag), Vec<u8>>,
    spare: Vec<Vec<u8>>,
    spare_bytes: usize,
}

impl fmt::Debug for Mpi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rank, size, sent, .. } = self;
        f.debug_struct("Mpi").field("rank", rank).field("size", size).field("sent", &sent.len()).finish()
    }
}

/// An operation of MPI that goes on.
struct Request(ffi::MPI_Request);

// SAFETY: a request is a handle of the library, which may be called by any thread while no other calls it
// (`Threading::Serialized`): there is one `Mpi`, and whoever calls has it by `&mut`.
unsafe impl Send for Request {}

impl Request {
    /// Whether it is complete. Asking lets messages travel on.
    fn is_complete(&mut self) -> Result<bool, RankError> {
        let mut flag: c_int = 0;
        // SAFETY: the request was made by MPI and is tested by nobody else; a complete one has become the
        // null request, which may be tested again. The flag outlives the call; no status is asked for.
        let done = unsafe { ffi::MPI_Test(&mut self.0, &mut flag, ffi::RSMPI_STATUS_IGNORE) };
        succeeds(done)?;
        Ok(flag != 0)
    }
}

/// Memory that MPI reads while a message is on its way. Neither changed nor moved.
enum Source {
    Own(Vec<u8>),
    Lent(Ticket, Arc<dyn Lent>),
}

impl Source {
    fn address(&self) -> *const u8 {
        match self {
            Source::Own(bytes) => bytes.as_ptr(),
            Source::Lent(_, lent) => lent.address().cast_const(),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Source::Own(bytes) => bytes.len(),
            Source::Lent(_, lent) => lent.bytes(),
        }
    }
}

/// A message that is on its way to another rank.
struct Sent {
    source: Source,
    requests: Vec<Request>,
}

/// Memory that MPI writes.
enum Place {
    /// Empty, with room for this many bytes.
    Own(Vec<u8>, usize),
    Lent(Arc<dyn Lent>),
}

/// A piece of a message that is on its way to this rank.
struct Arriving {
    place: Place,
    request: Request,
}

/// What MPI says of a call.
fn succeeds(code: c_int) -> Result<(), RankError> {
    if code == ffi::MPI_SUCCESS as c_int {
        return Ok(());
    }
    let mut text = [0 as c_char; ffi::MPI_MAX_ERROR_STRING as usize];
    let mut length: c_int = 0;
    // SAFETY: the text has the room that the standard asks for; MPI is initialised, and was not ended: calls
    // are made by an `Mpi` that is open.
    let told = unsafe { ffi::MPI_Error_string(code, text.as_mut_ptr(), &mut length) };
    let known = usize::try_from(length).ok().filter(|_| told == ffi::MPI_SUCCESS as c_int);
    let bytes: Vec<u8> = text.iter().take(known.unwrap_or(0)).map(|&byte| byte as u8).collect();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Err(RankError::Lost(if text.is_empty() { format!("MPI error {code}") } else { text }))
}

impl Mpi {
    fn is_open(&self) -> Result<(), RankError> {
        match self.universe {
            Some(_) => Ok(()),
            None => Err(RankError::Lost("the ranks have parted".to_owned())),
        }
    }

    /// Matches what has come, and begins to receive it.
    fn match_arrivals(&mut self) -> Result<(), RankError> {
        loop {
            let mut flag: c_int = 0;
            let mut message = MaybeUninit::<ffi::MPI_Message>::uninit();
            let mut status = MaybeUninit::<ffi::MPI_Status>::uninit();
            // SAFETY: MPI is open; the three results outlive the call.
            let done = unsafe {
                ffi::MPI_Improbe(
                    ffi::RSMPI_ANY_SOURCE,
                    ffi::RSMPI_ANY_TAG,
                    ffi::RSMPI_COMM_WORLD,
                    &mut flag,
                    message.as_mut_ptr(),
                    status.as_mut_ptr(),
                )
            };
            succeeds(done)?;
            if flag == 0 {
                return Ok(());
            }
            // SAFETY: with the flag set, MPI has written both.
            let (message, status) = unsafe { (message.assume_init(), status.assume_init()) };
            self.begin_to_receive(message, &status)?;
        }
    }

    fn begin_to_receive(
        &mut self,
        mut message: ffi::MPI_Message,
        status: &ffi::MPI_Status,
    ) -> Result<(), RankError> {
        let mut count: c_int = 0;
        // SAFETY: the status is that of the message; the type is a constant of the library.
        succeeds(unsafe { ffi::MPI_Get_count(status, ffi::RSMPI_UINT8_T, &mut count) })?;
        let odd = || RankError::Lost("a message that cannot be one of ours".to_owned());
        let room = usize::try_from(count).map_err(|_| odd())?;
        let from = usize::try_from(status.MPI_SOURCE).map_err(|_| odd())?;
        let tag = Tag(u32::try_from(status.MPI_TAG).map_err(|_| odd())?);
        let mut place = self.place_for((from, tag), room);
        let address = match &mut place {
            Place::Own(buffer, _) => buffer.as_mut_ptr(),
            Place::Lent(lent) => lent.address(),
        };
        let mut request = MaybeUninit::<ffi::MPI_Request>::uninit();
        // SAFETY: the place has room for as many bytes as the message has, and stays where it is,
        // untouched, until the request is complete: `Arriving` keeps it, and `Drop` leaves it where
        // it is not.
        let done = unsafe {
            ffi::MPI_Imrecv(address.cast(), count, ffi::RSMPI_UINT8_T, &mut message, request.as_mut_ptr())
        };
        succeeds(done)?;
        // SAFETY: MPI has begun, and written the request.
        let request = Request(unsafe { request.assume_init() });
        self.arriving.entry((from, tag)).or_default().push_back(Arriving { place, request });
        Ok(())
    }

    /// Where the next message of a rank with this tag is received: where it is expected, if it is
    /// that one and comes in one piece.
    fn place_for(&mut self, key: (usize, Tag), room: usize) -> Place {
        let is_next =
            self.arriving.get(&key).is_none_or(VecDeque::is_empty) && !self.parts.contains_key(&key);
        let fits = |lent: &Arc<dyn Lent>| is_next && lent.bytes() == room && room < self.piece;
        if self.expected.get(&key).is_some_and(fits)
            && let Some(lent) = self.expected.remove(&key)
        {
            return Place::Lent(lent);
        }
        Place::Own(self.buffer_for(room), room)
    }

    /// The next piece of a rank with this tag, if all of it is there.
    fn piece(&mut self, from: usize, tag: Tag) -> Result<Option<Message>, RankError> {
        let Some(queue) = self.arriving.get_mut(&(from, tag)) else { return Ok(None) };
        let Some(first) = queue.front_mut() else { return Ok(None) };
        if !first.request.is_complete()? {
            return Ok(None);
        }
        Ok(queue.pop_front().map(|arrived| match arrived.place {
            Place::Own(mut buffer, count) => {
                // SAFETY: the buffer has this room, and MPI has written all of it: the request is
                // complete.
                unsafe { buffer.set_len(count) };
                Message::Bytes(buffer)
            }
            Place::Lent(_) => Message::InPlace,
        }))
    }

    /// The next whole message.
    fn message(&mut self, from: usize, tag: Tag) -> Result<Option<Message>, RankError> {
        while let Some(piece) = self.piece(from, tag)? {
            let Message::Bytes(piece) = piece else { return Ok(Some(piece)) };
            let is_last = piece.len() < self.piece;
            let whole = match self.parts.remove(&(from, tag)) {
                Some(mut before) => {
                    before.extend_from_slice(&piece);
                    self.give_back(piece);
                    before
                }
                None => piece,
            };
            if is_last {
                // it came before it was expected
                self.expected.remove(&(from, tag));
                return Ok(Some(Message::Bytes(whole)));
            }
            self.parts.insert((from, tag), whole);
        }
        Ok(None)
    }

    /// An empty buffer with room for this many bytes: the smallest that has it, or a new one.
    fn buffer_for(&mut self, room: usize) -> Vec<u8> {
        let fits = self.spare.iter().enumerate().filter(|(_, spare)| spare.capacity() >= room);
        match fits.min_by_key(|(_, spare)| spare.capacity()).map(|(at, _)| at) {
            Some(at) => self.take_spare(at),
            None => Vec::with_capacity(room),
        }
    }

    fn take_spare(&mut self, at: usize) -> Vec<u8> {
        let spare = self.spare.swap_remove(at);
        self.spare_bytes -= spare.capacity();
        spare
    }

    /// Begins to send, in as many pieces as it takes.
    fn send_from(&mut self, to: usize, tag: Tag, source: Source) -> Result<(), RankError> {
        self.is_open()?;
        let mut sent = Sent { source, requests: Vec::with_capacity(1) };
        let (address, bytes) = (sent.source.address(), sent.source.bytes());
        let mut begun = Ok(());
        let mut at = 0;
        loop {
            let length = (bytes - at).min(self.piece);
            let mut request = MaybeUninit::<ffi::MPI_Request>::uninit();
            // SAFETY: these bytes are inside of the source, which stays where it is, and nobody
            // changes it, until the request is complete: `Sent` keeps it, and `Drop` leaves it
            // where it is not. Their number is at most `PIECE`, and ranks and tags are small, so
            // that each fits a C int.
            let done = unsafe {
                ffi::MPI_Isend(
                    address.wrapping_add(at).cast(),
                    length as c_int,
                    ffi::RSMPI_UINT8_T,
                    to as c_int,
                    tag.0 as c_int,
                    ffi::RSMPI_COMM_WORLD,
                    request.as_mut_ptr(),
                )
            };
            begun = begun.and(succeeds(done));
            if begun.is_err() {
                break;
            }
            // SAFETY: MPI has begun, and written the request.
            sent.requests.push(Request(unsafe { request.assume_init() }));
            at += length;
            if length < self.piece {
                break;
            }
        }
        // also where it fails: pieces before may be on their way
        self.sent.push(sent);
        begun
    }

    /// Lets go of what has left.
    fn test_sent(&mut self) -> Result<(), RankError> {
        let mut at = 0;
        while let Some(sent) = self.sent.get_mut(at) {
            while let Some(request) = sent.requests.last_mut()
                && request.is_complete()?
            {
                sent.requests.pop();
            }
            if sent.requests.is_empty() {
                if let Source::Own(bytes) = self.sent.swap_remove(at).source {
                    self.give_back(bytes);
                }
            } else {
                at += 1;
            }
        }
        Ok(())
    }
}

impl Transport for Mpi {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn host(&self) -> String {
        mpi::environment::processor_name().unwrap_or_else(|_| "localhost".to_owned())
    }

    fn send(&mut self, to: usize, tag: Tag, bytes: Vec<u8>) -> Result<(), RankError> {
        self.send_from(to, tag, Source::Own(bytes))
    }

    fn send_lent(&mut self, to: usize, tag: Tag, lent: Arc<dyn Lent>) -> Result<Ticket, RankError> {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.send_from(to, tag, Source::Lent(ticket, lent))?;
        Ok(ticket)
    }

    fn has_left(&mut self, ticket: Ticket) -> Result<bool, RankError> {
        let is_it = |sent: &Sent| matches!(sent.source, Source::Lent(number, _) if number == ticket);
        if self.sent.iter().any(is_it) {
            self.progress()?;
        }
        Ok(!self.sent.iter().any(is_it))
    }

    fn expect(&mut self, from: usize, tag: Tag, lent: Arc<dyn Lent>) {
        self.expected.insert((from, tag), lent);
    }

    fn expect_nothing(&mut self) {
        self.expected.clear();
    }

    fn receive(&mut self, from: usize, tag: Tag) -> Result<Option<Message>, RankError> {
        if let Some(message) = self.message(from, tag)? {
            return Ok(Some(message));
        }
        // `progress` has just looked for these
        if tag.is_of_pulse() {
            return Ok(None);
        }
        self.is_open()?;
        self.match_arrivals()?;
        self.message(from, tag)
    }

    fn progress(&mut self) -> Result<(), RankError> {
        self.is_open()?;
        self.test_sent()?;
        self.match_arrivals()
    }

    fn buffer(&mut self) -> Vec<u8> {
        match self.spare.len().checked_sub(1) {
            Some(last) => self.take_spare(last),
            None => Vec::new(),
        }
    }

    fn give_back(&mut self, mut buffer: Vec<u8>) {
        if buffer.capacity() > 0 && self.spare_bytes + buffer.capacity() <= SPARE_BYTES {
            buffer.clear();
            self.spare_bytes += buffer.capacity();
            self.spare.push(buffer);
        }
    }

    fn close(&mut self) -> Result<(), RankError> {
        self.is_open()?;
        // every other rank has come to this place, and takes what it is sent
        while !self.sent.is_empty() {
            self.progress()?;
        }
        if let Some(universe) = self.universe.take() {
            drop(ManuallyDrop::into_inner(universe));
        }
        Ok(())
    }
}

impl Drop for Mpi {
    fn drop(&mut self) {
        // MPI may still read and write the memory of what is on its way
        for sent in self.sent.drain(..).filter(|sent| !sent.requests.is_empty()) {
            mem::forget(sent.source);
        }
        for arriving in self.arriving.drain().flat_map(|(_, queue)| queue) {
            mem::forget(arriving.place);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    /// So small that messages are cut.
    const SMALL_PIECE: usize = 1 << 16;
    const SIZES: [usize; 8] =
        [0, 1, 4_000, SMALL_PIECE - 1, SMALL_PIECE, SMALL_PIECE + 1, 3 * SMALL_PIECE, 5_000_000];

    /// What a rank sends to another as its message of a number.
    fn contents(from: usize, to: usize, number: usize) -> Vec<u8> {
        (0..SIZES[number]).map(|at| (at * 7 + from * 31 + to * 17 + number) as u8).collect()
    }

    #[test]
    #[ignore = "a rank of the test below, which starts several"]
    fn a_rank() {
        let Some(launched) = crate::ranks::Launched::of_this_process() else { return };
        let ranks = open(Duration::from_secs(60), SMALL_PIECE).expect("MPI");
        assert_eq!((ranks.rank(), ranks.size()), (launched.rank, launched.size));
        let alive = ranks.keep_alive(|why| panic!("{why}")).expect("there are threads");
        let others = || (0..ranks.size()).filter(|&other| other != ranks.rank());
        for _ in 0..3 {
            // two tags, whose messages overtake each other but not those of their own
            for to in others() {
                for number in 0..SIZES.len() {
                    let tag = Tag(number as u32 % 2);
                    let send = |buffer: &mut Vec<u8>| buffer.extend(contents(ranks.rank(), to, number));
                    ranks.send_with(to, tag, send).expect("sent");
                }
            }
            for from in others() {
                for number in (1..SIZES.len()).step_by(2).chain((0..SIZES.len()).step_by(2)) {
                    let tag = Tag(number as u32 % 2);
                    let look = || ranks.receive_with(from, tag, <[u8]>::to_vec);
                    let came = ranks.wait(from, look).expect("it comes");
                    assert!(came == contents(from, ranks.rank(), number), "message {number} of rank {from}");
                }
            }
            let gathered = ranks.gather(&[ranks.rank() as u8]).expect("all are there");
            assert_eq!(gathered, (0..ranks.size()).map(|rank| vec![rank as u8]).collect::<Vec<_>>());
            assert_eq!(ranks.broadcast(|| vec![7; 100_000]).expect("rank 0 tells"), vec![7; 100_000]);
        }
        ranks.barrier().expect("all are there");
        drop(alive);
        ranks.close().expect("in order");
        assert!(ranks.progress().is_err(), "nothing is sent any more");
    }

    #[test]
    fn messages_of_all_sizes_arrive_in_order() {
        if Command::new("mpirun").arg("--version").output().is_err() {
            eprintln!("skipped: there is no mpirun (Debian: openmpi-bin)");
            return;
        }
        for ranks in ["2", "4"] {
            let output = Command::new("mpirun")
                .args(["--oversubscribe", "--allow-run-as-root", "--bind-to", "none", "-n", ranks])
                .args(["--mca", "mpi_yield_when_idle", "1"])
                .arg(std::env::current_exe().expect("this program"))
                .args(["--ignored", "--exact", "ranks::mpi::tests::a_rank"])
                .stdin(Stdio::null())
                .output()
                .expect("mpirun starts");
            let said = String::from_utf8_lossy(&output.stdout);
            let passed = said.matches("1 passed").count().to_string();
            let err = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && passed == ranks, "{said}\n{err}");
        }
    }
}

//! What a rank sends and waits for between the stages of a run.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::time::{Duration, Instant};

use super::error::CompileError;
use crate::jit::{Arena, ArenaRun, BoundBytes, JitError};
use crate::plan::{AccessMode, Message, Place, Plan, RankedPlan, Stage};
use crate::ranks::{Communicator, RankError, Tag, Ticket};

/// Says that a rank wants to end behind this step.
const STOP: Tag = Tag(0);
/// Parameters for all ranks.
const GATHER: Tag = Tag(1);
/// The first message of a step between two ranks.
const FIRST: u32 = 2;

/// Bytes from which on a range travels by itself, from where it is to where it is wanted. What is
/// smaller is packed into one message: copies of it take less time than messages.
const ALONE: usize = 32 << 10;

/// Of all ranks: refuses a plan that is not the same on each of them. Their results would not be those of one
/// process, and they would wait for messages that nobody sends.
/// # Errors
/// [`RankError`].
pub(super) fn compare_plans(plan: &RankedPlan, communicator: &Communicator) -> Result<(), RankError> {
    // all ranks have the same version of this program, so that they hash alike
    let mut hasher = DefaultHasher::new();
    plan.plan.to_string().hash(&mut hasher);
    format!("{:?}", plan.plan.kernels).hash(&mut hasher);
    let all = communicator.gather(&hasher.finish().to_le_bytes())?;
    match all.iter().position(|hash| *hash != all[0]) {
        None => Ok(()),
        Some(rank) => Err(RankError::Mismatch(format!(
            "rank {rank} has made another plan of the model than rank 0: they need the same processors, data and settings"
        ))),
    }
}

/// A rank's messages, with places in its arena.
#[derive(Debug)]
pub(super) struct Exchange {
    communicator: Communicator,
    /// In the order in which they are made.
    sends: Vec<Sent>,
    /// In the order in which they are needed.
    receives: Vec<Received>,
    /// Which of `receives` are expected in their place, in the order in which they are made.
    in_place: Vec<usize>,
    gathers: Vec<Message>,
    /// The number of stages.
    end: usize,
}

#[derive(Debug)]
struct Sent {
    to: usize,
    tag: Tag,
    made: usize,
    bytes: BoundBytes,
    /// Sent from where it is: the first stage that writes there again; the number of stages: none
    /// of the step.
    until: Option<usize>,
}

#[derive(Debug)]
struct Received {
    from: usize,
    tag: Tag,
    made: usize,
    needed: usize,
    bytes: BoundBytes,
}

impl Exchange {
    /// This rank's part of a plan's messages.
    pub(super) fn new(plan: &RankedPlan, communicator: Communicator) -> Result<Self, CompileError> {
        let rank = communicator.rank();
        let bind = |bytes: &[Range<usize>]| -> Result<BoundBytes, CompileError> {
            Ok(BoundBytes::new(bytes, plan.plan.arena_bytes).map_err(JitError::from)?)
        };
        // both sides count the messages between them, so that tags are few
        let mut counts = vec![[FIRST; 2]; plan.ranks];
        let mut tag = |peer: usize, way: usize| -> Result<Tag, CompileError> {
            let next = Tag(counts[peer][way]);
            counts[peer][way] += 1;
            if next > Tag::LAST {
                return Err(CompileError::Code("a step with too many messages between two ranks".to_owned()));
            }
            Ok(next)
        };
        let (mut sends, mut receives) = (Vec::new(), Vec::new());
        let writes = Writes::of(&plan.plan);
        for Message { from, to, made, needed, bytes } in &plan.messages {
            let (from, to, made, needed) = (*from, *to, *made, *needed);
            if from != rank && to != rank {
                continue;
            }
            let (alone, packed): (Vec<_>, Vec<_>) =
                bytes.iter().cloned().partition(|range| range.len() >= ALONE);
            let parts =
                alone.into_iter().map(|range| vec![range]).chain((!packed.is_empty()).then_some(packed));
            for part in parts {
                let (is_alone, bytes) = (part[0].len() >= ALONE, bind(&part)?);
                if from == rank {
                    let until = is_alone.then(|| writes.next(made, &part[0]));
                    sends.push(Sent { to, tag: tag(to, 0)?, made, bytes, until });
                } else {
                    receives.push((is_alone, Received { from, tag: tag(from, 1)?, made, needed, bytes }));
                }
            }
        }
        receives.sort_by_key(|(_, received)| (received.needed, received.made));
        let (alone, receives): (Vec<bool>, Vec<Received>) = receives.into_iter().unzip();
        let mut in_place: Vec<usize> = (0..receives.len()).filter(|&at| alone[at]).collect();
        in_place.sort_by_key(|&at| receives[at].made);
        let gathers = plan.gathers.iter().filter(|message| message.from == rank || message.to == rank);
        let gathers = gathers.cloned().collect();
        Ok(Self { communicator, sends, receives, in_place, gathers, end: plan.plan.stages.len() })
    }

    fn others(&self) -> impl Iterator<Item = usize> {
        let rank = self.communicator.rank();
        (0..self.communicator.size()).filter(move |&other| other != rank)
    }

    /// Brings all parameters to all ranks.
    /// # Errors
    /// [`RankError`].
    pub(super) fn gather(&self, arena: &mut Arena) -> Result<(), RankError> {
        let rank = self.communicator.rank();
        for message in self.gathers.iter().filter(|message| message.from == rank) {
            self.communicator.send_with(message.to, GATHER, |buffer| {
                for range in &message.bytes {
                    buffer.extend_from_slice(arena.bytes(range.start, range.len()));
                }
            })?;
        }
        for message in self.gathers.iter().filter(|message| message.to == rank) {
            let unpack = |bytes: &[u8]| {
                let mut rest = bytes;
                for range in &message.bytes {
                    let (part, behind) = rest.split_at(range.len());
                    arena.bytes_mut(range.start, range.len()).copy_from_slice(part);
                    rest = behind;
                }
            };
            let mut unpack = Some(unpack);
            self.communicator.wait(message.from, || {
                self.communicator.receive_with(message.from, GATHER, |bytes| {
                    if let Some(mut unpack) = unpack.take() {
                        unpack(bytes);
                    }
                })
            })?;
        }
        Ok(())
    }
}

/// What each stage writes of the arena.
struct Writes(Vec<Vec<Range<usize>>>);

impl Writes {
    fn of(plan: &Plan) -> Self {
        let of_stage = |stage: &Stage| {
            let accesses = stage.groups.iter().flat_map(|group| &group.calls).flat_map(|call| &call.args);
            let buffers = accesses
                .filter(|access| access.mode == AccessMode::Write)
                .map(|access| plan.buffer(access.buffer));
            buffers
                .filter_map(|buffer| match buffer.place {
                    Place::Arena(start) => Some(start..start + buffer.bytes),
                    Place::Scratch(_) => None,
                })
                .collect()
        };
        Self(plan.stages.iter().map(of_stage).collect())
    }

    /// The first stage from one on, on whatever rank, that writes a buffer with any of these bytes;
    /// the number of stages where there is none.
    fn next(&self, from: usize, bytes: &Range<usize>) -> usize {
        let overlaps = |other: &Range<usize>| other.start < bytes.end && bytes.start < other.end;
        let stages = self.0.iter().skip(from);
        from + stages.take_while(|written| !written.iter().any(overlaps)).count()
    }
}

/// How far the messages of a run are: the affair of worker 0.
#[derive(Debug)]
pub(super) struct Flow<'e> {
    exchange: &'e Exchange,
    arena: &'e ArenaRun,
    /// Of `sends`.
    sent: usize,
    /// Messages that leave from where they are, with the first stage that writes there again.
    leaving: Vec<(usize, usize, Ticket)>,
    /// Of `in_place`: how many are expected, or were.
    expected: usize,
    /// Of `receives`: whether each is there.
    received: Vec<bool>,
    /// The first that is not.
    first_open: usize,
    /// When messages were last looked for beside tasks.
    looked: Instant,
}

/// Messages that are looked for beside a stage's tasks, of those that are needed next.
const LOOK_AHEAD: usize = 8;

/// How often that is. There are many tasks of a few microseconds, and a look takes more than one:
/// ResNet-18 spent 2 of its 40 milliseconds a step on looks behind each of them.
const LOOK_EVERY: Duration = Duration::from_micros(50);

impl<'e> Flow<'e> {
    /// Of a step that begins; `stop`: this rank wants to end behind it.
    /// # Errors
    /// [`RankError`].
    pub(super) fn begin(exchange: &'e Exchange, arena: &'e ArenaRun, stop: bool) -> Result<Self, RankError> {
        for other in exchange.others() {
            exchange.communicator.send_with(other, STOP, |buffer| buffer.push(u8::from(stop)))?;
        }
        let received = vec![false; exchange.receives.len()];
        let (leaving, looked) = (Vec::new(), Instant::now());
        Ok(Self { exchange, arena, sent: 0, leaving, expected: 0, received, first_open: 0, looked })
    }

    /// Sends what stages before this one have made, and waits for what it needs.
    /// # Errors
    /// [`RankError`].
    pub(super) fn before(&mut self, stage: usize) -> Result<(), RankError> {
        let Exchange { communicator, sends, receives, .. } = self.exchange;
        while let Some(sent) = sends.get(self.sent).filter(|sent| sent.made <= stage) {
            let Sent { to, tag, bytes, .. } = sent;
            match sent.until.and_then(|until| Some((until, bytes.lend(self.arena)?))) {
                Some((until, lent)) => {
                    self.leaving.push((until, *to, communicator.send_lent(*to, *tag, lent)?));
                }
                None => communicator.send_with(*to, *tag, |buffer| bytes.pack(self.arena, buffer))?,
            }
            self.sent += 1;
        }
        self.let_leave(stage)?;
        self.expect(stage);
        while let Some(received) = receives.get(self.first_open).filter(|received| received.needed <= stage) {
            if !self.received[self.first_open] {
                let arena = self.arena;
                communicator.wait(received.from, || take(communicator, received, arena))?;
                self.received[self.first_open] = true;
            }
            self.first_open += 1;
        }
        Ok(())
    }

    /// Waits until what a stage writes over has left.
    fn let_leave(&mut self, stage: usize) -> Result<(), RankError> {
        let Exchange { communicator, end, .. } = self.exchange;
        let mut at = 0;
        while let Some(&(until, to, ticket)) = self.leaving.get(at) {
            if until <= stage {
                communicator.wait(to, || Ok(communicator.has_left(ticket)?.then_some(())))?;
                self.leaving.swap_remove(at);
            } else {
                at += 1;
            }
        }
        debug_assert!(stage < *end || self.leaving.is_empty(), "nothing is lent behind the last stage");
        Ok(())
    }

    /// Lends their place to messages that are made in a stage: it is free when this rank has come
    /// there.
    fn expect(&mut self, stage: usize) {
        let Exchange { communicator, receives, in_place, .. } = self.exchange;
        while let Some(&at) = in_place.get(self.expected).filter(|&&at| receives[at].made <= stage + 1) {
            let Received { from, tag, bytes, .. } = &receives[at];
            if let Some(lent) = bytes.lend(self.arena) {
                communicator.expect(*from, *tag, lent);
            }
            self.expected += 1;
        }
    }

    /// Lets messages travel on beside the tasks of a stage, and takes some that are there.
    /// # Errors
    /// [`RankError`].
    pub(super) fn beside(&mut self, stage: usize) -> Result<(), RankError> {
        if self.looked.elapsed() < LOOK_EVERY {
            return Ok(());
        }
        let Exchange { communicator, receives, .. } = self.exchange;
        communicator.progress()?;
        let open = receives.iter().zip(&mut self.received).skip(self.first_open);
        for (received, is_there) in open.filter(|(_, is_there)| !**is_there).take(LOOK_AHEAD) {
            // its place is free when this rank has come to where it is made
            if received.made <= stage + 1 {
                *is_there = take(communicator, received, self.arena)?.is_some();
            }
        }
        self.looked = Instant::now();
        Ok(())
    }

    /// Takes what is still on its way when a step ends before a stage: it is not for the next step.
    /// # Errors
    /// [`RankError`].
    pub(super) fn break_off(&mut self, stage: usize) -> Result<(), RankError> {
        let Exchange { communicator, receives, .. } = self.exchange;
        let open = receives.iter().zip(&self.received).skip(self.first_open);
        for (&Received { from, tag, .. }, _) in
            open.filter(|(received, is_there)| !**is_there && received.made <= stage)
        {
            communicator.wait(from, || communicator.receive_expected(from, tag, |_| ()))?;
        }
        // nobody sends the others, and nothing is lent any more
        communicator.expect_nothing();
        self.let_leave(self.exchange.end)
    }

    /// Whether any rank wanted to end behind this step.
    /// # Errors
    /// [`RankError`].
    pub(super) fn stops(&self, own: bool) -> Result<bool, RankError> {
        let communicator = &self.exchange.communicator;
        let mut stops = own;
        for other in self.exchange.others() {
            let theirs =
                communicator.wait(other, || communicator.receive_with(other, STOP, |bytes| bytes == [1]))?;
            stops |= theirs;
        }
        Ok(stops)
    }

    /// The stage behind the last.
    pub(super) fn end(&self) -> usize {
        self.exchange.end
    }
}

/// Puts a message in its place, if it is there.
fn take(communicator: &Communicator, received: &Received, arena: &ArenaRun) -> Result<Option<()>, RankError> {
    let unpack = |bytes: &[u8]| received.bytes.unpack(arena, bytes);
    communicator.receive_expected(received.from, received.tag, unpack)
}

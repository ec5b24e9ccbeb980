//! What a rank sends and waits for between the stages of a run.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use super::error::CompileError;
use crate::jit::{Arena, ArenaRun, BoundBytes, JitError};
use crate::plan::{Message, RankedPlan};
use crate::ranks::{Communicator, RankError, Tag};

/// Says that a rank wants to end behind this step.
const STOP: Tag = Tag(0);
/// Parameters for all ranks.
const GATHER: Tag = Tag(1);
/// The first message of a step between two ranks.
const FIRST: u32 = 2;

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
        for Message { from, to, made, needed, bytes } in &plan.messages {
            if *from == rank {
                sends.push(Sent { to: *to, tag: tag(*to, 0)?, made: *made, bytes: bind(bytes)? });
            }
            if *to == rank {
                let (from, made, needed) = (*from, *made, *needed);
                receives.push(Received { from, tag: tag(from, 1)?, made, needed, bytes: bind(bytes)? });
            }
        }
        receives.sort_by_key(|received| (received.needed, received.made));
        let gathers = plan.gathers.iter().filter(|message| message.from == rank || message.to == rank);
        let gathers = gathers.cloned().collect();
        Ok(Self { communicator, sends, receives, gathers, end: plan.plan.stages.len() })
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

/// How far the messages of a run are: the affair of worker 0.
#[derive(Debug)]
pub(super) struct Flow<'e> {
    exchange: &'e Exchange,
    arena: &'e ArenaRun,
    /// Of `sends`.
    sent: usize,
    /// Of `receives`: whether each is there.
    received: Vec<bool>,
    /// The first that is not.
    first_open: usize,
}

/// Messages that are looked for beside a stage's tasks, of those that are needed next.
const LOOK_AHEAD: usize = 8;

impl<'e> Flow<'e> {
    /// Of a step that begins; `stop`: this rank wants to end behind it.
    /// # Errors
    /// [`RankError`].
    pub(super) fn begin(exchange: &'e Exchange, arena: &'e ArenaRun, stop: bool) -> Result<Self, RankError> {
        for other in exchange.others() {
            exchange.communicator.send_with(other, STOP, |buffer| buffer.push(u8::from(stop)))?;
        }
        let received = vec![false; exchange.receives.len()];
        Ok(Self { exchange, arena, sent: 0, received, first_open: 0 })
    }

    /// Sends what stages before this one have made, and waits for what it needs.
    /// # Errors
    /// [`RankError`].
    pub(super) fn before(&mut self, stage: usize) -> Result<(), RankError> {
        let Exchange { communicator, sends, receives, .. } = self.exchange;
        while let Some(Sent { to, tag, bytes, .. }) = sends.get(self.sent).filter(|sent| sent.made <= stage) {
            communicator.send_with(*to, *tag, |buffer| bytes.pack(self.arena, buffer))?;
            self.sent += 1;
        }
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

    /// Lets messages travel on beside the tasks of a stage, and takes some that are there.
    /// # Errors
    /// [`RankError`].
    pub(super) fn beside(&mut self, stage: usize) -> Result<(), RankError> {
        let Exchange { communicator, receives, .. } = self.exchange;
        communicator.progress()?;
        let open = receives.iter().zip(&mut self.received).skip(self.first_open);
        for (received, is_there) in open.filter(|(_, is_there)| !**is_there).take(LOOK_AHEAD) {
            // its place is free when this rank has come to where it is made
            if received.made <= stage + 1 {
                *is_there = take(communicator, received, self.arena)?.is_some();
            }
        }
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
            communicator.wait(from, || communicator.receive_with(from, tag, |_| ()))?;
        }
        Ok(())
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
    communicator.receive_with(received.from, received.tag, |bytes| received.bytes.unpack(arena, bytes))
}

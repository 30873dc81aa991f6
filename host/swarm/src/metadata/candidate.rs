//! The parts of metadata of one claimed size.

use std::time::{Duration, Instant};

use super::{HOLD, MAX_TURN, STALE};
use crate::types::PeerKey;
use crate::wire::metadata_message::PART_LEN;

/// The parts of metadata of one claimed size.
#[derive(Debug)]
pub struct Candidate {
    size: u32,
    parts: Vec<Option<Part>>,
    missing: usize,
    buffered: usize,
    /// When the assembly of this size began.
    since: Instant,
    /// When the last new part was noticed.
    progressed: Instant,
    /// There is a new part that [`Candidate::note_progress`] has not noticed yet.
    has_new_part: bool,
    single: Option<SingleSender>,
}

#[derive(Debug)]
struct Part {
    sender: PeerKey,
    data: Box<[u8]>,
}

/// All parts are asked from one peer at a time.
#[derive(Debug)]
struct SingleSender {
    turn: Option<Turn>,
    /// How long the next turn may last while other peers wait.
    limit: Duration,
}

#[derive(Debug)]
struct Turn {
    sender: PeerKey,
    ends: Instant,
}

impl Candidate {
    /// Metadata of `size` bytes without a part. The table of the parts takes some bytes for each.
    pub fn new(size: u32, now: Instant) -> Self {
        let count = size.div_ceil(PART_LEN) as usize;
        let parts = std::iter::repeat_with(|| None).take(count).collect();
        Self {
            size,
            parts,
            missing: count,
            buffered: 0,
            since: now,
            progressed: now,
            has_new_part: false,
            single: None,
        }
    }

    /// The claimed size in bytes.
    pub const fn size(&self) -> u32 {
        self.size
    }

    /// When the assembly of this size began.
    pub const fn since(&self) -> Instant {
        self.since
    }

    /// Bytes of the parts that are there.
    pub const fn buffered(&self) -> usize {
        self.buffered
    }

    /// Number of parts, missing ones included.
    pub const fn part_count(&self) -> usize {
        self.parts.len()
    }

    /// Whether a part is missing; false if there is no such part.
    pub fn is_missing(&self, part: u32) -> bool {
        self.parts.get(part as usize).is_some_and(Option::is_none)
    }

    /// The missing parts in ascending order.
    pub fn missing(&self) -> impl Iterator<Item = u32> {
        (0..).zip(&self.parts).filter(|(_, part)| part.is_none()).map(|(index, _)| index)
    }

    /// Notes the time if there is a new part.
    pub fn note_progress(&mut self, now: Instant) {
        if std::mem::take(&mut self.has_new_part) {
            self.progressed = now;
        }
    }

    /// Whether another size may take the place of this one although not more peers claim it.
    pub fn is_replaceable(&self, now: Instant) -> bool {
        let stale = now.saturating_duration_since(self.progressed) >= STALE;
        (stale && !self.has_new_part) || now.saturating_duration_since(self.since) >= HOLD
    }

    /// Keeps a part. Returns whether it was missing and could be taken from this sender.
    pub fn add(&mut self, sender: PeerKey, part: u32, data: &[u8]) -> bool {
        if self.has_single_sender() && self.sender() != Some(sender) {
            return false;
        }
        let Some(place @ None) = self.parts.get_mut(part as usize) else { return false };
        *place = Some(Part { sender, data: data.into() });
        self.missing -= 1;
        self.buffered += data.len();
        self.has_new_part = true;
        true
    }

    /// Takes all parts out if none is missing. Returns the metadata, and the sender if all parts
    /// are of the same one.
    pub fn take_whole(&mut self) -> Option<(Vec<u8>, Option<PeerKey>)> {
        if self.missing > 0 {
            return None;
        }
        let mut metadata = Vec::with_capacity(self.buffered);
        let first = self.parts.iter().flatten().next().map(|part| part.sender);
        let one = self.parts.iter().flatten().all(|part| Some(part.sender) == first);
        for part in &mut self.parts {
            if let Some(part) = part.take() {
                metadata.extend_from_slice(&part.data);
            }
        }
        self.clear();
        Some((metadata, first.filter(|_| one)))
    }

    /// Drops all parts.
    pub fn clear(&mut self) {
        self.parts.iter_mut().for_each(|part| *part = None);
        self.missing = self.parts.len();
        self.buffered = 0;
    }

    /// Switches between parts from all peers and from one peer at a time.
    pub fn set_single_sender(&mut self, single: bool) {
        self.single = single.then_some(SingleSender { turn: None, limit: HOLD });
    }

    /// Whether parts are asked from one peer at a time.
    pub const fn has_single_sender(&self) -> bool {
        self.single.is_some()
    }

    /// The peer whose turn it is, if parts are asked from one peer at a time.
    pub fn sender(&self) -> Option<PeerKey> {
        Some(self.single.as_ref()?.turn.as_ref()?.sender)
    }

    /// Whether the turn of the sender has lasted as long as it may while others wait.
    pub fn turn_is_over(&self, now: Instant) -> bool {
        let turn = self.single.as_ref().and_then(|single| single.turn.as_ref());
        turn.is_none_or(|turn| turn.ends <= now)
    }

    /// Drops all parts and takes further ones from this peer only.
    pub fn start_turn(&mut self, sender: PeerKey, now: Instant) {
        self.clear();
        if let Some(single) = &mut self.single {
            single.turn = Some(Turn { sender, ends: now + single.limit });
            single.limit = (single.limit * 2).min(MAX_TURN);
        }
    }
}

/// Bytes of a part of metadata of `size` bytes; 0 if there is no such part.
pub fn part_len(size: u32, part: u32) -> usize {
    let start = u64::from(part) * u64::from(PART_LEN);
    let len = u64::from(size).saturating_sub(start).min(u64::from(PART_LEN));
    usize::try_from(len).unwrap_or(0)
}

//! The requests of the piece engine that one peer has to answer.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use crate::wire::message::BlockRequest;

/// Most requests in the book. The piece engine's window is far smaller.
pub(crate) const MAX_REQUESTS: usize = 4096;

/// How often a request may be rejected, or be sent again without an answer.
pub(crate) const MAX_ATTEMPTS: u8 = 3;

/// How long a rejected request waits until it is sent again.
pub(crate) const REJECT_PAUSE: Duration = Duration::from_secs(1);

/// A request without an answer is sent again if it is older than this and a request that was sent
/// [`OVERTAKEN_BY`] later has been answered.
pub(crate) const OVERTAKEN_AFTER: Duration = Duration::from_secs(20);

/// See [`OVERTAKEN_AFTER`].
pub(crate) const OVERTAKEN_BY: Duration = Duration::from_secs(10);

/// A piece and an offset in it.
type BlockKey = (u32, u32);

/// What an arriving block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The piece engine waits for it. The request has been removed.
    Expected,
    /// It was asked for with another length. The request, which is returned, stays.
    WrongLength(BlockRequest),
    /// Nobody waits for it.
    Unasked,
}

/// What a rejected request was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rejection {
    /// It is not in the book, or waits anyway.
    Ignored,
    /// It is sent again later.
    Later,
    /// It has been rejected too often.
    TooOften,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    len: u32,
    state: State,
    /// Rejections, and times that it was sent again without an answer.
    attempts: u8,
    /// Distinguishes the entry from an earlier one of the same block in the queue.
    id: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Delayed(Instant),
    InFlight(Instant),
}

/// Every request of the piece engine until its block arrives or the piece engine cancels it.
#[derive(Debug, Default)]
pub(crate) struct RequestBook {
    entries: HashMap<BlockKey, Entry>,
    /// Requests to send, in order. Entries that are gone or in another state are skipped.
    queue: VecDeque<(BlockKey, u64)>,
    in_flight: usize,
    delayed: usize,
    next_id: u64,
    /// When the latest of the answered requests had been sent.
    answered_sent: Option<Instant>,
}

impl RequestBook {
    /// Adds a request. Returns false if it is there already, or the book is full.
    pub fn insert(&mut self, block: BlockRequest) -> bool {
        let key = (block.piece, block.begin);
        if self.entries.len() >= MAX_REQUESTS || self.entries.contains_key(&key) {
            return false;
        }
        let id = self.new_id();
        let entry = Entry { len: block.len, state: State::Waiting, attempts: 0, id };
        self.entries.insert(key, entry);
        // Requests that were cancelled while they waited are removed before they are the majority.
        if self.queue.len() > 2 * self.entries.len() + 64 {
            let entries = &self.entries;
            self.queue.retain(|(key, id)| is_waiting(entries.get(key), *id));
        }
        self.queue.push_back((key, id));
        true
    }

    /// Removes a request. Returns whether the peer has it.
    pub fn cancel(&mut self, block: BlockRequest) -> bool {
        let state = self.remove((block.piece, block.begin));
        matches!(state, Some(State::InFlight(_)))
    }

    /// The next request to send, which counts as sent then.
    pub fn next_to_send(&mut self, now: Instant, limit: usize) -> Option<BlockRequest> {
        while self.in_flight < limit {
            let (key, id) = self.queue.pop_front()?;
            let Some(entry) = self.entries.get_mut(&key) else { continue };
            if is_waiting(Some(entry), id) {
                entry.state = State::InFlight(now);
                self.in_flight += 1;
                return Some(BlockRequest { piece: key.0, begin: key.1, len: entry.len });
            }
        }
        None
    }

    /// Looks up an arriving block.
    pub fn answer(&mut self, block: BlockRequest) -> Answer {
        let key = (block.piece, block.begin);
        match self.entries.get(&key) {
            None => Answer::Unasked,
            Some(entry) if entry.len != block.len => {
                Answer::WrongLength(BlockRequest { len: entry.len, ..block })
            }
            Some(_) => {
                if let Some(State::InFlight(sent)) = self.remove(key) {
                    self.answered_sent = self.answered_sent.max(Some(sent));
                }
                Answer::Expected
            }
        }
    }

    /// Notes that the peer will not answer a request.
    pub fn reject(&mut self, block: BlockRequest, now: Instant) -> Rejection {
        let Some(entry) = self.entries.get_mut(&(block.piece, block.begin)) else {
            return Rejection::Ignored;
        };
        if entry.len != block.len || !matches!(entry.state, State::InFlight(_)) {
            return Rejection::Ignored;
        }
        entry.state = State::Delayed(now + REJECT_PAUSE);
        entry.attempts += 1;
        self.in_flight -= 1;
        self.delayed += 1;
        if entry.attempts >= MAX_ATTEMPTS { Rejection::TooOften } else { Rejection::Later }
    }

    /// Notes that the peer rejects a request because it chokes, which says nothing against the request.
    pub fn reject_by_choke(&mut self, block: BlockRequest) {
        let key = (block.piece, block.begin);
        let id = self.new_id();
        if let Some(entry) = self.entries.get_mut(&key)
            && entry.len == block.len
            && matches!(entry.state, State::InFlight(_))
        {
            entry.state = State::Waiting;
            entry.id = id;
            self.in_flight -= 1;
            self.queue.push_back((key, id));
        }
    }

    /// Notes that the peer has dropped every request: all of them wait again, the oldest first.
    /// Returns them.
    pub fn return_all(&mut self) -> Vec<BlockRequest> {
        self.return_where(|_| true, false)
    }

    /// Moves requests back to the front of the queue. Returns them.
    fn return_where(
        &mut self,
        condition: impl Fn(Instant) -> bool,
        counts: bool,
    ) -> Vec<BlockRequest> {
        let mut returned: Vec<(u64, BlockKey)> = Vec::new();
        for (key, entry) in &mut self.entries {
            if let State::InFlight(sent) = entry.state
                && condition(sent)
            {
                entry.state = State::Waiting;
                entry.attempts = entry.attempts.saturating_add(u8::from(counts));
                returned.push((entry.id, *key));
            }
        }
        self.in_flight -= returned.len();
        // The order in which the piece engine asked.
        returned.sort_unstable();
        for (id, key) in returned.iter().rev() {
            self.queue.push_front((*key, *id));
        }
        let block = |(piece, begin): BlockKey| {
            let len = self.entries.get(&(piece, begin)).map_or(0, |entry| entry.len);
            BlockRequest { piece, begin, len }
        };
        returned.into_iter().map(|(_, key)| block(key)).collect()
    }

    /// Puts requests whose pause is over into the queue.
    pub fn resume_delayed(&mut self, now: Instant) {
        if self.delayed == 0 {
            return;
        }
        for (key, entry) in &mut self.entries {
            if let State::Delayed(until) = entry.state
                && until <= now
            {
                entry.state = State::Waiting;
                self.delayed -= 1;
                self.queue.push_back((*key, entry.id));
            }
        }
    }

    /// Takes requests back that the peer has probably lost: much later ones have been answered. They
    /// are to be cancelled, and are sent again.
    pub fn return_overtaken(&mut self, now: Instant) -> Vec<BlockRequest> {
        let Some(answered) = self.answered_sent else { return Vec::new() };
        self.return_where(
            |sent| now >= sent + OVERTAKEN_AFTER && answered >= sent + OVERTAKEN_BY,
            true,
        )
    }

    /// A piece of which a request was sent too often.
    pub fn hopeless(&self) -> Option<u32> {
        let mut entries = self.entries.iter();
        entries.find(|(_, entry)| entry.attempts >= MAX_ATTEMPTS).map(|((piece, _), _)| *piece)
    }

    /// Removes everything. Returns the requests that the peer has.
    pub fn clear(&mut self) -> Vec<BlockRequest> {
        let blocks = self.return_where(|_| true, false);
        *self = Self { next_id: self.next_id, ..Self::default() };
        blocks
    }

    /// Frees the memory of an empty book.
    pub fn shrink(&mut self) {
        if self.entries.is_empty() && (self.entries.capacity() > 0 || self.queue.capacity() > 0) {
            self.entries = HashMap::new();
            self.queue = VecDeque::new();
        }
    }

    /// Whether there is no request.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Requests that the peer has.
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Whether a request for a block at this place exists.
    pub fn contains(&self, piece: u32, begin: u32) -> bool {
        self.entries.contains_key(&(piece, begin))
    }

    fn remove(&mut self, key: BlockKey) -> Option<State> {
        let entry = self.entries.remove(&key)?;
        match entry.state {
            State::Waiting => {}
            State::Delayed(_) => self.delayed -= 1,
            State::InFlight(_) => self.in_flight -= 1,
        }
        Some(entry.state)
    }

    fn new_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }
}

fn is_waiting(entry: Option<&Entry>, id: u64) -> bool {
    entry.is_some_and(|entry| entry.id == id && entry.state == State::Waiting)
}

//! A peer that claims to have the metadata.

use std::time::{Duration, Instant};

use super::{MAX_PAUSE, SILENCE, STALE};

/// A peer that claims to have the metadata.
#[derive(Debug)]
pub struct Peer {
    /// The claimed size in bytes.
    size: u32,
    pending: Vec<Pending>,
    /// Rejects since the last part.
    rejects: u32,
    paused_until: Option<Instant>,
    /// A request was unanswered for too long, and the peer has not answered since.
    silent: bool,
    excluded: bool,
    /// How often all parts were asked from this peer alone.
    turns: u32,
    /// When the peer was last considered for a request.
    polled: Instant,
}

/// An unanswered request.
#[derive(Debug)]
struct Pending {
    part: u32,
    /// When the part was asked for first.
    first: Instant,
    /// When the part was asked for last.
    last: Instant,
}

impl Peer {
    /// A peer that was not asked for anything yet.
    pub const fn new(size: u32, now: Instant) -> Self {
        Self {
            size,
            pending: Vec::new(),
            rejects: 0,
            paused_until: None,
            silent: false,
            excluded: false,
            turns: 0,
            polled: now,
        }
    }

    /// The claimed size in bytes.
    pub const fn size(&self) -> u32 {
        self.size
    }

    /// Notes that the peer is considered for a request, and the size that it claims now.
    pub fn poll(&mut self, size: u32, now: Instant) {
        self.polled = now;
        self.silent |= self.silence(now) >= SILENCE;
        if self.size != size {
            self.size = size;
            self.pending.clear();
        }
    }

    /// Whether the peer sent something invalid or wrong and is not asked again.
    pub const fn is_excluded(&self) -> bool {
        self.excluded
    }

    /// Stops asking the peer for good.
    pub fn exclude(&mut self) {
        self.excluded = true;
        self.pending.clear();
    }

    /// Whether the peer may be asked now.
    pub fn is_usable(&self, now: Instant) -> bool {
        !self.excluded && self.pause(now).is_zero()
    }

    /// How long the peer is not asked from now on.
    fn pause(&self, now: Instant) -> Duration {
        self.paused_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }

    /// How long the oldest request has been unanswered.
    fn silence(&self, now: Instant) -> Duration {
        let waits = self.pending.iter().map(|pending| now.saturating_duration_since(pending.first));
        waits.max().unwrap_or_default()
    }

    /// Whether a request was unanswered for too long, and the peer has not answered since.
    pub fn is_silent(&self, now: Instant) -> bool {
        self.silent || self.silence(now) >= SILENCE
    }

    /// How often all parts were asked from this peer alone.
    pub const fn turns(&self) -> u32 {
        self.turns
    }

    /// Notes that all parts are asked from this peer alone.
    pub const fn start_turn(&mut self) {
        self.turns = self.turns.saturating_add(1);
    }

    /// Whether all parts can be asked from this peer alone.
    pub fn can_take_turn(&self, now: Instant) -> bool {
        let polled = now.saturating_duration_since(self.polled) < STALE;
        polled && self.is_usable(now) && !self.is_silent(now)
    }

    /// Whether the peer that all parts are asked from answers well enough to go on. The patience
    /// with a peer that has `delivered` a part doubles with each of its turns, so that a slow one
    /// succeeds in the end.
    pub fn keeps_turn(&self, delivered: bool, now: Instant) -> bool {
        if !delivered {
            return self.is_usable(now) && self.silence(now) < SILENCE;
        }
        let patience = SILENCE * (1 << self.turns.saturating_sub(1).min(5));
        !self.excluded && self.pause(now) < patience && self.silence(now) < patience
    }

    /// The parts whose request counts: it is new, and the peer is not silent. Repetitions do not
    /// count, so that peers that never answer cannot keep a part from others.
    pub fn asked(&self, now: Instant) -> impl Iterator<Item = u32> {
        let pending = self.pending.iter().filter(|_| !self.silent);
        let pending = pending.filter(move |p| now.saturating_duration_since(p.first) < SILENCE);
        pending.map(|pending| pending.part)
    }

    /// Number of unanswered requests.
    pub const fn in_flight(&self) -> usize {
        self.pending.len()
    }

    /// Whether a part is asked for.
    pub fn is_asked(&self, part: u32) -> bool {
        self.pending.iter().any(|pending| pending.part == part)
    }

    /// Asks for a part.
    pub fn ask(&mut self, part: u32, now: Instant) {
        self.pending.push(Pending { part, first: now, last: now });
    }

    /// Forgets requests for parts that are not wanted any more.
    pub fn retain(&mut self, wanted: impl Fn(u32) -> bool) {
        self.pending.retain(|pending| wanted(pending.part));
    }

    /// Repeats the oldest request, unless one was made or repeated shortly before.
    pub fn repeat(&mut self, allowed: impl Fn(u32) -> bool, now: Instant) -> Option<u32> {
        let age = |pending: &Pending| now.saturating_duration_since(pending.last);
        if self.pending.iter().any(|pending| age(pending) < SILENCE) {
            return None;
        }
        let pending = self.pending.iter_mut().filter(|pending| allowed(pending.part));
        let pending = pending.min_by_key(|pending| pending.last)?;
        pending.last = now;
        Some(pending.part)
    }

    /// Takes a part out of the pending ones. Returns whether it was there.
    pub fn answered(&mut self, part: u32) -> bool {
        let index = self.pending.iter().position(|pending| pending.part == part);
        if let Some(index) = index {
            self.pending.remove(index);
            self.silent = false;
        }
        index.is_some()
    }

    /// Ends the series of rejects.
    pub const fn reset_rejects(&mut self) {
        self.rejects = 0;
    }

    /// Pauses after a reject, longer after each one in a row.
    pub fn rejected(&mut self, now: Instant) {
        self.rejects = self.rejects.saturating_add(1);
        let pause = Duration::from_secs(2u64.saturating_pow(self.rejects)).min(MAX_PAUSE);
        self.paused_until = Some(now + pause);
    }
}

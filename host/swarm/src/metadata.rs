//! Assembles the metadata of a torrent from the parts that several peers send (BEP 9). Pure.
//!
//! Peers may lie about the size and about the content. Each claimed size is assembled separately,
//! and once parts of several peers together have the wrong hash, that size is assembled from one
//! peer at a time, which tells the liar from the others.

mod candidate;
mod peer;

use std::cmp::Reverse;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use torrpeddo_readers::metainfo::{InfoHash, sha1};

use self::candidate::{Candidate, part_len};
use self::peer::Peer;
use crate::types::PeerKey;

/// Most bytes of metadata. Peers that claim more are not asked.
pub const MAX_METADATA_BYTES: u32 = 32 * 1024 * 1024;

/// Most sizes that are assembled at a time.
pub const MAX_SIZES: usize = 4;

/// Most bytes of all parts that are kept, of all sizes together.
pub const MAX_BUFFERED_BYTES: usize = MAX_METADATA_BYTES as usize + 16 * 1024 * 1024;

/// Most unanswered requests to a peer. A peer whose size fewer peers claim than another is asked
/// for one part at a time.
pub const MAX_IN_FLIGHT: usize = 4;

/// Most peers that a part is asked from at a time.
const MAX_ASKED: u8 = 2;

/// A request without an answer for this long does not keep the part from being asked again.
const SILENCE: Duration = Duration::from_secs(5);

/// A size without a new part for this long makes room for a size that waits.
const STALE: Duration = Duration::from_secs(10);

/// A size that is not complete after this long makes room for a size that waits. It is also the
/// first time limit of a peer that sends all parts alone; the limit doubles with every change of
/// the peer.
const HOLD: Duration = Duration::from_secs(60);

/// Longest time limit of a peer that sends all parts alone.
const MAX_TURN: Duration = Duration::from_secs(3600);

/// Longest pause after a reject. The first one is two seconds, and each further one twice as long.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// What a part led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MetadataProgress {
    /// The part was not asked for, is known already or is invalid.
    Ignored,
    /// The part is kept.
    Accepted,
    /// All parts are there and have the right hash. Everything else is ignored from now on.
    Complete(Bytes),
    /// All parts were there and have the wrong hash. The assembly starts again.
    Failed {
        /// The peer that sent all parts, which is to be banned. Empty if the parts are of several
        /// peers: the parts are then asked from one peer at a time.
        liars: Vec<PeerKey>,
    },
}

/// The metadata of one torrent while it is unknown.
///
/// Its memory is bounded by [`MAX_BUFFERED_BYTES`] and some hundred bytes for each peer between its
/// first request and [`MetadataAssembly::remove_peer`].
#[derive(Debug)]
pub struct MetadataAssembly {
    info_hash: InfoHash,
    candidates: Vec<Candidate>,
    peers: HashMap<PeerKey, Peer>,
    complete: bool,
}

impl MetadataAssembly {
    /// An assembly without parts.
    #[must_use]
    pub fn new(info_hash: InfoHash) -> Self {
        Self { info_hash, candidates: Vec::new(), peers: HashMap::new(), complete: false }
    }

    /// The next part to ask a peer for, or `None` while nothing is to be asked from it.
    ///
    /// Call it until it returns `None`: after the peer's extended handshake, after each of the
    /// peer's answers, and about every second. Each returned part counts as requested at `now`. A
    /// part is asked from at most two peers at a time; requests that were not answered for five
    /// seconds do not count.
    pub fn next_request(&mut self, peer: PeerKey, claimed_size: u32, now: Instant) -> Option<u32> {
        if self.complete || !(1..=MAX_METADATA_BYTES).contains(&claimed_size) {
            return None;
        }
        let record = self.peers.entry(peer).or_insert_with(|| Peer::new(claimed_size, now));
        record.poll(claimed_size, now);
        if !record.is_usable(now) {
            return None;
        }
        let index = self.candidate(claimed_size, now)?;
        if !self.may_send(index, peer, now) {
            return None;
        }
        self.choose(index, peer, now)
    }

    /// Takes a part that a peer sent. `total_size` is the size of the metadata as in the message.
    pub fn on_data(
        &mut self,
        peer: PeerKey,
        piece: u32,
        total_size: u32,
        data: &[u8],
    ) -> MetadataProgress {
        let Some(record) = self.peers.get_mut(&peer) else { return MetadataProgress::Ignored };
        if !record.answered(piece) {
            return MetadataProgress::Ignored;
        }
        let size = record.size();
        if total_size != size || data.len() != part_len(size, piece) {
            record.exclude();
            return MetadataProgress::Ignored;
        }
        record.reset_rejects();
        self.make_room(data.len());
        let candidate = self.candidates.iter_mut().find(|candidate| candidate.size() == size);
        let Some(candidate) = candidate else { return MetadataProgress::Ignored };
        if !candidate.add(peer, piece, data) {
            return MetadataProgress::Ignored;
        }
        let Some((metadata, sender)) = candidate.take_whole() else {
            return MetadataProgress::Accepted;
        };
        if sha1(&metadata) == self.info_hash.0 {
            self.complete = true;
            self.candidates = Vec::new();
            self.peers = HashMap::new();
            return MetadataProgress::Complete(metadata.into());
        }
        candidate.set_single_sender(sender.is_none());
        if let Some(record) = sender.and_then(|sender| self.peers.get_mut(&sender)) {
            record.exclude();
        }
        MetadataProgress::Failed { liars: sender.into_iter().collect() }
    }

    /// Notes that a peer does not send a part. It is not asked for a while; other peers are.
    pub fn on_reject(&mut self, peer: PeerKey, piece: u32, now: Instant) {
        if let Some(record) = self.peers.get_mut(&peer)
            && record.answered(piece)
        {
            record.rejected(now);
        }
    }

    /// Forgets a peer, whose connection has ended. Its parts are kept.
    pub fn remove_peer(&mut self, peer: PeerKey) {
        self.peers.remove(&peer);
    }

    /// How many peers claim a size.
    fn claims(&self, size: u32) -> usize {
        self.peers.values().filter(|peer| peer.size() == size && !peer.is_excluded()).count()
    }

    /// The index of the candidate of a size, which takes the place of another one if there are too
    /// many. `None` if the others are preferred.
    fn candidate(&mut self, size: u32, now: Instant) -> Option<usize> {
        let known = self.candidates.iter().position(|candidate| candidate.size() == size);
        if let Some(index) = known {
            self.candidates.get_mut(index)?.note_progress(now);
            return Some(index);
        }
        if self.candidates.len() < MAX_SIZES {
            self.candidates.push(Candidate::new(size, now));
            return Some(self.candidates.len() - 1);
        }
        let claims = self.claims(size);
        let others = self.candidates.iter().enumerate();
        let others = others.map(|(index, other)| (index, other, self.claims(other.size())));
        let (index, ..) = others
            .filter(|(_, other, others)| *others < claims || other.is_replaceable(now))
            .min_by_key(|(_, other, claims)| (*claims, other.since()))?;
        *self.candidates.get_mut(index)? = Candidate::new(size, now);
        Some(index)
    }

    /// Whether parts of a size may be asked from a peer: always, unless they are asked from one
    /// peer at a time and it is another peer's turn.
    fn may_send(&mut self, index: usize, peer: PeerKey, now: Instant) -> bool {
        let Some(candidate) = self.candidates.get_mut(index) else { return false };
        if !candidate.has_single_sender() {
            return true;
        }
        let size = candidate.size();
        let current = candidate.sender();
        if current == Some(peer) {
            return true;
        }
        let Some(record) = self.peers.get(&peer) else { return false };
        let sender = current.and_then(|current| self.peers.get(&current));
        if let Some(sender) = sender.filter(|sender| sender.size() == size)
            && !candidate.turn_is_over(now)
            && !sender.is_excluded()
            // A silent peer is no better than the sender.
            && (record.is_silent(now) || sender.keeps_turn(candidate.buffered() > 0, now))
        {
            return false;
        }
        // The turn goes to a peer that had the fewest, so that two liars cannot pass it to each
        // other.
        let others = self.peers.iter().filter(|(key, _)| Some(**key) != current && **key != peer);
        let others = others.filter(|(_, other)| other.size() == size && other.can_take_turn(now));
        let fewest = others.map(|(_, other)| other.turns()).min();
        if fewest.is_some_and(|fewest| fewest < record.turns() || record.is_silent(now)) {
            return false;
        }
        if let Some(record) = self.peers.get_mut(&peer) {
            record.start_turn();
        }
        candidate.start_turn(peer, now);
        true
    }

    /// Chooses a missing part: one that is asked from no other peer, if there is one.
    fn choose(&mut self, index: usize, peer: PeerKey, now: Instant) -> Option<u32> {
        let sizes = self.candidates.iter().map(|candidate| self.claims(candidate.size()));
        let most_claims = sizes.max()?;
        let candidate = self.candidates.get(index)?;
        let size = candidate.size();
        let window = if self.claims(size) < most_claims { 1 } else { MAX_IN_FLIGHT };
        let asked = self.asked(candidate, peer, now);
        let asked = |part: u32| asked.get(part as usize).copied().unwrap_or(MAX_ASKED);

        let record = self.peers.get_mut(&peer)?;
        record.retain(|part| candidate.is_missing(part));
        // A silent peer is asked for one part at a time, until it answers.
        let silent = record.is_silent(now);
        if silent && record.in_flight() > 0 {
            return record.repeat(|part| asked(part) < MAX_ASKED, now);
        }
        if record.in_flight() >= if silent { 1 } else { window } {
            return None;
        }
        let parts = candidate.missing();
        let parts = parts.filter(|part| asked(*part) < MAX_ASKED && !record.is_asked(*part));
        let part = parts.min_by_key(|part| asked(*part))?;
        record.ask(part, now);
        Some(part)
    }

    /// From how many other peers each part of a candidate is asked.
    fn asked(&self, candidate: &Candidate, peer: PeerKey, now: Instant) -> Vec<u8> {
        let mut asked = vec![0u8; candidate.part_count()];
        if candidate.has_single_sender() {
            return asked;
        }
        let others = self.peers.iter().filter(|(key, _)| **key != peer).map(|(_, other)| other);
        let others = others.filter(|other| other.size() == candidate.size());
        for part in others.flat_map(|other| other.asked(now)) {
            if let Some(count) = asked.get_mut(part as usize) {
                *count = count.saturating_add(1);
            }
        }
        asked
    }

    /// Drops the parts of candidates until `len` more bytes can be kept: of the size that the
    /// fewest peers claim, the largest first.
    fn make_room(&mut self, len: usize) {
        while self.buffered() + len > MAX_BUFFERED_BYTES {
            let candidates = self.candidates.iter().enumerate();
            let candidates = candidates.filter(|(_, candidate)| candidate.buffered() > 0);
            let key = |candidate: &Candidate| {
                (self.claims(candidate.size()), Reverse(candidate.buffered()))
            };
            let Some((index, _)) = candidates.min_by_key(|(_, candidate)| key(candidate)) else {
                return;
            };
            if let Some(candidate) = self.candidates.get_mut(index) {
                candidate.clear();
            }
        }
    }

    /// Bytes of all parts.
    fn buffered(&self) -> usize {
        self.candidates.iter().map(Candidate::buffered).sum()
    }
}

#[cfg(test)]
mod tests;

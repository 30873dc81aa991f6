//! Types that several parts of the swarm share.

use std::future::Future;
use std::net::TcpStream;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use bytes::Bytes;
use parking_lot::RwLock;
use tokio::runtime::Handle;
use tokio::sync::watch;
use torrpeddo_readers::metainfo::InfoHash;

use crate::wire::handshake::Handshake;

/// The layout of a torrent whose metadata is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TorrentInfo {
    /// SHA-1 of `info`.
    pub info_hash: InfoHash,
    /// The raw `info` dictionary, served to peers (BEP 9).
    pub info: Bytes,
    /// Number of pieces.
    pub piece_count: u32,
    /// Bytes of every piece but the last.
    pub piece_bytes: u32,
    /// Bytes of all pieces together.
    pub total_bytes: u64,
    /// Peers come from the torrent's own trackers only, and peer exchange is off (BEP 27).
    pub private: bool,
}

impl TorrentInfo {
    /// Bytes of a piece; 0 for an index that is out of range.
    #[must_use]
    pub fn piece_len(&self, piece: u32) -> u32 {
        let start = u64::from(piece) * u64::from(self.piece_bytes);
        let len = self.total_bytes.saturating_sub(start).min(u64::from(self.piece_bytes));
        u32::try_from(len).unwrap_or(0)
    }

    /// Bytes of a bitfield message's payload (BEP 3).
    #[must_use]
    pub const fn bitfield_len(&self) -> usize {
        self.piece_count.div_ceil(8) as usize
    }
}

/// A number that identifies a connection of a torrent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeerKey(pub u64);

/// Where the address of a peer came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PeerSource {
    /// A tracker's answer.
    Tracker,
    /// The DHT (BEP 5).
    Dht,
    /// Local service discovery (BEP 14).
    Lsd,
    /// Peer exchange (BEP 11).
    Pex,
    /// The user: `x.pe` of a link, or an address typed in.
    User,
    /// The peer connected to us.
    Incoming,
}

/// The future of a connection to the piece engine.
pub type ConnectFuture = Pin<Box<dyn Future<Output = std::io::Result<TcpStream>> + Send>>;

/// The piece engine's side of one torrent: picks, requests and verifies pieces, and takes each peer as
/// a connection on loopback.
pub trait PieceEngine: Send + Sync + 'static {
    /// Opens a connection, sends `handshake` as the peer's and waits for the answer.
    ///
    /// The stream is in non-blocking mode. It fails when the piece engine does not answer, which is
    /// also how it refuses a peer.
    fn connect(&self, handshake: [u8; Handshake::LEN]) -> ConnectFuture;

    /// The runtime of the torrent's tasks. Connections run there, so that a block passes from the peer
    /// to the disk without waking another thread.
    fn runtime(&self) -> Handle;

    /// Notes that payload was passed on, for the scheduling of the torrent's thread.
    fn served(&self);
}

/// A torrent that is attached to the piece engine.
#[derive(Clone)]
pub struct Attachment {
    /// The layout.
    pub info: Arc<TorrentInfo>,
    /// The piece engine.
    pub engine: Arc<dyn PieceEngine>,
}

/// The verified pieces of a torrent, and the order in which they were verified.
///
/// A connection remembers how much of the order it has told its peer, so that no `have` is lost
/// however late it reads.
#[derive(Debug)]
pub struct PieceSet {
    state: RwLock<PieceState>,
    /// Length of the order, for connections that wait.
    verified: watch::Sender<usize>,
    complete: watch::Sender<bool>,
    count: AtomicU32,
}

#[derive(Debug, Default)]
struct PieceState {
    bits: Vec<u8>,
    order: Vec<u32>,
    total: u32,
}

impl Default for PieceSet {
    fn default() -> Self {
        Self {
            state: RwLock::default(),
            verified: watch::Sender::new(0),
            complete: watch::Sender::new(false),
            count: AtomicU32::new(0),
        }
    }
}

impl PieceSet {
    /// Replaces everything: `bits` is a bitfield in the wire's order (BEP 3, most significant bit
    /// first) for `total` pieces. Missing bytes are zero, surplus bits are cleared.
    pub fn reset(&self, bits: &[u8], total: u32) {
        let mut state = self.state.write();
        let len = total.div_ceil(8) as usize;
        let mut copy = bits.get(..len.min(bits.len())).unwrap_or_default().to_vec();
        copy.resize(len, 0);
        if let Some(last) = copy.last_mut()
            && !total.is_multiple_of(8)
        {
            *last &= 0xff << (8 - total % 8);
        }
        let count = copy.iter().map(|byte| byte.count_ones()).sum();
        *state = PieceState { bits: copy, order: Vec::new(), total };
        self.count.store(count, Ordering::Release);
        drop(state);
        self.verified.send_replace(0);
        self.complete.send_replace(total > 0 && count == total);
    }

    /// Adds a verified piece. Returns whether it is new and in range.
    pub fn add(&self, piece: u32) -> bool {
        let mut state = self.state.write();
        let (byte, mask) = position(piece);
        if piece >= state.total || state.bits.get(byte).is_none_or(|bits| bits & mask != 0) {
            return false;
        }
        if let Some(bits) = state.bits.get_mut(byte) {
            *bits |= mask;
        }
        state.order.push(piece);
        let len = state.order.len();
        let complete = self.count.fetch_add(1, Ordering::AcqRel) + 1 == state.total;
        drop(state);
        self.verified.send_replace(len);
        if complete {
            self.complete.send_replace(true);
        }
        true
    }

    /// Whether a piece is verified.
    #[must_use]
    pub fn has(&self, piece: u32) -> bool {
        let (byte, mask) = position(piece);
        self.state.read().bits.get(byte).is_some_and(|bits| bits & mask != 0)
    }

    /// Number of verified pieces.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count.load(Ordering::Acquire)
    }

    /// Whether every piece is verified. False while the number of pieces is unknown.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let total = self.state.read().total;
        total > 0 && self.count() == total
    }

    /// Whether a peer with this bitfield has a piece that is not verified.
    #[must_use]
    pub fn lacks_any_of(&self, bits: &[u8]) -> bool {
        let state = self.state.read();
        let ours = state.bits.iter().copied().chain(std::iter::repeat(0));
        bits.iter().zip(ours).any(|(theirs, ours)| theirs & !ours != 0)
    }

    /// The bitfield, and the length of the order that it contains.
    #[must_use]
    pub fn snapshot(&self) -> (Vec<u8>, usize) {
        let state = self.state.read();
        (state.bits.clone(), state.order.len())
    }

    /// The pieces that were verified after the first `from`, at most `limit`.
    #[must_use]
    pub fn verified_since(&self, from: usize, limit: usize) -> Vec<u32> {
        let state = self.state.read();
        let rest = state.order.get(from..).unwrap_or_default();
        rest.get(..limit).unwrap_or(rest).to_vec()
    }

    /// Changes when the set becomes complete, or is replaced.
    #[must_use]
    pub fn completion(&self) -> watch::Receiver<bool> {
        self.complete.subscribe()
    }

    /// Changes whenever a piece is verified; its value is the length of the order.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<usize> {
        self.verified.subscribe()
    }
}

fn position(piece: u32) -> (usize, u8) {
    ((piece / 8) as usize, 0x80 >> (piece % 8))
}

/// Counts connections of a torrent that may request from their peer. A connection whose peer chokes
/// gives its reserved pieces back sooner where another connection can serve them.
#[derive(Debug, Default)]
pub struct UnchokedCount(AtomicUsize);

impl UnchokedCount {
    /// Adds a connection.
    pub fn add(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }

    /// Takes a connection away again.
    pub fn remove(&self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }

    /// The number of connections.
    #[must_use]
    pub fn get(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_set_keeps_the_order_of_verification() {
        let set = PieceSet::default();
        assert!(!set.is_complete());
        set.reset(&[0b0100_0000, 0xff], 10);
        assert_eq!(set.snapshot(), (vec![0b0100_0000, 0b1100_0000], 0));
        assert_eq!(set.count(), 3);
        assert!(set.add(4) && set.add(0) && !set.add(1) && !set.add(10));
        assert_eq!(set.verified_since(0, 10), [4, 0]);
        assert_eq!(set.verified_since(1, 10), [0]);
        assert_eq!(set.verified_since(0, 1), [4]);
        assert_eq!(set.verified_since(3, 1), [0u32; 0]);
        for piece in [2, 3, 5, 6, 7] {
            assert!(set.add(piece));
        }
        assert!(set.is_complete() && set.has(7) && !set.has(99));
    }

    #[test]
    fn the_last_piece_is_shorter() {
        let info = TorrentInfo {
            info_hash: InfoHash([0; 20]),
            info: Bytes::new(),
            piece_count: 3,
            piece_bytes: 16,
            total_bytes: 40,
            private: false,
        };
        assert_eq!([0, 1, 2, 3].map(|piece| info.piece_len(piece)), [16, 16, 8, 0]);
        assert_eq!(info.bitfield_len(), 1);
    }
}

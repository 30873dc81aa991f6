//! What others may know about a connection while it lives.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::types::PeerSource;

/// We do not answer the peer's requests.
pub const AM_CHOKING: u32 = 1 << 0;
/// The peer has pieces that we want.
pub const AM_INTERESTED: u32 = 1 << 1;
/// The peer does not answer our requests.
pub const PEER_CHOKING: u32 = 1 << 2;
/// The peer wants pieces that we have.
pub const PEER_INTERESTED: u32 = 1 << 3;
/// The Fast extension is in use (BEP 6).
pub const FAST: u32 = 1 << 4;
/// The extension protocol is in use (BEP 10).
pub const EXTENDED: u32 = 1 << 5;
/// The peer has every piece.
pub const SEED: u32 = 1 << 6;
/// The peer was unchoking and did not answer requests for a minute.
pub const SNUBBED: u32 = 1 << 7;
/// The peer has the optimistic unchoke slot.
pub const OPTIMISTIC: u32 = 1 << 8;
/// The peer downloads nothing (BEP 21).
pub const UPLOAD_ONLY: u32 = 1 << 9;
/// The piece engine has the connection.
pub const ENGINE: u32 = 1 << 10;

/// The state of a connection, readable at any time.
#[derive(Debug)]
pub struct PeerStatus {
    /// The peer's address.
    pub address: SocketAddr,
    /// The peer's id.
    pub peer_id: [u8; 20],
    /// Whether the peer connected to us.
    pub incoming: bool,
    /// Where the address came from.
    pub source: PeerSource,
    /// When the connection was handed over.
    pub connected_at: Instant,
    downloaded: AtomicU64,
    uploaded: AtomicU64,
    flags: AtomicU32,
    pieces: AtomicU32,
    client: Mutex<Option<String>>,
}

impl PeerStatus {
    /// The state of a new connection.
    pub(crate) fn new(
        address: SocketAddr,
        peer_id: [u8; 20],
        incoming: bool,
        source: PeerSource,
    ) -> Self {
        Self {
            address,
            peer_id,
            incoming,
            source,
            connected_at: Instant::now(),
            downloaded: AtomicU64::new(0),
            uploaded: AtomicU64::new(0),
            flags: AtomicU32::new(AM_CHOKING | PEER_CHOKING),
            pieces: AtomicU32::new(0),
            client: Mutex::new(None),
        }
    }

    /// Bytes of blocks that were received and asked for.
    #[must_use]
    pub fn downloaded(&self) -> u64 {
        self.downloaded.load(Ordering::Relaxed)
    }

    /// Bytes of blocks that were sent.
    #[must_use]
    pub fn uploaded(&self) -> u64 {
        self.uploaded.load(Ordering::Relaxed)
    }

    /// The flags, such as [`AM_CHOKING`].
    #[must_use]
    pub fn flags(&self) -> u32 {
        self.flags.load(Ordering::Relaxed)
    }

    /// Whether every one of these flags is set.
    #[must_use]
    pub fn has(&self, flags: u32) -> bool {
        self.flags() & flags == flags
    }

    /// How many pieces the peer has.
    #[must_use]
    pub fn pieces(&self) -> u32 {
        self.pieces.load(Ordering::Relaxed)
    }

    /// The client's name from the extended handshake, safe to show.
    #[must_use]
    pub fn client(&self) -> Option<String> {
        self.client.lock().clone()
    }

    pub(crate) fn set(&self, flag: u32, on: bool) {
        if on {
            self.flags.fetch_or(flag, Ordering::Relaxed);
        } else {
            self.flags.fetch_and(!flag, Ordering::Relaxed);
        }
    }

    pub(crate) fn add_downloaded(&self, bytes: u64) {
        self.downloaded.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn add_uploaded(&self, bytes: u64) {
        self.uploaded.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn set_pieces(&self, count: u32) {
        self.pieces.store(count, Ordering::Relaxed);
    }

    pub(crate) fn set_client(&self, client: Option<String>) {
        *self.client.lock() = client;
    }
}

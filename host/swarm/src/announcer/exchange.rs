//! What is said to a tracker and what it answers, whatever the protocol.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use torrpeddo_readers::metainfo::InfoHash;

/// Addresses taken from one answer.
pub const MAX_PEERS: usize = 1_000;
/// Peers of one answer that are given by host name (BEP 3) and resolved.
pub const MAX_PEER_NAMES: usize = 10;
/// `left` while the size is unknown. A tracker takes 0 for a seed, and gives seeds no seeds;
/// libtorrent tells the same number while it fetches metadata.
pub const UNKNOWN_LEFT: u64 = 16_384;

/// The `event` of an announce (BEP 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A regular announce.
    None,
    /// The torrent became complete here.
    Completed,
    /// The first announce since the start.
    Started,
    /// The torrent stops.
    Stopped,
}

/// The address families in the order in which they are kept in arrays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// Both families.
    pub const ALL: [Self; 2] = [Self::V4, Self::V6];

    /// The family of an address.
    #[must_use]
    pub const fn of(ip: IpAddr) -> Self {
        if ip.is_ipv4() { Self::V4 } else { Self::V6 }
    }

    /// The position in arrays of two.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// The parameters of an announce.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The torrent.
    pub info_hash: InfoHash,
    /// Our peer id for this torrent.
    pub peer_id: [u8; 20],
    /// The TCP port that peers can connect to.
    pub port: u16,
    /// Bytes sent since `started`.
    pub uploaded: u64,
    /// Bytes received since `started`.
    pub downloaded: u64,
    /// Bytes missing.
    pub left: u64,
    /// The event.
    pub event: Event,
    /// A random number by which a tracker recognises us when our address changes.
    pub key: u32,
    /// Number of peers asked for.
    pub numwant: u32,
    /// The `tracker id` of an earlier answer (HTTP).
    pub tracker_id: Option<Vec<u8>>,
}

/// The answer to an announce.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// Seconds between announces as told by the tracker, unchecked.
    pub interval: Option<i64>,
    /// Seconds that must pass before any other announce, unchecked.
    pub min_interval: Option<i64>,
    /// Peers that are complete.
    pub seeds: Option<u32>,
    /// Peers that are not complete.
    pub leechers: Option<u32>,
    /// Completed downloads.
    pub downloads: Option<u32>,
    /// Addresses, at most [`MAX_PEERS`], all of them dialable.
    pub peers: Vec<SocketAddr>,
    /// Peers given by host name, at most [`MAX_PEER_NAMES`].
    pub peer_names: Vec<(String, u16)>,
    /// Text for the user from a tracker that works.
    pub warning: Option<String>,
    /// To be sent with the next announce.
    pub tracker_id: Option<Vec<u8>>,
    /// Our address as the tracker sees it (BEP 24).
    pub external_ip: Option<IpAddr>,
}

/// The answer to a scrape (BEP 15, 48).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scrape {
    /// Peers that are complete.
    pub seeds: Option<u32>,
    /// Peers that are not complete.
    pub leechers: Option<u32>,
    /// Completed downloads.
    pub downloads: Option<u32>,
}

/// When a tracker that failed is asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// After the back-off.
    BackOff,
    /// After this time, as the tracker asked (BEP 31, or `Retry-After`).
    After(Duration),
    /// Only when the user asks for it (BEP 31).
    Never,
}

/// A failed announce.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// Text for the user.
    pub message: String,
    /// When to ask again.
    pub retry: Retry,
    /// The tracker could not be reached or did not answer, so that other torrents cannot reach it
    /// either.
    pub unreachable: bool,
}

impl Failure {
    /// The tracker answered, but not with peers.
    pub fn refused(message: impl Into<String>) -> Self {
        Self { message: message.into(), retry: Retry::BackOff, unreachable: false }
    }

    /// The tracker could not be reached, or did not answer.
    pub fn unreachable(message: impl Into<String>) -> Self {
        Self { message: message.into(), retry: Retry::BackOff, unreachable: true }
    }
}

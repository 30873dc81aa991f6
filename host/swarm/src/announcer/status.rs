//! The status of a tracker as it is shown.

use std::net::IpAddr;
use std::time::Instant;

/// The state of a tracker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrackerState {
    /// It cannot be asked: its URL is invalid or of an unknown kind.
    Disabled,
    /// It has not been asked since the start.
    NotContacted,
    /// An announce is under way or waits for its place.
    Updating,
    /// The last announce was answered.
    Working,
    /// The last announce failed.
    Failed,
}

/// A tracker of a torrent as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackerStatus {
    /// The URL as given, passkey included.
    pub url: String,
    /// Index of its tier.
    pub tier: u32,
    /// Its state.
    pub state: TrackerState,
    /// Why it failed, or a warning of a tracker that works: one line without control characters, at
    /// most [`MAX_MESSAGE`] bytes.
    pub message: Option<String>,
    /// Peers that are complete.
    pub seeds: Option<u32>,
    /// Peers that are not complete.
    pub leechers: Option<u32>,
    /// Completed downloads.
    pub downloads: Option<u32>,
    /// Addresses in the last answer.
    pub peers: Option<u32>,
    /// When it is asked next; `None` while it is being asked, or if it is not asked unless another
    /// tracker fails.
    pub next_announce: Option<Instant>,
    /// When the last announce began.
    pub last_announce: Option<Instant>,
    /// Announces that failed since the last one that was answered.
    pub failures: u32,
    /// Our address as the tracker sees it (BEP 24).
    pub external_ip: Option<IpAddr>,
}

/// Bytes of [`TrackerStatus::message`].
pub const MAX_MESSAGE: usize = 300;

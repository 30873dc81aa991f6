//! The announcer: asks trackers for peers and tells them about our torrents (BEP 3, 7, 12, 15, 23, 24,
//! 27, 31, 41, 48).
//!
//! Every torrent has one task, which sleeps until the next announce is due and ends with its
//! [`TorrentAnnouncer`]. Which tracker is asked when is decided in `state`, without I/O; HTTP clients,
//! UDP sockets, resolved names and the limits on announces under way are shared by all torrents.
//!
//! - A public torrent announces to one tracker of every tier at the same time, a private one to the
//!   next tracker only when the one before has failed.
//! - `started` is sent until a tracker has answered it, `completed` once and only if the torrent became
//!   complete here, `stopped` to each tracker that has answered since the start.
//! - Each address family that a tracker's name resolves to is announced over, with events of its own.

mod exchange;
mod gate;
mod http;
pub mod http_answer;
mod resolver;
mod schedule;
mod state;
mod status;
mod target;
mod tiers;
mod torrent;
mod tracker;
mod trackers;
mod udp;
pub mod udp_packets;

#[cfg(test)]
mod testing;

use std::net::SocketAddr;
use std::sync::Arc;

use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use torrpeddo_readers::metainfo::InfoHash;

pub use self::exchange::{
    Answer, Event, Failure, Family, MAX_PEER_NAMES, MAX_PEERS, Request, Retry, Scrape,
};
use self::resolver::Network;
pub use self::status::{MAX_MESSAGE, TrackerState, TrackerStatus};
pub use self::torrent::TorrentAnnouncer;
use self::trackers::Trackers;

/// What the announces of all torrents have in common.
#[derive(Debug, Clone)]
pub struct AnnouncerConfig {
    /// The `User-Agent` of HTTP requests.
    pub user_agent: String,
    /// The port of our listener. While there is none, port 1 is announced: trackers refuse port 0, and
    /// an announce without a port that works still brings peers. A change is announced as soon as the
    /// trackers allow.
    pub port: watch::Receiver<Option<u16>>,
    /// Number of peers asked for.
    pub numwant: u32,
    /// Announce over IPv4.
    pub ipv4: bool,
    /// Announce over IPv6.
    pub ipv6: bool,
}

/// Why there is no announcer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AnnouncerError {
    /// The announcer was not made within a tokio runtime.
    #[error("the announcer needs a runtime")]
    NoRuntime,
    /// The user agent has characters that no header may have.
    #[error("the user agent is not valid")]
    InvalidUserAgent,
}

/// Makes the announces of all torrents. Clones share clients, sockets and limits.
#[derive(Clone)]
pub struct Announcer {
    trackers: Arc<Trackers>,
    config: Arc<AnnouncerConfig>,
    handle: Handle,
}

impl Announcer {
    /// An announcer whose tasks run on the current runtime.
    ///
    /// # Errors
    /// If there is no runtime, or the user agent is not valid.
    pub fn new(config: AnnouncerConfig) -> Result<Self, AnnouncerError> {
        Self::in_network(config, Network::default())
    }

    fn in_network(config: AnnouncerConfig, network: Network) -> Result<Self, AnnouncerError> {
        let handle = Handle::try_current().map_err(|_| AnnouncerError::NoRuntime)?;
        reqwest::header::HeaderValue::from_str(&config.user_agent)
            .map_err(|_| AnnouncerError::InvalidUserAgent)?;
        let trackers = Arc::new(Trackers::new(&config, handle.clone(), network));
        Ok(Self { trackers, config: Arc::new(config), handle })
    }

    /// Begins to announce a torrent. Its task runs on the runtime of the announcer, whichever the
    /// current one is, because sockets and connections are shared.
    #[must_use]
    pub fn add(&self, torrent: AnnouncedTorrent) -> TorrentAnnouncer {
        TorrentAnnouncer::start(self, torrent)
    }
}

/// A torrent to announce.
pub struct AnnouncedTorrent {
    /// The torrent.
    pub info_hash: InfoHash,
    /// Our peer id for this torrent.
    pub peer_id: [u8; 20],
    /// URLs of trackers by tier (BEP 12). At most 256 are used, each once.
    pub tiers: Vec<Vec<String>>,
    /// Trackers are asked strictly one after the other (BEP 27).
    pub private: bool,
    /// Gives the numbers for an announce. It is called rarely and must not block.
    pub progress: ProgressFn,
    /// Takes the peers. While it is full, peers wait for up to 30 s and are then dropped.
    pub peers: mpsc::Sender<TrackerPeers>,
    /// The torrent is complete already: no `completed` event is ever sent.
    pub complete: bool,
}

/// Gives the numbers for an announce.
pub type ProgressFn = Arc<dyn Fn() -> Progress + Send + Sync>;

/// The numbers of an announce, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Sent to peers since the torrent was started.
    pub uploaded: u64,
    /// Received from peers since the torrent was started.
    pub downloaded: u64,
    /// Missing. `None` while it is unknown, as for a magnet without metadata: 16,384 is told then, not
    /// 0, which would make us a seed.
    pub left: Option<u64>,
}

/// Peers of one answer, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackerPeers {
    /// Their addresses. All are dialable; ours may be among them.
    pub peers: Vec<SocketAddr>,
    /// The tracker is on a local address itself, so that it may know of peers on local addresses.
    pub from_local_tracker: bool,
}

impl TrackerPeers {
    fn new(peers: Vec<SocketAddr>, from_local_tracker: bool) -> Option<Self> {
        (!peers.is_empty()).then_some(Self { peers, from_local_tracker })
    }
}

#[cfg(test)]
mod tests;

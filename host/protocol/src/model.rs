//! What the engine tells about torrents and about the session.
//!
//! Byte counts fit 2^53, rates are bytes per second, times are Unix milliseconds, progress is 0…1.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The state of a torrent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum TorrentState {
    /// Waits for a free slot.
    Queued,
    /// Asks peers for the metadata of a magnet (BEP 9).
    FetchingMetadata,
    /// Hashes what is on disk.
    Checking,
    /// Downloads.
    Downloading,
    /// Complete, and uploads.
    Seeding,
    /// Complete, and does not upload any more.
    Finished,
    /// Stopped by the user; only the user starts it again.
    Paused,
    /// Taken out of the engine by the user; its files are still there.
    Cancelled,
    /// Stopped by a fault; `resume` goes on from what is verified.
    Error,
}

impl TorrentState {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::FetchingMetadata => "fetching_metadata",
            Self::Checking => "checking",
            Self::Downloading => "downloading",
            Self::Seeding => "seeding",
            Self::Finished => "finished",
            Self::Paused => "paused",
            Self::Cancelled => "cancelled",
            Self::Error => "error",
        }
    }
}

impl std::fmt::Display for TorrentState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a torrent is in state `error`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct TorrentError {
    /// The kind of error.
    pub kind: crate::ErrorKind,
    /// One sentence with what to do.
    pub message: String,
}

/// A torrent as the interface shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Torrent {
    /// The v1 info-hash in lower-case hex.
    pub id: String,
    /// The name: text from a stranger, to be shown as text.
    pub name: String,
    /// The state.
    pub state: TorrentState,
    /// Whether the queue may start and stop it; off after `pause` and `cancel`.
    pub auto_managed: bool,
    /// Whether it runs outside the limits of the queue.
    pub forced: bool,
    /// The place in the queue, from 0; none for what is not in it.
    pub queue_position: Option<u32>,
    /// Of the selected bytes, the share that is on disk and verified. While `checking`, the share
    /// that has been checked.
    pub progress: f64,
    /// The size of everything; 0 while unknown.
    pub total_bytes: u64,
    /// The size of the selected files; 0 while unknown.
    pub selected_bytes: u64,
    /// How much of the selected files is verified.
    pub done_bytes: u64,
    /// Downloaded over the torrent's whole life.
    pub downloaded: u64,
    /// Uploaded over the torrent's whole life.
    pub uploaded: u64,
    /// Uploaded over downloaded, or over the size where nothing was downloaded.
    pub ratio: f64,
    /// Bytes per second.
    pub download_rate: u64,
    /// Bytes per second.
    pub upload_rate: u64,
    /// Milliseconds until it is complete, where that can be said.
    pub eta_ms: Option<u64>,
    /// Peers that we are connected to.
    pub peers_connected: u32,
    /// Peers that we have heard of.
    pub peers_known: u32,
    /// The folder that its files are in.
    pub save_path: String,
    /// The user's labels.
    pub labels: Vec<String>,
    /// When it was added.
    pub added_at: u64,
    /// When it was complete.
    pub completed_at: Option<u64>,
    /// Why it is in state `error`.
    pub error: Option<TorrentError>,
    /// How many files; 0 while unknown.
    pub file_count: u32,
    /// Whether it is private (BEP 27).
    pub private: bool,
    /// A magnet link for it. That of a private torrent names no tracker, since those contain
    /// passkeys; `get_magnet` gives the whole link.
    pub magnet: String,
    /// Its own ratio limit, where it has one: uploaded over downloaded at which it stops seeding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub ratio_limit: Option<f64>,
    /// While its files are being moved: the share that has arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub moving: Option<f64>,
    /// The host of its first tracker, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub tracker: Option<String>,
}

/// Totals over everything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Session {
    /// Bytes per second.
    pub download_rate: u64,
    /// Bytes per second.
    pub upload_rate: u64,
    /// Downloaded over the life of all torrents that are there.
    pub downloaded: u64,
    /// Uploaded over the life of all torrents that are there.
    pub uploaded: u64,
    /// How many torrents are in each state; states without one are absent.
    #[cfg_attr(feature = "typescript", ts(type = "{ [state in TorrentState]?: number }"))]
    pub counts: BTreeMap<TorrentState, u32>,
    /// Free bytes at the default folder.
    pub free_bytes: u64,
    /// The port that peers can reach.
    pub listen_port: Option<u16>,
    /// Nodes in the DHT's routing table (BEP 5).
    pub dht_nodes: u32,
    /// Connected peers of all torrents.
    #[serde(default)]
    pub peers_connected: u32,
    /// Whether the router forwards the listen port to this computer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub port_mapping: Option<PortMapping>,
    /// Whether the alternative limits are in force.
    pub alternative_limits: bool,
    /// The version of the engine.
    pub engine_version: String,
}

/// The state of a port mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum PortMappingState {
    /// Switched off (setting `upnp`).
    Off,
    /// No router has answered yet.
    Unknown,
    /// A router forwards the port.
    Mapped,
    /// No router was found, or the router refused.
    Failed,
}

/// Whether the router forwards the listen port to this computer (UPnP IGD, NAT-PMP, PCP).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct PortMapping {
    /// The state.
    pub state: PortMappingState,
    /// The protocol that the router understood: `upnp`, `nat_pmp` or `pcp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub method: Option<String>,
    /// The router's address on the Internet, as the router reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub external_ip: Option<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub message: Option<String>,
}

/// A file of a torrent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct FileStatus {
    /// The index by which `selected` names it.
    pub index: u32,
    /// The path below `save_path`, with `/` between its parts. Where a torrent has several files it
    /// begins with the torrent's own folder.
    pub path: String,
    /// The size.
    pub bytes: u64,
    /// How much of it is verified.
    pub done_bytes: u64,
    /// Whether it is downloaded.
    pub selected: bool,
}

/// How a peer is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// TCP.
    Tcp,
    /// uTP (BEP 29).
    Utp,
}

/// Who opened a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The peer.
    In,
    /// We.
    Out,
}

/// Where the address of a peer came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum PeerSource {
    /// A tracker's answer.
    Tracker,
    /// The DHT (BEP 5).
    Dht,
    /// Local service discovery (BEP 14).
    Lsd,
    /// Peer exchange (BEP 11).
    Pex,
    /// The user: `x.pe` of a link, or `add_peers`.
    User,
    /// The peer connected to us.
    Incoming,
}

/// The state of both directions of a connection (BEP 3), and what is known of the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(default)]
pub struct PeerFlags {
    /// We refuse the peer's requests.
    pub am_choking: bool,
    /// We want pieces that the peer has.
    pub am_interested: bool,
    /// The peer refuses our requests.
    pub peer_choking: bool,
    /// The peer wants pieces that we have.
    pub peer_interested: bool,
    /// The peer has an optimistic unchoke slot.
    pub optimistic: bool,
    /// The peer unchoked us and has sent no block for a minute.
    pub snubbed: bool,
    /// The peer has every piece.
    pub seed: bool,
}

/// A peer of a torrent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Peer {
    /// Address and port.
    pub address: String,
    /// What the peer calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub client: Option<String>,
    /// How it is reached.
    pub transport: Transport,
    /// Who opened the connection.
    pub direction: Direction,
    /// Whether the stream is encrypted (MSE).
    pub encrypted: bool,
    /// The state of the connection.
    pub state: String,
    /// The share of the torrent that the peer has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub progress: Option<f64>,
    /// Bytes per second from the peer.
    pub download_rate: u64,
    /// Bytes per second to the peer.
    pub upload_rate: u64,
    /// Bytes from the peer over this connection.
    pub downloaded: u64,
    /// Bytes to the peer over this connection.
    pub uploaded: u64,
    /// Where its address came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub source: Option<PeerSource>,
    /// Choke and interest in both directions.
    #[serde(default)]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<PeerFlags>"))]
    pub flags: PeerFlags,
}

/// The state of a tracker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum TrackerState {
    /// Never asked: its address is not one that trackers are asked at.
    Disabled,
    /// Not asked yet, or the torrent does not run.
    NotContacted,
    /// Being asked.
    Updating,
    /// Its last answer was usable.
    Working,
    /// It did not answer, or refused.
    Failed,
}

impl TrackerState {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::NotContacted => "not_contacted",
            Self::Updating => "updating",
            Self::Working => "working",
            Self::Failed => "failed",
        }
    }
}

/// A tracker of a torrent. What the engine does not know is absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Tracker {
    /// The announce URL.
    pub url: String,
    /// Its tier (BEP 12), from 0. Trackers of one tier replace each other.
    #[serde(default)]
    pub tier: u32,
    /// The state.
    pub state: TrackerState,
    /// What it said, or why it failed: text from a stranger, to be shown as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub message: Option<String>,
    /// Addresses of peers in its last answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub peers: Option<u32>,
    /// Peers with all of the torrent, as the tracker counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub seeds: Option<u32>,
    /// Peers that still download, as the tracker counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub leechers: Option<u32>,
    /// Completed downloads, as the tracker counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub downloads: Option<u32>,
    /// When it was last asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub last_announce_at: Option<u64>,
    /// When it is asked next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub next_announce_at: Option<u64>,
}

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should be.
    Ok,
    /// Works, but not as well as it could.
    Warning,
    /// Does not work.
    Problem,
}

/// One thing that `torrpeddo doctor` looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Finding {
    /// What was looked at, such as `firefox manifest`.
    pub check: String,
    /// How grave it is.
    pub level: Level,
    /// What was found.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub remedy: Option<String>,
}

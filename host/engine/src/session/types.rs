//! What goes into a session and what comes out of it.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;

use crate::error::Error;
use crate::metainfo::{InfoHash, Metainfo};

/// How a session is set up. Changing any of it takes a new session.
#[derive(Debug, Clone)]
pub struct SessionConfig {
    /// A folder for librqbit's own files, which mean nothing to us; only the DHT's state in it is
    /// worth keeping.
    pub scratch: PathBuf,
    /// Where verified pieces are recorded, and pieces of unselected files are kept.
    pub pieces: PathBuf,
    /// Names this boot of the machine. With it a killed engine loses no verified piece; if it is
    /// empty, those of the last seconds.
    pub boot_id: String,
    /// The port for incoming connections; the system picks one for `None` or if it is taken.
    pub listen_port: Option<u16>,
    /// Accept connections from this machine only.
    pub listen_loopback_only: bool,
    /// Find peers through the DHT.
    pub dht: bool,
    /// Find peers in the local network.
    pub lsd: bool,
    /// Ask the router to forward the port.
    pub upnp: bool,
    /// Most connections of all torrents together.
    pub max_connections: usize,
    /// Most connections of one torrent.
    pub max_connections_per_torrent: usize,
    /// The name and version that peers and trackers are told.
    pub client: String,
}

/// Bytes received and sent over a torrent's whole life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Bytes received, useful or not.
    pub downloaded: u64,
    /// Bytes sent.
    pub uploaded: u64,
}

/// A torrent to run.
#[derive(Debug, Clone)]
pub struct RunSpec {
    /// Its id.
    pub id: InfoHash,
    /// The torrent file.
    pub torrent: Bytes,
    /// What it says.
    pub meta: Arc<Metainfo>,
    /// The save folder; files go to their paths below it.
    pub folder: PathBuf,
    /// The files that are wanted; all of them for `None`.
    pub selected: Option<Vec<usize>>,
    /// Peers to dial, as `host:port`.
    pub peers: Vec<String>,
    /// Trackers by tier (BEP 12).
    pub tiers: Vec<Vec<String>>,
    /// What to believe of the files that are there.
    pub verify: Verify,
    /// Find out which pieces are there and stop then: nothing goes to the network.
    pub check_only: bool,
    /// Its totals before this run.
    pub totals: Totals,
}

/// What to believe of the files that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verify {
    /// The recorded pieces, if files are there and long enough; without a record, check.
    Trust,
    /// Nothing: check every piece.
    Full,
}

/// Where a running torrent is.
#[derive(Debug, Clone)]
pub enum Phase {
    /// What is on disk is being checked.
    Checking {
        /// How much of the torrent has been looked at.
        checked_bytes: u64,
    },
    /// What is on disk has been checked, and no more was asked for.
    Checked,
    /// Downloading or seeding.
    Live,
    /// It cannot go on; [`Session::halt`](super::Session::halt) it.
    Failed(Error),
}

impl PartialEq for Phase {
    /// Failures are the same if they say the same.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Checking { checked_bytes: a }, Self::Checking { checked_bytes: b }) => a == b,
            (Self::Live, Self::Live) | (Self::Checked, Self::Checked) => true,
            (Self::Failed(a), Self::Failed(b)) => a.to_string() == b.to_string(),
            _ => false,
        }
    }
}

/// Figures of a running torrent.
#[derive(Debug, Clone)]
pub struct RunStats {
    /// Where it is.
    pub phase: Phase,
    /// Verified bytes of the selected files.
    pub done_bytes: u64,
    /// Whether all selected files are there and verified. Never before checking has ended.
    pub finished: bool,
    /// Bytes received since it runs, useful or not.
    pub fetched: u64,
    /// Bytes sent since it runs.
    pub uploaded: u64,
    /// Bytes per second.
    pub download_rate: u64,
    /// Bytes per second.
    pub upload_rate: u64,
    /// Connections.
    pub peers_connected: u32,
    /// Addresses that were heard of.
    pub peers_known: u32,
}

/// What was left when a torrent had stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Halted {
    /// Bytes received while it ran, useful or not.
    pub fetched: u64,
    /// Bytes sent while it ran.
    pub uploaded: u64,
    /// Verified bytes of the selected files that are still there; `None` if checking had not ended.
    pub done_bytes: Option<u64>,
}

/// Why a magnet was not resolved.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ResolveError {
    /// Nobody to ask: no DHT, no trackers, no peers.
    #[error("There is no way to find peers: the link has no trackers, and DHT is switched off.")]
    NoPeerSource,
    /// Nobody had it this time.
    #[error("No peer with this torrent has answered yet.")]
    NotFound,
    /// The metadata is there and is no good: trying again will not help.
    #[error("{0}")]
    Refused(Error),
    /// The session could not try.
    #[error("{0}")]
    Failed(Error),
}

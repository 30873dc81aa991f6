//! One connection: translates between a peer and the piece engine.
//!
//! A connection starts when the handshakes have been exchanged. One task reads both sides, and one state
//! machine without I/O ([`session`]) decides about every message. Blocks are forwarded from the read
//! buffer without being copied.

mod blame;
mod engine_side;
mod frames;
pub mod handshaking;
mod outgoing;
mod pump;
mod remote_pieces;
mod request_book;
mod session;
pub mod status;
#[cfg(test)]
mod tests;
mod transport;
mod upload_queue;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

pub use blame::BlockSources;
pub use status::PeerStatus;

use crate::shared::TorrentShared;
pub use crate::types::PeerKey;
use crate::types::PeerSource;
use crate::wire::handshake::Handshake;
use crate::wire::message::WireError;
use crate::wire::pex::{Pex, PexPeer};

/// Most commands that wait for a connection.
const MAX_COMMANDS: usize = 16;

/// How long nothing may arrive from a peer until its connection is closed. BEP 3 has keep-alives every
/// two minutes.
pub const IDLE: Duration = Duration::from_secs(130);

/// A new connection, after both handshakes.
pub struct PeerParams {
    /// The connection. It is put into non-blocking mode.
    pub stream: std::net::TcpStream,
    /// The peer's address.
    pub address: SocketAddr,
    /// Whether the peer connected to us.
    pub incoming: bool,
    /// Where the address came from.
    pub source: PeerSource,
    /// The peer's handshake.
    pub handshake: Handshake,
    /// What the peer sent after its handshake, as far as it has been read; at most 128 KiB.
    pub received: Vec<u8>,
    /// The torrent.
    pub torrent: Arc<TorrentShared>,
    /// The same for all connections.
    pub options: Arc<PeerOptions>,
}

/// What all connections have in common.
#[derive(Debug, Clone)]
pub struct PeerOptions {
    /// Name and version that peers are told.
    pub client: String,
    /// TCP port on which we listen, as peers can reach it.
    pub listen_port: Option<u16>,
    /// How long nothing may arrive from a peer.
    pub idle: Duration,
    /// Most requests of the piece engine that a peer has to answer at a time. A peer may allow fewer.
    pub request_window: u32,
}

impl Default for PeerOptions {
    fn default() -> Self {
        Self { client: String::new(), listen_port: None, idle: IDLE, request_window: 250 }
    }
}

/// A running connection.
#[derive(Debug, Clone)]
pub struct PeerHandle {
    /// Its state.
    pub status: Arc<PeerStatus>,
    /// Takes commands. It closes when the connection has ended.
    pub commands: mpsc::Sender<PeerCommand>,
}

/// What a connection can be told.
#[derive(Debug)]
pub enum PeerCommand {
    /// Ends the connection at once. Nothing that waits is written.
    Close(CloseReason),
    /// Sends a message of peer exchange, if the peer supports it.
    Pex(Box<Pex>),
    /// Chokes or unchokes the peer. Until the first of these commands, a peer is unchoked while it is
    /// interested.
    #[cfg_attr(not(test), expect(dead_code, reason = "everybody is unchoked"))]
    SetChoke(bool),
    /// Notes whether the peer has the optimistic unchoke slot.
    #[cfg_attr(not(test), expect(dead_code, reason = "everybody is unchoked"))]
    SetOptimistic(bool),
}

/// Why a connection is closed by the swarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReason {
    /// The torrent stops.
    Stopped,
    /// The peer is banned.
    Banned,
    /// The peer has another connection.
    Duplicate,
    /// Another peer takes its place.
    Replaced,
}

/// Why a connection ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndReason {
    /// The swarm closed it.
    #[error("closed: {0:?}")]
    Closed(CloseReason),
    /// The peer closed it.
    #[error("closed by the peer")]
    RemoteClosed,
    /// The connection failed.
    #[error("connection failed: {0}")]
    RemoteFailed(io::ErrorKind),
    /// The peer sent something that cannot be read.
    #[error(transparent)]
    Malformed(#[from] WireError),
    /// The peer sent something that makes no sense.
    #[error("protocol error: {0}")]
    Protocol(&'static str),
    /// The peer sent or left unread more than a connection may cost.
    #[error("too much: {0}")]
    Flooded(&'static str),
    /// The peer was silent for too long, or did not read.
    #[error("silent for too long")]
    Idle,
    /// The peer and we need nothing from each other.
    #[error("not needed any more")]
    NotNeeded,
    /// The piece engine does not take the peer.
    #[error("refused by the piece engine")]
    EngineRefused,
    /// The peer alone sent a piece that failed its hash.
    #[error("sent a wrong piece")]
    Lied,
    /// The torrent was taken from the piece engine.
    #[error("torrent detached")]
    Detached,
    /// The task ended early, with its runtime or by a fault.
    #[error("aborted")]
    Aborted,
}

/// What a connection reports.
#[derive(Debug)]
pub enum PeerEvent {
    /// The connection has ended, and its sockets are closed. This is its last event.
    Ended {
        /// The connection.
        key: PeerKey,
        /// Why it ended.
        reason: EndReason,
        /// Whether blocks or metadata were exchanged.
        useful: bool,
    },
    /// Peers that the peer knows (BEP 11). Not for private torrents.
    Pex {
        /// The connection.
        key: PeerKey,
        /// At most 100 peers.
        added: Vec<PexPeer>,
    },
    /// The address at which the peer listens.
    ListenPort {
        /// The connection.
        key: PeerKey,
        /// The peer's address, with the port that it told.
        address: SocketAddr,
    },
    /// The metadata is complete, and its hash is right.
    MetadataComplete(Bytes),
    /// The connection sent data that failed its hash: the peer is to be banned.
    Lied {
        /// The connection. It need not be the one that reports.
        key: PeerKey,
    },
}

/// Starts a connection: on the piece engine's runtime if the torrent is attached, else on the current
/// one, from which it moves when the torrent is attached.
///
/// # Panics
/// If the torrent is not attached and there is no current runtime.
#[must_use]
pub fn spawn(
    params: PeerParams,
    key: PeerKey,
    events: mpsc::UnboundedSender<PeerEvent>,
) -> PeerHandle {
    let (commands, receiver) = mpsc::channel(MAX_COMMANDS);
    let attachment = params.torrent.attachment.borrow().clone();
    let runtime = attachment.map_or_else(Handle::current, |attached| attached.engine.runtime());
    let status = Arc::new(PeerStatus::new(
        params.address,
        params.handshake.peer_id,
        params.incoming,
        params.source,
    ));
    pump::start(&runtime, params, key, Arc::clone(&status), receiver, events);
    PeerHandle { status, commands }
}

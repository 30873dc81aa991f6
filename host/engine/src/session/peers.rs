//! The peers of a running torrent.

use torrpeddo_swarm::{PeerFlags, PeerSource, PeerView};

/// A connected peer.
#[derive(Debug, Clone, PartialEq)]
pub struct Peer {
    /// Address and port.
    pub address: String,
    /// The name and version that the peer gives itself, cleaned.
    pub client: Option<String>,
    /// Whether the peer opened the connection.
    pub incoming: bool,
    /// Where its address came from.
    pub source: PeerSource,
    /// Choke and interest of both sides.
    pub flags: PeerFlags,
    /// The share of the torrent's pieces that the peer has, 0 to 1.
    pub progress: f64,
    /// Payload bytes received.
    pub downloaded: u64,
    /// Payload bytes sent.
    pub uploaded: u64,
    /// Bytes per second received.
    pub download_rate: u64,
    /// Bytes per second sent.
    pub upload_rate: u64,
}

impl Peer {
    /// A peer of a torrent with so many pieces.
    pub fn new(PeerView { status, rates }: PeerView, piece_count: u32) -> Self {
        Self {
            address: status.address.to_string(),
            client: status.client(),
            incoming: status.incoming,
            source: status.source,
            flags: PeerFlags::from(&*status),
            progress: f64::from(status.pieces()) / f64::from(piece_count.max(1)),
            downloaded: status.downloaded(),
            uploaded: status.uploaded(),
            download_rate: rates.down,
            upload_rate: rates.up,
        }
    }
}

//! The swarm: finds, dials, accepts and speaks to every peer of every torrent.
//!
//! The piece engine picks, requests and hashes pieces. A connection to a peer is made and kept here,
//! and handed over to the piece engine on loopback once the handshakes are done: what reaches the
//! piece engine has been validated and translated.

pub mod announcer;
mod bans;
mod config;
mod dial;
mod discovery;
mod error;
mod listener;
mod lookup;
mod metadata;
mod meter;
mod network;
mod pacer;
mod peer;
mod peer_store;
mod port_mapping;
mod remembered;
mod shared;
mod swarm;
mod torrent;
mod types;
pub mod wire;

pub use announcer::{TrackerState, TrackerStatus};
pub use bans::{AddressRange, InvalidRange};
pub use config::SwarmConfig;
pub use error::{MetadataError, StartError};
pub use meter::Traffic;
pub use peer::PeerStatus;
pub use port_mapping::{MappingMethod, PortMapping};
pub use swarm::{Sources, Swarm};
pub use torrent::{PeerFlags, PeerView, TorrentStats};
pub use types::{
    Attachment, ConnectFuture, PeerKey, PeerSource, PieceEngine, PieceSet, TorrentInfo,
    UnchokedCount,
};

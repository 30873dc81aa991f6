//! Choke and interest of both sides of a connection, for the user.

use crate::peer::status::{
    AM_CHOKING, AM_INTERESTED, OPTIMISTIC, PEER_CHOKING, PEER_INTERESTED, PeerStatus, SEED, SNUBBED,
};

/// The state of both sides of a connection (BEP 3), and what is known of the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PeerFlags {
    /// We refuse the peer's requests.
    pub am_choking: bool,
    /// We want pieces that the peer has.
    pub am_interested: bool,
    /// The peer refuses our requests.
    pub peer_choking: bool,
    /// The peer wants pieces that we have.
    pub peer_interested: bool,
    /// The peer has the optimistic unchoke slot.
    pub optimistic: bool,
    /// The peer unchoked us and has sent no block for a minute.
    pub snubbed: bool,
    /// The peer has every piece.
    pub seed: bool,
}

impl From<&PeerStatus> for PeerFlags {
    fn from(status: &PeerStatus) -> Self {
        Self {
            am_choking: status.has(AM_CHOKING),
            am_interested: status.has(AM_INTERESTED),
            peer_choking: status.has(PEER_CHOKING),
            peer_interested: status.has(PEER_INTERESTED),
            optimistic: status.has(OPTIMISTIC),
            snubbed: status.has(SNUBBED),
            seed: status.has(SEED),
        }
    }
}

//! Discovery of peers without a tracker: the DHT (BEP 5, 32) and local service discovery (BEP 14).
//!
//! Neither may be used for a private torrent (BEP 27). Nothing here knows whether a torrent is
//! private: callers must not pass its info-hash.
//!
//! Addresses are handed on as they were received. Which of them may be dialed, and whether a local
//! address is acceptable, depends on the source and is decided by the receiver.

mod dht;
pub(crate) mod interfaces;
mod lsd;

pub use dht::{Dht, DhtConfig};
pub use lsd::Lsd;

/// A part of discovery did not start. The rest of the swarm works without it, and starting it can be
/// tried again later.
#[derive(Debug, thiserror::Error)]
pub enum DiscoveryError {
    /// The DHT has no socket.
    #[error("the DHT cannot be started: {0}")]
    Dht(#[from] librqbit_dht::Error),
    /// Neither IPv4 nor IPv6 is switched on.
    #[error("both IPv4 and IPv6 are off")]
    NoFamily,
    /// Local service discovery has a socket for neither IPv4 nor IPv6.
    #[error("local service discovery cannot be started: {0}")]
    Lsd(#[source] std::io::Error),
}

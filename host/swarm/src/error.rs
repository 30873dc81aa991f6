//! Errors of the swarm.

/// Why the metadata of a torrent did not come.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// No tracker, no peer and no discovery to ask.
    #[error("there is no way to find peers")]
    NoPeerSource,
    /// The names of the peers that were given cannot be looked up.
    #[error("the given peers have no address")]
    NoPeerFound,
    /// The torrent left the swarm.
    #[error("the torrent left the swarm")]
    Stopped,
}

/// Why a swarm cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The system gives no port to listen on.
    #[error("no port to listen on: {0}")]
    Listen(#[from] std::io::Error),
    /// The tracker client cannot start.
    #[error("the tracker client cannot start: {0}")]
    Announcer(#[from] crate::announcer::AnnouncerError),
}

//! Why something is refused, each with a sentence a person can act on.

/// The result of every reader.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something was refused; `Display` is the sentence that people see.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The magnet link cannot be used.
    #[error("{0}")]
    InvalidMagnet(String),
    /// The bytes are no torrent file, or one that is refused.
    #[error("{0}")]
    InvalidTorrent(String),
    /// Over a limit.
    #[error("{0}")]
    TooLarge(String),
}

//! What can go wrong inside the engine, each with a sentence a person can act on.

use std::path::PathBuf;

/// The result of anything in the engine.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of the engine. `rpc` turns it into the protocol's error object, and the manager keeps
/// it as a torrent's last error; `Display` is the sentence that people see.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// No torrent has this id.
    #[error("There is no torrent with the id {id}.")]
    NotFound {
        /// What was asked for.
        id: String,
    },
    /// The magnet link cannot be used.
    #[error("{0}")]
    InvalidMagnet(String),
    /// The bytes are no torrent file, or one that is refused.
    #[error("{0}")]
    InvalidTorrent(String),
    /// The call does not fit the torrent's state.
    #[error("{message}")]
    WrongState {
        /// The sentence.
        message: String,
        /// The state it is in.
        state: torrpeddo_protocol::TorrentState,
    },
    /// The disk said no.
    #[error("{message}")]
    Io {
        /// The sentence, with what to do.
        message: String,
        /// The file or folder, where it is known.
        path: Option<PathBuf>,
        /// What the system said.
        reason: String,
    },
    /// Not possible here or now.
    #[error("{0}")]
    Unavailable(String),
    /// A folder that cannot be used.
    #[error("{0}")]
    InvalidPath(String),
    /// Over a limit.
    #[error("{0}")]
    TooLarge(String),
    /// A parameter is missing or of the wrong kind.
    #[error("{message}")]
    InvalidParams {
        /// The sentence.
        message: String,
        /// The member that is meant.
        member: Option<String>,
    },
    /// A bug of ours.
    #[error("Something went wrong inside the engine: {0}. The log has the details.")]
    Internal(String),
}

impl Error {
    /// An I/O error about `path`, with a sentence for the reasons that people meet.
    pub fn io(path: impl Into<PathBuf>, error: &std::io::Error) -> Self {
        use std::io::ErrorKind as K;
        let path = path.into();
        let shown = path.display();
        let message = match error.kind() {
            K::StorageFull | K::QuotaExceeded => {
                format!("The disk is full at {shown}. Free some space, then resume.")
            }
            K::PermissionDenied => {
                format!("No permission for {shown}. Allow writing there or choose another folder.")
            }
            K::NotFound => format!("{shown} is not there. Put it back or choose another folder."),
            K::ReadOnlyFilesystem => {
                format!("{shown} is on a read-only disk. Choose another folder.")
            }
            _ => format!("{shown} cannot be used: {error}."),
        };
        Self::Io { message, path: Some(path), reason: error.to_string() }
    }
}

impl From<torrpeddo_readers::Error> for Error {
    fn from(error: torrpeddo_readers::Error) -> Self {
        use torrpeddo_readers::Error as E;
        match error {
            E::InvalidMagnet(sentence) => Self::InvalidMagnet(sentence),
            E::InvalidTorrent(sentence) => Self::InvalidTorrent(sentence),
            E::TooLarge(sentence) => Self::TooLarge(sentence),
        }
    }
}

impl From<Error> for torrpeddo_protocol::RpcError {
    fn from(error: Error) -> Self {
        use torrpeddo_protocol::ErrorKind as K;
        let message = error.to_string();
        let kind = match &error {
            Error::NotFound { .. } => K::NotFound,
            Error::InvalidMagnet(_) => K::InvalidMagnet,
            Error::InvalidTorrent(_) => K::InvalidTorrent,
            Error::WrongState { .. } => K::WrongState,
            Error::Io { .. } => K::Io,
            Error::Unavailable(_) => K::Unavailable,
            Error::InvalidPath(_) => K::InvalidPath,
            Error::TooLarge(_) => K::TooLarge,
            Error::InvalidParams { .. } => K::InvalidParams,
            Error::Internal(_) => K::Internal,
        };
        let mut rpc = Self::new(kind, message);
        match error {
            Error::NotFound { id } => rpc.data.id = Some(id),
            Error::WrongState { state, .. } => rpc.data.state = Some(state),
            Error::Io { path, reason, .. } => {
                rpc.data.path = path.map(|path| path.to_string_lossy().into_owned());
                rpc.data.reason = Some(reason);
            }
            Error::InvalidParams { member, .. } => rpc.data.member = member,
            _ => {}
        }
        rpc
    }
}

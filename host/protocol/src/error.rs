//! The one error type at the edge.

use serde::{Deserialize, Serialize};

use crate::model::TorrentState;

/// What kind of error it is, with the code that JSON-RPC carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// Not JSON, or not UTF-8.
    ParseError,
    /// Not a request object, an array, or a frame over the limit.
    InvalidRequest,
    /// No such method.
    MethodNotFound,
    /// A member is missing or has the wrong type; `data.member` names it.
    InvalidParams,
    /// A bug. The engine logs it and lives on.
    Internal,
    /// No torrent with that id; `data.id`.
    NotFound,
    /// No usable `xt`, a bad hash, or v2 only.
    InvalidMagnet,
    /// Bytes that are no torrent file, or one that is refused.
    InvalidTorrent,
    /// The call does not fit the torrent's state; `data.state`.
    WrongState,
    /// Disk full, no permission, missing folder; `data.path`, `data.reason`.
    Io,
    /// Not possible here or now.
    Unavailable,
    /// The protocol versions do not overlap; `data.supported`.
    Incompatible,
    /// A folder that is relative, outside the allowed roots, or not writable.
    InvalidPath,
    /// A torrent file, a list or a request over its limit.
    TooLarge,
}

impl ErrorKind {
    /// Every kind, in the order of the protocol's table.
    pub const ALL: [Self; 14] = [
        Self::ParseError,
        Self::InvalidRequest,
        Self::MethodNotFound,
        Self::InvalidParams,
        Self::Internal,
        Self::NotFound,
        Self::InvalidMagnet,
        Self::InvalidTorrent,
        Self::WrongState,
        Self::Io,
        Self::Unavailable,
        Self::Incompatible,
        Self::InvalidPath,
        Self::TooLarge,
    ];

    /// The code in the JSON-RPC error object.
    #[must_use]
    pub const fn code(self) -> i64 {
        match self {
            Self::ParseError => -32700,
            Self::InvalidRequest => -32600,
            Self::MethodNotFound => -32601,
            Self::InvalidParams => -32602,
            Self::Internal => -32603,
            Self::NotFound => 1,
            Self::InvalidMagnet => 2,
            Self::InvalidTorrent => 3,
            Self::WrongState => 4,
            Self::Io => 5,
            Self::Unavailable => 6,
            Self::Incompatible => 7,
            Self::InvalidPath => 8,
            Self::TooLarge => 9,
        }
    }
}

/// What an error says besides its sentence. Only `kind` is always there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ErrorData {
    /// The kind of error.
    pub kind: ErrorKind,
    /// The parameter that is meant, as a path such as `options.save_path`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub member: Option<String>,
    /// The torrent that is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub id: Option<String>,
    /// The state that the torrent is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub state: Option<TorrentState>,
    /// The file or folder that is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub path: Option<String>,
    /// What the system said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub reason: Option<String>,
    /// The protocol versions that would do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub supported: Option<Vec<u32>>,
}

/// The error object of JSON-RPC. `message` is one plain sentence that a person can act on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[error("{message}")]
pub struct RpcError {
    /// The code that belongs to `data.kind`.
    pub code: i64,
    /// The sentence.
    pub message: String,
    /// The kind, and what else is known.
    pub data: Box<ErrorData>,
}

impl RpcError {
    /// An error of this kind that says `message`.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            code: kind.code(),
            message: message.into(),
            data: Box::new(ErrorData {
                kind,
                member: None,
                id: None,
                state: None,
                path: None,
                reason: None,
                supported: None,
            }),
        }
    }

    /// A parameter is missing or of the wrong type.
    pub fn invalid_params(message: impl Into<String>, member: impl Into<String>) -> Self {
        let mut error = Self::new(ErrorKind::InvalidParams, message);
        error.data.member = Some(member.into());
        error
    }

    /// The kind of this error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.data.kind
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_code_of_its_own_and_a_name() {
        let mut codes: Vec<i64> = ErrorKind::ALL.iter().map(|kind| kind.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), ErrorKind::ALL.len());
        assert_eq!(serde_json::to_value(ErrorKind::TooLarge).unwrap(), "too_large");
    }

    #[test]
    fn what_is_not_known_is_absent() {
        let error = RpcError::new(ErrorKind::NotFound, "There is none.");
        assert_eq!(
            serde_json::to_value(error).unwrap(),
            serde_json::json!({"code":1,"message":"There is none.","data":{"kind":"not_found"}})
        );
    }
}

//! What the engine says unasked, after `subscribe`.

use serde::{Deserialize, Serialize};

use crate::error::RpcError;
use crate::model::{FileStatus, Session, Torrent};

/// A notification: its name and what it carries.
pub trait Notification: Serialize {
    /// The method of the JSON-RPC notification.
    const NAME: &'static str;
}

/// Torrents that changed. First a full list (`reset`), in several frames when it is long.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct TorrentsChanged {
    /// This frame begins a full list: forget what was known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<bool>"))]
    pub reset: bool,
    /// New and changed torrents.
    pub upsert: Vec<Torrent>,
    /// Ids of torrents that are gone.
    pub removed: Vec<String>,
    /// Another frame of the same change follows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(feature = "typescript", ts(optional, as = "Option<bool>"))]
    pub more: bool,
}

impl Notification for TorrentsChanged {
    const NAME: &'static str = "torrents_changed";
}

/// The session's totals changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(transparent)]
#[cfg_attr(feature = "typescript", ts(as = "Session"))]
pub struct SessionChanged(pub Session);

impl Notification for SessionChanged {
    const NAME: &'static str = "session_changed";
}

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A torrent was added.
    TorrentAdded,
    /// A torrent is complete.
    TorrentCompleted,
    /// A torrent stopped with an error.
    TorrentError,
    /// A torrent's entry is gone.
    TorrentRemoved,
    /// The metadata of a magnet is here.
    MetadataReceived,
    /// A preview has its files.
    PreviewReady,
    /// A preview was given up.
    PreviewFailed,
    /// The user wants to see the full page. Goes to one browser alone.
    ShowManager,
    /// The engine is about to end.
    EngineStopping,
}

/// Something happened; sent at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub at: u64,
    /// The torrent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub id: Option<String>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub name: Option<String>,
    /// The preview.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub preview_id: Option<String>,
    /// The files of a preview. Absent where the list would not fit a frame: ask `preview` again
    /// with a `cursor`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub files: Option<Vec<FileStatus>>,
    /// The size of a preview.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub total_bytes: Option<u64>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub error: Option<RpcError>,
}

impl Event {
    /// One that says no more than its kind.
    #[must_use]
    pub fn new(kind: EventKind, at: u64) -> Self {
        Self {
            kind,
            at,
            id: None,
            name: None,
            preview_id: None,
            files: None,
            total_bytes: None,
            error: None,
        }
    }
}

impl Notification for Event {
    const NAME: &'static str = "event";
}

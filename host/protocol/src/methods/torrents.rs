//! Parameters and results of the methods about torrents that are there.

use serde::{Deserialize, Serialize};

use super::{OneResult, QueueMove};
use crate::model::{FileStatus, Peer, Session, Torrent, Tracker};

message! {
    /// Parameters of `get_status`.
    GetStatusParams {
        /// Which torrents; all when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ids: Option<Vec<String>>,
        /// Where the page begins.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cursor: Option<String>,
    }

    /// Result of `get_status`.
    GetStatusResult {
        /// The torrents.
        torrents: Vec<Torrent>,
        /// The session's totals.
        session: Session,
        /// More torrents: ask again with this cursor.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next_cursor: Option<String>,
    }

    /// Parameters of `get_files`.
    GetFilesParams {
        /// The torrent.
        id: String,
        /// Where the page begins.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cursor: Option<String>,
    }

    /// Result of `get_files`.
    GetFilesResult {
        /// The files.
        files: Vec<FileStatus>,
        /// More files: ask again with this cursor.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next_cursor: Option<String>,
    }

    /// Parameters of methods about one torrent.
    IdParams {
        /// The torrent.
        id: String,
    }

    /// Parameters of methods about many torrents.
    IdsParams {
        /// The torrents.
        ids: Vec<String>,
    }

    /// Result of methods about many torrents.
    ManyResult {
        /// One for each id, in the order asked.
        results: Vec<OneResult>,
    }

    /// Result of `get_peers`.
    GetPeersResult {
        /// The peers.
        peers: Vec<Peer>,
    }

    /// Result of `get_trackers`.
    GetTrackersResult {
        /// The trackers.
        trackers: Vec<Tracker>,
    }

    /// Result of `get_pieces`.
    GetPiecesResult {
        /// How many pieces.
        piece_count: u32,
        /// The size of all but the last.
        piece_bytes: u32,
        /// A bit for each piece, most significant first, in base64.
        have: String,
    }

    /// Parameters of `resume`.
    ResumeParams {
        /// The torrents.
        ids: Vec<String>,
        /// Runs them now, outside the limits.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        force: Option<bool>,
    }

    /// Parameters of `delete_files`.
    DeleteFilesParams {
        /// The torrents.
        ids: Vec<String>,
        /// To the system's bin.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trash: Option<bool>,
    }

    /// Parameters of `remove`.
    RemoveParams {
        /// The torrents.
        ids: Vec<String>,
        /// Deletes their files too.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delete_files: Option<bool>,
        /// To the system's bin.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trash: Option<bool>,
    }

    /// Parameters of `set_files`.
    SetFilesParams {
        /// The torrent.
        id: String,
        /// The files to download.
        selected: Vec<u32>,
    }

    /// Parameters of `move_in_queue`.
    MoveInQueueParams {
        /// The torrents.
        ids: Vec<String>,
        /// Where to.
        to: QueueMove,
    }

    /// Parameters of `set_torrent`.
    SetTorrentParams {
        /// The torrent.
        id: String,
        /// Bytes per second; null for none.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "nullable")]
        #[cfg_attr(feature = "typescript", ts(as = "Option<Option<u64>>"))]
        download_limit: Option<Option<u64>>,
        /// Bytes per second; null for none.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "nullable")]
        #[cfg_attr(feature = "typescript", ts(as = "Option<Option<u64>>"))]
        upload_limit: Option<Option<u64>>,
        /// Uploaded over downloaded; null for the setting's.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "nullable")]
        #[cfg_attr(feature = "typescript", ts(as = "Option<Option<f64>>"))]
        ratio_limit: Option<Option<f64>>,
        /// Labels, all of them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        labels: Option<Vec<String>>,
        /// Announce URLs to add, each in a tier of its own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trackers_add: Option<Vec<String>>,
        /// Announce URLs to remove, the torrent file's own too. Removed before others are added.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trackers_remove: Option<Vec<String>>,
    }

    /// Parameters of `add_peers`.
    AddPeersParams {
        /// The torrent.
        id: String,
        /// Addresses with a port: `host:port`, `192.0.2.1:6881` or `[2001:db8::1]:6881`. At most 256.
        peers: Vec<String>,
    }

    /// Result of `add_peers`.
    AddPeersResult {
        /// How many of them are tried now.
        added: u32,
    }

    /// Parameters of `get_magnet`.
    GetMagnetParams {
        /// The torrent.
        id: String,
        /// Whether the link names the trackers, which may contain a passkey. When absent, it does
        /// unless the torrent is private.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        with_trackers: Option<bool>,
    }

    /// Result of `get_magnet`.
    GetMagnetResult {
        /// The magnet link.
        magnet: String,
    }

    /// Parameters of `move_files`.
    MoveFilesParams {
        /// The torrent.
        id: String,
        /// Where to: an absolute path.
        save_path: String,
    }

    /// Parameters of `open_file`.
    OpenFileParams {
        /// The torrent.
        id: String,
        /// The file.
        index: u32,
    }

    /// Parameters of `get_torrent_file`.
    GetTorrentFileParams {
        /// The torrent.
        id: String,
        /// Where the part begins.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cursor: Option<String>,
    }

    /// Result of `get_torrent_file`.
    TorrentFileResult {
        /// A name for the file.
        name: String,
        /// Its bytes in base64, or a part of them.
        data: String,
        /// It does not fit one answer: ask again with this cursor, and join the decoded parts.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next_cursor: Option<String>,
    }

    /// Parameters of `choose_folder`.
    ChooseFolderParams {
        /// The title of the dialog.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<String>,
        /// Where it begins.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        start: Option<String>,
    }
}

/// Result of `choose_folder`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct ChooseFolderResult {
    /// The folder; null when the user chose none.
    pub path: Option<String>,
}

/// Tells an absent member from one that is null.
mod nullable {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<T: Serialize, S: Serializer>(
        value: &Option<Option<T>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_ref().and_then(Option::as_ref).serialize(serializer)
    }

    pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Option<T>>, D::Error> {
        Option::deserialize(deserializer).map(Some)
    }
}

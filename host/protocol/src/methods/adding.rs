//! Parameters and results of the methods that add torrents, or look into them.

use serde::{Deserialize, Serialize};

use crate::model::{FileStatus, Torrent};

message! {
    /// How to add.
    #[derive(Default)]
    AddOptions {
        /// The folder; `download_folder` when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        save_path: Option<String>,
        /// Waits for the user; `start_paused` when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        paused: Option<bool>,
        /// The files to download; all when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        selected: Option<Vec<u32>>,
        /// First in the queue.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        queue_top: Option<bool>,
        /// Labels.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        labels: Option<Vec<String>>,
        /// The preview that this comes from; its metadata is used, and it is dropped.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        preview_id: Option<String>,
    }

    /// Parameters of `add_magnet`.
    AddMagnetParams {
        /// The magnet link.
        uri: String,
        /// How to add.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        options: Option<AddOptions>,
    }

    /// Parameters of `add_torrent`.
    AddTorrentParams {
        /// The torrent file in base64.
        data: String,
        /// How to add.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        options: Option<AddOptions>,
    }

    /// Parameters of `add_url`.
    AddUrlParams {
        /// An http or https URL of a torrent file, or a magnet link.
        url: String,
        /// How to add.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        options: Option<AddOptions>,
    }

    /// Result of the methods that add.
    AddResult {
        /// The torrent.
        torrent: Torrent,
        /// Whether it was there before.
        already_exists: bool,
    }

    /// Parameters of `preview`: exactly one of `uri`, `data`, `url` and `preview_id`.
    PreviewParams {
        /// A magnet link.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        uri: Option<String>,
        /// A torrent file in base64.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        data: Option<String>,
        /// An http or https URL of a torrent file.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
        /// A preview that is already there: its next page of files.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        preview_id: Option<String>,
        /// Where that page begins.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cursor: Option<String>,
    }

    /// Result of `preview`.
    PreviewResult {
        /// The name of this preview.
        preview_id: String,
        /// The torrent. Absent while a torrent file is still being fetched from `url`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Its name, as far as it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// Its files, once they are known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        files: Option<Vec<FileStatus>>,
        /// Its size, once it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        total_bytes: Option<u64>,
        /// How many files there are, once it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file_count: Option<u32>,
        /// More files: ask again with this cursor.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next_cursor: Option<String>,
        /// Whether the torrent is in the list already.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        already_exists: Option<bool>,
    }

    /// Parameters of `drop_preview`.
    DropPreviewParams {
        /// The preview.
        preview_id: String,
    }
}

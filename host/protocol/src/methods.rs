//! Every method: its name, its parameters and its result.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::RpcError;
use crate::model::{FileStatus, Finding, Peer, Session, Torrent, Tracker};
use crate::settings::Settings;

/// A method of the protocol.
pub trait Method {
    /// The name on the wire.
    const NAME: &'static str;
    /// What it is asked with.
    type Params: Serialize + DeserializeOwned + Send;
    /// What it answers.
    type Result: Serialize + DeserializeOwned + Send;
}

macro_rules! methods {
    ($($(#[doc = $doc:literal])* $marker:ident = $name:literal: $params:ty => $result:ty;)*) => {
        $(
            $(#[doc = $doc])*
            #[derive(Debug, Clone, Copy)]
            pub struct $marker;

            impl Method for $marker {
                const NAME: &'static str = $name;
                type Params = $params;
                type Result = $result;
            }
        )*

        /// The name of every method.
        pub const NAMES: &[&str] = &[$($name),*];

        /// The TypeScript interface that maps each method to what goes in and comes out.
        #[cfg(feature = "typescript")]
        pub(crate) fn typescript(config: &ts_rs::Config) -> String {
            use ts_rs::TS;
            let mut text = String::from("export interface Methods {\n");
            $(
                $(text.push_str(&format!("  /**{} */\n", $doc));)*
                text.push_str(&format!(
                    "  {}: {{ params: {}; result: {} }};\n",
                    $name,
                    <$params>::name(config),
                    <$result>::name(config),
                ));
            )*
            text.push_str("}\n");
            text
        }
    };
}

methods! {
    /// Agrees on the protocol's version. Optional, but first when used.
    Hello = "hello": HelloParams => HelloResult;
    /// Answers.
    Ping = "ping": Empty => Empty;
    /// All settings.
    GetSettings = "get_settings": Empty => Settings;
    /// Changes some of them, all or nothing.
    SetSettings = "set_settings": SettingsPatch => SetSettingsResult;
    /// The session's totals.
    GetSession = "get_session": Empty => Session;
    /// Begins notifications.
    Subscribe = "subscribe": SubscribeParams => Empty;
    /// Ends notifications.
    Unsubscribe = "unsubscribe": UnsubscribeParams => Empty;
    /// Ends the engine.
    Shutdown = "shutdown": ShutdownParams => Empty;
    /// What `torrpeddo doctor` says.
    Diagnose = "diagnose": Empty => DiagnoseResult;
    /// The newest lines of the log.
    GetLog = "get_log": GetLogParams => GetLogResult;
    /// Adds a magnet link, at once; its metadata is fetched afterwards.
    AddMagnet = "add_magnet": AddMagnetParams => AddResult;
    /// Adds the bytes of a torrent file.
    AddTorrent = "add_torrent": AddTorrentParams => AddResult;
    /// Adds a torrent file from the web, or a magnet link.
    AddUrl = "add_url": AddUrlParams => AddResult;
    /// Looks into a torrent without writing anything.
    Preview = "preview": PreviewParams => PreviewResult;
    /// Ends a preview.
    DropPreview = "drop_preview": DropPreviewParams => Empty;
    /// Torrents, and the session's totals.
    GetStatus = "get_status": GetStatusParams => GetStatusResult;
    /// The files of a torrent.
    GetFiles = "get_files": GetFilesParams => GetFilesResult;
    /// The peers of a torrent.
    GetPeers = "get_peers": IdParams => GetPeersResult;
    /// The trackers of a torrent.
    GetTrackers = "get_trackers": IdParams => GetTrackersResult;
    /// The pieces of a torrent.
    GetPieces = "get_pieces": IdParams => GetPiecesResult;
    /// Stops torrents until the user resumes them.
    Pause = "pause": IdsParams => ManyResult;
    /// Hands torrents back to the queue.
    Resume = "resume": ResumeParams => ManyResult;
    /// Takes torrents out of the engine; files and entries stay.
    Cancel = "cancel": IdsParams => ManyResult;
    /// Deletes the files of cancelled torrents, then their entries.
    DeleteFiles = "delete_files": DeleteFilesParams => ManyResult;
    /// Forgets entries, from any state.
    Remove = "remove": RemoveParams => ManyResult;
    /// Verifies what is on disk.
    Recheck = "recheck": IdsParams => ManyResult;
    /// Selects the files to download.
    SetFiles = "set_files": SetFilesParams => Empty;
    /// Moves torrents in the queue.
    MoveInQueue = "move_in_queue": MoveInQueueParams => ManyResult;
    /// Changes what can be changed of one torrent.
    SetTorrent = "set_torrent": SetTorrentParams => Torrent;
    /// Moves a torrent's files to another folder.
    MoveFiles = "move_files": MoveFilesParams => Empty;
    /// Shows a torrent in the file manager.
    OpenFolder = "open_folder": IdParams => Empty;
    /// Opens a file with its program.
    OpenFile = "open_file": OpenFileParams => Empty;
    /// The torrent file, to be exported.
    GetTorrentFile = "get_torrent_file": IdParams => TorrentFileResult;
    /// Asks the user for a folder.
    ChooseFolder = "choose_folder": ChooseFolderParams => ChooseFolderResult;
}

macro_rules! message {
    ($($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* })*) => {
        $(
            $(#[$meta])*
            #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
            #[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
            #[cfg_attr(feature = "typescript", ts(optional_fields))]
            pub struct $name {
                $(
                    $(#[$field_meta])*
                    pub $field: $type,
                )*
            }
        )*
    };
}

/// No parameters, or nothing to say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "typescript", ts(type = "Record<string, never>"))]
pub struct Empty {}

/// What can be subscribed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// `torrents_changed`.
    Torrents,
    /// `session_changed`.
    Session,
    /// `event`.
    Events,
}

/// When the engine ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// At once.
    Now,
    /// As soon as nothing downloads.
    Idle,
}

/// Where in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum QueueMove {
    /// First.
    Top,
    /// One place earlier.
    Up,
    /// One place later.
    Down,
    /// Last.
    Bottom,
}

/// Any subset of [`Settings`]: the members to change.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "typescript", ts(type = "Partial<Settings>"))]
#[serde(transparent)]
pub struct SettingsPatch(pub serde_json::Map<String, serde_json::Value>);

/// One answer of a method over many, in the order asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(
    feature = "typescript",
    ts(type = "{ id: string; ok: true } | { id: string; ok: false; error: RpcError }")
)]
pub struct OneResult {
    /// The torrent.
    pub id: String,
    /// Whether it went well.
    pub ok: bool,
    /// Why it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<RpcError>,
}

message! {
    /// Who the client is.
    ClientInfo {
        /// Its name.
        name: String,
        /// Its version.
        version: String,
        /// The browser it runs in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        browser: Option<String>,
    }

    /// Parameters of `hello`.
    HelloParams {
        /// The protocol's version that the client speaks.
        protocol: u32,
        /// Who the client is.
        client: ClientInfo,
    }

    /// Who the engine is.
    EngineInfo {
        /// Its version.
        version: String,
        /// Its process.
        pid: u32,
        /// When it started.
        started_at: u64,
    }

    /// Limits that a client should know.
    Limits {
        /// The longest frame from a client.
        frame_bytes: u64,
        /// The longest frame from the engine.
        answer_bytes: u64,
        /// The largest torrent file.
        torrent_bytes: u64,
        /// The longest magnet link.
        magnet_bytes: u64,
        /// The longest list of ids.
        ids: u32,
    }

    /// Result of `hello`.
    HelloResult {
        /// The protocol's version that is spoken from now on.
        protocol: u32,
        /// Who the engine is.
        engine: EngineInfo,
        /// The methods that work.
        capabilities: Vec<String>,
        /// Limits that a client should know.
        limits: Limits,
    }

    /// Result of `set_settings`.
    SetSettingsResult {
        /// All settings after the change.
        #[serde(flatten)]
        settings: Settings,
        /// Those of the changed ones that take effect when the engine starts again.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[cfg_attr(feature = "typescript", ts(as = "Option<Vec<String>>"))]
        restart_required: Vec<String>,
    }

    /// Parameters of `subscribe`.
    SubscribeParams {
        /// To what.
        topics: Vec<Topic>,
        /// The least time between two notifications of one kind.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        interval_ms: Option<u64>,
    }

    /// Parameters of `unsubscribe`.
    UnsubscribeParams {
        /// From what; from everything when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        topics: Option<Vec<Topic>>,
    }

    /// Parameters of `shutdown`.
    ShutdownParams {
        /// When.
        when: When,
    }

    /// Result of `diagnose`.
    DiagnoseResult {
        /// What was found.
        findings: Vec<Finding>,
    }

    /// Parameters of `get_log`.
    GetLogParams {
        /// How many lines; 200 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lines: Option<u32>,
    }

    /// Result of `get_log`.
    GetLogResult {
        /// Newest last.
        lines: Vec<String>,
    }

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
        /// Trackers to add.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trackers_add: Option<Vec<String>>,
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

    /// Result of `get_torrent_file`.
    TorrentFileResult {
        /// A name for the file.
        name: String,
        /// Its bytes in base64.
        data: String,
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_method_is_named_twice() {
        let mut names = NAMES.to_vec();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), NAMES.len());
    }

    #[test]
    fn unknown_members_are_ignored() {
        let params: AddMagnetParams =
            serde_json::from_value(json!({"uri": "magnet:", "new": [1], "options": {"x": 1}}))
                .unwrap();
        assert_eq!(params.uri, "magnet:");
    }

    #[test]
    fn null_is_told_from_absent() {
        let params: SetTorrentParams =
            serde_json::from_value(json!({"id": "a", "download_limit": null})).unwrap();
        assert_eq!(params.download_limit, Some(None));
        assert_eq!(params.upload_limit, None);
    }
}

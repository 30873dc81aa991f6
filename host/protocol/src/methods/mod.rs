//! Every method: its name, its parameters and its result.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::RpcError;
use crate::model::{Session, Torrent};
use crate::settings::Settings;

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

mod adding;
mod session;
mod torrents;

pub use adding::*;
pub use session::*;
pub use torrents::*;

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
    /// All settings, or their defaults.
    GetSettings = "get_settings": GetSettingsParams => Settings;
    /// Changes some of them, all or nothing.
    SetSettings = "set_settings": SettingsPatch => SetSettingsResult;
    /// The session's totals, and the free space of a folder.
    GetSession = "get_session": GetSessionParams => Session;
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
    /// Asks the trackers of torrents at once.
    AnnounceNow = "announce_now": IdsParams => ManyResult;
    /// Adds addresses of peers to a torrent.
    AddPeers = "add_peers": AddPeersParams => AddPeersResult;
    /// A magnet link for a torrent.
    GetMagnet = "get_magnet": GetMagnetParams => GetMagnetResult;
    /// Moves a torrent's files to another folder.
    MoveFiles = "move_files": MoveFilesParams => Empty;
    /// Shows a torrent in the file manager.
    OpenFolder = "open_folder": IdParams => Empty;
    /// Opens a file with its program.
    OpenFile = "open_file": OpenFileParams => Empty;
    /// The torrent file, to be exported.
    GetTorrentFile = "get_torrent_file": GetTorrentFileParams => TorrentFileResult;
    /// Lets a browser that is connected show the full page.
    ShowManager = "show_manager": Empty => ShowManagerResult;
    /// Asks the user for a folder.
    ChooseFolder = "choose_folder": ChooseFolderParams => ChooseFolderResult;
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

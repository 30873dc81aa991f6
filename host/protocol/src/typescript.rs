//! Writes the extension's TypeScript types from the types of this crate.

use ts_rs::{Config, TS};

use crate::{error, methods, model, notifications, settings};

/// The whole text of `extension/lib/protocol/generated.ts`.
#[must_use]
pub fn generate() -> String {
    // JSON numbers are doubles in JavaScript, and every count of the protocol fits 2^53.
    let config = Config::new().with_large_int("number");
    let mut text =
        String::from("// Generated from host/protocol by `cargo xtask codegen`. Do not edit.\n\n");
    macro_rules! types {
        ($($module:ident::{$($name:ident),* $(,)?}),* $(,)?) => {
            $($(
                if let Some(docs) = <$module::$name as TS>::docs() {
                    text.push_str(&docs);
                }
                text.push_str(&format!(
                    "export {}\n\n",
                    <$module::$name as TS>::decl(&config)
                ));
            )*)*
        };
    }
    types!(
        error::{ErrorKind, ErrorData, RpcError},
        model::{
            TorrentState, TorrentError, Torrent, PortMappingState, PortMapping, Session, FileStatus,
            Transport, Direction, PeerSource, PeerFlags, Peer, TrackerState, Tracker, Level, Finding,
        },
        settings::{
            KeepRunning, OnLimit, Encryption, IgnoreSlow, Schedule, Alternative, Settings,
        },
        methods::{
            Empty, Topic, When, QueueMove, SettingsPatch, OneResult, ClientInfo, HelloParams,
            EngineInfo, Limits, HelloResult, GetSettingsParams, GetSessionParams, SetSettingsResult, SubscribeParams,
            UnsubscribeParams, ShutdownParams, ShowManagerResult, DiagnoseResult, GetLogParams,
            GetLogResult,
            AddOptions, AddMagnetParams, AddTorrentParams, AddUrlParams, AddResult,
            PreviewParams, PreviewResult, DropPreviewParams, GetStatusParams, GetStatusResult,
            GetFilesParams, GetFilesResult, IdParams, IdsParams, ManyResult, GetPeersResult,
            GetTrackersResult, GetPiecesResult, ResumeParams, DeleteFilesParams, RemoveParams,
            SetFilesParams, MoveInQueueParams, SetTorrentParams, AddPeersParams, AddPeersResult,
            GetMagnetParams, GetMagnetResult, MoveFilesParams,
            OpenFileParams, GetTorrentFileParams, TorrentFileResult, ChooseFolderParams,
            ChooseFolderResult,
        },
        notifications::{TorrentsChanged, EventKind, Event},
    );
    text.push_str(&methods::typescript(&config));
    text.push_str(
        "\nexport interface Notifications {\n  torrents_changed: TorrentsChanged;\n  \
         session_changed: Session;\n  event: Event;\n}\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::generate;

    #[test]
    fn the_checked_in_types_are_current() {
        let path =
            concat!(env!("CARGO_MANIFEST_DIR"), "/../../extension/lib/protocol/generated.ts");
        let checked_in = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            checked_in.replace("\r\n", "\n") == generate(),
            "{path} has drifted from host/protocol: run `cargo xtask codegen`"
        );
    }
}

//! Parameters and results of the methods about the session.

use serde::{Deserialize, Serialize};

use super::{Topic, When};
use crate::model::Finding;
use crate::settings::Settings;

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

    /// Parameters of `get_settings`.
    #[derive(Default)]
    GetSettingsParams {
        /// What they are when nobody has set any, instead of what they are.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        defaults: Option<bool>,
    }

    /// Parameters of `get_session`.
    #[derive(Default)]
    GetSessionParams {
        /// An absolute folder whose free space is wanted, instead of the default folder's. It need
        /// not be there yet.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        folder: Option<String>,
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

    /// Result of `show_manager`.
    ShowManagerResult {
        /// Whether a browser was there to be told.
        shown: bool,
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
}

//! The settings.

use serde::{Deserialize, Serialize};

/// When the engine ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum KeepRunning {
    /// A minute after the last client left and nothing downloads.
    WhileDownloading,
    /// The same, and seeds count too.
    WhileActive,
    /// Never.
    Always,
    /// As soon as the last client left.
    WithBrowser,
}

/// What happens to a torrent at its ratio or time limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum OnLimit {
    /// It is `finished`.
    Stop,
    /// Its entry is removed; its files stay.
    Remove,
}

/// Whether peers are spoken to in encrypted streams (MSE).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Encryption {
    /// Encrypted first, plain where the peer cannot.
    Prefer,
    /// Plain first, encrypted where the peer insists.
    Allow,
    /// Encrypted or not at all.
    Require,
    /// Plain only.
    Off,
}

/// When a torrent counts as slow, and is left out of the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct IgnoreSlow {
    /// Whether slow ones are left out.
    pub enabled: bool,
    /// Slower than this, in bytes per second…
    pub rate: u64,
    /// …for this many seconds.
    pub seconds: u32,
}

/// When the alternative limits are in force by themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Schedule {
    /// Days of the week, from 0 (Monday) to 6.
    pub days: Vec<u8>,
    /// Local time at which they begin, `HH:MM`.
    pub from: String,
    /// Local time at which they end, `HH:MM`; earlier than `from` means the next day.
    pub to: String,
}

/// A second pair of limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Alternative {
    /// Whether they are in force now.
    pub enabled: bool,
    /// Bytes per second; null for none.
    pub download_limit: Option<u64>,
    /// Bytes per second; null for none.
    pub upload_limit: Option<u64>,
    /// When they are in force by themselves.
    pub schedule: Option<Schedule>,
}

/// All settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub struct Settings {
    /// Where downloads go when nobody says otherwise: an absolute path.
    pub download_folder: String,
    /// Where they are until they are complete.
    pub incomplete_folder: Option<String>,
    /// Whether a click opens the add dialog first.
    pub ask_before_add: bool,
    /// Whether added torrents wait for the user.
    pub start_paused: bool,
    /// How many download at once.
    pub max_active_downloads: u32,
    /// How many seed at once.
    pub max_active_seeds: u32,
    /// How many of both run at once.
    pub max_active: u32,
    /// How many magnets ask for their metadata at once.
    pub max_resolving: u32,
    /// Which of them do not count.
    pub ignore_slow: IgnoreSlow,
    /// Bytes per second; null for none.
    pub download_limit: Option<u64>,
    /// Bytes per second; null for none.
    pub upload_limit: Option<u64>,
    /// A second pair of limits.
    pub alternative: Alternative,
    /// Uploaded over downloaded at which a seed stops; null for none.
    pub ratio_limit: Option<f64>,
    /// Minutes of seeding after which a seed stops; null for none.
    pub seed_minutes_limit: Option<u32>,
    /// What happens then.
    pub on_limit: OnLimit,
    /// The port for incoming connections; null lets the system pick.
    pub listen_port: Option<u16>,
    /// Asks the router for that port (UPnP IGD).
    pub upnp: bool,
    /// Finds peers in the DHT (BEP 5).
    pub dht: bool,
    /// Finds peers on the local network (BEP 14).
    pub lsd: bool,
    /// Speaks uTP (BEP 29).
    pub utp: bool,
    /// A proxy for everything that goes to peers and trackers.
    pub proxy_url: Option<String>,
    /// The network interface to use.
    pub bind_interface: Option<String>,
    /// Encryption towards peers.
    pub encryption: Encryption,
    /// Connections to peers, over all torrents.
    pub max_connections: u32,
    /// Connections to peers of one torrent.
    pub max_connections_per_torrent: u32,
    /// Addresses and CIDR ranges never to speak to.
    pub banned_peers: Vec<String>,
    /// A list of more of them.
    pub blocklist_url: Option<String>,
    /// Trackers added to every torrent that is not private.
    pub extra_trackers: Vec<String>,
    /// A folder whose torrent files are added. While there is one, the engine does not end by itself
    /// for having nothing to do.
    pub watch_folder: Option<String>,
    /// When the engine ends by itself.
    pub keep_running: KeepRunning,
    /// Whether the engine, at its start, registers anew with browsers where the program was moved,
    /// and with those that came later.
    pub repair_registrations: bool,
    /// Whether the engine notifies the desktop when no browser is there to do it.
    pub notify_when_browser_closed: bool,
}

impl Settings {
    /// The built-in defaults, with downloads going to `download_folder`.
    #[must_use]
    pub fn built_in(download_folder: String) -> Self {
        Self {
            download_folder,
            incomplete_folder: None,
            ask_before_add: true,
            start_paused: false,
            max_active_downloads: 5,
            max_active_seeds: 20,
            max_active: 25,
            max_resolving: 10,
            ignore_slow: IgnoreSlow { enabled: false, rate: 2048, seconds: 60 },
            download_limit: None,
            upload_limit: None,
            alternative: Alternative {
                enabled: false,
                download_limit: None,
                upload_limit: None,
                schedule: None,
            },
            ratio_limit: None,
            seed_minutes_limit: None,
            on_limit: OnLimit::Stop,
            listen_port: None,
            upnp: true,
            dht: true,
            lsd: true,
            utp: false,
            proxy_url: None,
            bind_interface: None,
            encryption: Encryption::Off,
            max_connections: 500,
            max_connections_per_torrent: 128,
            banned_peers: Vec::new(),
            blocklist_url: None,
            extra_trackers: Vec::new(),
            watch_folder: None,
            keep_running: KeepRunning::WhileDownloading,
            repair_registrations: true,
            // Until the engine can notify, the default says so.
            notify_when_browser_closed: false,
        }
    }
}

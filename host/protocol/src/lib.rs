//! The wire protocol of Torrpeddo: the only definition of it in code.
//!
//! Browser ⇄ relay ⇄ engine, CLI ⇄ engine and tests ⇄ engine all speak it. The extension's
//! TypeScript types are generated from the types here (`cargo xtask codegen`), and a test fails
//! when the checked-in file drifts. `docs/protocol.md` describes the protocol for people.
//!
//! - [`frame`]: the length-prefixed frames of native messaging, used on every hop;
//! - [`jsonrpc`]: the JSON-RPC 2.0 envelope;
//! - [`error`]: the one error type at the edge;
//! - [`model`] and [`settings`]: what is told about torrents, the session and the settings;
//! - [`methods`] and [`notifications`]: every request with its answer, and what the engine says
//!   unasked;
//! - [`size`]: how sizes are written in messages for people;
//! - `client`: a blocking client, behind the feature of that name.

#[cfg(feature = "client")]
pub mod client;
pub mod error;
pub mod frame;
pub mod jsonrpc;
pub mod methods;
pub mod model;
pub mod notifications;
pub mod settings;
pub mod size;
#[cfg(feature = "typescript")]
pub mod typescript;

pub use error::{ErrorKind, RpcError};
pub use model::{FileStatus, Session, Torrent, TorrentError, TorrentState};
pub use settings::Settings;

/// The version of the protocol that this crate defines.
pub const PROTOCOL_VERSION: u32 = 1;

/// The name under which browsers know the native host.
pub const HOST_NAME: &str = "org.torrpeddo.host";

/// The id of the extension in Firefox, fixed by its manifest.
pub const FIREFOX_ID: &str = "torrpeddo@torrpeddo.org";

/// The id of the extension in Chromium, derived from the `key` of its manifest.
pub const CHROMIUM_ID: &str = "iibhikoaahafbllkolaaineamdjbbedb";

/// Limits of the protocol, in bytes unless the name says otherwise.
pub mod limits {
    /// The longest frame that a client may send: what browsers allow towards a native host.
    pub const FRAME_FROM_CLIENT: usize = 64 * 1024 * 1024;
    /// The longest frame that the engine sends. Browsers drop a port at 1 MiB; half of that leaves
    /// room for whatever a hop may add.
    pub const FRAME_TO_CLIENT: usize = 512 * 1024;
    /// The longest frame a browser takes from a native host.
    pub const FRAME_TO_BROWSER: usize = 1024 * 1024;
    /// The largest torrent file.
    pub const TORRENT_FILE: usize = 10 * 1024 * 1024;
    /// The longest magnet link.
    pub const MAGNET: usize = 64 * 1024;
    /// The longest list of ids in one request.
    pub const IDS: usize = 10_000;
    /// The shortest time between two notifications of one kind, in milliseconds.
    pub const INTERVAL_MS_MIN: u64 = 100;
    /// The longest time between two notifications of one kind, in milliseconds.
    pub const INTERVAL_MS_MAX: u64 = 60_000;
}

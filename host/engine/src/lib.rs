//! The torrent engine of Torrpeddo.
//!
//! Invariants, held by lints and tests:
//! - the engine never prints, never reads the environment and never exits the process: the binary
//!   passes everything in;
//! - only `session` knows librqbit, only `store` knows SQL, only `rpc` knows JSON.

pub mod config;
mod engine;
pub mod error;
mod files;
mod manager;
mod queue;
mod rpc;
mod session;
mod store;

pub use config::{Desktop, Doctor, EngineConfig, LogTail};
pub use engine::Engine;
pub use error::{Error, Result};
pub use manager::patched as patch_settings;
use torrpeddo_readers::{magnet, metainfo, names};

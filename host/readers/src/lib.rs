//! Strict readers of what strangers send: magnet links, torrent files and the names in them.
//!
//! Pure: they know neither the network nor the disk nor librqbit. So they can be fuzzed by
//! themselves (`tests/fuzz`), and nothing that one of them accepts depends on the machine.

pub mod error;
pub mod magnet;
pub mod metainfo;
pub mod names;

pub use error::{Error, Result};

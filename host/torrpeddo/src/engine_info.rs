//! What the running engine leaves in its data folder, for those who look for it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::paths::Paths;

/// The running engine. Also there after a kill: it says where to look, not that somebody is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineFile {
    /// Its process.
    pub pid: u32,
    /// Its version.
    pub version: String,
    /// Where it listens.
    pub socket: PathBuf,
}

/// What the newest engine of this data folder said.
pub fn read(paths: &Paths) -> Option<EngineFile> {
    serde_json::from_slice(&std::fs::read(&paths.engine_info).ok()?).ok()
}

/// Leaves word.
pub fn write(paths: &Paths) -> std::io::Result<()> {
    let file = EngineFile {
        pid: std::process::id(),
        version: crate::reach::VERSION.into(),
        socket: paths.socket.clone(),
    };
    // Replaced in one step: a relay may be reading it.
    let new = paths.engine_info.with_extension("json.new");
    std::fs::write(&new, serde_json::to_vec(&file)?)?;
    std::fs::rename(&new, &paths.engine_info)
}

/// Takes it back.
pub fn remove(paths: &Paths) {
    let _ = std::fs::remove_file(&paths.engine_info);
}

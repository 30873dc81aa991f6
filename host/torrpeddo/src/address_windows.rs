//! Where the engine listens: a named pipe whose name has the user and the data folder in it.

use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};
use crate::paths::short_name;
use crate::win32;

/// What the names of our pipes begin with.
const PREFIX: &str = r"\\.\pipe\torrpeddo-";

/// The pipe of the engine of this data folder.
pub fn choose(data_dir: &Path, _portable: bool) -> Result<PathBuf> {
    let user = win32::user_sid().map_err(|error| {
        Failure::unavailable(format!("Windows does not say which user this is: {error}."))
    })?;
    // Two spellings of one folder are one.
    let folder = short_name(data_dir.to_string_lossy().to_lowercase().as_bytes());
    Ok(format!("{PREFIX}{user}-{folder}").into())
}

/// A pipe needs nothing before it.
pub fn prepare(_pipe: &Path) -> Result<()> {
    Ok(())
}

/// Whether this is the name of a pipe of ours. Anybody can take a name that is free, which is why
/// [`connect`](crate::endpoint::connect) looks at the owner as well.
pub fn is_ours(pipe: &Path) -> bool {
    pipe.to_string_lossy().starts_with(PREFIX)
}

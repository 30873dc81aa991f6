//! A folder that only its user can enter. Below a user's profile Windows makes every folder so by
//! itself; elsewhere the folder above it decides.

use std::path::Path;

/// Makes the folder and those above it where they are not there.
pub fn create_all(path: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(path)
}

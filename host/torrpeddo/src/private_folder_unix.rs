//! A folder that only its user can enter.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::Path;

use rustix::process::geteuid;

use crate::failure::{Failure, Result};

/// Whether this is a folder of this user.
pub fn is_ours(path: &Path) -> bool {
    path.is_absolute()
        && fs::symlink_metadata(path)
            .is_ok_and(|found| found.is_dir() && found.uid() == geteuid().as_raw())
}

/// Makes the folder and those above it where they are not there; new ones are private.
pub fn create_all(path: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes the folder where it is not there, and sees to it that nobody else can enter.
pub fn prepare(path: &Path) -> Result<()> {
    let failed = |reason: String| {
        Failure::unavailable(format!(
            "The folder {} for the engine's socket cannot be used: {reason}.",
            path.display()
        ))
        .hint("Remove it, or set TORRPEDDO_HOME to another folder.")
    };
    if let Some(parent) = path.parent() {
        create_all(parent).map_err(|error| failed(error.to_string()))?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(failed(error.to_string())),
    }
    let found = fs::symlink_metadata(path).map_err(|error| failed(error.to_string()))?;
    if !found.is_dir() {
        return Err(failed("it is no folder".into()));
    }
    if found.uid() != geteuid().as_raw() {
        return Err(failed("it belongs to another user".into()));
    }
    if found.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))
            .map_err(|error| failed(error.to_string()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_new_folder_is_private_and_an_open_one_is_closed() {
        let dir = tempfile::tempdir().unwrap();
        let new = dir.path().join("a/new");
        prepare(&new).unwrap();
        assert_eq!(mode(&new), 0o700);
        fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).unwrap();
        prepare(&new).unwrap();
        assert_eq!(mode(&new), 0o700);
    }

    #[test]
    fn a_link_and_a_file_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let (link, file) = (dir.path().join("link"), dir.path().join("file"));
        std::os::unix::fs::symlink(dir.path(), &link).unwrap();
        fs::write(&file, "").unwrap();
        for path in [link, file] {
            assert!(prepare(&path).unwrap_err().error.message.contains("no folder"));
            assert!(!is_ours(&path));
        }
    }
}

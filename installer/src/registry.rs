//! The Windows registry, and nothing else of Windows: the default values of the keys by which
//! browsers there find manifests.
//!
//! A key is named as in [`Location::Registry`](crate::browsers::Location), followed by our host's
//! name; `scope` says in which half it is: `HKEY_CURRENT_USER` or `HKEY_LOCAL_MACHINE`.

use std::io;
use std::path::{Path, PathBuf};

use crate::browsers::Scope;

/// What the key's default value says; `None` where there is no such key.
///
/// # Errors
/// When the key cannot be read.
pub fn read(scope: Scope, key: &str) -> io::Result<Option<PathBuf>> {
    let _ = (scope, key);
    Err(io::ErrorKind::Unsupported.into())
}

/// Makes the key and its default value.
///
/// # Errors
/// When the key cannot be written.
pub fn write(scope: Scope, key: &str, manifest: &Path) -> io::Result<()> {
    let _ = (scope, key, manifest);
    Err(io::ErrorKind::Unsupported.into())
}

/// Removes the key, and no other. That it is not there is no error.
///
/// # Errors
/// When the key cannot be removed.
pub fn remove(scope: Scope, key: &str) -> io::Result<()> {
    let _ = (scope, key);
    Err(io::ErrorKind::Unsupported.into())
}

//! The Windows registry, and nothing else of Windows: the default values of the keys by which
//! browsers there find manifests.
//!
//! A key is named as in [`Location::Registry`](crate::browsers::Location), followed by our host's
//! name; `scope` says in which half it is: `HKEY_CURRENT_USER` or `HKEY_LOCAL_MACHINE`.

use std::io;
use std::path::{Path, PathBuf};

use crate::browsers::Scope;

pub use system::{read, remove, write};

#[cfg(windows)]
mod system {
    use torrpeddo_protocol::HOST_NAME;
    use windows_registry::{CURRENT_USER, Key, LOCAL_MACHINE};

    use super::{Path, PathBuf, Scope, io};

    const NOT_FOUND: io::ErrorKind = io::ErrorKind::NotFound;

    /// What the key's default value says; `None` where there is no such key.
    ///
    /// # Errors
    /// When the key cannot be read.
    pub fn read(scope: Scope, key: &str) -> io::Result<Option<PathBuf>> {
        let value = half(scope).open(ours(key)).and_then(|key| key.get_string(""));
        match plain(value) {
            Ok(path) => Ok(Some(path.into())),
            Err(error) if error.kind() == NOT_FOUND => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes the key and its default value.
    ///
    /// # Errors
    /// When the key cannot be written, or the path is not Unicode.
    pub fn write(scope: Scope, key: &str, manifest: &Path) -> io::Result<()> {
        let manifest = manifest.to_str().ok_or(io::ErrorKind::InvalidInput)?;
        plain(half(scope).create(ours(key)).and_then(|key| key.set_string("", manifest)))
    }

    /// Removes the key, and no other. That it is not there is no error.
    ///
    /// # Errors
    /// When the key cannot be removed.
    pub fn remove(scope: Scope, key: &str) -> io::Result<()> {
        match plain(half(scope).remove_tree(ours(key))) {
            Err(error) if error.kind() == NOT_FOUND => Ok(()),
            removed => removed,
        }
    }

    fn half(scope: Scope) -> &'static Key {
        match scope {
            Scope::User => CURRENT_USER,
            Scope::System => LOCAL_MACHINE,
        }
    }

    fn ours(key: &str) -> String {
        format!(r"Software\{key}\{HOST_NAME}")
    }

    /// The error as the standard library knows it: the low half of what comes is Windows' own code.
    fn plain<T>(result: windows_registry::Result<T>) -> io::Result<T> {
        result.map_err(|error| io::Error::from_raw_os_error(error.code().0 & 0xFFFF))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_key_is_made_read_and_removed_with_nothing_else() {
            let key = format!(r"Torrpeddo test {}\NativeMessagingHosts", std::process::id());
            let parent = format!(r"Software\{key}");
            assert_eq!(read(Scope::User, &key).unwrap(), None);
            remove(Scope::User, &key).unwrap();
            let other = CURRENT_USER.create(format!(r"{parent}\org.example")).unwrap();
            other.set_string("", "theirs").unwrap();
            for path in [r"C:\one.json", r"C:\Ünïcödé\two.json"] {
                write(Scope::User, &key, Path::new(path)).unwrap();
                assert_eq!(read(Scope::User, &key).unwrap(), Some(path.into()));
            }
            remove(Scope::User, &key).unwrap();
            assert_eq!(read(Scope::User, &key).unwrap(), None);
            assert_eq!(other.get_string("").unwrap(), "theirs");
            CURRENT_USER.remove_tree(parent.trim_end_matches(r"\NativeMessagingHosts")).unwrap();
        }
    }
}

/// Elsewhere there is none, and no browser that would read it.
#[cfg(not(windows))]
mod system {
    use super::{Path, PathBuf, Scope, io};

    /// Nothing to read.
    ///
    /// # Errors
    /// Always.
    pub fn read(_: Scope, _: &str) -> io::Result<Option<PathBuf>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Nothing to write to.
    ///
    /// # Errors
    /// Always.
    pub fn write(_: Scope, _: &str, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Nothing to remove.
    ///
    /// # Errors
    /// Always.
    pub fn remove(_: Scope, _: &str) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

//! The Windows registry, and nothing else of Windows: texts in the half of it that `scope` says,
//! `HKEY_CURRENT_USER` or `HKEY_LOCAL_MACHINE`. A value without a name is its key's default one.

use std::io;

use crate::browsers::Scope;

pub use system::{read, remove, remove_if_empty, remove_value, write};

#[cfg(windows)]
mod system {
    use windows_registry::{CURRENT_USER, Key, LOCAL_MACHINE};

    use super::{Scope, io};

    /// What a value says; `None` where there is no such key or value.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(scope: Scope, key: &str, name: &str) -> io::Result<Option<String>> {
        there(plain(half(scope).open(key).and_then(|key| key.get_string(name))))
    }

    /// Makes the key and the value.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(scope: Scope, key: &str, name: &str, text: &str) -> io::Result<()> {
        plain(half(scope).create(key).and_then(|key| key.set_string(name, text)))
    }

    /// Removes a key and all that is below it. That it is not there is no error.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(scope: Scope, key: &str) -> io::Result<()> {
        there(plain(half(scope).remove_tree(key))).map(drop)
    }

    /// Removes a value. That it is not there is no error.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove_value(scope: Scope, key: &str, name: &str) -> io::Result<()> {
        let key = half(scope).options().write().open(key);
        there(plain(key.and_then(|key| key.remove_value(name)))).map(drop)
    }

    /// Removes a key that says nothing and has none below it; any other stays.
    ///
    /// # Errors
    /// When it cannot be read or removed.
    pub fn remove_if_empty(scope: Scope, key: &str) -> io::Result<()> {
        let Some(there) = there(plain(half(scope).open(key)))? else { return Ok(()) };
        let is_empty =
            plain(there.keys())?.next().is_none() && plain(there.values())?.next().is_none();
        if is_empty { remove(scope, key) } else { Ok(()) }
    }

    fn half(scope: Scope) -> &'static Key {
        match scope {
            Scope::User => CURRENT_USER,
            Scope::System => LOCAL_MACHINE,
        }
    }

    /// The error as the standard library knows it: the low half of what comes is Windows' own code.
    fn plain<T>(result: windows_registry::Result<T>) -> io::Result<T> {
        result.map_err(|error| io::Error::from_raw_os_error(error.code().0 & 0xFFFF))
    }

    fn there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
        match result {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        const USER: Scope = Scope::User;

        #[test]
        fn what_is_made_is_read_and_removed_with_nothing_else() {
            let parent = format!(r"Software\Torrpeddo test {}", std::process::id());
            let (key, below) = (format!(r"{parent}\ours"), format!(r"{parent}\ours\below"));
            assert_eq!(read(USER, &key, "").unwrap(), None);
            remove(USER, &key).unwrap();
            remove_value(USER, &key, "x").unwrap();
            remove_if_empty(USER, &key).unwrap();
            write(USER, &format!(r"{parent}\other"), "", "theirs").unwrap();
            for (name, text) in [("", r"C:\one.json"), ("", r"C:\Ünïcödé\two.json"), ("x", "")]
            {
                write(USER, &key, name, text).unwrap();
                assert_eq!(read(USER, &key, name).unwrap().as_deref(), Some(text));
            }
            write(USER, &below, "", "").unwrap();
            remove_value(USER, &key, "x").unwrap();
            assert_eq!(read(USER, &key, "x").unwrap(), None);
            remove_if_empty(USER, &key).unwrap();
            assert!(read(USER, &key, "").unwrap().is_some(), "it says something");
            remove_value(USER, &key, "").unwrap();
            remove_if_empty(USER, &key).unwrap();
            assert!(read(USER, &below, "").unwrap().is_some(), "something is below it");
            remove(USER, &below).unwrap();
            remove_if_empty(USER, &key).unwrap();
            assert!(CURRENT_USER.open(&key).is_err());
            let other = read(USER, &format!(r"{parent}\other"), "").unwrap();
            assert_eq!(other.as_deref(), Some("theirs"));
            remove(USER, &parent).unwrap();
        }
    }
}

/// Elsewhere there is none, and nobody who would read it.
#[cfg(not(windows))]
mod system {
    use super::{Scope, io};

    /// Nothing to read.
    ///
    /// # Errors
    /// Always.
    pub fn read(_: Scope, _: &str, _: &str) -> io::Result<Option<String>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Nothing to write to.
    ///
    /// # Errors
    /// Always.
    pub fn write(_: Scope, _: &str, _: &str, _: &str) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Nothing to remove.
    ///
    /// # Errors
    /// Always.
    pub fn remove(_: Scope, _: &str) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Nothing to remove.
    ///
    /// # Errors
    /// Always.
    pub fn remove_value(_: Scope, _: &str, _: &str) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Nothing to remove.
    ///
    /// # Errors
    /// Always.
    pub fn remove_if_empty(_: Scope, _: &str) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

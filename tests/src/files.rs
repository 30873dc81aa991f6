//! Contents that anybody can make again, and their hashes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

/// Names and contents of the files of a torrent. The contents look random and depend on the name
/// and the size alone.
#[derive(Debug, Clone, Default)]
pub struct Files(BTreeMap<String, Vec<u8>>);

impl Files {
    /// Files of the given names (with `/` between folders) and sizes.
    #[must_use]
    pub fn new<'a>(files: impl IntoIterator<Item = (&'a str, usize)>) -> Self {
        let files = files.into_iter();
        Self(files.map(|(name, bytes)| (name.into(), content(name, bytes))).collect())
    }

    /// One file with a content of its own.
    #[must_use]
    pub fn one(name: &str, content: Vec<u8>) -> Self {
        Self([(name.into(), content)].into())
    }

    /// Names and contents, in order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, content)| (name.as_str(), content.as_slice()))
    }

    /// The size of all of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.values().map(|content| content.len() as u64).sum()
    }

    /// Writes them below `folder`.
    ///
    /// # Panics
    /// When the disk says no.
    pub fn write(&self, folder: &Path) {
        for (name, content) in &self.0 {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder");
            fs::write(&path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
    }

    /// What is wrong with the copies below `folder`: nothing when each has the same sha256.
    ///
    /// # Errors
    /// The first difference, in words.
    pub fn check(&self, folder: &Path) -> Result<(), String> {
        for (name, content) in &self.0 {
            let path = folder.join(name);
            let copy = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            let (expected, found) = (sha256(content), sha256(&copy));
            if expected != found {
                return Err(format!(
                    "{}: {} bytes with sha256 {found}, where {} bytes with {expected} belong",
                    path.display(),
                    copy.len(),
                    content.len()
                ));
            }
        }
        Ok(())
    }

    /// Asserts that the copies below `folder` are the same.
    ///
    /// # Panics
    /// When they are not.
    #[track_caller]
    pub fn assert_in(&self, folder: &Path) {
        if let Err(difference) = self.check(folder) {
            panic!("{difference}");
        }
    }
}

/// The sha256 of `bytes` in hex.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Bytes that do not compress and are the same each time (xorshift64*).
#[must_use]
pub fn content(name: &str, bytes: usize) -> Vec<u8> {
    let mut state = name.bytes().fold(0x9e37_79b9_7f4a_7c15_u64 ^ bytes as u64, |state, byte| {
        (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    }) | 1;
    let mut content = Vec::with_capacity(bytes + 8);
    while content.len() < bytes {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        content.extend(state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes());
    }
    content.truncate(bytes);
    content
}

/// Every file below `folder`, with `/` between the parts, in order.
///
/// # Panics
/// When a folder cannot be read.
#[must_use]
pub fn list(folder: &Path) -> Vec<String> {
    fn walk(folder: &Path, prefix: &str, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).expect("a folder that can be read") {
            let entry = entry.expect("an entry that can be read");
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type().expect("a kind of file").is_dir() {
                walk(&entry.path(), &format!("{name}/"), found);
            } else {
                found.push(name);
            }
        }
    }
    let mut found = Vec::new();
    if folder.is_dir() {
        walk(folder, "", &mut found);
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_depend_on_name_and_size_alone() {
        assert_eq!(content("a", 1000), content("a", 1000));
        assert_ne!(content("a", 1000), content("b", 1000));
        assert_eq!(content("a", 0), Vec::<u8>::new());
        assert_eq!(sha256(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    #[test]
    fn a_difference_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::new([("a/b", 100), ("c", 5)]);
        assert!(files.check(folder.path()).is_err());
        files.write(folder.path());
        files.assert_in(folder.path());
        assert_eq!(list(folder.path()), ["a/b", "c"]);
        fs::write(folder.path().join("a/b"), content("other", 100)).unwrap();
        assert!(files.check(folder.path()).unwrap_err().contains("sha256"));
    }
}

//! A folder that people and programs put torrent files into.

use std::ffi::OsStr;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use torrpeddo_protocol::limits;

use super::Folder;
use crate::error::{Error, Result};
use crate::names;

/// How many torrent files one look tells of. Those that are done are renamed and make room.
const FILES: usize = 10_000;

/// How many names are tried for a file that is done.
const NAMES: u32 = 100;

/// What tells one content of a file from another without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Its length.
    pub bytes: u64,
    /// When it was last written, in nanoseconds since 1970.
    pub modified: i64,
}

/// What became of a torrent file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Its torrent is in the list.
    Added,
    /// It is no torrent file that can be used.
    Refused,
}

/// The folder, as it is at one look. What is put in its place later takes another one.
pub struct Inbox(Folder);

impl Inbox {
    /// Opens it. It is never made: where a disk is missing, another one would be watched for ever.
    pub fn open(folder: &Path) -> io::Result<Self> {
        Folder::open(folder).map(Self)
    }

    /// Whether a folder can be watched: absolute, there, and readable. The sentence in the error
    /// says what is wrong.
    pub fn check(folder: &Path) -> Result<()> {
        if !folder.is_absolute() {
            return Err(Error::InvalidPath(
                "The watched folder must be an absolute path, such as /home/you/Torrents.".into(),
            ));
        }
        Self::open(folder).and_then(|inbox| inbox.files()).map(drop).map_err(|error| {
            let shown = folder.display();
            Error::InvalidPath(match error.kind() {
                io::ErrorKind::NotFound => {
                    format!(
                        "The folder {shown} is not there. Make it first, or choose another one."
                    )
                }
                io::ErrorKind::NotADirectory => {
                    format!("{shown} is a file, not a folder. Choose another one.")
                }
                _ => format!("The folder {shown} cannot be read: {error}. Choose another one."),
            })
        })
    }

    /// The torrent files in it, and what tells them apart. Empty ones are left out: a browser holds
    /// the place of what it is still fetching with one.
    pub fn files(&self) -> io::Result<Vec<(PathBuf, Stamp)>> {
        let found = self.0.files(FILES, is_torrent)?;
        Ok(found.into_iter().filter(|(_, stamp)| stamp.bytes > 0).collect())
    }

    /// What is in a file: `None` when it is not the one that was seen any more. Of one that is too
    /// large only so much is read that this can be told.
    pub fn read(&self, name: &Path, seen: Stamp) -> io::Result<Option<Vec<u8>>> {
        let file = self.0.read(name)?;
        let mut torrent = Vec::new();
        (&file).take(limits::TORRENT_FILE as u64 + 1).read_to_end(&mut torrent)?;
        Ok((stamp(&file.metadata()?) == seen).then_some(torrent))
    }

    /// Renames a file that was seen, so that nobody takes it for a new one. Another file that has
    /// replaced it in the meantime keeps its name.
    pub fn mark(&self, name: &Path, seen: Stamp, mark: Mark) -> io::Result<()> {
        if stamp(&self.0.read(name)?.metadata()?) != seen {
            return Ok(());
        }
        let end = match mark {
            Mark::Added => ".added",
            Mark::Refused => ".refused",
        };
        let mut marked = name.as_os_str().to_owned();
        marked.push(end);
        let first = PathBuf::from(&marked);
        // A file of the same name may have been marked before, and nothing is overwritten.
        let others = (2..NAMES)
            .map(|number| PathBuf::from(names::with_number(&marked.to_string_lossy(), number)));
        for free in std::iter::once(first).chain(others) {
            if !self.0.occupied(&free)? {
                return self.0.rename(name, &self.0, &free);
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }
}

impl Stamp {
    pub(super) fn new(bytes: u64, modified: io::Result<std::time::SystemTime>) -> Self {
        // A file system without times has lengths only.
        let since = modified.ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let modified = since.map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX));
        Self { bytes, modified }
    }
}

fn stamp(metadata: &std::fs::Metadata) -> Stamp {
    Stamp::new(metadata.len(), metadata.modified())
}

fn is_torrent(name: &OsStr) -> bool {
    let path = Path::new(name);
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("torrent"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn inbox() -> (tempfile::TempDir, Inbox) {
        let dir = tempfile::tempdir().unwrap();
        let inbox = Inbox::open(dir.path()).unwrap();
        (dir, inbox)
    }

    fn names(inbox: &Inbox) -> Vec<String> {
        let mut names: Vec<_> = inbox
            .files()
            .unwrap()
            .into_iter()
            .map(|(name, _)| name.to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn only_ordinary_torrent_files_that_are_not_empty_are_seen() {
        let (dir, inbox) = inbox();
        for name in ["a.torrent", "B.TORRENT", "c.torrent.added", "torrent", "d.txt"] {
            fs::write(dir.path().join(name), "x").unwrap();
        }
        fs::write(dir.path().join("empty.torrent"), "").unwrap();
        fs::create_dir(dir.path().join("folder.torrent")).unwrap();
        fs::write(dir.path().join("folder.torrent/inner.torrent"), "x").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("a.torrent", dir.path().join("link.torrent")).unwrap();
        assert_eq!(names(&inbox), ["B.TORRENT", "a.torrent"]);
    }

    #[test]
    fn a_look_is_bounded() {
        let (dir, inbox) = inbox();
        for number in 0..5 {
            fs::write(dir.path().join(format!("{number}.torrent")), "x").unwrap();
        }
        assert_eq!(inbox.0.files(3, is_torrent).unwrap().len(), 3);
    }

    #[test]
    fn what_has_changed_since_it_was_seen_is_neither_read_nor_marked() {
        let (dir, inbox) = inbox();
        let path = dir.path().join("a.torrent");
        fs::write(&path, "first").unwrap();
        let [(name, seen)] = &inbox.files().unwrap()[..] else { panic!("one file") };
        assert_eq!(inbox.read(name, *seen).unwrap().unwrap(), b"first");
        fs::write(&path, "another").unwrap();
        assert_eq!(inbox.read(name, *seen).unwrap(), None);
        inbox.mark(name, *seen, Mark::Added).unwrap();
        assert_eq!(names(&inbox), ["a.torrent"]);
    }

    #[test]
    fn a_mark_overwrites_nothing() {
        let (dir, inbox) = inbox();
        for content in ["first", "second", "third"] {
            fs::write(dir.path().join("a.torrent"), content).unwrap();
            let (name, seen) = inbox.files().unwrap().remove(0);
            inbox.mark(&name, seen, Mark::Refused).unwrap();
            assert!(names(&inbox).is_empty());
        }
        let mut left: Vec<_> = fs::read_dir(dir.path())
            .unwrap()
            .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
            .collect();
        left.sort();
        assert_eq!(left, ["first", "second", "third"]);
        assert_eq!(fs::read(dir.path().join("a.torrent.refused")).unwrap(), b"first");
    }

    #[test]
    fn of_what_is_too_large_only_a_little_more_than_the_limit_is_read() {
        let (dir, inbox) = inbox();
        let file = fs::File::create(dir.path().join("large.torrent")).unwrap();
        file.set_len(1 << 40).unwrap();
        let (name, seen) = inbox.files().unwrap().remove(0);
        assert_eq!(inbox.read(&name, seen).unwrap().unwrap().len(), limits::TORRENT_FILE + 1);
    }

    #[test]
    fn a_folder_that_cannot_be_watched_is_refused_with_a_reason() {
        let (dir, _) = inbox();
        Inbox::check(dir.path()).unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "x").unwrap();
        let refusal = |path: &Path| match Inbox::check(path) {
            Err(Error::InvalidPath(sentence)) => sentence,
            other => panic!("{other:?}"),
        };
        assert!(refusal(&dir.path().join("gone")).contains("not there"));
        assert!(refusal(&file).contains("is a file"));
        assert!(refusal(Path::new("a/b")).contains("absolute"));
    }
}

//! A folder that is never left: every path below it is walked name by name, and a symbolic link on
//! the way, or at its end, is an error. Whoever can put a link into a download folder must not
//! choose what the engine overwrites or deletes.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::{Component, Path, PathBuf};

use cap_fs_ext::{DirExt, FollowSymlinks, MetadataExt, OpenOptionsFollowExt};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata, OpenOptions};

use super::Stamp;

/// An open folder. It stays the same folder when its path is renamed.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    dir: Dir,
}

impl Folder {
    /// Opens a folder that the user chose; links in its own path are the user's business.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), dir: Dir::open_ambient_dir(path, ambient_authority())? })
    }

    /// Opens it and makes it first where it is missing.
    pub fn create(path: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(path)?;
        Self::open(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where something below it is, for messages.
    pub fn locate(&self, relative: &Path) -> PathBuf {
        self.path.join(relative)
    }

    /// The length of a file, `None` if there is none. A link or anything else that is not a file is
    /// an error.
    pub fn length(&self, relative: &Path) -> io::Result<Option<u64>> {
        let found = self.parent(relative, false).and_then(|(dir, name)| regular(&dir, name));
        missing_is_none(found.map(|metadata| metadata.len()))
    }

    /// Whether its path still leads to it: it may have been renamed, or unmounted.
    pub fn is_in_place(&self) -> bool {
        let here = self.dir.dir_metadata();
        let there = Self::open(&self.path).and_then(|there| there.dir.dir_metadata());
        matches!((here, there), (Ok(here), Ok(there)) if is_same(&here, &there))
    }

    /// Whether this path leads to that open file.
    pub fn is_at(&self, relative: &Path, file: &File) -> io::Result<bool> {
        let found = self.parent(relative, false).and_then(|(dir, name)| dir.symlink_metadata(name));
        let open = Metadata::from_file(file)?;
        Ok(missing_is_none(found)?.is_some_and(|found| is_same(&found, &open)))
    }

    /// Whether anything at all has this name.
    pub fn occupied(&self, relative: &Path) -> io::Result<bool> {
        let found = self.parent(relative, false).and_then(|(dir, name)| dir.symlink_metadata(name));
        Ok(missing_is_none(found)?.is_some())
    }

    /// The ordinary files directly in it with a name that is `wanted`, at most `limit` of them.
    pub fn files(
        &self,
        limit: usize,
        wanted: impl Fn(&OsStr) -> bool,
    ) -> io::Result<Vec<(PathBuf, Stamp)>> {
        let mut found = Vec::new();
        for entry in self.dir.entries()? {
            let entry = entry?;
            let name = entry.file_name();
            // What is gone by now is none of them.
            if wanted(&name)
                && let Ok(metadata) = entry.metadata()
                && metadata.is_file()
            {
                let modified = metadata.modified().map(cap_std::time::SystemTime::into_std);
                found.push((name.into(), Stamp::new(metadata.len(), modified)));
                if found.len() == limit {
                    break;
                }
            }
        }
        Ok(found)
    }

    /// Opens a file for reading.
    pub fn read(&self, relative: &Path) -> io::Result<File> {
        let (dir, name) = self.parent(relative, false)?;
        regular(&dir, name)?;
        let mut options = OpenOptions::new();
        options.read(true).follow(FollowSymlinks::No);
        Ok(dir.open_with(name, &options)?.into_std())
    }

    /// Opens a file for reading and writing. `create`: it and the folders above it are made where
    /// missing. What is in it stays.
    pub fn write(&self, relative: &Path, create: bool) -> io::Result<File> {
        let (dir, name) = self.parent(relative, create)?;
        missing_is_none(regular(&dir, name))?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(create).follow(FollowSymlinks::No);
        Ok(dir.open_with(name, &options)?.into_std())
    }

    /// Brings everything on the disk of this folder to it. `false` where the system cannot.
    #[cfg(target_os = "linux")]
    pub fn sync_disk(&self) -> io::Result<bool> {
        // The folder itself is open only as a place to start from, which cannot be synced.
        rustix::fs::syncfs(self.dir.open(".")?)?;
        Ok(true)
    }

    /// Brings everything on the disk of this folder to it. `false` where the system cannot.
    #[cfg(not(target_os = "linux"))]
    pub fn sync_disk(&self) -> io::Result<bool> {
        Ok(false)
    }

    /// Removes a file. `false` if there is none, or only a link or folder, which is not ours. A link
    /// on the way to it is an error.
    pub fn remove_file(&self, relative: &Path) -> io::Result<bool> {
        let found = self.parent(relative, false).and_then(|(dir, name)| {
            if dir.symlink_metadata(name)?.is_file() {
                dir.remove_file(name).map(|()| true)
            } else {
                Ok(false)
            }
        });
        match found {
            // Where a folder of the path is a file by now, the file that was in it is gone.
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(false),
            found => Ok(missing_is_none(found)?.unwrap_or(false)),
        }
    }

    /// Moves a file to a place in another folder on the same disk, whose own folders are made where
    /// missing. What is there already is replaced: look first.
    pub fn rename(&self, from: &Path, other: &Self, to: &Path) -> io::Result<()> {
        let (source, name) = self.parent(from, false)?;
        regular(&source, name)?;
        let (target, new_name) = other.parent(to, true)?;
        source.rename(name, &target, new_name)
    }

    /// What is directly in a folder below it: names, and whether each is a folder itself.
    pub fn entries(&self, relative: &Path) -> io::Result<Vec<(std::ffi::OsString, bool)>> {
        let mut dir = self.dir.try_clone()?;
        for part in relative.components() {
            dir = enter(&dir, Path::new(part.as_os_str()), false)?;
        }
        dir.entries()?
            .map(|entry| {
                entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?.is_dir())))
            })
            .collect()
    }

    /// Removes a folder if it is empty.
    pub fn remove_empty_folder(&self, relative: &Path) -> io::Result<()> {
        let removed = self.parent(relative, false).and_then(|(dir, name)| {
            // Removing through a link would remove the folder that it leads to.
            if dir.symlink_metadata(name)?.is_dir() { dir.remove_dir(name) } else { Ok(()) }
        });
        match missing_is_none(removed) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
            other => other.map(drop),
        }
    }

    /// The folder that contains `relative`, and its name in there.
    fn parent<'a>(&self, relative: &'a Path, create: bool) -> io::Result<(Dir, &'a Path)> {
        let mut parts = relative.components().map(|part| match part {
            Component::Normal(name) => Ok(Path::new(name)),
            _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "it leads out of its folder")),
        });
        let empty = || io::Error::new(io::ErrorKind::InvalidInput, "it has no name");
        let name = parts.next_back().ok_or_else(empty)??;
        let mut dir = self.dir.try_clone()?;
        for part in parts {
            dir = enter(&dir, part?, create)?;
        }
        Ok((dir, name))
    }
}

fn enter(dir: &Dir, name: &Path, create: bool) -> io::Result<Dir> {
    let opened = match dir.open_dir_nofollow(name) {
        Err(error) if create && error.kind() == io::ErrorKind::NotFound => {
            match dir.create_dir(name) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => dir.open_dir_nofollow(name),
            }
        }
        opened => opened,
    };
    // What the systems say about a link here differs, and none of it is clear.
    opened.map_err(|error| match dir.symlink_metadata(name) {
        Ok(metadata) if metadata.is_symlink() => is_a_link(),
        Ok(metadata) if !metadata.is_dir() => io::ErrorKind::NotADirectory.into(),
        _ => error,
    })
}

fn is_same(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// The metadata of a file that is one: opening a pipe would hang, a device could do anything.
fn regular(dir: &Dir, name: &Path) -> io::Result<Metadata> {
    let metadata = dir.symlink_metadata(name)?;
    if metadata.is_symlink() {
        Err(is_a_link())
    } else if metadata.is_dir() {
        Err(io::ErrorKind::IsADirectory.into())
    } else if metadata.is_file() {
        Ok(metadata)
    } else {
        Err(io::Error::other("it is not an ordinary file"))
    }
}

fn is_a_link() -> io::Error {
    io::Error::other("it is a symbolic link, and links are not followed")
}

fn missing_is_none<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn folder() -> (tempfile::TempDir, Folder) {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::create(&dir.path().join("save")).unwrap();
        (dir, folder)
    }

    #[test]
    fn files_are_made_with_their_folders() {
        let (dir, folder) = folder();
        let path = Path::new("a/b/c.txt");
        assert_eq!(folder.length(path).unwrap(), None);
        assert_eq!(folder.write(path, false).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(folder.read(path).unwrap_err().kind(), io::ErrorKind::NotFound);
        folder.write(path, true).unwrap().write_all(b"abc").unwrap();
        assert_eq!(folder.length(path).unwrap(), Some(3));
        assert_eq!(std::fs::read(dir.path().join("save/a/b/c.txt")).unwrap(), b"abc");
        folder.write(path, true).unwrap().write_all(b"x").unwrap();
        assert_eq!(folder.length(path).unwrap(), Some(3), "opening must not truncate");
    }

    #[test]
    fn the_disk_can_be_synced_where_the_system_allows() {
        let (_dir, folder) = folder();
        assert_eq!(folder.sync_disk().unwrap(), cfg!(target_os = "linux"));
    }

    #[test]
    fn nothing_leads_out() {
        let (_dir, folder) = folder();
        for path in ["../x", "/x", "a/../../x", "", ".", ".."] {
            assert!(folder.write(Path::new(path), true).is_err(), "{path}");
            assert!(folder.read(Path::new(path)).is_err(), "{path}");
        }
    }

    #[test]
    fn a_file_in_place_of_a_folder_is_an_error() {
        let (_dir, folder) = folder();
        folder.write(Path::new("a"), true).unwrap();
        let error = folder.write(Path::new("a/b"), true).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotADirectory);
        folder.write(Path::new("d/x"), true).unwrap();
        assert_eq!(
            folder.write(Path::new("d"), true).unwrap_err().kind(),
            io::ErrorKind::IsADirectory
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_are_refused_everywhere() {
        use std::os::unix::fs::symlink;
        let (dir, folder) = folder();
        let (save, outside) = (dir.path().join("save"), dir.path().join("outside"));
        std::fs::create_dir(&outside).unwrap();
        std::fs::write(outside.join("victim"), "keep").unwrap();
        symlink(outside.join("victim"), save.join("file")).unwrap();
        symlink(&outside, save.join("folder")).unwrap();
        symlink(dir.path().join("nowhere"), save.join("dangling")).unwrap();
        // Links that stay inside are links, too.
        std::fs::create_dir(save.join("real")).unwrap();
        symlink("real", save.join("inner")).unwrap();
        for path in ["file", "folder/victim", "folder/new", "dangling", "inner/new"] {
            let path = Path::new(path);
            assert!(folder.write(path, true).unwrap_err().to_string().contains("link"), "{path:?}");
            assert!(folder.read(path).is_err(), "{path:?}");
            assert!(folder.length(path).is_err(), "{path:?}");
        }
        assert!(!folder.remove_file(Path::new("file")).unwrap());
        assert!(folder.remove_file(Path::new("folder/victim")).is_err());
        folder.remove_empty_folder(Path::new("folder")).unwrap();
        assert_eq!(std::fs::read(outside.join("victim")).unwrap(), b"keep");
        assert!(!dir.path().join("nowhere").exists());
    }

    #[cfg(unix)]
    #[test]
    fn pipes_are_refused_without_hanging() {
        let (dir, folder) = folder();
        let pipe = dir.path().join("save/pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        if made.is_ok_and(|status| status.success()) {
            assert!(folder.read(Path::new("pipe")).is_err());
            assert!(folder.write(Path::new("pipe"), true).is_err());
        }
    }
}

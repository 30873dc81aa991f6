//! Deleting exactly what a torrent brought.

use std::collections::{BTreeSet, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use super::Folder;
use super::relocate::remove_emptied;
use crate::error::{Error, Result};
use crate::metainfo::FileEntry;

/// Deletes these files of a torrent, then the folders below the save folder that became empty. The
/// save folder itself stays, links are neither followed nor removed, and what is not there any more
/// is no error. A file that cannot be deleted is named in the error, after everything else has been
/// tried.
pub fn delete_own(save_path: &Path, files: &[FileEntry]) -> Result<()> {
    let folder = match Folder::open(save_path) {
        Ok(folder) => folder,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::io(save_path, &error)),
    };
    let mut failure = None;
    let paths = || files.iter().filter(|file| !file.padding).map(|file| file.path.as_path());
    for file in paths() {
        if let Err(error) = folder.remove_file(file) {
            failure.get_or_insert_with(|| Error::io(folder.locate(file), &error));
        }
    }
    remove_emptied(&folder, paths());
    failure.map_or(Ok(()), Err)
}

/// Hands these files of a torrent to `trash`, then removes the folders that became empty. A folder
/// that holds nothing else goes as a whole, so that it can be brought back as one. What cannot be
/// handed over is named in the error, after everything else has been tried.
pub fn trash_own(
    save_path: &Path,
    files: &[FileEntry],
    trash: &dyn Fn(&Path) -> Result<()>,
) -> Result<()> {
    let folder = match Folder::open(save_path) {
        Ok(folder) => folder,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::io(save_path, &error)),
    };
    let own: HashSet<&Path> =
        files.iter().filter(|file| !file.padding).map(|file| file.path.as_path()).collect();
    let tops: BTreeSet<PathBuf> =
        own.iter().filter_map(|path| path.iter().next()).map(PathBuf::from).collect();
    let mut wholes = Vec::new();
    for top in tops {
        let whole = if own.contains(top.as_path()) {
            matches!(folder.length(&top), Ok(Some(_)))
        } else {
            is_whole(&folder, &top, &own, &mut wholes)
        };
        if whole {
            wholes.push(top);
        }
    }
    let mut failure = None;
    for path in &wholes {
        if let Err(error) = trash(&folder.locate(path)) {
            failure.get_or_insert(error);
        }
    }
    remove_emptied(&folder, own.into_iter());
    failure.map_or(Ok(()), Err)
}

/// Whether nothing but own files is in a folder, and at least one. If not, what is in it and is our
/// own is added to `wholes`.
fn is_whole(folder: &Folder, path: &Path, own: &HashSet<&Path>, wholes: &mut Vec<PathBuf>) -> bool {
    let Ok(entries) = folder.entries(path) else { return false };
    let (mut inside, mut all) = (Vec::new(), true);
    for (name, is_folder) in entries {
        let entry = path.join(name);
        let whole = if is_folder {
            is_whole(folder, &entry, own, wholes)
        } else {
            own.contains(entry.as_path()) && matches!(folder.length(&entry), Ok(Some(_)))
        };
        if whole {
            inside.push(entry);
        }
        all &= whole;
    }
    if all && !inside.is_empty() {
        return true;
    }
    wholes.extend(inside);
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn delete(save: &Path, files: &[&str]) -> Result<()> {
        let entry =
            |path: &&str| FileEntry { path: path.into(), bytes: 1, padding: false, offset: 0 };
        delete_own(save, &files.iter().map(entry).collect::<Vec<_>>())
    }

    #[test]
    fn own_files_and_emptied_folders_go_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let save = dir.path();
        for file in ["T/a", "T/d/e/b", "T/d/foreign", "T/f/c", "other"] {
            fs::create_dir_all(save.join(file).parent().unwrap()).unwrap();
            fs::write(save.join(file), "x").unwrap();
        }
        delete(save, &["T/a", "T/d/e/b", "T/f/c", "T/gone/x"]).unwrap();
        assert!(!save.join("T/d/e").exists() && !save.join("T/f").exists());
        assert!(save.join("T/d/foreign").exists() && save.join("other").exists());
        delete(save, &["T/d/foreign"]).unwrap();
        assert!(!save.join("T").exists() && save.exists());
    }

    #[test]
    fn what_goes_to_the_bin_goes_in_as_few_pieces_as_possible() {
        let dir = tempfile::tempdir().unwrap();
        let save = dir.path();
        for file in ["T/a", "T/d/e/b", "T/d/c", "T/f/foreign", "T/f/own", "U/x", "U/y/z", "single"]
        {
            fs::create_dir_all(save.join(file).parent().unwrap()).unwrap();
            fs::write(save.join(file), "x").unwrap();
        }
        let entry =
            |path: &&str| FileEntry { path: path.into(), bytes: 1, padding: false, offset: 0 };
        let own = ["T/a", "T/d/e/b", "T/d/c", "T/f/own", "T/gone", "U/x", "U/y/z", "single"];
        let files: Vec<_> = own.iter().map(entry).collect();
        let seen = std::cell::RefCell::new(BTreeSet::new());
        let trash = |path: &Path| {
            let name = path.strip_prefix(save).unwrap().to_str().unwrap();
            seen.borrow_mut().insert(name.replace('\\', "/"));
            if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
            Ok(())
        };
        trash_own(save, &files, &trash).unwrap();
        let seen: Vec<_> = seen.into_inner().into_iter().collect();
        assert_eq!(seen, ["T/a", "T/d", "T/f/own", "U", "single"]);
        assert!(save.join("T/f/foreign").exists());
    }

    #[test]
    fn the_save_folder_stays() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a"), "x").unwrap();
        delete(dir.path(), &["a"]).unwrap();
        assert!(dir.path().exists());
        delete(&dir.path().join("gone"), &["a"]).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn what_cannot_be_deleted_is_named_and_the_rest_goes() {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(dir.path(), dir.path().join("link")).unwrap();
        fs::write(dir.path().join("last"), "x").unwrap();
        match delete(dir.path(), &["link/file", "last"]) {
            Err(Error::Io { path, message, .. }) => {
                assert_eq!(path, Some(dir.path().join("link/file")));
                assert!(message.contains("symbolic link"), "{message}");
            }
            other => panic!("{other:?}"),
        }
        assert!(!dir.path().join("last").exists());
    }

    #[test]
    fn what_is_not_there_is_no_error() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), "x").unwrap();
        delete(dir.path(), &["gone", "gone/too", "file/below"]).unwrap();
        assert!(dir.path().join("file").exists());
    }

    #[test]
    fn nothing_outside_is_touched() {
        let dir = tempfile::tempdir().unwrap();
        let save = dir.path().join("save");
        fs::create_dir(&save).unwrap();
        fs::write(dir.path().join("victim"), "x").unwrap();
        assert!(delete(&save, &["../victim"]).is_err());
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(dir.path(), save.join("link")).unwrap();
            assert!(delete(&save, &["link/victim"]).is_err());
            std::os::unix::fs::symlink(dir.path().join("victim"), save.join("file")).unwrap();
            delete(&save, &["file"]).unwrap();
            assert!(fs::symlink_metadata(save.join("file")).is_ok(), "a link is not ours");
        }
        assert!(dir.path().join("victim").exists());
    }
}

//! Deleting exactly what a torrent brought.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use super::Folder;
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
    let mut parents = BTreeSet::new();
    for file in files.iter().filter(|file| !file.padding).map(|file| file.path.as_path()) {
        if let Err(error) = folder.remove_file(file) {
            failure.get_or_insert_with(|| Error::io(folder.locate(file), &error));
        }
        parents.extend(file.ancestors().skip(1).filter(|parent| !parent.as_os_str().is_empty()));
    }
    // A folder sorts before what is in it: backwards, the deepest come first.
    for parent in parents.into_iter().rev() {
        if let Err(error) = folder.remove_empty_folder(parent) {
            // The files are gone, and a folder that stays harms nobody.
            tracing::warn!(folder = %folder.locate(parent).display(), %error, "not removed");
        }
    }
    failure.map_or(Ok(()), Err)
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

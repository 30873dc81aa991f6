//! What the engine does with files of torrents outside a running session: checking folders,
//! measuring space, moving, deleting and watching. [`Folder`] is the only way anything is opened or
//! removed.

mod delete;
mod folder;
mod inbox;
pub mod relocate;

use std::path::{Component, Path, PathBuf};

use crate::error::{Error, Result};

pub use delete::{delete_own, trash_own};
pub use folder::Folder;
pub use inbox::{Inbox, Mark, Stamp};

/// Whether torrents can be saved in this folder: absolute, there (it is made if it is not) and
/// writable. The sentence in the error says what is wrong.
pub fn check_folder(path: &Path) -> Result<()> {
    let refuse = |what: String| Err(Error::InvalidPath(what));
    let shown = path.display();
    check_absolute(path)?;
    if let Err(error) = std::fs::create_dir_all(path) {
        return refuse(match error.kind() {
            std::io::ErrorKind::AlreadyExists | std::io::ErrorKind::NotADirectory => {
                format!("{shown} is a file, not a folder. Choose another one.")
            }
            _ => format!("The folder {shown} cannot be made: {error}. Choose another one."),
        });
    }
    if !path.is_dir() {
        return refuse(format!("{shown} is not a folder. Choose another one."));
    }
    // Permission bits say little (ACLs, read-only disks, root): only writing tells.
    let probe = path.join(format!(".torrpeddo-{}.tmp", std::process::id()));
    let written = std::fs::OpenOptions::new().write(true).create_new(true).open(&probe);
    match written {
        Ok(file) => {
            drop(file);
            _ = std::fs::remove_file(&probe);
            Ok(())
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => refuse(format!(
            "Nothing can be written to {shown}: {error}. Choose another folder or allow writing."
        )),
    }
}

/// Whether a path says the same whoever reads it.
pub fn check_absolute(path: &Path) -> Result<()> {
    if path.as_os_str().is_empty() {
        return Err(Error::InvalidPath("No folder is given. Choose one.".to_owned()));
    }
    if !path.is_absolute() {
        return Err(Error::InvalidPath(format!(
            "{} is a relative folder. Give the whole path, from the root of the disk.",
            path.display()
        )));
    }
    Ok(())
}

/// Whether a folder may be used at all: inside one of the roots where there are any, and not where
/// the engine keeps its records: a torrent's file could have the name of one. A folder of downloads
/// beside them is fine. Links on the way are followed first, so that they lead to no other place.
pub fn check_root(path: &Path, roots: &[PathBuf], own: &Path) -> Result<()> {
    let real = resolve(path);
    let shown = path.display();
    let own = resolve(own);
    if real == own || ["session", "pieces"].iter().any(|name| real.starts_with(own.join(name))) {
        return Err(Error::InvalidPath(format!(
            "{shown} is where Torrpeddo keeps its own data. Choose another folder."
        )));
    }
    if roots.is_empty() || roots.iter().any(|root| real.starts_with(resolve(root))) {
        return Ok(());
    }
    let allowed: Vec<_> = roots.iter().map(|root| root.display().to_string()).collect();
    Err(Error::InvalidPath(format!(
        "{shown} is outside of the folders that may be used here. Choose one in {}.",
        allowed.join(" or ")
    )))
}

/// Whether two paths are of one folder, by whatever links they lead there. Folders that are not there
/// are the same if their paths are.
pub fn same_folder(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    one == other || real(one) == real(other)
}

/// The path without links and `..`, as far as it is there.
fn resolve(path: &Path) -> PathBuf {
    for ancestor in path.ancestors() {
        if let Ok(real) = ancestor.canonicalize() {
            let rest = path.strip_prefix(ancestor).unwrap_or(Path::new(""));
            // What is not there yet can hold no link, and `..` in it is taken by its word.
            return rest.components().fold(real, |mut whole, part| {
                match part {
                    Component::ParentDir => _ = whole.pop(),
                    Component::Normal(name) => whole.push(name),
                    _ => {}
                }
                whole
            });
        }
    }
    path.to_owned()
}

/// The free space for this user where `path` is or would be made.
pub fn free_bytes(path: &Path) -> Result<u64> {
    let mut failure = None;
    for place in path.ancestors() {
        match fs4::available_space(place) {
            Ok(bytes) => return Ok(bytes),
            Err(error) => _ = failure.get_or_insert(error),
        }
    }
    let failure = failure.unwrap_or_else(|| std::io::ErrorKind::NotFound.into());
    Err(Error::io(path, &failure))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(path: &Path) -> String {
        match check_folder(path) {
            Err(Error::InvalidPath(sentence)) => sentence,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn usable_folders_are_made() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("a/b");
        check_folder(&deep).unwrap();
        assert!(deep.is_dir());
        assert_eq!(std::fs::read_dir(&deep).unwrap().count(), 0);
    }

    #[test]
    fn unusable_folders_are_refused_with_a_reason() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "x").unwrap();
        assert!(refusal(Path::new("")).contains("No folder"));
        assert!(refusal(Path::new("a/b")).contains("relative"));
        assert!(refusal(&file).contains("is a file"));
        assert!(refusal(&file.join("below")).contains("is a file"));
    }

    #[test]
    fn only_folders_inside_the_roots_may_be_used() {
        let dir = tempfile::tempdir().unwrap();
        let (root, own) = (dir.path().join("root"), dir.path().join("root/own"));
        std::fs::create_dir_all(&own).unwrap();
        let roots = [root.clone()];
        check_root(&root.join("new/folder"), &roots, &own).unwrap();
        check_root(&dir.path().join("elsewhere"), &[], &own).unwrap();
        check_root(&own.join("downloads"), &[], &own).unwrap();
        for outside in ["elsewhere", "root/../elsewhere", "root/new/../../x", "rootless"] {
            let refused = check_root(&dir.path().join(outside), &roots, &own).unwrap_err();
            assert!(refused.to_string().contains("outside"), "{refused}");
        }
        for inside in ["root/own", "root/own/pieces/x", "root/x/../own/session"] {
            let refused = check_root(&dir.path().join(inside), &roots, &own).unwrap_err();
            assert!(refused.to_string().contains("its own data"), "{refused}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(dir.path(), root.join("link")).unwrap();
            assert!(check_root(&root.join("link/elsewhere"), &roots, &own).is_err());
        }
    }

    #[test]
    fn free_space_is_known_also_for_folders_to_come() {
        let dir = tempfile::tempdir().unwrap();
        assert!(free_bytes(dir.path()).unwrap() > 0);
        assert!(free_bytes(&dir.path().join("not/there")).unwrap() > 0);
        assert!(free_bytes(Path::new("")).is_err());
    }
}

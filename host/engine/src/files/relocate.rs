//! Moving a torrent's files to another folder: all of them, or none.
//!
//! A file is renamed where both folders are on one disk, else copied. Whatever goes wrong on the
//! way, and also after a crash, everything can be taken back: a renamed file is renamed back, and the
//! source of a copied one is deleted only after the move has been noted for good.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::Folder;
use crate::error::{Error, Result};

/// What the name of a file ends with at its new place until all of it is there. Short: names may be
/// nearly as long as file systems allow.
const UNFINISHED: &str = ".tp~";

/// How much is copied at a time; between two of these the move can be stopped.
const CHUNK: usize = 1 << 20;

/// A file to move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its path below the old folder and below the new one.
    pub path: PathBuf,
    /// Somebody else needs it at its old place, too.
    pub keep: bool,
}

/// How far a move is, and whether it should go on.
#[derive(Debug, Default)]
pub struct Progress {
    /// Bytes that have arrived.
    pub done: AtomicU64,
    /// Bytes that are to arrive; 0 until that is known.
    pub total: AtomicU64,
}

enum Step {
    Renamed,
    Copied,
}

/// Moves the files that are there. Nothing at the new place may have the name of one of them. On an
/// error everything is as it was before. Returns what has been copied and may be deleted at the old
/// place, see [`finish`]. Blocks.
pub fn relocate(
    from: &Folder,
    to: &Folder,
    items: &[Item],
    progress: &Progress,
    stopped: &dyn Fn() -> bool,
) -> Result<Vec<PathBuf>> {
    let mut present = Vec::new();
    let mut total = 0;
    for item in items {
        let length = from.length(&item.path).map_err(|e| Error::io(from.locate(&item.path), &e))?;
        if let Some(length) = length {
            present.push((item, length));
            total += length;
        }
    }
    progress.total.store(total, Ordering::Relaxed);
    let mut done: Vec<(&Item, Step)> = Vec::new();
    for (item, length) in present {
        let before = progress.done.load(Ordering::Relaxed);
        let step = if stopped() {
            Err(io::Error::from(io::ErrorKind::Interrupted))
        } else {
            transfer(from, to, item, progress, stopped)
        };
        match step {
            Ok(step) => done.push((item, step)),
            Err(error) => {
                take_back(from, to, items, &done);
                return Err(failed(from, to, &item.path, &error));
            }
        }
        progress.done.store(before + length, Ordering::Relaxed);
    }
    // The move is about to be noted for good: it must be on the disk before that.
    for folder in [to, from] {
        if let Err(error) = folder.sync_disk() {
            take_back(from, to, items, &done);
            return Err(Error::io(folder.path(), &error));
        }
    }
    let copied = done.iter().filter(|(item, step)| matches!(step, Step::Copied) && !item.keep);
    let copied = copied.map(|(item, _)| item.path.clone()).collect();
    remove_emptied(from, done.iter().map(|(item, _)| item.path.as_path()));
    Ok(copied)
}

/// What stands in the way at the new place: the first file that is there already.
pub fn in_the_way(to: &Folder, items: &[Item]) -> Result<Option<PathBuf>> {
    for item in items {
        let there = to.occupied(&item.path);
        if there.map_err(|error| Error::io(to.locate(&item.path), &error))? {
            return Ok(Some(to.locate(&item.path)));
        }
    }
    Ok(None)
}

/// Deletes the sources of copied files, and the folders that became empty. Blocks.
pub fn finish(from: &Folder, copied: &[PathBuf]) {
    for path in copied {
        if let Err(error) = from.remove_file(path) {
            tracing::warn!(file = %from.locate(path).display(), %error, "it was copied and stays");
        }
    }
    remove_emptied(from, copied.iter().map(PathBuf::as_path));
}

/// Takes back a move that was not noted for good, after a crash in the middle of it. Blocks.
///
/// # Errors
/// When a file could be brought back and was not; it is at the new place.
pub fn recover(from: &Folder, to: &Folder, items: &[Item]) -> Result<()> {
    let mut failure = None;
    for item in items {
        let _ = to.remove_file(&unfinished(&item.path));
        let (Ok(source), Ok(arrived)) = (from.length(&item.path), to.length(&item.path)) else {
            continue;
        };
        let outcome = match (source, arrived) {
            (_, None) => Ok(()),
            (None, Some(_)) => to.rename(&item.path, from, &item.path),
            // A copy: as long as the source, which is still there.
            (Some(source), Some(arrived)) if source == arrived => {
                to.remove_file(&item.path).map(drop)
            }
            (Some(_), Some(_)) => Ok(()),
        };
        if let Err(error) = outcome {
            failure.get_or_insert_with(|| Error::io(to.locate(&item.path), &error));
        }
    }
    remove_emptied(to, items.iter().map(|item| item.path.as_path()));
    failure.map_or(Ok(()), Err)
}

fn transfer(
    from: &Folder,
    to: &Folder,
    item: &Item,
    progress: &Progress,
    stopped: &dyn Fn() -> bool,
) -> io::Result<Step> {
    if to.occupied(&item.path)? {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    if !item.keep {
        match from.rename(&item.path, to, &item.path) {
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {}
            renamed => return renamed.map(|()| Step::Renamed),
        }
    }
    let temporary = unfinished(&item.path);
    let copied = copy(&from.read(&item.path)?, &to.write(&temporary, true)?, progress, stopped)
        .and_then(|()| to.rename(&temporary, to, &item.path));
    if copied.is_err() {
        let _ = to.remove_file(&temporary);
    }
    copied.map(|()| Step::Copied)
}

fn copy(
    mut source: &File,
    mut target: &File,
    progress: &Progress,
    stopped: &dyn Fn() -> bool,
) -> io::Result<()> {
    target.set_len(0)?;
    let mut buffer = vec![0; CHUNK];
    loop {
        if stopped() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let read = match source.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        target.write_all(bytes)?;
        progress.done.fetch_add(read as u64, Ordering::Relaxed);
    }
    if let Ok(modified) = source.metadata().and_then(|metadata| metadata.modified()) {
        let _ = target.set_modified(modified);
    }
    target.sync_all()
}

fn take_back(from: &Folder, to: &Folder, items: &[Item], done: &[(&Item, Step)]) {
    for (item, step) in done.iter().rev() {
        let outcome = match step {
            Step::Renamed => to.rename(&item.path, from, &item.path),
            Step::Copied => to.remove_file(&item.path).map(drop),
        };
        if let Err(error) = outcome {
            tracing::error!(file = %to.locate(&item.path).display(), %error, "not taken back");
        }
    }
    // The folder of the file that failed may have been made, too.
    remove_emptied(to, items.iter().map(|item| item.path.as_path()));
}

/// Removes the folders above these files that are empty by now; the outermost stays.
pub(super) fn remove_emptied<'a>(folder: &Folder, files: impl Iterator<Item = &'a Path>) {
    let parents: BTreeSet<&Path> = files
        .flat_map(|file| file.ancestors().skip(1))
        .filter(|parent| !parent.as_os_str().is_empty())
        .collect();
    // A folder sorts before what is in it: backwards, the deepest come first.
    for parent in parents.into_iter().rev() {
        if let Err(error) = folder.remove_empty_folder(parent) {
            // The files are gone, and a folder that stays harms nobody.
            tracing::warn!(folder = %folder.locate(parent).display(), %error, "not removed");
        }
    }
}

fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(UNFINISHED);
    name.into()
}

fn failed(from: &Folder, to: &Folder, file: &Path, error: &io::Error) -> Error {
    let place = to.locate(file);
    match error.kind() {
        io::ErrorKind::Interrupted => {
            Error::Unavailable("The move was stopped. Everything is where it was.".into())
        }
        io::ErrorKind::AlreadyExists => Error::InvalidPath(occupied(&place)),
        io::ErrorKind::NotFound => Error::io(from.locate(file), error),
        _ => Error::io(place, error),
    }
}

/// The sentence for what is in the way.
pub fn occupied(place: &Path) -> String {
    format!(
        "{} is there already and is not overwritten. Move it away or choose another folder.",
        place.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    struct Places {
        _dir: tempfile::TempDir,
        from: Folder,
        to: Folder,
    }

    fn places(files: &[&str]) -> Places {
        let dir = tempfile::tempdir().unwrap();
        let from = Folder::create(&dir.path().join("from")).unwrap();
        let to = Folder::create(&dir.path().join("to")).unwrap();
        for file in files {
            let path = from.locate(Path::new(file));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file.as_bytes()).unwrap();
        }
        Places { _dir: dir, from, to }
    }

    fn items(files: &[&str], keep: bool) -> Vec<Item> {
        files.iter().map(|file| Item { path: file.into(), keep }).collect()
    }

    fn list(folder: &Folder) -> Vec<String> {
        fn walk(path: &Path, base: &Path, found: &mut Vec<String>) {
            for entry in fs::read_dir(path).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, base, found);
                } else {
                    let name = path.strip_prefix(base).unwrap().to_str().unwrap();
                    found.push(name.replace('\\', "/"));
                }
            }
        }
        let mut found = Vec::new();
        walk(folder.path(), folder.path(), &mut found);
        found.sort();
        found
    }

    fn go(places: &Places, items: &[Item]) -> Result<Vec<PathBuf>> {
        relocate(&places.from, &places.to, items, &Progress::default(), &|| false)
    }

    #[test]
    fn files_and_their_folders_move_and_the_rest_stays() {
        let places = places(&["T/a", "T/d/b", "T/foreign"]);
        let copied = go(&places, &items(&["T/a", "T/d/b", "T/never there"], false)).unwrap();
        assert!(copied.is_empty(), "on one disk nothing is copied");
        assert_eq!(list(&places.to), ["T/a", "T/d/b"]);
        assert_eq!(list(&places.from), ["T/foreign"]);
        assert!(!places.from.locate(Path::new("T/d")).exists());
    }

    #[test]
    fn what_somebody_else_needs_is_copied_and_stays() {
        let places = places(&["T/a", "T/b"]);
        let mut both = items(&["T/a"], true);
        both.extend(items(&["T/b"], false));
        let copied = go(&places, &both).unwrap();
        finish(&places.from, &copied);
        assert_eq!(list(&places.to), ["T/a", "T/b"]);
        assert_eq!(list(&places.from), ["T/a"]);
        assert_eq!(fs::read(places.to.locate(Path::new("T/a"))).unwrap(), b"T/a");
    }

    #[test]
    fn when_one_file_is_in_the_way_all_are_taken_back() {
        let places = places(&["T/a", "T/b", "T/c"]);
        fs::create_dir(places.to.path().join("T")).unwrap();
        fs::write(places.to.path().join("T/c"), "foreign").unwrap();
        let all = items(&["T/a", "T/b", "T/c"], false);
        assert_eq!(in_the_way(&places.to, &all).unwrap(), Some(places.to.path().join("T/c")));
        let error = go(&places, &all).unwrap_err();
        assert!(error.to_string().contains("there already"), "{error}");
        assert_eq!(list(&places.from), ["T/a", "T/b", "T/c"]);
        assert_eq!(list(&places.to), ["T/c"]);
        assert_eq!(fs::read(places.to.path().join("T/c")).unwrap(), b"foreign");
    }

    #[test]
    fn a_stopped_move_is_taken_back() {
        let places = places(&["T/a", "T/b"]);
        let asked = AtomicU64::new(0);
        let stopped = || asked.fetch_add(1, Ordering::Relaxed) >= 2;
        let all = items(&["T/a", "T/b"], true);
        let moved = relocate(&places.from, &places.to, &all, &Progress::default(), &stopped);
        assert!(matches!(moved, Err(Error::Unavailable(_))));
        assert_eq!(list(&places.from), ["T/a", "T/b"]);
        assert!(list(&places.to).is_empty() && !places.to.path().join("T").exists());
    }

    #[test]
    fn a_crash_in_the_middle_is_taken_back() {
        let places = places(&["T/a", "T/b", "T/c", "T/d"]);
        let all = items(&["T/a", "T/b", "T/c", "T/d"], false);
        // "a" was renamed, "b" copied, "c" half copied, "d" is somebody else's.
        go(&places, &all[..1]).unwrap();
        fs::copy(places.from.path().join("T/b"), places.to.path().join("T/b")).unwrap();
        fs::write(places.to.locate(&unfinished(Path::new("T/c"))), "T").unwrap();
        fs::write(places.to.path().join("T/d"), "of another length").unwrap();
        recover(&places.from, &places.to, &all).unwrap();
        assert_eq!(list(&places.from), ["T/a", "T/b", "T/c", "T/d"]);
        assert_eq!(list(&places.to), ["T/d"]);
    }

    #[test]
    fn progress_is_counted_in_bytes() {
        let places = places(&["T/a", "T/b"]);
        let progress = Progress::default();
        let all = items(&["T/a", "T/b"], false);
        relocate(&places.from, &places.to, &all, &progress, &|| false).unwrap();
        assert_eq!(progress.total.load(Ordering::Relaxed), 6);
        assert_eq!(progress.done.load(Ordering::Relaxed), 6);
    }
}

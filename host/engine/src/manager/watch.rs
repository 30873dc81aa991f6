//! Adds the torrent files that are put into the watched folder.
//!
//! The folder is looked at every few seconds: that also works on network shares, where nobody tells
//! of changes. A file is taken once, and renamed so that people see it. Where it cannot be renamed,
//! the store remembers it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use torrpeddo_protocol::methods::AddOptions;

use super::{Manager, blocking};
use crate::files::{Inbox, Mark, Stamp, same_folder};
use crate::{Error, Result, names};

/// The time between two looks.
const PAUSE: Duration = Duration::from_secs(2);

/// At how many looks in a row a file must be the same to be whole.
const WHOLE: u32 = 2;

/// At how many looks in a row a file must be the same nonsense to be refused. More than to be whole:
/// what is still being written may stand still for a moment, and makes no sense until its end.
const NONSENSE: u32 = 5;

/// How many files are taken at one look, so that a change of the setting is never far away.
const AT_A_LOOK: usize = 100;

/// A file in the watched folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sighting {
    stamp: Stamp,
    /// At how many looks in a row it has been the same.
    looks: u32,
    /// Nothing is left to do with it, though it could not be renamed.
    done: bool,
}

/// The folder that is watched, and what was in it at the last look.
#[derive(Default)]
struct Watch {
    folder: PathBuf,
    sightings: HashMap<PathBuf, Sighting>,
    /// It could not be read, which has been told.
    lost: bool,
}

impl Watch {
    /// Takes in what is there now, and returns what may be whole, in the order of the names.
    fn see(&mut self, files: Vec<(PathBuf, Stamp)>) -> Vec<(PathBuf, Sighting)> {
        let before = std::mem::take(&mut self.sightings);
        for (name, stamp) in files {
            let new = Sighting { stamp, looks: 0, done: false };
            let known = before.get(&name).copied().filter(|known| known.stamp == stamp);
            let mut sighting = known.unwrap_or(new);
            sighting.looks = sighting.looks.saturating_add(1);
            self.sightings.insert(name, sighting);
        }
        let whole = self.sightings.iter().filter(|(_, seen)| !seen.done && seen.looks >= WHOLE);
        let mut whole: Vec<_> = whole.map(|(name, seen)| (name.clone(), *seen)).collect();
        whole.sort_by(|one, other| one.0.cmp(&other.0));
        whole.truncate(AT_A_LOOK);
        whole
    }
}

impl Manager {
    pub(super) fn spawn_watch(&self) {
        let manager = self.clone();
        tokio::spawn(async move {
            let mut stopping = manager.0.stopping.subscribe();
            let mut watch = Watch::default();
            loop {
                let folder = manager.0.state.lock().settings.watch_folder.clone();
                let pause = async {
                    match folder {
                        Some(folder) => {
                            manager.look_into(&mut watch, folder.into()).await;
                            tokio::time::sleep(PAUSE).await;
                        }
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    () = pause => {}
                    () = manager.0.watch.notified() => {}
                    _ = stopping.wait_for(|stopping| *stopping) => return,
                }
            }
        });
    }

    async fn look_into(&self, watch: &mut Watch, folder: PathBuf) {
        if watch.folder != folder {
            *watch = Watch { folder: folder.clone(), ..Watch::default() };
        }
        let looked = blocking(move || {
            Inbox::open(&folder)
                .and_then(|inbox| inbox.files())
                .map_err(|error| Error::io(&folder, &error))
        });
        let whole = match looked.await {
            Ok(files) => {
                watch.lost = false;
                watch.see(files)
            }
            // It may be on a disk that comes back. What was seen in it is seen anew then.
            Err(error) => {
                if !std::mem::replace(&mut watch.lost, true) {
                    tracing::warn!(%error, "the watched folder cannot be read");
                }
                watch.sightings.clear();
                return;
            }
        };
        for (name, seen) in whole {
            match self.take(&watch.folder, &name, seen).await {
                Ok(done) => {
                    if let Some(sighting) = watch.sightings.get_mut(&name) {
                        sighting.done = done;
                    }
                }
                // Told once, and tried again at each look.
                Err(error) if seen.looks == WHOLE => {
                    tracing::warn!(file = %watch.folder.join(&name).display(), %error, "not added");
                }
                Err(_) => {}
            }
        }
    }

    /// Adds a torrent file. `false` when it may still become one.
    async fn take(&self, folder: &Path, name: &Path, seen: Sighting) -> Result<bool> {
        let path = folder.join(name);
        if self.0.store.is_taken(path.clone(), seen.stamp).await? {
            return Ok(true);
        }
        if self.downloads_to(folder, name).await? {
            self.0.store.save_taken(path, seen.stamp).durable().await?;
            return Ok(true);
        }
        let Some(torrent) = self.read_torrent(folder, name, seen.stamp).await? else {
            return Ok(false);
        };
        let mark = match self.add_torrent(torrent, AddOptions::default()).await {
            Ok(_) => Mark::Added,
            Err(Error::InvalidTorrent(_) | Error::TooLarge(_)) if seen.looks < NONSENSE => {
                return Ok(false);
            }
            Err(error @ (Error::InvalidTorrent(_) | Error::TooLarge(_))) => {
                tracing::warn!(file = %path.display(), %error, "no usable torrent file");
                Mark::Refused
            }
            Err(error) => return Err(error),
        };
        let (place, file) = (folder.to_owned(), name.to_owned());
        let marked = blocking(move || {
            Inbox::open(&place)
                .and_then(|inbox| inbox.mark(&file, seen.stamp, mark))
                .map_err(|error| Error::io(place.join(&file), &error))
        });
        if let Err(error) = marked.await {
            tracing::info!(file = %path.display(), %error, "taken, but not renamed");
            self.0.store.save_taken(path, seen.stamp).durable().await?;
        }
        Ok(true)
    }

    async fn read_torrent(
        &self,
        folder: &Path,
        name: &Path,
        stamp: Stamp,
    ) -> Result<Option<Vec<u8>>> {
        let (folder, name) = (folder.to_owned(), name.to_owned());
        blocking(move || {
            Inbox::open(&folder)
                .and_then(|inbox| inbox.read(&name, stamp))
                .map_err(|error| Error::io(folder.join(&name), &error))
        })
        .await
    }

    /// Whether a torrent of ours has this file: nobody put that there, and a torrent must not be
    /// able to add another one.
    async fn downloads_to(&self, folder: &Path, name: &Path) -> Result<bool> {
        let name = names::fold(&name.to_string_lossy());
        let places: Vec<PathBuf> = {
            let state = self.0.state.lock();
            let rows = state.entries.values().map(|entry| &entry.row);
            rows.filter(|row| row.root.as_deref().map(names::fold).as_ref() == Some(&name))
                .flat_map(|row| [row.folder().clone(), row.save_path.clone()])
                .collect()
        };
        if places.is_empty() {
            return Ok(false);
        }
        let folder = folder.to_owned();
        blocking(move || Ok(places.iter().any(|place| same_folder(place, &folder)))).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(bytes: u64) -> Stamp {
        Stamp { bytes, modified: 1 }
    }

    fn names(seen: Vec<(PathBuf, Sighting)>) -> Vec<String> {
        seen.into_iter().map(|(name, _)| name.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn a_file_is_whole_when_two_looks_see_the_same() {
        let mut watch = Watch::default();
        assert!(watch.see(vec![("a".into(), stamp(1))]).is_empty());
        assert!(watch.see(vec![("a".into(), stamp(2))]).is_empty(), "it has grown");
        let now = vec![("b".into(), stamp(1)), ("a".into(), stamp(2))];
        assert_eq!(names(watch.see(now.clone())), ["a"]);
        assert_eq!(names(watch.see(now)), ["a", "b"]);
    }

    #[test]
    fn what_is_done_is_not_looked_at_again_until_it_changes() {
        let mut watch = Watch::default();
        let at = |bytes| vec![("a".into(), stamp(bytes))];
        watch.see(at(1));
        watch.see(at(1));
        watch.sightings.get_mut(Path::new("a")).unwrap().done = true;
        assert!(watch.see(at(1)).is_empty());
        assert!(watch.see(at(2)).is_empty());
        assert_eq!(names(watch.see(at(2))), ["a"]);
    }

    #[test]
    fn what_is_gone_is_forgotten() {
        let mut watch = Watch::default();
        let at = || vec![("a".into(), stamp(1))];
        watch.see(at());
        watch.see(Vec::new());
        assert!(watch.see(at()).is_empty(), "it is new again");
    }
}

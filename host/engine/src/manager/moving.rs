//! Moving a torrent's files to another folder: when the user says so, and when a torrent is complete
//! that was kept elsewhere until then.
//!
//! The move is noted before it begins (`move_to`), so that a crash in the middle is taken back at the
//! next start. With the note that it is done (the new folder, and `move_from` where files were
//! copied) it counts; only then are copied files deleted at the old place.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::hold::Hold;
use super::{Manager, blocking};
use crate::files::{Folder, relocate, same_folder};
use crate::metainfo::{InfoHash, Metainfo};
use crate::{Error, Result};

impl Manager {
    /// Moves what is on disk of a torrent to another folder, then lets it go on. Answered when all of
    /// it is there; on an error everything is where it was.
    ///
    /// # Errors
    /// `NotFound`; `InvalidPath` when the folder cannot be used or a file is in the way; `Io` names
    /// the file that could not be moved; `Unavailable` when the move was stopped.
    pub async fn move_files(&self, id: InfoHash, save_path: &str) -> Result<()> {
        super::commands::present(&mut self.0.state.lock(), id)?;
        let folder = self.usable_folder(save_path, "save_path").await?;
        let hold = self.hold(id).await?;
        self.relocate(&hold, id, folder).await
    }

    /// Brings a complete torrent from where it was kept until now to where it belongs.
    pub(super) async fn bring_home(&self, id: InfoHash) {
        let hold = self.hold(id).await;
        let Ok(hold) = hold else { return };
        let home = {
            let state = self.0.state.lock();
            let entry = state.entries.get(&id).filter(|entry| entry.complete());
            entry.filter(|entry| entry.row.working_path.is_some()).map(|e| e.row.save_path.clone())
        };
        let Some(home) = home else { return };
        if let Err(error) = self.relocate(&hold, id, home).await
            && !hold.stop.is_cancelled()
        {
            tracing::warn!(%id, %error, "a complete torrent could not be moved to its folder");
            self.failed(id, &error);
        }
    }

    async fn relocate(&self, hold: &Hold, id: InfoHash, target: PathBuf) -> Result<()> {
        let source = {
            let state = self.0.state.lock();
            let entry = state.entries.get(&id).ok_or_else(|| not_found(id))?;
            entry.row.folder().clone()
        };
        let torrent = self.0.store.metainfo(id).await?;
        let copied = match torrent {
            Some(torrent) if !same_folder(&source, &target) => {
                self.transfer(hold, id, torrent, source.clone(), target.clone()).await?
            }
            _ => Vec::new(),
        };
        let ((), ack) = self.update(id, |entry| {
            entry.row.save_path = target;
            entry.row.working_path = None;
            entry.row.move_to = None;
            entry.row.move_from = (!copied.is_empty()).then(|| source.clone());
            Ok(())
        })?;
        ack.durable().await?;
        if copied.is_empty() {
            return Ok(());
        }
        blocking(move || {
            match Folder::open(&source) {
                Ok(folder) => relocate::finish(&folder, &copied),
                Err(error) => tracing::warn!(%error, "copied files stay where they were"),
            }
            Ok(())
        })
        .await?;
        self.moved(id).await
    }

    /// Moves the files, and returns what is to be deleted at the old place once that is noted.
    async fn transfer(
        &self,
        hold: &Hold,
        id: InfoHash,
        torrent: Vec<u8>,
        source: PathBuf,
        target: PathBuf,
    ) -> Result<Vec<PathBuf>> {
        let shared = self.shared_files(id).await?;
        let session = self.0.session.clone();
        let meta = Arc::new(blocking(move || Ok(Metainfo::parse(&torrent)?)).await?);
        let selected = {
            let state = self.0.state.lock();
            let entry = state.entries.get(&id).ok_or_else(|| not_found(id))?;
            super::entry::selected_files(entry.row.selected.as_deref())
        };
        let prepared = {
            let (meta, session, target) = (Arc::clone(&meta), session.clone(), target.clone());
            blocking(move || {
                let own = session.own_files(&meta, selected.as_deref());
                let item = |path: PathBuf| relocate::Item { keep: shared.contains(&path), path };
                let items: Vec<_> = own.into_iter().map(item).collect();
                let Some(from) = open_source(&source)? else { return Ok(None) };
                let to = Folder::create(&target).map_err(|error| Error::io(&target, &error))?;
                if let Some(place) = relocate::in_the_way(&to, &items)? {
                    return Err(Error::InvalidPath(relocate::occupied(&place)));
                }
                Ok(Some((from, to, items)))
            })
        };
        let Some((from, to, items)) = prepared.await? else { return Ok(Vec::new()) };
        let progress = Arc::new(relocate::Progress::default());
        let ((), ack) = self.update(id, |entry| {
            entry.row.move_to = Some(target);
            entry.moving = Some(Arc::clone(&progress));
            Ok(())
        })?;
        let moved = match ack.durable().await {
            Ok(()) => {
                let stop = hold.stop.clone();
                blocking(move || {
                    let stopped = || stop.is_cancelled();
                    let copied = relocate::relocate(&from, &to, &items, &progress, &stopped)?;
                    session.moved(&meta, |file| to.occupied(file).unwrap_or(true));
                    Ok(copied)
                })
                .await
            }
            Err(error) => Err(error),
        };
        if moved.is_err() {
            self.moved(id).await?;
        } else if let Some(entry) = self.0.state.lock().entries.get_mut(&id) {
            entry.moving = None;
        }
        moved
    }

    /// Nothing of a torrent is on the move any more.
    async fn moved(&self, id: InfoHash) -> Result<()> {
        let ack = {
            // Also of one that is being removed: it may have to stay.
            let mut state = self.0.state.lock();
            let entry = state.entries.get_mut(&id).ok_or_else(|| not_found(id))?;
            entry.row.move_to = None;
            entry.row.move_from = None;
            entry.moving = None;
            self.changed(&mut state, id).ok_or_else(|| not_found(id))?
        };
        ack.durable().await
    }

    /// After a crash in the middle of a move: takes it back, or completes it where it counts.
    pub(super) async fn recover_move(&self, id: InfoHash) {
        if let Err(error) = self.try_recover_move(id).await {
            tracing::error!(%id, %error, "a move that was interrupted could not be taken back");
        }
    }

    async fn try_recover_move(&self, id: InfoHash) -> Result<()> {
        let row = {
            let state = self.0.state.lock();
            let Some(entry) = state.entries.get(&id) else { return Ok(()) };
            entry.row.clone()
        };
        let (_, meta) = self.metainfo(id).await?;
        let shared = self.shared_files(id).await?;
        let session = self.0.session.clone();
        blocking(move || {
            let selected = super::entry::selected_files(row.selected.as_deref());
            let own = session.own_files(&meta, selected.as_deref());
            let open = |path: &Path| Folder::open(path).map_err(|error| Error::io(path, &error));
            if let Some(target) = &row.move_to {
                let item = |path| relocate::Item { path, keep: false };
                let items: Vec<_> = own.into_iter().map(item).collect();
                relocate::recover(&open(row.folder())?, &open(target)?, &items)
            } else if let Some(source) = &row.move_from {
                let left: Vec<_> = own.into_iter().filter(|path| !shared.contains(path)).collect();
                relocate::finish(&open(source)?, &left);
                Ok(())
            } else {
                Ok(())
            }
        })
        .await?;
        self.moved(id).await
    }
}

fn not_found(id: InfoHash) -> Error {
    Error::NotFound { id: id.to_string() }
}

/// The folder that files come from; none where there is none, and so nothing to move.
fn open_source(source: &Path) -> Result<Option<Folder>> {
    match Folder::open(source) {
        Ok(folder) => Ok(Some(folder)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io(source, &error)),
    }
}

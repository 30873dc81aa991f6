//! What the user tells a torrent.

use std::collections::HashSet;
use std::path::PathBuf;

use torrpeddo_protocol::TorrentState;
use torrpeddo_protocol::notifications::EventKind;

use super::{Manager, State, blocking};
use crate::metainfo::{InfoHash, Metainfo};
use crate::store::Intent;
use crate::{Error, Result, files};

/// What becomes of deleted files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// They are gone.
    Final,
    /// They are in the system's bin.
    Trash,
}

impl Deletion {
    /// As a client asks for it.
    #[must_use]
    pub fn from_trash(trash: Option<bool>) -> Self {
        if trash == Some(true) { Self::Trash } else { Self::Final }
    }
}

impl Manager {
    /// Stops it until the user resumes it. Answered when it is on disk and nothing runs any more.
    ///
    /// # Errors
    /// `NotFound`; `WrongState` when it is cancelled.
    pub async fn pause(&self, id: InfoHash) -> Result<()> {
        let ((), ack) = self.update(id, |entry| {
            if entry.row.intent == Intent::Cancelled {
                return Err(entry
                    .wrong_state("This torrent is cancelled: there is nothing to pause.".into()));
            }
            entry.row.intent = Intent::Paused;
            entry.recheck = false;
            entry.row.forced = false;
            entry.row.error = None;
            Ok(())
        })?;
        self.settle(id).await;
        self.0.wake.notify_one();
        ack.durable().await
    }

    /// Hands it back to the queue, or (`force`) runs it outside the limits. From `cancelled` back
    /// into the session: what is on disk is verified and kept.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn resume(&self, id: InfoHash, force: bool) -> Result<()> {
        let ((), ack) = self.update(id, |entry| {
            // While it was out of the engine, anything may have happened to its files.
            entry.row.verify |= entry.row.intent == Intent::Cancelled && entry.has_metainfo();
            entry.row.intent = Intent::Managed;
            entry.row.forced = force;
            entry.row.error = None;
            entry.row.stopped = false;
            entry.ask_soon();
            Ok(())
        })?;
        self.0.wake.notify_one();
        ack.durable().await
    }

    /// Takes it out of the engine: all its network and disk work has stopped when this returns.
    /// Files and entry stay.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn cancel(&self, id: InfoHash) -> Result<()> {
        let ((), ack) = self.update(id, |entry| {
            entry.row.intent = Intent::Cancelled;
            entry.recheck = false;
            entry.row.forced = false;
            entry.row.error = None;
            Ok(())
        })?;
        self.stop_work(id).await;
        self.settle(id).await;
        self.0.wake.notify_one();
        ack.durable().await
    }

    /// Deletes the files of a cancelled torrent, then its entry.
    ///
    /// # Errors
    /// `NotFound`; `WrongState` when it is not cancelled; `Io` names a file that could not be
    /// deleted, and the entry stays.
    pub async fn delete_files(&self, id: InfoHash, how: Deletion) -> Result<()> {
        {
            let mut state = self.0.state.lock();
            let entry = present(&mut state, id)?;
            if entry.state() != TorrentState::Cancelled {
                return Err(entry.wrong_state(
                    "Only the files of a cancelled torrent can be deleted. Cancel it first.".into(),
                ));
            }
            entry.removing = true;
        }
        self.finish_removal(id, Some(how)).await
    }

    /// Forgets it, from any state.
    ///
    /// # Errors
    /// `NotFound`; `Io` names a file that could not be deleted, and the entry stays.
    pub async fn remove(&self, id: InfoHash, files: Option<Deletion>) -> Result<()> {
        present(&mut self.0.state.lock(), id)?.removing = true;
        self.finish_removal(id, files).await
    }

    async fn finish_removal(&self, id: InfoHash, files: Option<Deletion>) -> Result<()> {
        self.stop_work(id).await;
        self.settle(id).await;
        if let Some(how) = files
            && let Err(error) = self.delete_own_files(id, how).await
        {
            let mut state = self.0.state.lock();
            if let Some(entry) = state.entries.get_mut(&id) {
                entry.removing = false;
            }
            drop(state);
            self.0.wake.notify_one();
            return Err(error);
        }
        let ack = self.0.store.remove(id);
        let name = {
            let mut state = self.0.state.lock();
            state.board.remove(id);
            state.entries.remove(&id).map(|entry| entry.row.name)
        };
        let session = self.0.session.clone();
        blocking(move || {
            session.forget(id);
            Ok(())
        })
        .await?;
        self.emit(EventKind::TorrentRemoved, Some(id), name);
        self.0.wake.notify_one();
        ack.durable().await
    }

    /// Deletes exactly the torrent's own files: not those that were there before it, not those
    /// that another entry has too.
    async fn delete_own_files(&self, id: InfoHash, how: Deletion) -> Result<()> {
        let Some(torrent) = self.0.store.metainfo(id).await? else {
            // A magnet that never got its metadata has no files.
            return Ok(());
        };
        let shared = self.shared_files(id).await?;
        let folder = {
            let state = self.0.state.lock();
            let Some(entry) = state.entries.get(&id) else { return Ok(()) };
            entry.row.folder().clone()
        };
        let session = self.0.session.clone();
        let desktop = self.0.config.desktop.clone();
        blocking(move || {
            let meta = Metainfo::parse(&torrent)?;
            let created = session.created_files(id);
            let own: Vec<_> = created
                .into_iter()
                .filter_map(|index| meta.files.get(index))
                .filter(|file| !file.padding && !shared.contains(&file.path))
                .cloned()
                .collect();
            match how {
                Deletion::Final => files::delete_own(&folder, &own),
                Deletion::Trash => files::trash_own(&folder, &own, &|path| desktop.trash(path)),
            }
        })
        .await
    }

    /// The paths of files that other entries have at the same place.
    pub(super) async fn shared_files(&self, id: InfoHash) -> Result<HashSet<PathBuf>> {
        let neighbours: Vec<_> = {
            let state = self.0.state.lock();
            let Some(entry) = state.entries.get(&id) else { return Ok(HashSet::new()) };
            let folder = entry.row.folder();
            let root = entry.row.root.as_deref().map(crate::names::fold);
            let shares = |other: &&super::Entry| {
                other.row.id != id
                    && other.row.folder() == folder
                    && other.row.root.as_deref().map(crate::names::fold) == root
            };
            state.entries.values().filter(shares).map(|other| other.row.id).collect()
        };
        let mut shared = HashSet::new();
        for neighbour in neighbours {
            if let Some(torrent) = self.0.store.metainfo(neighbour).await? {
                let meta = blocking(move || Ok(Metainfo::parse(&torrent)?)).await?;
                shared.extend(meta.files.into_iter().map(|file| file.path));
            }
        }
        Ok(shared)
    }
}

pub(super) fn present(state: &mut State, id: InfoHash) -> Result<&mut super::Entry> {
    state
        .entries
        .get_mut(&id)
        .filter(|entry| !entry.removing)
        .ok_or_else(|| Error::NotFound { id: id.to_string() })
}

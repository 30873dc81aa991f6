//! Work on a torrent's files or its selection, for which it has to stand still.

use std::sync::Arc;

use tokio::sync::OwnedMutexGuard;
use tokio_util::sync::CancellationToken;

use super::Manager;
use crate::metainfo::{InfoHash, Metainfo};
use crate::{Error, Result};

/// A torrent that stands still. Dropping it lets the torrent go on.
pub(super) struct Hold {
    manager: Manager,
    id: InfoHash,
    /// Nobody else works on it.
    _desk: Option<OwnedMutexGuard<()>>,
    /// The user does not want the work any more.
    pub stop: CancellationToken,
}

impl Manager {
    /// Makes a torrent stand still: returns when it is out of the session and nobody else works on
    /// it. The torrent keeps its slot meanwhile.
    ///
    /// # Errors
    /// `NotFound`.
    pub(super) async fn hold(&self, id: InfoHash) -> Result<Hold> {
        let missing = || Error::NotFound { id: id.to_string() };
        let (mut hold, desk) = {
            let mut state = self.0.state.lock();
            let entry = state.entries.get_mut(&id).filter(|entry| !entry.removing);
            let entry = entry.ok_or_else(missing)?;
            entry.holds += 1;
            // From here on it is let go whatever happens.
            let stop = CancellationToken::new();
            let hold = Hold { manager: self.clone(), id, _desk: None, stop };
            (hold, Arc::clone(&entry.desk))
        };
        self.settle(id).await;
        hold._desk = Some(desk.lock_owned().await);
        let mut state = self.0.state.lock();
        let entry = state.entries.get_mut(&id).filter(|entry| !entry.removing);
        entry.ok_or_else(missing)?.stop_work = hold.stop.clone();
        drop(state);
        Ok(hold)
    }

    /// Stops the work on a torrent's files, and returns when it has been taken back or is done.
    pub(super) async fn stop_work(&self, id: InfoHash) {
        let desk = {
            let state = self.0.state.lock();
            let Some(entry) = state.entries.get(&id) else { return };
            entry.stop_work.cancel();
            Arc::clone(&entry.desk)
        };
        drop(desk.lock().await);
    }

    /// The metainfo of a torrent.
    ///
    /// # Errors
    /// `NotFound`; `WrongState` while it is unknown.
    pub(super) async fn metainfo(&self, id: InfoHash) -> Result<(Vec<u8>, Metainfo)> {
        let unknown = {
            let state = self.0.state.lock();
            let entry = state.entries.get(&id).filter(|entry| !entry.removing);
            let entry = entry.ok_or_else(|| Error::NotFound { id: id.to_string() })?;
            entry.wrong_state(
                "The files of this torrent are not known yet: its metadata is being fetched."
                    .into(),
            )
        };
        let torrent = self.0.store.metainfo(id).await?.ok_or(unknown)?;
        super::blocking(move || {
            let meta = Metainfo::parse(&torrent)?;
            Ok((torrent, meta))
        })
        .await
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut state = self.manager.0.state.lock();
        if let Some(entry) = state.entries.get_mut(&self.id) {
            entry.holds = entry.holds.saturating_sub(1);
        }
        drop(state);
        self.manager.0.wake.notify_one();
    }
}

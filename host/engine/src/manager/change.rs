//! What the user changes of a torrent besides starting and stopping it.

use torrpeddo_protocol::Torrent;
use torrpeddo_protocol::methods::{QueueMove, SetTorrentParams};
use torrpeddo_protocol::notifications::EventKind;

use super::entry::selected_files;
use super::{Manager, add, blocking, now_ms, schedule, trackers};
use crate::metainfo::{InfoHash, Metainfo};
use crate::queue::reorder;
use crate::store::Intent;
use crate::{Error, Result};

impl Manager {
    /// Hashes what is on disk, of a paused torrent too, and goes on with what is missing. Answered
    /// when it is noted.
    ///
    /// # Errors
    /// `NotFound`; `WrongState` when it is cancelled, or nothing of it can be there.
    pub async fn recheck(&self, id: InfoHash) -> Result<()> {
        let ((), ack) = self.update(id, |entry| {
            if entry.row.intent == Intent::Cancelled {
                let sentence = "This torrent is cancelled. Resume it: then it is checked as well.";
                return Err(entry.wrong_state(sentence.into()));
            }
            if !entry.has_metainfo() {
                let sentence = "There is nothing to check yet: its metadata is being fetched.";
                return Err(entry.wrong_state(sentence.into()));
            }
            entry.row.verify = true;
            entry.row.error = None;
            entry.recheck = true;
            entry.restart = entry.in_session();
            Ok(())
        })?;
        self.0.wake.notify_one();
        ack.durable().await
    }

    /// Selects the files to download. What is there of the others stays.
    ///
    /// # Errors
    /// `NotFound`; `InvalidParams` for an empty selection or an index that no file has.
    pub async fn set_files(&self, id: InfoHash, selected: Vec<u32>) -> Result<()> {
        let meta = match self.metainfo(id).await {
            Ok((_, meta)) => meta,
            Err(Error::WrongState { .. }) => {
                // It is remembered until the files are known, as with an add.
                let selected = add::selection(selected, None, "selected")?;
                let ((), ack) = self.update(id, |entry| {
                    entry.row.selected = Some(selected);
                    Ok(())
                })?;
                return ack.durable().await;
            }
            Err(error) => return Err(error),
        };
        let selected = add::selection(selected, Some(&meta), "selected")?;
        let selected = (!selects_all(&meta, &selected)).then_some(selected);
        let hold = self.hold(id).await?;
        let files = selected_files(selected.as_deref());
        let session = self.0.session.clone();
        let (meta, progress) = blocking(move || {
            let progress = session.saved_progress(&meta, id, files.as_deref());
            Ok((meta, progress))
        })
        .await?;
        let (completed, ack) = self.update(id, |entry| {
            entry.select(&meta, selected);
            let (done, complete) = (progress.done_bytes, progress.is_finished());
            Ok(entry.count(done, complete, now_ms()).then(|| entry.row.name.clone()))
        })?;
        if let Some(name) = completed {
            self.emit(EventKind::TorrentCompleted, Some(id), Some(name));
        }
        drop(hold);
        ack.durable().await
    }

    /// Moves torrents in the queue. One answer for each, in the order asked.
    ///
    /// # Errors
    /// `NotFound`, `WrongState` for what is not in the queue, `Io` when it cannot be noted.
    pub async fn move_in_queue(&self, ids: &[Result<InfoHash>], to: QueueMove) -> Vec<Result<()>> {
        let (mut results, acks) = {
            let mut state = self.0.state.lock();
            let results: Vec<Result<()>> = ids
                .iter()
                .map(|id| {
                    let id = id.clone()?;
                    let entry = state.entries.get(&id).filter(|entry| !entry.removing);
                    let entry = entry.ok_or_else(|| Error::NotFound { id: id.to_string() })?;
                    if schedule::in_queue(entry) {
                        return Ok(());
                    }
                    Err(entry.wrong_state(
                        "This torrent is not in the queue: it is complete or cancelled.".into(),
                    ))
                })
                .collect();
            let moving: std::collections::HashSet<_> = ids
                .iter()
                .zip(&results)
                .filter(|(_, result)| result.is_ok())
                .filter_map(|(id, _)| id.clone().ok())
                .collect();
            let places: Vec<(InfoHash, i64)> = schedule::in_order(&mut state, schedule::in_queue)
                .iter()
                .map(|entry| (entry.row.id, entry.row.queue_position))
                .collect();
            let flags: Vec<bool> = places.iter().map(|(id, _)| moving.contains(id)).collect();
            let positions = schedule::positions(&places, &reorder(&flags, to), moving.len(), to);
            let mut acks = Vec::new();
            for (id, position) in positions {
                if let Some(entry) = state.entries.get_mut(&id) {
                    entry.row.queue_position = position;
                }
                acks.extend(self.changed(&mut state, id));
            }
            (results, acks)
        };
        self.plan();
        for ack in acks {
            if let Err(error) = ack.durable().await {
                results.iter_mut().filter(|result| result.is_ok()).for_each(|result| {
                    *result = Err(error.clone());
                });
            }
        }
        results
    }

    /// Changes labels, trackers and limits of one torrent: all that is asked, or nothing.
    ///
    /// # Errors
    /// `NotFound`, `InvalidParams`, `TooLarge`; `Unavailable` for limits of the rate.
    pub async fn set_torrent(&self, id: InfoHash, params: SetTorrentParams) -> Result<Torrent> {
        let limits = [params.download_limit, params.upload_limit];
        if limits.into_iter().flatten().flatten().next().is_some() {
            return Err(Error::Unavailable(
                "Limits of the rate of one torrent come with a later version.".into(),
            ));
        }
        let labels = params.labels.map(add::labels).transpose()?;
        if let Some(Some(limit)) = params.ratio_limit
            && !(limit.is_finite() && limit >= 0.0)
        {
            return Err(Error::InvalidParams {
                message: "The ratio limit is a number from 0, or null for the setting's.".into(),
                member: Some("ratio_limit".into()),
            });
        }
        let add = trackers::urls(params.trackers_add.as_deref(), "trackers_add")?;
        let remove = trackers::urls(params.trackers_remove.as_deref(), "trackers_remove")?;
        self.check_trackers(id, &remove).await?;
        let other_trackers = !add.is_empty() || !remove.is_empty();
        let ((), ack) = self.update(id, |entry| {
            if other_trackers {
                trackers::change(&mut entry.row, remove, add)?;
            }
            if let Some(labels) = labels {
                entry.row.labels = labels;
            }
            if let Some(limit) = params.ratio_limit {
                entry.row.ratio_limit = limit;
                // Whether it has reached this one is seen when it runs.
                entry.row.stopped = false;
            }
            Ok(())
        })?;
        if other_trackers {
            self.apply_trackers(&mut self.0.state.lock(), id);
        }
        self.0.wake.notify_one();
        ack.durable().await?;
        let shown = self.0.state.lock().board.get(id);
        shown.map(|shown| (*shown).clone()).ok_or_else(|| Error::NotFound { id: id.to_string() })
    }
}

fn selects_all(meta: &Metainfo, selected: &[u32]) -> bool {
    let files = meta.files.iter().filter(|file| !file.padding).count();
    let chosen = selected.iter().filter_map(|index| meta.files.get(*index as usize));
    chosen.filter(|file| !file.padding).count() == files
}

//! Brings what a torrent does in line with what it should do.

use std::sync::Arc;
use std::time::Duration;

use torrpeddo_protocol::notifications::EventKind;

use super::entry::{Actual, Wanted, selected_files};
use super::{Manager, State, blocking, now_ms, trackers};
use crate::magnet::Magnet;
use crate::metainfo::{InfoHash, Metainfo, rebuild};
use crate::session::{ResolveError, RunSpec, Totals, Verify};
use crate::store::Ack;
use crate::{Error, Result};

/// How long one attempt to resolve a magnet may take. Others may be waiting for the slot.
const ATTEMPT: Duration = Duration::from_secs(90);

/// What to do next. Decided under the lock, done outside of it.
enum Step {
    Nothing,
    StopResolving(tokio::task::JoinHandle<()>),
    Halt,
    Resolve(Magnet),
    Run,
}

impl Manager {
    /// Brings one torrent in line, and returns when nothing is left to do. Behind the torrent's
    /// gate, so starts and stops never interleave.
    pub(super) async fn settle(&self, id: InfoHash) {
        let Some(gate) = self.0.state.lock().entries.get(&id).map(|entry| Arc::clone(&entry.gate))
        else {
            return;
        };
        let _turn = gate.lock().await;
        loop {
            match self.next_step(id) {
                Step::Nothing => {
                    if self.is_idle(id) {
                        self.0.session.leave(id).await;
                    }
                    break;
                }
                Step::StopResolving(task) => {
                    task.abort();
                    // The task must be gone, and its connections with it.
                    let _ = task.await;
                }
                Step::Halt => self.halt(id).await,
                Step::Resolve(magnet) => self.start_resolving(id, magnet),
                Step::Run => self.run(id).await,
            }
        }
    }

    fn is_idle(&self, id: InfoHash) -> bool {
        let state = self.0.state.lock();
        state.entries.get(&id).is_none_or(|entry| matches!(entry.actual, Actual::Idle))
    }

    fn next_step(&self, id: InfoHash) -> Step {
        let stopping = self.stopping();
        let mut state = self.0.state.lock();
        let Some(entry) = state.entries.get_mut(&id) else { return Step::Nothing };
        let wanted = if stopping || entry.restart { Wanted::Nothing } else { entry.wanted() };
        match (&entry.actual, wanted) {
            (Actual::Idle, Wanted::Nothing) => {
                if std::mem::take(&mut entry.restart) && !stopping {
                    drop(state);
                    return self.next_step(id);
                }
                Step::Nothing
            }
            (Actual::Resolving(_), Wanted::Metadata)
            | (Actual::Running, Wanted::Run)
            | (Actual::Checking, Wanted::Check) => Step::Nothing,
            (Actual::Resolving(_), _) => match std::mem::replace(&mut entry.actual, Actual::Idle) {
                Actual::Resolving(task) => Step::StopResolving(task),
                Actual::Idle | Actual::Running | Actual::Checking => Step::Nothing,
            },
            (Actual::Running | Actual::Checking, _) => Step::Halt,
            (Actual::Idle, Wanted::Metadata) => match Magnet::parse(&entry.row.magnet) {
                Ok(magnet) => Step::Resolve(magnet),
                Err(error) => {
                    entry.fail(&error.into());
                    let _ = self.changed(&mut state, id);
                    Step::Nothing
                }
            },
            (Actual::Idle, Wanted::Run | Wanted::Check) => Step::Run,
        }
    }

    fn start_resolving(&self, id: InfoHash, magnet: Magnet) {
        let manager = self.clone();
        let mut state = self.0.state.lock();
        let Some(entry) = state.entries.get_mut(&id) else { return };
        let removed = entry.row.trackers_removed.clone();
        // The task waits for the lock before it looks at anything.
        entry.actual = Actual::Resolving(tokio::spawn(async move {
            let resolved = manager.resolve(&magnet, &removed, ATTEMPT).await;
            let resolved = resolved.and_then(|torrent| {
                let meta = Metainfo::parse(&torrent)
                    .map_err(|error| ResolveError::Refused(error.into()))?;
                Ok((torrent, meta))
            });
            manager.resolved(id, resolved);
        }));
    }

    /// Asks once for a torrent file with the magnet's trackers. The extra ones are asked too, but for
    /// those that the user `removed`, and are no part of it: it may turn out to be private, and they
    /// may be taken back.
    pub(super) async fn resolve(
        &self,
        magnet: &Magnet,
        removed: &[String],
        patience: Duration,
    ) -> Result<Vec<u8>, ResolveError> {
        let mut asked = magnet.clone();
        let extra = self.settings().extra_trackers;
        asked.trackers.extend(extra.into_iter().filter(|url| !removed.contains(url)));
        let torrent = self.0.session.resolve(&asked, patience).await?;
        rebuild(&torrent, &magnet.trackers).map_err(|error| ResolveError::Refused(error.into()))
    }

    /// An attempt ended. Without an await, so that a stop cannot cut it in half.
    fn resolved(&self, id: InfoHash, resolved: Result<(Vec<u8>, Metainfo), ResolveError>) {
        let mut state = self.0.state.lock();
        let Some(entry) = state.entries.get_mut(&id) else { return };
        if !matches!(entry.actual, Actual::Resolving(_)) {
            return;
        }
        entry.actual = Actual::Idle;
        match resolved {
            Ok((torrent, meta)) => drop(self.learned(&mut state, id, torrent, &meta)),
            // Whoever has it has nothing better: asking again would not help.
            Err(ResolveError::Refused(error)) => {
                drop(state);
                return self.failed(id, &error);
            }
            Err(reason) => {
                tracing::debug!(%id, %reason, "no metadata yet");
                entry.missed();
                let pause = entry.retry_at.saturating_duration_since(std::time::Instant::now());
                let manager = self.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(pause).await;
                    manager.0.wake.notify_one();
                });
            }
        }
        drop(state);
        self.0.wake.notify_one();
    }

    /// The metainfo of an entry is known.
    pub(super) fn learned(
        &self,
        state: &mut State,
        id: InfoHash,
        torrent: Vec<u8>,
        meta: &Metainfo,
    ) -> Option<Ack> {
        let entry = state.entries.get_mut(&id)?;
        if entry.row.selected.is_none()
            && let Ok(magnet) = Magnet::parse(&entry.row.magnet)
            && let Some(selection) = &magnet.selected
        {
            let indices = selection.indices(meta.files.len());
            entry.row.selected =
                Some(indices.into_iter().filter_map(|index| u32::try_from(index).ok()).collect());
        }
        entry.learn(meta);
        let name = entry.row.name.clone();
        let ack = self.0.store.save_with_metainfo(entry.row.clone(), torrent);
        state.board.publish(id, entry.view());
        self.emit(EventKind::MetadataReceived, Some(id), Some(name));
        Some(ack)
    }

    async fn run(&self, id: InfoHash) {
        let outcome = self.try_run(id).await;
        if let Err(error) = outcome {
            tracing::warn!(%id, %error, "a torrent could not be started");
            self.failed(id, &error);
        }
    }

    async fn try_run(&self, id: InfoHash) -> Result<()> {
        let torrent =
            self.0.store.metainfo(id).await?.ok_or_else(|| {
                Error::Internal(format!("the database has no torrent file for {id}"))
            })?;
        let bytes = torrent.clone();
        let meta = Arc::new(blocking(move || Ok(Metainfo::parse(&bytes)?)).await?);
        if meta.info_hash != id {
            return Err(self.0.store.damaged(&format!("the torrent file of {id} is another one")));
        }
        let at_home = self.is_at_home(id, &meta).await?;
        let (spec, ack) = {
            let mut state = self.0.state.lock();
            let extra = state.settings.extra_trackers.clone();
            let Some(entry) = state.entries.get_mut(&id) else { return Ok(()) };
            let check_only = match entry.wanted() {
                Wanted::Run => false,
                Wanted::Check => true,
                Wanted::Nothing | Wanted::Metadata => return Ok(()),
            };
            let magnet = Magnet::parse(&entry.row.magnet)?;
            let tiers = trackers::tiers(&entry.row, Some(&meta), &extra)?;
            if at_home {
                entry.row.working_path = None;
            }
            entry.actual = if check_only { Actual::Checking } else { Actual::Running };
            entry.meta = Some(Arc::clone(&meta));
            entry.stats = None;
            entry.base = (entry.row.downloaded, entry.row.uploaded);
            entry.row.running = true;
            let (private, own_trackers) = (meta.private, meta.trackers());
            let spec = RunSpec {
                id,
                torrent: torrent.into(),
                meta,
                folder: entry.row.folder().clone(),
                selected: selected_files(entry.row.selected.as_deref()),
                // A link names no peers for a private torrent with trackers of its own (BEP 27).
                peers: if private && !own_trackers.is_empty() { Vec::new() } else { magnet.peers },
                tiers,
                verify: if entry.row.verify { Verify::Full } else { Verify::Trust },
                check_only,
                totals: Totals { downloaded: entry.base.0, uploaded: entry.base.1 },
            };
            (spec, self.changed(&mut state, id))
        };
        // What is being written must be known as such before the first byte is.
        if let Some(ack) = ack
            && let Err(error) = ack.durable().await
        {
            self.idle(id);
            return Err(error);
        }
        self.0.session.run(spec).await.inspect_err(|_| self.idle(id))
    }

    /// Whether a torrent that is to be kept elsewhere until it is complete has files where it belongs
    /// already: the user put them there, and it goes on with them.
    async fn is_at_home(&self, id: InfoHash, meta: &Arc<Metainfo>) -> Result<bool> {
        let home = {
            let state = self.0.state.lock();
            let entry = state.entries.get(&id);
            let away = entry.filter(|entry| entry.row.working_path.is_some());
            away.map(|entry| entry.row.save_path.clone())
        };
        let Some(home) = home else { return Ok(false) };
        let (session, meta) = (self.0.session.clone(), Arc::clone(meta));
        blocking(move || {
            if session.has_run(id) {
                return Ok(false);
            }
            let Ok(folder) = crate::files::Folder::open(&home) else { return Ok(false) };
            let files = meta.files.iter().filter(|file| !file.padding && file.bytes > 0);
            let mut there = files.map(|file| folder.length(&file.path));
            Ok(there.any(|length| matches!(length, Ok(Some(_)))))
        })
        .await
    }

    fn idle(&self, id: InfoHash) {
        let mut state = self.0.state.lock();
        if let Some(entry) = state.entries.get_mut(&id) {
            entry.actual = Actual::Idle;
            entry.meta = None;
            entry.stats = None;
            entry.smooth_rate = 0.0;
            entry.slow_since = None;
            entry.row.running = false;
        }
    }

    async fn halt(&self, id: InfoHash) {
        let halted = self.0.session.halt(id).await;
        let mut state = self.0.state.lock();
        let Some(entry) = state.entries.get_mut(&id) else { return };
        match halted {
            Ok(Some(halted)) => {
                entry.row.downloaded = entry.base.0 + halted.fetched;
                entry.row.uploaded = entry.base.1 + halted.uploaded;
                if let Some(done) = halted.done_bytes {
                    let complete = entry.complete() && done >= entry.row.selected_bytes;
                    entry.count(done, complete, now_ms());
                }
            }
            Ok(None) => {}
            Err(error) => tracing::error!(%id, %error, "a torrent did not stop cleanly"),
        }
        drop(state);
        self.idle(id);
        let _ = self.changed(&mut self.0.state.lock(), id);
        self.0.wake.notify_one();
    }

    /// A torrent stops with an error; everything verified is kept.
    pub(super) fn failed(&self, id: InfoHash, error: &Error) {
        let mut state = self.0.state.lock();
        let Some(entry) = state.entries.get_mut(&id) else { return };
        entry.fail(error);
        let name = entry.row.name.clone();
        let _ = self.changed(&mut state, id);
        drop(state);
        self.emit_failure(id, name, error);
        self.0.wake.notify_one();
    }
}

//! The torrents that run, and everything that is known about librqbit: no other module names it.
//!
//! - librqbit gets only torrents that run, one at a time, from bytes that we checked, and only when
//!   we know which of their pieces are on the disk.
//! - Nothing goes to the network before a torrent is resolved or run.
//! - Verified pieces are ours to remember ([`record`]): data first, then the bits that claim it.
//! - A torrent that has been halted has no connection and no disk work left.

mod backend;
mod behind;
mod bits;
mod check;
mod content;
mod control;
mod inlet;
mod ledger;
mod peers;
mod pool;
mod record;
#[cfg_attr(target_os = "linux", path = "rest_linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "rest_other.rs")]
mod rest;
mod run;
mod setup;
mod storage;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod threads;
mod types;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::{OnceCell, Semaphore, watch};
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};

use torrpeddo_swarm::{AddressRange, MetadataError, Sources, Swarm};

use crate::error::{Error, Result};
use crate::magnet::Magnet;
use crate::metainfo::{self, InfoHash, Metainfo};
use backend::Backend;
use behind::Writers;
use pool::Pool;
use record::Records;
use run::{Run, Shared};

pub use bits::{Bitfield, Progress};
pub use peers::Peer;
pub use types::{Halted, Phase, ResolveError, RunSpec, RunStats, SessionConfig, Totals, Verify};

/// How often verified pieces are recorded. This much is checked again after a power cut; a killed
/// engine loses nothing, see [`record`]. More often, the download waits for the disk.
const SAVE_EVERY: Duration = Duration::from_secs(20);
/// How often somebody looks whether the files are still there.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// How many files of torrents are open at a time.
const OPEN_FILES: usize = 256;
/// How many torrents are checked at a time.
const CHECKS: usize = 2;

/// A session. Clones share it.
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    config: SessionConfig,
    shared: Arc<Shared>,
    swarm: OnceCell<Swarm>,
    backend: OnceCell<Arc<Backend>>,
    runs: Mutex<Runs>,
    next_run: AtomicU64,
    /// For a swarm that has not started yet.
    banned: Mutex<Vec<AddressRange>>,
    token: CancellationToken,
    _cancel: DropGuard,
}

#[derive(Default)]
struct Runs {
    by_id: HashMap<InfoHash, Arc<Run>>,
    /// Torrents that are about to be in `by_id`.
    opening: std::collections::HashSet<InfoHash>,
    stopped: bool,
}

impl Session {
    /// Prepares a session. Nothing goes to the network yet.
    ///
    /// # Errors
    /// `Io` when the folders of the session cannot be used.
    pub async fn start(config: SessionConfig) -> Result<Self> {
        let (scratch, pieces, boot_id) =
            (config.scratch.clone(), config.pieces.clone(), config.boot_id.clone());
        let records = blocking(move || {
            setup::clean(&scratch)?;
            Records::open(&pieces, &boot_id)
        })
        .await?;
        let token = CancellationToken::new();
        let session = Self(Arc::new(Inner {
            config,
            banned: Mutex::default(),
            shared: Arc::new(Shared {
                records,
                pool: Arc::new(Pool::new(OPEN_FILES)),
                writers: Writers::new(Handle::current()),
                checking: Semaphore::new(CHECKS),
                finished: watch::Sender::default(),
                warned: Mutex::default(),
            }),
            swarm: OnceCell::new(),
            backend: OnceCell::new(),
            runs: Mutex::default(),
            next_run: AtomicU64::new(1),
            _cancel: token.clone().drop_guard(),
            token,
        }));
        session.save_from_time_to_time();
        Ok(session)
    }

    /// Asks for the metadata of a magnet and returns a checked torrent file with the magnet's trackers.
    /// Dropping the future ends all its network work. Connections are kept for a while afterwards, for
    /// the download.
    ///
    /// # Errors
    /// See [`ResolveError`].
    pub async fn resolve(
        &self,
        magnet: &Magnet,
        patience: Duration,
    ) -> Result<Vec<u8>, ResolveError> {
        let swarm = self.swarm().await.map_err(ResolveError::Failed)?;
        let tiers = magnet.trackers.iter().map(|tracker| vec![tracker.clone()]).collect();
        let sources = Sources { tiers, peers: magnet.peers.clone() };
        let asking = swarm.resolve(magnet.info_hash, &sources);
        let info = match tokio::time::timeout(patience, asking).await {
            Ok(Ok(info)) => info,
            Ok(Err(MetadataError::NoPeerSource)) => return Err(ResolveError::NoPeerSource),
            Ok(Err(_)) | Err(_) => return Err(ResolveError::NotFound),
        };
        let torrent = metainfo::torrent_from_info(&info, &magnet.trackers);
        match Metainfo::parse(&torrent) {
            Ok(meta) if meta.info_hash == magnet.info_hash => Ok(torrent),
            Ok(_) => Err(ResolveError::Failed(Error::Internal("another torrent came".into()))),
            Err(error) => Err(ResolveError::Refused(error.into())),
        }
    }

    /// Runs a torrent. Returns when its folder could be opened; checking goes on, and what fails
    /// later is in [`stats`](Self::stats).
    ///
    /// # Errors
    /// `Unavailable` when the engine stops or the network cannot be used, `Io` when the folder cannot
    /// be opened, `Internal` when the torrent runs already.
    pub async fn run(&self, spec: RunSpec) -> Result<()> {
        let id = spec.id;
        if spec.meta.info_hash != id {
            return Err(Error::Internal(format!("{id} was given another torrent")));
        }
        // Whoever stops it may not have finished.
        let old = self.0.runs.lock().by_id.get(&id).cloned();
        if old.is_some_and(|old| old.is_stopping()) {
            self.halt(id).await.ok();
        }
        {
            let mut runs = self.0.runs.lock();
            if runs.stopped {
                return Err(Error::Unavailable("The engine is stopping.".into()));
            }
            if runs.by_id.contains_key(&id) || !runs.opening.insert(id) {
                return Err(Error::Internal(format!("{id} runs already")));
            }
        }
        // In a task of its own: whoever asks may go away in between.
        let session = self.clone();
        let opened = tokio::spawn(async move {
            let run = session.open(spec).await;
            let mut runs = session.0.runs.lock();
            runs.opening.remove(&id);
            let (run, swarm, backend) = run?;
            runs.by_id.insert(id, Arc::clone(&run));
            run.drive(swarm, backend, Arc::clone(&session.0.shared));
            Ok(())
        });
        opened.await.unwrap_or_else(|error| Err(Error::Internal(error.to_string())))
    }

    async fn open(&self, spec: RunSpec) -> Result<(Arc<Run>, Swarm, Arc<Backend>)> {
        let swarm = self.swarm().await?;
        let backend = self.backend().await?;
        let number = self.0.next_run.fetch_add(1, Ordering::Relaxed);
        let shared = Arc::clone(&self.0.shared);
        let run = blocking(move || Run::open(spec, number, &shared)).await?;
        Ok((Arc::new(run), swarm, backend))
    }

    /// Stops a torrent; `None` if it does not run. When this returns, no connection to a peer and no
    /// disk work of it is left, and its verified pieces are recorded. An error says that they could
    /// not be; it has stopped all the same.
    ///
    /// # Errors
    /// `Io` when the verified pieces cannot be recorded.
    pub async fn halt(&self, id: InfoHash) -> Result<Option<Halted>> {
        let session = self.clone();
        let halted = tokio::spawn(async move {
            // It may be on its way in.
            while session.0.runs.lock().opening.contains(&id) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let Some(run) = session.0.runs.lock().by_id.get(&id).cloned() else { return Ok(None) };
            let backend = session.backend().await?;
            let halted = run.halt(&backend).await;
            // It may have had peers from its metadata that it never came to use.
            if let Some(swarm) = session.0.swarm.get() {
                swarm.leave(id).await;
            }
            if run.is_damaged() {
                session.0.shared.warned.lock().insert(id);
            }
            let mut runs = session.0.runs.lock();
            if runs.by_id.get(&id).is_some_and(|now| Arc::ptr_eq(now, &run)) {
                runs.by_id.remove(&id);
            }
            halted.map(Some)
        });
        halted.await.unwrap_or_else(|error| Err(Error::Internal(error.to_string())))
    }

    /// Changes whenever a running torrent has become complete.
    pub fn finished(&self) -> watch::Receiver<()> {
        self.0.shared.finished.subscribe()
    }

    /// The figures of a running torrent.
    pub fn stats(&self, id: InfoHash) -> Option<RunStats> {
        self.get(id).map(|run| run.stats())
    }

    /// The peers that a running torrent is connected to.
    pub fn peers(&self, id: InfoHash) -> Option<Vec<Peer>> {
        self.get(id).map(|run| run.peers())
    }

    /// Verified bytes of each file of a running torrent.
    pub fn file_progress(&self, id: InfoHash) -> Option<Vec<u64>> {
        self.get(id).map(|run| run.per_file())
    }

    /// The verified pieces, of a running torrent or as recorded. Blocks if it does not run.
    pub fn verified(&self, id: InfoHash, piece_count: u32) -> Option<Bitfield> {
        let running = self.get(id).map(|run| run.bits());
        running.or_else(|| self.0.shared.records.load(id, piece_count).map(|saved| saved.bits))
    }

    /// How far a torrent is that does not run. Blocks.
    pub fn saved_progress(
        &self,
        meta: &Metainfo,
        id: InfoHash,
        selected: Option<&[usize]>,
    ) -> Progress {
        let saved = self.0.shared.records.load(id, meta.piece_count);
        let bits = saved.map_or_else(|| Bitfield::empty(meta.piece_count), |saved| saved.bits);
        Progress::count(meta, &bits, &bits::selection(meta, selected))
    }

    /// The totals that were last told of a torrent whose run was cut short, if that was in this
    /// boot of the machine. Blocks.
    pub fn saved_totals(&self, id: InfoHash) -> Option<Totals> {
        self.0.shared.records.totals(id)
    }

    /// The files that were not there before the torrent ran first, and so are its own. None if it
    /// never ran. Blocks.
    pub fn created_files(&self, id: InfoHash) -> Vec<usize> {
        let before = self.0.shared.records.before(id);
        let before = before.unwrap_or_else(|| Bitfield::empty(0));
        (0..before.count())
            .filter(|index| !before.get(*index))
            .map(|index| index as usize)
            .collect()
    }

    /// Whether it has run before, so that it is known which files are its own. Blocks.
    pub fn has_run(&self, id: InfoHash) -> bool {
        self.0.shared.records.before(id).is_some()
    }

    /// The paths of the files that hold its data or may: those that are wanted, and those that it
    /// made. None if it never ran. Blocks.
    pub fn own_files(&self, meta: &Metainfo, selected: Option<&[usize]>) -> Vec<PathBuf> {
        let Some(before) = self.0.shared.records.before(meta.info_hash) else { return Vec::new() };
        let wanted = bits::selection(meta, selected);
        let files = meta.files.iter().zip(wanted).zip(0u32..);
        files
            .filter(|((file, wanted), index)| !file.padding && (*wanted || !before.get(*index)))
            .map(|((file, _), _)| file.path.clone())
            .collect()
    }

    /// Its files have been moved to a folder where `is_there` tells which are there. What is not was
    /// somebody else's at the old place, and nobody's at the new one. Blocks.
    pub fn moved(&self, meta: &Metainfo, is_there: impl Fn(&Path) -> bool) {
        let records = &self.0.shared.records;
        let Some(mut before) = records.before(meta.info_hash) else { return };
        for (file, index) in meta.files.iter().zip(0u32..) {
            if before.get(index) && !is_there(&file.path) {
                before.set(index, false);
            }
        }
        if let Err(error) = records.save_before(meta.info_hash, &before) {
            tracing::warn!(%error, "which files were there before cannot be recorded");
        }
    }

    /// Forgets everything about a torrent that does not run. Blocks.
    pub fn forget(&self, id: InfoHash) {
        self.0.shared.warned.lock().remove(&id);
        self.0.shared.records.forget(id);
    }

    /// The port for incoming connections, once something has run.
    pub fn listen_port(&self) -> Option<u16> {
        self.0.swarm.get().map(Swarm::port)
    }

    /// How many nodes of the DHT are known.
    pub fn dht_nodes(&self) -> usize {
        self.0.swarm.get().map_or(0, Swarm::dht_nodes)
    }

    /// Halts everything and ends. The session is of no use afterwards.
    pub async fn stop(&self) {
        let ids: Vec<InfoHash> = {
            let mut runs = self.0.runs.lock();
            runs.stopped = true;
            runs.by_id.keys().chain(&runs.opening).copied().collect()
        };
        let mut halting = JoinSet::new();
        for id in ids {
            let session = self.clone();
            halting.spawn(async move {
                if let Err(error) = session.halt(id).await {
                    tracing::error!(%id, %error, "a torrent was not saved");
                }
            });
        }
        while halting.join_next().await.is_some() {}
        if let Some(swarm) = self.0.swarm.get() {
            swarm.stop().await;
        }
        if let Some(backend) = self.0.backend.get() {
            backend.stop();
        }
        self.0.token.cancel();
    }

    fn get(&self, id: InfoHash) -> Option<Arc<Run>> {
        self.0.runs.lock().by_id.get(&id).cloned()
    }

    /// The swarm, started when it is first needed.
    async fn swarm(&self) -> Result<Swarm> {
        let inner = &self.0;
        let start = || async {
            let config = setup::swarm(&inner.config, inner.banned.lock().clone());
            Swarm::start(config).map_err(|error| {
                Error::Unavailable(format!("The network cannot be used: {error}."))
            })
        };
        inner.swarm.get_or_try_init(start).await.cloned()
    }

    /// librqbit's session, started when it is first needed.
    async fn backend(&self) -> Result<Arc<Backend>> {
        let inner = &self.0;
        let start = || async {
            let backend = Backend::start(&inner.config, inner.token.child_token()).await?;
            Ok(Arc::new(backend))
        };
        inner.backend.get_or_try_init(start).await.cloned()
    }

    fn save_from_time_to_time(&self) {
        let inner = Arc::downgrade(&self.0);
        let (token, mut finished) = (self.0.token.clone(), self.finished());
        tokio::spawn(async move {
            let mut saved_at = Instant::now();
            loop {
                let save = tokio::select! {
                    () = tokio::time::sleep(LOOK_EVERY) => saved_at.elapsed() >= SAVE_EVERY,
                    // A finished torrent is worth recording at once.
                    Ok(()) = finished.changed() => true,
                    () = token.cancelled() => return,
                };
                let Some(inner) = inner.upgrade() else { return };
                let runs: Vec<_> = inner.runs.lock().by_id.values().cloned().collect();
                drop(inner);
                if runs.is_empty() {
                    continue;
                }
                let saved = tokio::task::spawn_blocking(move || {
                    for run in runs {
                        run.look();
                        if save && let Err(error) = run.save() {
                            tracing::error!(%error, "verified pieces cannot be recorded");
                        }
                    }
                });
                if let Err(error) = saved.await {
                    tracing::error!(%error, "recording failed");
                }
                if save {
                    saved_at = Instant::now();
                }
            }
        });
    }
}

/// Runs what may wait for a disk away from the tasks that must not.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let task = tokio::task::spawn_blocking(work);
    task.await.unwrap_or_else(|error| Err(Error::Internal(error.to_string())))
}

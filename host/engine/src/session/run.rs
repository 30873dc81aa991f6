//! One running torrent, from looking at its files until nothing of it is left.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use librqbit::{AddTorrentOptions, ManagedTorrent, ManagedTorrentState};
use parking_lot::Mutex;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use torrpeddo_swarm::{Attachment, Sources, Swarm, TorrentInfo, TorrentStats, Traffic};

use crate::error::{Error, Result};
use crate::files::Folder;
use crate::metainfo::{self, InfoHash};
use crate::session::backend::Backend;
use crate::session::behind::{Behind, Writers};
use crate::session::bits::{Bitfield, Progress, selection};
use crate::session::blocking;
use crate::session::check::find_pieces;
use crate::session::content::{Content, Place};
use crate::session::ledger::Ledger;
use crate::session::peers::Peer;
use crate::session::pool::Pool;
use crate::session::record::Records;
use crate::session::storage::{Factory, Holders};
use crate::session::types::{Halted, Phase, RunSpec, RunStats, Verify};

/// How long librqbit's tasks may take to end. What still runs then is behind a closed gate.
const ENDING: Duration = Duration::from_secs(10);

/// What runs share.
pub struct Shared {
    /// The records of all torrents.
    pub records: Records,
    /// The open files of all torrents.
    pub pool: Arc<Pool>,
    /// The threads that write for all torrents.
    pub writers: Writers,
    /// Reading whole torrents is limited: more at a time is slower for all.
    pub checking: Semaphore,
    /// Told when a torrent has become complete.
    pub finished: watch::Sender<()>,
    /// Torrents whose users have been told that files are gone. Whoever starts one all the same
    /// wants them to be downloaded again.
    pub warned: Mutex<HashSet<InfoHash>>,
}

/// One running torrent.
pub struct Run {
    spec: RunSpec,
    content: Arc<Content>,
    ledger: Arc<Ledger>,
    stop: CancellationToken,
    holders: Holders,
    checked: AtomicU64,
    state: Mutex<State>,
    /// Its trackers, which may change until it is live.
    tiers: Mutex<Vec<Vec<String>>>,
    /// Held by whoever stops it; what was left, once it has stopped.
    stopping: tokio::sync::Mutex<Option<Result<Halted>>>,
}

#[derive(Default)]
struct State {
    driver: Option<tokio::task::JoinHandle<()>>,
    handle: Option<Arc<ManagedTorrent>>,
    /// It is known which pieces are there.
    checked: bool,
    live: bool,
    /// The swarm, while it brings peers.
    swarm: Option<Swarm>,
    /// The last figures of the swarm. They go away with its part of the torrent, and what has been told
    /// must not be taken back.
    traffic: TorrentStats,
    failure: Option<Error>,
}

impl Run {
    /// Opens the folder and looks at the files. Blocks.
    pub fn open(spec: RunSpec, number: u64, shared: &Shared) -> Result<Self> {
        let meta = Arc::clone(&spec.meta);
        let saved = shared.records.load(spec.id, meta.piece_count);
        // Where pieces are verified, the folder was there: if it is not, its disk is missing, and
        // making it anew would fill another one.
        let known = saved.is_some_and(|saved| saved.bits.ones() > 0);
        let folder = if known { Folder::open(&spec.folder) } else { Folder::create(&spec.folder) };
        let folder = folder.map_err(|error| Error::io(&spec.folder, &error))?;
        let before = match shared.records.before(spec.id) {
            Some(before) if before.count() as usize == meta.files.len() => before,
            _ => {
                let mut before = Bitfield::empty(meta.files.len() as u32);
                for (index, file) in meta.files.iter().enumerate().filter(|(_, f)| !f.padding) {
                    // Whatever is in the way is not ours either.
                    before.set(index as u32, folder.occupied(&file.path).unwrap_or(true));
                }
                shared.records.save_before(spec.id, &before)?;
                before
            }
        };
        let selected = selection(&meta, spec.selected.as_deref());
        let ledger =
            Ledger::new(Arc::clone(&meta), shared.records.clone(), selected.clone(), spec.totals);
        let content = Content::open(Place {
            meta,
            folder,
            parts: shared.records.parts(spec.id),
            selected,
            before,
            pool: Arc::clone(&shared.pool),
            run: number,
        })?;
        Ok(Self {
            tiers: Mutex::new(spec.tiers.clone()),
            spec,
            content: Arc::new(content),
            ledger: Arc::new(ledger),
            stop: CancellationToken::new(),
            holders: Holders::default(),
            checked: AtomicU64::new(0),
            state: Mutex::default(),
            stopping: tokio::sync::Mutex::default(),
        })
    }

    /// Starts the task that checks and then runs it.
    pub fn drive(self: &Arc<Self>, swarm: Swarm, backend: Arc<Backend>, shared: Arc<Shared>) {
        let run = Arc::clone(self);
        let driver = tokio::spawn(async move {
            // In a task of its own, which may panic: a torrent that stands still and does not say why
            // would be worse than a bug that is told.
            let inner = Arc::clone(&run);
            let task = tokio::spawn(async move { inner.start(&swarm, &backend, &shared).await });
            let outcome =
                task.await.unwrap_or_else(|error| Err(Error::Internal(error.to_string())));
            if let Err(error) = outcome {
                run.state.lock().failure.get_or_insert(error);
            }
        });
        self.state.lock().driver = Some(driver);
    }

    async fn start(
        self: &Arc<Self>,
        swarm: &Swarm,
        backend: &Backend,
        shared: &Shared,
    ) -> Result<()> {
        let Some(bits) = self.find_pieces(shared).await? else { return Ok(()) };
        self.state.lock().checked = true;
        if self.spec.check_only {
            return Ok(());
        }
        let torrent = metainfo::rebuild(&self.spec.torrent, &[])?;
        let factory = Factory {
            content: Arc::clone(&self.content),
            behind: Behind::new(Arc::clone(&self.content), shared.writers.clone()),
            ledger: Arc::clone(&self.ledger),
            swarm: swarm.clone(),
            finished: shared.finished.clone(),
            holders: self.holders.clone(),
        };
        let options =
            AddTorrentOptions { only_files: self.only_files(), ..AddTorrentOptions::default() };
        let handle = backend.add(&self.spec.meta, torrent, bits.clone(), factory, options).await?;
        self.state.lock().handle = Some(Arc::clone(&handle));
        tokio::select! {
            ready = backend.initialized(&handle, &bits) => ready?,
            () = self.stop.cancelled() => return Ok(()),
        }
        self.state.lock().live = true;
        if self.stop.is_cancelled() {
            return Ok(());
        }
        let inlet = backend.begin(&handle).await?;
        let attachment = Attachment { info: Arc::new(self.info()?), engine: Arc::new(inlet) };
        let tiers = self.tiers.lock().clone();
        let sources = Sources { tiers: tiers.clone(), peers: self.spec.peers.clone() };
        self.state.lock().swarm = Some(swarm.clone());
        let (done_bytes, selected_bytes) = self.ledger.totals();
        let finished = done_bytes >= selected_bytes;
        swarm.attach(attachment, bits.as_bytes(), finished, &sources).await;
        // They may have been changed meanwhile.
        let now = self.tiers.lock().clone();
        if now != tiers {
            swarm.set_trackers(self.spec.id, now);
        }
        Ok(())
    }

    /// The layout of the torrent, for the swarm.
    fn info(&self) -> Result<TorrentInfo> {
        let meta = &self.spec.meta;
        let info = metainfo::raw_info(&self.spec.torrent)?;
        Ok(TorrentInfo {
            info_hash: meta.info_hash,
            info: self.spec.torrent.slice_ref(info),
            piece_count: meta.piece_count,
            piece_bytes: meta.piece_bytes,
            total_bytes: meta.total_bytes,
            private: meta.private,
        })
    }

    /// The pieces that are there, recorded. `None` if it was stopped.
    async fn find_pieces(self: &Arc<Self>, shared: &Shared) -> Result<Option<Bitfield>> {
        let run = Arc::clone(self);
        let records = shared.records.clone();
        let saved = blocking(move || Ok(records.load(run.spec.id, run.spec.meta.piece_count)));
        let saved = saved.await?;
        let must_read = saved.is_none() || self.spec.verify == Verify::Full;
        let _turn = if must_read && self.content.has_data() {
            tokio::select! {
                turn = shared.checking.acquire() => Some(turn),
                () = self.stop.cancelled() => return Ok(None),
            }
        } else {
            None
        };
        let run = Arc::clone(self);
        let warned = shared.warned.lock().remove(&self.spec.id);
        blocking(move || {
            let verify = run.spec.verify;
            let bits = find_pieces(&run.content, saved, verify, warned, &run.checked, &run.stop)?;
            if let Some(bits) = &bits {
                run.ledger.begin(bits.clone())?;
            }
            Ok(bits)
        })
        .await
    }

    /// The selection as librqbit wants it: nothing it does not know, and nothing at all where every
    /// file is wanted, since it looks through the list for each file.
    fn only_files(&self) -> Option<Vec<usize>> {
        let files = &self.spec.meta.files;
        let flags = selection(&self.spec.meta, self.spec.selected.as_deref());
        let all = flags.iter().zip(files).all(|(wanted, file)| *wanted || file.padding);
        let wanted = flags.iter().enumerate().filter(|(_, wanted)| **wanted);
        (!all).then(|| wanted.map(|(index, _)| index).collect())
    }

    /// Looks whether the files are still there. Blocks.
    pub fn look(&self) {
        if let Err(fault) = self.content.look() {
            self.content.note(fault);
        }
    }

    /// Records what was verified lately. Blocks.
    pub fn save(&self) -> Result<()> {
        self.ledger.save(&self.content)
    }

    /// Its figures.
    pub fn stats(&self) -> RunStats {
        let (done_bytes, selected_bytes) = self.ledger.totals();
        let phase = self.phase();
        let traffic = self.traffic();
        let TorrentStats { totals, rates, connected, known } = traffic;
        self.ledger.note_traffic(totals.down, totals.up);
        let count = |count| u32::try_from(count).unwrap_or(u32::MAX);
        RunStats {
            finished: matches!(phase, Phase::Live | Phase::Checked) && done_bytes >= selected_bytes,
            phase,
            done_bytes,
            fetched: totals.down,
            uploaded: totals.up,
            download_rate: rates.down,
            upload_rate: rates.up,
            peers_connected: count(connected),
            peers_known: count(known),
        }
    }

    /// The figures of the swarm, or the last ones.
    fn traffic(&self) -> TorrentStats {
        let mut state = self.state.lock();
        if let Some(stats) = state.swarm.as_ref().and_then(|swarm| swarm.stats(self.spec.id)) {
            state.traffic = stats;
        }
        state.traffic
    }

    fn phase(&self) -> Phase {
        let state = self.state.lock();
        // What the disk said is more telling than what librqbit makes of it.
        let failure = self.content.failure().or_else(|| state.failure.clone());
        let failure = failure.or_else(|| {
            state.handle.as_ref()?.with_state(|state| match state {
                ManagedTorrentState::Error(error) => Some(Error::Internal(format!("{error:#}"))),
                _ => None,
            })
        });
        match failure {
            Some(error) => Phase::Failed(error),
            None if state.live => Phase::Live,
            None if state.checked && self.spec.check_only => Phase::Checked,
            None => Phase::Checking { checked_bytes: self.checked.load(Ordering::Relaxed) },
        }
    }

    /// The peers that it is connected to.
    pub fn peers(&self) -> Vec<Peer> {
        let swarm = self.state.lock().swarm.clone();
        let peers = swarm.and_then(|swarm| swarm.peers(self.spec.id)).unwrap_or_default();
        let count = self.spec.meta.piece_count;
        let mut peers: Vec<_> = peers.into_iter().map(|peer| Peer::new(peer, count)).collect();
        peers.sort_by(|one, other| one.address.cmp(&other.address));
        peers
    }

    /// Replaces the trackers that are asked once it is live.
    pub fn set_tiers(&self, tiers: Vec<Vec<String>>) {
        *self.tiers.lock() = tiers;
    }

    /// Verified bytes of each file.
    pub fn per_file(&self) -> Vec<u64> {
        self.ledger.progress().per_file
    }

    /// The verified pieces.
    pub fn bits(&self) -> Bitfield {
        self.ledger.bits()
    }

    /// Whether somebody has taken away a file, or the end of one, and that has been told.
    pub fn is_damaged(&self) -> bool {
        self.content.is_damaged()
    }

    /// Whether someone has begun to stop it.
    pub fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Stops it. When this returns, no connection and no disk work of it is left, and what was
    /// verified is recorded. Every caller gets the same answer.
    pub async fn halt(&self, backend: &Backend) -> Result<Halted> {
        self.stop.cancel();
        let mut stopped = self.stopping.lock().await;
        if let Some(halted) = &*stopped {
            return halted.clone();
        }
        let halted = self.halt_once(backend).await;
        *stopped = Some(halted.clone());
        halted
    }

    async fn halt_once(&self, backend: &Backend) -> Result<Halted> {
        let driver = self.state.lock().driver.take();
        if let Some(driver) = driver
            && let Err(error) = driver.await
        {
            tracing::error!(id = %self.spec.id, %error, "a torrent's task failed");
        }
        let swarm = self.state.lock().swarm.take();
        if let Some(swarm) = swarm
            && let Some(totals) = swarm.detach(self.spec.id).await
        {
            self.state.lock().traffic = TorrentStats { totals, ..TorrentStats::default() };
        }
        let handle = self.state.lock().handle.take();
        if let Some(handle) = handle {
            backend.remove(&handle).await;
        }
        let Traffic { down: fetched, up: uploaded } = self.state.lock().traffic.totals;
        self.ledger.note_traffic(fetched, uploaded);
        let content = Arc::clone(&self.content);
        _ = tokio::task::spawn_blocking(move || content.close()).await;
        if tokio::time::timeout(ENDING, self.holders.gone()).await.is_err() {
            tracing::error!(id = %self.spec.id, "librqbit still holds a torrent that was stopped");
        }
        let checked = self.state.lock().checked;
        let (ledger, content) = (Arc::clone(&self.ledger), Arc::clone(&self.content));
        let saved = blocking(move || {
            let saved = ledger.save(&content);
            ledger.close();
            // Saving may have opened files once more.
            content.close();
            saved
        });
        let saved = saved.await;
        let done_bytes = if checked { Some(self.done_bytes().await?) } else { None };
        saved.map(|()| Halted { fetched, uploaded, done_bytes })
    }

    /// Verified bytes of the selected files. What was taken away does not count; the record knows of
    /// it still, in case it is put back.
    async fn done_bytes(&self) -> Result<u64> {
        if !self.is_damaged() {
            return Ok(self.ledger.totals().0);
        }
        let (bits, content) = (self.ledger.bits(), Arc::clone(&self.content));
        let bits = blocking(move || content.present(bits)).await?;
        let selected = selection(&self.spec.meta, self.spec.selected.as_deref());
        Ok(Progress::count(&self.spec.meta, &bits, &selected).done_bytes)
    }
}

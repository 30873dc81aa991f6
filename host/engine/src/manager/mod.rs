//! The manager: every torrent, what the user wants of it, and what it does.
//!
//! One lock guards the state, and is never held across an await. What a torrent *should* do
//! follows from the user's wish and the queue's grant; [`settle`](Manager::settle) brings what it
//! *does* in line with that, one torrent at a time behind its gate. So commands may come in any
//! order from anywhere: the last wish wins, and no start overtakes a stop.

mod add;
mod board;
mod change;
mod commands;
mod details;
mod entry;
mod fetch;
mod hold;
mod moving;
mod notices;
mod options;
mod previews;
mod queries;
mod schedule;
mod settle;
mod swarm_view;
mod ticker;
mod trackers;
mod watch;

#[cfg(test)]
pub(crate) mod testing;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use tokio::sync::{Notify, broadcast};
use torrpeddo_protocol::Settings;
use torrpeddo_protocol::notifications::{Event, EventKind};

use crate::config::EngineConfig;
use crate::metainfo::InfoHash;
use crate::session::{Session, SessionConfig};
use crate::store::{Ack, Store};
use crate::{Error, Result};

use board::Board;
pub use board::Delta;
pub use commands::Deletion;
use entry::Entry;
pub(crate) use entry::parse_id;
pub use options::patched;
use previews::Previews;
pub(crate) use queries::{base64, weight};

/// How many events a slow client may lag behind before it misses some.
const EVENTS: usize = 1024;

/// The manager. Clones share it.
#[derive(Clone)]
pub struct Manager(Arc<Inner>);

struct Inner {
    config: EngineConfig,
    store: Store,
    session: Session,
    http: reqwest::Client,
    state: Mutex<State>,
    events: broadcast::Sender<Event>,
    /// Something changed that the queue should know.
    wake: Notify,
    /// Another folder is to be watched.
    watch: Notify,
    /// How often running torrents are looked at.
    tick: tokio::sync::watch::Sender<Duration>,
    /// The engine is ending: nothing starts any more.
    stopping: tokio::sync::watch::Sender<bool>,
    started_at: u64,
}

struct State {
    entries: HashMap<InfoHash, Entry>,
    board: Board,
    previews: Previews,
    /// The files that were asked for last, of a torrent that does not run.
    listed: Option<queries::Listed>,
    /// Defaults, changed by what somebody set.
    settings: Settings,
    /// When running torrents were last looked at.
    looked_at: Instant,
    /// Free bytes at the default folder, as last seen.
    free_bytes: u64,
}

impl Manager {
    /// Opens the store, starts the session and brings every entry back as it was.
    ///
    /// # Errors
    /// When the store or the session cannot be started.
    pub async fn start(config: EngineConfig) -> Result<Self> {
        let data = config.data_dir.clone();
        let make = data.clone();
        blocking(move || std::fs::create_dir_all(&make).map_err(|error| Error::io(&make, &error)))
            .await?;
        let database = data.join("torrpeddo.db");
        let boot_id = config.boot_id.clone();
        let (store, loaded) = blocking(move || Store::open(&database, &boot_id)).await?;
        let settings = options::effective(&config.defaults, &loaded.settings)?;
        let session = Session::start(session_config(&data, &config, &settings)).await?;
        session.set_banned(&settings.banned_peers);
        let mut state = State {
            entries: HashMap::with_capacity(loaded.torrents.len()),
            board: Board::default(),
            previews: Previews::default(),
            listed: None,
            settings,
            looked_at: Instant::now(),
            free_bytes: 0,
        };
        let mut interrupted = Vec::new();
        let mut moved = Vec::new();
        for mut row in loaded.torrents {
            if row.running {
                interrupted.push(row.id);
            }
            if row.move_to.is_some() || row.move_from.is_some() {
                moved.push(row.id);
            }
            row.running = false;
            state.entries.insert(row.id, Entry::new(row));
        }
        let manager = Self(Arc::new(Inner {
            config,
            store,
            session,
            http: fetch::client()?,
            state: Mutex::new(state),
            events: broadcast::Sender::new(EVENTS),
            wake: Notify::new(),
            watch: Notify::new(),
            tick: tokio::sync::watch::Sender::new(ticker::SLOW_TICK),
            stopping: tokio::sync::watch::Sender::new(false),
            started_at: now_ms(),
        }));
        for id in moved {
            manager.recover_move(id).await;
        }
        manager.recount(interrupted).await;
        manager.refresh_free_bytes().await;
        manager.plan();
        manager.spawn_loops();
        manager.spawn_watch();
        manager.spawn_notices();
        Ok(manager)
    }

    /// Stops all network and disk work and saves everything.
    pub async fn stop(&self) {
        if self.0.stopping.send_replace(true) {
            return;
        }
        self.emit(EventKind::EngineStopping, None, None);
        let ids: Vec<_> = {
            let mut state = self.0.state.lock();
            state.previews.clear();
            state.entries.values().for_each(|entry| entry.stop_work.cancel());
            state.entries.keys().copied().collect()
        };
        let settles = ids.into_iter().map(|id| self.settle(id));
        futures_util::future::join_all(settles).await;
        let held: Vec<_> = {
            let state = self.0.state.lock();
            let held = state.entries.values().filter(|entry| entry.holds > 0);
            held.map(|entry| entry.row.id).collect()
        };
        for id in held {
            self.stop_work(id).await;
        }
        self.0.session.stop().await;
        if let Err(error) = self.0.store.mark_clean().durable().await {
            tracing::error!(%error, "the end could not be noted");
        }
        if let Err(error) = self.0.store.checkpoint().await {
            tracing::warn!(%error, "the database keeps its log");
        }
    }

    /// When the engine started.
    #[must_use]
    pub fn started_at(&self) -> u64 {
        self.0.started_at
    }

    /// Everything the engine was told from outside.
    #[must_use]
    pub fn config(&self) -> &EngineConfig {
        &self.0.config
    }

    /// Events as they happen.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.0.events.subscribe()
    }

    /// Returns when everything that has been shown so far is on disk. What somebody was told must not
    /// be gone after a kill, so tell it after this.
    pub async fn settled_on_disk(&self) {
        if let Err(error) = self.0.store.barrier().durable().await {
            tracing::debug!(%error, "what is shown is not on disk");
        }
    }

    /// What changed in the list after `since`.
    #[must_use]
    pub fn since(&self, since: Option<u64>) -> Delta {
        self.0.state.lock().board.since(since)
    }

    /// Whether something downloads, or waits for metadata, or (`seeds`) uploads.
    #[must_use]
    pub fn busy(&self, seeds: bool) -> bool {
        use torrpeddo_protocol::TorrentState;
        let state = self.0.state.lock();
        state
            .entries
            .values()
            .any(|entry| entry.is_work() || (seeds && entry.state() == TorrentState::Seeding))
    }

    fn stopping(&self) -> bool {
        *self.0.stopping.borrow()
    }

    fn emit(&self, kind: EventKind, id: Option<InfoHash>, name: Option<String>) {
        let id = id.map(|id| id.to_string());
        self.emit_event(Event { id, name, ..Event::new(kind, now_ms()) });
    }

    fn emit_failure(&self, id: InfoHash, name: String, error: &Error) {
        let (id, error) = (Some(id.to_string()), Some(error.clone().into()));
        let event = Event::new(EventKind::TorrentError, now_ms());
        self.emit_event(Event { id, name: Some(name), error, ..event });
    }

    fn emit_event(&self, event: Event) {
        // Nobody listens: nobody missed anything.
        let _ = self.0.events.send(event);
    }

    /// Shows and saves an entry after a change.
    fn changed(&self, state: &mut State, id: InfoHash) -> Option<Ack> {
        let entry = state.entries.get(&id)?;
        state.board.publish(id, entry.view());
        Some(self.0.store.save(entry.row.clone()))
    }

    /// Runs `change` on an entry that is there, then shows and saves it.
    fn update<T>(
        &self,
        id: InfoHash,
        change: impl FnOnce(&mut Entry) -> Result<T>,
    ) -> Result<(T, Ack)> {
        let mut state = self.0.state.lock();
        let missing = || Error::NotFound { id: id.to_string() };
        let entry = state.entries.get_mut(&id).filter(|entry| !entry.removing);
        let value = change(entry.ok_or_else(missing)?)?;
        let ack = self.changed(&mut state, id).ok_or_else(missing)?;
        Ok((value, ack))
    }

    /// After a restart: how much of each interrupted torrent is verified.
    async fn recount(&self, interrupted: Vec<InfoHash>) {
        for id in interrupted {
            let Ok(Some(torrent)) = self.0.store.metainfo(id).await else { continue };
            let selected =
                self.0.state.lock().entries.get(&id).and_then(|entry| entry.row.selected.clone());
            let session = self.0.session.clone();
            let found = blocking(move || {
                let meta = crate::metainfo::Metainfo::parse(&torrent)?;
                let selected = entry::selected_files(selected.as_deref());
                let done = session.saved_progress(&meta, id, selected.as_deref()).done_bytes;
                Ok((done, session.saved_totals(id)))
            })
            .await;
            if let Ok((done, totals)) = found
                && let Some(entry) = self.0.state.lock().entries.get_mut(&id)
            {
                if let Some(totals) = totals {
                    entry.row.downloaded = entry.row.downloaded.max(totals.downloaded);
                    entry.row.uploaded = entry.row.uploaded.max(totals.uploaded);
                } else {
                    // What was verified after the counters were last saved has been downloaded.
                    entry.row.downloaded += done.saturating_sub(entry.row.done_bytes);
                }
                entry.row.done_bytes = done;
            }
        }
        let mut state = self.0.state.lock();
        let State { entries, board, .. } = &mut *state;
        for (id, entry) in entries {
            board.publish(*id, entry.view());
        }
    }
}

fn session_config(
    data: &std::path::Path,
    config: &EngineConfig,
    settings: &Settings,
) -> SessionConfig {
    SessionConfig {
        scratch: data.join("session"),
        pieces: data.join("pieces"),
        boot_id: config.boot_id.clone(),
        listen_loopback_only: false,
        listen_port: settings.listen_port,
        dht: settings.dht,
        lsd: settings.lsd,
        upnp: settings.upnp,
        max_connections: settings.max_connections as usize,
        max_connections_per_torrent: settings.max_connections_per_torrent as usize,
        client: format!("Torrpeddo {}", config.version),
    }
}

/// Runs what may wait for a disk away from the tasks that must not.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(Error::Internal(format!("a task failed: {error}"))))
}

/// Unix milliseconds.
pub(crate) fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Settings that somebody set, by name.
pub(crate) type SetSettings = BTreeMap<String, serde_json::Value>;

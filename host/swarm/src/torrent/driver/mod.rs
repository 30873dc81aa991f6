//! The task of one torrent: dials, takes connections in, and gathers addresses of peers.

mod dialing;
mod discovery;
mod events;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use discovery::EXCHANGE;

use crate::announcer::{TorrentAnnouncer, TrackerPeers};
use crate::dial::Dialed;
use crate::error::MetadataError;
use crate::network::Network;
use crate::peer::{CloseReason, PeerEvent};
use crate::peer_store::PeerStore;
use crate::shared::TorrentShared;
use crate::torrent::connections::Connections;
use crate::torrent::{Command, MetadataResult};
use crate::types::{Attachment, PeerSource};

/// Longest time for connections to end when the torrent does.
const ENDING: Duration = Duration::from_secs(10);

/// Where peers of a private torrent may come from (BEP 27).
const PRIVATE_SOURCES: [PeerSource; 3] =
    [PeerSource::Tracker, PeerSource::Incoming, PeerSource::User];

/// What a driver is made of.
pub struct Parts {
    /// What all torrents share.
    pub network: Arc<Network>,
    /// What the torrent's connections share.
    pub shared: Arc<TorrentShared>,
    /// The tracker client.
    pub announcer: Arc<TorrentAnnouncer>,
    /// The open connections.
    pub connections: Arc<Mutex<Connections>>,
    /// Number of known addresses, for the figures.
    pub known: Arc<AtomicUsize>,
    /// Whether the metadata is known.
    pub has_metadata: Arc<AtomicBool>,
    /// Known addresses.
    pub store: PeerStore,
    /// What the task is told.
    pub commands: mpsc::Receiver<Command>,
    /// Addresses from trackers.
    pub tracker_peers: mpsc::Receiver<TrackerPeers>,
}

type DialResult = (SocketAddr, PeerSource, io::Result<(Dialed, OwnedSemaphorePermit)>);

/// The state of a torrent's task.
pub struct Driver {
    parts: Parts,
    dials: JoinSet<DialResult>,
    events_sender: mpsc::UnboundedSender<PeerEvent>,
    events: mpsc::UnboundedReceiver<PeerEvent>,
    metadata: Option<bytes::Bytes>,
    awaiting_metadata: Vec<oneshot::Sender<MetadataResult>>,
    /// The metadata came and no download follows yet: connections are kept, and none is added.
    parked: bool,
    next_exchange: Instant,
    next_search: Instant,
    next_lsd: Instant,
    dht: Option<mpsc::Receiver<SocketAddr>>,
    lsd: Option<mpsc::Receiver<SocketAddr>>,
    was_complete: bool,
}

impl Driver {
    /// A driver that has not begun.
    pub fn new(mut parts: Parts) -> Self {
        if parts.shared.is_private() {
            parts.store.keep_only(&PRIVATE_SOURCES);
        }
        let (events_sender, events) = mpsc::unbounded_channel();
        let now = Instant::now();
        let was_complete = parts.shared.pieces.is_complete();
        Self {
            parts,
            dials: JoinSet::new(),
            events_sender,
            events,
            metadata: None,
            awaiting_metadata: Vec::new(),
            parked: false,
            next_exchange: now + EXCHANGE,
            next_search: now,
            next_lsd: now,
            dht: None,
            lsd: None,
            was_complete,
        }
    }

    /// Works until `end`, then closes every connection. Returns what is known of peers.
    pub async fn run(mut self, end: CancellationToken) -> PeerStore {
        let mut complete = self.parts.shared.pieces.completion();
        self.wanting_peers();
        loop {
            self.dial_due();
            self.search_due();
            self.exchange_due();
            self.report();
            let wake = self.next_wake();
            tokio::select! {
                () = end.cancelled() => break,
                command = self.parts.commands.recv() => match command {
                    Some(command) => self.on_command(command),
                    None => break,
                },
                Some(event) = self.events.recv() => self.on_event(event),
                Some(dialed) = self.dials.join_next() => {
                    if let Ok(dialed) = dialed {
                        self.on_dialed(dialed);
                    }
                }
                Some(found) = self.parts.tracker_peers.recv() => {
                    self.add_peers(found.peers, PeerSource::Tracker, found.from_local_tracker);
                }
                found = next(&mut self.dht) => self.on_discovered(found, PeerSource::Dht),
                found = next(&mut self.lsd) => self.on_discovered(found, PeerSource::Lsd),
                Ok(()) = complete.changed() => self.on_completion(*complete.borrow_and_update()),
                () = sleep_until(wake) => {}
            }
        }
        self.finish().await
    }

    async fn finish(mut self) -> PeerStore {
        self.awaiting_metadata.drain(..).for_each(|waiting| {
            _ = waiting.send(Err(MetadataError::Stopped));
        });
        // The completion may have come at the same time as the end.
        let complete = self.parts.shared.pieces.is_complete();
        if complete && !self.was_complete && self.attachment().is_some() {
            self.parts.announcer.completed();
        }
        self.dials.shutdown().await;
        self.close_where(CloseReason::Stopped, |_| true);
        let closing = async {
            while self.parts.connections.lock().len() > 0 {
                let Some(event) = self.events.recv().await else { break };
                self.on_event(event);
            }
        };
        if timeout(ENDING, closing).await.is_err() {
            tracing::warn!(id = %self.parts.shared.info_hash, "connections did not end in time");
        }
        self.parts.store.all_ended(Instant::now());
        self.parts.store
    }

    fn next_wake(&self) -> Instant {
        let now = Instant::now();
        let room = !self.parked && self.has_room();
        let due = self.parts.store.next_due().filter(|_| room);
        let exchange = (self.parts.connections.lock().len() > 0).then_some(self.next_exchange);
        let searches = self.discovers() && self.dht.is_none() && self.parts.network.uses_dht();
        let search = searches.then_some(self.next_search);
        let times = [due, exchange, search];
        let far = now + Duration::from_secs(3600);
        times.into_iter().flatten().fold(far, Instant::min)
    }

    fn report(&self) {
        self.parts.known.store(self.parts.store.len(), Ordering::Relaxed);
    }

    fn attachment(&self) -> Option<Attachment> {
        self.parts.shared.attachment.borrow().clone()
    }

    fn is_private(&self) -> bool {
        self.parts.shared.is_private()
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::Incoming(incoming) => self.on_incoming(*incoming),
            Command::AddPeers(peers, source) => self.add_peers(peers, source, true),
            Command::Attach { attachment, keep_users } => self.on_attach(attachment, keep_users),
            Command::AwaitMetadata(waiting) => match &self.metadata {
                Some(metadata) => _ = waiting.send(Ok(metadata.clone())),
                None => {
                    self.awaiting_metadata.retain(|waiting| !waiting.is_closed());
                    self.awaiting_metadata.push(waiting);
                }
            },
            Command::Announce => {
                // The next round searches and announces again.
                let now = Instant::now();
                (self.lsd, self.next_lsd, self.next_search) = (None, now, now);
            }
            Command::ApplyBans => {
                let network = Arc::clone(&self.parts.network);
                self.close_where(CloseReason::Banned, |connection| {
                    network.bans.contains(connection.handle.status.address.ip())
                });
            }
        }
    }

    fn on_attach(&mut self, attachment: Attachment, keep_users: bool) {
        self.parked = false;
        self.was_complete = self.parts.shared.pieces.is_complete();
        let private = attachment.info.private;
        if !self.parts.shared.is_finished() {
            self.parts.store.need_seeds(Instant::now());
        }
        self.metadata = Some(attachment.info.info.clone());
        for waiting in self.awaiting_metadata.drain(..) {
            _ = waiting.send(Ok(attachment.info.info.clone()));
        }
        if private {
            // BEP 27: only the torrent's own trackers lead to peers. What was found before the
            // metadata said that the torrent is private is given up.
            (self.dht, self.lsd) = (None, None);
            let sources = if keep_users { &PRIVATE_SOURCES[..] } else { &PRIVATE_SOURCES[..2] };
            self.close_where(CloseReason::Replaced, |connection| {
                !sources.contains(&connection.source)
            });
            self.parts.store.keep_only(sources);
        }
        self.parts.shared.attachment.send_replace(Some(attachment));
        self.wanting_peers();
    }

    fn on_completion(&mut self, complete: bool) {
        if self.attachment().is_none() {
            return;
        }
        if complete && !self.was_complete {
            self.parts.announcer.completed();
        } else if !complete {
            self.parts.store.need_seeds(Instant::now());
        }
        self.was_complete = complete;
        self.wanting_peers();
    }
}

/// The next address of a search, `None` when the search has ended; never resolves without one.
async fn next(search: &mut Option<mpsc::Receiver<SocketAddr>>) -> Option<SocketAddr> {
    match search {
        Some(search) => search.recv().await,
        None => std::future::pending().await,
    }
}

//! One torrent of the swarm: its peers, its trackers and its connections.

mod connections;
mod driver;
mod exchange;
mod figures;
mod flags;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::announcer::{TorrentAnnouncer, TrackerStatus};
use crate::error::MetadataError;
use crate::meter::{Meter, Traffic};
use crate::network::Network;
use crate::peer_store::PeerStore;
use crate::shared::TorrentShared;
use crate::types::{Attachment, PeerSource};
use crate::wire::handshake::Handshake;

use connections::Connections;
pub use connections::PeerView;
use driver::Driver;
pub use flags::PeerFlags;

/// Most commands that wait for a torrent's task. A torrent that is so busy loses incoming connections.
const COMMANDS: usize = 256;

/// Figures of one torrent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TorrentStats {
    /// Payload bytes since the torrent was added.
    pub totals: Traffic,
    /// Payload bytes per second.
    pub rates: Traffic,
    /// Open connections.
    pub connected: usize,
    /// Known addresses.
    pub known: usize,
}

/// A connection that a peer opened.
pub struct Incoming {
    /// The connection. Our handshake has not been sent yet.
    pub stream: TcpStream,
    /// Where it comes from.
    pub address: SocketAddr,
    /// The peer's handshake.
    pub handshake: Handshake,
    /// Counts it against the limit of all connections.
    pub permit: OwnedSemaphorePermit,
}

/// The raw `info` dictionary of a torrent, or why there is none.
pub type MetadataResult = Result<bytes::Bytes, MetadataError>;

/// What a torrent's task is told.
pub enum Command {
    /// A peer connected.
    Incoming(Box<Incoming>),
    /// Addresses of peers were found.
    AddPeers(Vec<SocketAddr>, PeerSource),
    /// The metadata is known and the piece engine has the torrent.
    Attach {
        /// The piece engine.
        attachment: Attachment,
        /// Peers that the user named stay, also if the torrent is private.
        keep_users: bool,
    },
    /// Tells when the metadata is known.
    AwaitMetadata(oneshot::Sender<MetadataResult>),
    /// Ask trackers, the DHT and the local network now.
    Announce,
    /// Bans have changed: close connections that are banned.
    ApplyBans,
}

/// A torrent that is part of the swarm. Dropping it ends all of its network work.
pub struct Torrent {
    /// What its connections share.
    pub shared: Arc<TorrentShared>,
    /// The tracker client.
    pub announcer: Arc<TorrentAnnouncer>,
    commands: mpsc::Sender<Command>,
    connections: Arc<Mutex<Connections>>,
    known: Arc<AtomicUsize>,
    has_metadata: Arc<AtomicBool>,
    meter: Mutex<Meter>,
    /// Ends the task, which returns what it knows of peers.
    end: tokio_util::sync::CancellationToken,
    task: tokio::sync::Mutex<Option<JoinHandle<PeerStore>>>,
    _end_when_dropped: tokio_util::sync::DropGuard,
}

impl Torrent {
    /// Starts the torrent's task. `peers` is what an earlier task knew of peers.
    pub fn start(
        network: &Arc<Network>,
        shared: Arc<TorrentShared>,
        announcer: TorrentAnnouncer,
        tracker_peers: mpsc::Receiver<crate::announcer::TrackerPeers>,
        peers: PeerStore,
    ) -> Self {
        let (sender, commands) = mpsc::channel(COMMANDS);
        let connections = Arc::<Mutex<Connections>>::default();
        let known = Arc::new(AtomicUsize::new(0));
        let has_metadata = Arc::new(AtomicBool::new(false));
        let end = tokio_util::sync::CancellationToken::new();
        let announcer = Arc::new(announcer);
        let driver = Driver::new(driver::Parts {
            network: Arc::clone(network),
            shared: Arc::clone(&shared),
            announcer: Arc::clone(&announcer),
            connections: Arc::clone(&connections),
            known: Arc::clone(&known),
            has_metadata: Arc::clone(&has_metadata),
            store: peers,
            commands,
            tracker_peers,
        });
        let task = tokio::spawn(driver.run(end.clone()));
        Self {
            shared,
            announcer,
            commands: sender,
            connections,
            known,
            has_metadata,
            meter: Mutex::default(),
            _end_when_dropped: end.clone().drop_guard(),
            end,
            task: tokio::sync::Mutex::new(Some(task)),
        }
    }

    /// Tells the torrent's task something, and waits until there is room for it.
    pub async fn command(&self, command: Command) {
        _ = self.commands.send(command).await;
    }

    /// Tells the torrent's task something unless too much waits already. Returns whether it was told.
    pub fn try_command(&self, command: Command) -> bool {
        self.commands.try_send(command).is_ok()
    }

    /// The open connections.
    pub fn peers(&self) -> Vec<PeerView> {
        self.connections.lock().view(Instant::now())
    }

    /// Whether peers sent its metadata.
    pub fn has_metadata(&self) -> bool {
        self.has_metadata.load(Ordering::Acquire)
    }

    /// The trackers.
    pub fn trackers(&self) -> Vec<TrackerStatus> {
        self.announcer.status()
    }

    /// The figures of the torrent.
    pub fn stats(&self) -> TorrentStats {
        let totals = self.shared.totals();
        TorrentStats {
            totals,
            rates: self.meter.lock().sample(Instant::now(), totals),
            connected: self.connections.lock().len(),
            known: self.known.load(Ordering::Relaxed),
        }
    }

    /// Closes every connection and ends the task. Returns what is known of peers, the first time. When
    /// any call returns, no connection is left.
    pub async fn stop(&self) -> Option<PeerStore> {
        self.end.cancel();
        // Held until the task has ended: another caller waits here.
        let mut task = self.task.lock().await;
        let peers = task.as_mut()?.await.ok();
        *task = None;
        peers
    }
}

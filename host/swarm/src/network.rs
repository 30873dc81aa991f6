//! What all torrents of a swarm share: limits, bans, discovery and the tracker client.

use std::io;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};

use std::net::SocketAddr;

use parking_lot::RwLock;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use torrpeddo_readers::metainfo::InfoHash;

use crate::announcer::Announcer;
use crate::bans::Bans;
use crate::config::SwarmConfig;
use crate::discovery::{Dht, Lsd};
use crate::pacer::Pacer;
use crate::peer::PeerOptions;
use crate::types::PeerKey;

/// Most dials that have not been answered yet, of all torrents together.
const MAX_HALF_OPEN: usize = 100;

/// Dials a second, of all torrents together.
const DIALS_PER_SECOND: u32 = 50;

/// Dials that may begin at once after a pause.
const DIAL_BURST: u32 = 50;

/// The share of all connections, and of those of a torrent, that peers who connect to us leave to dials:
/// one in so many.
const KEPT_FOR_DIALS: usize = 4;

/// What all torrents share.
pub struct Network {
    config: SwarmConfig,
    /// The bans in force.
    pub bans: Bans,
    /// The tracker client.
    pub announcer: Announcer,
    /// The port for incoming connections.
    pub port: u16,
    connections: Arc<Semaphore>,
    half_open: Arc<Semaphore>,
    pacer: Pacer,
    keys: AtomicU64,
    peer_options: RwLock<Arc<PeerOptions>>,
    /// The port at which peers elsewhere reach us.
    public_port: AtomicU16,
    /// Set once the DHT has started.
    pub dht: OnceLock<Dht>,
    /// Set once local service discovery has started.
    pub lsd: OnceLock<Lsd>,
}

impl Network {
    /// A network that listens on `port`.
    pub fn new(config: SwarmConfig, announcer: Announcer, port: u16) -> Self {
        let bans = Bans::default();
        bans.set_ranges(config.banned.clone());
        let peer_options = PeerOptions {
            client: config.client.clone(),
            listen_port: Some(port),
            ..PeerOptions::default()
        };
        Self {
            bans,
            announcer,
            port,
            connections: Arc::new(Semaphore::new(config.max_connections.max(1))),
            half_open: Arc::new(Semaphore::new(MAX_HALF_OPEN)),
            pacer: Pacer::new(DIALS_PER_SECOND, DIAL_BURST),
            keys: AtomicU64::new(1),
            peer_options: RwLock::new(Arc::new(peer_options)),
            public_port: AtomicU16::new(port),
            dht: OnceLock::new(),
            lsd: OnceLock::new(),
            config,
        }
    }

    /// Most connections of one torrent.
    pub fn max_connections_per_torrent(&self) -> usize {
        self.config.max_connections_per_torrent.max(1)
    }

    /// Our peer id.
    pub const fn peer_id(&self) -> [u8; 20] {
        self.config.peer_id
    }

    /// What every connection needs to know.
    pub fn peer_options(&self) -> Arc<PeerOptions> {
        Arc::clone(&self.peer_options.read())
    }

    /// Sets the port at which peers elsewhere reach us, for peers and the DHT.
    pub fn set_public_port(&self, port: u16) {
        self.public_port.store(port, Ordering::Relaxed);
        let mut options = self.peer_options.write();
        *options =
            Arc::new(PeerOptions { listen_port: Some(port), ..PeerOptions::clone(&options) });
    }

    /// A key that no other connection has.
    pub fn next_key(&self) -> PeerKey {
        PeerKey(self.keys.fetch_add(1, Ordering::Relaxed))
    }

    /// Waits until one more connection may be open.
    ///
    /// # Errors
    /// When the swarm has stopped.
    pub async fn connection_permit(&self) -> io::Result<OwnedSemaphorePermit> {
        let permit = Arc::clone(&self.connections).acquire_owned().await;
        permit.map_err(|_| io::ErrorKind::ConnectionAborted.into())
    }

    /// A permit for a connection that a peer opened, unless too few are left for dials.
    pub fn try_incoming_permit(&self) -> Option<OwnedSemaphorePermit> {
        let kept = self.config.max_connections / KEPT_FOR_DIALS;
        let free = self.connections.available_permits() > kept;
        free.then(|| Arc::clone(&self.connections).try_acquire_owned().ok()).flatten()
    }

    /// Most connections of one torrent that peers opened.
    pub fn max_incoming_per_torrent(&self) -> usize {
        let most = self.max_connections_per_torrent();
        (most - most / KEPT_FOR_DIALS).max(1)
    }

    /// Waits until one more address may be dialed; the permit is held until the peer has answered.
    ///
    /// # Errors
    /// When the swarm has stopped.
    pub async fn dial_permit(&self) -> io::Result<OwnedSemaphorePermit> {
        let permit = Arc::clone(&self.half_open).acquire_owned().await;
        let permit = permit.map_err(|_| io::Error::from(io::ErrorKind::ConnectionAborted))?;
        self.pacer.wait().await;
        Ok(permit)
    }

    /// Whether peers are found without trackers.
    pub const fn discovers(&self) -> bool {
        self.uses_dht() || self.config.lsd
    }

    /// Whether the DHT is used; it may not have started yet.
    pub const fn uses_dht(&self) -> bool {
        self.config.dht.is_some()
    }

    /// Searches the DHT for peers of a torrent that is not private, and announces our port.
    pub fn search_dht(&self, id: InfoHash) -> Option<mpsc::Receiver<SocketAddr>> {
        self.dht.get().map(|dht| dht.search(id, Some(self.public_port.load(Ordering::Relaxed))))
    }

    /// Announces a torrent that is not private in the local network, and listens for its peers.
    pub fn search_lsd(&self, id: InfoHash) -> Option<mpsc::Receiver<SocketAddr>> {
        self.lsd.get().map(|lsd| lsd.announce(id))
    }
}

//! The DHT (BEP 5, 32), on the published crate of librqbit.
//!
//! The crate has one socket for both families. Where the system has no IPv6, the socket is opened for
//! IPv4 alone.
//!
//! The crate's own persistence restores no IPv6 nodes, and its default node id has a prefix that all
//! its users share, which gathers them in one corner of the key space. So the state file and the node
//! id are ours. Its worker ends for good after some errors (one is a day without a bootstrap node)
//! and does not tell; a ping over loopback notices that, and the worker is started again with the
//! nodes that it knew.

mod state;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use librqbit_dht::{DhtState, Id20};
use parking_lot::{Mutex, RwLock};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use torrpeddo_readers::metainfo::InfoHash;

use self::state::State;
use super::DiscoveryError;

/// How long a search asks for peers. The crate asks the closest nodes again every 60 s, so this is
/// one round and its answers.
const SEARCH_TIME: Duration = Duration::from_secs(65);
/// Addresses that wait for the receiver of a search. Further ones are dropped until it reads.
const SEARCH_QUEUE: usize = 256;
/// Different addresses that one search hands on.
const MAX_SEARCH_PEERS: usize = 2_000;
/// How often the state file is written.
const SAVE_INTERVAL: Duration = Duration::from_secs(60);
/// How often the worker is pinged.
const PING_INTERVAL: Duration = Duration::from_secs(300);
/// How long the answer to a ping may take.
const PING_TIMEOUT: Duration = Duration::from_secs(5);
/// Pings without an answer after which the worker counts as ended.
const PINGS: usize = 3;

/// How the DHT is started.
#[derive(Debug, Clone)]
pub struct DhtConfig {
    /// The file that keeps the node id, the port and the known nodes. Its directory must exist.
    pub state_file: PathBuf,
    /// Whether IPv4 peers are wanted.
    pub ipv4: bool,
    /// Whether IPv6 peers are wanted.
    pub ipv6: bool,
    /// Nodes that are asked first, as `host:port`; `None` for the well-known ones.
    pub bootstrap: Option<Vec<String>>,
}

/// A node of the DHT. All work ends when the value is dropped.
#[derive(Debug)]
pub struct Dht {
    shared: Arc<Shared>,
    end: CancellationToken,
}

struct Shared {
    config: DhtConfig,
    node: RwLock<Arc<DhtState>>,
    /// Held while the state file is written.
    saving: Mutex<()>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Dht {
    /// Opens the socket and joins the DHT on the current runtime. The port is the one of the state
    /// file, or another one when that is taken. A state file that is missing, damaged or over
    /// 4 MiB counts as empty.
    ///
    /// # Errors
    /// When no family is wanted, or there is no socket for either. A later call may succeed.
    pub async fn start(config: DhtConfig) -> Result<Self, DiscoveryError> {
        if !config.ipv4 && !config.ipv6 {
            return Err(DiscoveryError::NoFamily);
        }
        let path = config.state_file.clone();
        let state = tokio::task::spawn_blocking(move || State::load(&path)).await;
        let end = CancellationToken::new();
        let node = start_node(&config, state.unwrap_or_default(), &end).await?;
        let shared = Arc::new(Shared { config, node: RwLock::new(node), saving: Mutex::default() });
        tokio::spawn(supervise(shared.clone(), end.clone(), PING_INTERVAL));
        Ok(Self { shared, end })
    }

    /// Number of known nodes of both families.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.node().with_routing_tables(|v4, v6| v4.iter().count() + v6.iter().count())
    }

    /// The UDP port.
    #[must_use]
    #[cfg(test)]
    pub fn port(&self) -> u16 {
        self.node().listen_addr().port()
    }

    /// Searches for peers of a torrent for about a minute, and announces `announce_port` as ours to
    /// the closest nodes if it is given. Must not be called for a private torrent (BEP 27).
    ///
    /// Ends after that time, or when the receiver is dropped. Each address is sent once, at most
    /// 2,000 in all; addresses are dropped while 256 are unread.
    #[must_use]
    pub fn search(
        &self,
        info_hash: InfoHash,
        announce_port: Option<u16>,
    ) -> mpsc::Receiver<SocketAddr> {
        let (peers, receiver) = mpsc::channel(SEARCH_QUEUE);
        let mut stream = self.node().get_peers(Id20::new(info_hash.0), announce_port);
        let (ipv4, ipv6) = (self.shared.config.ipv4, self.shared.config.ipv6);
        let end = self.end.clone();
        tokio::spawn(async move {
            let time_out = tokio::time::sleep(SEARCH_TIME);
            tokio::pin!(time_out);
            let mut sent = HashSet::new();
            // The stream's own queue has no bound, so it is read at once, whether or not the receiver
            // reads.
            while sent.len() < MAX_SEARCH_PEERS {
                let address = tokio::select! {
                    () = &mut time_out => break,
                    () = end.cancelled() => break,
                    () = peers.closed() => break,
                    address = stream.next() => match address {
                        Some(address) => address,
                        None => break,
                    },
                };
                let wanted = if address.is_ipv4() { ipv4 } else { ipv6 };
                if wanted && !sent.contains(&address) && peers.try_send(address).is_ok() {
                    sent.insert(address);
                }
            }
        });
        receiver
    }

    /// Writes the state file and ends all work. The file's error is logged.
    pub async fn stop(&self) {
        if self.end.is_cancelled() {
            return;
        }
        save(&self.shared).await;
        self.end.cancel();
    }

    fn node(&self) -> Arc<DhtState> {
        self.shared.node.read().clone()
    }
}

impl Drop for Dht {
    fn drop(&mut self) {
        self.end.cancel();
    }
}

/// Tries the wanted families and the earlier port first.
async fn start_node(
    config: &DhtConfig,
    state: State,
    end: &CancellationToken,
) -> Result<Arc<DhtState>, DiscoveryError> {
    // The crate opens an IPv6 socket for both families.
    let v6 = config.ipv6.then_some(Ipv6Addr::UNSPECIFIED.into());
    let v4 = config.ipv4.then_some(Ipv4Addr::UNSPECIFIED.into());
    let mut addresses = Vec::new();
    for ip in v6.into_iter().chain(v4) {
        addresses.push(SocketAddr::new(ip, state.port));
        if state.port != 0 {
            addresses.push(SocketAddr::new(ip, 0));
        }
    }
    let mut failure = None;
    for address in addresses {
        // The types of the tables have no public name, and are inferred.
        let config = librqbit_dht::DhtConfig {
            peer_id: Some(state.node_id()),
            bootstrap_addrs: config.bootstrap.clone(),
            routing_table: state::table(state.table.as_ref()),
            routing_table_v6: state::table(state.table_v6.as_ref()),
            listen_addr: Some(address),
            cancellation_token: Some(end.child_token()),
            ..Default::default()
        };
        match DhtState::with_config(config).await {
            Ok(node) => return Ok(node),
            Err(error) => {
                tracing::debug!(%address, "no socket for the DHT: {error}");
                failure.get_or_insert(error);
            }
        }
    }
    Err(failure.map_or(DiscoveryError::NoFamily, DiscoveryError::Dht))
}

/// Writes the state now and then, and starts the worker again when it has ended.
async fn supervise(shared: Arc<Shared>, end: CancellationToken, ping_interval: Duration) {
    let mut ping_at = Instant::now() + ping_interval;
    let mut save_at = Instant::now() + SAVE_INTERVAL;
    // Where loopback is filtered a worker never answers, which must not restart it.
    let mut answered = false;
    loop {
        tokio::select! {
            () = end.cancelled() => return,
            () = tokio::time::sleep_until(save_at) => {
                save(&shared).await;
                save_at = Instant::now() + SAVE_INTERVAL;
            }
            () = tokio::time::sleep_until(ping_at) => {
                let port = shared.node.read().listen_addr().port();
                if answers(port).await {
                    answered = true;
                } else if answered {
                    tracing::warn!("the DHT does not answer and is started again");
                    restart(&shared, &end).await;
                }
                ping_at = Instant::now() + ping_interval;
            }
        }
    }
}

async fn restart(shared: &Shared, end: &CancellationToken) {
    let old = shared.node.read().clone();
    old.cancellation_token().cancel();
    let state = State::of(&old);
    match start_node(&shared.config, state, end).await {
        Ok(node) => *shared.node.write() = node,
        Err(error) => tracing::warn!("{error}"),
    }
}

/// Whether the node at a port of this machine answers a ping (BEP 5).
async fn answers(port: u16) -> bool {
    for _ in 0..PINGS {
        if let Ok(Ok(_)) = tokio::time::timeout(PING_TIMEOUT, ping(port)).await {
            return true;
        }
    }
    false
}

async fn ping(port: u16) -> std::io::Result<usize> {
    const PING: &[u8] = b"d1:ad2:id20:torrpeddo-own-ping--e1:q4:ping1:t2:tp1:y1:qe";
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    socket.connect((Ipv4Addr::LOCALHOST, port)).await?;
    socket.send(PING).await?;
    socket.recv(&mut [0; 256]).await
}

async fn save(shared: &Arc<Shared>) {
    let shared = shared.clone();
    let saved = tokio::task::spawn_blocking(move || {
        let _saving = shared.saving.lock();
        let node = shared.node.read().clone();
        let path = &shared.config.state_file;
        if let Err(error) = state::save(&node, path) {
            tracing::warn!(path = %path.display(), "the state of the DHT is not saved: {error}");
        }
    });
    // An error is a panic, which is reported already.
    let _ = saved.await;
}

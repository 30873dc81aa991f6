//! Starting the swarm, and meeting the peers that connect to it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Inner, Swarm};
use crate::announcer::{Announcer, AnnouncerConfig};
use crate::config::SwarmConfig;
use crate::discovery::{Dht, DhtConfig, Lsd};
use crate::error::StartError;
use crate::listener::{Handshakes, Listener, accept};
use crate::network::Network;
use crate::peer::handshaking::read_incoming;
use crate::port_mapping::{PortMapper, PortMapperConfig, PortMapping};
use crate::torrent::{Command, Incoming};

/// Longest time until a peer that connected has sent its handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Peers asked for in one announce.
const NUMWANT: u32 = 80;

/// Pause until the DHT is started again when there was no socket for it.
const RETRY: Duration = Duration::from_secs(60);

impl Swarm {
    /// Listens for peers and starts discovery as `config` says.
    ///
    /// # Errors
    /// When the system gives no port, or the tracker client cannot start. Without DHT, local service
    /// discovery or port mapping the swarm works all the same; what fails there is logged.
    pub fn start(config: SwarmConfig) -> Result<Self, StartError> {
        let listener = Listener::bind(config.listen_port, config.loopback_only)?;
        let port = listener.port();
        let (announced, port_watch) = watch::channel(Some(port));
        let announcer = Announcer::new(AnnouncerConfig {
            user_agent: config.user_agent.clone(),
            port: port_watch,
            numwant: NUMWANT,
            ipv4: true,
            ipv6: true,
        })?;
        let end = CancellationToken::new();
        let mapping = PortMapperConfig { port, tcp: true, udp: true };
        let port_mapper = config.port_mapping.then(|| PortMapper::start(mapping));
        let network = Arc::new(Network::new(config.clone(), announcer, port));
        if let Some(mapper) = &port_mapper {
            let network = Arc::clone(&network);
            tokio::spawn(announce_external_port(mapper.status(), announced, network));
        }
        start_discovery(&network, &config, &end);
        let swarm = Self(Arc::new(Inner {
            network,
            torrents: Mutex::default(),
            ending: Mutex::default(),
            telling: Mutex::default(),
            remembered: Mutex::default(),
            port_mapper,
            tasks: TaskTracker::new(),
            listening: TaskTracker::new(),
            _end_when_dropped: end.clone().drop_guard(),
            end: end.clone(),
        }));
        let handshakes = Arc::<Handshakes>::default();
        for socket in listener.into_sockets() {
            let (inner, handshakes) = (Arc::downgrade(&swarm.0), Arc::clone(&handshakes));
            let serve = move |stream, address: SocketAddr| {
                let (Some(inner), Some(guard)) = (inner.upgrade(), handshakes.enter(address.ip()))
                else {
                    return;
                };
                tokio::spawn(async move {
                    Self(inner).meet(stream, address).await;
                    drop(guard);
                });
            };
            swarm.0.listening.spawn(accept(socket, end.clone(), serve));
        }
        Ok(swarm)
    }

    /// Reads the handshake of a peer that connected and hands the connection to its torrent.
    async fn meet(&self, mut stream: TcpStream, address: SocketAddr) {
        let network = &self.0.network;
        if network.bans.contains(address.ip()) {
            return;
        }
        let Ok(Ok(handshake)) = timeout(HANDSHAKE, read_incoming(&mut stream)).await else {
            return;
        };
        if handshake.peer_id == network.peer_id() {
            // The answer tells the dialing side, which is our own, that the address is ours.
            _ = stream.try_write(&handshake.to_bytes());
            return;
        }
        if stream.set_nodelay(true).is_err() {
            return;
        }
        if let Some(torrent) = self.get(handshake.info_hash)
            && let Some(permit) = network.try_incoming_permit()
        {
            let incoming = Incoming { stream, address, handshake, permit };
            torrent.try_command(Command::Incoming(Box::new(incoming)));
        }
    }
}

/// Announces the port that the router forwards, which may be another one than ours.
async fn announce_external_port(
    mut mapping: watch::Receiver<PortMapping>,
    announced: watch::Sender<Option<u16>>,
    network: Arc<Network>,
) {
    while mapping.changed().await.is_ok() {
        if let PortMapping::Mapped { port, .. } = *mapping.borrow_and_update() {
            network.set_public_port(port);
            announced.send_if_modified(|announced| announced.replace(port) != Some(port));
        }
    }
}

/// Starts the DHT and local service discovery in tasks of their own.
fn start_discovery(network: &Arc<Network>, config: &SwarmConfig, end: &CancellationToken) {
    if let Some(state_file) = config.dht.clone() {
        let (network, end) = (Arc::clone(network), end.clone());
        tokio::spawn(async move {
            let config = DhtConfig { state_file, ipv4: true, ipv6: true, bootstrap: None };
            loop {
                let started = tokio::select! {
                    started = Dht::start(config.clone()) => started,
                    () = end.cancelled() => return,
                };
                match started {
                    Ok(dht) => {
                        _ = network.dht.set(dht);
                        return;
                    }
                    Err(error) => tracing::warn!(%error, "the DHT does not start"),
                }
                tokio::select! {
                    () = tokio::time::sleep(RETRY) => {}
                    () = end.cancelled() => return,
                }
            }
        });
    }
    if config.lsd {
        match Lsd::start(network.port) {
            Ok(lsd) => _ = network.lsd.set(lsd),
            Err(error) => tracing::warn!(%error, "local service discovery does not start"),
        }
    }
}

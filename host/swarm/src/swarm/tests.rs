use std::net::SocketAddr;
use std::sync::atomic::Ordering;

use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::*;
use crate::config::SwarmConfig;
use crate::error::MetadataError;
use crate::wire::handshake::Handshake;

const ID: InfoHash = InfoHash([7; 20]);

fn swarm() -> Swarm {
    Swarm::start(SwarmConfig {
        listen_port: None,
        loopback_only: true,
        peer_id: *b"-TP0000-swarm tests!",
        client: "Torrpeddo test".into(),
        user_agent: "Torrpeddo/test".into(),
        dht: None,
        lsd: false,
        port_mapping: false,
        max_connections: 50,
        max_connections_per_torrent: 20,
        banned: Vec::new(),
    })
    .unwrap()
}

/// A peer that accepts one connection, reads the handshake and says nothing.
struct SilentPeer {
    address: SocketAddr,
    stream: JoinHandle<TcpStream>,
}

impl SilentPeer {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stream = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_exact(&mut [0; Handshake::LEN]).await.unwrap();
            stream
        });
        Self { address, stream }
    }

    fn sources(&self) -> Sources {
        Sources { tiers: Vec::new(), peers: vec![self.address.to_string()] }
    }

    /// Waits until the other side has closed the connection.
    async fn closed(self) {
        let mut stream = self.stream.await.unwrap();
        _ = stream.read(&mut [0; 1]).await;
    }
}

async fn until(mut condition: impl FnMut() -> bool) {
    while !condition() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn a_resolve_that_is_dropped_leaves_nothing() {
    let (swarm, peer) = (swarm(), SilentPeer::start().await);
    let (asking, sources) = (swarm.clone(), peer.sources());
    let resolve = tokio::spawn(async move { asking.resolve(ID, &sources).await });
    until(|| peer.stream.is_finished()).await;
    assert!(swarm.stats(ID).is_some());
    resolve.abort();
    peer.closed().await;
    until(|| swarm.stats(ID).is_none()).await;
    swarm.leave(ID).await;
    assert!(swarm.0.ending.lock().is_empty() && swarm.0.torrents.lock().is_empty());
}

#[tokio::test]
async fn a_torrent_stays_while_another_resolve_waits() {
    let (swarm, peer) = (swarm(), SilentPeer::start().await);
    let resolve = || {
        let (asking, sources) = (swarm.clone(), peer.sources());
        tokio::spawn(async move { asking.resolve(ID, &sources).await })
    };
    let (first, second) = (resolve(), resolve());
    until(|| peer.stream.is_finished()).await;
    until(|| swarm.0.torrents.lock()[&ID].resolving.load(Ordering::Acquire) == 2).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    swarm.leave(ID).await;
    assert!(swarm.stats(ID).is_some(), "the second one still waits");
    second.abort();
    peer.closed().await;
}

#[tokio::test]
async fn a_stopped_swarm_takes_no_torrent() {
    let (swarm, peer) = (swarm(), SilentPeer::start().await);
    let (asking, sources) = (swarm.clone(), peer.sources());
    let resolve = tokio::spawn(async move { asking.resolve(ID, &sources).await });
    until(|| swarm.stats(ID).is_some()).await;
    swarm.stop().await;
    assert_eq!(resolve.await.unwrap(), Err(MetadataError::Stopped));
    assert_eq!(swarm.resolve(ID, &peer.sources()).await, Err(MetadataError::Stopped));
    assert!(swarm.0.torrents.lock().is_empty());
}

#[tokio::test]
async fn our_own_listener_answers_with_our_peer_id() {
    let swarm = swarm();
    let peer_id = swarm.0.network.peer_id();
    let own = SocketAddr::from(([127, 0, 0, 1], swarm.port()));
    let dialed = crate::dial::dial(own, Handshake::new(ID, peer_id)).await.unwrap();
    assert_eq!(dialed.handshake.peer_id, peer_id, "so the address is known to be ours");
}

#[tokio::test]
async fn nobody_to_ask_is_told_at_once() {
    let swarm = swarm();
    let nobody = swarm.resolve(ID, &Sources::default()).await;
    assert_eq!(nobody, Err(MetadataError::NoPeerSource));
    let unknown = Sources { tiers: Vec::new(), peers: vec!["no such host:1".into()] };
    assert_eq!(swarm.resolve(ID, &unknown).await, Err(MetadataError::NoPeerFound));
}

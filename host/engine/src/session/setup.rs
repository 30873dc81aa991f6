//! How librqbit's session is set up.

use std::collections::HashSet;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use librqbit::{
    ConnectionOptions, ListenerMode, ListenerOptions, PeerConnectionOptions, SessionOptions,
    SessionPersistenceConfig, generate_azereus_style,
};
use tokio_util::sync::CancellationToken;
use torrpeddo_swarm::{AddressRange, SwarmConfig};

use crate::error::{Error, Result};
use crate::metainfo::InfoHash;
use crate::session::types::SessionConfig;

/// How long librqbit waits for a peer's next byte. The swarm notices silent peers, so librqbit never has
/// to.
const SILENCE: Duration = Duration::from_secs(24 * 60 * 60);
/// Most connections of one torrent that librqbit takes. The swarm's limits are lower.
const PEERS: usize = 4096;
/// How many torrents librqbit looks at at a time. The slow part of that is ours, and limited there.
const INITIALIZING: usize = 8;

/// Starts librqbit with nothing but a listener on loopback: every connection comes from the swarm.
///
/// # Errors
/// `Unavailable` when it does not start.
pub async fn start(
    config: &SessionConfig,
    token: &CancellationToken,
) -> Result<Arc<librqbit::Session>> {
    let options = SessionOptions {
        dht: None,
        fastresume: true,
        persistence: Some(SessionPersistenceConfig::Json { folder: Some(config.scratch.clone()) }),
        listen: Some(ListenerOptions {
            mode: ListenerMode::TcpOnly,
            listen_addr: (Ipv4Addr::LOCALHOST, 0).into(),
            ipv4_only: true,
            ..ListenerOptions::default()
        }),
        connect: Some(ConnectionOptions {
            peer_opts: Some(PeerConnectionOptions {
                read_write_timeout: Some(SILENCE),
                keep_alive_interval: Some(SILENCE),
                ..PeerConnectionOptions::default()
            }),
            ..ConnectionOptions::default()
        }),
        cancellation_token: Some(token.clone()),
        ipv4_only: true,
        concurrent_init_limit: Some(INITIALIZING),
        trackers: HashSet::new(),
        disable_trackers: true,
        peer_limit: Some(PEERS),
        disable_local_service_discovery: true,
        client_name_and_version: Some(config.client.clone()),
        ..SessionOptions::default()
    };
    let session = librqbit::Session::new_with_opts(config.scratch.clone(), options).await;
    session.map_err(|error| {
        Error::Unavailable(format!("The torrent session cannot be started: {error:#}."))
    })
}

/// The configuration of the swarm.
pub fn swarm(config: &SessionConfig, banned: Vec<AddressRange>) -> SwarmConfig {
    SwarmConfig {
        listen_port: config.listen_port,
        loopback_only: config.listen_loopback_only,
        peer_id: peer_id(),
        client: config.client.clone(),
        user_agent: config.client.replace(' ', "/"),
        dht: config.dht.then(|| config.scratch.join("dht.json")),
        lsd: config.lsd,
        port_mapping: config.upnp,
        max_connections: config.max_connections,
        max_connections_per_torrent: config.max_connections_per_torrent,
        banned,
    }
}

/// A new peer id: the client and its version (BEP 20), then random bytes.
fn peer_id() -> [u8; 20] {
    generate_azereus_style(*b"TP", version()).0
}

/// This version, as a peer id has it: digits below 64.
fn version() -> (u8, u8, u8, u8) {
    let mut parts = env!("CARGO_PKG_VERSION").split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0u8).min(35);
    (next(), next(), next(), 0)
}

/// Removes what librqbit remembers of torrents: what is to be remembered, we do.
pub fn clean(scratch: &Path) -> Result<()> {
    let failed = |error| Error::io(scratch, &error);
    std::fs::create_dir_all(scratch).map_err(failed)?;
    for entry in std::fs::read_dir(scratch).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let of_torrent =
            name.split_once('.').is_some_and(|(stem, _)| stem.parse::<InfoHash>().is_ok());
        if name.starts_with("session.json") || of_torrent {
            std::fs::remove_file(&path).map_err(|error| Error::io(&path, &error))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_librqbit_left_of_torrents_goes() {
        let dir = tempfile::tempdir().unwrap();
        let hash = InfoHash([3; 20]);
        let left =
            ["session.json".to_owned(), format!("{hash}.bitv"), format!("{hash}.torrent.tmp")];
        let kept = ["dht.json", "session", "notes.bitv"];
        for name in left.iter().map(String::as_str).chain(kept) {
            std::fs::write(dir.path().join(name), "x").unwrap();
        }
        clean(dir.path()).unwrap();
        assert!(left.iter().all(|name| !dir.path().join(name).exists()));
        assert!(kept.iter().all(|name| dir.path().join(name).exists()));
        clean(&dir.path().join("new")).unwrap();
    }

    #[test]
    fn the_version_fits_a_peer_id() {
        assert_eq!(generate_azereus_style(*b"TP", version()).0[..3], *b"-TP");
    }
}

//! How librqbit's session is set up.

use std::collections::HashSet;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use librqbit::dht::DhtPersistenceConfig;
use librqbit::{
    ConnectionOptions, DhtSessionConfig, ListenerMode, ListenerOptions, PeerConnectionOptions,
    SessionOptions, SessionPersistenceConfig, generate_azereus_style,
};
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::metainfo::InfoHash;
use crate::session::types::SessionConfig;

/// How long a peer may take to answer a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a peer may be silent: one that has nothing to say sends a sign of life every two minutes
/// (BEP 3), and who waits for its turn to download hears nothing until it comes.
const SILENCE: Duration = Duration::from_secs(130);
/// How many torrents librqbit looks at at a time. The slow part of that is ours, and limited there.
const INITIALIZING: usize = 8;

/// Ways to start, from the one that is wanted to one that nearly always works. A port may be taken,
/// IPv6 switched off; downloads that nobody can reach, or without the DHT, are better than none.
const WAYS: [Way; 7] = [
    Way { wanted_port: true, ipv4_only: false, dht: Dht::AsBefore },
    Way { wanted_port: true, ipv4_only: false, dht: Dht::AnotherPort },
    Way { wanted_port: false, ipv4_only: false, dht: Dht::AnotherPort },
    Way { wanted_port: true, ipv4_only: true, dht: Dht::AnotherPort },
    Way { wanted_port: false, ipv4_only: true, dht: Dht::AnotherPort },
    Way { wanted_port: true, ipv4_only: true, dht: Dht::Off },
    Way { wanted_port: false, ipv4_only: true, dht: Dht::Off },
];

#[derive(Debug, Clone, Copy, PartialEq)]
struct Way {
    wanted_port: bool,
    ipv4_only: bool,
    dht: Dht,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Dht {
    AsBefore,
    AnotherPort,
    Off,
}

/// Starts librqbit as the settings say, or as near to it as possible.
pub async fn start(
    config: &SessionConfig,
    token: &CancellationToken,
) -> Result<Arc<librqbit::Session>> {
    let mut first = None;
    for way in WAYS {
        // Without a wish there is nothing to give up.
        let same = (!way.wanted_port && config.listen_port.is_none())
            || (way.dht == Dht::Off && !config.dht);
        if same {
            continue;
        }
        let token = token.child_token();
        match start_this_way(config, way, &token).await {
            Ok(session) => return Ok(session),
            Err(error) => {
                token.cancel();
                tracing::warn!(?way, "the session does not start: {error:#}");
                first.get_or_insert(error);
            }
        }
    }
    let why = first.map(|error| format!("{error:#}")).unwrap_or_default();
    Err(Error::Unavailable(format!("The torrent session cannot be started: {why}.")))
}

async fn start_this_way(
    config: &SessionConfig,
    way: Way,
    token: &CancellationToken,
) -> anyhow::Result<Arc<librqbit::Session>> {
    let port = config.listen_port.filter(|_| way.wanted_port).unwrap_or(0);
    let (listen_addr, announce_port): (SocketAddr, _) = if config.listen_loopback_only {
        // For loopback librqbit announces a port that nobody listens on, unless it is told one.
        let port = match port {
            0 => TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port(),
            port => port,
        };
        ((Ipv4Addr::LOCALHOST, port).into(), Some(port))
    } else if way.ipv4_only {
        ((Ipv4Addr::UNSPECIFIED, port).into(), None)
    } else {
        ((Ipv6Addr::UNSPECIFIED, port).into(), None)
    };
    let dht = (config.dht && way.dht != Dht::Off).then(|| DhtSessionConfig {
        bootstrap_addrs: None,
        // 0 is another one than before.
        port: (way.dht == Dht::AnotherPort).then_some(0),
        persistence: Some(DhtPersistenceConfig {
            dump_interval: None,
            config_filename: Some(config.scratch.join("dht.json")),
        }),
    });
    let options = SessionOptions {
        dht,
        fastresume: true,
        persistence: Some(SessionPersistenceConfig::Json { folder: Some(config.scratch.clone()) }),
        peer_id: Some(generate_azereus_style(*b"TP", version())),
        listen: Some(ListenerOptions {
            mode: ListenerMode::TcpOnly,
            listen_addr,
            announce_port,
            enable_upnp_port_forwarding: config.upnp,
            ipv4_only: config.listen_loopback_only || way.ipv4_only,
            ..ListenerOptions::default()
        }),
        connect: Some(ConnectionOptions {
            peer_opts: Some(PeerConnectionOptions {
                connect_timeout: Some(CONNECT),
                read_write_timeout: Some(SILENCE),
                ..PeerConnectionOptions::default()
            }),
            ..ConnectionOptions::default()
        }),
        cancellation_token: Some(token.clone()),
        ipv4_only: way.ipv4_only,
        concurrent_init_limit: Some(INITIALIZING),
        trackers: HashSet::new(),
        peer_limit: Some(config.peer_limit.max(1)),
        disable_local_service_discovery: !config.lsd,
        client_name_and_version: Some(config.client.clone()),
        ..SessionOptions::default()
    };
    librqbit::Session::new_with_opts(config.scratch.clone(), options).await
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

//! librqbit's own session: made when a torrent first needs the network, and the calls to it that
//! need care.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use librqbit::{AddTorrent, AddTorrentOptions, AddTorrentResponse, ManagedTorrent};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::magnet::Magnet;
use crate::metainfo::{self, Metainfo};
use crate::session::bits::Bitfield;
use crate::session::record;
use crate::session::setup::start;
use crate::session::storage::Factory;
use crate::session::threads::Threads;
use crate::session::types::{ResolveError, SessionConfig};

/// How long names of peers may take to be looked up.
const LOOKUP: Duration = Duration::from_secs(5);
/// How many addresses of one name are tried.
const ADDRESSES_OF_A_NAME: usize = 4;
/// How long librqbit may take to let go of its port.
const CLOSING: Duration = Duration::from_secs(2);
/// The pause after a hostile peer has ended an attempt, before the next one; it doubles each time.
const AFTER_PANIC: Duration = Duration::from_millis(200);

/// librqbit's session.
pub struct Backend {
    session: Arc<librqbit::Session>,
    threads: Threads,
    /// librqbit mixes torrents up that are added at the same time.
    adding: tokio::sync::Mutex<()>,
    next_id: AtomicUsize,
    token: CancellationToken,
    /// Whether peers are found without trackers.
    discovers: bool,
    scratch: std::path::PathBuf,
}

impl Backend {
    /// Starts listening, and the DHT.
    pub async fn start(config: &SessionConfig, token: CancellationToken) -> Result<Self> {
        let (setup, end) = (config.clone(), token.clone());
        let begin = move || async move { start(&setup, &end).await };
        let (session, threads) = Threads::start(begin, token.clone()).await?;
        Ok(Self {
            session,
            threads,
            adding: tokio::sync::Mutex::default(),
            next_id: AtomicUsize::new(1),
            token,
            discovers: config.dht || config.lsd,
            scratch: config.scratch.clone(),
        })
    }

    /// The port for incoming connections.
    pub fn listen_port(&self) -> Option<u16> {
        self.session.listen_addr().map(|address| address.port())
    }

    /// How many nodes of the DHT are known.
    pub fn dht_nodes(&self) -> usize {
        let stats = self.session.get_dht().map(|dht| dht.stats());
        stats.map_or(0, |stats| stats.routing_table_size + stats.routing_table_size_v6)
    }

    /// How many torrents librqbit has.
    #[cfg(test)]
    pub fn torrents(&self) -> usize {
        self.session.with_torrents(|torrents| torrents.count())
    }

    /// Ends all of it, and returns when the port is free again: another session may want it.
    pub async fn stop(&self) {
        self.token.cancel();
        let Some(address) = self.session.listen_addr() else { return };
        let freed = async {
            while std::net::TcpListener::bind(address).is_err() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        _ = tokio::time::timeout(CLOSING, freed).await;
    }

    /// Asks peers for the metadata once. All its network work ends when this is dropped.
    pub async fn resolve(
        &self,
        magnet: &Magnet,
        patience: Duration,
    ) -> Result<Vec<u8>, ResolveError> {
        if !self.discovers && magnet.trackers.is_empty() && magnet.peers.is_empty() {
            return Err(ResolveError::NoPeerSource);
        }
        let attempt = async {
            let peers = look_up(&magnet.peers).await;
            if !self.discovers && magnet.trackers.is_empty() && peers.is_empty() {
                return Err(ResolveError::NotFound);
            }
            let mut pause = AFTER_PANIC;
            loop {
                match self.ask(magnet, peers.clone()).await {
                    // A peer that talks nonsense ends the whole attempt. The next one may hear an
                    // honest peer first.
                    Err(Ask::Panicked) => {
                        tokio::time::sleep(pause).await;
                        pause *= 2;
                    }
                    Err(Ask::Failed(error)) => return Err(error),
                    Ok(torrent) => return Ok(torrent),
                }
            }
        };
        let torrent =
            tokio::time::timeout(patience, attempt).await.map_err(|_| ResolveError::NotFound)??;
        let refused = |error: torrpeddo_readers::Error| ResolveError::Refused(error.into());
        let rebuilt = metainfo::rebuild(&torrent, &magnet.trackers).map_err(refused)?;
        let meta = Metainfo::parse(&rebuilt).map_err(refused)?;
        if meta.info_hash != magnet.info_hash {
            return Err(ResolveError::Failed(Error::Internal(
                "another torrent was resolved".into(),
            )));
        }
        Ok(rebuilt)
    }

    async fn ask(&self, magnet: &Magnet, peers: Vec<SocketAddr>) -> Result<Bytes, Ask> {
        // librqbit sees only what it needs: a hash and clean trackers.
        let clean = Magnet {
            name: None,
            peers: Vec::new(),
            selected: None,
            web_seeds: Vec::new(),
            ..magnet.clone()
        };
        let options = AddTorrentOptions {
            list_only: true,
            initial_peers: Some(peers),
            ..AddTorrentOptions::default()
        };
        // Not in a task of its own: its connections must be gone as soon as this is dropped.
        let asking = self.session.add_torrent(AddTorrent::from_url(clean.to_uri()), Some(options));
        match AssertUnwindSafe(asking).catch_unwind().await {
            Ok(Ok(AddTorrentResponse::ListOnly(found))) => Ok(found.torrent_bytes),
            // It runs already; whoever asks can be told later.
            Ok(Ok(_)) => Err(Ask::Failed(ResolveError::NotFound)),
            Ok(Err(error)) => {
                let text = format!("{error:#}");
                let nobody = ["input address stream exhausted", "no known way to resolve peers"];
                Err(Ask::Failed(if nobody.iter().any(|nobody| text.contains(nobody)) {
                    ResolveError::NotFound
                } else {
                    refused(&text)
                }))
            }
            // Of the panics that are known, only this one is the torrent's fault.
            Err(panic) if says(&*panic, "divide by zero") => {
                Err(Ask::Failed(refused("its pieces are 0 bytes long")))
            }
            Err(_) => Err(Ask::Panicked),
        }
    }

    /// Adds a torrent, stopped, and returns when librqbit has looked at it. It must then believe
    /// exactly the pieces we gave it.
    pub async fn add(
        &self,
        meta: &Metainfo,
        torrent: Vec<u8>,
        bits: Bitfield,
        factory: Factory,
        mut options: AddTorrentOptions,
    ) -> Result<Arc<ManagedTorrent>> {
        let id = meta.info_hash;
        let one = self.adding.lock().await;
        let path = self.scratch.join(format!("{id}.bitv"));
        let bytes = bits.as_bytes().to_vec();
        let written = tokio::task::spawn_blocking(move || {
            record::replace(&path, &bytes, false).map_err(|error| Error::io(path, &error))
        });
        written.await.unwrap_or_else(|error| Err(Error::Internal(error.to_string())))?;
        options.paused = true;
        options.overwrite = true;
        // Our storage carries its folder itself; this must merely be some text.
        options.output_folder = Some(".".into());
        options.preferred_id = Some(self.next_id.fetch_add(1, Ordering::Relaxed));
        options.storage_factory = Some(librqbit::storage::StorageFactoryExt::boxed(factory));
        let session = Arc::clone(&self.session);
        let add = AddTorrent::from_bytes(torrent);
        let adding = async move { session.add_torrent(add, Some(options)).await };
        let added = self.threads.spawn(adding).await;
        drop(one);
        let handle = match added {
            Ok(Ok(AddTorrentResponse::Added(_, handle))) => handle,
            Ok(Ok(_)) => return Err(Error::Internal(format!("{id} runs already"))),
            Ok(Err(error)) => {
                return Err(Error::InvalidTorrent(format!(
                    "The torrent engine refuses this torrent: {error:#}."
                )));
            }
            Err(error) => return Err(Error::Internal(format!("adding {id} failed: {error}"))),
        };
        Ok(handle)
    }

    /// Waits until librqbit has looked at a torrent, and checks what it believes.
    pub async fn initialized(&self, handle: &Arc<ManagedTorrent>, bits: &Bitfield) -> Result<()> {
        let failed = |error| Error::Internal(format!("the torrent did not start: {error:#}"));
        handle.wait_until_initialized().await.map_err(failed)?;
        let api = librqbit::Api::new(Arc::clone(&self.session), None);
        let (haves, _) = api
            .api_dump_haves(handle.id().into())
            .map_err(|error| Error::Internal(format!("no pieces are known: {error}")))?;
        if haves.as_raw_slice() != bits.as_bytes() {
            return Err(Error::Internal("the verified pieces were not taken over".into()));
        }
        Ok(())
    }

    /// Lets a torrent begin.
    pub async fn begin(&self, handle: &Arc<ManagedTorrent>) -> Result<()> {
        let begun = self.threads.begin(self.session.unpause(handle)).await;
        begun.map_err(|error| Error::Internal(format!("the torrent did not start: {error:#}")))
    }

    /// Takes a torrent out. Its tasks are told to end; some may not have when this returns.
    pub async fn remove(&self, handle: &Arc<ManagedTorrent>) {
        let session = Arc::clone(&self.session);
        let id = handle.id();
        let removing = async move { session.delete(id.into(), false).await };
        let removed = self.threads.spawn(removing).await;
        match removed {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(id, %error, "not removed"),
            Err(error) => tracing::error!(id, %error, "removing failed"),
        }
    }
}

/// How one attempt ended.
enum Ask {
    Panicked,
    Failed(ResolveError),
}

fn refused(why: &str) -> ResolveError {
    ResolveError::Refused(Error::InvalidTorrent(format!(
        "The torrent behind this link cannot be used: {why}."
    )))
}

fn says(panic: &(dyn std::any::Any + Send), text: &str) -> bool {
    let message = panic.downcast_ref::<&str>().copied();
    let message = message.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    message.is_some_and(|message| message.contains(text))
}

/// The addresses of peers. Names that are slow to look up are left out.
pub async fn look_up(peers: &[String]) -> Vec<SocketAddr> {
    let mut addresses = Vec::new();
    let mut names = JoinSet::new();
    for peer in peers {
        match peer.parse() {
            Ok(address) => addresses.push(address),
            Err(_) => {
                let peer = peer.clone();
                names.spawn(async move {
                    let found = tokio::time::timeout(LOOKUP, tokio::net::lookup_host(peer)).await;
                    let found = found.ok().and_then(Result::ok).into_iter().flatten();
                    found.take(ADDRESSES_OF_A_NAME).collect::<Vec<_>>()
                });
            }
        }
    }
    while let Some(found) = names.join_next().await {
        addresses.extend(found.unwrap_or_default());
    }
    addresses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn addresses_need_no_lookup_and_nonsense_is_left_out() {
        let peers = ["1.2.3.4:5".to_owned(), "[::1]:6".to_owned(), "no such host:1".to_owned()];
        let found = look_up(&peers).await;
        assert_eq!(found, ["1.2.3.4:5".parse().unwrap(), "[::1]:6".parse::<SocketAddr>().unwrap()]);
        assert!(!look_up(&["localhost:7".to_owned()]).await.is_empty());
    }
}

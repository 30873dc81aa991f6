//! The swarm as the engine sees it.

mod membership;
mod resolve;
mod start;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use torrpeddo_readers::metainfo::InfoHash;

use membership::Purpose;

use crate::announcer::TrackerStatus;
use crate::bans::AddressRange;
use crate::discovery::Dht;
use crate::lookup;
use crate::meter::Traffic;
use crate::network::Network;
use crate::port_mapping::{PortMapper, PortMapping};
use crate::remembered::Remembered;
use crate::shared::TorrentShared;
use crate::torrent::{Command, PeerView, Torrent, TorrentStats};
use crate::types::{Attachment, PeerSource};

/// The same, and for the router to remove the port mapping, when the swarm ends.
const ENDING: Duration = Duration::from_secs(3);

/// Longest time that a torrent waits for trackers to hear that it stopped before it starts again.
const TOLD: Duration = Duration::from_secs(1);

/// Where peers of a torrent are to be found.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Announce URLs by tier (BEP 12).
    pub tiers: Vec<Vec<String>>,
    /// Peers to dial, as `host:port`.
    pub peers: Vec<String>,
}

/// The swarm. Clones share it.
#[derive(Clone)]
pub struct Swarm(Arc<Inner>);

struct Inner {
    network: Arc<Network>,
    torrents: Mutex<HashMap<InfoHash, Entry>>,
    /// Torrents that left and whose connections are being closed.
    ending: Mutex<Vec<(InfoHash, Arc<Torrent>)>>,
    /// Torrents whose trackers are being told that they stopped.
    telling: Mutex<HashMap<InfoHash, JoinHandle<()>>>,
    remembered: Mutex<Remembered>,
    port_mapper: Option<PortMapper>,
    /// Work that goes on after a torrent left: telling trackers.
    tasks: TaskTracker,
    listening: TaskTracker,
    end: CancellationToken,
    _end_when_dropped: DropGuard,
}

#[derive(Clone)]
struct Entry {
    torrent: Arc<Torrent>,
    /// Calls of `resolve` that wait for the metadata.
    resolving: Arc<AtomicUsize>,
    /// The piece engine has the torrent, or is about to have it.
    attached: Arc<AtomicBool>,
}

impl Swarm {
    /// The port for incoming connections, TCP and both address families.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.network.port
    }

    /// Number of nodes in the DHT's routing tables; 0 without the DHT.
    #[must_use]
    pub fn dht_nodes(&self) -> usize {
        self.0.network.dht.get().map_or(0, Dht::nodes)
    }

    /// Whether the router forwards our port; `None` if it is not asked to.
    #[must_use]
    pub fn port_mapping(&self) -> Option<PortMapping> {
        self.0.port_mapper.as_ref().map(|mapper| mapper.status().borrow().clone())
    }

    /// Brings peers of a torrent to the piece engine until [`detach`](Self::detach). `have` is the
    /// bitfield of its verified pieces; `finished` tells whether no further piece is wanted.
    ///
    /// Connections that [`resolve`](Self::resolve) made go on. For a private torrent (BEP 27), peers
    /// come from `sources` alone.
    pub async fn attach(
        &self,
        attachment: Attachment,
        have: &[u8],
        finished: bool,
        sources: &Sources,
    ) {
        let info = Arc::clone(&attachment.info);
        let told = self.0.telling.lock().remove(&info.info_hash);
        if let Some(told) = told {
            // `started` must not reach a tracker before the `stopped` of the time before.
            _ = timeout(TOLD, told).await;
        }
        let prepare = |shared: &TorrentShared| {
            shared.pieces.reset(have, info.piece_count);
            shared.set_finished(finished);
            shared.set_info(Arc::clone(&info));
        };
        let purpose = Purpose::Attach(&prepare);
        let Some(entry) = self.enter(info.info_hash, &sources.tiers, purpose) else { return };
        let torrent = entry.torrent;
        torrent.announcer.set_private(info.private);
        torrent.announcer.set_tiers(sources.tiers.clone());
        let keep_users = !sources.peers.is_empty();
        torrent.command(Command::Attach { attachment, keep_users }).await;
        self.look_up_peers(&torrent, &sources.peers);
    }

    /// Dials addresses at once. Names are looked up in a task: a name server that is slow must not delay
    /// the start.
    fn look_up_peers(&self, torrent: &Arc<Torrent>, peers: &[String]) {
        let (addresses, names) = lookup::split(peers);
        if !addresses.is_empty() {
            torrent.try_command(Command::AddPeers(addresses, PeerSource::User));
        }
        if names.is_empty() {
            return;
        }
        let torrent = Arc::clone(torrent);
        self.0.tasks.spawn(async move {
            let peers = lookup::look_up(names).await;
            torrent.command(Command::AddPeers(peers, PeerSource::User)).await;
        });
    }

    /// Closes every connection of a torrent. When this returns, none is left; trackers are told
    /// afterwards. Returns the payload bytes since it was added, `None` if the torrent is not here.
    pub async fn detach(&self, id: InfoHash) -> Option<Traffic> {
        let entry = self.0.torrents.lock().remove(&id)?;
        self.end_torrent(id, &entry.torrent).await;
        Some(entry.torrent.shared.totals())
    }

    /// A piece of a torrent was verified: peers are told, trackers hear of it with the next announce.
    pub fn verified(&self, id: InfoHash, piece: u32) {
        if let Some(torrent) = self.get(id) {
            torrent.shared.piece_verified(piece);
        }
    }

    /// Every wanted piece of a torrent is verified.
    pub fn finished(&self, id: InfoHash) {
        if let Some(torrent) = self.get(id) {
            torrent.shared.set_finished(true);
        }
    }

    /// The connections of a torrent.
    #[must_use]
    pub fn peers(&self, id: InfoHash) -> Option<Vec<PeerView>> {
        self.get(id).map(|torrent| torrent.peers())
    }

    /// The trackers of a torrent.
    #[must_use]
    pub fn trackers(&self, id: InfoHash) -> Option<Vec<TrackerStatus>> {
        self.get(id).map(|torrent| torrent.trackers())
    }

    /// The figures of a torrent.
    #[must_use]
    pub fn stats(&self, id: InfoHash) -> Option<TorrentStats> {
        self.get(id).map(|torrent| torrent.stats())
    }

    /// Dials peers, given as `host:port`, because the user asks for it. Returns whether the torrent is
    /// here.
    pub fn add_peers(&self, id: InfoHash, peers: Vec<String>) -> bool {
        let Some(torrent) = self.get(id) else { return false };
        self.look_up_peers(&torrent, &peers);
        true
    }

    /// Replaces the trackers of a torrent: new ones are asked at once, removed ones no more. Returns
    /// whether the torrent is here.
    pub fn set_trackers(&self, id: InfoHash, tiers: Vec<Vec<String>>) -> bool {
        let torrent = self.get(id);
        if let Some(torrent) = &torrent {
            torrent.announcer.set_tiers(tiers);
        }
        torrent.is_some()
    }

    /// Asks every tracker of a torrent, the DHT and the local network now, as far as trackers allow.
    /// Returns whether the torrent is here.
    pub fn announce_now(&self, id: InfoHash) -> bool {
        let Some(torrent) = self.get(id) else { return false };
        torrent.announcer.announce_now();
        torrent.try_command(Command::Announce)
    }

    /// Replaces the banned ranges; connections with them are closed.
    pub fn set_banned(&self, ranges: Vec<AddressRange>) {
        self.0.network.bans.set_ranges(ranges);
        let torrents: Vec<_> =
            self.0.torrents.lock().values().map(|entry| Arc::clone(&entry.torrent)).collect();
        for torrent in torrents {
            self.0.tasks.spawn(async move { torrent.command(Command::ApplyBans).await });
        }
    }

    /// Ends every torrent and all other work. The swarm is of no use afterwards.
    pub async fn stop(&self) {
        self.0.end.cancel();
        self.0.listening.close();
        self.0.listening.wait().await;
        let torrents: Vec<_> = self.0.torrents.lock().drain().collect();
        let ending = torrents.iter().map(|(id, entry)| self.end_torrent(*id, &entry.torrent));
        futures_util::future::join_all(ending).await;
        let mapper = async {
            if let Some(mapper) = &self.0.port_mapper {
                mapper.stop(ENDING).await;
            }
        };
        let discovery = async {
            if let Some(lsd) = self.0.network.lsd.get() {
                lsd.stop();
            }
            if let Some(dht) = self.0.network.dht.get() {
                dht.stop().await;
            }
        };
        self.0.tasks.close();
        let rest = futures_util::future::join3(self.0.tasks.wait(), mapper, discovery);
        _ = timeout(ENDING, rest).await;
    }

    fn get(&self, id: InfoHash) -> Option<Arc<Torrent>> {
        self.0.torrents.lock().get(&id).map(|entry| Arc::clone(&entry.torrent))
    }
}

#[cfg(test)]
mod tests;

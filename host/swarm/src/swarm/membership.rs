//! Torrents that join the swarm and leave it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::mpsc;
use torrpeddo_readers::metainfo::InfoHash;

use super::{Entry, Swarm};
use crate::announcer::AnnouncedTorrent;
use crate::shared::TorrentShared;
use crate::torrent::Torrent;

/// Longest time for trackers to hear that a torrent stopped.
const STOPPED: Duration = Duration::from_secs(10);

/// Addresses of peers that wait to be taken in by a torrent.
const FOUND_PEERS: usize = 16;

/// What a torrent is in the swarm for.
pub(super) enum Purpose<'a> {
    /// Its metadata.
    Resolve,
    /// Its peers. Called before trackers hear of the torrent, with what they are told from.
    Attach(&'a dyn Fn(&TorrentShared)),
}

impl Swarm {
    /// Takes a torrent out that only [`resolve`](Self::resolve) needed, unless another call still waits
    /// for its metadata. When this returns, none of its connections is left.
    pub async fn leave(&self, id: InfoHash) {
        self.leave_if(id, |_| true).await;
        let ending: Vec<_> = {
            let ending = self.0.ending.lock();
            let same = ending.iter().filter(|(other, _)| *other == id);
            same.map(|(_, torrent)| Arc::clone(torrent)).collect()
        };
        for torrent in ending {
            torrent.stop().await;
        }
    }

    pub(super) async fn leave_if(&self, id: InfoHash, chosen: impl FnOnce(&Entry) -> bool) {
        let unused = {
            let mut torrents = self.0.torrents.lock();
            let unused = torrents.get(&id).is_some_and(|entry| {
                entry.resolving.load(Ordering::Acquire) == 0
                    && !entry.attached.load(Ordering::Acquire)
                    && chosen(entry)
            });
            if unused { torrents.remove(&id) } else { None }
        };
        if let Some(entry) = unused {
            self.end_torrent(id, &entry.torrent).await;
        }
    }

    pub(super) async fn end_torrent(&self, id: InfoHash, torrent: &Arc<Torrent>) {
        self.0.ending.lock().push((id, Arc::clone(torrent)));
        if let Some(peers) = torrent.stop().await {
            self.0.remembered.lock().insert(id, peers);
        }
        self.0.ending.lock().retain(|(_, other)| !Arc::ptr_eq(other, torrent));
        let announcer = Arc::clone(&torrent.announcer);
        let told = self.0.tasks.spawn(async move { announcer.stop(STOPPED).await });
        let mut telling = self.0.telling.lock();
        telling.retain(|_, told| !told.is_finished());
        telling.insert(id, told);
    }

    /// The torrent, started if it is not here; `None` once the swarm has stopped.
    pub(super) fn enter(
        &self,
        id: InfoHash,
        tiers: &[Vec<String>],
        purpose: Purpose<'_>,
    ) -> Option<Entry> {
        let mut torrents = self.0.torrents.lock();
        if self.0.end.is_cancelled() {
            return None;
        }
        let entry = match torrents.get(&id) {
            Some(entry) => {
                if let Purpose::Attach(prepare) = purpose {
                    prepare(&entry.torrent.shared);
                } else if !entry.attached.load(Ordering::Acquire) {
                    add_tiers(&entry.torrent, tiers);
                }
                entry.clone()
            }
            None => {
                let entry = self.start_torrent(id, tiers, &purpose);
                torrents.insert(id, entry.clone());
                entry
            }
        };
        // Under the lock, so that the torrent does not leave in between.
        match purpose {
            Purpose::Attach(_) => entry.attached.store(true, Ordering::Release),
            Purpose::Resolve => _ = entry.resolving.fetch_add(1, Ordering::AcqRel),
        }
        Some(entry)
    }

    pub(super) fn start_torrent(
        &self,
        id: InfoHash,
        tiers: &[Vec<String>],
        purpose: &Purpose<'_>,
    ) -> Entry {
        let network = &self.0.network;
        let shared = Arc::new(TorrentShared::new(id, network.peer_id()));
        if let Purpose::Attach(prepare) = purpose {
            prepare(&shared);
        }
        let (sender, tracker_peers) = mpsc::channel(FOUND_PEERS);
        let progress = Arc::clone(&shared);
        let announcer = network.announcer.add(AnnouncedTorrent {
            info_hash: id,
            peer_id: network.peer_id(),
            tiers: tiers.to_vec(),
            private: shared.is_private(),
            progress: Arc::new(move || progress.announce_progress()),
            peers: sender,
            complete: shared.pieces.is_complete(),
        });
        let known = self.0.remembered.lock().take(id).unwrap_or_default();
        let torrent = Torrent::start(network, shared, announcer, tracker_peers, known);
        Entry { torrent: Arc::new(torrent), resolving: Arc::default(), attached: Arc::default() }
    }
}

/// Adds the trackers that a torrent does not ask yet, in tiers of their own.
fn add_tiers(torrent: &Torrent, tiers: &[Vec<String>]) {
    let known = torrent.trackers();
    let mut all: Vec<Vec<String>> = Vec::new();
    for tracker in &known {
        match all.get_mut(tracker.tier as usize) {
            Some(tier) => tier.push(tracker.url.clone()),
            None => all.push(vec![tracker.url.clone()]),
        }
    }
    let before = all.len();
    for tier in tiers {
        let new = tier.iter().filter(|url| known.iter().all(|known| known.url != **url));
        let new: Vec<_> = new.cloned().collect();
        if !new.is_empty() {
            all.push(new);
        }
    }
    if all.len() > before {
        torrent.announcer.set_tiers(all);
    }
}

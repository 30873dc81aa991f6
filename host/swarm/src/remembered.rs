//! Peers of torrents that left the swarm, for the next time.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;
use torrpeddo_readers::metainfo::InfoHash;

use crate::peer_store::PeerStore;

/// Torrents whose peers are kept.
const TORRENTS: usize = 64;

/// How long they are kept.
const KEPT: Duration = Duration::from_secs(15 * 60);

/// Peers of torrents that left, oldest first.
#[derive(Debug, Default)]
pub struct Remembered(VecDeque<(InfoHash, Instant, PeerStore)>);

impl Remembered {
    /// Keeps the peers of a torrent.
    pub fn insert(&mut self, id: InfoHash, peers: PeerStore) {
        self.0.retain(|(other, at, _)| *other != id && at.elapsed() < KEPT);
        if self.0.len() == TORRENTS {
            self.0.pop_front();
        }
        self.0.push_back((id, Instant::now(), peers));
    }

    /// Takes the peers of a torrent out.
    pub fn take(&mut self, id: InfoHash) -> Option<PeerStore> {
        let index = self.0.iter().position(|(other, ..)| *other == id)?;
        let (_, at, peers) = self.0.remove(index)?;
        (at.elapsed() < KEPT).then_some(peers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::PeerSource;

    fn store() -> PeerStore {
        let mut store = PeerStore::default();
        store.add(([192, 0, 2, 1], 1).into(), PeerSource::Tracker, Instant::now());
        store
    }

    #[tokio::test(start_paused = true)]
    async fn peers_are_kept_for_a_while() {
        let mut remembered = Remembered::default();
        remembered.insert(InfoHash([1; 20]), store());
        assert_eq!(remembered.take(InfoHash([1; 20])).unwrap().len(), 1);
        assert!(remembered.take(InfoHash([1; 20])).is_none());
        remembered.insert(InfoHash([1; 20]), store());
        tokio::time::advance(KEPT).await;
        assert!(remembered.take(InfoHash([1; 20])).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn the_number_of_torrents_is_bounded() {
        let mut remembered = Remembered::default();
        for number in 0..=TORRENTS as u8 {
            remembered.insert(InfoHash([number; 20]), store());
        }
        assert_eq!(remembered.0.len(), TORRENTS);
        assert!(remembered.take(InfoHash([0; 20])).is_none());
    }
}

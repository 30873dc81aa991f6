//! What every client may know, and since when.
//!
//! The manager publishes each torrent as it changes. Every change has a number, and a subscriber
//! asks for what changed after the last number it saw: the cost is that of the changes, not of
//! the list.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use torrpeddo_protocol::Torrent;

use crate::metainfo::InfoHash;

/// How many removals are remembered. A subscriber that was away for longer gets a full list.
const TOMBSTONES: usize = 4096;

/// What changed after a number.
#[derive(Debug, Default)]
pub struct Delta {
    /// The list begins anew: the subscriber was away for too long, or is new.
    pub reset: bool,
    /// New and changed torrents, in the order of their last change; a whole list in the order that
    /// people look at it in.
    pub upsert: Vec<Arc<Torrent>>,
    /// Torrents that are gone.
    pub removed: Vec<InfoHash>,
    /// The number to ask with next time.
    pub version: u64,
}

/// The board. It belongs inside the manager's lock.
#[derive(Default)]
pub struct Board {
    torrents: HashMap<InfoHash, (u64, Arc<Torrent>)>,
    changes: BTreeMap<u64, InfoHash>,
    removals: BTreeMap<u64, InfoHash>,
    /// Removals up to this number have been forgotten.
    forgotten: u64,
    version: u64,
}

impl Board {
    /// Shows `torrent`, if it differs from what is shown.
    pub fn publish(&mut self, id: InfoHash, torrent: Torrent) {
        if let Some((version, shown)) = self.torrents.get(&id) {
            if **shown == torrent {
                return;
            }
            self.changes.remove(version);
        }
        let version = self.next();
        self.torrents.insert(id, (version, Arc::new(torrent)));
        self.changes.insert(version, id);
    }

    /// Takes a torrent off.
    pub fn remove(&mut self, id: InfoHash) {
        let Some((version, _)) = self.torrents.remove(&id) else { return };
        self.changes.remove(&version);
        let version = self.next();
        self.removals.insert(version, id);
        if self.removals.len() > TOMBSTONES
            && let Some((oldest, _)) = self.removals.pop_first()
        {
            self.forgotten = oldest;
        }
    }

    /// One torrent.
    #[must_use]
    pub fn get(&self, id: InfoHash) -> Option<Arc<Torrent>> {
        self.torrents.get(&id).map(|(_, torrent)| Arc::clone(torrent))
    }

    /// All torrents.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Torrent>> {
        self.torrents.values().map(|(_, torrent)| torrent)
    }

    /// What changed after `since`; everything when that is none or too long ago.
    #[must_use]
    pub fn since(&self, since: Option<u64>) -> Delta {
        let version = self.version;
        match since {
            Some(since) if since >= self.forgotten => Delta {
                reset: false,
                upsert: self
                    .changes
                    .range(since + 1..)
                    .filter_map(|(_, id)| self.get(*id))
                    .collect(),
                removed: self
                    .removals
                    .range(since + 1..)
                    .map(|(_, id)| *id)
                    .filter(|id| !self.torrents.contains_key(id))
                    .collect(),
                version,
            },
            _ => {
                let mut upsert: Vec<_> = self.all().cloned().collect();
                upsert.sort_by(|one, other| place(one).cmp(&place(other)));
                Delta { reset: true, upsert, removed: Vec::new(), version }
            }
        }
    }

    fn next(&mut self) -> u64 {
        self.version += 1;
        self.version
    }
}

/// Where a torrent stands for those who look: in the order of the queue, then the newest first.
fn place(torrent: &Torrent) -> impl Ord + use<'_> {
    let position = torrent.queue_position;
    (position.is_none(), position, Reverse(torrent.added_at), &torrent.id)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::manager::testing::torrent;

    fn names(delta: &Delta) -> Vec<String> {
        delta.upsert.iter().map(|torrent| torrent.name.clone()).collect()
    }

    #[test]
    fn a_new_subscriber_gets_everything_and_then_only_changes() {
        let mut board = Board::default();
        board.publish(InfoHash([1; 20]), torrent(1, "one"));
        board.publish(InfoHash([2; 20]), torrent(2, "two"));
        let first = board.since(None);
        assert!(first.reset);
        assert_eq!(names(&first), ["one", "two"]);
        assert!(board.since(Some(first.version)).upsert.is_empty());
        board.publish(InfoHash([1; 20]), torrent(1, "uno"));
        board.remove(InfoHash([2; 20]));
        let second = board.since(Some(first.version));
        assert!(!second.reset);
        assert_eq!(names(&second), ["uno"]);
        assert_eq!(second.removed, [InfoHash([2; 20])]);
    }

    #[test]
    fn a_whole_list_begins_with_what_people_see_first() {
        let mut board = Board::default();
        for (number, added_at, queue_position) in
            [(1, 10, None), (2, 20, None), (3, 5, Some(1)), (4, 30, Some(0))]
        {
            let torrent =
                Torrent { added_at, queue_position, ..torrent(number, &number.to_string()) };
            board.publish(InfoHash([number; 20]), torrent);
        }
        assert_eq!(names(&board.since(None)), ["4", "3", "2", "1"]);
    }

    #[test]
    fn the_same_again_is_no_change() {
        let mut board = Board::default();
        board.publish(InfoHash([1; 20]), torrent(1, "one"));
        let version = board.since(None).version;
        board.publish(InfoHash([1; 20]), torrent(1, "one"));
        assert_eq!(board.since(None).version, version);
    }

    #[test]
    fn who_was_away_for_too_long_starts_over() {
        let mut board = Board::default();
        for number in 0..=TOMBSTONES {
            let mut bytes = [0; 20];
            bytes[..8].copy_from_slice(&number.to_be_bytes());
            board.publish(InfoHash(bytes), torrent(0, "x"));
            board.remove(InfoHash(bytes));
        }
        assert!(board.since(Some(1)).reset);
    }

    proptest! {
        /// Whoever applies every delta, at whatever moments, knows what the board shows.
        #[test]
        fn deltas_add_up(steps in proptest::collection::vec((0u8..6, 0u8..4, any::<bool>()), 0..60)) {
            let mut board = Board::default();
            let mut known: BTreeMap<String, String> = BTreeMap::new();
            let mut since = None;
            let mut catch_up = |board: &Board, known: &mut BTreeMap<String, String>| {
                let delta = board.since(since);
                if delta.reset {
                    known.clear();
                }
                for torrent in &delta.upsert {
                    known.insert(torrent.id.clone(), torrent.name.clone());
                }
                for id in &delta.removed {
                    known.remove(&id.to_string());
                }
                since = Some(delta.version);
            };
            for (id, name, look) in steps {
                let hash = InfoHash([id; 20]);
                if name == 0 {
                    board.remove(hash);
                } else {
                    board.publish(hash, torrent(id, &name.to_string()));
                }
                if look {
                    catch_up(&board, &mut known);
                }
            }
            catch_up(&board, &mut known);
            let shown: BTreeMap<_, _> =
                board.all().map(|t| (t.id.clone(), t.name.clone())).collect();
            prop_assert_eq!(known, shown);
        }
    }
}

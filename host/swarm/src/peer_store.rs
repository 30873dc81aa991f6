//! The addresses of peers that a torrent knows, and which one to dial next. Pure.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::Instant;

use crate::types::PeerSource;
use crate::wire::address::is_local;

/// Most addresses that are kept for a torrent. The least promising one makes room for a new one.
pub const MAX_PEERS: usize = 4_000;

/// Most ports of one IP address that are kept, unless the address is local: a list of many ports would
/// make us scan a host that is not a peer.
const MAX_PORTS: usize = 8;

/// Pause before an address is dialed again after a connection that exchanged data. Some clients
/// (Transmission) refuse an address that they believe to be connected for half a second after the
/// connection has ended.
const AFTER_USEFUL: Duration = Duration::from_millis(750);

/// Pause after the first failure; it triples with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(10);

/// Longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);

/// Failures in a row after which an address that never worked is forgotten.
const MAX_FAILURES: u32 = 6;

/// How the last attempt to use an address ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The address could not be reached, or did not answer the handshake.
    Failed,
    /// A connection ended that never carried a block or metadata.
    Useless,
    /// A connection ended that carried a block or metadata.
    Useful,
    /// Both sides are complete: nothing to exchange while this is so.
    NotNeeded,
    /// The address is our own.
    Ourselves,
    /// The peer sent data that failed its hash, or broke the protocol.
    Banned,
}

#[derive(Debug)]
struct Candidate {
    source: PeerSource,
    state: State,
    failures: u32,
    worked: bool,
    /// The order of arrival: earlier ones are dialed first among equals.
    number: u64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Waiting(Instant),
    /// Being dialed or connected.
    InUse,
    /// Complete while we are complete too.
    NotNeeded,
    /// Never dialed again.
    Refused,
}

/// The known addresses of one torrent.
#[derive(Debug, Default)]
pub struct PeerStore {
    peers: HashMap<SocketAddr, Candidate>,
    next_number: u64,
}

impl PeerStore {
    /// Number of known addresses.
    #[must_use]
    pub fn len(&self) -> usize {
        self.peers.values().filter(|peer| peer.state != State::Refused).count()
    }

    /// Adds an address, due at once. Returns whether it was unknown.
    ///
    /// An address that the user names becomes due at once even if it is known.
    pub fn add(&mut self, address: SocketAddr, source: PeerSource, now: Instant) -> bool {
        if let Some(known) = self.peers.get_mut(&address) {
            if source == PeerSource::User && known.state != State::InUse {
                known.state = State::Waiting(now);
                known.failures = 0;
                known.source = source;
            } else if rank(source) < rank(known.source) {
                known.source = source;
            }
            return false;
        }
        let shared = is_local(address.ip()) || source == PeerSource::User;
        if !shared && self.of_host(address) >= MAX_PORTS {
            return false;
        }
        if self.peers.len() >= MAX_PEERS && !self.evict(source) {
            return false;
        }
        let number = self.next_number;
        self.next_number += 1;
        let state = State::Waiting(now);
        self.peers.insert(address, Candidate { source, state, failures: 0, worked: false, number });
        true
    }

    /// Number of known addresses with the IP address of `address`.
    fn of_host(&self, address: SocketAddr) -> usize {
        self.peers.keys().filter(|known| known.ip() == address.ip()).count()
    }

    /// Removes the least promising address, if it is worse than a new one from `source`.
    fn evict(&mut self, source: PeerSource) -> bool {
        let worst = self
            .peers
            .iter()
            .filter(|(_, peer)| peer.state != State::InUse)
            .max_by_key(|(_, peer)| {
                let refused = peer.state == State::Refused;
                (refused, peer.failures, !peer.worked, rank(peer.source), peer.number)
            })
            .map(|(address, peer)| {
                let useless = peer.failures > 0 || peer.state == State::Refused;
                (*address, useless, rank(peer.source))
            });
        match worst {
            Some((address, failed, worst)) if failed || worst > rank(source) => {
                self.peers.remove(&address);
                true
            }
            _ => false,
        }
    }

    /// The address to dial now, which is then in use until [`ended`](Self::ended).
    pub fn next(&mut self, now: Instant) -> Option<(SocketAddr, PeerSource)> {
        let due = self.peers.iter_mut().filter(|(_, peer)| match peer.state {
            State::Waiting(since) => since <= now,
            _ => false,
        });
        let (address, peer) = due.min_by_key(|(_, peer)| {
            // An address that failed once is dialed before new ones of a much worse source.
            let failures = u8::try_from(peer.failures.min(4)).unwrap_or(4);
            (rank(peer.source) + 2 * failures, !peer.worked, peer.number)
        })?;
        peer.state = State::InUse;
        Some((*address, peer.source))
    }

    /// When the next address becomes due.
    #[must_use]
    pub fn next_due(&self) -> Option<Instant> {
        let waiting = self.peers.values().filter_map(|peer| match peer.state {
            State::Waiting(since) => Some(since),
            _ => None,
        });
        waiting.min()
    }

    /// Marks an address as connected, because its peer connected to us and told its listening port.
    pub fn in_use(&mut self, address: SocketAddr, source: PeerSource, now: Instant) {
        self.add(address, source, now);
        if let Some(peer) = self.peers.get_mut(&address)
            && peer.state != State::Refused
        {
            peer.state = State::InUse;
        }
    }

    /// Whether an address is being dialed or connected.
    #[must_use]
    #[cfg(test)]
    pub fn is_in_use(&self, address: &SocketAddr) -> bool {
        self.peers.get(address).is_some_and(|peer| peer.state == State::InUse)
    }

    /// Notes how the use of an address ended, and when it may be dialed again.
    pub fn ended(&mut self, address: SocketAddr, outcome: Outcome, now: Instant) {
        let Some(peer) = self.peers.get_mut(&address) else { return };
        if peer.state == State::Refused {
            return;
        }
        match outcome {
            Outcome::Useful => {
                (peer.failures, peer.worked) = (0, true);
                peer.state = State::Waiting(now + AFTER_USEFUL);
            }
            Outcome::Failed | Outcome::Useless => {
                let pause = FIRST_PAUSE * 3u32.saturating_pow(peer.failures);
                peer.failures += 1;
                peer.state = State::Waiting(now + pause.min(LONGEST_PAUSE));
                let lasting = peer.worked || peer.source == PeerSource::User;
                if peer.failures >= MAX_FAILURES && !lasting {
                    self.peers.remove(&address);
                }
            }
            Outcome::NotNeeded => {
                peer.worked = true;
                peer.state = State::NotNeeded;
            }
            Outcome::Ourselves | Outcome::Banned => peer.state = State::Refused,
        }
    }

    /// Makes complete peers due again: something is missing now.
    pub fn need_seeds(&mut self, now: Instant) {
        for peer in self.peers.values_mut().filter(|peer| peer.state == State::NotNeeded) {
            peer.state = State::Waiting(now);
        }
    }

    /// Makes every address that is in use or not needed due after the usual pause: no connection is left,
    /// and the next time something else may be missing.
    pub fn all_ended(&mut self, now: Instant) {
        let left = |peer: &&mut Candidate| matches!(peer.state, State::InUse | State::NotNeeded);
        for peer in self.peers.values_mut().filter(left) {
            peer.state = State::Waiting(now + AFTER_USEFUL);
        }
    }

    /// Forgets every address that did not come from one of `sources` and is not in use.
    pub fn keep_only(&mut self, sources: &[PeerSource]) {
        self.peers.retain(|_, peer| sources.contains(&peer.source));
    }
}

/// Which source is dialed first: the lowest.
const fn rank(source: PeerSource) -> u8 {
    match source {
        PeerSource::User => 0,
        PeerSource::Lsd => 1,
        PeerSource::Tracker => 2,
        PeerSource::Incoming => 3,
        PeerSource::Pex => 4,
        PeerSource::Dht => 5,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address(number: u16) -> SocketAddr {
        ([10, 0, (number >> 8) as u8, number as u8], 6881).into()
    }

    #[test]
    fn the_best_source_is_dialed_first_and_each_address_once() {
        let (mut store, now) = (PeerStore::default(), Instant::now());
        assert!(store.add(address(1), PeerSource::Dht, now));
        assert!(store.add(address(2), PeerSource::Tracker, now));
        assert!(!store.add(address(2), PeerSource::Dht, now));
        assert!(store.add(address(3), PeerSource::User, now));
        let order: Vec<_> = std::iter::from_fn(|| store.next(now)).collect();
        let expected = [
            (address(3), PeerSource::User),
            (address(2), PeerSource::Tracker),
            (address(1), PeerSource::Dht),
        ];
        assert_eq!(order, expected);
        assert!(store.is_in_use(&address(1)));
        assert_eq!((store.len(), store.next_due()), (3, None));
    }

    #[test]
    fn pauses_grow_with_failures_and_end_with_success() {
        let (mut store, now) = (PeerStore::default(), Instant::now());
        store.add(address(1), PeerSource::Tracker, now);
        let mut at = now;
        for pause in [10, 30, 90] {
            store.next(at).unwrap();
            store.ended(address(1), Outcome::Failed, at);
            assert_eq!(store.next_due(), Some(at + Duration::from_secs(pause)));
            at += Duration::from_secs(pause);
        }
        store.next(at).unwrap();
        store.ended(address(1), Outcome::Useful, at);
        assert_eq!(store.next_due(), Some(at + AFTER_USEFUL));
        assert_eq!(store.next(at), None);
    }

    #[test]
    fn an_address_that_never_works_is_forgotten_unless_the_user_named_it() {
        for (source, kept) in [(PeerSource::Tracker, 0), (PeerSource::User, 1)] {
            let (mut store, now) = (PeerStore::default(), Instant::now());
            store.add(address(1), source, now);
            for _ in 0..MAX_FAILURES {
                store.ended(address(1), Outcome::Failed, now);
            }
            assert_eq!(store.len(), kept);
        }
    }

    #[test]
    fn the_user_makes_an_address_due_at_once() {
        let (mut store, now) = (PeerStore::default(), Instant::now());
        store.add(address(1), PeerSource::Tracker, now);
        store.next(now).unwrap();
        store.ended(address(1), Outcome::Failed, now);
        assert_eq!(store.next(now), None);
        store.add(address(1), PeerSource::User, now);
        assert!(store.next(now).is_some());
    }

    #[test]
    fn complete_peers_wait_until_something_is_missing() {
        let (mut store, now) = (PeerStore::default(), Instant::now());
        store.add(address(1), PeerSource::Tracker, now);
        store.next(now).unwrap();
        store.ended(address(1), Outcome::NotNeeded, now);
        assert_eq!(store.next_due(), None);
        store.need_seeds(now);
        assert!(store.next(now).is_some());
    }

    #[test]
    fn a_banned_address_and_our_own_are_never_dialed_again() {
        for outcome in [Outcome::Banned, Outcome::Ourselves] {
            let (mut store, now) = (PeerStore::default(), Instant::now());
            store.add(address(1), PeerSource::Tracker, now);
            store.next(now).unwrap();
            store.ended(address(1), outcome, now);
            store.add(address(1), PeerSource::Pex, now);
            assert_eq!((store.next(now), store.len()), (None, 0));
        }
    }

    #[test]
    fn a_full_store_replaces_addresses_that_failed_or_come_from_worse_sources() {
        let (mut store, now) = (PeerStore::default(), Instant::now());
        for number in 0..MAX_PEERS as u16 {
            store.add(address(number), PeerSource::Dht, now);
        }
        assert!(!store.add(address(5000), PeerSource::Dht, now), "no better than the others");
        assert!(store.add(address(5001), PeerSource::Tracker, now));
        let (dialed, _) = store.next(now).unwrap();
        store.ended(dialed, Outcome::Failed, now);
        assert!(store.add(address(5002), PeerSource::Dht, now));
        assert_eq!(store.len(), MAX_PEERS);
    }

    proptest! {
        #[test]
        fn it_never_grows_beyond_its_bound_and_never_dials_twice(
            steps in prop::collection::vec((0u16..6000, 0u8..8), 0..500),
        ) {
            let (mut store, now) = (PeerStore::default(), Instant::now());
            let mut in_use = std::collections::HashSet::new();
            for (number, action) in steps {
                match action {
                    0..=3 => _ = store.add(address(number), PeerSource::Pex, now),
                    4 | 5 => {
                        if let Some((dialed, _)) = store.next(now) {
                            prop_assert!(in_use.insert(dialed));
                        }
                    }
                    _ => {
                        let ended = in_use.iter().next().copied();
                        if let Some(ended) = ended {
                            in_use.remove(&ended);
                            store.ended(ended, Outcome::Useful, now);
                        }
                    }
                }
                prop_assert!(store.peers.len() <= MAX_PEERS);
            }
        }
    }
}

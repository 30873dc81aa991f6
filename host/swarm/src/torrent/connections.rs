//! The open connections of one torrent.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::Instant;

use crate::meter::{Meter, Traffic};
use crate::peer::{PeerCommand, PeerHandle, PeerStatus};
use crate::types::{PeerKey, PeerSource};

/// Time after which a connection is established: a second one of the same peer is then refused,
/// whichever side opened it.
const SETTLED: std::time::Duration = std::time::Duration::from_secs(5);

/// An open connection.
pub struct Connection {
    /// What the connection is told with.
    pub handle: PeerHandle,
    /// The address to dial: what was dialed, or what an incoming peer says that it listens on.
    pub listens_on: Option<SocketAddr>,
    /// The peer's id.
    pub peer_id: [u8; 20],
    /// Whether the peer opened the connection.
    pub incoming: bool,
    /// Where the address came from.
    pub source: PeerSource,
    /// When the handshakes were done.
    pub since: Instant,
    /// What was last told by peer exchange.
    pub told: std::collections::HashSet<SocketAddr>,
    meter: Meter,
    _permit: OwnedSemaphorePermit,
}

impl Connection {
    /// A connection that begins now. It counts against the limit of all connections with `permit`.
    pub fn new(
        handle: PeerHandle,
        listens_on: Option<SocketAddr>,
        peer_id: [u8; 20],
        (incoming, source): (bool, PeerSource),
        permit: OwnedSemaphorePermit,
    ) -> Self {
        Self {
            handle,
            listens_on,
            peer_id,
            incoming,
            source,
            since: Instant::now(),
            told: std::collections::HashSet::new(),
            meter: Meter::default(),
            _permit: permit,
        }
    }

    /// Tells the connection something. A command for peer exchange is dropped while the connection is
    /// behind; any other waits until there is room. Returns whether the command was not dropped.
    pub fn command(&self, command: PeerCommand) -> bool {
        match self.handle.commands.try_send(command) {
            Ok(()) => true,
            Err(TrySendError::Full(command)) if !matches!(command, PeerCommand::Pex(_)) => {
                let commands = self.handle.commands.clone();
                tokio::spawn(async move { commands.send(command).await });
                true
            }
            Err(_) => false,
        }
    }
}

/// A connection and its rates.
#[derive(Debug, Clone)]
pub struct PeerView {
    /// Figures and flags of the connection.
    pub status: Arc<PeerStatus>,
    /// Bytes per second.
    pub rates: Traffic,
}

/// What to do with a connection of a peer that is connected already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duplicate {
    /// The peer is not connected.
    None,
    /// This older connection stays.
    KeepOld(PeerKey),
    /// The newer connection takes the place of this one.
    Replace(PeerKey),
}

/// The open connections of one torrent, by key.
#[derive(Default)]
pub struct Connections {
    by_key: HashMap<PeerKey, Connection>,
}

impl Connections {
    /// Number of connections.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Adds a connection.
    pub fn insert(&mut self, key: PeerKey, connection: Connection) {
        self.by_key.insert(key, connection);
    }

    /// Takes a connection out.
    pub fn remove(&mut self, key: PeerKey) -> Option<Connection> {
        self.by_key.remove(&key)
    }

    /// A connection.
    pub fn get(&self, key: PeerKey) -> Option<&Connection> {
        self.by_key.get(&key)
    }

    /// A connection that is changed.
    pub fn get_mut(&mut self, key: PeerKey) -> Option<&mut Connection> {
        self.by_key.get_mut(&key)
    }

    /// All connections.
    pub fn iter(&self) -> impl Iterator<Item = &Connection> {
        self.by_key.values()
    }

    /// All connections, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&PeerKey, &mut Connection)> {
        self.by_key.iter_mut()
    }

    /// Whether a new connection with `peer_id` duplicates another one. Where both sides dialed each
    /// other at the same time, the connection that the larger peer id opened stays, so that both
    /// sides decide alike.
    #[must_use]
    pub fn duplicate(
        &self,
        ours: &[u8; 20],
        (ip, peer_id): (IpAddr, &[u8; 20]),
        incoming: bool,
        now: Instant,
    ) -> Duplicate {
        // A peer id alone proves nothing: anybody may send another peer's. A peer with both address
        // families is recognized once it has sent something useful.
        let same = |connection: &Connection| {
            let other = connection.handle.status.address.ip();
            let other_family = other.is_ipv4() != ip.is_ipv4();
            connection.peer_id == *peer_id
                && (other == ip || (other_family && connection.handle.status.downloaded() > 0))
        };
        let other = self.by_key.iter().find(|(_, connection)| same(connection));
        let Some((key, other)) = other else { return Duplicate::None };
        let crossed = other.incoming != incoming && now.duration_since(other.since) < SETTLED;
        let new_stays = if incoming { peer_id > ours } else { ours > peer_id };
        if crossed && new_stays { Duplicate::Replace(*key) } else { Duplicate::KeepOld(*key) }
    }

    /// Every connection with its rates, sampled now.
    pub fn view(&mut self, now: Instant) -> Vec<PeerView> {
        let sample = |connection: &mut Connection| {
            let status = Arc::clone(&connection.handle.status);
            let totals = Traffic { down: status.downloaded(), up: status.uploaded() };
            PeerView { rates: connection.meter.sample(now, totals), status }
        };
        self.by_key.values_mut().map(sample).collect()
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::{Semaphore, mpsc};

    use super::*;

    const OURS: [u8; 20] = [5; 20];

    /// Connections with one peer, and the key of that connection.
    async fn one(ip: &str, peer_id: [u8; 20], incoming: bool) -> (Connections, PeerKey) {
        let source = PeerSource::Tracker;
        let address = SocketAddr::new(ip.parse().unwrap(), 6881);
        let status = Arc::new(PeerStatus::new(address, peer_id, incoming, source));
        let handle = PeerHandle { status, commands: mpsc::channel(1).0 };
        let permit = Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap();
        let mut connections = Connections::default();
        let connection = Connection::new(handle, None, peer_id, (incoming, source), permit);
        connections.insert(PeerKey(1), connection);
        (connections, PeerKey(1))
    }

    #[tokio::test(start_paused = true)]
    async fn of_two_crossed_connections_both_sides_keep_the_same() {
        let ip = "192.0.2.1".parse().unwrap();
        for (peer_id, incoming, expected_old) in [
            // The larger id keeps its own dial.
            ([9; 20], false, false),
            ([9; 20], true, true),
            ([1; 20], false, true),
            ([1; 20], true, false),
        ] {
            let (connections, key) = one("192.0.2.1", peer_id, incoming).await;
            let found = connections.duplicate(&OURS, (ip, &peer_id), !incoming, Instant::now());
            let expected =
                if expected_old { Duplicate::KeepOld(key) } else { Duplicate::Replace(key) };
            assert_eq!(found, expected, "{peer_id:?} {incoming}");
            let later = Instant::now() + SETTLED;
            let found = connections.duplicate(&OURS, (ip, &peer_id), !incoming, later);
            assert_eq!(found, Duplicate::KeepOld(key), "an established connection stays");
        }
    }

    #[tokio::test]
    async fn the_peer_id_of_another_host_is_not_believed() {
        let (connections, _) = one("192.0.2.1", [9; 20], false).await;
        for ip in ["192.0.2.2", "2001:db8::1"] {
            let peer = (ip.parse().unwrap(), &[9; 20]);
            let found = connections.duplicate(&OURS, peer, true, Instant::now());
            assert_eq!(found, Duplicate::None);
        }
    }
}

//! Addresses of peers: taking them in, searching for them, and telling peers of each other.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::Instant;

use super::Driver;
use crate::peer::PeerCommand;
use crate::peer::status::{EXTENDED, PeerStatus, SEED};
use crate::torrent::exchange;
use crate::types::PeerSource;
use crate::wire::address;
use crate::wire::pex::PexPeer;

/// How often peers are told of each other (BEP 11: at most once a minute).
pub(super) const EXCHANGE: Duration = Duration::from_secs(60);

/// Pause between two searches in the DHT.
const SEARCH: Duration = Duration::from_secs(15 * 60);

/// The same while no peer is connected.
pub(super) const SEARCH_ALONE: Duration = Duration::from_secs(60);

/// Pause until the DHT is asked again when it has not started yet.
const NOT_STARTED: Duration = Duration::from_secs(1);

impl Driver {
    /// Adds addresses. Addresses of local networks are taken from local sources only: a peer or
    /// tracker elsewhere must not make us connect to the user's own devices.
    pub(super) fn add_peers(
        &mut self,
        peers: Vec<SocketAddr>,
        source: PeerSource,
        allow_local: bool,
    ) {
        let now = Instant::now();
        for peer in peers {
            let peer = address::to_canonical(peer);
            let usable =
                address::is_dialable(peer) && (allow_local || !address::is_local(peer.ip()));
            if usable {
                self.parts.store.add(peer, source, now);
            }
        }
    }

    pub(super) fn on_discovered(&mut self, found: Option<SocketAddr>, source: PeerSource) {
        match found {
            Some(peer) => self.add_peers(vec![peer], source, source == PeerSource::Lsd),
            None if source == PeerSource::Lsd => {
                self.lsd = None;
                self.next_lsd = Instant::now() + SEARCH_ALONE;
            }
            None => {
                self.dht = None;
                let alone = self.parts.connections.lock().len() == 0;
                let pause = if alone { SEARCH_ALONE } else { SEARCH };
                self.next_search = Instant::now() + pause;
            }
        }
    }

    /// Whether peers may come from the DHT and the local network.
    pub(super) fn discovers(&self) -> bool {
        !self.parked && !self.is_private()
    }

    /// Joins the local network once, and searches the DHT from time to time.
    pub(super) fn search_due(&mut self) {
        if !self.discovers() {
            return;
        }
        let id = self.parts.shared.info_hash;
        let now = Instant::now();
        if self.lsd.is_none() && self.next_lsd <= now {
            self.lsd = self.parts.network.search_lsd(id);
        }
        if self.dht.is_none() && self.next_search <= now && self.parts.network.uses_dht() {
            self.dht = self.parts.network.search_dht(id);
            self.next_search = now + if self.dht.is_some() { SEARCH } else { NOT_STARTED };
        }
    }

    pub(super) fn exchange_due(&mut self) {
        let now = Instant::now();
        if now < self.next_exchange {
            return;
        }
        self.next_exchange = now + EXCHANGE;
        if self.is_private() || self.parked {
            return;
        }
        let mut connections = self.parts.connections.lock();
        let connected: Vec<PexPeer> = connections
            .iter_mut()
            .filter_map(|(_, connection)| {
                let flags = pex_flags(&connection.handle.status);
                connection.listens_on.map(|address| PexPeer { address, flags })
            })
            .collect();
        for (_, connection) in connections.iter_mut() {
            let status = &connection.handle.status;
            if !status.has(EXTENDED) {
                continue;
            }
            // Addresses of the local network mean nothing elsewhere.
            let local = address::is_local(status.address.ip());
            let usable = |peer: &&PexPeer| local || !address::is_local(peer.address.ip());
            let connected: Vec<_> = connected.iter().filter(usable).copied().collect();
            let mut told = connection.told.clone();
            if let Some(pex) = exchange::update(&mut told, &connected, connection.listens_on)
                && connection.command(PeerCommand::Pex(Box::new(pex)))
            {
                connection.told = told;
            }
        }
    }
}

/// Flags of peer exchange (BEP 11): 0x02 a seed, 0x10 reachable.
fn pex_flags(status: &PeerStatus) -> u8 {
    let seed = if status.has(SEED) { 0x02 } else { 0 };
    if status.incoming { seed } else { seed | 0x10 }
}

//! What connections report.

use tokio::time::Instant;

use super::Driver;
use super::discovery::SEARCH_ALONE;
use crate::peer::{CloseReason, EndReason, PeerCommand, PeerEvent};
use crate::peer_store::Outcome;
use crate::torrent::connections::Connection;
use crate::types::{PeerKey, PeerSource};
use crate::wire::address;

use std::sync::atomic::Ordering;

/// Connections below which the torrent asks for more peers.
const WANTED_PEERS: usize = 30;

impl Driver {
    pub(super) fn wanting_peers(&self) {
        let few = self.parts.connections.lock().len() < WANTED_PEERS;
        let wanting = few && !self.parked && !self.parts.shared.is_finished();
        self.parts.announcer.set_wanting_peers(wanting);
    }

    pub(super) fn on_event(&mut self, event: PeerEvent) {
        match event {
            PeerEvent::Ended { key, reason, useful } => self.on_ended(key, reason, useful),
            PeerEvent::Pex { key, added } => {
                let local = self.parts.connections.lock().get_mut(key).is_some_and(|connection| {
                    address::is_local(connection.handle.status.address.ip())
                });
                if !self.is_private() && !self.parked {
                    let peers = added.into_iter().map(|peer| peer.address).collect();
                    self.add_peers(peers, PeerSource::Pex, local);
                }
            }
            PeerEvent::ListenPort { key, address } => {
                let mut connections = self.parts.connections.lock();
                if let Some(connection) = connections.get_mut(key)
                    && connection.listens_on.is_none()
                    && address::is_dialable(address)
                {
                    connection.listens_on = Some(address);
                    let now = Instant::now();
                    self.parts.store.in_use(address, PeerSource::Incoming, now);
                }
            }
            PeerEvent::MetadataComplete(metadata) => {
                self.parked = self.attachment().is_none();
                if self.parked {
                    // Whether the torrent is private is known only when it is attached.
                    (self.dht, self.lsd, self.next_search) = (None, None, Instant::now());
                }
                self.parts.has_metadata.store(true, Ordering::Release);
                for waiting in self.awaiting_metadata.drain(..) {
                    _ = waiting.send(Ok(metadata.clone()));
                }
                self.metadata.get_or_insert(metadata);
            }
            PeerEvent::Lied { key } => {
                let connections = self.parts.connections.lock();
                let address = connections.get(key).map(|peer| peer.handle.status.address);
                drop(connections);
                if let Some(address) = address {
                    self.parts.network.bans.add_liar(address.ip());
                    self.parts.store.ended(address, Outcome::Banned, Instant::now());
                }
                self.close(key, CloseReason::Banned);
            }
        }
    }

    pub(super) fn on_ended(&mut self, key: PeerKey, reason: EndReason, useful: bool) {
        let Some(connection) = self.parts.connections.lock().remove(key) else { return };
        let outcome = match reason {
            EndReason::NotNeeded => Outcome::NotNeeded,
            EndReason::Lied => Outcome::Banned,
            EndReason::Closed(CloseReason::Stopped) | EndReason::Detached => Outcome::Useful,
            _ if useful => Outcome::Useful,
            _ => Outcome::Useless,
        };
        if let Some(address) = connection.listens_on {
            self.address_ended(address, outcome);
        }
        if self.parts.connections.lock().len() == 0 {
            self.next_search = self.next_search.min(Instant::now() + SEARCH_ALONE);
        }
        self.wanting_peers();
    }

    pub(super) fn close(&mut self, key: PeerKey, reason: CloseReason) {
        if let Some(connection) = self.parts.connections.lock().get(key) {
            connection.command(PeerCommand::Close(reason));
        }
    }

    pub(super) fn close_where(
        &mut self,
        reason: CloseReason,
        chosen: impl Fn(&Connection) -> bool,
    ) {
        let connections = self.parts.connections.lock();
        for connection in connections.iter().filter(|connection| chosen(connection)) {
            connection.command(PeerCommand::Close(reason));
        }
    }
}

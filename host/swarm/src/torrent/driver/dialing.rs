//! Dialing peers, and taking in the connections of peers that dialed us.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::{DialResult, Driver, PRIVATE_SOURCES};
use crate::dial::{Dialed, dial};
use crate::peer::{CloseReason, PeerParams, spawn};
use crate::peer_store::Outcome;
use crate::torrent::Incoming;
use crate::torrent::connections::{Connection, Duplicate};
use crate::types::PeerSource;
use crate::wire::address;
use crate::wire::handshake::Handshake;

/// Most dials of one torrent at a time.
const MAX_DIALS: usize = 30;

/// Most connections of one torrent with one host.
const MAX_OF_HOST: usize = 4;

/// A connection whose handshakes are done.
struct Begin {
    stream: tokio::net::TcpStream,
    address: SocketAddr,
    listens_on: Option<SocketAddr>,
    handshake: Handshake,
    received: Vec<u8>,
}

impl Driver {
    pub(super) fn has_room(&self) -> bool {
        let open = self.parts.connections.lock().len() + self.dials.len();
        open < self.parts.network.max_connections_per_torrent() && self.dials.len() < MAX_DIALS
    }

    /// Whether there is no room for one more connection with `address`. One host must not take all the
    /// room; the peers of this machine and of tunnels to it share an address.
    pub(super) fn is_full(&self, address: SocketAddr, incoming: bool) -> bool {
        let connections = self.parts.connections.lock();
        let network = &self.parts.network;
        let of_host =
            |other: &&Connection| host(other.handle.status.address.ip()) == host(address.ip());
        connections.len() >= network.max_connections_per_torrent()
            || (incoming
                && connections.iter().filter(|other| other.incoming).count()
                    >= network.max_incoming_per_torrent())
            || (!address::is_local(address.ip())
                && connections.iter().filter(of_host).count() >= MAX_OF_HOST)
    }

    pub(super) fn dial_due(&mut self) {
        let now = Instant::now();
        while !self.parked && self.has_room() {
            let Some((address, source)) = self.parts.store.next(now) else { break };
            if self.parts.network.bans.contains(address.ip()) {
                self.parts.store.ended(address, Outcome::Failed, now);
                continue;
            }
            let network = Arc::clone(&self.parts.network);
            let ours = self.handshake();
            self.dials.spawn(async move {
                let result = async {
                    // A dial that waits holds no connection: incoming peers need them.
                    let _half_open = network.dial_permit().await?;
                    let permit = network.connection_permit().await?;
                    Ok((dial(address, ours).await?, permit))
                };
                (address, source, result.await)
            });
        }
    }

    pub(super) fn handshake(&self) -> Handshake {
        Handshake::new(self.parts.shared.info_hash, self.parts.shared.peer_id)
    }

    /// Notes how the use of an address ended, unless another connection leads to the same peer.
    pub(super) fn address_ended(&mut self, address: SocketAddr, outcome: Outcome) {
        let refused = matches!(outcome, Outcome::Banned | Outcome::Ourselves);
        let in_use = || {
            let connections = self.parts.connections.lock();
            connections.iter().any(|connection| connection.listens_on == Some(address))
        };
        if refused || !in_use() {
            self.parts.store.ended(address, outcome, Instant::now());
        }
    }

    pub(super) fn on_dialed(&mut self, (address, source, result): DialResult) {
        let now = Instant::now();
        let (dialed, permit) = match result {
            Ok(dialed) => dialed,
            Err(error) => {
                tracing::trace!(%address, %error, "a peer could not be reached");
                return self.address_ended(address, Outcome::Failed);
            }
        };
        let full = self.is_full(address, false);
        // The torrent may have turned out to be private meanwhile.
        if full || (self.is_private() && !PRIVATE_SOURCES.contains(&source)) {
            return self.address_ended(address, Outcome::Useless);
        }
        if dialed.handshake.peer_id == self.parts.shared.peer_id {
            return self.parts.store.ended(address, Outcome::Ourselves, now);
        }
        let incoming = false;
        let ours = self.parts.shared.peer_id;
        let peer = (address.ip(), &dialed.handshake.peer_id);
        let duplicate = self.parts.connections.lock().duplicate(&ours, peer, incoming, now);
        match duplicate {
            Duplicate::KeepOld(key) => {
                if let Some(other) = self.parts.connections.lock().get_mut(key)
                    && other.listens_on.is_none()
                    && other.handle.status.address.ip() == address.ip()
                {
                    // The address stays in use for as long as the other connection lasts.
                    other.listens_on = Some(address);
                }
                return self.address_ended(address, Outcome::Useless);
            }
            Duplicate::Replace(key) => self.close(key, CloseReason::Duplicate),
            Duplicate::None => {}
        }
        let Dialed { stream, handshake, received } = dialed;
        let begin = Begin { stream, address, listens_on: Some(address), handshake, received };
        self.begin(begin, incoming, source, permit);
    }

    pub(super) fn on_incoming(&mut self, peer: Incoming) {
        let Incoming { stream, address, handshake, permit } = peer;
        if self.parked || self.is_full(address, true) {
            return;
        }
        let ours = self.parts.shared.peer_id;
        let now = Instant::now();
        let peer = (address.ip(), &handshake.peer_id);
        let duplicate = self.parts.connections.lock().duplicate(&ours, peer, true, now);
        match duplicate {
            Duplicate::KeepOld(_) => return,
            Duplicate::Replace(key) => self.close(key, CloseReason::Duplicate),
            Duplicate::None => {}
        }
        // The socket's buffer is empty: the answer fits.
        if !matches!(stream.try_write(&self.handshake().to_bytes()), Ok(Handshake::LEN)) {
            return;
        }
        let begin = Begin { stream, address, listens_on: None, handshake, received: Vec::new() };
        self.begin(begin, true, PeerSource::Incoming, permit);
    }

    fn begin(
        &mut self,
        begin: Begin,
        incoming: bool,
        source: PeerSource,
        permit: OwnedSemaphorePermit,
    ) {
        let Begin { stream, address, listens_on, handshake, received } = begin;
        // The ban may have come while the peer was dialed.
        if self.parts.network.bans.contains(address.ip()) {
            return self.parts.store.ended(address, Outcome::Useless, Instant::now());
        }
        let stream = match stream.into_std() {
            Ok(stream) => stream,
            Err(error) => {
                tracing::debug!(%address, %error, "a connection cannot be moved");
                return self.parts.store.ended(address, Outcome::Failed, Instant::now());
            }
        };
        let params = PeerParams {
            stream,
            address,
            incoming,
            source,
            handshake,
            received,
            torrent: Arc::clone(&self.parts.shared),
            options: self.parts.network.peer_options(),
        };
        let key = self.parts.network.next_key();
        let handle = spawn(params, key, self.events_sender.clone());
        let connection =
            Connection::new(handle, listens_on, handshake.peer_id, (incoming, source), permit);
        self.parts.connections.lock().insert(key, connection);
        self.wanting_peers();
    }
}

/// The part of an address that belongs to one host: an IPv6 host has a /64 at least.
fn host(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

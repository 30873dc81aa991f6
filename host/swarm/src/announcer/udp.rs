//! A client of UDP trackers (BEP 15, 41): one socket for each address family, shared by all torrents.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout_at};
use torrpeddo_readers::metainfo::InfoHash;

use super::exchange::{Answer, Failure, Family, Request, Scrape};
use super::udp_packets::{self as packets, Packet};
use crate::wire::address;

/// How long an announce or scrape may take with all retransmissions, a connect request included.
pub(super) const TIMEOUT: Duration = Duration::from_secs(60);
/// Before the first retransmission; doubled with each (BEP 15).
const FIRST_RETRANSMISSION: Duration = Duration::from_secs(15);
/// How long a connection id is used (BEP 15).
const CONNECTION_AGE: Duration = Duration::from_secs(60);
/// Connection ids kept. Beyond it, expired and unused ones are forgotten.
const MAX_CONNECTIONS: usize = 1_024;
/// Bytes of a datagram that are read: the answer with 1,000 IPv6 peers has 18,020.
const MAX_DATAGRAM: usize = 20 * 1024;
/// Pause after an error of a socket, so that one that stays does not occupy a processor.
const ERROR_PAUSE: Duration = Duration::from_millis(100);

const SILENT: &str = "The tracker did not answer within 60 s.";
const NONSENSE: &str = "The tracker's answer is not one of a UDP tracker.";

/// The client.
pub(super) struct UdpTrackers {
    handle: Handle,
    sockets: [Mutex<Option<Arc<Channel>>>; 2],
    connections: Mutex<HashMap<SocketAddr, Connection>>,
}

/// The connection to one tracker. Its announces wait for the same connect request.
type Connection = Arc<tokio::sync::Mutex<Option<ConnectionId>>>;

#[derive(Debug, Clone, Copy)]
struct ConnectionId {
    id: u64,
    until: Instant,
}

impl UdpTrackers {
    /// The sockets are made when they are needed first; their tasks run on `handle`.
    pub(super) fn new(handle: Handle) -> Self {
        Self { handle, sockets: Default::default(), connections: Mutex::default() }
    }

    /// Announces to the tracker at `tracker`.
    pub(super) async fn announce(
        &self,
        tracker: SocketAddr,
        request: &Request,
        url_data: &str,
    ) -> Result<Answer, Failure> {
        let build =
            |connection, transaction| packets::announce(connection, transaction, request, url_data);
        match self.ask(tracker, build).await? {
            Packet::Announce(answer) => Ok(answer),
            _ => Err(Failure::refused(NONSENSE)),
        }
    }

    /// Asks the tracker at `tracker` for the counts of a torrent.
    pub(super) async fn scrape(
        &self,
        tracker: SocketAddr,
        info_hash: &InfoHash,
    ) -> Result<Scrape, Failure> {
        let build =
            |connection, transaction| packets::scrape(connection, transaction, &info_hash.0);
        match self.ask(tracker, build).await? {
            Packet::Scrape(scrape) => Ok(scrape),
            _ => Err(Failure::refused(NONSENSE)),
        }
    }

    /// Sends the packet that `build` makes of a connection id and a transaction id, and waits for its
    /// answer. An id that expires meanwhile, or that the tracker has forgotten, is replaced.
    async fn ask(
        &self,
        tracker: SocketAddr,
        build: impl Fn(u64, u32) -> Vec<u8>,
    ) -> Result<Packet, Failure> {
        if !address::is_dialable(tracker) {
            return Err(Failure::refused("The tracker's address cannot be used."));
        }
        let deadline = Instant::now() + TIMEOUT;
        let channel = self.channel(Family::of(tracker.ip()))?;
        let connection = self.connection(tracker);
        let mut renewed = false;
        loop {
            let (id, fresh) = connect(&channel, &connection, tracker, deadline).await?;
            let until = deadline.min(id.until);
            let packet =
                channel.exchange(tracker, until, |transaction| build(id.id, transaction)).await?;
            match packet {
                None if Instant::now() >= deadline => return Err(Failure::unreachable(SILENT)),
                None => {}
                // A tracker that restarted answers with an error to the ids that it gave before.
                Some(Packet::Error(_)) if !fresh && !renewed => renewed = true,
                Some(Packet::Error(message)) => return Err(Failure::refused(message)),
                Some(packet) => return Ok(packet),
            }
            let mut known = connection.lock().await;
            if known.is_some_and(|known| known.id == id.id) {
                *known = None;
            }
        }
    }

    fn connection(&self, tracker: SocketAddr) -> Connection {
        let mut connections = self.connections.lock();
        if connections.len() >= MAX_CONNECTIONS && !connections.contains_key(&tracker) {
            let now = Instant::now();
            connections.retain(|_, connection| {
                let valid = |id: &ConnectionId| id.until > now;
                connection.try_lock().map_or(true, |id| id.as_ref().is_some_and(valid))
            });
        }
        // Trackers that answered within a minute fill it only on purpose: they are asked again.
        if connections.len() >= MAX_CONNECTIONS && !connections.contains_key(&tracker) {
            connections.clear();
        }
        Arc::clone(connections.entry(tracker).or_default())
    }

    fn channel(&self, family: Family) -> Result<Arc<Channel>, Failure> {
        let [v4, v6] = &self.sockets;
        let mut slot = match family {
            Family::V4 => v4.lock(),
            Family::V6 => v6.lock(),
        };
        if let Some(channel) = &*slot {
            return Ok(Arc::clone(channel));
        }
        let channel = Channel::open(&self.handle, family).map_err(|error| {
            tracing::debug!(?family, %error, "no socket for UDP trackers");
            Failure::refused("No UDP socket could be opened.")
        })?;
        *slot = Some(Arc::clone(&channel));
        Ok(channel)
    }
}

/// A connection id that is valid, and whether it was asked for now.
async fn connect(
    channel: &Channel,
    connection: &Connection,
    tracker: SocketAddr,
    deadline: Instant,
) -> Result<(ConnectionId, bool), Failure> {
    let silent = || Failure::unreachable(SILENT);
    let mut known = timeout_at(deadline, connection.lock()).await.map_err(|_| silent())?;
    if let Some(id) = known.filter(|id| id.until > Instant::now()) {
        return Ok((id, false));
    }
    match channel.exchange(tracker, deadline, packets::connect).await? {
        Some(Packet::Connect { connection_id }) => {
            let id = ConnectionId { id: connection_id, until: Instant::now() + CONNECTION_AGE };
            *known = Some(id);
            Ok((id, true))
        }
        Some(Packet::Error(message)) => Err(Failure::refused(message)),
        Some(_) => Err(Failure::refused(NONSENSE)),
        None => Err(silent()),
    }
}

/// A socket, and the transactions that wait for an answer on it.
struct Channel {
    socket: Arc<UdpSocket>,
    waiting: Arc<Mutex<HashMap<u32, Waiting>>>,
    family: Family,
    receiver: AbortHandle,
}

struct Waiting {
    tracker: SocketAddr,
    answer: oneshot::Sender<Vec<u8>>,
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.receiver.abort();
    }
}

impl Channel {
    fn open(handle: &Handle, family: Family) -> io::Result<Arc<Self>> {
        let (domain, any) = match family {
            Family::V4 => (Domain::IPV4, SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))),
            Family::V6 => (Domain::IPV6, SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0))),
        };
        let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
        if family == Family::V6 {
            socket.set_only_v6(true)?;
        }
        socket.set_nonblocking(true)?;
        socket.bind(&any.into())?;
        let guard = handle.enter();
        let socket = Arc::new(UdpSocket::from_std(socket.into())?);
        drop(guard);
        let waiting = Arc::default();
        let receiver =
            handle.spawn(receive(Arc::clone(&socket), Arc::clone(&waiting))).abort_handle();
        Ok(Arc::new(Self { socket, waiting, family, receiver }))
    }

    /// Sends the packet that `build` makes of a transaction id until it is answered, or until `until`:
    /// then `None`. Packets that make no sense are not answers.
    async fn exchange(
        &self,
        tracker: SocketAddr,
        until: Instant,
        build: impl Fn(u32) -> Vec<u8>,
    ) -> Result<Option<Packet>, Failure> {
        let (transaction, mut answer) = self.register(tracker);
        let packet = build(transaction.id);
        let mut pause = FIRST_RETRANSMISSION;
        while Instant::now() < until {
            if let Err(error) = self.socket.send_to(&packet, tracker).await {
                tracing::debug!(%tracker, %error, "a packet to a tracker could not be sent");
                return Err(Failure::unreachable("The tracker's address cannot be reached."));
            }
            let next = until.min(Instant::now() + pause);
            pause = pause.saturating_mul(2);
            if let Ok(datagram) = timeout_at(next, &mut answer).await {
                let datagram = datagram.unwrap_or_default();
                let packet = packets::parse(&datagram, self.family);
                return packet.map(Some).ok_or_else(|| Failure::refused(NONSENSE));
            }
        }
        Ok(None)
    }

    fn register(&self, tracker: SocketAddr) -> (Transaction<'_>, oneshot::Receiver<Vec<u8>>) {
        let (answer, receiver) = oneshot::channel();
        let mut waiting = self.waiting.lock();
        let mut id = rand::random();
        while waiting.contains_key(&id) {
            id = rand::random();
        }
        waiting.insert(id, Waiting { tracker, answer });
        (Transaction { channel: self, id }, receiver)
    }
}

/// A transaction id in use.
struct Transaction<'a> {
    channel: &'a Channel,
    id: u32,
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        self.channel.waiting.lock().remove(&self.id);
    }
}

/// Gives answers to those that wait. A datagram from another address or port than the one that was
/// asked, or for a transaction that has ended, is dropped.
async fn receive(socket: Arc<UdpSocket>, waiting: Arc<Mutex<HashMap<u32, Waiting>>>) {
    let mut buffer = vec![0; MAX_DATAGRAM];
    loop {
        let (len, from) = match socket.recv_from(&mut buffer).await {
            Ok(received) => received,
            Err(error) => {
                tracing::debug!(%error, "the socket for UDP trackers failed");
                tokio::time::sleep(ERROR_PAUSE).await;
                continue;
            }
        };
        let datagram = buffer.get(..len).unwrap_or_default();
        let Some(id) = packets::transaction(datagram) else { continue };
        let mut waiting = waiting.lock();
        if waiting.get(&id).is_some_and(|waiting| same(waiting.tracker, from))
            && let Some(waiting) = waiting.remove(&id)
        {
            // The other end has gone: the answer is late.
            let _ = waiting.answer.send(datagram.to_vec());
        }
    }
}

/// Whether two addresses are equal but for the scope of a link-local one.
fn same(one: SocketAddr, two: SocketAddr) -> bool {
    (one.ip(), one.port()) == (two.ip(), two.port())
}

#[cfg(test)]
mod tests;

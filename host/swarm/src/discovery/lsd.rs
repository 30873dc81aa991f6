//! Local service discovery (BEP 14): peers in the local network, found by multicast.
//!
//! `librqbit-lsd` is not used: it needs IPv6, ends at its first error in receiving, queues addresses
//! without a bound and sends a datagram for each torrent at once.

mod message;
mod socket;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use torrpeddo_readers::metainfo::InfoHash;

use self::message::{Announcement, MAX_HASHES};
use self::socket::Multicast;
use super::DiscoveryError;
use super::interfaces::{self, Interface};

/// How often a torrent is announced (BEP 14).
const ANNOUNCE_INTERVAL: Duration = Duration::from_secs(300);
/// The least time between two announcements. Each tells of at most [`MAX_HASHES`] torrents and is one
/// datagram for every interface and family.
const MESSAGE_INTERVAL: Duration = Duration::from_secs(1);
/// Addresses that wait for a torrent's receiver. Further ones are dropped until it reads.
const PEER_QUEUE: usize = 64;
/// The pause after an error in receiving.
const ERROR_PAUSE: Duration = Duration::from_secs(1);
/// Bytes that are read of a datagram. Messages have at most 1,400 (BEP 14).
const MAX_DATAGRAM: usize = 1_500;

/// Local service discovery. All work ends when the value is dropped.
#[derive(Debug)]
pub struct Lsd {
    shared: Arc<Shared>,
    end: CancellationToken,
}

#[derive(Debug)]
struct Shared {
    port: u16,
    /// Marks our own announcements, which come back by multicast.
    cookie: String,
    torrents: Mutex<HashMap<InfoHash, Torrent>>,
    added: Notify,
}

#[derive(Debug)]
struct Torrent {
    peers: mpsc::Sender<SocketAddr>,
    due: Instant,
}

impl Lsd {
    /// Joins the multicast groups and listens on the current runtime. `port` is the TCP port at which
    /// we accept peers.
    ///
    /// # Errors
    /// When there is a socket for neither IPv4 nor IPv6. One of them is enough. A later call may
    /// succeed.
    pub fn start(port: u16) -> Result<Self, DiscoveryError> {
        Self::start_on(port, interfaces::list)
    }

    fn start_on(port: u16, list: fn() -> Vec<Interface>) -> Result<Self, DiscoveryError> {
        let interfaces = list();
        let v4 = Multicast::open_v4(&interfaces);
        let v6 = Multicast::open_v6(&interfaces);
        let sockets = match (v4, v6) {
            (Ok(v4), Ok(v6)) => vec![v4, v6],
            (Ok(one), Err(error)) | (Err(error), Ok(one)) => {
                tracing::debug!("local service discovery has one family only: {error}");
                vec![one]
            }
            (Err(error), Err(_)) => return Err(DiscoveryError::Lsd(error)),
        };
        let shared = Arc::new(Shared {
            port,
            cookie: rand::random::<u32>().to_string(),
            torrents: Mutex::default(),
            added: Notify::new(),
        });
        let end = CancellationToken::new();
        let sockets: Arc<[Multicast]> = sockets.into();
        for index in 0..sockets.len() {
            let receive = receive(shared.clone(), sockets.clone(), index);
            tokio::spawn(end.clone().run_until_cancelled_owned(receive));
        }
        let announce = announce(shared.clone(), sockets, list);
        tokio::spawn(end.clone().run_until_cancelled_owned(announce));
        Ok(Self { shared, end })
    }

    /// Announces a torrent now and every five minutes, until the receiver is dropped. Returns the
    /// addresses of peers that announce the same torrent, each as often as it announces; addresses
    /// are dropped while 64 are unread. Must not be called for a private torrent (BEP 27).
    ///
    /// A second call for the same torrent ends the first one's receiver.
    #[must_use]
    pub fn announce(&self, info_hash: InfoHash) -> mpsc::Receiver<SocketAddr> {
        let (peers, receiver) = mpsc::channel(PEER_QUEUE);
        if !self.end.is_cancelled() {
            let torrent = Torrent { peers, due: Instant::now() };
            self.shared.torrents.lock().insert(info_hash, torrent);
            self.shared.added.notify_one();
        }
        receiver
    }

    /// Ends all work, and all receivers.
    pub fn stop(&self) {
        self.end.cancel();
        self.shared.torrents.lock().clear();
    }
}

impl Drop for Lsd {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    /// Forgets torrents without a receiver. Returns what is due now, or else when the next torrent is
    /// due. Those that are returned are due again after [`ANNOUNCE_INTERVAL`].
    fn take_due(&self, now: Instant) -> Result<Vec<InfoHash>, Option<Instant>> {
        let mut torrents = self.torrents.lock();
        torrents.retain(|_, torrent| !torrent.peers.is_closed());
        let mut due: Vec<_> =
            torrents.iter_mut().filter(|(_, torrent)| torrent.due <= now).collect();
        if due.is_empty() {
            return Err(torrents.values().map(|torrent| torrent.due).min());
        }
        due.sort_by_key(|(_, torrent)| torrent.due);
        due.truncate(MAX_HASHES);
        let announced = due.into_iter().map(|(info_hash, torrent)| {
            torrent.due = now + ANNOUNCE_INTERVAL;
            *info_hash
        });
        Ok(announced.collect())
    }

    /// Hands the sender's address to the receivers of the torrents that are announced.
    fn on_datagram(&self, datagram: &[u8], from: SocketAddr) {
        let Some(announcement) = Announcement::parse(datagram) else { return };
        if announcement.cookie == Some(&self.cookie) {
            return;
        }
        let mut address = from;
        address.set_port(announcement.port);
        let torrents = self.torrents.lock();
        for info_hash in &announcement.info_hashes {
            if let Some(torrent) = torrents.get(info_hash) {
                // A receiver that does not read loses what does not fit.
                let _ = torrent.peers.try_send(address);
            }
        }
    }
}

async fn announce(shared: Arc<Shared>, sockets: Arc<[Multicast]>, list: fn() -> Vec<Interface>) {
    loop {
        match shared.take_due(Instant::now()) {
            Ok(info_hashes) => {
                // Interfaces come and go.
                let interfaces = list();
                for socket in sockets.iter() {
                    let message =
                        message::encode(socket.group(), shared.port, &info_hashes, &shared.cookie);
                    socket.send(&interfaces, message.as_bytes()).await;
                }
                tokio::time::sleep(MESSAGE_INTERVAL).await;
            }
            Err(Some(next)) => tokio::select! {
                () = tokio::time::sleep_until(next) => {}
                () = shared.added.notified() => {}
            },
            Err(None) => shared.added.notified().await,
        }
    }
}

async fn receive(shared: Arc<Shared>, sockets: Arc<[Multicast]>, index: usize) {
    let Some(socket) = sockets.get(index) else { return };
    let mut buffer = [0; MAX_DATAGRAM];
    loop {
        match socket.receive(&mut buffer).await {
            Ok((len, from)) => {
                shared.on_datagram(buffer.get(..len).unwrap_or_default(), from);
            }
            Err(error) => {
                tracing::debug!("local service discovery cannot receive: {error}");
                tokio::time::sleep(ERROR_PAUSE).await;
            }
        }
    }
}

//! Scripted trackers on loopback.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use torrpeddo_readers::metainfo::InfoHash;

use super::exchange::{Event, Request};
use super::resolver::Network;

/// An announce with recognisable numbers.
pub(super) fn request() -> Request {
    Request {
        info_hash: InfoHash([1; 20]),
        peer_id: *b"-TP0100-abcdefghijkl",
        port: 6_881,
        uploaded: 1,
        downloaded: 2,
        left: 3,
        event: Event::Started,
        key: 0xbeef,
        numwant: 80,
        tracker_id: None,
    }
}

/// Names with the given addresses, and 127.0.0.1 as the only local address: 127.0.0.2 is public.
pub(super) fn network(names: &'static [(&'static str, &'static [&'static str])]) -> Network {
    Network {
        lookup: Arc::new(move |name| {
            let found = names.iter().find(|(one, _)| *one == name).map(|(_, ips)| *ips);
            Box::pin(async move {
                let ips = found.ok_or(std::io::ErrorKind::NotFound)?;
                Ok(ips.iter().map(|ip| ip.parse().expect("an address")).collect())
            })
        }),
        is_local: |ip| ip == IpAddr::from([127, 0, 0, 1]) || ip == IpAddr::from([0; 4]),
    }
}

/// What a scripted tracker has received, and a wait for more.
#[derive(Debug)]
pub(super) struct Received<T> {
    all: Mutex<Vec<T>>,
    more: Notify,
}

impl<T: Clone> Received<T> {
    fn new() -> Arc<Self> {
        Arc::new(Self { all: Mutex::default(), more: Notify::new() })
    }

    fn add(&self, one: T) {
        self.all.lock().push(one);
        self.more.notify_one();
    }

    pub(super) fn all(&self) -> Vec<T> {
        self.all.lock().clone()
    }

    pub(super) fn count(&self) -> usize {
        self.all.lock().len()
    }

    /// Everything, as soon as there are `count`.
    pub(super) async fn wait(&self, count: usize) -> Vec<T> {
        while self.count() < count {
            self.more.notified().await;
        }
        self.all()
    }
}

/// A tracker that answers each HTTP request as `answer` says: with bytes and a closed connection, or
/// with whatever an own task writes.
pub(super) struct HttpTracker {
    pub(super) address: SocketAddr,
    pub(super) received: Arc<Received<String>>,
    task: JoinHandle<()>,
}

pub(super) enum Reply {
    Bytes(Vec<u8>),
    /// Bytes after a while.
    Late(Duration, Vec<u8>),
    /// The connection stays open and silent.
    Silence,
    /// Bytes without an end.
    Endless,
}

impl HttpTracker {
    /// `answer` gets the request's head.
    pub(super) async fn start(
        ip: &str,
        answer: impl Fn(&str) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((ip, 0)).await.expect("a listener");
        let address = listener.local_addr().expect("an address");
        let received = Received::new();
        let (seen, answer) = (Arc::clone(&received), Arc::new(answer));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&seen), Arc::clone(&answer)));
            }
        });
        Self { address, received, task }
    }

    /// Always answers with a bencoded body.
    pub(super) async fn fixed(body: &'static [u8]) -> Self {
        Self::start("127.0.0.1", |_| Reply::Bytes(ok(body))).await
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for HttpTracker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    received: Arc<Received<String>>,
    answer: Arc<impl Fn(&str) -> Reply>,
) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let reply = answer(&head);
    received.add(head);
    match reply {
        Reply::Bytes(bytes) => stream.write_all(&bytes).await.ok(),
        Reply::Late(pause, bytes) => {
            tokio::time::sleep(pause).await;
            stream.write_all(&bytes).await.ok()
        }
        Reply::Silence => stream.read_u8().await.ok().map(|_| ()),
        Reply::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nd5:peers99999999:").await.ok()?;
            let part = vec![b'x'; 1 << 16];
            loop {
                stream.write_all(&part).await.ok()?;
                received.add("64 KiB".into());
            }
        }
    }
}

/// An HTTP response.
pub(super) fn response(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let len = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Length: {len}\r\n{headers}Connection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

pub(super) fn ok(body: &[u8]) -> Vec<u8> {
    response("200 OK", "", body)
}

pub(super) fn redirect(to: &str) -> Vec<u8> {
    response("302 Found", &format!("Location: {to}\r\n"), b"")
}

/// The value of a parameter in a request's head.
pub(super) fn parameter(head: &str, name: &str) -> Option<String> {
    let query = head.split_whitespace().nth(1)?.split_once('?')?.1;
    let (_, value) =
        query.split('&').filter_map(|one| one.split_once('=')).find(|(key, _)| *key == name)?;
    Some(value.to_owned())
}

/// A tracker that answers each datagram with those that `answer` makes of it, and its number.
pub(super) struct UdpTracker {
    pub(super) address: SocketAddr,
    pub(super) received: Arc<Received<Vec<u8>>>,
    task: JoinHandle<()>,
}

impl UdpTracker {
    pub(super) async fn start(
        ip: &str,
        mut answer: impl FnMut(&[u8], usize) -> Option<Vec<u8>> + Send + 'static,
    ) -> Self {
        let socket = UdpSocket::bind((ip, 0)).await.expect("a socket");
        let address = socket.local_addr().expect("an address");
        let received = Received::new();
        let seen = Arc::clone(&received);
        let task = tokio::spawn(async move {
            let mut buffer = vec![0; 4_096];
            while let Ok((len, from)) = socket.recv_from(&mut buffer).await {
                let number = seen.count();
                seen.add(buffer[..len].to_vec());
                if let Some(packet) = answer(&buffer[..len], number) {
                    socket.send_to(&packet, from).await.expect("sent");
                }
            }
        });
        Self { address, received, task }
    }
}

impl Drop for UdpTracker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Whether a packet is a connect request.
pub(super) fn is_connect(packet: &[u8]) -> bool {
    packet[8..12] == [0; 4]
}

/// The answer of a UDP tracker without oddities: connection id `id`, `peers` in compact form.
pub(super) fn udp_answer(packet: &[u8], id: u64, peers: &[u8]) -> Vec<u8> {
    let mut answer = packet[8..16].to_vec();
    match packet[11] {
        0 => answer.extend(id.to_be_bytes()),
        1 => {
            answer.extend([0, 0, 7, 8, 0, 0, 0, 1, 0, 0, 0, 2]);
            answer.extend(peers);
        }
        _ => answer.extend([0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 1]),
    }
    answer
}

/// A refusal.
pub(super) fn udp_error(packet: &[u8], text: &str) -> Vec<u8> {
    let mut answer = vec![0, 0, 0, 3];
    answer.extend(&packet[12..16]);
    answer.extend(text.bytes());
    answer
}

//! Trackers over HTTP (BEP 3, 7, 23) and UDP (BEP 15, 41) that answer what a test wants and remember what
//! they were told.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::bencode::{Value, dictionary};
use crate::wire::number;

/// The names of events in the order of their numbers over UDP (BEP 15).
const EVENTS: [&str; 4] = ["", "completed", "started", "stopped"];

/// How long an answer without an end is, in bytes: an engine that believes it does not take all memory of
/// the machine.
const ENDLESS: usize = 256 << 20;

/// How much of it is written at once.
const CHUNK: usize = 64 << 10;

/// What a tracker was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announce {
    /// `started`, `completed`, `stopped`, or empty.
    pub event: String,
    /// The bytes that are missing.
    pub left: Option<u64>,
    /// The query over HTTP, or the request string over UDP (BEP 41).
    pub request: String,
}

/// What a tracker answers over HTTP.
pub enum Answer {
    /// This body, with status 200.
    Body(Vec<u8>),
    /// These bytes in place of an HTTP response.
    Raw(Vec<u8>),
    /// A body of 256 MiB, whose length is not said.
    Endless,
}

impl Answer {
    /// A bencoded dictionary.
    #[must_use]
    pub fn of<'a>(members: impl IntoIterator<Item = (&'a str, Value)>) -> Self {
        Self::Body(dictionary(members).encode())
    }

    /// The usual answer: an interval of half an hour and these peers, all with IPv4 addresses.
    #[must_use]
    pub fn peers(peers: &[SocketAddr]) -> Self {
        Self::of([("interval", 1800.into()), ("peers", compact(peers))])
    }
}

/// Addresses of one family in compact form (BEP 7, 23).
#[must_use]
pub fn compact(peers: &[SocketAddr]) -> Value {
    Value::Bytes(peers.iter().flat_map(compact_one).collect())
}

fn compact_one(peer: &SocketAddr) -> Vec<u8> {
    let port = peer.port().to_be_bytes();
    match peer {
        SocketAddr::V4(peer) => [peer.ip().octets().as_slice(), &port].concat(),
        SocketAddr::V6(peer) => [peer.ip().octets().as_slice(), &port].concat(),
    }
}

#[derive(Default)]
struct Seen {
    announces: Mutex<Vec<Announce>>,
    sent: AtomicUsize,
}

impl Seen {
    fn announces(&self) -> MutexGuard<'_, Vec<Announce>> {
        self.announces.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// A tracker on 127.0.0.1. Its port stays open until the process ends.
pub struct ScriptedTracker {
    url: String,
    seen: Arc<Seen>,
}

impl ScriptedTracker {
    /// Starts a tracker over HTTP. `answer` is asked for each request, whatever its path is.
    ///
    /// # Panics
    /// If there is no free port.
    #[must_use]
    pub fn http(answer: impl Fn(&Announce) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/announce", listener.local_addr().expect("an address"));
        let seen = Arc::<Seen>::default();
        let (shared, answer) = (Arc::clone(&seen), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, answer) = (Arc::clone(&shared), Arc::clone(&answer));
                std::thread::spawn(move || answer_http(&stream, &seen, answer.as_ref()));
            }
        });
        Self { url, seen }
    }

    /// Starts a tracker over UDP that knows these peers.
    ///
    /// # Panics
    /// If there is no free port.
    #[must_use]
    pub fn udp(peers: &[SocketAddr]) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let url = format!("udp://{}/announce?pass=key", socket.local_addr().expect("an address"));
        let seen = Arc::<Seen>::default();
        let (shared, peers) = (Arc::clone(&seen), peers.to_vec());
        std::thread::spawn(move || {
            let mut buffer = [0; 2048];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                if let Some(answer) = answer_udp(&buffer[..length], &peers, &shared) {
                    let _ = socket.send_to(&answer, from);
                }
            }
        });
        Self { url, seen }
    }

    /// Where to announce.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it was told, in order.
    #[must_use]
    pub fn announces(&self) -> Vec<Announce> {
        self.seen.announces().clone()
    }

    /// The events that it was told of, in order, each with what was left.
    #[must_use]
    pub fn events(&self) -> Vec<(String, Option<u64>)> {
        let announces = self.announces().into_iter();
        announces
            .filter(|told| !told.event.is_empty())
            .map(|told| (told.event, told.left))
            .collect()
    }

    /// How many bytes of endless answers it has sent.
    #[must_use]
    pub fn sent(&self) -> usize {
        self.seen.sent.load(Ordering::SeqCst)
    }
}

fn answer_http(
    mut stream: &TcpStream,
    seen: &Seen,
    answer: &dyn Fn(&Announce) -> Answer,
) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let (mut first, mut header) = (String::new(), String::new());
    reader.read_line(&mut first)?;
    while reader.read_line(&mut header)? > 2 {
        header.clear();
    }
    let target = first.split(' ').nth(1).unwrap_or_default();
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let member =
        |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let announce = Announce {
        event: member("event").unwrap_or_default().into(),
        left: member("left").and_then(|left| left.parse().ok()),
        request: query.into(),
    };
    if !target.contains("/scrape") {
        seen.announces().push(announce.clone());
    }
    let head = |length: usize| {
        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")
    };
    match answer(&announce) {
        Answer::Body(body) => stream.write_all(&[head(body.len()).as_bytes(), &body].concat()),
        Answer::Raw(bytes) => stream.write_all(&bytes),
        Answer::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nd5:peers999999999:")?;
            for _ in 0..ENDLESS / CHUNK {
                stream.write_all(&[b'x'; CHUNK])?;
                seen.sent.fetch_add(CHUNK, Ordering::SeqCst);
            }
            Ok(())
        }
    }
}

fn answer_udp(request: &[u8], peers: &[SocketAddr], seen: &Seen) -> Option<Vec<u8>> {
    let transaction = request.get(12..16)?;
    let action = request.get(8..12)?;
    match number(request, 8)? {
        0 => Some([action, transaction, b"connects"].concat()),
        1 => {
            let left = request.get(64..72)?.try_into().ok()?;
            let event = EVENTS.get(usize::try_from(number(request, 80)?).ok()?)?;
            seen.announces().push(Announce {
                event: (*event).into(),
                left: Some(u64::from_be_bytes(left)),
                request: String::from_utf8_lossy(&url_data(request.get(98..)?)).into_owned(),
            });
            let numbers = [1800_u32, 0, 1].map(u32::to_be_bytes).concat();
            let peers = peers.iter().flat_map(compact_one).collect::<Vec<_>>();
            Some([action, transaction, &numbers, &peers].concat())
        }
        2 => Some([action, transaction, &[0; 12]].concat()),
        _ => None,
    }
}

/// The path and query in the options of an announce (BEP 41).
fn url_data(mut options: &[u8]) -> Vec<u8> {
    let mut joined = Vec::new();
    while let [kind, rest @ ..] = options {
        options = match (kind, rest) {
            (1, rest) => rest,
            (2, [length, rest @ ..]) if rest.len() >= usize::from(*length) => {
                let (data, rest) = rest.split_at(usize::from(*length));
                joined.extend(data);
                rest
            }
            _ => break,
        };
    }
    joined
}

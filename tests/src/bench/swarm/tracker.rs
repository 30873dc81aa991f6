//! The tracker of a benchmarked swarm.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// The peers of one swarm, in the order in which they announced themselves.
type Peers = Arc<Mutex<Vec<SocketAddrV4>>>;

/// A tracker of one torrent on 127.0.0.1 (BEP 3, 23). It takes a peer's address from its connection, so
/// peers with addresses of their own in 127.0.0.0/8 are told apart. Its thread ends with the process.
pub struct Tracker {
    port: u16,
    peers: Peers,
}

impl Tracker {
    /// Starts a tracker without peers.
    ///
    /// # Panics
    /// If there is no free port.
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let peers = Peers::default();
        let known = Arc::clone(&peers);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let known = Arc::clone(&known);
                std::thread::spawn(move || answer(&stream, &known));
            }
        });
        Self { port, peers }
    }

    /// The announce URL.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/announce", self.port)
    }

    /// Forgets all peers.
    ///
    /// # Panics
    /// If a thread of the tracker panicked.
    pub fn clear(&self) {
        self.peers.lock().expect("a lock").clear();
    }
}

/// Answers one request: an announce with all other peers, anything else with an error.
fn answer(stream: &TcpStream, peers: &Peers) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut request = String::new();
    reader.read_line(&mut request).ok()?;
    let mut header = String::new();
    while reader.read_line(&mut header).ok()? > 2 {
        header.clear();
    }
    let (path, query) = request.split(' ').nth(1)?.split_once('?')?;
    let peer = peer(stream, query).filter(|_| path == "/announce");
    let (status, body) = match peer {
        Some(peer) => ("200 OK", announce(peer, query.contains("event=stopped"), peers)),
        None => ("400 Bad Request", b"d14:failure reason11:bad requeste".to_vec()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        body.len()
    );
    let mut writer = stream;
    writer.write_all(&[head.as_bytes(), &body].concat()).ok()
}

fn peer(stream: &TcpStream, query: &str) -> Option<SocketAddrV4> {
    let port = query.split('&').find_map(|pair| pair.strip_prefix("port="))?.parse().ok()?;
    match stream.peer_addr().ok()?.ip() {
        IpAddr::V4(ip) => Some(SocketAddrV4::new(ip, port)),
        IpAddr::V6(_) => None,
    }
}

fn announce(peer: SocketAddrV4, stopped: bool, peers: &Peers) -> Vec<u8> {
    let mut peers = peers.lock().expect("a lock");
    peers.retain(|other| *other != peer);
    let others: Vec<u8> = peers
        .iter()
        .flat_map(|other| [&other.ip().octets()[..], &other.port().to_be_bytes()].concat())
        .collect();
    if !stopped {
        peers.push(peer);
    }
    let head = format!("d8:intervali1800e5:peers{}:", others.len());
    [head.as_bytes(), &others, b"e"].concat()
}

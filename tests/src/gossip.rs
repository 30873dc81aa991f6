//! A peer that exchanges peers (BEP 11), whether the torrent allows it or not. No client that
//! keeps the rules would do that with a private torrent.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream};

use crate::DEADLINE;
use crate::bencode::dictionary;

/// Kinds of messages (BEP 3, 10).
const INTERESTED: u8 = 2;
const REQUEST: u8 = 6;
const PIECE: u8 = 7;
const EXTENDED: u8 = 20;

/// What we want our peer exchange to be called.
const OUR_PEX: u8 = 9;

/// A connection to the program under test, after the handshakes.
pub struct Gossip {
    stream: TcpStream,
    /// What it wants its peer exchange to be called; none when it wants none.
    their_pex: Option<u8>,
}

impl Gossip {
    /// Connects, and says that peers can be exchanged.
    ///
    /// # Panics
    /// When the other side hangs up.
    #[must_use]
    pub fn with(peer: SocketAddr, info_hash: [u8; 20]) -> Self {
        Self::greet(peer, info_hash).expect("a peer that speaks BitTorrent")
    }

    fn greet(peer: SocketAddr, info_hash: [u8; 20]) -> io::Result<Self> {
        let mut stream = TcpStream::connect(peer)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        let mut greeting = b"\x13BitTorrent protocol\0\0\0\0\0\x10\0\0".to_vec();
        greeting.extend(info_hash);
        greeting.extend(b"-XX0000-gossipgossip");
        stream.write_all(&greeting)?;
        stream.read_exact(&mut [0; 68])?;
        let mut gossip = Self { stream, their_pex: None };
        let offer = dictionary([("m", dictionary([("ut_pex", u64::from(OUR_PEX).into())]))]);
        gossip.send(EXTENDED, &[&[0], offer.encode().as_slice()].concat())?;
        let hello = gossip.receive(|kind, body| kind == EXTENDED && body.first() == Some(&0))?;
        let label = b"6:ut_pexi";
        gossip.their_pex = hello.windows(label.len()).position(|part| part == label).map(|at| {
            let digits = hello[at + label.len()..].iter().take_while(|byte| byte.is_ascii_digit());
            digits.fold(0, |number, digit| number * 10 + (digit - b'0'))
        });
        Ok(gossip)
    }

    /// Tells of a peer. Returns when the other side has heard it, because it has answered
    /// something that was asked afterwards.
    ///
    /// # Panics
    /// When the other side hangs up, or does not have the first piece.
    pub fn tell_of(&mut self, rumour: SocketAddr) {
        self.try_tell_of(rumour).expect("a peer that listens and has the first piece");
    }

    fn try_tell_of(&mut self, rumour: SocketAddr) -> io::Result<()> {
        let IpAddr::V4(host) = rumour.ip() else { return Err(io::ErrorKind::Unsupported.into()) };
        let added = [host.octets().as_slice(), &rumour.port().to_be_bytes()].concat();
        let flags = [0_u8].as_slice();
        let rumour = dictionary([("added", added.as_slice().into()), ("added.f", flags.into())]);
        // Where it wants none, it is sent as others call it: 1.
        let kind = self.their_pex.unwrap_or(1);
        self.send(EXTENDED, &[&[kind], rumour.encode().as_slice()].concat())?;
        self.send(INTERESTED, &[])?;
        let block = [0_u32, 0, 16 << 10].map(u32::to_be_bytes).concat();
        self.send(REQUEST, &block)?;
        self.receive(|kind, _| kind == PIECE).map(drop)
    }

    /// Waits until the other side tells of a peer.
    ///
    /// # Errors
    /// When it hangs up first.
    pub fn heard(&mut self) -> io::Result<()> {
        self.receive(|kind, body| kind == EXTENDED && body.first() == Some(&OUR_PEX)).map(drop)
    }

    /// Whether it has told of a peer by now.
    ///
    /// # Panics
    /// When the socket does not do what it is told.
    #[must_use]
    pub fn has_heard(&mut self) -> bool {
        // What has not arrived by now is not waited for.
        self.stream.set_read_timeout(Some(std::time::Duration::from_millis(1))).expect("a socket");
        self.heard().is_ok()
    }

    fn send(&mut self, kind: u8, body: &[u8]) -> io::Result<()> {
        let length = u32::try_from(body.len() + 1).map_err(io::Error::other)?;
        let mut message = length.to_be_bytes().to_vec();
        message.push(kind);
        message.extend(body);
        self.stream.write_all(&message)
    }

    /// The body of the next message that is `wanted`.
    fn receive(&mut self, wanted: impl Fn(u8, &[u8]) -> bool) -> io::Result<Vec<u8>> {
        loop {
            let mut length = [0; 4];
            self.stream.read_exact(&mut length)?;
            let mut message = vec![0; u32::from_be_bytes(length) as usize];
            self.stream.read_exact(&mut message)?;
            if let [kind, body @ ..] = message.as_slice()
                && wanted(*kind, body)
            {
                return Ok(body.to_vec());
            }
        }
    }
}

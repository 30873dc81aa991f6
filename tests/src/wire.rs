//! The peer wire protocol (BEP 3, 6, 10), spoken by hand: tests say what no client says that keeps the
//! rules.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::DEADLINE;

/// The size of a block, but for the last one of a torrent.
pub const BLOCK: usize = 16 << 10;

/// Kinds of messages.
pub mod kind {
    /// BEP 3.
    pub const CHOKE: u8 = 0;
    /// BEP 3.
    pub const UNCHOKE: u8 = 1;
    /// BEP 3.
    pub const INTERESTED: u8 = 2;
    /// BEP 3.
    pub const NOT_INTERESTED: u8 = 3;
    /// BEP 3.
    pub const HAVE: u8 = 4;
    /// BEP 3.
    pub const BITFIELD: u8 = 5;
    /// BEP 3.
    pub const REQUEST: u8 = 6;
    /// BEP 3.
    pub const PIECE: u8 = 7;
    /// BEP 3.
    pub const CANCEL: u8 = 8;
    /// BEP 5.
    pub const PORT: u8 = 9;
    /// BEP 6.
    pub const SUGGEST: u8 = 13;
    /// BEP 6.
    pub const HAVE_ALL: u8 = 14;
    /// BEP 6.
    pub const HAVE_NONE: u8 = 15;
    /// BEP 6.
    pub const REJECT: u8 = 16;
    /// BEP 6.
    pub const ALLOWED_FAST: u8 = 17;
    /// BEP 10.
    pub const EXTENDED: u8 = 20;
}

/// Reserved bits of the handshake: BEP 10 alone.
pub const EXTENSIONS: [u8; 8] = [0, 0, 0, 0, 0, 0x10, 0, 0];

/// Reserved bits of the handshake: BEP 10 and the Fast extension (BEP 6).
pub const EXTENSIONS_AND_FAST: [u8; 8] = [0, 0, 0, 0, 0, 0x10, 0, 0x04];

/// A message that is not a keep-alive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// One of [`kind`].
    pub kind: u8,
    /// What follows the kind.
    pub body: Vec<u8>,
}

/// A block, as it is named in requests, cancels and rejects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// The index of its piece.
    pub piece: u32,
    /// Where it begins in the piece, in bytes.
    pub offset: u32,
    /// Its length in bytes.
    pub length: u32,
}

impl Block {
    /// The body of a request.
    #[must_use]
    pub fn encode(self) -> Vec<u8> {
        [self.piece, self.offset, self.length].map(u32::to_be_bytes).concat()
    }

    /// The block that the body of a request names.
    #[must_use]
    pub fn decode(body: &[u8]) -> Option<Self> {
        Some(Self { piece: number(body, 0)?, offset: number(body, 4)?, length: number(body, 8)? })
    }
}

/// The big-endian number at this place.
#[must_use]
pub fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// The bytes of a message.
#[must_use]
pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 1).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), [kind].as_slice(), body].concat()
}

/// The number that a bencoded dictionary has under a name, wherever it is in it.
#[must_use]
pub fn bencoded(dictionary: &[u8], name: &str) -> Option<u64> {
    let label = format!("{}:{name}i", name.len());
    let at = dictionary.windows(label.len()).position(|part| part == label.as_bytes())?;
    let mut digits = dictionary[at + label.len()..].iter().take_while(|byte| byte.is_ascii_digit());
    digits.try_fold(0_u64, |number, digit| {
        number.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
    })
}

/// The number that a peer gave to an extension in its extended handshake, whose body this is (without the
/// 0 that names it).
#[must_use]
pub fn extension(handshake: &[u8], name: &str) -> Option<u8> {
    bencoded(handshake, name)?.try_into().ok()
}

/// A connection after the handshake.
pub struct Wire {
    /// The connection.
    pub stream: TcpStream,
    /// The reserved bits of the other side.
    pub reserved: [u8; 8],
    /// What has arrived and was not taken.
    buffer: Vec<u8>,
}

impl Wire {
    /// Connects to a peer.
    ///
    /// # Errors
    /// If the connection fails, or if the peer closes it instead of answering the handshake.
    pub fn connect(peer: SocketAddr, info_hash: [u8; 20], reserved: [u8; 8]) -> io::Result<Self> {
        let stream = TcpStream::connect(peer)?;
        Self::greet(stream, info_hash, reserved)
    }

    /// Greets a peer, which may have connected to us.
    ///
    /// # Errors
    /// If the connection fails, or if the other side is about another torrent.
    pub fn greet(
        mut stream: TcpStream,
        info_hash: [u8; 20],
        reserved: [u8; 8],
    ) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.set_write_timeout(Some(DEADLINE))?;
        let name = b"\x13BitTorrent protocol".as_slice();
        // Every peer has an id of its own, and keeps it from one connection to the next.
        let id = format!("-XX0000-script{:06}", stream.local_addr()?.port());
        stream.write_all(&[name, &reserved, &info_hash, id.as_bytes()].concat())?;
        let mut theirs = [0; 68];
        stream.read_exact(&mut theirs)?;
        if theirs[..20] != *name || theirs[28..48] != info_hash {
            return Err(io::Error::other("no handshake for this torrent"));
        }
        let reserved = theirs[20..28].try_into().map_err(io::Error::other)?;
        Ok(Self { stream, reserved, buffer: Vec::new() })
    }

    /// Whether the other side has the Fast extension (BEP 6).
    #[must_use]
    pub fn is_fast(&self) -> bool {
        self.reserved[7] & 0x04 != 0
    }

    /// Sends a message.
    ///
    /// # Errors
    /// If the connection is closed.
    pub fn send(&mut self, kind: u8, body: &[u8]) -> io::Result<()> {
        self.stream.write_all(&message(kind, body))
    }

    /// Sends a message of an extension (BEP 10); 0 is the extended handshake.
    ///
    /// # Errors
    /// If the connection is closed.
    pub fn send_extended(&mut self, extension: u8, body: &[u8]) -> io::Result<()> {
        self.send(kind::EXTENDED, &[&[extension], body].concat())
    }

    /// The next message.
    ///
    /// # Errors
    /// If the connection is closed, or if there is none within [`DEADLINE`].
    pub fn receive(&mut self) -> io::Result<Message> {
        self.receive_within(DEADLINE)?.ok_or_else(|| ErrorKind::TimedOut.into())
    }

    /// The next message, or `None` if it is not complete within this time.
    ///
    /// # Errors
    /// If the connection is closed.
    pub fn receive_within(&mut self, patience: Duration) -> io::Result<Option<Message>> {
        let until = Instant::now() + patience;
        loop {
            if let Some(message) = self.take() {
                return Ok(Some(message));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            self.stream.set_read_timeout(Some(left))?;
            let mut bytes = vec![0; 64 << 10];
            match self.stream.read(&mut bytes) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.buffer.extend(&bytes[..count]),
                Err(error)
                    if [ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&error.kind()) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The next message that is `wanted`; others are dropped.
    ///
    /// # Errors
    /// If the connection is closed, or if there is no message for [`DEADLINE`].
    pub fn receive_where(
        &mut self,
        mut wanted: impl FnMut(&Message) -> bool,
    ) -> io::Result<Message> {
        loop {
            let message = self.receive()?;
            if wanted(&message) {
                return Ok(message);
            }
        }
    }

    /// The first message in the buffer; keep-alives before it are dropped.
    fn take(&mut self) -> Option<Message> {
        loop {
            let length = usize::try_from(number(&self.buffer, 0)?).ok()?;
            if self.buffer.len() < 4 + length {
                return None;
            }
            let message: Vec<u8> = self.buffer.drain(..4 + length).skip(4).collect();
            if let [kind, body @ ..] = message.as_slice() {
                return Some(Message { kind: *kind, body: body.to_vec() });
            }
        }
    }
}

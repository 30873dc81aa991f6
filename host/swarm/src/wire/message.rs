//! The messages between two peers after their handshakes (BEP 3, 5, 6, 10).

use thiserror::Error;

/// Bytes of the length prefix.
const PREFIX: usize = 4;

/// Most bytes of a message with an unknown id. Such a message is skipped; a longer one is an error.
pub const MAX_UNKNOWN: usize = 1024 * 1024;

/// Most bytes of a bitfield while the number of pieces is unknown: two million pieces.
pub const MAX_BITFIELD: usize = 256 * 1024;

/// Part of a piece: what one `request` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlockRequest {
    /// Index of the piece.
    pub piece: u32,
    /// Offset in the piece, in bytes.
    pub begin: u32,
    /// Bytes.
    pub len: u32,
}

/// A message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// An empty message, sent so that the connection is not taken for dead.
    KeepAlive,
    /// The sender does not answer requests from now on.
    Choke,
    /// The sender answers requests from now on.
    Unchoke,
    /// The sender would request if it were unchoked.
    Interested,
    /// The sender would not request if it were unchoked.
    NotInterested,
    /// The sender has this piece.
    Have(u32),
    /// The pieces that the sender has, one bit each, the most significant bit first. Spare bits are
    /// as the peer sent them: see [`masked_bitfield`].
    Bitfield(&'a [u8]),
    /// Asks for a block.
    Request(BlockRequest),
    /// A block.
    Piece {
        /// Index of the piece.
        piece: u32,
        /// Offset in the piece, in bytes.
        begin: u32,
        /// The block.
        data: &'a [u8],
    },
    /// Takes a request back.
    Cancel(BlockRequest),
    /// UDP port of the sender's DHT node (BEP 5).
    Port(u16),
    /// Proposes a piece to request (BEP 6).
    SuggestPiece(u32),
    /// The sender has every piece (BEP 6).
    HaveAll,
    /// The sender has no piece (BEP 6).
    HaveNone,
    /// The sender will not answer this request (BEP 6).
    RejectRequest(BlockRequest),
    /// The piece may be requested while the sender chokes (BEP 6).
    AllowedFast(u32),
    /// A message of an extension (BEP 10).
    Extended {
        /// 0 for the extended handshake, else what the receiver's handshake gave to the extension.
        id: u8,
        /// The message of the extension.
        payload: &'a [u8],
    },
}

/// Bounds on the messages that are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a bitfield, exactly. `None` while the metadata is unknown: at most
    /// [`MAX_BITFIELD`].
    pub bitfield_len: Option<usize>,
    /// Most bytes of a block.
    pub max_block: u32,
    /// Most bytes of an extension's message, its id not counted.
    pub max_extended: usize,
}

impl Limits {
    /// The bounds while the metadata is unknown.
    pub const WITHOUT_METADATA: Self =
        Self { bitfield_len: None, max_block: 16 * 1024, max_extended: 1024 * 1024 };

    /// Whether a message with this id may have this length, the id included. `None` if the id is
    /// unknown.
    fn allows(&self, id: u8, len: usize) -> Option<bool> {
        Some(match id {
            id::CHOKE..=id::NOT_INTERESTED | id::HAVE_ALL | id::HAVE_NONE => len == 1,
            id::HAVE | id::SUGGEST_PIECE | id::ALLOWED_FAST => len == 5,
            id::REQUEST | id::CANCEL | id::REJECT_REQUEST => len == 13,
            id::PORT => len == 3,
            id::BITFIELD => match self.bitfield_len {
                Some(exact) => len - 1 == exact,
                None => len - 1 <= MAX_BITFIELD,
            },
            id::PIECE => len >= 9 && len - 9 <= self.max_block as usize,
            id::EXTENDED => len >= 2 && len - 2 <= self.max_extended,
            _ => return None,
        })
    }

    /// Length of the longest message that is accepted, its id included.
    fn longest(&self) -> usize {
        let bitfield = self.bitfield_len.unwrap_or(MAX_BITFIELD).saturating_add(1);
        let piece = (self.max_block as usize).saturating_add(9);
        let extended = self.max_extended.saturating_add(2);
        MAX_UNKNOWN.max(bitfield).max(piece).max(extended)
    }
}

/// What the start of a buffer contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decoded<'a> {
    /// Not a whole message yet.
    Incomplete {
        /// Length that the buffer must have for the next step: 5 until the message's id is there
        /// and has been checked, then the whole message with its length prefix.
        needed: usize,
    },
    /// A message.
    Message {
        /// The message.
        message: Message<'a>,
        /// Bytes of the message with its length prefix.
        frame_len: usize,
    },
    /// A message with an unknown id, which is to be skipped. The buffer may contain its start only,
    /// so that nothing is kept for it.
    Skip {
        /// The unknown id.
        id: u8,
        /// Bytes of the message with its length prefix, at most [`MAX_UNKNOWN`] + 4.
        frame_len: usize,
    },
}

/// Why a connection cannot be read any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WireError {
    /// Longer than any message that is accepted.
    #[error("a message of {len} bytes is too long")]
    TooLong {
        /// The announced length.
        len: u32,
    },
    /// A known message with a length that it cannot have.
    #[error("message {id} cannot have {len} bytes")]
    BadLength {
        /// The message's id.
        id: u8,
        /// The announced length, the id included.
        len: u32,
    },
}

/// Reads the message at the start of a buffer.
///
/// Lengths are checked as soon as the length prefix and the id are there, so that no message is
/// buffered which would be refused afterwards.
///
/// # Errors
/// If the message is too long, or has a length that a message with its id cannot have. The
/// connection is to be closed then.
pub fn decode<'a>(buf: &'a [u8], limits: &Limits) -> Result<Decoded<'a>, WireError> {
    let Some((prefix, rest)) = buf.split_first_chunk::<PREFIX>() else {
        return Ok(Decoded::Incomplete { needed: PREFIX });
    };
    let announced = u32::from_be_bytes(*prefix);
    let len = announced as usize;
    if len == 0 {
        return Ok(Decoded::Message { message: Message::KeepAlive, frame_len: PREFIX });
    }
    if len > limits.longest() {
        return Err(WireError::TooLong { len: announced });
    }
    let frame_len = PREFIX + len;
    let Some(&id) = rest.first() else {
        return Ok(Decoded::Incomplete { needed: PREFIX + 1 });
    };
    match limits.allows(id, len) {
        Some(true) => {}
        Some(false) => return Err(WireError::BadLength { id, len: announced }),
        None if len > MAX_UNKNOWN => return Err(WireError::TooLong { len: announced }),
        None => return Ok(Decoded::Skip { id, frame_len }),
    }
    let Some(payload) = rest.get(1..len) else {
        return Ok(Decoded::Incomplete { needed: frame_len });
    };
    // The length has been checked, so every payload has the form of its id.
    let message = parse(id, payload).ok_or(WireError::BadLength { id, len: announced })?;
    Ok(Decoded::Message { message, frame_len })
}

/// Reads the payload of a message; `None` if its length is wrong.
fn parse(id: u8, payload: &[u8]) -> Option<Message<'_>> {
    Some(match id {
        id::CHOKE => Message::Choke,
        id::UNCHOKE => Message::Unchoke,
        id::INTERESTED => Message::Interested,
        id::NOT_INTERESTED => Message::NotInterested,
        id::HAVE => Message::Have(number(payload)?.0),
        id::BITFIELD => Message::Bitfield(payload),
        id::REQUEST => Message::Request(block(payload)?),
        id::PIECE => {
            let (piece, rest) = number(payload)?;
            let (begin, data) = number(rest)?;
            Message::Piece { piece, begin, data }
        }
        id::CANCEL => Message::Cancel(block(payload)?),
        id::PORT => Message::Port(u16::from_be_bytes(*payload.first_chunk()?)),
        id::SUGGEST_PIECE => Message::SuggestPiece(number(payload)?.0),
        id::HAVE_ALL => Message::HaveAll,
        id::HAVE_NONE => Message::HaveNone,
        id::REJECT_REQUEST => Message::RejectRequest(block(payload)?),
        id::ALLOWED_FAST => Message::AllowedFast(number(payload)?.0),
        id::EXTENDED => {
            let (id, payload) = payload.split_first()?;
            Message::Extended { id: *id, payload }
        }
        _ => return None,
    })
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u32::from_be_bytes(*number), rest))
}

fn block(bytes: &[u8]) -> Option<BlockRequest> {
    let (piece, rest) = number(bytes)?;
    let (begin, rest) = number(rest)?;
    let (len, _) = number(rest)?;
    Some(BlockRequest { piece, begin, len })
}

impl Message<'_> {
    /// Appends the message to a buffer.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match *self {
            Self::KeepAlive => out.extend_from_slice(&[0; PREFIX]),
            Self::Choke => frame(out, id::CHOKE, &[]),
            Self::Unchoke => frame(out, id::UNCHOKE, &[]),
            Self::Interested => frame(out, id::INTERESTED, &[]),
            Self::NotInterested => frame(out, id::NOT_INTERESTED, &[]),
            Self::Have(piece) => frame(out, id::HAVE, &[&piece.to_be_bytes()]),
            Self::Bitfield(bits) => frame(out, id::BITFIELD, &[bits]),
            Self::Request(block) => block_frame(out, id::REQUEST, block),
            Self::Piece { piece, begin, data } => {
                frame(out, id::PIECE, &[&piece.to_be_bytes(), &begin.to_be_bytes(), data]);
            }
            Self::Cancel(block) => block_frame(out, id::CANCEL, block),
            Self::Port(port) => frame(out, id::PORT, &[&port.to_be_bytes()]),
            Self::SuggestPiece(piece) => frame(out, id::SUGGEST_PIECE, &[&piece.to_be_bytes()]),
            Self::HaveAll => frame(out, id::HAVE_ALL, &[]),
            Self::HaveNone => frame(out, id::HAVE_NONE, &[]),
            Self::RejectRequest(block) => block_frame(out, id::REJECT_REQUEST, block),
            Self::AllowedFast(piece) => frame(out, id::ALLOWED_FAST, &[&piece.to_be_bytes()]),
            Self::Extended { id, payload } => frame(out, id::EXTENDED, &[&[id], payload]),
        }
    }
}

/// Everything of a `piece` message but the block, which is `len` bytes long and follows.
#[must_use]
pub fn encode_piece_header(piece: u32, begin: u32, len: u32) -> [u8; 13] {
    let mut header = [0; 13];
    header[..4].copy_from_slice(&len.saturating_add(9).to_be_bytes());
    header[4] = id::PIECE;
    header[5..9].copy_from_slice(&piece.to_be_bytes());
    header[9..].copy_from_slice(&begin.to_be_bytes());
    header
}

fn block_frame(out: &mut Vec<u8>, id: u8, block: BlockRequest) {
    let BlockRequest { piece, begin, len } = block;
    frame(out, id, &[&piece.to_be_bytes(), &begin.to_be_bytes(), &len.to_be_bytes()]);
}

fn frame(out: &mut Vec<u8>, id: u8, parts: &[&[u8]]) {
    let len = 1 + parts.iter().map(|part| part.len()).sum::<usize>();
    // No message of this size exists: all of them are limited to some hundred KiB.
    let len = u32::try_from(len).unwrap_or(u32::MAX);
    out.extend_from_slice(&len.to_be_bytes());
    out.push(id);
    for part in parts {
        out.extend_from_slice(part);
    }
}

/// The bitfield of a peer for `piece_count` pieces, with the spare bits at the end cleared. `None`
/// if its length is wrong.
///
/// BEP 3 wants connections closed whose spare bits are set. Some clients set them, and the bits do
/// no harm once they are cleared.
#[must_use]
pub fn masked_bitfield(bits: &[u8], piece_count: u32) -> Option<Vec<u8>> {
    if bits.len() != piece_count.div_ceil(8) as usize {
        return None;
    }
    let mut bits = bits.to_vec();
    if let Some(last) = bits.last_mut()
        && !piece_count.is_multiple_of(8)
    {
        *last &= 0xff << (8 - piece_count % 8);
    }
    Some(bits)
}

/// The ids of the messages. The hash messages of BEP 52 (21 to 23) are unknown ids here.
mod id {
    pub const CHOKE: u8 = 0;
    pub const UNCHOKE: u8 = 1;
    pub const INTERESTED: u8 = 2;
    pub const NOT_INTERESTED: u8 = 3;
    pub const HAVE: u8 = 4;
    pub const BITFIELD: u8 = 5;
    pub const REQUEST: u8 = 6;
    pub const PIECE: u8 = 7;
    pub const CANCEL: u8 = 8;
    pub const PORT: u8 = 9;
    pub const SUGGEST_PIECE: u8 = 13;
    pub const HAVE_ALL: u8 = 14;
    pub const HAVE_NONE: u8 = 15;
    pub const REJECT_REQUEST: u8 = 16;
    pub const ALLOWED_FAST: u8 = 17;
    pub const EXTENDED: u8 = 20;
}

#[cfg(test)]
mod tests;

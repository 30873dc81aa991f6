//! The handshake of BEP 3 and the extension bits in it.

use torrpeddo_readers::metainfo::InfoHash;

/// The first 20 bytes of every handshake: the length of the protocol's name, and the name.
const PROTOCOL: &[u8; 20] = b"\x13BitTorrent protocol";

/// The handshake of one side of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handshake {
    /// Extension bits.
    pub reserved: [u8; 8],
    /// The torrent.
    pub info_hash: InfoHash,
    /// The peer id.
    pub peer_id: [u8; 20],
}

impl Handshake {
    /// Bytes of a handshake.
    pub const LEN: usize = 68;

    /// A handshake that offers the extension protocol (BEP 10) and the Fast extension (BEP 6).
    #[must_use]
    pub const fn new(info_hash: InfoHash, peer_id: [u8; 20]) -> Self {
        Self { reserved: [0, 0, 0, 0, 0, 0x10, 0, 0x04], info_hash, peer_id }
    }

    /// Reads a handshake; `None` if it is another protocol's.
    #[must_use]
    pub fn parse(bytes: &[u8; Self::LEN]) -> Option<Self> {
        let rest = bytes.strip_prefix(PROTOCOL)?;
        let (reserved, rest) = rest.split_first_chunk()?;
        let (info_hash, rest) = rest.split_first_chunk()?;
        let (peer_id, _) = rest.split_first_chunk()?;
        Some(Self { reserved: *reserved, info_hash: InfoHash(*info_hash), peer_id: *peer_id })
    }

    /// The bytes to send.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..20].copy_from_slice(PROTOCOL);
        bytes[20..28].copy_from_slice(&self.reserved);
        bytes[28..48].copy_from_slice(&self.info_hash.0);
        bytes[48..].copy_from_slice(&self.peer_id);
        bytes
    }

    /// Whether the extension protocol is offered (BEP 10).
    #[must_use]
    pub const fn supports_extended(&self) -> bool {
        self.reserved[5] & 0x10 != 0
    }

    /// Whether the Fast extension is offered (BEP 6).
    #[must_use]
    pub const fn supports_fast(&self) -> bool {
        self.reserved[7] & 0x04 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_survives_the_wire() {
        let handshake = Handshake::new(InfoHash([7; 20]), *b"-TP0100-abcdefghijkl");
        let bytes = handshake.to_bytes();
        assert_eq!(&bytes[1..20], b"BitTorrent protocol");
        assert_eq!(Handshake::parse(&bytes), Some(handshake));
        assert!(handshake.supports_extended() && handshake.supports_fast());
        let mut other = bytes;
        other[3] ^= 1;
        assert_eq!(Handshake::parse(&other), None);
    }
}

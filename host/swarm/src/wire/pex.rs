//! Peer exchange (BEP 11): `ut_pex`.

use std::net::SocketAddr;

use super::bencode::{BencodeError, Value, Writer};
use super::compact;

/// Most peers that are taken from a message as added, and most as dropped. BEP 11 allows 50 of
/// each.
pub const MAX_PEERS: usize = 100;

/// The peer prefers encrypted connections.
pub const FLAG_ENCRYPTION: u8 = 0x01;
/// The peer is a seed or downloads nothing more.
pub const FLAG_SEED: u8 = 0x02;
/// The peer supports uTP.
pub const FLAG_UTP: u8 = 0x04;
/// The peer supports `ut_holepunch` (BEP 55).
pub const FLAG_HOLEPUNCH: u8 = 0x08;
/// The sender connected to the peer, so it can be reached.
pub const FLAG_REACHABLE: u8 = 0x10;

/// A peer that joined the swarm of the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PexPeer {
    /// Address on which the peer listens, as the sender claims.
    pub address: SocketAddr,
    /// The `FLAG_` bits.
    pub flags: u8,
}

/// One message: how the peers of the sender changed since its last one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pex {
    /// Peers that the sender is connected to.
    pub added: Vec<PexPeer>,
    /// Peers that the sender is no longer connected to.
    pub dropped: Vec<SocketAddr>,
}

impl Pex {
    /// Reads a message. At most [`MAX_PEERS`] of each list are taken. Lists of another type are
    /// ignored, and missing flags are zero.
    ///
    /// # Errors
    /// If the message is not a bencoded dictionary.
    pub fn parse(data: &[u8]) -> Result<Self, BencodeError> {
        let message = Value::parse(data)?;
        message.as_dict().ok_or(BencodeError::NotADictionary)?;
        let list = |key| message.get(key).and_then(Value::as_bytes).unwrap_or_default();
        let v4 = compact::parse_v4(list(b"added")).zip(flags(list(b"added.f")));
        let v6 = compact::parse_v6(list(b"added6")).zip(flags(list(b"added6.f")));
        let added = v4.chain(v6).map(|(address, flags)| PexPeer { address, flags });
        let dropped =
            compact::parse_v4(list(b"dropped")).chain(compact::parse_v6(list(b"dropped6")));
        Ok(Self {
            added: added.take(MAX_PEERS).collect(),
            dropped: dropped.take(MAX_PEERS).collect(),
        })
    }

    /// The message to send. All peers are written: the caller keeps to the 50 of BEP 11.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let (mut v4, mut v4_flags, mut v6, mut v6_flags) = (vec![], vec![], vec![], vec![]);
        for PexPeer { address, flags } in &self.added {
            let (peers, all_flags) = match address {
                SocketAddr::V4(_) => (&mut v4, &mut v4_flags),
                SocketAddr::V6(_) => (&mut v6, &mut v6_flags),
            };
            compact::write(*address, peers);
            all_flags.push(*flags);
        }
        let (mut dropped_v4, mut dropped_v6) = (vec![], vec![]);
        for address in &self.dropped {
            let dropped = if address.is_ipv4() { &mut dropped_v4 } else { &mut dropped_v6 };
            compact::write(*address, dropped);
        }
        let mut message = Writer::new();
        message.bytes(b"added", &v4).bytes(b"added.f", &v4_flags);
        message.bytes(b"added6", &v6).bytes(b"added6.f", &v6_flags);
        message.bytes(b"dropped", &dropped_v4).bytes(b"dropped6", &dropped_v6);
        message.finish()
    }
}

/// The flags of the peers in a list, zero where they are missing.
fn flags(list: &[u8]) -> impl Iterator<Item = u8> {
    list.iter().copied().chain(std::iter::repeat(0))
}

#[cfg(test)]
mod tests;

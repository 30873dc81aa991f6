//! The packets of the UDP tracker protocol (BEP 15), with the URL data option (BEP 41).

use std::net::SocketAddr;

use super::exchange::{Answer, Event, Family, MAX_PEERS, Request, Scrape};
use crate::wire::{address, compact};

/// First member of a connect request.
const PROTOCOL_ID: u64 = 0x0417_2710_1980;
/// Bytes of path and query sent to a tracker (BEP 41); longer ones are refused.
pub const MAX_URL_DATA: usize = 1_020;
/// Bytes of the text of an error that are kept.
const MAX_ERROR: usize = 1_024;

const CONNECT: u32 = 0;
const ANNOUNCE: u32 = 1;
const SCRAPE: u32 = 2;
const ERROR: u32 = 3;
/// The option `URLData` (BEP 41).
const URL_DATA: u8 = 2;

/// A packet from a tracker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet {
    /// The answer to a connect request.
    Connect {
        /// Names us to the tracker for at most two minutes.
        connection_id: u64,
    },
    /// The answer to an announce.
    Announce(Answer),
    /// The answer to a scrape of one torrent.
    Scrape(Scrape),
    /// The tracker refuses.
    Error(String),
}

/// A connect request.
#[must_use]
pub fn connect(transaction: u32) -> Vec<u8> {
    let mut packet = Vec::with_capacity(16);
    packet.extend_from_slice(&PROTOCOL_ID.to_be_bytes());
    packet.extend_from_slice(&CONNECT.to_be_bytes());
    packet.extend_from_slice(&transaction.to_be_bytes());
    packet
}

/// An announce request. `url_data` is the path and query of the tracker's URL; it is sent in options
/// of at most 255 bytes (BEP 41), and without any if it is empty or only `/`.
#[must_use]
pub fn announce(
    connection_id: u64,
    transaction: u32,
    request: &Request,
    url_data: &str,
) -> Vec<u8> {
    let event: u32 = match request.event {
        Event::None => 0,
        Event::Completed => 1,
        Event::Started => 2,
        Event::Stopped => 3,
    };
    let mut packet = Vec::with_capacity(128 + url_data.len());
    header(&mut packet, connection_id, ANNOUNCE, transaction);
    packet.extend_from_slice(&request.info_hash.0);
    packet.extend_from_slice(&request.peer_id);
    for count in [request.downloaded, request.left, request.uploaded] {
        packet.extend_from_slice(&count.to_be_bytes());
    }
    packet.extend_from_slice(&event.to_be_bytes());
    // The address to announce: 0 stands for the sender's.
    packet.extend_from_slice(&[0; 4]);
    packet.extend_from_slice(&request.key.to_be_bytes());
    packet.extend_from_slice(&request.numwant.to_be_bytes());
    packet.extend_from_slice(&request.port.to_be_bytes());
    if url_data != "/" {
        for part in url_data.as_bytes().chunks(255) {
            packet.push(URL_DATA);
            packet.push(u8::try_from(part.len()).unwrap_or(u8::MAX));
            packet.extend_from_slice(part);
        }
    }
    packet
}

/// A scrape request for one torrent.
#[must_use]
pub fn scrape(connection_id: u64, transaction: u32, info_hash: &[u8; 20]) -> Vec<u8> {
    let mut packet = Vec::with_capacity(36);
    header(&mut packet, connection_id, SCRAPE, transaction);
    packet.extend_from_slice(info_hash);
    packet
}

fn header(packet: &mut Vec<u8>, connection_id: u64, action: u32, transaction: u32) {
    packet.extend_from_slice(&connection_id.to_be_bytes());
    packet.extend_from_slice(&action.to_be_bytes());
    packet.extend_from_slice(&transaction.to_be_bytes());
}

/// The transaction that a datagram answers; `None` if it is too short to answer any.
#[must_use]
pub fn transaction(datagram: &[u8]) -> Option<u32> {
    number(datagram, 4)
}

/// Reads a datagram from a tracker. `family` is that of the socket it came on and decides about the
/// size of the addresses. `None` if it is no whole packet of a known kind. Addresses that cannot be
/// dialed are left out, and more than [`MAX_PEERS`].
#[must_use]
pub fn parse(datagram: &[u8], family: Family) -> Option<Packet> {
    Some(match number(datagram, 0)? {
        CONNECT => {
            let id = datagram.get(8..16)?.try_into().ok()?;
            Packet::Connect { connection_id: u64::from_be_bytes(id) }
        }
        ANNOUNCE => Packet::Announce(Answer {
            interval: Some(signed(number(datagram, 8)?)),
            leechers: Some(number(datagram, 12)?),
            seeds: Some(number(datagram, 16)?),
            peers: peers(datagram.get(20..)?, family),
            ..Answer::default()
        }),
        SCRAPE => Packet::Scrape(Scrape {
            seeds: Some(number(datagram, 8)?),
            downloads: Some(number(datagram, 12)?),
            leechers: Some(number(datagram, 16)?),
        }),
        ERROR => {
            let text = datagram.get(8..)?;
            let text = text.get(..MAX_ERROR).unwrap_or(text);
            let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
            Packet::Error(String::from_utf8_lossy(text).into_owned())
        }
        _ => return None,
    })
}

fn peers(bytes: &[u8], family: Family) -> Vec<SocketAddr> {
    let dialable = |peer: &SocketAddr| address::is_dialable(*peer);
    match family {
        Family::V4 => compact::parse_v4(bytes).filter(dialable).take(MAX_PEERS).collect(),
        Family::V6 => compact::parse_v6(bytes).filter(dialable).take(MAX_PEERS).collect(),
    }
}

fn number(datagram: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(datagram.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

/// The interval is signed (BEP 15).
fn signed(value: u32) -> i64 {
    i64::from(value.cast_signed())
}

#[cfg(test)]
mod tests;

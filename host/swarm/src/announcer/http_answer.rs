//! Reads the answers of HTTP trackers (BEP 3, 7, 23, 24, 31, 48).
//!
//! The reader is lenient: members of a wrong type are ignored, and so is a peer that makes no sense.

use std::borrow::Cow;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use torrpeddo_readers::metainfo::InfoHash;

use super::exchange::{Answer, Failure, MAX_PEER_NAMES, MAX_PEERS, Retry, Scrape};
use super::schedule::MAX_INTERVAL;
use crate::wire::bencode::Value;
use crate::wire::{address, compact};

/// Bytes of an answer, before and after decompression.
pub const MAX_ANSWER: usize = 2 * 1024 * 1024;
/// Bytes of a `tracker id` that is sent back.
const MAX_TRACKER_ID: usize = 256;
/// Bytes of a text that are kept.
const MAX_TEXT: usize = 1_024;

/// The text of an answer that is not bencoded.
pub const NOT_BENCODED: &str = "The server's answer is not that of a tracker.";
/// The text of an answer that is larger than [`MAX_ANSWER`].
pub const TOO_LARGE: &str = "The tracker's answer is larger than 2 MiB.";

/// Decompresses a body that was compressed with gzip or deflate, whatever the header says: the first
/// bytes of neither can begin a bencoded dictionary. `raw_deflate` says that the header names deflate.
///
/// # Errors
/// If the compressed data is broken, or larger than [`MAX_ANSWER`] when decompressed.
pub fn decompress(body: &[u8], raw_deflate: bool) -> Result<Cow<'_, [u8]>, Failure> {
    match body {
        [0x1f, 0x8b, ..] => inflate(MultiGzDecoder::new(body)),
        [first @ 0x78, second, ..]
            if (u16::from(*first) << 8 | u16::from(*second)).is_multiple_of(31) =>
        {
            inflate(ZlibDecoder::new(body))
        }
        [first, ..] if raw_deflate && *first != b'd' => inflate(DeflateDecoder::new(body)),
        _ => Ok(Cow::Borrowed(body)),
    }
}

fn inflate<'a>(decoder: impl Read) -> Result<Cow<'a, [u8]>, Failure> {
    let mut out = Vec::new();
    let limit = MAX_ANSWER as u64 + 1;
    match decoder.take(limit).read_to_end(&mut out) {
        _ if out.len() > MAX_ANSWER => Err(Failure::refused(TOO_LARGE)),
        Ok(_) => Ok(Cow::Owned(out)),
        // Some servers leave out the checksum at the end.
        Err(_) if out.ends_with(b"e") => Ok(Cow::Owned(out)),
        Err(_) => Err(Failure::refused(NOT_BENCODED)),
    }
}

/// Reads the answer to an announce, of at most [`MAX_ANSWER`] bytes.
///
/// # Errors
/// If it is no bencoded dictionary, or has a `failure reason`.
pub fn parse(body: &[u8]) -> Result<Answer, Failure> {
    let answer = dictionary(body)?;
    let count = |key: &[u8]| u32::try_from(answer.get(key)?.as_integer()?).ok();
    let mut peers = Peers::default();
    for (key, len) in [(&b"peers"[..], compact::V4_LEN), (b"peers6", compact::V6_LEN)] {
        peers.add(answer.get(key), len);
    }
    Ok(Answer {
        interval: answer.get(b"interval").and_then(integer),
        min_interval: answer.get(b"min interval").and_then(integer),
        seeds: count(b"complete"),
        leechers: count(b"incomplete"),
        downloads: count(b"downloaded"),
        peers: peers.addresses,
        peer_names: peers.names,
        warning: answer.get(b"warning message").and_then(text).filter(|text| !text.is_empty()),
        tracker_id: answer
            .get(b"tracker id")
            .or_else(|| answer.get(b"trackerid"))
            .and_then(Value::as_bytes)
            .filter(|id| id.len() <= MAX_TRACKER_ID)
            .map(<[u8]>::to_vec),
        external_ip: answer.get(b"external ip").and_then(Value::as_bytes).and_then(ip),
    })
}

/// Reads the answer to a scrape of one torrent.
///
/// # Errors
/// If it is no bencoded dictionary, has a `failure reason`, or does not know the torrent.
pub fn parse_scrape(body: &[u8], info_hash: &InfoHash) -> Result<Scrape, Failure> {
    let answer = dictionary(body)?;
    let file = answer
        .get(b"files")
        .and_then(|files| files.get(&info_hash.0))
        .ok_or_else(|| Failure::refused("The tracker does not know this torrent."))?;
    let count = |key: &[u8]| u32::try_from(file.get(key)?.as_integer()?).ok();
    Ok(Scrape {
        seeds: count(b"complete"),
        leechers: count(b"incomplete"),
        downloads: count(b"downloaded"),
    })
}

fn dictionary(body: &[u8]) -> Result<Value<'_>, Failure> {
    let answer = Value::parse(body.trim_ascii_start())
        .ok()
        .filter(|answer| answer.as_dict().is_some())
        .ok_or_else(|| Failure::refused(NOT_BENCODED))?;
    match answer.get(b"failure reason").and_then(text) {
        None => Ok(answer),
        Some(message) => {
            let message = if message.is_empty() { "The tracker refuses.".into() } else { message };
            let retry = answer.get(b"retry in").map_or(Retry::BackOff, retry_in);
            Err(Failure { message, retry, unreachable: false })
        }
    }
}

/// Minutes, or `never` (BEP 31).
fn retry_in(value: &Value<'_>) -> Retry {
    if value.as_bytes() == Some(b"never") {
        return Retry::Never;
    }
    match integer(value).and_then(|minutes| u64::try_from(minutes).ok()) {
        None | Some(0) => Retry::BackOff,
        Some(minutes) => {
            Retry::After(Duration::from_secs(minutes.saturating_mul(60)).min(MAX_INTERVAL))
        }
    }
}

/// A number, or one written as a string.
fn integer(value: &Value<'_>) -> Option<i64> {
    value.as_integer().or_else(|| value.as_str()?.trim().parse().ok())
}

fn text(value: &Value<'_>) -> Option<String> {
    let bytes = value.as_bytes()?;
    Some(String::from_utf8_lossy(bytes.get(..MAX_TEXT).unwrap_or(bytes)).into_owned())
}

/// An address of 4 or 16 bytes, or written as text.
fn ip(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(v4).into());
    }
    if let Some(ip) = std::str::from_utf8(bytes).ok().and_then(|text| text.parse().ok()) {
        return Some(ip);
    }
    <[u8; 16]>::try_from(bytes).ok().map(|v6| IpAddr::from(Ipv6Addr::from(v6)).to_canonical())
}

#[derive(Default)]
struct Peers {
    addresses: Vec<SocketAddr>,
    names: Vec<(String, u16)>,
}

impl Peers {
    /// Adds compact peers of `len` bytes each, or a list of dictionaries.
    fn add(&mut self, value: Option<&Value<'_>>, len: usize) {
        match value {
            Some(Value::Bytes(bytes)) if len == compact::V4_LEN => {
                compact::parse_v4(bytes).for_each(|peer| self.address(peer));
            }
            Some(Value::Bytes(bytes)) => {
                compact::parse_v6(bytes).for_each(|peer| self.address(peer));
            }
            Some(Value::List(list)) => list.iter().for_each(|peer| {
                self.dictionary(peer);
            }),
            _ => {}
        }
    }

    fn address(&mut self, peer: SocketAddr) {
        let peer = address::to_canonical(peer);
        if self.addresses.len() < MAX_PEERS && address::is_dialable(peer) {
            self.addresses.push(peer);
        }
    }

    fn dictionary(&mut self, peer: &Value<'_>) -> Option<()> {
        let host = peer.get(b"ip")?.as_str()?.trim();
        let port = u16::try_from(integer(peer.get(b"port")?)?).ok()?;
        let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        if let Ok(ip) = literal.unwrap_or(host).parse() {
            self.address(SocketAddr::new(ip, port));
        } else if port != 0 && self.names.len() < MAX_PEER_NAMES && is_name(host) {
            self.names.push((host.to_ascii_lowercase(), port));
        }
        Some(())
    }
}

/// A host name (RFC 1123), with underscores. Digits and dots alone are an address that makes no
/// sense.
fn is_name(host: &str) -> bool {
    (1..=253).contains(&host.len())
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        && host.bytes().any(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests;

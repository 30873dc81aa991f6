//! Magnet links, parsed by us: librqbit never sees one (a single `so=` can make it abort).

use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::str::FromStr as _;

use torrpeddo_protocol::limits;
use url::Url;

use crate::error::{Error, Result};
use crate::metainfo::{InfoHash, MAX_FILES};
use crate::names;

/// The most trackers, peers or web seeds that are taken from one link.
pub const MAX_SOURCES: usize = 256;
/// The most ranges of a file selection that are taken from one link.
const MAX_RANGES: usize = 1024;
/// The longest URL that is taken from a link.
const MAX_URL_BYTES: usize = 2048;
/// The longest name that is taken from a link.
const MAX_NAME_BYTES: usize = 255;

/// What a magnet link says, cleaned and bounded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Magnet {
    /// The torrent that is meant.
    pub info_hash: InfoHash,
    /// The name to show until the metadata is there (`dn`).
    pub name: Option<String>,
    /// Tracker URLs (`tr`): http, https and udp, each once.
    pub trackers: Vec<String>,
    /// Peers as `host:port` (`x.pe`), not resolved yet.
    pub peers: Vec<String>,
    /// The files that are wanted (`so`, BEP 53); all of them without it.
    pub selected: Option<FileSelection>,
    /// Web seeds (`ws`).
    pub web_seeds: Vec<String>,
}

/// A selection of files by index, as sorted ranges that neither overlap nor touch. Ranges, because
/// a link can name a hundred million million files in thirty characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSelection(Vec<RangeInclusive<u32>>);

impl FileSelection {
    /// Reads `0,2,4-8`. Parts that make no sense or lie beyond any torrent are left out; `None` when
    /// nothing is left.
    fn parse(text: &str) -> Option<Self> {
        let highest = MAX_FILES as u64 - 1;
        let mut ranges: Vec<_> = text
            .split(',')
            .filter_map(|part| {
                let (first, last) = part.split_once('-').unwrap_or((part, part));
                let (first, last) = (number(first)?, number(last)?.min(highest));
                (first <= last).then_some((first as u32, last as u32))
            })
            .take(MAX_RANGES)
            .collect();
        ranges.sort_unstable();
        let mut merged: Vec<RangeInclusive<u32>> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match merged.last_mut() {
                Some(end) if first <= end.end().saturating_add(1) => {
                    *end = *end.start()..=last.max(*end.end());
                }
                _ => merged.push(first..=last),
            }
        }
        (!merged.is_empty()).then_some(Self(merged))
    }

    /// The selected indices of a torrent with so many files.
    pub fn indices(&self, file_count: usize) -> Vec<usize> {
        let inside = |range: &RangeInclusive<u32>| {
            let end = (*range.end() as usize).saturating_add(1).min(file_count);
            *range.start() as usize..end
        };
        self.0.iter().flat_map(inside).collect()
    }
}

impl std::fmt::Display for FileSelection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (position, range) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_char(',')?;
            }
            match (range.start(), range.end()) {
                (first, last) if first == last => write!(f, "{first}")?,
                (first, last) => write!(f, "{first}-{last}")?,
            }
        }
        Ok(())
    }
}

impl Magnet {
    /// Reads a magnet link. What is merely odd in it is left out; only a link that names no torrent
    /// we can download is refused.
    pub fn parse(uri: &str) -> Result<Self> {
        if uri.len() > limits::MAGNET {
            return Err(Error::TooLarge(format!(
                "This magnet link is {} KiB long; at most {} KiB are accepted.",
                uri.len() / 1024,
                limits::MAGNET / 1024
            )));
        }
        let uri = uri.trim();
        let query = uri
            .get(..7)
            .filter(|scheme| scheme.eq_ignore_ascii_case("magnet:"))
            .and_then(|_| uri.get(7..))
            .ok_or_else(|| {
                invalid("This is not a magnet link: it does not start with “magnet:”.")
            })?;
        let query = query.trim_start_matches('?');
        let query = query.split('#').next().unwrap_or_default();

        let mut topics = Topics::default();
        let mut name = None;
        let mut selected = None;
        let (mut trackers, mut peers, mut web_seeds) = (Vec::new(), Vec::new(), Vec::new());
        for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let value = value.trim();
            match parameter(&key).as_str() {
                "xt" => topics.add(value),
                "dn" if name.is_none() => {
                    name = Some(names::clean_text(value, MAX_NAME_BYTES)).filter(|n| !n.is_empty());
                }
                "tr" => add(&mut trackers, tracker(value)),
                "ws" => add(&mut web_seeds, web_url(value, &["http", "https"])),
                "x.pe" => add(&mut peers, peer(value)),
                "so" if selected.is_none() => selected = FileSelection::parse(value),
                _ => {}
            }
        }
        let info_hash = topics.info_hash()?;
        Ok(Self { info_hash, name, trackers, peers, selected, web_seeds })
    }

    /// The link again, in its shortest usual form. Parsing it gives an equal [`Magnet`], but for
    /// the sources that do not fit into a link of the length that is accepted.
    pub fn to_uri(&self) -> String {
        let mut uri = format!("magnet:?xt=urn:btih:{}", self.info_hash);
        let mut add = |key: &str, value: &str| {
            let before = uri.len();
            uri.extend(["&", key, "="]);
            uri.extend(url::form_urlencoded::byte_serialize(value.as_bytes()));
            // Escaping can make it five times as long as it was, and the trackers of a torrent
            // file or of several links come together here.
            if uri.len() > limits::MAGNET {
                uri.truncate(before);
            }
        };
        if let Some(name) = &self.name {
            add("dn", name);
        }
        if let Some(selected) = &self.selected {
            add("so", &selected.to_string());
        }
        self.trackers.iter().for_each(|tracker| add("tr", tracker));
        self.peers.iter().for_each(|peer| add("x.pe", peer));
        self.web_seeds.iter().for_each(|seed| add("ws", seed));
        uri
    }
}

/// A tracker's URL in its usual spelling, if it is one that can be asked: http, https or udp.
pub fn tracker(url: &str) -> Option<String> {
    web_url(url, &["http", "https", "udp"])
}

/// The host of the first tracker in a link of ours, without reading the rest of it.
pub fn tracker_host(uri: &str) -> Option<String> {
    let (_, query) = uri.split_once('?')?;
    let mut parameters = url::form_urlencoded::parse(query.as_bytes());
    let (_, first) = parameters.find(|(key, _)| key == "tr")?;
    // Only of the usual schemes does the reader write hosts in lower case.
    Some(Url::parse(&first).ok()?.host_str()?.to_ascii_lowercase())
}

/// A peer as `host:port`, if it can be one: a name, an IPv4 address or an IPv6 address in brackets.
pub fn peer(text: &str) -> Option<String> {
    let (host, port) = text.rsplit_once(':')?;
    let port: u16 = port.parse().ok().filter(|port| *port != 0)?;
    let is_name = !host.is_empty()
        && host.len() <= 253
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    let is_v6 = || {
        let inside = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        inside.is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok())
    };
    (is_name || is_v6()).then(|| format!("{}:{port}", host.to_ascii_lowercase()))
}

/// The topics (`xt`) of a link. A link may carry several; the first v1 hash is the one we can use.
#[derive(Default)]
struct Topics {
    v1: Option<InfoHash>,
    v2_seen: bool,
    malformed: bool,
    other: bool,
}

impl Topics {
    fn add(&mut self, topic: &str) {
        let lower = topic.to_ascii_lowercase();
        if let Some(hash) = lower.strip_prefix("urn:btih:") {
            match InfoHash::from_str(hash).ok().or_else(|| base32(hash)) {
                Some(hash) => _ = self.v1.get_or_insert(hash),
                None => self.malformed = true,
            }
        } else if lower.starts_with("urn:btmh:") {
            self.v2_seen = true;
        } else {
            self.other = true;
        }
    }

    fn info_hash(self) -> Result<InfoHash> {
        self.v1.ok_or_else(|| {
            invalid(if self.malformed {
                "The hash in this magnet link is damaged: it must be 40 hexadecimal or 32 base32 \
                 characters. Copy the link again."
            } else if self.v2_seen {
                "This magnet link is for a v2-only torrent, which is not supported yet. Look for a \
                 hybrid or v1 link."
            } else if self.other {
                "This magnet link is not for BitTorrent."
            } else {
                "This magnet link names no torrent: it has no “xt” part. Copy the link again."
            })
        })
    }
}

fn invalid(sentence: &str) -> Error {
    Error::InvalidMagnet(sentence.to_owned())
}

/// The plain, lower-case name of a parameter: `tr.1` is `tr`, and pages that forgot to unescape
/// their HTML write `amp;tr`.
fn parameter(key: &str) -> String {
    let key = key.trim().to_ascii_lowercase();
    let key = key.strip_prefix("amp;").unwrap_or(&key);
    match key.rsplit_once('.') {
        Some((name, number)) if number.bytes().all(|b| b.is_ascii_digit()) => name.to_owned(),
        _ => key.to_owned(),
    }
}

/// Adds what was understood, each once and no more than the limit.
fn add(list: &mut Vec<String>, item: Option<String>) {
    if let Some(item) = item
        && list.len() < MAX_SOURCES
        && !list.contains(&item)
    {
        list.push(item);
    }
}

fn web_url(text: &str, schemes: &[&str]) -> Option<String> {
    if text.len() > MAX_URL_BYTES {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let usable = schemes.contains(&url.scheme()) && url.host_str().is_some_and(|h| !h.is_empty());
    let url = String::from(url);
    // Percent-encoding may have made it longer; the limit holds for what is kept, too.
    (usable && url.len() <= MAX_URL_BYTES).then_some(url)
}

/// A decimal number; one too long for `u64` counts as the largest.
fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

/// An info-hash in base32 (RFC 4648), as older links have it. Expects lower case.
fn base32(text: &str) -> Option<InfoHash> {
    if text.len() != 32 {
        return None;
    }
    let mut hash = [0; 20];
    for (group, out) in text.as_bytes().chunks_exact(8).zip(hash.chunks_exact_mut(5)) {
        let mut bits = 0u64;
        for &c in group {
            let value = match c {
                b'a'..=b'z' => c - b'a',
                b'2'..=b'7' => c - b'2' + 26,
                _ => return None,
            };
            bits = bits << 5 | u64::from(value);
        }
        out.copy_from_slice(&bits.to_be_bytes()[3..]);
    }
    Some(InfoHash(hash))
}

#[cfg(test)]
mod tests;

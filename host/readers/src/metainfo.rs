//! Torrent files, checked by us before librqbit sees them (BEP 3, 27, 47, and 52 through v1).
//!
//! Invariants:
//! - what [`Metainfo::parse`] accepts, librqbit understands in the same way: doubtful spellings and
//!   duplicate keys are refused, and [`rebuild`] hands on nothing but `info` and clean trackers;
//! - the number and order of [`Metainfo::files`] are librqbit's file ids;
//! - every path is safe, relative and different from every other.

mod bencode;
mod info;
mod layout;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::error::{Error, Result};
use info::{Info, Outer};

/// The most files a torrent may have.
pub const MAX_FILES: usize = 200_000;
/// The most pieces a torrent may have: librqbit builds every message in a buffer that is just
/// large enough for one block, and a bitfield of more pieces does not fit.
pub const MAX_PIECES: usize = 131_072;

/// A v1 info-hash, the id of a torrent everywhere.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InfoHash(pub [u8; 20]);

impl fmt::Display for InfoHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for InfoHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is no info-hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("An info-hash has 40 hexadecimal digits.")]
pub struct NoInfoHash;

impl FromStr for InfoHash {
    type Err = NoInfoHash;

    /// Reads 40 hexadecimal digits in any case.
    fn from_str(text: &str) -> Result<Self, NoInfoHash> {
        let parse = || {
            let mut hash = [0; 20];
            if text.len() != 40 {
                return None;
            }
            for (pair, byte) in text.as_bytes().chunks_exact(2).zip(&mut hash) {
                let digit = |b: u8| char::from(b).to_digit(16);
                *byte = (digit(pair[0])? << 4 | digit(pair[1])?) as u8;
            }
            Some(Self(hash))
        };
        parse().ok_or(NoInfoHash)
    }
}

/// One file of a torrent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    /// Where it goes below the save folder; begins with the torrent's name where there are several.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// Only there to align the next file (BEP 47): zeros that are never written.
    pub padding: bool,
    /// Where it begins in the torrent.
    pub offset: u64,
}

/// What a torrent file says, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metainfo {
    /// SHA-1 of the raw `info`.
    pub info_hash: InfoHash,
    /// The name, safe as a file name.
    pub name: String,
    /// Only its own trackers may be asked for peers (BEP 27).
    pub private: bool,
    /// The length of every piece but the last.
    pub piece_bytes: u32,
    /// How many pieces there are.
    pub piece_count: u32,
    /// The length of all files together, padding included.
    pub total_bytes: u64,
    /// The files, in the order of librqbit's ids, padding included.
    pub files: Vec<FileEntry>,
    /// Usable trackers in their tiers (BEP 12), each tracker once and no tier empty.
    pub tiers: Vec<Vec<String>>,
    /// Whether the files go into a folder with the torrent's name.
    pub multi_file: bool,
    /// The SHA-1 of every piece, one after the other.
    pub piece_hashes: Vec<u8>,
}

impl Metainfo {
    /// Checks a torrent file. Every error is a sentence for the user.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let outer = Outer::read(bytes)?;
        let info = Info::read(outer.info)?;
        info.check()
            .and_then(|total_bytes| info.build(outer, total_bytes))
            .map_err(Error::InvalidTorrent)
    }

    /// The trackers of all tiers, in order.
    pub fn trackers(&self) -> Vec<String> {
        self.tiers.concat()
    }

    /// The length of a piece; the last one may be shorter.
    pub fn piece_len(&self, index: u32) -> u32 {
        let start = u64::from(index) * u64::from(self.piece_bytes);
        self.total_bytes.saturating_sub(start).min(u64::from(self.piece_bytes)) as u32
    }

    /// The indices of the files that a piece touches.
    pub fn files_of(&self, piece: u32) -> std::ops::Range<usize> {
        let start = u64::from(piece) * u64::from(self.piece_bytes);
        let end = start + u64::from(self.piece_len(piece));
        let first = self.files.partition_point(|file| file.offset + file.bytes <= start);
        let last = self.files.partition_point(|file| file.offset < end);
        first..last.max(first)
    }

    /// The hash a piece must have.
    pub fn piece_hash(&self, index: u32) -> Option<&[u8]> {
        let start = index as usize * 20;
        self.piece_hashes.get(start..start + 20)
    }
}

/// The torrent file that librqbit gets: the given torrent's raw `info` with these trackers and
/// nothing else, so that no odd member outside `info` can matter.
pub fn rebuild(torrent: &[u8], trackers: &[String]) -> Result<Vec<u8>> {
    let outer = Outer::read(torrent)?;
    Ok(torrent_from_info(outer.info, trackers))
}

/// The raw `info` dictionary of a torrent file, as peers get it (BEP 9).
///
/// # Errors
/// When the bytes are no torrent file.
pub fn raw_info(torrent: &[u8]) -> Result<&[u8]> {
    Ok(Outer::read(torrent)?.info)
}

/// A torrent file from the raw bytes of `info`.
pub fn torrent_from_info(info: &[u8], trackers: &[String]) -> Vec<u8> {
    let mut torrent = b"d".to_vec();
    if !trackers.is_empty() {
        torrent.extend_from_slice(b"13:announce-listl");
        for tracker in trackers {
            torrent.extend_from_slice(format!("l{}:{tracker}e", tracker.len()).as_bytes());
        }
        torrent.push(b'e');
    }
    torrent.extend_from_slice(b"4:info");
    torrent.extend_from_slice(info);
    torrent.push(b'e');
    torrent
}

/// SHA-1, as BitTorrent v1 wants it.
pub fn sha1(data: &[u8]) -> [u8; 20] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, data);
    let mut hash = [0; 20];
    hash.copy_from_slice(digest.as_ref());
    hash
}

#[cfg(test)]
mod tests;

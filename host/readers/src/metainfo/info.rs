//! What a torrent file says, read member by member and checked.

use std::borrow::Cow;
use std::collections::HashSet;
use std::path::PathBuf;

use torrpeddo_protocol::{limits, size};

use super::bencode::{Fault, Reader};
use super::layout::Layout;
use super::{FileEntry, InfoHash, MAX_FILES, MAX_PIECES, Metainfo, sha1};
use crate::error::{Error, Result};
use crate::magnet;
use crate::names::NameDecoder;

/// The largest piece. Real ones end at 64 MiB; beyond, librqbit's 32-bit block counts overflow.
const MAX_PIECE_BYTES: u64 = 256 * 1024 * 1024;
/// The most bytes in a torrent: what a number in JSON holds exactly.
const MAX_TOTAL_BYTES: u64 = 1 << 53;
/// The most trackers that are kept.
const MAX_TRACKERS: usize = 512;

const NO_NAME: &str = "This torrent is damaged: a file in it has no name.";

fn not_a_torrent(fault: Fault) -> Error {
    Error::InvalidTorrent(format!("This is not a torrent file: {fault}."))
}

/// Keeps the first value of a key; a second one is refused, since readers differ in which they take.
fn once<T>(slot: &mut Option<T>, value: T) -> Result<(), Fault> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err("a member is there twice"),
    }
}

/// The outermost dictionary.
pub struct Outer<'a> {
    /// The raw `info`.
    pub info: &'a [u8],
    /// Usable trackers in their tiers (BEP 12), each tracker once and no tier empty.
    pub tiers: Vec<Vec<String>>,
}

impl<'a> Outer<'a> {
    /// Reads it, and `info` only as far as to know where it ends.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        if bytes.len() > limits::TORRENT_FILE {
            return Err(Error::TooLarge(format!(
                "This torrent file is {} large; at most {} are accepted.",
                size::bytes(bytes.len() as u64),
                size::bytes(limits::TORRENT_FILE as u64)
            )));
        }
        let mut info = None;
        let (mut announce, mut tiers) = (Tiers::default(), Tiers::default());
        let read = Reader::new(bytes).dict(|key, reader| {
            match key {
                b"info" => once(&mut info, reader.skip()?)?,
                // Trackers are not worth refusing a torrent for: what does not fit is left out.
                b"announce" => announce.read(reader.skip()?),
                b"announce-list" => {
                    let mut list = Reader::new(reader.skip()?);
                    _ = list.list(|tiers_reader| {
                        tiers.begin();
                        let mut tier = Reader::new(tiers_reader.skip()?);
                        _ = tier.list(|reader| {
                            tiers.read(reader.skip()?);
                            Ok(())
                        });
                        Ok(())
                    });
                }
                _ => _ = reader.skip()?,
            }
            Ok(())
        });
        read.map_err(not_a_torrent)?;
        let info = info.ok_or_else(|| not_a_torrent("the description of its files is missing"))?;
        // BEP 12: the list replaces the single one.
        let (announce, tiers) = (announce.finish(), tiers.finish());
        Ok(Self { info, tiers: if tiers.is_empty() { announce } else { tiers } })
    }
}

/// Trackers as they are read, tier by tier.
#[derive(Default)]
struct Tiers {
    tiers: Vec<Vec<String>>,
    count: usize,
}

impl Tiers {
    /// Begins the next tier. The first one needs no beginning.
    fn begin(&mut self) {
        if self.tiers.last().is_some_and(|tier| !tier.is_empty()) {
            self.tiers.push(Vec::new());
        }
    }

    /// Adds the tracker in a bencoded string, if it is usable and new.
    fn read(&mut self, raw: &[u8]) {
        let text = Reader::new(raw).bytes().ok().and_then(|bytes| std::str::from_utf8(bytes).ok());
        let Some(tracker) = text.and_then(|text| magnet::tracker(text.trim())) else { return };
        if self.count >= MAX_TRACKERS || self.tiers.iter().flatten().any(|known| *known == tracker)
        {
            return;
        }
        self.count += 1;
        match self.tiers.last_mut() {
            Some(tier) => tier.push(tracker),
            None => self.tiers.push(vec![tracker]),
        }
    }

    /// The tiers that have a tracker.
    fn finish(mut self) -> Vec<Vec<String>> {
        self.tiers.retain(|tier| !tier.is_empty());
        self.tiers
    }
}

/// The members of `info` as they stand there.
#[derive(Default)]
pub struct Info<'a> {
    raw: &'a [u8],
    name: Option<&'a [u8]>,
    name_utf8: Option<&'a [u8]>,
    piece_bytes: Option<u64>,
    pieces: Option<&'a [u8]>,
    length: Option<u64>,
    attributes: Option<&'a [u8]>,
    files: Option<Vec<RawFile<'a>>>,
    private: Option<u64>,
    version: Option<u64>,
}

#[derive(Default)]
struct RawFile<'a> {
    length: Option<u64>,
    attributes: Option<&'a [u8]>,
    path: Option<Vec<&'a [u8]>>,
    path_utf8: Option<Vec<&'a [u8]>>,
}

impl<'a> Info<'a> {
    /// Reads the members that matter.
    pub fn read(raw: &'a [u8]) -> Result<Self> {
        let mut info = Self { raw, ..Self::default() };
        let (mut sha1, mut md5, mut symlink) = (None, None, None);
        let mut too_many = false;
        let read = Reader::new(raw).dict(|key, reader| match key {
            b"name" => once(&mut info.name, reader.bytes()?),
            b"name.utf-8" => once(&mut info.name_utf8, reader.bytes()?),
            b"piece length" => once(&mut info.piece_bytes, reader.unsigned()?),
            b"pieces" => once(&mut info.pieces, reader.bytes()?),
            b"length" => once(&mut info.length, reader.unsigned()?),
            b"attr" => once(&mut info.attributes, reader.bytes()?),
            b"private" => once(&mut info.private, reader.unsigned()?),
            b"meta version" => once(&mut info.version, reader.unsigned()?),
            b"files" => {
                let mut files = Vec::new();
                reader.list(|reader| {
                    too_many = files.len() == MAX_FILES;
                    if too_many {
                        return Err("it has too many files");
                    }
                    files.push(RawFile::read(reader)?);
                    Ok(())
                })?;
                once(&mut info.files, files)
            }
            // Of no use to us, but librqbit refuses them where they are of another kind.
            b"sha1" => once(&mut sha1, reader.bytes()?),
            b"md5sum" => once(&mut md5, reader.bytes()?),
            b"symlink path" => once(&mut symlink, texts(reader)?),
            _ => reader.skip().map(drop),
        });
        if too_many {
            return Err(Error::InvalidTorrent(format!(
                "This torrent has more than {MAX_FILES} files, which is more than can be handled."
            )));
        }
        read.map_err(not_a_torrent)?;
        Ok(info)
    }

    /// Checks the numbers; the result is the total length.
    pub fn check(&self) -> Result<u64, String> {
        let Some(pieces) = self.pieces else {
            return Err(if self.version == Some(2) {
                "This is a v2-only torrent, which is not supported yet. Look for a hybrid or v1 \
                 version of it."
                    .to_owned()
            } else {
                "This torrent has no checksums for its pieces.".to_owned()
            });
        };
        if self.private.is_some_and(|private| private > 1) {
            return Err(
                "This torrent is damaged: its “private” mark is neither 0 nor 1.".to_owned()
            );
        }
        let piece_bytes = match self.piece_bytes {
            None => return Err("This torrent does not say how long its pieces are.".to_owned()),
            Some(0) => {
                return Err("This torrent is damaged: its pieces are 0 bytes long.".to_owned());
            }
            Some(bytes) if bytes > MAX_PIECE_BYTES => {
                return Err(format!(
                    "The pieces of this torrent are {bytes} bytes long; at most {MAX_PIECE_BYTES} \
                     bytes can be handled."
                ));
            }
            Some(bytes) => bytes,
        };
        let total = match (self.length, &self.files) {
            (Some(length), None) => Some(length),
            (None, Some(files)) if files.is_empty() => {
                return Err("This torrent has no files.".to_owned());
            }
            (None, Some(files)) => files
                .iter()
                .try_fold(0u64, |total, file| total.checked_add(file.length.unwrap_or_default())),
            _ => {
                return Err("This torrent is damaged: it must have either one file or a list of \
                            files."
                    .to_owned());
            }
        };
        let total = total.filter(|total| *total <= MAX_TOTAL_BYTES).ok_or(
            "The lengths in this torrent are impossibly large, so it is damaged or hostile.",
        )?;
        if total == 0 {
            return Err("This torrent is empty: all its files are 0 bytes long.".to_owned());
        }
        let count = total.div_ceil(piece_bytes);
        if count > MAX_PIECES as u64 {
            return Err(format!(
                "This torrent has {count} pieces; at most {MAX_PIECES} can be handled."
            ));
        }
        if pieces.len() as u64 != count * 20 {
            return Err("This torrent is damaged: its checksums do not fit its length.".to_owned());
        }
        Ok(total)
    }

    /// What is checked, decoded and laid out.
    pub fn build(&self, outer: Outer<'_>, total_bytes: u64) -> Result<Metainfo, String> {
        let decoder = self.decoder();
        let info_hash = InfoHash(sha1(self.raw));
        let raw_name = self.name_utf8.or(self.name).filter(|name| !name.is_empty());
        let name = match raw_name {
            Some(raw) => decoder.decode(raw),
            None => info_hash.to_string(),
        };
        let piece_hashes = self.pieces.unwrap_or_default().to_vec();
        Ok(Metainfo {
            info_hash,
            private: self.private == Some(1),
            piece_bytes: self.piece_bytes.and_then(|b| u32::try_from(b).ok()).unwrap_or_default(),
            piece_count: (piece_hashes.len() / 20) as u32,
            total_bytes,
            files: self.entries(&decoder, &name)?,
            tiers: outer.tiers,
            multi_file: self.files.is_some(),
            piece_hashes,
            name,
        })
    }

    /// Looks at all names, since a single one rarely tells its encoding.
    fn decoder(&self) -> NameDecoder {
        let files = self.files.as_deref().unwrap_or_default();
        let parts = files.iter().flat_map(|file| file.path.iter().flatten().copied());
        NameDecoder::detect(self.name.into_iter().chain(parts).collect::<Vec<_>>())
    }

    fn entries(&self, decoder: &NameDecoder, name: &str) -> Result<Vec<FileEntry>, String> {
        let Some(files) = &self.files else {
            let bytes = self.length.unwrap_or_default();
            let padding = is_padding(self.attributes);
            if let Some(raw) = self.name {
                check_path(&[raw])?;
                if !padding {
                    name_of_librqbit(decoder, &[raw])?;
                }
            }
            return Ok(vec![FileEntry { path: name.into(), bytes, padding, offset: 0 }]);
        };
        let mut layout = Layout::default();
        let mut seen = HashSet::with_capacity(files.len());
        let mut entries = Vec::with_capacity(files.len());
        let mut offset = 0;
        for (index, file) in files.iter().enumerate() {
            let bytes = file.length.unwrap_or_default();
            let padding = is_padding(file.attributes);
            let raw = file.path.as_deref().unwrap_or_default();
            check_path(raw)?;
            let path = if padding {
                // Never opened, so it takes no name from a real file.
                PathBuf::from_iter([name, ".pad", &index.to_string()])
            } else {
                if !seen.insert(name_of_librqbit(decoder, raw)?) {
                    return Err(
                        "This torrent is damaged: two of its files have the same name.".to_owned()
                    );
                }
                let mut parts = vec![name.to_owned()];
                parts.extend(file.parts().map(|part| decoder.decode(part)));
                let own = parts.pop().unwrap_or_default();
                layout.place(&parts, &own)
            };
            entries.push(FileEntry { path, bytes, padding, offset });
            offset += bytes;
        }
        Ok(entries)
    }
}

impl<'a> RawFile<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Fault> {
        let mut file = Self::default();
        let (mut sha1, mut symlink) = (None, None);
        reader.dict(|key, reader| match key {
            b"length" => once(&mut file.length, reader.unsigned()?),
            b"attr" => once(&mut file.attributes, reader.bytes()?),
            b"path" => once(&mut file.path, texts(reader)?),
            b"path.utf-8" => once(&mut file.path_utf8, texts(reader)?),
            b"sha1" => once(&mut sha1, reader.bytes()?),
            b"symlink path" => once(&mut symlink, texts(reader)?),
            _ => reader.skip().map(drop),
        })?;
        if file.length.is_none() || file.path.is_none() {
            return Err("a file has no name or no length");
        }
        Ok(file)
    }

    /// The parts of the path that say something, from its UTF-8 spelling where there is one.
    fn parts(&self) -> impl Iterator<Item = &'a [u8]> {
        let path = self.path.as_deref().unwrap_or_default();
        let utf8 = self
            .path_utf8
            .as_deref()
            .filter(|utf8| utf8.len() == path.len() && utf8.iter().any(|part| !part.is_empty()));
        utf8.unwrap_or(path).iter().copied().filter(|part| !part.is_empty())
    }
}

/// Refuses what librqbit would refuse, so that the user learns it when adding.
fn check_path(path: &[&[u8]]) -> Result<(), String> {
    if path.iter().any(|part| *part == b".." || part.iter().any(|b| matches!(b, b'/' | b'\\'))) {
        return Err(
            "This torrent is hostile or damaged: the name of a file in it contains a path \
                    separator or leads out of its folder."
                .to_owned(),
        );
    }
    if path.iter().all(|part| part.is_empty()) {
        return Err(NO_NAME.to_owned());
    }
    Ok(())
}

/// The path as librqbit decodes it, without dots. It refuses a torrent in which one is empty, be it
/// a byte order mark alone, or there twice, be it only because what cannot be decoded is replaced.
fn name_of_librqbit(decoder: &NameDecoder, path: &[&[u8]]) -> Result<PathBuf, String> {
    let parts = path.iter().map(|part| decoder.as_detected(part));
    let decoded: PathBuf = parts.filter(|part| part != ".").map(Cow::into_owned).collect();
    if decoded.as_os_str().is_empty() { Err(NO_NAME.to_owned()) } else { Ok(decoded) }
}

fn texts<'a>(reader: &mut Reader<'a>) -> Result<Vec<&'a [u8]>, Fault> {
    let mut texts = Vec::new();
    reader.list(|reader| {
        texts.push(reader.bytes()?);
        Ok(())
    })?;
    Ok(texts)
}

fn is_padding(attributes: Option<&[u8]>) -> bool {
    attributes.is_some_and(|attributes| attributes.contains(&b'p'))
}

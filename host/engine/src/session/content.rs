//! The bytes of one running torrent: which file they go to, and whether they may.
//!
//! - A file gets its data at its own place when it is wanted, or when we made it earlier. Other
//!   files are never made or written.
//! - Pieces reach across files. A piece that touches an unwanted file is kept whole in a part file
//!   among our records (`<hash>.parts/<piece>`), besides what of it goes to wanted files. So it can
//!   be verified and shared, and when the file is wanted later, its bytes are there.
//! - Padding is never written and reads as zeros.
//! - A file that somebody deletes, moves or cuts off under us is noticed, see [`presence`].
//! - Behind a gate: once it is closed, nothing is read or written any more, and when closing has
//!   returned, nothing that began before is still going on. librqbit's tasks may outlive a torrent.

mod adopt;
mod disk;
mod presence;
mod sync;

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};

use crate::error::{Error, Result};
use crate::files::Folder;
use crate::metainfo::{FileEntry, Metainfo};
use crate::session::bits::Bitfield;
use crate::session::pool::{Key, Pool};
pub use disk::write_at;
use disk::{read_at, segments};

/// Why bytes could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The torrent has been stopped.
    #[error("the torrent has been stopped")]
    Stopped,
    /// The disk said no.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The folder was renamed or unmounted.
    #[error("the folder {} is not there any more", .0.display())]
    FolderGone(PathBuf),
}

impl Fault {
    /// Whether it only means that a file, or its end, is missing.
    pub fn is_missing(&self) -> bool {
        use io::ErrorKind::{NotFound, UnexpectedEof};
        matches!(self, Self::Io { error, .. } if matches!(error.kind(), NotFound | UnexpectedEof))
    }
}

impl From<&Fault> for Error {
    fn from(fault: &Fault) -> Self {
        match fault {
            Fault::Stopped => Self::Internal(fault.to_string()),
            Fault::Io { path, error } if fault.is_missing() => Self::Io {
                message: format!(
                    "{} is missing or shorter than it was. Put it back, or resume to download \
                     again what is missing.",
                    path.display()
                ),
                path: Some(path.clone()),
                reason: error.to_string(),
            },
            Fault::Io { path, error } => Self::io(path, error),
            Fault::FolderGone(path) => Self::io(path, &io::ErrorKind::NotFound.into()),
        }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::from(&fault)
    }
}

/// What a torrent's content is opened with.
pub struct Place {
    /// The torrent.
    pub meta: Arc<Metainfo>,
    /// The save folder.
    pub folder: Folder,
    /// Where pieces are kept that touch unwanted files.
    pub parts: PathBuf,
    /// The wanted files.
    pub selected: Vec<bool>,
    /// The files that were there before the torrent.
    pub before: Bitfield,
    /// Open files, and the number under which those of this run are known there.
    pub pool: Arc<Pool>,
    /// See `pool`.
    pub run: u64,
}

/// The content of a running torrent.
pub struct Content {
    place: Place,
    /// Whether a file's data goes to its own place.
    real: Vec<bool>,
    all_real: bool,
    /// Whether a file is there. One that was and is not any more must not be made anew, empty.
    there: Vec<AtomicBool>,
    /// How long a file is at least.
    reach: Vec<AtomicU64>,
    /// The pieces that are kept as parts.
    parts: Mutex<BTreeSet<u32>>,
    unsynced: Vec<AtomicBool>,
    unsynced_parts: Mutex<BTreeSet<u32>>,
    closed: RwLock<bool>,
    failure: Mutex<Option<Error>>,
    /// A file was found to be missing or too short.
    damaged: AtomicBool,
}

impl Content {
    /// Looks at what is there, without changing anything.
    pub fn open(place: Place) -> Result<Self> {
        let files = &place.meta.files;
        let wanted = |index: usize| place.selected.get(index).copied().unwrap_or(false);
        let mut there = Vec::with_capacity(files.len());
        let mut reach = Vec::with_capacity(files.len());
        let mut real = Vec::with_capacity(files.len());
        for (index, file) in files.iter().enumerate() {
            let length = match file.padding {
                true => None,
                false => length(&place.folder, file, wanted(index))?,
            };
            let exists = length.is_some();
            there.push(AtomicBool::new(exists));
            reach.push(AtomicU64::new(length.unwrap_or(0).min(file.bytes)));
            real.push(wanted(index) || (exists && !place.before.get(index as u32)));
        }
        let all_real = real.iter().zip(files).all(|(real, file)| *real || file.padding);
        let unsynced = files.iter().map(|_| AtomicBool::new(false)).collect();
        let parts = Mutex::new(list_parts(&place.parts));
        Ok(Self {
            real,
            all_real,
            there,
            reach,
            parts,
            unsynced,
            unsynced_parts: Mutex::default(),
            closed: RwLock::new(false),
            failure: Mutex::default(),
            damaged: AtomicBool::new(false),
            place,
        })
    }

    /// The torrent.
    pub fn meta(&self) -> &Arc<Metainfo> {
        &self.place.meta
    }

    /// The first thing that went wrong with the disk.
    pub fn failure(&self) -> Option<Error> {
        self.failure.lock().clone()
    }

    /// Remembers what went wrong, so that it can be told in full: librqbit keeps only text.
    pub fn note(&self, fault: Fault) -> Fault {
        if !matches!(fault, Fault::Stopped) {
            self.failure.lock().get_or_insert_with(|| Error::from(&fault));
            self.damaged.fetch_or(fault.is_missing(), Ordering::AcqRel);
        }
        fault
    }

    /// Lets nothing through any more, waits for what is under way and closes the files. Blocks.
    pub fn close(&self) {
        *self.closed.write() = true;
        self.place.pool.close(self.place.run);
    }

    /// Whether the gate is closed.
    pub fn is_closed(&self) -> bool {
        *self.closed.read()
    }

    /// Whether anything is there that could be checked.
    pub fn has_data(&self) -> bool {
        self.there.iter().any(|there| there.load(Ordering::Acquire))
            || !self.parts.lock().is_empty()
    }

    /// The length of every file that is there. For unwanted files, what is in their way counts as
    /// nothing.
    pub fn lengths(&self) -> Result<Vec<Option<u64>>> {
        let files = self.meta().files.iter().enumerate();
        files
            .map(|(index, file)| match file.padding {
                true => Ok(None),
                false => length(&self.place.folder, file, self.is_real(index)),
            })
            .collect()
    }

    /// Whether a piece is on the disk as far as lengths can tell.
    pub fn is_present(&self, piece: u32, lengths: &[Option<u64>]) -> bool {
        let meta = self.meta();
        let end = u64::from(piece) * u64::from(meta.piece_bytes) + u64::from(meta.piece_len(piece));
        let in_part = self.parts.lock().contains(&piece);
        meta.files_of(piece).all(|index| {
            let Some(file) = meta.files.get(index) else { return false };
            let needed = end.min(file.offset + file.bytes) - file.offset;
            let there = || lengths.get(index).copied().flatten().is_some_and(|len| len >= needed);
            file.padding || file.bytes == 0 || (in_part && !self.is_real(index)) || there()
        })
    }

    /// Makes the wanted files that have no bytes; no piece will ever write them. Those that are
    /// there are left alone: they may be on a disk that is only read.
    pub fn make_empty_files(&self) -> Result<(), Fault> {
        for (index, file) in self.meta().files.iter().enumerate() {
            let wanted = file.bytes == 0 && !file.padding && self.is_real(index);
            if wanted && self.place.folder.length(&file.path).ok() != Some(Some(0)) {
                self.open_file(index, true)?;
            }
        }
        Ok(())
    }

    /// Reads a whole piece.
    pub fn read_piece(&self, piece: u32, buffer: &mut Vec<u8>) -> Result<(), Fault> {
        let meta = self.meta();
        let start = u64::from(piece) * u64::from(meta.piece_bytes);
        buffer.clear();
        buffer.resize(meta.piece_len(piece) as usize, 0);
        let mut rest = buffer.as_mut_slice();
        for index in meta.files_of(piece) {
            let Some(file) = meta.files.get(index) else { continue };
            let inside = (start + u64::from(meta.piece_len(piece)) - rest.len() as u64)
                .saturating_sub(file.offset);
            let take = (file.bytes - inside).min(rest.len() as u64) as usize;
            let (now, later) = rest.split_at_mut(take);
            self.read(index, inside, now)?;
            rest = later;
        }
        Ok(())
    }

    /// Reads bytes of a file.
    pub fn read(&self, index: usize, offset: u64, buffer: &mut [u8]) -> Result<(), Fault> {
        let closed = self.closed.read();
        if *closed {
            return Err(Fault::Stopped);
        }
        let file = self.entry(index)?;
        if file.padding {
            buffer.fill(0);
            return Ok(());
        }
        if self.is_real(index) {
            let handle = self.open_whole(index, false)?;
            return read_at(&handle, buffer, offset).map_err(|error| self.about(file, error));
        }
        let mut rest = buffer;
        for (piece, within, length) in segments(self.meta(), file, offset, rest.len()) {
            let (now, later) = rest.split_at_mut(length);
            if self.parts.lock().contains(&piece) {
                let handle = self.open_part(piece, false)?;
                read_at(&handle, now, within).map_err(|error| self.about_part(piece, error))?;
            } else {
                // Perhaps it was there before us, and whole.
                let at = u64::from(piece) * u64::from(self.meta().piece_bytes) + within;
                let handle = self.open_file(index, false)?;
                read_at(&handle, now, at - file.offset).map_err(|error| self.about(file, error))?;
            }
            rest = later;
        }
        Ok(())
    }

    /// Writes bytes of a file.
    pub fn write(&self, index: usize, offset: u64, data: &[u8]) -> Result<(), Fault> {
        let closed = self.closed.read();
        if *closed {
            return Err(Fault::Stopped);
        }
        let file = self.entry(index)?;
        if file.padding || data.is_empty() {
            return Ok(());
        }
        if self.is_real(index) {
            let handle = self.open_whole(index, true)?;
            write_at(&handle, data, offset).map_err(|error| self.about(file, error))?;
            self.reaches(index, offset + data.len() as u64);
            // After the write: a sync that saw the mark has the data.
            if let Some(unsynced) = self.unsynced.get(index) {
                unsynced.store(true, Ordering::Release);
            }
        }
        if self.all_real {
            return Ok(());
        }
        let mut rest = data;
        for (piece, within, length) in segments(self.meta(), file, offset, data.len()) {
            let (now, later) = rest.split_at(length);
            if self.is_mixed(piece) {
                let handle = self.open_part(piece, true)?;
                write_at(&handle, now, within).map_err(|error| self.about_part(piece, error))?;
                self.unsynced_parts.lock().insert(piece);
            }
            rest = later;
        }
        Ok(())
    }

    fn entry(&self, index: usize) -> Result<&FileEntry, Fault> {
        self.meta().files.get(index).ok_or_else(|| {
            let error = io::Error::other(format!("the torrent has no file {index}"));
            Fault::Io { path: PathBuf::new(), error }
        })
    }

    fn is_real(&self, index: usize) -> bool {
        self.real.get(index).copied().unwrap_or(false)
    }

    /// Whether a piece touches a file that is not to be made.
    fn is_mixed(&self, piece: u32) -> bool {
        let files = &self.meta().files;
        !self.all_real
            && self.meta().files_of(piece).any(|index| {
                !self.is_real(index) && files.get(index).is_some_and(|f| !f.padding && f.bytes > 0)
            })
    }

    fn open_file(&self, index: usize, writable: bool) -> Result<Arc<File>, Fault> {
        let file = self.entry(index)?;
        let folder = &self.place.folder;
        let there = self.there.get(index);
        let open = || {
            if !writable {
                return folder.read(&file.path);
            }
            let create = there.is_some_and(|there| !there.load(Ordering::Acquire));
            let handle = folder.write(&file.path, create)?;
            if handle.metadata()?.len() > file.bytes {
                handle.set_len(file.bytes)?;
            }
            if let Some(there) = there {
                there.store(true, Ordering::Release);
            }
            Ok(handle)
        };
        let key = Key::File(self.place.run, index);
        self.place.pool.get(key, writable, open).map_err(|error| self.about(file, error))
    }

    fn open_part(&self, piece: u32, writable: bool) -> Result<Arc<File>, Fault> {
        let path = self.part_path(piece);
        let open = || {
            if !writable {
                return File::open(&path);
            }
            std::fs::create_dir_all(&self.place.parts)?;
            let mut options = File::options();
            let handle = options.read(true).write(true).create(true).truncate(false).open(&path)?;
            // Padding in it is never written, but is read.
            handle.set_len(u64::from(self.meta().piece_len(piece)))?;
            self.parts.lock().insert(piece);
            Ok(handle)
        };
        let key = Key::Part(self.place.run, piece);
        self.place.pool.get(key, writable, open).map_err(|error| self.about_part(piece, error))
    }

    fn part_path(&self, piece: u32) -> PathBuf {
        self.place.parts.join(piece.to_string())
    }

    fn about(&self, file: &FileEntry, error: io::Error) -> Fault {
        Fault::Io { path: self.place.folder.locate(&file.path), error }
    }

    fn about_part(&self, piece: u32, error: io::Error) -> Fault {
        Fault::Io { path: self.part_path(piece), error }
    }
}

/// The length of a file. What stands in the way of a wanted file is an error; in the way of another
/// one, it does not matter.
fn length(folder: &Folder, file: &FileEntry, wanted: bool) -> Result<Option<u64>> {
    match folder.length(&file.path) {
        Err(error) if wanted => Err(Error::io(folder.locate(&file.path), &error)),
        found => Ok(found.unwrap_or(None)),
    }
}

fn list_parts(folder: &Path) -> BTreeSet<u32> {
    let names = std::fs::read_dir(folder).into_iter().flatten().flatten();
    names.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

#[cfg(test)]
mod tests;

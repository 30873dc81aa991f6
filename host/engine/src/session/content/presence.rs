//! Whether the files are still there. A file that is open can be read and written on as if nothing
//! had happened after somebody has deleted, moved or unmounted it; what is cut off and then written
//! beyond its end has a hole where verified pieces were.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::disk::is_linked;
use super::{Content, Fault};
use crate::error::{Error, Result};
use crate::session::bits::Bitfield;
use crate::session::pool::Key;

impl Content {
    /// Whether somebody has taken away a file, or the end of one.
    pub fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Acquire)
    }

    /// Whether none of the files that these pieces are in is there, and there should be one.
    pub fn is_bare(&self, pieces: impl Iterator<Item = u32>, lengths: &[Option<u64>]) -> bool {
        let files = &self.meta().files;
        let mut held = pieces
            .flat_map(|piece| self.meta().files_of(piece))
            .filter(|index| self.is_real(*index))
            .filter(|index| files.get(*index).is_some_and(|file| !file.padding && file.bytes > 0))
            .peekable();
        held.peek().is_some() && held.all(|index| lengths.get(index).copied().flatten().is_none())
    }

    /// Those of the pieces that are there as far as lengths can tell.
    pub fn present(&self, mut bits: Bitfield) -> Result<Bitfield> {
        let lengths = self.lengths()?;
        let gone: Vec<u32> = bits.iter_ones().filter(|p| !self.is_present(*p, &lengths)).collect();
        for piece in gone {
            bits.set(piece, false);
        }
        Ok(bits)
    }

    /// What to say when it is bare.
    pub fn all_gone(&self) -> Error {
        self.damaged.store(true, Ordering::Release);
        let folder = self.place.folder.path();
        let message = format!(
            "None of the torrent's files is in {} any more. Put them back or mount their disk, then \
             resume; without them, resuming downloads them again.",
            folder.display()
        );
        let reason = io::Error::from(io::ErrorKind::NotFound).to_string();
        Error::Io { message, path: Some(folder.to_owned()), reason }
    }

    /// Looks whether the folder and the open files are still at their paths.
    pub fn look(&self) -> Result<(), Fault> {
        let closed = self.closed.read();
        if *closed {
            return Ok(());
        }
        let folder = &self.place.folder;
        if !folder.is_in_place() {
            return Err(Fault::FolderGone(folder.path().to_owned()));
        }
        for (key, handle) in self.place.pool.of_run(self.place.run) {
            if let Key::File(_, index) = key {
                let file = self.entry(index)?;
                match folder.is_at(&file.path, &handle) {
                    Ok(true) => {}
                    Ok(false) => return Err(self.about(file, io::ErrorKind::NotFound.into())),
                    Err(error) => return Err(self.about(file, error)),
                }
            }
        }
        Ok(())
    }

    /// An error if a file is missing or was cut off.
    pub(super) fn look_at(&self, index: usize) -> Result<(), Fault> {
        let file = self.entry(index)?;
        let missing = match self.place.folder.length(&file.path) {
            Ok(Some(length)) if length >= self.reach(index) => return Ok(()),
            Ok(Some(_)) => io::ErrorKind::UnexpectedEof.into(),
            Ok(None) => io::ErrorKind::NotFound.into(),
            Err(error) => error,
        };
        Err(self.about(file, missing))
    }

    /// An open file, if it was neither deleted nor cut off.
    pub(super) fn open_whole(&self, index: usize, writable: bool) -> Result<Arc<File>, Fault> {
        let handle = self.open_file(index, writable)?;
        let reach = self.reach(index);
        let whole = handle.metadata().and_then(|metadata| {
            if !is_linked(&metadata) {
                Err(io::ErrorKind::NotFound.into())
            } else if metadata.len() < reach {
                Err(io::ErrorKind::UnexpectedEof.into())
            } else {
                Ok(())
            }
        });
        let file = self.entry(index)?;
        whole.map(|()| handle).map_err(|error| self.about(file, error))
    }

    fn reach(&self, index: usize) -> u64 {
        self.reach.get(index).map_or(0, |reach| reach.load(Ordering::Acquire))
    }

    /// A file has been written up to there.
    pub(super) fn reaches(&self, index: usize, end: u64) {
        if let Some(reach) = self.reach.get(index) {
            reach.fetch_max(end, Ordering::AcqRel);
        }
    }
}

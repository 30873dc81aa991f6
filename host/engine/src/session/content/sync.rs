//! Bringing data to the disk.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use super::disk::sync_read_only;
use super::{Content, Fault};

/// From so many files on, the disk is synced instead of each of them.
const MANY_FILES: usize = 64;

impl Content {
    /// Brings everything written so far to the disk. When a file is missing, after the others have
    /// been. Blocks.
    pub fn sync(&self) -> Result<(), Fault> {
        let unsynced = self.unsynced.iter().enumerate();
        let files: Vec<usize> = unsynced
            .filter(|(_, unsynced)| unsynced.swap(false, Ordering::AcqRel))
            .map(|(index, _)| index)
            .collect();
        let parts = std::mem::take(&mut *self.unsynced_parts.lock());
        let synced = self.sync_whole_disk(files.len())?;
        let mut missing = None;
        for index in files {
            let done = match synced {
                true => self.look_at(index),
                false => self.sync_file(index),
            };
            match done {
                Err(fault) if fault.is_missing() => _ = missing.get_or_insert(fault),
                done => done?,
            }
        }
        for piece in parts {
            let handle = self.open_part(piece, true)?;
            handle.sync_data().map_err(|error| self.about_part(piece, error))?;
        }
        missing.map_or(Ok(()), Err)
    }

    fn sync_file(&self, index: usize) -> Result<(), Fault> {
        let handle = self.open_whole(index, true)?;
        let file = self.entry(index)?;
        handle.sync_data().map_err(|error| self.about(file, error))
    }

    /// With many files it takes minutes to sync them one by one, and one call to sync the disk they
    /// are on. `false` where that is not possible or not worth it.
    fn sync_whole_disk(&self, files: usize) -> Result<bool, Fault> {
        if files < MANY_FILES {
            return Ok(false);
        }
        let folder = &self.place.folder;
        folder.sync_disk().map_err(|error| Fault::Io { path: folder.path().to_owned(), error })
    }

    /// Brings these pieces to the disk, whoever wrote them. Blocks.
    pub fn sync_pieces(&self, pieces: impl Iterator<Item = u32>) -> Result<(), Fault> {
        let mut files = BTreeSet::new();
        let mut parts = BTreeSet::new();
        for piece in pieces {
            files.extend(self.meta().files_of(piece));
            parts.insert(piece);
        }
        if self.sync_whole_disk(files.len())? {
            files.clear();
        }
        for index in files {
            if self.there.get(index).is_some_and(|there| there.load(Ordering::Acquire)) {
                let file = self.entry(index)?;
                sync_read_only(&*self.open_file(index, false)?)
                    .map_err(|error| self.about(file, error))?;
            }
        }
        let kept: Vec<u32> = self.parts.lock().intersection(&parts).copied().collect();
        for piece in kept {
            sync_read_only(&*self.open_part(piece, false)?)
                .map_err(|error| self.about_part(piece, error))?;
        }
        Ok(())
    }
}

//! The verified pieces of a running torrent, and the order in which they become a record: first the
//! data reaches the disk, then the bits that claim it.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::error::Result;
use crate::metainfo::{InfoHash, Metainfo};
use crate::session::bits::{Bitfield, Progress};
use crate::session::content::Content;
use crate::session::record::{Notes, Records};
use crate::session::types::Totals;

/// The verified pieces of a running torrent.
pub struct Ledger {
    id: InfoHash,
    meta: Arc<Metainfo>,
    records: Records,
    selected: Vec<bool>,
    /// The totals before this run.
    base: Totals,
    state: Mutex<State>,
    /// One save at a time.
    saving: Mutex<()>,
}

struct State {
    bits: Bitfield,
    progress: Progress,
    notes: Notes,
    /// The bytes of the pieces that were verified in this run.
    verified: u64,
    unsaved: bool,
    /// A sync failed. What it was about may be lost although a later sync succeeds, so nothing is
    /// recorded any more: the next run begins with the last good record. So it is after the end,
    /// when another run may have begun one.
    doubtful: bool,
}

impl Ledger {
    /// Nothing verified yet.
    pub fn new(meta: Arc<Metainfo>, records: Records, selected: Vec<bool>, base: Totals) -> Self {
        let bits = Bitfield::empty(meta.piece_count);
        let progress = Progress::count(&meta, &bits, &selected);
        let notes = Notes::none();
        let state = State { bits, progress, notes, verified: 0, unsaved: false, doubtful: false };
        let (id, state, saving) = (meta.info_hash, Mutex::new(state), Mutex::default());
        Self { id, meta, records, selected, base, state, saving }
    }

    /// Starts with what is verified, and records it. Its data must be on the disk already. Blocks.
    pub fn begin(&self, bits: Bitfield) -> Result<()> {
        let _one = self.saving.lock();
        // In this order: what an earlier run noted must not be added to what was found now.
        self.records.drop_notes(self.id);
        self.records.save(self.id, &bits)?;
        let notes = self.records.take_notes(self.id, self.base)?;
        let mut state = self.state.lock();
        state.progress = Progress::count(&self.meta, &bits, &self.selected);
        state.bits = bits;
        state.notes = notes;
        Ok(())
    }

    /// A piece was verified; its data has been written. `true` if that was the last wanted one.
    pub fn add(&self, piece: u32) -> bool {
        let mut state = self.state.lock();
        let state = &mut *state;
        if !state.bits.set(piece, true) {
            return false;
        }
        if !state.doubtful {
            state.notes.add(piece);
            // What was verified was received, though nobody may have been told yet.
            state.verified += u64::from(self.meta.piece_len(piece));
            let downloaded = self.base.downloaded + state.verified;
            state.notes.set_totals(Totals { downloaded, uploaded: self.base.uploaded });
        }
        state.unsaved = true;
        let before = state.progress.is_finished();
        state.progress.add(&self.meta, piece, &self.selected);
        !before && state.progress.is_finished()
    }

    /// Notes what was received and sent in this run, so that a killed engine has not forgotten it:
    /// call it before anybody is told.
    pub fn note_traffic(&self, fetched: u64, uploaded: u64) {
        self.state.lock().notes.set_totals(Totals {
            downloaded: self.base.downloaded + fetched,
            uploaded: self.base.uploaded + uploaded,
        });
    }

    /// Syncs the data and then records what is verified. Blocks.
    pub fn save(&self, content: &Content) -> Result<()> {
        let _one = self.saving.lock();
        let bits = {
            let mut state = self.state.lock();
            if state.doubtful || !std::mem::take(&mut state.unsaved) {
                return Ok(());
            }
            state.bits.clone()
        };
        let synced = content.sync().map_err(|fault| content.note(fault));
        if let Err(fault) = &synced
            && !fault.is_missing()
        {
            let mut state = self.state.lock();
            state.doubtful = true;
            state.notes.forget_pieces();
        } else {
            // Where only a file is missing, what is in the others has been synced. The next run
            // sees by itself what is not there.
            let saved = self.records.save(self.id, &bits);
            saved.inspect_err(|_| self.state.lock().unsaved = true)?;
        }
        Ok(synced?)
    }

    /// Records nothing any more.
    pub fn close(&self) {
        let _one = self.saving.lock();
        let mut state = self.state.lock();
        state.doubtful = true;
        // Windows does not let the next run replace a file that is open.
        state.notes = Notes::none();
    }

    /// How far each file is.
    pub fn progress(&self) -> Progress {
        self.state.lock().progress.clone()
    }

    /// Verified and wanted bytes of the selected files.
    pub fn totals(&self) -> (u64, u64) {
        let state = self.state.lock();
        (state.progress.done_bytes, state.progress.selected_bytes)
    }

    /// The verified pieces.
    pub fn bits(&self) -> Bitfield {
        self.state.lock().bits.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::testing::Sample;

    #[test]
    fn what_was_verified_counts_as_received_after_a_crash() {
        let sample = Sample::zeros("zeros", 16384, 4 * 16384);
        let dir = tempfile::tempdir().unwrap();
        let records = Records::open(dir.path(), "boot").unwrap();
        let base = Totals { downloaded: 10, uploaded: 5 };
        let meta = Arc::clone(&sample.meta);
        let ledger = Ledger::new(Arc::clone(&meta), records.clone(), vec![true], base);
        ledger.begin(Bitfield::empty(meta.piece_count)).unwrap();
        for piece in [1, 1, 3] {
            ledger.add(piece);
        }
        let noted = || records.totals(meta.info_hash).unwrap();
        assert_eq!(noted(), Totals { downloaded: 10 + 2 * 16384, uploaded: 5 });
        // What librqbit has counted is more: pieces that are under way.
        ledger.note_traffic(3 * 16384, 7);
        assert_eq!(noted(), Totals { downloaded: 10 + 3 * 16384, uploaded: 12 });
        ledger.add(0);
        assert_eq!(noted(), Totals { downloaded: 10 + 3 * 16384, uploaded: 12 });
    }
}

//! What happens to data that is there when a torrent starts.

use super::disk::read_at;
use super::{Content, Fault};
use crate::session::pool::Key;

impl Content {
    /// Moves what parts hold of files that are wanted by now into those files, and drops parts that
    /// nothing needs or that are no good. `is_good` tells whether a part may be believed; `always`:
    /// look at the file's bytes even where its length gives no reason to.
    pub fn adopt_parts(
        &self,
        lengths: &[Option<u64>],
        always: bool,
        mut is_good: impl FnMut(u32, &[u8]) -> bool,
    ) -> Result<(), Fault> {
        let pieces: Vec<u32> = self.parts.lock().iter().copied().collect();
        let (mut part, mut present) = (Vec::new(), Vec::new());
        for piece in pieces {
            let meta = self.meta();
            part.resize(meta.piece_len(piece) as usize, 0);
            let read = self.open_part(piece, false).and_then(|handle| {
                read_at(&handle, &mut part, 0).map_err(|error| self.about_part(piece, error))
            });
            let good = match read {
                Ok(()) => is_good(piece, &part),
                Err(fault) if fault.is_missing() => false,
                Err(fault) => return Err(fault),
            };
            let start = u64::from(piece) * u64::from(meta.piece_bytes);
            for index in meta.files_of(piece) {
                let Some(file) = meta.files.get(index) else { continue };
                if !good || file.padding || !self.is_real(index) {
                    continue;
                }
                let from = start.max(file.offset);
                let to = (start + part.len() as u64).min(file.offset + file.bytes);
                let length = lengths.get(index).copied().flatten().unwrap_or(0);
                let doubtful = length < to - file.offset || self.place.before.get(index as u32);
                let Some(bytes) = part.get((from - start) as usize..(to - start) as usize) else {
                    continue;
                };
                if bytes.is_empty() || !(always || doubtful) {
                    continue;
                }
                present.resize(bytes.len(), 0);
                let same = self.read(index, from - file.offset, &mut present).is_ok();
                if !same || present != bytes {
                    self.write(index, from - file.offset, bytes)?;
                }
            }
            if !good || !self.is_mixed(piece) {
                self.sync()?;
                self.place.pool.forget(Key::Part(self.place.run, piece));
                self.parts.lock().remove(&piece);
                _ = std::fs::remove_file(self.part_path(piece));
            }
        }
        self.sync()
    }
}

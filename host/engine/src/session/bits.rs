//! Which pieces are verified, and what that makes of each file.

use crate::metainfo::{FileEntry, Metainfo};

/// One bit for each piece, first piece in the highest bit, as BitTorrent writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bitfield {
    bytes: Vec<u8>,
    count: u32,
}

impl Bitfield {
    /// No piece of so many.
    pub fn empty(count: u32) -> Self {
        Self { bytes: vec![0; count.div_ceil(8) as usize], count }
    }

    /// From its bytes; `None` if they are not of that many pieces.
    pub fn from_bytes(bytes: &[u8], count: u32) -> Option<Self> {
        let spare = count.next_multiple_of(8) - count;
        let fits = bytes.len() == count.div_ceil(8) as usize
            && bytes.last().is_none_or(|last| u32::from(*last).trailing_zeros() >= spare);
        fits.then(|| Self { bytes: bytes.to_vec(), count })
    }

    /// The bytes, spare bits zero.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many pieces there are, verified or not.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Whether a piece is verified.
    pub fn get(&self, piece: u32) -> bool {
        self.bytes.get(piece as usize / 8).is_some_and(|byte| byte & mask(piece) != 0)
    }

    /// Sets or clears a piece; `true` if that changed it.
    pub fn set(&mut self, piece: u32, value: bool) -> bool {
        if piece >= self.count || self.get(piece) == value {
            return false;
        }
        if let Some(byte) = self.bytes.get_mut(piece as usize / 8) {
            *byte ^= mask(piece);
        }
        true
    }

    /// How many pieces are verified.
    pub fn ones(&self) -> u32 {
        self.bytes.iter().map(|byte| byte.count_ones()).sum()
    }

    /// The verified pieces.
    pub fn iter_ones(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.count).filter(|piece| self.get(*piece))
    }
}

fn mask(piece: u32) -> u8 {
    0x80 >> (piece % 8)
}

/// How far a torrent is, counted in bytes of files: whole pieces, but only the part of a piece that
/// lies in a file counts for that file. Padding never counts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// Verified bytes of the selected files.
    pub done_bytes: u64,
    /// The length of the selected files.
    pub selected_bytes: u64,
    /// Verified bytes of each file, in the torrent's order.
    pub per_file: Vec<u64>,
}

impl Progress {
    /// Counts from the beginning.
    pub fn count(meta: &Metainfo, bits: &Bitfield, selected: &[bool]) -> Self {
        let is_selected = |index: usize| selected.get(index).copied().unwrap_or(false);
        let files = meta.files.iter().enumerate();
        let mut progress = Self {
            per_file: vec![0; meta.files.len()],
            selected_bytes: files.filter(|(i, _)| is_selected(*i)).map(|(_, f)| f.bytes).sum(),
            ..Self::default()
        };
        for piece in bits.iter_ones() {
            progress.add(meta, piece, selected);
        }
        progress
    }

    /// Counts one more piece.
    pub fn add(&mut self, meta: &Metainfo, piece: u32, selected: &[bool]) {
        for index in meta.files_of(piece) {
            let (Some(file), Some(have)) = (meta.files.get(index), self.per_file.get_mut(index))
            else {
                continue;
            };
            if file.padding {
                continue;
            }
            let bytes = overlap(meta, piece, file);
            *have += bytes;
            if selected.get(index).copied().unwrap_or(false) {
                self.done_bytes += bytes;
            }
        }
    }

    /// Whether everything that was selected is there.
    pub fn is_finished(&self) -> bool {
        self.done_bytes >= self.selected_bytes
    }
}

/// How many bytes of a piece lie in a file.
pub fn overlap(meta: &Metainfo, piece: u32, file: &FileEntry) -> u64 {
    let start = u64::from(piece) * u64::from(meta.piece_bytes);
    let end = start + u64::from(meta.piece_len(piece));
    let file_end = file.offset + file.bytes;
    end.min(file_end).saturating_sub(start.max(file.offset))
}

/// The selection as one flag for each file: all of them for `None`, padding never.
pub fn selection(meta: &Metainfo, selected: Option<&[usize]>) -> Vec<bool> {
    let mut flags: Vec<bool> =
        meta.files.iter().map(|file| selected.is_none() && !file.padding).collect();
    for index in selected.unwrap_or_default() {
        if let (Some(flag), Some(file)) = (flags.get_mut(*index), meta.files.get(*index)) {
            *flag = !file.padding;
        }
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::testing;
    use proptest::prelude::*;

    #[test]
    fn bits_are_those_of_bittorrent() {
        let mut bits = Bitfield::empty(10);
        assert!(
            bits.set(0, true) && bits.set(9, true) && !bits.set(9, true) && !bits.set(10, true)
        );
        assert_eq!(bits.as_bytes(), [0b1000_0000, 0b0100_0000]);
        assert_eq!(bits.iter_ones().collect::<Vec<_>>(), [0, 9]);
        assert!(bits.set(0, false) && !bits.get(0) && !bits.get(1000));
        assert_eq!(Bitfield::from_bytes(bits.as_bytes(), 10), Some(bits));
    }

    #[test]
    fn bytes_of_another_torrent_are_refused() {
        assert_eq!(Bitfield::from_bytes(&[0; 2], 8), None);
        assert_eq!(Bitfield::from_bytes(&[0; 1], 9), None);
        assert_eq!(Bitfield::from_bytes(&[0b0000_0001], 7), None, "a spare bit is set");
        assert!(Bitfield::from_bytes(&[0b0000_0001], 8).is_some());
    }

    #[test]
    fn progress_counts_files_and_not_pieces() {
        // Pieces of 16: "a" has 0, 1 and half of 2; "b" the rest of 2; "c" is empty; "d" has 3.
        let meta = testing::meta(16, &[("a", 40), ("b", 8), ("c", 0), ("d", 5)]);
        let mut bits = Bitfield::empty(4);
        bits.set(2, true);
        bits.set(3, true);
        let progress = Progress::count(&meta, &bits, &selection(&meta, Some(&[1, 2, 9])));
        assert_eq!(progress.per_file, [8, 8, 0, 5]);
        assert_eq!((progress.done_bytes, progress.selected_bytes), (8, 8));
        assert!(progress.is_finished());
        let all = Progress::count(&meta, &bits, &selection(&meta, None));
        assert_eq!((all.done_bytes, all.selected_bytes, all.is_finished()), (21, 53, false));
    }

    proptest! {
        #[test]
        fn all_pieces_are_all_files(piece in 1u32..40, lengths in proptest::collection::vec(0u64..100, 1..9)) {
            let names: Vec<String> = (0..lengths.len()).map(|n| n.to_string()).collect();
            let files: Vec<_> = names.iter().map(String::as_str).zip(lengths.iter().copied()).collect();
            prop_assume!(lengths.iter().sum::<u64>() > 0);
            let meta = testing::meta(piece, &files);
            let mut bits = Bitfield::empty(meta.piece_count);
            (0..meta.piece_count).for_each(|piece| _ = bits.set(piece, true));
            let progress = Progress::count(&meta, &bits, &selection(&meta, None));
            prop_assert_eq!(&progress.per_file, &lengths);
            prop_assert!(progress.is_finished());
            prop_assert_eq!(bits.ones(), meta.piece_count);
        }
    }
}

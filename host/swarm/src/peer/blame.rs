//! Which connections delivered the blocks of unfinished pieces.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::types::PeerKey;
use crate::types::TorrentInfo;
use crate::wire::message::BlockRequest;

/// Bytes of a block, as every client requests them.
pub(crate) const BLOCK: u32 = 16 * 1024;

/// Most pieces whose blocks are recorded. Blocks of further pieces are not recorded, and nobody is
/// blamed for them.
pub const MAX_RECORDED_PIECES: usize = 2048;

/// Most blocks of a piece (256 MiB) that are recorded.
const MAX_BLOCKS: u32 = 16 * 1024;

/// Most connections that are recorded for a piece.
const MAX_SENDERS: usize = 254;

/// The connections that sent the blocks of a piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Senders {
    /// Not every block has been delivered, or the piece was not recorded.
    Unknown,
    /// One connection sent all of it.
    One(PeerKey),
    /// Several connections sent parts of it.
    Several(Vec<PeerKey>),
}

#[derive(Debug)]
struct PieceRecord {
    senders: Vec<PeerKey>,
    /// For each block one more than the index of its latest sender; 0 if it has not been delivered.
    blocks: Vec<u8>,
}

/// Records for every block of unfinished pieces which connection delivered it last. A piece that fails
/// its hash is thereby traced back to those that sent it.
#[derive(Debug, Default)]
pub struct BlockSources {
    pieces: Mutex<HashMap<u32, PieceRecord>>,
}

impl BlockSources {
    /// Notes that a connection delivered a block.
    pub(crate) fn record(&self, key: PeerKey, block: BlockRequest, info: &TorrentInfo) {
        let mut pieces = self.pieces.lock();
        let count = info.piece_len(block.piece).div_ceil(BLOCK);
        if count > MAX_BLOCKS
            || (pieces.len() >= MAX_RECORDED_PIECES && !pieces.contains_key(&block.piece))
        {
            return;
        }
        let record = pieces.entry(block.piece).or_insert_with(|| PieceRecord {
            senders: Vec::new(),
            blocks: vec![0; count as usize],
        });
        // The connection that sent the block before is the likeliest, and the latest one.
        let sender = record.senders.iter().rposition(|sender| *sender == key);
        let sender = sender.or_else(|| {
            record.senders.push(key);
            Some(record.senders.len() - 1)
        });
        let sender = sender.filter(|sender| *sender < MAX_SENDERS).unwrap_or(MAX_SENDERS);
        record.senders.truncate(MAX_SENDERS + 1);
        if let Some(place) = record.blocks.get_mut((block.begin / BLOCK) as usize) {
            *place = u8::try_from(sender + 1).unwrap_or(u8::MAX);
        }
    }

    /// The connections that sent a piece, if every block of it has been delivered.
    #[must_use]
    pub fn senders(&self, piece: u32) -> Senders {
        let pieces = self.pieces.lock();
        let Some(record) = pieces.get(&piece) else { return Senders::Unknown };
        let mut latest = record.blocks.clone();
        latest.sort_unstable();
        latest.dedup();
        if latest.is_empty() || latest.contains(&0) {
            return Senders::Unknown;
        }
        let keys = latest.iter().filter_map(|place| record.senders.get(usize::from(*place) - 1));
        let keys: Vec<PeerKey> = keys.copied().collect();
        match keys.as_slice() {
            [] => Senders::Unknown,
            // The last place stands for every further connection.
            [key] if latest != [u8::MAX] => Senders::One(*key),
            _ => Senders::Several(keys),
        }
    }

    /// Removes a piece: it is verified, or is to be fetched again.
    pub fn forget(&self, piece: u32) {
        let mut pieces = self.pieces.lock();
        pieces.remove(&piece);
        if pieces.is_empty() {
            pieces.shrink_to(64);
        }
    }

    /// Removes everything.
    #[cfg(test)]
    pub fn clear(&self) {
        *self.pieces.lock() = HashMap::new();
    }

    /// Number of pieces that are recorded.
    #[must_use]
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.pieces.lock().len()
    }

    /// Whether nothing is recorded.
    #[must_use]
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests;

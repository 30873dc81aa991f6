//! Figures of a torrent for its user and its trackers.

use std::sync::atomic::Ordering;

use crate::announcer::Progress;
use crate::meter::Traffic;
use crate::shared::TorrentShared;

impl TorrentShared {
    /// Payload bytes of all connections since the torrent was added.
    #[must_use]
    pub fn totals(&self) -> Traffic {
        Traffic {
            down: self.downloaded.load(Ordering::Relaxed),
            up: self.uploaded.load(Ordering::Relaxed),
        }
    }

    /// What trackers are told. The missing bytes are exact but for a verified last piece, which counts
    /// as a whole one, and never 0 before all pieces are verified.
    #[must_use]
    pub fn announce_progress(&self) -> Progress {
        let Traffic { down, up } = self.totals();
        let left = self.info().map(|info| {
            let have = u64::from(self.pieces.count()) * u64::from(info.piece_bytes);
            let missing = info.total_bytes.saturating_sub(have);
            if self.pieces.is_complete() { 0 } else { missing.max(1) }
        });
        Progress { uploaded: up, downloaded: down, left }
    }
}

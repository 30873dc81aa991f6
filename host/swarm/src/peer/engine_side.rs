//! When the piece engine is connected again, and what it may have disliked.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// How often the piece engine is connected again within a minute after it closed the connection.
pub(crate) const MAX_RETRIES: usize = 5;

const MINUTE: Duration = Duration::from_secs(60);

/// Pauses before the piece engine is connected again, by the number of earlier retries.
const PAUSES: [Duration; MAX_RETRIES] = [
    Duration::from_millis(100),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];

/// Limits how often the piece engine is connected again.
#[derive(Debug, Default)]
pub(crate) struct Retries {
    recent: VecDeque<Instant>,
}

impl Retries {
    /// When to connect again, or `None` if it has been done too often.
    pub fn next(&mut self, now: Instant) -> Option<Instant> {
        while self.recent.front().is_some_and(|at| *at + MINUTE <= now) {
            self.recent.pop_front();
        }
        let at = now + *PAUSES.get(self.recent.len())?;
        self.recent.push_back(at);
        Some(at)
    }
}

/// Most pieces that are remembered.
const MAX_RECENT: usize = 64;

/// The latest pieces of which blocks were passed on.
#[derive(Debug, Default)]
pub(crate) struct RecentPieces(VecDeque<u32>);

impl RecentPieces {
    /// Adds a piece.
    pub fn add(&mut self, piece: u32) {
        if self.0.back() == Some(&piece) {
            return;
        }
        self.0.retain(|recent| *recent != piece);
        if self.0.len() >= MAX_RECENT {
            self.0.pop_front();
        }
        self.0.push_back(piece);
    }

    /// Takes all of them.
    pub fn take(&mut self) -> VecDeque<u32> {
        std::mem::take(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn retries_are_limited_to_five_a_minute() {
        let mut retries = Retries::default();
        let start = Instant::now();
        let pauses: Vec<_> = std::iter::from_fn(|| retries.next(start)).collect();
        assert_eq!(pauses.len(), MAX_RETRIES);
        assert!(pauses.is_sorted() && pauses[0] > start);
        assert_eq!(retries.next(start + MINUTE / 2), None);
        assert!(retries.next(start + 2 * MINUTE).is_some());
    }

    #[test]
    fn the_latest_pieces_are_remembered() {
        let mut recent = RecentPieces::default();
        for piece in 0..100 {
            recent.add(piece);
            recent.add(50.min(piece));
        }
        let pieces = recent.take();
        assert_eq!((pieces.len(), pieces.back()), (MAX_RECENT, Some(&50)));
        assert!(recent.take().is_empty());
    }
}

//! When torrents last left their peers.
//!
//! Some peers (transmission) turn away whoever they believe to be connected already, until they have
//! noticed that the earlier connection is gone, half a second later. librqbit would come back to them
//! after ten to twenty seconds only. So a torrent that is to start again right after it was stopped,
//! or after its metadata was found, waits until its peers have noticed.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{Instant, sleep_until};

use crate::metainfo::InfoHash;

/// How long peers take to notice.
const NOTICED: Duration = Duration::from_millis(750);

/// The torrents that left their peers lately.
#[derive(Default)]
pub struct Partings(Mutex<HashMap<InfoHash, Instant>>);

/// Notes, when it is dropped, that a torrent leaves its peers.
pub struct Parting<'a> {
    all: &'a Partings,
    id: InfoHash,
}

impl Partings {
    /// For as long as a torrent may have peers.
    pub fn after(&self, id: InfoHash) -> Parting<'_> {
        Parting { all: self, id }
    }

    /// Returns when the peers of a torrent have noticed that it left, if it did.
    pub async fn noticed(&self, id: InfoHash) {
        let left = self.0.lock().get(&id).copied();
        if let Some(left) = left {
            sleep_until(left + NOTICED).await;
        }
    }
}

impl Drop for Parting<'_> {
    fn drop(&mut self) {
        let mut left = self.all.0.lock();
        left.retain(|_, at| at.elapsed() < NOTICED);
        left.insert(self.id, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: InfoHash = InfoHash([1; 20]);
    const B: InfoHash = InfoHash([2; 20]);

    #[tokio::test(start_paused = true)]
    async fn who_left_lately_waits() {
        let (partings, began) = (Partings::default(), Instant::now());
        partings.noticed(A).await;
        let parting = partings.after(A);
        partings.noticed(A).await;
        assert_eq!(began.elapsed(), Duration::ZERO, "it has not left yet");
        drop(parting);
        partings.noticed(B).await;
        assert_eq!(began.elapsed(), Duration::ZERO, "another one has not left");
        tokio::time::sleep(NOTICED / 3).await;
        partings.noticed(A).await;
        assert_eq!(began.elapsed(), NOTICED);
        partings.noticed(A).await;
        assert_eq!(began.elapsed(), NOTICED, "and only once");
    }

    #[tokio::test(start_paused = true)]
    async fn those_that_left_long_ago_are_forgotten() {
        let partings = Partings::default();
        drop(partings.after(A));
        tokio::time::sleep(NOTICED).await;
        drop(partings.after(B));
        assert_eq!(partings.0.lock().len(), 1);
    }
}

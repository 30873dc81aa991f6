//! How a thread of librqbit's rests between two things to do.
//!
//! librqbit measures the rates of every torrent ten times a second. Timers may ring late here, those
//! of many torrents together: an idle processor wakes a fraction as often.
//!
//! A torrent's thread that has served all that its peers sent rests for a moment before it listens
//! again, and serves in one go what came meanwhile: a fast download takes a tenth less time than where
//! it and a near peer wake each other for every block.

use std::cell::Cell;
use std::num::NonZero;
use std::thread;
use std::time::Duration;

/// How late a timer may ring.
const SLACK: Duration = Duration::from_millis(200);

/// How long a thread rests that has served its peers. A peer has up to 2 MiB under way, which last
/// a hundred times longer on the fastest of lines.
const REST: Duration = Duration::from_micros(20);

thread_local! {
    /// Something came for a torrent since this thread rested.
    static SERVED: Cell<bool> = const { Cell::new(false) };
}

/// Notes that this thread has taken something from a peer.
pub fn served() {
    SERVED.set(true);
}

/// To be called when this thread has nothing to do at the moment.
pub fn rest() {
    if SERVED.replace(false) {
        ring(Duration::from_nanos(1));
        thread::sleep(REST);
        ring_late();
    }
}

/// Lets the timers of this thread ring late.
pub fn ring_late() {
    ring(SLACK);
}

fn ring(late: Duration) {
    let nanoseconds = u64::try_from(late.as_nanos()).ok().and_then(NonZero::new);
    // Without it, it merely wakes more often.
    let _ = rustix::thread::set_current_timer_slack(nanoseconds);
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::session::threads::{Threads, begin};

    #[tokio::test]
    async fn a_thread_rests_once_for_all_that_it_served() {
        let end = CancellationToken::new();
        let ((), threads) =
            Threads::start(|| async { Ok(()) }, |()| std::future::ready(()), end.clone())
                .await
                .unwrap();
        let thread = threads.assign();
        let begun = begin(&thread, async {
            tokio::spawn(async {
                served();
                let before = SERVED.get();
                // The thread has nothing to do until then.
                tokio::time::sleep(Duration::from_millis(1)).await;
                (before, SERVED.get())
            })
            .await
        });
        assert_eq!(begun.await.unwrap(), (true, false));
        end.cancel();
    }
}

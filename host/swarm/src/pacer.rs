//! A bound for how often something happens.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{Instant, sleep_until};

/// Spaces events evenly after a burst (generic cell rate algorithm).
#[derive(Debug)]
pub struct Pacer {
    interval: Duration,
    burst: u32,
    /// When the next event would be due if they had all been spaced evenly.
    next: Mutex<Instant>,
}

impl Pacer {
    /// Allows `per_second` events a second, `burst` of them at once.
    #[must_use]
    pub fn new(per_second: u32, burst: u32) -> Self {
        let interval = Duration::from_secs(1) / per_second.max(1);
        Self { interval, burst: burst.max(1), next: Mutex::new(Instant::now()) }
    }

    /// Returns when the event may happen.
    pub async fn wait(&self) {
        let at = {
            let mut next = self.next.lock();
            let now = Instant::now();
            let allowed = self.interval * (self.burst - 1);
            *next = (*next).max(now) + self.interval;
            (*next).checked_sub(self.interval + allowed).unwrap_or(now)
        };
        sleep_until(at).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_and_the_rest_is_spaced() {
        let pacer = Pacer::new(10, 5);
        let began = Instant::now();
        for _ in 0..5 {
            pacer.wait().await;
        }
        assert_eq!(began.elapsed(), Duration::ZERO);
        for _ in 0..10 {
            pacer.wait().await;
        }
        assert!(began.elapsed() >= Duration::from_millis(1000));
        assert!(began.elapsed() < Duration::from_millis(1100));
        tokio::time::sleep(Duration::from_secs(5)).await;
        let later = Instant::now();
        for _ in 0..5 {
            pacer.wait().await;
        }
        assert!(later.elapsed() < Duration::from_millis(10), "a pause allows a burst again");
    }
}

//! When a tracker is asked next: intervals, limits and back-off.

use std::time::Duration;

/// Between announces when the tracker names no interval, or one below 1 s.
pub const DEFAULT_INTERVAL: Duration = Duration::from_secs(1_800);
/// The shortest interval taken from a tracker.
pub const MIN_INTERVAL: Duration = Duration::from_secs(60);
/// The longest interval taken from a tracker.
pub const MAX_INTERVAL: Duration = Duration::from_secs(24 * 3_600);
/// The longest `min interval` taken from a tracker. A longer one would keep the user from asking
/// for more than a session.
pub const MAX_MIN_INTERVAL: Duration = Duration::from_secs(3_600);
/// Between two announces of a torrent to a tracker in any case. Exempt are `completed` and
/// `stopped`, which are sent once each.
pub const FLOOR: Duration = Duration::from_secs(30);
/// Before the first retry; doubled with each failure.
pub const FIRST_RETRY: Duration = Duration::from_secs(15);
/// Before any retry.
pub const LAST_RETRY: Duration = Duration::from_secs(30 * 60);
/// Between scrapes of a tracker.
pub const SCRAPE_INTERVAL: Duration = Duration::from_secs(15 * 60);

/// The intervals of a tracker that answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intervals {
    /// Until the next regular announce.
    pub regular: Duration,
    /// Until an announce that the user asked for, or that a torrent without peers needs.
    pub min: Duration,
    /// Until an announce of a torrent that wants peers.
    pub wanting: Duration,
}

impl Intervals {
    /// Reads `interval` and `min interval` (seconds) of an answer.
    ///
    /// A `min interval` never shortens the interval. A torrent that wants peers asks after `min
    /// interval`, or after a quarter of the interval if the tracker names none, never below
    /// [`MIN_INTERVAL`].
    #[must_use]
    pub fn new(interval: Option<i64>, min_interval: Option<i64>) -> Self {
        let min = seconds(min_interval).map(|min| min.min(MAX_MIN_INTERVAL));
        let regular = seconds(interval).unwrap_or(DEFAULT_INTERVAL);
        let regular = regular.clamp(MIN_INTERVAL, MAX_INTERVAL).max(min.unwrap_or(Duration::ZERO));
        Self {
            regular,
            min: min.unwrap_or(Duration::ZERO).max(FLOOR),
            wanting: min.unwrap_or(regular / 4).max(MIN_INTERVAL).min(regular),
        }
    }
}

/// A number of seconds; `None` below 1.
fn seconds(value: Option<i64>) -> Option<Duration> {
    let value = u64::try_from(value?).ok()?;
    (value > 0).then(|| Duration::from_secs(value))
}

/// How long to wait after `failures` failures in a row: 15 s · 2ⁿ, at most 30 minutes, and up to a
/// quarter more so that torrents which failed together do not come back together. `jitter` is in
/// 0.0…1.0.
#[must_use]
pub fn back_off(failures: u32, jitter: f64) -> Duration {
    let doubled = FIRST_RETRY.saturating_mul(1 << failures.saturating_sub(1).min(16));
    doubled.min(LAST_RETRY).mul_f64(1.0 + 0.25 * jitter.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(interval: Option<i64>, min: Option<i64>) -> [u64; 3] {
        let all = Intervals::new(interval, min);
        [all.regular, all.min, all.wanting].map(|one| one.as_secs())
    }

    #[test]
    fn odd_intervals_become_usable_ones() {
        assert_eq!(of(None, None), [1_800, 30, 450]);
        for nothing in [0, -1, i64::MIN] {
            assert_eq!(of(Some(nothing), Some(nothing)), [1_800, 30, 450]);
        }
        assert_eq!(of(Some(1), None), [60, 30, 60]);
        assert_eq!(of(Some(1), Some(1)), [60, 30, 60]);
        assert_eq!(of(Some(1 << 40), None)[..2], [86_400, 30]);
        assert_eq!(of(Some(i64::MAX), Some(i64::MAX)), [86_400, 3_600, 3_600]);
    }

    #[test]
    fn min_interval_limits_and_never_shortens() {
        assert_eq!(of(Some(1_800), Some(1)), [1_800, 30, 60]);
        assert_eq!(of(Some(1_800), Some(900)), [1_800, 900, 900]);
        assert_eq!(of(Some(60), Some(600)), [600, 600, 600]);
        assert_eq!(of(None, Some(1 << 40)), [3_600, 3_600, 3_600]);
    }

    #[test]
    fn back_off_doubles_up_to_half_an_hour() {
        let plain = |failures| back_off(failures, 0.0).as_secs();
        assert_eq!([1, 2, 3, 7, 8, 9].map(plain), [15, 30, 60, 960, 1_800, 1_800]);
        assert_eq!((plain(0), plain(u32::MAX)), (15, 1_800));
        assert_eq!(back_off(1, 1.0), Duration::from_millis(18_750));
        assert_eq!(back_off(1, f64::INFINITY), Duration::from_millis(18_750));
    }

    proptest! {
        #[test]
        fn intervals_are_in_order(interval: Option<i64>, min: Option<i64>) {
            let all = Intervals::new(interval, min);
            prop_assert!(all.regular >= MIN_INTERVAL && all.regular <= MAX_INTERVAL);
            prop_assert!(all.min >= FLOOR && all.wanting >= MIN_INTERVAL);
            prop_assert!(all.wanting <= all.regular && all.min <= all.regular);
        }
    }
}

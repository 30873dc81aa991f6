//! Rates from counters that grow.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Time between two samples that are kept. Closer ones would make a rate noisy.
const SPACING: Duration = Duration::from_millis(450);

/// Samples that are kept: a rate is the mean of about the last three seconds.
const SAMPLES: usize = 7;

/// Bytes received and sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Bytes received, or bytes per second.
    pub down: u64,
    /// Bytes sent, or bytes per second.
    pub up: u64,
}

/// Turns totals into rates.
#[derive(Debug, Default)]
pub struct Meter {
    samples: VecDeque<(Instant, Traffic)>,
}

impl Meter {
    /// Takes in the totals by now and returns the rates in bytes per second.
    pub fn sample(&mut self, now: Instant, totals: Traffic) -> Traffic {
        let due = self.samples.back().is_none_or(|(at, _)| now.duration_since(*at) >= SPACING);
        if due {
            if self.samples.len() == SAMPLES {
                self.samples.pop_front();
            }
            self.samples.push_back((now, totals));
        }
        let (Some((began, first)), Some((ended, last))) =
            (self.samples.front(), self.samples.back())
        else {
            return Traffic::default();
        };
        let seconds = ended.duration_since(*began).as_secs_f64();
        if seconds <= 0.0 {
            return Traffic::default();
        }
        let rate = |from: u64, to: u64| (to.saturating_sub(from) as f64 / seconds) as u64;
        Traffic { down: rate(first.down, last.down), up: rate(first.up, last.up) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_the_growth_over_the_last_seconds() {
        let (mut meter, began) = (Meter::default(), Instant::now());
        let mut at = |millis, down| {
            meter.sample(began + Duration::from_millis(millis), Traffic { down, up: down / 2 })
        };
        assert_eq!(at(0, 5000), Traffic::default());
        assert_eq!(at(100, 9000), Traffic::default(), "too early to tell");
        assert_eq!(at(1000, 6000), Traffic { down: 1000, up: 500 });
        for second in 2..12 {
            at(second * 1000, 6000);
        }
        assert_eq!(at(12_000, 6000), Traffic::default(), "nothing for ten seconds");
    }

    #[test]
    fn counters_that_start_again_give_no_negative_rate() {
        let (mut meter, now) = (Meter::default(), Instant::now());
        meter.sample(now, Traffic { down: 10, up: 10 });
        let rates = meter.sample(now + Duration::from_secs(1), Traffic::default());
        assert_eq!(rates, Traffic::default());
    }
}

//! Waiting for conditions.

use std::time::{Duration, Instant};

/// How long anything may take before a test gives up. Generous: it is only ever waited for by a
/// test that fails, and a peer that was turned away once comes back after up to a minute.
pub const DEADLINE: Duration = Duration::from_secs(180);

/// Asks `condition` until it has an answer, at most for [`DEADLINE`].
///
/// # Panics
/// When the deadline passes, with `what` and the place that waited.
#[track_caller]
pub fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(began.elapsed() < DEADLINE, "waited {DEADLINE:?} in vain for {what}");
        std::thread::sleep(Duration::from_millis(25));
    }
}

/// Waits until `condition` holds; see [`wait_for`].
///
/// # Panics
/// When the deadline passes.
#[track_caller]
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    wait_for(what, || condition().then_some(()));
}

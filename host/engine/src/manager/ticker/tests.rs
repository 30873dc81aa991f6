use torrpeddo_protocol::Settings;

use super::*;
use crate::manager::entry::Actual;
use crate::store::Intent;
use crate::store::tests::row;

const SECOND: Duration = Duration::from_secs(1);

/// A torrent of 1 GB that runs, and has this much of it.
fn entry(done_bytes: u64) -> Entry {
    let mut row = row(1);
    row.intent = Intent::Managed;
    row.error = None;
    row.forced = false;
    row.verify = false;
    row.completed_at = None;
    row.ratio_limit = None;
    (row.total_bytes, row.selected_bytes, row.done_bytes) = (1 << 30, 1 << 30, done_bytes);
    (row.downloaded, row.uploaded, row.seeding_ms) = (0, 0, 0);
    let mut entry = Entry::new(row);
    entry.actual = Actual::Running;
    entry
}

fn stats(done_bytes: u64, download_rate: u64) -> RunStats {
    RunStats {
        phase: Phase::Live,
        done_bytes,
        finished: done_bytes == 1 << 30,
        fetched: 0,
        uploaded: 0,
        download_rate,
        upload_rate: 0,
        peers_connected: 1,
        peers_known: 1,
    }
}

fn settings() -> Settings {
    Settings::built_in("/d".into())
}

/// The time that is left after looks at these rates.
fn eta_after(entry: &mut Entry, rates: &[u64], elapsed: Duration) -> u64 {
    for rate in rates {
        observe(entry, stats(0, *rate), &settings(), elapsed);
    }
    entry.view().eta_ms.expect("a time")
}

#[test]
fn the_time_that_is_left_does_not_jump() {
    let mut entry = entry(0);
    let mut last = eta_after(&mut entry, &[2_000_000], SECOND) as f64;
    assert!((last / 1000.0 - (1 << 30) as f64 / 2e6).abs() < 1.0, "{last}");
    // Rates that jump by ten, as those of a few peers do.
    for rate in [200_000, 2_000_000, 400_000, 4_000_000, 1_000_000].repeat(5) {
        let now = eta_after(&mut entry, &[rate], SECOND / 2) as f64;
        let change = (now / last).max(last / now);
        assert!(change < 1.3, "from {last} ms to {now} ms at {rate} B/s");
        last = now;
    }
}

#[test]
fn the_time_that_is_left_follows_a_rate_that_stays() {
    let mut entry = entry(0);
    eta_after(&mut entry, &[2_000_000], SECOND);
    let later = eta_after(&mut entry, &[500_000; 20], SECOND) as f64;
    let true_one = (1_u64 << 30) as f64 / 500_000.0 * 1000.0;
    assert!((later / true_one - 1.0).abs() < 0.1, "{later} ms, {true_one} ms");
    // Nothing arrives: after a while nobody knows.
    for _ in 0..100 {
        observe(&mut entry, stats(0, 0), &settings(), SECOND);
    }
    assert_eq!(entry.view().eta_ms, None);
}

#[test]
fn how_often_somebody_looks_makes_no_difference() {
    let (mut often, mut seldom) = (entry(0), entry(0));
    for entry in [&mut often, &mut seldom] {
        eta_after(entry, &[2_000_000], SECOND);
    }
    let often = eta_after(&mut often, &[500_000; 10], SECOND / 10);
    let seldom = eta_after(&mut seldom, &[500_000], SECOND);
    assert!(often.abs_diff(seldom) < 10, "{often} ms, {seldom} ms");
}

#[test]
fn the_time_of_seeding_has_a_limit() {
    let settings = Settings { seed_minutes_limit: Some(1), ..settings() };
    let whole = stats(1 << 30, 0);
    let mut entry = entry(0);
    observe(&mut entry, stats(0, 1), &settings, 600 * SECOND);
    assert!(observe(&mut entry, whole.clone(), &settings, SECOND).completed);
    assert_eq!(entry.row.seeding_ms, 1000, "downloading is not seeding");
    observe(&mut entry, whole.clone(), &settings, 58 * SECOND);
    assert!(!entry.row.stopped);
    let outcome = observe(&mut entry, whole.clone(), &settings, SECOND);
    assert!(entry.row.stopped && outcome.save && outcome.replan && !outcome.remove);
}

#[test]
fn at_the_limit_the_entry_may_go_and_force_has_none() {
    let settings =
        Settings { seed_minutes_limit: Some(1), on_limit: OnLimit::Remove, ..settings() };
    let whole = stats(1 << 30, 0);
    let mut entry = entry(0);
    observe(&mut entry, whole.clone(), &settings, SECOND);
    entry.row.forced = true;
    assert!(!observe(&mut entry, whole.clone(), &settings, 60 * SECOND).remove);
    entry.row.forced = false;
    let outcome = observe(&mut entry, whole, &settings, SECOND);
    assert!(outcome.remove && !entry.row.stopped);
}

#[tokio::test(start_paused = true)]
async fn a_tick_that_becomes_shorter_ends_earlier() {
    let (sender, mut tick) = watch::channel(SECOND);
    let began = tokio::time::Instant::now();
    let shorten = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        sender.send_replace(Duration::from_millis(400));
    };
    tokio::join!(pass(&mut tick), shorten);
    assert_eq!(began.elapsed(), Duration::from_millis(400));
    // Of which more than that has passed.
    let began = tokio::time::Instant::now();
    sender.send_replace(SECOND);
    let shorten = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        sender.send_replace(Duration::from_millis(100));
    };
    tokio::join!(pass(&mut tick), shorten);
    assert_eq!(began.elapsed(), Duration::from_millis(300));
    pass(&mut tick).await;
    assert_eq!(began.elapsed(), Duration::from_millis(400));
}

//! Looks at running torrents now and then: librqbit tells nothing by itself.

use std::time::{Duration, Instant};

use tokio::sync::watch;
use torrpeddo_protocol::notifications::EventKind;
use torrpeddo_protocol::settings::OnLimit;
use torrpeddo_protocol::{Settings, TorrentState};

use super::entry::{Entry, ratio};
use super::queries::Listed;
use super::{Manager, State, blocking, now_ms};
use crate::metainfo::InfoHash;
use crate::session::{Phase, RunStats};

/// How often to look when nobody is watching.
pub(super) const SLOW_TICK: Duration = Duration::from_secs(1);

/// How often at most.
const QUICK_TICK: Duration = Duration::from_millis(100);

/// For how long the last look is good enough for an answer.
const FRESH: Duration = Duration::from_millis(50);

/// How often counters alone are worth a write.
const SAVE_COUNTERS: Duration = Duration::from_secs(3);

/// How often the time of seeding alone is. A torrent that sends nothing must not keep the disk awake.
const SAVE_TIME: Duration = Duration::from_secs(60);

/// How often the free space is asked for.
const FREE_BYTES: Duration = Duration::from_secs(5);

/// How quickly the rate behind the time that is left follows the true one.
const SMOOTHING: f64 = 0.2;

/// What a look at one torrent leads to.
#[derive(Default)]
struct Outcome {
    save: bool,
    replan: bool,
    completed: bool,
    failed: Option<crate::Error>,
    remove: bool,
    /// It is complete, and not yet where it belongs.
    away: bool,
}

impl Manager {
    pub(super) fn spawn_loops(&self) {
        let manager = self.clone();
        tokio::spawn(async move {
            while !manager.stopping() {
                manager.0.wake.notified().await;
                manager.plan();
            }
        });
        let manager = self.clone();
        tokio::spawn(async move {
            let mut free_bytes_at = Instant::now();
            let mut finished = manager.0.session.finished();
            let mut tick = manager.0.tick.subscribe();
            while !manager.stopping() {
                tokio::select! {
                    () = pass(&mut tick) => {}
                    // What somebody waits for is told at once; of many, not every one by itself.
                    Ok(()) = finished.changed() => {
                        let looked_at = manager.0.state.lock().looked_at;
                        tokio::time::sleep(FRESH.saturating_sub(looked_at.elapsed())).await;
                    }
                }
                manager.tick();
                if free_bytes_at.elapsed() >= FREE_BYTES {
                    manager.refresh_free_bytes().await;
                    free_bytes_at = Instant::now();
                }
            }
        });
    }

    /// Looks again, unless that was just done: who asks now wants to know how it is now.
    pub(super) fn refresh(&self) {
        if self.0.state.lock().looked_at.elapsed() >= FRESH {
            self.tick();
        }
    }

    fn tick(&self) {
        let mut state = self.0.state.lock();
        let elapsed = state.looked_at.elapsed();
        state.looked_at = Instant::now();
        state.previews.expire();
        state.listed = state.listed.take().filter(Listed::is_needed);
        let running: Vec<_> = state
            .entries
            .values()
            .filter(|entry| entry.in_session() && !entry.removing && !entry.restart)
            .map(|entry| entry.row.id)
            .collect();
        let State { entries, board, .. } = &mut *state;
        for entry in entries.values().filter(|entry| entry.moving.is_some()) {
            board.publish(entry.row.id, entry.view());
        }
        let settings = state.settings.clone();
        let mut failed = Vec::new();
        let mut remove = Vec::new();
        let mut away = Vec::new();
        let mut replan = false;
        for id in running {
            let Some(stats) = self.0.session.stats(id) else { continue };
            let outcome = self.look_at(&mut state, id, stats, &settings, elapsed);
            replan |= outcome.replan;
            if let Some(error) = outcome.failed {
                failed.push((id, error));
            }
            if outcome.remove {
                remove.push(id);
            }
            if outcome.away {
                away.push(id);
            }
        }
        drop(state);
        for (id, error) in failed {
            tracing::warn!(%id, %error, "a torrent stopped");
            self.failed(id, &error);
        }
        for id in remove {
            let manager = self.clone();
            tokio::spawn(async move {
                if let Err(error) = manager.remove(id, None).await {
                    tracing::warn!(%id, %error, "a torrent at its limit could not be removed");
                }
            });
        }
        for id in away {
            let manager = self.clone();
            tokio::spawn(async move { manager.bring_home(id).await });
        }
        if replan {
            self.0.wake.notify_one();
        }
    }

    fn look_at(
        &self,
        state: &mut State,
        id: InfoHash,
        stats: RunStats,
        settings: &Settings,
        elapsed: Duration,
    ) -> Outcome {
        let Some(entry) = state.entries.get_mut(&id) else { return Outcome::default() };
        let outcome = observe(entry, stats, settings, elapsed);
        if outcome.completed {
            let name = entry.row.name.clone();
            self.emit(EventKind::TorrentCompleted, Some(id), Some(name));
        }
        if outcome.save {
            // The ticker answers nobody, so it need not wait for the disk.
            let _ = self.changed(state, id);
        } else if let Some(entry) = state.entries.get(&id) {
            state.board.publish(id, entry.view());
        }
        outcome
    }

    /// Other settings are in force: what was stopped by a limit that it has not reached any more
    /// may seed again.
    pub(super) fn lift_limits(&self, state: &mut State) {
        let stopped = state.entries.values_mut().filter(|entry| entry.row.stopped);
        let lifted: Vec<_> = stopped
            .filter(|entry| !limit_reached(entry, &state.settings))
            .map(|entry| {
                entry.row.stopped = false;
                entry.row.id
            })
            .collect();
        for id in lifted {
            // Saved in order, after the settings that lifted the limit: those are waited for.
            let _ = self.changed(state, id);
        }
    }

    pub(super) async fn refresh_free_bytes(&self) {
        let folder = self.0.state.lock().settings.download_folder.clone();
        let free = blocking(move || crate::files::free_bytes(folder.as_ref())).await;
        if let Ok(free) = free {
            self.0.state.lock().free_bytes = free;
        }
    }

    /// Looks at running torrents at least this often, for as long as somebody watches.
    pub fn set_tick(&self, interval: Option<Duration>) {
        let tick = interval.map_or(SLOW_TICK, |interval| interval.clamp(QUICK_TICK, SLOW_TICK));
        self.0.tick.send_replace(tick);
    }
}

/// Waits for as long as one tick, be it changed meanwhile: who begins to watch does not wait for the
/// slow one to end.
async fn pass(tick: &mut watch::Receiver<Duration>) {
    let began = tokio::time::Instant::now();
    loop {
        let length = *tick.borrow_and_update();
        tokio::select! {
            () = tokio::time::sleep_until(began + length) => return,
            Ok(()) = tick.changed() => {}
        }
    }
}

/// Takes in what the session says of one torrent.
fn observe(entry: &mut Entry, stats: RunStats, settings: &Settings, elapsed: Duration) -> Outcome {
    let mut outcome = Outcome::default();
    let before = entry.state();
    entry.row.downloaded = entry.base.0 + stats.fetched;
    entry.row.uploaded = entry.base.1 + stats.uploaded;
    match &stats.phase {
        Phase::Failed(error) => {
            // What was verified since the last look is kept, and shown with the error.
            entry.row.done_bytes = entry.row.done_bytes.max(stats.done_bytes);
            outcome.failed = Some(error.clone());
        }
        Phase::Checking { .. } => {}
        Phase::Live | Phase::Checked => {
            outcome.save |= std::mem::take(&mut entry.row.verify);
            outcome.replan |= std::mem::take(&mut entry.recheck);
            let was_complete = entry.complete();
            outcome.completed = entry.count(stats.done_bytes, stats.finished, now_ms());
            // Something of it may not be there any more.
            let changed = entry.complete() != was_complete;
            outcome.save |= changed;
            outcome.replan |= changed;
            outcome.away = entry.complete() && entry.row.working_path.is_some() && entry.holds == 0;
        }
    }
    pace(entry, &stats, settings, elapsed);
    entry.stats = Some(stats);
    if entry.state() == TorrentState::Seeding {
        entry.row.seeding_ms += u64::try_from(elapsed.as_millis()).unwrap_or(0);
        if !entry.row.forced && limit_reached(entry, settings) {
            match settings.on_limit {
                OnLimit::Stop => {
                    entry.row.stopped = true;
                    outcome.save = true;
                    outcome.replan = true;
                }
                OnLimit::Remove => outcome.remove = true,
            }
        }
    }
    outcome.replan |= entry.state() != before || settings.ignore_slow.enabled;
    let bytes = (entry.row.downloaded, entry.row.uploaded);
    let patience = if bytes == entry.bytes_saved { SAVE_TIME } else { SAVE_COUNTERS };
    if entry.counters_saved.elapsed() >= patience {
        outcome.save = true;
    }
    if outcome.save {
        entry.counters_saved = Instant::now();
        entry.bytes_saved = bytes;
    }
    outcome
}

fn pace(entry: &mut Entry, stats: &RunStats, settings: &Settings, elapsed: Duration) {
    let rate = stats.download_rate as f64;
    // The same weight for the same time, however often somebody looks.
    let weight = 1.0 - (1.0 - SMOOTHING).powf(elapsed.as_secs_f64());
    entry.smooth_rate = if entry.smooth_rate < 1.0 {
        rate
    } else {
        entry.smooth_rate + weight * (rate - entry.smooth_rate)
    };
    let useful = if entry.complete() { stats.upload_rate } else { stats.download_rate };
    if useful >= settings.ignore_slow.rate || !matches!(stats.phase, Phase::Live) {
        entry.slow_since = None;
    } else if entry.slow_since.is_none() {
        entry.slow_since = Some(Instant::now());
    }
}

fn limit_reached(entry: &Entry, settings: &Settings) -> bool {
    let limit = entry.row.ratio_limit.or(settings.ratio_limit);
    let ratio_reached = limit.is_some_and(|limit| ratio(&entry.row) >= limit);
    let time_reached = settings
        .seed_minutes_limit
        .is_some_and(|minutes| entry.row.seeding_ms >= u64::from(minutes) * 60_000);
    ratio_reached || time_reached
}

#[cfg(test)]
mod tests;

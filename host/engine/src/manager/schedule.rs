//! Gives the slots of the queue to the torrents, and the places in it their numbers.

use std::time::Instant;

use super::entry::{Actual, Entry};
use super::{Manager, State};
use crate::metainfo::InfoHash;
use crate::queue::{Candidate, Kind, Slots, Unresolved, plan, plan_resolving};

impl Manager {
    /// Plans the queue and sets going whatever has to start or stop.
    pub(super) fn plan(&self) {
        if self.stopping() {
            return;
        }
        let unsettled = {
            let mut state = self.0.state.lock();
            grant(&mut state);
            rank(&mut state);
            let unsettled = state.entries.values().filter(|entry| !entry.settled());
            unsettled.map(|entry| entry.row.id).collect::<Vec<_>>()
        };
        for id in unsettled {
            let manager = self.clone();
            tokio::spawn(async move { manager.settle(id).await });
        }
    }
}

fn in_order(state: &mut State, wants: impl Fn(&Entry) -> bool) -> Vec<&mut Entry> {
    let mut entries: Vec<_> = state.entries.values_mut().filter(|entry| wants(entry)).collect();
    entries.sort_by_key(|entry| (entry.row.queue_position, entry.row.id));
    entries
}

fn grant(state: &mut State) {
    let settings = &state.settings;
    let slots = Slots {
        downloads: settings.max_active_downloads,
        seeds: settings.max_active_seeds,
        total: settings.max_active,
    };
    let resolving = settings.max_resolving;
    let slow = settings.ignore_slow;
    let now = Instant::now();

    let mut entries = in_order(state, |entry| entry.wants_to_run() && entry.has_metainfo());
    let candidates: Vec<_> = entries
        .iter()
        .map(|entry| Candidate {
            kind: entry.kind(),
            forced: entry.row.forced,
            slow: slow.enabled
                && entry.slow_since.is_some_and(|since| {
                    now.duration_since(since).as_secs() >= u64::from(slow.seconds)
                }),
        })
        .collect();
    for (entry, granted) in entries.iter_mut().zip(plan(&candidates, slots)) {
        entry.granted = granted;
    }

    let mut magnets = in_order(state, |entry| entry.wants_to_run() && !entry.has_metainfo());
    let unresolved: Vec<_> = magnets
        .iter()
        .map(|entry| Unresolved {
            asking: matches!(entry.actual, Actual::Resolving(_)),
            due: entry.retry_at <= now,
            forced: entry.row.forced,
        })
        .collect();
    for (entry, granted) in magnets.iter_mut().zip(plan_resolving(&unresolved, resolving)) {
        entry.granted = granted;
    }
}

/// Numbers the places of what still has something to download.
fn rank(state: &mut State) {
    let in_queue = |entry: &Entry| {
        entry.kind() == Kind::Download && entry.row.intent != crate::store::Intent::Cancelled
    };
    let ranks: Vec<(InfoHash, u32)> =
        in_order(state, in_queue).iter().map(|entry| entry.row.id).zip(0..).collect();
    let mut moved: Vec<InfoHash> = Vec::new();
    for entry in state.entries.values_mut().filter(|entry| !in_queue(entry)) {
        if entry.rank.take().is_some() {
            moved.push(entry.row.id);
        }
    }
    for (id, rank) in ranks {
        if let Some(entry) = state.entries.get_mut(&id)
            && entry.rank.replace(rank) != Some(rank)
        {
            moved.push(id);
        }
    }
    for id in moved {
        if let Some(entry) = state.entries.get(&id) {
            state.board.publish(id, entry.view());
        }
    }
}

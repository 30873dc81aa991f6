//! Gives the slots of the queue to the torrents, and the places in it their numbers.

use std::time::Instant;

use torrpeddo_protocol::methods::QueueMove;

use super::entry::{Actual, Entry};
use super::{Manager, State};
use crate::metainfo::InfoHash;
use crate::queue::{Candidate, Kind, Slots, Unresolved, plan, plan_resolving};
use crate::store::Intent;

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

/// The entries that `wants` picks, in the order of the queue.
pub(super) fn in_order(state: &mut State, wants: impl Fn(&Entry) -> bool) -> Vec<&mut Entry> {
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

/// Whether it has a place in the queue: what still has something to download.
pub(super) fn in_queue(entry: &Entry) -> bool {
    entry.kind() == Kind::Download && entry.row.intent != Intent::Cancelled
}

/// The new positions of what moves in the queue. `places`: who stands where; `order`: the old places
/// in the new order, of which `moving` were moved to `to`. To an end, only those get a new position
/// that move; ten thousand others keep theirs.
pub(super) fn positions(
    places: &[(InfoHash, i64)],
    order: &[usize],
    moving: usize,
    to: QueueMove,
) -> Vec<(InfoHash, i64)> {
    let at = |place: &usize| places.get(*place).copied();
    let (Some((_, first)), Some((_, last))) = (places.first(), places.last()) else {
        return Vec::new();
    };
    let moving_offset = i64::try_from(moving).unwrap_or(0);
    match to {
        QueueMove::Top => {
            let moved = order.iter().take(moving).filter_map(at).map(|(id, _)| id);
            moved.zip(first - moving_offset..).collect()
        }
        QueueMove::Bottom => {
            let moved = order.iter().skip(order.len() - moving).filter_map(at).map(|(id, _)| id);
            moved.zip(last + 1..).collect()
        }
        QueueMove::Up | QueueMove::Down => order
            .iter()
            .filter_map(at)
            .zip(places)
            .filter(|((_, before), (_, now))| before != now)
            .map(|((id, _), (_, now))| (id, *now))
            .collect(),
    }
}

/// Numbers the places.
fn rank(state: &mut State) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::reorder;

    #[test]
    fn positions_follow_the_order_and_only_what_moves_is_written() {
        let id = |byte| InfoHash([byte; 20]);
        let places: Vec<(InfoHash, i64)> =
            [-7, 0, 3, 4].into_iter().zip(0..).map(|(at, byte)| (id(byte), at)).collect();
        let moved = |moving: &[bool], to| {
            let order = reorder(moving, to);
            positions(&places, &order, moving.iter().filter(|moving| **moving).count(), to)
        };
        let [no, yes] = [false, true];
        assert_eq!(moved(&[no, yes, no, yes], QueueMove::Top), [(id(1), -9), (id(3), -8)]);
        assert_eq!(moved(&[yes, no, yes, no], QueueMove::Bottom), [(id(0), 5), (id(2), 6)]);
        assert_eq!(moved(&[no, no, yes, no], QueueMove::Up), [(id(2), 0), (id(1), 3)]);
        assert_eq!(moved(&[yes, no, no, no], QueueMove::Down), [(id(1), -7), (id(0), 0)]);
        assert!(moved(&[yes, no, no, no], QueueMove::Up).is_empty());
        assert!(positions(&[], &[], 0, QueueMove::Top).is_empty());
    }
}

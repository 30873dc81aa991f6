//! The queue: who runs, and who waits. Pure functions, so that properties can hold them.
//!
//! Slots are counted as libtorrent counts them: downloads, seeds, and both together. Forced
//! torrents run outside the limits, and slow ones may be left uncounted. Magnets that ask for
//! their metadata have slots of their own, so a dead one never blocks a download.

use torrpeddo_protocol::methods::QueueMove;

/// What a torrent would do with a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It is not complete.
    Download,
    /// It is complete.
    Seed,
}

/// A torrent that wants to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// What for.
    pub kind: Kind,
    /// It runs outside the limits.
    pub forced: bool,
    /// It runs, but so slowly that it is not counted.
    pub slow: bool,
}

/// How many may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slots {
    /// Downloads.
    pub downloads: u32,
    /// Seeds.
    pub seeds: u32,
    /// Both together.
    pub total: u32,
}

/// Who runs: one answer for each candidate. The order of the candidates is the order of the queue.
/// Downloads come before seeds.
#[must_use]
pub fn plan(candidates: &[Candidate], slots: Slots) -> Vec<bool> {
    let mut runs = vec![false; candidates.len()];
    let mut total = 0;
    for (kind, limit) in [(Kind::Download, slots.downloads), (Kind::Seed, slots.seeds)] {
        let mut used = 0;
        for (run, candidate) in runs.iter_mut().zip(candidates) {
            if candidate.kind != kind {
                continue;
            }
            if candidate.forced || candidate.slow {
                *run = true;
            } else if used < limit && total < slots.total {
                *run = true;
                used += 1;
                total += 1;
            }
        }
    }
    runs
}

/// A magnet without metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unresolved {
    /// It is asking now.
    pub asking: bool,
    /// Its pause between two attempts is over.
    pub due: bool,
    /// It asks outside the limit.
    pub forced: bool,
}

/// Who asks for metadata: one answer for each magnet. One that is asking keeps its slot until its
/// attempt ends; the free slots go to those that are due, in order.
#[must_use]
pub fn plan_resolving(magnets: &[Unresolved], limit: u32) -> Vec<bool> {
    let counted = magnets.iter().filter(|magnet| magnet.asking && !magnet.forced).count();
    let mut used = u32::try_from(counted).unwrap_or(u32::MAX);
    magnets
        .iter()
        .map(|magnet| {
            if magnet.asking {
                return true;
            }
            if !magnet.due {
                return false;
            }
            if magnet.forced {
                return true;
            }
            let free = used < limit;
            used += u32::from(free);
            free
        })
        .collect()
}

/// The queue after some of its places were moved: the old places, in the new order. What moves keeps
/// its own order. `Up` and `Down` move each by one place; what stands at the end already stays, and
/// what stands behind it does not overtake it.
#[must_use]
pub fn reorder(moving: &[bool], to: QueueMove) -> Vec<usize> {
    let is_moving = |place: usize| moving.get(place).copied().unwrap_or(false);
    let mut order: Vec<usize> = (0..moving.len()).collect();
    match to {
        QueueMove::Top => order.sort_by_key(|place| !is_moving(*place)),
        QueueMove::Bottom => order.sort_by_key(|place| is_moving(*place)),
        QueueMove::Up => {
            for place in 1..order.len() {
                if is_moving(order[place]) && !is_moving(order[place - 1]) {
                    order.swap(place - 1, place);
                }
            }
        }
        QueueMove::Down => {
            for place in (1..order.len()).rev() {
                if is_moving(order[place - 1]) && !is_moving(order[place]) {
                    order.swap(place - 1, place);
                }
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn candidate() -> impl Strategy<Value = Candidate> {
        (any::<bool>(), proptest::bool::weighted(0.1), proptest::bool::weighted(0.1)).prop_map(
            |(seed, forced, slow)| Candidate {
                kind: if seed { Kind::Seed } else { Kind::Download },
                forced,
                slow,
            },
        )
    }

    fn slots() -> impl Strategy<Value = Slots> {
        (0u32..6, 0u32..6, 0u32..9).prop_map(|(downloads, seeds, total)| Slots {
            downloads,
            seeds,
            total,
        })
    }

    fn counted(candidates: &[Candidate], runs: &[bool], kind: Kind) -> u32 {
        let running = candidates
            .iter()
            .zip(runs)
            .filter(|(c, runs)| **runs && c.kind == kind && !c.forced && !c.slow);
        u32::try_from(running.count()).unwrap()
    }

    proptest! {
        #[test]
        fn limits_are_never_exceeded(
            candidates in proptest::collection::vec(candidate(), 0..40), slots in slots(),
        ) {
            let runs = plan(&candidates, slots);
            let downloads = counted(&candidates, &runs, Kind::Download);
            let seeds = counted(&candidates, &runs, Kind::Seed);
            prop_assert!(downloads <= slots.downloads);
            prop_assert!(seeds <= slots.seeds);
            prop_assert!(downloads + seeds <= slots.total);
        }

        #[test]
        fn nothing_waits_while_a_slot_is_free(
            candidates in proptest::collection::vec(candidate(), 0..40), slots in slots(),
        ) {
            let runs = plan(&candidates, slots);
            let downloads = counted(&candidates, &runs, Kind::Download);
            let seeds = counted(&candidates, &runs, Kind::Seed);
            for (candidate, runs) in candidates.iter().zip(&runs) {
                let (used, limit) = match candidate.kind {
                    Kind::Download => (downloads, slots.downloads),
                    Kind::Seed => (seeds, slots.seeds),
                };
                prop_assert!(*runs || used == limit || downloads + seeds == slots.total);
            }
        }

        #[test]
        fn the_order_of_the_queue_is_the_order_of_starting(
            candidates in proptest::collection::vec(candidate(), 0..40), slots in slots(),
        ) {
            let runs = plan(&candidates, slots);
            for kind in [Kind::Download, Kind::Seed] {
                let mut waiting = false;
                for (candidate, runs) in candidates.iter().zip(&runs) {
                    if candidate.kind == kind && !candidate.forced && !candidate.slow {
                        prop_assert!(!(waiting && *runs), "a later one runs before an earlier one");
                        waiting |= !runs;
                    }
                }
            }
        }

        #[test]
        fn planning_twice_changes_nothing(
            candidates in proptest::collection::vec(candidate(), 0..40), slots in slots(),
        ) {
            prop_assert_eq!(plan(&candidates, slots), plan(&candidates, slots));
        }

        #[test]
        fn asking_magnets_keep_their_slots_and_the_limit_holds(
            magnets in proptest::collection::vec(
                (any::<bool>(), any::<bool>(), proptest::bool::weighted(0.1)).prop_map(
                    |(asking, due, forced)| Unresolved { asking, due, forced }), 0..30),
            limit in 0u32..8,
        ) {
            let asks = plan_resolving(&magnets, limit);
            let before = magnets.iter().filter(|m| m.asking && !m.forced).count();
            let after = magnets.iter().zip(&asks).filter(|(m, asks)| **asks && !m.forced).count();
            prop_assert!(after <= before.max(limit as usize));
            for (magnet, asks) in magnets.iter().zip(&asks) {
                prop_assert!(!magnet.asking || *asks);
                prop_assert!(!*asks || magnet.asking || magnet.due);
                prop_assert!(!magnet.due || *asks || after >= limit as usize);
            }
            let again: Vec<_> = magnets
                .iter()
                .zip(&asks)
                .map(|(magnet, asks)| Unresolved { asking: *asks, ..*magnet })
                .collect();
            prop_assert_eq!(plan_resolving(&again, limit), asks);
        }
    }

    proptest! {
        #[test]
        fn a_move_keeps_everybody_and_the_order_of_both_parts(
            moving in proptest::collection::vec(any::<bool>(), 0..30), to in 0..4,
        ) {
            let to = [QueueMove::Top, QueueMove::Up, QueueMove::Down, QueueMove::Bottom][to as usize];
            let order = reorder(&moving, to);
            let mut everybody = order.clone();
            everybody.sort_unstable();
            prop_assert_eq!(everybody, (0..moving.len()).collect::<Vec<_>>());
            for part in [true, false] {
                let kept: Vec<_> = order.iter().filter(|place| moving[**place] == part).collect();
                prop_assert!(kept.is_sorted());
            }
            for (place, before) in order.iter().enumerate().filter(|(_, before)| moving[**before]) {
                match to {
                    QueueMove::Top | QueueMove::Up => prop_assert!(place <= *before),
                    QueueMove::Bottom | QueueMove::Down => prop_assert!(place >= *before),
                }
                if matches!(to, QueueMove::Up | QueueMove::Down) {
                    prop_assert!(place.abs_diff(*before) <= 1);
                }
            }
        }
    }

    #[test]
    fn moves_by_one_place_or_to_an_end() {
        let moved = |moving: &str, to| {
            let moving: Vec<bool> = moving.bytes().map(|b| b == b'x').collect();
            reorder(&moving, to)
        };
        assert_eq!(moved("..x.x", QueueMove::Up), [0, 2, 1, 4, 3]);
        assert_eq!(moved("xx.x.", QueueMove::Up), [0, 1, 3, 2, 4]);
        assert_eq!(moved("x.x..", QueueMove::Down), [1, 0, 3, 2, 4]);
        assert_eq!(moved("..xx", QueueMove::Down), [0, 1, 2, 3]);
        assert_eq!(moved(".x.x", QueueMove::Top), [1, 3, 0, 2]);
        assert_eq!(moved("x.x.", QueueMove::Bottom), [1, 3, 0, 2]);
    }

    #[test]
    fn downloads_come_before_seeds() {
        let seed = Candidate { kind: Kind::Seed, forced: false, slow: false };
        let download = Candidate { kind: Kind::Download, ..seed };
        let slots = Slots { downloads: 5, seeds: 5, total: 1 };
        assert_eq!(plan(&[seed, download], slots), [false, true]);
    }
}

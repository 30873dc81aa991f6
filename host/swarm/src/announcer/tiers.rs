//! The order in which trackers are asked (BEP 12).

use rand::seq::SliceRandom;

/// Trackers of one torrent, tiers together.
pub(super) const MAX_TRACKERS: usize = 256;

/// Identifies a tracker within its torrent.
pub(super) type TrackerId = u32;

/// The trackers of a torrent by tier, each tier in the order in which its trackers are asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tiers(Vec<Vec<TrackerId>>);

impl Tiers {
    /// Shuffles each tier. Trackers for which `works` go first.
    pub(super) fn new(mut tiers: Vec<Vec<TrackerId>>, works: impl Fn(TrackerId) -> bool) -> Self {
        for tier in &mut tiers {
            tier.shuffle(&mut rand::rng());
            tier.sort_by_key(|id| !works(*id));
        }
        tiers.retain(|tier| !tier.is_empty());
        Self(tiers)
    }

    /// The groups within which one tracker is asked after another. A public torrent announces to one
    /// tracker of every tier, a private one to one tracker in all (BEP 27).
    pub(super) fn groups(&self, private: bool) -> Vec<Vec<TrackerId>> {
        if private { vec![self.0.concat()] } else { self.0.clone() }
    }

    /// Moves a tracker that answered to the front of its tier.
    pub(super) fn move_to_front(&mut self, id: TrackerId) {
        for tier in &mut self.0 {
            if let Some(position) = tier.iter().position(|one| *one == id)
                && let Some(before) = tier.get_mut(..=position)
            {
                before.rotate_right(1);
            }
        }
    }

    /// All trackers, tier by tier.
    pub(super) fn iter(&self) -> impl Iterator<Item = TrackerId> {
        self.0.iter().flatten().copied()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn tiers_are_shuffled_and_stay_in_order() {
        let mut firsts = HashSet::new();
        for _ in 0..200 {
            let tiers = Tiers::new(vec![vec![1, 2, 3], vec![], vec![4]], |_| false);
            let mut order: Vec<_> = tiers.iter().collect();
            firsts.insert(order[0]);
            assert_eq!(order.pop(), Some(4));
            order.sort_unstable();
            assert_eq!(order, [1, 2, 3]);
        }
        assert_eq!(firsts.len(), 3);
    }

    #[test]
    fn a_working_tracker_goes_to_the_front_of_its_tier() {
        let mut tiers = Tiers(vec![vec![1, 2, 3], vec![4, 5]]);
        tiers.move_to_front(3);
        tiers.move_to_front(5);
        tiers.move_to_front(9);
        assert_eq!(tiers.0, [vec![3, 1, 2], vec![5, 4]]);
        tiers.move_to_front(3);
        assert_eq!(tiers.groups(false), [vec![3, 1, 2], vec![5, 4]]);
        assert_eq!(tiers.groups(true), [vec![3, 1, 2, 5, 4]]);
        assert_eq!(Tiers::new(vec![(0..9).collect()], |id| id == 7).0[0][0], 7);
    }
}

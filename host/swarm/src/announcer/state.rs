//! The announces of one torrent: which tracker is asked when, and with which event. No I/O.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use tokio::time::Instant;
use torrpeddo_readers::metainfo::InfoHash;

use super::exchange::{Event, Failure, Request, Scrape, UNKNOWN_LEFT};
use super::status::TrackerStatus;
use super::target::Target;
use super::tiers::{MAX_TRACKERS, Tiers, TrackerId};
use super::tracker::{Busy, Demand, Tracker};
use super::trackers::Results;
use super::{AnnouncedTorrent, Progress};

/// Announces of one torrent at the same time.
const MAX_BUSY: usize = 64;

/// What is the same in every announce of the torrent.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    pub(super) info_hash: InfoHash,
    pub(super) peer_id: [u8; 20],
    pub(super) key: u32,
    pub(super) numwant: u32,
}

/// The state.
#[derive(Debug)]
pub(super) struct State {
    pub(super) identity: Identity,
    private: bool,
    complete: bool,
    demand: Demand,
    trackers: BTreeMap<TrackerId, Tracker>,
    tiers: Tiers,
    next_id: TrackerId,
    /// Trackers that were removed and know us.
    leaving: Vec<Farewell>,
}

/// Work for the torrent's task.
#[derive(Debug)]
pub(super) enum Job {
    Announce(Announce),
    Scrape { id: TrackerId, target: Arc<Target>, info_hash: InfoHash },
    Farewell(Farewell),
}

/// An announce.
#[derive(Debug)]
pub(super) struct Announce {
    pub(super) id: TrackerId,
    pub(super) target: Arc<Target>,
    pub(super) events: [Option<Event>; 2],
    pub(super) tracker_id: Option<Vec<u8>>,
    pub(super) attempt: u32,
}

/// The last announces to a tracker, one after the other.
#[derive(Debug)]
pub(super) struct Farewell {
    pub(super) target: Arc<Target>,
    pub(super) events: Vec<[Option<Event>; 2]>,
    pub(super) tracker_id: Option<Vec<u8>>,
}

impl Identity {
    /// The parameters of an announce. `port` is that of our listener: without one, port 1 is told, at
    /// which nobody can connect, because trackers refuse announces with port 0.
    pub(super) fn request(
        &self,
        event: Event,
        progress: Progress,
        port: Option<u16>,
        tracker_id: Option<Vec<u8>>,
    ) -> Request {
        Request {
            info_hash: self.info_hash,
            peer_id: self.peer_id,
            port: port.filter(|port| *port != 0).unwrap_or(1),
            uploaded: progress.uploaded,
            downloaded: progress.downloaded,
            left: progress.left.unwrap_or(UNKNOWN_LEFT),
            event,
            key: self.key,
            numwant: if event == Event::Stopped { 0 } else { self.numwant },
            tracker_id,
        }
    }
}

impl State {
    pub(super) fn new(torrent: &mut AnnouncedTorrent, numwant: u32) -> Self {
        let mut state = Self {
            identity: Identity {
                info_hash: torrent.info_hash,
                peer_id: torrent.peer_id,
                key: rand::random(),
                numwant,
            },
            private: torrent.private,
            complete: torrent.complete,
            demand: Demand::default(),
            trackers: BTreeMap::new(),
            tiers: Tiers::default(),
            next_id: 0,
            leaving: Vec::new(),
        };
        state.set_tiers(std::mem::take(&mut torrent.tiers));
        state
    }

    /// Replaces the trackers. Those that stay keep their state; those that go and know us are told
    /// `stopped`. Repeated URLs are taken once, and at most [`MAX_TRACKERS`].
    pub(super) fn set_tiers(&mut self, tiers: Vec<Vec<String>>) {
        let mut old: HashMap<String, Tracker> = std::mem::take(&mut self.trackers)
            .into_values()
            .map(|tracker| (tracker.url.clone(), tracker))
            .collect();
        let mut seen = HashSet::new();
        let mut order = Vec::new();
        for (tier, urls) in (0..).zip(tiers) {
            let mut ids = Vec::new();
            for url in urls {
                let url = url.trim();
                let full = self.trackers.len() >= MAX_TRACKERS;
                if url.is_empty() || full || !seen.insert(url.to_owned()) {
                    continue;
                }
                let mut tracker = old.remove(url).unwrap_or_else(|| {
                    self.next_id = self.next_id.wrapping_add(1);
                    Tracker::new(self.next_id, url.to_owned(), tier)
                });
                tracker.tier = tier;
                ids.push(tracker.id);
                self.trackers.insert(tracker.id, tracker);
            }
            order.push(ids);
        }
        let trackers = &self.trackers;
        self.tiers = Tiers::new(order, |id| trackers.get(&id).is_some_and(Tracker::works));
        self.leaving.extend(old.into_values().filter_map(|gone| farewell(&gone)));
        // A user who replaces trackers faster than they are told gets no queue of them.
        self.leaving.truncate(MAX_TRACKERS);
    }

    /// Notes that the torrent is private, or is not (BEP 27).
    pub(super) const fn set_private(&mut self, private: bool) {
        self.private = private;
    }

    /// Notes that the torrent became complete here; without effect if it was complete.
    pub(super) fn completed(&mut self) {
        if !std::mem::replace(&mut self.complete, true) {
            self.trackers.values_mut().for_each(Tracker::completed);
        }
    }

    pub(super) const fn set_wanting(&mut self, wanting: bool) {
        self.demand.wanting = wanting;
    }

    /// Has every tier announced to as soon as its tracker allows, also those that failed.
    pub(super) fn announce_now(&mut self, now: Instant) {
        self.demand.asked = Some(now);
        self.trackers.values_mut().for_each(Tracker::forgive);
    }

    /// Has our new port announced as soon as the trackers allow.
    pub(super) const fn port_changed(&mut self, now: Instant) {
        self.demand.asked = Some(now);
    }

    /// Asks the trackers that work for seeds, leechers and downloads, unless that happened within
    /// 15 minutes.
    pub(super) fn scrape(&mut self, now: Instant) {
        self.trackers.values_mut().for_each(|tracker| tracker.want_counts(now));
    }

    /// The work that is due. It counts as begun.
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<Job> {
        let mut jobs: Vec<_> = self.leaving.drain(..).map(Job::Farewell).collect();
        let mut busy = self.trackers.values().filter(|one| one.busy != Busy::No).count();
        for group in self.tiers.groups(self.private) {
            let Some((at, id)) = self.candidate(&group, now) else { continue };
            let Some(tracker) = self.trackers.get_mut(&id) else { continue };
            let Ok(target) = tracker.target.clone() else { continue };
            if at > now || busy >= MAX_BUSY {
                continue;
            }
            busy += 1;
            let events = tracker.events();
            tracker.begin(events, now);
            jobs.push(Job::Announce(Announce {
                id,
                target,
                events,
                tracker_id: tracker.tracker_id.clone(),
                attempt: tracker.attempt(),
            }));
        }
        for tracker in self.trackers.values_mut() {
            if let Ok(target) = tracker.target.clone()
                && tracker.begin_scrape(now)
            {
                let info_hash = self.identity.info_hash;
                jobs.push(Job::Scrape { id: tracker.id, target, info_hash });
            }
        }
        jobs
    }

    /// When work is due next, as far as no work under way has to end first.
    pub(super) fn next(&self, now: Instant) -> Option<Instant> {
        if !self.leaving.is_empty() || self.trackers.values().any(Tracker::wants_scrape) {
            return Some(now);
        }
        if self.trackers.values().filter(|one| one.busy != Busy::No).count() >= MAX_BUSY {
            return None;
        }
        let groups = self.tiers.groups(self.private);
        groups.iter().filter_map(|group| Some(self.candidate(group, now)?.0)).min()
    }

    /// The tracker of a group that is asked next, and when: the first one that did not fail, or one
    /// before it whose back-off has ended by then. `None` while one of them is being asked.
    fn candidate(&self, group: &[TrackerId], now: Instant) -> Option<(Instant, TrackerId)> {
        let all = || group.iter().filter_map(|id| self.trackers.get(id));
        if all().any(|tracker| tracker.busy != Busy::No) {
            return None;
        }
        let due = all().find_map(|tracker| tracker.due(self.demand)).unwrap_or(now);
        let mut best: Option<(Instant, TrackerId)> = None;
        for tracker in all().filter(|tracker| tracker.is_usable()) {
            let due = match tracker.due(self.demand) {
                _ if tracker.owes_completed() => now,
                Some(due) => due,
                None if tracker.is_failing() => due,
                None => now,
            };
            let at = due.max(tracker.allowed(now));
            if best.is_none_or(|(earliest, _)| at < earliest) {
                best = Some((at, tracker.id));
            }
            if !tracker.is_failing() {
                break;
            }
        }
        best
    }

    /// Takes the result of an announce. `jitter` is in 0.0…1.0.
    pub(super) fn finish(
        &mut self,
        id: TrackerId,
        result: Result<Results, Failure>,
        now: Instant,
        jitter: f64,
    ) {
        // A tracker that was removed meanwhile is gone.
        let Some(tracker) = self.trackers.get_mut(&id) else { return };
        if tracker.finish(result, now, jitter) {
            self.tiers.move_to_front(id);
        }
    }

    pub(super) fn finish_scrape(&mut self, id: TrackerId, result: Option<Scrape>) {
        if let Some(tracker) = self.trackers.get_mut(&id) {
            tracker.finish_scrape(result);
        }
    }

    /// Notes that work was broken off.
    pub(super) fn abandon(&mut self, id: TrackerId) {
        if let Some(tracker) = self.trackers.get_mut(&id) {
            tracker.abandon();
        }
    }

    /// The last announces to one tracker; `None` if it does not know us.
    pub(super) fn farewell(&self, id: TrackerId) -> Option<Farewell> {
        farewell(self.trackers.get(&id)?)
    }

    /// The last announces to trackers that were removed.
    pub(super) fn take_leaving(&mut self) -> Vec<Farewell> {
        std::mem::take(&mut self.leaving)
    }

    /// All trackers, tier by tier.
    pub(super) fn ids(&self) -> Vec<TrackerId> {
        self.tiers.iter().collect()
    }

    /// What is shown, tier by tier, each in the order in which its trackers are asked.
    pub(super) fn status(&self, now: Instant) -> Vec<TrackerStatus> {
        let next: HashMap<TrackerId, Instant> = self
            .tiers
            .groups(self.private)
            .iter()
            .filter_map(|group| self.candidate(group, now))
            .map(|(at, id)| (id, at))
            .collect();
        let shown = |id| Some(self.trackers.get(&id)?.status(next.get(&id).copied()));
        self.tiers.iter().filter_map(shown).collect()
    }
}

/// `completed` if the tracker has yet to learn it, then `stopped`.
fn farewell(tracker: &Tracker) -> Option<Farewell> {
    let target = tracker.target.as_ref().ok()?;
    let events = [Event::Completed, Event::Stopped];
    let events: Vec<_> = events.into_iter().filter_map(|one| tracker.farewell(one)).collect();
    (!events.is_empty()).then(|| Farewell {
        target: Arc::clone(target),
        events,
        tracker_id: tracker.tracker_id.clone(),
    })
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

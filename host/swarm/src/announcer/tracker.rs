//! One tracker of a torrent: what it knows about us, its last answer, and when it is asked again.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use torrpeddo_readers::names::clean_text;

use super::exchange::{Answer, Event, Failure, Family, Retry, Scrape};
use super::schedule::{self, FLOOR, Intervals, SCRAPE_INTERVAL};
use super::status::{MAX_MESSAGE, TrackerState, TrackerStatus};
use super::target::Target;
use super::tiers::TrackerId;
use super::trackers::Results;

/// A tracker.
#[derive(Debug)]
pub(super) struct Tracker {
    pub(super) id: TrackerId,
    pub(super) url: String,
    pub(super) tier: u32,
    pub(super) target: Result<Arc<Target>, &'static str>,
    /// What it has answered over each family.
    families: [Registration; 2],
    /// It was asked, with success or without.
    attempted: bool,
    pub(super) busy: Busy,
    pub(super) scraping: bool,
    /// When the last announce began.
    last: Option<Instant>,
    /// When the last announce was answered, and its intervals. `None` after a failure.
    answered: Option<(Instant, Intervals)>,
    /// The end of the back-off.
    not_before: Option<Instant>,
    /// The tracker said `never` (BEP 31).
    given_up: bool,
    failures: u32,
    message: Option<String>,
    peers: Option<u32>,
    counts: Scrape,
    scraped: Option<Instant>,
    /// Counts are asked for as soon as [`SCRAPE_INTERVAL`] allows.
    scrape_wanted: bool,
    external_ip: Option<IpAddr>,
    pub(super) tracker_id: Option<Vec<u8>>,
}

/// What a tracker has learnt of us over one address family.
#[derive(Debug, Clone, Copy, Default)]
struct Registration {
    /// It answered an announce since the start.
    known: bool,
    /// It has yet to learn that the torrent became complete.
    completed_owed: bool,
}

/// Whether an announce is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Busy {
    No,
    /// One with these events by family.
    Announcing([Option<Event>; 2]),
}

/// What makes a torrent ask earlier than a tracker's interval says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Demand {
    /// When the user asked for an announce, or our port changed.
    pub(super) asked: Option<Instant>,
    /// The torrent has too few peers.
    pub(super) wanting: bool,
}

impl Tracker {
    pub(super) fn new(id: TrackerId, url: String, tier: u32) -> Self {
        Self {
            id,
            target: Target::parse(&url).map(Arc::new),
            url,
            tier,
            families: Default::default(),
            attempted: false,
            busy: Busy::No,
            scraping: false,
            last: None,
            answered: None,
            not_before: None,
            given_up: false,
            failures: 0,
            message: None,
            peers: None,
            counts: Scrape::default(),
            scraped: None,
            scrape_wanted: false,
            external_ip: None,
            tracker_id: None,
        }
    }

    /// Whether the last announce was answered.
    pub(super) fn works(&self) -> bool {
        self.answered.is_some()
    }

    /// Whether it failed and is asked again only after its back-off. Trackers after it in the tier are
    /// asked meanwhile.
    pub(super) fn is_failing(&self) -> bool {
        self.failures > 0
    }

    /// Whether it can be asked at all.
    pub(super) fn is_usable(&self) -> bool {
        self.target.is_ok() && !self.given_up
    }

    /// When the regular announce is due; `None` if there was no answer yet.
    pub(super) fn due(&self, demand: Demand) -> Option<Instant> {
        let (at, intervals) = self.answered?;
        let asked = demand.asked.is_some_and(|asked| self.last.is_none_or(|last| last < asked));
        let after = match demand {
            _ if asked => Duration::ZERO,
            Demand { wanting: true, .. } => intervals.wanting,
            _ => intervals.regular,
        };
        Some(at + after)
    }

    /// The earliest time at which it may be asked.
    pub(super) fn allowed(&self, now: Instant) -> Instant {
        if self.owes_completed() {
            return now;
        }
        if let Some((at, intervals)) = self.answered {
            return at + intervals.min;
        }
        self.last.map(|last| last + FLOOR).max(self.not_before).unwrap_or(now)
    }

    /// Whether it works and has yet to learn that the torrent became complete.
    pub(super) fn owes_completed(&self) -> bool {
        self.works() && self.families.iter().any(|one| one.known && one.completed_owed)
    }

    /// The events of the next announce by family.
    pub(super) fn events(&self) -> [Option<Event>; 2] {
        self.families.map(|family| {
            Some(match family {
                Registration { known: false, .. } => Event::Started,
                Registration { completed_owed: true, .. } => Event::Completed,
                _ => Event::None,
            })
        })
    }

    /// `event` for each family over which the tracker knows us; `None` if there is none.
    pub(super) fn farewell(&self, event: Event) -> Option<[Option<Event>; 2]> {
        let owed = |family: &Registration| event != Event::Completed || family.completed_owed;
        let events = self.families.map(|family| (family.known && owed(&family)).then_some(event));
        (self.target.is_ok() && events != [None; 2]).then_some(events)
    }

    /// Notes that an announce begins.
    pub(super) fn begin(&mut self, events: [Option<Event>; 2], now: Instant) {
        self.busy = Busy::Announcing(events);
        self.attempted = true;
        self.last = Some(now);
    }

    /// Takes the result of an announce. Returns whether it was answered over some family.
    pub(super) fn finish(
        &mut self,
        result: Result<Results, Failure>,
        now: Instant,
        jitter: f64,
    ) -> bool {
        let Busy::Announcing(events) = std::mem::replace(&mut self.busy, Busy::No) else {
            return false;
        };
        let results = match result {
            Ok(results) => results,
            Err(failure) => {
                self.failed(&failure, now, jitter);
                return false;
            }
        };
        let mut answers = Vec::new();
        let mut failure: Option<Failure> = None;
        for (family, result) in Family::ALL.into_iter().zip(results) {
            match result {
                Some(Ok(answer)) => answers.push((family, answer)),
                // What a tracker says is more useful than that it cannot be reached.
                Some(Err(more)) if failure.as_ref().is_none_or(|known| known.unreachable) => {
                    failure = Some(more);
                }
                Some(Err(_)) | None => {}
            }
        }
        if answers.is_empty() {
            let failure = failure.unwrap_or_else(|| Failure::refused("There was no answer."));
            self.failed(&failure, now, jitter);
            return false;
        }
        self.answered(events, answers, now);
        true
    }

    fn answered(
        &mut self,
        events: [Option<Event>; 2],
        answers: Vec<(Family, Answer)>,
        now: Instant,
    ) {
        self.failures = 0;
        self.not_before = None;
        self.message = None;
        // Told once, also where only one family answered: a family that stays silent must not make us
        // announce again at once.
        for (family, event) in self.families.iter_mut().zip(events) {
            family.completed_owed &= event != Some(Event::Completed);
        }
        let (mut interval, mut min_interval) = (None, None);
        let mut peers = 0;
        self.counts.seeds = None;
        self.counts.leechers = None;
        for (family, answer) in answers {
            if let Some(family) = self.families.get_mut(family.index()) {
                family.known = true;
            }
            interval = interval.max(answer.interval);
            min_interval = min_interval.max(answer.min_interval);
            peers += answer.peers.len();
            self.counts.seeds = self.counts.seeds.max(answer.seeds);
            self.counts.leechers = self.counts.leechers.max(answer.leechers);
            self.counts.downloads = answer.downloads.or(self.counts.downloads);
            self.external_ip = answer.external_ip.or(self.external_ip);
            self.tracker_id = answer.tracker_id.or_else(|| self.tracker_id.take());
            if self.message.is_none() {
                self.message = answer.warning.and_then(|text| message(&text));
            }
        }
        self.peers = u32::try_from(peers).ok();
        self.answered = Some((now, Intervals::new(interval, min_interval)));
        if self.counts.seeds.is_none() || self.counts.leechers.is_none() {
            self.want_counts(now);
        }
    }

    fn failed(&mut self, failure: &Failure, now: Instant, jitter: f64) {
        self.failures = self.failures.saturating_add(1);
        self.answered = None;
        self.message = message(&failure.message);
        self.given_up = failure.retry == Retry::Never;
        let pause = match failure.retry {
            Retry::After(pause) => pause,
            Retry::BackOff | Retry::Never => schedule::back_off(self.failures, jitter),
        };
        self.not_before = Some(now + pause);
    }

    /// Ends an announce that was broken off, as if it had not begun.
    pub(super) fn abandon(&mut self) {
        self.busy = Busy::No;
    }

    /// Lets a tracker that failed be asked before its back-off has ended.
    pub(super) fn forgive(&mut self) {
        self.not_before = None;
        self.given_up = false;
    }

    /// Notes that the torrent became complete. A tracker that was not asked before learns it from
    /// `started` with nothing left.
    pub(super) fn completed(&mut self) {
        for family in &mut self.families {
            family.completed_owed = self.attempted;
        }
    }

    /// Has the counts asked for by a scrape, unless that happened a moment ago.
    pub(super) fn want_counts(&mut self, now: Instant) {
        self.scrape_wanted = self.scraped.is_none_or(|scraped| now >= scraped + SCRAPE_INTERVAL);
    }

    /// Whether a scrape should begin now; notes that it does.
    pub(super) fn begin_scrape(&mut self, now: Instant) -> bool {
        let begin = self.works() && !self.scraping && std::mem::take(&mut self.scrape_wanted);
        if begin {
            self.scraping = true;
            self.scraped = Some(now);
        }
        begin
    }

    /// Whether [`Tracker::begin_scrape`] would begin one.
    pub(super) fn wants_scrape(&self) -> bool {
        self.works() && !self.scraping && self.scrape_wanted
    }

    /// Takes the result of a scrape. One that fails changes nothing: many trackers have none.
    pub(super) fn finish_scrape(&mut self, result: Option<Scrape>) {
        self.scraping = false;
        if let Some(counts) = result {
            self.counts = Scrape {
                seeds: counts.seeds.or(self.counts.seeds),
                leechers: counts.leechers.or(self.counts.leechers),
                downloads: counts.downloads.or(self.counts.downloads),
            };
        }
    }

    /// The address of a UDP tracker's name that is tried.
    pub(super) const fn attempt(&self) -> u32 {
        self.failures
    }

    /// What is shown. `next` is when it is asked next.
    pub(super) fn status(&self, next: Option<Instant>) -> TrackerStatus {
        let (state, message) = match (&self.target, self.busy) {
            (Err(reason), _) => (TrackerState::Disabled, Some((*reason).to_owned())),
            (_, Busy::Announcing(_)) => (TrackerState::Updating, self.message.clone()),
            _ if self.works() => (TrackerState::Working, self.message.clone()),
            _ if self.is_failing() => (TrackerState::Failed, self.message.clone()),
            _ => (TrackerState::NotContacted, None),
        };
        TrackerStatus {
            url: self.url.clone(),
            tier: self.tier,
            state,
            message,
            seeds: self.counts.seeds,
            leechers: self.counts.leechers,
            downloads: self.counts.downloads,
            peers: self.peers,
            next_announce: next.map(Instant::into_std),
            last_announce: self.last.map(Instant::into_std),
            failures: self.failures,
            external_ip: self.external_ip,
        }
    }
}

fn message(text: &str) -> Option<String> {
    let text = clean_text(text, MAX_MESSAGE);
    (!text.is_empty()).then_some(text)
}

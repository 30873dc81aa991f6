//! What holds for every sequence of answers, failures and changes.

use std::collections::HashMap;
use std::time::Duration;

use proptest::prelude::*;
use tokio::sync::mpsc;

use super::*;
use crate::announcer::exchange::{Answer, Retry};
use crate::announcer::schedule::FLOOR;

#[derive(Debug, Clone)]
enum Step {
    Answer { interval: Option<i64>, min: Option<i64>, both: bool },
    Fail(Option<u64>),
    Never,
    Completed,
    AnnounceNow,
    Wanting(bool),
    Private(bool),
    Replace(Vec<u8>),
    Pause(u16),
}

fn step() -> impl Strategy<Value = Step> {
    let seconds =
        prop_oneof![Just(None), (-5i64..5_000).prop_map(Some), any::<i64>().prop_map(Some)];
    prop_oneof![
        4 => (seconds.clone(), seconds, any::<bool>())
            .prop_map(|(interval, min, both)| Step::Answer { interval, min, both }),
        4 => proptest::option::of(60u64..90_000).prop_map(Step::Fail),
        1 => Just(Step::Never),
        1 => Just(Step::Completed),
        1 => Just(Step::AnnounceNow),
        1 => any::<bool>().prop_map(Step::Wanting),
        1 => any::<bool>().prop_map(Step::Private),
        1 => proptest::collection::vec(0u8..6, 0..6).prop_map(Step::Replace),
        1 => any::<u16>().prop_map(Step::Pause),
    ]
}

fn tiers(numbers: &[u8]) -> Vec<Vec<String>> {
    let url = |number: &u8| format!("http://t{number}.example/announce");
    numbers.chunks(2).map(|tier| tier.iter().map(url).collect()).collect()
}

/// One torrent and what its trackers have seen.
struct World {
    state: State,
    now: Instant,
    busy: Vec<Announce>,
    last: HashMap<TrackerId, Instant>,
    completed: HashMap<TrackerId, u32>,
    started: HashMap<TrackerId, bool>,
}

impl World {
    /// Starts what is due, at most one announce for each tracker.
    fn start(&mut self) -> Result<(), TestCaseError> {
        for job in self.state.take_due(self.now) {
            let Job::Announce(job) = job else {
                if let Job::Scrape { id, .. } = job {
                    self.state.finish_scrape(id, None);
                }
                continue;
            };
            prop_assert!(self.busy.iter().all(|busy| busy.id != job.id));
            let completed = job.events.contains(&Some(Event::Completed));
            if let Some(last) = self.last.insert(job.id, self.now) {
                prop_assert!(completed || self.now - last >= FLOOR, "{:?}", self.now - last);
            }
            if job.events[0] == Some(Event::Started) {
                prop_assert!(!self.started.get(&job.id).copied().unwrap_or_default());
            }
            self.busy.push(job);
        }
        // Nothing more is due at this moment, so that the task sleeps.
        prop_assert!(self.state.next(self.now).is_none_or(|next| next > self.now));
        Ok(())
    }

    fn finish(&mut self, result: Result<Results, Failure>) -> Result<(), TestCaseError> {
        if self.busy.is_empty() {
            return Ok(());
        }
        let job = self.busy.remove(0);
        if result.is_ok() {
            self.started.insert(job.id, true);
            if job.events[0] == Some(Event::Completed) {
                let count = self.completed.entry(job.id).or_default();
                *count += 1;
                prop_assert!(*count <= 1);
            }
        }
        self.state.finish(job.id, result, self.now, 0.5);
        Ok(())
    }

    fn take(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Answer { interval, min, both } => {
                let answer = Answer { interval, min_interval: min, ..Answer::default() };
                let v6 = both.then(|| Ok(answer.clone()));
                self.finish(Ok([Some(Ok(answer)), v6]))?;
            }
            Step::Fail(after) => {
                let retry = after.map_or(Retry::BackOff, |s| Retry::After(Duration::from_secs(s)));
                self.finish(Err(Failure { message: "x".into(), retry, unreachable: true }))?;
            }
            Step::Never => {
                let retry = Retry::Never;
                self.finish(Err(Failure { message: "x".into(), retry, unreachable: false }))?;
            }
            Step::Completed => self.state.completed(),
            Step::AnnounceNow => self.state.announce_now(self.now),
            Step::Wanting(wanting) => self.state.set_wanting(wanting),
            Step::Private(private) => self.state.set_private(private),
            Step::Replace(numbers) => self.state.set_tiers(tiers(&numbers)),
            Step::Pause(seconds) => self.now += Duration::from_secs(seconds.into()),
        }
        self.start()
    }
}

proptest! {
    #[test]
    fn announces_keep_their_distance(
        numbers in proptest::collection::vec(0u8..6, 1..6),
        private: bool,
        steps in proptest::collection::vec((step(), any::<bool>()), 1..80),
    ) {
        let mut torrent = AnnouncedTorrent {
            info_hash: InfoHash([1; 20]),
            peer_id: [2; 20],
            tiers: tiers(&numbers),
            private,
            progress: Arc::new(Progress::default),
            peers: mpsc::channel(1).0,
            complete: false,
        };
        let mut world = World {
            state: State::new(&mut torrent, 80),
            now: Instant::now(),
            busy: Vec::new(),
            last: HashMap::new(),
            completed: HashMap::new(),
            started: HashMap::new(),
        };
        world.start()?;
        for (step, wait) in steps {
            if wait && let Some(next) = world.state.next(world.now) {
                world.now = next;
                world.start()?;
            }
            world.take(step)?;
        }
    }
}

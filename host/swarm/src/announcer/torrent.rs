//! The task of one torrent, and the handle that the rest of the program has of it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::{AbortHandle, Id, JoinHandle, JoinSet};
use tokio::time::{Instant, sleep_until, timeout};

use super::exchange::{Event, Failure, Scrape};
use super::state::{Farewell, Job, State};
use super::status::TrackerStatus;
use super::tiers::TrackerId;
use super::trackers::{Results, Trackers};
use super::{AnnouncedTorrent, Announcer, ProgressFn, TrackerPeers};

/// The announces of one torrent. Dropping it ends them at once, without `stopped`.
pub struct TorrentAnnouncer {
    shared: Arc<Shared>,
    task: Mutex<Option<JoinHandle<()>>>,
    abort: AbortHandle,
}

struct Shared {
    trackers: Arc<Trackers>,
    state: Mutex<State>,
    /// The state was changed from outside.
    changed: Notify,
    stopping: AtomicBool,
    progress: RwLock<ProgressFn>,
    peers: mpsc::Sender<TrackerPeers>,
    port: watch::Receiver<Option<u16>>,
}

impl TorrentAnnouncer {
    pub(super) fn start(announcer: &Announcer, mut torrent: AnnouncedTorrent) -> Self {
        let shared = Arc::new(Shared {
            trackers: Arc::clone(&announcer.trackers),
            state: Mutex::new(State::new(&mut torrent, announcer.config.numwant)),
            changed: Notify::new(),
            stopping: AtomicBool::new(false),
            progress: RwLock::new(torrent.progress),
            peers: torrent.peers,
            port: announcer.config.port.clone(),
        });
        let task = announcer.handle.spawn(run(Arc::clone(&shared)));
        let abort = task.abort_handle();
        Self { shared, task: Mutex::new(Some(task)), abort }
    }

    /// All trackers, tier by tier.
    #[must_use]
    pub fn status(&self) -> Vec<TrackerStatus> {
        self.shared.state.lock().status(Instant::now())
    }

    /// Replaces the trackers. Trackers that stay keep their state and are not announced to again; those
    /// that go are told `stopped` if they know us. At most 256 are used, each once.
    pub fn set_tiers(&self, tiers: Vec<Vec<String>>) {
        self.change(|state| state.set_tiers(tiers));
    }

    /// Notes that the torrent is private or is not, as its metadata says (BEP 27).
    pub fn set_private(&self, private: bool) {
        self.change(|state| state.set_private(private));
    }

    /// Announces as soon as the trackers allow: 30 s after the announce before, or after the tracker's
    /// `min interval`. Trackers that failed are asked again without their back-off.
    pub fn announce_now(&self) {
        self.change(|state| state.announce_now(Instant::now()));
    }

    /// Asks the trackers that work for seeds, leechers and downloads (BEP 15, 48), each at most every
    /// 15 minutes. This happens without being asked for where announces are answered without counts.
    pub fn scrape(&self) {
        self.change(|state| state.scrape(Instant::now()));
    }

    /// Sends `completed`, once, to each tracker that was asked before. Without effect if the torrent
    /// was complete when it was added.
    pub fn completed(&self) {
        self.change(State::completed);
    }

    /// Whether the torrent wants more peers than it has. While it does, trackers that work are asked
    /// again after their `min interval`, or after a quarter of the interval if they name none, never
    /// within 60 s.
    pub fn set_wanting_peers(&self, wanting: bool) {
        self.change(|state| state.set_wanting(wanting));
    }

    /// Replaces the function that gives the numbers.
    pub fn set_progress(&self, progress: ProgressFn) {
        *self.shared.progress.write() = progress;
    }

    /// Ends all announces and tells `stopped` to every tracker that has answered since the start, all
    /// at the same time; `completed` before it where that has not been told yet. Returns when all have
    /// answered or failed, at the latest after `patience`.
    pub async fn stop(&self, patience: Duration) {
        let task = self.task.lock().take();
        self.shared.stopping.store(true, Ordering::Release);
        self.shared.changed.notify_one();
        if let Some(task) = task {
            // A task that panicked has nothing left to do either.
            let _ = timeout(patience, task).await;
            self.abort.abort();
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.shared.state.lock());
        self.shared.changed.notify_one();
    }
}

impl Drop for TorrentAnnouncer {
    fn drop(&mut self) {
        self.abort.abort();
    }
}

/// The end of a job.
enum Done {
    Announce(TrackerId, Box<Result<Results, Failure>>),
    Scrape(TrackerId, Option<Scrape>),
    Farewell,
}

/// Jobs under way. Dropping them ends them.
#[derive(Default)]
struct Jobs {
    tasks: JoinSet<Done>,
    running: HashMap<Id, Running>,
}

/// A job that belongs to a tracker.
struct Running {
    tracker: TrackerId,
    scrape: bool,
    /// It tells `completed`.
    completed: bool,
    abort: AbortHandle,
}

async fn run(shared: Arc<Shared>) {
    let mut jobs = Jobs::default();
    let mut port = shared.port.clone();
    let mut port_lives = true;
    let mut announced = *port.borrow_and_update();
    while !shared.stopping.load(Ordering::Acquire) {
        let next = shared.start_due(&mut jobs);
        tokio::select! {
            () = shared.changed.notified() => {}
            done = jobs.tasks.join_next_with_id(), if !jobs.tasks.is_empty() => {
                shared.finish(&mut jobs, done);
            }
            () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {}
            changed = port.changed(), if port_lives => match changed {
                Ok(()) => {
                    let now = *port.borrow_and_update();
                    if std::mem::replace(&mut announced, now) != now {
                        shared.state.lock().port_changed(Instant::now());
                    }
                }
                Err(_) => port_lives = false,
            },
        }
    }
    shared.say_goodbye(jobs).await;
}

impl Shared {
    /// Starts the work that is due. Returns when more is due.
    fn start_due(self: &Arc<Self>, jobs: &mut Jobs) -> Option<Instant> {
        let now = Instant::now();
        let due = self.state.lock().take_due(now);
        for job in due {
            self.start(jobs, job);
        }
        self.state.lock().next(now)
    }

    fn start(self: &Arc<Self>, jobs: &mut Jobs, job: Job) {
        let shared = Arc::clone(self);
        match job {
            Job::Announce(job) => {
                let completed = job.events.contains(&Some(Event::Completed));
                let tracker = job.id;
                let abort = jobs.tasks.spawn(async move {
                    let requests = shared.requests(job.events, &job.tracker_id);
                    let result = shared
                        .trackers
                        .announce(&job.target, &requests, job.attempt, Some(&shared.peers))
                        .await;
                    Done::Announce(job.id, Box::new(result))
                });
                let running = Running { tracker, scrape: false, completed, abort };
                jobs.running.insert(running.abort.id(), running);
            }
            Job::Scrape { id, target, info_hash } => {
                let abort = jobs.tasks.spawn(async move {
                    let result = shared.trackers.scrape(&target, &info_hash).await;
                    Done::Scrape(id, result.ok())
                });
                let running = Running { tracker: id, scrape: true, completed: false, abort };
                jobs.running.insert(running.abort.id(), running);
            }
            Job::Farewell(job) => {
                jobs.tasks.spawn(shared.farewell(job));
            }
        }
    }

    fn requests(
        &self,
        events: [Option<Event>; 2],
        tracker_id: &Option<Vec<u8>>,
    ) -> [Option<super::Request>; 2] {
        let progress = Arc::clone(&self.progress.read());
        let progress = progress();
        let port = *self.port.borrow();
        let identity = self.state.lock().identity.clone();
        events.map(|event| Some(identity.request(event?, progress, port, tracker_id.clone())))
    }

    async fn farewell(self: Arc<Self>, job: Farewell) -> Done {
        for events in job.events {
            let requests = self.requests(events, &job.tracker_id);
            // There is nothing to be done about a tracker that cannot be told.
            let _ = self.trackers.announce(&job.target, &requests, 0, None).await;
        }
        Done::Farewell
    }

    /// Takes the end of a job. Returns the tracker that it was for.
    fn finish(
        &self,
        jobs: &mut Jobs,
        done: Option<Result<(Id, Done), tokio::task::JoinError>>,
    ) -> Option<TrackerId> {
        let mut state = self.state.lock();
        match done? {
            Ok((id, done)) => {
                let running = jobs.running.remove(&id);
                match done {
                    Done::Announce(id, result) => {
                        state.finish(id, *result, Instant::now(), rand::random());
                    }
                    Done::Scrape(id, result) => state.finish_scrape(id, result),
                    Done::Farewell => {}
                }
                running.map(|running| running.tracker)
            }
            Err(error) => {
                let running = jobs.running.remove(&error.id())?;
                if running.scrape {
                    state.finish_scrape(running.tracker, None);
                } else if error.is_panic() {
                    let failure = Failure::refused("An internal error occurred.");
                    state.finish(running.tracker, Err(failure), Instant::now(), rand::random());
                } else {
                    state.abandon(running.tracker);
                }
                Some(running.tracker)
            }
        }
    }

    /// Ends what is under way and tells `stopped`. An announce of `completed` is not broken off,
    /// because the tracker may have counted it already.
    async fn say_goodbye(self: Arc<Self>, mut jobs: Jobs) {
        let mut waiting = Vec::new();
        for running in jobs.running.values() {
            if running.completed {
                waiting.push(running.tracker);
            } else {
                running.abort.abort();
            }
        }
        let ids = self.state.lock().ids();
        for id in ids.into_iter().filter(|id| !waiting.contains(id)) {
            self.dismiss(&mut jobs, id);
        }
        let leaving = self.state.lock().take_leaving();
        for job in leaving {
            self.start(&mut jobs, Job::Farewell(job));
        }
        while let Some(done) = jobs.tasks.join_next_with_id().await {
            if let Some(id) = self.finish(&mut jobs, Some(done))
                && waiting.contains(&id)
            {
                waiting.retain(|one| *one != id);
                self.dismiss(&mut jobs, id);
            }
        }
    }

    fn dismiss(self: &Arc<Self>, jobs: &mut Jobs, id: TrackerId) {
        let farewell = self.state.lock().farewell(id);
        if let Some(job) = farewell {
            self.start(jobs, Job::Farewell(job));
        }
    }
}

//! What a client hears unasked.
//!
//! One task for each connection that subscribed. It waits for a change, for its interval, and for
//! room on the way out, and only then looks what has changed: a slow reader gets fewer, newer
//! notifications, never a backlog.

use std::collections::HashSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::{broadcast, mpsc};
use tokio::task::AbortHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use torrpeddo_protocol::jsonrpc;
use torrpeddo_protocol::limits;
use torrpeddo_protocol::methods::Topic;
use torrpeddo_protocol::notifications::{Event, Notification, SessionChanged, TorrentsChanged};
use torrpeddo_protocol::{Session, Torrent};

use super::Connection;
use crate::engine::Watcher;
use crate::manager::{Delta, Manager, weight};

/// How often when the client does not say.
const INTERVAL_MS: u64 = 1000;

/// How many bytes of torrents go into one frame.
const FRAME_BYTES: usize = limits::FRAME_TO_CLIENT / 2;

/// And into the first one of a whole list: a screenful, which a browser has in a moment. It reads what
/// a host says in small pieces.
const SCREEN_BYTES: usize = 24 << 10;

/// A running subscription; dropping it ends it.
pub(crate) struct Subscription {
    connection: Weak<Connection>,
    topics: HashSet<Topic>,
    interval: Duration,
    task: AbortHandle,
    _watcher: Watcher,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Subscription {
    /// Begins to tell of `topics`, besides those that `running` told of.
    pub fn begin(
        connection: &Arc<Connection>,
        running: Option<Self>,
        topics: &[Topic],
        interval_ms: Option<u64>,
    ) -> Option<Self> {
        let mut all: HashSet<Topic> = topics.iter().copied().collect();
        if let Some(running) = &running {
            all.extend(&running.topics);
        }
        drop(running);
        let interval_ms = interval_ms
            .unwrap_or(INTERVAL_MS)
            .clamp(limits::INTERVAL_MS_MIN, limits::INTERVAL_MS_MAX);
        Self::start(connection, all, Duration::from_millis(interval_ms))
    }

    /// Whether it tells of events.
    pub fn has_events(&self) -> bool {
        self.topics.contains(&Topic::Events)
    }

    /// Goes on without some topics, or ends.
    pub fn without(self, topics: Option<&[Topic]>) -> Option<Self> {
        let topics = topics?;
        let left = self.topics.iter().copied().filter(|topic| !topics.contains(topic)).collect();
        Self::start(&self.connection.upgrade()?, left, self.interval)
    }

    fn start(
        connection: &Arc<Connection>,
        topics: HashSet<Topic>,
        interval: Duration,
    ) -> Option<Self> {
        if topics.is_empty() {
            return None;
        }
        let manager = connection.engine.manager().clone();
        let watcher = connection.engine.watch(interval);
        let teller = Teller {
            torrents: topics.contains(&Topic::Torrents),
            session: topics.contains(&Topic::Session),
            events: topics.contains(&Topic::Events).then(|| manager.events()),
            out: connection.out.clone(),
            manager,
            known: None,
            told: None,
        };
        let task = tokio::spawn(teller.run(interval)).abort_handle();
        Some(Self {
            connection: Arc::downgrade(connection),
            topics,
            interval,
            task,
            _watcher: watcher,
        })
    }
}

struct Teller {
    manager: Manager,
    out: mpsc::Sender<Vec<u8>>,
    torrents: bool,
    session: bool,
    events: Option<broadcast::Receiver<Event>>,
    /// The last change that the client knows of.
    known: Option<u64>,
    /// The totals that it knows.
    told: Option<Session>,
}

impl Teller {
    async fn run(mut self, interval: Duration) {
        let mut clock = interval_at(Instant::now(), interval);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let told = loop {
            tokio::select! {
                event = next(self.events.as_mut()) => match event {
                    Some(event) => {
                        self.manager.settled_on_disk().await;
                        if self.send(&event).await.is_none() { break None }
                    }
                    None => self.events = None,
                },
                _ = clock.tick() => if self.tell().await.is_none() { break None },
            }
        };
        // Only a client that is gone ends this loop.
        let () = told.unwrap_or(());
    }

    async fn tell(&mut self) -> Option<()> {
        if self.torrents {
            // With room on the way out first, what is told is new when it leaves.
            drop(self.out.reserve().await.ok()?);
            let delta = self.manager.since(self.known);
            self.known = Some(delta.version);
            if delta.reset || !delta.upsert.is_empty() || !delta.removed.is_empty() {
                self.manager.settled_on_disk().await;
                for frame in frames(delta) {
                    self.send(&frame).await?;
                }
            }
        }
        if self.session {
            drop(self.out.reserve().await.ok()?);
            let session = self.manager.totals();
            if self.told.as_ref() != Some(&session) {
                self.told = Some(session.clone());
                self.send(&SessionChanged(session)).await?;
            }
        }
        Some(())
    }

    async fn send<N: Notification>(&self, notification: &N) -> Option<()> {
        let frame = jsonrpc::notification(N::NAME, notification).ok()?;
        self.out.send(frame).await.ok()
    }
}

async fn next(events: Option<&mut broadcast::Receiver<Event>>) -> Option<Event> {
    let Some(events) = events else { return std::future::pending().await };
    loop {
        match events.recv().await {
            Ok(event) => return Some(event),
            // The client was too slow: it has missed some, and the list tells it how things are.
            Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => return None,
        }
    }
}

/// One change, in as many frames as it needs, each made when it is asked for.
fn frames(delta: Delta) -> impl Iterator<Item = TorrentsChanged> {
    let mut torrents = delta.upsert.into_iter().peekable();
    let mut first = Some((delta.reset, delta.removed));
    std::iter::from_fn(move || {
        let mut frame = TorrentsChanged::default();
        let (mut bytes, mut room) = (0, FRAME_BYTES);
        if let Some((reset, removed)) = first.take() {
            frame.reset = reset;
            frame.removed = removed.iter().map(ToString::to_string).collect();
            // An id takes 43 bytes in JSON; the board remembers few enough for one frame.
            bytes = 43 * removed.len();
            if reset {
                room = SCREEN_BYTES;
            }
        } else {
            torrents.peek()?;
        }
        while let Some(torrent) = torrents.next_if(|next| bytes == 0 || bytes + heavy(next) <= room)
        {
            bytes += heavy(&torrent);
            frame.upsert.push((*torrent).clone());
        }
        frame.more = torrents.peek().is_some();
        Some(frame)
    })
}

/// The most bytes that a torrent takes.
fn heavy(torrent: &Torrent) -> usize {
    weight(torrent) * 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manager::testing::torrent;

    fn of(count: u8, reset: bool) -> Vec<TorrentsChanged> {
        let upsert = (0..count).map(|number| Arc::new(torrent(number, "x"))).collect();
        frames(Delta { reset, upsert, ..Delta::default() }).collect()
    }

    #[test]
    fn a_whole_list_begins_with_a_screenful() {
        let list = of(200, true);
        assert!(list.len() > 1, "{}", list.len());
        let first = &list[0];
        assert!(first.reset && (10..40).contains(&first.upsert.len()), "{}", first.upsert.len());
        let (last, others) = list.split_last().unwrap();
        assert!(others.iter().all(|frame| frame.more) && !last.more);
        assert!(list.iter().skip(1).all(|frame| !frame.reset));
        assert_eq!(list.iter().map(|frame| frame.upsert.len()).sum::<usize>(), 200);
    }

    #[test]
    fn little_is_told_in_one_frame() {
        for (count, reset) in [(0, true), (1, true), (0, false), (100, false)] {
            let told = of(count, reset);
            assert_eq!(told.len(), 1);
            assert!(told[0].reset == reset && !told[0].more);
            assert_eq!(told[0].upsert.len(), usize::from(count));
        }
    }

    #[test]
    fn what_is_larger_than_a_frame_has_one_of_its_own() {
        let large = Arc::new(Torrent { name: "x".repeat(FRAME_BYTES), ..torrent(1, "") });
        let upsert = vec![Arc::clone(&large), large];
        let told: Vec<_> = frames(Delta { upsert, ..Delta::default() }).collect();
        assert_eq!(told.iter().map(|frame| frame.upsert.len()).collect::<Vec<_>>(), [1, 1]);
    }
}

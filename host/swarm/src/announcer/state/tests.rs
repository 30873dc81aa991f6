use std::time::Duration;

use tokio::sync::mpsc;

use super::*;
use crate::announcer::exchange::{Answer, Retry};
use crate::announcer::status::TrackerState;

const MINUTE: Duration = Duration::from_secs(60);

struct Clock {
    state: State,
    now: Instant,
}

fn torrent(tiers: &[&[&str]], private: bool) -> AnnouncedTorrent {
    AnnouncedTorrent {
        info_hash: InfoHash([1; 20]),
        peer_id: [2; 20],
        tiers: tiers
            .iter()
            .map(|tier| tier.iter().map(|url| (*url).to_owned()).collect())
            .collect(),
        private,
        progress: Arc::new(Progress::default),
        peers: mpsc::channel(1).0,
        complete: false,
    }
}

fn clock(tiers: &[&[&str]], private: bool) -> Clock {
    Clock { state: State::new(&mut torrent(tiers, private), 80), now: Instant::now() }
}

fn answer(interval: i64) -> Result<Results, Failure> {
    let answer =
        Answer { interval: Some(interval), seeds: Some(1), leechers: Some(1), ..Answer::default() };
    Ok([Some(Ok(answer)), None])
}

fn failure() -> Result<Results, Failure> {
    Err(Failure::unreachable("silent"))
}

impl Clock {
    fn url(&self, id: TrackerId) -> &str {
        &self.state.trackers[&id].url
    }

    /// The announces that are due, as URL and IPv4 event.
    fn due(&mut self) -> Vec<(TrackerId, String, Event)> {
        let jobs = self.state.take_due(self.now);
        jobs.into_iter()
            .map(|job| match job {
                Job::Announce(job) => {
                    (job.id, self.url(job.id).to_owned(), job.events[0].expect("an IPv4 event"))
                }
                other => panic!("{other:?}"),
            })
            .collect()
    }

    /// The only announce that is due.
    fn one(&mut self) -> (TrackerId, String, Event) {
        let due = self.due();
        assert_eq!(due.len(), 1, "{due:?}");
        due.into_iter().next().expect("one announce")
    }

    fn finish(&mut self, id: TrackerId, result: Result<Results, Failure>) {
        self.state.finish(id, result, self.now, 0.0);
    }

    /// Goes on to the next announce and returns how long that took.
    fn wait(&mut self) -> Duration {
        let next = self.state.next(self.now).expect("something is due");
        let waited = next.saturating_duration_since(self.now);
        self.now += waited;
        waited
    }

    fn shown(&self, url: &str) -> TrackerStatus {
        let all = self.state.status(self.now);
        all.into_iter().find(|one| one.url == url).expect("a tracker")
    }
}

#[test]
fn each_tier_of_a_public_torrent_is_announced_to() {
    let mut clock =
        clock(&[&["http://a/", "http://b/"], &["http://c/"], &[], &["ftp://d/"]], false);
    let due = clock.due();
    assert_eq!(due.len(), 2);
    assert!(due.iter().all(|(.., event)| *event == Event::Started));
    assert_eq!(due[1].1, "http://c/");
    assert_eq!(clock.shown("http://c/").state, TrackerState::Updating);
    let disabled = clock.shown("ftp://d/");
    assert_eq!((disabled.state, disabled.tier), (TrackerState::Disabled, 3));
    assert!(disabled.message.unwrap().contains("supported"));
    assert_eq!(clock.state.next(clock.now), None);
}

#[test]
fn the_next_tracker_of_a_tier_is_asked_at_once() {
    let mut clock = clock(&[&["http://a/", "http://b/", "http://c/"]], false);
    let (first, ..) = clock.one();
    clock.finish(first, failure());
    let (second, url, _) = clock.one();
    assert_ne!(first, second);
    clock.finish(second, answer(1_800));
    assert_eq!(clock.state.status(clock.now)[0].url, url, "it went to the front");
    assert_eq!(clock.state.status(clock.now)[0].state, TrackerState::Working);
    // The third one is never asked, and the first only when the second fails.
    assert_eq!(clock.wait(), 30 * MINUTE);
    assert_eq!(clock.one(), (second, url, Event::None));
    clock.finish(second, failure());
    let (next, _, event) = clock.one();
    assert_eq!(event, Event::Started);
    clock.finish(next, failure());
    clock.one();
}

#[test]
fn failures_back_off() {
    let mut clock = clock(&[&["http://a/"]], false);
    let mut waits = Vec::new();
    for _ in 0..9 {
        let (id, _, event) = clock.one();
        assert_eq!(event, Event::Started);
        clock.now += MINUTE / 2;
        clock.finish(id, failure());
        waits.push(clock.wait().as_secs());
    }
    assert_eq!(waits, [15, 30, 60, 120, 240, 480, 960, 1_800, 1_800]);
    let shown = clock.shown("http://a/");
    assert_eq!((shown.state, shown.failures), (TrackerState::Failed, 9));
    assert_eq!(shown.message.as_deref(), Some("silent"));
    assert_eq!(shown.next_announce, Some(clock.now.into_std()));
}

#[test]
fn thirty_seconds_pass_between_announces() {
    let mut clock = clock(&[&["http://a/"]], false);
    let (id, ..) = clock.one();
    clock.finish(id, failure());
    assert_eq!(clock.wait(), MINUTE / 2, "not 15 s, because it failed at once");
    let (id, ..) = clock.one();
    clock.finish(id, answer(1));
    assert_eq!(clock.wait(), MINUTE);
    let (id, ..) = clock.one();
    clock.state.announce_now(clock.now + Duration::from_secs(1));
    clock.finish(id, answer(1_800));
    assert_eq!(clock.wait(), MINUTE / 2);
}

#[test]
fn a_private_torrent_asks_one_tracker_after_the_other() {
    let mut clock = clock(&[&["http://a/"], &["http://b/"], &["http://c/"]], true);
    let (a, url, _) = clock.one();
    assert_eq!(url, "http://a/");
    clock.finish(a, failure());
    let (b, url, _) = clock.one();
    assert_eq!(url, "http://b/");
    clock.finish(b, answer(1_800));
    assert_eq!(clock.wait(), 30 * MINUTE, "the first one is left alone while the second works");
    let (id, ..) = clock.one();
    assert_eq!(id, a, "and is asked first again (BEP 12)");
    clock.finish(a, failure());
    assert_eq!(clock.one().0, b);
}

#[test]
fn started_is_sent_until_it_is_answered_and_completed_once() {
    let mut clock = clock(&[&["http://a/", "http://b/"]], false);
    let (one, ..) = clock.one();
    clock.finish(one, failure());
    let (two, ..) = clock.one();
    clock.state.completed();
    clock.finish(two, answer(1_800));
    assert_eq!((clock.wait(), clock.one().2), (Duration::ZERO, Event::Completed));
    clock.finish(two, answer(1_800));
    clock.state.completed();
    assert_eq!((clock.wait(), clock.one().2), (30 * MINUTE, Event::None));
    clock.finish(two, failure());
    // The first one was asked before the torrent became complete: it learns both.
    let (id, _, event) = clock.one();
    assert_eq!((id, event), (one, Event::Started));
    clock.finish(one, answer(1_800));
    assert_eq!((clock.wait(), clock.one().2), (Duration::ZERO, Event::Completed));
}

#[test]
fn completed_is_not_told_to_those_that_were_not_asked_before() {
    let mut clock = clock(&[&["http://a/"], &["http://b/"]], false);
    let due = clock.due();
    clock.finish(due[0].0, answer(1_800));
    clock.state.set_tiers(vec![vec!["http://a/".into()], vec!["http://c/".into()]]);
    clock.state.completed();
    let events: Vec<_> = clock.due().into_iter().map(|(_, url, event)| (url, event)).collect();
    assert_eq!(
        events,
        [("http://a/".to_owned(), Event::Completed), ("http://c/".to_owned(), Event::Started)]
    );
}

#[test]
fn a_torrent_that_was_complete_never_completes() {
    let mut torrent = torrent(&[&["http://a/"]], false);
    torrent.complete = true;
    let mut clock = Clock { state: State::new(&mut torrent, 80), now: Instant::now() };
    let (id, ..) = clock.one();
    clock.state.completed();
    clock.finish(id, answer(1_800));
    assert_eq!(clock.wait(), 30 * MINUTE);
}

#[test]
fn a_silent_family_causes_no_repetition() {
    let mut clock = clock(&[&["http://a/"]], false);
    let (id, ..) = clock.one();
    let both = || {
        let answer = Answer { seeds: Some(1), leechers: Some(1), ..Answer::default() };
        Ok([Some(Ok(answer.clone())), Some(Ok(answer))])
    };
    clock.finish(id, both());
    clock.state.completed();
    clock.one();
    let [v4, _] = both().unwrap();
    clock.finish(id, Ok([v4, Some(Err(Failure::unreachable("silent")))]));
    assert_eq!(clock.wait(), 30 * MINUTE);
}

#[test]
fn retries_follow_the_tracker() {
    let mut clock = clock(&[&["http://a/"]], false);
    let after = |retry| Err(Failure { message: "x".into(), retry, unreachable: false });
    let (id, ..) = clock.one();
    clock.finish(id, after(Retry::After(7 * MINUTE)));
    assert_eq!(clock.wait(), 7 * MINUTE);
    clock.one();
    clock.finish(id, after(Retry::Never));
    assert_eq!(clock.state.next(clock.now), None);
    assert_eq!(clock.shown("http://a/").next_announce, None);
    clock.state.announce_now(clock.now);
    assert_eq!(clock.wait(), MINUTE / 2);
    clock.one();
}

#[test]
fn wanting_peers_and_the_user_shorten_the_wait_within_limits() {
    let mut clock = clock(&[&["http://a/", "http://b/"]], false);
    let (id, ..) = clock.one();
    clock.finish(id, answer(1_800));
    clock.state.set_wanting(true);
    assert_eq!(clock.wait(), Duration::from_secs(450));
    clock.one();
    let answer = Answer {
        interval: Some(1_800),
        min_interval: Some(600),
        seeds: Some(1),
        leechers: Some(1),
        ..Answer::default()
    };
    clock.finish(id, Ok([Some(Ok(answer)), None]));
    assert_eq!(clock.state.next(clock.now), Some(clock.now + 10 * MINUTE));
    clock.state.set_wanting(false);
    clock.state.announce_now(clock.now + MINUTE);
    assert_eq!(clock.wait(), 10 * MINUTE, "the other tracker of the tier is no way round it");
    assert_eq!(clock.one().0, id);
    clock.finish(id, self::answer(1_800));
    assert_eq!(clock.wait(), 30 * MINUTE, "asked for once, announced once");
}

#[test]
fn announce_now_ends_the_back_off() {
    let mut clock = clock(&[&["http://a/"]], false);
    for _ in 0..6 {
        let (id, ..) = clock.one();
        clock.finish(id, failure());
        clock.wait();
    }
    let (id, ..) = clock.one();
    clock.finish(id, failure());
    clock.now += MINUTE;
    clock.state.announce_now(clock.now);
    assert_eq!(clock.wait(), Duration::ZERO);
    clock.one();
}

#[test]
fn trackers_are_replaced_without_forgetting() {
    let mut clock = clock(&[&["http://a/"], &["http://b/"]], false);
    for (id, ..) in clock.due() {
        clock.finish(id, answer(1_800));
    }
    clock.now += MINUTE;
    clock
        .state
        .set_tiers(vec![vec!["http://c/".into()], vec![" http://a/ ".into(), String::new()]]);
    let jobs = clock.state.take_due(clock.now);
    assert_eq!(jobs.len(), 2);
    assert!(jobs.iter().any(|job| matches!(job, Job::Farewell(gone)
        if gone.events == [[Some(Event::Stopped), None]])));
    assert!(jobs.iter().any(|job| matches!(job, Job::Announce(new)
        if clock.url(new.id) == "http://c/")));
    assert_eq!((clock.shown("http://a/").tier, clock.wait()), (1, 29 * MINUTE));
}

#[test]
fn trackers_are_bounded() {
    let many: Vec<_> = (0..1_000).map(|number| vec![format!("http://t{number}/")]).collect();
    let mut clock = clock(&[], false);
    assert_eq!(clock.state.next(clock.now), None);
    clock.state.set_tiers(many);
    assert_eq!(clock.state.ids().len(), MAX_TRACKERS);
    let due = clock.due();
    assert_eq!((due.len(), clock.due().len()), (MAX_BUSY, 0));
    assert_eq!(clock.state.next(clock.now), None);
    clock.finish(due[0].0, answer(1_800));
    assert_eq!(clock.due().len(), 1);
    let twice = vec![vec!["http://a/".into(), "http://a/".into()], vec!["http://a/".into()]];
    clock.state.set_tiers(twice);
    assert_eq!(clock.state.ids().len(), 1);
}

#[test]
fn counts_are_scraped_where_they_are_missing() {
    let mut clock = clock(&[&["http://a/announce"]], false);
    let (id, ..) = clock.one();
    clock.finish(id, Ok([Some(Ok(Answer::default())), None]));
    assert!(matches!(clock.state.take_due(clock.now)[..], [Job::Scrape { .. }]));
    clock
        .state
        .finish_scrape(id, Some(Scrape { seeds: Some(3), leechers: Some(4), downloads: Some(5) }));
    let shown = clock.shown("http://a/announce");
    assert_eq!((shown.seeds, shown.leechers, shown.downloads), (Some(3), Some(4), Some(5)));
    clock.state.scrape(clock.now + MINUTE);
    assert!(clock.state.take_due(clock.now).is_empty(), "not again within 15 minutes");
    clock.state.scrape(clock.now + 15 * MINUTE);
    assert_eq!(clock.state.take_due(clock.now).len(), 1);
}

#[test]
fn farewells_go_to_those_that_know_us() {
    let mut clock = clock(&[&["http://a/"], &["http://b/"], &["http://c/"]], false);
    let due = clock.due();
    clock.finish(due[0].0, answer(1_800));
    clock.finish(due[1].0, failure());
    let farewells: Vec<_> =
        clock.state.ids().into_iter().filter_map(|id| clock.state.farewell(id)).collect();
    assert_eq!(farewells.len(), 1);
    assert_eq!(farewells[0].events, [[Some(Event::Stopped), None]]);
    clock.state.completed();
    let farewell = clock.state.farewell(due[0].0).unwrap();
    assert_eq!(farewell.events, [[Some(Event::Completed), None], [Some(Event::Stopped), None]]);
}

#[test]
fn requests_tell_no_zero_for_what_is_unknown() {
    let state = clock(&[], false).state;
    let request = |event, left, port| {
        let progress = Progress { uploaded: 1, downloaded: 2, left };
        state.identity.request(event, progress, port, None)
    };
    let magnet = request(Event::Started, None, None);
    assert_eq!((magnet.left, magnet.port, magnet.numwant), (UNKNOWN_LEFT, 1, 80));
    let stopped = request(Event::Stopped, Some(0), Some(6_881));
    assert_eq!((stopped.left, stopped.port, stopped.numwant), (0, 6_881, 0));
    assert_eq!(request(Event::None, None, Some(0)).port, 1);
}

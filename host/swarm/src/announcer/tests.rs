//! Whole torrents against scripted trackers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::testing::{
    HttpTracker, Reply, UdpTracker, is_connect, network, ok, parameter, udp_answer,
};
use super::*;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);
const BODY: &[u8] =
    b"d8:completei1e10:incompletei2e8:intervali1800e5:peers6:\xc0\x00\x02\x01\x1a\xe1e";

/// A torrent with its announcer.
struct Setup {
    announcer: Announcer,
    port: watch::Sender<Option<u16>>,
    left: Arc<AtomicU64>,
}

/// Stands for an unknown size in [`Setup::left`].
const UNKNOWN: u64 = u64::MAX;

fn setup() -> Setup {
    let (port, receiver) = watch::channel(Some(6_881));
    let config = AnnouncerConfig {
        user_agent: "Torrpeddo/1.0".into(),
        port: receiver,
        numwant: 80,
        ipv4: true,
        ipv6: true,
    };
    let names: &[(&str, &[&str])] = &[
        ("both.example", &["127.0.0.1", "::1"]),
        ("peer.example", &["192.0.2.77", "2001:db8::77"]),
    ];
    let announcer = Announcer::in_network(config, network(names)).unwrap();
    Setup { announcer, port, left: Arc::new(AtomicU64::new(UNKNOWN)) }
}

impl Setup {
    fn torrent(&self, tiers: &[&[&str]]) -> (AnnouncedTorrent, mpsc::Receiver<TrackerPeers>) {
        let (peers, receiver) = mpsc::channel(4);
        let left = Arc::clone(&self.left);
        let torrent = AnnouncedTorrent {
            info_hash: InfoHash([1; 20]),
            peer_id: *b"-TP0100-abcdefghijkl",
            tiers: tiers
                .iter()
                .map(|tier| tier.iter().map(|url| (*url).to_owned()).collect())
                .collect(),
            private: false,
            progress: Arc::new(move || {
                let left = Some(left.load(Ordering::SeqCst)).filter(|left| *left != UNKNOWN);
                Progress { uploaded: 1, downloaded: 2, left }
            }),
            peers,
            complete: false,
        };
        (torrent, receiver)
    }

    fn add(&self, urls: &[&str]) -> (TorrentAnnouncer, mpsc::Receiver<TrackerPeers>) {
        let tiers: Vec<_> = urls.iter().map(std::slice::from_ref).collect();
        let (torrent, peers) = self.torrent(&tiers);
        (self.announcer.add(torrent), peers)
    }
}

/// `event left numwant` of a request.
fn summary(head: &str) -> String {
    let get = |name| parameter(head, name).unwrap_or_else(|| "-".into());
    format!("{} {} {}", get("event"), get("left"), get("numwant"))
}

/// The same of a UDP announce.
fn udp_summary(packet: &[u8]) -> String {
    let number = |at: usize, len: usize| {
        packet[at..at + len].iter().fold(0u64, |all, byte| all << 8 | u64::from(*byte))
    };
    let event = ["-", "completed", "started", "stopped"][packet[83] as usize];
    format!("{event} {} {}", number(64, 8), number(92, 4))
}

/// Waits until a torrent is shown as expected.
async fn shown(torrent: &TorrentAnnouncer, expected: impl Fn(&[TrackerStatus]) -> bool) {
    while !expected(&torrent.status()) {
        sleep(Duration::from_millis(10)).await;
    }
}

fn state(state: TrackerState) -> impl Fn(&[TrackerStatus]) -> bool {
    move |all| all.iter().all(|one| one.state == state)
}

const SEQUENCE: [&str; 5] =
    ["started 16384 80", "- 500 80", "completed 0 80", "- 0 80", "stopped 0 0"];

#[tokio::test(start_paused = true)]
async fn the_life_of_a_torrent_as_http_and_udp_trackers_see_it() {
    let setup = setup();
    let http = HttpTracker::fixed(BODY).await;
    let udp = UdpTracker::start("127.0.0.1", |packet, _| Some(udp_answer(packet, 5, &[]))).await;
    let udp_url = format!("udp://{}/announce", udp.address);
    let (torrent, mut peers) = setup.add(&[&http.url("/announce"), &udp_url]);
    let found = peers.recv().await.unwrap();
    assert_eq!(found.peers, ["192.0.2.1:6881".parse().unwrap()]);
    assert!(found.from_local_tracker);
    shown(&torrent, state(TrackerState::Working)).await;
    setup.left.store(500, Ordering::SeqCst);
    sleep(HOUR / 2 + SECOND).await;
    shown(&torrent, state(TrackerState::Working)).await;
    setup.left.store(0, Ordering::SeqCst);
    torrent.completed();
    http.received.wait(3).await;
    shown(&torrent, state(TrackerState::Working)).await;
    torrent.completed();
    sleep(HOUR / 2 + SECOND).await;
    shown(&torrent, state(TrackerState::Working)).await;
    torrent.stop(5 * SECOND).await;
    sleep(HOUR).await;
    let heads = http.received.all();
    assert_eq!(heads.iter().map(|head| summary(head)).collect::<Vec<_>>(), SEQUENCE);
    let packets = udp.received.all();
    let announces = packets.iter().filter(|packet| !is_connect(packet));
    assert_eq!(announces.map(|packet| udp_summary(packet)).collect::<Vec<_>>(), SEQUENCE);
    let keys: std::collections::HashSet<_> =
        heads.iter().map(|head| parameter(head, "key").unwrap()).collect();
    assert_eq!((keys.len(), keys.iter().next().unwrap().len()), (1, 8));

    // A second start tells `started` again.
    let (torrent, _peers) = setup.add(&[&http.url("/announce")]);
    shown(&torrent, state(TrackerState::Working)).await;
    assert_eq!(summary(http.received.all().last().unwrap()), "started 0 80");
}

#[tokio::test(start_paused = true)]
async fn odd_intervals_cause_few_announces() {
    for (member, expected) in [
        ("8:intervali1e", 60usize),
        ("8:intervali0e", 2),
        ("8:intervali-1e", 2),
        ("", 2),
        ("8:intervali0e12:min intervali0e", 2),
        ("12:min intervali1e", 2),
        ("8:intervali1e12:min intervali1e", 60),
        ("8:intervali1099511627776e", 1),
        ("8:intervali1800e12:min intervali1099511627776e", 1),
    ] {
        let body = format!("d8:completei1e10:incompletei1e{member}5:peers0:e");
        let tracker =
            HttpTracker::start("127.0.0.1", move |_| Reply::Bytes(ok(body.as_bytes()))).await;
        let setup = setup();
        let (torrent, _peers) = setup.add(&[&tracker.url("/announce")]);
        sleep(HOUR - 5 * SECOND).await;
        let count = tracker.received.count();
        // Each announce takes a little of the hour.
        assert!((expected.saturating_sub(3)..=expected).contains(&count), "{member}: {count}");
        assert!(count > 0);
        drop(torrent);
    }
}

#[tokio::test(start_paused = true)]
async fn a_tracker_that_fails_is_shown_and_asked_less_and_less() {
    let setup = setup();
    let tracker = HttpTracker::fixed(b"d14:failure reason13:no\x07 such\n onee").await;
    let (torrent, _peers) = setup.add(&[&tracker.url("/announce")]);
    shown(&torrent, state(TrackerState::Failed)).await;
    let status = torrent.status().remove(0);
    assert_eq!(status.message.as_deref(), Some("no such one"));
    assert!(status.next_announce.is_some() && status.failures == 1);
    sleep(4 * HOUR).await;
    let count = tracker.received.count();
    assert!((10..=17).contains(&count), "{count}");
    torrent.stop(SECOND).await;
    assert_eq!(tracker.received.count(), count, "it does not know us");
}

#[tokio::test(start_paused = true)]
async fn warnings_and_counts_are_shown() {
    let setup = setup();
    let body: &[u8] =
        b"d8:completei3e10:downloadedi5e11:external ip4:\xc0\x00\x02\x0910:incompletei4e5:peers0:\
          15:warning message3:olde";
    let tracker = HttpTracker::fixed(body).await;
    let (torrent, _peers) = setup.add(&[&tracker.url("/announce"), "wss://a.example/"]);
    shown(&torrent, |all| all[0].state == TrackerState::Working).await;
    let all = torrent.status();
    assert_eq!((all[0].seeds, all[0].leechers, all[0].downloads), (Some(3), Some(4), Some(5)));
    assert_eq!((all[0].peers, all[0].message.as_deref()), (Some(0), Some("old")));
    assert_eq!(all[0].external_ip, Some("192.0.2.9".parse().unwrap()));
    assert!(all[0].last_announce.is_some() && all[0].next_announce > all[0].last_announce);
    assert_eq!((all[1].state, all[1].tier), (TrackerState::Disabled, 1));
}

#[tokio::test(start_paused = true)]
async fn counts_that_are_missing_are_scraped() {
    let setup = setup();
    let tracker = HttpTracker::start("127.0.0.1", |head| {
        let mut body = b"d5:filesd20:".to_vec();
        body.extend([1; 20]);
        body.extend(b"d8:completei4e10:downloadedi6e10:incompletei5eeee");
        Reply::Bytes(ok(if head.starts_with("GET /scrape?") { &body } else { b"d5:peers0:e" }))
    })
    .await;
    let (torrent, _peers) = setup.add(&[&tracker.url("/announce")]);
    shown(&torrent, |all| all[0].downloads == Some(6)).await;
    assert_eq!(torrent.status()[0].seeds, Some(4));
    assert_eq!(tracker.received.count(), 2);
}

#[tokio::test]
async fn every_family_of_a_tracker_is_announced_over() {
    if std::net::UdpSocket::bind("[::1]:0").is_err() {
        return;
    }
    let setup = setup();
    let v4 = HttpTracker::fixed(BODY).await;
    let port = v4.address.port();
    let Ok(listener) = tokio::net::TcpListener::bind(("::1", port)).await else { return };
    let (torrent, mut peers) = setup.add(&[&format!("http://both.example:{port}/announce")]);
    let (stream, _) = listener.accept().await.unwrap();
    assert!(peers.recv().await.is_some(), "peers do not wait for the other family");
    assert_eq!(torrent.status()[0].state, TrackerState::Updating);
    drop((stream, listener));
    shown(&torrent, state(TrackerState::Working)).await;
    torrent.stop(5 * SECOND).await;
    let events: Vec<_> = v4.received.all().iter().map(|head| summary(head)).collect();
    assert_eq!(events, ["started 16384 80", "stopped 16384 0"]);
}

#[tokio::test(start_paused = true)]
async fn peers_with_names_are_resolved() {
    let setup = setup();
    let tracker = HttpTracker::fixed(
        b"d5:peersld2:ip9:192.0.2.14:porti1eed2:ip12:peer.example4:porti2ee\
          d2:ip12:nowhere.test4:porti3eed2:ip0:4:porti3eeee",
    )
    .await;
    let (_torrent, mut peers) = setup.add(&[&tracker.url("/announce")]);
    let all: Vec<_> = [peers.recv().await.unwrap(), peers.recv().await.unwrap()]
        .into_iter()
        .flat_map(|found| found.peers)
        .map(|peer| peer.to_string())
        .collect();
    assert_eq!(all, ["192.0.2.1:1", "192.0.2.77:2", "[2001:db8::77]:2"]);
}

#[tokio::test(start_paused = true)]
async fn stopping_waits_as_long_as_the_caller_does() {
    let setup = setup();
    let tracker =
        HttpTracker::start("127.0.0.1", |head| match parameter(head, "event").as_deref() {
            Some("stopped") => Reply::Silence,
            _ => Reply::Bytes(ok(BODY)),
        })
        .await;
    let udp = UdpTracker::start("127.0.0.1", |packet, _| Some(udp_answer(packet, 5, &[]))).await;
    let udp_url = format!("udp://{}/announce", udp.address);
    let silent = UdpTracker::start("127.0.0.1", |_, _| None).await;
    let silent_url = format!("udp://{}/", silent.address);
    let (torrent, _peers) = setup.add(&[&tracker.url("/announce"), &udp_url, &silent_url]);
    shown(&torrent, |all| all[..2].iter().all(|one| one.state == TrackerState::Working)).await;
    let before = Instant::now();
    torrent.stop(5 * SECOND).await;
    assert_eq!((Instant::now() - before).as_secs(), 5);
    assert_eq!(udp_summary(udp.received.all().last().unwrap()), "stopped 16384 0");
    assert_eq!(silent.received.count(), 1, "it never answered");
    torrent.stop(5 * SECOND).await;
    assert_eq!((Instant::now() - before).as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn completed_is_told_also_when_the_torrent_stops_at_once() {
    let setup = setup();
    let tracker = HttpTracker::fixed(BODY).await;
    let (torrent, _peers) = setup.add(&[&tracker.url("/announce")]);
    shown(&torrent, state(TrackerState::Working)).await;
    setup.left.store(0, Ordering::SeqCst);
    torrent.completed();
    // Once before its task has seen it, once while the announce is under way.
    torrent.stop(5 * SECOND).await;
    let expected = ["started 16384 80", "completed 0 80", "stopped 0 0"];
    let heads = tracker.received.all();
    assert_eq!(heads.iter().map(|head| summary(head)).collect::<Vec<_>>(), expected);

    setup.left.store(UNKNOWN, Ordering::SeqCst);
    let answer = |head: &str| match parameter(head, "event").as_deref() {
        Some("completed") => Reply::Late(SECOND, ok(BODY)),
        _ => Reply::Bytes(ok(BODY)),
    };
    let tracker = HttpTracker::start("127.0.0.1", answer).await;
    let (torrent, _peers) = setup.add(&[&tracker.url("/announce")]);
    shown(&torrent, state(TrackerState::Working)).await;
    setup.left.store(0, Ordering::SeqCst);
    torrent.completed();
    tracker.received.wait(2).await;
    torrent.stop(5 * SECOND).await;
    let heads = tracker.received.all();
    assert_eq!(heads.iter().map(|head| summary(head)).collect::<Vec<_>>(), expected);
}

#[tokio::test(start_paused = true)]
async fn dropping_ends_everything() {
    let setup = setup();
    let tracker = HttpTracker::start("127.0.0.1", |_| Reply::Silence).await;
    let (torrent, mut peers) = setup.add(&[&tracker.url("/announce")]);
    tracker.received.wait(1).await;
    drop(torrent);
    assert_eq!(peers.recv().await, None, "no task holds the sender");
    sleep(HOUR).await;
    assert_eq!(tracker.received.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_new_port_is_announced() {
    let setup = setup();
    setup.port.send_replace(None);
    let tracker = HttpTracker::fixed(BODY).await;
    let (torrent, _peers) = setup.add(&[&tracker.url("/announce")]);
    shown(&torrent, state(TrackerState::Working)).await;
    setup.port.send_replace(Some(7_000));
    let heads = tracker.received.wait(2).await;
    let ports: Vec<_> = heads.iter().map(|head| parameter(head, "port").unwrap()).collect();
    assert_eq!(ports, ["1", "7000"]);
    drop(setup.port);
    sleep(HOUR).await;
    assert!(tracker.received.count() <= 4);
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_is_full_or_gone_does_not_matter() {
    let setup = setup();
    let tracker = HttpTracker::fixed(BODY).await;
    let mut torrents = Vec::new();
    for _ in 0..3 {
        let (torrent, peers) = setup.add(&[&tracker.url("/announce")]);
        torrents.push((torrent, Some(peers)));
    }
    torrents[0].1 = None;
    for hours in 1..=3 {
        sleep(HOUR).await;
        assert!(tracker.received.count() >= 3 * hours);
    }
    let receiver = torrents[1].1.as_mut().unwrap();
    let mut count = 0;
    while receiver.try_recv().is_ok() {
        count += 1;
    }
    assert_eq!(count, 4);
}

#[tokio::test(start_paused = true)]
async fn a_private_torrent_asks_in_turn() {
    let setup = setup();
    let dead = HttpTracker::fixed(b"d14:failure reason1:xe").await;
    let good = HttpTracker::fixed(BODY).await;
    let spare = HttpTracker::fixed(BODY).await;
    let urls = [&dead, &good, &spare].map(|tracker| tracker.url("/announce"));
    let tiers: Vec<[&str; 1]> = urls.iter().map(|url| [url.as_str()]).collect();
    let tiers: Vec<&[&str]> = tiers.iter().map(|tier| &tier[..]).collect();
    let (mut torrent, mut peers) = setup.torrent(&tiers);
    torrent.private = true;
    let torrent = setup.announcer.add(torrent);
    peers.recv().await.unwrap();
    sleep(2 * HOUR).await;
    assert_eq!(spare.received.count(), 0);
    assert!(dead.received.count() >= 2 && good.received.count() >= 4);
    torrent.set_private(false);
    spare.received.wait(1).await;
}

#[tokio::test(start_paused = true)]
async fn changes_reach_the_task() {
    let setup = setup();
    let (one, two) = (HttpTracker::fixed(BODY).await, HttpTracker::fixed(BODY).await);
    let (torrent, _peers) = setup.add(&[&one.url("/announce")]);
    one.received.wait(1).await;
    shown(&torrent, state(TrackerState::Working)).await;
    torrent.set_tiers(vec![vec![two.url("/announce")]]);
    two.received.wait(1).await;
    assert_eq!(summary(&one.received.wait(2).await[1]), "stopped 16384 0");
    torrent.set_progress(Arc::new(|| Progress { left: Some(9), ..Progress::default() }));
    torrent.announce_now();
    let head = two.received.wait(2).await.pop().unwrap();
    assert_eq!(summary(&head), "- 9 80");
    shown(&torrent, state(TrackerState::Working)).await;
    torrent.set_wanting_peers(true);
    timeout(HOUR / 6, two.received.wait(3)).await.unwrap();
    torrent.scrape();
    let heads = two.received.wait(4).await;
    assert!(heads[3].starts_with("GET /scrape?"));
}

#[tokio::test(start_paused = true)]
async fn many_torrents_with_a_dead_tracker_reach_the_good_one() {
    let setup = setup();
    let dead = HttpTracker::start("127.0.0.1", |_| Reply::Silence).await;
    let good = HttpTracker::fixed(BODY).await;
    let mut torrents = Vec::new();
    let before = Instant::now();
    for _ in 0..300 {
        torrents.push(setup.add(&[&dead.url("/announce"), &good.url("/announce")]));
    }
    for (_, peers) in &mut torrents {
        peers.recv().await.unwrap();
    }
    assert!((Instant::now() - before) < 25 * SECOND, "the dead one blocked the good one");
    for (torrent, _) in &torrents {
        shown(torrent, |all| all[0].state == TrackerState::Failed).await;
    }
    assert!((Instant::now() - before) < 90 * SECOND, "all waited for their own time-out");
    assert!(dead.received.count() <= 40, "{}", dead.received.count());
}

#[tokio::test(start_paused = true)]
async fn an_idle_torrent_does_nothing() {
    let setup = setup();
    let (torrent, mut peers) = setup.torrent(&[]);
    let calls = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&calls);
    let torrent = AnnouncedTorrent {
        progress: Arc::new(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            Progress::default()
        }),
        ..torrent
    };
    let torrent = setup.announcer.add(torrent);
    sleep(24 * HOUR).await;
    assert!(torrent.status().is_empty());
    assert_eq!(calls.load(Ordering::SeqCst), 0);
    torrent.stop(SECOND).await;
    assert_eq!(peers.try_recv(), Err(mpsc::error::TryRecvError::Empty));
}

#[test]
fn an_announcer_needs_a_runtime_and_a_header() {
    let config = |user_agent: &str| AnnouncerConfig {
        user_agent: user_agent.into(),
        port: watch::channel(None).1,
        numwant: 1,
        ipv4: true,
        ipv6: false,
    };
    assert!(matches!(Announcer::new(config("a")), Err(AnnouncerError::NoRuntime)));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let _guard = runtime.enter();
    assert!(matches!(Announcer::new(config("a\n")), Err(AnnouncerError::InvalidUserAgent)));
}

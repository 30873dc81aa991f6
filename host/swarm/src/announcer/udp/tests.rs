use tokio::task::JoinSet;

use super::*;
use crate::announcer::testing::{UdpTracker, is_connect, request, udp_answer, udp_error};

const PEER: [u8; 6] = [192, 0, 2, 1, 0x1a, 0xe1];

fn client() -> UdpTrackers {
    UdpTrackers::new(Handle::current())
}

async fn good() -> UdpTracker {
    UdpTracker::start("127.0.0.1", |packet, _| Some(udp_answer(packet, 5, &PEER))).await
}

async fn announce(client: &UdpTrackers, tracker: &UdpTracker) -> Result<Answer, Failure> {
    client.announce(tracker.address, &request(), "/").await
}

#[tokio::test(start_paused = true)]
async fn a_connection_id_is_used_for_a_minute() {
    let (client, tracker) = (client(), good().await);
    let answer = client.announce(tracker.address, &request(), "/a?b=c").await.unwrap();
    assert_eq!(answer.peers, ["192.0.2.1:6881".parse().unwrap()]);
    assert_eq!((answer.interval, answer.leechers, answer.seeds), (Some(1_800), Some(1), Some(2)));
    tokio::time::advance(Duration::from_secs(59)).await;
    announce(&client, &tracker).await.unwrap();
    tokio::time::advance(Duration::from_secs(1)).await;
    announce(&client, &tracker).await.unwrap();
    let packets = tracker.received.all();
    assert_eq!(
        packets.iter().map(|one| is_connect(one)).collect::<Vec<_>>(),
        [true, false, false, true, false]
    );
    assert_eq!(packets[1][..8], 5u64.to_be_bytes());
    assert_eq!(&packets[1][98..], b"\x02\x06/a?b=c");
    let counts = client.scrape(tracker.address, &InfoHash([1; 20])).await.unwrap();
    assert_eq!((counts.seeds, counts.downloads, counts.leechers), (Some(2), Some(3), Some(1)));
}

#[tokio::test(start_paused = true)]
async fn silence_ends_after_a_minute_and_three_packets() {
    let client = client();
    let tracker = UdpTracker::start("127.0.0.1", |_, _| None).await;
    let before = Instant::now();
    let failure = announce(&client, &tracker).await.unwrap_err();
    assert!(failure.unreachable && failure.message == SILENT);
    assert_eq!((Instant::now() - before).as_secs(), TIMEOUT.as_secs());
    assert_eq!(tracker.received.count(), 3);
    let channel = client.channel(Family::V4).unwrap();
    assert!(channel.waiting.lock().is_empty());
}

#[tokio::test(start_paused = true)]
async fn lost_packets_are_sent_again() {
    let client = client();
    let answer = |packet: &[u8], number| (number % 2 == 1).then(|| udp_answer(packet, 5, &PEER));
    let tracker = UdpTracker::start("127.0.0.1", answer).await;
    assert_eq!(announce(&client, &tracker).await.unwrap().peers.len(), 1);
    assert_eq!(tracker.received.count(), 4);
}

#[tokio::test(start_paused = true)]
async fn an_id_that_the_tracker_forgot_is_replaced() {
    let client = client();
    let mut current = 1u64;
    let tracker = UdpTracker::start("127.0.0.1", move |packet, number| {
        if number == 2 {
            current = 2;
        }
        if !is_connect(packet) && packet[..8] != current.to_be_bytes() {
            return Some(udp_error(packet, "unknown connection id"));
        }
        Some(udp_answer(packet, current, &PEER))
    })
    .await;
    announce(&client, &tracker).await.unwrap();
    announce(&client, &tracker).await.unwrap();
    let kinds: Vec<_> = tracker.received.all().iter().map(|one| is_connect(one)).collect();
    assert_eq!(kinds, [true, false, false, true, false]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_told() {
    let client = client();
    let tracker = UdpTracker::start("127.0.0.1", |packet, _| {
        Some(match is_connect(packet) {
            true => udp_answer(packet, 5, &[]),
            false => udp_error(packet, "not registered"),
        })
    })
    .await;
    for packets in [2, 5] {
        let failure = announce(&client, &tracker).await.unwrap_err();
        assert_eq!((failure.message.as_str(), failure.unreachable), ("not registered", false));
        assert_eq!(tracker.received.count(), packets);
    }
}

#[tokio::test(start_paused = true)]
async fn answers_from_elsewhere_and_late_ones_are_ignored() {
    let client = client();
    let stranger = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let ours = client.channel(Family::V4).unwrap().socket.local_addr().unwrap();
    let to = SocketAddr::from(([127, 0, 0, 1], ours.port()));
    // The first connect request is answered from another port, with another id.
    let tracker = UdpTracker::start("127.0.0.1", move |packet, number| {
        if number == 0 {
            stranger.send_to(&udp_answer(packet, 66, &[]), to).unwrap();
            return None;
        }
        Some(udp_answer(packet, 5, &PEER))
    })
    .await;
    announce(&client, &tracker).await.unwrap();
    let packets = tracker.received.all();
    assert_eq!(packets.len(), 3);
    assert_eq!(packets[2][..8], 5u64.to_be_bytes());

    // An answer to a transaction that has ended, then one to no transaction, then a good one.
    let mut kept = Vec::new();
    let tracker = UdpTracker::start("127.0.0.1", move |packet, number| match number {
        0..3 => {
            kept = packet.to_vec();
            None
        }
        3 => Some(udp_answer(&kept, 66, &[])),
        4 => Some(vec![0; 7]),
        _ => Some(udp_answer(packet, 5, &PEER)),
    })
    .await;
    announce(&client, &tracker).await.unwrap_err();
    announce(&client, &tracker).await.unwrap();
    let last = tracker.received.all().pop().unwrap();
    assert_eq!(last[..8], 5u64.to_be_bytes());
}

#[tokio::test(start_paused = true)]
async fn nonsense_is_a_failure() {
    let client = client();
    let tracker = UdpTracker::start("127.0.0.1", |packet, _| {
        let mut answer = udp_answer(packet, 5, &[]);
        answer.truncate(if is_connect(packet) { 16 } else { 12 });
        Some(answer)
    })
    .await;
    assert_eq!(announce(&client, &tracker).await.unwrap_err().message, NONSENSE);
    let zero = "0.0.0.0:80".parse().unwrap();
    assert!(client.announce(zero, &request(), "").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn many_announces_share_one_connect_request() {
    let client = Arc::new(client());
    let tracker = Arc::new(good().await);
    let silent = Arc::new(UdpTracker::start("127.0.0.1", |_, _| None).await);
    let mut tasks = JoinSet::new();
    for number in 0..100 {
        let client = Arc::clone(&client);
        let tracker = Arc::clone(if number % 2 == 0 { &tracker } else { &silent });
        tasks.spawn(async move { announce(&client, &tracker).await.is_ok() });
    }
    let good = tasks.join_all().await.into_iter().filter(|good| *good).count();
    assert_eq!((good, silent.received.count()), (50, 3));
    let connects = tracker.received.all().iter().filter(|one| is_connect(one)).count();
    assert_eq!(connects, 1);
}

#[tokio::test(start_paused = true)]
async fn ipv6_trackers_have_longer_addresses() {
    let peer = [&[0x20, 1, 0xd, 0xb8][..], &[0; 11], &[1, 0x1a, 0xe1]].concat();
    if std::net::UdpSocket::bind("[::1]:0").is_err() {
        return;
    }
    let tracker =
        UdpTracker::start("::1", move |packet, _| Some(udp_answer(packet, 5, &peer))).await;
    let answer = announce(&client(), &tracker).await.unwrap();
    assert_eq!(answer.peers, ["[2001:db8::1]:6881".parse().unwrap()]);
}

#[tokio::test]
async fn connection_ids_are_bounded() {
    let client = client();
    for port in 1..=4_000 {
        let _ = client.connection(SocketAddr::from(([192, 0, 2, 1], port)));
    }
    assert!(client.connections.lock().len() <= MAX_CONNECTIONS);
}

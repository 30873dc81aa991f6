use std::io::Write as _;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::runtime::Handle;

use super::*;
use crate::announcer::testing::{
    HttpTracker, Reply, network, ok, parameter, redirect, request, response,
};

const BODY: &[u8] = b"d8:intervali900e5:peers6:\xc0\x00\x02\x01\x1a\xe1e";

fn client() -> HttpTrackers {
    let names: &[(&str, &[&str])] = &[
        ("local.example", &["127.0.0.1"]),
        ("public.example", &["127.0.0.2"]),
        ("mixed.example", &["127.0.0.2", "127.0.0.1"]),
    ];
    let resolver = Resolver::new(Handle::current(), [true, true], network(names));
    HttpTrackers::new(resolver, "Torrpeddo/1.0".into())
}

async fn announce(url: &str) -> Result<(Answer, bool), Failure> {
    let url = Url::parse(url).unwrap();
    client().announce(&url, Family::V4, &request()).await
}

async fn message(url: &str) -> String {
    announce(url).await.unwrap_err().message
}

#[tokio::test]
async fn a_request_has_what_trackers_need() {
    let tracker = HttpTracker::fixed(BODY).await;
    let (answer, local) = announce(&tracker.url("/announce?passkey=a%2Fb")).await.unwrap();
    assert_eq!((answer.peers.len(), answer.interval, local), (1, Some(900), true));
    let head = tracker.received.all().pop().unwrap();
    assert!(head.starts_with("GET /announce?passkey=a%2Fb&info_hash=%01%01"), "{head}");
    assert_eq!(parameter(&head, "event").as_deref(), Some("started"));
    let lower = head.to_ascii_lowercase();
    assert!(lower.contains("\r\nuser-agent: torrpeddo/1.0\r\n"));
    assert!(!lower.contains("referer") && !lower.contains("cookie"));
}

#[tokio::test]
async fn gzip_is_understood_unasked() {
    for header in ["Content-Encoding: gzip\r\n", ""] {
        let tracker = HttpTracker::start("127.0.0.1", move |_| {
            let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
            gzip.write_all(BODY).unwrap();
            Reply::Bytes(response("200 OK", header, &gzip.finish().unwrap()))
        })
        .await;
        assert_eq!(announce(&tracker.url("/announce")).await.unwrap().0.peers.len(), 1);
    }
}

#[tokio::test]
async fn an_answer_without_an_end_is_cut() {
    let tracker = HttpTracker::start("127.0.0.1", |_| Reply::Endless).await;
    assert_eq!(message(&tracker.url("/announce")).await, TOO_LARGE);
    // What was sent beyond the limit is in the buffers of the sockets.
    assert!(tracker.received.count() < 300, "{} parts", tracker.received.count());
    let tracker = HttpTracker::start("127.0.0.1", |_| {
        Reply::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nd".to_vec())
    })
    .await;
    assert_eq!(message(&tracker.url("/announce")).await, TOO_LARGE);
}

#[tokio::test(start_paused = true)]
async fn silence_is_given_up() {
    let tracker = HttpTracker::start("127.0.0.1", |_| Reply::Silence).await;
    let failure = announce(&tracker.url("/announce")).await.unwrap_err();
    assert_eq!((failure.message.as_str(), failure.unreachable), (SILENT, true));
}

#[tokio::test]
async fn statuses_and_failures_are_told() {
    let answer = |head: &str| {
        Reply::Bytes(if head.contains("/announce/403") {
            response("403 Forbidden", "", b"d14:failure reason6:bannede")
        } else if head.contains("/announce/503") {
            response("503 Service Unavailable", "Retry-After: 120\r\n", b"<html>")
        } else if head.contains("/announce/404") {
            response("404 Not Found", "", BODY)
        } else {
            ok(b"<html>")
        })
    };
    let tracker = HttpTracker::start("127.0.0.1", answer).await;
    assert_eq!(message(&tracker.url("/announce/403")).await, "banned");
    assert!(message(&tracker.url("/announce/404")).await.ends_with("HTTP status 404 Not Found."));
    assert_eq!(message(&tracker.url("/announce")).await, NOT_BENCODED);
    let failure = announce(&tracker.url("/announce/503")).await.unwrap_err();
    assert_eq!(failure.retry, Retry::After(Duration::from_secs(120)));
    let closed = {
        let tracker = HttpTracker::fixed(b"de").await;
        tracker.url("/announce")
    };
    // The listener is closed once its task has ended.
    tokio::task::yield_now().await;
    let failure = announce(&closed).await.unwrap_err();
    assert!(failure.unreachable && !failure.message.contains("127.0.0.1"), "{failure:?}");
    let nowhere = announce("http://nowhere.example/announce").await.unwrap_err();
    assert!(nowhere.unreachable);
}

#[tokio::test]
async fn redirects_are_followed_five_times() {
    let answer = |head: &str| {
        let number: usize = parameter(head, "n").unwrap().parse().unwrap();
        Reply::Bytes(match number {
            0 => ok(BODY),
            number => redirect(&format!("/announce?n={}", number - 1)),
        })
    };
    let tracker = HttpTracker::start("127.0.0.1", answer).await;
    assert!(announce(&tracker.url("/announce?n=5")).await.is_ok());
    assert_eq!(tracker.received.count(), 6);
    assert!(message(&tracker.url("/announce?n=6")).await.contains("too often"));
    let tracker = HttpTracker::start("127.0.0.1", |_| Reply::Bytes(redirect("ftp://a/"))).await;
    assert!(message(&tracker.url("/announce")).await.contains("not valid"));
}

#[tokio::test]
async fn no_redirect_leads_from_a_public_host_to_a_local_one() {
    let local = HttpTracker::fixed(BODY).await;
    let port = local.address.port();
    for target in ["127.0.0.1", "local.example", "mixed.example", "[::ffff:127.0.0.1]", "0.0.0.0"] {
        let to = format!("http://{target}:{port}/announce");
        let public = HttpTracker::start("127.0.0.2", move |_| Reply::Bytes(redirect(&to))).await;
        let url = format!("http://public.example:{}/x", public.address.port());
        assert!(announce(&url).await.is_err(), "{target}");
        assert_eq!(public.received.count(), 1);
    }
    assert_eq!(local.received.count(), 0);
    // The other way round is allowed, and the answer counts as a public one.
    let public = HttpTracker::start("127.0.0.2", |_| Reply::Bytes(ok(BODY))).await;
    let to = format!("http://public.example:{}/x", public.address.port());
    let local = HttpTracker::start("127.0.0.1", move |_| Reply::Bytes(redirect(&to))).await;
    assert!(!announce(&local.url("/announce")).await.unwrap().1);
}

#[tokio::test]
async fn local_hosts_are_asked_for_announces_only() {
    let tracker = HttpTracker::start("127.0.0.1", |head| {
        Reply::Bytes(if head.contains("/announce/away") { redirect("/admin") } else { ok(BODY) })
    })
    .await;
    let port = tracker.address.port();
    for host in ["127.0.0.1", "local.example", "mixed.example"] {
        let url = format!("http://{host}:{port}/cgi-bin/reboot?/announce");
        assert_eq!(message(&url).await, REFUSED_PATH);
    }
    assert_eq!(tracker.received.count(), 0);
    assert_eq!(message(&tracker.url("/announce/away")).await, REFUSED_PATH);
    assert!(announce(&tracker.url("/announce.php")).await.is_ok());
    assert_eq!(tracker.received.count(), 2);
}

#[tokio::test]
async fn scrapes_are_asked_for() {
    let tracker = HttpTracker::start("127.0.0.1", |_| {
        let mut body = b"d5:filesd20:".to_vec();
        body.extend([1; 20]);
        body.extend(b"d8:completei4eeee");
        Reply::Bytes(ok(&body))
    })
    .await;
    let hash = InfoHash([1; 20]);
    let scrape = async |path: &str| {
        let url = Url::parse(&tracker.url(path)).unwrap();
        client().scrape(&url, Family::V4, &hash).await
    };
    assert_eq!(scrape("/announce?k=1").await.unwrap().seeds, Some(4));
    assert!(tracker.received.all()[0].starts_with("GET /scrape?k=1&info_hash=%01"));
    assert!(scrape("/x/announce").await.unwrap_err().message == REFUSED_PATH);
    assert!(scrape("/x").await.is_err());
}

#[tokio::test]
async fn clients_are_made_once() {
    let client = Arc::new(client());
    let one: *const Client = client.client(Family::V4, true).unwrap();
    let two: *const Client = client.client(Family::V4, true).unwrap();
    assert_eq!(one, two);
}

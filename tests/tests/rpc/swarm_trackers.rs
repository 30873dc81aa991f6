//! What trackers are told, and the odd answers that they give.

use std::io::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value as Json, json};
use torrpeddo_tests::bencode::{Value, dictionary};
use torrpeddo_tests::scripted_tracker::{Announce, Answer, compact};
use torrpeddo_tests::torrents::Single;
use torrpeddo_tests::{
    Relay, Sandbox, ScriptedSeeder, ScriptedTracker, process, wait_for, wait_until, wire,
};

use crate::support::{add_magnet, add_single, assert_single, granted, wait_complete, wait_state};

const BYTES: usize = 100_000;

fn told(event: &str, left: usize) -> (String, Option<u64>) {
    (event.into(), Some(left as u64))
}

/// Adds, completes, pauses, resumes and removes a torrent of this tracker, and one more that is there when
/// the engine ends.
#[track_caller]
fn is_told_of_a_whole_life(start: impl Fn(&[SocketAddr]) -> ScriptedTracker) -> ScriptedTracker {
    let (sandbox, torrent) = (Sandbox::new(), Single::public("life.bin", BYTES));
    let seeder = ScriptedSeeder::honest(&torrent);
    let tracker = start(&[seeder.address]);
    let count = |count: usize| {
        wait_until(&format!("event {count} of {:?}", tracker.events()), || {
            tracker.events().len() >= count
        });
    };
    let relay = sandbox.relay();
    let id = add_single(&relay, &torrent, &[tracker.url()]);
    wait_complete(&relay, &id);
    count(2);
    granted(&relay, "pause", &id);
    count(3);
    granted(&relay, "resume", &id);
    count(4);
    granted(&relay, "remove", &id);
    count(5);
    let life = [
        told("started", BYTES),
        told("completed", 0),
        told("stopped", 0),
        told("started", 0),
        told("stopped", 0),
    ];
    assert_eq!(tracker.events(), life);
    let other = Single::public("until the end.bin", BYTES);
    add_single(&relay, &other, &[tracker.url()]);
    count(6);
    sandbox.stop_engine();
    assert_eq!(tracker.events()[5..], [told("started", BYTES), told("stopped", BYTES)]);
    tracker
}

#[test]
fn a_tracker_over_http_is_told_of_the_whole_life_of_a_torrent() {
    let tracker = is_told_of_a_whole_life(|peers| {
        let peers = peers.to_vec();
        ScriptedTracker::http(move |_| Answer::peers(&peers))
    });
    let first = &tracker.announces()[0].request;
    for member in
        ["info_hash=", "peer_id=", "port=", "uploaded=0", "downloaded=0", "compact=1", "key="]
    {
        assert!(first.contains(member), "{first}");
    }
}

#[test]
fn a_tracker_over_udp_is_told_of_the_whole_life_of_a_torrent() {
    let tracker = is_told_of_a_whole_life(ScriptedTracker::udp);
    assert_eq!(tracker.announces()[0].request, "/announce?pass=key");
}

/// Resolves and downloads a magnet whose only source of peers is this tracker.
#[track_caller]
fn a_magnet_has_something_left(start: impl Fn(&[SocketAddr]) -> ScriptedTracker) {
    let (sandbox, torrent) = (Sandbox::new(), Single::public("unknown size.bin", BYTES));
    let seeder = ScriptedSeeder::start(&torrent, |upload| {
        upload.offer_metadata()?;
        upload.bitfield()
    });
    let tracker = start(&[seeder.address]);
    let relay = sandbox.relay();
    let link = tracker.url().replace('?', "%3F").replace('=', "%3D");
    let id = add_magnet(&relay, &format!("{}&tr={link}", torrent.magnet(&[])));
    wait_complete(&relay, &id);
    assert_single(&sandbox, &torrent);
    wait_until("the tracker to hear of the end", || {
        tracker.events().iter().any(|(event, _)| event == "completed")
    });
    let events: Vec<String> = tracker.events().into_iter().map(|(event, _)| event).collect();
    assert_eq!(events, ["started", "completed"]);
    for told in tracker.announces() {
        assert_eq!(told.left == Some(0), told.event == "completed", "{told:?}");
    }
}

#[test]
fn a_magnet_that_resolves_has_something_left_over_http() {
    a_magnet_has_something_left(|peers| {
        let peers = peers.to_vec();
        ScriptedTracker::http(move |_| Answer::peers(&peers))
    });
}

#[test]
fn a_magnet_that_resolves_has_something_left_over_udp() {
    a_magnet_has_something_left(ScriptedTracker::udp);
}

/// A dictionary for one peer (BEP 3).
fn entry(ip: &str, port: Value) -> Value {
    dictionary([("ip", ip.into()), ("peer id", "-XX0000-abcdefghijkl".into()), ("port", port)])
}

fn gzipped(body: &[u8]) -> Answer {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body).expect("memory");
    let body = encoder.finish().expect("memory");
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    Answer::Raw([head.as_bytes(), &body].concat())
}

/// An answer in some form that has one good peer in it.
type Form = fn(SocketAddr) -> Answer;

const FORMS: [(&str, Form); 12] = [
    ("no interval", |peer| Answer::of([("peers", compact(&[peer]))])),
    ("negative interval", |peer| {
        Answer::of([("interval", Value::Number("-1".into())), ("peers", compact(&[peer]))])
    }),
    ("interval that is text", |peer| {
        Answer::of([("interval", "soon".into()), ("peers", compact(&[peer]))])
    }),
    ("huge interval", |peer| {
        Answer::of([("interval", (1 << 40).into()), ("peers", compact(&[peer]))])
    }),
    ("huge min interval", |peer| {
        let interval = [("interval", 1800.into()), ("min interval", (1 << 40).into())];
        Answer::of(interval.into_iter().chain([("peers", compact(&[peer]))]))
    }),
    ("warning", |peer| {
        let warning = "warning message";
        Answer::of([(warning, "old client".into()), ("peers", compact(&[peer]))])
    }),
    ("half an address", |peer| {
        let Value::Bytes(mut peers) = compact(&[peer]) else { unreachable!() };
        peers.extend([127, 0]);
        Answer::of([("interval", 1800.into()), ("peers", Value::Bytes(peers))])
    }),
    ("dictionaries", |peer| {
        let good = entry("127.0.0.1", u64::from(peer.port()).into());
        Answer::of([("interval", 1800.into()), ("peers", Value::List(vec![good]))])
    }),
    ("dictionaries with bad ones among them", |peer| {
        let peers = vec![
            entry("127.0.0.1", "text".into()),
            entry("127.0.0.1", 70_000.into()),
            entry("no address", 1.into()),
            entry("host.invalid", 6881.into()),
            dictionary([("ip", 5.into())]),
            "no dictionary".into(),
            entry("127.0.0.1", u64::from(peer.port()).into()),
        ];
        Answer::of([("interval", 1800.into()), ("peers", Value::List(peers))])
    }),
    ("bad peers6", |peer| {
        Answer::of([("peers", compact(&[peer])), ("peers6", Value::List(vec![]))])
    }),
    ("trailing bytes", |peer| {
        let body = dictionary([("interval", 1800.into()), ("peers", compact(&[peer]))]).encode();
        Answer::Body([body.as_slice(), b"\r\n"].concat())
    }),
    ("gzip", |peer| {
        gzipped(&dictionary([("interval", 1800.into()), ("peers", compact(&[peer]))]).encode())
    }),
];

#[test]
fn every_form_of_answer_with_a_peer_in_it_is_understood() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let added: Vec<_> = FORMS
        .iter()
        .map(|(name, form)| {
            let torrent = Single::public(&format!("{name}.bin"), BYTES);
            let seeder = ScriptedSeeder::honest(&torrent);
            let (form, address) = (*form, seeder.address);
            let tracker = ScriptedTracker::http(move |_| form(address));
            let id = add_single(&relay, &torrent, &[tracker.url()]);
            (torrent, id)
        })
        .collect();
    for (torrent, id) in added {
        wait_complete(&relay, &id);
        assert_single(&sandbox, &torrent);
    }
}

#[test]
fn peers_with_ipv6_addresses_alone_are_found() {
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        eprintln!("skipped, because there is no IPv6 here");
        return;
    }
    let (sandbox, torrent) = (Sandbox::new(), Single::public("six.bin", BYTES));
    let seeder = ScriptedSeeder::at("[::1]:0", &torrent, wire::EXTENSIONS, |_| Ok(()));
    let address = seeder.address;
    let tracker = ScriptedTracker::http(move |_| {
        Answer::of([("interval", 1800.into()), ("peers6", compact(&[address]))])
    });
    let relay = sandbox.relay();
    wait_complete(&relay, &add_single(&relay, &torrent, &[tracker.url()]));
    assert_single(&sandbox, &torrent);
}

#[test]
fn a_short_interval_makes_no_flood_of_announces() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let added: Vec<_> =
        [("interval", 0), ("interval", 1), ("min interval", 0), ("min interval", 1)]
            .into_iter()
            .enumerate()
            .map(|(number, (name, value))| {
                let torrent = Single::public(&format!("short {number}.bin"), 40 * wire::BLOCK);
                let seeder = ScriptedSeeder::start(&torrent, |upload| {
                    for _ in 0..40 {
                        upload.serve_blocks(1)?;
                        // Four seconds for all of them.
                        std::thread::sleep(Duration::from_millis(100));
                    }
                    Ok(())
                });
                let address = seeder.address;
                let tracker = ScriptedTracker::http(move |_| {
                    Answer::of([(name, Value::from(value)), ("peers", compact(&[address]))])
                });
                let id = add_single(&relay, &torrent, &[tracker.url()]);
                (name, value, tracker, id)
            })
            .collect();
    for (name, value, tracker, id) in added {
        wait_complete(&relay, &id);
        let count = tracker.announces().len();
        assert!(count <= 3, "{count} announces with {name} {value}");
    }
}

/// Waits until the one tracker of the torrent is in a state, and returns its entry.
#[track_caller]
fn wait_tracker(relay: &Relay, id: &str, state: &str) -> Json {
    wait_for(&format!("a tracker that is {state}"), || {
        let told = relay.ok("get_trackers", json!({"id": id}))["trackers"][0].take();
        (told["state"] == state).then_some(told)
    })
}

#[track_caller]
fn fails(
    sandbox: &Sandbox,
    answer: impl Fn(&Announce) -> Answer + Send + Sync + 'static,
) -> (ScriptedTracker, Json) {
    let torrent = Single::public("failing.bin", BYTES);
    let tracker = ScriptedTracker::http(answer);
    let relay = sandbox.relay();
    let id = add_single(&relay, &torrent, &[tracker.url()]);
    let told = wait_tracker(&relay, &id, "failed");
    wait_state(&relay, &id, &["downloading"]);
    (tracker, told)
}

#[test]
fn the_reason_of_a_failure_is_shown() {
    let reason = "unregistered torrent";
    let (_, told) =
        fails(&Sandbox::new(), move |_| Answer::of([("failure reason", reason.into())]));
    assert!(told["message"].as_str().unwrap().contains(reason), "{told}");
    assert!(told["next_announce_at"].as_u64().is_some(), "{told}");
}

#[test]
fn a_tracker_that_works_tells_what_it_knows() {
    let (sandbox, torrent) = (Sandbox::new(), Single::public("counted.bin", BYTES));
    let seeder = ScriptedSeeder::honest(&torrent);
    let address = seeder.address;
    let tracker = ScriptedTracker::http(move |_| {
        let counts = [("complete", 7.into()), ("incomplete", 3.into()), ("interval", 1800.into())];
        Answer::of(counts.into_iter().chain([("peers", compact(&[address]))]))
    });
    let relay = sandbox.relay();
    let id = add_single(&relay, &torrent, &[tracker.url()]);
    let told = wait_tracker(&relay, &id, "working");
    assert_eq!((&told["seeds"], &told["leechers"]), (&json!(7), &json!(3)), "{told}");
    assert_eq!((&told["peers"], &told["tier"]), (&json!(1), &json!(0)), "{told}");
}

#[test]
fn an_answer_without_an_end_is_given_up() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    relay.ok("ping", json!({}));
    let before = process::resident_kib(sandbox.engine_pid()).expect("an engine");
    let (tracker, _) = fails(&sandbox, |_| Answer::Endless);
    assert!(tracker.sent() < 32 << 20, "{} bytes", tracker.sent());
    let after = process::peak_kib(sandbox.engine_pid()).expect("the same engine");
    assert!(after < before + (24 << 10), "from {before} to {after} KiB");
}

#[test]
fn a_redirect_to_itself_is_given_up() {
    let (tracker, _) = fails(&Sandbox::new(), |_| {
        Answer::Raw(b"HTTP/1.1 302 Found\r\nLocation: /announce?again\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec())
    });
    assert!(tracker.announces().len() <= 20, "{} requests", tracker.announces().len());
}

#[test]
fn an_answer_that_is_no_dictionary_fails() {
    let (_, told) = fails(&Sandbox::new(), |_| Answer::Body(b"<html>not found</html>".to_vec()));
    assert!(!told["message"].as_str().unwrap_or_default().is_empty(), "{told}");
}

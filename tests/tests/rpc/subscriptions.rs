//! Notifications, and lists that do not fit a frame.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use torrpeddo_tests::magnets::{dead, dead_id};
use torrpeddo_tests::{Relay, Sandbox, Seeder, wait_until};

use crate::support::{add_magnet, wait_complete};

/// What the engine may send in one frame.
const FRAME: usize = 512 << 10;

/// So many entries that a list of them takes several frames.
const MANY: usize = 1500;

/// Adds many paused dead magnets with long names, without waiting for one after the other.
fn add_many(relay: &Relay) {
    let asked: Vec<u64> = (0..MANY)
        .map(|number| {
            let uri = format!("{}&dn=number%20{number}%20{}", dead(number), "long".repeat(50));
            relay.begin("add_magnet", &json!({"uri": uri, "options": {"paused": true}}))
        })
        .collect();
    for id in asked {
        relay.finish(id).expect("an entry");
    }
}

/// A client's picture of the list, made of notifications alone.
#[derive(Default)]
struct Picture {
    torrents: BTreeMap<String, Value>,
    complete: bool,
    resets: usize,
}

impl Picture {
    fn apply(&mut self, change: &Value) {
        if change["reset"] == true {
            self.torrents.clear();
            self.resets += 1;
        }
        for torrent in change["upsert"].as_array().expect("a list of torrents") {
            self.torrents.insert(torrent["id"].as_str().unwrap().into(), torrent.clone());
        }
        for id in change["removed"].as_array().expect("a list of ids") {
            self.torrents.remove(id.as_str().unwrap());
        }
        self.complete = change["more"] != true;
    }

    fn states(&self) -> BTreeMap<&str, usize> {
        let mut states = BTreeMap::new();
        for torrent in self.torrents.values() {
            *states.entry(torrent["state"].as_str().unwrap()).or_default() += 1;
        }
        states
    }
}

#[test]
fn first_the_whole_list_then_only_what_changed() {
    let (sandbox, seeder) = (Sandbox::new(), Seeder::file("watched.bin", 300_000));
    let relay = sandbox.relay();
    for number in 0..3 {
        add_magnet(&relay, &dead(number));
    }
    relay.ok("subscribe", json!({"topics": ["torrents", "session", "events"], "interval_ms": 100}));
    let first = relay.notification("torrents_changed");
    assert_eq!(first["reset"], true, "{first:#}");
    assert_eq!(first["upsert"].as_array().unwrap().len(), 3);
    assert_eq!(first["removed"], json!([]));
    assert!(relay.notification("session_changed")["counts"].is_object());

    let mut picture = Picture::default();
    picture.apply(&first);
    add_magnet(&sandbox.relay(), &seeder.magnet);
    let added = relay.event("torrent_added");
    assert_eq!(added["id"], json!(seeder.id));
    assert_eq!(relay.event("metadata_received")["id"], json!(seeder.id));
    let completed = relay.event("torrent_completed");
    assert_eq!(completed["id"], json!(seeder.id));
    assert_eq!(completed["name"], "watched.bin");
    assert!(completed["at"].as_u64() >= added["at"].as_u64());
    relay.notification_where("torrents_changed", |change| {
        assert!(change.get("reset").is_none(), "a second full list: {change:#}");
        for torrent in change["upsert"].as_array().unwrap() {
            assert_eq!(torrent["id"], json!(seeder.id), "this one did not change: {torrent:#}");
        }
        picture.apply(change);
        picture.torrents.get(&seeder.id).is_some_and(|torrent| torrent["progress"] == 1.0)
    });
    sandbox.relay().ok("remove", json!({"ids": [seeder.id]}));
    assert_eq!(relay.event("torrent_removed")["id"], json!(seeder.id));
    relay.notification_where("torrents_changed", |change| change["removed"] == json!([seeder.id]));
}

#[test]
fn the_picture_of_a_subscriber_is_that_of_a_list() {
    let (sandbox, seeder) = (Sandbox::new(), Seeder::file("pictured.bin", 500_000));
    let relay = sandbox.relay();
    relay.ok("subscribe", json!({"topics": ["torrents"], "interval_ms": 100}));
    let id = add_magnet(&relay, &seeder.magnet);
    for number in 0..20 {
        add_magnet(&relay, &dead(number));
    }
    wait_complete(&relay, &id);
    relay.ok("cancel", json!({"ids": [dead_id(3), dead_id(4)]}));
    relay.ok("remove", json!({"ids": [dead_id(5), dead_id(6)]}));
    let mut picture = Picture::default();
    let mut wanted = BTreeMap::new();
    wait_until("the notifications to catch up with the list", || {
        for said in relay.drain() {
            picture.apply(&said.params);
        }
        wanted.clear();
        for torrent in relay.ok("get_status", json!({}))["torrents"].as_array().unwrap() {
            wanted.insert(torrent["id"].as_str().unwrap().to_owned(), torrent.clone());
        }
        picture.torrents == wanted
    });
    assert_eq!(picture.torrents.len(), 19);
    assert_eq!(picture.resets, 1);
}

#[test]
fn nothing_changed_nothing_sent() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    for number in 0..3 {
        let options = json!({"paused": true});
        relay.ok("add_magnet", json!({"uri": dead(number), "options": options}));
    }
    // Another subscriber shows that time passes and changes are told.
    relay.ok("subscribe", json!({"topics": ["torrents"], "interval_ms": 100}));
    relay.notification("torrents_changed");
    let changing = sandbox.relay();
    for round in 0..5 {
        let method = ["resume", "pause"][round % 2];
        changing.ok(method, json!({"ids": [dead_id(0)]}));
        let change = relay.notification("torrents_changed");
        let changed: Vec<&Value> =
            change["upsert"].as_array().unwrap().iter().map(|torrent| &torrent["id"]).collect();
        assert_eq!(changed, [&json!(dead_id(0))], "only that one changed");
    }
}

#[test]
fn unsubscribed_is_silent() {
    let sandbox = Sandbox::new();
    let (relay, other) = (sandbox.relay(), sandbox.relay());
    for relay in [&relay, &other] {
        let topics = json!({"topics": ["torrents", "events"], "interval_ms": 100});
        relay.ok("subscribe", topics);
        relay.notification("torrents_changed");
    }
    relay.ok("unsubscribe", json!({"topics": ["torrents"]}));
    let _ = relay.drain();
    add_magnet(&sandbox.relay(), &dead(1));
    other.notification("torrents_changed");
    relay.event("torrent_added");
    assert!(relay.drain().iter().all(|said| said.method != "torrents_changed"));
    relay.ok("unsubscribe", json!({}));
    let _ = relay.drain();
    add_magnet(&sandbox.relay(), &dead(2));
    other.notification("torrents_changed");
    other.event("torrent_added");
    relay.ok("ping", json!({}));
    assert!(relay.drain().is_empty(), "something was said after unsubscribe");
}

#[test]
fn an_interval_out_of_range_is_brought_into_it() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    relay.ok("subscribe", json!({"topics": ["torrents"], "interval_ms": 0}));
    relay.notification("torrents_changed");
    relay.ok("subscribe", json!({"topics": ["torrents"], "interval_ms": 9_000_000_000_u64}));
}

#[test]
fn long_lists_come_in_pages_and_frames_keep_the_limit() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    add_many(&relay);
    let mut seen = BTreeMap::new();
    let mut pages = 0;
    let mut params = json!({});
    loop {
        let page = relay.ok("get_status", params);
        for torrent in page["torrents"].as_array().unwrap() {
            let id = torrent["id"].as_str().unwrap().to_owned();
            assert!(seen.insert(id, ()).is_none(), "an entry on two pages");
        }
        pages += 1;
        match page.get("next_cursor") {
            Some(cursor) => params = json!({"cursor": cursor}),
            None => break,
        }
    }
    assert_eq!(seen.len(), MANY);
    assert!(pages > 1, "the list was meant to be longer than a frame");

    relay.ok("subscribe", json!({"topics": ["torrents"], "interval_ms": 100}));
    let mut picture = Picture::default();
    let mut frames = 0;
    while !picture.complete {
        let change = relay.notification("torrents_changed");
        assert_eq!(change["reset"] == true, frames == 0, "only the first frame resets");
        picture.apply(&change);
        frames += 1;
    }
    assert_eq!(picture.torrents.len(), MANY);
    assert!(frames > 1);
    assert!(relay.largest_frame() <= FRAME, "a frame of {} bytes", relay.largest_frame());
    relay.refused("invalid_params", "get_status", json!({"cursor": "no such cursor"}));
}

#[test]
fn a_slow_reader_gets_newer_news_and_no_backlog() {
    let sandbox = Sandbox::new();
    let (slow, fast) = (sandbox.relay(), sandbox.relay());
    add_many(&fast);
    for relay in [&slow, &fast] {
        relay.ok("subscribe", json!({"topics": ["torrents"], "interval_ms": 100}));
    }
    let mut picture = Picture::default();
    while !picture.complete {
        picture.apply(&slow.notification("torrents_changed"));
    }
    slow.hold();
    let before = slow.frames();
    // Every entry changes in each round, and the fast reader sees each round.
    let ids: Vec<String> = (0..MANY).map(dead_id).collect();
    let mut watched = Picture::default();
    let rounds = 12;
    for round in 0..rounds {
        let (method, paused) = [("resume", 0), ("pause", MANY)][round % 2];
        fast.ok(method, json!({"ids": ids}));
        wait_until("the fast reader to see a round", || {
            for said in fast.drain() {
                watched.apply(&said.params);
            }
            watched.torrents.len() == MANY
                && watched.states().get("paused").copied().unwrap_or_default() == paused
        });
    }
    slow.read_on();
    wait_until("the slow reader to catch up", || {
        for said in slow.drain() {
            picture.apply(&said.params);
        }
        picture.states() == watched.states() && picture.torrents == watched.torrents
    });
    slow.ok("ping", json!({}));
    let (got, sent) = (slow.frames() - before, fast.frames());
    assert!(got * 2 < sent, "{got} frames for the slow reader, {sent} for the fast one");
    assert!(slow.largest_frame().max(fast.largest_frame()) <= FRAME);
}

#[test]
fn the_full_page_is_shown_by_the_browser_that_came_last() {
    let sandbox = Sandbox::new();
    let (asking, first, second) = (sandbox.relay(), sandbox.relay(), sandbox.relay());
    let show = || asking.ok("show_manager", json!({}))["shown"] == true;
    let hello = |relay: &Relay| {
        let client = json!({"name": "test", "version": "0", "browser": "test"});
        relay.ok("hello", json!({"protocol": 1, "client": client}));
    };
    let listen = |relay: &Relay| relay.ok("subscribe", json!({"topics": ["events"]}));
    assert!(!show(), "there is nobody");
    listen(&first);
    assert!(!show(), "a client that is no browser has no page");
    hello(&first);
    assert!(show());
    first.event("show_manager");
    hello(&second);
    assert!(show(), "the newest does not listen, but the first does");
    first.event("show_manager");
    listen(&second);
    assert!(show());
    second.event("show_manager");
    second.close();
    wait_until("the engine to see that the newest has left", || {
        assert!(show());
        first.drain().iter().any(|told| told.params["kind"] == "show_manager")
    });
}

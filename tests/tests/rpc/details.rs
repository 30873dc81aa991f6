//! What people look at of one torrent, and what they change of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use torrpeddo_tests::bencode::dictionary;
use torrpeddo_tests::torrents::Single;
use torrpeddo_tests::{Relay, Sandbox, Seeder, Tracker, magnets, wait_until};

use crate::support::{
    add_magnet, granted, id_of, one, slow_seeder, torrent, wait_complete, wait_half_way, wait_state,
};

#[test]
fn the_pieces_are_those_that_are_there() {
    let (sandbox, seeder) = (Sandbox::new(), slow_seeder("in pieces"));
    let relay = sandbox.relay();
    let id = add_magnet(&relay, &seeder.magnet);
    wait_half_way(&relay, &id);
    granted(&relay, "pause", &id);
    let done = torrent(&relay, &id)["done_bytes"].as_u64().unwrap();
    let pieces = relay.ok("get_pieces", json!({"id": id}));
    assert_eq!((&pieces["piece_count"], &pieces["piece_bytes"]), (&json!(768), &json!(64 << 10)));
    let have = STANDARD.decode(pieces["have"].as_str().unwrap()).unwrap();
    assert_eq!(have.len(), 96);
    let count: u64 = have.iter().map(|byte| u64::from(byte.count_ones())).sum();
    assert_eq!(count * (64 << 10), done);
    seeder.limit(0);
    granted(&relay, "resume", &id);
    wait_complete(&relay, &id);
    let have = relay.ok("get_pieces", json!({"id": id}))["have"].clone();
    assert_eq!(STANDARD.decode(have.as_str().unwrap()).unwrap(), [0xff; 96]);
    let unknown = add_magnet(&relay, &magnets::dead(1));
    assert_eq!(relay.ok("get_pieces", json!({"id": unknown}))["piece_count"], 0);
}

#[test]
fn the_peers_are_those_that_are_connected_with_what_they_bring() {
    let (sandbox, seeder) = (Sandbox::new(), slow_seeder("with a peer"));
    let relay = sandbox.relay();
    let id = add_magnet(&relay, &seeder.magnet);
    wait_state(&relay, &id, &["downloading"]);
    let peer = torrpeddo_tests::wait_for("a peer that brings something", || {
        let peers = relay.ok("get_peers", json!({"id": id}))["peers"].clone();
        let peer = peers.get(0).filter(|peer| peer["download_rate"].as_u64() > Some(0))?;
        Some(peer.clone())
    });
    assert_eq!(peer["address"], json!(format!("127.0.0.1:{}", seeder.port)), "{peer}");
    assert!(peer["client"].as_str().unwrap().contains("libtorrent"), "{peer}");
    assert_eq!((&peer["direction"], &peer["transport"]), (&json!("out"), &json!("tcp")));
    assert!(peer["downloaded"].as_u64() > Some(0) && peer["encrypted"] == false, "{peer}");
    assert_eq!((&peer["source"], &peer["progress"]), (&json!("user"), &json!(1.0)), "{peer}");
    let flags = &peer["flags"];
    assert!(flags["am_interested"] == true && flags["peer_choking"] == false, "{peer}");
    assert!(flags["peer_interested"] == false && flags["seed"] == true, "{peer}");
    granted(&relay, "pause", &id);
    assert_eq!(relay.ok("get_peers", json!({"id": id}))["peers"], json!([]));
}

#[test]
fn a_torrent_file_that_came_as_a_magnet_can_be_exported_and_added_elsewhere() {
    let (sandbox, seeder) = (Sandbox::new(), Seeder::folder("exported", [("a", 90_000), ("b", 5)]));
    let relay = sandbox.relay();
    let unknown = add_magnet(&relay, &magnets::dead(1));
    relay.refused("wrong_state", "get_torrent_file", json!({"id": unknown}));
    let id = add_magnet(&relay, &seeder.magnet);
    wait_complete(&relay, &id);
    let exported = relay.ok("get_torrent_file", json!({"id": id}));
    assert_eq!(exported["name"], "exported.torrent");
    assert_eq!(exported.get("next_cursor"), None, "{exported}");
    let elsewhere = Sandbox::new();
    let added = elsewhere.relay().ok("add_torrent", json!({"data": exported["data"]}));
    assert_eq!(id_of(&added), seeder.id);
    assert_eq!(added["torrent"]["file_count"], 2);
}

/// A torrent file of so many pieces, whatever is in them.
fn large_torrent(pieces: u64) -> Vec<u8> {
    let hashes = vec![9; usize::try_from(pieces * 20).unwrap()];
    let info = dictionary([
        ("length", (pieces * 16_384).into()),
        ("name", "large.bin".into()),
        ("piece length", 16_384.into()),
        ("pieces", hashes.as_slice().into()),
    ]);
    dictionary([("info", info)]).encode()
}

#[test]
fn a_torrent_file_that_does_not_fit_a_frame_comes_in_parts() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let whole = large_torrent(60_000);
    assert!(whole.len() > 1 << 20);
    let added = relay
        .ok("add_torrent", json!({"data": STANDARD.encode(&whole), "options": {"paused": true}}));
    let (id, mut joined, mut cursor) = (id_of(&added), Vec::new(), Value::Null);
    loop {
        let mut params = json!({"id": id});
        if !cursor.is_null() {
            params["cursor"] = cursor;
        }
        let part = relay.ok("get_torrent_file", params);
        joined.extend(STANDARD.decode(part["data"].as_str().unwrap()).unwrap());
        cursor = part["next_cursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert!(relay.largest_frame() <= 512 << 10);
    assert_eq!(joined, whole);
}

/// The trackers of a torrent.
fn trackers(relay: &Relay, id: &str) -> Vec<Value> {
    let mut listed = relay.ok("get_trackers", json!({"id": id}));
    std::mem::take(listed["trackers"].as_array_mut().unwrap())
}

fn urls(relay: &Relay, id: &str) -> Vec<String> {
    let url = |tracker: &Value| tracker["url"].as_str().unwrap().to_owned();
    trackers(relay, id).iter().map(url).collect()
}

fn with_tracker(magnet: &str, tracker: &str) -> String {
    format!("{magnet}&tr={}", tracker.replace(':', "%3A").replace('/', "%2F"))
}

const NOBODY: &str = "http://127.0.0.1:9/announce";

#[test]
fn trackers_are_told_with_what_they_answered() {
    let extra = "http://127.0.0.1:9/announce/extra";
    let sandbox = Sandbox::with_defaults(json!({"extra_trackers": [extra]}));
    let (relay, tracker) = (sandbox.relay(), Tracker::start(1));
    let id = add_magnet(&relay, &with_tracker(&magnets::dead(3), &tracker.url()));
    wait_state(&relay, &id, &["fetching_metadata"]);
    let changed =
        relay.ok("set_torrent", json!({"id": id, "trackers_add": [NOBODY]}))["magnet"].clone();
    assert!(changed.as_str().unwrap().contains("127.0.0.1%3A9%2Fannounce"), "{changed}");
    assert_eq!(torrent(&relay, &id)["tracker"], "127.0.0.1", "the host of the first one");
    wait_until("the trackers to have answered", || {
        let states: Vec<Value> =
            trackers(&relay, &id).iter().map(|tracker| tracker["state"].clone()).collect();
        states == ["working", "failed", "failed"]
    });
    let listed = trackers(&relay, &id);
    assert_eq!(urls(&relay, &id), [tracker.url().as_str(), NOBODY, extra]);
    let working = &listed[0];
    assert_eq!(
        (&working["seeds"], &working["leechers"], &working["peers"]),
        (&json!(3), &json!(2), &json!(1))
    );
    assert!(
        working["next_announce_at"].as_u64() > working["last_announce_at"].as_u64(),
        "{working}"
    );
    let failed = &listed[1];
    assert!(failed["message"].as_str().is_some_and(|message| !message.is_empty()), "{failed}");
    assert_eq!(failed.get("seeds"), None, "nobody knows: {failed}");
    assert_eq!(listed.iter().map(|one| &one["tier"]).collect::<Vec<_>>(), [0, 1, 2]);

    assert_eq!(one(&relay.ok("announce_now", json!({"ids": [id]})), &id)["ok"], true);
    granted(&relay, "pause", &id);
    for tracker in trackers(&relay, &id) {
        assert_eq!(tracker["state"], "not_contacted", "{tracker}");
        assert_eq!(tracker.get("peers"), None, "{tracker}");
    }
    let refused = relay.ok("announce_now", json!({"ids": [id]}));
    assert_eq!(one(&refused, &id)["error"]["data"]["kind"], "wrong_state");
    for member in ["trackers_add", "trackers_remove"] {
        let error =
            relay.refused("invalid_params", "set_torrent", json!({"id": id, member: ["ftp://x"]}));
        assert_eq!(error["data"]["member"], member);
    }
}

#[test]
fn a_tracker_that_was_removed_stays_away() {
    let sandbox = Sandbox::new();
    let (relay, file) = (sandbox.relay(), Single::public("removed.bin", 40_000));
    let (first, second) = ("udp://127.0.0.1:9/announce", NOBODY);
    let data = STANDARD.encode(file.with_trackers(&[first, second]));
    let id = id_of(&relay.ok("add_torrent", json!({"data": data, "options": {"paused": true}})));
    let changed = relay.ok("set_torrent", json!({"id": id, "trackers_remove": [first]}));
    assert!(!changed["magnet"].as_str().unwrap().contains("udp"), "{changed}");
    let error = relay.refused(
        "invalid_params",
        "set_torrent",
        json!({"id": id, "trackers_remove": [first]}),
    );
    assert_eq!(error["data"]["member"], "trackers_remove", "it is none any more");
    // Neither a restart nor its own link nor its own file brings it back.
    sandbox.kill_engine();
    let relay = sandbox.relay();
    relay.ok("add_torrent", json!({"data": data}));
    relay.ok(
        "add_magnet",
        json!({"uri": with_tracker(&format!("magnet:?xt=urn:btih:{id}"), first)}),
    );
    assert_eq!(urls(&relay, &id), [second]);
    relay
        .ok("set_torrent", json!({"id": id, "trackers_add": [first], "trackers_remove": [second]}));
    assert_eq!(urls(&relay, &id), [first]);
}

#[test]
fn a_private_torrent_takes_trackers_from_the_user_alone_and_hides_its_passkey() {
    let sandbox = Sandbox::new();
    let (relay, file) = (sandbox.relay(), Single::private("secret.bin", 40_000));
    let (own, linked, users) = (Tracker::start(1), Tracker::start(1), Tracker::start(1));
    let passkey = format!("{}/passkey", own.url());
    let data = STANDARD.encode(file.with_trackers(&[&passkey]));
    let id = id_of(&relay.ok("add_torrent", json!({"data": data})));
    wait_state(&relay, &id, &["downloading"]);
    relay.ok(
        "add_magnet",
        json!({"uri": with_tracker(&format!("magnet:?xt=urn:btih:{id}"), &linked.url())}),
    );
    assert_eq!(urls(&relay, &id), [passkey.as_str()]);
    relay.ok("set_torrent", json!({"id": id, "trackers_add": [users.url()]}));
    assert_eq!(urls(&relay, &id), [passkey.as_str(), &users.url()]);
    wait_until("the user's tracker to hear of it", || users.announces() > 0);
    assert_eq!(linked.announces(), 0);

    let shown = torrent(&relay, &id)["magnet"].clone();
    let link = |params: Value| {
        let mut params = params;
        params["id"] = json!(id);
        relay.ok("get_magnet", params)["magnet"].as_str().unwrap().to_owned()
    };
    assert!(!shown.as_str().unwrap().contains("tr="), "{shown}");
    assert_eq!(link(json!({})), shown.as_str().unwrap());
    let whole = link(json!({"with_trackers": true}));
    assert!(whole.contains("passkey") && whole.matches("&tr=").count() == 2, "{whole}");
    let public = Single::public("open.bin", 40_000).with_trackers(&[NOBODY]);
    let added = relay.ok("add_torrent", json!({"data": STANDARD.encode(public)}));
    let open = relay.ok("get_magnet", json!({"id": id_of(&added)}))["magnet"].clone();
    assert!(open.as_str().unwrap().contains("&tr="), "{open}");
}

#[test]
fn peers_that_the_user_knows_are_added_and_banned() {
    let sandbox = Sandbox::new();
    let (relay, file) = (sandbox.relay(), Single::private("known.bin", 400_000));
    let seeder = file.seed();
    seeder.limit(20_000);
    let data = STANDARD.encode(file.with_trackers(&[]));
    let id = id_of(&relay.ok("add_torrent", json!({"data": data})));
    wait_state(&relay, &id, &["downloading"]);
    let address = format!("127.0.0.1:{}", seeder.port);
    for bad in ["127.0.0.1", "0.0.0.0:1", "224.0.0.1:1", "[::1]", "a b:1", "127.0.0.1:0"] {
        let params = json!({"id": id, "peers": [address, bad]});
        let error = relay.refused("invalid_params", "add_peers", params);
        assert_eq!(error["data"]["member"], "peers");
        assert!(error["message"].as_str().unwrap().contains(bad), "{error}");
    }
    let many = vec![address.clone(); 257];
    relay.refused("too_large", "add_peers", json!({"id": id, "peers": many}));
    assert_eq!(relay.ok("add_peers", json!({"id": id, "peers": [address]}))["added"], 1);
    let connected = || relay.ok("get_peers", json!({"id": id}))["peers"].clone();
    wait_until("the peer to be connected", || connected()[0]["address"] == address.as_str());
    assert_eq!(connected()[0]["source"], "user");
    wait_until("the total to count the peer", || {
        relay.ok("get_session", json!({}))["peers_connected"] == 1
    });

    relay.ok("set_settings", json!({"banned_peers": ["127.0.0.0/8"]}));
    wait_until("the banned peer to be gone", || connected() == json!([]));
    relay.refused("invalid_params", "set_settings", json!({"banned_peers": ["127.0.0.1:80"]}));
    relay.ok("set_settings", json!({"banned_peers": []}));
    seeder.limit(0);
    relay.ok("add_peers", json!({"id": id, "peers": [address]}));
    wait_complete(&relay, &id);
    granted(&relay, "pause", &id);
    relay.refused("wrong_state", "add_peers", json!({"id": id, "peers": [address]}));
}

#[test]
fn labels_and_the_ratio_limit_of_a_torrent_last() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let id = add_magnet(&relay, &magnets::dead(4));
    let params = json!({"id": id, "labels": ["films", " films ", "to keep"], "ratio_limit": 1.5});
    let changed = relay.ok("set_torrent", params);
    assert_eq!(changed["labels"], json!(["films", "to keep"]));
    assert_eq!(changed["ratio_limit"], 1.5);
    for wrong in [json!({"ratio_limit": -1}), json!({"labels": [7]}), json!({"labels": "x"})] {
        let mut params = wrong;
        params["id"] = json!(id);
        relay.refused("invalid_params", "set_torrent", params);
    }
    relay.refused("unavailable", "set_torrent", json!({"id": id, "download_limit": 1000}));
    sandbox.kill_engine();
    let relay = sandbox.relay();
    let same = torrent(&relay, &id);
    assert_eq!(
        (&same["labels"], &same["ratio_limit"]),
        (&json!(["films", "to keep"]), &json!(1.5))
    );
    let back = relay.ok("set_torrent", json!({"id": id, "labels": [], "ratio_limit": null}));
    assert_eq!((&back["labels"], back.get("ratio_limit")), (&json!([]), None));
}

#[test]
fn the_bin_takes_a_torrent_as_one_and_gives_it_back_whole() {
    let sandbox = Sandbox::new();
    let seeder = Seeder::folder("binned", [("a.bin", 9000), ("sub/b.bin", 50)]);
    let relay = sandbox.relay();
    let id = add_magnet(&relay, &seeder.magnet);
    wait_complete(&relay, &id);
    granted(&relay, "cancel", &id);
    let result = relay.ok("delete_files", json!({"ids": [id], "trash": true}));
    assert_eq!(one(&result, &id)["ok"], true, "{result}");
    assert!(!sandbox.downloads().join("binned").exists());
    let bin = sandbox.user().join(".local/share/Trash");
    seeder.files().assert_in(&bin.join("files/binned"));
    let note = std::fs::read_to_string(bin.join("info/binned.trashinfo")).unwrap();
    assert!(note.contains("/downloads/binned"), "{note}");
    relay.refused("not_found", "get_files", json!({"id": id}));
}

#[test]
fn a_file_is_opened_only_where_there_is_one_and_a_desktop() {
    let (sandbox, seeder) = (Sandbox::new(), Seeder::file("to open.txt", 5000));
    let relay = sandbox.relay();
    let id = add_magnet(&relay, &seeder.magnet);
    wait_complete(&relay, &id);
    relay.refused("invalid_params", "open_file", json!({"id": id, "index": 1}));
    relay.refused("unavailable", "open_file", json!({"id": id, "index": 0}));
    std::fs::remove_file(sandbox.downloads().join("to open.txt")).unwrap();
    let error = relay.refused("io", "open_file", json!({"id": id, "index": 0}));
    assert!(error["data"]["path"].as_str().unwrap().ends_with("to open.txt"), "{error}");
}

#[test]
fn the_queue_is_put_in_another_order_and_keeps_it() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let ids: Vec<String> =
        (0..5).map(|number| add_magnet(&relay, &magnets::dead(number))).collect();
    let order = |relay: &Relay| {
        let mut placed: Vec<(u64, usize)> = ids
            .iter()
            .enumerate()
            .filter_map(|(at, id)| Some((torrent(relay, id)["queue_position"].as_u64()?, at)))
            .collect();
        placed.sort_unstable();
        placed.into_iter().map(|(_, at)| at).collect::<Vec<_>>()
    };
    let moved = |relay: &Relay, which: &[usize], to: &str| {
        let ids: Vec<_> = which.iter().map(|at| &ids[*at]).collect();
        relay.ok("move_in_queue", json!({"ids": ids, "to": to}));
        order(relay)
    };
    assert_eq!(order(&relay), [0, 1, 2, 3, 4]);
    assert_eq!(moved(&relay, &[3, 1], "top"), [1, 3, 0, 2, 4]);
    assert_eq!(moved(&relay, &[1, 0], "down"), [3, 1, 2, 0, 4]);
    assert_eq!(moved(&relay, &[3, 2], "up"), [3, 2, 1, 0, 4]);
    assert_eq!(moved(&relay, &[2], "bottom"), [3, 1, 0, 4, 2]);
    granted(&relay, "cancel", &ids[0]);
    let asked = json!({"ids": [ids[0], ids[4], magnets::dead_id(77)], "to": "top"});
    let results = relay.ok("move_in_queue", asked)["results"].clone();
    assert_eq!(results[0]["error"]["data"]["kind"], "wrong_state");
    assert_eq!(results[1], json!({"id": ids[4], "ok": true}));
    assert_eq!(results[2]["error"]["data"]["kind"], "not_found");
    assert_eq!(order(&relay), [4, 3, 1, 2]);
    sandbox.kill_engine();
    assert_eq!(order(&sandbox.relay()), [4, 3, 1, 2]);
    let nowhere = json!({"ids": [ids[1]], "to": "left"});
    sandbox.relay().refused("invalid_params", "move_in_queue", nowhere);
}

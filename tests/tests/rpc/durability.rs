//! What lasts: over a restart, over `kill -9`, in the middle of everything.

use serde_json::{Value, json};
use torrpeddo_tests::{Relay, Sandbox, Seeder, process, wait_until};

use crate::support::{
    MARGIN, add_magnet, granted, id_of, slow_seeder, torrent, wait_complete, wait_half_way,
    wait_state,
};

/// Brings the engine back and watches the download to its end: it goes on from `done` bytes, does
/// not read all of them to hash them again, and fetches only what was missing.
#[track_caller]
fn goes_on(sandbox: &Sandbox, seeder: &Seeder, done: u64) {
    // Next to nothing comes from the network until the engine says that it downloads again, so what
    // it reads until then it reads from the disk.
    seeder.limit(1);
    let sent_before = seeder.uploaded();
    let relay = sandbox.relay();
    let first = torrent(&relay, &seeder.id);
    assert!(
        first["done_bytes"].as_u64().unwrap() + MARGIN >= done,
        "{done} bytes were verified before, and now: {first:#}"
    );
    assert_eq!(first["auto_managed"], true, "{first:#}");
    let again = wait_state(&relay, &seeder.id, &["downloading"]);
    assert!(again["done_bytes"].as_u64().unwrap() + MARGIN >= done, "{again:#}");
    let read = process::bytes_read(sandbox.engine_pid()).unwrap();
    // What comes from the network is counted by the seeder, if late, and is read three times: from the
    // peer, on loopback by librqbit, and from its file when its piece is verified. Hashing what was there
    // would leave all of `done` unaccounted for, and at one byte a second that never changes.
    wait_until("all that was read to be accounted for, but for half of what is there", || {
        read.saturating_sub(3 * (seeder.uploaded() - sent_before)) < done / 2
    });
    seeder.limit(0);
    wait_complete(&relay, &seeder.id);
    seeder.assert_downloaded(&sandbox.downloads());
    let sent_again = seeder.uploaded() - sent_before;
    let missing = seeder.files().total() - done;
    assert!(
        sent_again <= missing + MARGIN,
        "{missing} bytes were missing, {sent_again} were fetched"
    );
    let total = torrent(&relay, &seeder.id)["downloaded"].as_u64().unwrap();
    assert!(total + MARGIN >= seeder.files().total(), "{total} bytes over the torrent's life");
}

#[test]
fn a_restart_in_the_middle_goes_on_from_what_is_verified() {
    let (sandbox, seeder) = (Sandbox::new(), slow_seeder("restarted"));
    let relay = sandbox.relay();
    let id = add_magnet(&relay, &seeder.magnet);
    let done = wait_half_way(&relay, &id)["done_bytes"].as_u64().unwrap();
    sandbox.stop_engine();
    goes_on(&sandbox, &seeder, done);
}

#[test]
fn a_kill_in_the_middle_goes_on_from_what_is_verified() {
    let (sandbox, seeder) = (Sandbox::new(), slow_seeder("killed"));
    let relay = sandbox.relay();
    let id = add_magnet(&relay, &seeder.magnet);
    let done = wait_half_way(&relay, &id)["done_bytes"].as_u64().unwrap();
    sandbox.kill_engine();
    goes_on(&sandbox, &seeder, done);
}

#[test]
fn a_kill_twice_in_a_row_loses_nothing_more() {
    let (sandbox, seeder) = (Sandbox::new(), slow_seeder("killed twice"));
    let id = add_magnet(&sandbox.relay(), &seeder.magnet);
    wait_half_way(&sandbox.relay(), &id);
    sandbox.kill_engine();
    let relay = sandbox.relay();
    wait_state(&relay, &id, &["downloading"]);
    let done = torrent(&relay, &id)["done_bytes"].as_u64().unwrap();
    sandbox.kill_engine();
    goes_on(&sandbox, &seeder, done);
}

#[test]
fn a_complete_torrent_stays_complete() {
    let (sandbox, seeder) = (Sandbox::new(), Seeder::file("complete.bin", 2 << 20));
    let relay = sandbox.relay();
    let id = add_magnet(&relay, &seeder.magnet);
    let before = wait_complete(&relay, &id);
    let sent = seeder.uploaded();
    sandbox.kill_engine();
    let relay = sandbox.relay();
    let after = wait_complete(&relay, &id);
    for member in ["name", "added_at", "completed_at", "downloaded", "magnet", "save_path"] {
        assert_eq!(after[member], before[member], "{member}");
    }
    assert_eq!(seeder.uploaded(), sent, "a complete torrent was fetched again");
    seeder.assert_downloaded(&sandbox.downloads());
}

/// The members of every entry that a restart must bring back as they were.
fn entries(relay: &Relay) -> Vec<Value> {
    let mut status = relay.ok("get_status", json!({}));
    let torrents = status["torrents"].as_array_mut().expect("a list");
    torrents.sort_by_key(|torrent| torrent["id"].to_string());
    torrents
        .iter()
        .map(|torrent| {
            let members = [
                "id",
                "name",
                "state",
                "auto_managed",
                "queue_position",
                "save_path",
                "labels",
                "added_at",
                "magnet",
                "total_bytes",
                "file_count",
            ];
            members.iter().map(|name| (*name, torrent[*name].clone())).collect()
        })
        .collect()
}

#[test]
fn every_entry_comes_back_as_it_was() {
    for kill in [false, true] {
        let (sandbox, seeder) = (Sandbox::new(), slow_seeder("mixed"));
        let relay = sandbox.relay();
        let paused = add_magnet(&relay, &seeder.magnet);
        wait_half_way(&relay, &paused);
        granted(&relay, "pause", &paused);
        wait_state(&relay, &paused, &["paused"]);
        let options = json!({"labels": ["a label"], "paused": true});
        for number in 0..3 {
            let uri = format!("{}&dn=name%20{number}", torrpeddo_tests::magnets::dead(number));
            let id = id_of(&relay.ok("add_magnet", json!({"uri": uri, "options": options})));
            if number == 1 {
                granted(&relay, "cancel", &id);
            }
            if number == 2 {
                granted(&relay, "resume", &id);
                wait_state(&relay, &id, &["fetching_metadata"]);
            }
        }
        let before = entries(&relay);
        assert_eq!(before.len(), 4);
        if kill {
            sandbox.kill_engine();
        } else {
            sandbox.stop_engine();
        }
        let relay = sandbox.relay();
        wait_state(&relay, &torrpeddo_tests::magnets::dead_id(2), &["fetching_metadata"]);
        assert_eq!(entries(&relay), before, "kill: {kill}");
        // A paused torrent is not started by anybody but the user.
        assert_eq!(seeder.peers(), 0, "a paused torrent has peers");
        granted(&relay, "resume", &paused);
        seeder.limit(0);
        wait_complete(&relay, &paused);
        seeder.assert_downloaded(&sandbox.downloads());
    }
}

#[test]
fn an_answer_is_given_after_the_change_is_on_disk() {
    // The kill comes right behind the answer, many times over: no entry may be lost.
    let sandbox = Sandbox::new();
    for number in 0..8 {
        let relay = sandbox.relay();
        let pid = torrpeddo_tests::sandbox::hello(&relay)["engine"]["pid"].as_u64().unwrap();
        let id = add_magnet(&relay, &torrpeddo_tests::magnets::dead(number));
        let method = ["pause", "cancel", "resume"][number % 3];
        granted(&relay, method, &id);
        torrpeddo_tests::process::kill(u32::try_from(pid).unwrap());
        let relay = sandbox.relay();
        let torrent = torrent(&relay, &id);
        let expected: &[&str] = match method {
            "pause" => &["paused"],
            "cancel" => &["cancelled"],
            _ => &["queued", "fetching_metadata"],
        };
        assert!(expected.contains(&torrent["state"].as_str().unwrap()), "{method}: {torrent:#}");
        let all = relay.ok("get_status", json!({}));
        assert_eq!(all["torrents"].as_array().unwrap().len(), number + 1);
    }
}

#[test]
fn settings_last() {
    let sandbox = Sandbox::new();
    let changed = json!({"ask_before_add": false, "max_active_downloads": 7});
    sandbox.relay().ok("set_settings", changed);
    sandbox.kill_engine();
    let settings = sandbox.relay().ok("get_settings", json!({}));
    assert_eq!(settings["ask_before_add"], false);
    assert_eq!(settings["max_active_downloads"], 7);
    assert_eq!(settings["dht"], false, "defaults of the administrator hold");
}

#[test]
fn a_download_goes_on_after_the_browser_has_gone() {
    let (sandbox, seeder) = (Sandbox::new(), slow_seeder("alone"));
    let relay = sandbox.relay();
    let id = add_magnet(&relay, &seeder.magnet);
    wait_half_way(&relay, &id);
    let engine = sandbox.engine_pid();
    drop(relay);
    seeder.limit(0);
    // Nobody asks; the seeder tells when all has been sent.
    wait_until("all to be sent with no client there", || {
        seeder.uploaded() >= seeder.files().total()
    });
    wait_complete(&sandbox.relay(), &id);
    assert_eq!(sandbox.engine_pid(), engine, "the same engine all the time");
    seeder.assert_downloaded(&sandbox.downloads());
}

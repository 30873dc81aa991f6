//! The watched folder.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use torrpeddo_tests::bencode::dictionary;
use torrpeddo_tests::{Disk, Files, Relay, Sandbox, Seed, Seeder, files, wait_until};

use crate::support::{add_magnet, granted, torrent, wait_complete, wait_state};

/// A sandbox that watches a folder.
fn watching() -> (Sandbox, Relay, PathBuf) {
    let sandbox = Sandbox::new();
    let folder = sandbox.root().join("watched");
    fs::create_dir(&folder).unwrap();
    let relay = sandbox.relay();
    let settings = relay.ok("set_settings", json!({"watch_folder": folder}));
    assert_eq!(settings["watch_folder"], json!(folder));
    assert!(settings.get("restart_required").is_none(), "{settings:#}");
    (sandbox, relay, folder)
}

fn count(relay: &Relay) -> usize {
    relay.ok("get_status", json!({}))["torrents"].as_array().expect("a list").len()
}

/// Puts a probe into the folder, and waits until the engine is done with it, and so with everything
/// that was there before: files are taken in the order of their names.
fn wait_for_looks(relay: &Relay, folder: &Path) {
    let info = dictionary([
        ("length", 1_u64.into()),
        ("name", "probe".into()),
        ("piece length", 16_384_u64.into()),
        ("pieces", [7; 20].as_slice().into()),
    ]);
    fs::write(folder.join("~.torrent"), dictionary([("info", info)]).encode()).unwrap();
    let added = folder.join("~.torrent.added");
    wait_until("the probe to be added", || added.exists());
    fs::remove_file(added).unwrap();
    let list = relay.ok("get_status", json!({}));
    let probe = list["torrents"].as_array().unwrap().iter().find(|one| one["name"] == "probe");
    granted(relay, "remove", probe.expect("the probe")["id"].as_str().unwrap());
}

#[test]
fn a_torrent_file_put_there_is_added_once_and_renamed() {
    let (sandbox, relay, folder) = watching();
    let seeder = Seeder::file("watched.bin", 50_000);
    relay.ok("subscribe", json!({"topics": ["events"]}));
    fs::write(folder.join("a.torrent"), seeder.torrent_bytes()).unwrap();
    let added = relay.event("torrent_added");
    assert_eq!(added["id"], json!(seeder.id));
    assert_eq!(added["name"], "watched.bin");
    wait_until("the file to be renamed", || files::list(&folder) == ["a.torrent.added"]);
    let entry = torrent(&relay, &seeder.id);
    assert_eq!(entry["save_path"], json!(sandbox.downloads()));
    assert_eq!(entry["auto_managed"], true);
    granted(&relay, "remove", &seeder.id);
    wait_for_looks(&relay, &folder);
    assert_eq!(count(&relay), 0);
}

#[test]
fn the_defaults_hold_for_what_is_put_there() {
    let (_sandbox, relay, folder) = watching();
    relay.ok("set_settings", json!({"start_paused": true}));
    let seeder = Seeder::file("paused.bin", 5_000);
    fs::write(folder.join("a.TORRENT"), seeder.torrent_bytes()).unwrap();
    wait_until("the file to be added", || count(&relay) == 1);
    wait_state(&relay, &seeder.id, &["paused"]);
}

#[test]
fn a_file_in_the_making_is_waited_for_and_nonsense_is_refused() {
    let (_sandbox, relay, folder) = watching();
    let seeder = Seeder::file("slowly.bin", 2_000_000);
    let whole = seeder.torrent_bytes();
    // Half of it, which is no torrent file, and then the rest.
    fs::write(folder.join("slow.torrent"), &whole[..whole.len() / 2]).unwrap();
    fs::write(folder.join("nonsense.torrent"), "this is none").unwrap();
    fs::write(folder.join("empty.torrent"), "").unwrap();
    fs::write(folder.join("notes.txt"), "kept").unwrap();
    let large = fs::File::create(folder.join("large.torrent")).unwrap();
    large.set_len(11 << 20).unwrap();
    fs::write(folder.join("quick.torrent"), Seeder::file("q", 10).torrent_bytes()).unwrap();
    wait_until("the first file to be added", || folder.join("quick.torrent.added").exists());
    assert_eq!(count(&relay), 1);
    fs::write(folder.join("slow.torrent"), &whole).unwrap();
    wait_until("everything to be done", || {
        files::list(&folder)
            == [
                "empty.torrent",
                "large.torrent.refused",
                "nonsense.torrent.refused",
                "notes.txt",
                "quick.torrent.added",
                "slow.torrent.added",
            ]
    });
    assert_eq!(count(&relay), 2);
    let log = relay.ok("get_log", json!({"lines": 200}))["lines"].to_string();
    assert!(log.contains("nonsense.torrent"), "the log says why: {log}");
}

#[test]
fn where_nothing_can_be_renamed_it_is_remembered() {
    // Only a disk that is read-only stops root, and these tests may be run as root.
    let (sandbox, relay, folder) = watching();
    let seeder = Seeder::file("remembered.bin", 5_000);
    fs::write(folder.join("a.torrent"), seeder.torrent_bytes()).unwrap();
    let outside = sandbox.root().join("elsewhere");
    fs::create_dir(&outside).unwrap();
    let Some(_read_only) = Disk::read_only_view(&folder, &outside) else { return };
    relay.ok("set_settings", json!({"watch_folder": outside}));
    wait_until("the file to be added", || count(&relay) == 1);
    granted(&relay, "remove", &seeder.id);
    // Another folder and back again: everything in it is seen anew.
    relay.ok("set_settings", json!({"watch_folder": null}));
    relay.ok("set_settings", json!({"watch_folder": outside}));
    assert_eq!(files::list(&outside), ["a.torrent"]);
    drop(relay);
    sandbox.stop_engine();
    let relay = sandbox.relay();
    // What is put there last is taken last.
    let last = Seeder::file("last.bin", 5_000);
    fs::write(folder.join("z.torrent"), last.torrent_bytes()).unwrap();
    wait_until("the last file to be added", || count(&relay) > 0);
    let left = relay.ok("get_status", json!({}));
    assert_eq!(left["torrents"][0]["id"], json!(last.id));
    assert_eq!(count(&relay), 1);
}

#[test]
fn a_folder_that_cannot_be_watched_is_refused_and_one_that_vanishes_is_waited_for() {
    let (sandbox, relay, folder) = watching();
    let file = sandbox.root().join("file");
    fs::write(&file, "x").unwrap();
    for wrong in [json!("relative"), json!(""), json!(file), json!(sandbox.root().join("gone"))] {
        relay.refused("invalid_path", "set_settings", json!({"watch_folder": wrong}));
    }
    assert_eq!(relay.ok("get_settings", json!({}))["watch_folder"], json!(folder));
    assert!(!sandbox.root().join("gone").exists(), "it was not made");
    fs::rename(&folder, sandbox.root().join("away")).unwrap();
    wait_until("the engine to miss the folder", || {
        let log = relay.ok("get_log", json!({"lines": 50}))["lines"].to_string();
        log.contains("the watched folder cannot be read")
    });
    let seeder = Seeder::file("later.bin", 5_000);
    fs::write(sandbox.root().join("away/a.torrent"), seeder.torrent_bytes()).unwrap();
    fs::rename(sandbox.root().join("away"), &folder).unwrap();
    wait_until("the file to be added", || count(&relay) == 1);
}

#[test]
fn what_a_torrent_brings_is_not_added() {
    let sandbox = Sandbox::new();
    // A torrent of one file that is a torrent file itself, into the folder that is watched.
    let (inner, folder) = (Seeder::file("inner.bin", 9_000), sandbox.downloads());
    let outer = Seeder::start(Seed {
        name: "trap.torrent",
        files: Files::one("trap.torrent", inner.torrent_bytes()),
        piece_bytes: 0,
        upload_limit: 0,
    });
    let relay = sandbox.relay();
    add_magnet(&relay, &outer.magnet);
    wait_complete(&relay, &outer.id);
    relay.ok("set_settings", json!({"watch_folder": folder}));
    wait_for_looks(&relay, &folder);
    granted(&relay, "remove", &outer.id);
    wait_for_looks(&relay, &folder);
    assert_eq!(count(&relay), 0);
    outer.assert_downloaded(&folder);
}

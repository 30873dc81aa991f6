//! Pause, resume, cancel, delete, remove.

use std::fs;

use serde_json::json;
use torrpeddo_tests::relay::check_error;
use torrpeddo_tests::{Sandbox, Seeder, files, wait_until};

use crate::support::{
    add_magnet, granted, listens_at, one, slow_seeder, torrent, wait_complete, wait_half_way,
    wait_state,
};

#[test]
fn pause_stops_it_and_resume_goes_on() {
    let (sandbox, seeder) = (Sandbox::new(), slow_seeder("paused"));
    let relay = sandbox.relay();
    let id = add_magnet(&relay, &seeder.magnet);
    wait_half_way(&relay, &id);
    granted(&relay, "pause", &id);
    let paused = wait_state(&relay, &id, &["paused"]);
    assert_eq!(paused["auto_managed"], false);
    assert_eq!(paused["download_rate"], 0);
    wait_until("the seeder to lose its peer", || seeder.peers() == 0);
    let sent = seeder.uploaded();
    // Twice is not an error: it is paused already.
    granted(&relay, "pause", &id);
    granted(&relay, "resume", &id);
    let resumed = wait_state(&relay, &id, &["downloading"]);
    assert_eq!(resumed["auto_managed"], true);
    seeder.limit(0);
    wait_complete(&relay, &id);
    seeder.assert_downloaded(&sandbox.downloads());
    let missing = seeder.files().total() - paused["done_bytes"].as_u64().unwrap();
    let again = seeder.uploaded() - sent;
    assert!(again <= missing + (1 << 20), "{missing} bytes were missing, {again} were fetched");
}

#[test]
fn cancel_keeps_files_and_entry_and_has_stopped_when_it_answers() {
    let (sandbox, seeder) = (Sandbox::new(), slow_seeder("cancelled"));
    let relay = sandbox.relay();
    let id = add_magnet(&relay, &seeder.magnet);
    wait_half_way(&relay, &id);
    granted(&relay, "cancel", &id);
    let cancelled = torrent(&relay, &id);
    assert_eq!(cancelled["state"], "cancelled", "{cancelled:#}");
    assert_eq!(cancelled["auto_managed"], false);
    assert_eq!(cancelled["peers_connected"], 0);
    let before = files::list(&sandbox.downloads());
    assert!(!before.is_empty(), "files stay");
    wait_until("the seeder to lose its peer", || seeder.peers() == 0);
    // Back again, and what is on disk is kept.
    let sent = seeder.uploaded();
    granted(&relay, "resume", &id);
    seeder.limit(0);
    wait_complete(&relay, &id);
    seeder.assert_downloaded(&sandbox.downloads());
    let missing = seeder.files().total() - cancelled["done_bytes"].as_u64().unwrap();
    let again = seeder.uploaded() - sent;
    assert!(again <= missing + (1 << 20), "{missing} bytes were missing, {again} were fetched");
}

#[test]
fn delete_files_takes_exactly_its_own() {
    let sandbox = Sandbox::new();
    let seeder = Seeder::folder("mine", [("a.bin", 90_000), ("sub/b.bin", 50), ("sub/c.bin", 7)]);
    let relay = sandbox.relay();
    let id = add_magnet(&relay, &seeder.magnet);
    wait_complete(&relay, &id);
    let refusal = one(&relay.ok("delete_files", json!({"ids": [id]})), &id);
    assert_eq!(refusal["ok"], false);
    check_error(&refusal["error"], "wrong_state");
    assert!(refusal["error"]["data"]["state"].is_string(), "{refusal}");
    seeder.assert_downloaded(&sandbox.downloads());

    let foreign = sandbox.downloads().join("mine/sub/not yours.txt");
    fs::write(&foreign, "kept").unwrap();
    fs::write(sandbox.downloads().join("beside.txt"), "kept").unwrap();
    granted(&relay, "cancel", &id);
    granted(&relay, "delete_files", &id);
    assert_eq!(files::list(&sandbox.downloads()), ["beside.txt", "mine/sub/not yours.txt"]);
    assert_eq!(fs::read_to_string(foreign).unwrap(), "kept");
    let gone = relay.refused("not_found", "get_files", json!({"id": id}));
    assert_eq!(gone["data"]["id"], json!(id));
}

#[test]
fn folders_that_became_empty_go_too() {
    let sandbox = Sandbox::new();
    let seeder = Seeder::folder("deep", [("a/b/c/d.bin", 1000), ("e.bin", 1000)]);
    let relay = sandbox.relay();
    let id = add_magnet(&relay, &seeder.magnet);
    wait_complete(&relay, &id);
    granted(&relay, "cancel", &id);
    granted(&relay, "delete_files", &id);
    assert!(!sandbox.downloads().join("deep").exists());
    assert!(sandbox.downloads().is_dir(), "the folder of all downloads stays");
}

#[test]
fn remove_forgets_and_keeps_files_unless_told_otherwise() {
    let sandbox = Sandbox::new();
    let (kept, deleted) = (Seeder::file("kept.bin", 5000), Seeder::file("deleted.bin", 5000));
    let relay = sandbox.relay();
    for seeder in [&kept, &deleted] {
        add_magnet(&relay, &seeder.magnet);
        wait_complete(&relay, &seeder.id);
    }
    granted(&relay, "remove", &kept.id);
    let result = relay.ok("remove", json!({"ids": [deleted.id], "delete_files": true}));
    assert_eq!(one(&result, &deleted.id)["ok"], true);
    assert_eq!(relay.ok("get_status", json!({}))["torrents"], json!([]));
    assert_eq!(files::list(&sandbox.downloads()), ["kept.bin"]);
    // What was removed can be added again, and its file is found.
    let sent = kept.uploaded();
    add_magnet(&relay, &kept.magnet);
    wait_complete(&relay, &kept.id);
    kept.assert_downloaded(&sandbox.downloads());
    assert!(kept.uploaded() - sent <= kept.files().total());
}

#[test]
fn many_at_once_are_answered_one_by_one_in_the_order_asked() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let ids: Vec<String> =
        (0..5).map(|number| add_magnet(&relay, &torrpeddo_tests::magnets::dead(number))).collect();
    let unknown = torrpeddo_tests::magnets::dead_id(99);
    let asked = [&ids[3], &unknown, &ids[0]];
    let answer = relay.ok("pause", json!({"ids": asked}));
    let results = answer["results"].as_array().unwrap();
    let answered: Vec<&str> = results.iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(answered, asked);
    assert_eq!(results[0]["ok"], true);
    assert_eq!(results[1]["ok"], false);
    check_error(&results[1]["error"], "not_found");
    assert_eq!(results[2]["ok"], true);
    let status = relay.ok("get_status", json!({"ids": ids}));
    let paused: Vec<bool> = status["torrents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|torrent| torrent["state"] == "paused")
        .collect();
    assert_eq!(paused, [true, false, false, true, false], "in the order asked");
}

#[test]
fn an_upload_is_counted() {
    // A second engine that knows only the first one as a peer.
    let (first, second) = (Sandbox::new(), Sandbox::new());
    let seeder = Seeder::file("passed on.bin", 400_000);
    let relay = first.relay();
    let id = add_magnet(&relay, &seeder.magnet);
    wait_complete(&relay, &id);
    let address = listens_at(&relay);
    let other = second.relay();
    add_magnet(&other, &format!("{}&x.pe={address}", seeder.bare_magnet()));
    wait_complete(&other, &id);
    seeder.assert_downloaded(&second.downloads());
    wait_until("the upload to be counted", || {
        torrent(&relay, &id)["uploaded"].as_u64() >= Some(400_000)
    });
}

//! Verifying what is on disk.

use std::os::unix::fs::FileExt as _;

use serde_json::{Value, json};
use torrpeddo_tests::relay::check_error;
use torrpeddo_tests::{Sandbox, Seed, Seeder, wait_until};

use crate::support::{
    add_magnet, granted, one, slow_seeder, torrent, wait_complete, wait_half_way, wait_state,
    wait_torrent,
};

const PIECE: u64 = 64 << 10;

fn seeder(name: &str) -> Seeder {
    Seeder::start(Seed {
        name,
        files: torrpeddo_tests::Files::new([("one.bin", 6 << 20), ("two.bin", 2 << 20)]),
        piece_bytes: PIECE as u32,
        upload_limit: 0,
    })
}

/// Overwrites the middle of a file without changing its length, as a failing disk does.
fn damage(seeder: &Seeder, sandbox: &Sandbox) {
    let path = seeder.downloaded_to(&sandbox.downloads()).join("one.bin");
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.write_all_at(&[7; 100], 20 * PIECE + 5).unwrap();
}

#[test]
fn damaged_pieces_are_found_and_just_those_are_fetched() {
    let (sandbox, seeder) = (Sandbox::new(), seeder("damaged"));
    let relay = sandbox.relay();
    let id = add_magnet(&relay, &seeder.magnet);
    wait_complete(&relay, &id);
    let sent = seeder.uploaded();
    damage(&seeder, &sandbox);
    granted(&relay, "recheck", &id);
    wait_until("the damage to be mended", || {
        seeder.files().check(&seeder.downloaded_to(&sandbox.downloads())).is_ok()
    });
    wait_complete(&relay, &id);
    let again = seeder.uploaded() - sent;
    assert!((PIECE..=4 * PIECE).contains(&again), "{again} bytes for one damaged piece");
}

#[test]
fn a_paused_torrent_is_checked_and_stays_paused() {
    let (sandbox, seeder) = (Sandbox::new(), seeder("paused and damaged"));
    let relay = sandbox.relay();
    let id = add_magnet(&relay, &seeder.magnet);
    wait_complete(&relay, &id);
    granted(&relay, "pause", &id);
    damage(&seeder, &sandbox);
    let sent = seeder.uploaded();
    granted(&relay, "recheck", &id);
    let checked = wait_torrent(&relay, &id, "the damage to be found", |torrent| {
        torrent["state"] == "paused" && torrent["completed_at"] == Value::Null
    });
    assert_eq!(checked["done_bytes"].as_u64(), Some((8 << 20) - PIECE), "{checked:#}");
    assert_eq!(checked["auto_managed"], false);
    assert_eq!(seeder.uploaded(), sent, "a check fetches nothing");
    // Whole again, it is complete again, and still paused.
    seeder.files().write(&seeder.downloaded_to(&sandbox.downloads()));
    granted(&relay, "recheck", &id);
    wait_torrent(&relay, &id, "everything to be found", |torrent| {
        torrent["state"] == "paused" && torrent["progress"] == 1.0
    });
    assert_eq!(seeder.uploaded(), sent);
}

#[test]
fn a_check_in_the_middle_of_a_download_keeps_what_is_there() {
    let (sandbox, seeder) = (Sandbox::new(), slow_seeder("checked"));
    let relay = sandbox.relay();
    let id = add_magnet(&relay, &seeder.magnet);
    let done = wait_half_way(&relay, &id)["done_bytes"].as_u64().unwrap();
    granted(&relay, "recheck", &id);
    let going_on = wait_torrent(&relay, &id, "the download to go on", |torrent| {
        torrent["state"] == "downloading" && torrent["done_bytes"].as_u64() >= Some(done)
    });
    assert_eq!(going_on["auto_managed"], true);
    seeder.limit(0);
    wait_complete(&relay, &id);
    seeder.assert_downloaded(&sandbox.downloads());
    let sent = seeder.uploaded();
    assert!(sent <= seeder.files().total() + (2 << 20), "{sent} bytes were fetched");
}

#[test]
fn a_check_that_cannot_begin_fails_once() {
    let (sandbox, seeder) = (Sandbox::new(), seeder("in the way"));
    let relay = sandbox.relay();
    let id = add_magnet(&relay, &seeder.magnet);
    wait_complete(&relay, &id);
    let folder = seeder.downloaded_to(&sandbox.downloads());
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::write(&folder, "").unwrap();
    relay.ok("subscribe", json!({"topics": ["events"]}));
    granted(&relay, "recheck", &id);
    wait_state(&relay, &id, &["error"]);
    // While another one is downloaded it could be tried again and again.
    let other = Seeder::file("another.bin", 1 << 20);
    wait_complete(&relay, &add_magnet(&relay, &other.magnet));
    let heard = relay.drain();
    let failed = heard.iter().filter(|one| one.params["kind"] == "torrent_error");
    assert_eq!(failed.count(), 1, "{heard:#?}");
}

#[test]
fn where_nothing_can_be_checked_it_says_so() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let unknown = add_magnet(&relay, &torrpeddo_tests::magnets::dead(1));
    let cancelled = add_magnet(&relay, &torrpeddo_tests::magnets::dead(2));
    granted(&relay, "cancel", &cancelled);
    for id in [&unknown, &cancelled] {
        let result = one(&relay.ok("recheck", json!({"ids": [id]})), id);
        check_error(&result["error"], "wrong_state");
    }
    assert_eq!(torrent(&relay, &cancelled)["state"], "cancelled");
    wait_state(&relay, &unknown, &["fetching_metadata"]);
}

//! A database that cannot be used: it stays as it is, byte for byte, the relay says what was found
//! and how to go on, and no engine starts empty over it.

use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use torrpeddo_tests::magnets::{dead, dead_id};
use torrpeddo_tests::{Sandbox, Seed, Seeder, files::Files};

use crate::support::{granted, id_of, torrent, wait_complete, wait_io_error};

const PAGE: usize = 4096;

fn database(sandbox: &Sandbox) -> PathBuf {
    sandbox.home().join("torrpeddo.db")
}

/// Starts an engine on each of these, and expects it to refuse them with a sentence that has these
/// words; then on the database as it was.
#[track_caller]
fn refuses(sandbox: &Sandbox, harmed: &[(Vec<u8>, [&str; 2])]) {
    let path = database(sandbox);
    let whole = fs::read(&path).unwrap();
    for (harmed, words) in harmed {
        fs::write(&path, harmed).unwrap();
        for _ in 0..2 {
            let relay = sandbox.relay();
            let error = relay.refused("unavailable", "get_status", json!({}));
            let sentence = error["message"].as_str().unwrap();
            assert!(words.iter().all(|word| sentence.contains(word)), "{sentence}");
            assert!(sentence.contains(path.to_str().unwrap()), "{sentence}");
        }
        assert!(fs::read(&path).unwrap() == *harmed, "it was changed");
    }
    fs::write(&path, whole).unwrap();
    let all = sandbox.relay().ok("get_status", json!({}));
    assert_eq!(all["torrents"].as_array().unwrap().len(), 40, "they are there again");
}

/// A sandbox with 40 entries, whose engine has ended.
fn sandbox_with_entries() -> Sandbox {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    for number in 0..40 {
        let options = json!({"paused": true});
        relay.ok("add_magnet", json!({"uri": dead(number), "options": options}));
    }
    drop(relay);
    sandbox.stop_engine();
    sandbox
}

#[test]
fn a_damaged_one_is_kept() {
    let sandbox = sandbox_with_entries();
    let whole = fs::read(database(&sandbox)).unwrap();
    // The first id in it is on a page of entries.
    let place = find(&whole, dead_id(20).as_bytes()) / PAGE * PAGE;
    let mut page = whole.clone();
    page[place..place + PAGE].fill(0xa5);
    let words = ["is damaged", "restore it from a backup"];
    refuses(
        &sandbox,
        &[
            (b"this is no database".repeat(500), words),
            (whole[..whole.len() / PAGE / 2 * PAGE].to_vec(), words),
            (whole[..50].to_vec(), words),
            (Vec::new(), words),
            (page, words),
        ],
    );
}

#[test]
fn one_of_the_future_is_kept() {
    let sandbox = sandbox_with_entries();
    let mut future = fs::read(database(&sandbox)).unwrap();
    // `user_version`, as the file format of SQLite has it.
    future[60..64].copy_from_slice(&4000_u32.to_be_bytes());
    refuses(&sandbox, &[(future, ["newer Torrpeddo", "install that version again"])]);
}

fn find(haystack: &[u8], needle: &[u8]) -> usize {
    let found = haystack.windows(needle.len()).position(|window| window == needle);
    found.expect("what was written is there")
}

#[test]
fn damage_that_is_found_later_stops_one_torrent_and_no_other() {
    let sandbox = Sandbox::new();
    let seeder = |name| {
        Seeder::start(Seed {
            name,
            files: Files::new([(name, 16 << 20)]),
            piece_bytes: 16 << 10,
            upload_limit: 0,
        })
    };
    let (harmed, other) = (seeder("harmed.bin"), seeder("other.bin"));
    let relay = sandbox.relay();
    for seeder in [&harmed, &other] {
        let data = STANDARD.encode(seeder.torrent_bytes());
        let options = json!({"paused": true});
        let added = relay.ok("add_torrent", json!({"data": data, "options": options}));
        assert_eq!(id_of(&added), seeder.id);
        relay.ok("add_magnet", json!({"uri": seeder.magnet}));
    }
    drop(relay);
    sandbox.stop_engine();
    // In the middle of the hashes of its pieces.
    let mut database_bytes = fs::read(database(&sandbox)).unwrap();
    let torrent_bytes = harmed.torrent_bytes();
    let middle = &torrent_bytes[torrent_bytes.len() / 2..][..40];
    let place = find(&database_bytes, middle);
    database_bytes[place..place + 40].fill(0);
    fs::write(database(&sandbox), database_bytes).unwrap();

    let relay = sandbox.relay();
    granted(&relay, "resume", &harmed.id);
    granted(&relay, "resume", &other.id);
    let sentence = wait_io_error(&relay, &harmed.id);
    assert!(sentence.contains("database") && sentence.contains("is damaged"), "{sentence}");
    wait_complete(&relay, &other.id);
    other.assert_downloaded(&sandbox.downloads());
    // The entry can be used, and be made anew.
    assert_eq!(torrent(&relay, &harmed.id)["name"], "harmed.bin");
    granted(&relay, "remove", &harmed.id);
    relay.ok("add_magnet", json!({"uri": harmed.magnet}));
    wait_complete(&relay, &harmed.id);
    harmed.assert_downloaded(&sandbox.downloads());
}

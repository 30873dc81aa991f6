//! Disks that are full, read-only, unmounted or renamed under a torrent: it stops with a sentence,
//! the others go on, what is verified is kept, and `resume` goes on from there.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use torrpeddo_tests::{Disk, Leecher, Relay, Sandbox, Seeder, files, wait_until};

use crate::support::{
    add_magnet, goes_on_to_the_end, granted, id_of, listens_at, slow_seeder, wait_complete,
    wait_half_way, wait_io_error, wait_state,
};

/// Adds a magnet with a folder of its own and returns its id.
fn add_to(relay: &Relay, seeder: &Seeder, folder: &Path) -> String {
    let options = json!({"save_path": folder});
    id_of(&relay.ok("add_magnet", json!({"uri": seeder.magnet, "options": options})))
}

fn done(torrent: &Value) -> u64 {
    torrent["done_bytes"].as_u64().expect("a count of bytes")
}

#[test]
fn a_full_disk_stops_its_torrent_and_no_other() {
    let (sandbox, full) = (Sandbox::new(), Seeder::file("too large.bin", 24 << 20));
    let Some(mut disk) = Disk::mount(&sandbox.root().join("disk"), 8 << 20) else { return };
    let other = slow_seeder("other");
    let relay = sandbox.relay();
    add_magnet(&relay, &other.magnet);
    let id = add_to(&relay, &full, disk.path());
    let sentence = wait_io_error(&relay, &id);
    assert!(sentence.contains("The disk is full") && sentence.contains("resume"), "{sentence}");
    let stopped = wait_state(&relay, &id, &["error"]);
    assert!(done(&stopped) > 0, "what fits is verified: {stopped:#}");
    assert!(stopped["downloaded"].as_u64() >= Some(done(&stopped)), "{stopped:#}");
    wait_state(&relay, &other.id, &["downloading"]);
    // Nothing has changed, so it stops again, and loses nothing by that.
    granted(&relay, "resume", &id);
    wait_io_error(&relay, &id);
    disk.grow(32 << 20);
    goes_on_to_the_end(&relay, &full, done(&stopped), disk.path());
    other.limit(0);
    wait_complete(&relay, &other.id);
    other.assert_downloaded(&sandbox.downloads());
}

#[test]
fn a_read_only_disk_stops_a_download() {
    let (sandbox, seeder) = (Sandbox::new(), slow_seeder("read only"));
    let Some(disk) = Disk::mount(&sandbox.root().join("disk"), 64 << 20) else { return };
    let relay = sandbox.relay();
    let id = add_to(&relay, &seeder, disk.path());
    wait_half_way(&relay, &id);
    granted(&relay, "pause", &id);
    let paused = wait_state(&relay, &id, &["paused"]);
    disk.set_read_only(true);
    granted(&relay, "resume", &id);
    let sentence = wait_io_error(&relay, &id);
    assert!(sentence.contains("read-only"), "{sentence}");
    disk.set_read_only(false);
    goes_on_to_the_end(&relay, &seeder, done(&paused), disk.path());
}

#[test]
fn what_is_complete_is_seeded_from_a_read_only_disk() {
    let sandbox = Sandbox::new();
    let seeder = Seeder::folder("archive", [("a.bin", 900_000), ("empty", 0), ("z.bin", 50_000)]);
    let Some(disk) = Disk::mount(&sandbox.root().join("disk"), 4 << 20) else { return };
    let relay = sandbox.relay();
    let id = add_to(&relay, &seeder, disk.path());
    wait_complete(&relay, &id);
    granted(&relay, "pause", &id);
    disk.set_read_only(true);
    granted(&relay, "resume", &id);
    wait_state(&relay, &id, &["seeding"]);
    let leecher = Leecher::start(&seeder.torrent);
    leecher.connect(listens_at(&relay));
    wait_until("the other peer to have everything", || leecher.is_complete());
}

#[test]
fn a_folder_that_is_renamed_under_a_download_is_not_made_anew() {
    let (sandbox, seeder) = (Sandbox::new(), slow_seeder("renamed"));
    let other = Seeder::file("unharmed.bin", 1 << 20);
    let (folder, elsewhere) = (sandbox.root().join("folder"), sandbox.root().join("elsewhere"));
    let relay = sandbox.relay();
    let id = add_to(&relay, &seeder, &folder);
    wait_half_way(&relay, &id);
    fs::rename(&folder, &elsewhere).unwrap();
    let sentence = wait_io_error(&relay, &id);
    assert!(sentence.contains("is not there"), "{sentence}");
    granted(&relay, "resume", &id);
    wait_io_error(&relay, &id);
    assert!(!folder.exists());
    add_magnet(&relay, &other.magnet);
    wait_complete(&relay, &other.id);
    fs::rename(&elsewhere, &folder).unwrap();
    let stopped = wait_state(&relay, &id, &["error"]);
    goes_on_to_the_end(&relay, &seeder, done(&stopped), &folder);
}

#[test]
fn a_disk_that_is_unmounted_and_back_is_gone_on_with() {
    let (sandbox, seeder) = (Sandbox::new(), slow_seeder("unmounted"));
    let folder = sandbox.root().join("disk");
    let Some(disk) = Disk::mount(&folder, 64 << 20) else { return };
    let relay = sandbox.relay();
    let id = add_to(&relay, &seeder, disk.path());
    wait_half_way(&relay, &id);
    let pulled = disk.pull();
    wait_io_error(&relay, &id);
    let stopped = wait_state(&relay, &id, &["error"]);
    let sent = seeder.uploaded();
    // The empty folder below the disk is not filled, not even by an engine that has just started.
    sandbox.kill_engine();
    let relay = sandbox.relay();
    granted(&relay, "resume", &id);
    let sentence = wait_io_error(&relay, &id);
    assert!(sentence.contains("mount"), "{sentence}");
    assert!(files::list(&folder).is_empty());
    assert_eq!(seeder.uploaded(), sent);
    let disk = pulled.plug_in();
    goes_on_to_the_end(&relay, &seeder, done(&stopped), disk.path());
}

#[test]
fn files_that_are_all_gone_are_downloaded_again_only_when_the_user_says_so() {
    let (sandbox, seeder) = (Sandbox::new(), Seeder::folder("gone", [("a", 90_000), ("b", 9)]));
    let relay = sandbox.relay();
    let id = add_magnet(&relay, &seeder.magnet);
    wait_complete(&relay, &id);
    let sent = seeder.uploaded();
    sandbox.kill_engine();
    fs::remove_dir_all(sandbox.downloads().join("gone")).unwrap();
    let relay = sandbox.relay();
    let sentence = wait_io_error(&relay, &id);
    assert!(sentence.contains("resuming downloads them again"), "{sentence}");
    assert_eq!(seeder.uploaded(), sent, "nobody has asked for that");
    assert!(files::list(&sandbox.downloads()).is_empty(), "a file was made anew");
    granted(&relay, "resume", &id);
    wait_until("everything to be sent again", || {
        seeder.uploaded() >= sent + seeder.files().total()
    });
    wait_complete(&relay, &id);
    seeder.assert_downloaded(&sandbox.downloads());
}

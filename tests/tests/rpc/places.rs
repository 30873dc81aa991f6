//! Where the files of a torrent are: until it is complete, afterwards, and moved by the user.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use torrpeddo_tests::{Files, Relay, Sandbox, Seed, Seeder, files, wait_until};

use crate::support::{
    add_magnet, granted, id_of, one, slow_seeder, torrent, wait_complete, wait_half_way, wait_state,
};

/// A folder on another disk than the sandbox: what is in memory.
fn another_disk() -> tempfile::TempDir {
    let memory = tempfile::Builder::new().prefix("torrpeddo-").tempdir_in("/dev/shm");
    memory.expect("/dev/shm, a file system in memory")
}

fn move_to(relay: &Relay, id: &str, folder: &Path) -> Result<Value, Value> {
    relay.call_raw("move_files", &json!({"id": id, "save_path": folder}))
}

#[track_caller]
fn moved(relay: &Relay, id: &str, folder: &Path) {
    move_to(relay, id, folder).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(torrent(relay, id)["save_path"], json!(folder));
}

/// Moves a torrent in the middle of its download, and lets it end at the new place.
fn move_in_the_middle(target: &Path) {
    let (sandbox, seeder) = (Sandbox::new(), slow_seeder("on the move"));
    let relay = sandbox.relay();
    let id = add_magnet(&relay, &seeder.magnet);
    let done = wait_half_way(&relay, &id)["done_bytes"].as_u64().unwrap();
    std::fs::write(sandbox.downloads().join("on the move/foreign"), "stays").unwrap();
    moved(&relay, &id, target);
    assert_eq!(files::list(&sandbox.downloads()), ["on the move/foreign"]);
    let after = wait_state(&relay, &id, &["downloading"]);
    assert!(after["done_bytes"].as_u64() >= Some(done), "{after:#}");
    seeder.limit(0);
    wait_complete(&relay, &id);
    seeder.assert_downloaded(target);
    // What was asked for when it stopped comes again, which is up to 128 blocks, and with it the pieces
    // that they belong to.
    let sent = seeder.uploaded();
    assert!(sent <= seeder.files().total() + (3 << 20), "{sent} bytes were fetched");
    // The files are as much its own at the new place.
    granted(&relay, "cancel", &id);
    granted(&relay, "delete_files", &id);
    assert_eq!(files::list(target), Vec::<String>::new());
}

#[test]
fn a_download_goes_on_where_it_was_moved_to() {
    let folder = tempfile::tempdir().unwrap();
    move_in_the_middle(&folder.path().join("new/place"));
}

#[test]
fn a_download_goes_on_where_it_was_moved_to_on_another_disk() {
    move_in_the_middle(&another_disk().path().join("new/place"));
}

#[test]
fn nothing_is_overwritten_and_all_stays_where_it_was() {
    let (sandbox, target) = (Sandbox::new(), tempfile::tempdir().unwrap());
    let seeder = Seeder::folder("kept apart", [("a.bin", 70_000), ("b/c.bin", 90_000)]);
    let relay = sandbox.relay();
    let id = add_magnet(&relay, &seeder.magnet);
    wait_complete(&relay, &id);
    let foreign = target.path().join("kept apart/b/c.bin");
    std::fs::create_dir_all(foreign.parent().unwrap()).unwrap();
    std::fs::write(&foreign, "foreign").unwrap();
    let error =
        relay.refused("invalid_path", "move_files", json!({"id": id, "save_path": target.path()}));
    assert!(error["message"].as_str().unwrap().contains("c.bin"), "{error}");
    assert_eq!(files::list(target.path()), ["kept apart/b/c.bin"]);
    assert_eq!(std::fs::read(&foreign).unwrap(), b"foreign");
    seeder.assert_downloaded(&sandbox.downloads());
    wait_state(&relay, &id, &["seeding"]);
    assert_eq!(torrent(&relay, &id)["save_path"], json!(sandbox.downloads()));
}

#[test]
fn folders_that_cannot_be_used_are_refused() {
    let sandbox = Sandbox::new();
    let allowed = sandbox.downloads();
    let relay = Relay::spawn(sandbox.command(&["relay"]).env("TORRPEDDO_ROOTS", &allowed));
    let id = add_magnet(&relay, &torrpeddo_tests::magnets::dead(1));
    let outside = sandbox.root().join("downloads-not");
    std::os::unix::fs::symlink(sandbox.root(), allowed.join("way out")).unwrap();
    std::fs::write(allowed.join("file"), "a file").unwrap();
    for folder in [
        PathBuf::from("relative/folder"),
        outside.clone(),
        allowed.join("../downloads-not"),
        allowed.join("way out/elsewhere"),
        allowed.join("file"),
    ] {
        let uri = torrpeddo_tests::magnets::dead(2);
        for (method, params) in [
            ("move_files", json!({"id": id, "save_path": folder})),
            ("add_magnet", json!({"uri": uri, "options": {"save_path": folder}})),
            ("set_settings", json!({"download_folder": folder})),
            ("set_settings", json!({"incomplete_folder": folder})),
        ] {
            relay.refused("invalid_path", method, params);
        }
    }
    assert!(!outside.exists());
    moved(&relay, &id, &allowed.join("inside"));
}

#[test]
fn what_another_entry_needs_stays_for_it() {
    let (sandbox, target) = (Sandbox::new(), tempfile::tempdir().unwrap());
    let make = |extra: &'static str| {
        Seeder::start(Seed {
            name: "shared",
            files: Files::new([("common.bin", 80_000), (extra, 10_000)]),
            piece_bytes: 16 << 10,
            upload_limit: 0,
        })
    };
    let (one, other) = (make("one.bin"), make("other.bin"));
    let relay = sandbox.relay();
    for seeder in [&one, &other] {
        add_magnet(&relay, &seeder.magnet);
        wait_complete(&relay, &seeder.id);
    }
    moved(&relay, &one.id, target.path());
    one.assert_downloaded(target.path());
    other.assert_downloaded(&sandbox.downloads());
    assert!(!sandbox.downloads().join("shared/one.bin").exists());
}

#[test]
fn what_is_not_complete_is_kept_in_a_folder_of_its_own() {
    let sandbox = Sandbox::new();
    let incomplete = another_disk();
    let relay = sandbox.relay();
    relay.ok("set_settings", json!({"incomplete_folder": incomplete.path()}));
    let seeder = slow_seeder("kept elsewhere");
    let id = add_magnet(&relay, &seeder.magnet);
    wait_half_way(&relay, &id);
    assert_eq!(files::list(&sandbox.downloads()), Vec::<String>::new());
    assert!(!files::list(incomplete.path()).is_empty());
    seeder.limit(0);
    wait_until("the files to be where they belong", || {
        seeder.files().check(&seeder.downloaded_to(&sandbox.downloads())).is_ok()
    });
    let complete = wait_state(&relay, &id, &["seeding"]);
    assert_eq!(complete["save_path"], json!(sandbox.downloads()));
    assert_eq!(files::list(incomplete.path()), Vec::<String>::new());

    // Files that are where they belong already are not looked for elsewhere.
    granted(&relay, "remove", &id);
    let sent = seeder.uploaded();
    add_magnet(&relay, &seeder.magnet);
    wait_complete(&relay, &id);
    assert_eq!(seeder.uploaded(), sent);
    assert_eq!(files::list(incomplete.path()), Vec::<String>::new());
}

#[test]
fn a_complete_torrent_that_cannot_be_moved_says_so_and_keeps_everything() {
    let (sandbox, incomplete) = (Sandbox::new(), tempfile::tempdir().unwrap());
    let defaults = json!({"incomplete_folder": incomplete.path()});
    let relay = sandbox.relay();
    relay.ok("set_settings", defaults);
    let seeder = slow_seeder("blocked");
    let id = add_magnet(&relay, &seeder.magnet);
    wait_half_way(&relay, &id);
    let blocking = sandbox.downloads().join("blocked");
    std::fs::write(&blocking, "in the way").unwrap();
    seeder.limit(0);
    let failed = wait_state(&relay, &id, &["error"]);
    assert!(failed["error"]["message"].as_str().unwrap().contains("blocked"), "{failed:#}");
    seeder.assert_downloaded(incomplete.path());
    std::fs::remove_file(&blocking).unwrap();
    let sent = seeder.uploaded();
    granted(&relay, "resume", &id);
    wait_until("the files to be where they belong", || {
        seeder.files().check(&seeder.downloaded_to(&sandbox.downloads())).is_ok()
    });
    wait_complete(&relay, &id);
    assert_eq!(seeder.uploaded(), sent);
}

/// Large enough to be in the middle of a move for a while: a move across disks copies and syncs.
fn large() -> Seeder {
    let files = (0..24).map(|number| (format!("{number:02}.bin"), 8 << 20)).collect::<Vec<_>>();
    Seeder::folder("large", files.iter().map(|(name, bytes)| (name.as_str(), *bytes)))
}

#[test]
fn a_move_shows_how_far_it_is_and_a_cancel_takes_it_back() {
    let (sandbox, seeder, target) = (Sandbox::new(), large(), another_disk());
    let relay = sandbox.relay();
    let id = add_magnet(&relay, &seeder.magnet);
    wait_complete(&relay, &id);
    let asked = relay.begin("move_files", &json!({"id": id, "save_path": target.path()}));
    wait_until("the first bytes to arrive", || torrent(&relay, &id)["moving"].as_f64() > Some(0.0));
    let cancelled = one(&relay.ok("cancel", json!({"ids": [id]})), &id);
    assert_eq!(cancelled["ok"], true);
    // When the cancel is answered, nothing goes on any more; whoever asked for the move is told.
    let whole = seeder.files().check(&seeder.downloaded_to(&sandbox.downloads()));
    match relay.finish(asked) {
        Err(error) => {
            torrpeddo_tests::relay::check_error(&error, "unavailable");
            whole.unwrap();
            assert_eq!(files::list(target.path()), Vec::<String>::new());
        }
        // It was too late to take it back.
        Ok(_) => seeder.assert_downloaded(target.path()),
    }
    let after = torrent(&relay, &id);
    assert_eq!((&after["state"], after.get("moving")), (&json!("cancelled"), None));
}

#[test]
fn a_kill_in_the_middle_of_a_move_loses_nothing() {
    let (sandbox, seeder) = (Sandbox::new(), large());
    let relay = sandbox.relay();
    let id = add_magnet(&relay, &seeder.magnet);
    wait_complete(&relay, &id);
    let sent = seeder.uploaded();
    let target = another_disk();
    relay.begin("move_files", &json!({"id": id, "save_path": target.path()}));
    let target_files = || files::list(target.path()).len();
    wait_until("some files to have arrived", || target_files() >= 3);
    sandbox.kill_engine();
    let relay = sandbox.relay();
    let after = wait_complete(&relay, &id);
    let place = Path::new(after["save_path"].as_str().unwrap()).to_owned();
    seeder.assert_downloaded(&place);
    let other = if place == target.path() { sandbox.downloads() } else { target.path().into() };
    assert_eq!(files::list(&other), Vec::<String>::new(), "all is in one place");
    assert_eq!(seeder.uploaded(), sent, "something was fetched again");
}

#[test]
fn what_has_no_files_yet_is_moved_by_its_name_alone() {
    let (sandbox, target) = (Sandbox::new(), tempfile::tempdir().unwrap());
    let relay = sandbox.relay();
    let uri = torrpeddo_tests::magnets::dead(1);
    let id = id_of(&relay.ok("add_magnet", json!({"uri": uri})));
    moved(&relay, &id, target.path());
    relay.refused("not_found", "move_files", json!({"id": "0".repeat(40), "save_path": "/tmp"}));
}

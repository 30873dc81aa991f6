//! Which files of a torrent are downloaded, and changing one's mind about it.

use serde_json::{Value, json};
use torrpeddo_tests::{Files, Relay, Sandbox, Seed, Seeder, files, wait_until};

use crate::support::{
    add_magnet, granted, id_of, torrent, wait_complete, wait_half_way, wait_state,
};

/// Three files that share pieces: no file begins or ends with one.
fn three(upload_limit: u32) -> Seeder {
    Seeder::start(Seed {
        name: "three",
        files: Files::new([("a.bin", 1_000_001), ("b.bin", 700_003), ("c.bin", 30_000)]),
        piece_bytes: 32 << 10,
        upload_limit,
    })
}

fn files_of(relay: &Relay, id: &str) -> Vec<Value> {
    relay.ok("get_files", json!({"id": id}))["files"].as_array().expect("files").clone()
}

#[track_caller]
fn assert_same(seeder: &Seeder, sandbox: &Sandbox, name: &str) {
    let whole = seeder.files().iter().find(|(file, _)| *file == name).expect("a file").1;
    let copy = std::fs::read(seeder.downloaded_to(&sandbox.downloads()).join(name)).unwrap();
    assert_eq!(files::sha256(whole), files::sha256(&copy), "{name}");
}

#[test]
fn what_is_not_selected_is_not_made_and_comes_when_it_is_wanted() {
    let (sandbox, seeder) = (Sandbox::new(), three(0));
    let relay = sandbox.relay();
    let options = json!({"selected": [1]});
    let id = id_of(&relay.ok("add_magnet", json!({"uri": seeder.magnet, "options": options})));
    let complete = wait_complete(&relay, &id);
    assert_eq!(complete["selected_bytes"], 700_003);
    assert_eq!(complete["total_bytes"], 1_730_004);
    assert_eq!(files::list(&sandbox.downloads()), ["three/b.bin"]);
    assert_same(&seeder, &sandbox, "b.bin");
    let sent = seeder.uploaded();
    assert!(sent < 900_000, "only what touches b.bin: {sent}");

    relay.ok("set_files", json!({"id": id, "selected": [2, 1]}));
    let complete = wait_complete(&relay, &id);
    assert_eq!(complete["selected_bytes"], 730_003);
    assert_eq!(files::list(&sandbox.downloads()), ["three/b.bin", "three/c.bin"]);
    assert_same(&seeder, &sandbox, "c.bin");
    let selected: Vec<_> = files_of(&relay, &id).iter().map(|f| f["selected"].clone()).collect();
    assert_eq!(selected, [json!(false), json!(true), json!(true)]);

    relay.ok("set_files", json!({"id": id, "selected": [0, 1, 2]}));
    wait_complete(&relay, &id);
    seeder.assert_downloaded(&sandbox.downloads());
    // A piece that reaches into two files is fetched once, whichever was wanted first.
    let sent = seeder.uploaded();
    assert!(sent <= seeder.files().total() + (1 << 20), "{sent} bytes were fetched");
}

#[test]
fn a_selection_changes_in_the_middle_of_a_download() {
    let (sandbox, seeder) = (Sandbox::new(), crate::support::slow_seeder("choosy"));
    let relay = sandbox.relay();
    let id = add_magnet(&relay, &seeder.magnet);
    wait_half_way(&relay, &id);
    relay.ok("set_files", json!({"id": id, "selected": [1]}));
    let chosen = torrent(&relay, &id);
    assert_eq!(chosen["selected_bytes"], 18 << 20, "{chosen:#}");
    seeder.limit(0);
    wait_complete(&relay, &id);
    assert_same(&seeder, &sandbox, "folder/second.bin");
    let of_first = &files_of(&relay, &id)[0];
    assert!(of_first["done_bytes"].as_u64() < Some(30 << 20), "the rest was not fetched");
}

#[test]
fn a_paused_torrent_stays_paused_and_is_complete_when_all_that_is_wanted_is_there() {
    let (sandbox, seeder) = (Sandbox::new(), three(0));
    let relay = sandbox.relay();
    let options = json!({"selected": [2]});
    let id = id_of(&relay.ok("add_magnet", json!({"uri": seeder.magnet, "options": options})));
    wait_complete(&relay, &id);
    granted(&relay, "pause", &id);
    relay.ok("set_files", json!({"id": id, "selected": [0, 2]}));
    let wider = torrent(&relay, &id);
    assert_eq!(wider["state"], "paused");
    assert_eq!(wider["completed_at"], Value::Null, "{wider:#}");
    // The last piece of a.bin is no neighbour of c.bin; so little of it is there.
    assert!(wider["progress"].as_f64() < Some(0.1), "{wider:#}");
    relay.ok("set_files", json!({"id": id, "selected": [2]}));
    let narrower = torrent(&relay, &id);
    assert_eq!((&narrower["state"], &narrower["progress"]), (&json!("paused"), &json!(1.0)));
    assert!(narrower["completed_at"].is_u64(), "{narrower:#}");
    wait_until("the seeder to lose its peer", || seeder.peers() == 0);
}

#[test]
fn a_selection_can_be_made_before_the_files_are_known() {
    let (sandbox, seeder) = (Sandbox::new(), three(0));
    let relay = sandbox.relay();
    let options = json!({"paused": true});
    let id = id_of(&relay.ok("add_magnet", json!({"uri": seeder.magnet, "options": options})));
    relay.ok("set_files", json!({"id": id, "selected": [2]}));
    granted(&relay, "resume", &id);
    wait_complete(&relay, &id);
    assert_eq!(files::list(&sandbox.downloads()), ["three/c.bin"]);
}

#[test]
fn a_selection_of_nothing_or_of_no_file_is_refused_and_changes_nothing() {
    let (sandbox, seeder) = (Sandbox::new(), three(0));
    let relay = sandbox.relay();
    let id = add_magnet(&relay, &seeder.magnet);
    wait_complete(&relay, &id);
    for selected in [json!([]), json!([3]), json!([0, 4_000_000_000_u32])] {
        let error =
            relay.refused("invalid_params", "set_files", json!({"id": id, "selected": selected}));
        assert_eq!(error["data"]["member"], "selected");
    }
    relay.refused("not_found", "set_files", json!({"id": "0".repeat(40), "selected": [0]}));
    assert_eq!(wait_state(&relay, &id, &["seeding"])["selected_bytes"], 1_730_004);
}

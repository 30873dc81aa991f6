//! The rules of seeding, and what trackers hear, seen from the other side.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use torrpeddo_tests::magnets::{dead, dead_id};
use torrpeddo_tests::torrents::Single;
use torrpeddo_tests::{Disk, Leecher, Relay, Sandbox, Seeder, Tracker, files, wait_until};

use crate::support::{add_magnet, granted, id_of, listens_at, torrent, wait_complete, wait_state};

/// Downloads all of it from the engine.
#[track_caller]
fn leech(leecher: &Leecher, relay: &Relay) {
    leecher.connect(listens_at(relay));
    wait_until("the leecher to have everything", || leecher.is_complete());
}

fn add_torrent(relay: &Relay, torrent: &[u8]) -> String {
    id_of(&relay.ok("add_torrent", json!({"data": STANDARD.encode(torrent)})))
}

#[test]
fn a_seed_stops_at_its_ratio_and_nobody_is_served_any_more() {
    let (sandbox, seeder) = (Sandbox::new(), Seeder::file("ratio.bin", 600_000));
    let relay = sandbox.relay();
    relay.ok("set_settings", json!({"ratio_limit": 1.5}));
    let id = add_magnet(&relay, &seeder.magnet);
    wait_complete(&relay, &id);
    let leecher = Leecher::start(&seeder.torrent);
    leech(&leecher, &relay);
    leecher.assert_has(seeder.files());
    // Once is not enough.
    wait_until("the upload to be counted", || torrent(&relay, &id)["ratio"].as_f64() >= Some(1.0));
    assert_eq!(torrent(&relay, &id)["state"], "seeding");
    leecher.start_over();
    leecher.connect(listens_at(&relay));
    let finished = wait_state(&relay, &id, &["finished"]);
    assert!(finished["ratio"].as_f64() >= Some(1.5), "{finished:#}");
    assert_eq!(finished["auto_managed"], true);
    assert_eq!(finished["peers_connected"], 0);
    wait_until("the leecher to lose its peer", || leecher.peers() == 0);
    // Neither a new plan nor a restart starts it again.
    drop(relay);
    sandbox.stop_engine();
    let relay = sandbox.relay();
    assert_eq!(torrent(&relay, &id)["state"], "finished");
    assert!(torrent(&relay, &id)["ratio"].as_f64() >= Some(1.5));
    // By force it seeds all the same.
    relay.ok("resume", json!({"ids": [id], "force": true}));
    wait_state(&relay, &id, &["seeding"]);
    leecher.start_over();
    leech(&leecher, &relay);
    assert_eq!(torrent(&relay, &id)["state"], "seeding");
}

#[test]
fn a_limit_takes_effect_as_soon_as_it_is_set_or_taken_back() {
    let (sandbox, seeder) = (Sandbox::new(), Seeder::file("later.bin", 100_000));
    let relay = sandbox.relay();
    let id = add_magnet(&relay, &seeder.magnet);
    wait_state(&relay, &id, &["seeding"]);
    relay.ok("set_settings", json!({"ratio_limit": 0.0}));
    wait_state(&relay, &id, &["finished"]);
    seeder.assert_downloaded(&sandbox.downloads());
    relay.ok("set_settings", json!({"ratio_limit": 1.0}));
    wait_state(&relay, &id, &["seeding"]);
    relay.ok("set_settings", json!({"seed_minutes_limit": 0}));
    wait_state(&relay, &id, &["finished"]);
    // One of two is still reached.
    relay.ok("set_settings", json!({"ratio_limit": null}));
    assert_eq!(torrent(&relay, &id)["state"], "finished");
    relay.ok("set_settings", json!({"seed_minutes_limit": null}));
    wait_state(&relay, &id, &["seeding"]);
}

#[test]
fn no_minute_of_seeding_is_none_at_all() {
    let (sandbox, seeder) = (Sandbox::new(), Seeder::file("minutes.bin", 100_000));
    let relay = sandbox.relay();
    relay.ok("set_settings", json!({"seed_minutes_limit": 0}));
    let id = add_magnet(&relay, &seeder.magnet);
    wait_state(&relay, &id, &["finished"]);
    wait_until("the seeder to lose its peer", || seeder.peers() == 0);
    seeder.assert_downloaded(&sandbox.downloads());
}

#[test]
fn at_its_limit_the_entry_can_go_and_the_files_stay() {
    let (sandbox, seeder) = (Sandbox::new(), Seeder::folder("gone", [("a", 90_000), ("b/c", 9)]));
    let relay = sandbox.relay();
    relay.ok("subscribe", json!({"topics": ["events"]}));
    relay.ok("set_settings", json!({"ratio_limit": 0.5, "on_limit": "remove"}));
    let id = add_magnet(&relay, &seeder.magnet);
    wait_state(&relay, &id, &["seeding"]);
    let leecher = Leecher::start(&seeder.torrent);
    leech(&leecher, &relay);
    let removed = relay.event("torrent_removed");
    assert_eq!((&removed["id"], &removed["name"]), (&json!(id), &json!("gone")));
    relay.refused("not_found", "get_status", json!({"ids": [id]}));
    seeder.assert_downloaded(&sandbox.downloads());
    assert_eq!(files::list(&sandbox.downloads()), ["gone/a", "gone/b/c"]);
}

#[test]
fn extra_trackers_hear_of_public_torrents_and_not_of_private_ones() {
    let sandbox = Sandbox::new();
    let (public, private) = (Single::public("p.bin", 90_000), Single::private("q.bin", 90_000));
    let (seeds_public, seeds_private) = (public.seed(), private.seed());
    let (extra, own) = (Tracker::start(seeds_public.port), Tracker::start(seeds_private.port));
    let relay = sandbox.relay();
    relay.ok("set_settings", json!({"extra_trackers": [extra.url()]}));
    let hidden = add_torrent(&relay, &private.with_trackers(&[&own.url()]));
    wait_complete(&relay, &hidden);
    assert!(torrent(&relay, &hidden)["private"] == true && own.announces() > 0);
    assert_eq!(extra.announces(), 0, "a private torrent was told to a tracker of others");
    // Nobody else knows where the public one is.
    let shown = add_torrent(&relay, &public.with_trackers(&[]));
    wait_complete(&relay, &shown);
    assert_eq!(extra.announces(), 1);
    assert_content(&sandbox.downloads(), "p.bin", &seeds_public);
    assert_content(&sandbox.downloads(), "q.bin", &seeds_private);
}

#[test]
fn of_several_trackers_of_a_private_torrent_the_first_is_asked_and_that_is_told() {
    let private = Single::private("several.bin", 90_000);
    let seeder = private.seed();
    // By chance the first one would be asked each time once in 256 runs.
    for _ in 0..8 {
        let sandbox = Sandbox::new();
        let (first, second) = (Tracker::start(seeder.port), Tracker::start(seeder.port));
        let relay = sandbox.relay();
        let id = add_torrent(&relay, &private.with_trackers(&[&first.url(), &second.url()]));
        wait_complete(&relay, &id);
        assert!(first.announces() > 0 && second.announces() == 0);
        let told = relay.ok("get_trackers", json!({"id": id}))["trackers"].clone();
        let states = (&told[0]["state"], &told[1]["state"]);
        assert_eq!(states, (&json!("working"), &json!("not_contacted")));
    }
}

#[test]
fn a_tracker_that_somebody_else_names_does_not_hear_of_a_private_torrent() {
    let sandbox = Sandbox::new();
    let private = Single::private("secret.bin", 90_000);
    let seeder = private.seed();
    let (foreign, own) = (Tracker::start(seeder.port), Tracker::start(seeder.port));
    let relay = sandbox.relay();
    let options = json!({"paused": true});
    let data = STANDARD.encode(private.with_trackers(&[&own.url()]));
    let id = id_of(&relay.ok("add_torrent", json!({"data": data, "options": options})));
    let link = format!("{}&tr={}", seeder.bare_magnet(), foreign.url());
    assert_eq!(relay.ok("add_magnet", json!({"uri": link}))["already_exists"], true);
    // Which of several trackers is asked is a matter of luck: several times, then.
    for round in 1..=5 {
        granted(&relay, "resume", &id);
        wait_until("the torrent's own tracker to hear of it", || own.announces() == round);
        wait_complete(&relay, &id);
        granted(&relay, "pause", &id);
    }
    assert_eq!(foreign.announces(), 0);
}

#[test]
fn extra_trackers_help_what_runs_already() {
    let sandbox = Sandbox::new();
    let public = Single::public("p.bin", 90_000);
    let (seeder, resolving) = (public.seed(), Seeder::file("magnet.bin", 90_000));
    let (first, second) = (Tracker::start(seeder.port), Tracker::start(resolving.port));
    let relay = sandbox.relay();
    let shown = add_torrent(&relay, &public.with_trackers(&[]));
    let link = add_magnet(&relay, &resolving.bare_magnet());
    wait_state(&relay, &shown, &["downloading"]);
    let after = relay.ok("set_settings", json!({"extra_trackers": [first.url()]}));
    assert!(after.get("restart_required").is_none(), "{after:#}");
    wait_complete(&relay, &shown);
    // The magnet asks there, too, and in vain.
    wait_until("a question for its metadata", || first.announces() == 2);
    relay.ok("set_settings", json!({"extra_trackers": [second.url()]}));
    wait_complete(&relay, &link);
}

#[test]
fn extra_trackers_are_no_part_of_a_torrent() {
    let (sandbox, seeder) = (Sandbox::new(), Seeder::file("lent.bin", 90_000));
    let (extra, own) = (Tracker::start(seeder.port), Tracker::start(seeder.port));
    let relay = sandbox.relay();
    relay.ok("set_settings", json!({"extra_trackers": [extra.url()]}));
    let id = add_magnet(&relay, &format!("{}&tr={}", seeder.bare_magnet(), own.url()));
    wait_complete(&relay, &id);
    granted(&relay, "pause", &id);
    assert!(extra.announces() > 0);
    // Taken back, it is not asked any more.
    relay.ok("set_settings", json!({"extra_trackers": []}));
    let (before, asked) = (extra.announces(), own.announces());
    for round in 1..=3 {
        granted(&relay, "resume", &id);
        wait_until("the torrent's own tracker to hear of it", || own.announces() == asked + round);
        granted(&relay, "pause", &id);
    }
    assert_eq!(extra.announces(), before);
    assert!(!torrent(&relay, &id)["magnet"].as_str().unwrap().contains(&extra.url()));
}

#[track_caller]
fn assert_content(folder: &Path, name: &str, seeder: &Seeder) {
    let (_, content) = seeder.files().iter().next().expect("a file");
    assert!(std::fs::read(folder.join(name)).unwrap() == content, "{name} differs");
}

#[test]
fn the_free_space_is_that_of_the_default_folder() {
    let sandbox = Sandbox::new();
    let small = sandbox.root().join("small");
    std::fs::create_dir(&small).unwrap();
    let size = 8 << 20;
    let Some(_disk) = Disk::mount(&small, size) else { return };
    let relay = sandbox.relay();
    let free = || relay.ok("get_session", json!({}))["free_bytes"].as_u64().expect("bytes");
    assert!(free() > size, "the test needs a disk that is not full");
    // Of any other folder, when asked; it need not be there.
    let session = relay.ok("get_session", json!({"folder": small.join("not/yet")}));
    assert!((1..=size).contains(&session["free_bytes"].as_u64().expect("bytes")));
    relay.refused("invalid_path", "get_session", json!({"folder": "not/absolute"}));
    relay.ok("set_settings", json!({"download_folder": small}));
    assert!((1..=size).contains(&free()), "{} bytes", free());
    let before = free();
    std::fs::write(small.join("filler"), vec![1; 4 << 20]).unwrap();
    wait_until("the free space to shrink", || free() <= before - (4 << 20));
}

#[test]
fn each_event_is_told_once_with_id_and_name() {
    let sandbox = Sandbox::new();
    let (seeder, spoilt) = (Seeder::file("told.bin", 90_000), Seeder::file("spoilt.bin", 90_000));
    // Something is in the way of one of them.
    std::fs::create_dir(sandbox.downloads().join("spoilt.bin")).unwrap();
    let (relay, acting) = (sandbox.relay(), sandbox.relay());
    relay.ok("subscribe", json!({"topics": ["events"]}));
    let previewed = acting.ok("preview", json!({"uri": seeder.magnet}));
    let mut told = vec![relay.event("preview_ready")];
    assert_eq!(told[0]["preview_id"], previewed["preview_id"]);
    // Without peers, trackers and DHT there is nobody to ask.
    let failing = acting.ok("preview", json!({"uri": format!("{}&dn=dead", dead(1))}));
    told.push(relay.event("preview_failed"));
    assert_eq!(told[1]["preview_id"], failing["preview_id"]);
    assert_eq!((&told[1]["id"], &told[1]["name"]), (&json!(dead_id(1)), &json!("dead")));
    add_magnet(&acting, &seeder.magnet);
    add_magnet(&acting, &seeder.magnet);
    wait_complete(&acting, &seeder.id);
    add_magnet(&acting, &spoilt.magnet);
    wait_state(&acting, &spoilt.id, &["error"]);
    for id in [&seeder.id, &spoilt.id] {
        granted(&acting, "remove", id);
    }
    acting.ok("shutdown", json!({"when": "now"}));
    relay.notification_where("event", |event| {
        told.push(event.clone());
        event["kind"] == "engine_stopping"
    });
    let of = |seeder: &Seeder| -> Vec<String> {
        told.iter()
            .filter(|event| event["id"] == json!(seeder.id))
            .map(|event| {
                assert!(event["at"].as_u64() > Some(1_500_000_000_000), "milliseconds: {event}");
                format!("{} {}", text(&event["kind"]), text(&event["name"]))
            })
            .collect()
    };
    assert_eq!(
        of(&seeder),
        [
            "preview_ready told.bin",
            "torrent_added told.bin",
            "metadata_received told.bin",
            "torrent_completed told.bin",
            "torrent_removed told.bin",
        ]
    );
    assert_eq!(
        of(&spoilt)[1..],
        ["metadata_received spoilt.bin", "torrent_error spoilt.bin", "torrent_removed spoilt.bin"]
    );
    assert_eq!(told.len(), 11, "{told:#?}");
    for failure in told.iter().filter(|event| event.get("error").is_some()) {
        assert!(["preview_failed", "torrent_error"].contains(&text(&failure["kind"])));
        assert!(!text(&failure["error"]["message"]).is_empty(), "{failure}");
    }
    assert_eq!(told.iter().filter(|event| event.get("error").is_some()).count(), 2, "{told:#?}");
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

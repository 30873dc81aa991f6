//! The queue, with real torrents that seeders hold back.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use torrpeddo_tests::magnets::{dead, dead_id};
use torrpeddo_tests::{Files, Relay, Sandbox, Seed, Seeder, wait_until};

use crate::support::{add_magnet, granted, id_of, torrent, wait_complete, wait_state};

/// So slow that none of it is complete before the test lets it.
const HELD: u32 = 20_000;

/// A seeder that sends next to nothing until [`Seeder::limit`] lets it.
fn held_seeder(number: usize) -> Seeder {
    let name = format!("held {number}.bin");
    Seeder::start(Seed {
        name: &name,
        files: Files::new([(name.as_str(), 4 << 20)]),
        piece_bytes: 32 << 10,
        upload_limit: HELD,
    })
}

fn held_seeders(count: usize) -> Vec<Seeder> {
    (0..count).map(held_seeder).collect()
}

fn add_all(relay: &Relay, seeders: &[Seeder]) {
    for seeder in seeders {
        add_magnet(relay, &seeder.magnet);
    }
    for seeder in seeders {
        wait_state(relay, &seeder.id, &["queued", "downloading", "paused"]);
    }
}

/// The numbers of the seeders whose torrents are in `state`.
fn in_state(relay: &Relay, seeders: &[Seeder], state: &str) -> Vec<usize> {
    let ids: Vec<&str> = seeders.iter().map(|seeder| seeder.id.as_str()).collect();
    let status = relay.ok("get_status", json!({"ids": ids}));
    let torrents = status["torrents"].as_array().expect("a list").iter().enumerate();
    torrents.filter(|(_, torrent)| torrent["state"] == state).map(|(number, _)| number).collect()
}

#[track_caller]
fn wait_in_state(relay: &Relay, seeders: &[Seeder], state: &str, numbers: &[usize]) {
    let what = format!("{numbers:?} in state {state}");
    wait_until(&what, || in_state(relay, seeders, state) == numbers);
}

#[track_caller]
fn set(relay: &Relay, settings: Value) {
    let after = relay.ok("set_settings", settings);
    assert!(after.get("restart_required").is_none(), "{after:#}");
}

/// What a subscriber saw of how many torrents were in a state at once.
fn most_at_once(relay: &Relay, state: &str) -> usize {
    let mut now = BTreeSet::new();
    let mut most = 0;
    for said in relay.drain() {
        for torrent in said.params["upsert"].as_array().into_iter().flatten() {
            let id = torrent["id"].as_str().expect("an id").to_owned();
            if torrent["state"] == state {
                now.insert(id)
            } else {
                now.remove(&id)
            };
        }
        most = most.max(now.len());
    }
    most
}

#[test]
fn downloads_run_in_order_as_slots_get_free() {
    let (sandbox, seeders) = (Sandbox::new(), held_seeders(3));
    let (relay, watching) = (sandbox.relay(), sandbox.relay());
    set(&relay, json!({"max_active_downloads": 1}));
    watching.ok("subscribe", json!({"topics": ["torrents"], "interval_ms": 100}));
    add_all(&relay, &seeders);
    wait_in_state(&relay, &seeders, "downloading", &[0]);
    assert_eq!(in_state(&relay, &seeders, "queued"), [1, 2]);
    for (number, seeder) in seeders.iter().enumerate() {
        assert_eq!(torrent(&relay, &seeder.id)["queue_position"], json!(number));
    }
    for number in 0..seeders.len() {
        wait_in_state(&relay, &seeders, "downloading", &[number]);
        seeders[number].limit(0);
        wait_complete(&relay, &seeders[number].id);
        assert!(torrent(&relay, &seeders[number].id)["queue_position"].is_null());
    }
    assert_eq!(most_at_once(&watching, "downloading"), 1);
    for seeder in &seeders {
        seeder.assert_downloaded(&sandbox.downloads());
    }
}

#[test]
fn a_change_of_limits_takes_effect_at_once() {
    let (sandbox, seeders) = (Sandbox::new(), held_seeders(3));
    let relay = sandbox.relay();
    set(&relay, json!({"max_active_downloads": 0}));
    add_all(&relay, &seeders);
    wait_in_state(&relay, &seeders, "queued", &[0, 1, 2]);
    set(&relay, json!({"max_active_downloads": 3}));
    wait_in_state(&relay, &seeders, "downloading", &[0, 1, 2]);
    wait_until("three seeders to be asked", || seeders.iter().all(|seeder| seeder.peers() == 1));
    set(&relay, json!({"max_active_downloads": 1}));
    wait_in_state(&relay, &seeders, "queued", &[1, 2]);
    wait_until("two seeders to lose their peer", || {
        seeders[1..].iter().all(|seeder| seeder.peers() == 0)
    });
    set(&relay, json!({"max_active_downloads": 3, "max_active": 2}));
    wait_in_state(&relay, &seeders, "downloading", &[0, 1]);
}

#[test]
fn seeds_have_slots_of_their_own_and_downloads_come_first() {
    let sandbox = Sandbox::new();
    let (done, held) = ([Seeder::file("a", 9_000), Seeder::file("b", 9_000)], held_seeders(2));
    let relay = sandbox.relay();
    for seeder in &done {
        add_magnet(&relay, &seeder.magnet);
        wait_complete(&relay, &seeder.id);
    }
    wait_in_state(&relay, &done, "seeding", &[0, 1]);
    set(&relay, json!({"max_active_seeds": 1}));
    wait_in_state(&relay, &done, "finished", &[1]);
    assert_eq!(in_state(&relay, &done, "seeding"), [0]);
    assert_eq!(torrent(&relay, &done[1].id)["auto_managed"], true);
    // Both together: two downloads leave no room for a seed, one leaves room for one.
    set(&relay, json!({"max_active_seeds": 2, "max_active": 2}));
    wait_in_state(&relay, &done, "seeding", &[0, 1]);
    add_all(&relay, &held);
    wait_in_state(&relay, &held, "downloading", &[0, 1]);
    wait_in_state(&relay, &done, "finished", &[0, 1]);
    granted(&relay, "pause", &held[0].id);
    wait_in_state(&relay, &done, "seeding", &[0]);
}

#[test]
fn by_force_a_torrent_runs_outside_the_limits() {
    let (sandbox, seeders) = (Sandbox::new(), held_seeders(3));
    let relay = sandbox.relay();
    set(&relay, json!({"max_active_downloads": 1}));
    add_all(&relay, &seeders);
    wait_in_state(&relay, &seeders, "downloading", &[0]);
    let forced = relay.ok("resume", json!({"ids": [seeders[2].id], "force": true}));
    assert_eq!(forced["results"][0]["ok"], true);
    wait_in_state(&relay, &seeders, "downloading", &[0, 2]);
    assert_eq!(torrent(&relay, &seeders[2].id)["forced"], true);
    assert_eq!(in_state(&relay, &seeders, "queued"), [1]);
    // It takes no slot: without the first one, the second one runs beside it.
    granted(&relay, "pause", &seeders[0].id);
    wait_in_state(&relay, &seeders, "downloading", &[1, 2]);
    // Force lasts over a restart, and ends with an ordinary resume.
    drop(relay);
    sandbox.stop_engine();
    let relay = sandbox.relay();
    wait_in_state(&relay, &seeders, "downloading", &[1, 2]);
    granted(&relay, "resume", &seeders[2].id);
    wait_in_state(&relay, &seeders, "queued", &[2]);
    assert_eq!(torrent(&relay, &seeders[2].id)["forced"], false);
}

#[test]
fn slow_ones_may_be_left_uncounted() {
    let (sandbox, seeders) = (Sandbox::new(), held_seeders(2));
    let relay = sandbox.relay();
    set(&relay, json!({"max_active_downloads": 1}));
    add_all(&relay, &seeders);
    wait_in_state(&relay, &seeders, "downloading", &[0]);
    assert_eq!(in_state(&relay, &seeders, "queued"), [1]);
    let slow = json!({"enabled": true, "rate": 100 * HELD, "seconds": 0});
    set(&relay, json!({"ignore_slow": slow}));
    wait_in_state(&relay, &seeders, "downloading", &[0, 1]);
    set(&relay, json!({"ignore_slow": {"enabled": false}}));
    wait_in_state(&relay, &seeders, "queued", &[1]);
}

#[test]
fn magnets_have_slots_of_their_own() {
    let (sandbox, seeder) = (Sandbox::new(), Seeder::file("alive.bin", 50_000));
    // Somebody who takes connections and says nothing, so that an attempt lasts.
    let silent = torrpeddo_tests::Gate::before(seeder.port);
    let relay = sandbox.relay();
    set(&relay, json!({"max_resolving": 1, "max_active_downloads": 1}));
    add_magnet(&relay, &format!("{}&x.pe=127.0.0.1:{}", dead(1), silent.port));
    wait_until("the first magnet to ask", || silent.knocks() > 0);
    let id = add_magnet(&relay, &seeder.magnet);
    // No metadata without a slot, but a torrent file needs none.
    let other = Seeder::file("with a file.bin", 50_000);
    let data =
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, other.torrent_bytes());
    id_of(&relay.ok("add_torrent", json!({"data": data})));
    add_magnet(&relay, &other.magnet);
    wait_complete(&relay, &other.id);
    assert_eq!(torrent(&relay, &id)["state"], "fetching_metadata");
    assert_eq!(seeder.peers(), 0);
    set(&relay, json!({"max_resolving": 2}));
    wait_complete(&relay, &id);
    assert_eq!(torrent(&relay, &dead_id(1))["state"], "fetching_metadata");
}

#[test]
fn what_starts_paused_waits_for_the_user() {
    let (sandbox, seeder) = (Sandbox::new(), Seeder::file("patient.bin", 50_000));
    let relay = sandbox.relay();
    set(&relay, json!({"start_paused": true}));
    let added = relay.ok("add_magnet", json!({"uri": seeder.magnet}));
    assert_eq!(added["torrent"]["state"], "paused");
    // One that says otherwise is not held.
    let other = Seeder::file("eager.bin", 50_000);
    relay.ok("add_magnet", json!({"uri": other.magnet, "options": {"paused": false}}));
    wait_complete(&relay, &other.id);
    assert_eq!(torrent(&relay, &seeder.id)["state"], "paused");
    assert_eq!(seeder.peers(), 0);
    granted(&relay, "resume", &seeder.id);
    wait_complete(&relay, &seeder.id);
}

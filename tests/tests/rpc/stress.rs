//! Commands in any order from several clients at once, against a running swarm.

use std::path::PathBuf;

use serde_json::{Value, json};
use torrpeddo_tests::{Files, Random, Relay, Sandbox, Seed, Seeder, process, wait_until};

use crate::support::{granted, wait_complete};

/// How many commands each client gives.
const COMMANDS: usize = 60;

fn seeder(number: usize) -> Seeder {
    let name = format!("stress {number}");
    Seeder::start(Seed {
        name: &name,
        files: Files::new([("a.bin", 5 << 20), ("b/c.bin", 1 << 20), ("empty", 0)]),
        piece_bytes: 64 << 10,
        upload_limit: 6 << 20,
    })
}

/// Where a torrent goes first: each to a folder of its own, so that its files can be told.
fn folder(sandbox: &Sandbox, seeder: &Seeder) -> PathBuf {
    sandbox.downloads().join(&seeder.id)
}

/// Where it may be moved to.
fn other_folder(sandbox: &Sandbox, seeder: &Seeder) -> PathBuf {
    sandbox.downloads().join("moved").join(&seeder.id)
}

fn add(relay: &Relay, sandbox: &Sandbox, seeder: &Seeder) {
    let options = json!({"save_path": folder(sandbox, seeder)});
    relay.ok("add_magnet", json!({"uri": seeder.magnet, "options": options}));
}

/// Gives one command. That a torrent is not there, or in another state, is no surprise here.
fn command(relay: &Relay, sandbox: &Sandbox, seeder: &Seeder, random: &mut Random) {
    let ids = json!([seeder.id]);
    let (method, params) = match random.below(14) {
        0 | 1 => return add(relay, sandbox, seeder),
        2 | 3 => ("pause", json!({"ids": ids})),
        4 | 5 => ("resume", json!({"ids": ids})),
        6 => ("resume", json!({"ids": ids, "force": true})),
        7 => ("cancel", json!({"ids": ids})),
        8 => ("remove", json!({"ids": ids, "delete_files": random.below(2) == 0})),
        9 => ("recheck", json!({"ids": ids})),
        10 => ("move_in_queue", json!({"ids": ids, "to": random.pick(&["top", "down"])})),
        11 => {
            let selections = [json!([0]), json!([1, 2]), json!([0, 1, 2])];
            ("set_files", json!({"id": seeder.id, "selected": random.pick(&selections)}))
        }
        12 => {
            let places = [folder(sandbox, seeder), other_folder(sandbox, seeder)];
            ("move_files", json!({"id": seeder.id, "save_path": random.pick(&places)}))
        }
        _ => {
            let limit = 1 + random.below(4);
            relay.ok("set_settings", json!({"max_active_downloads": limit}));
            return;
        }
    };
    let answer = relay.call_raw(method, &params);
    let error = match &answer {
        Ok(result) => &result["results"][0]["error"],
        Err(error) => error,
    };
    // A move may find files of an entry that was removed, and is taken back by a cancel.
    let expected = match error["data"]["kind"].as_str() {
        None | Some("not_found" | "wrong_state") => true,
        Some("invalid_path" | "unavailable") => method == "move_files",
        Some(_) => false,
    };
    assert!(expected, "{method}: {answer:?}");
}

/// What the engine tells, what the system knows of its process, and what the seeders see.
fn agrees(relay: &Relay, sandbox: &Sandbox, engine: u32, seeders: &[Seeder]) -> bool {
    let status = relay.ok("get_status", json!({}));
    let torrents = status["torrents"].as_array().expect("a list");
    let connections = process::connections(engine);
    seeders.iter().all(|seeder| {
        let torrent = torrents.iter().find(|torrent| torrent["id"] == json!(seeder.id));
        let state = torrent.map_or("none", |torrent| torrent["state"].as_str().expect("a state"));
        assert_ne!(state, "error", "{torrent:?}");
        let connected = connections.iter().any(|(_, remote)| *remote == seeder.port);
        let places = [folder(sandbox, seeder), other_folder(sandbox, seeder)];
        let open = places.iter().any(|place| !process::open_below(engine, place).is_empty());
        match state {
            "downloading" | "fetching_metadata" => connected && seeder.peers() > 0,
            // Two that have everything have nothing to say to each other.
            "seeding" => true,
            "queued" | "paused" | "cancelled" | "finished" | "none" => {
                !connected && !open && seeder.peers() == 0
            }
            _ => false,
        }
    })
}

#[test]
fn commands_from_everywhere_leave_everything_in_agreement() {
    let mut random = Random::new();
    let sandbox = Sandbox::with_defaults(json!({"max_active_downloads": 3}));
    let seeders: Vec<Seeder> = (0..4).map(seeder).collect();
    let relay = sandbox.relay();
    let engine = sandbox.engine_pid();
    std::thread::scope(|clients| {
        for _ in 0..3 {
            let (sandbox, seeders, mut random) = (&sandbox, &seeders, random.split());
            clients.spawn(move || {
                let relay = sandbox.relay();
                for _ in 0..COMMANDS {
                    let seeder = &seeders[random.below(seeders.len())];
                    command(&relay, sandbox, seeder, &mut random);
                }
            });
        }
    });
    assert_eq!(sandbox.engine_pid(), engine, "the engine was replaced");
    wait_until("states, connections and descriptors to agree", || {
        agrees(&relay, &sandbox, engine, &seeders)
    });
    relay.ok("set_settings", json!({"max_active_downloads": 2}));
    for seeder in &seeders {
        seeder.limit(0);
        add(&relay, &sandbox, seeder);
        granted(&relay, "resume", &seeder.id);
        relay.ok("set_files", json!({"id": seeder.id, "selected": [0, 1, 2]}));
    }
    for seeder in &seeders {
        let complete = wait_complete(&relay, &seeder.id);
        let place = PathBuf::from(complete["save_path"].as_str().expect("a path"));
        seeder.assert_downloaded(&place);
        granted(&relay, "cancel", &seeder.id);
        granted(&relay, "delete_files", &seeder.id);
        assert!(!place.join(seeder.name()).exists());
    }
    assert_eq!(process::connections(engine), []);
    assert_eq!(relay.ok("get_status", json!({}))["torrents"], Value::Array(Vec::new()));
}

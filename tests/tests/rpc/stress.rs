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

/// Where a torrent goes: each to a folder of its own, so that its files can be told.
fn folder(sandbox: &Sandbox, seeder: &Seeder) -> PathBuf {
    sandbox.downloads().join(&seeder.id)
}

fn add(relay: &Relay, sandbox: &Sandbox, seeder: &Seeder) {
    let options = json!({"save_path": folder(sandbox, seeder)});
    relay.ok("add_magnet", json!({"uri": seeder.magnet, "options": options}));
}

/// Gives one command. That a torrent is not there, or in another state, is no surprise here.
fn command(relay: &Relay, sandbox: &Sandbox, seeder: &Seeder, random: &mut Random) {
    let ids = json!([seeder.id]);
    let (method, params) = match random.below(10) {
        0 | 1 => return add(relay, sandbox, seeder),
        2 | 3 => ("pause", json!({"ids": ids})),
        4 | 5 => ("resume", json!({"ids": ids})),
        6 => ("resume", json!({"ids": ids, "force": true})),
        7 => ("cancel", json!({"ids": ids})),
        8 => ("remove", json!({"ids": ids, "delete_files": random.below(2) == 0})),
        _ => {
            let limit = 1 + random.below(4);
            relay.ok("set_settings", json!({"max_active_downloads": limit}));
            return;
        }
    };
    let result = &relay.ok(method, params)["results"][0];
    let kind = result["error"]["data"]["kind"].as_str();
    let expected = result["ok"] == true || matches!(kind, Some("not_found" | "wrong_state"));
    assert!(expected, "{method}: {result}");
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
        let open = !process::open_below(engine, &folder(sandbox, seeder)).is_empty();
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
    }
    for seeder in &seeders {
        wait_complete(&relay, &seeder.id);
        seeder.assert_downloaded(&folder(&sandbox, seeder));
        granted(&relay, "cancel", &seeder.id);
        granted(&relay, "delete_files", &seeder.id);
        assert!(!folder(&sandbox, seeder).join(seeder.name()).exists());
    }
    assert_eq!(process::connections(engine), []);
    assert_eq!(relay.ok("get_status", json!({}))["torrents"], Value::Array(Vec::new()));
}

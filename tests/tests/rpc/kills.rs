//! `kill -9` at random moments, during downloads, an upload and commands, many times over: nothing
//! that was answered or shown is lost, and nothing is claimed that is not there.
//!
//! `TORRPEDDO_KILL_ROUNDS=200` makes it a longer test.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use serde_json::{Value, json};
use torrpeddo_tests::magnets::{dead, dead_id};
use torrpeddo_tests::{Files, Leecher, Random, Relay, Sandbox, Seed, Seeder, process};

use crate::support::{add_magnet, granted, listens_at, wait_complete};

const PIECE: usize = 64 << 10;
/// What may be under way when the engine is killed: fetched, and not verified yet.
const UNDER_WAY: u64 = 1 << 20;
/// Entries that nobody has, for commands.
const ENTRIES: usize = 12;

/// A command, as far as the client knows.
struct Command {
    id: String,
    method: &'static str,
    params: Value,
    answered: bool,
}

/// What a client was told before the engine was killed.
#[derive(Default)]
struct Told {
    torrents: BTreeMap<String, Value>,
    /// The settings as they were answered.
    settings: Option<Value>,
    /// What came after that, answered or not.
    last: Option<Command>,
}

fn status(answer: &Value) -> BTreeMap<String, Value> {
    let torrents = answer["torrents"].as_array().expect("a list");
    torrents.iter().map(|t| (t["id"].as_str().expect("an id").into(), t.clone())).collect()
}

/// Gives commands until the engine is gone.
fn give_commands(relay: &Relay, random: &mut Random, told: &mut Told) {
    loop {
        match relay.ask("get_status", &json!({})) {
            Some(answer) => {
                told.torrents = status(&answer.expect("a list"));
                told.last = None;
            }
            None => return,
        }
        if random.below(4) == 0 {
            let changed = json!({"max_resolving": 1 + random.below(9)});
            match relay.ask("set_settings", &changed) {
                Some(answer) => told.settings = Some(answer.expect("settings")),
                // It may have been changed or not.
                None => return told.settings = None,
            }
            continue;
        }
        let number = random.below(ENTRIES);
        let id = dead_id(number);
        let method = match told.torrents.contains_key(&id) {
            true => *random.pick(&[
                "pause",
                "resume",
                "cancel",
                "remove",
                "move_in_queue",
                "set_torrent",
            ]),
            false => "add_magnet",
        };
        let params = match method {
            "add_magnet" => json!({"uri": dead(number), "options": {
                "labels": [format!("label {}", random.below(100))],
                "queue_top": random.below(2) == 0,
                "paused": random.below(2) == 0,
            }}),
            "move_in_queue" => json!({"ids": [id], "to": "top"}),
            "set_torrent" => json!({"id": id, "labels": [format!("set {}", random.below(100))]}),
            _ => json!({"ids": [id]}),
        };
        let answer = relay.ask(method, &params);
        if let Some(answer) = &answer {
            let answer = answer.as_ref().expect("a command that is granted");
            // Cancelled ones cannot be paused.
            if answer["results"][0]["ok"] == false {
                continue;
            }
        }
        told.last = Some(Command { id, method, params, answered: answer.is_some() });
    }
}

/// Compares what is there now with what was told.
fn nothing_is_lost(relay: &Relay, told: &Told) {
    // Two torrents are always there: the engine was gone before it told anything.
    if told.torrents.is_empty() {
        return;
    }
    let now = status(&relay.ok("get_status", json!({})));
    let touched = told.last.as_ref().map(|command| command.id.as_str());
    for (id, before) in told.torrents.iter().filter(|(id, _)| Some(id.as_str()) != touched) {
        let after = now.get(id).unwrap_or_else(|| panic!("it is gone: {before:#}"));
        for member in ["labels", "auto_managed", "magnet", "save_path", "added_at", "name"] {
            assert_eq!(after[member], before[member], "{member} of {id}");
        }
        for state in ["paused", "cancelled"] {
            assert_eq!(after["state"] == state, before["state"] == state, "{after:#}");
        }
        for member in ["downloaded", "uploaded", "done_bytes"] {
            let [before, after] = [before, after].map(|torrent| torrent[member].as_u64());
            assert!(after >= before, "{member} of {id} was {before:?} and is {after:?}");
        }
        assert!(before["completed_at"].is_null() || !after["completed_at"].is_null(), "{after:#}");
    }
    let order = |torrents: &BTreeMap<String, Value>| -> Vec<String> {
        let waits = |torrents: &BTreeMap<String, Value>, id: &String| {
            torrents.get(id).is_some_and(|torrent| !torrent["queue_position"].is_null())
        };
        let mut ids: Vec<_> = torrents
            .keys()
            .filter(|id| waits(&told.torrents, id) && waits(&now, id))
            .filter(|id| Some(id.as_str()) != touched)
            .cloned()
            .collect();
        ids.sort_by_key(|id| torrents[id]["queue_position"].as_u64());
        ids
    };
    assert_eq!(order(&now), order(&told.torrents), "the order of the queue");
    for id in now.keys().filter(|id| Some(id.as_str()) != touched) {
        assert!(told.torrents.contains_key(id), "{id} came from nowhere");
    }
    if let Some(Command { id, method, params, answered: true }) = &told.last {
        let after = now.get(id);
        let state = after.map_or("none", |torrent| torrent["state"].as_str().expect("a state"));
        match *method {
            "pause" => assert_eq!(state, "paused"),
            "cancel" => assert_eq!(state, "cancelled"),
            "remove" => assert_eq!(state, "none"),
            "resume" => assert_eq!(after.expect("an entry")["auto_managed"], true),
            "move_in_queue" => assert_eq!(after.expect("an entry")["queue_position"], 0),
            "set_torrent" => assert_eq!(after.expect("an entry")["labels"], params["labels"]),
            _ => assert_ne!(state, "none"),
        }
    }
    if let Some(settings) = &told.settings {
        let now = relay.ok("get_settings", json!({}));
        assert_eq!(now["max_resolving"], settings["max_resolving"]);
    }
}

/// How many bytes of whole pieces on the disk are what they should be.
fn good_bytes(sandbox: &Sandbox, seeder: &Seeder) -> u64 {
    let ours = fs::read(sandbox.downloads().join(seeder.name())).unwrap_or_default();
    let (_, whole) = seeder.files().iter().next().expect("a file");
    let pieces = ours.chunks(PIECE).zip(whole.chunks(PIECE));
    pieces.filter(|(ours, whole)| ours == whole).map(|(ours, _)| ours.len() as u64).sum()
}

fn seeder(name: &str, bytes: usize, upload_limit: u32) -> Seeder {
    let files = Files::new([(name, bytes)]);
    Seeder::start(Seed { name, files, piece_bytes: PIECE as u32, upload_limit })
}

#[test]
fn nothing_is_lost_by_kills_at_any_moment() {
    let rounds =
        std::env::var("TORRPEDDO_KILL_ROUNDS").map_or(20, |n| n.parse().expect("a number"));
    let mut random = Random::new();
    let sandbox = Sandbox::new();
    let (down, up) = (seeder("down.bin", 32 << 20, 8 << 20), seeder("up.bin", 32 << 20, 0));
    let relay = sandbox.relay();
    add_magnet(&relay, &up.magnet);
    wait_complete(&relay, &up.id);
    add_magnet(&relay, &down.magnet);
    let mut leecher = Leecher::limited(&up.torrent, 4 << 20);
    drop(relay);
    let (mut sent_before, mut kills) = (down.uploaded(), 0);
    for round in 0..rounds {
        let relay = sandbox.relay();
        let engine = sandbox.engine_pid();
        leecher.connect(listens_at(&relay));
        let mut told = Told::default();
        let delay = Duration::from_millis(random.below(700) as u64);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                // Not a wait for anything: the moment is what this is about.
                std::thread::sleep(delay);
                process::kill(engine);
            });
            give_commands(&relay, &mut random, &mut told);
        });
        kills += 1;
        let good = good_bytes(&sandbox, &down);
        let relay = sandbox.relay();
        nothing_is_lost(&relay, &told);
        let before = told.torrents.get(&down.id).and_then(|torrent| torrent["done_bytes"].as_u64());
        assert!(before <= Some(good), "round {round}: {before:?} were claimed, {good} are there");
        if leecher.is_complete() {
            leecher = Leecher::limited(&up.torrent, 4 << 20);
        }
        let complete = relay.ok("get_status", json!({"ids": [down.id]}))["torrents"][0]["progress"]
            .as_f64()
            == Some(1.0);
        if complete || round + 1 == rounds {
            down.limit(0);
            wait_complete(&relay, &down.id);
            down.assert_downloaded(&sandbox.downloads());
            let sent = down.uploaded() - sent_before;
            let most = down.files().total() + kills * UNDER_WAY;
            assert!(sent <= most, "{sent} bytes were fetched in spite of {kills} kills");
            // Once more from the beginning.
            down.limit(8 << 20);
            relay.ok("remove", json!({"ids": [down.id], "delete_files": true}));
            (sent_before, kills) = (down.uploaded(), 0);
            add_magnet(&relay, &down.magnet);
        }
    }
    let relay = sandbox.relay();
    wait_complete(&relay, &up.id);
    up.assert_downloaded(&sandbox.downloads());
    granted(&relay, "cancel", &down.id);
}

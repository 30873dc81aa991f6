//! What an engine with ten thousand torrents costs.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use super::table::{limited, ms, title};
use crate::bencode::dictionary;
use crate::{Relay, Sandbox, process, wait_until};

const TORRENTS: usize = 10_000;
/// So many of them run. Nobody has them, so they have nothing to do.
const RUNNING: usize = 100;
/// So many are paused; the rest waits in the queue.
const PAUSED: usize = 5_000;
/// For how long an idle engine is looked at.
const IDLE: Duration = Duration::from_secs(30);

/// Measures start, memory, idle CPU and what a subscriber is told.
///
/// # Panics
/// When the engine does not answer.
pub fn size() {
    title("Ten thousand torrents, 9,900 of them paused or queued");
    let sandbox = Sandbox::with_defaults(json!({
        "max_active": RUNNING,
        "max_active_downloads": RUNNING,
    }));
    fill(&sandbox.relay());
    sandbox.stop_engine();

    let began = Instant::now();
    let relay = sandbox.relay();
    let page = relay.ok("get_status", json!({}));
    limited("engine started, first page of get_status", ms(began.elapsed()), 1000.0, "ms");
    assert_eq!(counted(&page), TORRENTS as u64);
    wait_until("the torrents that may run", || {
        let counts = &relay.ok("get_session", json!({}))["counts"];
        counts["downloading"].as_u64() == Some(RUNNING as u64)
    });
    let pid = sandbox.engine_pid();
    limited("  its CPU until all that may run does", process::cpu(pid).as_secs_f64(), 2.0, "s");
    let watcher = sandbox.relay();
    subscribe(&watcher);
    traffic(&relay, &watcher);
    let resident = process::resident_kib(pid).expect("an engine that runs") as f64 / 1024.0;
    limited("memory", resident, 100.0, "MiB");
    limited("idle CPU, with a subscriber", idle(pid), 1.0, "%");
    drop(watcher);
    limited("idle CPU, nobody watching", idle(pid), 1.0, "%");
}

fn counted(answer: &Json) -> u64 {
    let counts = answer["session"]["counts"].as_object().expect("counts");
    counts.values().filter_map(Json::as_u64).sum()
}

/// Tiny torrents of one file each.
fn fill(relay: &Relay) {
    let asked: Vec<u64> = (0..TORRENTS)
        .map(|number| {
            let hashes = number.to_be_bytes().repeat(8);
            let name = format!("A torrent of a usual name, number {number}.iso");
            let info = dictionary([
                ("name", name.as_str().into()),
                ("length", 700_000_000_u64.into()),
                ("piece length", (1_u64 << 28).into()),
                ("pieces", (&hashes[..60]).into()),
            ]);
            let data = STANDARD.encode(dictionary([("info", info)]).encode());
            let options = json!({"paused": number < PAUSED});
            relay.begin("add_torrent", &json!({"data": data, "options": options}))
        })
        .collect();
    for id in asked {
        relay.finish(id).expect("an entry");
    }
}

/// The share of one processor that a process takes, in percent.
fn idle(pid: u32) -> f64 {
    let (began, before) = (Instant::now(), process::cpu(pid));
    std::thread::sleep(IDLE);
    (process::cpu(pid) - before).as_secs_f64() / began.elapsed().as_secs_f64() * 100.0
}

/// Subscribes, and shows what the list costs.
fn subscribe(watcher: &Relay) {
    let began = Instant::now();
    watcher.ok("subscribe", json!({"topics": ["torrents", "session"], "interval_ms": 1000}));
    let mut told = 0;
    loop {
        let list = watcher.notification("torrents_changed");
        told += list["upsert"].as_array().expect("torrents").len();
        if list["more"] != true {
            break;
        }
    }
    limited("the whole list to a new subscriber", ms(began.elapsed()), 500.0, "ms");
    assert_eq!(told, TORRENTS);
    let largest = watcher.largest_frame() as f64 / 1024.0;
    limited("  its largest frame", largest, 512.0, "KiB");
}

/// How many bytes a subscriber is told when some torrents change, for each of them.
fn traffic(relay: &Relay, watcher: &Relay) {
    let page = relay.ok("get_status", json!({"cursor": (PAUSED + 2000).to_string()}));
    let queued = page["torrents"].as_array().expect("torrents");
    let mut ids = queued.iter().map(|torrent| torrent["id"].clone());
    for count in [1, 10, 100] {
        let some: Vec<Json> = ids.by_ref().take(count).collect();
        assert_eq!(some.len(), count);
        let before = watcher.bytes();
        relay.ok("pause", json!({"ids": some}));
        let mut left = some;
        while !left.is_empty() {
            let changed = watcher.notification("torrents_changed");
            let changed = changed["upsert"].as_array().expect("torrents").clone();
            left.retain(|id| !changed.iter().any(|torrent| torrent["id"] == *id));
        }
        let bytes = watcher.bytes() - before;
        let what = format!("told when {count} of them change, for each");
        limited(&what, bytes as f64 / count as f64 / 1024.0, 2.0, "KiB");
    }
}

//! What many of these tests do.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use torrpeddo_tests::sandbox::hello;
use torrpeddo_tests::scripted_tracker::Answer;
use torrpeddo_tests::torrents::Single;
use torrpeddo_tests::{
    Relay, Sandbox, ScriptedTracker, Seed, Seeder, files::Files, wait_for, wait_until,
};

/// What a test asks to be sure that the engine works and is the same as before.
#[track_caller]
pub fn alive(relay: &Relay, engine: &Value) {
    assert_eq!(relay.ok("ping", json!({})), json!({}));
    assert_eq!(hello(relay)["engine"]["pid"], *engine, "the engine was replaced");
}

/// Adds a magnet and returns its id.
#[track_caller]
pub fn add_magnet(relay: &Relay, uri: &str) -> String {
    id_of(&relay.ok("add_magnet", json!({"uri": uri})))
}

/// The id in the answer to an add.
#[track_caller]
pub fn id_of(added: &Value) -> String {
    added["torrent"]["id"].as_str().unwrap_or_else(|| panic!("no id: {added}")).into()
}

/// The one torrent.
#[track_caller]
pub fn torrent(relay: &Relay, id: &str) -> Value {
    let mut status = relay.ok("get_status", json!({"ids": [id]}));
    status["torrents"][0].take()
}

/// Waits until the torrent satisfies `wanted`.
#[track_caller]
pub fn wait_torrent(
    relay: &Relay,
    id: &str,
    what: &str,
    mut wanted: impl FnMut(&Value) -> bool,
) -> Value {
    let mut last = Value::Null;
    let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        wait_for(what, || {
            last = torrent(relay, id);
            wanted(&last).then(|| last.clone())
        })
    }));
    found.unwrap_or_else(|_| panic!("waited in vain for {what}; last seen: {last:#}"))
}

/// Waits until the torrent is in one of `states`.
#[track_caller]
pub fn wait_state(relay: &Relay, id: &str, states: &[&str]) -> Value {
    wait_torrent(relay, id, &format!("{id} in {states:?}"), |torrent| {
        states.contains(&torrent["state"].as_str().unwrap_or_default())
    })
}

/// Waits until the torrent is complete.
#[track_caller]
pub fn wait_complete(relay: &Relay, id: &str) -> Value {
    let torrent = wait_state(relay, id, &["seeding", "finished", "error"]);
    assert_ne!(torrent["state"], "error", "{torrent:#}");
    assert_eq!(torrent["progress"].as_f64(), Some(1.0), "{torrent:#}");
    torrent
}

/// Adds the torrent with trackers of its own, and returns its id.
#[track_caller]
pub fn add_single(relay: &Relay, torrent: &Single, trackers: &[&str]) -> String {
    let data = STANDARD.encode(torrent.with_trackers(trackers));
    id_of(&relay.ok("add_torrent", json!({"data": data})))
}

/// Adds the torrent with a tracker that knows these peers, and returns its id.
#[track_caller]
pub fn add_with_peers(relay: &Relay, torrent: &Single, peers: &[SocketAddr]) -> String {
    let peers = peers.to_vec();
    let tracker = ScriptedTracker::http(move |_| Answer::peers(&peers));
    add_single(relay, torrent, &[tracker.url()])
}

/// Downloads the torrent from these peers, and checks its file.
#[track_caller]
pub fn downloads_from(sandbox: &Sandbox, torrent: &Single, peers: &[SocketAddr]) {
    let relay = sandbox.relay();
    wait_complete(&relay, &add_with_peers(&relay, torrent, peers));
    assert_single(sandbox, torrent);
}

/// Asserts that the file of the torrent is in the folder of downloads, byte for byte.
#[track_caller]
pub fn assert_single(sandbox: &Sandbox, torrent: &Single) {
    let found = std::fs::read(sandbox.downloads().join(torrent.name())).expect("a file");
    assert!(found == torrent.content(), "{} differs", torrent.name());
}

/// One result of a method over many, after checking that it is about `id`.
#[track_caller]
pub fn one(many: &Value, id: &str) -> Value {
    let results = many["results"].as_array().unwrap_or_else(|| panic!("no results: {many}"));
    assert_eq!(results.len(), 1, "{many}");
    assert_eq!(results[0]["id"], id, "{many}");
    results[0].clone()
}

/// Calls a method over many with one id, and expects it to be granted.
#[track_caller]
pub fn granted(relay: &Relay, method: &str, id: &str) {
    let result = one(&relay.ok(method, json!({"ids": [id]})), id);
    assert_eq!(result["ok"], true, "{method}: {result}");
}

/// A seeder that is slow enough to be interrupted in the middle: 48 MiB in pieces of 64 KiB.
pub fn slow_seeder(name: &str) -> Seeder {
    Seeder::start(Seed {
        name,
        files: Files::new([("first.bin", 30 << 20), ("folder/second.bin", 18 << 20)]),
        piece_bytes: 64 << 10,
        upload_limit: 9 << 20,
    })
}

/// Waits until the torrent has stopped with an error about files, and returns its sentence.
#[track_caller]
pub fn wait_io_error(relay: &Relay, id: &str) -> String {
    let torrent = wait_state(relay, id, &["error"]);
    assert_eq!(torrent["error"]["kind"], "io", "{torrent:#}");
    torrent["error"]["message"].as_str().expect("a sentence").into()
}

/// What may be fetched twice when a download is interrupted: pieces that were under way, and those
/// whose verification the engine had not told of yet.
pub const MARGIN: u64 = 1 << 20;

/// Lets a download go on that has stopped at `done` bytes, to its verified end: only what was missing
/// is fetched.
#[track_caller]
pub fn goes_on_to_the_end(relay: &Relay, seeder: &Seeder, done: u64, save_path: &Path) {
    // What is still on its way to the run before does not count.
    wait_until("the seeder to lose its peer", || seeder.peers() == 0);
    let before = seeder.uploaded();
    seeder.limit(0);
    granted(relay, "resume", &seeder.id);
    wait_complete(relay, &seeder.id);
    seeder.assert_downloaded(save_path);
    let (missing, sent) = (seeder.files().total() - done, seeder.uploaded() - before);
    assert!(sent <= missing + MARGIN, "{missing} bytes were missing, {sent} were fetched");
}

/// Waits until a download is between a quarter and three quarters done.
#[track_caller]
pub fn wait_half_way(relay: &Relay, id: &str) -> Value {
    let torrent = wait_torrent(relay, id, "a quarter of the download", |torrent| {
        torrent["state"] == "downloading" && torrent["progress"].as_f64() >= Some(0.25)
    });
    assert!(torrent["progress"].as_f64() < Some(0.75), "too fast to interrupt: {torrent:#}");
    torrent
}

/// Where the engine takes connections, once it does.
#[track_caller]
pub fn listens_at(relay: &Relay) -> SocketAddr {
    let port = wait_for("a port", || {
        let port = relay.ok("get_session", json!({}))["listen_port"].as_u64()?;
        u16::try_from(port).ok()
    });
    (Ipv4Addr::LOCALHOST, port).into()
}

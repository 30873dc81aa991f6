//! When `cancel` has been answered, nothing of the torrent is under way any more: asked of the
//! system, at once.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use torrpeddo_tests::bencode::dictionary;
use torrpeddo_tests::{Gate, Leecher, Relay, Sandbox, Seeder, files, process, wait_until};

use crate::support::{
    add_magnet, granted, id_of, listens_at, slow_seeder, torrent, wait_complete, wait_half_way,
    wait_state,
};

/// Cancels the only torrent there is, from `state`.
#[track_caller]
fn leaves_nothing(sandbox: &Sandbox, relay: &Relay, id: &str, state: &str) {
    let engine = sandbox.engine_pid();
    assert_eq!(torrent(relay, id)["state"], state);
    granted(relay, "cancel", id);
    assert_eq!(process::connections(engine), [], "{state}");
    assert_eq!(process::open_below(engine, &sandbox.downloads()), Vec::<PathBuf>::new(), "{state}");
    let before = snapshot(sandbox);
    let cancelled = torrent(relay, id);
    assert_eq!(cancelled["state"], "cancelled", "{cancelled:#}");
    assert_eq!(cancelled["peers_connected"], 0, "{cancelled:#}");
    assert_eq!(snapshot(sandbox), before, "{state}: something is still written");
}

/// Name, length and time of the last change of every file.
fn snapshot(sandbox: &Sandbox) -> Vec<(String, u64, i64)> {
    let names = files::list(&sandbox.downloads()).into_iter();
    names
        .map(|name| {
            let found = fs::metadata(sandbox.downloads().join(&name)).expect("a file");
            (name, found.len(), found.mtime_nsec())
        })
        .collect()
}

#[test]
fn while_fetching_metadata() {
    let (sandbox, seeder) = (Sandbox::new(), Seeder::file("unknown.bin", 100_000));
    // Whoever knocks is let in and hears nothing.
    let gate = Gate::before(seeder.port);
    let relay = sandbox.relay();
    let id = add_magnet(&relay, &format!("{}&x.pe=127.0.0.1:{}", seeder.bare_magnet(), gate.port));
    wait_until("the engine to ask for metadata", || gate.knocks() > 0);
    leaves_nothing(&sandbox, &relay, &id, "fetching_metadata");
}

#[test]
fn while_checking() {
    const PIECE: usize = 4 << 20;
    const PIECES: usize = 2048;
    const BYTES: u64 = (PIECE * PIECES) as u64;
    let sandbox = Sandbox::new();
    let hash = {
        use sha1::{Digest, Sha1};
        Sha1::digest(vec![0; PIECE]).to_vec()
    };
    let info = dictionary([
        ("length", BYTES.into()),
        ("name", "zeros".into()),
        ("piece length", (PIECE as u64).into()),
        ("pieces", hash.repeat(PIECES).as_slice().into()),
    ]);
    let data = STANDARD.encode(dictionary([("info", info)]).encode());
    let file = fs::File::create(sandbox.downloads().join("zeros")).unwrap();
    file.set_len(BYTES).unwrap();
    let relay = sandbox.relay();
    let id = id_of(&relay.ok("add_torrent", json!({"data": data})));
    wait_state(&relay, &id, &["checking"]);
    leaves_nothing(&sandbox, &relay, &id, "checking");
    let engine = sandbox.engine_pid();
    let read = process::bytes_read(engine).unwrap();
    torrent(&relay, &id);
    assert!(process::bytes_read(engine).unwrap() - read < PIECE as u64, "it reads on");
}

#[test]
fn while_downloading() {
    let (sandbox, seeder) = (Sandbox::new(), slow_seeder("downloading"));
    let relay = sandbox.relay();
    let id = add_magnet(&relay, &seeder.magnet);
    wait_half_way(&relay, &id);
    leaves_nothing(&sandbox, &relay, &id, "downloading");
    wait_until("the seeder to lose its peer", || seeder.peers() == 0);
}

#[test]
fn while_seeding() {
    let (sandbox, seeder) = (Sandbox::new(), Seeder::file("seeding.bin", 8 << 20));
    let relay = sandbox.relay();
    let id = add_magnet(&relay, &seeder.magnet);
    wait_complete(&relay, &id);
    let leecher = Leecher::limited(&seeder.torrent, 1 << 20);
    leecher.connect(listens_at(&relay));
    wait_until("the other peer to have something", || leecher.done() > 0);
    leaves_nothing(&sandbox, &relay, &id, "seeding");
    wait_until("the other peer to be alone", || leecher.peers() == 0);
}

#[test]
fn while_queued_and_while_paused() {
    let sandbox = Sandbox::with_defaults(json!({"max_active_downloads": 0}));
    let seeder = Seeder::file("waiting.bin", 8 << 20);
    let relay = sandbox.relay();
    let id = add_magnet(&relay, &seeder.magnet);
    wait_state(&relay, &id, &["queued"]);
    leaves_nothing(&sandbox, &relay, &id, "queued");
    granted(&relay, "resume", &id);
    granted(&relay, "pause", &id);
    leaves_nothing(&sandbox, &relay, &id, "paused");
}

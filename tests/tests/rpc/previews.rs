//! Looking into a torrent before anything is written.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use torrpeddo_tests::http::Server;
use torrpeddo_tests::{Gate, Relay, Sandbox, Seeder, files, wait_until};

use crate::support::{id_of, wait_complete};

fn seeder() -> Seeder {
    Seeder::folder("shown", [("one.bin", 120_000), ("two.bin", 60_000), ("x/three.bin", 3)])
}

fn subscribed(sandbox: &Sandbox) -> Relay {
    let relay = sandbox.relay();
    relay.ok("subscribe", json!({"topics": ["events"]}));
    relay
}

#[track_caller]
fn check_files(files: &Value) {
    let mut found: Vec<(u64, &str, u64)> = files
        .as_array()
        .unwrap_or_else(|| panic!("no files: {files}"))
        .iter()
        .map(|file| {
            let number = |name: &str| file[name].as_u64().unwrap();
            (number("index"), file["path"].as_str().unwrap(), number("bytes"))
        })
        .collect();
    found.sort_unstable_by_key(|file| file.1);
    assert_eq!(
        found.iter().map(|file| (file.1, file.2)).collect::<Vec<_>>(),
        [("shown/one.bin", 120_000), ("shown/two.bin", 60_000), ("shown/x/three.bin", 3)]
    );
}

#[test]
fn a_magnet_is_shown_and_then_added_from_its_preview() {
    let (sandbox, seeder) = (Sandbox::new(), seeder());
    let gate = Gate::before(seeder.port);
    let relay = subscribed(&sandbox);
    let uri = format!("{}&dn=early&x.pe=127.0.0.1:{}", seeder.bare_magnet(), gate.port);
    let preview = relay.ok("preview", json!({"uri": uri}));
    assert_eq!(preview["id"], json!(seeder.id));
    assert_eq!(preview["name"], "early");
    assert!(preview.get("files").is_none(), "before metadata can be there: {preview}");
    gate.open();
    let ready = relay.event("preview_ready");
    assert_eq!(ready["preview_id"], preview["preview_id"]);
    assert_eq!(ready["total_bytes"], 180_003);
    assert_eq!(ready["name"], "shown");
    check_files(&ready["files"]);
    assert!(files::list(&sandbox.downloads()).is_empty(), "a preview writes nothing");
    assert_eq!(relay.ok("get_status", json!({}))["torrents"], json!([]), "and is no entry");

    let two = ready["files"].as_array().unwrap();
    let two = &two.iter().find(|file| file["path"] == "shown/two.bin").unwrap()["index"];
    let options = json!({"preview_id": preview["preview_id"], "selected": [two]});
    let added = relay.ok("add_magnet", json!({"uri": uri, "options": options}));
    assert_eq!(added["torrent"]["file_count"], 3, "its metadata is used: {added:#}");
    wait_complete(&relay, &id_of(&added));
    assert_eq!(files::list(&sandbox.downloads()), ["shown/two.bin"]);
}

#[test]
fn a_torrent_file_is_shown_at_once() {
    let (sandbox, seeder) = (Sandbox::new(), seeder());
    let relay = sandbox.relay();
    let preview = relay.ok("preview", json!({"data": STANDARD.encode(seeder.torrent_bytes())}));
    assert_eq!(preview["id"], json!(seeder.id));
    assert_eq!(preview["total_bytes"], 180_003);
    check_files(&preview["files"]);
    relay.ok("drop_preview", json!({"preview_id": preview["preview_id"]}));
}

#[test]
fn a_url_is_shown_and_a_bad_one_fails() {
    let (sandbox, seeder) = (Sandbox::new(), seeder());
    let server = Server::start();
    server.put("/good", "application/x-bittorrent", seeder.torrent_bytes());
    server.put("/bad", "text/html", "<h1>Log in first</h1>");
    let relay = subscribed(&sandbox);
    let preview = relay.ok("preview", json!({"url": server.url("/good")}));
    if preview.get("files").is_none() {
        let ready = relay.event("preview_ready");
        assert_eq!(ready["preview_id"], preview["preview_id"]);
        assert_eq!(ready["id"], json!(seeder.id));
        check_files(&ready["files"]);
    } else {
        check_files(&preview["files"]);
    }
    match relay.call_raw("preview", &json!({"url": server.url("/bad")})) {
        Ok(bad) => {
            let failed = relay.event("preview_failed");
            assert_eq!(failed["preview_id"], bad["preview_id"]);
            torrpeddo_tests::relay::check_error(&failed["error"], "invalid_torrent");
        }
        Err(error) => torrpeddo_tests::relay::check_error(&error, "invalid_torrent"),
    }
}

#[test]
fn a_dropped_preview_stops_asking() {
    let (sandbox, seeder) = (Sandbox::new(), seeder());
    let relay = subscribed(&sandbox);
    let gate = Gate::before(seeder.port);
    let uri = format!("{}&x.pe=127.0.0.1:{}", seeder.bare_magnet(), gate.port);
    let preview = relay.ok("preview", json!({"uri": uri}));
    wait_until("the engine to knock at the gate", || gate.knocks() > 0);
    relay.ok("drop_preview", json!({"preview_id": preview["preview_id"]}));
    gate.open();
    // A later preview of the same torrent is ready; the dropped one never says anything.
    let second = relay.ok("preview", json!({"uri": seeder.magnet}));
    let ready = relay.event("preview_ready");
    assert_eq!(ready["preview_id"], second["preview_id"]);
    for said in relay.drain() {
        assert_ne!(said.params["preview_id"], preview["preview_id"], "{:#}", said.params);
    }
}

#[test]
fn a_preview_says_what_is_in_the_list_already() {
    let (sandbox, seeder) = (Sandbox::new(), seeder());
    let relay = sandbox.relay();
    relay.ok("add_magnet", json!({"uri": seeder.magnet}));
    let preview = relay.ok("preview", json!({"uri": seeder.magnet}));
    assert_eq!(preview["already_exists"], true, "{preview:#}");
}

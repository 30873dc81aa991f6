//! Every row of the protocol's error table. `parse_error`, `invalid_request` and
//! `method_not_found` are in `frames`, `unavailable` in `relays` and `session`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use torrpeddo_tests::http::Server;
use torrpeddo_tests::magnets::{dead, dead_id};
use torrpeddo_tests::{Relay, Sandbox, Seeder};

use crate::support::add_magnet;

fn invalid_member(relay: &Relay, method: &str, params: serde_json::Value, member: &str) {
    let error = relay.refused("invalid_params", method, params);
    assert_eq!(error["data"]["member"], member, "{method}: {error}");
    let last = member.rsplit('.').next().unwrap();
    assert!(error["message"].as_str().unwrap().contains(last), "{error}");
}

#[test]
fn invalid_params_names_the_member() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let id = dead_id(1);
    invalid_member(&relay, "add_magnet", json!({}), "uri");
    invalid_member(&relay, "add_magnet", json!({"uri": 7}), "uri");
    invalid_member(&relay, "add_magnet", json!({"uri": null}), "uri");
    invalid_member(&relay, "add_torrent", json!({}), "data");
    invalid_member(&relay, "add_torrent", json!({"data": "not base64!"}), "data");
    invalid_member(&relay, "get_files", json!({"id": [id]}), "id");
    invalid_member(&relay, "pause", json!({"ids": "all"}), "ids");
    invalid_member(&relay, "pause", json!({"id": id}), "ids");
    invalid_member(&relay, "subscribe", json!({"topics": "torrents"}), "topics");
    invalid_member(&relay, "shutdown", json!({"when": "tomorrow"}), "when");
    invalid_member(&relay, "get_log", json!({"lines": "many"}), "lines");
    for (options, member) in [
        (json!({"paused": "yes"}), "paused"),
        (json!({"selected": [-1]}), "selected"),
        (json!({"labels": "one"}), "labels"),
        (json!({"save_path": 7}), "save_path"),
    ] {
        let error = relay.refused(
            "invalid_params",
            "add_magnet",
            json!({"uri": dead(1), "options": options}),
        );
        let named = error["data"]["member"].as_str().unwrap_or_default();
        assert!(named.split(['.', '[']).any(|part| part == member), "{member}: {error}");
    }
    assert_eq!(relay.ok("get_status", json!({}))["torrents"], json!([]), "nothing was added");
}

#[test]
fn unknown_members_are_ignored() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let params = json!({"uri": dead(1), "from_the_future": [], "options": {"new": {"deep": 1}}});
    assert_eq!(relay.ok("add_magnet", params)["already_exists"], false);
}

#[test]
fn not_found_says_which() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    for id in [dead_id(1).as_str(), "short", ""] {
        let error = relay.refused("not_found", "get_files", json!({"id": id}));
        assert_eq!(error["data"]["id"], id);
    }
    relay.refused("not_found", "get_status", json!({"ids": [dead_id(1)]}));
}

#[test]
fn invalid_magnets() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let v2 = format!("1220{}", "ab".repeat(32));
    for uri in [
        "".into(),
        "magnet:".into(),
        "magnet:?".into(),
        "magnet:?dn=a%20name".into(),
        "magnet:?xt=urn:btih:".into(),
        "magnet:?xt=urn:btih:abc".into(),
        format!("magnet:?xt=urn:btih:{}", "g".repeat(40)),
        format!("magnet:?xt=urn:btih:{}0", dead_id(1)),
        format!("magnet:?xt=urn:sha1:{}", dead_id(1)),
        format!("magnet:?xt=urn:btmh:{v2}"),
        "http://example.invalid/".into(),
        "javascript:alert(1)".into(),
        "file:///etc/passwd".into(),
    ] {
        relay.refused("invalid_magnet", "add_magnet", json!({"uri": uri}));
    }
    let error = relay.refused(
        "invalid_magnet",
        "add_magnet",
        json!({"uri": format!("magnet:?xt=urn:btmh:{v2}")}),
    );
    assert!(error["message"].as_str().unwrap().contains("v2"), "says what is wrong: {error}");
    assert_eq!(relay.ok("get_status", json!({}))["torrents"], json!([]));
}

#[test]
fn invalid_torrents() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    for bytes in [&b""[..], b"d", b"de", b"d4:infodee", b"<html>", b"le", &[0; 5000]] {
        let data = STANDARD.encode(bytes);
        relay.refused("invalid_torrent", "add_torrent", json!({"data": data}));
        relay.refused("invalid_torrent", "preview", json!({"data": data}));
    }
    let server = Server::start();
    server.put("/page", "text/html", "<h1>Log in first</h1>");
    relay.refused("invalid_torrent", "add_url", json!({"url": server.url("/page")}));
}

#[test]
fn urls_that_cannot_be_fetched() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let server = Server::start();
    for url in [server.url("/missing"), "http://127.0.0.1:1/refused".into()] {
        let error = relay.call_raw("add_url", &json!({"url": url})).expect_err("a refusal");
        let kind = error["data"]["kind"].as_str().unwrap();
        assert!(["unavailable", "io"].contains(&kind), "{url}: {error}");
        torrpeddo_tests::relay::check_error(&error, kind);
    }
    for url in ["file:///etc/passwd", "ftp://127.0.0.1/x", "no url", "javascript:alert(1)"] {
        let error = relay.refused("invalid_params", "add_url", json!({"url": url}));
        assert_eq!(error["data"]["member"], "url", "{error}");
    }
}

#[test]
fn paths_that_cannot_be_used() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let file = sandbox.root().join("a file");
    std::fs::write(&file, "in the way").unwrap();
    let paths = [
        json!("relative/folder"),
        json!(""),
        json!("~/Downloads"),
        json!(file),
        json!(file.join("below")),
        json!("/proc/nothing/can/be/written/here"),
        json!("/tmp/nul\u{0}byte"),
    ];
    for path in paths {
        let params = json!({"uri": dead(1), "options": {"save_path": path}});
        relay.refused("invalid_path", "add_magnet", params);
        relay.refused("invalid_path", "set_settings", json!({"download_folder": path}));
    }
    assert_eq!(relay.ok("get_status", json!({}))["torrents"], json!([]));
}

#[test]
fn io_says_what_and_why() {
    let sandbox = Sandbox::new();
    let seeder = Seeder::folder("taken", [("a.bin", 1000)]);
    let relay = sandbox.relay();
    // A file where the torrent's folder has to be.
    std::fs::write(sandbox.downloads().join("taken"), "in the way").unwrap();
    let id = add_magnet(&relay, &seeder.magnet);
    let failed = crate::support::wait_state(&relay, &id, &["error", "seeding", "finished"]);
    assert_eq!(failed["state"], "error", "{failed:#}");
    assert_eq!(failed["error"]["kind"], "io", "{failed:#}");
    assert!(failed["error"]["message"].as_str().unwrap().contains(' '));
    assert_eq!(
        std::fs::read_to_string(sandbox.downloads().join("taken")).unwrap(),
        "in the way",
        "what was there is not touched"
    );
    // Put right, it goes on.
    std::fs::remove_file(sandbox.downloads().join("taken")).unwrap();
    crate::support::granted(&relay, "resume", &id);
    crate::support::wait_complete(&relay, &id);
    seeder.assert_downloaded(&sandbox.downloads());
}

#[test]
fn io_when_the_log_is_gone() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    relay.ok("ping", json!({}));
    let logs: Vec<_> = torrpeddo_tests::files::list(&sandbox.home())
        .into_iter()
        .filter(|name| name.ends_with(".log"))
        .map(|name| sandbox.home().join(name))
        .collect();
    assert!(!logs.is_empty());
    for log in logs {
        std::fs::remove_file(&log).unwrap();
        std::fs::create_dir(&log).unwrap();
    }
    let error = relay.refused("io", "get_log", json!({}));
    assert!(error["data"]["reason"].is_string(), "{error}");
    assert!(error["data"]["path"].is_string(), "{error}");
}

#[test]
fn an_unknown_protocol_is_incompatible() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let client = json!({"name": "tests", "version": "1"});
    for protocol in [0, 2, 99] {
        let params = json!({"protocol": protocol, "client": client});
        let error = relay.refused("incompatible", "hello", params);
        assert_eq!(error["data"]["supported"], json!([1]), "{error}");
    }
}

#[test]
fn too_large() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let uri = format!("{}&dn={}", dead(1), "x".repeat(64 << 10));
    relay.refused("too_large", "add_magnet", json!({"uri": uri}));
    let data = STANDARD.encode(vec![b'd'; (10 << 20) + 1]);
    relay.refused("too_large", "add_torrent", json!({"data": data}));
    let ids: Vec<String> = (0..10_001).map(|number| format!("{number:040x}")).collect();
    relay.refused("too_large", "pause", json!({"ids": ids}));
    let server = Server::start();
    server.put("/huge", "application/x-bittorrent", vec![b'd'; (10 << 20) + 1]);
    relay.refused("too_large", "add_url", json!({"url": server.url("/huge")}));
}

#[test]
fn a_record_that_contradicts_itself_is_internal_and_no_end() {
    let (sandbox, seeder) = (Sandbox::new(), Seeder::file("broken.bin", 1000));
    let relay = sandbox.relay();
    let data = STANDARD.encode(seeder.torrent_bytes());
    let params = json!({"data": data, "options": {"paused": true}});
    relay.ok("add_torrent", params);
    // Nobody but a bug (or this) takes the torrent file away from an entry that had one.
    let found = torrpeddo_tests::files::list(&sandbox.home());
    let database = found.iter().find(|name| name.ends_with(".sqlite") || name.ends_with(".db"));
    let database = sandbox.home().join(database.unwrap_or_else(|| panic!("{found:?}")));
    let python =
        torrpeddo_tests::paths::tool("TORRPEDDO_TEST_PYTHON", "venv/bin/python", "python3");
    let script = "import sqlite3, sys\n\
                  with sqlite3.connect(sys.argv[1]) as database:\n    \
                      database.execute('delete from metainfo')";
    let done = std::process::Command::new(python).args(["-c", script]).arg(database).status();
    assert!(done.unwrap().success());
    crate::support::granted(&relay, "resume", &seeder.id);
    let failed = crate::support::wait_state(&relay, &seeder.id, &["error", "downloading"]);
    assert_eq!(failed["error"]["kind"], "internal", "{failed:#}");
    assert!(failed["error"]["message"].as_str().unwrap().contains("log"), "{failed:#}");
    assert_eq!(relay.ok("ping", json!({})), json!({}));
}

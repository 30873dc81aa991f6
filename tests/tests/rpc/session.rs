//! The session: hello, settings, totals, the log, the end.

use serde_json::json;
use torrpeddo_tests::sandbox::hello;
use torrpeddo_tests::{Relay, Sandbox, Seeder, process, wait_until};

use crate::support::{add_magnet, wait_complete, wait_state};

#[test]
fn hello_tells_who_the_engine_is_and_what_it_can() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let hello = hello(&relay);
    assert_eq!(hello["protocol"], 1);
    assert!(process::is_alive(u32::try_from(hello["engine"]["pid"].as_u64().unwrap()).unwrap()));
    assert!(hello["engine"]["version"].is_string());
    assert!(hello["engine"]["started_at"].as_u64() > Some(1_500_000_000_000), "milliseconds");
    assert!(hello["limits"]["frame_bytes"].as_u64() == Some(64 << 20));
    assert_eq!(relay.ok("ping", json!({})), json!({}));
}

#[test]
fn every_method_of_the_protocol_is_there() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let hello = hello(&relay);
    let mut named: Vec<&str> = hello["capabilities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    named.sort_unstable();
    let mut all = torrpeddo_protocol::methods::NAMES.to_vec();
    all.sort_unstable();
    assert_eq!(named, all);
    // What ends the engine, or waits for a user, is asked for elsewhere.
    for method in all.into_iter().filter(|method| *method != "shutdown") {
        if let Err(error) = relay.call_raw(method, &json!({})) {
            assert_ne!(error["data"]["kind"], "method_not_found", "{method}: {error}");
            assert_ne!(error["data"]["kind"], "internal", "{method}: {error}");
        }
    }
}

#[test]
fn methods_without_parameters_take_none() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    relay.send_frame(br#"{"jsonrpc":"2.0","id":900,"method":"ping"}"#);
    assert_eq!(relay.finish(900), Ok(json!({})));
    relay.send_frame(br#"{"jsonrpc":"2.0","id":901,"method":"get_session"}"#);
    assert!(relay.finish(901).unwrap()["counts"].is_object());
}

#[test]
fn settings_are_changed_all_or_nothing() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let before = relay.ok("get_settings", json!({}));
    assert_eq!(before["download_folder"], json!(sandbox.downloads()));
    assert_eq!(before["ask_before_add"], true);
    for wrong in [json!("five"), json!(-1), json!(1.5), json!(null)] {
        let change = json!({"ask_before_add": false, "max_active_downloads": wrong});
        let error = relay.refused("invalid_params", "set_settings", change);
        assert_eq!(error["data"]["member"], "max_active_downloads", "{error}");
    }
    assert_eq!(relay.ok("get_settings", json!({})), before, "nothing of it was kept");
    let change = json!({"ask_before_add": false, "max_active_seeds": 3, "from_the_future": 1});
    let after = relay.ok("set_settings", change);
    assert_eq!(after["ask_before_add"], false);
    assert_eq!(after["max_active_seeds"], 3);
    let now = relay.ok("get_settings", json!({}));
    assert_eq!(now["max_active_seeds"], 3);
    assert_eq!(now["max_active_downloads"], before["max_active_downloads"]);
    assert!(now.get("from_the_future").is_none());
    // What they would be had nobody set anything is known all the same.
    assert_eq!(relay.ok("get_settings", json!({"defaults": true})), before);
    assert_eq!(relay.ok("get_settings", json!({"defaults": false})), now);
}

#[test]
fn a_new_default_folder_is_used() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let folder = sandbox.root().join("another folder");
    std::fs::create_dir(&folder).unwrap();
    relay.ok("set_settings", json!({"download_folder": folder}));
    let added = relay.ok("add_magnet", json!({"uri": torrpeddo_tests::magnets::dead(1)}));
    assert_eq!(added["torrent"]["save_path"], json!(folder));
    relay.refused("invalid_path", "set_settings", json!({"download_folder": "relative"}));
}

#[test]
fn the_session_counts() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let session = relay.ok("get_session", json!({}));
    assert_eq!(session["counts"], json!({}));
    assert_eq!(session["dht_nodes"], 0);
    assert!(session["free_bytes"].as_u64() > Some(0));
    for number in 0..3 {
        add_magnet(&relay, &torrpeddo_tests::magnets::dead(number));
    }
    let paused = torrpeddo_tests::magnets::dead_id(0);
    relay.ok("pause", json!({"ids": [paused]}));
    wait_state(&relay, &paused, &["paused"]);
    let counts = relay.ok("get_session", json!({}))["counts"].clone();
    assert_eq!(counts, json!({"paused": 1, "fetching_metadata": 2}));
    assert_eq!(relay.ok("get_status", json!({}))["session"]["counts"], counts);
}

#[test]
fn the_log_can_be_read() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let lines = relay.ok("get_log", json!({"lines": 5}))["lines"].clone();
    let lines = lines.as_array().expect("lines");
    assert!(!lines.is_empty() && lines.len() <= 5, "{lines:?}");
}

#[test]
fn without_a_desktop_there_is_no_folder_dialog() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let id = add_magnet(&relay, &torrpeddo_tests::magnets::dead(1));
    relay.refused("unavailable", "open_folder", json!({"id": id}));
    relay.refused("unavailable", "choose_folder", json!({}));
    let unknown = torrpeddo_tests::magnets::dead_id(2);
    relay.refused("not_found", "open_folder", json!({"id": unknown}));
}

#[test]
fn shutdown_tells_everybody_and_ends_the_process() {
    let sandbox = Sandbox::new();
    let (relay, other) = (sandbox.relay(), sandbox.relay());
    other.ok("subscribe", json!({"topics": ["events"]}));
    let engine = sandbox.engine_pid();
    assert_eq!(relay.ok("shutdown", json!({"when": "now"})), json!({}));
    other.event("engine_stopping");
    wait_until("the end of the engine", || !process::is_alive(engine));
}

/// An engine that was started before there was a desktop asks the session, as systemd keeps it.
#[test]
fn a_desktop_that_came_later_is_found() {
    use std::os::unix::fs::PermissionsExt as _;
    let (sandbox, seeder) = (Sandbox::new(), Seeder::file("shown.bin", 100_000));
    let (programs, opened) = (sandbox.user().join("bin"), sandbox.root().join("opened"));
    std::fs::create_dir_all(&programs).unwrap();
    // These stand in for the desktop's.
    let open = format!("#!/bin/sh\necho \"$DISPLAY $1\" >'{}'\n", opened.display());
    let session = "#!/bin/sh\necho DISPLAY=:7\n".to_owned();
    for (name, script) in [("systemctl", session), ("xdg-open", open)] {
        std::fs::write(programs.join(name), script).unwrap();
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(programs.join(name), mode).unwrap();
    }
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", programs.display());
    let relay = Relay::spawn(sandbox.command(&["relay"]).env("PATH", path));
    let id = add_magnet(&relay, &seeder.magnet);
    wait_complete(&relay, &id);
    relay.ok("open_file", json!({"id": id, "index": 0}));
    let file = sandbox.downloads().join("shown.bin");
    assert_eq!(std::fs::read_to_string(opened).unwrap(), format!(":7 {}\n", file.display()));
}

//! Many clients, one engine; and no engine at all.

use std::thread;

use serde_json::json;
use torrpeddo_tests::sandbox::hello;
use torrpeddo_tests::{Relay, Sandbox, process, wait_until};

use crate::support::add_magnet;

#[test]
fn twenty_relays_at_once_share_one_engine() {
    let sandbox = Sandbox::new();
    let relays: Vec<Relay> = (0..20).map(|_| sandbox.relay()).collect();
    let mut pids: Vec<String> = thread::scope(|scope| {
        let asking: Vec<_> = relays
            .iter()
            .map(|relay| scope.spawn(|| hello(relay)["engine"]["pid"].to_string()))
            .collect();
        asking.into_iter().map(|one| one.join().expect("an answer")).collect()
    });
    pids.dedup();
    assert_eq!(pids.len(), 1, "engines: {pids:?}");
    let running = sandbox.processes();
    assert_eq!(running.len(), 21, "twenty relays and one engine: {running:?}");
    add_magnet(&relays[0], &torrpeddo_tests::magnets::dead(1));
    for relay in &relays {
        assert_eq!(relay.ok("get_status", json!({}))["torrents"].as_array().unwrap().len(), 1);
    }
}

#[test]
fn a_relay_ends_with_its_input_and_leaves_the_engine() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let engine = hello(&relay)["engine"]["pid"].clone();
    relay.close();
    relay.ended();
    wait_until("the end of the relay", || !process::is_alive(relay.pid()));
    assert_eq!(hello(&sandbox.relay())["engine"]["pid"], engine);
}

#[test]
fn a_relay_outlives_no_engine_in_silence() {
    // When the engine dies under a relay, the client must notice: either its port closes, or
    // its next request is answered.
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let engine = hello(&relay)["engine"]["pid"].as_u64().unwrap();
    process::kill(u32::try_from(engine).unwrap());
    relay.ended();
    assert_ne!(hello(&sandbox.relay())["engine"]["pid"].as_u64(), Some(engine));
}

#[test]
fn without_an_engine_every_request_gets_a_sentence() {
    let sandbox = Sandbox::new();
    let file = sandbox.root().join("a file");
    std::fs::write(&file, "in the way").unwrap();
    let relay = Relay::spawn(sandbox.command(&["relay"]).env("TORRPEDDO_HOME", file.join("home")));
    let client = json!({"name": "tests", "version": "1"});
    relay.refused("unavailable", "hello", json!({"protocol": 1, "client": client}));
    relay.refused("unavailable", "get_status", json!({}));
}

#[test]
fn a_browser_that_is_not_ours_is_refused() {
    let sandbox = Sandbox::new();
    let stranger = "chrome-extension://abcdefghijklmnopabcdefghijklmnop/";
    let relay = Relay::spawn(&mut sandbox.command(&[stranger]));
    relay.ended();
    assert_eq!(relay.frames(), 0, "a stranger was answered");
    assert!(
        sandbox.processes().into_iter().all(|pid| pid == relay.pid()),
        "an engine was started for a stranger"
    );
}

#[test]
fn a_browser_that_is_ours_is_served() {
    let sandbox = Sandbox::new();
    let manifest = sandbox.root().join("manifest.json");
    let manifest = manifest.to_string_lossy();
    let chromium = ["chrome-extension://iibhikoaahafbllkolaaineamdjbbedb/"];
    let firefox = [manifest.as_ref(), "torrpeddo@torrpeddo.org"];
    for arguments in [&chromium[..], &firefox[..]] {
        let relay = Relay::spawn(&mut sandbox.command(arguments));
        relay.ok("ping", json!({}));
    }
}

//! The relay as a browser sees it.

// They watch processes in the way of Unix.
#![cfg(unix)]
// Clippy knows tests by their attribute, and takes the helpers beside them for the program.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::process::Stdio;
use std::time::{Duration, Instant};

use common::{Home, Relay, is_running};
use serde_json::json;
use torrpeddo_protocol::{CHROMIUM_ID, FIREFOX_ID, HOST_NAME};

#[test]
fn both_browsers_reach_the_engine() {
    let home = Home::new();
    let manifest = format!("/home/u/.mozilla/native-messaging-hosts/{HOST_NAME}.json");
    let mut chromium = home.browser();
    let mut firefox = Relay::start(&mut home.command([manifest.as_str(), FIREFOX_ID]));
    assert_eq!(chromium.engine_pid(), firefox.engine_pid());
    assert_eq!(chromium.call("ping", json!({}))["result"], json!({}));
}

#[test]
fn strangers_are_turned_away_without_a_word_on_standard_output() {
    let home = Home::new();
    let origins = ["chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/", "moz-extension://x/"];
    let mut callers: Vec<Vec<String>> = origins.map(|origin| vec![origin.to_owned()]).to_vec();
    callers.push(vec![format!("chrome-extension://{CHROMIUM_ID}x/")]);
    callers.push(vec![format!("/m/{HOST_NAME}.json"), "evil@example.org".into()]);
    callers.push(vec![format!("/m/{HOST_NAME}.json")]);
    for caller in callers {
        let output = home.command(&caller).stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{caller:?}");
        assert!(output.stdout.is_empty(), "{caller:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    assert!(!home.path.exists(), "nothing was started");
}

#[test]
fn the_end_of_input_ends_the_relay_and_not_the_engine() {
    let home = Home::new();
    let mut relay = home.browser();
    let engine = relay.engine_pid();
    let left = Instant::now();
    relay.leave();
    assert!(relay.wait().success());
    assert!(left.elapsed() < Duration::from_secs(2), "a browser kills after two seconds");
    assert!(relay.rest().is_empty());
    assert!(is_running(engine));
    // What is piped in is answered before the end.
    let mut relay = home.relay();
    relay.send(br#"{"jsonrpc":"2.0","id":"last","method":"ping"}"#);
    relay.leave();
    assert_eq!(relay.receive().unwrap()["id"], "last");
    assert!(relay.wait().success());
    // Half a frame is an end like any other.
    let mut relay = home.relay();
    relay.send_raw(&100u32.to_ne_bytes());
    relay.leave();
    relay.wait();
    assert!(is_running(engine));
}

#[test]
fn a_killed_relay_leaves_the_engine_alone() {
    let home = Home::new();
    let mut relay = home.browser();
    let engine = relay.engine_pid();
    common::kill(relay.pid());
    assert!(!relay.wait().success());
    assert_eq!(home.relay().engine_pid(), engine);
}

#[test]
fn the_engine_is_detached_from_whoever_started_it() {
    let home = Home::new();
    let engine = home.browser().engine_pid();
    let own = std::process::id();
    assert_ne!(session_of(engine), session_of(own), "a session of its own");
    for number in 0..3 {
        let open = std::fs::read_link(format!("/proc/{engine}/fd/{number}")).unwrap();
        assert_eq!(open.to_str(), Some("/dev/null"));
    }
    let folder = std::fs::read_link(format!("/proc/{engine}/cwd")).unwrap();
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_torrpeddo"));
    assert_eq!(folder, binary.canonicalize().unwrap().parent().unwrap());
}

/// The session a process belongs to: the sixth field of proc(5)'s `stat`. It is 0 for a session
/// from outside of the process namespace these tests run in, which `getsid` cannot tell.
fn session_of(process: u32) -> i32 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // The name, in parentheses, may have spaces.
    let (_, rest) = stat.rsplit_once(") ").unwrap();
    rest.split(' ').nth(3).unwrap().parse().unwrap()
}

#[test]
fn without_an_engine_every_request_gets_a_sentence() {
    let home = Home::new();
    std::fs::write(&home.path, "a file").unwrap();
    let mut relay = home.browser();
    for method in ["hello", "ping", "get_status", "from_the_future"] {
        let answer = relay.call(method, json!({}));
        assert_eq!(answer["error"]["code"], 6, "{answer}");
        assert_eq!(answer["error"]["data"]["kind"], "unavailable");
        let sentence = answer["error"]["message"].as_str().unwrap();
        assert!(sentence.contains(home.path.to_str().unwrap()), "{sentence}");
    }
    // The rules of JSON-RPC hold here, too.
    relay.send(br#"{"jsonrpc":"2.0","method":"ping"}"#);
    for (frame, code) in [(&b"{"[..], -32700), (b"[]", -32600), (b"\xff", -32700)] {
        relay.send(frame);
        assert_eq!(relay.receive().unwrap()["error"]["code"], code);
    }
    relay.leave();
    assert!(relay.wait().success());
}

#[test]
fn a_later_hello_finds_the_engine_when_it_can_be_started() {
    let home = Home::new();
    std::fs::write(&home.path, "a file").unwrap();
    let mut relay = home.browser();
    assert_eq!(relay.hello()["error"]["data"]["kind"], "unavailable");
    assert_eq!(relay.hello()["error"]["data"]["kind"], "unavailable");
    std::fs::remove_file(&home.path).unwrap();
    assert_eq!(relay.call("ping", json!({}))["error"]["code"], 6, "only a hello tries again");
    assert_eq!(relay.hello()["result"]["protocol"], 1);
    assert_eq!(relay.call("ping", json!({}))["result"], json!({}));
}

#[test]
fn why_the_engine_does_not_start_is_told_through_the_relay() {
    for (defaults, named) in [
        ("{", "TORRPEDDO_DEFAULTS"),
        (r#"{"dht": false, "dhtt": true}"#, "dhtt"),
        (r#"{"ignore_slow": {"rate": "fast"}}"#, "ignore_slow.rate"),
    ] {
        let home = Home::new().with_defaults(defaults);
        let answer = home.browser().hello();
        assert_eq!(answer["error"]["data"]["kind"], "unavailable", "{answer}");
        let sentence = answer["error"]["message"].as_str().unwrap();
        assert!(sentence.contains(named), "{sentence}");
    }
}

#[test]
fn a_damaged_database_is_told_through_the_relay() {
    let home = Home::new();
    std::fs::create_dir_all(&home.path).unwrap();
    std::fs::write(home.path.join("torrpeddo.db"), "no database at all, but long enough").unwrap();
    let answer = home.browser().hello();
    assert_eq!(answer["error"]["data"]["kind"], "unavailable", "{answer}");
    let (code, findings) = home.json(&["doctor"]);
    assert_eq!(code, 1);
    let findings = findings["findings"].as_array().unwrap();
    assert!(
        findings
            .iter()
            .any(|finding| finding["check"] == "engine" && finding["level"] == "problem"),
        "{findings:?}"
    );
}

#[test]
fn large_frames_pass_whole() {
    let home = Home::new();
    let mut relay = home.browser();
    let data = "A".repeat(3 << 20);
    let answer = relay.call("add_torrent", json!({"data": data}));
    assert_eq!(answer["error"]["data"]["kind"], "invalid_torrent", "{answer}");
    assert_eq!(relay.call("ping", json!({}))["result"], json!({}));
}

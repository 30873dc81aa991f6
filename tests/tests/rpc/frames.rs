//! Frames that no honest client sends. The connection is usable after each of them.

use serde_json::json;
use torrpeddo_tests::relay::check_error;
use torrpeddo_tests::sandbox::hello;
use torrpeddo_tests::{Relay, Sandbox};

#[track_caller]
fn usable(relay: &Relay) {
    assert_eq!(relay.ok("ping", json!({})), json!({}));
}

#[test]
fn what_is_no_request_is_refused_and_the_connection_goes_on() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    for (bytes, kind) in [
        (&b"{"[..], "parse_error"),
        (b"", "parse_error"),
        (b"not json at all", "parse_error"),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\xfe\"}", "parse_error"),
        (b"\xff\xfe\x00\x01", "parse_error"),
        (br#"{"jsonrpc":"2.0","id":7,"method":"ping"} trailing"#, "parse_error"),
        (b"[]", "invalid_request"),
        (br#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, "invalid_request"),
        (b"7", "invalid_request"),
        (b"null", "invalid_request"),
        (br#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, "invalid_request"),
    ] {
        relay.send_frame(bytes);
        let error = relay.anonymous_error();
        check_error(&error, kind);
        usable(&relay);
    }
    let deep = "[".repeat(100_000);
    relay.send_frame(deep.as_bytes());
    check_error(&relay.anonymous_error(), "parse_error");
    usable(&relay);
}

#[test]
fn what_has_an_id_is_answered_with_it() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    for (number, request, kind) in [
        (901, json!({"id": 901, "method": "ping"}), "invalid_request"),
        (902, json!({"jsonrpc": "1.0", "id": 902, "method": "ping"}), "invalid_request"),
        (903, json!({"jsonrpc": "2.0", "id": 903}), "invalid_request"),
        (904, json!({"jsonrpc": "2.0", "id": 904, "method": 4}), "invalid_request"),
        (
            905,
            json!({"jsonrpc": "2.0", "id": 905, "method": "ping", "params": []}),
            "invalid_params",
        ),
        (906, json!({"jsonrpc": "2.0", "id": 906, "method": "no_such_method"}), "method_not_found"),
    ] {
        relay.send_frame(request.to_string().as_bytes());
        check_error(&relay.finish(number).expect_err("a refusal"), kind);
    }
    usable(&relay);
}

#[test]
fn a_notification_is_not_answered() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    usable(&relay);
    let frames = relay.frames();
    relay.send_frame(br#"{"jsonrpc":"2.0","method":"ping"}"#);
    relay.send_frame(br#"{"jsonrpc":"2.0","method":"no_such_method"}"#);
    relay.send_frame(br#"{"jsonrpc":"2.0","method":"get_files","params":{"id":7}}"#);
    usable(&relay);
    usable(&relay);
    assert_eq!(relay.frames() - frames, 2, "only the two pings were answered");
}

#[test]
fn an_id_may_be_a_string() {
    // The client of these tests uses numbers: this one is read as an error of the conversation
    // unless it is answered with exactly its id, so it goes through a program of its own.
    use std::io::{Read, Write};
    let sandbox = Sandbox::new();
    let mut child = sandbox
        .command(&["relay"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let request = br#"{"jsonrpc":"2.0","id":"a \"string\"","method":"ping"}"#;
    let mut input = child.stdin.take().unwrap();
    input.write_all(&u32::try_from(request.len()).unwrap().to_ne_bytes()).unwrap();
    input.write_all(request).unwrap();
    let mut output = child.stdout.take().unwrap();
    let mut header = [0; 4];
    output.read_exact(&mut header).unwrap();
    let mut answer = vec![0; u32::from_ne_bytes(header) as usize];
    output.read_exact(&mut answer).unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(answer, json!({"jsonrpc": "2.0", "id": "a \"string\"", "result": {}}));
    drop(input);
    let status = child.wait().unwrap();
    assert!(status.success(), "{status}");
}

#[test]
fn a_frame_of_65_mib_is_refused_and_skipped() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    usable(&relay);
    let length = 65_u32 << 20;
    relay.send_bytes(&length.to_ne_bytes()).unwrap();
    let chunk = vec![b' '; 1 << 20];
    for _ in 0..65 {
        relay.send_bytes(&chunk).unwrap();
    }
    let error = relay.anonymous_error();
    check_error(&error, "invalid_request");
    usable(&relay);
}

#[test]
fn a_frame_of_two_mib_is_read() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let params = json!({"ignored": "x".repeat(2 << 20)});
    assert_eq!(relay.ok("ping", params), json!({}));
}

#[test]
fn half_a_frame_ends_this_connection_and_no_other() {
    let sandbox = Sandbox::new();
    let other = sandbox.relay();
    let engine = hello(&other)["engine"]["pid"].clone();
    for half in [&b"\x02"[..], &b"\xff\x00\x00\x00{\"jsonrpc\""[..]] {
        let relay = sandbox.relay();
        usable(&relay);
        relay.send_bytes(half).unwrap();
        relay.close();
        relay.ended();
    }
    assert_eq!(hello(&other)["engine"]["pid"], engine);
}

//! Starting and replacing the engine.

// They watch processes in the way of Unix.
#![cfg(unix)]
// Clippy knows tests by their attribute, and takes the helpers beside them for the program.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use common::{Home, eventually, is_running, kill, until};
use serde_json::{Value, json};
use torrpeddo_protocol::frame::{self, Frame};

#[test]
fn twenty_relays_at_once_end_with_one_engine() {
    let home = Home::new();
    let mut relays: Vec<_> = (0..20).map(|_| home.browser()).collect();
    let engines: BTreeSet<u32> = relays.iter_mut().map(common::Relay::engine_pid).collect();
    assert_eq!(engines.len(), 1);
    assert_eq!(home.engine_pid(), engines.first().copied());
}

#[test]
fn twenty_relays_whose_engine_cannot_start_all_say_so_soon() {
    let home = Home::new().with_defaults("{");
    let mut relays: Vec<_> = (0..20).map(|_| home.browser()).collect();
    for relay in &mut relays {
        assert_eq!(relay.hello()["error"]["data"]["kind"], "unavailable");
    }
}

#[test]
fn a_stale_socket_is_no_obstacle() {
    let home = Home::new();
    std::fs::create_dir_all(home.socket().parent().unwrap()).unwrap();
    drop(UnixListener::bind(home.socket()).unwrap());
    assert!(home.socket().exists());
    home.browser().engine_pid();
}

#[test]
fn a_killed_engine_ends_its_relays_and_the_next_one_starts_another() {
    let home = Home::new();
    let mut relay = home.browser();
    let first = relay.engine_pid();
    kill(first);
    assert_eq!(relay.receive(), None, "the browser sees the port close");
    relay.wait();
    assert!(home.socket().exists(), "left behind");
    let second = home.browser().engine_pid();
    assert_ne!(first, second);
    assert!(is_running(second));
}

#[test]
fn the_socket_is_this_users_alone_and_goes_with_the_engine() {
    let home = Home::new();
    home.browser().engine_pid();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&home.socket()), 0o600);
    assert_eq!(mode(home.socket().parent().unwrap()), 0o700);
    assert_eq!(mode(&home.path), 0o700);
    assert!(home.run(["stop"]).status.success());
    assert!(!home.socket().exists());
    assert!(!home.path.join("engine.json").exists());
}

#[test]
fn a_home_with_a_long_path_works() {
    let home = Home::at(["d"; 30].map(|part| part.repeat(8)).join("/"));
    let mut relay = home.browser();
    assert_eq!(relay.engine_pid(), home.engine_pid().unwrap());
    assert!(!home.socket().exists(), "no socket can have that path");
    assert!(home.run(["stop"]).status.success());
}

#[test]
fn an_engine_is_found_from_another_session() {
    // A relay started by cron or ssh lacks XDG_RUNTIME_DIR, and would look in another place.
    let home = Home::new();
    let runtime = home.user().join("runtime");
    std::fs::create_dir(&runtime).unwrap();
    let command = |runtime: &Path| {
        let mut command = home.command(["relay"]);
        command.env_remove("TORRPEDDO_HOME").env("XDG_RUNTIME_DIR", runtime);
        command
    };
    let engine = common::Relay::start(&mut command(&runtime)).engine_pid();
    assert!(runtime.join("torrpeddo/engine.sock").exists());
    let elsewhere = common::Relay::start(&mut command(Path::new("/nowhere"))).engine_pid();
    assert_eq!(engine, elsewhere);
    let mut stop = home.command(["stop"]);
    assert!(stop.env_remove("TORRPEDDO_HOME").status().unwrap().success());
    until("the end of the engine", || !is_running(engine));
}

#[test]
fn a_second_engine_ends_with_a_sentence() {
    let home = Home::new();
    let first = home.browser().engine_pid();
    let output = home.run(["engine"]);
    assert_eq!(output.status.code(), Some(4));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(&first.to_string()) && said.contains("torrpeddo stop"), "{said}");
    assert!(output.stdout.is_empty());
    assert_eq!(home.relay().engine_pid(), first);
}

#[test]
fn an_engine_in_a_terminal_is_found_and_ends_on_a_signal() {
    let home = Home::new();
    let mut command = home.command(["engine"]);
    let mut engine = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
    until("the engine listens", || home.socket().exists());
    assert_eq!(home.relay().engine_pid(), engine.id());
    let pid = rustix::process::Pid::from_child(&engine);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let status = eventually("the engine ends", || engine.try_wait().unwrap());
    assert!(status.success());
    assert!(!home.socket().exists());
}

/// Something that listens where the engine would.
struct FakeEngine {
    asked: Arc<Mutex<Vec<String>>>,
    ended: Arc<AtomicBool>,
    socket: std::path::PathBuf,
}

impl FakeEngine {
    /// `hello` and `get_session` are its answers to these.
    fn start(home: &Home, hello: &Value, session: &Value) -> Self {
        let socket = home.socket();
        std::fs::create_dir_all(socket.parent().unwrap()).unwrap();
        let listener = UnixListener::bind(&socket).unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let ended = Arc::new(AtomicBool::new(false));
        let fake = Self { asked: asked.clone(), ended: ended.clone(), socket: socket.clone() };
        let (hello, session) = (hello.clone(), session.clone());
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if ended.load(Ordering::SeqCst) {
                    break;
                }
                let (asked, ended, socket) = (asked.clone(), ended.clone(), socket.clone());
                let (hello, session) = (hello.clone(), session.clone());
                thread::spawn(move || {
                    serve(stream, &asked, &|method| match method {
                        "hello" => hello.clone(),
                        "get_session" => session.clone(),
                        "shutdown" => {
                            let _ = std::fs::remove_file(&socket);
                            ended.store(true, Ordering::SeqCst);
                            json!({"result": {}})
                        }
                        _ => json!({"result": {"fake": true}}),
                    });
                });
            }
        });
        fake
    }

    fn was_asked(&self, method: &str) -> bool {
        self.asked.lock().unwrap().iter().any(|asked| asked == method)
    }
}

impl Drop for FakeEngine {
    fn drop(&mut self) {
        if !self.ended.swap(true, Ordering::SeqCst) {
            // Wakes the listener, which then sees that it is over.
            let _ = UnixStream::connect(&self.socket);
            let _ = std::fs::remove_file(&self.socket);
        }
    }
}

fn serve(mut stream: UnixStream, asked: &Mutex<Vec<String>>, answer: &dyn Fn(&str) -> Value) {
    while let Ok(Some(Frame::Payload(payload))) = frame::read_frame(&mut stream, 1 << 20) {
        let request: Value = serde_json::from_slice(&payload).unwrap();
        let method = request["method"].as_str().unwrap();
        asked.lock().unwrap().push(method.to_owned());
        let mut answer = answer(method);
        answer["jsonrpc"] = "2.0".into();
        answer["id"] = request["id"].clone();
        if frame::write_frame(&mut stream, answer.to_string().as_bytes()).is_err() {
            break;
        }
    }
}

fn hello_of(version: &str) -> Value {
    json!({"result": {"protocol": 1, "engine": {"version": version, "pid": 1, "started_at": 0}}})
}

fn session_with(counts: &Value) -> Value {
    json!({"result": {"counts": counts}})
}

#[test]
fn an_idle_engine_of_another_version_is_replaced() {
    for version in ["0.0.1", "99.0.0"] {
        let home = Home::new();
        let counts = json!({"paused": 3, "seeding": 1, "downloading": 0});
        let fake = FakeEngine::start(&home, &hello_of(version), &session_with(&counts));
        let pid = home.browser().engine_pid();
        assert!(fake.was_asked("shutdown"), "{version}");
        assert!(is_running(pid) && pid != 1);
    }
}

#[test]
fn two_versions_do_not_replace_each_other_forever() {
    let home = Home::new();
    std::fs::create_dir_all(&home.path).unwrap();
    std::fs::write(home.path.join("replaced"), "0.0.1").unwrap();
    let fake = FakeEngine::start(&home, &hello_of("99.0.0"), &session_with(&json!({})));
    assert_eq!(home.browser().hello()["result"]["engine"]["version"], "99.0.0");
    assert!(!fake.was_asked("shutdown"), "an engine was replaced just now");
}

#[test]
fn an_engine_at_work_is_used_whatever_its_version() {
    for state in ["downloading", "checking", "fetching_metadata"] {
        let home = Home::new();
        let counts = session_with(&json!({state: 1}));
        let fake = FakeEngine::start(&home, &hello_of("0.0.1"), &counts);
        let mut relay = home.browser();
        assert_eq!(relay.hello()["result"]["engine"]["version"], "0.0.1");
        assert_eq!(relay.call("ping", json!({}))["result"]["fake"], true);
        assert!(!fake.was_asked("shutdown"), "{state}");
    }
}

#[test]
fn an_engine_at_work_with_another_protocol_is_incompatible() {
    let home = Home::new();
    let refusal = json!({"error": {"code": 7, "message": "No.",
        "data": {"kind": "incompatible", "supported": [2, 3]}}});
    let fake = FakeEngine::start(&home, &refusal, &session_with(&json!({"downloading": 1})));
    let answer = home.browser().hello();
    assert_eq!(answer["error"]["code"], 7, "{answer}");
    assert_eq!(answer["error"]["data"]["supported"], json!([2, 3]));
    assert!(!fake.was_asked("shutdown"));
}

#[test]
fn an_idle_engine_with_another_protocol_is_replaced() {
    let home = Home::new();
    let refusal = json!({"error": {"code": 7, "message": "No.",
        "data": {"kind": "incompatible", "supported": [2]}}});
    let fake = FakeEngine::start(&home, &refusal, &session_with(&json!({})));
    let pid = home.browser().engine_pid();
    assert!(fake.was_asked("shutdown") && is_running(pid));
}

//! A home of its own for each test, and the real binary in it.

// Every test file uses a part of it.
#![allow(dead_code)]

use std::ffi::OsStr;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use torrpeddo_protocol::CHROMIUM_ID;
use torrpeddo_protocol::frame::{self, Frame};

/// Longer than anything here takes on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Everything stays on this machine.
pub const DEFAULTS: &str = r#"{"dht":false,"lsd":false,"upnp":false}"#;

/// A folder that is a home. The engine that was started in it ends with it.
pub struct Home {
    dir: tempfile::TempDir,
    /// `TORRPEDDO_HOME`.
    pub path: PathBuf,
    defaults: String,
}

impl Home {
    pub fn new() -> Self {
        Self::at("home")
    }

    /// A home at this path below a temporary folder.
    pub fn at(path: impl AsRef<Path>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().canonicalize().unwrap().join(path);
        Self { dir, path, defaults: DEFAULTS.into() }
    }

    pub fn with_defaults(mut self, defaults: &str) -> Self {
        self.defaults = defaults.into();
        self
    }

    /// The user's home, which is not `TORRPEDDO_HOME`.
    pub fn user(&self) -> PathBuf {
        let user = self.dir.path().join("user");
        std::fs::create_dir_all(&user).unwrap();
        user
    }

    pub fn socket(&self) -> PathBuf {
        self.path.join("run/engine.sock")
    }

    pub fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        self.command_of(Path::new(env!("CARGO_BIN_EXE_torrpeddo")), arguments)
    }

    /// The same with a copy of the program.
    pub fn command_of<S: AsRef<OsStr>>(
        &self,
        program: &Path,
        arguments: impl IntoIterator<Item = S>,
    ) -> Command {
        let mut command = Command::new(program);
        command.args(arguments);
        command.env("HOME", self.user());
        for name in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CURRENT_DESKTOP"] {
            command.env_remove(name);
        }
        for name in ["DISPLAY", "WAYLAND_DISPLAY", "TORRPEDDO_LOG", "NO_COLOR"] {
            command.env_remove(name);
        }
        command.env("TORRPEDDO_HOME", &self.path).env("TORRPEDDO_DEFAULTS", &self.defaults);
        command
    }

    /// Runs a command to its end.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Output {
        self.command(arguments).stdin(Stdio::null()).output().unwrap()
    }

    /// Runs a command with `--json`: its exit code and its document.
    pub fn json(&self, arguments: &[&str]) -> (i32, Value) {
        let output = self.run(["--json"].iter().chain(arguments));
        let document = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {output:?}"));
        (output.status.code().unwrap(), document)
    }

    pub fn relay(&self) -> Relay {
        Relay::start(&mut self.command(["relay"]))
    }

    /// A relay as Chromium starts it.
    pub fn browser(&self) -> Relay {
        Relay::start(&mut self.command([format!("chrome-extension://{CHROMIUM_ID}/")]))
    }

    /// The process that the newest engine of this home wrote down.
    pub fn engine_pid(&self) -> Option<u32> {
        let info = std::fs::read(self.path.join("engine.json")).ok()?;
        let info: Value = serde_json::from_slice(&info).ok()?;
        info["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok())
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if !self.path.is_dir() {
            return;
        }
        let stopped = self.run(["stop"]).status.success();
        if !stopped && let Some(pid) = self.engine_pid() {
            kill(pid);
        }
    }
}

/// A relay, spoken to as a browser does.
pub struct Relay {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    next_id: u64,
}

impl Relay {
    pub fn start(command: &mut Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, input, output, next_id: 1 }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a frame as it is.
    pub fn send(&mut self, payload: &[u8]) {
        frame::write_frame(self.input.as_mut().unwrap(), payload).unwrap();
    }

    /// The next frame; `None` at the end.
    pub fn receive(&mut self) -> Option<Value> {
        match frame::read_frame(&mut self.output, 1 << 20) {
            Ok(Some(Frame::Payload(payload))) => Some(serde_json::from_slice(&payload).unwrap()),
            Ok(Some(long)) => panic!("{long:?}"),
            Ok(None) | Err(_) => None,
        }
    }

    pub fn call(&mut self, method: &str, params: Value) -> Value {
        let id = self.next_id;
        self.next_id += 1;
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.send(request.to_string().as_bytes());
        let answer = self.receive().expect("the relay ended");
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    pub fn hello(&mut self) -> Value {
        let client = json!({"name": "test", "version": "0"});
        self.call("hello", json!({"protocol": 1, "client": client}))
    }

    /// Says hello to a real engine: its process.
    pub fn engine_pid(&mut self) -> u32 {
        let answer = self.hello();
        let pid = answer["result"]["engine"]["pid"].as_u64();
        u32::try_from(pid.unwrap_or_else(|| panic!("{answer}"))).unwrap()
    }

    /// Closes the input, as a browser does that is done.
    pub fn leave(&mut self) {
        drop(self.input.take());
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        eventually("the relay ends", || self.child.try_wait().unwrap())
    }

    pub fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        self.output.read_to_end(&mut rest).unwrap();
        rest
    }

    /// Writes bytes that are no whole frame.
    pub fn send_raw(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().unwrap();
        input.write_all(bytes).and_then(|()| input.flush()).unwrap();
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until there is something.
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until it is so.
pub fn until(what: &str, mut look: impl FnMut() -> bool) {
    eventually(what, || look().then_some(()));
}

/// `kill -9` of a process that the test started.
pub fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(pid.try_into().unwrap()).unwrap();
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
}

/// Whether there is such a process that is more than a remnant.
pub fn is_running(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !status.is_empty() && !status.contains(") Z ")
}

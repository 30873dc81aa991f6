//! A client that knows the protocol page and nothing else: frames over the standard input and
//! output of `torrpeddo relay`. It shares no code with the program's own client, and what it sends
//! may be as wrong as a test wants.

use std::collections::{HashMap, VecDeque};
use std::io::{Read, Write};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};
use torrpeddo_protocol::RpcError;
use torrpeddo_protocol::methods::Method;

use crate::DEADLINE;

/// An answer as it came: the result, or the error object.
pub type Rpc = Result<Value, Value>;

/// Something the engine said unasked.
#[derive(Debug, Clone)]
pub struct Notification {
    /// Which.
    pub method: String,
    /// What it carries.
    pub params: Value,
}

/// What has arrived and nobody has taken yet.
#[derive(Default)]
struct Inbox {
    answers: HashMap<u64, Rpc>,
    /// The ids in the order in which their answers arrived.
    order: Vec<u64>,
    /// Errors with id null.
    anonymous: VecDeque<Value>,
    notifications: VecDeque<Notification>,
    largest_frame: usize,
    frames: usize,
    bytes: usize,
    /// Why nothing more will come.
    ended: Option<String>,
    /// Nothing is read while it holds.
    held: bool,
}

#[derive(Default)]
struct Shared {
    inbox: Mutex<Inbox>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// A relay process, and the conversation with it.
pub struct Relay {
    child: Child,
    input: Mutex<Option<ChildStdin>>,
    shared: Arc<Shared>,
    next_id: AtomicU64,
}

impl Relay {
    /// Starts `command` (a `torrpeddo relay`).
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C is for us.
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let input = child.stdin.take();
        let output = child.stdout.take().expect("a piped standard output");
        let shared = Arc::<Shared>::default();
        let reader = Arc::clone(&shared);
        std::thread::spawn(move || read_all(output, &reader));
        Self { child, input: Mutex::new(input), shared, next_id: AtomicU64::new(1) }
    }

    /// The relay's process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    /// When the relay does not read any more.
    ///
    /// # Panics
    /// After [`Relay::close`].
    pub fn send_bytes(&self, bytes: &[u8]) -> std::io::Result<()> {
        let mut input = self.input.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let input = input.as_mut().expect("an input that is open");
        input.write_all(bytes)?;
        input.flush()
    }

    /// Writes one frame around `payload`.
    ///
    /// # Panics
    /// When the relay does not read any more.
    pub fn send_frame(&self, payload: &[u8]) {
        let length = u32::try_from(payload.len()).expect("a frame of less than 4 GiB");
        let mut frame = length.to_ne_bytes().to_vec();
        frame.extend(payload);
        self.send_bytes(&frame).expect("a relay that reads");
    }

    /// Sends a request and returns its id.
    pub fn begin(&self, method: &str, params: &Value) -> u64 {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.send_frame(request.to_string().as_bytes());
        id
    }

    /// Waits for the answer to a request that was begun.
    ///
    /// # Errors
    /// The error object of the answer.
    #[track_caller]
    pub fn finish(&self, id: u64) -> Rpc {
        self.take(&format!("the answer to request {id}"), |inbox| inbox.answers.remove(&id))
    }

    /// Asks an engine that may be killed meanwhile; `None` when no answer will come.
    pub fn ask(&self, method: &str, params: &Value) -> Option<Rpc> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let request = request.to_string();
        let mut frame = u32::try_from(request.len()).ok()?.to_ne_bytes().to_vec();
        frame.extend(request.as_bytes());
        self.send_bytes(&frame).ok()?;
        self.take(&format!("the answer to {method}"), |inbox| match inbox.answers.remove(&id) {
            Some(answer) => Some(Some(answer)),
            None => inbox.ended.is_some().then_some(None),
        })
    }

    /// Asks, and waits for the answer as it comes over the wire.
    ///
    /// # Errors
    /// The error object of the answer.
    #[track_caller]
    pub fn call_raw(&self, method: &str, params: &Value) -> Rpc {
        self.finish(self.begin(method, params))
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// The error that the engine answered.
    ///
    /// # Panics
    /// When the answer is not what the protocol says.
    #[track_caller]
    pub fn call<M: Method>(&self, params: M::Params) -> Result<M::Result, RpcError> {
        let params = serde_json::to_value(params).expect("parameters are JSON");
        match self.call_raw(M::NAME, &params) {
            Ok(result) => Ok(serde_json::from_value(result.clone())
                .unwrap_or_else(|error| panic!("{}: {error} in {result}", M::NAME))),
            Err(error) => Err(serde_json::from_value(error.clone())
                .unwrap_or_else(|wrong| panic!("{}: {wrong} in {error}", M::NAME))),
        }
    }

    /// Asks for something that must be granted.
    ///
    /// # Panics
    /// When it is not.
    #[track_caller]
    pub fn ok(&self, method: &str, params: Value) -> Value {
        match self.call_raw(method, &params) {
            Ok(result) => result,
            Err(error) => panic!("{method} {params}: {error}"),
        }
    }

    /// Asks for something that must be refused, and returns the error object after checking that
    /// its code and kind belong together and that it has a sentence for people.
    ///
    /// # Panics
    /// When it is granted, or refused in another way.
    #[track_caller]
    pub fn refused(&self, kind: &str, method: &str, params: Value) -> Value {
        match self.call_raw(method, &params) {
            Ok(result) => panic!("{method} {params} was granted: {result}"),
            Err(error) => {
                check_error(&error, kind);
                error
            }
        }
    }

    /// The next error with id null.
    #[track_caller]
    pub fn anonymous_error(&self) -> Value {
        self.take("an error with id null", |inbox| inbox.anonymous.pop_front())
    }

    /// The next notification of `method`; others stay.
    #[track_caller]
    pub fn notification(&self, method: &str) -> Value {
        self.notification_where(method, |_| true)
    }

    /// The next notification of `method` that satisfies `wanted`. Earlier ones of that method are
    /// dropped, those of other methods stay.
    #[track_caller]
    pub fn notification_where(
        &self,
        method: &str,
        mut wanted: impl FnMut(&Value) -> bool,
    ) -> Value {
        self.take(&format!("a notification {method}"), |inbox| {
            while let Some(at) = inbox.notifications.iter().position(|n| n.method == method) {
                let found = inbox.notifications.remove(at)?;
                if wanted(&found.params) {
                    return Some(found.params);
                }
            }
            None
        })
    }

    /// The next event of `kind`; see [`Relay::notification_where`].
    #[track_caller]
    pub fn event(&self, kind: &str) -> Value {
        self.notification_where("event", |event| event["kind"] == kind)
    }

    /// Everything that was said unasked and not taken yet.
    #[must_use]
    pub fn drain(&self) -> Vec<Notification> {
        self.shared.lock().notifications.drain(..).collect()
    }

    /// The ids of all answers so far, in the order in which they arrived.
    #[must_use]
    pub fn order(&self) -> Vec<u64> {
        self.shared.lock().order.clone()
    }

    /// The longest frame so far, in bytes of JSON.
    #[must_use]
    pub fn largest_frame(&self) -> usize {
        self.shared.lock().largest_frame
    }

    /// How many bytes of JSON have arrived.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.shared.lock().bytes
    }

    /// How many frames have arrived.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.shared.lock().frames
    }

    /// Stops reading, as a client does that is busy: at most one more frame is taken.
    pub fn hold(&self) {
        self.shared.lock().held = true;
    }

    /// Reads on after [`Relay::hold`].
    pub fn read_on(&self) {
        self.shared.lock().held = false;
        self.shared.changed.notify_all();
    }

    /// Closes the relay's standard input, as a browser does that closes the port.
    pub fn close(&self) {
        self.input.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    }

    /// Waits until the relay has closed its output, and returns why.
    #[track_caller]
    pub fn ended(&self) -> String {
        self.take("the end of the relay's output", |inbox| inbox.ended.clone())
    }

    #[track_caller]
    fn take<T>(&self, what: &str, mut find: impl FnMut(&mut Inbox) -> Option<T>) -> T {
        let mut inbox = self.shared.lock();
        let began = std::time::Instant::now();
        loop {
            if let Some(found) = find(&mut inbox) {
                return found;
            }
            if let Some(why) = &inbox.ended {
                panic!("no {what} will come: {why}");
            }
            assert!(began.elapsed() < DEADLINE, "waited {DEADLINE:?} in vain for {what}");
            inbox = self
                .shared
                .changed
                .wait_timeout(inbox, Duration::from_millis(200))
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .0;
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.read_on();
        self.close();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Checks that an error object has the code that belongs to `kind`, and a sentence.
///
/// # Panics
/// When it has not.
#[track_caller]
pub fn check_error(error: &Value, kind: &str) {
    let code = CODES.iter().find(|(name, _)| *name == kind).expect("a kind of the protocol").1;
    assert_eq!(error["data"]["kind"], kind, "{error}");
    assert_eq!(error["code"], code, "{error}");
    let message = error["message"].as_str().unwrap_or_default();
    assert!(message.len() > 8 && message.contains(' '), "no sentence for people: {error}");
}

/// The error table of the protocol, copied from the page by hand.
pub const CODES: [(&str, i64); 14] = [
    ("parse_error", -32700),
    ("invalid_request", -32600),
    ("method_not_found", -32601),
    ("invalid_params", -32602),
    ("internal", -32603),
    ("not_found", 1),
    ("invalid_magnet", 2),
    ("invalid_torrent", 3),
    ("wrong_state", 4),
    ("io", 5),
    ("unavailable", 6),
    ("incompatible", 7),
    ("invalid_path", 8),
    ("too_large", 9),
];

fn read_all(mut output: ChildStdout, shared: &Shared) {
    let why = loop {
        let mut inbox = shared.lock();
        while inbox.held {
            inbox = shared.changed.wait(inbox).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
        drop(inbox);
        let mut header = [0; 4];
        if let Err(error) = output.read_exact(&mut header) {
            break format!("the output ended ({error})");
        }
        let length = u32::from_ne_bytes(header) as usize;
        if length > 1024 * 1024 {
            break format!("a frame of {length} bytes, or something that is no frame");
        }
        let mut payload = vec![0; length];
        if let Err(error) = output.read_exact(&mut payload) {
            break format!("the output ended inside a frame ({error})");
        }
        match serde_json::from_slice(&payload) {
            Ok(message) => sort_in(&mut shared.lock(), message, length),
            Err(error) => break format!("{error} in {}", String::from_utf8_lossy(&payload)),
        }
        shared.changed.notify_all();
    };
    shared.lock().ended = Some(why);
    shared.changed.notify_all();
}

fn sort_in(inbox: &mut Inbox, mut message: Value, length: usize) {
    inbox.largest_frame = inbox.largest_frame.max(length);
    inbox.frames += 1;
    inbox.bytes += length;
    if message["jsonrpc"] != "2.0" {
        inbox.ended = Some(format!("this is not JSON-RPC 2.0: {message}"));
    } else if let Some(method) = message["method"].as_str() {
        let notification =
            Notification { method: method.into(), params: message["params"].clone() };
        inbox.notifications.push_back(notification);
    } else if let Some(id) = message["id"].as_u64() {
        let answer = match (message.get("result"), message.get("error")) {
            (Some(_), None) => Ok(message["result"].take()),
            (None, Some(_)) => Err(message["error"].take()),
            _ => return inbox.ended = Some(format!("neither result nor error: {message}")),
        };
        inbox.order.push(id);
        inbox.answers.insert(id, answer);
    } else if message["id"].is_null() && message.get("error").is_some() {
        inbox.anonymous.push_back(message["error"].take());
    } else {
        inbox.ended = Some(format!("an answer nobody asked for: {message}"));
    }
}

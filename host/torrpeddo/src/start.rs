//! Finding the engine, and starting it without races.
//!
//! Whoever wants the engine looks at the socket first; only when nobody answers there does it take
//! the start lock, look again, and start one. The lock is held until the new engine answers, so
//! twenty relays at once end with one engine. An engine of another version with no work under way
//! is asked to end and is replaced; otherwise it is used, if it speaks our protocol.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use torrpeddo_protocol::client::{Client, ClientError};
use torrpeddo_protocol::methods::{ClientInfo, Empty, HelloParams, Shutdown, ShutdownParams, When};
use torrpeddo_protocol::{ErrorKind, PROTOCOL_VERSION};

use crate::endpoint::{self, Stream, Unreached};
use crate::failure::{EXIT_ALREADY_RUNNING, Failure, Result};
use crate::paths::Paths;
use crate::private_folder;
use crate::probe::{Greeting, Hello, Work};

/// The version of this program, and of the engines that it starts.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How long a new engine may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(10);
/// How long somebody else's start is waited for: a bit more than a start and an end can take.
const WAIT_LIMIT: Duration = Duration::from_secs(18);
/// How long an engine may take to answer the first question.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// How long an old engine may take to leave its socket.
const LEAVE_LIMIT: Duration = Duration::from_secs(5);
/// A newer engine is replaced by an older one at most this often. Without it two installations of
/// different versions, each with a browser of its own, would replace each other's engine forever.
const DOWNGRADE_PAUSE: Duration = Duration::from_secs(600);

/// A connection on which the engine has said hello.
#[derive(Debug)]
pub struct Connection {
    /// The client on it.
    pub client: Client<Stream, Stream>,
    /// What the engine said.
    pub engine: Greeting,
    socket: PathBuf,
    /// The same stream once more, to set its limits.
    stream: Stream,
}

impl Connection {
    /// Bounds every read and write from now on, or lets them take their time. After one has run
    /// out of time the connection is of no more use.
    pub fn limit(&self, limit: Option<Duration>) -> std::io::Result<()> {
        endpoint::set_timeout(&self.stream, limit)
    }

    /// A second connection on which nothing was said yet. The first one stays open until it is
    /// there: an engine that ends with its last client must not see none in between.
    pub fn into_fresh(self) -> Result<Stream> {
        endpoint::connect(&self.socket).map_err(|error| unreached(&error))
    }
}

/// What is found at the socket.
enum Found {
    /// Nobody.
    Nobody,
    /// An engine to use.
    Ready(Box<Connection>),
    /// An engine of another version that may be replaced.
    Replaceable(Box<Connection>),
    /// An engine that can neither be used nor replaced.
    Unusable(Failure),
}

/// Connects to the engine, and starts or replaces it where that is needed.
pub fn connect(paths: &Paths) -> Result<Connection> {
    let began = SystemTime::now();
    let deadline = Instant::now() + WAIT_LIMIT;
    let mut pause = Pause::new();
    let mut prepared = false;
    loop {
        match look(paths, true) {
            Found::Ready(connection) => return Ok(*connection),
            Found::Unusable(failure) => return Err(failure),
            Found::Nobody | Found::Replaceable(_) => {}
        }
        if !prepared {
            paths.prepare()?;
            prepared = true;
        }
        if let Some(_lock) = try_lock(&paths.start_lock)? {
            return start_locked(paths);
        }
        // Somebody else is starting it. When that fails there is no use in trying once more for
        // each of those who wait.
        if let Some(failure) = start_error_since(paths, began) {
            return Err(failure);
        }
        if Instant::now() > deadline {
            return Err(Failure::unavailable(
                "Another program has been starting the engine for too long.",
            )
            .hint("Run `torrpeddo doctor` to see what is wrong."));
        }
        pause.sleep();
    }
}

/// Connects to the engine if one is running.
pub fn connect_running(paths: &Paths) -> Result<Option<Connection>> {
    match look(paths, false) {
        Found::Ready(connection) | Found::Replaceable(connection) => Ok(Some(*connection)),
        Found::Unusable(failure) => Err(failure),
        Found::Nobody => Ok(None),
    }
}

/// Starts or replaces the engine; the start lock is held.
fn start_locked(paths: &Paths) -> Result<Connection> {
    match look(paths, true) {
        Found::Ready(connection) => return Ok(*connection),
        Found::Unusable(failure) => return Err(failure),
        Found::Replaceable(old) => {
            if let Some(kept) = replace(paths, *old)? {
                return Ok(kept);
            }
        }
        Found::Nobody => {}
    }
    // From here on a failure is told to all who wait.
    let _ = std::fs::remove_file(&paths.start_error);
    spawn()
        .and_then(|child| wait_for(paths, child))
        .inspect_err(|failure| write_start_error(paths, failure))
}

/// Asks an old engine to end. Gives it back where it stays: it can still be used.
fn replace(paths: &Paths, mut old: Connection) -> Result<Option<Connection>> {
    let asked = old.client.call::<Shutdown>(&ShutdownParams { when: When::Now });
    let deadline = Instant::now() + LEAVE_LIMIT;
    let mut pause = Pause::new();
    while !matches!(endpoint::connect(&old.socket), Err(Unreached::Nobody)) {
        if Instant::now() > deadline {
            if old.engine.protocol == PROTOCOL_VERSION && asked.is_err() {
                return Ok(Some(old));
            }
            return Err(Failure::unavailable(format!(
                "The engine of version {} (process {}) does not end.",
                old.engine.engine.version, old.engine.engine.pid
            ))
            .hint("End that process, then try again."));
        }
        pause.sleep();
    }
    // Only its time counts.
    let _ = std::fs::write(&paths.replaced, old.engine.engine.version.as_bytes());
    Ok(None)
}

/// Looks who answers. With `replacing` an engine of another version may be found replaceable;
/// without it every engine that fits is as good as ours.
fn look(paths: &Paths, replacing: bool) -> Found {
    let announced = crate::engine_info::read(paths).map(|info| info.socket);
    let mut sockets = vec![paths.socket.clone()];
    // The environment of whoever started the engine may have led it to another place.
    sockets.extend(announced.filter(|socket| *socket != paths.socket));
    for socket in sockets {
        // Whoever listens in a folder of somebody else is not our engine.
        if !socket.parent().is_some_and(private_folder::is_ours) {
            continue;
        }
        match endpoint::connect(&socket) {
            Err(Unreached::Nobody) => {}
            Err(error) => return Found::Unusable(unreached(&error)),
            Ok(stream) => match greet(paths, stream, &socket, replacing) {
                Found::Nobody => {}
                found => return found,
            },
        }
    }
    Found::Nobody
}

/// Says hello, and judges the answer.
fn greet(paths: &Paths, stream: Stream, socket: &Path, replacing: bool) -> Found {
    let silent = |error: &dyn std::fmt::Display| {
        Found::Unusable(
            Failure::unavailable(format!("An engine is running but does not answer: {error}"))
                .hint("Run `torrpeddo doctor` to see which process it is."),
        )
    };
    let (reader, writer) = match (stream.try_clone(), stream.try_clone()) {
        (Ok(reader), Ok(writer)) => (reader, writer),
        (Err(error), _) | (_, Err(error)) => return silent(&error),
    };
    if let Err(error) = endpoint::set_timeout(&stream, Some(ANSWER_LIMIT)) {
        return silent(&error);
    }
    let mut client = Client::new(reader, writer);
    let hello = HelloParams {
        protocol: PROTOCOL_VERSION,
        client: ClientInfo { name: "torrpeddo".into(), version: VERSION.into(), browser: None },
    };
    let (engine, supported) = match client.call::<Hello>(&hello) {
        Ok(greeting) => {
            let protocol = greeting.protocol;
            (greeting, vec![protocol])
        }
        // It is just ending.
        Err(ClientError::Closed) => return Found::Nobody,
        Err(ClientError::Rpc(error)) if error.kind() == ErrorKind::Incompatible => {
            (Greeting::unknown(), error.data.supported.unwrap_or_default())
        }
        Err(error) => return silent(&error),
    };
    let fits = engine.protocol == PROTOCOL_VERSION;
    let mut connection = Connection { client, engine, socket: socket.to_owned(), stream };
    let replaceable = connection.engine.engine.version != VERSION
        && (replacing || !fits)
        && !is_working(&mut connection.client)
        && (!fits || may_replace(paths, &connection.engine.engine.version));
    // What the CLI waits for may take longer than a first answer.
    if let Err(error) = connection.limit(None) {
        return silent(&error);
    }
    match (replaceable, fits) {
        (true, _) => Found::Replaceable(Box::new(connection)),
        (false, true) => Found::Ready(Box::new(connection)),
        (false, false) => Found::Unusable(
            Failure::incompatible(
                "An engine of another version is at work and does not understand this one.",
                supported,
            )
            .hint("Let it finish or pause its torrents, then try again."),
        ),
    }
}

/// Whether something is under way that a replacement would interrupt. When that cannot be said it
/// is taken to be so.
fn is_working(client: &mut Client<Stream, Stream>) -> bool {
    client.call::<Work>(&Empty {}).map_or(true, |work| work.is_under_way())
}

/// Whether an idle engine of version `theirs` may make room for ours.
fn may_replace(paths: &Paths, theirs: &str) -> bool {
    if release(theirs) < release(VERSION) {
        return true;
    }
    let last = std::fs::metadata(&paths.replaced).and_then(|found| found.modified());
    last.ok().and_then(|last| last.elapsed().ok()).is_none_or(|passed| passed > DOWNGRADE_PAUSE)
}

/// The numbers of a version, for comparing.
fn release(version: &str) -> Vec<u64> {
    version.split(['.', '-', '+']).map_while(|part| part.parse().ok()).take(3).collect()
}

/// Starts the engine as a process that outlives this one.
fn spawn() -> Result<Child> {
    let failed = |error: std::io::Error| {
        Failure::unavailable(format!("The engine cannot be started: {error}."))
            .hint("Run `torrpeddo install` again if the program was moved.")
    };
    let program = own_binary().map_err(failed)?;
    let mut command = Command::new(&program);
    command.args(["engine", "--detached"]);
    // Nothing of the browser's may be held open or inherited: its pipes would keep the port from
    // closing, and its folder could not be unmounted.
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Some(folder) = program.parent() {
        command.current_dir(folder);
    }
    command.spawn().map_err(failed)
}

/// Waits until the new engine answers.
fn wait_for(paths: &Paths, child: Child) -> Result<Connection> {
    let mut child = Some(child);
    let deadline = Instant::now() + START_LIMIT;
    let mut pause = Pause::new();
    loop {
        match look(paths, false) {
            // It may be of another version when the program was updated on disk under us.
            Found::Ready(connection) => return Ok(*connection),
            Found::Replaceable(connection) => {
                return Err(Failure::incompatible(
                    "The engine that is installed does not understand this program.",
                    vec![connection.engine.protocol],
                )
                .hint("Restart the browser."));
            }
            Found::Unusable(failure) => return Err(failure),
            Found::Nobody => {}
        }
        let ended = child.as_mut().and_then(|child| child.try_wait().ok().flatten());
        if let Some(status) = ended {
            // An engine that was started by hand was first; it will answer soon.
            if status.code() != Some(EXIT_ALREADY_RUNNING.into()) {
                return Err(read_start_error(paths).unwrap_or_else(|| {
                    Failure::unavailable(format!("The engine ended at its start ({status})."))
                        .hint("Run `torrpeddo engine` in a terminal to see why.")
                }));
            }
            child = None;
        }
        if Instant::now() > deadline {
            return Err(Failure::unavailable("The engine did not answer within ten seconds.")
                .hint("Run `torrpeddo doctor` to see what is wrong."));
        }
        pause.sleep();
    }
}

/// The file that this process runs from. After an update Linux names the old file, marked as
/// deleted; what was put in its place is the one to start.
pub fn own_binary() -> std::io::Result<PathBuf> {
    let path = std::env::current_exe()?;
    if let Some(replaced) = path.to_str().and_then(|path| path.strip_suffix(" (deleted)"))
        && !path.exists()
        && Path::new(replaced).exists()
    {
        return Ok(replaced.into());
    }
    Ok(path)
}

/// Takes the lock file, if nobody holds it.
pub fn try_lock(path: &Path) -> Result<Option<File>> {
    let failed = |error: std::io::Error| {
        Failure::unavailable(format!("The file {} cannot be locked: {error}.", path.display()))
            .hint("Allow writing there, or set TORRPEDDO_HOME to another folder.")
    };
    let file = File::options().create(true).truncate(false).write(true).open(path);
    let file = file.map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Leaves word of why the engine could not be started.
pub fn write_start_error(paths: &Paths, failure: &Failure) {
    // When even this cannot be written the starter still has its own sentence.
    let _ = std::fs::write(&paths.start_error, failure.to_rpc().message);
}

/// Why the last start failed, if it did.
pub fn read_start_error(paths: &Paths) -> Option<Failure> {
    let sentence = std::fs::read_to_string(&paths.start_error).ok()?;
    (!sentence.trim().is_empty()).then(|| Failure::unavailable(sentence.trim()))
}

fn start_error_since(paths: &Paths, began: SystemTime) -> Option<Failure> {
    let written = std::fs::metadata(&paths.start_error).and_then(|found| found.modified()).ok()?;
    if written >= began { read_start_error(paths) } else { None }
}

fn unreached(error: &Unreached) -> Failure {
    match error {
        Unreached::Nobody => Failure::unavailable("The engine ended just now.").hint("Try again."),
        Unreached::Failed(error) => {
            Failure::unavailable(format!("The engine's socket cannot be reached: {error}."))
                .hint("Run `torrpeddo doctor` to see what is wrong.")
        }
    }
}

/// A pause that grows, so that a quick start is seen quickly and a slow one costs nothing.
pub struct Pause(Duration);

impl Pause {
    /// The shortest.
    pub fn new() -> Self {
        Self(Duration::from_millis(1))
    }

    /// Sleeps, and longer the next time.
    pub fn sleep(&mut self) {
        thread::sleep(self.0);
        self.0 = (self.0 * 2).min(Duration::from_millis(25));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        assert!(release("0.9.0") < release("0.10.0"));
        assert!(release("1.0.0-beta.2") < release("1.0.1"));
        assert!(release("") < release("0.0.1"));
        assert_eq!(release("1.2.3+build"), release("1.2.3"));
    }

    #[test]
    fn a_lock_is_held_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let held = try_lock(&path).unwrap();
        assert!(held.is_some());
        assert!(try_lock(&path).unwrap().is_none());
        drop(held);
        assert!(try_lock(&path).unwrap().is_some());
        assert!(try_lock(&dir.path().join("no/folder")).is_err());
    }
}

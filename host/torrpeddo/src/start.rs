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

use torrpeddo_protocol::PROTOCOL_VERSION;
use torrpeddo_protocol::methods::{Shutdown, ShutdownParams, When};

use crate::endpoint::{self, Unreached};
use crate::failure::{EXIT_ALREADY_RUNNING, Failure, Result};
use crate::paths::Paths;
use crate::reach::{Connection, Found, look};
use crate::system;

/// How long a new engine may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(10);
/// How long somebody else's start is waited for: a bit more than a start and an end can take.
const WAIT_LIMIT: Duration = Duration::from_secs(18);
/// How long an old engine may take to leave its socket.
const LEAVE_LIMIT: Duration = Duration::from_secs(5);

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
    system::spawn_detached(&mut command).map_err(failed)
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

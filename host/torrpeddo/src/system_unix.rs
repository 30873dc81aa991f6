//! What the engine's process asks of the system it runs on.

use std::process::{Child, Command};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// More open files than this are of no use: the engine bounds its connections and files itself.
const FILES: u64 = 65_536;

/// Starts a process that outlives this one, once it has [detached](detach) itself.
pub fn spawn_detached(command: &mut Command) -> std::io::Result<Child> {
    command.spawn()
}

/// Leaves the session of whoever started this process, so that its end is not ours.
pub fn detach() {
    // Fails only for the leader of a process group, which a child of ours never is; a shell that
    // made one of it has detached it already.
    let _ = rustix::process::setsid();
}

/// Desktops see by themselves that other programs open links and files now.
pub fn associations_changed() {}

/// Allows as many open files as the system lets this user have. Peers, files and trackers are a
/// descriptor each, and 1024 is what most systems start with.
pub fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(FILES, |maximum| maximum.min(FILES));
    if limit.current.is_some_and(|current| current < wanted) {
        let raised = Rlimit { current: Some(wanted), maximum: limit.maximum };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!("the limit of open files stays at {:?}: {error}", limit.current);
        }
    }
}

/// Names this boot of the machine. `fresh` is a name that no other start has.
pub fn boot_id(fresh: String) -> String {
    let id = if cfg!(target_os = "linux") {
        std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()
    } else {
        let mut sysctl = Command::new("/usr/sbin/sysctl");
        let output = sysctl.args(["-n", "kern.bootsessionuuid"]).output().ok();
        output.and_then(|output| String::from_utf8(output.stdout).ok())
    };
    match id.as_deref().map(str::trim) {
        Some(id) if !id.is_empty() => id.to_owned(),
        // Better to verify once too often than once too little.
        _ => fresh,
    }
}

/// Resolves when the system or the terminal asks this process to end.
pub struct EndSignals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

impl EndSignals {
    /// Begins to listen.
    pub fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the next of them, and names it.
    pub async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.hang_up.recv() => "SIGHUP",
        }
    }
}

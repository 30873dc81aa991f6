//! What the engine's process asks of the system it runs on.

use std::io;
use std::os::windows::process::CommandExt;
use std::process::{Child, Command};

use tokio::signal::windows::{CtrlBreak, CtrlC, CtrlClose, CtrlLogoff, CtrlShutdown};
use windows_registry::CURRENT_USER;
use windows_sys::Win32::System::Threading::{CREATE_BREAKAWAY_FROM_JOB, DETACHED_PROCESS};

use crate::win32;

/// Where the id of the boot is kept, below the user's own part of the registry.
const BOOT_KEY: &str = r"Software\Torrpeddo\Boot";

/// Starts a process that outlives this one and its job.
pub fn spawn_detached(command: &mut Command) -> io::Result<Child> {
    win32::keep_standard_streams();
    // Browsers end the job in which their native hosts run.
    match command.creation_flags(CREATE_BREAKAWAY_FROM_JOB | DETACHED_PROCESS).spawn() {
        // A job need not allow that. A process in it may still live long enough.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            command.creation_flags(DETACHED_PROCESS).spawn()
        }
        spawned => spawned,
    }
}

/// Leaves the console of whoever started this process, so that its end is not ours.
pub fn detach() {
    win32::leave_console();
}

/// Tells the desktop that other programs open links and files now.
pub fn associations_changed() {
    win32::associations_changed();
}

/// Windows has no limit that could be in the way.
pub fn raise_file_limit() {}

/// Names this boot of the machine, or a part of it: a key that Windows keeps in memory alone, so that
/// it goes with the end of the session or the power. `fresh` is an id that no other start has.
pub fn boot_id(fresh: String) -> String {
    let remembered = || -> windows_registry::Result<String> {
        let key = CURRENT_USER.options().read().write().create().volatile().open(BOOT_KEY)?;
        key.get_string("Id").or_else(|_| key.set_string("Id", &fresh).map(|()| fresh.clone()))
    };
    match remembered() {
        Ok(id) => id,
        Err(error) => {
            tracing::warn!("the id of this boot cannot be kept: {error}");
            fresh
        }
    }
}

/// Resolves when the system or the console asks this process to end.
pub struct EndSignals {
    interrupt: CtrlC,
    interrupt_break: CtrlBreak,
    close: CtrlClose,
    log_off: CtrlLogoff,
    shut_down: CtrlShutdown,
}

impl EndSignals {
    /// Begins to listen.
    pub fn new() -> io::Result<Self> {
        use tokio::signal::windows;
        Ok(Self {
            interrupt: windows::ctrl_c()?,
            interrupt_break: windows::ctrl_break()?,
            close: windows::ctrl_close()?,
            log_off: windows::ctrl_logoff()?,
            shut_down: windows::ctrl_shutdown()?,
        })
    }

    /// Waits for the next of them, and names it.
    pub async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "Ctrl-C",
            _ = self.interrupt_break.recv() => "Ctrl-Break",
            _ = self.close.recv() => "the console was closed",
            _ = self.log_off.recv() => "the user logs off",
            _ = self.shut_down.recv() => "the system shuts down",
        }
    }
}

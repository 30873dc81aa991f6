//! Torrpeddo's one program. A browser starts it with its own arguments, and it becomes the relay;
//! `torrpeddo engine` is the engine; everything else is a command line over the same protocol.
//!
//! Invariant: on the way to the relay nothing is initialised but what copying bytes needs.

use std::ffi::OsString;
use std::process::ExitCode;

use caller::Caller;

#[cfg_attr(unix, path = "address_unix.rs")]
#[cfg_attr(windows, path = "address_windows.rs")]
mod address;
mod browser;
mod caller;
mod cli;
mod defaults;
mod desktop;
mod doctor;
#[cfg_attr(unix, path = "endpoint_unix.rs")]
#[cfg_attr(windows, path = "endpoint_windows.rs")]
mod endpoint;
mod engine_info;
mod engine_process;
mod failure;
mod logging;
#[cfg(target_os = "linux")]
#[path = "memory_linux.rs"]
mod memory;
mod offline;
mod paths;
#[cfg_attr(unix, path = "private_folder_unix.rs")]
#[cfg_attr(windows, path = "private_folder_windows.rs")]
mod private_folder;
mod probe;
mod programs;
mod reach;
mod relay;
mod start;
#[cfg_attr(unix, path = "system_unix.rs")]
#[cfg_attr(windows, path = "system_windows.rs")]
mod system;
#[cfg(windows)]
mod win32;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    match caller::identify(&arguments) {
        Caller::Extension => relay::run(),
        Caller::Stranger(who) => {
            relay::complain(&format!(
                "{who} may not use this program: it is no Torrpeddo extension"
            ));
            ExitCode::FAILURE
        }
        Caller::Person => cli::run(),
    }
}

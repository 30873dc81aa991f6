//! The desktop on Windows.

use std::os::windows::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use torrpeddo_engine::Result;

/// What a program needs to open a window: nothing.
pub struct Display;

/// Whether a window could be opened at all.
pub fn display() -> Result<Display> {
    Ok(Display)
}

/// Opens a file or a folder with the program that the user has for it.
pub fn open(path: &Path, _display: &Display) -> std::io::Result<()> {
    opener::open(path).map_err(std::io::Error::other)
}

/// Asks the Explorer to show the file selected. It says of everything that it failed, and so it is
/// not asked how it went.
pub fn show_selected(path: &Path) -> bool {
    // It reads its command line in its own way: the quotes belong around the path alone. No path has
    // quotes in it.
    let mut explorer = Command::new("explorer.exe");
    explorer.raw_arg(format!("/select,\"{}\"", path.display()));
    explorer.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().is_ok()
}

/// A dialog of the desktop's own that is better than the usual one; there is none.
pub fn folder_dialog(_title: &str, _start: Option<&Path>, _: &Display) -> Option<Option<PathBuf>> {
    None
}

/// Shows a notification.
pub fn notify(title: &str, text: &str) -> std::io::Result<()> {
    let mut notification = notify_rust::Notification::new();
    let shown = notification.appname("Torrpeddo").summary(title).body(text).show();
    shown.map(drop).map_err(std::io::Error::other)
}

//! The desktop on macOS.

use std::path::{Path, PathBuf};
use std::process::Command;

use torrpeddo_engine::Result;

use crate::programs;

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

/// Asks the Finder to show the file selected.
pub fn show_selected(path: &Path) -> bool {
    programs::finishes_well(Command::new("open").arg("-R").arg(path))
}

/// A dialog of the desktop's own: the usual one wants the main thread of a program with windows, which
/// the engine is not, so a script of the system's asks.
pub fn folder_dialog(title: &str, start: Option<&Path>, _: &Display) -> Option<Option<PathBuf>> {
    let start = start.filter(|start| start.is_dir()).unwrap_or(Path::new("/"));
    let script = "on run {title, start}\n\
         POSIX path of (choose folder with prompt title default location POSIX file start)\n\
         end run";
    let output = Command::new("osascript").args(["-e", script, title]).arg(start).output().ok()?;
    let path = String::from_utf8(output.stdout).ok()?;
    let path = path.trim_end();
    Some((output.status.success() && !path.is_empty()).then(|| path.into()))
}

/// Shows a notification, by a script of the system's: programs without a bundle may show none.
pub fn notify(title: &str, text: &str) -> std::io::Result<()> {
    let script = "on run {shownTitle, shownText}\n\
         display notification shownText with title shownTitle\n\
         end run";
    if programs::finishes_well(Command::new("osascript").args(["-e", script, title, text])) {
        return Ok(());
    }
    Err(std::io::Error::other("osascript does not succeed"))
}

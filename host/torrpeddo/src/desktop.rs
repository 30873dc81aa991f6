//! The user's desktop: its file manager and its folder dialog.
//!
//! Everything here is somebody else's program. It is started without our pipes, and what can be
//! bounded is bounded: only the folder dialog may stay open for as long as the user likes.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use torrpeddo_engine::{Desktop, Error, Result};

use crate::programs;

/// Nobody can read a dialog and close it in less: it was never there.
const DIALOG_LEAST: Duration = Duration::from_millis(150);

/// One dialog at a time: a second one would hide behind the first.
static DIALOG: Mutex<()> = Mutex::new(());

/// The desktop that this process was started on.
#[derive(Debug, Clone, Copy)]
pub struct SystemDesktop;

impl Desktop for SystemDesktop {
    fn show(&self, path: &Path) -> Result<()> {
        let found = std::fs::metadata(path).map_err(|error| Error::io(path, &error))?;
        needs_display()?;
        if found.is_file() && show_selected(path) {
            return Ok(());
        }
        let folder = if found.is_file() { path.parent().unwrap_or(path) } else { path };
        opener::open(folder).map_err(|error| {
            Error::Unavailable(format!(
                "No file manager could be opened for {}: {error}.",
                folder.display()
            ))
        })
    }

    fn choose_folder(&self, title: &str, start: Option<&Path>) -> Result<Option<PathBuf>> {
        needs_display()?;
        let Ok(_one) = DIALOG.try_lock() else {
            return Err(Error::Unavailable("A folder dialog is open already.".into()));
        };
        if let Some(chosen) = kdialog(title, start) {
            return Ok(chosen);
        }
        let mut dialog = rfd::FileDialog::new().set_title(title);
        if let Some(start) = start.filter(|start| start.is_dir()) {
            dialog = dialog.set_directory(start);
        }
        let opened = Instant::now();
        match dialog.pick_folder() {
            Some(path) => Ok(Some(path)),
            // It says the same when there was neither a portal nor zenity to ask.
            None if opened.elapsed() < DIALOG_LEAST => Err(Error::Unavailable(
                "No folder dialog could be opened: install xdg-desktop-portal or zenity, or type \
                 the folder's path."
                    .into(),
            )),
            None => Ok(None),
        }
    }

    fn open(&self, file: &Path) -> Result<()> {
        std::fs::metadata(file).map_err(|error| Error::io(file, &error))?;
        needs_display()?;
        opener::open(file).map_err(|error| {
            Error::Unavailable(format!("No program could open {}: {error}.", file.display()))
        })
    }

    fn trash(&self, path: &Path) -> Result<()> {
        trash::delete(path).map_err(|error| Error::Io {
            message: format!(
                "{} could not be moved to the bin: {error}. Free the bin, or delete it for good.",
                path.display()
            ),
            path: Some(path.to_owned()),
            reason: error.to_string(),
        })
    }

    fn notify(&self, title: &str, text: &str) -> Result<()> {
        let shown = notify_rust::Notification::new()
            .appname("Torrpeddo")
            .icon("torrpeddo")
            .summary(title)
            .body(&as_body(text))
            .show();
        let failed =
            |error| Error::Unavailable(format!("The desktop shows no notification: {error}."));
        shown.map(drop).map_err(failed)
    }
}

/// Text that a notification shows as it is. Where the desktop reads markup in it, a file name would
/// be read as some.
#[cfg(all(unix, not(target_os = "macos")))]
fn as_body(text: &str) -> String {
    let capabilities = notify_rust::get_capabilities().unwrap_or_default();
    if !capabilities.iter().any(|capability| capability == "body-markup") {
        return text.to_owned();
    }
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Text that a notification shows as it is.
#[cfg(not(all(unix, not(target_os = "macos"))))]
fn as_body(text: &str) -> String {
    text.to_owned()
}

#[cfg(all(unix, not(target_os = "macos")))]
fn needs_display() -> Result<()> {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if set("DISPLAY") || set("WAYLAND_DISPLAY") {
        return Ok(());
    }
    Err(Error::Unavailable("The engine runs without a desktop, so it can open no window.".into()))
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn needs_display() -> Result<()> {
    Ok(())
}

/// Asks the file manager to show the file selected. A process instead of a D-Bus library: dbus-send
/// comes with the bus itself, and a library would be the largest dependency of this program.
fn show_selected(path: &Path) -> bool {
    let mut command = Command::new("dbus-send");
    command
        .args(["--session", "--print-reply", "--dest=org.freedesktop.FileManager1"])
        .args(["/org/freedesktop/FileManager1", "org.freedesktop.FileManager1.ShowItems"])
        .arg(format!("array:string:{}", file_url(path)))
        .arg("string:");
    programs::finishes_well(&mut command)
}

/// KDE's own dialog, where that is the desktop: `None` when it is not, or not installed.
fn kdialog(title: &str, start: Option<&Path>) -> Option<Option<PathBuf>> {
    let desktop = std::env::var("XDG_CURRENT_DESKTOP").ok()?;
    if !desktop.split(':').any(|name| name == "KDE") {
        return None;
    }
    let start = start.filter(|start| start.is_dir()).map_or(OsStr::new("."), Path::as_os_str);
    let output = Command::new("kdialog")
        .args(["--title", title, "--getexistingdirectory"])
        .arg(start)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let path = String::from_utf8(output.stdout).ok()?;
    let path = path.strip_suffix('\n').unwrap_or(&path);
    Some((output.status.success() && !path.is_empty()).then(|| path.into()))
}

/// The `file:` URL of an absolute path. Commas are escaped too: dbus-send takes them for the ends
/// of an array's members.
fn file_url(path: &Path) -> String {
    let mut url = String::from("file://");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                url.push(char::from(*byte));
            }
            // Writing to a string cannot fail.
            _ => drop(write!(url, "%{byte:02X}")),
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_dbus_send_or_a_url_would_misread_is_escaped() {
        assert_eq!(file_url(Path::new("/a b/ä,%.x")), "file:///a%20b/%C3%A4%2C%25.x");
    }

    #[test]
    fn a_missing_path_is_an_error_with_or_without_a_desktop() {
        let error = SystemDesktop.show(Path::new("/nowhere/at/all")).unwrap_err();
        assert!(matches!(error, Error::Io { .. }), "{error}");
    }
}

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
        let display = display()?;
        if found.is_file() && show_selected(path) {
            return Ok(());
        }
        let folder = if found.is_file() { path.parent().unwrap_or(path) } else { path };
        open(folder, &display).map_err(|error| {
            Error::Unavailable(format!(
                "No file manager could be opened for {}: {error}.",
                folder.display()
            ))
        })
    }

    fn choose_folder(&self, title: &str, start: Option<&Path>) -> Result<Option<PathBuf>> {
        let display = display()?;
        let Ok(_one) = DIALOG.try_lock() else {
            return Err(Error::Unavailable("A folder dialog is open already.".into()));
        };
        if let Some(chosen) = kdialog(title, start, &display) {
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
        open(file, &display()?).map_err(|error| {
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

/// Variables that a program needs to open a window, besides our own.
type Display = Vec<(String, String)>;

/// An engine that was started before there was a desktop, with the session or by somebody who
/// came over the network, finds the desktop in what the session has learnt since.
#[cfg(all(unix, not(target_os = "macos")))]
fn display() -> Result<Display> {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if set("DISPLAY") || set("WAYLAND_DISPLAY") {
        return Ok(Display::new());
    }
    let display = display_of(&programs::session_variables().unwrap_or_default());
    if display.is_empty() {
        let message = "The engine runs without a desktop, so it can open no window.";
        return Err(Error::Unavailable(message.into()));
    }
    Ok(display)
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn display() -> Result<Display> {
    Ok(Display::new())
}

/// What of a session's variables is about its desktop; nothing where it has none.
#[cfg(all(unix, not(target_os = "macos")))]
fn display_of(variables: &str) -> Display {
    let about = ["DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_CURRENT_DESKTOP"];
    let lines = variables.lines().filter_map(|line| line.split_once('='));
    let display: Display = lines
        // Values with unusual letters are quoted, which those of a desktop never are.
        .filter(|(name, value)| {
            about.contains(name) && !value.is_empty() && !value.starts_with('$')
        })
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    let is_there = display.iter().any(|(name, _)| name.ends_with("DISPLAY"));
    if is_there { display } else { Display::new() }
}

/// Opens a file or a folder with the program that the user has for it.
fn open(path: &Path, display: &Display) -> std::io::Result<()> {
    if display.is_empty() {
        return opener::open(path).map_err(std::io::Error::other);
    }
    let mut command = Command::new("xdg-open");
    command.arg(path).envs(display.iter().map(|(name, value)| (name, value)));
    if programs::starts_well(&mut command) {
        return Ok(());
    }
    Err(std::io::Error::other("xdg-open does not succeed"))
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
fn kdialog(title: &str, start: Option<&Path>, display: &Display) -> Option<Option<PathBuf>> {
    let learnt = display.iter().find(|(name, _)| name == "XDG_CURRENT_DESKTOP");
    let learnt = learnt.map(|(_, desktop)| desktop.clone());
    let desktop = learnt.or_else(|| std::env::var("XDG_CURRENT_DESKTOP").ok())?;
    if !desktop.split(':').any(|name| name == "KDE") {
        return None;
    }
    let start = start.filter(|start| start.is_dir()).map_or(OsStr::new("."), Path::as_os_str);
    let output = Command::new("kdialog")
        .args(["--title", title, "--getexistingdirectory"])
        .arg(start)
        .envs(display.iter().map(|(name, value)| (name, value)))
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

    #[cfg(all(unix, not(target_os = "macos")))]
    #[test]
    fn a_session_has_a_desktop_or_has_none() {
        let session = "HOME=/home/u\nDISPLAY=:0\nXAUTHORITY=/run/user/7/x=y\nPATH=$'/a b'\n";
        let expected = [("DISPLAY", ":0"), ("XAUTHORITY", "/run/user/7/x=y")];
        assert_eq!(display_of(session), expected.map(|(name, value)| (name.into(), value.into())));
        for none in ["", "HOME=/home/u\nXDG_CURRENT_DESKTOP=KDE\n", "DISPLAY=\nnonsense"] {
            assert_eq!(display_of(none), Display::new());
        }
    }
}

//! Desktops on Linux and its relatives.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use torrpeddo_engine::{Error, Result};

use crate::programs;

/// Variables that a program needs to open a window, besides our own.
pub type Display = Vec<(String, String)>;

/// An engine that was started before there was a desktop, with the session or by somebody who
/// came over the network, finds the desktop in what the session has learnt since.
pub fn display() -> Result<Display> {
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

/// What of a session's variables is about its desktop; nothing where it has none.
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
pub fn open(path: &Path, display: &Display) -> std::io::Result<()> {
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
pub fn show_selected(path: &Path) -> bool {
    let mut command = Command::new("dbus-send");
    command
        .args(["--session", "--print-reply", "--dest=org.freedesktop.FileManager1"])
        .args(["/org/freedesktop/FileManager1", "org.freedesktop.FileManager1.ShowItems"])
        .arg(format!("array:string:{}", file_url(path)))
        .arg("string:");
    programs::finishes_well(&mut command)
}

/// KDE's own dialog, where that is the desktop: `None` when it is not, or not installed.
pub fn folder_dialog(
    title: &str,
    start: Option<&Path>,
    display: &Display,
) -> Option<Option<PathBuf>> {
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

/// Shows a notification.
pub fn notify(title: &str, text: &str) -> std::io::Result<()> {
    let (title, text) = (title.to_owned(), text.to_owned());
    let (done, outcome) = std::sync::mpsc::channel();
    // In a thread that can be left behind: a message bus that does not answer is waited for without
    // end. One such is enough.
    std::thread::Builder::new().name("notification".into()).spawn(move || {
        let shown = NOTIFICATION.try_lock().map(|_one| show_notification(&title, &text));
        let busy = || std::io::Error::from(std::io::ErrorKind::ResourceBusy);
        // Who asked may not wait any more.
        let _ = done.send(shown.unwrap_or_else(|_| Err(busy())));
    })?;
    let late = |_| Err(std::io::ErrorKind::TimedOut.into());
    outcome.recv_timeout(programs::LIMIT).unwrap_or_else(late)
}

/// Held while the desktop is asked to show one.
static NOTIFICATION: Mutex<()> = Mutex::new(());

fn show_notification(title: &str, text: &str) -> std::io::Result<()> {
    let mut notification = notify_rust::Notification::new();
    notification.appname("Torrpeddo").icon("torrpeddo").summary(title).body(&as_body(text));
    notification.show().map(drop).map_err(std::io::Error::other)
}

/// Text that a notification shows as it is. Where the desktop reads markup in it, a file name would
/// be read as some.
fn as_body(text: &str) -> String {
    let capabilities = notify_rust::get_capabilities().unwrap_or_default();
    if !capabilities.iter().any(|capability| capability == "body-markup") {
        return text.to_owned();
    }
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
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
    fn a_session_has_a_desktop_or_has_none() {
        let session = "HOME=/home/u\nDISPLAY=:0\nXAUTHORITY=/run/user/7/x=y\nPATH=$'/a b'\n";
        let expected = [("DISPLAY", ":0"), ("XAUTHORITY", "/run/user/7/x=y")];
        assert_eq!(display_of(session), expected.map(|(name, value)| (name.into(), value.into())));
        for none in ["", "HOME=/home/u\nXDG_CURRENT_DESKTOP=KDE\n", "DISPLAY=\nnonsense"] {
            assert_eq!(display_of(none), Display::new());
        }
    }
}

//! The user's desktop: its file manager and its folder dialog.
//!
//! Everything here is somebody else's program. It is started without our pipes, and what can be
//! bounded is bounded: only the folder dialog may stay open for as long as the user likes.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use torrpeddo_engine::{Desktop, Error, Result};

#[cfg_attr(windows, path = "desktop_windows.rs")]
#[cfg_attr(target_os = "macos", path = "desktop_macos.rs")]
#[cfg_attr(not(any(windows, target_os = "macos")), path = "desktop_freedesktop.rs")]
mod session;

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
        let display = session::display()?;
        if found.is_file() && session::show_selected(path) {
            return Ok(());
        }
        let folder = if found.is_file() { path.parent().unwrap_or(path) } else { path };
        session::open(folder, &display).map_err(|error| {
            Error::Unavailable(format!(
                "No file manager could be opened for {}: {error}.",
                folder.display()
            ))
        })
    }

    fn choose_folder(&self, title: &str, start: Option<&Path>) -> Result<Option<PathBuf>> {
        let display = session::display()?;
        let Ok(_one) = DIALOG.try_lock() else {
            return Err(Error::Unavailable("A folder dialog is open already.".into()));
        };
        if let Some(chosen) = session::folder_dialog(title, start, &display) {
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
        session::open(file, &session::display()?).map_err(|error| {
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
        session::notify(title, text).map_err(|error| {
            Error::Unavailable(format!("The desktop shows no notification: {error}."))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_path_is_an_error_with_or_without_a_desktop() {
        let error = SystemDesktop.show(Path::new("/nowhere/at/all")).unwrap_err();
        assert!(matches!(error, Error::Io { .. }), "{error}");
    }
}

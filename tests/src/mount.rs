//! Small disks that a test can fill, unmount and make read-only.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A tmpfs at a folder, as long as this value lives.
pub struct Disk {
    path: PathBuf,
    bytes: u64,
}

impl Disk {
    /// Mounts an empty disk of so many bytes. `None`, with the reason on standard error, where this
    /// user may not mount.
    ///
    /// # Panics
    /// When the folder cannot be made.
    #[must_use]
    pub fn mount(path: &Path, bytes: u64) -> Option<Self> {
        let options = format!("size={bytes}");
        Self::try_mount(&["-t", "tmpfs", "-o", &options, "torrpeddo-test"], path, bytes)
    }

    /// Shows a folder once more, read-only, at another path. `None` as above. Permission bits would
    /// not do: tests may be run as root.
    ///
    /// # Panics
    /// When the folder cannot be made, or what was mounted cannot be made read-only.
    #[must_use]
    pub fn read_only_view(folder: &Path, path: &Path) -> Option<Self> {
        let view = Self::try_mount(&["--bind", text(folder)], path, 0)?;
        run("mount", &["-o", "remount,bind,ro"], path).unwrap_or_else(|reason| panic!("{reason}"));
        Some(view)
    }

    fn try_mount(arguments: &[&str], path: &Path, bytes: u64) -> Option<Self> {
        std::fs::create_dir_all(path).expect("a folder");
        match run("mount", arguments, path) {
            Ok(()) => Some(Self { path: path.into(), bytes }),
            Err(reason) => {
                eprintln!("skipped, because nothing can be mounted: {reason}");
                None
            }
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes it larger.
    ///
    /// # Panics
    /// When the system refuses.
    pub fn grow(&mut self, bytes: u64) {
        self.bytes = bytes;
        self.remount("rw");
    }

    /// Makes it read-only, or writable again. It must not have files that are open for writing.
    ///
    /// # Panics
    /// When the system refuses.
    pub fn set_read_only(&self, read_only: bool) {
        self.remount(if read_only { "ro" } else { "rw" });
    }

    /// Takes it away, under whatever is open on it: what is left is an empty folder. Returns what
    /// brings it back.
    ///
    /// # Panics
    /// When the system refuses.
    #[must_use]
    pub fn pull(self) -> Pulled {
        let elsewhere = self.path.with_extension("pulled");
        std::fs::create_dir_all(&elsewhere).expect("a folder");
        // A second mount keeps the content: a tmpfs without any is gone.
        run("mount", &["--bind", text(&self.path)], &elsewhere)
            .unwrap_or_else(|reason| panic!("{reason}"));
        run("umount", &["--lazy"], &self.path).unwrap_or_else(|reason| panic!("{reason}"));
        Pulled { at: self.path.clone(), elsewhere: Self { path: elsewhere, bytes: self.bytes } }
    }

    fn remount(&self, mode: &str) {
        let options = format!("remount,{mode},size={}", self.bytes);
        run("mount", &["-o", &options], &self.path).unwrap_or_else(|reason| panic!("{reason}"));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // It may have been pulled.
        let _ = run("umount", &["--lazy"], &self.path);
    }
}

/// A disk that is not where it was.
pub struct Pulled {
    at: PathBuf,
    elsewhere: Disk,
}

impl Pulled {
    /// Puts the disk back.
    ///
    /// # Panics
    /// When the system refuses.
    #[must_use]
    pub fn plug_in(self) -> Disk {
        run("mount", &["--bind", text(&self.elsewhere.path)], &self.at)
            .unwrap_or_else(|reason| panic!("{reason}"));
        Disk { path: self.at, bytes: self.elsewhere.bytes }
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

fn run(program: &str, arguments: &[&str], path: &Path) -> Result<(), String> {
    let output = Command::new(program).args(arguments).arg(path).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
}

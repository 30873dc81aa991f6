//! Disks that are as bad as a test needs them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Something that is mounted, for as long as this value lives.
pub struct Mount(PathBuf);

impl Mount {
    /// Shows `folder` once more, read-only, `at` another folder. `None` where that is not allowed,
    /// after saying so. Permission bits would not do: tests may be run as root.
    #[must_use]
    pub fn read_only(folder: &Path, at: &Path) -> Option<Self> {
        let own = Self::new(&[Path::new("--bind"), folder], at)?;
        Self::mount(&[Path::new("-o"), Path::new("remount,bind,ro"), at]).then_some(own)
    }

    /// An empty disk of this size. `None` where that is not allowed, after saying so.
    #[must_use]
    pub fn small(bytes: u64, at: &Path) -> Option<Self> {
        let size = format!("size={bytes}");
        Self::new(&["-t", "tmpfs", "-o", &size, "small"].map(Path::new), at)
    }

    fn new(arguments: &[&Path], at: &Path) -> Option<Self> {
        if Self::mount(&[arguments, &[at]].concat()) {
            return Some(Self(at.into()));
        }
        eprintln!("skipped: this user may not mount anything");
        None
    }

    fn mount(arguments: &[&Path]) -> bool {
        let mut mount = Command::new("mount");
        mount.args(arguments).stderr(Stdio::null());
        mount.status().is_ok_and(|status| status.success())
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Whoever still uses it keeps it until he is done.
        let unmounted = Command::new("umount").arg("--lazy").arg(&self.0).status();
        if !unmounted.is_ok_and(|status| status.success()) {
            eprintln!("{} stays mounted", self.0.display());
        }
    }
}

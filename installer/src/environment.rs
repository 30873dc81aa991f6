//! Where the installer works.

use std::path::{Path, PathBuf};

/// An operating system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// Linux, and others that keep to the same places.
    Linux,
    /// macOS.
    Macos,
    /// Windows.
    Windows,
}

impl System {
    /// The one that this program was built for.
    #[must_use]
    pub const fn current() -> Self {
        if cfg!(target_os = "macos") {
            Self::Macos
        } else if cfg!(windows) {
            Self::Windows
        } else {
            Self::Linux
        }
    }
}

/// A folder that others are named from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// The user's home.
    Home,
    /// The user's configuration: `~/.config`, unless `XDG_CONFIG_HOME` says otherwise; on Windows
    /// `%APPDATA%`.
    Config,
    /// The user's data: `~/.local/share`, unless `XDG_DATA_HOME` says otherwise; on Windows
    /// `%LOCALAPPDATA%`.
    Local,
    /// The root of the file system; on Windows that of the system's drive.
    Root,
}

/// Everything the installer must know of where it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// The operating system.
    pub system: System,
    /// The user's home.
    pub home: PathBuf,
    /// The user's configuration.
    pub config: PathBuf,
    /// The user's data.
    pub local: PathBuf,
    /// The root of the file system.
    pub root: PathBuf,
    /// The key of the Windows registry with what programs keep there: `Software`, in the half of the
    /// user and in that of the machine.
    pub registry: String,
    /// The program that browsers shall start.
    pub binary: PathBuf,
    /// The program's own data, where the installer remembers what it must.
    pub data: PathBuf,
}

impl Environment {
    /// A key of the Windows registry below [`registry`](Self::registry).
    #[must_use]
    pub fn registry_key(&self, key: &str) -> String {
        format!(r"{}\{key}", self.registry)
    }

    /// The folder that `base` stands for.
    #[must_use]
    pub fn base(&self, base: Base) -> &Path {
        match base {
            Base::Home => &self.home,
            Base::Config => &self.config,
            Base::Local => &self.local,
            Base::Root => &self.root,
        }
    }
}

//! What the program is built for.

use std::env::consts::ARCH;

use crate::cross;

/// A system with its kind of processor.
pub struct Target {
    /// For people, in names of files.
    pub name: String,
    /// For cargo.
    pub triple: String,
}

impl Target {
    fn new(name: &str, triple: impl Into<String>) -> Self {
        Self { name: name.into(), triple: triple.into() }
    }

    /// Linux on a machine like this one.
    pub fn linux() -> Self {
        Self::new(&format!("linux-{ARCH}"), format!("{ARCH}-unknown-linux-gnu"))
    }

    /// Windows.
    pub fn windows() -> Self {
        Self::new("windows-x86_64", cross::WINDOWS)
    }

    /// Apple's own machines.
    pub fn macos() -> Self {
        Self::new("macos-aarch64", cross::MACOS)
    }
}

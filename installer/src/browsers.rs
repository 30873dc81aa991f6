//! The browsers: where each looks for native hosts, and how one sees that it is there. The rows are
//! in [`table`].

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::environment::{Base, Environment, System};

mod table;

pub use table::ALL;

/// Which kind of manifest a browser reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// `allowed_extensions`.
    Firefox,
    /// `allowed_origins`.
    Chromium,
}

/// For whom a manifest is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The user who installs it.
    #[default]
    User,
    /// Everybody on this machine.
    System,
}

/// A folder, or a program, below a base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Folder(pub Base, pub &'static str);

impl Folder {
    /// Where that is.
    #[must_use]
    pub fn in_environment(self, environment: &Environment) -> PathBuf {
        // Component by component: Firefox on Windows refuses a path with both kinds of slashes.
        environment.base(self.0).join(self.1).components().collect()
    }
}

/// How a browser finds a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// It looks into this folder.
    Folder(Folder),
    /// It reads the path from the Windows registry.
    Registry {
        /// The key below `Software`, in the half that the scope says, without our own name.
        key: &'static str,
        /// Where our manifest lies. A folder for each key, so that taking one back leaves the
        /// others whole.
        folder: Folder,
    },
}

impl Location {
    /// The folder that the manifest lies in.
    #[must_use]
    pub const fn folder(self) -> Folder {
        match self {
            Self::Folder(folder) | Self::Registry { folder, .. } => folder,
        }
    }
}

/// What keeps a browser from starting programs of the system by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sandbox {
    /// A Snap of this name, which asks the desktop's portal to start hosts.
    SnapWithPortal(&'static str),
    /// A Snap of this name, which cannot start hosts at all.
    SnapWithout(&'static str),
    /// A Flatpak with this id.
    Flatpak(&'static str),
}

/// A place in which a browser looks for native hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// On which system.
    pub system: System,
    /// For whom.
    pub scope: Scope,
    /// Where the manifest is looked for.
    pub location: Location,
    /// What only this browser brings: one of them shows that it is there.
    pub signs: &'static [Folder],
    /// The browser's sandbox, where it has one.
    pub sandbox: Option<Sandbox>,
}

/// A browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Browser {
    /// The name on the command line.
    pub name: &'static str,
    /// The name for people.
    pub title: &'static str,
    /// Which manifest it reads.
    pub family: Family,
    /// Where it looks.
    pub places: &'static [Place],
}

impl Browser {
    /// Where it looks on this system.
    pub fn places_in(
        &self,
        environment: &Environment,
        scope: Scope,
    ) -> impl Iterator<Item = &'static Place> {
        let system = environment.system;
        self.places.iter().filter(move |place| place.system == system && place.scope == scope)
    }
}

impl Place {
    /// Whether the browser is there.
    #[must_use]
    pub fn is_present(&self, environment: &Environment) -> bool {
        self.signs.iter().any(|sign| sign.in_environment(environment).exists())
    }
}

/// The browser of this name.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Browser> {
    ALL.iter().find(|browser| browser.name.eq_ignore_ascii_case(name))
}

/// The family that reads a folder of this name, where the name shows it.
#[must_use]
pub fn family_of(folder: &Path) -> Option<Family> {
    let parts: Vec<String> =
        folder.components().map(|part| part.as_os_str().to_string_lossy().to_lowercase()).collect();
    let names = |name: &str| parts.iter().any(|part| part.contains(name));
    if names("mozilla") || names("firefox") {
        return Some(Family::Firefox);
    }
    let is_chromiums = parts.last().is_some_and(|last| last == "nativemessaginghosts");
    (is_chromiums || names("chrom")).then_some(Family::Chromium)
}

// Of systems where it is folders that tell a browser.
#[cfg(test)]
#[cfg(unix)]
mod faults;
#[cfg(test)]
mod tests;

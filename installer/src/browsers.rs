//! The browsers, as data: where each looks for native hosts, and how one sees that it is there.
//!
//! A row is added here and nowhere else.

use std::path::PathBuf;

use serde::Serialize;

use crate::environment::{Base, Environment, System};

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The user who installs it.
    User,
    /// Everybody on this machine.
    System,
}

/// A folder below a base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Folder(pub Base, pub &'static str);

impl Folder {
    /// Where that is.
    #[must_use]
    pub fn in_environment(self, environment: &Environment) -> PathBuf {
        environment.base(self.0).join(self.1)
    }
}

/// A place in which a browser looks for native hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// On which system.
    pub system: System,
    /// For whom.
    pub scope: Scope,
    /// The folder of the manifests.
    pub manifests: Folder,
    /// Folders that only this browser makes: one of them shows that it is there.
    pub signs: &'static [Folder],
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
        self.signs.iter().any(|sign| sign.in_environment(environment).is_dir())
    }
}

/// The browser of this name.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Browser> {
    ALL.iter().find(|browser| browser.name.eq_ignore_ascii_case(name))
}

/// Every browser.
pub const ALL: &[Browser] = &[
    Browser {
        name: "firefox",
        title: "Firefox",
        family: Family::Firefox,
        places: &[
            Place {
                system: System::Linux,
                scope: Scope::User,
                // Always read from here, also where the profiles are under ~/.config by now.
                manifests: Folder(Base::Home, ".mozilla/native-messaging-hosts"),
                signs: &[Folder(Base::Home, ".mozilla"), Folder(Base::Config, "mozilla")],
            },
            Place {
                system: System::Linux,
                scope: Scope::System,
                manifests: Folder(Base::Root, "usr/lib/mozilla/native-messaging-hosts"),
                signs: &[Folder(Base::Root, "usr/lib/mozilla")],
            },
        ],
    },
    Browser {
        name: "chromium",
        title: "Chromium",
        family: Family::Chromium,
        places: &[
            Place {
                system: System::Linux,
                scope: Scope::User,
                manifests: Folder(Base::Config, "chromium/NativeMessagingHosts"),
                signs: &[Folder(Base::Config, "chromium")],
            },
            Place {
                system: System::Linux,
                scope: Scope::System,
                manifests: Folder(Base::Root, "etc/chromium/native-messaging-hosts"),
                signs: &[Folder(Base::Root, "etc/chromium")],
            },
        ],
    },
    Browser {
        name: "chrome",
        title: "Google Chrome",
        family: Family::Chromium,
        places: &[
            Place {
                system: System::Linux,
                scope: Scope::User,
                manifests: Folder(Base::Config, "google-chrome/NativeMessagingHosts"),
                signs: &[Folder(Base::Config, "google-chrome")],
            },
            Place {
                system: System::Linux,
                scope: Scope::System,
                manifests: Folder(Base::Root, "etc/opt/chrome/native-messaging-hosts"),
                signs: &[Folder(Base::Root, "etc/opt/chrome")],
            },
        ],
    },
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_and_every_browser_has_a_place_for_its_user() {
        let names: HashSet<_> = ALL.iter().map(|browser| browser.name).collect();
        assert_eq!(names.len(), ALL.len());
        for browser in ALL {
            assert!(browser.places.iter().any(|place| place.scope == Scope::User));
            for place in browser.places {
                assert!(!place.signs.is_empty(), "{}", browser.name);
                let folders = place.signs.iter().chain([&place.manifests]);
                assert!(folders.into_iter().all(|folder| !folder.1.starts_with('/')));
            }
            assert_eq!(by_name(&browser.name.to_uppercase()), Some(browser));
        }
        assert_eq!(by_name("netscape"), None);
    }
}

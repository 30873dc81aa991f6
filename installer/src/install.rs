//! Registering with browsers, and undoing it.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::browsers::{self, Browser, Family, Scope};
use crate::environment::Environment;
use crate::manifest::{self, Found, Manifest};

/// What is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// The browsers, by name; those that are found when empty.
    pub browsers: Vec<String>,
    /// A folder of manifests to use instead of the browser's own.
    pub manifest_dir: Option<PathBuf>,
    /// Says what would be done, and does nothing.
    pub dry_run: bool,
}

/// How it went with one browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The manifest was written.
    Written,
    /// It was there already, just so.
    Unchanged,
    /// It was removed.
    Removed,
    /// There was nothing to do.
    Skipped,
    /// It could not be done.
    Refused,
}

/// What was done about one browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Action {
    /// The browser's name.
    pub browser: &'static str,
    /// The manifest.
    pub manifest: PathBuf,
    /// How it went.
    pub outcome: Outcome,
    /// One sentence.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether it was only talked about.
    pub dry_run: bool,
    /// One for each browser.
    pub actions: Vec<Action>,
}

impl Report {
    /// Whether any browser ended in this way.
    #[must_use]
    pub fn any(&self, outcome: Outcome) -> bool {
        self.actions.iter().any(|action| action.outcome == outcome)
    }
}

/// One manifest to write or to remove.
struct Target {
    browser: &'static Browser,
    manifest: PathBuf,
    /// Whether the browser is there, or was named.
    wanted: bool,
    /// The folder of manifests, where it is the browser's own and may go once it is empty. The
    /// browser's folder above it never goes: it is what shows that the browser is there.
    folder: Option<PathBuf>,
}

/// Registers this program with browsers.
///
/// # Errors
/// One sentence when the request makes no sense. What fails for one browser is in the report.
pub fn install(environment: &Environment, request: &Request) -> Result<Report, String> {
    let targets = targets(environment, request)?;
    let act = |target: &Target| install_one(environment, request, target);
    Ok(Report { dry_run: request.dry_run, actions: targets.iter().map(act).collect() })
}

/// Undoes what [`install`] did.
///
/// # Errors
/// One sentence when the request makes no sense. What fails for one browser is in the report.
pub fn uninstall(environment: &Environment, request: &Request) -> Result<Report, String> {
    let targets = targets(environment, request)?;
    let act = |target: &Target| uninstall_one(environment, request, target);
    Ok(Report { dry_run: request.dry_run, actions: targets.iter().map(act).collect() })
}

fn targets(environment: &Environment, request: &Request) -> Result<Vec<Target>, String> {
    let mut named = Vec::new();
    for name in &request.browsers {
        let browser = browsers::by_name(name).ok_or_else(|| {
            let known: Vec<_> = browsers::ALL.iter().map(|browser| browser.name).collect();
            format!("There is no browser named {name} here. Known are: {}.", known.join(", "))
        })?;
        if !named.contains(&browser) {
            named.push(browser);
        }
    }
    if let Some(folder) = &request.manifest_dir {
        return in_folder(folder, &named);
    }
    let candidates = if named.is_empty() { browsers::ALL.iter().collect() } else { named.clone() };
    let mut targets = Vec::new();
    for browser in candidates {
        for place in browser.places_in(environment, Scope::User) {
            let folder = place.manifests.in_environment(environment);
            targets.push(Target {
                browser,
                manifest: manifest::file_in(&folder),
                wanted: !named.is_empty() || place.is_present(environment),
                folder: Some(folder),
            });
        }
    }
    if targets.is_empty() {
        return Err("No browser is known for this system yet.".into());
    }
    Ok(targets)
}

/// A folder that was named: for the browser that was named with it, or the one that its path
/// shows.
fn in_folder(folder: &Path, named: &[&'static Browser]) -> Result<Vec<Target>, String> {
    let folder = std::path::absolute(folder)
        .map_err(|error| format!("{} is no folder: {error}.", folder.display()))?;
    let browser = match named {
        [] => {
            let family = family_of(&folder).ok_or_else(|| {
                format!(
                    "It cannot be seen which browser reads {}: name it with --browser.",
                    folder.display()
                )
            })?;
            browsers::ALL.iter().find(|browser| browser.family == family)
        }
        [one] => Some(*one),
        [first, rest @ ..] if rest.iter().all(|browser| browser.family == first.family) => {
            Some(*first)
        }
        _ => None,
    };
    let browser = browser.ok_or(
        "Firefox and Chromium need different manifests: name one of them for --manifest-dir.",
    )?;
    let manifest = manifest::file_in(&folder);
    Ok(vec![Target { browser, manifest, wanted: true, folder: None }])
}

/// The family that reads a folder of this name.
fn family_of(folder: &Path) -> Option<Family> {
    let parts: Vec<String> =
        folder.components().map(|part| part.as_os_str().to_string_lossy().to_lowercase()).collect();
    let names = |name: &str| parts.iter().any(|part| part.contains(name));
    if names("mozilla") || names("firefox") {
        return Some(Family::Firefox);
    }
    let is_chromiums = parts.last().is_some_and(|last| last == "nativemessaginghosts");
    (is_chromiums || names("chrom")).then_some(Family::Chromium)
}

fn install_one(environment: &Environment, request: &Request, target: &Target) -> Action {
    let title = target.browser.title;
    if !target.wanted {
        return target
            .action(Outcome::Skipped, format!("{title} is not there."))
            .remedy(format!("Start {title} once, or use --browser {}.", target.browser.name));
    }
    let ours = Manifest::ours(target.browser.family, &environment.binary);
    let bytes = match ours.to_bytes() {
        Ok(bytes) => bytes,
        Err(error) => {
            return target
                .action(Outcome::Refused, format!("{title} cannot be told: {error}."))
                .remedy("Move the program to a folder with a plain name.");
        }
    };
    let takes_over = match manifest::look_at(&target.manifest) {
        Found::Nothing => String::new(),
        Found::Ours(_, there) if there == bytes => {
            return target.action(Outcome::Unchanged, format!("{title} knows Torrpeddo already."));
        }
        Found::Ours(there, _) if there.path != environment.binary => {
            format!(" It was told of {} before.", there.path.display())
        }
        Found::Ours(..) => String::new(),
        Found::NotOurs(reason) => return target.not_ours(&reason),
        Found::Unreadable(reason) => return target.unusable(&reason),
    };
    if request.dry_run {
        return target
            .action(Outcome::Written, format!("{title} would be told of Torrpeddo.{takes_over}"));
    }
    match manifest::write(&target.manifest, &bytes) {
        Ok(()) => {
            target.action(Outcome::Written, format!("{title} knows Torrpeddo now.{takes_over}"))
        }
        Err(error) => target.unusable(&error.to_string()),
    }
}

fn uninstall_one(environment: &Environment, request: &Request, target: &Target) -> Action {
    let title = target.browser.title;
    match manifest::look_at(&target.manifest) {
        Found::Nothing => {
            return target.action(Outcome::Skipped, format!("{title} was not told of Torrpeddo."));
        }
        Found::NotOurs(reason) => {
            return target.action(
                Outcome::Skipped,
                format!("{} is not ours ({reason}); left as it is.", target.manifest.display()),
            );
        }
        Found::Unreadable(reason) => return target.unusable(&reason),
        Found::Ours(there, _) if there.path != environment.binary && there.path.exists() => {
            let other = there.path.display();
            return target
                .action(
                    Outcome::Skipped,
                    format!("{title} uses another installation: {other}; left as it is."),
                )
                .remedy(format!("To undo that one, run: {other} uninstall"));
        }
        Found::Ours(..) => {}
    }
    if request.dry_run {
        return target.action(Outcome::Removed, format!("{title} would forget Torrpeddo."));
    }
    if let Err(error) = fs::remove_file(&target.manifest) {
        return target.unusable(&error.to_string());
    }
    if let Some(folder) = &target.folder {
        // Fails where it is not empty, and then it stays.
        let _ = fs::remove_dir(folder);
    }
    target.action(Outcome::Removed, format!("{title} has forgotten Torrpeddo."))
}

impl Target {
    fn action(&self, outcome: Outcome, message: String) -> Action {
        Action {
            browser: self.browser.name,
            manifest: self.manifest.clone(),
            outcome,
            message,
            remedy: None,
        }
    }

    fn not_ours(&self, reason: &str) -> Action {
        let path = self.manifest.display();
        let message = format!("{path} is not ours ({reason}); nothing was written.");
        self.action(Outcome::Refused, message)
            .remedy("Move that file away if nothing needs it, then install again.")
    }

    fn unusable(&self, reason: &str) -> Action {
        let path = self.manifest.display();
        self.action(Outcome::Refused, format!("{path} cannot be changed: {reason}."))
            .remedy("Allow writing there, then try again.")
    }
}

impl Action {
    fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

#[cfg(test)]
#[path = "install_tests.rs"]
mod tests;

//! Registering with browsers, and undoing it.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::browsers::{self, Browser, Family, Sandbox, Scope};
use crate::environment::Environment;
use crate::manifest::Found;
use crate::package::Package;
use crate::registration::Registration;
use crate::{left_out, made_folders, sandbox};

/// What is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// The browsers, by name; those that are found when empty.
    pub browsers: Vec<String>,
    /// For whom.
    pub scope: Scope,
    /// A folder of manifests to use instead of the browser's own.
    pub manifest_dir: Option<PathBuf>,
    /// The folder that a browser of Chromium's family was given as `--user-data-dir`.
    pub user_data_dir: Option<PathBuf>,
    /// Says what would be done, and does nothing.
    pub dry_run: bool,
}

/// How it went with one manifest.
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

/// What was done about one manifest, or one other file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Action {
    /// The names of the browsers that read it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub browsers: Vec<&'static str>,
    /// The file.
    pub file: PathBuf,
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
    /// One for each file; browsers that are not there are left out.
    pub actions: Vec<Action>,
}

impl Report {
    /// Whether it ended in this way with any of them.
    #[must_use]
    pub fn any(&self, outcome: Outcome) -> bool {
        self.actions.iter().any(|action| action.outcome == outcome)
    }
}

/// One manifest to write or to remove, and the browsers that read it.
struct Target {
    /// Those that are there or were named.
    browsers: Vec<&'static Browser>,
    /// Who would read it, where none of them is there.
    spare: Option<&'static Browser>,
    registration: Registration,
    /// Whether the request is about it.
    is_meant: bool,
    /// Whether it is to be written: one of the browsers is there, or was named.
    wanted: bool,
    scope: Scope,
    /// What the browser is in.
    sandbox: Option<Sandbox>,
}

/// Registers this program with browsers.
///
/// # Errors
/// One sentence when the request makes no sense. What fails for one browser is in the report.
pub fn install(environment: &Environment, request: &Request) -> Result<Report, String> {
    let named = named(&request.browsers)?;
    let targets = targets(environment, request, &named)?;
    if request.is_ordinary() {
        left_out::admit(environment, &named);
    }
    let wanted = targets.iter().filter(|target| target.wanted);
    let actions = wanted.map(|target| install_one(environment, request, target)).collect();
    Ok(Report { dry_run: request.dry_run, actions })
}

/// Undoes what [`install`] did.
///
/// # Errors
/// One sentence when the request makes no sense. What fails for one browser is in the report.
pub fn uninstall(environment: &Environment, request: &Request) -> Result<Report, String> {
    let named = named(&request.browsers)?;
    let targets = targets(environment, request, &named)?;
    if request.is_ordinary() {
        left_out::leave_out(environment, &named);
    }
    let actions = targets
        .iter()
        // Of browsers that are not there and know nothing there is nothing to say.
        .filter(|target| {
            (target.wanted && !named.is_empty()) || target.registration.look() != Found::Nothing
        })
        .map(|target| uninstall_one(environment, request, target))
        .collect();
    if !request.dry_run {
        made_folders::tidy(environment);
    }
    Ok(Report { dry_run: request.dry_run, actions })
}

impl Request {
    /// Whether it is about the browsers of this user as they are, and meant.
    fn is_ordinary(&self) -> bool {
        !self.dry_run
            && self.scope == Scope::User
            && self.manifest_dir.is_none()
            && self.user_data_dir.is_none()
    }
}

fn named(names: &[String]) -> Result<Vec<&'static Browser>, String> {
    let mut named = Vec::new();
    for name in names {
        let browser = browsers::by_name(name).ok_or_else(|| {
            let known: Vec<_> = browsers::ALL.iter().map(|browser| browser.name).collect();
            format!("There is no browser named {name} here. Known are: {}.", known.join(", "))
        })?;
        if !named.contains(&browser) {
            named.push(browser);
        }
    }
    Ok(named)
}

fn targets(
    environment: &Environment,
    request: &Request,
    named: &[&'static Browser],
) -> Result<Vec<Target>, String> {
    if let Some(folder) = &request.manifest_dir {
        return in_folder(folder, named);
    }
    if let Some(folder) = &request.user_data_dir {
        return in_profile(folder, named);
    }
    let mut targets: Vec<Target> = Vec::new();
    for browser in browsers::ALL {
        let places = || browser.places_in(environment, request.scope);
        let is_named = named.contains(&browser);
        let is_anywhere = places().any(|place| place.is_present(environment));
        for place in places() {
            let is_there = place.is_present(environment);
            // A named one is told before its first start, but no sandbox is made up for it.
            let wanted = if is_named {
                is_there || (!is_anywhere && place.sandbox.is_none())
            } else {
                is_there && named.is_empty()
            };
            let registration = Registration::at(environment, browser.family, place);
            let known = targets.iter().position(|target| target.registration == registration);
            let target = match known {
                Some(known) => &mut targets[known],
                None => targets.push_mut(Target::new(registration, request.scope)),
            };
            target.wanted |= wanted;
            target.sandbox = place.sandbox;
            target.is_meant |= is_named || named.is_empty();
            if (wanted || is_there) && !target.browsers.contains(&browser) {
                target.browsers.push(browser);
            }
            target.spare.get_or_insert(browser);
        }
    }
    targets.retain(|target| target.is_meant);
    for target in &mut targets {
        if target.browsers.is_empty() {
            target.browsers.extend(target.spare);
        }
    }
    if targets.is_empty() {
        let whom = if request.scope == Scope::System { " for the whole machine" } else { "" };
        return Err(format!("It is not known where {} looks{whom}.", titles(named)));
    }
    Ok(targets)
}

/// A folder that was named: for the browser that was named with it, or the one that its path
/// shows.
fn in_folder(folder: &Path, named: &[&'static Browser]) -> Result<Vec<Target>, String> {
    let folder = absolute(folder)?;
    let browsers = if named.is_empty() {
        let family = browsers::family_of(&folder).ok_or_else(|| {
            format!(
                "It cannot be seen which browser reads {}: name it with --browser.",
                folder.display()
            )
        })?;
        browsers::ALL.iter().filter(|browser| browser.family == family).take(1).collect()
    } else {
        named.to_vec()
    };
    let family = browsers.first().map_or(Family::Chromium, |browser| browser.family);
    if browsers.iter().any(|browser| browser.family != family) {
        return Err("Firefox and Chromium need different manifests: name one of them for \
                    --manifest-dir."
            .into());
    }
    let registration = Registration::in_folder(family, &folder);
    let target = Target::new(registration, Scope::User);
    Ok(vec![Target { browsers, wanted: true, is_meant: true, ..target }])
}

/// A folder of settings that was named: browsers of Chromium's family look for manifests in it.
fn in_profile(folder: &Path, named: &[&'static Browser]) -> Result<Vec<Target>, String> {
    let chromium = |browser: &&Browser| browser.family == Family::Chromium;
    if !named.iter().all(chromium) {
        return Err("Only Chromium and its relatives read manifests from --user-data-dir; \
                    Firefox reads them from its own folder."
            .into());
    }
    let folder = absolute(folder)?.join("NativeMessagingHosts");
    let browsers = if named.is_empty() {
        browsers::by_name("chromium").into_iter().collect()
    } else {
        named.to_vec()
    };
    let registration = Registration::in_folder(Family::Chromium, &folder);
    let target = Target::new(registration, Scope::User);
    Ok(vec![Target { browsers, wanted: true, is_meant: true, ..target }])
}

fn absolute(folder: &Path) -> Result<PathBuf, String> {
    std::path::absolute(folder)
        .map_err(|error| format!("{} is no folder: {error}.", folder.display()))
}

fn install_one(environment: &Environment, request: &Request, target: &Target) -> Action {
    let (registration, title) = (&target.registration, titles(&target.browsers));
    if let Some(Sandbox::SnapWithout(_)) = target.sandbox {
        return target
            .action(Outcome::Skipped, sandbox::cannot_start(&format!("{title} (Snap)")))
            .remedy(sandbox::take_another(&title));
    }
    let wanted = match registration.wanted(environment) {
        Ok(wanted) => wanted,
        Err(error) => {
            return target
                .action(Outcome::Refused, format!("{title} cannot be told: {error}."))
                .remedy("Move the program to a folder with a plain name.");
        }
    };
    let takes_over = match registration.look() {
        Found::Nothing => String::new(),
        Found::Ours(_, there) if registration.is_current(&there, &wanted) => {
            return target
                .action(Outcome::Unchanged, format!("Already registered with {title}."))
                .and_allow(environment, target);
        }
        Found::Ours(there, _) => match registration.leads_to(&there) {
            before if before == environment.binary => String::new(),
            before => format!(" It was {} before.", before.display()),
        },
        Found::NotOurs(reason) => return target.not_ours(&reason),
        Found::Unreadable(reason) => return target.unusable(&reason),
    };
    if request.dry_run {
        let message = format!("Would be registered with {title}.{takes_over}");
        return target.action(Outcome::Written, message);
    }
    match registration.write(environment, &wanted) {
        Ok(()) => target
            .action(Outcome::Written, format!("Registered with {title}.{takes_over}"))
            .and_allow(environment, target),
        Err(error) => target.unusable(&error.to_string()),
    }
}

fn uninstall_one(environment: &Environment, request: &Request, target: &Target) -> Action {
    let (registration, title) = (&target.registration, titles(&target.browsers));
    match registration.look() {
        Found::Nothing => {
            return target.action(Outcome::Skipped, format!("Not registered with {title}."));
        }
        Found::NotOurs(reason) => {
            let shown = registration.file.display();
            let message = format!("{shown} is not ours ({reason}); left as it is.");
            return target.action(Outcome::Skipped, message);
        }
        Found::Unreadable(reason) => return target.unusable(&reason),
        Found::Ours(there, _) => {
            let other = registration.leads_to(&there);
            if other != environment.binary && other.exists() {
                let other = other.display();
                let message = format!("{title} uses another installation: {other}; left as it is.");
                return target
                    .action(Outcome::Skipped, message)
                    .remedy(format!("To undo that one, run: {other} uninstall"));
            }
            if let Some(package) = Package::that_brought(environment, target.scope, &other) {
                let message = format!("{title} was told by the package; left as it is.");
                return target.action(Outcome::Skipped, message).remedy(package.removal());
            }
        }
    }
    if request.dry_run {
        let message = format!("Would be taken back from {title}.");
        return target.action(Outcome::Removed, message);
    }
    match registration.remove() {
        Ok(()) => target.action(Outcome::Removed, format!("No longer registered with {title}.")),
        Err(error) => target.unusable(&error.to_string()),
    }
}

/// The browsers, as a sentence names them.
fn titles(browsers: &[&Browser]) -> String {
    let titles: Vec<_> = browsers.iter().map(|browser| browser.title).collect();
    match titles.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

impl Target {
    fn new(registration: Registration, scope: Scope) -> Self {
        Self {
            browsers: Vec::new(),
            spare: None,
            registration,
            is_meant: false,
            wanted: false,
            scope,
            sandbox: None,
        }
    }

    fn action(&self, outcome: Outcome, message: String) -> Action {
        Action {
            browsers: self.browsers.iter().map(|browser| browser.name).collect(),
            file: self.registration.file.clone(),
            outcome,
            message,
            remedy: None,
        }
    }

    fn not_ours(&self, reason: &str) -> Action {
        let path = self.registration.file.display();
        let message = format!("{path} is not ours ({reason}); nothing was written.");
        self.action(Outcome::Refused, message)
            .remedy("Move that file away if nothing needs it, then install again.")
    }

    fn unusable(&self, reason: &str) -> Action {
        let path = self.registration.file.display();
        let remedy = match self.scope {
            Scope::User => "Allow writing there, then try again.",
            Scope::System => "Run it again as the administrator.",
        };
        self.action(Outcome::Refused, format!("{path} cannot be changed: {reason}.")).remedy(remedy)
    }
}

impl Action {
    /// Says what a sandbox needs besides.
    fn and_allow(self, environment: &Environment, target: &Target) -> Self {
        match target.sandbox {
            Some(Sandbox::Flatpak(id)) if !sandbox::may_spawn(environment, id) => {
                self.remedy(sandbox::allow(id))
            }
            _ => self,
        }
    }

    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

#[cfg(test)]
#[path = "install_tests.rs"]
mod tests;

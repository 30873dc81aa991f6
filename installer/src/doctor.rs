//! Looks whether everything is set up, and says what to do where it is not.

use std::fs;
use std::path::Path;

use torrpeddo_protocol::model::{Finding, Level};

use crate::browsers::{self, Browser, Scope};
use crate::environment::Environment;
use crate::manifest::{self, Found};

/// Less than this is soon full.
const LITTLE_SPACE: u64 = 1024 * 1024 * 1024;

/// What the program knows of itself and its engine.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// The version of this program.
    pub version: &'a str,
    /// The engine.
    pub engine: EngineState,
    /// The socket of the engine.
    pub socket: &'a Path,
    /// Why the last start failed, when it did.
    pub start_error: Option<String>,
    /// Where downloads go, or why that is not known.
    pub download_folder: Result<&'a Path, String>,
}

/// What is known of the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineState {
    /// It answers.
    Running {
        /// Its version.
        version: String,
        /// Its process.
        pid: u32,
    },
    /// Nobody is there.
    NotRunning,
    /// Somebody is there, but it does not work; one sentence.
    Unusable(String),
}

/// Looks at everything.
#[must_use]
pub fn examine(environment: &Environment, facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = vec![program(environment, facts)];
    findings.extend(all_browsers(environment));
    findings.push(engine(facts));
    findings.extend(socket(facts));
    findings.push(download_folder(facts));
    findings
}

/// Whether anything does not work.
#[must_use]
pub fn has_problem(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.level == Level::Problem)
}

fn finding(check: &str, level: Level, message: impl Into<String>) -> Finding {
    Finding { check: check.into(), level, message: message.into(), remedy: None }
}

fn with_remedy(mut finding: Finding, remedy: impl Into<String>) -> Finding {
    finding.remedy = Some(remedy.into());
    finding
}

fn program(environment: &Environment, facts: &Facts<'_>) -> Finding {
    let binary = environment.binary.display();
    if is_executable(&environment.binary) {
        finding("program", Level::Ok, format!("Torrpeddo {} is {binary}.", facts.version))
    } else {
        with_remedy(
            finding("program", Level::Problem, format!("{binary} cannot be run.")),
            "Install Torrpeddo again.",
        )
    }
}

fn all_browsers(environment: &Environment) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        browsers::ALL.iter().filter_map(|browser| one_browser(environment, browser)).collect();
    if findings.is_empty() {
        return vec![with_remedy(
            finding("browsers", Level::Warning, "No browser was found for this user."),
            "Start your browser once, then run `torrpeddo install`.",
        )];
    }
    // Somebody who uses one browser need not set up the others.
    if findings.iter().any(|finding| finding.level == Level::Ok) {
        for finding in &mut findings {
            if finding.message.ends_with(UNTOLD) {
                finding.level = Level::Warning;
            }
        }
    }
    findings
}

const UNTOLD: &str = "does not know Torrpeddo.";

/// `None` where the browser is not there.
fn one_browser(environment: &Environment, browser: &Browser) -> Option<Finding> {
    let mut present = false;
    // Browsers look at the user's place first.
    for scope in [Scope::User, Scope::System] {
        for place in browser.places_in(environment, scope) {
            present |= scope == Scope::User && place.is_present(environment);
            let path = manifest::file_in(&place.manifests.in_environment(environment));
            let found = manifest::look_at(&path);
            if found != Found::Nothing {
                return Some(one_manifest(environment, browser, &path, found));
            }
        }
    }
    present.then(|| {
        with_remedy(
            finding(browser.name, Level::Problem, format!("{} {UNTOLD}", browser.title)),
            format!("Run `torrpeddo install --browser {}`.", browser.name),
        )
    })
}

fn one_manifest(
    environment: &Environment,
    browser: &Browser,
    path: &Path,
    found: Found,
) -> Finding {
    let again = format!("Run `torrpeddo install --browser {}`.", browser.name);
    let (shown, title) = (path.display(), browser.title);
    let problem = |message: String| finding(browser.name, Level::Problem, message);
    let there = match found {
        Found::Ours(there, _) => there,
        Found::Nothing => return problem(format!("{title} {UNTOLD}")),
        Found::NotOurs(reason) => {
            return with_remedy(
                problem(format!("{title} reads {shown}, which is not ours: {reason}.")),
                format!("Move that file away, then: {again}"),
            );
        }
        Found::Unreadable(reason) => {
            return with_remedy(
                problem(format!("{shown} cannot be read: {reason}.")),
                "Allow reading it, then run `torrpeddo doctor` again.",
            );
        }
    };
    let program = there.path.display();
    if !there.admits_us(browser.family) {
        return with_remedy(problem(format!("{shown} does not admit our extension.")), again);
    }
    if !there.path.is_absolute() || !there.path.exists() {
        return with_remedy(
            problem(format!("{title} looks for Torrpeddo at {program}, where it is not.")),
            again,
        );
    }
    if !is_executable(&there.path) {
        return with_remedy(
            problem(format!("{title} cannot run {program}.")),
            format!("Make it executable: chmod +x {program}"),
        );
    }
    if there.path != environment.binary {
        return with_remedy(
            finding(
                browser.name,
                Level::Warning,
                format!("{title} uses another installation: {program}."),
            ),
            format!("To use this one: {again}"),
        );
    }
    finding(browser.name, Level::Ok, format!("{title} knows Torrpeddo: {shown}."))
}

fn engine(facts: &Facts<'_>) -> Finding {
    match &facts.engine {
        EngineState::Running { version, pid } if version == facts.version => {
            finding("engine", Level::Ok, format!("It runs as process {pid}."))
        }
        EngineState::Running { version, pid } => with_remedy(
            finding(
                "engine",
                Level::Warning,
                format!(
                    "Process {pid} is of version {version}, this program of {}.",
                    facts.version
                ),
            ),
            "It is replaced once it has nothing to do; `torrpeddo stop` ends it now.",
        ),
        EngineState::Unusable(reason) => with_remedy(
            finding("engine", Level::Problem, reason.clone()),
            "End that process, then try again.",
        ),
        EngineState::NotRunning => match &facts.start_error {
            Some(reason) => with_remedy(
                finding("engine", Level::Problem, format!("Its last start failed: {reason}")),
                "Put that right, then run `torrpeddo list` to start it.",
            ),
            None => finding("engine", Level::Ok, "It is not running; it starts when needed."),
        },
    }
}

/// `None` where there is no socket to look at.
#[cfg(unix)]
fn socket(facts: &Facts<'_>) -> Option<Finding> {
    use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
    let path = facts.socket;
    let shown = path.display();
    let problem = |message: String, remedy: String| {
        Some(with_remedy(finding("socket", Level::Problem, message), remedy))
    };
    let Ok(there) = fs::symlink_metadata(path) else {
        return matches!(facts.engine, EngineState::Running { .. }).then(|| {
            with_remedy(
                finding("socket", Level::Warning, format!("The engine is not at {shown}.")),
                "It comes back there by itself in a few seconds; if not: `torrpeddo stop`.",
            )
        });
    };
    if !there.file_type().is_socket() {
        return problem(format!("{shown} is no socket."), format!("Remove {shown}."));
    }
    if there.uid() != rustix::process::geteuid().as_raw() {
        return problem(
            format!("{shown} belongs to another user."),
            "Set TORRPEDDO_HOME to a folder of your own.".into(),
        );
    }
    let folder = path.parent().and_then(|folder| fs::symlink_metadata(folder).ok());
    let open = folder.is_some_and(|folder| folder.permissions().mode() & 0o077 != 0);
    if open || there.permissions().mode() & 0o077 != 0 {
        return problem(
            format!("Other users could reach {shown}."),
            "Run `torrpeddo stop`: the next start closes it.".into(),
        );
    }
    Some(finding("socket", Level::Ok, format!("Only you can reach {shown}.")))
}

#[cfg(not(unix))]
fn socket(_facts: &Facts<'_>) -> Option<Finding> {
    None
}

fn download_folder(facts: &Facts<'_>) -> Finding {
    const CHECK: &str = "download folder";
    let folder = match &facts.download_folder {
        Ok(folder) => *folder,
        Err(reason) => {
            return with_remedy(
                finding(CHECK, Level::Problem, reason.clone()),
                "Set one: torrpeddo settings download_folder /some/folder",
            );
        }
    };
    let shown = folder.display();
    // A missing one is made by the first download, if that can be.
    let Some(existing) = folder.ancestors().find(|ancestor| ancestor.exists()) else {
        return finding(CHECK, Level::Problem, format!("{shown} cannot be found."));
    };
    let elsewhere = "Choose another: torrpeddo settings download_folder /some/folder";
    if !existing.is_dir() {
        return with_remedy(
            finding(CHECK, Level::Problem, format!("{} is no folder.", existing.display())),
            elsewhere,
        );
    }
    if !is_writable(existing) {
        return with_remedy(
            finding(CHECK, Level::Problem, format!("{} is not writable.", existing.display())),
            elsewhere,
        );
    }
    match free_bytes(existing) {
        Some(free) if free < LITTLE_SPACE => with_remedy(
            finding(CHECK, Level::Warning, format!("{shown} has only {} MiB left.", free >> 20)),
            "Free some space, or choose another folder.",
        ),
        _ if existing != folder => {
            finding(CHECK, Level::Ok, format!("{shown} is made with the first download."))
        }
        Some(free) => finding(CHECK, Level::Ok, format!("{shown} has {} GiB left.", free >> 30)),
        None => finding(CHECK, Level::Ok, format!("{shown} is there.")),
    }
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use rustix::fs::{Access, access};
    path.is_file() && access(path, Access::EXEC_OK).is_ok()
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

#[cfg(unix)]
fn is_writable(folder: &Path) -> bool {
    use rustix::fs::{Access, access};
    access(folder, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

#[cfg(not(unix))]
fn is_writable(folder: &Path) -> bool {
    fs::metadata(folder).is_ok_and(|there| !there.permissions().readonly())
}

#[cfg(unix)]
fn free_bytes(folder: &Path) -> Option<u64> {
    let there = rustix::fs::statvfs(folder).ok()?;
    Some(there.f_bavail.saturating_mul(there.f_frsize))
}

#[cfg(not(unix))]
fn free_bytes(_folder: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
#[path = "doctor_tests.rs"]
mod tests;

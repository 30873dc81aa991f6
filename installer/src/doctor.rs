//! Looks whether everything is set up, and says what to do where it is not.

use std::path::Path;

use torrpeddo_protocol::model::{Finding, Level};
use torrpeddo_protocol::size;

use crate::environment::Environment;
use crate::install::Outcome;
use crate::{autostart, handler};

mod browsers;
mod fix;
#[cfg_attr(unix, path = "doctor/socket_unix.rs")]
mod socket;

pub use fix::Fix;

/// Less than this is soon full.
const LITTLE_SPACE: u64 = 1_000_000_000;

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
    /// The port for peers, where an engine runs.
    pub port: Option<Port>,
    /// What the desktop's portal was told about Snaps, where it could be asked; see
    /// [`sandbox::LIST_PERMISSIONS`](crate::sandbox::LIST_PERMISSIONS).
    pub permissions: Option<String>,
}

/// The port for peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port {
    /// The one of the settings.
    pub wanted: Option<u16>,
    /// The one that the engine has, once it has begun with torrents.
    pub actual: Option<u16>,
    /// Whether somebody answers there.
    pub answers: bool,
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

/// What was found, and what can be done about it without the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// What was found.
    pub finding: Finding,
    /// What puts it right.
    pub fix: Option<Fix>,
    /// A browser that was not set up is no problem where another one is.
    not_set_up: bool,
}

impl Diagnosis {
    fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.finding.remedy = Some(remedy.into());
        self
    }

    fn fix(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }

    fn not_set_up(mut self) -> Self {
        self.not_set_up = true;
        self
    }
}

impl From<Finding> for Diagnosis {
    fn from(finding: Finding) -> Self {
        Self { finding, fix: None, not_set_up: false }
    }
}

/// Looks at everything.
#[must_use]
pub fn diagnose(environment: &Environment, facts: &Facts<'_>) -> Vec<Diagnosis> {
    let mut found = vec![program(environment, facts)];
    found.extend(browsers::examine(environment, facts.permissions.as_deref()));
    found.extend(besides(environment).map(Diagnosis::from));
    found.push(engine(facts).into());
    found.extend(socket::examine(facts));
    found.push(download_folder(facts).into());
    found.extend(facts.port.map(|known| port(known).into()));
    found
}

/// Looks at everything, and says it.
#[must_use]
pub fn examine(environment: &Environment, facts: &Facts<'_>) -> Vec<Finding> {
    diagnose(environment, facts).into_iter().map(|diagnosis| diagnosis.finding).collect()
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

fn program(environment: &Environment, facts: &Facts<'_>) -> Diagnosis {
    let binary = environment.binary.display();
    if is_executable(&environment.binary) {
        let message = format!("Torrpeddo {} is {binary}.", facts.version);
        return finding("program", Level::Ok, message).into();
    }
    Diagnosis::from(finding("program", Level::Problem, format!("{binary} cannot be run.")))
        .remedy(format!("Make it executable (chmod +x {binary}), or install Torrpeddo again."))
        .fix(Fix::MakeExecutable(environment.binary.clone()))
}

/// What was asked for besides browsers; of anything else there is nothing to say.
fn besides(environment: &Environment) -> impl Iterator<Item = Finding> {
    // What would be done says whether something is to be done.
    let handler = handler::is_installed(environment).then(|| handler::install(environment, true));
    let autostart =
        autostart::is_installed(environment).then(|| autostart::install(environment, true));
    let asked = [("magnet links", "--handler", handler), ("session", "--autostart", autostart)];
    asked.into_iter().filter_map(|(check, option, action)| match action? {
        action if action.outcome == Outcome::Unchanged => {
            Some(finding(check, Level::Ok, action.message))
        }
        action => Some(with_remedy(
            finding(check, Level::Warning, format!("{} is not as it was.", action.file.display())),
            format!("Run `torrpeddo install {option}`."),
        )),
    })
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
            finding(CHECK, Level::Warning, format!("{shown} has only {} left.", size::bytes(free))),
            "Free some space, or choose another folder.",
        ),
        _ if existing != folder => {
            finding(CHECK, Level::Ok, format!("{shown} is made with the first download."))
        }
        Some(free) => finding(CHECK, Level::Ok, format!("{shown} has {} left.", size::bytes(free))),
        None => finding(CHECK, Level::Ok, format!("{shown} is there.")),
    }
}

fn port(port: Port) -> Finding {
    const CHECK: &str = "port";
    let Port { wanted, actual, answers } = port;
    let Some(actual) = actual else {
        let message = "The engine listens for peers as soon as a torrent runs.";
        return finding(CHECK, Level::Ok, message);
    };
    if !answers {
        return with_remedy(
            finding(CHECK, Level::Problem, format!("Nobody answers at port {actual}.")),
            "Run `torrpeddo stop`: the next start listens anew.",
        );
    }
    match wanted {
        Some(wanted) if wanted != actual => with_remedy(
            finding(
                CHECK,
                Level::Warning,
                format!("The engine listens at port {actual}: {wanted} was taken or changed."),
            ),
            format!("Free port {wanted} or set another, then run `torrpeddo stop`."),
        ),
        _ => finding(CHECK, Level::Ok, format!("The engine listens for peers at port {actual}.")),
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
    std::fs::metadata(folder).is_ok_and(|there| !there.permissions().readonly())
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

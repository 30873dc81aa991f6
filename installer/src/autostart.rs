//! Starting the engine with the user's session, for those who want that. Without it the browser
//! starts the engine when it is needed.

use std::path::{Path, PathBuf};

use crate::environment::{Environment, System};
use crate::install::{Action, Outcome};
use crate::made_folders;
use crate::own_file::{self, Found, MARK};

mod windows;

const UNIT: &str = "torrpeddo.service";
const WHAT: &str = "Starting with the session";
const WELL: &str = "The engine starts with your session.";
const GONE: &str = "The engine does not start with your session any more.";

/// Starts the engine with the session from now on.
#[must_use]
pub fn install(environment: &Environment, dry_run: bool) -> Action {
    let Some(path) = path(environment) else { return windows::install(environment, dry_run) };
    let binary = match own_file::program(environment, WHAT) {
        Ok(binary) => binary,
        Err(refused) => return refused,
    };
    let is_linux = environment.system == System::Linux;
    let text = if is_linux { unit(binary) } else { agent(binary) };
    let done = own_file::install(environment, &path, &text, dry_run, WELL);
    if dry_run || done.outcome == Outcome::Refused || !is_linux {
        return done;
    }
    match made_folders::noting(environment, &[&wanted(&path)], || enable(&path)) {
        Ok(()) => done,
        Err(error) => {
            // Half of it is of no use.
            let _ = uninstall(environment, false);
            own_file::unusable(&wanted(&path), &error)
        }
    }
}

/// Whether it was asked for.
pub(crate) fn is_installed(environment: &Environment) -> bool {
    match path(environment) {
        Some(path) => matches!(own_file::look_at(&path), Found::Ours(_)),
        None => windows::is_installed(environment),
    }
}

/// Leaves it to the browser again.
#[must_use]
pub fn uninstall(environment: &Environment, dry_run: bool) -> Action {
    let Some(path) = path(environment) else { return windows::uninstall(environment, dry_run) };
    let done = own_file::uninstall(&path, dry_run, GONE);
    let is_linux = environment.system == System::Linux;
    if is_linux && !dry_run && done.outcome == Outcome::Removed {
        // A link that leads nowhere harms nobody.
        let _ = std::fs::remove_file(wanted(&path));
    }
    if !dry_run {
        made_folders::tidy(environment);
    }
    done
}

/// The file that asks for it; Windows has none.
fn path(environment: &Environment) -> Option<PathBuf> {
    match environment.system {
        System::Linux => Some(environment.config.join("systemd/user").join(UNIT)),
        System::Macos => {
            Some(environment.home.join("Library/LaunchAgents/org.torrpeddo.engine.plist"))
        }
        System::Windows => None,
    }
}

/// The link by which the session wants the unit: what `systemctl --user enable` makes. That needs
/// a session that runs, and this does not.
fn wanted(unit: &Path) -> PathBuf {
    unit.with_file_name("default.target.wants").join(UNIT)
}

#[cfg(unix)]
fn enable(unit: &Path) -> std::io::Result<()> {
    let link = wanted(unit);
    if std::fs::read_link(&link).is_ok_and(|target| target == unit) {
        return Ok(());
    }
    if let Some(folder) = link.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::os::unix::fs::symlink(unit, link)
}

#[cfg(not(unix))]
fn enable(_unit: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// For systemd. There is no socket unit: whoever wants the engine starts it, and a second way would
/// be one too many.
fn unit(binary: &str) -> String {
    // Inside quotes, systemd reads these.
    let binary = binary.replace('\\', r"\\").replace('"', "\\\"");
    let binary = binary.replace('%', "%%").replace('$', "$$");
    format!(
        "# {MARK} --autostart.\n\
         [Unit]\n\
         Description=Torrpeddo's engine\n\
         \n\
         [Service]\n\
         ExecStart=\"{binary}\" engine\n\
         # One that was started otherwise is there already.\n\
         SuccessExitStatus=4\n\
         Restart=on-failure\n\
         TimeoutStopSec=35\n\
         \n\
         [Install]\n\
         WantedBy=default.target\n"
    )
}

/// For launchd.
fn agent(binary: &str) -> String {
    let binary = binary.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
         \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <!-- {MARK} (with autostart). -->\n\
         <plist version=\"1.0\">\n\
         <dict>\n\
         \t<key>Label</key><string>org.torrpeddo.engine</string>\n\
         \t<key>ProgramArguments</key>\n\
         \t<array><string>{binary}</string><string>engine</string></array>\n\
         \t<key>RunAtLoad</key><true/>\n\
         \t<key>ProcessType</key><string>Background</string>\n\
         </dict>\n\
         </plist>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Machine;

    #[test]
    fn it_is_wanted_and_is_not_any_more() {
        // What systemd is told is a link, which only some users of Windows may make.
        let systems =
            if cfg!(unix) { &[System::Linux, System::Macos] as &[_] } else { &[System::Macos] };
        for system in systems {
            let machine = Machine::of(*system);
            let kept = machine.environment.config.join("systemd/user/other.service");
            std::fs::create_dir_all(kept.parent().unwrap()).unwrap();
            std::fs::write(&kept, "").unwrap();
            std::fs::create_dir_all(machine.environment.home.join("Library/LaunchAgents")).unwrap();
            let before = machine.tree();
            let (environment, dry) = (&machine.environment, true);
            assert_eq!(install(environment, dry).outcome, Outcome::Written);
            assert_eq!(machine.tree(), before);
            assert_eq!(install(environment, false).outcome, Outcome::Written);
            assert_eq!(install(environment, false).outcome, Outcome::Unchanged);
            assert_eq!(uninstall(environment, false).outcome, Outcome::Removed);
            assert_eq!(machine.tree(), before);
            assert_eq!(uninstall(environment, false).outcome, Outcome::Skipped);
        }
    }

    #[test]
    fn a_unit_of_somebody_else_stays() {
        let machine = Machine::new(&[".config/systemd/user"]);
        let path = machine.environment.config.join("systemd/user/torrpeddo.service");
        std::fs::write(&path, "[Service]\nExecStart=/my/own\n").unwrap();
        let before = machine.tree();
        assert_eq!(install(&machine.environment, false).outcome, Outcome::Refused);
        assert_eq!(uninstall(&machine.environment, false).outcome, Outcome::Skipped);
        assert_eq!(machine.tree(), before);
    }

    #[test]
    fn what_systemd_would_misread_is_escaped() {
        assert!(unit(r#"/a %b/$c "d"\e"#).contains(r#"ExecStart="/a %%b/$$c \"d\"\\e" engine"#));
    }
}

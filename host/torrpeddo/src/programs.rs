//! Programs of the desktop that this one asks. They are started without our pipes, and what takes
//! too long is ended.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use torrpeddo_installer::sandbox;

/// How long one may take to answer.
pub const LIMIT: Duration = Duration::from_secs(5);

/// Whether the command ends well, and in time.
pub fn finishes_well(command: &mut Command) -> bool {
    run(command.stdout(Stdio::null()), LIMIT).is_some()
}

/// Whether the command runs, or has ended well. It may stay for as long as the user likes.
#[cfg(all(unix, not(target_os = "macos")))]
pub fn starts_well(command: &mut Command) -> bool {
    starts(command, LIMIT)
}

#[cfg(all(unix, not(target_os = "macos")))]
fn starts(command: &mut Command, limit: Duration) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else { return false };
    let ended = ended(&mut child, limit);
    if ended.is_none() {
        // Somebody has to hear of its end.
        std::thread::spawn(move || child.wait());
    }
    ended.is_none_or(|status| status.success())
}

/// What the command says, when it ends well and in time. Not for long answers: what does not fit
/// the pipe keeps it from ending.
fn output(command: &mut Command) -> Option<String> {
    let mut child = run(command.stdout(Stdio::piped()), LIMIT)?;
    let mut said = String::new();
    child.stdout.take()?.read_to_string(&mut said).ok()?;
    Some(said)
}

/// The child, once it has ended well.
fn run(command: &mut Command, limit: Duration) -> Option<Child> {
    let mut child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
    if let Some(status) = ended(&mut child, limit) {
        return status.success().then_some(child);
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

/// How the child ended, if it did in time.
fn ended(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().ok()? {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    None
}

/// The variables of the user's session, one a line, where systemd keeps them.
#[cfg(all(unix, not(target_os = "macos")))]
pub fn session_variables() -> Option<String> {
    output(Command::new("systemctl").args(["--user", "show-environment"]))
}

/// The name of the desktop entry of the user's browser.
pub fn default_browser() -> Option<String> {
    let said = output(Command::new("xdg-settings").args(["get", "default-web-browser"]))?;
    Some(said.trim().to_owned()).filter(|name| !name.is_empty())
}

/// Runs `flatpak`.
pub fn flatpak(arguments: &[String]) -> bool {
    finishes_well(Command::new("flatpak").args(arguments))
}

/// What the desktop's portal was told about Snaps, where there are any.
pub fn portal_permissions(home: &Path) -> Option<String> {
    if !home.join("snap").is_dir() {
        return None;
    }
    output(Command::new("flatpak").args(sandbox::LIST_PERMISSIONS))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_hangs_is_ended() {
        let began = Instant::now();
        assert!(run(Command::new("sleep").arg("60"), Duration::from_millis(50)).is_none());
        assert!(finishes_well(&mut Command::new("true")));
        assert!(!finishes_well(&mut Command::new("false")));
        assert!(!finishes_well(&mut Command::new("/no/such/program")));
        assert_eq!(output(Command::new("echo").arg("yes")).unwrap(), "yes\n");
        #[cfg(not(target_os = "macos"))]
        {
            let moment = Duration::from_millis(50);
            assert!(starts(Command::new("sleep").arg("1"), moment));
            assert!(starts_well(&mut Command::new("true")));
            assert!(!starts_well(&mut Command::new("false")));
        }
        assert!(began.elapsed() < Duration::from_secs(30));
    }
}

//! Running programs.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Result;

/// The root of the repository.
pub fn repository() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_path_buf()
}

/// Where tools are installed that no package of the system provides.
pub fn tools() -> PathBuf {
    repository().join("target/tools")
}

/// A command in the root of the repository that reads nothing: a task must not wait for somebody
/// at a keyboard.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(repository()).stdin(Stdio::null());
    command
}

/// The cargo that started us, so that a chosen toolchain stays chosen.
pub fn cargo() -> Command {
    command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// npm in the folder of the extension.
pub fn npm() -> Command {
    let mut npm = command("npm");
    npm.current_dir(repository().join("extension"));
    // Neither asks nor tells anybody anything.
    npm.env("CI", "1").env("WXT_TELEMETRY", "0").env("npm_config_fund", "false");
    npm.env("npm_config_update_notifier", "false");
    npm
}

/// Runs a command to its end, with its output where ours goes.
pub fn run(command: &mut Command) -> Result {
    let shown = show(command);
    let status = command.status().map_err(|error| format!("`{shown}` did not start: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{shown}` failed: {status}")) }
}

/// Runs a command to its end and returns what it said, on both streams.
pub fn output(command: &mut Command) -> Result<(bool, String)> {
    let shown = show(command);
    let output = command.output().map_err(|error| format!("`{shown}` did not start: {error}"))?;
    let text = [output.stdout, output.stderr].concat();
    Ok((output.status.success(), String::from_utf8_lossy(&text).into_owned()))
}

/// Runs a command to its end and reads the JSON that it writes.
pub fn json(command: &mut Command) -> Result<serde_json::Value> {
    let shown = show(command);
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("`{shown}` did not start: {error}"))?;
    if !output.status.success() {
        return Err(format!("`{shown}` failed: {}", output.status));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("`{shown}`: {error}"))
}

/// Whether a command runs and succeeds; what it says is of no interest.
pub fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
}

/// Where a program is, as the shell would find it.
pub fn find(program: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// A command as one would type it.
pub fn show(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| {
            let word = word.to_string_lossy();
            if word.contains([' ', '"', '$']) { format!("'{word}'") } else { word.into_owned() }
        })
        .collect::<Vec<_>>()
        .join(" ")
}

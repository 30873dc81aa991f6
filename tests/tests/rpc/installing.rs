//! Telling browsers from homes that are not as they should be: a sentence, and nothing half-written.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use torrpeddo_tests::mount::Disk;
use torrpeddo_tests::{Sandbox, paths};

const MANIFEST: &str = ".mozilla/native-messaging-hosts/org.torrpeddo.host.json";

/// A command of the binary for a user whose home is at `home`.
fn command(sandbox: &Sandbox, home: &Path, arguments: &[&str]) -> Command {
    let mut command = sandbox.command(arguments);
    command.env("HOME", home);
    for name in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"] {
        command.env_remove(name);
    }
    command
}

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// Every path below a folder.
fn tree(folder: &Path) -> BTreeSet<PathBuf> {
    let mut paths = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            paths.extend(tree(&path));
        }
        paths.insert(path);
    }
    paths
}

/// Everything that `install` can write is refused in one sentence each, and nothing is left of it.
fn is_refused(sandbox: &Sandbox, home: &Path, reason: &str) {
    let before = tree(home);
    let arguments = ["--json", "install", "--handler", "--autostart"];
    let output = command(sandbox, home, &arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let report = report(&output);
    let actions = report["actions"].as_array().unwrap();
    assert_eq!(actions.len(), 3, "{report}");
    for action in actions {
        assert_eq!(action["outcome"], "refused", "{report}");
        assert!(action["message"].as_str().unwrap().contains(reason), "{report}");
        assert!(action["remedy"].is_string(), "{report}");
    }
    assert_eq!(tree(home), before);
}

#[test]
fn a_home_that_is_read_only() {
    let sandbox = Sandbox::new();
    let (home, view) = (sandbox.root().join("written"), sandbox.root().join("view"));
    std::fs::create_dir_all(home.join(".mozilla")).unwrap();
    let Some(view) = Disk::read_only_view(&home, &view) else { return };
    is_refused(&sandbox, view.path(), "Read-only file system");
}

#[test]
fn a_home_that_is_full() {
    let sandbox = Sandbox::new();
    let Some(home) = Disk::mount(&sandbox.root().join("small"), 256 << 10) else { return };
    let folders = [".mozilla/native-messaging-hosts", ".local/share/applications", ".config"];
    for folder in folders {
        std::fs::create_dir_all(home.path().join(folder)).unwrap();
    }
    std::fs::create_dir_all(home.path().join(".config/systemd/user")).unwrap();
    let filled = std::fs::write(home.path().join("filling"), vec![0; 1 << 20]);
    assert!(filled.is_err(), "it is full");
    is_refused(&sandbox, home.path(), "No space left on device");

    // What was there before stays as it was.
    std::fs::remove_file(home.path().join("filling")).unwrap();
    let install = |arguments: &[&str]| command(&sandbox, home.path(), arguments).output().unwrap();
    assert!(install(&["install"]).status.success());
    let told = std::fs::read(home.path().join(MANIFEST)).unwrap();
    let _ = std::fs::write(home.path().join("filling"), vec![0; 1 << 20]);
    let other = sandbox.root().join("other/torrpeddo");
    std::fs::create_dir_all(other.parent().unwrap()).unwrap();
    paths::place_binary(&other);
    let mut command = command(&sandbox, home.path(), &["install"]);
    let mut again = Command::new(&other);
    again.args(command.get_args());
    for (name, value) in command.get_envs().filter_map(|(name, value)| Some((name, value?))) {
        again.env(name, value);
    }
    for name in ["XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
        again.env_remove(name);
    }
    assert_eq!(again.output().unwrap().status.code(), Some(1));
    assert_eq!(std::fs::read(home.path().join(MANIFEST)).unwrap(), told);
    assert!(command.output().unwrap().status.success(), "and the old one is in order");
}

#[test]
fn a_user_without_a_home() {
    let sandbox = Sandbox::new();
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root can be a user whom nobody knows");
        return;
    }
    // Where that user can get at it.
    std::fs::set_permissions(sandbox.root(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let program = sandbox.root().join("torrpeddo");
    paths::place_binary(&program);
    for arguments in [["install"], ["uninstall"], ["doctor"]] {
        let mut command = Command::new(&program);
        command.args(arguments).env_clear().uid(54_321).gid(54_321);
        let output = command.output().unwrap();
        let said = [output.stdout.as_slice(), &output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert!(said.contains("This user has no home folder."), "{arguments:?}: {said}");
        assert!(said.contains("hint: Set HOME"), "{arguments:?}: {said}");
        assert!([1, 3].contains(&output.status.code().unwrap()), "{output:?}");
    }
}

//! The machine's own folders, to be written to without the machine noticing.

use std::process::Command;

/// Set where the folders are only seen by us.
const INSIDE: &str = "TORRPEDDO_TEST_MACHINE";

/// Lays an empty disk over the folders that belong to the machine, and goes on there.
const MAKE: &str = r#"set -e
mount --make-rprivate /
mount -t tmpfs torrpeddo-test "$1"
for folder in etc usr opt; do
    mkdir "$1/$folder" "$1/$folder.work"
    mount -t overlay -o "lowerdir=/$folder,upperdir=$1/$folder,workdir=$1/$folder.work" \
        torrpeddo-test "/$folder"
done
echo made >&2
shift
exec "$@""#;

/// Runs `work` where nothing that it writes below `/etc`, `/usr` and `/opt` is seen by anybody else.
/// That takes a mount namespace, so the test program is started once more in one, for the test of
/// this name alone. Where this user may not make one, that is said, and nothing is done.
///
/// # Panics
/// When `work` does, in there.
pub fn on_a_machine_of_its_own(test: &str, work: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        work();
        return;
    }
    let disk = tempfile::tempdir().expect("a folder");
    let program = std::env::current_exe().expect("this program");
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", MAKE, "sh"])
        .arg(disk.path())
        .arg(program)
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .expect("unshare, of util-linux");
    let said = String::from_utf8_lossy(&output.stderr);
    if !said.starts_with("made\n") {
        eprintln!("skipped, because there can be no machine of its own: {}", said.trim());
        return;
    }
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{said}");
    assert!(told.contains("1 passed"), "there is no test {test}: {told}");
}

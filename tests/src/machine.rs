//! The machine's own folders, to be written to without the machine noticing.

use std::process::Command;

use crate::paths;

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

/// Makes a Debian of one's own out of one that nobody has written to, and goes on in there, where the
/// folders that follow are what they are outside. A copy of the given geckodriver, which no package of
/// Debian has, is at [`GECKODRIVER_INSIDE`].
const MAKE_DEBIAN: &str = r#"set -e
debian=$1 disk=$2 geckodriver=$3
shift 3
mount --make-rprivate /
mount -t tmpfs torrpeddo-test "$disk"
mkdir "$disk/new" "$disk/work" "$disk/root"
mount -t overlay -o "lowerdir=$debian,upperdir=$disk/new,workdir=$disk/work" \
    torrpeddo-test "$disk/root"
cp "$geckodriver" "$disk/root/usr/local/bin/geckodriver"
mount -t proc proc "$disk/root/proc"
mount --rbind /dev "$disk/root/dev"
while [ "$1" != -- ]; do
    mkdir -p "$disk/root$1"
    mount --rbind "$1" "$disk/root$1"
    shift
done
shift
echo made >&2
exec chroot "$disk/root" "$@""#;

/// Where geckodriver is in the Debian of [`on_a_fresh_debian`].
const GECKODRIVER_INSIDE: &str = "/usr/local/bin/geckodriver";

/// Runs `work` where nothing that it writes below `/etc`, `/usr` and `/opt` is seen by anybody else.
/// Where this user may not make such a machine, that is said, and nothing is done.
///
/// # Panics
/// When `work` does, in there.
pub fn on_a_machine_of_its_own(test: &str, work: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        work();
        return;
    }
    let disk = tempfile::tempdir().expect("a folder");
    again_in(
        Command::new("unshare").args(["--mount", "sh", "-c", MAKE, "sh"]).arg(disk.path()),
        test,
    );
}

/// Runs `work` as root on a Debian with browsers on which nothing was ever installed besides. It is
/// the one in `TORRPEDDO_TEST_DEBIAN`, which stays as it is. The program under test is the one that
/// `work` installs; this repository is where it is outside.
///
/// # Panics
/// When `work` does, in there, or when there can be no such machine.
pub fn on_a_fresh_debian(test: &str, work: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        work();
        return;
    }
    let debian = std::env::var_os("TORRPEDDO_TEST_DEBIAN").expect("`cargo xtask` says where it is");
    let disk = tempfile::tempdir().expect("a folder");
    let mut make = Command::new("unshare");
    make.args(["--mount", "sh", "-c", MAKE_DEBIAN, "sh"]).arg(debian).arg(disk.path());
    make.arg(paths::geckodriver());
    make.arg(paths::repository()).arg(paths::target()).arg("--");
    // Its own programs and folders, none of this machine's.
    make.env_remove("TMPDIR");
    make.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    make.env("TORRPEDDO_BIN", "/usr/bin/torrpeddo");
    make.env("TORRPEDDO_TEST_GECKODRIVER", GECKODRIVER_INSIDE);
    // Its Python is the one of Debian 12 everywhere, but its libtorrent is too old for the tests.
    make.env("TORRPEDDO_TEST_PYTHON", "/usr/bin/python3");
    make.env(
        "PYTHONPATH",
        paths::repository().join("target/tools/venv/lib/python3.11/site-packages"),
    );
    assert!(again_in(&mut make, test), "`cargo xtask test --packages` is for root");
}

/// Starts this test program once more, for the test of this name alone, by a command that makes a
/// machine for it: a mount namespace takes a process of its own. `false` where there can be none.
fn again_in(make: &mut Command, test: &str) -> bool {
    let program = std::env::current_exe().expect("this program");
    let output = make
        .arg(program)
        .args(["--exact", test, "--nocapture", "--include-ignored"])
        .env(INSIDE, "1")
        .output()
        .expect("unshare, of util-linux");
    let said = String::from_utf8_lossy(&output.stderr);
    if !said.starts_with("made\n") {
        eprintln!("skipped, because there can be no machine of its own: {}", said.trim());
        return false;
    }
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{said}");
    assert!(told.contains("1 passed"), "there is no test {test}: {told}");
    true
}

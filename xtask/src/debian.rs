//! A fresh Debian 12 for the tests of its package: `cargo xtask test --packages`.

use std::path::PathBuf;

use crate::Result;
use crate::build::target;
use crate::command::{command, run};
use crate::setup;

/// Debian 12 as it is installed today, in a folder, with browsers, their drivers and the peer of the
/// tests. In a mount namespace of its own, so that nothing stays mounted.
const MAKE: &str = r#"set -e
debootstrap --variant=minbase bookworm "$0" http://deb.debian.org/debian
cat > "$0/etc/apt/sources.list" <<END
deb http://deb.debian.org/debian bookworm main
deb http://deb.debian.org/debian bookworm-updates main
deb http://deb.debian.org/debian-security bookworm-security main
END
# An installer writes it, debootstrap does not.
echo 127.0.0.1 localhost > "$0/etc/hosts"
mount --make-rprivate /
mount -t proc proc "$0/proc"
mount --rbind /dev "$0/dev"
chroot "$0" apt-get -q update
chroot "$0" apt-get -q -y install --no-install-recommends \
    ca-certificates chromium chromium-driver firefox-esr fonts-dejavu-core python3
chroot "$0" apt-get clean
"#;

/// Makes it, and returns its folder. Whoever uses it leaves it as it is.
pub fn fresh() -> Result<PathBuf> {
    let folder = target().join("debian");
    if folder.exists() {
        return Ok(folder);
    }
    let there = std::path::Path::new("/usr/sbin/debootstrap").exists();
    setup::packages(&[("debootstrap", there)])?;
    println!("installing a Debian into {}", folder.display());
    let new = target().join("debian.new");
    if new.exists() {
        std::fs::remove_dir_all(&new).map_err(|error| format!("{}: {error}", new.display()))?;
    }
    run(command("unshare")
        .args(["--mount", "sh", "-c", MAKE])
        .arg(&new)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .stdout(std::process::Stdio::null()))?;
    std::fs::rename(&new, &folder).map_err(|error| error.to_string())?;
    Ok(folder)
}

//! What has to be there first. Everything that can be installed without asking is installed: system
//! packages as root or through sudo, the rest below `target/tools`.

use std::path::PathBuf;
use std::sync::OnceLock;

use crate::Result;
use crate::command::{cargo, command, find, npm, output, repository, run, succeeds, tools};

/// A browser that can be driven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Browser {
    /// Chromium
    Chromium,
    /// Google Chrome, with a chromedriver of its version
    Chrome,
    /// Firefox
    Firefox,
}

impl Browser {
    /// Its name for the programs that drive it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Chrome => "chrome",
            Self::Firefox => "firefox",
        }
    }

    /// Its program, where it is installed.
    pub fn find(self) -> Option<PathBuf> {
        let names: &[&str] = match self {
            Self::Chromium => &["chromium", "chromium-browser"],
            Self::Chrome => &["google-chrome", "google-chrome-stable", "chrome"],
            Self::Firefox => &["firefox-esr", "firefox"],
        };
        names.iter().find_map(|name| find(name))
    }

    /// Installs it and the program that drives it, where they are missing.
    pub fn provide(self) -> Result {
        match self {
            Self::Chromium => packages(&[
                ("chromium", self.find().is_some()),
                ("chromium-driver", find("chromedriver").is_some()),
                ("fonts-dejavu-core", has_fonts()),
            ]),
            Self::Chrome => {
                if self.find().is_none() || find("chromedriver").is_none() {
                    return Err(
                        "Chrome needs google-chrome and a chromedriver of the same version \
                                on the PATH. Install them, or use `--browser chromium`."
                            .into(),
                    );
                }
                Ok(())
            }
            Self::Firefox => {
                packages(&[
                    ("firefox-esr", self.find().is_some()),
                    // Firefox loads it to reach the notification service of a desktop.
                    ("libnotify4", has_library("libnotify.so.4")),
                    ("fonts-dejavu-core", has_fonts()),
                ])?;
                geckodriver()
            }
        }
    }
}

/// Pages without a single font are empty on screenshots.
fn has_fonts() -> bool {
    ["/usr/share/fonts/truetype", "/usr/share/fonts/opentype", "/usr/share/fonts/TTF"]
        .iter()
        .any(|folder| std::path::Path::new(folder).is_dir())
        || find("apt-get").is_none()
}

/// Whether a shared library is in one of the folders that Debian and its relatives have them in, or may
/// be anywhere, on a system without apt.
fn has_library(name: &str) -> bool {
    let folders = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    folders.map(|folder| folder.path().join(name)).any(|path| path.exists())
        || find("apt-get").is_none()
}

/// Installs packages of Debian and its relatives: those whose second member is false, after apt's
/// package lists were fetched.
///
/// # Errors
/// If apt fails, or if there is no apt or no root to install them with; the text names the command.
pub fn packages(wanted: &[(&str, bool)]) -> Result {
    let missing: Vec<&str> =
        wanted.iter().filter(|(_, there)| !there).map(|(name, _)| *name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    let by_hand = format!(
        "Missing: {list}. Install it with this command, then run the task again:\n    \
         sudo apt-get update && sudo apt-get install --no-install-recommends {list}"
    );
    if find("apt-get").is_none() {
        return Err(format!("Missing: {list}. Install it with your system's package manager."));
    }
    if !is_root() && !succeeds(command("sudo").args(["-n", "true"])) {
        return Err(by_hand);
    }
    println!("installing {list}");
    let install = [&["install", "--no-install-recommends"], missing.as_slice()].concat();
    refresh_packages()?;
    run(apt(&install).stdout(std::process::Stdio::null()))
        .map_err(|error| format!("{error}\n{by_hand}"))
}

/// Fetches apt's package lists, once per run: outdated lists install outdated browsers, or fail
/// because the listed versions have left the archive.
///
/// # Errors
/// If `apt-get update` fails.
pub fn refresh_packages() -> Result {
    static FETCHED: OnceLock<Result> = OnceLock::new();
    FETCHED.get_or_init(|| run(apt(&["update"]).stdout(std::process::Stdio::null()))).clone()
}

fn is_root() -> bool {
    output(command("id").arg("-u")).is_ok_and(|(_, id)| id.trim() == "0")
}

/// apt-get as root, which asks nothing.
fn apt(arguments: &[&str]) -> std::process::Command {
    let root = is_root();
    let mut apt = command(if root { "env" } else { "sudo" });
    if !root {
        apt.args(["-n", "env"]);
    }
    apt.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"]).args(arguments);
    apt
}

/// A Python with libtorrent: the seeder of the tests and the demo. Returns its path.
pub fn libtorrent() -> Result<PathBuf> {
    let requirements = repository().join("tests/seeder/requirements.txt");
    let wanted = std::fs::read_to_string(&requirements).map_err(|error| error.to_string())?;
    python("venv", &wanted, "libtorrent")
}

/// A Python below `target/tools` with the packages that are `wanted`, as pip's lists have them, of
/// which `module` is one. Returns its path.
pub fn python(name: &str, wanted: &str, module: &str) -> Result<PathBuf> {
    let folder = tools().join(name);
    let python = folder.join("bin/python");
    let stamp = folder.join("installed.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted)
        && succeeds(command(&python).args(["-c", &format!("import {module}")]))
    {
        return Ok(python);
    }
    println!("installing {module} for Python into {}", folder.display());
    let make = |program: &str| {
        let _ = std::fs::remove_dir_all(&folder);
        succeeds(command(program).args(["-m", "venv"]).arg(&folder))
    };
    // Debian's python3 comes without venv; another python3 on the PATH may have it.
    if !make("python3") {
        packages(&[("python3", find("python3").is_some()), ("python3-venv", false)])?;
        if !make("/usr/bin/python3") {
            return Err("`python3 -m venv` does not work, even with python3-venv.".into());
        }
    }
    let list = folder.join("wanted.txt");
    std::fs::write(&list, wanted).map_err(|error| error.to_string())?;
    run(command(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
        .arg(&list))?;
    std::fs::rename(&list, &stamp).map_err(|error| error.to_string())?;
    Ok(python)
}

/// The second client of the tests.
pub fn transmission() -> Result {
    packages(&[("transmission-cli", find("transmission-cli").is_some())])
}

/// What tests make networks of their own with.
pub fn network() -> Result {
    // Only root has it on the PATH.
    let there = find("ip").is_some() || std::path::Path::new("/usr/sbin/ip").exists();
    packages(&[("iproute2", there)])
}

/// What the tests' desktop is made of.
pub fn message_bus() -> Result {
    packages(&[("dbus-daemon", find("dbus-daemon").is_some())])
}

/// Firefox's driver, from crates.io: no package of Debian has it.
fn geckodriver() -> Result {
    if find("geckodriver").is_some() {
        return Ok(());
    }
    cargo_install("geckodriver", "0.37.1")
}

/// A program of crates.io below `target/tools`. Built without optimisation: it is used for
/// seconds, and building it is what takes time.
pub fn cargo_install(name: &str, version: &str) -> Result {
    let program = tools().join("bin").join(name);
    // Not every one knows `--version`.
    if succeeds(command(&program).arg("--help")) {
        return Ok(());
    }
    println!("installing {name} into {}", tools().display());
    run(cargo()
        .args(["install", "--quiet", "--locked", "--debug", name, "--version", version, "--root"])
        .arg(tools())
        .arg("--target-dir")
        .arg(tools().join("build"))
        .env("CARGO_PROFILE_DEV_DEBUG", "false"))?;
    // The objects are as large as all our own.
    let _ = std::fs::remove_dir_all(tools().join("build"));
    Ok(())
}

/// The extension's packages, exactly those of the lock file.
pub fn node_modules() -> Result {
    let extension = repository().join("extension");
    let lock = std::fs::read(extension.join("package-lock.json"))
        .map_err(|error| format!("extension/package-lock.json: {error}"))?;
    let stamp = extension.join("node_modules/.installed-lock");
    if std::fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    if find("npm").is_none() {
        return Err("npm is missing. Install Node.js 20.19 or later.".into());
    }
    run(npm().args(["ci", "--no-audit", "--loglevel", "error"]))?;
    std::fs::write(&stamp, lock).map_err(|error| error.to_string())
}

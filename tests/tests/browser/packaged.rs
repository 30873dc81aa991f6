//! What people install, and nothing else: it is installed, a magnet link is clicked, and it is removed.
//! The rest is the extension's.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use torrpeddo_tests::browser::Kind;
use torrpeddo_tests::machine::{on_a_fresh_debian, on_a_machine_of_its_own};
use torrpeddo_tests::paths;

use crate::installed::{WITHOUT_HOST, a_magnet_downloads, as_a_user_has_it, doctor, is_missing};
use crate::support::run_with;

/// What a system of packages writes to.
const SYSTEM: [&str; 3] = ["/etc", "/usr", "/opt"];

#[test]
#[ignore = "needs a fresh Debian and the package: `cargo xtask test --packages`"]
fn deb_in_chromium() {
    with_the_deb(Kind::Chromium, "packaged::deb_in_chromium");
}

#[test]
#[ignore = "needs a fresh Debian and the package: `cargo xtask test --packages`"]
fn deb_in_firefox() {
    with_the_deb(Kind::Firefox, "packaged::deb_in_firefox");
}

fn with_the_deb(kind: Kind, test: &str) {
    on_a_fresh_debian(test, || {
        let folders =
            [SYSTEM.as_slice(), &["/srv", "/root", "/home", "/var/lib/dpkg/info"]].concat();
        let before = files(&folders);
        apt(&["install", &package()]);
        works_until_removed(kind, "deb", || apt(&["remove", "torrpeddo"]));
        nothing_is_left(&before, &folders);
    });
}

#[test]
#[ignore = "needs the package: `cargo xtask test --packages`"]
fn rpm_in_chromium() {
    with_the_rpm(Kind::Chromium, "packaged::rpm_in_chromium");
}

#[test]
#[ignore = "needs the package: `cargo xtask test --packages`"]
fn rpm_in_firefox() {
    with_the_rpm(Kind::Firefox, "packaged::rpm_in_firefox");
}

/// By rpm, on a Debian: of what the package needs it knows nothing.
fn with_the_rpm(kind: Kind, test: &str) {
    on_a_machine_of_its_own(test, || {
        let database = tempfile::tempdir().expect("a folder");
        let rpm = |action: &[&str]| {
            let mut rpm = Command::new("rpm");
            done(rpm.arg("--dbpath").arg(database.path()).arg("--nodeps").args(action));
        };
        // Systems of this kind have it.
        std::fs::create_dir_all("/usr/share/licenses").expect("a folder");
        let before = files(&SYSTEM);
        rpm(&["--install", &package()]);
        works_until_removed(kind, "rpm", || rpm(&["--erase", "torrpeddo"]));
        nothing_is_left(&before, &SYSTEM);
    });
}

/// The package of this name told the browser, all is well, and a magnet link downloads.
fn works_until_removed(kind: Kind, name: &str, remove: impl FnOnce()) {
    run_with(
        kind,
        "packaged",
        WITHOUT_HOST,
        |sandbox, _| {
            let findings = doctor(sandbox);
            assert!(findings.iter().all(|finding| finding["level"] == "ok"), "{findings:#?}");
            let knows = |finding: &&serde_json::Value| finding["check"] == kind.name();
            let message = findings.iter().find(knows).unwrap()["message"].as_str().unwrap();
            assert!(message.ends_with(&format!("of the {name} package.")), "{message}");
        },
        async |case| {
            a_magnet_downloads(case).await?;
            // Nothing but the package told the browser; Chromium makes the folder itself.
            let own = std::fs::read_dir(kind.manifest_folder(&case.sandbox));
            assert_eq!(own.into_iter().flatten().count(), 0);
            remove();
            is_missing(case).await
        },
    );
}

#[test]
#[ignore = "needs the archive: `cargo xtask test --packages`"]
fn portable_in_chromium() {
    let kind = Kind::Chromium;
    run_with(
        kind,
        "portable",
        WITHOUT_HOST,
        |sandbox, _| {
            as_a_user_has_it(kind, sandbox, ".config/chromium");
            done(Command::new("tar").arg("-xzf").arg(package()).arg("-C").arg(sandbox.root()));
            let folders = std::fs::read_dir(sandbox.root()).unwrap().flatten();
            let mut installs = folders.map(|folder| folder.path().join("install"));
            let install = installs.find(|install| install.exists()).expect("an installer in it");
            done(sandbox.dress(&mut Command::new(&install)));
            // The program runs from where it was put.
            std::fs::remove_dir_all(install.parent().unwrap()).unwrap();
        },
        async |case| {
            a_magnet_downloads(case).await?;
            let program = case.sandbox.user().join(".local/bin/torrpeddo");
            done(case.sandbox.dress(Command::new(program).arg("uninstall")));
            is_missing(case).await
        },
    );
}

/// The file under test.
fn package() -> String {
    std::env::var("TORRPEDDO_TEST_PACKAGE").expect("`cargo xtask` says where it is")
}

fn apt(arguments: &[&str]) {
    done(
        Command::new("apt-get").arg("-y").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"),
    );
}

fn done(command: &mut Command) {
    let output = command.output().expect("a program that starts");
    assert!(output.status.success(), "{command:?}: {output:?}");
}

fn nothing_is_left(before: &BTreeSet<PathBuf>, folders: &[&str]) {
    let left: Vec<_> = files(folders).difference(before).cloned().collect();
    assert!(left.is_empty(), "{left:#?}");
}

/// Everything in folders of this machine, but this repository.
fn files(folders: &[&str]) -> BTreeSet<PathBuf> {
    fn walk(folder: &Path, files: &mut BTreeSet<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder of this machine").flatten() {
            let path = entry.path();
            if path == paths::repository() {
                continue;
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                walk(&path, files);
            }
            files.insert(path);
        }
    }
    let mut files = BTreeSet::new();
    for folder in folders {
        walk(Path::new(folder), &mut files);
    }
    files
}

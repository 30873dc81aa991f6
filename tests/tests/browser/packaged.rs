//! The Debian package on a fresh Debian 12: installed, a magnet link clicked, removed. The rest is the
//! extension's.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use torrpeddo_tests::browser::Kind;
use torrpeddo_tests::machine::on_a_fresh_debian;
use torrpeddo_tests::paths;

use crate::installed::{WITHOUT_HOST, a_magnet_downloads, doctor, is_missing};
use crate::support::run_with;

#[test]
#[ignore = "needs a fresh Debian and the package: `cargo xtask test --packages`"]
fn chromium_with_the_deb() {
    with_the_deb(Kind::Chromium, "packaged::chromium_with_the_deb");
}

#[test]
#[ignore = "needs a fresh Debian and the package: `cargo xtask test --packages`"]
fn firefox_with_the_deb() {
    with_the_deb(Kind::Firefox, "packaged::firefox_with_the_deb");
}

fn with_the_deb(kind: Kind, test: &str) {
    on_a_fresh_debian(test, || {
        let before = files();
        let package = std::env::var("TORRPEDDO_TEST_DEB").expect("`cargo xtask` says where it is");
        apt(&["install", &package]);
        run_with(
            kind,
            "packaged",
            WITHOUT_HOST,
            |sandbox, _| {
                let findings = doctor(sandbox);
                assert!(findings.iter().all(|finding| finding["level"] == "ok"), "{findings:#?}");
                let knows = |finding: &&serde_json::Value| finding["check"] == kind.name();
                let message = findings.iter().find(knows).unwrap()["message"].as_str().unwrap();
                assert!(message.ends_with("of the deb package."), "{message}");
            },
            async |case| {
                a_magnet_downloads(case).await?;
                // Nothing but the package told the browser; Chromium makes the folder itself.
                let own = std::fs::read_dir(kind.manifest_folder(&case.sandbox));
                assert_eq!(own.into_iter().flatten().count(), 0);
                apt(&["remove", "torrpeddo"]);
                is_missing(case).await
            },
        );
        let left: Vec<_> = files().difference(&before).cloned().collect();
        assert!(left.is_empty(), "{left:#?}");
    });
}

fn apt(arguments: &[&str]) {
    let mut apt = Command::new("apt-get");
    apt.arg("-y").args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    let output = apt.output().expect("apt-get");
    assert!(output.status.success(), "{apt:?}: {output:?}");
}

/// Everything on this machine but what programs keep of their doings, and this repository. What dpkg
/// knows of the files of packages is part of it.
fn files() -> BTreeSet<PathBuf> {
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
    for folder in ["/etc", "/usr", "/opt", "/srv", "/root", "/home", "/var/lib/dpkg/info"] {
        walk(Path::new(folder), &mut files);
    }
    files
}

//! The way of everybody: install, look, click, uninstall; for one user and for the whole machine.

use std::path::PathBuf;

use serde_json::{Value, json};
use torrpeddo_tests::Sandbox;
use torrpeddo_tests::browser::{Done, Kind, Options};
use torrpeddo_tests::machine::on_a_machine_of_its_own;

use crate::support::{Case, link, run_with, small_seeder};

pub const WITHOUT_HOST: Options =
    Options { headless: true, host: false, mirrored: false, desktop: false };

#[test]
fn chromium_for_the_user() {
    for_the_user(Kind::Chromium, ".config/chromium");
}

#[test]
fn firefox_for_the_user() {
    for_the_user(Kind::Firefox, ".mozilla");
}

/// `folder` shows that the browser is there.
fn for_the_user(kind: Kind, folder: &str) {
    run_with(
        kind,
        "installed-for-the-user",
        WITHOUT_HOST,
        |sandbox, _| {
            as_a_user_has_it(kind, sandbox, folder);
            install(kind, sandbox, &[]);
        },
        async |case| {
            a_magnet_downloads(case).await?;
            uninstall(kind, &case.sandbox, &[]);
            is_missing(case).await
        },
    );
}

/// Makes the profile of the test the one that a user has.
pub fn as_a_user_has_it(kind: Kind, sandbox: &Sandbox, folder: &str) {
    let folder = sandbox.user().join(folder);
    std::fs::create_dir_all(&folder).unwrap();
    if kind != Kind::Firefox {
        std::os::unix::fs::symlink(&folder, kind.profile(sandbox)).unwrap();
    }
}

#[test]
fn chromium_for_the_machine() {
    for_the_machine(Kind::Chromium, "installed::chromium_for_the_machine");
}

#[test]
fn firefox_for_the_machine() {
    for_the_machine(Kind::Firefox, "installed::firefox_for_the_machine");
}

fn for_the_machine(kind: Kind, test: &str) {
    on_a_machine_of_its_own(test, || {
        run_with(
            kind,
            "installed-for-the-machine",
            WITHOUT_HOST,
            |sandbox, _| install(kind, sandbox, &["--system"]),
            async |case| {
                a_magnet_downloads(case).await?;
                uninstall(kind, &case.sandbox, &["--system"]);
                is_missing(case).await
            },
        );
    });
}

/// Installs for the browsers that are there, and lets the doctor see that all is well.
fn install(kind: Kind, sandbox: &Sandbox, arguments: &[&str]) {
    let report = json(sandbox, &[&["install"], arguments].concat());
    let action = of(kind, &report).unwrap_or_else(|| panic!("{report}"));
    assert_eq!(action["outcome"], "written", "{report}");
    let findings = doctor(sandbox);
    let finding = findings.iter().find(|finding| finding["check"] == kind.name());
    assert_eq!(finding.unwrap_or_else(|| panic!("{findings:?}"))["level"], "ok", "{findings:?}");
}

/// What the doctor finds; no problem is among it.
pub fn doctor(sandbox: &Sandbox) -> Vec<Value> {
    let mut doctor = json(sandbox, &["doctor"]);
    std::mem::take(doctor["findings"].as_array_mut().unwrap())
}

/// Takes it back, and sees that nothing is left.
fn uninstall(kind: Kind, sandbox: &Sandbox, arguments: &[&str]) {
    let report = json(sandbox, &[&["uninstall"], arguments].concat());
    let action = of(kind, &report).unwrap_or_else(|| panic!("{report}"));
    assert_eq!(action["outcome"], "removed", "{report}");
    let file = PathBuf::from(action["file"].as_str().unwrap());
    assert!(!file.parent().unwrap().exists(), "{} is left", file.display());
}

fn json(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let output = sandbox.command(&[&["--json"], arguments].concat()).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn of(kind: Kind, report: &Value) -> Option<&Value> {
    let reads = |action: &&Value| {
        action["browsers"].as_array().is_some_and(|names| names.contains(&json!(kind.name())))
    };
    report["actions"].as_array()?.iter().find(reads)
}

pub async fn a_magnet_downloads(case: &Case) -> Done {
    let seeder = small_seeder("installed");
    case.open_page(&link(&seeder.magnet)).await?;
    case.browser.css("#link").await?.click().await?;
    case.confirm(&seeder).await?;
    case.complete(&seeder).await;
    Ok(())
}

/// The browser starts no host any more.
pub async fn is_missing(case: &Case) -> Done {
    case.browser.open(&case.browser.page("welcome.html")).await?;
    case.browser.css("[data-testid='welcome-status'][data-status='missing']").await?;
    Ok(())
}

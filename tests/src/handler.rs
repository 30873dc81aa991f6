//! Whether a browser got its click back: only then does it hand a magnet link to the desktop.
//!
//! Chromium does so at once in a profile that says so, and a program that stands in for `xdg-open`
//! writes down what it is given. Firefox opens a question of its own first, which can be seen with
//! the access that geckodriver has to the browser's own windows.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::json;

use crate::Sandbox;
use crate::browser::{Browser, Done, Kind};

/// Prepares a new profile of Chromium. `origin` is the page whose links need no question.
///
/// # Panics
/// When the disk says no.
pub fn install(kind: Kind, sandbox: &Sandbox, origin: &str) {
    if kind == Kind::Firefox {
        return;
    }
    let programs = sandbox.user().join("bin");
    fs::create_dir_all(&programs).expect("a folder");
    // The sandbox's own folder of programs comes first on the browser's PATH.
    let program = programs.join("xdg-open");
    let log = log(sandbox);
    let script = format!("#!/bin/sh\nprintf '%s\\n' \"$1\" >>'{}'\n", log.display());
    fs::write(&program, script).expect("a program");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("its mode");
    let profile = kind.profile(sandbox).join("Default");
    fs::create_dir_all(&profile).expect("a profile");
    let pairs = json!({origin: {"magnet": true}});
    let preferences = json!({"protocol_handler": {"allowed_origin_protocol_pairs": pairs}});
    fs::write(profile.join("Preferences"), preferences.to_string()).expect("a file");
}

/// How many magnet links the browser has handed on, or is asking about.
///
/// # Errors
/// What WebDriver says.
///
/// # Panics
/// When the browser handed on another link than `magnet`.
pub async fn handed_on(browser: &Browser, sandbox: &Sandbox, magnet: &str) -> Done<usize> {
    if browser.kind == Kind::Firefox {
        let dialogs = browser.own_dialogs().await?;
        return Ok(dialogs.iter().filter(|url| url.contains("/handling/")).count());
    }
    let log = fs::read_to_string(log(sandbox)).unwrap_or_default();
    assert!(log.lines().all(|link| link == magnet), "{log}");
    Ok(log.lines().count())
}

fn log(sandbox: &Sandbox) -> PathBuf {
    sandbox.root().join("handled")
}

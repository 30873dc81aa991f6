//! The desktop's own handler of magnet links, as a program that writes down what it was given. It
//! shows whether a browser got its click back: only then does the browser start it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::json;

use crate::Sandbox;
use crate::browser::Kind;

/// Makes it the handler of `kind`, whose profile must be new. `origin` is the page whose links need
/// no further question.
///
/// # Panics
/// When the disk says no.
pub fn install(kind: Kind, sandbox: &Sandbox, origin: &str) {
    let log = log(sandbox);
    let programs = sandbox.user().join("bin");
    fs::create_dir_all(&programs).expect("a folder");
    // Chromium asks the desktop through xdg-open, and this one comes first on its PATH.
    let program = programs.join("xdg-open");
    let script = format!("#!/bin/sh\nprintf '%s\\n' \"$1\" >>'{}'\n", log.display());
    fs::write(&program, script).expect("a program");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("its mode");
    let profile = kind.profile(sandbox);
    fs::create_dir_all(profile.join("Default")).expect("a profile");
    if kind == Kind::Firefox {
        let use_program = 2;
        let handlers = json!({
            "defaultHandlersVersion": {},
            "mimeTypes": {},
            "schemes": {"magnet": {
                "action": use_program,
                "ask": false,
                "handlers": [{"name": "handler", "path": program}],
            }},
        });
        fs::write(profile.join("handlers.json"), handlers.to_string()).expect("a file");
    } else {
        let pairs = json!({origin: {"magnet": true}});
        let preferences = json!({"protocol_handler": {"allowed_origin_protocol_pairs": pairs}});
        fs::write(profile.join("Default/Preferences"), preferences.to_string()).expect("a file");
    }
}

/// The links that it was given.
#[must_use]
pub fn handled(sandbox: &Sandbox) -> Vec<String> {
    let log = fs::read_to_string(log(sandbox)).unwrap_or_default();
    log.lines().map(ToOwned::to_owned).collect()
}

fn log(sandbox: &Sandbox) -> PathBuf {
    sandbox.root().join("handled")
}

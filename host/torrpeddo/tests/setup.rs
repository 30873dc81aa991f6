//! Telling browsers, taking it back, and the doctor.

// They watch processes in the way of Unix.
#![cfg(unix)]
// Clippy knows tests by their attribute, and takes the helpers beside them for the program.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::path::PathBuf;

use common::Home;
use serde_json::{Value, json};

fn manifest(home: &Home, folder: &str) -> PathBuf {
    home.user().join(folder).join("org.torrpeddo.host.json")
}

fn outcomes<'a>(report: &'a Value) -> Vec<(&'a str, &'a str)> {
    let actions = report["actions"].as_array().unwrap();
    let both =
        |action: &'a Value| Some((action["browsers"][0].as_str()?, action["outcome"].as_str()?));
    actions.iter().map(|action| both(action).unwrap()).collect()
}

#[test]
fn browsers_are_told_and_forget() {
    let home = Home::new();
    for folder in [".mozilla", ".config/chromium"] {
        std::fs::create_dir_all(home.user().join(folder)).unwrap();
    }
    let firefox = manifest(&home, ".mozilla/native-messaging-hosts");
    let expected = |outcome| vec![("firefox", outcome), ("chromium", outcome)];

    let (code, report) = home.json(&["install", "--dry-run"]);
    assert_eq!((code, outcomes(&report)), (0, expected("written")));
    assert!(!firefox.exists());
    let (code, report) = home.json(&["install"]);
    assert_eq!((code, outcomes(&report)), (0, expected("written")));
    let (_, report) = home.json(&["install"]);
    assert_eq!(outcomes(&report), expected("unchanged"));

    // What was written leads back to a program that answers.
    let written: Value = serde_json::from_slice(&std::fs::read(&firefox).unwrap()).unwrap();
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_torrpeddo")).canonicalize().unwrap();
    assert_eq!(written["path"], binary.to_str().unwrap());
    let mut relay =
        common::Relay::start(&mut home.command([
            firefox.to_str().unwrap(),
            written["allowed_extensions"][0].as_str().unwrap(),
        ]));
    relay.engine_pid();

    let (code, doctor) = home.json(&["doctor"]);
    assert_eq!(code, 0, "{doctor}");
    // The engine's own diagnosis says the same.
    let diagnosed = relay.call("diagnose", json!({}))["result"]["findings"].clone();
    assert_eq!(diagnosed, doctor["findings"]);

    let (code, report) = home.json(&["uninstall"]);
    assert_eq!((code, outcomes(&report)), (0, expected("removed")));
    assert!(!firefox.exists());
    assert_eq!(home.json(&["doctor"]).0, 1, "the browsers do not know Torrpeddo any more");
}

#[test]
fn a_profiles_folder_can_be_named() {
    let home = Home::new();
    let folder = home.user().join("profile/NativeMessagingHosts");
    let arguments =
        ["install", "--browser", "chromium", "--manifest-dir", folder.to_str().unwrap()];
    let (code, report) = home.json(&arguments);
    assert_eq!((code, outcomes(&report)), (0, vec![("chromium", "written")]));
    assert!(folder.join("org.torrpeddo.host.json").is_file());
    assert!(!home.user().join(".config").exists(), "nothing else was touched");
}

#[test]
fn no_browser_is_a_failure_with_a_hint() {
    let home = Home::new();
    let output = home.run(["install"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stdout).unwrap().contains("hint: Start your browser once"));
}

#[test]
fn somebody_elses_manifest_is_left_alone() {
    let home = Home::new();
    let path = manifest(&home, ".mozilla/native-messaging-hosts");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "damaged").unwrap();
    let output = home.run(["install"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stdout).unwrap().contains("nothing was written"));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "damaged");
}

#[test]
fn the_doctor_starts_nothing() {
    let home = Home::new();
    home.run(["doctor"]);
    assert!(!home.path.exists());
}

/// What the manifest of Firefox names, when there is one.
fn told(home: &Home) -> Option<PathBuf> {
    let path = manifest(home, ".mozilla/native-messaging-hosts");
    let manifest: Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    Some(manifest["path"].as_str()?.into())
}

/// A copy of the program elsewhere in the user's home.
fn copy_program(home: &Home, folder: &str) -> PathBuf {
    let folder = home.user().join(folder);
    std::fs::create_dir_all(&folder).unwrap();
    let copy = folder.join("torrpeddo");
    // A link, where it is possible: a copy cannot be run while another test's new process still has it
    // open for writing (ETXTBSY).
    let program = env!("CARGO_BIN_EXE_torrpeddo");
    std::fs::hard_link(program, &copy)
        .or_else(|_| std::fs::copy(program, &copy).map(drop))
        .unwrap();
    copy
}

#[test]
fn an_engine_repairs_what_was_moved_and_finds_what_is_new() {
    let home = Home::new();
    std::fs::create_dir_all(home.user().join(".mozilla")).unwrap();
    let old = copy_program(&home, "old");
    let output = home.command_of(&old, ["install"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(told(&home).unwrap(), old);
    std::fs::remove_file(&old).unwrap();
    std::fs::create_dir_all(home.user().join(".config/chromium")).unwrap();

    home.relay().engine_pid();
    let new = PathBuf::from(env!("CARGO_BIN_EXE_torrpeddo")).canonicalize().unwrap();
    common::until("the registration to be repaired", || told(&home).as_ref() == Some(&new));
    let chromium = manifest(&home, ".config/chromium/NativeMessagingHosts");
    common::until("the new browser to be told", || chromium.exists());
}

#[test]
fn an_engine_that_shall_not_repair_leaves_everything() {
    let defaults = r#"{"dht":false,"lsd":false,"upnp":false,"repair_registrations":false}"#;
    let home = Home::new().with_defaults(defaults);
    std::fs::create_dir_all(home.user().join(".mozilla")).unwrap();
    let old = copy_program(&home, "old");
    home.command_of(&old, ["install"]).output().unwrap();
    std::fs::remove_file(&old).unwrap();
    home.relay().engine_pid();
    // An engine has done what it does at its start before it has ended.
    assert!(home.run(["stop"]).status.success());
    assert_eq!(told(&home).unwrap(), old);
}

#[test]
fn of_two_installations_the_other_one_is_left_alone_until_it_is_asked_for() {
    let home = Home::new();
    std::fs::create_dir_all(home.user().join(".mozilla")).unwrap();
    let other = copy_program(&home, "other");
    home.command_of(&other, ["install"]).output().unwrap();
    home.relay().engine_pid();
    assert!(home.run(["stop"]).status.success());
    assert_eq!(told(&home).unwrap(), other);
    let (_, report) = home.json(&["uninstall"]);
    assert_eq!(outcomes(&report), [("firefox", "skipped")]);
    let (_, doctor) = home.json(&["doctor"]);
    assert!(doctor.to_string().contains("another installation"), "{doctor}");
    let (_, report) = home.json(&["install"]);
    assert_eq!(outcomes(&report), [("firefox", "written")]);
    assert!(report.to_string().contains(other.to_str().unwrap()), "{report}");
}

#[test]
fn the_doctor_repairs_what_it_can() {
    let home = Home::new();
    std::fs::create_dir_all(home.user().join(".mozilla")).unwrap();
    assert_eq!(home.json(&["doctor"]).0, 1);
    let (code, doctor) = home.json(&["doctor", "--fix"]);
    assert_eq!(code, 0, "{doctor}");
    assert_eq!(doctor["fixed"].as_array().unwrap().len(), 1, "{doctor}");
    assert!(told(&home).is_some());
    let (_, doctor) = home.json(&["doctor", "--fix"]);
    assert_eq!(doctor["fixed"], json!([]));
}

#[cfg(target_os = "linux")]
#[test]
fn the_desktop_knows_who_takes_magnet_links() {
    let home = Home::new();
    std::fs::create_dir_all(home.user().join(".mozilla")).unwrap();
    let default = |of: &str| {
        let mut query = std::process::Command::new("xdg-mime");
        query.args(["query", "default", of]).env("HOME", home.user());
        for name in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CURRENT_DESKTOP"] {
            query.env_remove(name);
        }
        String::from_utf8(query.output().expect("xdg-utils, as browsers need them").stdout).unwrap()
    };
    let types = ["x-scheme-handler/magnet", "application/x-bittorrent"];
    let (code, report) = home.json(&["install", "--handler", "--autostart"]);
    assert_eq!((code, report["actions"].as_array().unwrap().len()), (0, 3), "{report}");
    for of in types {
        assert_eq!(default(of), "org.torrpeddo.Torrpeddo.desktop\n", "{of}");
    }
    let unit = home.user().join(".config/systemd/user/default.target.wants/torrpeddo.service");
    assert!(unit.is_file(), "a link that leads to the unit");
    // One of them alone, then the rest.
    let (_, report) = home.json(&["uninstall", "--handler"]);
    assert_eq!(report["actions"].as_array().unwrap().len(), 1, "{report}");
    for of in types {
        assert_ne!(default(of), "org.torrpeddo.Torrpeddo.desktop\n", "{of}");
    }
    assert!(told(&home).is_some() && unit.is_file());
    let (_, report) = home.json(&["uninstall"]);
    assert_eq!(report["actions"].as_array().unwrap().len(), 2, "{report}");
    assert!(told(&home).is_none() && !unit.exists());
}

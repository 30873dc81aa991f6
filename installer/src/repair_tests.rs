use std::fs;

use super::*;
use crate::install::{Outcome, Request, install, uninstall};
use crate::testing::Machine;

fn named(name: &str) -> Request {
    Request { browsers: vec![name.into()], ..Request::default() }
}

/// How many registrations there are, when each of them is as it shall be.
fn in_order(environment: &Environment) -> usize {
    let report = install(environment, &Request { dry_run: true, ..Request::default() }).unwrap();
    assert!(report.actions.iter().all(|action| action.outcome == Outcome::Unchanged));
    report.actions.len()
}

#[test]
fn a_program_that_moved_is_found_again() {
    let machine = Machine::new(&[".mozilla", ".config/chromium", ".var/app/com.brave.Browser"]);
    install(&machine.environment, &Request::default()).unwrap();
    let done = crate::handler::install(&machine.environment, false);
    assert_eq!(done.outcome, Outcome::Written);
    assert_eq!(repair(&machine.environment), NOTHING);
    let moved = machine.with_program(machine.dir.path().join("new/torrpeddo"));
    fs::create_dir(machine.dir.path().join("new")).unwrap();
    fs::rename(&machine.environment.binary, &moved.binary).unwrap();
    assert_eq!(repair(&moved).len(), 4);
    assert_eq!(crate::handler::install(&moved, false).outcome, Outcome::Unchanged);
    assert!(!crate::autostart::is_installed(&moved), "nobody asked for that");
    assert_eq!(in_order(&moved), 3);
    assert_eq!(repair(&moved), NOTHING);
}

#[test]
fn a_browser_that_came_later_is_told() {
    let machine = Machine::new(&[".mozilla"]);
    install(&machine.environment, &Request::default()).unwrap();
    fs::create_dir_all(machine.environment.config.join("google-chrome")).unwrap();
    assert_eq!(repair(&machine.environment), ["registered with Google Chrome"]);
    assert_eq!(in_order(&machine.environment), 2);
}

#[test]
fn what_was_taken_back_stays_so() {
    let machine = Machine::new(&[".mozilla", ".config/chromium"]);
    install(&machine.environment, &Request::default()).unwrap();
    uninstall(&machine.environment, &named("firefox")).unwrap();
    assert_eq!(repair(&machine.environment), NOTHING);
    // Until it is wanted again.
    install(&machine.environment, &named("firefox")).unwrap();
    fs::remove_dir_all(machine.environment.home.join(".mozilla/native-messaging-hosts")).unwrap();
    assert_eq!(repair(&machine.environment), ["registered with Firefox"]);
    uninstall(&machine.environment, &named("firefox")).unwrap();
    let before = machine.tree();
    uninstall(&machine.environment, &Request::default()).unwrap();
    assert_eq!(repair(&machine.environment), NOTHING);
    assert!(!machine.environment.data.exists(), "nothing is left of it");
    assert_ne!(machine.tree(), before);
}

#[test]
fn nobody_is_told_who_never_asked() {
    let machine = Machine::new(&[".mozilla", ".config/chromium"]);
    let before = machine.tree();
    assert_eq!(repair(&machine.environment), NOTHING);
    // A package told the whole machine: that is enough.
    fs::create_dir_all(machine.environment.root.join("usr/bin/firefox")).unwrap();
    let system = Request { scope: Scope::System, ..Request::default() };
    install(&machine.environment, &system).unwrap();
    install(&machine.environment, &named("chromium")).unwrap();
    assert_eq!(repair(&machine.environment), NOTHING);
    uninstall(&machine.environment, &named("chromium")).unwrap();
    assert_ne!(machine.tree(), before);
}

#[test]
fn two_installations_do_not_take_browsers_from_each_other() {
    let machine = Machine::new(&[".mozilla", ".config/chromium"]);
    install(&machine.environment, &named("firefox")).unwrap();
    let other = machine.with_program(machine.program("other/torrpeddo"));
    install(&other, &named("chromium")).unwrap();
    let before = machine.tree();
    assert_eq!(repair(&machine.environment), NOTHING);
    assert_eq!(repair(&other), NOTHING);
    assert_eq!(machine.tree(), before);
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let machine = Machine::new(&[".mozilla/native-messaging-hosts", ".config/chromium"]);
    let theirs =
        machine.environment.home.join(".mozilla/native-messaging-hosts/org.torrpeddo.host.json");
    install(&machine.environment, &named("chromium")).unwrap();
    fs::write(&theirs, r#"{"name": "org.torrpeddo.host", "path": "/opt/other"}"#).unwrap();
    assert_eq!(repair(&machine.environment), NOTHING);
    assert!(fs::read_to_string(&theirs).unwrap().contains("/opt/other"));
}

const NOTHING: [&str; 0] = [];

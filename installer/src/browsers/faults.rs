//! Each browser with something in the way of its manifest: a sentence each, and nothing is touched.

use std::fs;
use std::path::Path;

use super::*;
use crate::install::{Outcome, Report, Request, install, uninstall};
use crate::registration::Registration;
use crate::testing::Machine;

/// What is in the way, and what makes it: it is given the manifest's path.
type Fault = (&'static str, fn(&Path));

const FAULTS: &[Fault] = &[
    ("a damaged manifest", |path| there(path, r#"{"name": "#)),
    ("an empty manifest", |path| there(path, "")),
    ("a host of somebody else with our name", |path| {
        let theirs =
            r#"{"name": "org.torrpeddo.host", "path": "/opt/other/host", "type": "stdio"}"#;
        there(path, theirs);
    }),
    ("a manifest without end", |path| there(path, &" ".repeat(100_000))),
    ("a folder in its place", |path| fs::create_dir_all(path).unwrap()),
    ("a file in place of its folder", |path| there(path.parent().unwrap(), "")),
    ("a link to a manifest", |path| {
        let elsewhere = path.with_file_name("elsewhere");
        there(&elsewhere, "{}");
        std::os::unix::fs::symlink(elsewhere, path).unwrap();
    }),
    ("a link that leads nowhere", |path| {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink("/no/such/file", path).unwrap();
    }),
    ("a folder that is a link that leads nowhere", |path| {
        fs::create_dir_all(path.ancestors().nth(2).unwrap()).unwrap();
        std::os::unix::fs::symlink("/no/such/folder", path.parent().unwrap()).unwrap();
    }),
];

fn there(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Installs on a machine on which only this place's browser is, with something in its way.
fn is_refused(browser: &Browser, place: &Place, fault: &str, make: fn(&Path)) {
    let machine = Machine::of(place.system);
    let environment = &machine.environment;
    fs::create_dir_all(place.signs[0].in_environment(environment)).unwrap();
    let file = Registration::at(environment, browser.family, place).file;
    make(&file);
    let before = machine.tree();
    let browsers = vec![browser.name.to_owned()];
    let request = Request { browsers, scope: place.scope, ..Request::default() };
    let what = format!("{} with {fault}: {}", browser.name, file.display());
    let about = |report: Report| {
        let action = report.actions.into_iter().find(|action| action.file == file);
        action.map(|action| (action.outcome, action.remedy.is_some()))
    };
    assert_eq!(
        about(install(environment, &request).unwrap()),
        Some((Outcome::Refused, true)),
        "{what}"
    );
    let undone = about(uninstall(environment, &request).unwrap());
    assert!(!matches!(undone, Some((Outcome::Removed, _))), "{what}: {undone:?}");
    // That this browser shall be left alone is remembered until everything is taken back.
    uninstall(environment, &Request::default()).unwrap();
    assert_eq!(machine.tree(), before, "{what}");
}

#[test]
fn what_is_in_the_way_of_any_browser_is_a_sentence() {
    for browser in ALL {
        for place in browser.places {
            let is_told = !matches!(place.sandbox, Some(Sandbox::SnapWithout(_)));
            if place.system == System::Windows || !is_told {
                continue;
            }
            for (fault, make) in FAULTS {
                is_refused(browser, place, fault, *make);
            }
        }
    }
}

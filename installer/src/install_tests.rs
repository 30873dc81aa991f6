use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::System;

/// A home in a temporary folder.
struct Home {
    dir: tempfile::TempDir,
    environment: Environment,
}

impl Home {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let environment = Environment {
            system: System::Linux,
            home: dir.path().join("home"),
            config: dir.path().join("home/.config"),
            root: dir.path().join("root"),
            binary: dir.path().join("bin/torrpeddo"),
        };
        fs::create_dir_all(&environment.config).unwrap();
        fs::create_dir_all(dir.path().join("bin")).unwrap();
        fs::write(&environment.binary, "").unwrap();
        Self { dir, environment }
    }

    fn with(self, folders: &[&str]) -> Self {
        for folder in folders {
            fs::create_dir_all(self.environment.home.join(folder)).unwrap();
        }
        self
    }

    fn install(&self, request: &Request) -> Vec<(&'static str, Outcome)> {
        outcomes(&install(&self.environment, request).unwrap())
    }

    fn uninstall(&self, request: &Request) -> Vec<(&'static str, Outcome)> {
        outcomes(&uninstall(&self.environment, request).unwrap())
    }

    fn read(&self, path: &str) -> Value {
        serde_json::from_slice(&fs::read(self.environment.home.join(path)).unwrap()).unwrap()
    }

    /// Every path below the home, for comparing.
    fn tree(&self) -> BTreeSet<PathBuf> {
        fn walk(folder: &Path, paths: &mut BTreeSet<PathBuf>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, paths);
                }
                paths.insert(path);
            }
        }
        let mut paths = BTreeSet::new();
        walk(self.dir.path(), &mut paths);
        paths
    }
}

fn outcomes(report: &Report) -> Vec<(&'static str, Outcome)> {
    report.actions.iter().map(|action| (action.browser, action.outcome)).collect()
}

fn all() -> Request {
    Request::default()
}

fn named(name: &str) -> Request {
    Request { browsers: vec![name.into()], ..Request::default() }
}

const FIREFOX: &str = ".mozilla/native-messaging-hosts/org.torrpeddo.host.json";
const CHROMIUM: &str = ".config/chromium/NativeMessagingHosts/org.torrpeddo.host.json";

#[test]
fn browsers_that_are_there_are_told_and_others_are_left_alone() {
    use Outcome::{Removed, Skipped, Unchanged, Written};
    let home = Home::new().with(&[".mozilla", ".config/chromium"]);
    let before = home.tree();
    let expect = |outcome| vec![("firefox", outcome), ("chromium", outcome), ("chrome", Skipped)];
    assert_eq!(home.install(&all()), expect(Written));
    assert_eq!(home.read(FIREFOX)["allowed_extensions"][0], "torrpeddo@torrpeddo.org");
    assert_eq!(
        home.read(CHROMIUM)["allowed_origins"][0],
        "chrome-extension://iibhikoaahafbllkolaaineamdjbbedb/"
    );
    assert_eq!(
        home.read(CHROMIUM)["path"],
        home.environment.binary.to_str().unwrap(),
        "an absolute path"
    );
    assert_eq!(home.install(&all()), expect(Unchanged));
    assert_eq!(home.uninstall(&all()), expect(Removed));
    assert_eq!(home.tree(), before);
    assert_eq!(home.install(&all()), expect(Written), "and again");
}

#[test]
fn a_browsers_other_files_stay() {
    let home = Home::new().with(&[".mozilla/firefox", ".mozilla/native-messaging-hosts"]);
    let other = home.environment.home.join(".mozilla/native-messaging-hosts/other.json");
    fs::write(&other, "{}").unwrap();
    let before = home.tree();
    home.install(&all());
    home.uninstall(&all());
    assert_eq!(home.tree(), before);
}

#[test]
fn firefox_is_found_by_its_new_profiles_too() {
    let home = Home::new().with(&[".config/mozilla/firefox"]);
    assert_eq!(home.install(&all())[0], ("firefox", Outcome::Written));
    assert_eq!(home.read(FIREFOX)["type"], "stdio");
}

#[test]
fn a_named_browser_is_told_before_its_first_start() {
    let home = Home::new();
    let before = home.tree();
    assert_eq!(home.install(&named("Chromium")), [("chromium", Outcome::Written)]);
    assert_eq!(home.uninstall(&named("chromium")), [("chromium", Outcome::Removed)]);
    let left: Vec<_> = home.tree().difference(&before).cloned().collect();
    assert_eq!(left, [home.environment.config.join("chromium")]);
    let error = install(&home.environment, &named("netscape")).unwrap_err();
    assert!(error.contains("netscape") && error.contains("firefox"), "{error}");
}

#[test]
fn a_dry_run_changes_nothing() {
    let home = Home::new().with(&[".mozilla"]);
    let before = home.tree();
    let dry = Request { dry_run: true, ..all() };
    assert_eq!(home.install(&dry)[0], ("firefox", Outcome::Written));
    assert_eq!(home.tree(), before);
    home.install(&all());
    let before = home.tree();
    assert_eq!(home.uninstall(&dry)[0], ("firefox", Outcome::Removed));
    assert_eq!(home.tree(), before);
}

#[test]
fn a_folder_can_be_named() {
    let home = Home::new();
    for (browsers, folder, list) in [
        (vec!["firefox".into()], "anywhere", "allowed_extensions"),
        (vec!["chrome".into(), "chromium".into()], "elsewhere", "allowed_origins"),
        (vec![], "profile/NativeMessagingHosts", "allowed_origins"),
        (vec![], ".mozilla/native-messaging-hosts", "allowed_extensions"),
        (vec![], "etc/chromium/native-messaging-hosts", "allowed_origins"),
    ] {
        let manifest_dir = Some(home.environment.home.join(folder));
        let request = Request { browsers, manifest_dir, dry_run: false };
        assert_eq!(home.install(&request)[0].1, Outcome::Written, "{folder}");
        assert!(home.read(&format!("{folder}/org.torrpeddo.host.json"))[list].is_array());
        assert_eq!(home.uninstall(&request)[0].1, Outcome::Removed, "{folder}");
    }
    for browsers in [vec![], vec!["firefox".into(), "chromium".into()]] {
        let manifest_dir = Some(home.dir.path().join("home/unclear"));
        let request = Request { browsers, manifest_dir, dry_run: false };
        assert!(install(&home.environment, &request).is_err());
    }
}

#[test]
fn what_is_not_ours_is_never_touched() {
    let home = Home::new().with(&[".mozilla/native-messaging-hosts"]);
    let path = home.environment.home.join(FIREFOX);
    for text in
        [r#"{"name": "org.torrpeddo.host", "path": "/opt/evil/host", "type": "stdio"}"#, "{", ""]
    {
        fs::write(&path, text).unwrap();
        let report = install(&home.environment, &named("firefox")).unwrap();
        assert_eq!(report.actions[0].outcome, Outcome::Refused, "{text}");
        assert!(report.actions[0].remedy.is_some());
        assert_eq!(home.uninstall(&named("firefox"))[0].1, Outcome::Skipped);
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn another_installation_of_ours_is_taken_over_but_not_removed() {
    let home = Home::new().with(&[".mozilla"]);
    let other = home.dir.path().join("other/torrpeddo");
    let theirs = Environment { binary: other.clone(), ..home.environment.clone() };
    install(&theirs, &named("firefox")).unwrap();

    fs::create_dir_all(other.parent().unwrap()).unwrap();
    fs::write(&other, "").unwrap();
    assert_eq!(home.uninstall(&named("firefox"))[0].1, Outcome::Skipped);
    let report = install(&home.environment, &named("firefox")).unwrap();
    assert_eq!(report.actions[0].outcome, Outcome::Written);
    assert!(report.actions[0].message.contains(other.to_str().unwrap()));
    assert_eq!(home.uninstall(&named("firefox"))[0].1, Outcome::Removed);

    // One whose program is gone serves nobody.
    install(&theirs, &named("firefox")).unwrap();
    fs::remove_file(&other).unwrap();
    assert_eq!(home.uninstall(&named("firefox"))[0].1, Outcome::Removed);
}

#[test]
fn a_folder_that_is_a_file_is_a_sentence() {
    let home = Home::new().with(&[".config/chromium"]);
    fs::write(home.environment.home.join(".config/chromium/NativeMessagingHosts"), "").unwrap();
    let report = install(&home.environment, &named("chromium")).unwrap();
    assert_eq!(report.actions[0].outcome, Outcome::Refused);
    assert!(report.actions[0].message.contains("NativeMessagingHosts"));
}

#[cfg(unix)]
#[test]
fn a_program_whose_path_no_manifest_can_hold_is_a_sentence() {
    use std::os::unix::ffi::OsStrExt;
    let home = Home::new().with(&[".mozilla"]);
    let binary = PathBuf::from(std::ffi::OsStr::from_bytes(b"/x\xff/torrpeddo"));
    let environment = Environment { binary, ..home.environment.clone() };
    let report = install(&environment, &named("firefox")).unwrap();
    assert_eq!(report.actions[0].outcome, Outcome::Refused);
    assert!(report.actions[0].message.contains("UTF-8"));
}

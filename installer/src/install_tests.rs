use std::fs;

use serde_json::Value;

use super::*;
use crate::testing::Machine;

impl Machine {
    fn install(&self, request: &Request) -> Vec<(String, Outcome)> {
        outcomes(&install(&self.environment, request).unwrap())
    }

    fn uninstall(&self, request: &Request) -> Vec<(String, Outcome)> {
        outcomes(&uninstall(&self.environment, request).unwrap())
    }

    fn read(&self, path: &str) -> Value {
        serde_json::from_slice(&fs::read(self.environment.home.join(path)).unwrap()).unwrap()
    }
}

fn outcomes(report: &Report) -> Vec<(String, Outcome)> {
    report.actions.iter().map(|action| (action.browsers.join(" "), action.outcome)).collect()
}

fn of<const N: usize>(browsers: [&str; N], outcome: Outcome) -> Vec<(String, Outcome)> {
    browsers.iter().map(|browser| ((*browser).to_owned(), outcome)).collect()
}

fn all() -> Request {
    Request::default()
}

fn named(name: &str) -> Request {
    Request { browsers: vec![name.into()], ..Request::default() }
}

fn in_folder(browsers: &[&str], folder: PathBuf) -> Request {
    let browsers = browsers.iter().map(|browser| (*browser).to_owned()).collect();
    Request { browsers, manifest_dir: Some(folder), ..Request::default() }
}

const FIREFOX: &str = ".mozilla/native-messaging-hosts/org.torrpeddo.host.json";
const CHROMIUM: &str = ".config/chromium/NativeMessagingHosts/org.torrpeddo.host.json";

#[test]
fn browsers_that_are_there_are_told_and_others_are_left_alone() {
    use Outcome::{Removed, Unchanged, Written};
    let machine = Machine::new(&[".mozilla", ".config/chromium"]);
    let before = machine.tree();
    let expect = |outcome| of(["firefox", "chromium"], outcome);
    assert_eq!(machine.install(&all()), expect(Written));
    assert_eq!(machine.read(FIREFOX)["allowed_extensions"][0], "torrpeddo@torrpeddo.org");
    assert_eq!(
        machine.read(CHROMIUM)["allowed_origins"][0],
        "chrome-extension://iibhikoaahafbllkolaaineamdjbbedb/"
    );
    assert_eq!(
        machine.read(CHROMIUM)["path"],
        machine.environment.binary.to_str().unwrap(),
        "an absolute path"
    );
    let told = machine.tree();
    assert_eq!(machine.install(&all()), expect(Unchanged));
    assert_eq!(machine.tree(), told);
    assert_eq!(machine.uninstall(&all()), expect(Removed));
    assert_eq!(machine.tree(), before);
    assert_eq!(machine.uninstall(&all()), []);
    assert_eq!(machine.install(&all()), expect(Written), "and again");
}

#[test]
fn browsers_that_read_the_same_manifest_are_named_together() {
    let machine = Machine::new(&[".mozilla", ".zen"]);
    assert_eq!(machine.install(&all()), of(["firefox zen"], Outcome::Written));
    let report = install(&machine.environment, &all()).unwrap();
    assert!(report.actions[0].message.contains("Firefox and Zen"));
    // Nobody can be told of one of them alone.
    assert_eq!(machine.install(&named("zen")), of(["firefox zen"], Outcome::Unchanged));
    assert_eq!(machine.uninstall(&named("zen")), of(["firefox zen"], Outcome::Removed));
}

#[test]
fn a_sandboxed_browser_is_led_out_by_a_script() {
    let machine = Machine::new(&[
        ".var/app/org.mozilla.firefox/.mozilla",
        ".var/app/org.mozilla.firefox/data",
        ".var/app/com.brave.Browser/data",
        ".var/app/com.brave.Browser/config/BraveSoftware/Brave-Browser",
    ]);
    let before = machine.tree();
    assert_eq!(machine.install(&all()), of(["firefox", "brave"], Outcome::Written));
    let app = ".var/app/org.mozilla.firefox";
    let report = install(&machine.environment, &all()).unwrap();
    let remedy = report.actions[0].remedy.as_deref().unwrap();
    assert!(remedy.contains("flatpak override"), "what the user has to allow is said: {remedy}");
    let manifest = machine.read(&format!("{app}/{FIREFOX}"));
    let script = PathBuf::from(manifest["path"].as_str().unwrap());
    assert!(script.starts_with(machine.environment.home.join(app)), "inside the sandbox");
    let text = fs::read_to_string(&script).unwrap();
    assert_eq!(crate::sandbox::script_target(&text).unwrap(), machine.environment.binary);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&script).unwrap().permissions().mode() & 0o111, 0o111);
    }
    assert_eq!(machine.install(&all()), of(["firefox", "brave"], Outcome::Unchanged));
    // The manifest stays the same when the program moves; the script does not.
    let moved = machine.with_program(machine.program("elsewhere/torrpeddo"));
    assert!(install(&moved, &all()).unwrap().any(Outcome::Written));
    assert_eq!(
        outcomes(&uninstall(&moved, &all()).unwrap()),
        of(["firefox", "brave"], Outcome::Removed)
    );
    fs::remove_dir_all(machine.dir.path().join("elsewhere")).unwrap();
    assert_eq!(machine.tree(), before);
    let plain = Machine::new(&[]);
    assert_eq!(plain.install(&named("brave")), of(["brave"], Outcome::Written));
    assert!(!plain.environment.home.join(".var").exists(), "no sandbox is made up");
}

#[test]
fn a_snap_that_cannot_start_programs_is_not_told() {
    let machine = Machine::new(&["snap/chromium"]);
    let before = machine.tree();
    assert_eq!(machine.install(&all()), of(["chromium"], Outcome::Skipped));
    assert_eq!(machine.tree(), before);
}

#[test]
fn a_browsers_other_files_stay() {
    let machine = Machine::new(&[".mozilla/firefox", ".mozilla/native-messaging-hosts"]);
    let other = machine.environment.home.join(".mozilla/native-messaging-hosts/other.json");
    fs::write(&other, "{}").unwrap();
    let before = machine.tree();
    machine.install(&all());
    machine.uninstall(&all());
    assert_eq!(machine.tree(), before);
}

#[test]
fn firefox_is_found_by_its_new_profiles_too() {
    let machine = Machine::new(&[".config/mozilla/firefox"]);
    assert_eq!(machine.install(&all()), of(["firefox"], Outcome::Written));
    assert_eq!(machine.read(FIREFOX)["type"], "stdio");
}

#[test]
fn a_named_browser_is_told_before_its_first_start() {
    let machine = Machine::new(&[]);
    let before = machine.tree();
    assert_eq!(machine.install(&named("Chromium")), of(["chromium"], Outcome::Written));
    assert_eq!(machine.uninstall(&named("chromium")), of(["chromium"], Outcome::Removed));
    // Only that this one shall be left alone is remembered, until everything is taken back.
    machine.uninstall(&all());
    assert_eq!(machine.tree(), before);
    let error = install(&machine.environment, &named("netscape")).unwrap_err();
    assert!(error.contains("netscape") && error.contains("firefox"), "{error}");
}

#[test]
fn a_dry_run_changes_nothing() {
    let machine = Machine::new(&[".mozilla"]);
    let before = machine.tree();
    let dry = Request { dry_run: true, ..all() };
    assert_eq!(machine.install(&dry), of(["firefox"], Outcome::Written));
    assert_eq!(machine.tree(), before);
    machine.install(&all());
    let before = machine.tree();
    assert_eq!(machine.uninstall(&dry), of(["firefox"], Outcome::Removed));
    assert_eq!(machine.tree(), before);
}

#[test]
fn a_folder_can_be_named() {
    let machine = Machine::new(&[]);
    for (browsers, folder, list) in [
        (&["firefox"] as &[&str], "anywhere", "allowed_extensions"),
        (&["chrome", "chromium"], "elsewhere", "allowed_origins"),
        (&[], "profile/NativeMessagingHosts", "allowed_origins"),
        (&[], ".mozilla/native-messaging-hosts", "allowed_extensions"),
        (&[], "etc/chromium/native-messaging-hosts", "allowed_origins"),
    ] {
        let request = in_folder(browsers, machine.environment.home.join(folder));
        assert_eq!(machine.install(&request)[0].1, Outcome::Written, "{folder}");
        assert!(machine.read(&format!("{folder}/org.torrpeddo.host.json"))[list].is_array());
        assert_eq!(machine.uninstall(&request)[0].1, Outcome::Removed, "{folder}");
    }
    for browsers in [&[] as &[&str], &["firefox", "chromium"]] {
        let request = in_folder(browsers, machine.dir.path().join("home/unclear"));
        assert!(install(&machine.environment, &request).is_err());
    }
}

#[test]
fn a_folder_of_settings_can_be_named() {
    let machine = Machine::new(&["profile"]);
    let user_data_dir = Some(machine.environment.home.join("profile"));
    let request = Request { user_data_dir, ..Request::default() };
    assert_eq!(machine.install(&request), of(["chromium"], Outcome::Written));
    let manifest = machine.read("profile/NativeMessagingHosts/org.torrpeddo.host.json");
    assert!(manifest["allowed_origins"].is_array());
    assert_eq!(machine.uninstall(&request), of(["chromium"], Outcome::Removed));
    let request = Request { browsers: vec!["firefox".into()], ..request };
    assert!(install(&machine.environment, &request).unwrap_err().contains("Firefox"));
}

#[test]
fn what_is_not_ours_is_never_touched() {
    let machine = Machine::new(&[".mozilla/native-messaging-hosts"]);
    let path = machine.environment.home.join(FIREFOX);
    for text in
        [r#"{"name": "org.torrpeddo.host", "path": "/opt/evil/host", "type": "stdio"}"#, "{", ""]
    {
        fs::write(&path, text).unwrap();
        let report = install(&machine.environment, &named("firefox")).unwrap();
        assert_eq!(report.actions[0].outcome, Outcome::Refused, "{text}");
        assert!(report.actions[0].remedy.is_some());
        assert_eq!(machine.uninstall(&named("firefox"))[0].1, Outcome::Skipped);
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn another_installation_of_ours_is_taken_over_but_not_removed() {
    let machine = Machine::new(&[".mozilla"]);
    let other = machine.dir.path().join("other/torrpeddo");
    let theirs = machine.with_program(other.clone());
    install(&theirs, &named("firefox")).unwrap();

    fs::create_dir_all(other.parent().unwrap()).unwrap();
    fs::write(&other, "").unwrap();
    assert_eq!(machine.uninstall(&named("firefox"))[0].1, Outcome::Skipped);
    let report = install(&machine.environment, &named("firefox")).unwrap();
    assert_eq!(report.actions[0].outcome, Outcome::Written);
    assert!(report.actions[0].message.contains(other.to_str().unwrap()));
    assert_eq!(machine.uninstall(&named("firefox"))[0].1, Outcome::Removed);

    // One whose program is gone serves nobody.
    install(&theirs, &named("firefox")).unwrap();
    fs::remove_file(&other).unwrap();
    assert_eq!(machine.uninstall(&named("firefox"))[0].1, Outcome::Removed);
}

#[test]
fn folders_that_are_files_are_a_sentence() {
    for (folder, file) in [
        (".config/chromium", ".config/chromium/NativeMessagingHosts"),
        (".config", ".config/chromium"),
    ] {
        let machine = Machine::new(&[folder]);
        fs::write(machine.environment.home.join(file), "").unwrap();
        let before = machine.tree();
        let report = install(&machine.environment, &all()).unwrap();
        assert_eq!(outcomes(&report), of(["chromium"], Outcome::Refused));
        assert!(report.actions[0].message.contains("NativeMessagingHosts"));
        assert_eq!(machine.tree(), before, "{file}");
    }
}

#[cfg(unix)]
#[test]
fn links_of_folders_are_followed_and_links_of_manifests_are_not() {
    use std::os::unix::fs::symlink;
    let machine = Machine::new(&[".mozilla", "dotfiles/hosts"]);
    let folder = machine.environment.home.join(".mozilla/native-messaging-hosts");
    symlink(machine.environment.home.join("dotfiles/hosts"), &folder).unwrap();
    let before = machine.tree();
    assert_eq!(machine.install(&all()), of(["firefox"], Outcome::Written));
    assert_eq!(machine.read("dotfiles/hosts/org.torrpeddo.host.json")["type"], "stdio");
    assert_eq!(machine.uninstall(&all()), of(["firefox"], Outcome::Removed));
    assert_eq!(machine.tree(), before, "the link stays");

    let elsewhere = machine.environment.home.join("elsewhere.json");
    fs::write(&elsewhere, "{}").unwrap();
    symlink(&elsewhere, machine.environment.home.join(FIREFOX)).unwrap();
    assert_eq!(machine.install(&all()), of(["firefox"], Outcome::Refused));
    assert_eq!(machine.uninstall(&all()), of(["firefox"], Outcome::Skipped));
    assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "{}");

    // A link that leads nowhere.
    fs::remove_dir_all(machine.environment.home.join("dotfiles")).unwrap();
    assert_eq!(machine.install(&all()), of(["firefox"], Outcome::Refused));
}

#[cfg(unix)]
#[test]
fn a_program_whose_path_no_manifest_can_hold_is_a_sentence() {
    use std::os::unix::ffi::OsStrExt;
    let machine = Machine::new(&[".mozilla"]);
    let binary = PathBuf::from(std::ffi::OsStr::from_bytes(b"/x\xff/torrpeddo"));
    let environment = machine.with_program(binary);
    let report = install(&environment, &named("firefox")).unwrap();
    assert_eq!(report.actions[0].outcome, Outcome::Refused);
    assert!(report.actions[0].message.contains("UTF-8"));
}

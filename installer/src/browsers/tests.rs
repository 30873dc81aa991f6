//! The table, row by row, as the browsers' makers and other native hosts document it.

use std::collections::HashSet;

use super::*;
use crate::install::{Outcome, Request, install, uninstall};
use crate::testing::Machine;

const FIREFOX: &str = "home/.mozilla/native-messaging-hosts";
const FIREFOX_SYSTEM: &str = "root/usr/lib/mozilla/native-messaging-hosts";
const FIREFOX_SYSTEM_64: &str = "root/usr/lib64/mozilla/native-messaging-hosts";
const CHROME_SYSTEM: &str = "root/etc/opt/chrome/native-messaging-hosts";
const EDGE_SYSTEM: &str = "root/etc/opt/edge/native-messaging-hosts";
const VIVALDI_SYSTEM: &str = "root/etc/opt/vivaldi/native-messaging-hosts";
const NONE: &[&str] = &[];

/// Browser, the user's folder, the folders of the machine.
const LINUX: &[(&str, &str, &[&str])] = &[
    ("firefox", FIREFOX, &[FIREFOX_SYSTEM, FIREFOX_SYSTEM_64]),
    (
        "librewolf",
        "home/.librewolf/native-messaging-hosts",
        &["root/usr/lib/librewolf/native-messaging-hosts"],
    ),
    (
        "waterfox",
        "home/.waterfox/native-messaging-hosts",
        &["root/usr/lib/waterfox/native-messaging-hosts"],
    ),
    ("zen", FIREFOX, &[FIREFOX_SYSTEM]),
    ("chrome", "home/.config/google-chrome/NativeMessagingHosts", &[CHROME_SYSTEM]),
    ("chrome-beta", "home/.config/google-chrome-beta/NativeMessagingHosts", &[CHROME_SYSTEM]),
    ("chrome-dev", "home/.config/google-chrome-unstable/NativeMessagingHosts", &[CHROME_SYSTEM]),
    (
        "chrome-for-testing",
        "home/.config/google-chrome-for-testing/NativeMessagingHosts",
        &["root/etc/opt/chrome_for_testing/native-messaging-hosts"],
    ),
    (
        "chromium",
        "home/.config/chromium/NativeMessagingHosts",
        &["root/etc/chromium/native-messaging-hosts"],
    ),
    ("edge", "home/.config/microsoft-edge/NativeMessagingHosts", &[EDGE_SYSTEM]),
    ("edge-beta", "home/.config/microsoft-edge-beta/NativeMessagingHosts", &[EDGE_SYSTEM]),
    ("edge-dev", "home/.config/microsoft-edge-dev/NativeMessagingHosts", &[EDGE_SYSTEM]),
    ("brave", "home/.config/BraveSoftware/Brave-Browser/NativeMessagingHosts", &[CHROME_SYSTEM]),
    (
        "brave-beta",
        "home/.config/BraveSoftware/Brave-Browser-Beta/NativeMessagingHosts",
        &[CHROME_SYSTEM],
    ),
    (
        "brave-nightly",
        "home/.config/BraveSoftware/Brave-Browser-Nightly/NativeMessagingHosts",
        &[CHROME_SYSTEM],
    ),
    ("vivaldi", "home/.config/vivaldi/NativeMessagingHosts", &[VIVALDI_SYSTEM]),
    ("vivaldi-snapshot", "home/.config/vivaldi-snapshot/NativeMessagingHosts", &[VIVALDI_SYSTEM]),
    ("opera", "home/.config/opera/NativeMessagingHosts", NONE),
];

/// The same, with the folders of the user below `~/Library/Application Support`.
const MACOS: &[(&str, &str, &[&str])] = &[
    ("firefox", "Mozilla", &["root/Library/Application Support/Mozilla/NativeMessagingHosts"]),
    ("librewolf", "LibreWolf", NONE),
    ("waterfox", "Mozilla", NONE),
    ("zen", "Zen", NONE),
    ("chrome", "Google/Chrome", &["root/Library/Google/Chrome/NativeMessagingHosts"]),
    ("chrome-beta", "Google/Chrome Beta", NONE),
    ("chrome-dev", "Google/Chrome Dev", NONE),
    ("chrome-canary", "Google/Chrome Canary", NONE),
    ("chrome-for-testing", "Google/ChromeForTesting", NONE),
    ("chromium", "Chromium", &["root/Library/Application Support/Chromium/NativeMessagingHosts"]),
    ("edge", "Microsoft Edge", &["root/Library/Microsoft/Edge/NativeMessagingHosts"]),
    ("edge-beta", "Microsoft Edge Beta", NONE),
    ("edge-dev", "Microsoft Edge Dev", NONE),
    ("edge-canary", "Microsoft Edge Canary", NONE),
    ("brave", "BraveSoftware/Brave-Browser", NONE),
    ("brave-beta", "BraveSoftware/Brave-Browser-Beta", NONE),
    ("brave-nightly", "BraveSoftware/Brave-Browser-Nightly", NONE),
    ("vivaldi", "Vivaldi", NONE),
    ("opera", "com.operasoftware.Opera", NONE),
    ("arc", "Arc/User Data", NONE),
];

/// Browser, and the keys below `Software`.
const WINDOWS: &[(&str, &[&str])] = &[
    ("firefox", &["Mozilla"]),
    ("librewolf", &["Mozilla"]),
    ("waterfox", &["Mozilla"]),
    ("zen", &["Mozilla"]),
    ("chrome", &[r"Google\Chrome"]),
    ("chrome-beta", &[r"Google\Chrome"]),
    ("chrome-dev", &[r"Google\Chrome"]),
    ("chrome-canary", &[r"Google\Chrome"]),
    ("chrome-for-testing", &[r"Google\Chrome for Testing"]),
    ("chromium", &["Chromium"]),
    ("edge", &[r"Microsoft\Edge"]),
    ("brave", &[r"BraveSoftware\Brave-Browser", r"Google\Chrome"]),
    ("vivaldi", &["Vivaldi", r"Google\Chrome"]),
    ("opera", &["Opera Software", r"Google\Chrome"]),
    ("arc", &[r"Google\Chrome"]),
];

/// Installs for one browser on a machine where it is, and takes it back.
fn check(system: System, name: &str, scope: Scope, folders: &[String]) {
    let machine = Machine::of(system);
    let environment = &machine.environment;
    let browser = by_name(name).unwrap();
    for place in browser.places_in(environment, scope).filter(|place| place.sandbox.is_none()) {
        assert!(!place.is_present(environment), "{name}: present before it is there");
        std::fs::create_dir_all(place.signs[0].in_environment(environment)).unwrap();
    }
    let before = machine.tree();
    let request = Request { scope, ..Request::default() };
    let report = install(environment, &request).unwrap();
    let expected: Vec<PathBuf> = folders
        .iter()
        .map(|folder| machine.dir.path().join(folder).join("org.torrpeddo.host.json"))
        .collect();
    let written: Vec<_> = report.actions.iter().map(|action| action.file.clone()).collect();
    assert_eq!(written, expected, "{name}");
    for action in &report.actions {
        assert_eq!((action.outcome, &action.browsers), (Outcome::Written, &vec![name]));
        let text = std::fs::read_to_string(&action.file).unwrap();
        let list = match browser.family {
            Family::Firefox => "allowed_extensions",
            Family::Chromium => "allowed_origins",
        };
        assert!(text.contains(list), "{name}: {text}");
    }
    let again = install(environment, &request).unwrap();
    assert!(again.actions.iter().all(|action| action.outcome == Outcome::Unchanged));
    let report = uninstall(environment, &request).unwrap();
    assert_eq!(report.actions.len(), expected.len());
    assert!(report.actions.iter().all(|action| action.outcome == Outcome::Removed));
    let left: Vec<_> = machine.tree().difference(&before).cloned().collect();
    assert!(left.is_empty(), "{name} left {left:?}");
}

#[test]
fn each_browser_is_told_where_it_looks_on_linux() {
    for (name, user, system) in LINUX {
        check(System::Linux, name, Scope::User, &[(*user).to_owned()]);
        if !system.is_empty() {
            let system: Vec<String> = system.iter().map(|folder| (*folder).to_owned()).collect();
            check(System::Linux, name, Scope::System, &system);
        }
    }
}

#[test]
fn each_browser_is_told_where_it_looks_on_macos() {
    for (name, user, system) in MACOS {
        let user = format!("home/Library/Application Support/{user}/NativeMessagingHosts");
        check(System::Macos, name, Scope::User, &[user]);
        if !system.is_empty() {
            let system: Vec<String> = system.iter().map(|folder| (*folder).to_owned()).collect();
            check(System::Macos, name, Scope::System, &system);
        }
    }
}

#[test]
fn each_browser_has_its_keys_on_windows() {
    let mut folders = std::collections::HashMap::new();
    for (name, expected) in WINDOWS {
        let machine = Machine::of(System::Windows);
        let places = by_name(name).unwrap().places_in(&machine.environment, Scope::User);
        let keys: Vec<&str> = places
            .map(|place| match place.location {
                Location::Registry { key, folder } => {
                    let other = *folders.entry(key).or_insert(folder);
                    assert_eq!(other, folder, "each key has one manifest");
                    key.strip_suffix(r"\NativeMessagingHosts").unwrap()
                }
                Location::Folder(_) => panic!("{name} has a folder on Windows"),
            })
            .collect();
        assert_eq!(keys, *expected, "{name}");
    }
    let different: HashSet<_> = folders.values().map(|folder| folder.1).collect();
    assert_eq!(different.len(), folders.len(), "each manifest has one key");
}

/// Where there is a registry: each browser finds the manifest that its key names, and no key is left.
#[cfg(windows)]
#[test]
fn each_browser_is_told_where_it_looks_on_windows() {
    use crate::registry;
    for (name, keys) in WINDOWS {
        let machine = Machine::of(System::Windows);
        let environment = &machine.environment;
        let before = machine.tree();
        let request = Request { browsers: vec![(*name).into()], ..Request::default() };
        let read = |key: &&str| {
            let key = format!(r"{key}\NativeMessagingHosts\{}", torrpeddo_protocol::HOST_NAME);
            registry::read(Scope::User, &environment.registry_key(&key), "").unwrap()
        };
        let report = install(environment, &request).unwrap();
        let files: HashSet<_> =
            report.actions.iter().map(|action| Some(action.file.clone())).collect();
        let named: HashSet<_> = keys.iter().map(|key| read(key).map(PathBuf::from)).collect();
        assert_eq!(named, files, "{name}");
        let again = install(environment, &request).unwrap();
        assert!(again.actions.iter().all(|action| action.outcome == Outcome::Unchanged), "{name}");
        uninstall(environment, &Request::default()).unwrap();
        assert!(keys.iter().all(|key| read(key).is_none()), "{name}");
        assert_eq!(machine.tree(), before, "{name}");
    }
}

#[test]
fn the_table_holds_together() {
    let names: HashSet<_> = ALL.iter().map(|browser| browser.name).collect();
    assert_eq!(names.len(), ALL.len());
    for browser in ALL {
        assert!(browser.places.iter().any(|place| place.scope == Scope::User));
        for place in browser.places {
            assert!(!place.signs.is_empty(), "{}", browser.name);
            let folders = [place.location.folder()];
            let mut folders = place.signs.iter().chain(&folders);
            assert!(folders.all(|folder| !folder.1.starts_with('/')), "{}", browser.name);
            if place.scope == Scope::System {
                // What packages of ours make must not pass for the browser.
                let ours = place.location.folder();
                assert!(
                    place.signs.iter().all(|sign| !ours.1.starts_with(sign.1)),
                    "{}",
                    browser.name
                );
            }
        }
        assert_eq!(by_name(&browser.name.to_uppercase()), Some(browser));
    }
    assert_eq!(by_name("netscape"), None);
}

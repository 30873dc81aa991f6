use std::fs;

use super::*;
use crate::browsers::Family;
use crate::install::{Request, install};
use crate::manifest;
use crate::package::Package;
use crate::testing::Machine;

impl Machine {
    fn install_all(&self) {
        install(&self.environment, &Request::default()).unwrap();
    }

    fn check(&self, check: &str) -> (Level, String) {
        self.check_with(check, |_| {})
    }

    fn check_with(&self, check: &str, change: impl FnOnce(&mut Facts<'_>)) -> (Level, String) {
        let socket = self.dir.path().join("engine.sock");
        let mut facts = Facts {
            version: "1.0.0",
            engine: EngineState::NotRunning,
            socket: &socket,
            start_error: None,
            download_folder: Ok(self.dir.path()),
            port: None,
            permissions: None,
        };
        change(&mut facts);
        let findings = examine(&self.environment, &facts);
        for finding in &findings {
            assert_eq!(
                finding.remedy.is_none(),
                finding.level == Level::Ok,
                "what to do is said where something is to be done: {finding:?}"
            );
        }
        let mut found = findings.into_iter().filter(|finding| finding.check == check);
        let found = found.next().unwrap_or_else(|| panic!("nothing about {check}"));
        (found.level, found.message + " " + &found.remedy.unwrap_or_default())
    }
}

#[test]
fn all_is_well_after_an_installation() {
    let machine = Machine::new(&[".mozilla", ".config/chromium"]);
    machine.install_all();
    for check in ["program", "firefox", "chromium", "engine", "download folder"] {
        assert_eq!(machine.check(check).0, Level::Ok, "{check}");
    }
}

#[test]
fn what_a_package_brought_is_called_so() {
    let mut machine = Machine::new(&[]);
    machine.package(Package::Rpm);
    machine.program("root/usr/bin/firefox");
    let (level, text) = machine.check("firefox");
    assert_eq!(level, Level::Ok);
    assert!(text.trim_end().ends_with("of the rpm package."), "{text}");
}

#[test]
fn a_browser_that_was_not_told_is_a_problem_unless_another_one_was() {
    let machine = Machine::new(&[".mozilla", ".config/chromium"]);
    let (level, text) = machine.check("firefox");
    assert_eq!(level, Level::Problem);
    assert!(text.contains("torrpeddo install --browser firefox"));
    let request = Request { browsers: vec!["chromium".into()], ..Request::default() };
    install(&machine.environment, &request).unwrap();
    assert_eq!(machine.check("firefox").0, Level::Warning);
    assert_eq!(Machine::new(&[]).check("browsers").0, Level::Warning);
}

#[test]
fn a_manifest_that_does_not_work_is_named() {
    let machine = Machine::new(&[".mozilla/native-messaging-hosts"]);
    let path =
        machine.environment.home.join(".mozilla/native-messaging-hosts/org.torrpeddo.host.json");
    let ours = |binary: &Path| {
        let manifest = manifest::Manifest::ours(Family::Firefox, binary);
        String::from_utf8(manifest.to_bytes().unwrap()).unwrap()
    };
    let other = machine.program("other/torrpeddo");
    let plain = machine.dir.path().join("plain/torrpeddo");
    fs::create_dir_all(plain.parent().unwrap()).unwrap();
    fs::write(&plain, "").unwrap();
    for (text, level, expected) in [
        ("{".to_owned(), Level::Problem, "damaged"),
        (ours(Path::new("/no/such/torrpeddo")), Level::Problem, "where it is not"),
        (ours(&machine.environment.binary).replace("torrpeddo@", "x@"), Level::Problem, "admit"),
        (ours(&other), Level::Warning, "another installation"),
        // Elsewhere every file can be run.
        #[cfg(unix)]
        (ours(&plain), Level::Problem, "chmod +x"),
        (ours(&machine.environment.binary), Level::Ok, "knows Torrpeddo"),
    ] {
        fs::write(&path, &text).unwrap();
        let (found, message) = machine.check("firefox");
        assert_eq!(found, level, "{text}");
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_manifest_of_the_package_counts() {
    let machine = Machine::new(&[".config/chromium"]);
    let folder = machine.environment.root.join("etc/chromium/native-messaging-hosts");
    let manifest = manifest::Manifest::ours(Family::Chromium, &machine.environment.binary);
    manifest::write(&manifest::file_in(&folder), &manifest.to_bytes().unwrap(), false).unwrap();
    assert_eq!(machine.check("chromium").0, Level::Ok);
}

#[test]
fn the_engine_is_judged() {
    let machine = Machine::new(&[]);
    let running = |version: &str| EngineState::Running { version: version.into(), pid: 7 };
    let check = |state: EngineState| machine.check_with("engine", |facts| facts.engine = state);
    assert_eq!(check(running("1.0.0")).0, Level::Ok);
    assert_eq!(check(running("0.9.0")).0, Level::Warning);
    assert_eq!(check(EngineState::Unusable("It hangs.".into())).0, Level::Problem);
    let (level, text) = machine.check_with("engine", |facts| {
        facts.start_error = Some("The database is damaged.".into());
    });
    assert_eq!(level, Level::Problem);
    assert!(text.contains("The database is damaged."));
}

#[cfg(unix)]
#[test]
fn an_open_socket_is_a_problem() {
    use std::os::unix::fs::PermissionsExt;
    let machine = Machine::new(&[]);
    let socket = machine.dir.path().join("engine.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let set = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    set(machine.dir.path(), 0o700);
    set(&socket, 0o600);
    assert_eq!(machine.check("socket").0, Level::Ok);
    set(&socket, 0o666);
    assert_eq!(machine.check("socket").0, Level::Problem);
    set(&socket, 0o600);
    set(machine.dir.path(), 0o755);
    assert_eq!(machine.check("socket").0, Level::Problem);
}

#[test]
fn the_download_folder_is_judged() {
    let machine = Machine::new(&[]);
    let check = |folder: Result<&Path, String>| {
        let folder = folder.map(Path::to_owned);
        let (level, text) = machine.check_with("download folder", |facts| {
            // The test's folders live as long as the machine.
            facts.download_folder = folder
                .as_deref()
                .map_err(Clone::clone)
                .map(|path| Box::leak(path.to_owned().into_boxed_path()) as &Path);
        });
        (level, text)
    };
    let missing = machine.dir.path().join("not/yet");
    assert_eq!(check(Ok(machine.dir.path())).0, Level::Ok);
    let (level, text) = check(Ok(&missing));
    assert_eq!(level, Level::Ok);
    assert!(text.contains("first download"));
    assert_eq!(check(Ok(&machine.environment.binary)).0, Level::Problem);
    assert_eq!(check(Ok(&machine.environment.binary.join("below"))).0, Level::Problem);
    assert_eq!(check(Err("No folder.".into())).0, Level::Problem);
}

// Only where there are links for systemd.
#[cfg(unix)]
#[test]
fn what_was_asked_for_besides_is_looked_at() {
    let machine = Machine::new(&[".config"]);
    let environment = &machine.environment;
    assert_eq!(besides(environment).count(), 0, "nobody asked");
    let _ = [handler::install(environment, false), autostart::install(environment, false)];
    for check in ["magnet links", "session"] {
        assert_eq!(machine.check(check).0, Level::Ok, "{check}");
    }
    let moved = machine.with_program(machine.program("other/torrpeddo"));
    let found: Vec<_> = besides(&moved).map(|finding| (finding.level, finding.remedy)).collect();
    let again = |option| Some(format!("Run `torrpeddo install --{option}`."));
    let expected = ["handler", "autostart"].map(|option| (Level::Warning, again(option)));
    assert_eq!(found, expected);
}

/// What `--fix` would do about a check.
fn fix(machine: &Machine, check: &str, permissions: Option<&str>) -> Option<Fix> {
    let facts = Facts {
        version: "1.0.0",
        engine: EngineState::NotRunning,
        socket: Path::new("/nowhere"),
        start_error: None,
        download_folder: Ok(machine.dir.path()),
        port: None,
        permissions: permissions.map(str::to_owned),
    };
    let mut found = diagnose(&machine.environment, &facts).into_iter();
    found.find(|diagnosis| diagnosis.finding.check == check).and_then(|found| found.fix)
}

#[test]
fn a_flatpak_has_to_be_allowed_by_the_user() {
    let machine = Machine::new(&[".var/app/org.mozilla.firefox"]);
    let (level, text) = machine.check("firefox");
    assert_eq!(level, Level::Problem);
    assert!(text.contains("Firefox (Flatpak)") && text.contains("torrpeddo install"), "{text}");
    machine.install_all();
    let (level, text) = machine.check("firefox");
    assert_eq!(level, Level::Problem);
    let command = "flatpak override --user --talk-name=org.freedesktop.Flatpak org.mozilla.firefox";
    assert!(text.contains(command), "{text}");
    // That opens the sandbox, so nobody but the user does it.
    assert_eq!(fix(&machine, "firefox", None), None);
    let overrides = machine.environment.local.join("flatpak/overrides");
    fs::create_dir_all(&overrides).unwrap();
    let allowed = "[Session Bus Policy]\norg.freedesktop.Flatpak=talk\n";
    fs::write(overrides.join("org.mozilla.firefox"), allowed).unwrap();
    assert_eq!(machine.check("firefox").0, Level::Ok);
    // The program moved: the script leads nowhere.
    fs::remove_file(&machine.environment.binary).unwrap();
    let (level, text) = machine.check("firefox");
    assert_eq!(level, Level::Problem);
    assert!(text.contains(machine.environment.binary.to_str().unwrap()), "{text}");
}

#[test]
fn a_snap_asks_the_portal() {
    let machine = Machine::new(&["snap/firefox"]);
    machine.install_all();
    let check = |permissions: Option<&str>| {
        let permissions = permissions.map(str::to_owned);
        machine.check_with("firefox", |facts| facts.permissions = permissions)
    };
    let told =
        |policy| format!("webextensions\torg.torrpeddo.host\tsnap.firefox\t{policy}\t0x00\n");
    let (level, text) = check(None);
    assert_eq!(level, Level::Ok);
    assert!(text.contains("asks once"), "{text}");
    assert_eq!(check(Some("")).0, Level::Ok);
    assert_eq!(check(Some(&told("yes"))).0, Level::Ok);
    let (level, text) = check(Some(&told("no")));
    assert_eq!(level, Level::Problem);
    let command = "flatpak permission-set webextensions org.torrpeddo.host snap.firefox yes";
    assert!(text.contains(command), "{text}");
    let fix = fix(&machine, "firefox", Some(&told("no"))).unwrap();
    let done = fix.apply(&machine.environment, |arguments| {
        assert_eq!(format!("flatpak {}", arguments.join(" ")), command);
        true
    });
    assert!(done.unwrap().contains(command));
    assert_eq!(fix.apply(&machine.environment, |_| false), None);
}

#[test]
fn a_snap_that_cannot_start_programs_is_named() {
    let machine = Machine::new(&["snap/chromium"]);
    let (level, text) = machine.check("chromium");
    assert_eq!(level, Level::Problem);
    assert!(text.contains("Snap store"), "{text}");
    // With another browser that works it is a warning only.
    fs::create_dir_all(machine.environment.home.join(".mozilla")).unwrap();
    machine.install_all();
    assert_eq!(machine.check("chromium").0, Level::Warning);
}

#[test]
fn the_port_is_judged() {
    let machine = Machine::new(&[]);
    let check = |wanted, actual, answers| {
        machine.check_with("port", |facts| facts.port = Some(Port { wanted, actual, answers }))
    };
    assert_eq!(check(None, None, false).0, Level::Ok, "before the first torrent");
    assert_eq!(check(None, Some(7000), true).0, Level::Ok);
    assert_eq!(check(Some(7000), Some(7000), true).0, Level::Ok);
    let (level, text) = check(Some(7000), Some(7001), true);
    assert_eq!(level, Level::Warning);
    assert!(text.contains("7000") && text.contains("7001"), "{text}");
    assert_eq!(check(None, Some(7000), false).0, Level::Problem);
}

#[test]
fn what_can_be_put_right_is_put_right() {
    let machine = Machine::new(&[".mozilla"]);
    let apply = |check: &str| {
        let fix = fix(&machine, check, None).unwrap();
        fix.apply(&machine.environment, |_| false).unwrap()
    };
    apply("firefox");
    assert_eq!(machine.check("firefox").0, Level::Ok);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let plain = fs::Permissions::from_mode(0o644);
        fs::set_permissions(&machine.environment.binary, plain).unwrap();
        assert_eq!(machine.check("program").0, Level::Problem);
        apply("program");
        assert_eq!(machine.check("program").0, Level::Ok);
    }
}

#[cfg(unix)]
#[test]
fn an_open_socket_is_closed() {
    use std::os::unix::fs::PermissionsExt;
    let machine = Machine::new(&[]);
    let socket = machine.dir.path().join("engine.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    for path in [machine.dir.path(), &socket] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
    }
    assert_eq!(machine.check("socket").0, Level::Problem);
    let fix = Fix::MakePrivate([machine.dir.path().to_owned(), socket.clone()]);
    assert!(fix.apply(&machine.environment, |_| false).is_some());
    assert_eq!(machine.check("socket").0, Level::Ok);
}

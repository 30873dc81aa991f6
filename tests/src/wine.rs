//! Windows as far as Wine has it: a disk, a registry and a user of its own for each test.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::json;

use crate::{Relay, paths};

/// Where the program is installed.
const PROGRAM: &str = r"C:\Torrpeddo\torrpeddo.exe";

/// A throw-away Windows. When it goes, every process that runs in it goes too.
pub struct Wine {
    root: tempfile::TempDir,
}

impl Wine {
    /// A new one, with the program under test in it.
    ///
    /// # Panics
    /// When it cannot be made, or `TORRPEDDO_BIN` and `TORRPEDDO_TEST_WINE_DLL` do not name the
    /// program and what Wine lacks for it.
    #[must_use]
    pub fn new() -> Self {
        let root = tempfile::Builder::new().prefix("torrpeddo-wine-").tempdir().expect("a folder");
        let wine = Self { root };
        for folder in [wine.home(), wine.prefix()] {
            std::fs::create_dir(folder).expect("a folder");
        }
        wine.power_on();
        wine.began("wineboot", &["--init"]);
        let program = wine.drive().join("Torrpeddo");
        std::fs::create_dir(&program).expect("a folder");
        std::fs::copy(paths::binary(), program.join("torrpeddo.exe")).expect("the program");
        let dll = std::env::var_os("TORRPEDDO_TEST_WINE_DLL").expect("a library for Wine");
        std::fs::copy(dll, program.join("bcryptprimitives.dll")).expect("the library");
        std::fs::create_dir(wine.downloads()).expect("a folder");
        wine
    }

    fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    fn prefix(&self) -> PathBuf {
        self.root.path().join("prefix")
    }

    /// The drive C.
    #[must_use]
    pub fn drive(&self) -> PathBuf {
        self.prefix().join("drive_c")
    }

    /// Where downloads go.
    #[must_use]
    pub fn downloads(&self) -> PathBuf {
        self.drive().join("downloads")
    }

    /// What a path of Windows is for us.
    ///
    /// # Panics
    /// When it is not on the drive C.
    #[must_use]
    pub fn unix_path(&self, path: &str) -> PathBuf {
        let below = path.strip_prefix(r"C:\").unwrap_or_else(|| panic!("not on C: {path}"));
        self.drive().join(below.replace('\\', "/"))
    }

    fn dress<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let defaults = json!({
            "dht": false,
            "lsd": false,
            "upnp": false,
            "download_folder": r"C:\downloads",
        });
        command
            .env("WINEPREFIX", self.prefix())
            .env("HOME", self.home())
            .env("WINEDEBUG", "-all")
            // It would offer to fetch Mono and Gecko.
            .env("WINEDLLOVERRIDES", "mscoree,mshtml=")
            // Where the library is, for a program that is installed elsewhere.
            .env("WINEPATH", r"C:\Torrpeddo")
            .env("TORRPEDDO_DEFAULTS", defaults.to_string())
            .env_remove("TORRPEDDO_HOME")
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .stdin(Stdio::null())
    }

    /// A command of any program of Windows.
    #[must_use]
    pub fn program(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("wine");
        command.arg(program).args(arguments);
        self.dress(&mut command);
        command
    }

    /// A command of the program under test.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.program(PROGRAM, arguments)
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("Wine")
    }

    /// Starts it as a browser does.
    #[must_use]
    pub fn relay(&self, arguments: &[&str]) -> Relay {
        Relay::spawn(&mut self.command(arguments))
    }

    /// Runs a program of Windows to its end. Its errors are not read: Wine may start its desktop on the
    /// way, which stays and would hold that pipe open.
    fn output(&self, program: &str, arguments: &[&str]) -> Output {
        self.program(program, arguments).stderr(Stdio::null()).output().expect("Wine")
    }

    /// Runs a program of Windows to its end, which must be a good one.
    ///
    /// # Panics
    /// When it is not.
    #[track_caller]
    pub fn done(&self, program: &str, arguments: &[&str]) {
        let output = self.output(program, arguments);
        assert!(output.status.success(), "{program} {arguments:?}: {output:?}");
    }

    /// Opens a link or a file as Windows does at a click, with what is registered for it. Wine itself
    /// looks only among what is registered for all users.
    ///
    /// # Panics
    /// When that cannot be run.
    pub fn open(&self, key: &str, what: &str) {
        let line = self.registry(key, None).expect("a program for it");
        let (program, arguments) = line.split_once(".exe\" ").expect("a program in quotes");
        let arguments: Vec<&str> = arguments
            .split(' ')
            .map(|argument| match argument {
                "\"%1\"" => what,
                other => other,
            })
            .collect();
        self.began(&format!("{}.exe", program.trim_start_matches('"')), &arguments);
    }

    /// Begins the user's session: what shall start with it is started.
    pub fn log_in(&self) {
        self.began("wineboot", &[]);
    }

    /// Runs a program of Windows that starts others, which stay and would hold a pipe open.
    #[track_caller]
    fn began(&self, program: &str, arguments: &[&str]) {
        let mut command = self.program(program, arguments);
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        assert!(status.is_ok_and(|status| status.success()), "{program} {arguments:?}, of Wine");
    }

    /// A value of the registry as `reg query` has it; the default one without a name.
    ///
    /// # Panics
    /// When `reg` cannot be started.
    #[must_use]
    pub fn registry(&self, key: &str, name: Option<&str>) -> Option<String> {
        let value = name.map_or(vec!["/ve"], |name| vec!["/v", name]);
        let arguments = [&["query", key], value.as_slice()].concat();
        let output = self.output("reg", &arguments);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        output.status.success().then(|| {
            let value = text.lines().find_map(|line| line.split_once("REG_SZ"));
            value.unwrap_or_else(|| panic!("no text in {text}")).1.trim().to_owned()
        })
    }

    /// Ends a process at once, as the task manager does.
    pub fn kill(&self, pid: u32) {
        self.done("taskkill", &["/F", "/PID", &pid.to_string()]);
    }

    /// Takes the power away: every process ends, and what was only in memory is gone.
    pub fn cut_power(&self) {
        self.power_off();
        self.power_on();
    }

    /// It stays until it is told to end, as Windows does; otherwise it would end with its last
    /// program.
    fn power_on(&self) {
        let server = self.dress(Command::new("wineserver").arg("--persistent")).status();
        assert!(server.is_ok_and(|status| status.success()), "wineserver, of Wine");
    }

    fn power_off(&self) {
        for argument in ["--kill", "--wait"] {
            let _ = self.dress(Command::new("wineserver").arg(argument)).status();
        }
    }
}

impl Default for Wine {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Wine {
    fn drop(&mut self) {
        if std::thread::panicking() {
            crate::sandbox::print_logs(&self.drive().join("users"));
        }
        self.power_off();
    }
}

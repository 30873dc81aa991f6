//! A place of its own for each test: home, settings, downloads, engine.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::{Relay, paths, process, wait_until};

/// A temporary home with an engine of its own. When it goes, every process that was started in it
/// goes too, whatever it did to detach itself.
pub struct Sandbox {
    root: tempfile::TempDir,
    defaults: Value,
    binary: Option<PathBuf>,
}

impl Sandbox {
    /// A sandbox whose engine speaks to loopback alone.
    #[must_use]
    pub fn new() -> Self {
        Self::with_defaults(json!({}))
    }

    /// The same with other defaults of settings.
    ///
    /// # Panics
    /// When the disk says no.
    #[must_use]
    pub fn with_defaults(changes: Value) -> Self {
        let root = tempfile::Builder::new().prefix("torrpeddo-").tempdir().expect("a folder");
        for folder in ["home", "user", "downloads", "user/tmp"] {
            std::fs::create_dir(root.path().join(folder)).expect("a folder");
        }
        let mut defaults = json!({
            "dht": false,
            "lsd": false,
            "upnp": false,
            "download_folder": root.path().join("downloads"),
        });
        if let (Value::Object(all), Value::Object(changes)) = (&mut defaults, changes) {
            all.extend(changes);
        }
        Self { root, defaults, binary: None }
    }

    /// The same with another program than the one under test.
    #[must_use]
    pub fn with_binary(mut self, binary: &Path) -> Self {
        self.binary = Some(binary.to_owned());
        self
    }

    /// What `TORRPEDDO_HOME` is.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// The home folder of the user.
    #[must_use]
    pub fn user(&self) -> PathBuf {
        self.root.path().join("user")
    }

    /// The folder that everything is in. What a download must never write to is here.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// Where downloads go.
    #[must_use]
    pub fn downloads(&self) -> PathBuf {
        self.root.path().join("downloads")
    }

    /// Sets the environment of a program (a relay, a browser) so that it stays in here.
    pub fn dress<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        for (name, value) in self.environment() {
            command.env(name, value);
        }
        // Without a desktop, `open_folder` and `choose_folder` have nobody to ask.
        for name in ["DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS"] {
            command.env_remove(name);
        }
        command
    }

    /// The variables that keep a program in here.
    #[must_use]
    pub fn environment(&self) -> Vec<(String, String)> {
        let text = |path: PathBuf| path.to_string_lossy().into_owned();
        vec![
            ("TORRPEDDO_HOME".into(), text(self.home())),
            ("TORRPEDDO_DEFAULTS".into(), self.defaults.to_string()),
            ("HOME".into(), text(self.user())),
            ("TMPDIR".into(), text(self.user().join("tmp"))),
            ("XDG_RUNTIME_DIR".into(), text(self.user())),
            ("XDG_CONFIG_HOME".into(), text(self.user().join(".config"))),
            ("XDG_DATA_HOME".into(), text(self.user().join(".local/share"))),
            ("XDG_CACHE_HOME".into(), text(self.user().join(".cache"))),
        ]
    }

    /// A command of the binary under test.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.binary.clone().unwrap_or_else(paths::binary));
        command.args(arguments);
        self.dress(&mut command);
        command
    }

    /// A new connection. The first one starts the engine.
    #[must_use]
    pub fn relay(&self) -> Relay {
        Relay::spawn(&mut self.command(&["relay"]))
    }

    /// A new connection in another boot of the machine, as far as the programs behind it can see:
    /// they have a mount namespace of their own, in which the system's file about it is another one.
    /// `None`, with the reason on standard error, where this user may not mount.
    ///
    /// # Panics
    /// When the disk says no.
    #[must_use]
    pub fn relay_in_boot(&self, boot_id: &str) -> Option<Relay> {
        let file = self.root.path().join("boot_id");
        std::fs::write(&file, boot_id).expect("a file");
        let script = r#"mount --bind "$1" /proc/sys/kernel/random/boot_id && shift && exec "$@""#;
        let unshared = |program: &[&std::ffi::OsStr]| {
            let mut command = Command::new("unshare");
            command.args(["--mount", "sh", "-c", script, "sh"]).arg(&file).args(program);
            self.dress(&mut command);
            command
        };
        let output = unshared(&["true".as_ref()]).output().expect("unshare, of util-linux");
        if !output.status.success() {
            let reason = String::from_utf8_lossy(&output.stderr);
            eprintln!("skipped, because nothing can be mounted: {}", reason.trim());
            return None;
        }
        let binary = paths::binary();
        Some(Relay::spawn(&mut unshared(&[binary.as_os_str(), "relay".as_ref()])))
    }

    /// The engine's process, as it says itself.
    ///
    /// # Panics
    /// When it does not answer.
    #[must_use]
    pub fn engine_pid(&self) -> u32 {
        let hello = hello(&self.relay());
        hello["engine"]["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok()).expect("a pid")
    }

    /// Every process that runs in here.
    #[must_use]
    pub fn processes(&self) -> Vec<u32> {
        process::with_environment("TORRPEDDO_HOME", &self.home().to_string_lossy())
    }

    /// Ends the engine at once, as `kill -9` does.
    pub fn kill_engine(&self) {
        process::kill(self.engine_pid());
    }

    /// Asks the engine to end, and waits until its process is gone.
    pub fn stop_engine(&self) {
        let pid = self.engine_pid();
        self.relay().ok("shutdown", json!({"when": "now"}));
        wait_until("the end of the engine after shutdown", || !process::is_alive(pid));
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

/// Says hello.
///
/// # Panics
/// When it is not answered as the protocol says.
#[track_caller]
pub fn hello(relay: &Relay) -> Value {
    let client = json!({"name": "tests", "version": "1"});
    relay.ok("hello", json!({"protocol": 1, "client": client}))
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if std::thread::panicking() {
            print_logs(&self.home());
        }
        // A relay that is starting an engine may be about to make another process: until there is
        // none left, twice in a row.
        for _ in 0..50 {
            let left = self.processes();
            if left.is_empty() {
                return;
            }
            left.into_iter().for_each(process::kill);
        }
        eprintln!("left behind: {:?}", self.processes());
    }
}

/// Shows the end of each log below `folder`, for whoever looks at a test that failed.
pub(crate) fn print_logs(folder: &Path) {
    for name in crate::files::list(folder) {
        if name.ends_with(".log") {
            let text = std::fs::read_to_string(folder.join(&name)).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            let tail = lines[lines.len().saturating_sub(40)..].join("\n");
            eprintln!("--- the end of {name}\n{tail}");
        }
    }
}

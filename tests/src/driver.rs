//! The programs that drive the browsers, and what they are told about them.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::json;
use thirtyfour::Capabilities;

use crate::browser::{CHROMIUM_ID, FIREFOX_ID, FIREFOX_UUID, Kind, Options};
use crate::{Sandbox, mirror, paths};

/// Starts the driver of a browser on a port of its own choice, and returns where it listens. `bus` is
/// the address of the message bus that the browser is to use, if any.
///
/// # Panics
/// When it does not start.
pub(crate) fn start(
    kind: Kind,
    sandbox: &Sandbox,
    headless: bool,
    bus: Option<&str>,
) -> (Child, String) {
    // chromedriver wants the same free port for IPv4 and IPv6, and gives up when the one it took
    // for the first is taken for the second.
    (0..5)
        .find_map(|_| try_start(kind, sandbox, headless, bus))
        .unwrap_or_else(|| panic!("the driver of {} did not say where it listens", kind.name()))
}

fn try_start(
    kind: Kind,
    sandbox: &Sandbox,
    headless: bool,
    bus: Option<&str>,
) -> Option<(Child, String)> {
    let (program, arguments, sign): (_, &[&str], _) = match kind {
        Kind::Firefox => (
            paths::geckodriver(),
            &["--port", "0", "--websocket-port", "0", "--allow-system-access"],
            "Listening on 127.0.0.1:",
        ),
        Kind::Chromium | Kind::Chrome => {
            (PathBuf::from("chromedriver"), &["--port=0"], "started successfully on port ")
        }
    };
    let mut command = Command::new(&program);
    sandbox.dress(&mut command);
    if !headless {
        // The sandbox has no desktop, but this browser needs one.
        for name in ["DISPLAY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR", "XAUTHORITY"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
    }
    command.envs(bus.map(|address| ("DBUS_SESSION_BUS_ADDRESS", address)));
    // Programs that stand in for those of a desktop come first; see `handler`.
    let path = std::env::var("PATH").unwrap_or_default();
    let mut process = command
        .args(arguments)
        .env("PATH", format!("{}:{path}", sandbox.user().join("bin").display()))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        // Ctrl-C is for us; we end the driver, and the driver its browser.
        .process_group(0)
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let output = BufReader::new(process.stdout.take().expect("a piped output"));
    let mut lines = output.lines().map_while(Result::ok);
    let Some(rest) = lines.find_map(|line| Some(line.split_once(sign)?.1.to_owned())) else {
        let _ = process.kill();
        let _ = process.wait();
        return None;
    };
    let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
    // Nobody reads the rest, and a full pipe would stop the driver.
    std::thread::spawn(move || lines.for_each(drop));
    Some((process, format!("http://127.0.0.1:{port}")))
}

/// What chromedriver is told.
pub(crate) fn chromium(kind: Kind, sandbox: &Sandbox, options: Options) -> Capabilities {
    let folder =
        if options.mirrored { mirror::extension(sandbox) } else { paths::extension("chrome-mv3") };
    let folder = folder.display();
    let mut arguments = vec![
        format!("--user-data-dir={}", kind.profile(sandbox).display()),
        format!("--load-extension={folder}"),
        format!("--disable-extensions-except={folder}"),
        "--no-first-run".into(),
        "--no-default-browser-check".into(),
        "--disable-component-update".into(),
        "--disable-background-networking".into(),
        "--window-size=1200,900".into(),
    ];
    if options.headless {
        arguments.push("--headless=new".into());
    }
    if options.mirrored {
        arguments.push("--force-ui-direction=rtl".into());
    }
    if rustix::process::getuid().is_root() {
        // Chromium refuses to run as root with its sandbox.
        arguments.push("--no-sandbox".into());
    }
    let mut capabilities = Capabilities::new();
    let chrome = json!({
        "binary": kind.program(),
        "args": arguments,
        // In the toolbar, where people are told to look for it.
        "prefs": {"extensions": {"pinned_extensions": [CHROMIUM_ID]}},
        // Else chromedriver hides the windows that the extension opens.
        "enableExtensionTargets": true,
        "excludeSwitches": ["disable-background-networking", "enable-automation"],
    });
    capabilities.set("browserName", "chrome").expect("a name");
    capabilities.set("goog:chromeOptions", chrome).expect("options");
    capabilities
}

/// What geckodriver is told.
pub(crate) fn firefox(kind: Kind, sandbox: &Sandbox, options: Options) -> Capabilities {
    let mut arguments =
        vec!["-profile".to_owned(), kind.profile(sandbox).to_string_lossy().into_owned()];
    if options.headless {
        let size = ["-width", "1200", "-height", "900"];
        arguments.push("-headless".into());
        arguments.extend(size.map(ToOwned::to_owned));
    }
    let mut capabilities = Capabilities::new();
    let firefox = json!({
        "binary": kind.program(),
        "args": arguments,
        "prefs": {
            "extensions.webextensions.uuids": json!({FIREFOX_ID: FIREFOX_UUID}).to_string(),
            "browser.shell.checkDefaultBrowser": false,
            "datareporting.policy.dataSubmissionEnabled": false,
            "app.normandy.enabled": false,
            "app.update.enabled": false,
            "browser.tabs.warnOnClose": false,
        },
    });
    capabilities.set("browserName", "firefox").expect("a name");
    capabilities.set("moz:firefoxOptions", firefox).expect("options");
    capabilities
}

//! A real browser with the extension in it, in a throw-away profile, driven over WebDriver.
//!
//! Chromium by chromedriver, Firefox by geckodriver: the browsers' own drivers, so that a click is
//! a click of the user and the native host is started as a user's browser starts it.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use thirtyfour::extensions::addons::firefox::FirefoxTools;
use thirtyfour::prelude::*;
use thirtyfour::{Capabilities, WindowHandle};

use crate::{DEADLINE, Sandbox, paths};

/// What WebDriver answers.
pub type Done<T = ()> = WebDriverResult<T>;

/// The id of the extension in Chromium, from the key in its manifest.
const CHROMIUM_ID: &str = "iibhikoaahafbllkolaaineamdjbbedb";

/// The id of the add-on in Firefox, and the host name of its pages in our profiles.
const FIREFOX_ID: &str = "torrpeddo@torrpeddo.org";
const FIREFOX_UUID: &str = "5a8f0c52-7a0e-4d0b-9c7e-0f6f7f6f1a11";

/// Which browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Chromium.
    Chromium,
    /// Google Chrome.
    Chrome,
    /// Firefox.
    Firefox,
}

impl Kind {
    /// The name that `torrpeddo install --browser` knows it by.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Chrome => "chrome",
            Self::Firefox => "firefox",
        }
    }

    /// The browser of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Chromium, Self::Chrome, Self::Firefox].into_iter().find(|kind| kind.name() == name)
    }

    /// Where this browser looks for native manifests, given how [`Browser::start`] starts it.
    #[must_use]
    pub fn manifest_folder(self, sandbox: &Sandbox) -> PathBuf {
        match self {
            Self::Firefox => sandbox.user().join(".mozilla/native-messaging-hosts"),
            Self::Chromium | Self::Chrome => self.profile(sandbox).join("NativeMessagingHosts"),
        }
    }

    /// The profile of this browser in a sandbox.
    #[must_use]
    pub fn profile(self, sandbox: &Sandbox) -> PathBuf {
        sandbox.user().join(self.name())
    }

    fn program(self) -> PathBuf {
        let names: &[&str] = match self {
            Self::Chromium => &["chromium", "chromium-browser"],
            Self::Chrome => &["google-chrome", "google-chrome-stable", "chrome"],
            Self::Firefox => &["firefox-esr", "firefox"],
        };
        let folders = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&folders)
            .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
            .find(|path| path.is_file())
            .unwrap_or_else(|| panic!("{} is not installed", self.name()))
    }
}

/// How to start a browser.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// No window.
    pub headless: bool,
    /// Installs the native manifest first.
    pub host: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { headless: true, host: true }
    }
}

/// A browser that runs. [`Browser::quit`] ends it; a test that panics leaves that to its
/// [`Sandbox`], which must be dropped last.
pub struct Browser {
    /// Which.
    pub kind: Kind,
    /// The session.
    pub driver: WebDriver,
    process: Child,
}

impl Browser {
    /// Starts a browser with the extension, and the native manifest where the options say so.
    ///
    /// # Errors
    /// When the driver or the browser does not start.
    ///
    /// # Panics
    /// When a program is missing that `cargo xtask` installs.
    pub async fn start(kind: Kind, sandbox: &Sandbox, options: Options) -> Done<Self> {
        if options.host {
            install_host(kind, sandbox);
        }
        std::fs::create_dir_all(kind.profile(sandbox)).expect("a folder for the profile");
        let (mut process, url) = start_driver(kind, sandbox, options.headless);
        let capabilities = match kind {
            Kind::Firefox => firefox(kind, sandbox, options),
            Kind::Chromium | Kind::Chrome => chromium(kind, sandbox, options),
        };
        let driver = match WebDriver::new(url, capabilities).await {
            Ok(driver) => driver,
            Err(error) => {
                let _ = process.kill();
                let _ = process.wait();
                return Err(error);
            }
        };
        let browser = Self { kind, driver, process };
        if kind == Kind::Firefox {
            let folder = paths::extension("firefox-mv3");
            let tools = FirefoxTools::new(browser.driver.handle().clone());
            tools.install_addon(&folder.to_string_lossy(), Some(true)).await?;
        }
        Ok(browser)
    }

    /// The address of a page of the extension.
    #[must_use]
    pub fn page(&self, name: &str) -> String {
        match self.kind {
            Kind::Firefox => format!("moz-extension://{FIREFOX_UUID}/{name}"),
            Kind::Chromium | Kind::Chrome => format!("chrome-extension://{CHROMIUM_ID}/{name}"),
        }
    }

    /// Opens `url` in a new tab and goes there.
    ///
    /// # Errors
    /// What WebDriver says.
    pub async fn open(&self, url: &str) -> Done<WindowHandle> {
        let tab = self.driver.new_tab().await?;
        self.driver.switch_to_window(tab.clone()).await?;
        self.driver.goto(url).await?;
        Ok(tab)
    }

    /// Waits for a window or tab whose address begins with a page of the extension, and goes there.
    ///
    /// # Errors
    /// What WebDriver says.
    pub async fn wait_page(&self, name: &str) -> Done<WindowHandle> {
        let wanted = self.page(name);
        let began = Instant::now();
        loop {
            let mut seen = Vec::new();
            for window in self.driver.windows().await? {
                // A window may close between the list and the question.
                if self.driver.switch_to_window(window.clone()).await.is_err() {
                    continue;
                }
                let url = self.driver.current_url().await.map(String::from).unwrap_or_default();
                if url.starts_with(&wanted) {
                    return Ok(window);
                }
                seen.push(url);
            }
            assert!(began.elapsed() < DEADLINE, "waited in vain for {wanted}; open: {seen:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits for an element that `data-testid` names.
    ///
    /// # Errors
    /// What WebDriver says after a minute in vain.
    pub async fn element(&self, testid: &str) -> Done<WebElement> {
        self.css(&format!("[data-testid='{testid}']")).await
    }

    /// Waits for an element that a CSS selector names.
    ///
    /// # Errors
    /// What WebDriver says after a minute in vain.
    pub async fn css(&self, selector: &str) -> Done<WebElement> {
        self.driver.query(By::Css(selector)).wait(DEADLINE, Duration::from_millis(50)).first().await
    }

    /// Clicks an element that `data-testid` names, as soon as it is there and enabled.
    ///
    /// # Errors
    /// What WebDriver says after a minute in vain.
    pub async fn click(&self, testid: &str) -> Done {
        let element = self.element(testid).await?;
        let wait = element.wait_until().wait(DEADLINE, Duration::from_millis(50));
        wait.clickable().await?;
        element.click().await
    }

    /// Keeps a picture of the page in the folder of artifacts, and returns its path.
    ///
    /// # Errors
    /// What WebDriver says.
    pub async fn picture(&self, name: &str) -> Done<PathBuf> {
        self.picture_in(&paths::artifacts(), &format!("{}-{name}", self.kind.name())).await
    }

    /// Keeps a picture of the page in a folder of one's own, under a plain name.
    ///
    /// # Errors
    /// What WebDriver says.
    pub async fn picture_in(&self, folder: &Path, name: &str) -> Done<PathBuf> {
        let path = folder.join(name).with_extension("png");
        self.driver.screenshot(&path).await?;
        Ok(path)
    }

    /// Keeps a picture of an element that `data-testid` names; see [`Browser::picture_in`].
    ///
    /// # Errors
    /// What WebDriver says.
    pub async fn picture_of(&self, testid: &str, folder: &Path, name: &str) -> Done<PathBuf> {
        let path = folder.join(name).with_extension("png");
        self.element(testid).await?.screenshot(&path).await?;
        Ok(path)
    }

    /// The addresses of the dialogs that Firefox itself has open over its tabs.
    ///
    /// # Errors
    /// What WebDriver says.
    pub async fn own_dialogs(&self) -> Done<Vec<String>> {
        let script = "return [...Services.wm.getEnumerator('navigator:browser')].flatMap(window =>
            window.gBrowser.browsers.flatMap(browser =>
                window.gBrowser.getTabDialogBox(browser).getTabDialogManager()._dialogs
                    .map(dialog => dialog._openedURL ?? '')))";
        self.in_chrome(script).await?.convert()
    }

    /// Ends the browser and its driver.
    ///
    /// # Errors
    /// What WebDriver says; the driver is ended all the same.
    pub async fn quit(mut self) -> Done {
        let done = self.driver.clone().quit().await;
        let _ = self.process.kill();
        let _ = self.process.wait();
        done
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Installs the native manifest the real way: what people run after they installed the package.
///
/// # Panics
/// When it fails.
pub fn install_host(kind: Kind, sandbox: &Sandbox) {
    let folder = kind.manifest_folder(sandbox);
    std::fs::create_dir_all(&folder).expect("a folder for the manifest");
    let mut install = sandbox.command(&["install", "--browser", kind.name(), "--manifest-dir"]);
    let output = install.arg(&folder).output().expect("torrpeddo install");
    assert!(output.status.success(), "{install:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn start_driver(kind: Kind, sandbox: &Sandbox, headless: bool) -> (Child, String) {
    let (program, arguments, sign): (_, &[&str], _) = match kind {
        Kind::Firefox => (
            paths::tool("TORRPEDDO_TEST_GECKODRIVER", "bin/geckodriver", "geckodriver"),
            &["--port", "0", "--allow-system-access"],
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
    let port: String = lines
        .find_map(|line| Some(line.split_once(sign)?.1.to_owned()))
        .unwrap_or_else(|| panic!("{} did not say where it listens", program.display()))
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    // Nobody reads the rest, and a full pipe would stop the driver.
    std::thread::spawn(move || lines.for_each(drop));
    (process, format!("http://127.0.0.1:{port}"))
}

fn chromium(kind: Kind, sandbox: &Sandbox, options: Options) -> Capabilities {
    let folder = paths::extension("chrome-mv3");
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
    if rustix::process::getuid().is_root() {
        // Chromium refuses to run as root with its sandbox.
        arguments.push("--no-sandbox".into());
    }
    let mut capabilities = Capabilities::new();
    let chrome = json!({
        "binary": kind.program(),
        "args": arguments,
        // Else chromedriver hides the windows that the extension opens.
        "enableExtensionTargets": true,
        "excludeSwitches": ["disable-background-networking", "enable-automation"],
    });
    capabilities.set("browserName", "chrome").expect("a name");
    capabilities.set("goog:chromeOptions", chrome).expect("options");
    capabilities
}

fn firefox(kind: Kind, sandbox: &Sandbox, options: Options) -> Capabilities {
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

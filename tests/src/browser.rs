//! A real browser with the extension in it, in a throw-away profile, driven over WebDriver.
//!
//! Chromium by chromedriver, Firefox by geckodriver: the browsers' own drivers, so that a click is
//! a click of the user and the native host is started as a user's browser starts it.

use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::json;
use thirtyfour::WindowHandle;
use thirtyfour::error::WebDriverErrorInner;
use thirtyfour::extensions::addons::firefox::FirefoxTools;
use thirtyfour::prelude::*;

use crate::notifications::Notifications;
use crate::{DEADLINE, Sandbox, driver, paths};

/// What WebDriver answers.
pub type Done<T = ()> = WebDriverResult<T>;

/// The id of the extension in Chromium, from the key in its manifest.
pub(crate) const CHROMIUM_ID: &str = "iibhikoaahafbllkolaaineamdjbbedb";

/// The id of the add-on in Firefox, and the host name of its pages in our profiles.
pub(crate) const FIREFOX_ID: &str = "torrpeddo@torrpeddo.org";
pub(crate) const FIREFOX_UUID: &str = "5a8f0c52-7a0e-4d0b-9c7e-0f6f7f6f1a11";

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

    pub(crate) fn program(self) -> PathBuf {
        let names: &[&str] = match self {
            Self::Chromium => &["chromium", "chromium-browser"],
            Self::Chrome => &["google-chrome", "google-chrome-stable", "chrome"],
            Self::Firefox => &["firefox-esr", "firefox"],
        };
        names
            .iter()
            .find_map(paths::find)
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
    /// In a language from right to left; Chromium alone can be told to.
    pub mirrored: bool,
    /// With a message bus and a notification service on it. Without them, Firefox closes each
    /// notification at once (seen with ESR 153.8).
    pub desktop: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { headless: true, host: true, mirrored: false, desktop: false }
    }
}

/// A browser that runs. [`Browser::quit`] ends it; a test that panics leaves that to its
/// [`Sandbox`], which must be dropped last.
pub struct Browser {
    /// Which.
    pub kind: Kind,
    /// The session.
    pub driver: WebDriver,
    process: Ending,
    /// Outlives the browser, which shows its notifications there.
    _desktop: Option<Notifications>,
}

/// A driver that ends with whoever holds it.
struct Ending(Child);

impl Ending {
    fn end(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.end();
    }
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
        // It blocks until the service is there.
        let desktop = async || tokio::task::spawn_blocking(Notifications::start).await;
        let desktop = if options.desktop { desktop().await.ok() } else { None };
        let bus = desktop.as_ref().map(|desktop| desktop.address.as_str());
        let (process, url) = driver::start(kind, sandbox, options.headless, bus);
        let mut process = Ending(process);
        let capabilities = match kind {
            Kind::Firefox => driver::firefox(kind, sandbox, options),
            Kind::Chromium | Kind::Chrome => driver::chromium(kind, sandbox, options),
        };
        let starting = async {
            let driver = WebDriver::new(url, capabilities).await?;
            if kind == Kind::Firefox {
                let folder = paths::extension("firefox-mv3");
                let tools = FirefoxTools::new(driver.handle().clone());
                let added = tools.install_addon(&folder.to_string_lossy(), Some(true)).await;
                if let Err(error) = added {
                    // A session that is merely dropped keeps everybody waiting for a minute.
                    driver.quit().await?;
                    return Err(error);
                }
            }
            Done::Ok(driver)
        };
        // A driver that waits for its browser for ever would keep everything waiting.
        match tokio::time::timeout(DEADLINE, starting).await {
            Ok(driver) => Ok(Self { kind, driver: driver?, process, _desktop: desktop }),
            Err(_) => {
                process.end();
                Err(WebDriverError::from_inner(WebDriverErrorInner::Timeout(format!(
                    "{} did not start",
                    kind.name()
                ))))
            }
        }
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

    /// From now on Chromium takes a yes for granted when the page in front wants to be the handler of
    /// links.
    ///
    /// # Errors
    /// What WebDriver says.
    pub async fn answer_handlers(&self) -> Done {
        self.devtools("Page.setRPHRegistrationMode", json!({"mode": "autoAccept"})).await?;
        Ok(())
    }

    /// Ends the browser and its driver.
    ///
    /// # Errors
    /// What WebDriver says; the driver is ended all the same.
    pub async fn quit(mut self) -> Done {
        let quitting = tokio::time::timeout(DEADLINE, self.driver.clone().quit()).await;
        self.process.end();
        quitting.unwrap_or_else(|_| {
            Err(WebDriverError::from_inner(WebDriverErrorInner::Timeout(format!(
                "{} did not end",
                self.kind.name()
            ))))
        })
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

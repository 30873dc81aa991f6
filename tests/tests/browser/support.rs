//! What each case does.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use thirtyfour::prelude::*;
use torrpeddo_tests::browser::{Browser, Done, Kind, Options};
use torrpeddo_tests::http::Server;
use torrpeddo_tests::{DEADLINE, Files, Relay, Sandbox, Seed, Seeder};

/// The longest that a case may take. A browser that stops answering must not keep the others
/// waiting; every wait inside a case is shorter.
const CASE: Duration = Duration::from_secs(240);

/// A browser, a web server and an engine of its own. The sandbox goes last: it ends what is left.
pub struct Case {
    pub browser: Browser,
    pub server: Server,
    pub sandbox: Sandbox,
}

/// What a case that waits for notifications needs.
pub const WITH_DESKTOP: Options =
    Options { headless: true, host: true, mirrored: false, desktop: true };

/// Runs one case with the native host installed.
pub fn run(kind: Kind, name: &str, case: impl AsyncFnOnce(&Case) -> Done) {
    run_with(kind, name, Options::default(), |_, _| (), case);
}

/// The same with options, and something to do before the browser starts. A failure leaves a
/// picture of every window.
pub fn run_with(
    kind: Kind,
    name: &str,
    options: Options,
    before: impl FnOnce(&Sandbox, &Server),
    case: impl AsyncFnOnce(&Case) -> Done,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (sandbox, server) = (Sandbox::new(), Server::start());
    before(&sandbox, &server);
    let browser = runtime.block_on(Browser::start(kind, &sandbox, options)).unwrap();
    let made = Case { browser, server, sandbox };
    let bounded = async { tokio::time::timeout(CASE, case(&made)).await };
    let done = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(bounded).expect("a case that ends within its time").unwrap();
    }));
    let Case { browser, sandbox, .. } = made;
    if let Err(panic) = done {
        let pictures =
            async { tokio::time::timeout(DEADLINE, take_pictures(&browser, name)).await };
        let _ = runtime.block_on(pictures);
        let _ = runtime.block_on(browser.quit());
        drop(sandbox);
        resume_unwind(panic);
    }
    runtime.block_on(browser.quit()).unwrap();
}

async fn take_pictures(browser: &Browser, name: &str) {
    for (number, window) in browser.driver.windows().await.unwrap_or_default().iter().enumerate() {
        if browser.driver.switch_to_window(window.clone()).await.is_ok() {
            let url = browser.driver.current_url().await.map(String::from).unwrap_or_default();
            let picture = browser.picture(&format!("failed-{name}-{number}")).await;
            eprintln!("{url}: {picture:?}");
        }
    }
}

impl Case {
    /// A client of the engine beside the browser.
    pub fn relay(&self) -> Relay {
        self.sandbox.relay()
    }

    /// The entry of a torrent, as the engine tells it.
    pub fn torrent(&self, relay: &Relay, id: &str) -> Option<Value> {
        let mut status = relay.call_raw("get_status", &json!({})).expect("a list");
        let torrents = status["torrents"].as_array_mut().expect("a list");
        torrents.iter_mut().find(|torrent| torrent["id"] == id).map(Value::take)
    }

    /// Waits until the torrent is complete on disk, byte for byte, and known as complete.
    pub async fn complete(&self, seeder: &Seeder) {
        let relay = self.relay();
        wait(&format!("{} to be complete", seeder.name()), async || {
            let torrent = self.torrent(&relay, &seeder.id)?;
            assert_ne!(torrent["state"], "error", "{torrent:#}");
            let complete = ["seeding", "finished"].contains(&torrent["state"].as_str()?);
            complete.then(|| assert_eq!(torrent["progress"], 1.0, "{torrent:#}"))
        })
        .await;
        seeder.assert_downloaded(&self.sandbox.downloads());
    }

    /// Opens a page with one magnet link, `#link`, and whatever else `body` holds.
    pub async fn open_page(&self, body: &str) -> Done<WindowHandle> {
        self.server.page("/page", body);
        self.browser.open(&self.server.url("/page")).await
    }

    /// Goes to the add dialog that a click opened, and through it.
    pub async fn confirm(&self, seeder: &Seeder) -> Done {
        let dialog = self.browser.wait_page("add.html").await?;
        self.browser.element("file-row").await?;
        assert_eq!(self.browser.element("add-name").await?.text().await?, seeder.name());
        self.browser.click("add-confirm").await?;
        wait("the add dialog to close", async || {
            let open = self.browser.driver.windows().await.ok()?;
            (!open.contains(&dialog)).then_some(())
        })
        .await;
        let rest = self.browser.driver.windows().await?;
        self.browser.driver.switch_to_window(rest[0].clone()).await
    }

    /// Opens a page of the extension that holds no list.
    pub async fn open_welcome(&self) -> Done {
        self.browser.open(&self.browser.page("welcome.html")).await?;
        self.browser.element("welcome-status").await?;
        Ok(())
    }

    /// Leaves the add dialog that is in front without adding anything.
    pub async fn cancel(&self) -> Done {
        let dialog = self.browser.driver.window().await?;
        self.browser.click("add-cancel").await?;
        wait("the add dialog to close", async || {
            let open = self.browser.driver.windows().await.ok()?;
            (!open.contains(&dialog)).then_some(())
        })
        .await;
        let rest = self.browser.driver.windows().await?;
        self.browser.driver.switch_to_window(rest[0].clone()).await
    }

    /// Every entry that the engine has.
    pub fn torrents(&self) -> Vec<Value> {
        let mut status = self.relay().call_raw("get_status", &json!({})).expect("a list");
        std::mem::take(status["torrents"].as_array_mut().expect("a list"))
    }

    /// How many windows show a page of the extension.
    pub async fn pages(&self, name: &str) -> Done<usize> {
        let (here, wanted) = (self.browser.driver.window().await?, self.browser.page(name));
        let mut count = 0;
        for window in self.browser.driver.windows().await? {
            // A window of the browser's own may close between the list and the question.
            if self.browser.driver.switch_to_window(window).await.is_ok() {
                let url = self.browser.driver.current_url().await?;
                count += usize::from(url.as_str().starts_with(&wanted));
            }
        }
        self.browser.driver.switch_to_window(here).await?;
        Ok(count)
    }

    /// Asserts that no link came through: a page of the extension answers after all that was sent
    /// to the background before it, so what it has not opened by then it never will.
    pub async fn nothing_came_of_it(&self) -> Done {
        let here = self.browser.driver.window().await?;
        self.browser.open(&self.browser.page("popup.html")).await?;
        self.browser.css("[data-testid='popup'][data-connection='ready']").await?;
        assert_eq!(self.pages("add.html").await?, 0, "a dialog was opened");
        assert!(self.torrents().is_empty(), "added without the user");
        self.browser.driver.close_window().await?;
        self.browser.driver.switch_to_window(here).await
    }

    /// Keeps a picture of the popup, as large as it is.
    pub async fn picture_of_popup(&self, name: &str) -> Done {
        let name = format!("{}-{name}", self.browser.kind.name());
        self.browser.picture_of("popup", &torrpeddo_tests::paths::artifacts(), &name).await?;
        Ok(())
    }

    /// Waits until the popup shows a torrent in one of `states`, and returns its row.
    pub async fn row(&self, id: &str, states: &[&str]) -> Done<WebElement> {
        let row = format!("[data-testid='torrent-row'][data-id='{id}']");
        let selector: Vec<String> =
            states.iter().map(|state| format!("{row}[data-state='{state}']")).collect();
        self.browser.css(&selector.join(", ")).await
    }
}

/// Asks `condition` until it has an answer.
pub async fn wait<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = condition().await {
            return found;
        }
        assert!(began.elapsed() < DEADLINE, "waited {DEADLINE:?} in vain for {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Two files, a few hundred kilobytes.
pub fn small_seeder(name: &str) -> Seeder {
    Seeder::folder(name, [("one.bin", 300_000), ("folder/two ü.bin", 70_000)])
}

/// Slow enough to be looked at, until its limit is lifted.
pub fn slow_seeder(name: &str) -> Seeder {
    Seeder::start(Seed {
        name,
        files: Files::new([("film.bin", 14 << 20), ("notes/read me.txt", 30_000)]),
        piece_bytes: 64 << 10,
        upload_limit: 1 << 20,
    })
}

/// A link with the id `link`, as a page has it.
pub fn link(magnet: &str) -> String {
    format!("<a id=link href=\"{}\">a magnet link</a>", magnet.replace('&', "&amp;"))
}

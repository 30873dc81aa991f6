//! What a user does, and what comes of it: the demo without a window.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{Done, List, Swarm};
use crate::browser::Browser;
use crate::look::Scheme;
use crate::{DEADLINE, Sandbox, Seeder, files};

/// The sizes that the extension gives its windows.
const DIALOG: (u32, u32) = (600, 680);
const POPUP: (u32, u32) = (408, 576);
const PAGE: (u32, u32) = (1000, 760);
const MANAGER: (u32, u32) = (1100, 720);

/// How much of a torrent is there before it is paused or has its picture taken: bars are half full.
const HALF_WAY: f64 = 0.4;

/// On the swarm's page: clicks a link, goes through the dialog, watches the download and checks its
/// files. Pictures of every step are left in `folder`.
///
/// # Errors
/// When a step fails or the files are not those of the seeder.
pub async fn tour(browser: &Browser, sandbox: &Sandbox, swarm: &Swarm, folder: &Path) -> Done {
    let mut list = List::new(sandbox.relay());
    let pictures = Pictures { browser, folder };
    pictures.both("page", PAGE).await?;

    // Others, so that the list looks like one that is used. From beside the browser: it is one
    // engine for all.
    println!("adding four more from the terminal: the engine is the same for all");
    for magnet in
        [&swarm.charts.magnet, &swarm.image.magnet, &swarm.pictures.magnet, &swarm.nobodys()]
    {
        list.relay().ok("add_magnet", json!({"uri": magnet}));
    }

    println!("clicking the magnet link of “{}”", swarm.album.name());
    browser.css("a.torrent").await?.click().await?;
    browser.wait_page("add.html").await?;
    browser.element("file-row").await?;
    let size = browser.element("add-size").await?.text().await?;
    println!("the add dialog shows {size}; pressing “Download”");
    pictures.both("add", DIALOG).await?;
    browser.click("add-confirm").await?;

    let window = browser.driver.windows().await?.into_iter().next().ok_or("no window is left")?;
    browser.driver.switch_to_window(window).await?;
    browser.driver.goto(browser.page("popup.html")).await?;
    watch(&mut list, swarm, &pictures).await?;

    for seeder in [&swarm.pictures, &swarm.album] {
        check(seeder, &sandbox.downloads())?;
    }
    browser.driver.goto(browser.page("popup.html")).await?;
    let row = format!("[data-testid='torrent-row'][data-id='{}']", swarm.album.id);
    browser.css(&format!("{row}[data-progress='1']")).await?;
    pictures.one("popup", POPUP, Scheme::Light).await?;
    println!("pictures of the popup, the dialog and the pages: {}", folder.display());
    println!("  {}", folder.join("popup.png").display());
    Ok(())
}

/// Pictures under plain names, at twice the resolution where the browser can.
struct Pictures<'a> {
    browser: &'a Browser,
    folder: &'a Path,
}

impl Pictures<'_> {
    async fn one(&self, name: &str, size: (u32, u32), scheme: Scheme) -> Done {
        self.browser.set_size(size.0, size.1).await?;
        self.browser.set_scheme(scheme).await?;
        if size == POPUP {
            // Firefox shows it in a window that is larger.
            self.browser.picture_of("popup", self.folder, name).await?;
        } else {
            self.browser.picture_in(self.folder, name).await?;
        }
        Ok(())
    }

    async fn both(&self, name: &str, size: (u32, u32)) -> Done {
        self.one(&format!("{name}-dark"), size, Scheme::Dark).await?;
        self.one(&format!("{name}-light"), size, Scheme::Light).await
    }

    /// The popup, the page of the whole list with the details of one torrent, and the settings.
    async fn of_the_list(&self, shown: &str) -> Done {
        // It is told less often than we are.
        let paused = "[data-testid='torrent-row'][data-state='paused']";
        self.browser.css(paused).await?;
        self.both("popup", POPUP).await?;
        self.browser.driver.goto(self.browser.page("manager.html")).await?;
        self.browser.css(paused).await?;
        self.browser.css(&format!("[data-id='{shown}'] .name")).await?.click().await?;
        self.browser.click("toggle-details").await?;
        // A line, not a dot.
        let short =
            "[data-samples='0'], [data-samples='1'], [data-samples='2'], [data-samples='3']";
        self.browser.css(&format!("[data-testid='graph']:not({short}) canvas")).await?;
        self.both("manager", MANAGER).await?;
        self.browser.driver.goto(self.browser.page("options.html")).await?;
        self.browser.element("option-download-folder").await?;
        self.both("options", PAGE).await
    }
}

/// Tells the progress until the album is complete. Pauses the large one on the way, and takes the
/// pictures when each torrent is in a state of its own.
async fn watch(list: &mut List, swarm: &Swarm, pictures: &Pictures<'_>) -> Done {
    let mut bar = Bar::new();
    let mut pictured = false;
    let mut changed = (Instant::now(), 0.0);
    loop {
        list.update();
        let image = list.get(&swarm.image.id);
        if image.state() == "downloading" && image.progress() > HALF_WAY {
            list.relay().ok("pause", json!({"ids": [swarm.image.id]}));
        }
        let ready = list.get(&swarm.pictures.id).is_complete() && image.state() == "paused";
        let album = list.get(&swarm.album.id);
        if let Some(error) = album.error() {
            return Err(format!("The download failed: {error}").into());
        }
        bar.show(album.progress(), album.rate(), album.state());
        if !pictured && ready && album.progress() > HALF_WAY {
            pictures.of_the_list(&swarm.album.id).await?;
            pictured = true;
        }
        if album.is_complete() {
            bar.end();
            return Ok(());
        }
        if album.progress() > changed.1 {
            changed = (Instant::now(), album.progress());
        } else if changed.0.elapsed() > DEADLINE {
            return Err(format!("The download stands still: it is {}.", album.state()).into());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Compares the hash of each file with that of the seeder's copy.
fn check(seeder: &Seeder, downloads: &Path) -> Done {
    println!("sha256 of “{}”", seeder.name());
    let folder = seeder.downloaded_to(downloads);
    for (name, content) in seeder.files().iter() {
        let found = files::sha256(&std::fs::read(folder.join(name))?);
        if found != files::sha256(content) {
            return Err(format!("{name} is not what was seeded: its sha256 is {found}.").into());
        }
        println!("  {}… as seeded  {name}", &found[..16]);
    }
    Ok(())
}

/// The progress: a bar that moves on a terminal, a line for each tenth elsewhere.
struct Bar {
    moves: bool,
    tenths: usize,
}

impl Bar {
    fn new() -> Self {
        Self { moves: std::io::stdout().is_terminal(), tenths: 0 }
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 10")]
    fn show(&mut self, progress: f64, rate: f64, state: &str) {
        let tenths = (progress.clamp(0.0, 1.0) * 10.0) as usize;
        let full = "█".repeat(tenths * 2);
        let line =
            format!("  ▕{full:<20}▏ {:3.0} %  {:5.1} MB/s  {state}", progress * 100.0, rate / 1e6);
        if self.moves {
            print!("\r{line}\x1b[K");
            let _ = std::io::stdout().flush();
        } else if tenths > self.tenths {
            println!("{line}");
        }
        self.tenths = tenths;
    }

    fn end(&self) {
        if self.moves {
            println!();
        }
    }
}

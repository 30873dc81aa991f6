//! What the extension costs: the size of what is loaded everywhere and at each look, and the time until
//! the popup has something to show.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use super::table::{limited, median, title};
use crate::browser::{Browser, Done, Kind, Options};
use crate::{Sandbox, magnets, paths};

/// The most that may be loaded into every page of the web, in bytes.
pub const CATCHER_LIMIT: usize = 6 << 10;
/// The most that the popup may load before it is there, in bytes, compressed.
pub const POPUP_LIMIT: usize = 120 << 10;

const TORRENTS: usize = 1000;
const OPENINGS: usize = 15;

/// The size of the script that is loaded into every page of the web.
///
/// # Panics
/// When the extension has not been built.
#[must_use]
pub fn catcher_bytes(build: &str) -> usize {
    fs::read(paths::extension(build).join("catcher.js")).expect("the script of all pages").len()
}

/// The size of the popup and of all that it loads before it is there, each compressed with gzip.
///
/// # Panics
/// When the extension has not been built.
#[must_use]
pub fn popup_bytes(build: &str) -> usize {
    let folder = paths::extension(build);
    let page = fs::read_to_string(folder.join("popup.html")).expect("the popup's page");
    let loaded = page.split('"').filter_map(|part| part.strip_prefix('/'));
    let loaded: Vec<&str> =
        loaded.filter(|path| path.starts_with("chunks/") || path.starts_with("assets/")).collect();
    assert!(loaded.iter().any(|path| Path::new(path).extension().is_some_and(|end| end == "js")));
    let parts = loaded.iter().map(|path| fs::read(folder.join(path)).expect("a part of the popup"));
    compressed(page.as_bytes()) + parts.map(|part| compressed(&part)).sum::<usize>()
}

fn compressed(bytes: &[u8]) -> usize {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("room in memory");
    encoder.finish().expect("room in memory").len()
}

/// Measures sizes and times of the extension.
///
/// # Panics
/// When the extension has not been built, or Chromium does not start.
pub fn pages() {
    title("The extension");
    for build in ["chrome-mv3", "firefox-mv3"] {
        let kib = |bytes: usize| bytes as f64 / 1024.0;
        let (catcher, popup) = (kib(catcher_bytes(build)), kib(popup_bytes(build)));
        limited(&format!("script in every page, {build}"), catcher, kib(CATCHER_LIMIT), "KiB");
        limited(&format!("popup with gzip, {build}"), popup, kib(POPUP_LIMIT), "KiB");
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let [first, again] = runtime.expect("a runtime").block_on(popup_times()).expect("a popup");
    limited("popup to its first rows, 1000 torrents", median(again), 150.0, "ms");
    limited("  for the first time in a browser", median(first), 150.0, "ms");
}

/// Opens the popup again and again, and returns how many milliseconds after the browser began with the page
/// its first row was drawn: as if for the first time, and otherwise. Chromium's; Firefox has no way to
/// look from the very beginning.
async fn popup_times() -> Done<[Vec<f64>; 2]> {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let asked: Vec<u64> = (0..TORRENTS)
        .map(|number| {
            let uri = format!("{}&dn=Torrent+number+{number}", magnets::dead(number));
            relay.begin("add_magnet", &json!({"uri": uri, "options": {"paused": true}}))
        })
        .collect();
    for id in asked {
        relay.finish(id).expect("an entry");
    }
    let browser = Browser::start(Kind::Chromium, &sandbox, Options::default()).await?;
    let popup = browser.page("popup.html");
    browser.open(&popup).await?;
    let watch = "new MutationObserver((_, observer) => {
            if (document.querySelector('[data-testid=torrent-row]') === null) return;
            observer.disconnect();
            requestAnimationFrame(() => { document.documentElement.dataset.drawn = performance.now(); });
        }).observe(document, { subtree: true, childList: true })";
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": watch})).await?;
    let mut times = [Vec::new(), Vec::new()];
    for number in 0..2 * OPENINGS {
        if number % 2 == 0 {
            let forget = "return chrome.storage.session.clear()";
            browser.driver.execute(forget, vec![]).await?;
        }
        browser.driver.goto(&popup).await?;
        let page = browser.css("[data-drawn]").await?;
        let drawn = page.attr("data-drawn").await?.and_then(|text| text.parse().ok());
        times[number % 2].push(drawn.expect("a time"));
        // The whole list, so that the popup has seen what it may show the next time.
        browser.css(&format!("[data-testid=torrent-list][data-total='{TORRENTS}']")).await?;
    }
    browser.quit().await?;
    Ok(times)
}

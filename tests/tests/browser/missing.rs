//! No native host: the extension says so, and the browser gets its click back.

use torrpeddo_tests::browser::{Kind, Options};
use torrpeddo_tests::handler;
use torrpeddo_tests::magnets::{dead, dead_id};

use crate::support::{link, run_with, wait};

#[test]
fn chromium() {
    host_missing(Kind::Chromium);
}

#[test]
fn firefox() {
    host_missing(Kind::Firefox);
}

fn host_missing(kind: Kind) {
    let options = Options { host: false, ..Options::default() };
    let before = |sandbox: &_, server: &torrpeddo_tests::http::Server| {
        handler::install(kind, sandbox, server.url("").trim_end_matches('/'));
    };
    run_with(kind, "host-missing", options, before, async |case| {
        let magnet = dead(1);
        let browser = &case.browser;
        let handed_on = async || handler::handed_on(browser, &case.sandbox, &magnet).await;
        case.open_page(&link(&magnet)).await?;
        browser.css("#link").await?.click().await?;
        wait("the click to come back to the browser", async || {
            (handed_on().await.unwrap() == 1).then_some(())
        })
        .await;
        browser.wait_page("welcome.html").await?;
        browser.css("[data-testid='welcome-status'][data-status='missing']").await?;
        let command = browser.element("welcome-command").await?.text().await?;
        assert!(command.contains("torrpeddo install"), "{command}");
        browser.picture("host-missing").await?;

        // The next click waits for nobody: the browser has it at once.
        case.open_page(&link(&magnet)).await?;
        browser.css("#link").await?.click().await?;
        wait("the second click to come back", async || {
            (handed_on().await.unwrap() == 2).then_some(())
        })
        .await;

        // The page notices by itself when the host is there, and clicks are taken again.
        browser.wait_page("welcome.html").await?;
        torrpeddo_tests::browser::install_host(kind, &case.sandbox);
        browser.css("[data-testid='welcome-status'][data-status='ready']").await?;
        case.open_page(&link(&magnet)).await?;
        browser.css("#link").await?.click().await?;
        browser.wait_page("add.html").await?;
        browser.element("add-item").await?;
        assert_eq!(handed_on().await?, 2, "taken, and given back as well");
        assert!(case.torrent(&case.relay(), &dead_id(1)).is_none());
        Ok(())
    });
}

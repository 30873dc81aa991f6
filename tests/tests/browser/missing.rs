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
        case.open_page(&link(&magnet)).await?;
        let browser = &case.browser;
        browser.css("#link").await?.click().await?;
        wait("the click to come back to the browser", async || {
            (handler::handled(&case.sandbox) == [magnet.as_str()]).then_some(())
        })
        .await;
        browser.wait_page("welcome.html").await?;
        browser.css("[data-testid='welcome-status'][data-status='missing']").await?;
        let command = browser.element("welcome-command").await?.text().await?;
        assert!(command.contains("torrpeddo install"), "{command}");
        browser.picture("host-missing").await?;
        assert!(
            !case.sandbox.processes().iter().any(|pid| {
                torrpeddo_tests::process::describe(*pid).contains("torrpeddo engine")
            })
        );

        // The next click does not even wait for an answer: the browser has it at once.
        case.open_page(&link(&magnet)).await?;
        browser.css("#link").await?.click().await?;
        wait("the second click to come back", async || {
            (handler::handled(&case.sandbox).len() == 2).then_some(())
        })
        .await;

        // The page notices by itself when the host is there, and clicks are taken again.
        browser.wait_page("welcome.html").await?;
        torrpeddo_tests::browser::install_host(kind, &case.sandbox);
        browser.css("[data-testid='welcome-status'][data-status='ready']").await?;
        case.open_page(&link(&magnet)).await?;
        browser.css("#link").await?.click().await?;
        browser.wait_page("add.html").await?;
        browser.css("[data-testid='add-resolving']").await?;
        assert_eq!(handler::handled(&case.sandbox).len(), 2, "taken, and given back as well");
        assert!(case.torrent(&case.relay(), &dead_id(1)).is_none());
        Ok(())
    });
}

//! Every page in a language from right to left: mirrored as a whole, and nothing is pushed out of its window.

use serde_json::json;
use thirtyfour::Key;
use torrpeddo_tests::browser::{Done, Kind, Options};
use torrpeddo_tests::look::Scheme;

use crate::manager::add_paused;
use crate::support::{Case, link, run_with, small_seeder};

#[test]
fn chromium() {
    let options = Options { mirrored: true, ..Options::default() };
    run_with(Kind::Chromium, "mirrored", options, |_, _| (), every_page_is_mirrored);
}

impl Case {
    /// Asserts that the page is mirrored and needs no scrolling sideways, and takes its picture.
    async fn mirrored(&self, name: &str) -> Done {
        self.browser.set_scheme(Scheme::Light).await?;
        self.browser.picture(&format!("mirrored-{name}")).await?;
        let script = "const page = document.documentElement;
            const wide = [page, ...document.querySelectorAll('main, section, header, footer, form, dialog[open]')]
                .filter(one => one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0
                    && getComputedStyle(one).display !== 'inline')
                .map(one => `${one.tagName}.${one.className}: ${one.scrollWidth} in ${one.clientWidth}`);
            return [page.dir, ...wide]";
        let found = self.browser.driver.execute(script, vec![]).await?;
        assert_eq!(found.convert::<Vec<String>>()?, ["rtl"], "{name}");
        Ok(())
    }
}

async fn every_page_is_mirrored(case: &Case) -> Done {
    let (relay, seeder) = (case.relay(), small_seeder("An English name"));
    relay.ok("add_magnet", json!({"uri": seeder.magnet}));
    case.complete(&seeder).await;
    let ids = add_paused(&relay, 6);
    relay.ok("resume", json!({"ids": [ids[0]]}));
    relay.ok("set_torrent", json!({"id": ids[2], "labels": ["a label"]}));
    let browser = &case.browser;

    browser.open(&browser.page("popup.html")).await?;
    browser.set_size(408, 576).await?;
    browser.element("torrent-row").await?;
    case.mirrored("popup").await?;
    for (page, complete) in [
        ("options", "option-download-folder"),
        ("welcome", "welcome-status"),
        ("diagnostics", "findings"),
    ] {
        browser.open(&browser.page(&format!("{page}.html"))).await?;
        browser.element(complete).await?;
        for width in [1200, 480] {
            browser.set_size(width, 900).await?;
            case.mirrored(&format!("{page}-{width}")).await?;
        }
    }

    case.open_manager().await?;
    browser.set_size(1200, 800).await?;
    // A word that runs the other way begins where the others do, beside its icon.
    browser.element("filter-label").await?;
    let gap = "const label = document.querySelector('[data-testid=filter-label] bdi');
        const words = document.createRange();
        words.selectNodeContents(label);
        return label.getBoundingClientRect().right - words.getBoundingClientRect().right";
    let gap = browser.driver.execute(gap, vec![]).await?.convert::<f64>()?;
    assert!(gap.abs() < 1.0, "{gap} pixels away");
    case.row_of(&seeder.id).await?.click().await?;
    case.press(Key::Enter).await?;
    for tab in ["overview", "files", "peers", "trackers", "log"] {
        browser.click(&format!("tab-{tab}")).await?;
        case.mirrored(&format!("manager-{tab}")).await?;
    }
    // What is complete has no place in the queue.
    case.row_of(&ids[1]).await?.click().await?;
    browser.click("tool-more").await?;
    browser.element("action-queue").await?;
    case.mirrored("manager-menu").await?;
    case.press(Key::Escape).await?;
    case.gone("[role=menu]").await;
    case.row_of(&seeder.id).await?.click().await?;
    case.press("?").await?;
    browser.element("help-sheet").await?;
    case.mirrored("manager-help").await?;
    case.press(Key::Escape).await?;
    browser.set_size(700, 800).await?;
    case.mirrored("manager-narrow").await?;

    let other = small_seeder("Another one");
    case.open_page(&link(&other.magnet)).await?;
    browser.css("#link").await?.click().await?;
    browser.wait_page("add.html").await?;
    browser.element("file-row").await?;
    browser.set_size(620, 700).await?;
    case.mirrored("add").await?;
    Ok(())
}

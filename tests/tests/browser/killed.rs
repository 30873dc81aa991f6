//! The engine is killed, and cannot be started for a while, under each page: the page says so, comes back by
//! itself, and has lost nothing that was typed or chosen in it.

use serde_json::json;
use torrpeddo_tests::browser::{Done, install_host};
use torrpeddo_tests::{Files, Gate, Seed, Seeder};

use crate::manager::add_paused;
use crate::support::{Case, link, small_seeder, wait};

in_each_browser!(
    the_popup_outlives_it,
    the_full_page_outlives_it,
    the_settings_outlive_it,
    the_add_dialog_outlives_it,
    the_add_dialog_asks_the_next_one,
    the_diagnostics_outlive_it,
    a_page_hears_of_a_short_one,
    pages_say_why_it_cannot_start,
);

impl Case {
    /// Kills the engine, and lets nobody start another one until [`Case::mend`].
    async fn kill(&self, page: &str) -> Done {
        let folder = self.browser.kind.manifest_folder(&self.sandbox);
        std::fs::remove_dir_all(&folder).expect("the native manifest");
        self.sandbox.kill_engine();
        self.connection(page, "missing").await
    }

    /// Lets the engine be started again, and waits until the page has found it by itself.
    async fn mend(&self, page: &str) -> Done {
        install_host(self.browser.kind, &self.sandbox);
        self.connection(page, "ready").await
    }

    async fn connection(&self, page: &str, status: &str) -> Done {
        self.browser.css(&format!("[data-testid='{page}'][data-connection='{status}']")).await?;
        Ok(())
    }

    async fn type_into(&self, testid: &str, text: &str) -> Done {
        self.browser.element(testid).await?.send_keys(text).await
    }

    async fn assert_typed(&self, testid: &str, text: &str) -> Done {
        let value = self.browser.element(testid).await?.prop("value").await?;
        assert_eq!(value.as_deref(), Some(text), "{testid}");
        Ok(())
    }
}

async fn the_popup_outlives_it(case: &Case) -> Done {
    add_paused(&case.relay(), 8);
    case.browser.open(&case.browser.page("popup.html")).await?;
    case.browser.element("torrent-row").await?;
    case.type_into("add-input", "magnet:?half a link").await?;
    case.type_into("search", "torrent").await?;
    case.kill("popup").await?;
    // Not as if it had never been there.
    let said = case.browser.element("host-missing").await?;
    wait("the page to say that it is gone", async || {
        said.text().await.ok()?.contains("is gone").then_some(())
    })
    .await;
    case.browser.picture("popup-killed").await?;
    case.mend("popup").await?;
    case.browser.element("torrent-row").await?;
    case.assert_typed("add-input", "magnet:?half a link").await?;
    case.assert_typed("search", "torrent").await
}

async fn the_full_page_outlives_it(case: &Case) -> Done {
    let ids = add_paused(&case.relay(), 8);
    case.open_manager().await?;
    case.row_of(&ids[2]).await?.click().await?;
    case.press("l").await?;
    // The dialog is over the page and stays.
    case.type_into("label-new", "a label").await?;
    case.kill("manager").await?;
    case.browser.element("host-missing").await?;
    case.assert_typed("label-new", "a label").await?;
    case.mend("manager").await?;
    case.assert_typed("label-new", "a label").await?;
    case.press(thirtyfour::Key::Escape).await?;
    case.gone("dialog[open]").await;

    case.type_into("add-input", "magnet:?half a link").await?;
    case.type_into("search", "torrent").await?;
    case.kill("manager").await?;
    case.mend("manager").await?;
    case.shown(&ids.iter().collect::<Vec<_>>()).await;
    case.chosen(&[&ids[2]]).await;
    case.assert_typed("add-input", "magnet:?half a link").await?;
    case.assert_typed("search", "torrent").await
}

async fn the_settings_outlive_it(case: &Case) -> Done {
    case.browser.open(&case.browser.page("options.html")).await?;
    let lines = case.browser.element("option-extra-trackers").await?;
    lines.send_keys("http://127.0.0.1:1/announce").await?;
    case.kill("options").await?;
    case.browser.driver.execute("scrollTo(0, document.body.scrollHeight)", vec![]).await?;
    case.browser.css("[role=status].lost").await?;
    let top = "return document.querySelector('.lost').getBoundingClientRect().top";
    let top = case.browser.driver.execute(top, vec![]).await?.convert::<f64>()?;
    assert!((0.0..200.0).contains(&top), "it is said at {top}, out of sight");
    case.browser.driver.execute("scrollTo(0, 0)", vec![]).await?;
    case.browser.picture("options-killed").await?;
    case.mend("options").await?;
    case.assert_typed("option-extra-trackers", "http://127.0.0.1:1/announce").await?;
    // And it can still be saved.
    lines.click().await?;
    lines.send_keys("\nhttp://127.0.0.1:2/announce" + thirtyfour::Key::Tab).await?;
    wait("the trackers to be saved", async || {
        let settings = case.relay().ok("get_settings", json!({}));
        (settings["extra_trackers"].as_array()?.len() == 2).then_some(())
    })
    .await;
    Ok(())
}

async fn the_add_dialog_outlives_it(case: &Case) -> Done {
    let files = Files::new([("one.mkv", 300_000), ("two.srt", 70_000)]);
    let seed = Seed { name: "kept", files, piece_bytes: 64 << 10, upload_limit: 0 };
    let seeder = Seeder::start(seed);
    case.open_page(&link(&seeder.magnet)).await?;
    case.browser.css("#link").await?.click().await?;
    case.browser.wait_page("add.html").await?;
    case.browser.css("[data-testid=file-row][data-row='2'] [data-box]").await?.click().await?;
    case.browser.css("[data-testid=file-row][data-row='2'][aria-checked=false]").await?;
    case.browser.click("add-paused").await?;
    case.type_into("add-labels", "half a label").await?;
    let folder = case.sandbox.root().join("elsewhere");
    let field = case.browser.element("add-folder").await?;
    field.clear().await?;
    field.send_keys(folder.to_string_lossy()).await?;
    case.kill("add-dialog").await?;
    case.browser.element("host-missing").await?;
    case.browser.picture("add-killed").await?;
    case.mend("add-dialog").await?;
    case.browser.css("[data-testid=file-row][data-row='2'][aria-checked=false]").await?;
    case.assert_typed("add-folder", &folder.to_string_lossy()).await?;
    case.browser.click("add-confirm").await?;
    let relay = case.relay();
    let torrent = wait("the torrent", async || case.torrent(&relay, &seeder.id)).await;
    assert_eq!(torrent["state"], "paused");
    assert_eq!(torrent["labels"], json!(["half a label"]));
    assert_eq!(torrent["save_path"], json!(folder));
    Ok(())
}

async fn the_add_dialog_asks_the_next_one(case: &Case) -> Done {
    let seeder = small_seeder("asked for twice");
    // Closed for as long as the first one lives: what is shown then was asked for anew.
    let gate = Gate::before(seeder.port);
    let magnet = format!("{}&x.pe=127.0.0.1:{}", seeder.bare_magnet(), gate.port);
    case.open_page(&link(&magnet)).await?;
    case.browser.css("#link").await?.click().await?;
    case.browser.wait_page("add.html").await?;
    case.browser.element("add-resolving").await?;
    case.kill("add-dialog").await?;
    gate.open();
    case.mend("add-dialog").await?;
    case.browser.element("file-row").await?;
    assert_eq!(case.browser.element("add-name").await?.text().await?, seeder.name());
    Ok(())
}

async fn the_diagnostics_outlive_it(case: &Case) -> Done {
    case.browser.open(&case.browser.page("diagnostics.html")).await?;
    case.browser.element("findings").await?;
    case.browser.css("[data-testid='report'] summary").await?.click().await?;
    case.kill("diagnostics").await?;
    case.browser.css("[data-testid='diagnostics-connection'][data-status='missing']").await?;
    case.browser.element("findings-old").await?;
    case.browser.picture("diagnostics-killed").await?;
    case.mend("diagnostics").await?;
    case.browser.css("[data-testid='report'][open]").await?;
    case.browser.element("findings").await?;
    case.gone("[data-testid=findings-old]").await;
    Ok(())
}

/// It is started again at once, and the page tells that it was away.
async fn a_page_hears_of_a_short_one(case: &Case) -> Done {
    add_paused(&case.relay(), 3);
    for (file, page) in [("popup.html", "popup"), ("manager.html", "manager")] {
        case.browser.open(&case.browser.page(file)).await?;
        case.browser.element("torrent-row").await?;
        // It may be over before a driver has looked: the page itself writes down what it showed, in
        // the document, which is all that two scripts of a driver share in every browser.
        let watch = "new MutationObserver(() => {
                const lost = document.querySelector('.lost[role=status]');
                if (lost !== null) document.documentElement.dataset.seen ||= lost.textContent;
            }).observe(document.body, { subtree: true, childList: true, attributes: true })";
        case.browser.driver.execute(watch, vec![]).await?;
        case.sandbox.kill_engine();
        wait("the page to have said so", async || {
            let script = "return document.documentElement.dataset.seen ?? ''";
            let seen = case.browser.driver.execute(script, vec![]).await.ok()?;
            (!seen.convert::<String>().ok()?.is_empty()).then_some(())
        })
        .await;
        case.connection(page, "ready").await?;
        case.browser.element("torrent-row").await?;
    }
    Ok(())
}

/// The program is there and its engine cannot start: nobody is sent to install it again.
async fn pages_say_why_it_cannot_start(case: &Case) -> Done {
    let options = case.browser.open(&case.browser.page("options.html")).await?;
    case.browser.element("option-download-folder").await?;
    case.open_welcome().await?;
    case.browser.css("[data-testid=welcome-status][data-status=ready]").await?;
    let home = case.sandbox.home();
    let database = home.join("torrpeddo.db");
    // Its log too, which would else be read into what stands in its place.
    let parts = ["torrpeddo.db", "torrpeddo.db-wal", "torrpeddo.db-shm"];
    for part in parts {
        std::fs::rename(home.join(part), home.join(format!("kept-{part}"))).expect("a database");
    }
    std::fs::write(&database, "no database").expect("a file");
    case.sandbox.kill_engine();
    case.browser.css("[data-testid=welcome-status][data-status=unavailable]").await?;
    let said = case.browser.element("welcome-status").await?.text().await?;
    assert!(said.contains("is damaged"), "{said}");
    let heading = case.browser.css("h1").await?.text().await?;
    assert_eq!(heading, "Torrpeddo's engine is not available");
    case.gone("[data-testid=welcome-command]").await;
    case.browser.driver.switch_to_window(options).await?;
    let lost = case.browser.css("[role=status].lost").await?;
    wait("the settings to say it too", async || {
        lost.text().await.ok()?.contains("is damaged").then_some(())
    })
    .await;
    for part in parts {
        std::fs::rename(home.join(format!("kept-{part}")), home.join(part)).expect("the database");
    }
    case.connection("options", "ready").await
}

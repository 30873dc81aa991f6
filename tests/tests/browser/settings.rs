//! The page of settings: what it changes, what it takes back, what it refuses.

use serde_json::{Value, json};
use thirtyfour::Key;
use thirtyfour::prelude::*;
use torrpeddo_tests::browser::{Done, Kind};
use torrpeddo_tests::look::Scheme;
use torrpeddo_tests::magnets::{dead, dead_id};

use crate::support::{Case, run, wait};

in_each_browser!(
    a_setting_is_saved_at_once,
    a_setting_that_is_refused_says_why,
    defaults_come_back_and_can_be_undone,
    the_engine_starts_again_for_what_needs_it,
    the_theme_reaches_every_page,
);

impl Case {
    async fn open_options(&self) -> Done {
        self.browser.open(&self.browser.page("options.html")).await?;
        self.browser.element("option-download-folder").await?;
        Ok(())
    }

    async fn setting(&self, name: &str, value: &Value) {
        wait(&format!("{name} to be {value}"), async || {
            (self.relay().ok("get_settings", json!({}))[name] == *value).then_some(())
        })
        .await;
    }
}

async fn a_setting_is_saved_at_once(case: &Case) -> Done {
    case.open_options().await?;
    let browser = &case.browser;
    browser.click("option-start-paused").await?;
    browser.css("[data-testid='setting-option-start-paused'] [data-testid='saved']").await?;
    case.setting("start_paused", &json!(true)).await;

    browser.click("option-ratio-limit").await?;
    let ratio = browser.element("option-ratio-limit-value").await?;
    ratio.send_keys(Key::Control + "a").await?;
    ratio.send_keys("1.5").await?;
    ratio.send_keys(Key::Enter.value()).await?;
    case.setting("ratio_limit", &json!(1.5)).await;

    let lines = browser.element("option-extra-trackers").await?;
    let (one, two) = ("udp://127.0.0.1:1/announce", "http://127.0.0.1:1/announce");
    lines.send_keys(format!("{one}\n\n  {two}\n{one}")).await?;
    lines.send_keys(Key::Tab.value()).await?;
    case.setting("extra_trackers", &json!([one, two])).await;

    let folder = case.sandbox.root().join("unfinished");
    let field = browser.element("option-incomplete-folder").await?;
    field.send_keys(folder.to_string_lossy()).await?;
    field.send_keys(Key::Enter.value()).await?;
    case.setting("incomplete_folder", &json!(folder)).await;
    browser.click("option-incomplete-folder-clear").await?;
    case.setting("incomplete_folder", &Value::Null).await;
    browser.picture("settings").await?;

    // The search leaves what fits.
    browser.element("options-search").await?.send_keys("udp").await?;
    browser.element("options-no-match").await?;
    let search = browser.element("options-search").await?;
    search.clear().await?;
    search.send_keys("paused").await?;
    let left = browser.driver.find_all(By::Css("[data-testid^='setting-']")).await?;
    assert_eq!(left.len(), 1, "one setting is about that");
    Ok(())
}

async fn a_setting_that_is_refused_says_why(case: &Case) -> Done {
    case.open_options().await?;
    let browser = &case.browser;
    let folder = browser.element("option-download-folder").await?;
    let before = folder.value().await?;
    // As a hand does it: WebDriver's `clear` is a change of its own.
    folder.send_keys(Key::Control + "a").await?;
    folder.send_keys("not/absolute").await?;
    folder.send_keys(Key::Enter.value()).await?;
    let refused = browser.element("refused").await?;
    assert!(refused.text().await?.contains("absolute"), "{}", refused.text().await?);
    assert_eq!(folder.value().await?, before, "what was refused does not stay");

    // A list is not typed twice: it stays, with the sentence below it.
    let lines = browser.element("option-extra-trackers").await?;
    lines.send_keys("nonsense").await?;
    lines.send_keys(Key::Tab.value()).await?;
    browser.css("[data-testid='setting-option-extra-trackers'] [data-testid='refused']").await?;
    assert_eq!(lines.value().await?.as_deref(), Some("nonsense"));
    assert_eq!(case.relay().ok("get_settings", json!({}))["extra_trackers"], json!([]));
    Ok(())
}

async fn defaults_come_back_and_can_be_undone(case: &Case) -> Done {
    // The engine's own: nothing here may speak to the network, so the sandbox has other ones than
    // people.
    let fresh = case.relay().ok("get_settings", json!({"defaults": true}));
    assert_eq!(case.relay().ok("get_settings", json!({})), fresh);
    let changed = json!({
        "ask_before_add": false,
        "start_paused": true,
        "max_active_downloads": 1,
        "max_active_seeds": 1,
        "max_active": 1,
        "max_resolving": 1,
        "ignore_slow": {"enabled": true, "rate": 1, "seconds": 1},
        "ratio_limit": 1,
        "seed_minutes_limit": 1,
        "on_limit": "remove",
        "listen_port": 50_000,
        "extra_trackers": ["udp://127.0.0.1:1/announce"],
        "keep_running": "always",
        "repair_registrations": false,
        "incomplete_folder": case.sandbox.root().join("unfinished"),
    });
    case.relay().ok("set_settings", changed.clone());
    case.open_options().await?;
    case.browser.click("reset-queue").await?;
    case.setting("max_active_downloads", &fresh["max_active_downloads"]).await;
    assert_eq!(
        case.relay().ok("get_settings", json!({}))["on_limit"],
        "remove",
        "of one group only"
    );
    case.browser.click("toast-action").await?;
    case.setting("max_active_downloads", &json!(1)).await;

    case.browser.click("reset-all").await?;
    case.setting("listen_port", &Value::Null).await;
    assert_eq!(case.relay().ok("get_settings", json!({})), fresh);
    case.browser.click("toast-action").await?;
    case.setting("on_limit", &json!("remove")).await;
    Ok(())
}

async fn the_engine_starts_again_for_what_needs_it(case: &Case) -> Done {
    case.open_options().await?;
    let browser = &case.browser;
    browser.click("option-listen-port").await?;
    browser.element("restart").await?;
    let first = case.sandbox.engine_pid();
    // It is known after a reload, and forgotten when the change is taken back.
    browser.driver.refresh().await?;
    browser.element("restart").await?;
    browser.click("option-listen-port").await?;
    wait("nothing to wait for a restart", async || {
        browser
            .driver
            .find_all(By::Css("[data-testid='restart']"))
            .await
            .ok()?
            .is_empty()
            .then_some(())
    })
    .await;
    browser.click("option-listen-port").await?;
    browser.click("restart-now").await?;
    wait("another engine, and nothing to wait for it", async || {
        let waiting = browser.driver.find_all(By::Css("[data-testid='restart']")).await.ok()?;
        (waiting.is_empty() && case.sandbox.engine_pid() != first).then_some(())
    })
    .await;
    browser.css("[data-testid='options'][data-connection='ready']").await?;
    let port = case.relay().ok("get_settings", json!({}))["listen_port"].clone();
    assert!(port.is_u64(), "{port}");
    Ok(())
}

async fn the_theme_reaches_every_page(case: &Case) -> Done {
    let browser = &case.browser;
    let popup = browser.open(&browser.page("popup.html")).await?;
    browser.set_scheme(Scheme::Light).await?;
    let light = ground(case).await?;
    case.open_options().await?;
    browser.css("label:has([data-testid='option-theme-dark'])").await?.click().await?;
    wait("the page to be dark", async || (ground(case).await.ok()? != light).then_some(())).await;
    let dark = ground(case).await?;
    browser.driver.switch_to_window(popup).await?;
    wait("the other page to follow", async || (ground(case).await.ok()? == dark).then_some(()))
        .await;
    // So is a page that opens later. WebDriver may come back before it has loaded.
    browser.open(&browser.page("welcome.html")).await?;
    wait("the new page to be dark", async || (ground(case).await.ok()? == dark).then_some(()))
        .await;
    Ok(())
}

async fn ground(case: &Case) -> Done<String> {
    let script = "return getComputedStyle(document.documentElement).backgroundColor";
    case.browser.driver.execute(script, vec![]).await?.convert()
}

/// In Firefox the manifest makes it one.
#[test]
fn chromium_makes_it_the_handler_of_magnet_links() {
    run(Kind::Chromium, "handler", async |case| {
        case.open_options().await?;
        // The user's answer to the browser's own question, which no driver can press.
        case.browser.answer_handlers().await?;
        case.browser.click("option-handler").await?;
        // What no script of ours sees: an address that the user types.
        wait("the browser to hand on a link", async || {
            case.browser.driver.goto(dead(1)).await.ok();
            let url = case.browser.driver.current_url().await.ok()?;
            url.as_str().starts_with(&case.browser.page("add.html")).then_some(())
        })
        .await;
        case.browser.element("add-item").await?;
        assert!(case.torrents().is_empty(), "a page could do that, too: it is asked about");
        case.browser.click("add-confirm").await?;
        let relay = case.relay();
        wait("the torrent", async || case.torrent(&relay, &dead_id(1))).await;
        Ok(())
    });
}

//! A click on a magnet link, in all the ways a user clicks.

use serde_json::json;
use thirtyfour::Key;
use thirtyfour::prelude::*;
use torrpeddo_tests::browser::Done;

use crate::support::{Case, link, slow_seeder, small_seeder, wait};

in_each_browser!(
    a_click_leads_to_files,
    a_click_in_a_frame_of_another_origin,
    a_link_followed_by_keyboard,
    a_click_in_an_open_shadow_root,
    without_asking_the_click_alone_adds,
    a_cancelled_dialog_adds_nothing,
);

async fn a_click_leads_to_files(case: &Case) -> Done {
    let seeder = slow_seeder("A click – 動画");
    case.open_page(&format!("<h1>A page of the web</h1>{}", link(&seeder.magnet))).await?;
    case.browser.css("#link").await?.click().await?;
    case.browser.wait_page("add.html").await?;
    case.browser.element("file-row").await?;
    case.browser.picture("add").await?;
    assert!(case.torrent(&case.relay(), &seeder.id).is_none(), "added before the user said so");
    case.confirm(&seeder).await?;

    case.browser.open(&case.browser.page("popup.html")).await?;
    let row = case.row(&seeder.id, &["downloading"]).await?;
    case.picture_of_popup("popup-downloading").await?;
    row.find(By::Css("[data-testid='action-pause']")).await?.click().await?;
    let row = case.row(&seeder.id, &["paused"]).await?;
    case.picture_of_popup("popup-paused").await?;
    wait("the seeder to lose its peer", async || (seeder.peers() == 0).then_some(())).await;
    let paused = case.torrent(&case.relay(), &seeder.id).expect("an entry");
    assert_eq!(paused["state"], "paused");
    assert!(paused["progress"].as_f64() < Some(1.0), "paused in the middle: {paused:#}");

    row.find(By::Css("[data-testid='action-resume']")).await?.click().await?;
    case.row(&seeder.id, &["downloading"]).await?;
    seeder.limit(0);
    let row = case.row(&seeder.id, &["seeding", "finished"]).await?;
    assert_eq!(row.attr("data-progress").await?.as_deref(), Some("1"));
    case.picture_of_popup("popup-complete").await?;
    case.complete(&seeder).await;
    Ok(())
}

async fn a_click_in_a_frame_of_another_origin(case: &Case) -> Done {
    let seeder = small_seeder("framed");
    case.server.page("/frame", &link(&seeder.magnet));
    let frame = format!("<iframe src=\"{}\"></iframe>", case.server.other_origin("/frame"));
    case.open_page(&frame).await?;
    case.browser.css("iframe").await?.enter_frame().await?;
    case.browser.css("#link").await?.click().await?;
    case.confirm(&seeder).await?;
    case.complete(&seeder).await;
    Ok(())
}

async fn a_link_followed_by_keyboard(case: &Case) -> Done {
    let seeder = small_seeder("by keyboard");
    case.open_page(&link(&seeder.magnet)).await?;
    case.browser.css("#link").await?;
    let keys = case.browser.driver.action_chain();
    keys.send_keys(Key::Tab).send_keys(Key::Enter).perform().await?;
    case.confirm(&seeder).await?;
    case.complete(&seeder).await;
    Ok(())
}

async fn a_click_in_an_open_shadow_root(case: &Case) -> Done {
    let seeder = small_seeder("in the shadow");
    let script = format!(
        "<div id=host></div><script>document.getElementById('host')\
         .attachShadow({{mode: 'open'}}).innerHTML = `{}`</script>",
        link(&seeder.magnet)
    );
    case.open_page(&script).await?;
    case.browser.css("#host").await?;
    let inside = "return document.getElementById('host').shadowRoot.getElementById('link')";
    case.browser.driver.execute(inside, vec![]).await?.element()?.click().await?;
    case.confirm(&seeder).await?;
    case.complete(&seeder).await;
    Ok(())
}

async fn without_asking_the_click_alone_adds(case: &Case) -> Done {
    let seeder = small_seeder("unasked");
    case.relay().ok("set_settings", json!({"ask_before_add": false}));
    case.open_page(&link(&seeder.magnet)).await?;
    case.browser.css("#link").await?.click().await?;
    case.complete(&seeder).await;
    // The dialog may come up where the engine is slow to say that nobody wants it; it must not stay
    // and must not wait for anybody.
    wait("the add dialog to be nowhere", async || {
        for window in case.browser.driver.windows().await.ok()? {
            case.browser.driver.switch_to_window(window).await.ok()?;
            let url = case.browser.driver.current_url().await.ok()?;
            if url.as_str().contains("/add.html") {
                return None;
            }
        }
        Some(())
    })
    .await;
    Ok(())
}

async fn a_cancelled_dialog_adds_nothing(case: &Case) -> Done {
    let seeder = small_seeder("unwanted");
    case.open_page(&link(&seeder.magnet)).await?;
    case.browser.css("#link").await?.click().await?;
    let dialog = case.browser.wait_page("add.html").await?;
    case.browser.element("file-row").await?;
    case.browser.click("add-cancel").await?;
    wait("the add dialog to close", async || {
        let open = case.browser.driver.windows().await.ok()?;
        (!open.contains(&dialog)).then_some(())
    })
    .await;
    assert!(case.torrent(&case.relay(), &seeder.id).is_none(), "added although cancelled");
    assert!(torrpeddo_tests::files::list(&case.sandbox.downloads()).is_empty());
    Ok(())
}

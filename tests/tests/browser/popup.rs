//! The popup: it forgets nothing when it closes, and what was done in it can be undone.

use rustix::process::Signal;
use serde_json::json;
use thirtyfour::Key;
use thirtyfour::prelude::*;
use torrpeddo_tests::browser::Done;
use torrpeddo_tests::magnets::{dead, dead_id};
use torrpeddo_tests::process;

use crate::support::{Case, slow_seeder, wait};

in_each_browser!(
    a_removal_can_be_undone,
    a_removal_outlives_the_popup,
    adding_again_keeps_what_was_being_removed,
    everything_is_paused_and_resumed,
    it_opens_where_it_was,
    it_shows_what_was_there_before_the_engine_answers,
    the_rates_have_a_past,
);

impl Case {
    async fn open_popup(&self) -> Done<WindowHandle> {
        self.browser.open(&self.browser.page("popup.html")).await
    }

    /// Closes the popup as a click beside it does, and goes to another window.
    async fn close_popup(&self) -> Done {
        self.browser.driver.close_window().await?;
        let rest = self.browser.driver.windows().await?;
        self.browser.driver.switch_to_window(rest[0].clone()).await
    }

    async fn rows(&self, count: usize) {
        wait(&format!("{count} rows"), async || {
            let rows = self.browser.driver.find_all(By::Css("[data-testid='torrent-row']"));
            (rows.await.ok()?.len() == count).then_some(())
        })
        .await;
    }

    async fn remove(&self, id: &str) -> Done {
        let menu = format!("[data-id='{id}'] [data-testid='action-menu']");
        self.browser.css(&menu).await?.click().await?;
        self.browser.click("action-remove").await
    }

    fn add_dead(&self, numbers: std::ops::Range<usize>) {
        let relay = self.relay();
        for number in numbers {
            relay.ok("add_magnet", json!({"uri": dead(number)}));
        }
    }
}

async fn a_removal_can_be_undone(case: &Case) -> Done {
    case.add_dead(1..3);
    case.open_popup().await?;
    case.rows(2).await;
    let before = case.torrent(&case.relay(), &dead_id(1)).expect("an entry");
    case.remove(&dead_id(1)).await?;
    case.rows(1).await;
    case.picture_of_popup("popup-removed").await?;
    case.browser.click("removed-action").await?;
    case.rows(2).await;
    case.remove(&dead_id(1)).await?;
    case.rows(1).await;
    let keys = case.browser.driver.action_chain();
    keys.key_down(Key::Control).send_keys("z").key_up(Key::Control).perform().await?;
    case.rows(2).await;
    let after = case.torrent(&case.relay(), &dead_id(1)).expect("an entry");
    assert_eq!(after["added_at"], before["added_at"], "it never left");
    Ok(())
}

async fn a_removal_outlives_the_popup(case: &Case) -> Done {
    case.add_dead(1..3);
    case.open_popup().await?;
    case.rows(2).await;
    case.remove(&dead_id(1)).await?;
    case.browser.element("removed").await?;
    case.close_popup().await?;
    // Opened again it still offers the way back, and hides what is leaving.
    case.open_popup().await?;
    case.browser.element("removed").await?;
    case.rows(1).await;
    case.close_popup().await?;
    wait("the removal", async || case.torrent(&case.relay(), &dead_id(1)).is_none().then_some(()))
        .await;
    assert!(case.torrent(&case.relay(), &dead_id(2)).is_some());
    Ok(())
}

async fn adding_again_keeps_what_was_being_removed(case: &Case) -> Done {
    case.add_dead(1..3);
    case.relay().ok("set_settings", json!({"ask_before_add": false}));
    case.open_popup().await?;
    case.rows(2).await;
    case.remove(&dead_id(1)).await?;
    case.rows(1).await;
    let input = case.browser.element("add-input").await?;
    input.send_keys(dead(1)).await?;
    input.send_keys(Key::Enter.value()).await?;
    case.rows(2).await;
    // The other one goes when its time is over; this one was before it, and stays.
    case.remove(&dead_id(2)).await?;
    wait("the removal", async || case.torrent(&case.relay(), &dead_id(2)).is_none().then_some(()))
        .await;
    assert!(case.torrent(&case.relay(), &dead_id(1)).is_some(), "removed although added again");
    Ok(())
}

async fn everything_is_paused_and_resumed(case: &Case) -> Done {
    case.add_dead(1..4);
    case.relay().ok("pause", json!({"ids": [dead_id(3)]}));
    case.open_popup().await?;
    case.rows(3).await;
    case.browser.click("pause-all").await?;
    let paused = |id: &str| case.torrent(&case.relay(), id).expect("an entry")["state"] == "paused";
    wait("all to be paused", async || (1..4).all(|n| paused(&dead_id(n))).then_some(())).await;
    // Undo is for those it was done to.
    case.browser.click("toast-action").await?;
    wait("two to go on", async || (!paused(&dead_id(1)) && !paused(&dead_id(2))).then_some(()))
        .await;
    assert!(paused(&dead_id(3)), "resumed although paused before");
    case.browser.click("resume-all").await?;
    wait("the third to go on", async || (!paused(&dead_id(3))).then_some(())).await;
    Ok(())
}

async fn it_opens_where_it_was(case: &Case) -> Done {
    case.add_dead(1..60);
    case.open_popup().await?;
    case.browser.click("filter-active").await?;
    let scroll = "const scroller = document.querySelector('.scroller');
        if (scroller.scrollTop < 800) scroller.scrollTop = 840;
        (globalThis.browser ?? chrome).storage.session.get('place')
            .then(({ place }) => arguments[0](place?.top > 800))";
    wait("the place to be written down", async || {
        let known = case.browser.driver.execute_async(scroll, vec![]).await.ok()?;
        known.convert::<bool>().ok()?.then_some(())
    })
    .await;
    case.close_popup().await?;
    case.open_popup().await?;
    case.browser.element("torrent-row").await?;
    case.browser.css("[data-testid='filter-active'][aria-pressed='true']").await?;
    let top = "return document.querySelector('.scroller').scrollTop";
    let top: f64 = case.browser.driver.execute(top, vec![]).await?.convert()?;
    assert!(top > 800.0, "{top}");
    Ok(())
}

async fn it_shows_what_was_there_before_the_engine_answers(case: &Case) -> Done {
    case.add_dead(1..4);
    case.open_popup().await?;
    case.rows(3).await;
    let noted = "return browser.storage.session.get('glimpse').then(({ glimpse }) => glimpse?.torrents.length ?? 0)";
    let noted = noted.replace("browser", "(globalThis.browser ?? chrome)");
    wait("a note of what is in sight", async || {
        let noted = case.browser.driver.execute(&noted, vec![]).await.ok()?;
        (noted.convert::<usize>().ok()? == 3).then_some(())
    })
    .await;
    case.close_popup().await?;

    let relay = case.relay();
    relay.ok("remove", json!({"ids": [dead_id(1)]}));
    let engine = case.sandbox.engine_pid();
    process::send(engine, Signal::STOP);
    case.open_popup().await?;
    case.rows(3).await;
    case.browser.css("[data-testid=popup][data-connection=connecting]").await?;
    process::send(engine, Signal::CONT);
    case.browser.css("[data-testid=popup][data-connection=ready]").await?;
    case.rows(2).await;
    Ok(())
}

async fn the_rates_have_a_past(case: &Case) -> Done {
    let seeder = slow_seeder("with a past");
    case.relay().ok("add_magnet", json!({"uri": seeder.magnet}));
    case.open_popup().await?;
    case.row(&seeder.id, &["downloading"]).await?;
    case.browser.css("[data-testid='sparkline'][data-empty='false']").await?;
    case.close_popup().await?;
    // The background goes on while something is under way; a new popup begins with what it saw.
    case.open_popup().await?;
    case.browser.css("[data-testid='sparkline'][data-empty='false']").await?;
    case.picture_of_popup("popup-sparkline").await?;
    Ok(())
}

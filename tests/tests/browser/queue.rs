//! The order of the queue by the pointer, and what the full page tells about one torrent's past.

use serde_json::json;
use thirtyfour::Key;
use torrpeddo_tests::Relay;
use torrpeddo_tests::browser::Done;
use torrpeddo_tests::magnets::{dead, dead_id};

use crate::manager::add_paused;
use crate::support::{Case, small_seeder, wait};

in_each_browser!(
    rows_are_dragged_to_another_place,
    the_table_scrolls_while_a_row_is_dragged,
    the_log_of_one_torrent_is_shown,
    the_table_fits_its_window,
);

/// The queue as the engine has it.
fn queue(relay: &Relay) -> Vec<String> {
    let status = relay.ok("get_status", json!({}));
    let mut torrents = status["torrents"].as_array().expect("a list").clone();
    torrents.sort_by_key(|torrent| torrent["queue_position"].as_u64());
    torrents.iter().map(|torrent| torrent["id"].as_str().expect("an id").into()).collect()
}

impl Case {
    /// Takes a row and holds it over the upper part of another one: there it falls before that one.
    async fn drag_over(&self, from: &str, over: &str) -> Done {
        let (from, over) = (self.row_of(from).await?, self.row_of(over).await?);
        let chain = self.browser.driver.action_chain();
        let chain = chain.click_and_hold_element(&from).move_by_offset(0, 8);
        chain.move_to_element_center(&over).move_by_offset(0, -9).perform().await?;
        self.browser.element("drop-line").await?;
        Ok(())
    }

    async fn let_go(&self) -> Done {
        self.browser.driver.action_chain().release().perform().await
    }

    async fn number(&self, script: &str) -> Done<f64> {
        self.browser.driver.execute(script, vec![]).await?.convert()
    }
}

async fn rows_are_dragged_to_another_place(case: &Case) -> Done {
    let relay = case.relay();
    let ids = add_paused(&relay, 6);
    let [a, b, c, d, e, f] = &ids[..] else { unreachable!("six") };
    case.open_manager().await?;
    case.drag_over(e, b).await?;
    case.browser.css("[data-testid=drop-line][data-line='1']").await?;
    case.browser.picture("manager-drag").await?;
    case.let_go().await?;
    case.shown(&[a, e, b, c, d, f]).await;
    case.gone("[data-testid=drop-line]").await;
    case.chosen(&[e]).await;
    assert_eq!(queue(&relay), [a, e, b, c, d, f].map(String::clone));

    // Several, that do not stand together, to a place between them.
    case.row_of(a).await?.click().await?;
    case.click_with(Key::Control, &case.row_of(f).await?).await?;
    case.drag_over(f, c).await?;
    case.let_go().await?;
    case.shown(&[e, b, a, f, c, d]).await;
    case.chosen(&[a, f]).await;

    // Escape lets go of them, and of nothing else.
    case.drag_over(a, e).await?;
    case.press(Key::Escape).await?;
    case.gone("[data-testid=drop-line]").await;
    case.let_go().await?;
    case.chosen(&[a, f]).await;
    assert_eq!(queue(&relay), [e, b, a, f, c, d].map(String::clone));

    // In another order than the queue's a row cannot be put anywhere.
    case.browser.click("sort-name").await?;
    case.shown(&[a, b, c, d, e, f]).await;
    let chain = case.browser.driver.action_chain().click_and_hold_element(&case.row_of(e).await?);
    chain.move_by_offset(0, -60).perform().await?;
    case.gone("[data-testid=drop-line]").await;
    case.let_go().await?;
    assert_eq!(queue(&relay), [e, b, a, f, c, d].map(String::clone));
    Ok(())
}

async fn the_table_scrolls_while_a_row_is_dragged(case: &Case) -> Done {
    let relay = case.relay();
    let ids: Vec<String> = (0..60).map(dead_id).collect();
    for number in 0..60 {
        relay.ok("add_magnet", json!({"uri": dead(number), "options": {"paused": true}}));
    }
    let table = case.open_manager().await?;
    let first = case.row_of(&ids[0]).await?;
    let bottom = table.rect().await?;
    #[expect(clippy::cast_possible_truncation, reason = "pixels of a window")]
    let (x, y) = ((bottom.x + 200.0) as i64, (bottom.y + bottom.height - 12.0) as i64);
    let chain = case.browser.driver.action_chain().click_and_hold_element(&first);
    chain.move_by_offset(0, 8).move_to(x, y).perform().await?;
    wait("the end of the list", async || {
        let script = "const scroller = document.querySelector('.table .scroller');
            return scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop";
        (case.number(script).await.ok()? < 2.0).then_some(())
    })
    .await;
    case.let_go().await?;
    wait("the first to be nearly the last", async || {
        let place = queue(&relay).iter().position(|id| *id == ids[0])?;
        (place > 50).then_some(())
    })
    .await;
    Ok(())
}

async fn the_log_of_one_torrent_is_shown(case: &Case) -> Done {
    let (relay, seeder) = (case.relay(), small_seeder("gets in trouble"));
    let ids = add_paused(&relay, 1);
    // Where its file shall be stands a folder.
    let obstacle = case.sandbox.downloads().join(seeder.name()).join("one.bin");
    std::fs::create_dir_all(&obstacle).expect("a folder");
    relay.ok("add_magnet", json!({"uri": seeder.magnet}));
    case.open_manager().await?;
    case.row(&seeder.id, &["error"]).await?.click().await?;
    case.press(Key::Enter).await?;
    case.browser.click("tab-log").await?;
    let line = case.browser.element("log-line").await?.text().await?;
    assert!(line.contains(&seeder.id) || line.contains(seeder.name()), "{line}");
    case.browser.picture("manager-log").await?;
    case.browser.click("torrent-log-copy").await?;
    case.browser.css("[data-testid='torrent-log-copy'][data-copied='true']").await?;
    case.row_of(&ids[0]).await?.click().await?;
    case.browser.element("torrent-log-empty").await?;
    Ok(())
}

async fn the_table_fits_its_window(case: &Case) -> Done {
    add_paused(&case.relay(), 3);
    case.open_manager().await?;
    for width in [1000, 1100, 1200, 1400] {
        // One driver knows sizes of pages only, the other sizes of windows only.
        case.browser.set_size(width, 800).await?;
        if case.browser.kind == torrpeddo_tests::browser::Kind::Firefox {
            case.browser.driver.set_window_rect(0, 0, width, 800).await?;
        }
        wait(&format!("no way sideways at {width}"), async || {
            let script = "const scroller = document.querySelector('.table .scroller');
                return scroller.scrollWidth - scroller.clientWidth";
            (case.number(script).await.ok()? < 1.0).then_some(())
        })
        .await;
        case.browser.element("sort-down").await?;
        case.browser.picture(&format!("manager-{width}")).await?;
    }
    case.browser.element("sort-ratio").await?;
    Ok(())
}

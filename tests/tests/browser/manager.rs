//! The full page: its table, its filters and its details, by mouse and by keyboard.

use serde_json::{Value, json};
use thirtyfour::Key;
use thirtyfour::prelude::*;
use torrpeddo_tests::browser::Done;
use torrpeddo_tests::magnets::{dead, dead_id};
use torrpeddo_tests::{Relay, Seeder};

use crate::support::{Case, slow_seeder, small_seeder, wait};

in_each_browser!(
    rows_are_chosen_by_mouse_and_keyboard,
    the_menu_opens_by_keyboard_and_gives_its_focus_back,
    columns_are_sorted_and_hidden_and_stay_so,
    filters_and_search_narrow_the_table,
    the_details_show_and_change_one_torrent,
    files_go_to_the_bin_with_the_torrent,
);

const TABLE: &str = "torrent-table";

/// So many magnets without peers, paused, named with letters from A.
pub fn add_paused(relay: &Relay, count: u8) -> Vec<String> {
    (0..count)
        .map(|number| {
            let name = char::from(b'A' + number);
            let uri = format!("{}&dn=Torrent+{name}", dead(number.into()));
            relay.ok("add_magnet", json!({"uri": uri, "options": {"paused": true}}));
            dead_id(number.into())
        })
        .collect()
}

impl Case {
    pub async fn open_manager(&self) -> Done<WebElement> {
        self.browser.open(&self.browser.page("manager.html")).await?;
        self.browser.element(TABLE).await
    }

    /// A row of the table, by the place it has now.
    pub async fn row_of(&self, id: &str) -> Done<WebElement> {
        self.browser.css(&format!("[data-testid='torrent-row'][data-id='{id}']")).await
    }

    /// Waits until exactly these rows are chosen.
    pub async fn chosen(&self, ids: &[&String]) {
        let script = "return [...document.querySelectorAll('[aria-selected=true]')]
            .filter(row => row.dataset.testid === 'torrent-row').map(row => row.dataset.id)";
        wait("the rows to be chosen", async || {
            let found = self.browser.driver.execute(script, vec![]).await.ok()?;
            let mut found: Vec<String> = found.convert().ok()?;
            let mut wanted: Vec<String> = ids.iter().map(|id| (*id).clone()).collect();
            found.sort_unstable();
            wanted.sort_unstable();
            (found == wanted).then_some(())
        })
        .await;
    }

    /// Waits until the table shows these rows, from the top.
    pub async fn shown(&self, ids: &[&String]) {
        let script = "return [...document.querySelectorAll('[data-testid=torrent-row]')]
            .sort((a, b) => a.ariaRowIndex - b.ariaRowIndex).map(row => row.dataset.id)";
        wait("the rows to be shown", async || {
            let found = self.browser.driver.execute(script, vec![]).await.ok()?;
            let found: Vec<String> = found.convert().ok()?;
            found.iter().eq(ids.iter().copied()).then_some(())
        })
        .await;
    }

    /// Waits until the engine says `wanted` of a torrent.
    async fn engine(&self, relay: &Relay, id: &str, wanted: impl Fn(&Value) -> bool) {
        wait("the engine to say so", async || {
            self.torrent(relay, id).filter(|torrent| wanted(torrent)).map(|_| ())
        })
        .await;
    }

    pub async fn gone(&self, selector: &str) {
        wait("it to be gone", async || {
            let found = self.browser.driver.find_all(By::Css(selector)).await.ok()?;
            found.is_empty().then_some(())
        })
        .await;
    }

    pub async fn press(&self, keys: impl Into<TypingData>) -> Done {
        self.browser.driver.action_chain().send_keys(keys).perform().await
    }

    pub async fn press_with(&self, held: Key, key: impl Into<char>) -> Done {
        let chain = self.browser.driver.action_chain();
        chain.key_down(held.clone()).send_keys(key.into()).key_up(held).perform().await
    }

    pub async fn click_with(&self, held: Key, row: &WebElement) -> Done {
        let chain = self.browser.driver.action_chain();
        chain.key_down(held.clone()).click_element(row).key_up(held).perform().await
    }
}

async fn rows_are_chosen_by_mouse_and_keyboard(case: &Case) -> Done {
    let relay = case.relay();
    let ids = add_paused(&relay, 5);
    case.open_manager().await?;
    case.row_of(&ids[1]).await?.click().await?;
    case.chosen(&[&ids[1]]).await;
    case.click_with(Key::Shift, &case.row_of(&ids[3]).await?).await?;
    case.chosen(&[&ids[1], &ids[2], &ids[3]]).await;
    case.click_with(Key::Control, &case.row_of(&ids[2]).await?).await?;
    case.chosen(&[&ids[1], &ids[3]]).await;

    // What the keys do is done to exactly those.
    case.press("r").await?;
    for id in [&ids[1], &ids[3]] {
        // The page has to know it as well: what is paused cannot be paused.
        case.row(id, &["queued", "fetching_metadata"]).await?;
    }
    for id in [&ids[0], &ids[2], &ids[4]] {
        assert_eq!(case.torrent(&relay, id).expect("an entry")["state"], "paused");
    }

    case.press(Key::Home).await?;
    case.chosen(&[&ids[0]]).await;
    case.press_with(Key::Shift, Key::Down).await?;
    case.chosen(&[&ids[0], &ids[1]]).await;
    case.press_with(Key::Control, 'a').await?;
    case.chosen(&ids.iter().collect::<Vec<_>>()).await;
    case.press("p").await?;
    for id in &ids {
        case.engine(&relay, id, |torrent| torrent["state"] == "paused").await;
    }
    case.press(Key::Escape).await?;
    case.chosen(&[]).await;

    case.press(Key::End).await?;
    case.press_with(Key::Alt, Key::Home).await?;
    case.shown(&[&ids[4], &ids[0], &ids[1], &ids[2], &ids[3]]).await;
    Ok(())
}

async fn the_menu_opens_by_keyboard_and_gives_its_focus_back(case: &Case) -> Done {
    let relay = case.relay();
    let ids = add_paused(&relay, 3);
    let table = case.open_manager().await?;
    case.row_of(&ids[0]).await?.click().await?;
    let row = case.row_of(&ids[2]).await?;
    case.browser.driver.action_chain().context_click_element(&row).perform().await?;
    case.browser.element("action-resume").await?;
    case.chosen(&[&ids[2]]).await;
    case.press(Key::Escape).await?;
    case.gone("[role=menu]").await;
    assert_eq!(case.browser.driver.active_element().await?.element_id(), table.element_id());

    case.browser.click("tool-more").await?;
    case.browser.element("action-queue").await?.click().await?;
    case.browser.click("action-top").await?;
    case.shown(&[&ids[2], &ids[0], &ids[1]]).await;
    case.gone("[role=menu]").await;
    Ok(())
}

async fn columns_are_sorted_and_hidden_and_stay_so(case: &Case) -> Done {
    let relay = case.relay();
    let ids = add_paused(&relay, 3);
    case.open_manager().await?;
    case.browser.click("sort-name").await?;
    case.browser.click("sort-name").await?;
    case.shown(&[&ids[2], &ids[1], &ids[0]]).await;
    case.browser.css("[role=columnheader][aria-sort=descending] [data-testid=sort-name]").await?;
    case.browser.element("sort-eta").await?;
    case.browser.click("columns").await?;
    case.browser.click("action-column-eta").await?;
    case.gone("[data-testid=sort-eta]").await;
    case.press(Key::Escape).await?;
    case.gone("[role=menu]").await;
    // It is remembered a moment later, so that dragging does not write for each pixel.
    wait("the layout to be remembered", async || {
        let script = "const done = arguments[0];
            (globalThis.browser ?? chrome).storage.local.get('managerLayout')
                .then(({managerLayout}) => done(managerLayout?.hidden.includes('eta') ?? false))";
        let stored = case.browser.driver.execute_async(script, vec![]).await.ok()?;
        stored.convert::<bool>().ok()?.then_some(())
    })
    .await;
    case.browser.driver.refresh().await?;
    case.shown(&[&ids[2], &ids[1], &ids[0]]).await;
    case.gone("[data-testid=sort-eta]").await;
    Ok(())
}

async fn filters_and_search_narrow_the_table(case: &Case) -> Done {
    let relay = case.relay();
    let ids = add_paused(&relay, 4);
    relay.ok("set_torrent", json!({"id": ids[1], "labels": ["<b>films</b>"]}));
    case.open_manager().await?;
    let label = case.browser.element("filter-label").await?;
    assert_eq!(label.text().await?.split_whitespace().collect::<String>(), "<b>films</b>1");
    label.click().await?;
    case.shown(&[&ids[1]]).await;
    label.click().await?;
    case.shown(&ids.iter().collect::<Vec<_>>()).await;
    case.gone("[data-testid=filter-tracker]").await;
    let host = "tracker.of-a-name-that-is-wider-than-the-sidebar.invalid";
    let tracker = json!([format!("http://{host}/announce")]);
    relay.ok("set_torrent", json!({"id": ids[3], "trackers_add": tracker}));
    let tracker = case.browser.element("filter-tracker").await?;
    let said = tracker.text().await?;
    assert_eq!(said.split_whitespace().collect::<String>(), format!("{host}1"));
    let wide = "const bar = document.querySelector('[data-testid=sidebar]');
        return bar.scrollWidth - bar.clientWidth";
    let wide = case.browser.driver.execute(wide, vec![]).await?.convert::<i64>()?;
    assert_eq!(wide, 0, "the sidebar has to be scrolled sideways");
    tracker.click().await?;
    case.shown(&[&ids[3]]).await;
    // «All» is neither chosen while a tracker is, nor less than it says.
    case.browser.css("[data-testid=filter-all][aria-pressed=false]").await?.click().await?;
    case.browser.css("[data-testid=filter-all][aria-pressed=true]").await?;
    case.shown(&ids.iter().collect::<Vec<_>>()).await;
    case.browser.element("search").await?.send_keys("torrent c").await?;
    case.shown(&[&ids[2]]).await;
    case.browser.click("filter-complete").await?;
    case.browser.element("list-no-match").await?;
    case.browser.css("[data-testid=list-no-match] button").await?.click().await?;
    case.shown(&ids.iter().collect::<Vec<_>>()).await;

    // Labels of several at once: the new one goes to all of them.
    case.row_of(&ids[2]).await?.click().await?;
    case.press_with(Key::Shift, Key::Down).await?;
    case.press("l").await?;
    case.browser.element("label-new").await?.send_keys("new" + Key::Enter).await?;
    case.browser.click("labels-save").await?;
    for id in [&ids[2], &ids[3]] {
        case.engine(&relay, id, |torrent| torrent["labels"] == json!(["new"])).await;
    }
    assert_eq!(case.torrent(&relay, &ids[1]).expect("an entry")["labels"], json!(["<b>films</b>"]));
    Ok(())
}

async fn the_details_show_and_change_one_torrent(case: &Case) -> Done {
    let (relay, seeder) = (case.relay(), slow_seeder("looked at"));
    relay.ok("add_magnet", json!({"uri": seeder.magnet}));
    case.open_manager().await?;
    case.row(&seeder.id, &["downloading"]).await?.click().await?;
    case.press(Key::Enter).await?;
    case.browser.css(&format!("[data-testid=details][data-id='{}']", seeder.id)).await?;
    case.browser.element("pieces").await?;
    case.browser.css("[data-testid=graph]:not([data-samples='0']) canvas").await?;
    let limit = case.browser.element("ratio-limit").await?;
    limit.send_keys("1.5" + Key::Enter).await?;
    case.engine(&relay, &seeder.id, |torrent| torrent["ratio_limit"] == 1.5).await;
    case.browser.picture("manager-overview").await?;

    case.browser.click("tab-peers").await?;
    let peer = case.browser.element("peer").await?;
    assert!(peer.text().await?.contains(&format!("127.0.0.1:{}", seeder.port)));

    case.browser.click("tab-trackers").await?;
    case.browser.element("trackers-none").await?;

    case.browser.click("tab-files").await?;
    let selected = |relay: &Relay| -> Vec<Value> {
        let files = relay.ok("get_files", json!({"id": seeder.id}))["files"].clone();
        files.as_array().expect("files").iter().map(|file| file["selected"].clone()).collect()
    };
    // The folder with the notes is the first in the torrent's own folder.
    case.browser.css("[data-testid=file-row][data-row='1'] [data-box]").await?.click().await?;
    wait("the selection to change", async || {
        (selected(&relay).iter().filter(|one| **one == false).count() == 1).then_some(())
    })
    .await;
    // Nothing at all cannot be chosen: it is said, and undone.
    case.browser.css("[data-testid=file-row][data-row='0'] [data-box]").await?.click().await?;
    case.browser.css("[data-testid=file-row][data-row='0'][aria-checked=true]").await?;
    case.browser.css("[data-testid=file-row][data-row='0'] [data-box]").await?.click().await?;
    case.browser.css("[data-testid=toast][data-bad=true]").await?;
    assert!(selected(&relay).iter().any(|one| *one == true));
    case.browser.click("details-close").await?;
    case.gone("[data-testid=details]").await;
    Ok(())
}

async fn files_go_to_the_bin_with_the_torrent(case: &Case) -> Done {
    let (relay, seeder): (_, Seeder) = (case.relay(), small_seeder("to the bin"));
    relay.ok("add_magnet", json!({"uri": seeder.magnet}));
    case.complete(&seeder).await;
    case.open_manager().await?;
    case.row_of(&seeder.id).await?.click().await?;
    case.press(Key::Delete).await?;
    case.browser.click("fate-trash").await?;
    case.browser.click("remove-yes").await?;
    case.browser.element("list-empty").await?;
    assert!(case.torrent(&relay, &seeder.id).is_none());
    assert!(torrpeddo_tests::files::list(&case.sandbox.downloads()).is_empty());
    let bin = case.sandbox.user().join(".local/share/Trash/files");
    seeder.files().assert_in(&bin.join(seeder.name()));
    Ok(())
}

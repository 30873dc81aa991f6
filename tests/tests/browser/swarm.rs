//! The peers and the trackers of a torrent, as the full page shows and changes them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use thirtyfour::Key;
use torrpeddo_tests::browser::Done;
use torrpeddo_tests::look::Scheme;
use torrpeddo_tests::torrents::Single;
use torrpeddo_tests::{Relay, Tracker};

use crate::support::{Case, slow_seeder, wait};

in_each_browser!(
    peers_are_shown_sorted_and_banned,
    peers_are_added_by_address,
    trackers_are_shown_added_edited_and_removed,
    a_passkey_is_copied_only_after_a_warning,
);

/// A tracker that is not there.
const NOBODY: &str = "http://127.0.0.1:9/announce";

impl Case {
    /// Opens a tab of a torrent's details.
    async fn open_tab(&self, id: &str, tab: &str) -> Done {
        self.open_manager().await?;
        self.row_of(id).await?.click().await?;
        self.press(Key::Enter).await?;
        self.browser.click(&format!("tab-{tab}")).await
    }

    /// Waits until an element of this name has a text that is as wanted.
    async fn text(&self, testid: &str, wanted: impl Fn(&str) -> bool) -> String {
        wait(&format!("the text of {testid}"), async || {
            let text = self.browser.element(testid).await.ok()?.text().await.ok()?;
            wanted(&text).then_some(text)
        })
        .await
    }

    /// Pictures in both themes.
    async fn pictures(&self, name: &str) -> Done {
        for scheme in [Scheme::Light, Scheme::Dark] {
            self.browser.set_scheme(scheme).await?;
            self.browser.picture(&format!("{name}-{scheme:?}")).await?;
        }
        self.browser.set_scheme(Scheme::Light).await
    }
}

fn banned(relay: &Relay) -> Value {
    relay.ok("get_settings", json!({}))["banned_peers"].clone()
}

async fn peers_are_shown_sorted_and_banned(case: &Case) -> Done {
    let (relay, seeder) = (case.relay(), slow_seeder("from a peer"));
    relay.ok("add_magnet", json!({"uri": seeder.magnet}));
    case.open_tab(&seeder.id, "peers").await?;
    let address = format!("127.0.0.1:{}", seeder.port);
    let row = case.text("peer", |text| text.contains(&address) && text.contains("/s")).await;
    assert!(row.contains("libtorrent") && row.contains("100"), "{row}");
    let flags = case.browser.element("peer-flags").await?;
    assert!(flags.text().await?.starts_with('D'), "{}", flags.text().await?);
    case.pictures("peers").await?;

    // Sorted by what was clicked, and the other way round with the next click.
    for order in ["ascending", "descending"] {
        case.browser.click("peers-by-client").await?;
        case.browser.css(&format!("th[aria-sort={order}] [data-testid=peers-by-client]")).await?;
    }

    // By keyboard: the menu of the row, and its last entry.
    let more = case.browser.element("peer-more").await?;
    more.send_keys("" + Key::Enter).await?;
    case.browser.element("action-copy-peer").await?;
    case.press(Key::End).await?;
    case.press(Key::Enter).await?;
    wait("the ban", async || (banned(&relay) == json!(["127.0.0.1"])).then_some(())).await;
    case.browser.element("peers-none").await?;
    case.browser.click("toast-action").await?;
    wait("the ban to be undone", async || (banned(&relay) == json!([])).then_some(())).await;
    Ok(())
}

async fn peers_are_added_by_address(case: &Case) -> Done {
    let (relay, file) = (case.relay(), Single::private("added.bin", 400_000));
    let seeder = file.seed();
    let data = STANDARD.encode(file.with_trackers(&[]));
    relay.ok("add_torrent", json!({"data": data}));
    case.open_tab(&seeder.id, "peers").await?;
    case.row(&seeder.id, &["downloading"]).await?;
    case.browser.element("peers-none").await?;
    case.browser.click("peers-add").await?;
    let field = case.browser.element("peers-text").await?;
    field.send_keys("127.0.0.1").await?;
    case.browser.click("peers-yes").await?;
    case.browser.element("peers-problem").await?;
    field.send_keys(format!(":{}", seeder.port)).await?;
    case.gone("[data-testid=peers-problem]").await;
    case.browser.click("peers-yes").await?;
    case.gone("[data-testid=peers-dialog]").await;
    case.row(&seeder.id, &["seeding", "finished"]).await?;
    Ok(())
}

async fn trackers_are_shown_added_edited_and_removed(case: &Case) -> Done {
    let (relay, tracker) = (case.relay(), Tracker::start(1));
    let file = Single::public("tracked.bin", 40_000).with_trackers(&[&tracker.url()]);
    let added = relay.ok("add_torrent", json!({"data": STANDARD.encode(file)}));
    let id = added["torrent"]["id"].as_str().expect("an id").to_owned();
    let urls = || -> Vec<String> {
        let listed = relay.ok("get_trackers", json!({"id": id}));
        let all = listed["trackers"].as_array().expect("trackers");
        all.iter().map(|one| one["url"].as_str().expect("a URL").to_owned()).collect()
    };
    case.open_tab(&id, "trackers").await?;
    case.browser.css("[data-testid=tracker][data-state=working]").await?;
    case.text("tracker-seeds", |text| text == "3").await;
    case.text("tracker-next", |text| !text.is_empty()).await;
    case.browser.click("trackers-announce").await?;
    case.browser.css("[data-testid=toast][data-bad=false]").await?;

    case.browser.click("trackers-add").await?;
    let field = case.browser.element("tracker-url").await?;
    field.send_keys("ftp://nonsense").await?;
    case.browser.click("tracker-yes").await?;
    case.browser.element("tracker-problem").await?;
    field.clear().await?;
    field.send_keys(NOBODY).await?;
    case.browser.click("tracker-yes").await?;
    case.browser.css("[data-testid=tracker][data-state=failed]").await?;
    case.browser.element("tracker-message").await?;
    assert_eq!(urls(), [tracker.url().as_str(), NOBODY]);
    case.pictures("trackers").await?;

    // The second row, by keyboard.
    case.browser.element("tracker-more").await?.send_keys("" + Key::Down).await?;
    case.press(Key::Enter).await?;
    case.browser.click("action-edit-tracker").await?;
    let field = case.browser.element("tracker-url").await?;
    field.send_keys("/edited" + Key::Enter).await?;
    let edited = format!("{NOBODY}/edited");
    wait("the edited tracker", async || {
        (urls() == [tracker.url().as_str(), edited.as_str()]).then_some(())
    })
    .await;

    case.browser.element("tracker-more").await?.click().await?;
    case.browser.click("action-remove-tracker").await?;
    wait("the tracker to be removed", async || (urls() == [edited.as_str()]).then_some(())).await;
    case.browser.click("toast-action").await?;
    wait("the tracker to be back", async || (urls().len() == 2).then_some(())).await;
    Ok(())
}

async fn a_passkey_is_copied_only_after_a_warning(case: &Case) -> Done {
    let (relay, file) = (case.relay(), Single::private("guarded.bin", 40_000));
    let passkey = format!("{NOBODY}/0123456789abcdef");
    let data = STANDARD.encode(file.with_trackers(&[&passkey]));
    let added = relay.ok("add_torrent", json!({"data": data, "options": {"paused": true}}));
    let id = added["torrent"]["id"].as_str().expect("an id").to_owned();
    case.open_tab(&id, "overview").await?;
    let shown = case.text("overview", |text| text.contains("magnet:")).await;
    assert!(!shown.contains("0123456789abcdef"), "{shown}");
    case.browser.click("copy-passkey").await?;
    case.browser.element("passkey-dialog").await?;
    case.press(Key::Escape).await?;
    case.gone("[data-testid=passkey-dialog]").await;
    case.browser.click("copy-passkey").await?;
    case.browser.css("[data-testid=passkey-yes]:enabled").await?.click().await?;
    case.gone("[data-testid=passkey-dialog]").await;
    // What the clipboard holds is seen where it is pasted.
    case.browser.click("tab-peers").await?;
    case.browser.click("tab-trackers").await?;
    case.browser.click("trackers-add").await?;
    let field = case.browser.element("tracker-url").await?;
    field.send_keys(Key::Control + "v").await?;
    let pasted = wait("the pasted link", async || {
        field.prop("value").await.ok().flatten().filter(|value| !value.is_empty())
    })
    .await;
    assert!(pasted.starts_with("magnet:?xt=") && pasted.contains("0123456789abcdef"), "{pasted}");
    Ok(())
}

//! What goes on without any page of the extension: the toolbar button, notifications, shortcuts.

use serde_json::{Value, json};
use torrpeddo_tests::browser::Done;

use crate::manager::add_paused;
use crate::support::{Case, link, slow_seeder, small_seeder, wait};

in_each_browser!(
    the_button_counts_and_notifications_tell with crate::support::WITH_DESKTOP,
    everything_is_paused_and_resumed_by_shortcut,
    the_list_opens_beside_a_page,
    the_button_tells_that_the_host_is_gone,
);

impl Case {
    /// What the toolbar button says: its badge. Asked from a page of the extension.
    async fn badge(&self) -> Option<String> {
        Some(self.ask("api.action.getBadgeText({})").await?.as_str()?.into())
    }

    /// Whether a notification is shown.
    pub async fn is_told(&self, id: &str) -> Option<()> {
        self.ask("api.notifications.getAll()").await?.get(id).map(drop)
    }

    pub async fn ask(&self, question: &str) -> Option<Value> {
        let script = format!(
            "const done = arguments[arguments.length - 1];
            const api = globalThis.browser ?? globalThis.chrome;
            {question}.then(done, () => done(null))"
        );
        self.browser.driver.execute_async(script, vec![]).await.ok()?.convert().ok()
    }

    pub async fn wait_badge(&self, text: &str) {
        wait(&format!("a badge that says {text:?}"), async || {
            (self.badge().await? == text).then_some(())
        })
        .await;
    }
}

async fn the_button_counts_and_notifications_tell(case: &Case) -> Done {
    let seeder = slow_seeder("<b>told</b> of");
    case.relay().ok("set_settings", json!({"ask_before_add": false}));
    // As it is after the first click: without it that one waits for the engine's word.
    case.open_welcome().await?;
    case.ask("api.storage.local.set({ask: false})").await;
    case.open_page(&link(&seeder.magnet)).await?;
    case.browser.css("#link").await?.click().await?;
    case.open_welcome().await?;
    case.wait_badge("1").await;
    let added = format!("added:{}", seeder.id);
    wait("a notification of what was added", async || case.is_told(&added).await).await;
    seeder.limit(0);
    let completed = format!("completed:{}", seeder.id);
    wait("a notification of what is complete", async || case.is_told(&completed).await).await;
    case.wait_badge("").await;
    Ok(())
}

async fn everything_is_paused_and_resumed_by_shortcut(case: &Case) -> Done {
    let (one, two) = (slow_seeder("one of two"), small_seeder("two of two"));
    let relay = case.relay();
    for seeder in [&one, &two] {
        relay.ok("add_magnet", json!({"uri": seeder.magnet}));
    }
    let cancelled = small_seeder("put aside");
    relay.ok("add_magnet", json!({"uri": cancelled.magnet}));
    relay.ok("cancel", json!({"ids": [cancelled.id]}));
    case.open_welcome().await?;
    let state = |id: &str| case.torrent(&relay, id).expect("an entry")["state"].clone();
    case.browser.command("pause-all").await?;
    wait("both to be paused", async || {
        (state(&one.id) == "paused" && state(&two.id) == "paused").then_some(())
    })
    .await;
    case.browser.command("resume-all").await?;
    wait("both to run again", async || {
        (state(&one.id) != "paused" && state(&two.id) != "paused").then_some(())
    })
    .await;
    assert_eq!(state(&cancelled.id), "cancelled", "what was put aside stays there");
    case.browser.command("open-manager").await?;
    case.browser.wait_page("manager.html").await?;
    Ok(())
}

/// In the browser's own panel, which is no tab.
async fn the_list_opens_beside_a_page(case: &Case) -> Done {
    add_paused(&case.relay(), 3);
    case.open_welcome().await?;
    case.browser.menu_of_button("open-panel").await?;
    let rows = "api.tabs.query({}).then(tabs => {
            if (tabs.some(tab => tab.url?.includes('sidepanel'))) return 'a tab';
            const panel = api.extension.getViews().find(view => view.location.pathname === '/sidepanel.html');
            return panel?.document.querySelectorAll('[data-testid=torrent-row]').length;
        })";
    wait("three rows in a panel", async || (case.ask(rows).await? == 3).then_some(())).await;
    Ok(())
}

async fn the_button_tells_that_the_host_is_gone(case: &Case) -> Done {
    let seeder = slow_seeder("cut off");
    case.relay().ok("set_settings", json!({"ask_before_add": false}));
    case.open_page(&link(&seeder.magnet)).await?;
    case.browser.css("#link").await?.click().await?;
    case.open_welcome().await?;
    case.wait_badge("1").await;
    let folder = case.browser.kind.manifest_folder(&case.sandbox);
    std::fs::remove_dir_all(folder).expect("a folder to remove");
    case.sandbox.kill_engine();
    case.wait_badge("!").await;
    Ok(())
}

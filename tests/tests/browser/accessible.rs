//! axe-core finds nothing serious on any page, in both themes, with and without torrents.

use serde_json::json;
use torrpeddo_tests::browser::Done;
use torrpeddo_tests::look::Scheme;
use torrpeddo_tests::paths;

use crate::manager::add_paused;
use crate::support::{Case, link, small_seeder};

in_each_browser!(pages_without_torrents, pages_with_torrents, the_add_dialog, details_and_dialogs);

/// What is looked at: the page, and what is there when it is complete.
const PAGES: [(&str, &str); 6] = [
    ("popup.html", "[data-testid=popup][data-connection=ready]"),
    ("sidepanel.html", "[data-connection=ready]"),
    ("manager.html", "[data-testid=manager][data-connection=ready]"),
    ("options.html", "[data-testid=option-download-folder]"),
    ("welcome.html", "[data-testid=welcome-status][data-status=ready]"),
    ("diagnostics.html", "[data-testid=findings]"),
];

impl Case {
    /// Everything serious or critical on the page, in both themes.
    async fn look_at(&self, name: &str) -> Done<Vec<String>> {
        let axe = paths::repository().join("extension/node_modules/axe-core/axe.min.js");
        let axe = std::fs::read_to_string(axe).expect("axe-core, a dependency of the extension");
        self.browser.driver.execute(&axe, vec![]).await?;
        let mut found = Vec::new();
        for scheme in [Scheme::Light, Scheme::Dark] {
            self.browser.set_scheme(scheme).await?;
            // What fades in has no colours of its own before it is there.
            let run = "const done = arguments[0];
                for (const one of document.getAnimations())
                    if (one.effect.getComputedTiming().iterations !== Infinity) one.finish();
                axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
                    done(violations
                        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
                        .flatMap(({ id, nodes }) => nodes.map((node) =>
                            `${id} at ${node.target}: ${node.failureSummary}`))),
                    (error) => done([String(error)]))";
            let serious = self.browser.driver.execute_async(run, vec![]).await?;
            let serious: Vec<String> = serious.convert()?;
            found.extend(serious.into_iter().map(|each| format!("{name}, {scheme:?}: {each}")));
        }
        Ok(found)
    }

    async fn look_at_pages(&self) -> Done {
        let mut found = Vec::new();
        for (page, complete) in PAGES {
            self.browser.open(&self.browser.page(page)).await?;
            self.browser.css(complete).await?;
            found.extend(self.look_at(page).await?);
        }
        assert!(found.is_empty(), "{}", found.join("\n"));
        Ok(())
    }
}

async fn pages_without_torrents(case: &Case) -> Done {
    case.look_at_pages().await
}

async fn pages_with_torrents(case: &Case) -> Done {
    let (relay, seeder) = (case.relay(), small_seeder("complete"));
    relay.ok("add_magnet", json!({"uri": seeder.magnet}));
    case.complete(&seeder).await;
    let ids = add_paused(&relay, 7);
    relay.ok("resume", json!({"ids": [ids[0]]}));
    relay.ok("cancel", json!({"ids": [ids[1]]}));
    relay.ok("set_torrent", json!({"id": ids[2], "labels": ["a label"]}));
    case.look_at_pages().await
}

async fn the_add_dialog(case: &Case) -> Done {
    let seeder = small_seeder("looked into");
    case.open_page(&link(&seeder.magnet)).await?;
    case.browser.css("#link").await?.click().await?;
    case.browser.wait_page("add.html").await?;
    case.browser.element("file-row").await?;
    let found = case.look_at("add.html").await?;
    assert!(found.is_empty(), "{}", found.join("\n"));
    Ok(())
}

async fn details_and_dialogs(case: &Case) -> Done {
    let (relay, seeder) = (case.relay(), small_seeder("looked at"));
    relay.ok("add_magnet", json!({"uri": seeder.magnet}));
    case.complete(&seeder).await;
    case.open_manager().await?;
    case.row_of(&seeder.id).await?.click().await?;
    case.press(thirtyfour::Key::Enter).await?;
    let mut found = Vec::new();
    for tab in ["overview", "files", "peers", "trackers", "log"] {
        case.browser.click(&format!("tab-{tab}")).await?;
        found.extend(case.look_at(tab).await?);
    }
    case.row_of(&seeder.id).await?.click().await?;
    for (key, dialog) in [("?", "help-sheet"), ("l", "labels-dialog"), ("m", "move-dialog")] {
        case.press(key).await?;
        case.browser.element(dialog).await?;
        found.extend(case.look_at(dialog).await?);
        case.press(thirtyfour::Key::Escape).await?;
        case.gone("dialog[open]").await;
    }
    case.press(thirtyfour::Key::Delete).await?;
    case.browser.element("remove-dialog").await?;
    found.extend(case.look_at("remove-dialog").await?);
    assert!(found.is_empty(), "{}", found.join("\n"));
    Ok(())
}

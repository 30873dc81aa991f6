//! Torrent files behind a sign-in: fetched as the page's user gets them, and never lost.

use torrpeddo_tests::browser::{Done, Kind};

use crate::support::{Case, small_seeder, wait};

in_each_browser!(a_link_from_the_menu, a_download_is_taken);

const COOKIE: &str = "session=yes";

impl Case {
    /// A page with a link to a torrent file that only its signed-in user gets.
    async fn open_site(&self, torrent: &[u8]) -> Done {
        self.server.put("/get/a.torrent", "application/x-bittorrent", torrent);
        self.server.protect("/get/a.torrent", COOKIE);
        let script = format!("<script>document.cookie = '{COOKIE}; path=/'</script>");
        self.open_page(&format!("{script}<a id=link href=/get/a.torrent>torrent</a>")).await?;
        self.browser.css("#link").await?;
        Ok(())
    }
}

async fn a_link_from_the_menu(case: &Case) -> Done {
    let seeder = small_seeder("from a site");
    case.open_site(&seeder.torrent_bytes()).await?;
    case.browser.menu_of("torrent", Some(&case.server.url("/get/a.torrent"))).await?;
    case.confirm(&seeder).await?;
    assert!(case.torrent(&case.relay(), &seeder.id).is_some());
    Ok(())
}

/// The permission is asked for in a window of the browser's own, which Firefox can leave out and
/// Chromium cannot.
async fn a_download_is_taken(case: &Case) -> Done {
    if case.browser.kind != Kind::Firefox {
        return Ok(());
    }
    let seeder = small_seeder("about to be saved");
    let prompts = "Services.prefs.setBoolPref('extensions.webextOptionalPermissionPrompts', false)";
    case.browser.in_chrome(prompts).await?;
    case.browser.open(&case.browser.page("options.html")).await?;
    case.browser.css("[data-testid='options'][data-connection='ready']").await?;
    let switch = case.browser.element("option-catch-files").await?;
    switch.click().await?;
    wait("the permission", async || switch.is_selected().await.ok()?.then_some(())).await;
    case.open_site(&seeder.torrent_bytes()).await?;
    case.browser.css("#link").await?.click().await?;
    case.confirm(&seeder).await?;
    assert!(case.torrent(&case.relay(), &seeder.id).is_some());
    Ok(())
}

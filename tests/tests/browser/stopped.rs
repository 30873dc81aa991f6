//! The browser stops the extension's background whenever it likes: nothing is lost by it, and whatever
//! happens next brings it back.

use serde_json::json;
use torrpeddo_tests::browser::{Done, Kind};
use torrpeddo_tests::magnets::dead_id;
use torrpeddo_tests::{Files, Seed, Seeder};

use crate::support::{Case, WITH_DESKTOP, link, run_with, small_seeder, wait};

in_each_browser!(
    notifications_are_answered_by_a_background_that_comes_back with crate::support::WITH_DESKTOP,
    a_background_that_was_ended_comes_back_by_itself with crate::support::WITH_DESKTOP,
);

/// Firefox spares a background that has a port to a program: ended by force, it sometimes still says
/// on the button that the engine is gone.
#[test]
fn a_stopped_background_comes_back_in_chromium() {
    run_with(Kind::Chromium, "stopped", WITH_DESKTOP, |_, _| (), a_stopped_background_comes_back);
}

/// Under way for as long as its limit is not lifted, however slow the machine is.
fn endless_seeder(name: &str) -> Seeder {
    let files = Files::new([("film.bin", 14 << 20)]);
    Seeder::start(Seed { name, files, piece_bytes: 64 << 10, upload_limit: 64 << 10 })
}

async fn a_stopped_background_comes_back(case: &Case) -> Done {
    let (slow, other) = (endless_seeder("before the stop"), endless_seeder("after the stop"));
    case.relay().ok("set_settings", json!({"ask_before_add": false}));
    case.open_welcome().await?;
    case.ask("api.storage.local.set({ask: false})").await;
    case.open_page(&link(&slow.magnet)).await?;
    case.browser.css("#link").await?.click().await?;
    case.open_welcome().await?;
    case.wait_badge("1").await;
    case.browser.stop_background().await?;
    // What the button says is the browser's to keep.
    case.wait_badge("1").await;

    // A click brings it back, and with it the watch over what was there before.
    case.open_page(&link(&other.magnet)).await?;
    case.browser.css("#link").await?.click().await?;
    case.open_welcome().await?;
    case.wait_badge("2").await;
    for seeder in [&slow, &other] {
        seeder.limit(0);
        let completed = format!("completed:{}", seeder.id);
        wait("a notification of what is complete", async || case.is_told(&completed).await).await;
    }
    case.wait_badge("").await;

    // Stopped while nothing is under way, it hears of a page that has seen something begin.
    case.browser.stop_background().await?;
    let next = endless_seeder("from elsewhere");
    case.browser.open(&case.browser.page("popup.html")).await?;
    case.browser.css("[data-testid=popup][data-connection=ready]").await?;
    case.relay().ok("add_magnet", json!({"uri": next.magnet}));
    case.row(&next.id, &["downloading"]).await?;
    case.wait_badge("1").await;
    Ok(())
}

async fn a_background_that_was_ended_comes_back_by_itself(case: &Case) -> Done {
    let seeder = endless_seeder("watched");
    let relay = case.relay();
    relay.ok("add_magnet", json!({"uri": seeder.magnet}));
    case.open_welcome().await?;
    case.ask("api.runtime.sendMessage({type: 'active'})").await;
    case.wait_badge("1").await;
    case.browser.stop_background().await?;
    // Nobody hears of it, and nothing happens afterwards that would wake anybody.
    seeder.limit(0);
    case.complete(&seeder).await;
    let completed = format!("completed:{}", seeder.id);
    wait("a notification of what is complete", async || case.is_told(&completed).await).await;
    case.wait_badge("").await;
    Ok(())
}

async fn notifications_are_answered_by_a_background_that_comes_back(case: &Case) -> Done {
    let (relay, seeder, done) = (case.relay(), endless_seeder("told of"), small_seeder("done"));
    relay.ok("add_magnet", json!({"uri": seeder.magnet}));
    relay.ok("add_magnet", json!({"uri": done.magnet}));
    case.complete(&done).await;
    case.open_welcome().await?;
    if case.browser.kind == Kind::Firefox {
        // No buttons here, and a click that wakes it up.
        case.browser.stop_background().await?;
    } else {
        // It has to run for its listeners to be reached from inside.
        case.ask("api.runtime.sendMessage({type: 'active'})").await;
        let added = format!("added:{}", seeder.id);
        case.browser.notification(&added, true).await?;
        let paused = async || case.torrent(&relay, &seeder.id).filter(|t| t["state"] == "paused");
        wait("the button to pause it", paused).await;
        let failed = format!("failed:{}", seeder.id);
        case.browser.notification(&failed, true).await?;
        let runs = async || case.torrent(&relay, &seeder.id).filter(|t| t["state"] != "paused");
        wait("the button to try again", runs).await;
        let gone = format!("added:{}", dead_id(1));
        case.browser.notification(&gone, true).await?;
        wait("a word about one that is gone", async || case.is_told("problem").await).await;
    }
    // There is no desktop to open the folder on: the list shows where it is.
    case.browser.notification(&format!("completed:{}", done.id), false).await?;
    case.browser.wait_page("manager.html").await?;
    Ok(())
}

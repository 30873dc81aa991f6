//! Removing from the full page: several at once, undone by the button and by the keyboard, and carried out
//! when the moment for that is over.

use thirtyfour::Key;
use torrpeddo_tests::browser::Done;

use crate::manager::add_paused;
use crate::support::{Case, wait};

in_each_browser!(several_are_removed_and_brought_back);

impl Case {
    async fn remove_chosen(&self) -> Done {
        self.press(Key::Delete).await?;
        self.browser.element("fate-keep").await?;
        self.browser.click("remove-yes").await
    }
}

async fn several_are_removed_and_brought_back(case: &Case) -> Done {
    let relay = case.relay();
    let ids = add_paused(&relay, 5);
    let all: Vec<_> = ids.iter().collect();
    case.open_manager().await?;
    case.shown(&all).await;
    case.row_of(&ids[1]).await?.click().await?;
    case.click_with(Key::Shift, &case.row_of(&ids[3]).await?).await?;
    case.remove_chosen().await?;
    case.shown(&[&ids[0], &ids[4]]).await;
    case.browser.picture("manager-removed").await?;
    assert_eq!(case.torrents().len(), 5, "the engine has not heard of it");
    case.browser.click("removed-action").await?;
    case.shown(&all).await;
    case.gone("[data-testid=removed]").await;

    // One after the other is brought back one after the other, the newest first.
    for id in [&ids[0], &ids[2]] {
        case.row_of(id).await?.click().await?;
        case.remove_chosen().await?;
        case.gone(&format!("[data-id='{id}'][data-testid=torrent-row]")).await;
    }
    case.press_with(Key::Control, 'z').await?;
    case.shown(&[&ids[1], &ids[2], &ids[3], &ids[4]]).await;
    case.press_with(Key::Control, 'z').await?;
    case.shown(&all).await;

    // The keyboard is where the rows were.
    case.row_of(&ids[1]).await?.click().await?;
    case.press_with(Key::Shift, Key::Down).await?;
    case.remove_chosen().await?;
    case.shown(&[&ids[0], &ids[3], &ids[4]]).await;
    case.press(Key::Up).await?;
    case.chosen(&[&ids[0]]).await;
    wait("the removal", async || (case.torrents().len() == 3).then_some(())).await;
    case.shown(&[&ids[0], &ids[3], &ids[4]]).await;
    Ok(())
}

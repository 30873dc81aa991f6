//! Buttons that are icons say what they do: to who points at them, who goes there by keyboard, and who hears
//! the page.

use thirtyfour::{Key, WebElement};
use torrpeddo_tests::browser::Done;

use crate::manager::add_paused;
use crate::support::{Case, wait};

in_each_browser!(icons_say_what_they_do);

impl Case {
    /// Waits for a tooltip that says `text`, in the layer that is in front of dialogs.
    async fn tooltip(&self, text: &str) {
        let script = "const tooltip = document.querySelector('[data-testid=tooltip]');
            return tooltip?.closest(':popover-open') ? tooltip.textContent.trim() : ''";
        wait(&format!("a tooltip that says {text:?}"), async || {
            let said = self.browser.driver.execute(script, vec![]).await.ok()?;
            (said.convert::<String>().ok()? == text).then_some(())
        })
        .await;
    }

    /// Goes to an element by keyboard alone.
    async fn tab_to(&self, testid: &str) -> Done<WebElement> {
        for _ in 0..20 {
            self.press(Key::Tab).await?;
            let focused = self.browser.driver.active_element().await?;
            if focused.attr("data-testid").await?.as_deref() == Some(testid) {
                return Ok(focused);
            }
        }
        panic!("no way to {testid} by keyboard");
    }
}

async fn icons_say_what_they_do(case: &Case) -> Done {
    let ids = add_paused(&case.relay(), 2);
    let browser = &case.browser;
    browser.open(&browser.page("popup.html")).await?;
    browser.element("torrent-row").await?;
    let focused = case.tab_to("open-manager").await?;
    let name = focused.attr("aria-label").await?.expect("a name");
    case.tooltip(&name).await;
    // The name says it; said again as a description it would be read out twice.
    for attribute in ["title", "aria-describedby"] {
        assert_eq!(focused.attr(attribute).await?, None, "{attribute}");
    }
    case.press(Key::Escape).await?;
    case.gone("[data-testid=tooltip]").await;
    case.press(Key::Tab).await?;
    let next = browser.driver.active_element().await?.attr("aria-label").await?.expect("a name");
    assert_ne!(next, name);
    case.tooltip(&next).await;

    case.open_manager().await?;
    let help = browser.element("help").await?;
    browser.driver.action_chain().move_to_element_center(&help).perform().await?;
    case.tooltip(&help.attr("aria-label").await?.expect("a name")).await;
    let unnamed = "return [...document.querySelectorAll('button')]
        .filter(one => one.textContent.trim() === '' && (!one.ariaLabel || one.title !== ''))
        .map(one => one.outerHTML)";
    let unnamed = browser.driver.execute(unnamed, vec![]).await?.convert::<Vec<String>>()?;
    assert!(unnamed.is_empty(), "{unnamed:?}");

    // A dialog is in front of the page, and its tooltips are in front of it.
    case.row_of(&ids[0]).await?.click().await?;
    case.press("l").await?;
    browser.element("label-new").await?.send_keys("a label").await?;
    let add = browser.element("label-add").await?;
    browser.driver.action_chain().move_to_element_center(&add).perform().await?;
    case.tooltip(&add.attr("aria-label").await?.expect("a name")).await;
    Ok(())
}

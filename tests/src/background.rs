//! What comes to the extension's background from the browser's own menus, keys and notifications,
//! which no driver can reach: the same events, handed to it by the browser's inside.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::DEADLINE;
use crate::browser::{Browser, Done, FIREFOX_ID, Kind};

impl Browser {
    /// Chooses an entry of the menu that the extension has for the page in front.
    ///
    /// # Errors
    /// What WebDriver says.
    pub async fn menu(&self, id: &str) -> Done {
        self.menu_of(id, None).await
    }

    /// The same for a link.
    ///
    /// # Errors
    /// What WebDriver says.
    pub async fn menu_of(&self, id: &str, link: Option<&str>) -> Done {
        let info = json!({"menuItemId": id, "editable": false, "frameId": 0, "linkUrl": link});
        if self.kind == Kind::Firefox {
            let script = format!(
                "WebExtensionPolicy.getByID('{FIREFOX_ID}').extension.emit(
                    'webext-menu-menuitem-click', {info}, gBrowser.selectedTab)"
            );
            self.in_chrome(&script).await?;
            return Ok(());
        }
        // The newest of the tabs in front, whose address is the browser's secret: a page of the web.
        self.in_worker(&format!(
            "chrome.tabs.query({{active: true}}, tabs => chrome.contextMenus.onClicked.dispatch({info},
                tabs.filter(tab => tab.url === undefined).sort((a, b) => b.id - a.id)[0]))"
        ))
        .await
    }

    /// What a keyboard shortcut of the extension does.
    ///
    /// # Errors
    /// What WebDriver says.
    pub async fn command(&self, name: &str) -> Done {
        if self.kind == Kind::Firefox {
            let script = format!(
                "WebExtensionPolicy.getByID('{FIREFOX_ID}').extension.shortcuts.onCommand('{name}')"
            );
            self.in_chrome(&script).await?;
            return Ok(());
        }
        self.in_worker(&format!("chrome.commands.onCommand.dispatch('{name}')")).await
    }

    /// Runs a script in the worker that is the extension's background in Chromium. The worker is held
    /// on to from then on, and lives for ever.
    ///
    /// # Errors
    /// What WebDriver says.
    ///
    /// # Panics
    /// When there is no worker for a minute.
    pub async fn in_worker(&self, script: &str) -> Done {
        let worker = self.page("background.js");
        let began = Instant::now();
        let target = loop {
            let answer = self.devtools("Target.getTargets", json!({})).await?;
            let targets = answer["targetInfos"].as_array().cloned().unwrap_or_default();
            let found = targets.into_iter().find(|target| target["url"] == worker.as_str());
            if let Some(target) = found {
                break target["targetId"].clone();
            }
            assert!(began.elapsed() < DEADLINE, "the worker does not run");
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let attach = json!({"targetId": target, "flatten": false});
        let session = self.devtools("Target.attachToTarget", attach).await?["sessionId"].clone();
        let evaluate =
            json!({"id": 1, "method": "Runtime.evaluate", "params": {"expression": script}});
        let message = json!({"sessionId": session, "message": evaluate.to_string()});
        self.devtools("Target.sendMessageToTarget", message).await?;
        Ok(())
    }
}

//! What comes to the extension's background from the browser's own menus, keys and notifications,
//! which no driver can reach: the same events, handed to it by the browser's inside.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::DEADLINE;
use crate::browser::{Browser, Done, FIREFOX_ID, Kind};

/// The extension, for scripts inside of Firefox.
fn extension() -> String {
    format!("WebExtensionPolicy.getByID('{FIREFOX_ID}').extension")
}

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
                "{}.emit('webext-menu-menuitem-click', {info}, gBrowser.selectedTab)",
                extension()
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

    /// Chooses an entry of the menu that the toolbar's button has, with what only a click of the user
    /// may do. In Chromium it is a click on the page in front, which must be one of the extension: the
    /// message that it sends to the background carries the click's rights.
    ///
    /// # Errors
    /// What WebDriver says.
    pub async fn menu_of_button(&self, id: &str) -> Done {
        if self.kind == Kind::Firefox {
            return self.menu(id).await;
        }
        let info = json!({"menuItemId": id, "editable": false});
        self.in_worker(&format!(
            "chrome.runtime.onMessage.addListener((message, sender, answer) => {{
                if (message.type !== 'chosen in a menu') return;
                if (message.click) chrome.contextMenus.onClicked.dispatch({info}, sender.tab);
                answer(true);
            }})"
        ))
        .await?;
        let listens = "const done = arguments[0];
            const ask = () => chrome.runtime.sendMessage({ type: 'chosen in a menu' })
                .then(known => known ? done() : setTimeout(ask, 20), () => setTimeout(ask, 20));
            ask();
            document.addEventListener('click', () =>
                void chrome.runtime.sendMessage({ type: 'chosen in a menu', click: true }), { once: true })";
        self.driver.execute_async(listens, vec![]).await?;
        self.css("h1").await?.click().await
    }

    /// What a keyboard shortcut of the extension does.
    ///
    /// # Errors
    /// What WebDriver says.
    pub async fn command(&self, name: &str) -> Done {
        if self.kind == Kind::Firefox {
            let script = format!("{}.shortcuts.onCommand('{name}')", extension());
            self.in_chrome(&script).await?;
            return Ok(());
        }
        self.in_worker(&format!("chrome.commands.onCommand.dispatch('{name}')")).await
    }

    /// What a click on a notification of the extension does, or on its button where it has one.
    ///
    /// # Errors
    /// What WebDriver says.
    pub async fn notification(&self, id: &str, button: bool) -> Done {
        if self.kind == Kind::Firefox {
            let script = format!(
                "const {{ ExtensionParent }} =
                    ChromeUtils.importESModule('resource://gre/modules/ExtensionParent.sys.mjs');
                ExtensionParent.apiManager
                    .getAPI('notifications', {}, 'addon_parent')
                    .notificationsMap.emit('clicked', '{id}')",
                extension()
            );
            self.in_chrome(&script).await?;
            return Ok(());
        }
        let event = if button { "onButtonClicked" } else { "onClicked" };
        self.in_worker(&format!("chrome.notifications.{event}.dispatch('{id}', 0)")).await
    }

    /// Stops the extension's background as the browser does when it has been idle.
    ///
    /// # Errors
    /// What WebDriver says.
    ///
    /// # Panics
    /// When it goes on for a minute.
    pub async fn stop_background(&self) -> Done {
        let began = Instant::now();
        if self.kind == Kind::Firefox {
            // With a native port open it would be spared. While it is being started, or where an
            // event brings it back before anybody looks, it has to be told again.
            let script = format!(
                "const extension = {};
                if (extension.backgroundState === 'running')
                    extension.terminateBackground({{ disableResetIdleForTest: true }});
                return extension.backgroundState",
                extension()
            );
            while self.in_chrome(&script).await?.convert::<String>()? != "stopped" {
                assert!(began.elapsed() < DEADLINE, "the background goes on");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            return Ok(());
        }
        if let Some(worker) = self.worker().await? {
            self.devtools("Target.closeTarget", json!({"targetId": worker})).await?;
        }
        while self.worker().await?.is_some() {
            assert!(began.elapsed() < DEADLINE, "the worker goes on");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// The target that is the worker of the extension, while it runs.
    async fn worker(&self) -> Done<Option<Value>> {
        let worker = self.page("background.js");
        let mut answer = self.devtools("Target.getTargets", json!({})).await?;
        let targets = answer["targetInfos"].as_array_mut();
        let found = targets.into_iter().flatten().find(|target| target["url"] == worker.as_str());
        Ok(found.map(|target| target["targetId"].take()))
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
        let began = Instant::now();
        let target = loop {
            if let Some(worker) = self.worker().await? {
                break worker;
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

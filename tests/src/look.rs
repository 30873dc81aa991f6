//! How pages look: in the dark and in the light, and at the size they have for users.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};
use thirtyfour::common::command::FormatRequestData;
use thirtyfour::prelude::*;
use thirtyfour::{RequestData, SessionId};

use crate::DEADLINE;
use crate::browser::{Browser, Done, Kind};

/// What `prefers-color-scheme` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Browser {
    /// Chooses the colours of the window's page.
    ///
    /// # Errors
    /// What WebDriver says.
    pub async fn set_scheme(&self, scheme: Scheme) -> Done {
        let dark = scheme == Scheme::Dark;
        if self.kind == Kind::Firefox {
            let number = u8::from(!dark);
            let preference = "layout.css.prefers-color-scheme.content-override";
            let script = format!("Services.prefs.setIntPref('{preference}', {number})");
            self.in_chrome(&script).await?;
        } else {
            let value = if dark { "dark" } else { "light" };
            let features = json!([{"name": "prefers-color-scheme", "value": value}]);
            self.devtools("Emulation.setEmulatedMedia", json!({"features": features})).await?;
        }
        self.settle(dark).await
    }

    /// Waits until the page has heard of it, and ends the fading of colours: a picture in between
    /// shows no real state. What moves for as long as something lasts goes on.
    async fn settle(&self, dark: bool) -> Done {
        let script = format!(
            "if (matchMedia('(prefers-color-scheme: dark)').matches !== {dark}) return false;
            for (const one of document.getAnimations())
                if (one instanceof CSSTransition) one.finish();
            return true"
        );
        let began = Instant::now();
        while !self.driver.execute(&script, vec![]).await?.convert::<bool>()? {
            assert!(began.elapsed() < DEADLINE, "the page stays in its colours");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Gives the window's page a size, at twice the resolution. Without a screen Chromium has one
    /// size for all windows; those of Firefox have theirs already and are left alone.
    ///
    /// # Errors
    /// What WebDriver says.
    pub async fn set_size(&self, width: u32, height: u32) -> Done {
        if self.kind == Kind::Firefox {
            return Ok(());
        }
        let size =
            json!({"width": width, "height": height, "deviceScaleFactor": 2, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", size).await?;
        Ok(())
    }

    /// Runs a script in Firefox's own window instead of in the page.
    ///
    /// # Errors
    /// What WebDriver says.
    pub async fn in_chrome(&self, script: &str) -> Done<ScriptRet> {
        self.driver.handle().cmd(Context("chrome")).await?;
        let answer = self.driver.execute(script, vec![]).await;
        self.driver.handle().cmd(Context("content")).await?;
        answer
    }

    pub(crate) async fn devtools(&self, command: &'static str, parameters: Value) -> Done<Value> {
        self.driver.handle().cmd(DevTools(command, parameters)).await?.value()
    }
}

/// Chooses between the page and Firefox's own windows as what scripts are about.
#[derive(Debug)]
struct Context(&'static str);

impl FormatRequestData for Context {
    fn format_request(&self, session: &SessionId) -> RequestData {
        RequestData::new(Method::POST, format!("/session/{session}/moz/context"))
            .add_body(json!({"context": self.0}))
    }
}

/// A command of Chromium's DevTools protocol.
#[derive(Debug)]
struct DevTools(&'static str, Value);

impl FormatRequestData for DevTools {
    fn format_request(&self, session: &SessionId) -> RequestData {
        RequestData::new(Method::POST, format!("/session/{session}/goog/cdp/execute"))
            .add_body(json!({"cmd": self.0, "params": self.1}))
    }
}

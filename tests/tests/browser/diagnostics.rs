//! The page of diagnostics: what it shows, and what it keeps to itself.

use serde_json::json;
use thirtyfour::prelude::*;
use torrpeddo_tests::browser::{Done, Kind, Options};
use torrpeddo_tests::magnets::{dead, dead_id};

use crate::support::{Case, run_with, wait};

in_each_browser!(a_report_says_much_and_nothing_private);

async fn a_report_says_much_and_nothing_private(case: &Case) -> Done {
    let relay = case.relay();
    relay.ok("add_magnet", json!({"uri": format!("{}&dn=A+Private+Name", dead(1))}));
    let browser = &case.browser;
    browser.open(&browser.page("diagnostics.html")).await?;
    browser.css("[data-testid='findings'] li[data-level='ok']").await?;
    browser.element("log-line").await?;
    browser.picture("diagnostics").await?;
    browser.css("[data-testid='report'] summary").await?.click().await?;
    let report = browser.element("report-text").await?.text().await?;
    for said in
        ["extension: 0.", "engine: 0.", "protocol: 1", "connection: ready", "## doctor", "## log"]
    {
        assert!(report.contains(said), "{said} in {report}");
    }
    let root = case.sandbox.root().to_string_lossy().into_owned();
    for private in ["A Private Name", &dead_id(1), &root] {
        assert!(!report.contains(private), "{private} in {report}");
    }
    browser.click("copy-report").await?;
    browser.css("[data-testid='copy-report'][data-copied='true']").await?;
    Ok(())
}

#[test]
fn chromium_without_a_host() {
    without_a_host(Kind::Chromium);
}

#[test]
fn firefox_without_a_host() {
    without_a_host(Kind::Firefox);
}

fn without_a_host(kind: Kind) {
    let options = Options { host: false, ..Options::default() };
    run_with(
        kind,
        "diagnostics-without-a-host",
        options,
        |_, _| (),
        async |case| {
            let browser = &case.browser;
            browser.open(&browser.page("diagnostics.html")).await?;
            browser.css("[data-testid='diagnostics-connection'][data-status='missing']").await?;
            let command = browser.element("diagnostics-command").await?.text().await?;
            assert_eq!(command, format!("torrpeddo install --browser {}", kind.name()));
            browser.picture("diagnostics-missing").await?;
            torrpeddo_tests::browser::install_host(kind, &case.sandbox);
            browser.element("findings").await?;
            wait("the command to be gone", async || {
                let left = browser.driver.find_all(By::Css("[data-testid='diagnostics-command']"));
                left.await.ok()?.is_empty().then_some(())
            })
            .await;
            Ok(())
        },
    );
}

//! What another program gives to `torrpeddo open`: a link or a file, as the desktop does.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};
use torrpeddo_tests::browser::{Done, Kind, Options, install_host};
use torrpeddo_tests::magnets::{dead, dead_id};

use crate::support::{Case, run_with, wait};

in_each_browser!(a_connected_browser_shows_what_another_program_gave);

async fn a_connected_browser_shows_what_another_program_gave(case: &Case) -> Done {
    let browser = &case.browser;
    browser.open(&browser.page("popup.html")).await?;
    browser.css("[data-testid='popup'][data-connection='ready']").await?;
    assert_eq!(open(case, &dead(1)), json!(true));
    browser.wait_page("manager.html").await?;
    browser.css(&format!("[data-testid='torrent-row'][data-id='{}']", dead_id(1))).await?;
    // The page that is open is used again, and its own port is as good as any.
    assert_eq!(open(case, &dead(2)), json!(true));
    browser.css(&format!("[data-testid='torrent-row'][data-id='{}']", dead_id(2))).await?;
    assert_eq!(case.pages("manager.html").await?, 1);
    Ok(())
}

/// Whether a browser showed it.
fn open(case: &Case, source: &str) -> Value {
    let mut command = case.sandbox.command(&["--json", "open", source]);
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{}:{path}", case.sandbox.user().join("bin").display()));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let mut document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["results"][0]["ok"], true, "{document}");
    document["shown"].take()
}

/// Chromium's pages have an address that is known, so the browser need not be connected, nor run.
#[test]
fn chromium_is_started_where_it_is_the_default_and_not_connected() {
    // Without a host, the extension cannot have connected before we look.
    let alone = Options { host: false, ..Options::default() };
    run_with(Kind::Chromium, "default-browser", alone, |_, _| (), the_default_browser_is_started);
}

async fn the_default_browser_is_started(case: &Case) -> Done {
    let sandbox = &case.sandbox;
    let programs = sandbox.user().join("bin");
    let entries = sandbox.user().join(".local/share/applications");
    for folder in [&programs, &entries] {
        std::fs::create_dir_all(folder).unwrap();
    }
    // These stand in for the desktop, which says which browser is the default, and for that
    // browser, which writes down what it is given.
    let (given, started) = (sandbox.root().join("given"), programs.join("a browser"));
    let writes =
        format!("#!/bin/sh\necho \"$1 $2\" >'{0}.new'\nmv '{0}.new' '{0}'\n", given.display());
    let says = "#!/bin/sh\necho test.desktop\n".to_owned();
    for (program, script) in [(&started, writes), (&programs.join("xdg-settings"), says)] {
        std::fs::write(program, script).unwrap();
        std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let exec = format!("\"{}\" --first %U", started.display());
    let entry = format!("[Desktop Entry]\nType=Application\nName=Test\nExec={exec}\n");
    std::fs::write(entries.join("test.desktop"), entry).unwrap();
    assert_eq!(open(case, &dead(1)), json!(true));
    let read = async || std::fs::read_to_string(&given).ok();
    let given = wait("the browser to be started", read).await;
    let address = given.trim().strip_prefix("--first ").unwrap();
    assert_eq!(address, case.browser.page("manager.html"));
    install_host(Kind::Chromium, sandbox);
    case.browser.open(address).await?;
    case.browser.css(&format!("[data-testid='torrent-row'][data-id='{}']", dead_id(1))).await?;
    Ok(())
}

//! The installer, which asks nobody here: what it brings, and that all of it goes.

use serde_json::{Value, json};
use torrpeddo_tests::sandbox::hello;
use torrpeddo_tests::{Relay, Wine, files, wait_until};

use crate::{FIREFOX, MAGNET, RUN};

/// What Windows lists among its programs.
const LISTED: &str = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall\Torrpeddo";

/// A Windows on which Firefox was started before.
fn with_firefox() -> Wine {
    let wine = Wine::new();
    let settings = wine.registry(r"HKCU\Volatile Environment", Some("APPDATA")).expect("a folder");
    let firefox = wine.unix_path(&settings).join("Mozilla/Firefox");
    std::fs::create_dir_all(firefox).expect("a folder");
    wine
}

#[test]
fn the_installer_brings_it_and_takes_it_away() {
    let wine = with_firefox();
    let setup = std::env::var("TORRPEDDO_TEST_SETUP").expect("`cargo xtask` says where it is");
    wine.done(&setup, &["/S"]);
    let folder = wine.registry(LISTED, Some("InstallLocation")).expect("the folder it went to");
    let program = format!(r"{folder}\torrpeddo.exe");
    let manifest = wine.registry(FIREFOX, None).expect("a manifest for Firefox");
    let manifest = wine.unix_path(&manifest);
    let text = std::fs::read(&manifest).expect("a manifest where the key says");
    let text: Value = serde_json::from_slice(&text).expect("JSON");
    assert_eq!(text["path"], json!(program));
    wine.done(&program, &["install", "--handler", "--autostart"]);

    // A newer one comes while it runs.
    let brought = files::list(&wine.unix_path(&folder));
    let relay = Relay::spawn(&mut wine.program(&program, &["relay"]));
    hello(&relay);
    wine.done(&setup, &["/S"]);
    relay.ended();
    assert_eq!(files::list(&wine.unix_path(&folder)), brought);

    let relay = Relay::spawn(&mut wine.program(&program, &["relay"]));
    hello(&relay);
    // It goes on in a copy of itself, which can delete it.
    wine.done(&format!(r"{folder}\uninstall.exe"), &["/S"]);
    wait_until("everything to be gone", || !wine.unix_path(&folder).exists());
    relay.ended();
    assert!(!manifest.exists());
    for (key, name) in [(FIREFOX, None), (MAGNET, None), (RUN, Some("Torrpeddo"))] {
        assert_eq!(wine.registry(key, name), None, "{key}");
    }
    wait_until("the list to be without it", || {
        wine.registry(LISTED, Some("DisplayName")).is_none()
    });
}

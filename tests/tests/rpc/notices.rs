//! What the engine tells the desktop by itself, on a real message bus.

use serde_json::json;
use torrpeddo_tests::notifications::{Notifications, Shown};
use torrpeddo_tests::{Relay, Sandbox, Seeder};

use crate::support::{add_magnet, wait_complete, wait_state};

fn relay_on(desktop: &Notifications, sandbox: &Sandbox) -> Relay {
    let mut command = sandbox.command(&["relay"]);
    Relay::spawn(command.env("DBUS_SESSION_BUS_ADDRESS", &desktop.address))
}

#[test]
fn the_desktop_is_told_when_nobody_else_does_it_and_it_is_wanted() {
    let (desktop, sandbox) = (Notifications::start(), Sandbox::new());
    let relay = relay_on(&desktop, &sandbox);
    let complete = |name: &str| {
        let seeder = Seeder::file(name, 50_000);
        wait_complete(&relay, &add_magnet(&relay, &seeder.magnet));
    };
    // Not wanted.
    complete("first.bin");
    relay.ok("set_settings", json!({"notify_when_browser_closed": true}));
    // A browser does it.
    let browser = sandbox.relay();
    browser.ok("subscribe", json!({"topics": ["events"]}));
    complete("second.bin");
    browser.event("torrent_completed");
    browser.ok("unsubscribe", json!({}));
    complete("third.bin");
    let text = "The download is complete.".into();
    assert_eq!(desktop.next(), Shown { title: "third.bin".into(), text });

    // Nothing of a name is read as markup: not in the title, and not in the text.
    let seeder = Seeder::file("cats & dogs.bin", 50_000);
    std::fs::create_dir(sandbox.downloads().join(seeder.name())).unwrap();
    wait_state(&relay, &add_magnet(&relay, &seeder.magnet), &["error"]);
    let shown = desktop.next();
    assert_eq!(shown.title, "cats & dogs.bin");
    assert!(shown.text.contains("cats &amp; dogs.bin"), "{}", shown.text);
}

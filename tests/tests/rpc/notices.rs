//! What the engine tells the desktop by itself, on a real message bus.

use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};

use serde_json::json;
use torrpeddo_tests::notifications::{Notifications, Shown};
use torrpeddo_tests::{Relay, Sandbox, Seeder, wait_until};

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

/// What the desktop runs for a link that is none, on the bus of this address.
fn open_nonsense(sandbox: &Sandbox, bus: &str) -> Command {
    let mut command = sandbox.command(&["open", "magnet:?xt=nonsense"]);
    command.env("DBUS_SESSION_BUS_ADDRESS", bus);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

#[test]
fn what_cannot_be_opened_is_said_on_the_desktop() {
    let (desktop, sandbox) = (Notifications::start(), Sandbox::new());
    assert!(!open_nonsense(&sandbox, &desktop.address).status().unwrap().success());
    let shown = desktop.next();
    assert_eq!(shown.title, "Torrpeddo");
    assert!(shown.text.contains("magnet"), "{}", shown.text);
}

#[test]
fn a_bus_that_never_answers_holds_nobody_up() {
    let sandbox = Sandbox::new();
    let socket = sandbox.root().join("bus");
    let _bus = UnixListener::bind(&socket).unwrap();
    let address = format!("unix:path={}", socket.display());
    let mut child = open_nonsense(&sandbox, &address).spawn().unwrap();
    wait_until("the end of `open`", || child.try_wait().unwrap().is_some());
}

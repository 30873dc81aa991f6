//! The part of a desktop that shows notifications, on a message bus of its own.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};

use zbus::{OwnedVariant, connection};

use crate::DEADLINE;

/// A notification as it was asked for.
#[derive(Debug, PartialEq, Eq)]
pub struct Shown {
    /// The title; desktops show it as it is.
    pub title: String,
    /// The text; this desktop reads markup in it.
    pub text: String,
}

/// A notification service (Desktop Notifications Specification 1.2).
pub struct Notifications {
    bus: Child,
    /// What `DBUS_SESSION_BUS_ADDRESS` is for programs of this desktop.
    pub address: String,
    shown: Receiver<Shown>,
    _service: zbus::Connection,
}

struct Service(Sender<Shown>);

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Service {
    #[expect(clippy::too_many_arguments, reason = "the specification has so many")]
    fn notify(
        &self,
        _app_name: String,
        replaces_id: u32,
        _app_icon: String,
        summary: String,
        body: String,
        _actions: Vec<String>,
        _hints: HashMap<String, OwnedVariant>,
        _expire_timeout: i32,
    ) -> u32 {
        let _ = self.0.send(Shown { title: summary, text: body });
        replaces_id.max(1)
    }

    fn get_capabilities(&self) -> Vec<String> {
        ["body", "body-markup"].map(String::from).to_vec()
    }

    fn get_server_information(&self) -> (String, String, String, String) {
        ["tests", "torrpeddo", "1", "1.2"].map(String::from).into()
    }

    fn close_notification(&self, _id: u32) {}
}

impl Notifications {
    /// Starts a bus and the service on it.
    ///
    /// # Panics
    /// When `dbus-daemon` is not installed (`cargo xtask test` does it) or does not start.
    #[must_use]
    pub fn start() -> Self {
        let mut bus = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--nopidfile", "--print-address=1"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon, which `cargo xtask test` installs");
        let mut address = String::new();
        let output = bus.stdout.take().expect("a piped output");
        BufReader::new(output).read_line(&mut address).expect("the address of the bus");
        let address = address.trim_end().to_owned();
        let (sender, shown) = channel();
        let service = connection::Builder::address(address.as_str())
            .serve_at("/org/freedesktop/Notifications", Service(sender))
            .name("org.freedesktop.Notifications")
            .build();
        // It has threads of its own: this one only waits until it is there.
        let waiting = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let service = waiting.block_on(service).expect("a service on the bus");
        Self { bus, address, shown, _service: service }
    }

    /// The next notification.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn next(&self) -> Shown {
        self.shown.recv_timeout(DEADLINE).expect("a notification")
    }
}

impl Drop for Notifications {
    fn drop(&mut self) {
        let _ = self.bus.kill();
        let _ = self.bus.wait();
    }
}

//! The part of a desktop that shows notifications, on a message bus of its own.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
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
    _bus: Bus,
    /// What `DBUS_SESSION_BUS_ADDRESS` is for programs of this desktop.
    pub address: String,
    shown: Receiver<Shown>,
    _service: zbus::Connection,
}

/// A message bus that ends with this value.
struct Bus(Child);

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Service {
    shown: Sender<Shown>,
    last_id: AtomicU32,
}

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
        let _ = self.shown.send(Shown { title: summary, text: body });
        match replaces_id {
            0 => self.last_id.fetch_add(1, Ordering::Relaxed) + 1,
            id => id,
        }
    }

    /// Firefox gives notifications only to services that have actions.
    fn get_capabilities(&self) -> Vec<String> {
        ["actions", "body", "body-markup"].map(String::from).to_vec()
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
        let bus = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--nopidfile", "--print-address=1"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon, which `cargo xtask test` installs");
        let mut bus = Bus(bus);
        let mut address = String::new();
        let output = bus.0.stdout.take().expect("a piped output");
        BufReader::new(output).read_line(&mut address).expect("the address of the bus");
        let address = address.trim_end().to_owned();
        let (sender, shown) = channel();
        let service = Service { shown: sender, last_id: AtomicU32::new(0) };
        let service = connection::Builder::address(address.as_str())
            .serve_at("/org/freedesktop/Notifications", service)
            .name("org.freedesktop.Notifications")
            .build();
        // It has threads of its own: this one only waits until it is there.
        let waiting = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let service = waiting.block_on(service).expect("a service on the bus");
        Self { _bus: bus, address, shown, _service: service }
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

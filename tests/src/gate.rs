//! A door in front of a server that a test opens when it wants: what waits behind it cannot have
//! been answered before.

use std::io::copy;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

#[derive(Default)]
struct Door {
    open: Mutex<bool>,
    opened: Condvar,
    knocks: AtomicUsize,
}

/// A port on loopback that accepts connections and passes nothing on until it is opened.
pub struct Gate {
    /// The port.
    pub port: u16,
    door: Arc<Door>,
}

impl Gate {
    /// A closed gate in front of `port` on 127.0.0.1.
    ///
    /// # Panics
    /// When there is no free port.
    #[must_use]
    pub fn before(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let own = listener.local_addr().expect("an address").port();
        let door = Arc::<Door>::default();
        let shared = Arc::clone(&door);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                shared.knocks.fetch_add(1, Ordering::SeqCst);
                let door = Arc::clone(&shared);
                std::thread::spawn(move || pass(&client, port, &door));
            }
        });
        Self { port: own, door }
    }

    /// How many connections have been made to it.
    #[must_use]
    pub fn knocks(&self) -> usize {
        self.door.knocks.load(Ordering::SeqCst)
    }

    /// Lets everybody through, also those who wait already.
    ///
    /// # Panics
    /// Never in practice.
    pub fn open(&self) {
        *self.door.open.lock().expect("a lock") = true;
        self.door.opened.notify_all();
    }
}

fn pass(client: &TcpStream, port: u16, door: &Door) -> Option<()> {
    let mut open = door.open.lock().ok()?;
    while !*open {
        open = door.opened.wait(open).ok()?;
    }
    drop(open);
    let server = TcpStream::connect(("127.0.0.1", port)).ok()?;
    let (mut from_client, mut to_server) = (client.try_clone().ok()?, server.try_clone().ok()?);
    std::thread::spawn(move || {
        let _ = copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(std::net::Shutdown::Both);
    });
    let (mut from_server, mut to_client) = (server, client.try_clone().ok()?);
    let _ = copy(&mut from_server, &mut to_client);
    client.shutdown(std::net::Shutdown::Both).ok()
}

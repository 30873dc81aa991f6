//! Everything that is sent in a namespace, as a stranger in the same network sees it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex};

use rustix::net::sockopt::set_socket_recv_buffer_size_force;
use rustix::net::{AddressFamily, Protocol, RecvFlags, SocketFlags, SocketType, recv, socket_with};

use crate::Namespace;

/// `ETH_P_ALL` in network order: packets of every protocol.
const EVERY_PROTOCOL: u32 = 0x0003_u16.to_be() as u32;

/// UDP in the headers of IPv4 and IPv6.
const UDP: u8 = 17;

/// A UDP datagram.
#[derive(Debug, Clone)]
pub struct Datagram {
    /// Where it goes.
    pub to: SocketAddr,
    /// What it says.
    pub payload: Vec<u8>,
}

impl Datagram {
    /// Whether these bytes are anywhere in it.
    #[must_use]
    pub fn says(&self, bytes: &[u8]) -> bool {
        self.payload.windows(bytes.len()).any(|part| part == bytes)
    }
}

/// Listens to a namespace for as long as the process lives.
pub struct Capture(Arc<Mutex<Vec<Datagram>>>);

impl Capture {
    /// Begins to listen; nothing that is sent afterwards is missed.
    ///
    /// # Panics
    /// When the system does not let it.
    #[must_use]
    pub fn of(namespace: &Namespace) -> Self {
        let socket = namespace.enter(|| {
            socket_with(
                AddressFamily::PACKET,
                SocketType::DGRAM,
                SocketFlags::CLOEXEC,
                NonZeroU32::new(EVERY_PROTOCOL).map(Protocol::from_raw),
            )
        });
        let socket = socket.expect("root may listen to a network");
        // What does not fit while this process waits for its turn would be lost.
        set_socket_recv_buffer_size_force(&socket, 16 << 20).expect("root may have a large buffer");
        let seen = Arc::<Mutex<Vec<Datagram>>>::default();
        let listened = Arc::clone(&seen);
        std::thread::spawn(move || listen(&socket, &listened));
        Self(seen)
    }

    /// The datagrams so far that satisfy `wanted`.
    ///
    /// # Panics
    /// Never in practice.
    #[must_use]
    pub fn seen(&self, wanted: impl Fn(&Datagram) -> bool) -> Vec<Datagram> {
        self.0.lock().expect("a lock").iter().filter(|datagram| wanted(datagram)).cloned().collect()
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- what the network heard");
            for Datagram { to, payload } in self.seen(|_| true) {
                eprintln!("{to} {}", payload.escape_ascii());
            }
        }
    }
}

fn listen(socket: &OwnedFd, seen: &Mutex<Vec<Datagram>>) {
    let mut packet = vec![0; 1 << 16];
    while let Ok((length, _)) = recv(socket, packet.as_mut_slice(), RecvFlags::empty()) {
        if let Some(datagram) = udp(&packet[..length])
            && let Ok(mut seen) = seen.lock()
        {
            seen.push(datagram);
        }
    }
}

/// The datagram in an IP packet without fragments or extensions: all that is looked for is small.
fn udp(packet: &[u8]) -> Option<Datagram> {
    let (to, body): (IpAddr, _) = match packet.first()? >> 4 {
        4 if packet.get(9) == Some(&UDP) => {
            let to: [u8; 4] = packet.get(16..20)?.try_into().ok()?;
            (Ipv4Addr::from(to).into(), packet.get(usize::from(packet[0] & 15) * 4..)?)
        }
        6 if packet.get(6) == Some(&UDP) => {
            let to: [u8; 16] = packet.get(24..40)?.try_into().ok()?;
            (Ipv6Addr::from(to).into(), packet.get(40..)?)
        }
        _ => return None,
    };
    let port = u16::from_be_bytes(body.get(2..4)?.try_into().ok()?);
    Some(Datagram { to: SocketAddr::new(to, port), payload: body.get(8..)?.to_vec() })
}

//! Accepting connections from peers, over IPv4 and IPv6 apart.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Connections that the system keeps for us before they are accepted.
const BACKLOG: i32 = 256;

/// Most connections whose handshake has not arrived yet.
const MAX_HANDSHAKES: usize = 200;

/// Most of them from one address.
const MAX_HANDSHAKES_OF_ADDRESS: usize = 30;

/// How often another port is tried that both address families can have.
const ATTEMPTS: usize = 8;

/// Shortest pause after an error of `accept`, which is usually a lack of descriptors.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// Longest pause after errors of `accept` in a row.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Sockets that listen on one port.
#[derive(Debug)]
pub struct Listener {
    sockets: Vec<TcpListener>,
    port: u16,
}

impl Listener {
    /// Listens on `port`, or on another one if it is taken or `None`. A machine may lack one of the
    /// address families.
    ///
    /// # Errors
    /// When the system gives no port in either family.
    pub fn bind(port: Option<u16>, loopback_only: bool) -> io::Result<Self> {
        if let Some(port) = port.filter(|port| *port != 0)
            && let Ok(listener) = Self::bind_exactly(port, loopback_only)
        {
            return Ok(listener);
        }
        let mut result = Self::bind_exactly(0, loopback_only);
        for _ in 1..ATTEMPTS {
            if result.is_ok() {
                break;
            }
            result = Self::bind_exactly(0, loopback_only);
        }
        result
    }

    fn bind_exactly(port: u16, loopback_only: bool) -> io::Result<Self> {
        let v4 = if loopback_only { Ipv4Addr::LOCALHOST } else { Ipv4Addr::UNSPECIFIED };
        let v6 = if loopback_only { Ipv6Addr::LOCALHOST } else { Ipv6Addr::UNSPECIFIED };
        let first = bind((v4, port).into());
        let chosen = first.as_ref().ok().and_then(|socket| socket.local_addr().ok());
        let port = chosen.map_or(port, |address| address.port());
        let second = bind((v6, port).into());
        match (first, second) {
            (Ok(first), Ok(second)) => Ok(Self { port, sockets: vec![first, second] }),
            // The port is free in one family only: others could be reached there in our place.
            (Ok(_), Err(error)) if error.kind() == io::ErrorKind::AddrInUse => Err(error),
            (Ok(first), Err(_)) => Ok(Self { port, sockets: vec![first] }),
            (Err(error), Ok(_)) if error.kind() == io::ErrorKind::AddrInUse => Err(error),
            (Err(_), Ok(second)) => {
                let port = second.local_addr()?.port();
                Ok(Self { port, sockets: vec![second] })
            }
            (Err(error), Err(_)) => Err(error),
        }
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The sockets, one for each address family.
    #[must_use]
    pub fn into_sockets(self) -> Vec<TcpListener> {
        self.sockets
    }
}

/// Passes every accepted connection to `serve` until `end`. `serve` must not wait.
pub async fn accept(
    socket: TcpListener,
    end: CancellationToken,
    serve: impl Fn(TcpStream, SocketAddr),
) {
    let mut pause = FIRST_PAUSE;
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            () = end.cancelled() => return,
        };
        match accepted {
            Ok((stream, address)) => {
                pause = FIRST_PAUSE;
                serve(stream, canonical(address));
            }
            // The peer has gone already.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
                ) => {}
            Err(error) => {
                tracing::debug!(%error, "no connection accepted");
                tokio::select! {
                    () = sleep(pause) => {}
                    () = end.cancelled() => return,
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

/// The address with an IPv4 address in place of an IPv4-mapped one.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let domain = if address.is_ipv4() { Domain::IPV4 } else { Domain::IPV6 };
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // On Windows this option would let another program take the port over.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Counts handshakes in progress.
#[derive(Debug, Default)]
pub struct Handshakes(Mutex<HashMap<IpAddr, usize>>);

/// Counts one handshake until it is dropped.
pub struct HandshakeGuard {
    all: Arc<Handshakes>,
    address: IpAddr,
}

impl Handshakes {
    /// Counts one more, unless there are too many.
    pub fn enter(self: &Arc<Self>, address: IpAddr) -> Option<HandshakeGuard> {
        let address = address.to_canonical();
        let mut counts = self.0.lock();
        if counts.values().sum::<usize>() >= MAX_HANDSHAKES {
            return None;
        }
        let count = counts.entry(address).or_default();
        if *count >= MAX_HANDSHAKES_OF_ADDRESS {
            return None;
        }
        *count += 1;
        Some(HandshakeGuard { all: Arc::clone(self), address })
    }
}

impl Drop for HandshakeGuard {
    fn drop(&mut self) {
        let mut counts = self.all.0.lock();
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn both_families_share_a_port_and_a_taken_one_is_replaced() {
        let first = Listener::bind(None, true).unwrap();
        assert!(first.port() != 0);
        let second = Listener::bind(Some(first.port()), true).unwrap();
        assert_ne!(first.port(), second.port());
        let port = first.port();
        drop(first);
        assert_eq!(Listener::bind(Some(port), true).unwrap().port(), port);
    }

    #[tokio::test]
    async fn a_port_that_is_taken_in_one_family_is_not_used() {
        let Ok(taken) = std::net::TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) else { return };
        let port = taken.local_addr().unwrap().port();
        assert_ne!(Listener::bind(Some(port), true).unwrap().port(), port);
    }

    #[tokio::test]
    async fn connections_are_accepted_until_the_end() {
        let listener = Listener::bind(None, true).unwrap();
        let (port, end) = (listener.port(), CancellationToken::new());
        let (sender, mut accepted) = tokio::sync::mpsc::unbounded_channel();
        let tasks: Vec<_> = listener
            .into_sockets()
            .into_iter()
            .map(|socket| {
                let sender = sender.clone();
                let serve = move |_, address| sender.send(address).unwrap();
                tokio::spawn(accept(socket, end.clone(), serve))
            })
            .collect();
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
        assert_eq!(accepted.recv().await, stream.local_addr().ok());
        end.cancel();
        for task in tasks {
            task.await.unwrap();
        }
        assert!(std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
    }

    #[test]
    fn handshakes_are_bounded_in_all_and_for_each_address() {
        let handshakes = Arc::new(Handshakes::default());
        let mut guards = Vec::new();
        let address = |n: usize| IpAddr::from([10, 0, 0, n as u8]);
        for _ in 0..MAX_HANDSHAKES_OF_ADDRESS {
            guards.push(handshakes.enter(address(0)).unwrap());
        }
        assert!(handshakes.enter(address(0)).is_none());
        for n in guards.len()..MAX_HANDSHAKES {
            guards.push(handshakes.enter(address(n)).unwrap());
        }
        assert!(handshakes.enter(address(1)).is_none());
        drop(guards);
        assert!(handshakes.0.lock().is_empty());
    }
}

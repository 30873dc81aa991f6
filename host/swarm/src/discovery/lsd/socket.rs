//! The multicast sockets of local service discovery, one for each family.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use parking_lot::Mutex;
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::UdpSocket;

use crate::discovery::interfaces::Interface;

/// The port of BEP 14.
const PORT: u16 = 6771;
/// The IPv4 group.
const GROUP_V4: Ipv4Addr = Ipv4Addr::new(239, 192, 152, 143);
/// The IPv6 group.
const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff15, 0, 0, 0, 0, 0, 0xefc0, 0x988f);

/// A socket that has joined the group on every interface that is suitable.
#[derive(Debug)]
pub(super) struct Multicast {
    socket: UdpSocket,
    group: SocketAddr,
    /// The interfaces at the last announcement.
    interfaces: Mutex<Vec<Interface>>,
}

impl Multicast {
    /// Opens the socket for IPv4.
    ///
    /// # Errors
    /// When the port cannot be bound, or the group cannot be joined on any interface.
    pub fn open_v4(interfaces: &[Interface]) -> io::Result<Self> {
        let group = SocketAddrV4::new(GROUP_V4, PORT).into();
        Self::open(Domain::IPV4, (Ipv4Addr::UNSPECIFIED, PORT).into(), group, interfaces)
    }

    /// Opens the socket for IPv6.
    ///
    /// # Errors
    /// When the system has no IPv6, the port cannot be bound, or the group cannot be joined on any
    /// interface.
    pub fn open_v6(interfaces: &[Interface]) -> io::Result<Self> {
        let group = SocketAddrV6::new(GROUP_V6, PORT, 0, 0).into();
        Self::open(Domain::IPV6, (Ipv6Addr::UNSPECIFIED, PORT).into(), group, interfaces)
    }

    fn open(
        domain: Domain,
        local: SocketAddr,
        group: SocketAddr,
        interfaces: &[Interface],
    ) -> io::Result<Self> {
        let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
        if local.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        // Several clients share the port.
        socket.set_reuse_address(true)?;
        #[cfg(unix)]
        socket.set_reuse_port(true)?;
        socket.bind(&local.into())?;
        socket.set_nonblocking(true)?;
        let socket = UdpSocket::from_std(socket.into())?;
        let multicast = Self { socket, group, interfaces: Mutex::new(interfaces.to_vec()) };
        multicast.join(interfaces)?;
        Ok(multicast)
    }

    /// The group that is joined, with its port.
    pub fn group(&self) -> SocketAddr {
        self.group
    }

    fn is_v6(&self) -> bool {
        self.group.is_ipv6()
    }

    /// Joins the group on each interface. Joining one again fails and changes nothing.
    fn join(&self, interfaces: &[Interface]) -> io::Result<()> {
        let mut outcome =
            Err(io::Error::new(io::ErrorKind::AddrNotAvailable, "no network interface"));
        for interface in suitable(interfaces) {
            let joined = if self.is_v6() {
                if interface.v6.is_empty() {
                    continue;
                }
                self.socket.join_multicast_v6(&GROUP_V6, interface.index)
            } else {
                let Some(address) = interface.local_v4() else { continue };
                self.socket.join_multicast_v4(GROUP_V4, address)
            };
            if outcome.is_err() {
                outcome = joined;
            }
        }
        outcome
    }

    /// Sends a datagram to the group on every suitable interface, and joins the group on those that
    /// are new. Errors are logged: an interface may be down.
    pub async fn send(&self, interfaces: &[Interface], datagram: &[u8]) {
        // Fails where the group is joined already.
        let _ = self.join(interfaces);
        interfaces.clone_into(&mut self.interfaces.lock());
        for interface in suitable(interfaces) {
            let chosen = if self.is_v6() {
                if interface.v6.is_empty() {
                    continue;
                }
                SockRef::from(&self.socket).set_multicast_if_v6(interface.index)
            } else {
                let Some(address) = interface.local_v4() else { continue };
                SockRef::from(&self.socket).set_multicast_if_v4(&address)
            };
            let sent = match chosen {
                Ok(()) => self.socket.send_to(datagram, self.group).await,
                Err(error) => Err(error),
            };
            if let Err(error) = sent {
                tracing::trace!(interface = interface.index, "no local announcement: {error}");
            }
        }
    }

    /// Receives a datagram of the local network. Others are skipped: the port can be reached by
    /// unicast too, and peers found here count as local.
    ///
    /// # Errors
    /// The error of the socket. It can be used again.
    pub async fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        loop {
            let (len, from) = self.socket.recv_from(buffer).await?;
            let ip = from.ip();
            let is_neighbour = || self.interfaces.lock().iter().any(|own| own.is_neighbour(ip));
            if is_local(ip) || is_neighbour() {
                return Ok((len, from));
            }
        }
    }
}

/// The interfaces to announce on: private ones, or loopback where there is nothing else.
fn suitable(interfaces: &[Interface]) -> impl Iterator<Item = &Interface> {
    let only_loopback = interfaces.iter().all(Interface::is_loopback);
    interfaces.iter().filter(move |interface| {
        if only_loopback { true } else { interface.is_private() && !interface.is_loopback() }
    })
}

fn is_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_link_local() || ip.is_loopback(),
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(index: u32, address: [u8; 4]) -> Interface {
        let v4 = vec![(address.into(), Ipv4Addr::new(255, 255, 255, 0))];
        Interface { index, v4, v6: Vec::new() }
    }

    fn indexes(interfaces: &[Interface]) -> Vec<u32> {
        suitable(interfaces).map(|interface| interface.index).collect()
    }

    #[test]
    fn private_interfaces_are_chosen() {
        let loopback = interface(1, [127, 0, 0, 1]);
        let home = interface(2, [192, 168, 0, 2]);
        let public = interface(3, [203, 0, 113, 2]);
        assert_eq!(indexes(&[loopback.clone(), home, public.clone()]), [2]);
        assert_eq!(indexes(std::slice::from_ref(&loopback)), [1]);
        assert_eq!(indexes(&[loopback, public]), [0u32; 0]);
    }

    #[test]
    fn only_addresses_of_the_local_network_count() {
        let local = ["10.1.2.3", "192.168.1.1", "169.254.0.1", "127.0.0.1", "fe80::1", "fd00::1"];
        assert!(local.iter().all(|ip| is_local(ip.parse().unwrap())));
        let foreign = ["8.8.8.8", "100.64.0.1", "2001:db8::1"];
        assert!(!foreign.iter().any(|ip| is_local(ip.parse().unwrap())));
    }
}

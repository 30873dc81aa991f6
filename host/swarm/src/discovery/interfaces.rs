//! The network interfaces of this machine.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use network_interface::{Addr, NetworkInterface, NetworkInterfaceConfig as _};

/// Interfaces that are looked at. Each costs a datagram for every announcement.
const MAX_INTERFACES: usize = 32;

/// An interface with its addresses and their netmasks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interface {
    /// The index that the system knows it by.
    pub index: u32,
    /// IPv4 addresses with their masks.
    pub v4: Vec<(Ipv4Addr, Ipv4Addr)>,
    /// IPv6 addresses with their masks.
    pub v6: Vec<(Ipv6Addr, Ipv6Addr)>,
}

impl Interface {
    /// Whether it has only loopback addresses.
    pub fn is_loopback(&self) -> bool {
        self.v4.iter().all(|(address, _)| address.is_loopback())
            && self.v6.iter().all(|(address, _)| address.is_loopback())
    }

    /// Whether it has a private address, as in a home or office network. On other interfaces the
    /// neighbours are strangers, and nothing is announced there.
    pub fn is_private(&self) -> bool {
        self.v4.iter().any(|(address, _)| address.is_private() || address.is_link_local())
            || self.v6.iter().any(|(address, _)| address.is_unique_local())
    }

    /// The first IPv4 address that is private, link-local or loopback.
    pub fn local_v4(&self) -> Option<Ipv4Addr> {
        let mut addresses = self.v4.iter().map(|(address, _)| *address);
        addresses.find(|own| own.is_private() || own.is_link_local() || own.is_loopback())
    }

    /// Whether `address` is in the subnet of one of the interface's addresses.
    pub fn is_neighbour(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => self.v4.iter().any(|(own, mask)| {
                !mask.is_unspecified()
                    && address.to_bits() & mask.to_bits() == own.to_bits() & mask.to_bits()
            }),
            IpAddr::V6(address) => self.v6.iter().any(|(own, mask)| {
                !mask.is_unspecified()
                    && address.to_bits() & mask.to_bits() == own.to_bits() & mask.to_bits()
            }),
        }
    }
}

/// Lists the interfaces that have an address, at most [`MAX_INTERFACES`]. Empty when the system does
/// not tell.
pub(crate) fn list() -> Vec<Interface> {
    let mut found: BTreeMap<u32, Interface> = BTreeMap::new();
    let listed = NetworkInterface::show().unwrap_or_else(|error| {
        tracing::debug!("the network interfaces cannot be listed: {error}");
        Vec::new()
    });
    for interface in listed {
        if !found.contains_key(&interface.index) && found.len() == MAX_INTERFACES {
            break;
        }
        let entry = found.entry(interface.index).or_insert_with(|| Interface {
            index: interface.index,
            v4: Vec::new(),
            v6: Vec::new(),
        });
        for address in interface.addr {
            match address {
                Addr::V4(address) => {
                    entry.v4.push((address.ip, address.netmask.unwrap_or(Ipv4Addr::BROADCAST)));
                }
                Addr::V6(address) => {
                    let mask = address.netmask.unwrap_or(Ipv6Addr::from_bits(u128::MAX));
                    entry.v6.push((address.ip, mask));
                }
            }
        }
    }
    found.into_values().filter(|found| !(found.v4.is_empty() && found.v6.is_empty())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(v4: &[(&str, &str)], v6: &[(&str, &str)]) -> Interface {
        let parse = |(address, mask): &(&str, &str)| {
            (address.parse::<Ipv4Addr>().unwrap(), mask.parse::<Ipv4Addr>().unwrap())
        };
        let parse6 = |(address, mask): &(&str, &str)| {
            (address.parse::<Ipv6Addr>().unwrap(), mask.parse::<Ipv6Addr>().unwrap())
        };
        Interface {
            index: 1,
            v4: v4.iter().map(parse).collect(),
            v6: v6.iter().map(parse6).collect(),
        }
    }

    #[test]
    fn loopback_is_listed() {
        let all = list();
        assert!(all.iter().any(Interface::is_loopback), "{all:?}");
    }

    #[test]
    fn neighbours_share_the_subnet() {
        let home =
            interface(&[("192.168.1.7", "255.255.255.0")], &[("2001:db8::7", "ffff:ffff::")]);
        assert!(home.is_private() && !home.is_loopback());
        assert!(home.is_neighbour("192.168.1.200".parse().unwrap()));
        assert!(!home.is_neighbour("192.168.2.1".parse().unwrap()));
        assert!(home.is_neighbour("2001:db8:1::1".parse().unwrap()));
        assert!(!home.is_neighbour("2001:db9::1".parse().unwrap()));
    }

    #[test]
    fn a_public_interface_is_not_private() {
        let server = interface(&[("203.0.113.9", "255.255.255.0")], &[("fe80::1", "ffff::")]);
        assert!(!server.is_private());
        assert!(!interface(&[("203.0.113.9", "0.0.0.0")], &[]).is_neighbour([1, 2, 3, 4].into()));
    }
}

//! What an address of a peer can be used for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The address with an IPv4 address that is mapped into IPv6 (`::ffff:a.b.c.d`) written as IPv4.
#[must_use]
pub const fn to_canonical(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        IpAddr::V4(ip) => SocketAddr::new(IpAddr::V4(ip), address.port()),
        // The scope of a link-local address is kept.
        IpAddr::V6(_) => address,
    }
}

/// Whether the address can be connected to: not with port 0 and not to unspecified
/// (0.0.0.0/8, `::`), multicast, reserved (240.0.0.0/4) or broadcast addresses.
#[must_use]
pub const fn is_dialable(address: SocketAddr) -> bool {
    let ip = match address.ip().to_canonical() {
        IpAddr::V4(ip) => ip.octets()[0] != 0 && ip.octets()[0] < 224,
        IpAddr::V6(ip) => !ip.is_unspecified() && !ip.is_multicast(),
    };
    ip && address.port() != 0
}

/// Whether the address is of this machine or of a network that is not the internet: loopback,
/// link-local, private (RFC 1918, RFC 4193), shared by a carrier's NAT (RFC 6598), or unspecified,
/// which connects to this machine.
#[must_use]
pub const fn is_local(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => is_local_v4(ip),
        IpAddr::V6(ip) => is_local_v6(ip),
    }
}

const fn is_local_v4(ip: Ipv4Addr) -> bool {
    let [a, b, ..] = ip.octets();
    a == 0
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_private()
        || (a == 100 && b & 0xc0 == 64)
}

const fn is_local_v6(ip: Ipv6Addr) -> bool {
    // Site-local addresses (fec0::/10) were replaced by the private ones but are still in use.
    let site_local = ip.segments()[0] & 0xffc0 == 0xfec0;
    ip.is_unspecified()
        || ip.is_loopback()
        || ip.is_unicast_link_local()
        || ip.is_unique_local()
        || site_local
}

#[cfg(test)]
mod tests;

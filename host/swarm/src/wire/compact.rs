//! Compact addresses: 6 bytes for IPv4 (BEP 23), 18 for IPv6 (BEP 7), the port last.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::address::to_canonical;

/// Bytes of an IPv4 address with its port.
pub const V4_LEN: usize = 6;

/// Bytes of an IPv6 address with its port.
pub const V6_LEN: usize = 18;

/// The IPv4 addresses in `bytes`. Bytes at the end that are no whole address are ignored.
pub fn parse_v4(bytes: &[u8]) -> impl Iterator<Item = SocketAddr> {
    let (addresses, _) = bytes.as_chunks::<V4_LEN>();
    addresses.iter().map(|&[a, b, c, d, high, low]| {
        SocketAddr::from((Ipv4Addr::new(a, b, c, d), u16::from_be_bytes([high, low])))
    })
}

/// The IPv6 addresses in `bytes`. Bytes at the end that are no whole address are ignored, and an
/// IPv4 address that is mapped into IPv6 becomes IPv4.
pub fn parse_v6(bytes: &[u8]) -> impl Iterator<Item = SocketAddr> {
    let (addresses, _) = bytes.as_chunks::<V6_LEN>();
    addresses.iter().map(|&[ref ip @ .., high, low]| {
        let ip: &[u8; 16] = ip;
        to_canonical(SocketAddr::from((Ipv6Addr::from(*ip), u16::from_be_bytes([high, low]))))
    })
}

/// Appends an address: 6 bytes for IPv4, 18 for IPv6.
pub fn write(address: SocketAddr, out: &mut Vec<u8>) {
    match address.ip() {
        IpAddr::V4(ip) => out.extend_from_slice(&ip.octets()),
        IpAddr::V6(ip) => out.extend_from_slice(&ip.octets()),
    }
    out.extend_from_slice(&address.port().to_be_bytes());
}

#[cfg(test)]
mod tests;

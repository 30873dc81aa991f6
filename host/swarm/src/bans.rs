//! Addresses that no connection is made with.

use std::collections::HashSet;
use std::net::IpAddr;
use std::str::FromStr;

use parking_lot::RwLock;

use crate::wire::address::is_local;

/// Most addresses that are banned for what they sent. The oldest are not forgotten: beyond this, a
/// liar is merely disconnected.
const MAX_LIARS: usize = 10_000;

/// A range of addresses in CIDR notation (RFC 4632), or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressRange {
    first: u128,
    last: u128,
    ipv4: bool,
}

/// The text is neither an address nor a range in CIDR notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Give an IP address such as 192.0.2.7, or a range such as 192.0.2.0/24.")]
pub struct InvalidRange;

impl FromStr for AddressRange {
    type Err = InvalidRange;

    fn from_str(text: &str) -> Result<Self, InvalidRange> {
        let (address, prefix) = match text.trim().split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text.trim(), None),
        };
        let address: IpAddr = address.parse().map_err(|_| InvalidRange)?;
        let address = address.to_canonical();
        let (bits, width) = number(address);
        let prefix = match prefix {
            Some(prefix) => prefix.parse().ok().filter(|p| *p <= width).ok_or(InvalidRange)?,
            None => width,
        };
        let host_bits = width - prefix;
        let mask = if host_bits == 0 { 0 } else { u128::MAX >> (128 - host_bits) };
        Ok(Self { first: bits & !mask, last: bits | mask, ipv4: address.is_ipv4() })
    }
}

impl AddressRange {
    /// Whether an address is in the range.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let (bits, _) = number(address);
        address.is_ipv4() == self.ipv4 && (self.first..=self.last).contains(&bits)
    }
}

fn number(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    }
}

/// The bans in force.
#[derive(Debug, Default)]
pub struct Bans {
    /// From the settings.
    ranges: RwLock<Vec<AddressRange>>,
    /// Until the engine ends: sent data that failed its hash.
    liars: RwLock<HashSet<IpAddr>>,
}

impl Bans {
    /// Replaces the ranges of the settings.
    pub fn set_ranges(&self, ranges: Vec<AddressRange>) {
        *self.ranges.write() = ranges;
    }

    /// Bans an address until the engine ends.
    pub fn add_liar(&self, address: IpAddr) {
        let mut liars = self.liars.write();
        // Behind a tunnel, a proxy or a router that hides sources, all peers share a local address.
        if liars.len() < MAX_LIARS && !is_local(address) {
            liars.insert(address.to_canonical());
        }
    }

    /// Whether no connection is made with an address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.ranges.read().iter().any(|range| range.contains(address))
            || self.liars.read().contains(&address.to_canonical())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn ranges_are_read_and_compared() {
        let range: AddressRange = "192.0.2.77/24".parse().unwrap();
        assert!(range.contains(ip("192.0.2.0")) && range.contains(ip("::ffff:192.0.2.255")));
        assert!(!range.contains(ip("192.0.3.0")) && !range.contains(ip("::1")));
        let one: AddressRange = " 2001:db8::1 ".parse().unwrap();
        assert!(one.contains(ip("2001:db8::1")) && !one.contains(ip("2001:db8::2")));
        let all: AddressRange = "::/0".parse().unwrap();
        assert!(all.contains(ip("::1")) && !all.contains(ip("1.2.3.4")));
        let all: AddressRange = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains(ip("255.255.255.255")));
        for wrong in ["", "host", "1.2.3.4/33", "1.2.3.4/-1", "1.2.3.4/", "::/129", "1.2.3.4:80"] {
            assert!(wrong.parse::<AddressRange>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn ranges_are_replaced_and_liars_stay() {
        let bans = Bans::default();
        bans.set_ranges(vec!["10.0.0.0/8".parse().unwrap()]);
        bans.add_liar(ip("::ffff:192.0.2.1"));
        assert!(bans.contains(ip("10.1.2.3")) && bans.contains(ip("192.0.2.1")));
        bans.set_ranges(Vec::new());
        assert!(!bans.contains(ip("10.1.2.3")) && bans.contains(ip("192.0.2.1")));
    }

    #[test]
    fn addresses_that_many_peers_share_are_not_banned() {
        let bans = Bans::default();
        for shared in ["127.0.0.1", "172.17.0.1", "::1"] {
            bans.add_liar(ip(shared));
            assert!(!bans.contains(ip(shared)));
        }
    }
}

//! The default gateway.

use std::net::Ipv4Addr;

/// The IPv4 address of the default gateway, if the system tells one. Blocks.
#[cfg(target_os = "linux")]
pub(super) fn default_gateway() -> Option<Ipv4Addr> {
    use std::io::Read as _;

    /// Bytes that are read of the routing table.
    const MAX_TABLE_BYTES: u64 = 256 * 1024;
    let mut table = String::new();
    let file = std::fs::File::open("/proc/net/route").ok()?;
    file.take(MAX_TABLE_BYTES).read_to_string(&mut table).ok()?;
    parse_routes(&table)
}

/// The IPv4 address of the default gateway, if the system tells one. Blocks.
#[cfg(any(windows, target_os = "macos"))]
pub(super) fn default_gateway() -> Option<Ipv4Addr> {
    netdev::get_default_gateway().ok()?.ipv4.first().copied()
}

/// Other systems are not asked.
#[cfg(not(any(target_os = "linux", windows, target_os = "macos")))]
pub(super) fn default_gateway() -> Option<Ipv4Addr> {
    None
}

/// The gateway of the default route with the lowest metric, in the format of `/proc/net/route`.
#[cfg(any(target_os = "linux", test))]
fn parse_routes(table: &str) -> Option<Ipv4Addr> {
    /// `RTF_UP` and `RTF_GATEWAY`.
    const USABLE: u16 = 3;
    let route = |line: &str| {
        let fields: Vec<_> = line.split_ascii_whitespace().collect();
        let [_, destination, gateway, flags, _, _, metric, mask, ..] = fields.as_slice() else {
            return None;
        };
        let number = |text| u32::from_str_radix(text, 16).ok();
        let usable = u16::from_str_radix(flags, 16).ok()? & USABLE == USABLE;
        let default = number(destination)? == 0 && number(mask)? == 0;
        // The kernel prints the bytes as they are in its memory.
        let gateway = Ipv4Addr::from(number(gateway)?.to_ne_bytes());
        (usable && default).then_some((metric.parse::<u32>().ok()?, gateway))
    };
    table.lines().filter_map(route).min().map(|(_, gateway)| gateway)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn the_default_route_with_the_lowest_metric_counts() {
        let table =
            "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
wlan0\t00000000\t0102A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0
eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0
tun0\t00000000\t00000000\t0001\t0\t0\t10\t00000000\t0\t0\t0
";
        assert_eq!(parse_routes(table), Some(Ipv4Addr::new(192, 168, 1, 1)));
        assert_eq!(parse_routes(""), None);
    }

    #[test]
    fn the_system_is_asked() {
        // There may be none.
        default_gateway();
    }

    proptest! {
        #[test]
        fn any_table_is_read(table in "([0-9A-F]{0,9}[\t \n]?)*") {
            parse_routes(&table);
        }
    }
}

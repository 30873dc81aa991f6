//! The packets of PCP (RFC 6887 §7, §11) and NAT-PMP (RFC 6886 §3).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::port_mapping::Protocol;

/// Bytes of the longest packet (RFC 6887 §7).
pub(super) const MAX_PACKET: usize = 1_100;
/// Bytes of a MAP request or response of PCP without options.
const PCP_MAP_LEN: usize = 60;
/// PCP's version number.
const PCP_VERSION: u8 = 2;
/// PCP's opcode for mappings.
const PCP_MAP: u8 = 1;
/// The bit that marks a response, in both protocols.
const RESPONSE: u8 = 0x80;
/// NAT-PMP's request for the external address.
pub(super) const NAT_PMP_ADDRESS: [u8; 2] = [0, 0];

/// A MAP request of PCP.
#[derive(Debug, Clone, Copy)]
pub(super) struct PcpRequest {
    pub client: Ipv4Addr,
    pub nonce: [u8; 12],
    pub protocol: Protocol,
    pub internal_port: u16,
    /// The external port that is suggested, 0 for none.
    pub external_port: u16,
    /// Seconds, 0 to remove the mapping.
    pub lifetime: u32,
}

impl PcpRequest {
    pub fn encode(&self) -> Vec<u8> {
        let mut packet = Vec::with_capacity(PCP_MAP_LEN);
        packet.extend([PCP_VERSION, PCP_MAP, 0, 0]);
        packet.extend(self.lifetime.to_be_bytes());
        packet.extend(self.client.to_ipv6_mapped().octets());
        packet.extend(self.nonce);
        packet.extend([number_of(self.protocol), 0, 0, 0]);
        packet.extend(self.internal_port.to_be_bytes());
        packet.extend(self.external_port.to_be_bytes());
        // Any external address, of IPv4.
        packet.extend(Ipv4Addr::UNSPECIFIED.to_ipv6_mapped().octets());
        packet
    }
}

/// A MAP response of PCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PcpResponse {
    /// 0 for success.
    pub result: u8,
    /// Seconds.
    pub lifetime: u32,
    pub external_port: u16,
    /// IPv4 addresses are mapped into IPv6.
    pub external: IpAddr,
}

impl PcpResponse {
    /// Parses the response to a request. `None` for any other packet.
    pub fn parse(packet: &[u8], request: &PcpRequest) -> Option<Self> {
        let [PCP_VERSION, opcode, _, result, ..] = *packet else { return None };
        let ours = opcode == PCP_MAP | RESPONSE
            && packet.get(24..36)? == request.nonce
            && *packet.get(36)? == number_of(request.protocol)
            && read_u16(packet, 40)? == request.internal_port;
        let external: [u8; 16] = packet.get(44..PCP_MAP_LEN)?.try_into().ok()?;
        ours.then_some(Self {
            result,
            lifetime: read_u32(packet, 4)?,
            external_port: read_u16(packet, 42)?,
            external: IpAddr::V6(Ipv6Addr::from(external)),
        })
    }
}

/// Encodes a mapping request of NAT-PMP. `lifetime` is in seconds, 0 to remove the mapping.
pub(super) fn nat_pmp_map(
    protocol: Protocol,
    internal_port: u16,
    external_port: u16,
    lifetime: u32,
) -> Vec<u8> {
    let mut packet = vec![0, nat_pmp_opcode(protocol), 0, 0];
    packet.extend(internal_port.to_be_bytes());
    packet.extend(external_port.to_be_bytes());
    packet.extend(lifetime.to_be_bytes());
    packet
}

/// A response of NAT-PMP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NatPmpResponse {
    /// The router does not understand the version of a request.
    UnsupportedVersion,
    Address {
        /// 0 for success.
        result: u16,
        address: Ipv4Addr,
    },
    Map {
        protocol: Protocol,
        /// 0 for success.
        result: u16,
        internal_port: u16,
        /// The external port, and the lifetime in seconds.
        mapped: (u16, u32),
    },
}

impl NatPmpResponse {
    /// Parses a packet. Failures may be cut off after the time.
    pub fn parse(packet: &[u8]) -> Option<Self> {
        let [0, opcode, ..] = *packet else { return None };
        if opcode & RESPONSE == 0 {
            return None;
        }
        let result = read_u16(packet, 2)?;
        if result == 1 {
            return Some(Self::UnsupportedVersion);
        }
        let success = result == 0;
        match opcode & !RESPONSE {
            0 => {
                let address = match read_u32(packet, 8) {
                    Some(bits) => Ipv4Addr::from_bits(bits),
                    None if success => return None,
                    None => Ipv4Addr::UNSPECIFIED,
                };
                Some(Self::Address { result, address })
            }
            number @ 1..=2 => {
                let protocol = if number == 1 { Protocol::Udp } else { Protocol::Tcp };
                let fields = (read_u16(packet, 8), read_u16(packet, 10), read_u32(packet, 12));
                match fields {
                    (Some(internal_port), Some(port), Some(lifetime)) => Some(Self::Map {
                        protocol,
                        result,
                        internal_port,
                        mapped: (port, lifetime),
                    }),
                    _ if success => None,
                    _ => Some(Self::Map { protocol, result, internal_port: 0, mapped: (0, 0) }),
                }
            }
            _ => None,
        }
    }
}

/// IANA's protocol number.
fn number_of(protocol: Protocol) -> u8 {
    match protocol {
        Protocol::Tcp => 6,
        Protocol::Udp => 17,
    }
}

fn nat_pmp_opcode(protocol: Protocol) -> u8 {
    match protocol {
        Protocol::Udp => 1,
        Protocol::Tcp => 2,
    }
}

fn read_u16(packet: &[u8], at: usize) -> Option<u16> {
    packet.get(at..at + 2)?.try_into().ok().map(u16::from_be_bytes)
}

fn read_u32(packet: &[u8], at: usize) -> Option<u32> {
    packet.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn request() -> PcpRequest {
        PcpRequest {
            client: Ipv4Addr::new(192, 168, 1, 9),
            nonce: *b"twelve bytes",
            protocol: Protocol::Udp,
            internal_port: 4000,
            external_port: 5000,
            lifetime: 3600,
        }
    }

    fn response(result: u8) -> Vec<u8> {
        let mut packet = request().encode();
        packet[1] |= RESPONSE;
        packet[3] = result;
        packet[56..60].copy_from_slice(&[203, 0, 113, 7]);
        packet
    }

    #[test]
    fn a_pcp_request_has_the_layout_of_the_rfc() {
        let packet = request().encode();
        assert_eq!(packet.len(), PCP_MAP_LEN);
        assert_eq!(packet[..8], [2, 1, 0, 0, 0, 0, 0x0e, 0x10]);
        assert_eq!(packet[18..24], [0xff, 0xff, 192, 168, 1, 9]);
        assert_eq!(&packet[24..36], b"twelve bytes");
        assert_eq!(packet[36..44], [17, 0, 0, 0, 0x0f, 0xa0, 0x13, 0x88]);
    }

    #[test]
    fn only_the_response_to_the_request_is_taken() {
        let parsed = PcpResponse::parse(&response(0), &request()).unwrap();
        assert_eq!((parsed.result, parsed.lifetime, parsed.external_port), (0, 3600, 5000));
        assert_eq!(parsed.external.to_canonical(), IpAddr::from([203, 0, 113, 7]));
        assert_eq!(PcpResponse::parse(&response(8), &request()).unwrap().result, 8);
        // The version, the opcode, the nonce, the protocol, the internal port.
        for at in [0, 1, 30, 36, 41] {
            let mut other = response(0);
            other[at] ^= 0x40;
            assert_eq!(PcpResponse::parse(&other, &request()), None, "{at}");
        }
        assert_eq!(PcpResponse::parse(&response(0)[..59], &request()), None);
        assert_eq!(PcpResponse::parse(&request().encode(), &request()), None);
    }

    #[test]
    fn nat_pmp_responses_are_read() {
        let request = nat_pmp_map(Protocol::Tcp, 4000, 5000, 3600);
        assert_eq!(request, [0, 2, 0, 0, 0x0f, 0xa0, 0x13, 0x88, 0, 0, 0x0e, 0x10]);
        let mapped = [0, 130, 0, 0, 0, 0, 0, 9, 0x0f, 0xa0, 0x13, 0x88, 0, 0, 0x0e, 0x10];
        let expected = NatPmpResponse::Map {
            protocol: Protocol::Tcp,
            result: 0,
            internal_port: 4000,
            mapped: (5000, 3600),
        };
        assert_eq!(NatPmpResponse::parse(&mapped), Some(expected));
        assert_eq!(NatPmpResponse::parse(&mapped[..15]), None);
        let refused = NatPmpResponse::parse(&[0, 129, 0, 2, 0, 0, 0, 9]);
        assert!(matches!(refused, Some(NatPmpResponse::Map { result: 2, .. })));
        let address = NatPmpResponse::parse(&[0, 128, 0, 0, 0, 0, 0, 9, 203, 0, 113, 7]);
        let ip = Ipv4Addr::new(203, 0, 113, 7);
        assert_eq!(address, Some(NatPmpResponse::Address { result: 0, address: ip }));
        let version = NatPmpResponse::parse(&[0, 129, 0, 1, 0, 0, 0, 9]);
        assert_eq!(version, Some(NatPmpResponse::UnsupportedVersion));
        assert_eq!(NatPmpResponse::parse(&request), None);
    }

    proptest! {
        #[test]
        fn any_packet_is_read(
            mut packet in proptest::collection::vec(any::<u8>(), 0..80),
            start in prop_oneof![Just([2, 129]), Just([0, 128]), Just([0, 129]), Just([0, 130])],
        ) {
            for (byte, value) in packet.iter_mut().zip(start) {
                *byte = value;
            }
            PcpResponse::parse(&packet, &request());
            NatPmpResponse::parse(&packet);
        }
    }
}

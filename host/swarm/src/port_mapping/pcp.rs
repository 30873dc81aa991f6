//! PCP (RFC 6887), and NAT-PMP (RFC 6886) for routers that only speak that.

mod packet;

use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::packet::{MAX_PACKET, NatPmpResponse, PcpResponse};
use super::gateway::default_gateway;
use super::{
    MappingError, MappingMethod, Network, PortMapperConfig, PortMapping, Protocol, Timing,
};

/// The port of both protocols.
const SERVER_PORT: u16 = 5351;
/// How long an answer is awaited before the request is sent again, doubled each time.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// How often a request is sent: the last answer is awaited for 2 s, 3.75 s in all.
const SENDS: u32 = 4;
/// NAT-PMP's result for an unknown version, by which a router refuses PCP.
const UNSUPPORTED_VERSION: u16 = 1;
/// PCP's result for an external address or port that cannot be provided.
const CANNOT_PROVIDE_EXTERNAL: u16 = 11;

/// A port that a router maps.
#[derive(Debug)]
pub(super) struct Mapping {
    session: Session,
    protocols: Vec<Protocol>,
    external_port: u16,
    external: Option<IpAddr>,
    lease: Duration,
}

/// The exchange with a router.
#[derive(Debug)]
struct Session {
    /// Connected: the system drops datagrams of other senders.
    socket: UdpSocket,
    local: Ipv4Addr,
    port: u16,
    method: MappingMethod,
    /// Whether the router has answered by `method`.
    settled: bool,
    /// Identifies our mappings to the router (PCP).
    nonce: [u8; 12],
    timing: Timing,
}

/// What a router has mapped.
#[derive(Debug, Clone, Copy)]
struct Granted {
    external_port: u16,
    external: Option<IpAddr>,
    lease: Duration,
}

/// Maps the port at the gateway. Between two requests it ends when `lost` is cancelled.
pub(super) async fn map(
    config: PortMapperConfig,
    network: &Network,
    lost: &CancellationToken,
) -> Result<Mapping, MappingError> {
    let gateway = match network.gateway {
        Some(gateway) => Some(gateway),
        None => tokio::task::spawn_blocking(default_gateway)
            .await
            .unwrap_or_default()
            .map(|ip| SocketAddrV4::new(ip, SERVER_PORT)),
    };
    let gateway = gateway.filter(|gateway| network.accepts(*gateway.ip()));
    let gateway = gateway.ok_or(MappingError::NoRouter)?;
    let mut session = Session::open(gateway, config.port, network.timing).await?;
    let mut refused = false;
    for port in config.external_ports() {
        match map_all(&mut session, &config.protocols(), port, lost).await {
            Ok(Some(granted)) => {
                let external = match (granted.external, session.method) {
                    (None, MappingMethod::NatPmp) => session.external_address().await,
                    (external, _) => external,
                };
                return Ok(Mapping {
                    session,
                    protocols: config.protocols(),
                    external_port: granted.external_port,
                    external,
                    lease: granted.lease,
                });
            }
            Ok(None) => refused = true,
            Err(error) => return Err(error),
        }
    }
    Err(if refused { MappingError::Taken } else { MappingError::NoRouter })
}

/// Maps all protocols to one external port, or to none. `None` when the router gives different ports
/// to them, or refuses this one.
async fn map_all(
    session: &mut Session,
    protocols: &[Protocol],
    port: u16,
    lost: &CancellationToken,
) -> Result<Option<Granted>, MappingError> {
    let mut granted: Option<Granted> = None;
    for (index, protocol) in protocols.iter().enumerate() {
        let outcome = if lost.is_cancelled() {
            Err(MappingError::Stopped)
        } else {
            let wanted = granted.map_or(port, |granted| granted.external_port);
            session.request(*protocol, wanted, session.timing.lease).await
        };
        let (agreed, mapped) = match &outcome {
            Ok(new) => {
                let agreed = granted.is_none_or(|old| old.external_port == new.external_port);
                (agreed, index + 1)
            }
            // A mapping whose answer was lost may exist all the same.
            Err(MappingError::TimeOut) if index > 0 => (false, index + 1),
            Err(_) => (false, index),
        };
        if !agreed {
            for protocol in protocols.iter().take(mapped) {
                let _ = session.request(*protocol, 0, Duration::ZERO).await;
            }
            return match outcome {
                Ok(_) | Err(MappingError::Refused(CANNOT_PROVIDE_EXTERNAL)) => Ok(None),
                Err(error) => Err(error),
            };
        }
        if let Ok(new) = outcome {
            let lease = granted.map_or(new.lease, |old| old.lease.min(new.lease));
            granted = Some(Granted { lease, ..new });
        }
    }
    Ok(granted)
}

impl Mapping {
    pub fn status(&self) -> PortMapping {
        PortMapping::Mapped {
            external: self.external,
            port: self.external_port,
            method: self.session.method,
        }
    }

    pub fn local(&self) -> Ipv4Addr {
        self.session.local
    }

    /// Half of the lease that the router gave, within limits.
    pub fn renew_after(&self) -> Duration {
        self.session.timing.renew_after(self.lease)
    }

    /// Asks for the same mapping again. A different external port is an error.
    pub async fn renew(&mut self) -> Result<(), MappingError> {
        let wanted = self.session.timing.lease;
        let mut lease = wanted;
        for protocol in self.protocols.clone() {
            let granted = self.session.request(protocol, self.external_port, wanted).await?;
            if granted.external_port != self.external_port {
                return Err(MappingError::Taken);
            }
            lease = lease.min(granted.lease);
        }
        self.lease = lease;
        Ok(())
    }

    /// Removes what is mapped. All protocols are tried; the last error is returned.
    pub async fn remove(&self) -> Result<(), MappingError> {
        let mut outcome = Ok(());
        for protocol in &self.protocols {
            let removed = match self.session.method {
                MappingMethod::NatPmp => {
                    self.session.nat_pmp(*protocol, 0, Duration::ZERO).await.map(drop)
                }
                _ => self.session.pcp(*protocol, 0, Duration::ZERO).await.map(drop),
            };
            if let Err(error) = removed {
                outcome = Err(error);
            }
        }
        outcome
    }
}

impl Session {
    async fn open(gateway: SocketAddrV4, port: u16, timing: Timing) -> Result<Self, MappingError> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await?;
        socket.connect(gateway).await?;
        let IpAddr::V4(local) = socket.local_addr()?.ip() else {
            return Err(MappingError::Malformed);
        };
        let nonce = rand::random();
        Ok(Self { socket, local, port, method: MappingMethod::Pcp, settled: false, nonce, timing })
    }

    /// Asks for a mapping; a lifetime of 0 removes it. Falls back to NAT-PMP when the router does not
    /// understand PCP or does not answer it.
    async fn request(
        &mut self,
        protocol: Protocol,
        external_port: u16,
        lifetime: Duration,
    ) -> Result<Granted, MappingError> {
        if self.method == MappingMethod::NatPmp {
            return self.nat_pmp(protocol, external_port, lifetime).await;
        }
        match self.pcp(protocol, external_port, lifetime).await {
            Err(MappingError::Refused(UNSUPPORTED_VERSION) | MappingError::TimeOut)
                if !self.settled => {}
            outcome => {
                self.settled |= outcome.is_ok();
                return outcome;
            }
        }
        let outcome = self.nat_pmp(protocol, external_port, lifetime).await;
        if outcome.is_ok() {
            self.method = MappingMethod::NatPmp;
            self.settled = true;
        }
        outcome
    }

    async fn pcp(
        &self,
        protocol: Protocol,
        external_port: u16,
        lifetime: Duration,
    ) -> Result<Granted, MappingError> {
        let request = packet::PcpRequest {
            client: self.local,
            nonce: self.nonce,
            protocol,
            internal_port: self.port,
            external_port,
            lifetime: seconds(lifetime),
        };
        let response = self
            .exchange(&request.encode(), |packet| {
                if let Some(NatPmpResponse::UnsupportedVersion) = NatPmpResponse::parse(packet) {
                    return Some(Err(MappingError::Refused(UNSUPPORTED_VERSION)));
                }
                PcpResponse::parse(packet, &request).map(Ok)
            })
            .await??;
        if response.result != 0 {
            return Err(MappingError::Refused(u16::from(response.result)));
        }
        let external = response.external.to_canonical();
        granted(
            response.external_port,
            (!external.is_unspecified()).then_some(external),
            response.lifetime,
            lifetime,
        )
    }

    async fn nat_pmp(
        &self,
        protocol: Protocol,
        external_port: u16,
        lifetime: Duration,
    ) -> Result<Granted, MappingError> {
        let request = packet::nat_pmp_map(protocol, self.port, external_port, seconds(lifetime));
        let response = self
            .exchange(&request, |packet| match NatPmpResponse::parse(packet)? {
                NatPmpResponse::Map { protocol: answered, result, internal_port, mapped }
                    if answered == protocol && (result != 0 || internal_port == self.port) =>
                {
                    Some((result, mapped))
                }
                NatPmpResponse::UnsupportedVersion => Some((UNSUPPORTED_VERSION, (0, 0))),
                _ => None,
            })
            .await?;
        match response {
            (0, (external_port, lease)) => granted(external_port, None, lease, lifetime),
            (result, _) => Err(MappingError::Refused(result)),
        }
    }

    /// The router's external address by NAT-PMP.
    async fn external_address(&self) -> Option<IpAddr> {
        let answer =
            self.exchange(&packet::NAT_PMP_ADDRESS, |packet| {
                match NatPmpResponse::parse(packet)? {
                    NatPmpResponse::Address { result, address } => Some((result, address)),
                    _ => None,
                }
            });
        match answer.await {
            Ok((0, address)) if !address.is_unspecified() => Some(IpAddr::V4(address)),
            _ => None,
        }
    }

    /// Sends a request until `parse` accepts an answer.
    async fn exchange<T>(
        &self,
        request: &[u8],
        mut parse: impl FnMut(&[u8]) -> Option<T>,
    ) -> Result<T, MappingError> {
        let mut buffer = [0; MAX_PACKET];
        for send in 0..SENDS {
            self.socket.send(request).await?;
            let deadline = Instant::now() + FIRST_WAIT * 2_u32.pow(send);
            // A gateway without a server answers by ICMP, which is an error here.
            while let Ok(received) =
                tokio::time::timeout_at(deadline, self.socket.recv(&mut buffer)).await
            {
                if let Some(answer) = parse(buffer.get(..received?).unwrap_or_default()) {
                    return Ok(answer);
                }
            }
        }
        Err(MappingError::TimeOut)
    }
}

/// What a successful answer grants. A mapping without a port or a lifetime is none.
fn granted(
    external_port: u16,
    external: Option<IpAddr>,
    lease: u32,
    wanted: Duration,
) -> Result<Granted, MappingError> {
    if !wanted.is_zero() && (external_port == 0 || lease == 0) {
        return Err(MappingError::Malformed);
    }
    Ok(Granted { external_port, external, lease: Duration::from_secs(lease.into()) })
}

fn seconds(lifetime: Duration) -> u32 {
    u32::try_from(lifetime.as_secs()).unwrap_or(u32::MAX)
}

//! UPnP Internet Gateway Device: a search by SSDP, the device's description, and SOAP calls.

mod http;
mod soap;
mod ssdp;
mod xml;

use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use url::{Host, Url};

use self::ssdp::Location;
use super::{
    MappingError, MappingMethod, Network, PortMapperConfig, PortMapping, Protocol, Timing,
};

pub(super) use self::ssdp::{SEARCH_TIME, SSDP};

/// Devices whose description is asked for in a search.
const MAX_DEVICES: usize = 8;
/// Devices at the same address. Some routers have one for each version of the standard.
const MAX_DEVICES_PER_ADDRESS: usize = 4;
/// Connections of a device that are tried.
const MAX_CONNECTIONS: usize = 4;
/// The kinds of service that map ports.
const SERVICE_TYPES: [&str; 3] = [
    "urn:schemas-upnp-org:service:WANIPConnection:1",
    "urn:schemas-upnp-org:service:WANIPConnection:2",
    "urn:schemas-upnp-org:service:WANPPPConnection:1",
];

/// `ConflictInMappingEntry`: the external port belongs to another client.
const CONFLICT: u16 = 718;
/// `ConflictWithOtherMechanisms`: the external port was mapped by PCP.
const CONFLICT_WITH_OTHER: u16 = 729;
/// `OnlyPermanentLeasesSupported`.
const ONLY_PERMANENT: u16 = 725;

/// A service of a router that maps ports.
#[derive(Debug, Clone)]
struct Connection {
    control: SocketAddrV4,
    path: String,
    service_type: &'static str,
}

/// A port that a router maps.
#[derive(Debug)]
pub(super) struct Mapping {
    connection: Connection,
    protocols: Vec<Protocol>,
    local: SocketAddrV4,
    external_port: u16,
    external: Option<IpAddr>,
    /// Whether the router supports permanent leases only.
    permanent: bool,
    timing: Timing,
}

/// Searches for a router and maps the port. Between two requests it ends when `lost` is cancelled.
pub(super) async fn map(
    config: PortMapperConfig,
    network: &Network,
    lost: &CancellationToken,
) -> Result<Mapping, MappingError> {
    let mut search = ssdp::Search::start(network).await?;
    let mut failure = MappingError::NoRouter;
    let mut seen: Vec<Location> = Vec::new();
    while let Some(location) = search.next(lost).await {
        let same_address = seen.iter().filter(|other| other.address.ip() == location.address.ip());
        if seen.contains(&location) || same_address.count() >= MAX_DEVICES_PER_ADDRESS {
            continue;
        }
        seen.push(location.clone());
        match map_on_device(config, network.timing, &location, lost).await {
            Ok(mapping) => return Ok(mapping),
            Err(error) => {
                tracing::debug!(address = %location.address, "the router does not map the port: {error}");
                failure = error;
            }
        }
        if seen.len() >= MAX_DEVICES {
            break;
        }
    }
    if lost.is_cancelled() { Err(MappingError::Stopped) } else { Err(failure) }
}

async fn map_on_device(
    config: PortMapperConfig,
    timing: Timing,
    location: &Location,
    lost: &CancellationToken,
) -> Result<Mapping, MappingError> {
    let answer = http::get(location.address, &location.path).await?;
    let description = xml::Description::parse(&answer.body);
    let mut failure = MappingError::Malformed;
    for connection in connections(&description, location).into_iter().take(MAX_CONNECTIONS) {
        match map_on_connection(config, timing, connection, answer.local, lost).await {
            Ok(mapping) => return Ok(mapping),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// The port-mapping services of a description whose control URL is at the device's own address.
fn connections(description: &xml::Description, location: &Location) -> Vec<Connection> {
    let Ok(own) = Url::parse(&format!("http://{}{}", location.address, location.path)) else {
        return Vec::new();
    };
    let declared = description.url_base.as_deref().and_then(|base| Url::parse(base).ok());
    let base = declared.filter(|base| at_address(base, *location.address.ip()).is_some());
    let base = base.unwrap_or(own);
    let connection = |service: &xml::Service| {
        let kind = SERVICE_TYPES.into_iter().find(|kind| *kind == service.service_type)?;
        let url = base.join(&service.control_url).ok()?;
        let control = at_address(&url, *location.address.ip())?;
        Some(Connection { control, path: path_of(&url), service_type: kind })
    };
    description.services.iter().filter_map(connection).collect()
}

/// The socket address of an HTTP URL whose host is this address. No name is ever resolved.
fn at_address(url: &Url, ip: Ipv4Addr) -> Option<SocketAddrV4> {
    let port = url.port_or_known_default().filter(|port| *port != 0)?;
    let at = url.scheme() == "http" && url.host() == Some(Host::Ipv4(ip));
    at.then_some(SocketAddrV4::new(ip, port))
}

fn path_of(url: &Url) -> String {
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}

async fn map_on_connection(
    config: PortMapperConfig,
    timing: Timing,
    connection: Connection,
    local: Ipv4Addr,
    lost: &CancellationToken,
) -> Result<Mapping, MappingError> {
    let external = match connection.external_address().await {
        Ok(address) if address.is_unspecified() => return Err(MappingError::NotConnected),
        Ok(address) => Some(IpAddr::V4(address)),
        // Some routers map ports, and tell no address.
        Err(MappingError::Refused(_) | MappingError::Malformed) => None,
        Err(error) => return Err(error),
    };
    let mut mapping = Mapping {
        connection,
        protocols: Vec::new(),
        local: SocketAddrV4::new(local, config.port),
        external_port: config.port,
        external,
        permanent: false,
        timing,
    };
    for port in config.external_ports() {
        mapping.external_port = port;
        match mapping.add_all(&config.protocols(), lost).await {
            Ok(()) => return Ok(mapping),
            Err(error) => {
                // One protocol may be mapped already.
                let _ = mapping.remove().await;
                mapping.protocols.clear();
                if !matches!(error, MappingError::Taken) {
                    return Err(error);
                }
            }
        }
    }
    Err(MappingError::Taken)
}

impl Mapping {
    pub fn status(&self) -> PortMapping {
        PortMapping::Mapped {
            external: self.external,
            port: self.external_port,
            method: MappingMethod::Upnp,
        }
    }

    pub fn local(&self) -> Ipv4Addr {
        *self.local.ip()
    }

    pub fn renew_after(&self) -> Duration {
        self.timing.renew_after(self.timing.lease)
    }

    /// Maps the same port again, which renews the lease.
    pub async fn renew(&mut self) -> Result<(), MappingError> {
        for protocol in self.protocols.clone() {
            self.add(protocol).await?;
        }
        Ok(())
    }

    /// Removes what is mapped. All protocols are tried; the last error is returned.
    pub async fn remove(&self) -> Result<(), MappingError> {
        let mut outcome = Ok(());
        for protocol in &self.protocols {
            if let Err(error) = self.connection.delete(*protocol, self.external_port).await {
                outcome = Err(error);
            }
        }
        outcome
    }

    async fn add_all(
        &mut self,
        protocols: &[Protocol],
        lost: &CancellationToken,
    ) -> Result<(), MappingError> {
        for protocol in protocols {
            if lost.is_cancelled() {
                return Err(MappingError::Stopped);
            }
            match self.add(*protocol).await {
                Ok(()) => self.protocols.push(*protocol),
                Err(MappingError::Refused(CONFLICT | CONFLICT_WITH_OTHER)) => {
                    return Err(MappingError::Taken);
                }
                Err(error) => {
                    if matches!(error, MappingError::TimeOut) {
                        // It may be mapped all the same.
                        self.protocols.push(*protocol);
                    }
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    async fn add(&mut self, protocol: Protocol) -> Result<(), MappingError> {
        let add = |lease| self.connection.add(protocol, self.external_port, self.local, lease);
        if !self.permanent {
            match add(self.timing.lease.as_secs()).await {
                Err(MappingError::Refused(ONLY_PERMANENT)) => {}
                outcome => return outcome,
            }
        }
        add(0).await?;
        self.permanent = true;
        Ok(())
    }
}

impl Connection {
    async fn external_address(&self) -> Result<Ipv4Addr, MappingError> {
        let answer = self.call("GetExternalIPAddress", &[]).await?;
        answer.external_address.ok_or(MappingError::Malformed)
    }

    async fn add(
        &self,
        protocol: Protocol,
        external_port: u16,
        local: SocketAddrV4,
        lease: u64,
    ) -> Result<(), MappingError> {
        let arguments = [
            ("NewRemoteHost", String::new()),
            ("NewExternalPort", external_port.to_string()),
            ("NewProtocol", name_of(protocol).to_owned()),
            ("NewInternalPort", local.port().to_string()),
            ("NewInternalClient", local.ip().to_string()),
            ("NewEnabled", "1".to_owned()),
            ("NewPortMappingDescription", "Torrpeddo".to_owned()),
            ("NewLeaseDuration", lease.to_string()),
        ];
        self.call("AddPortMapping", &arguments).await.map(drop)
    }

    async fn delete(&self, protocol: Protocol, external_port: u16) -> Result<(), MappingError> {
        let arguments = [
            ("NewRemoteHost", String::new()),
            ("NewExternalPort", external_port.to_string()),
            ("NewProtocol", name_of(protocol).to_owned()),
        ];
        self.call("DeletePortMapping", &arguments).await.map(drop)
    }

    async fn call(
        &self,
        action: &str,
        arguments: &[(&str, String)],
    ) -> Result<soap::Answer, MappingError> {
        let body = soap::encode(self.service_type, action, arguments);
        let action = format!("{}#{action}", self.service_type);
        let answer = http::post(self.control, &self.path, &action, &body).await?;
        let parsed = soap::Answer::parse(&answer.body);
        match (answer.status, parsed.error) {
            (_, Some(error)) => Err(MappingError::Refused(error)),
            (200..=299, None) => Ok(parsed),
            (status, None) => Err(MappingError::Refused(status)),
        }
    }
}

fn name_of(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Tcp => "TCP",
        Protocol::Udp => "UDP",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location() -> Location {
        Location { address: "192.168.1.1:5000".parse().unwrap(), path: "/a/root.xml".into() }
    }

    fn description(url_base: Option<&str>, control_url: &str) -> xml::Description {
        let service =
            xml::Service { service_type: SERVICE_TYPES[0].into(), control_url: control_url.into() };
        let other = xml::Service { service_type: "urn:x".into(), control_url: "/x".into() };
        xml::Description { url_base: url_base.map(Into::into), services: vec![other, service] }
    }

    fn control(url_base: Option<&str>, control_url: &str) -> Option<(String, String)> {
        let found = connections(&description(url_base, control_url), &location());
        found.first().map(|found| (found.control.to_string(), found.path.clone()))
    }

    #[test]
    fn control_urls_are_relative_to_the_base() {
        let at = |address: &str, path: &str| Some((address.to_owned(), path.to_owned()));
        assert_eq!(control(None, "ctl?x=1"), at("192.168.1.1:5000", "/a/ctl?x=1"));
        assert_eq!(control(None, "/ctl"), at("192.168.1.1:5000", "/ctl"));
        let base = Some("http://192.168.1.1:80/b/");
        assert_eq!(control(base, "ctl"), at("192.168.1.1:80", "/b/ctl"));
        assert_eq!(control(None, "http://192.168.1.1:49152/ctl"), at("192.168.1.1:49152", "/ctl"));
    }

    #[test]
    fn control_urls_at_another_host_are_refused() {
        for url in [
            "http://192.168.1.2:5000/ctl",
            "http://example.com/ctl",
            "//10.0.0.1/ctl",
            "https://192.168.1.1/ctl",
            "http://192.168.1.1:0/ctl",
            "file:///etc/passwd",
            "http://192.168.1.1@10.0.0.1/ctl",
        ] {
            assert_eq!(control(None, url), None, "{url}");
        }
        // A base elsewhere is ignored.
        let own = Some(("192.168.1.1:5000".to_owned(), "/ctl".to_owned()));
        assert_eq!(control(Some("http://10.0.0.1/"), "/ctl"), own);
        assert_eq!(control(Some("nonsense"), "/ctl"), own);
    }
}

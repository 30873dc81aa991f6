//! Tests against scripted routers on loopback.

mod router;

use super::*;

use self::router::{Igd, NatPmp, Pcp, nobody};

const CONFIG: PortMapperConfig = PortMapperConfig { port: 4100, tcp: true, udp: true };
const PATIENCE: Duration = Duration::from_secs(60);

/// A network with these scripted routers on loopback.
fn network(ssdp: SocketAddrV4, gateway: SocketAddrV4) -> Network {
    let timing = Timing {
        lease: LEASE,
        min_renew: Duration::from_millis(1),
        search: Duration::from_secs(2),
    };
    let (local, gateway) = (Some(vec![Ipv4Addr::LOCALHOST]), Some(gateway));
    Network { ssdp, local, gateway, loopback: true, timing }
}

/// The same, with leases that are renewed soon.
fn short(mut network: Network) -> Network {
    network.timing.lease = Duration::from_secs(1);
    network
}

/// Waits until the port is mapped or not.
async fn outcome(mapper: &PortMapper) -> PortMapping {
    let mut status = mapper.status();
    let known = status.wait_for(|status| *status != PortMapping::Unknown).await;
    known.unwrap().clone()
}

async fn failure(mapper: &PortMapper) -> String {
    match outcome(mapper).await {
        PortMapping::Failed { reason } => reason,
        other => panic!("{other:?}"),
    }
}

fn port_of(status: &PortMapping) -> (u16, MappingMethod) {
    match status {
        PortMapping::Mapped { port, method, .. } => (*port, *method),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn upnp_maps_and_removes() {
    let igd = Igd::start(&[]).await;
    let mapper = PortMapper::start_in(CONFIG, network(igd.ssdp, nobody().await));
    let expected = PortMapping::Mapped {
        external: Some([203, 0, 113, 7].into()),
        port: 4100,
        method: MappingMethod::Upnp,
    };
    assert_eq!(outcome(&mapper).await, expected);
    assert_eq!(igd.mapped(), ["4100 TCP 127.0.0.1:4100 3600", "4100 UDP 127.0.0.1:4100 3600"]);
    assert!(igd.searched().iter().all(|search| search.contains("MAN: \"ssdp:discover\"\r\n")));
    mapper.stop(PATIENCE).await;
    assert_eq!(igd.mapped(), [""; 0]);
    assert_eq!(*mapper.status().borrow(), PortMapping::Unknown);
    mapper.stop(PATIENCE).await;
}

#[tokio::test]
async fn only_the_wanted_protocols_are_mapped() {
    let igd = Igd::start(&[]).await;
    let only_tcp = PortMapperConfig { udp: false, ..CONFIG };
    let mapper = PortMapper::start_in(only_tcp, network(igd.ssdp, nobody().await));
    outcome(&mapper).await;
    assert_eq!(igd.mapped(), ["4100 TCP 127.0.0.1:4100 3600"]);
}

#[tokio::test]
async fn a_permanent_lease_is_taken_where_there_is_no_other() {
    let igd = Igd::start(&[router::Trait::OnlyPermanent]).await;
    let mapper = PortMapper::start_in(CONFIG, network(igd.ssdp, nobody().await));
    outcome(&mapper).await;
    assert_eq!(igd.mapped(), ["4100 TCP 127.0.0.1:4100 0", "4100 UDP 127.0.0.1:4100 0"]);
    mapper.stop(PATIENCE).await;
    assert_eq!(igd.mapped(), [""; 0]);
}

#[tokio::test]
async fn another_port_is_tried_when_the_wanted_one_is_taken() {
    let igd = Igd::start(&[router::Trait::Taken("4100 UDP")]).await;
    let mapper = PortMapper::start_in(CONFIG, network(igd.ssdp, nobody().await));
    let (port, _) = port_of(&outcome(&mapper).await);
    assert_ne!(port, 4100);
    // TCP was mapped to the wanted port before, and is no longer.
    let expected = ["TCP", "UDP"].map(|kind| format!("{port} {kind} 127.0.0.1:4100 3600"));
    assert_eq!(igd.mapped(), expected);
}

#[tokio::test]
async fn a_router_that_refuses_every_port_is_given_up() {
    let igd = Igd::start(&[router::Trait::Taken("")]).await;
    let mapper = PortMapper::start_in(CONFIG, network(igd.ssdp, nobody().await));
    assert!(failure(&mapper).await.contains("UPnP: every external port that was tried is taken"));
    assert_eq!(igd.actions("AddPortMapping"), 1 + OTHER_PORTS);
}

#[tokio::test]
async fn hostile_routers_are_given_up() {
    use router::Trait::{
        DeepXml, Disconnected, EndlessHeader, EndlessXml, NoXml, OtherHost, Redirect,
    };
    let expected = [
        (EndlessXml, "too long"),
        (EndlessHeader, "too long"),
        (DeepXml, "not understood"),
        (NoXml, "not understood"),
        (Redirect, "refuses with error 302"),
        (OtherHost, "no router answers"),
        (Disconnected, "not connected"),
    ];
    let attempts = expected.map(async |(behaviour, reason)| {
        let igd = Igd::start(&[behaviour]).await;
        let mapper = PortMapper::start_in(CONFIG, network(igd.ssdp, nobody().await));
        let found = failure(&mapper).await;
        assert!(found.contains(reason), "{behaviour:?}: {found}");
        assert_eq!(igd.actions("AddPortMapping"), 0, "{behaviour:?}");
    });
    futures_util::future::join_all(attempts).await;
}

#[tokio::test(start_paused = true)]
async fn silent_routers_are_given_up() {
    let silent = router::silent().await;
    let mapper = PortMapper::start_in(CONFIG, network(silent, silent));
    let reason = failure(&mapper).await;
    assert!(reason.contains("UPnP: no router answers"), "{reason}");
    assert!(reason.contains("NAT-PMP: the router does not answer in time"), "{reason}");
}

#[tokio::test]
async fn a_router_without_an_answer_to_a_request_is_given_up() {
    let igd = Igd::start(&[router::Trait::Mute]).await;
    let mapper = PortMapper::start_in(CONFIG, network(igd.ssdp, nobody().await));
    assert!(failure(&mapper).await.contains("UPnP: the router does not answer in time"));
}

#[tokio::test]
async fn pcp_maps_renews_and_removes() {
    let pcp = Pcp::start(4100).await;
    let network = short(network(router::silent().await, pcp.address));
    let mapper = PortMapper::start_in(CONFIG, network);
    let status = outcome(&mapper).await;
    assert_eq!(port_of(&status), (4100, MappingMethod::Pcp));
    assert!(matches!(status, PortMapping::Mapped { external: Some(_), .. }));
    assert_eq!(pcp.mapped(), [6, 17]);
    pcp.requests.clone().wait_for(|count| *count >= 6).await.unwrap();
    mapper.stop(PATIENCE).await;
    assert_eq!(pcp.mapped(), [0u8; 0]);
}

#[tokio::test]
async fn nat_pmp_maps_and_removes() {
    let router = NatPmp::start().await;
    let mapper = PortMapper::start_in(CONFIG, network(router::silent().await, router.address));
    let expected = PortMapping::Mapped {
        external: Some([203, 0, 113, 8].into()),
        port: 4100,
        method: MappingMethod::NatPmp,
    };
    assert_eq!(outcome(&mapper).await, expected);
    assert_eq!(router.mapped(), [1, 2]);
    mapper.stop(PATIENCE).await;
    assert_eq!(router.mapped(), [0u8; 0]);
}

#[tokio::test]
async fn a_router_that_gives_each_protocol_another_port_is_given_up() {
    let pcp = Pcp::start(0).await;
    let mapper = PortMapper::start_in(CONFIG, network(router::silent().await, pcp.address));
    assert!(failure(&mapper).await.contains("NAT-PMP: every external port"));
    assert_eq!(pcp.mapped(), [0u8; 0]);
}

#[tokio::test]
async fn one_protocol_is_kept() {
    let (igd, pcp) = (Igd::start(&[]).await, Pcp::start(4100).await);
    let mapper = PortMapper::start_in(CONFIG, network(igd.ssdp, pcp.address));
    outcome(&mapper).await;
    mapper.stop(PATIENCE).await;
    // The slower one has removed what it mapped.
    assert_eq!(igd.mapped(), [""; 0]);
    assert_eq!(pcp.mapped(), [0u8; 0]);
}

#[tokio::test]
async fn stopping_is_bounded() {
    let igd = Igd::start(&[router::Trait::Mute]).await;
    let mapper = PortMapper::start_in(CONFIG, network(igd.ssdp, nobody().await));
    igd.connected().await;
    mapper.stop(Duration::ZERO).await;
    assert!(mapper.status().changed().await.is_err());
}

#[tokio::test]
async fn a_lease_is_renewed_and_a_lost_one_mapped_again() {
    let igd = Igd::start(&[]).await;
    let mapper = PortMapper::start_in(CONFIG, short(network(igd.ssdp, nobody().await)));
    outcome(&mapper).await;
    igd.forget();
    igd.wait_for_actions("AddPortMapping", 6).await;
    assert_eq!(igd.mapped().len(), 2);
    // A router that refuses a renewal is asked for another port.
    igd.take("4100");
    let mut status = mapper.status();
    let other =
        |status: &PortMapping| matches!(status, PortMapping::Mapped { port, .. } if *port != 4100);
    status.wait_for(other).await.unwrap();
    mapper.stop(PATIENCE).await;
    assert_eq!(igd.mapped(), [""; 0]);
}

#[test]
fn only_private_routers_are_accepted() {
    let network = Network::default();
    for ip in ["192.168.1.1", "10.0.0.1", "172.16.0.1", "169.254.1.1"] {
        assert!(network.accepts(ip.parse().unwrap()), "{ip}");
    }
    for ip in ["127.0.0.1", "203.0.113.1", "0.0.0.0", "224.0.0.1", "100.64.0.1"] {
        assert!(!network.accepts(ip.parse().unwrap()), "{ip}");
    }
}

use super::*;

const HASH: InfoHash = InfoHash([7; 20]);

fn shared() -> Shared {
    Shared { port: 4000, cookie: "17".into(), torrents: Mutex::default(), added: Notify::new() }
}

fn add(shared: &Shared, info_hash: InfoHash, due: Instant) -> mpsc::Receiver<SocketAddr> {
    let (peers, receiver) = mpsc::channel(PEER_QUEUE);
    shared.torrents.lock().insert(info_hash, Torrent { peers, due });
    receiver
}

fn announcement(port: u16, info_hash: InfoHash, cookie: &str) -> String {
    message::encode("239.192.152.143:6771".parse().unwrap(), port, &[info_hash], cookie)
}

#[test]
fn a_peer_of_the_same_torrent_is_handed_on() {
    let shared = shared();
    let mut peers = add(&shared, HASH, Instant::now());
    let from: SocketAddr = "192.168.1.9:6771".parse().unwrap();
    shared.on_datagram(announcement(51413, InfoHash([8; 20]), "1").as_bytes(), from);
    shared.on_datagram(announcement(51413, HASH, "17").as_bytes(), from);
    shared.on_datagram(b"nonsense", from);
    assert!(peers.try_recv().is_err());
    shared.on_datagram(announcement(51413, HASH, "18").as_bytes(), from);
    assert_eq!(peers.try_recv().unwrap(), "192.168.1.9:51413".parse().unwrap());
}

#[test]
fn a_flood_stays_within_the_queue() {
    let shared = shared();
    let mut peers = add(&shared, HASH, Instant::now());
    for port in 1..10_000 {
        let from = "192.168.1.9:6771".parse().unwrap();
        shared.on_datagram(announcement(port, HASH, "1").as_bytes(), from);
    }
    let mut count = 0;
    while peers.try_recv().is_ok() {
        count += 1;
    }
    assert_eq!(count, PEER_QUEUE);
}

#[test]
fn the_scope_of_a_link_local_address_is_kept() {
    let shared = shared();
    let mut peers = add(&shared, HASH, Instant::now());
    let from = std::net::SocketAddrV6::new("fe80::1".parse().unwrap(), 6771, 0, 3);
    shared.on_datagram(announcement(9, HASH, "1").as_bytes(), from.into());
    let SocketAddr::V6(address) = peers.try_recv().unwrap() else { panic!("an IPv6 address") };
    assert_eq!((address.port(), address.scope_id()), (9, 3));
}

#[test]
fn many_torrents_are_announced_in_turn() {
    let shared = shared();
    let now = Instant::now();
    let count = u8::try_from(MAX_HASHES + 5).unwrap();
    let receivers: Vec<_> =
        (0..count).map(|byte| add(&shared, InfoHash([byte; 20]), now)).collect();
    let first = shared.take_due(now).unwrap();
    let second = shared.take_due(now).unwrap();
    assert_eq!((first.len(), second.len()), (MAX_HASHES, 5));
    assert!(first.iter().all(|hash| !second.contains(hash)));
    assert_eq!(shared.take_due(now), Err(Some(now + ANNOUNCE_INTERVAL)));
    assert_eq!(shared.take_due(now + ANNOUNCE_INTERVAL).unwrap().len(), MAX_HASHES);
    drop(receivers);
    assert_eq!(shared.take_due(now + 2 * ANNOUNCE_INTERVAL), Err(None));
    assert!(shared.torrents.lock().is_empty());
}

/// The loopback interface alone: tests send nothing to the real network.
#[cfg(target_os = "linux")]
fn loopback() -> Vec<Interface> {
    interfaces::list().into_iter().filter(Interface::is_loopback).collect()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn two_clients_find_each_other() {
    let (first, second) =
        (Lsd::start_on(4001, loopback).unwrap(), Lsd::start_on(4002, loopback).unwrap());
    let other = first.announce(InfoHash([9; 20]));
    let mut of_first = first.announce(HASH);
    let mut of_second = second.announce(HASH);
    // Both are announced at once, and only the later announcement reaches a torrent that is known.
    let found = tokio::select! {
        address = of_first.recv() => address.unwrap().port(),
        address = of_second.recv() => address.unwrap().port(),
    };
    assert!([4001, 4002].contains(&found));
    assert!(other.is_empty());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn receivers_end_with_the_client() {
    let lsd = Lsd::start_on(4003, loopback).unwrap();
    let mut peers = lsd.announce(InfoHash([1; 20]));
    lsd.stop();
    assert!(peers.recv().await.is_none());
    assert!(lsd.announce(HASH).recv().await.is_none());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn without_interfaces_it_does_not_start() {
    assert!(matches!(Lsd::start_on(4004, Vec::new), Err(DiscoveryError::Lsd(_))));
    // One family is enough.
    let only_v4 = || {
        let mut interfaces = loopback();
        interfaces.iter_mut().for_each(|interface| interface.v6.clear());
        interfaces
    };
    Lsd::start_on(4005, only_v4).unwrap();
}

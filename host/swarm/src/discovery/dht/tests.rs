use std::net::Ipv4Addr;

use super::*;

/// A scripted node: answers every query with itself, and a search with a peer at `peer_port`.
async fn scripted_node(peer_port: u16) -> (SocketAddr, mpsc::UnboundedReceiver<Vec<u8>>) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = socket.local_addr().unwrap();
    let (queries, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut buffer = [0; 2048];
        while let Ok((len, from)) = socket.recv_from(&mut buffer).await {
            let query = &buffer[..len];
            let Some(at) = find(query, b"1:t2:") else { continue };
            let transaction = [query[at + 5], query[at + 6]];
            let mut answer = b"d1:rd2:id20:aaaaaaaaaaaaaaaaaaaa5:nodes26:".to_vec();
            // The only node that it knows is itself.
            answer.extend(b"aaaaaaaaaaaaaaaaaaaa\x7f\0\0\x01");
            answer.extend(address.port().to_be_bytes());
            if find(query, b"9:get_peers").is_some() {
                answer.extend(b"5:token4:abcd6:valuesl6:\x7f\0\0\x01");
                answer.extend(peer_port.to_be_bytes());
                answer.push(b'e');
            }
            answer.extend(b"e1:t2:");
            answer.extend(transaction);
            answer.extend(b"1:y1:re");
            if queries.send(query.to_vec()).is_err() {
                return;
            }
            socket.send_to(&answer, from).await.unwrap();
        }
    });
    (address, receiver)
}

fn find(data: &[u8], part: &[u8]) -> Option<usize> {
    data.windows(part.len()).position(|window| window == part)
}

fn config(dir: &tempfile::TempDir, bootstrap: SocketAddr) -> DhtConfig {
    DhtConfig {
        state_file: dir.path().join("dht.json"),
        ipv4: true,
        ipv6: false,
        bootstrap: Some(vec![bootstrap.to_string()]),
    }
}

async fn query_of(queries: &mut mpsc::UnboundedReceiver<Vec<u8>>, kind: &[u8]) -> Vec<u8> {
    loop {
        let query = queries.recv().await.unwrap();
        if find(&query, kind).is_some() {
            return query;
        }
    }
}

#[tokio::test]
async fn a_search_finds_peers_and_announces() {
    let dir = tempfile::tempdir().unwrap();
    let (bootstrap, mut queries) = scripted_node(7001).await;
    let dht = Dht::start(config(&dir, bootstrap)).await.unwrap();
    query_of(&mut queries, b"9:find_node").await;
    // The id of the scripted node begins with the same two bytes, and is close enough to announce to.
    let info_hash = InfoHash(*b"aabbbbbbbbbbbbbbbbbb");
    let mut peers = dht.search(info_hash, Some(4242));
    assert_eq!(peers.recv().await, Some((Ipv4Addr::LOCALHOST, 7001).into()));
    let announce = query_of(&mut queries, b"13:announce_peer").await;
    assert!(find(&announce, b"4:porti4242e").is_some());
    assert!(dht.nodes() > 0);
    drop(peers);
    dht.stop().await;
}

#[tokio::test]
async fn the_state_survives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (bootstrap, mut queries) = scripted_node(7002).await;
    let first = Dht::start(config(&dir, bootstrap)).await.unwrap();
    query_of(&mut queries, b"9:find_node").await;
    while first.nodes() == 0 {
        tokio::task::yield_now().await;
    }
    first.stop().await;
    let state = State::load(&dir.path().join("dht.json"));
    assert_eq!(state.port, first.port());
    assert!(state.table.is_some() && state.table_v6.is_some());
    let id = state.node_id();
    // The port is taken, whether or not the first one has closed it already.
    let taken = loop {
        match std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, state.port)) {
            Ok(socket) => break socket,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    let second = Dht::start(config(&dir, bootstrap)).await.unwrap();
    assert_ne!(second.port(), taken.local_addr().unwrap().port());
    assert_eq!(second.nodes(), 1);
    assert_eq!(State::of(&second.node()).node_id(), id);
}

#[tokio::test]
async fn a_search_ends_with_its_receiver_and_with_the_node() {
    let dir = tempfile::tempdir().unwrap();
    let (bootstrap, _queries) = scripted_node(7003).await;
    let dht = Dht::start(config(&dir, bootstrap)).await.unwrap();
    let mut peers = dht.search(InfoHash([1; 20]), None);
    dht.stop().await;
    while peers.recv().await.is_some() {}
}

#[tokio::test]
async fn an_ended_worker_is_started_again() {
    let dir = tempfile::tempdir().unwrap();
    let (bootstrap, _queries) = scripted_node(7004).await;
    let dht = Dht::start(config(&dir, bootstrap)).await.unwrap();
    assert!(answers(dht.port()).await);
    let id = State::of(&dht.node()).node_id();
    let old = dht.node();
    restart(&dht.shared, &dht.end).await;
    assert!(old.cancellation_token().is_cancelled());
    assert!(!Arc::ptr_eq(&old, &dht.node()));
    assert!(answers(dht.port()).await);
    assert_eq!(State::of(&dht.node()).node_id(), id);
}

#[tokio::test]
async fn without_a_family_there_is_no_node() {
    let dir = tempfile::tempdir().unwrap();
    let neither = DhtConfig { ipv4: false, ..config(&dir, (Ipv4Addr::LOCALHOST, 1).into()) };
    assert!(matches!(Dht::start(neither).await, Err(DiscoveryError::NoFamily)));
}

#[tokio::test]
async fn both_families_are_wanted_and_one_is_enough() {
    let dir = tempfile::tempdir().unwrap();
    let (bootstrap, mut queries) = scripted_node(7005).await;
    // Where the system has no IPv6, the socket is for IPv4 alone.
    let both = DhtConfig { ipv6: true, ..config(&dir, bootstrap) };
    let dht = Dht::start(both).await.unwrap();
    query_of(&mut queries, b"9:find_node").await;
    assert!(answers(dht.port()).await);
}

#[tokio::test]
async fn hostile_datagrams_are_harmless() {
    let dir = tempfile::tempdir().unwrap();
    let (bootstrap, _queries) = scripted_node(7006).await;
    let dht = Dht::start(config(&dir, bootstrap)).await.unwrap();
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    for start in ["", "d1:r", "d1:ad", "d1:x", "d1:r1:ad2:id20:aaaaaaaaaaaaaaaaaaaa6:values"] {
        for nested in ["l", "d1:a"] {
            let datagram = [start, &nested.repeat(16_000 / nested.len())].concat();
            socket.send_to(datagram.as_bytes(), (Ipv4Addr::LOCALHOST, dht.port())).await.unwrap();
        }
    }
    assert!(answers(dht.port()).await);
}

//! Metadata from peers, honest and not.

use super::peer::{Manner, serve};
use super::*;

fn magnet(id: InfoHash, peers: &[&str]) -> Magnet {
    let mut link = format!("magnet:?xt=urn:btih:{id}");
    peers.iter().for_each(|peer| link += &format!("&x.pe={peer}"));
    Magnet::parse(&link).unwrap()
}

fn info(piece_length: u32, name: &str) -> Vec<u8> {
    let length = name.len();
    format!(
        "d6:lengthi5e4:name{length}:{name}12:piece lengthi{piece_length}e6:pieces20:{}e",
        "x".repeat(20)
    )
    .into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_to_ask_is_told_at_once() {
    let node = Node::new().await;
    let id = InfoHash([1; 20]);
    let result = node.session.resolve(&magnet(id, &[]), DEADLINE).await;
    assert!(matches!(result, Err(ResolveError::NoPeerSource)), "{result:?}");
    let unknown = node.session.resolve(&magnet(id, &["no-such-host.invalid:1"]), DEADLINE).await;
    assert!(matches!(unknown, Err(ResolveError::NotFound)), "{unknown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_comes_with_the_trackers_of_the_link() {
    let peer = serve(info(16384, "name"), Manner::Honest).await;
    let node = Node::new().await;
    let mut magnet = magnet(peer.id, &[&peer.address]);
    magnet.trackers = vec!["udp://127.0.0.1:9/".to_owned()];
    let torrent = node.session.resolve(&magnet, DEADLINE).await.unwrap();
    let meta = Metainfo::parse(&torrent).unwrap();
    assert_eq!((meta.info_hash, meta.name.as_str()), (peer.id, "name"));
    assert_eq!(meta.trackers(), magnet.trackers);
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_that_is_no_good_is_refused_for_good() {
    let node = Node::new().await;
    for (info, why) in [
        (info(0, "name"), "pieces"),
        (info(16384, ".."), "leads out of its folder"),
        (info(16384, "name")[..20].to_vec(), "torrent"),
    ] {
        let peer = serve(info, Manner::Honest).await;
        match node.session.resolve(&magnet(peer.id, &[&peer.address]), DEADLINE).await {
            Err(ResolveError::Refused(error)) => {
                assert!(error.to_string().contains(why), "{error}")
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_that_nobody_asked_for_harms_nobody() {
    let node = Node::new().await;
    for manner in [Manner::Premature, Manner::Honest] {
        let peer = serve(info(16384, "name"), manner).await;
        let link = magnet(peer.id, &[&peer.address]);
        node.session.resolve(&link, DEADLINE).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_ends_with_its_connections() {
    let mut peer = serve(info(16384, "name"), Manner::Silent).await;
    let node = Node::new().await;
    let link = magnet(peer.id, &[&peer.address]);
    let result = node.session.resolve(&link, Duration::from_millis(300)).await;
    assert!(matches!(result, Err(ResolveError::NotFound)), "{result:?}");
    tokio::time::timeout(DEADLINE, peer.ended.recv()).await.unwrap();
    peer.greeted.recv().await.unwrap();

    let session = node.session.clone();
    let attempt = tokio::spawn(async move { session.resolve(&link, DEADLINE).await });
    tokio::time::timeout(DEADLINE, peer.greeted.recv()).await.unwrap();
    attempt.abort();
    tokio::time::timeout(DEADLINE, peer.ended.recv()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_halted_torrent_has_no_connection_left() {
    let sample = Sample::new("connected", 16384, &[("a", 16384)]);
    let start = sample.torrent.windows(6).position(|w| w == b"4:info").unwrap() + 6;
    let info = sample.torrent[start..sample.torrent.len() - 1].to_vec();
    let mut peer = serve(info, Manner::Honest).await;
    assert_eq!(peer.id, sample.meta.info_hash);
    let node = Node::new().await;
    let spec = RunSpec { peers: vec![peer.address.clone()], ..node.spec(&sample, None, &[]) };
    node.session.run(spec).await.unwrap();
    until(|| (node.stats(&sample).peers_connected == 1).then_some(())).await;
    assert!(peer.ended.try_recv().is_err());
    node.halt(&sample).await;
    // Only the way through the loopback is left.
    tokio::time::timeout(Duration::from_secs(2), peer.ended.recv()).await.unwrap();
}

//! What the network hears of the engine. Everything but the exchange of peers is looked at in a
//! network that nobody else is in.

use std::net::{Ipv4Addr, SocketAddr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use torrpeddo_tests::capture::Datagram;
use torrpeddo_tests::namespace::BOOTSTRAP_PORT;
use torrpeddo_tests::torrents::Single;
use torrpeddo_tests::{
    Capture, Gate, Gossip, Leecher, Namespace, Relay, Sandbox, Tracker, wait_until,
};

use crate::support::{granted, id_of, torrent, wait_complete, wait_state};

/// The local discovery of BEP 14, and the search for routers of UPnP.
const LSD: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(239, 192, 152, 143)), 6771);
const SSDP: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(239, 255, 255, 250)), 1900);

/// Who is asked first in the DHT.
const BOOTSTRAP: SocketAddr = SocketAddr::new(Namespace::ADDRESS, BOOTSTRAP_PORT);

/// An engine that starts in a namespace.
fn relay_in(namespace: &Namespace, sandbox: &Sandbox) -> Relay {
    Relay::spawn(&mut namespace.inside(&sandbox.command(&["relay"])))
}

/// The same after an end of the engine.
fn restarted_in(namespace: &Namespace, sandbox: &Sandbox, relay: Relay) -> Relay {
    drop(relay);
    sandbox.stop_engine();
    relay_in(namespace, sandbox)
}

fn add(relay: &Relay, torrent: &[u8], options: Value) -> String {
    let data = STANDARD.encode(torrent);
    id_of(&relay.ok("add_torrent", json!({"data": data, "options": options})))
}

fn hex(id: [u8; 20]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether a datagram asks or tells somebody of a torrent, in any of the ways that there are.
fn is_about(datagram: &Datagram, id: [u8; 20]) -> bool {
    let text = hex(id);
    datagram.says(&id)
        || datagram.says(text.as_bytes())
        || datagram.says(text.to_uppercase().as_bytes())
}

fn seen_at(capture: &Capture, to: SocketAddr, text: &str) -> bool {
    !capture.seen(|datagram| datagram.to == to && datagram.says(text.as_bytes())).is_empty()
}

#[test]
fn settings_of_the_network_take_effect_with_the_next_start() {
    let Some(namespace) = Namespace::new() else { return };
    let capture = Capture::of(&namespace);
    let tracker = namespace.enter(|| Tracker::start(1));
    let torrent = Single::public("shown.bin", 40_000);
    let sandbox = Sandbox::new();
    let relay = relay_in(&namespace, &sandbox);
    let id = add(&relay, &torrent.with_trackers(&[&tracker.url()]), json!({}));
    // The tracker, the DHT and the local network are told at the same time.
    wait_until("the tracker to hear of it", || tracker.announces() == 1);
    wait_state(&relay, &id, &["downloading"]);
    let leecher = Leecher::within(&namespace, &written(&sandbox, &torrent));
    let port = namespace.enter(|| {
        let listener = std::net::TcpListener::bind((Namespace::ADDRESS, 0)).expect("a free port");
        listener.local_addr().expect("an address").port()
    });
    let wanted = json!({"listen_port": port, "dht": true, "lsd": true, "upnp": true});
    let after = relay.ok("set_settings", wanted.clone());
    assert_eq!(after["restart_required"], json!(["listen_port", "upnp", "dht", "lsd"]));
    // What is the same already needs no new start.
    assert!(relay.ok("set_settings", wanted).get("restart_required").is_none());
    assert!(capture.seen(|_| true).is_empty(), "{:?}", capture.seen(|_| true));

    let relay = restarted_in(&namespace, &sandbox, relay);
    wait_until("local discovery", || seen_at(&capture, LSD, &format!("Port: {port}\r\n")));
    assert!(seen_at(&capture, LSD, &hex(torrent.id())));
    wait_until("a search for routers", || seen_at(&capture, SSDP, "ssdp:discover"));
    wait_until("a question to the DHT", || seen_at(&capture, BOOTSTRAP, "9:find_node"));
    wait_state(&relay, &id, &["downloading"]);
    assert_eq!(relay.ok("get_session", json!({}))["listen_port"], json!(port));
    leecher.connect((Namespace::ADDRESS, port).into());
    wait_until("a connection from outside", || leecher.peers() == 1);

    let off = json!({"listen_port": null, "dht": false, "lsd": false, "upnp": false});
    let after = relay.ok("set_settings", off);
    assert_eq!(after["restart_required"], json!(["listen_port", "upnp", "dht", "lsd"]));
    let (relay, silent) = {
        drop(relay);
        sandbox.stop_engine();
        (relay_in(&namespace, &sandbox), Capture::of(&namespace))
    };
    let before = tracker.announces();
    granted(&relay, "pause", &id);
    granted(&relay, "resume", &id);
    wait_until("the tracker to hear of it", || tracker.announces() > before);
    assert_ne!(relay.ok("get_session", json!({}))["listen_port"], json!(port));
    assert!(silent.seen(|_| true).is_empty(), "{:?}", silent.seen(|_| true));
}

#[test]
fn a_private_torrent_is_told_to_its_own_tracker_alone() {
    let Some(namespace) = Namespace::new() else { return };
    let capture = Capture::of(&namespace);
    let tracker = namespace.enter(|| Tracker::start(1));
    let (private, public) =
        (Single::private("hidden.bin", 40_000), Single::public("p.bin", 40_000));
    let sandbox = Sandbox::with_defaults(json!({"dht": true, "lsd": true, "upnp": true}));
    // Who is asked first tells of somebody else, and that one is asked for peers.
    let file = written(&sandbox, &public);
    let first = Leecher::dht_node(&namespace, &file, BOOTSTRAP_PORT);
    let second = Leecher::dht_node(&namespace, &file, 0);
    assert_eq!(first.address, BOOTSTRAP);
    first.know(second.address);
    let relay = relay_in(&namespace, &sandbox);
    let hidden = add(&relay, &private.with_trackers(&[&tracker.url()]), json!({}));
    wait_until("the tracker to hear of it", || tracker.announces() == 1);
    assert_eq!(torrent(&relay, &hidden)["private"], true);
    // Whatever is told of this one, would have been told of the other before.
    add(&relay, &public.with_trackers(&[]), json!({}));
    wait_until("local discovery of the public one", || seen_at(&capture, LSD, &hex(public.id())));
    wait_until("a search in the DHT for the public one", || {
        let asks =
            |datagram: &Datagram| datagram.says(b"9:get_peers") && is_about(datagram, public.id());
        !capture.seen(asks).is_empty()
    });
    assert!(relay.ok("get_session", json!({}))["dht_nodes"].as_u64() > Some(0));
    let told = capture.seen(|datagram| is_about(datagram, private.id()));
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn a_private_torrent_exchanges_no_peers() {
    let sandbox = Sandbox::new();
    let (private, public) = (Single::private("q.bin", 400_000), Single::public("p.bin", 400_000));
    let (seeds_private, seeds_public) = (private.seed(), public.seed());
    // Somebody who stays connected, and so can be told of.
    let kept = Leecher::slow(&written(&sandbox, &private));
    let rumoured = Leecher::slow(&written(&sandbox, &public));
    let tracker = Tracker::start(kept.address.port());
    let relay = sandbox.relay();
    let hidden = add(&relay, &private.with_trackers(&[&tracker.url()]), json!({"paused": true}));
    let shown = add(&relay, &public.with_trackers(&[]), json!({"paused": true}));
    for (id, seeder) in [(&hidden, &seeds_private), (&shown, &seeds_public)] {
        granted(&relay, "resume", id);
        wait_state(&relay, id, &["downloading"]);
        let peers = [format!("127.0.0.1:{}", seeder.port)];
        relay.ok("add_peers", json!({"id": id, "peers": peers}));
        wait_complete(&relay, id);
    }
    wait_until("the peer of the tracker", || kept.peers() == 1);
    let port = relay.ok("get_session", json!({}))["listen_port"].as_u64().expect("a port");
    let engine = (Ipv4Addr::LOCALHOST, u16::try_from(port).expect("a port")).into();
    let gate = Gate::before(seeds_private.port);
    let mut about_private = Gossip::with(engine, private.id());
    about_private.tell_of((Ipv4Addr::LOCALHOST, gate.port).into());
    let mut about_public = Gossip::with(engine, public.id());
    about_public.tell_of(rumoured.address);
    wait_until("a connection to the peer that gossip told of", || rumoured.peers() == 1);
    assert_eq!(gate.knocks(), 0, "gossip about a private torrent was believed");
    about_public.heard().expect("gossip about a public torrent");
    assert!(!about_private.has_heard(), "peers of a private torrent were told");
}

/// The torrent file on disk, for libtorrent.
fn written(sandbox: &Sandbox, torrent: &Single) -> std::path::PathBuf {
    let path = sandbox.root().join(format!("{}.torrent", hex(torrent.id())));
    std::fs::write(&path, torrent.with_trackers(&[])).expect("a file");
    path
}

//! Magnets that nobody seeds, and links that are slow to answer: they hold nothing up.

use serde_json::json;
use torrpeddo_tests::http::Server;
use torrpeddo_tests::magnets::{dead, dead_id};
use torrpeddo_tests::{Gate, Sandbox, Seeder, wait_until};

use crate::support::{add_magnet, id_of, torrent, wait_complete, wait_state};

#[test]
fn an_add_is_answered_before_metadata_can_be_there() {
    let (sandbox, seeder) = (Sandbox::new(), Seeder::file("behind a gate.bin", 50_000));
    let gate = Gate::before(seeder.port);
    let relay = sandbox.relay();
    let uri = format!("{}&dn=a%20name&x.pe=127.0.0.1:{}", seeder.bare_magnet(), gate.port);
    let added = relay.ok("add_magnet", json!({"uri": uri}));
    assert_eq!(added["already_exists"], false);
    let at_once = &added["torrent"];
    assert_eq!(at_once["state"], "fetching_metadata", "{at_once:#}");
    assert_eq!(at_once["name"], "a name");
    assert_eq!(at_once["total_bytes"], 0);
    assert_eq!(at_once["auto_managed"], true);
    wait_until("the engine to knock at the gate", || gate.knocks() > 0);
    assert_eq!(torrent(&relay, &seeder.id)["state"], "fetching_metadata");
    gate.open();
    wait_complete(&relay, &seeder.id);
    seeder.assert_downloaded(&sandbox.downloads());
}

#[test]
fn a_second_add_changes_nothing() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let first = relay.ok("add_magnet", json!({"uri": dead(1), "options": {"labels": ["mine"]}}));
    let again = relay.ok(
        "add_magnet",
        json!({"uri": format!("{}&dn=other", dead(1)), "options": {"labels": ["x"], "paused": true}}),
    );
    assert_eq!(again["already_exists"], true);
    for member in ["id", "name", "labels", "added_at", "save_path", "state", "auto_managed"] {
        assert_eq!(again["torrent"][member], first["torrent"][member], "{member}");
    }
    let all = relay.ok("get_status", json!({}));
    assert_eq!(all["torrents"].as_array().unwrap().len(), 1);
}

#[test]
fn the_same_magnet_twenty_times_at_once_is_one_entry() {
    let sandbox = Sandbox::new();
    let relay = sandbox.relay();
    let asked: Vec<u64> =
        (0..20).map(|_| relay.begin("add_magnet", &json!({"uri": dead(1)}))).collect();
    let fresh = asked
        .into_iter()
        .filter(|id| relay.finish(*id).expect("an entry")["already_exists"] == false)
        .count();
    assert_eq!(fresh, 1);
    assert_eq!(relay.ok("get_status", json!({}))["torrents"].as_array().unwrap().len(), 1);
}

#[test]
fn ten_dead_magnets_slow_nothing_down() {
    let sandbox = Sandbox::new();
    let seeder = Seeder::folder("alive", [("a", 900_000), ("b", 40)]);
    let relay = sandbox.relay();
    for number in 0..10 {
        let added = relay.ok("add_magnet", json!({"uri": dead(number)}));
        assert_eq!(added["torrent"]["state"], "fetching_metadata", "{added:#}");
    }
    let id = add_magnet(&relay, &seeder.magnet);
    wait_complete(&relay, &id);
    seeder.assert_downloaded(&sandbox.downloads());
    for number in 0..10 {
        wait_state(&relay, &dead_id(number), &["fetching_metadata"]);
    }
}

#[test]
fn a_slow_request_does_not_hold_up_a_fast_one() {
    let (sandbox, seeder) = (Sandbox::new(), Seeder::file("slow.bin", 1000));
    let server = Server::start();
    server.put("/slow", "application/x-bittorrent", seeder.torrent_bytes());
    let gate = Gate::before(server.port());
    let relay = sandbox.relay();
    relay.ok("ping", json!({}));
    let url = format!("http://127.0.0.1:{}/slow", gate.port);
    let slow = relay.begin("add_url", &json!({"url": url}));
    wait_until("the engine to knock at the gate", || gate.knocks() > 0);
    let fast = relay.begin("ping", &json!({}));
    relay.finish(fast).expect("an answer while the other request waits");
    assert!(!relay.order().contains(&slow), "answered before its file could be there");
    gate.open();
    assert_eq!(id_of(&relay.finish(slow).expect("the torrent")), seeder.id);
    let order = relay.order();
    let place = |id| order.iter().position(|found| *found == id);
    assert!(place(fast) < place(slow));
}

//! Metadata from several peers (BEP 9), of which not all give it.

use torrpeddo_tests::scripted_seeder::Metadata;
use torrpeddo_tests::torrents::Single;
use torrpeddo_tests::{Sandbox, ScriptedSeeder};

use crate::support::{add_magnet, assert_single, wait_complete};

fn with_metadata(torrent: &Single, metadata: Metadata) -> ScriptedSeeder {
    ScriptedSeeder::start(torrent, move |upload| {
        upload.metadata = metadata;
        upload.offer_metadata()?;
        upload.bitfield()
    })
}

/// Resolves a magnet with a peer that answers for metadata in this way, and a good one.
#[track_caller]
fn resolves_beside(metadata: Metadata) {
    // More than one part of metadata.
    let (sandbox, torrent) = (Sandbox::new(), Single::public("metadata.bin", 20 << 20));
    let torrent = torrent.in_pieces_of(16 << 10);
    assert!(torrent.metadata().len() > 16 << 10);
    let bad = with_metadata(&torrent, metadata);
    let good = with_metadata(&torrent, Metadata::True);
    let relay = sandbox.relay();
    let magnet = torrent.magnet(&[bad.address, good.address]);
    wait_complete(&relay, &add_magnet(&relay, &magnet));
    assert_single(&sandbox, &torrent);
    assert!(good.asked_for_metadata() > 0);
}

#[test]
fn a_peer_that_rejects_metadata_does_not_hold_up_a_magnet() {
    resolves_beside(Metadata::Rejected);
}

#[test]
fn a_peer_that_lies_about_metadata_does_not_hold_up_a_magnet() {
    resolves_beside(Metadata::False);
}

#[test]
fn a_peer_that_does_not_answer_for_metadata_does_not_hold_up_a_magnet() {
    resolves_beside(Metadata::Withheld);
}

#[test]
fn what_gave_the_metadata_gives_the_content() {
    let (sandbox, torrent) = (Sandbox::new(), Single::public("same peer.bin", 300_000));
    let seeder = with_metadata(&torrent, Metadata::True);
    let relay = sandbox.relay();
    wait_complete(&relay, &add_magnet(&relay, &torrent.magnet(&[seeder.address])));
    assert_single(&sandbox, &torrent);
}

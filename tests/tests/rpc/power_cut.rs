//! After the machine went down without warning: the engine sees another boot, and what it had
//! claimed may not be on the disk. Here it is not.

use std::fs;
use std::os::unix::fs::FileExt as _;

use torrpeddo_tests::sandbox::hello;
use torrpeddo_tests::{Relay, Sandbox, Seeder, process};

use crate::support::{
    add_magnet, goes_on_to_the_end, granted, slow_seeder, torrent, wait_complete, wait_half_way,
    wait_state,
};

const PIECE: usize = 64 << 10;

/// Puts zeros in place of some pieces that are there.
fn harm(sandbox: &Sandbox, seeder: &Seeder) -> u64 {
    let path = sandbox.downloads().join(seeder.name()).join("first.bin");
    let (ours, whole) = (fs::read(&path).unwrap(), seeder.data());
    let whole = fs::read(whole.join(seeder.name()).join("first.bin")).unwrap();
    let pieces = ours.chunks_exact(PIECE).zip(whole.chunks_exact(PIECE)).enumerate();
    let there: Vec<usize> =
        pieces.filter(|(_, (ours, whole))| ours == whole).map(|(piece, _)| piece).collect();
    let harmed = &there[..there.len() / 2];
    assert!(harmed.len() > 20, "too little to harm: {there:?}");
    let file = fs::File::options().write(true).open(&path).unwrap();
    for piece in harmed {
        file.write_all_at(&vec![0; PIECE], (piece * PIECE) as u64).unwrap();
    }
    (harmed.len() * PIECE) as u64
}

fn kill(relay: &Relay) {
    let pid = hello(relay)["engine"]["pid"].as_u64().unwrap();
    process::kill(u32::try_from(pid).unwrap());
}

#[test]
fn what_was_being_written_is_verified_and_nothing_else() {
    let (sandbox, seeder) = (Sandbox::new(), slow_seeder("writing"));
    let quiet = Seeder::file("quiet.bin", 24 << 20);
    let relay = sandbox.relay();
    add_magnet(&relay, &quiet.magnet);
    wait_complete(&relay, &quiet.id);
    granted(&relay, "pause", &quiet.id);
    let id = add_magnet(&relay, &seeder.magnet);
    wait_half_way(&relay, &id);
    kill(&relay);
    let harmed = harm(&sandbox, &seeder);
    // Nothing comes from the network until the end.
    seeder.limit(1);

    // An engine of the new boot that is killed as well, before it could look at anything.
    let Some(relay) = sandbox.relay_in_boot("another-boot") else { return };
    kill(&relay);
    let relay = sandbox.relay_in_boot("another-boot").expect("it was possible before");
    wait_state(&relay, &id, &["downloading"]);
    let found = torrent(&relay, &id);
    let verified = found["done_bytes"].as_u64().unwrap();
    // All that was ever verified has been sent.
    let most = seeder.uploaded() - harmed;
    assert!(verified <= most, "the damage was not found: {verified} of {most} bytes: {found:#}");
    granted(&relay, "pause", &id);
    goes_on_to_the_end(&relay, &seeder, verified, &sandbox.downloads());

    // The other one had been synced before the claim, so it is believed as it was.
    let pid = u32::try_from(hello(&relay)["engine"]["pid"].as_u64().unwrap()).unwrap();
    let read = process::bytes_read(pid).unwrap();
    granted(&relay, "resume", &quiet.id);
    wait_complete(&relay, &quiet.id);
    let read = process::bytes_read(pid).unwrap() - read;
    assert!(read < quiet.files().total() / 2, "{read} bytes were read, as if to hash them again");
}

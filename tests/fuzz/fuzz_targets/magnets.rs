//! Magnet links: whatever is accepted is bounded, and means the same when it is written and read
//! again, as the engine does at each start.

#![no_main]

use libfuzzer_sys::fuzz_target;
use torrpeddo_protocol::limits;
use torrpeddo_readers::magnet::{MAX_SOURCES, Magnet};
use torrpeddo_readers::metainfo::MAX_FILES;

fuzz_target!(|data: &str| {
    let Ok(magnet) = Magnet::parse(data) else { return };
    for list in [&magnet.trackers, &magnet.peers, &magnet.web_seeds] {
        assert!(list.len() <= MAX_SOURCES);
    }
    if let Some(selected) = &magnet.selected {
        let indices = selected.indices(MAX_FILES);
        assert!(!indices.is_empty() && indices.is_sorted());
        assert!(indices.last().is_none_or(|last| *last < MAX_FILES));
    }
    let uri = magnet.to_uri();
    let again = Magnet::parse(&uri).expect("a link that was accepted");
    assert_eq!(again.to_uri(), uri);
    // Near the limit some sources have no place any more.
    if uri.len() < limits::MAGNET / 2 {
        assert_eq!(again, magnet);
    }
});

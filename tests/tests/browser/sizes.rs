//! What is loaded into every page, and at each look into the popup, stays small.

use torrpeddo_tests::bench::pages::{CATCHER_LIMIT, POPUP_LIMIT, catcher_bytes, popup_bytes};

#[test]
fn what_is_loaded_stays_small() {
    for build in ["chrome-mv3", "firefox-mv3"] {
        let (catcher, popup) = (catcher_bytes(build), popup_bytes(build));
        assert!(catcher < CATCHER_LIMIT, "{catcher} bytes in every page, {build}");
        assert!(popup < POPUP_LIMIT, "{popup} compressed bytes in the popup, {build}");
    }
}

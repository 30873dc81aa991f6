//! Names: any bytes become a name that is safe on every file system.

#![no_main]

use std::path::{Component, Path};

use libfuzzer_sys::fuzz_target;
use torrpeddo_readers::names::{MAX_BYTES, NameDecoder, clean_text, safe_component, with_number};

fuzz_target!(|data: &[u8]| {
    // The first two are one torrent's, whose encoding is guessed from both.
    let half = data.len() / 2;
    let (one, two) = data.split_at(half);
    let decoder = NameDecoder::detect([one, two]);
    for raw in [one, two, data] {
        let name = decoder.decode(raw);
        check(&name);
        assert!(name.len() <= MAX_BYTES);
        assert_eq!(safe_component(&name), name);
        check(&with_number(&name, 200_000));
        let text = decoder.text(raw);
        let most = raw.first().map_or(0, |byte| usize::from(*byte));
        let shown = clean_text(&text, most);
        assert!(shown.len() <= most && !shown.contains(char::is_control));
        assert_eq!(clean_text(&shown, most), shown);
    }
});

/// What every file system takes, Windows' included, and what leads nowhere else.
fn check(name: &str) {
    let parts: Vec<_> = Path::new(name).components().collect();
    assert!(matches!(parts[..], [Component::Normal(_)]), "{name:?}");
    assert!(name.len() <= 255, "{name:?}");
    assert!(!name.ends_with(['.', ' ']) && !name.starts_with(' '), "{name:?}");
    assert!(!name.contains(|c: char| c.is_control() || "<>:\"/\\|?*".contains(c)), "{name:?}");
    let turns = ['\u{202a}'..='\u{202e}', '\u{2066}'..='\u{2069}', '\u{200b}'..='\u{200f}'];
    assert!(!name.contains(|c| turns.iter().any(|turn| turn.contains(&c))), "{name:?}");
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    assert!(!["CON", "PRN", "AUX", "NUL", "COM1", "LPT9"].contains(&stem.as_str()), "{name:?}");
}

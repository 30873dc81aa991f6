//! Names that are safe on every file system, made from what torrents and links say.
//!
//! A torrent's names are chosen by a stranger. Everything that may become a file or folder name goes
//! through [`safe_component`], *after* decoding: checking the raw bytes first is how a byte order
//! mark before `..` gets past a check.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};
use icu_normalizer::ComposingNormalizerBorrowed;

/// The longest name that [`safe_component`] returns, in bytes. File systems end at 255; the rest is
/// room for what [`with_number`] adds and for suffixes of temporary files.
pub const MAX_BYTES: usize = 240;

/// The longest ending after a dot that is kept when a long name is cut.
const MAX_EXTENSION_BYTES: usize = 20;

/// What an empty or wholly forbidden name becomes.
const PLACEHOLDER: &str = "_";

/// A name for one file or folder: never empty, `.` or `..`, no separators, control, direction-changing
/// or invisible characters, nothing that Windows forbids or treats as a device, at most
/// [`MAX_BYTES`] long with its extension kept. Idempotent.
pub fn safe_component(raw: &str) -> String {
    let visible: String = raw
        .chars()
        .filter(|&c| !is_invisible(c))
        .map(|c| if is_forbidden(c) { '_' } else { c })
        .collect();
    let mut name = trim(&visible).to_owned();
    if name.is_empty() {
        return PLACEHOLDER.to_owned();
    }
    if is_device(&name) {
        name.insert(0, '_');
    }
    if name.len() > MAX_BYTES {
        let (stem, extension) = split_extension(&name);
        name = format!("{}{extension}", cut(stem, MAX_BYTES - extension.len()));
        // The cut may have uncovered a space or a dot where no extension follows.
        name.truncate(trim(&name).len());
    }
    name
}

/// Text from a link or a torrent that is only shown, never used as a path: without control,
/// direction-changing and invisible characters, white space collapsed, at most `max_bytes` long.
pub fn clean_text(raw: &str, max_bytes: usize) -> String {
    let mut text = String::with_capacity(raw.len().min(max_bytes));
    // A leading space is never written, so the text ends up trimmed on both sides.
    let mut space = false;
    for c in raw.chars() {
        if c.is_whitespace() || c.is_control() {
            space = !text.is_empty();
        } else if !is_invisible(c) {
            let needed = c.len_utf8() + usize::from(space);
            if text.len() + needed > max_bytes {
                break;
            }
            if std::mem::take(&mut space) {
                text.push(' ');
            }
            text.push(c);
        }
    }
    text
}

/// The name with a number before its extension: `a.txt` → `a (2).txt`.
pub fn with_number(name: &str, number: u32) -> String {
    let (stem, extension) = split_extension(name);
    format!("{stem} ({number}){extension}")
}

/// A key under which names that some file system takes for the same are equal: composed (macOS) and
/// without case (macOS, Windows).
pub fn fold(name: &str) -> String {
    let nfc = ComposingNormalizerBorrowed::new_nfc();
    // Upper case first: it joins letters such as ß/ss or ſ/s, which differ in lower case alone.
    nfc.normalize(&nfc.normalize(name).to_uppercase().to_lowercase()).into_owned()
}

/// Decodes the names of one torrent, whose encoding is guessed from all of them together.
#[derive(Debug, Clone, Copy)]
pub struct NameDecoder(&'static Encoding);

impl NameDecoder {
    /// UTF-8, as the specification wants it, unless some name is not; then the likeliest encoding.
    pub fn detect<'a>(names: impl IntoIterator<Item = &'a [u8]> + Clone) -> Self {
        if names.clone().into_iter().all(|name| std::str::from_utf8(name).is_ok()) {
            return Self(UTF_8);
        }
        let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
        for name in names {
            detector.feed(name, false);
        }
        Self(detector.guess(None, chardetng::Utf8Detection::Allow))
    }

    /// The decoded name, made safe.
    pub fn decode(&self, raw: &[u8]) -> String {
        safe_component(&self.text(raw))
    }

    /// The decoded name as it is: not safe. A byte order mark overrides the encoding and is removed.
    pub fn text<'a>(&self, raw: &'a [u8]) -> Cow<'a, str> {
        // A name that is valid UTF-8 is UTF-8, whatever its neighbours are.
        let encoding = if std::str::from_utf8(raw).is_ok() { UTF_8 } else { self.0 };
        encoding.decode(raw).0
    }

    /// The name in the encoding of its neighbours, even where it is valid UTF-8: not safe, but what
    /// librqbit compares. A byte order mark overrides the encoding and is removed.
    pub fn as_detected<'a>(&self, raw: &'a [u8]) -> Cow<'a, str> {
        self.0.decode(raw).0
    }
}

/// Characters that show nothing and can disguise a name: controls of direction and joining, marks,
/// fillers, tags and non-characters. Removed, not replaced, so that a clean name stays as it was.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FDD0}'..='\u{FDEF}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}')
        || u32::from(c) & 0xFFFE == 0xFFFE
}

fn is_forbidden(c: char) -> bool {
    c.is_control() || matches!(c, '/' | '\\' | '<' | '>' | ':' | '"' | '|' | '?' | '*')
}

/// Windows drops dots and spaces at the end, which would make two names one.
fn trim(name: &str) -> &str {
    name.trim_start().trim_end_matches(|c: char| c == '.' || c.is_whitespace())
}

/// Whether Windows takes the name for a device, with any extension: `CON`, `nul.txt`, `COM¹`.
fn is_device(name: &str) -> bool {
    let base = name.split('.').next().unwrap_or_default().trim_end();
    let base = base.to_ascii_uppercase();
    if matches!(base.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" | "CLOCK$") {
        return true;
    }
    let Some(port) = base.strip_prefix("COM").or_else(|| base.strip_prefix("LPT")) else {
        return false;
    };
    let mut rest = port.chars();
    matches!((rest.next(), rest.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
}

/// The name before its extension, and the extension with its dot; empty where there is none.
fn split_extension(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot <= MAX_EXTENSION_BYTES => name.split_at(dot),
        _ => (name, ""),
    }
}

/// At most `max` bytes of `text`, cut between characters.
fn cut(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(raw: &[u8]) -> String {
        NameDecoder::detect([raw]).decode(raw)
    }

    #[test]
    fn ordinary_names_stay_as_they_are() {
        for name in ["a.txt", ".hidden", "Ünïcödé – 日本語.mkv", "a b", "x..y", "e\u{301}", "🦀️"]
        {
            assert_eq!(safe_component(name), name);
        }
    }

    #[test]
    fn climbing_names_stay_inside() {
        for (raw, safe) in [
            ("", "_"),
            (".", "_"),
            ("..", "_"),
            ("...", "_"),
            (". .", "_"),
            (" .. ", "_"),
            ("../../etc/passwd", ".._.._etc_passwd"),
            ("..\\x", ".._x"),
            ("\u{feff}..", "_"),
            ("\u{200b}..\u{202e}", "_"),
            ("/abs", "_abs"),
            ("C:", "C_"),
            ("C:\\Windows", "C__Windows"),
            ("a\0b", "a_b"),
            ("a:stream", "a_stream"),
        ] {
            assert_eq!(safe_component(raw), safe, "{raw:?}");
        }
    }

    #[test]
    fn devices_of_windows_get_a_prefix() {
        for name in ["CON", "nul.txt", "Com1", "LPT9.tar.gz", "COM¹", "aux .c", "CONIN$"] {
            assert_eq!(safe_component(name), format!("_{name}"));
        }
        for name in ["CONSOLE", "COM", "COM10", "null", "LPTX", "_CON"] {
            assert_eq!(safe_component(name), name);
        }
        assert_eq!(safe_component("NUL. ."), "_NUL");
    }

    #[test]
    fn disguises_are_removed() {
        assert_eq!(safe_component("photo\u{202e}gpj.exe"), "photogpj.exe");
        assert_eq!(safe_component("a\u{200d}b\u{2066}c\u{e0041}d"), "abcd");
        assert_eq!(safe_component("end. . "), "end");
    }

    #[test]
    fn long_names_are_cut_before_the_extension() {
        let long = safe_component(&format!("{}.mkv", "ä".repeat(2000)));
        assert!(long.len() <= MAX_BYTES && long.ends_with("ä.mkv"));
        let no_extension = safe_component(&format!("{}. {}", "a".repeat(239), "b".repeat(300)));
        assert_eq!(no_extension, "a".repeat(239));
    }

    #[test]
    fn marks_before_dots_do_not_hide_them() {
        assert_eq!(decode(b"\xEF\xBB\xBF.."), "_");
        assert_eq!(decode(b"\xFF\xFE.\0.\0"), "_");
        assert_eq!(decode(b"\xFE\xFF\0.\0."), "_");
        assert_eq!(decode(b"\xFF\xFE/\0e\0"), "_e");
    }

    #[test]
    fn other_encodings_are_guessed() {
        assert_eq!(decode("日本語.txt".as_bytes()), "日本語.txt");
        let (cyrillic, ..) = encoding_rs::WINDOWS_1251.encode("Привет, как дела");
        assert_eq!(decode(&cyrillic), "Привет, как дела");
        let decoder = NameDecoder::detect([&cyrillic[..], "naïve".as_bytes()]);
        assert_eq!(decoder.decode("naïve".as_bytes()), "naïve");
    }

    #[test]
    fn names_that_some_system_takes_for_one_fold_together() {
        assert_eq!(fold("README"), fold("readme"));
        assert_eq!(fold("é"), fold("E\u{301}"));
        assert_eq!(fold("straße"), fold("STRASSE"));
        assert_ne!(fold("a"), fold("b"));
    }

    #[test]
    fn numbers_go_before_the_extension() {
        assert_eq!(with_number("a.txt", 2), "a (2).txt");
        assert_eq!(with_number(".bashrc", 3), ".bashrc (3)");
        assert_eq!(with_number("folder", 4), "folder (4)");
    }

    #[test]
    fn text_is_cleaned_for_showing() {
        assert_eq!(clean_text("  a \r\n\t b\u{202e}c/d: e ", 100), "a bc/d: e");
        assert_eq!(clean_text("äää", 5), "ää");
        assert_eq!(clean_text("\u{200b}\0", 5), "");
    }

    fn is_safe(name: &str) -> bool {
        !name.is_empty()
            && name.len() <= MAX_BYTES
            && name != "."
            && name != ".."
            && !name.ends_with(['.', ' '])
            && !name.chars().any(|c| is_forbidden(c) || is_invisible(c))
            && !is_device(name)
            && std::path::Path::new(name).components().count() == 1
    }

    proptest! {
        #[test]
        fn any_text_becomes_safe_and_stays_so(raw in "\\PC*|[./\\\\: a\u{feff}\u{202e}\0]{0,12}|.{230,400}") {
            let name = safe_component(&raw);
            prop_assert!(is_safe(&name), "{name:?}");
            prop_assert_eq!(safe_component(&name), name);
        }

        #[test]
        fn any_bytes_become_safe(raw in proptest::collection::vec(any::<u8>(), 0..600)) {
            prop_assert!(is_safe(&decode(&raw)));
        }

        #[test]
        fn shown_text_is_bounded(raw in ".*", max in 0usize..64) {
            let text = clean_text(&raw, max);
            prop_assert!(text.len() <= max);
            prop_assert_eq!(clean_text(&text, max), text);
        }
    }
}

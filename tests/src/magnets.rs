//! Magnet links in all their shapes.

use crate::files::{content, sha256};

/// A link to a torrent that nobody has.
#[must_use]
pub fn dead(number: usize) -> String {
    format!("magnet:?xt=urn:btih:{}", dead_id(number))
}

/// The info-hash of [`dead`].
#[must_use]
pub fn dead_id(number: usize) -> String {
    sha256(&content(&format!("dead {number}"), 64))[..40].into()
}

/// A hex info-hash in base32, as old links have it.
///
/// # Panics
/// When it is not hex.
#[must_use]
pub fn base32(hex: &str) -> String {
    let digits: Vec<u8> = hex
        .chars()
        .flat_map(|digit| {
            let digit = digit.to_digit(16).expect("a hex digit");
            (0..4).rev().map(move |bit| u8::from(digit >> bit & 1 == 1))
        })
        .collect();
    digits
        .chunks(5)
        .map(|bits| bits.iter().fold(0, |value, bit| value << 1 | usize::from(*bit)))
        .map(|value| char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[value]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base32_is_that_of_rfc_4648() {
        let foobar = "666f6f6261";
        assert_eq!(base32(foobar), "MZXW6YTB");
        assert_eq!(dead_id(1).len(), 40);
        assert_ne!(dead_id(1), dead_id(2));
    }
}

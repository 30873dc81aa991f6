//! Sizes as people read them: in messages, on terminals, and the same on the extension's pages.

/// Three significant digits at most, in the units that file managers and shops use: 1 kB is 1000 bytes.
#[must_use]
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];
    let (mut value, mut unit) = (count as f64, 0);
    // 999.5 would be shown as 1000.
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let digits = match value {
        _ if unit == 0 => 0,
        ..9.995 => 2,
        ..99.95 => 1,
        _ => 0,
    };
    let number = format!("{value:.digits$}");
    let short = match number.split_once('.') {
        Some(_) => number.trim_end_matches('0').trim_end_matches('.'),
        None => &number,
    };
    format!("{short} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_the_pages() {
        // As in the extension's `format.test.ts`.
        assert_eq!([0, 999, 1000, 1536].map(bytes), ["0 B", "999 B", "1 kB", "1.54 kB"]);
        assert_eq!([999_999, 4_450_000_000].map(bytes), ["1 MB", "4.45 GB"]);
        assert_eq!([62_300_000_000, 1 << 53].map(bytes), ["62.3 GB", "9.01 PB"]);
        // Where it is rounded up to another digit.
        assert_eq!([9_994, 9_996, 99_960].map(bytes), ["9.99 kB", "10 kB", "100 kB"]);
        assert_eq!([999_400, 999_500].map(bytes), ["999 kB", "1 MB"]);
        assert_eq!(bytes(u64::MAX), "18447 PB");
    }
}

//! Numbers and names as people read them.

use console::{Alignment, StyledObject, pad_str, style};
use torrpeddo_protocol::size::bytes;
use torrpeddo_protocol::{Torrent, TorrentState};

/// Text from a stranger, safe for a terminal: nothing that moves the cursor, changes colours or
/// turns the reading direction gets through.
pub fn plain(text: &str) -> String {
    text.chars().filter(|letter| !is_invisible(*letter)).map(shown).collect()
}

fn shown(letter: char) -> char {
    if letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}') {
        '\u{fffd}'
    } else {
        letter
    }
}

/// Marks that change how their neighbours are shown, and are not seen themselves.
fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// A rate; nothing for none.
pub fn rate(rate: u64) -> String {
    if rate == 0 { String::new() } else { format!("{}/s", bytes(rate)) }
}

/// A share of the whole, never more than is true: 99.99 % is not 100 %.
pub fn percent(progress: f64) -> String {
    format!("{} %", (progress.clamp(0.0, 1.0) * 100.0).floor())
}

/// A time that is left; its two largest units.
pub fn left(milliseconds: u64) -> String {
    let seconds = milliseconds.div_ceil(1000);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (100.., _, _) => "> 100 d".into(),
        (1.., _, _) => format!("{days} d {hours} h"),
        (0, 1.., _) => format!("{hours} h {minutes} min"),
        (0, 0, 1..) => format!("{minutes} min {} s", seconds % 60),
        _ => format!("{seconds} s"),
    }
}

/// The beginning of an id, enough to type.
pub fn short_id(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

/// A state in words. The colour only repeats what the word says.
pub fn state(torrent: &Torrent) -> StyledObject<String> {
    let word = match torrent.state {
        TorrentState::FetchingMetadata => "fetching metadata".into(),
        state if torrent.forced => format!("{state}, forced"),
        state => state.to_string(),
    };
    match torrent.state {
        TorrentState::Error => style(word).red(),
        TorrentState::Downloading | TorrentState::Seeding => style(word).green(),
        TorrentState::Paused | TorrentState::Cancelled => style(word).dim(),
        _ => style(word),
    }
}

/// What a torrent is doing, in one line.
pub fn status(torrent: &Torrent) -> String {
    if let (TorrentState::Error, Some(error)) = (torrent.state, &torrent.error) {
        return format!("{}: {}", state(torrent), plain(&error.message));
    }
    let mut words = vec![state(torrent).to_string()];
    if torrent.selected_bytes > 0 {
        words.push(format!("{} of {}", percent(torrent.progress), bytes(torrent.selected_bytes)));
    }
    for (mark, value) in [("↓", torrent.download_rate), ("↑", torrent.upload_rate)] {
        if value > 0 {
            words.push(format!("{mark} {}", rate(value)));
        }
    }
    if let Some(eta) = torrent.eta_ms.filter(|_| torrent.state == TorrentState::Downloading) {
        words.push(format!("{} left", left(eta)));
    }
    words.join(", ")
}

/// Rows as a table, the last column as wide as it likes or as the terminal allows.
pub fn table(head: &[&str], rows: &[Vec<String>], columns: Option<usize>) -> Vec<String> {
    let last = head.len() - 1;
    let mut widths: Vec<usize> = head.iter().map(|title| title.len()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(console::measure_text_width(cell));
        }
    }
    let used: usize = widths[..last].iter().map(|width| width + 2).sum();
    let room = columns.map_or(usize::MAX, |columns| columns.saturating_sub(used).max(12));
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut line = String::new();
        for (index, cell) in cells.enumerate() {
            if index == last {
                line.push_str(&console::truncate_str(cell, room, "…"));
            } else {
                line.push_str(&pad_str(cell, widths[index], Alignment::Left, None));
                line.push_str("  ");
            }
        }
        line.trim_end().to_owned()
    };
    let mut lines = vec![line(&mut head.iter().copied())];
    lines.extend(rows.iter().map(|row| line(&mut row.iter().map(String::as_str))));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_name_cannot_play_with_the_terminal() {
        assert_eq!(plain("a\u{1b}[31mb\r\n"), "a\u{fffd}[31mb\u{fffd}\u{fffd}");
        assert_eq!(plain("exe.\u{202e}gnp\u{2066}\u{feff}"), "exe.gnp");
        assert_eq!(plain("Ärger 日本 🎉 עברית"), "Ärger 日本 🎉 עברית");
        assert_eq!(plain("\u{9b}2J"), "\u{fffd}2J");
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([0, 1500].map(rate), ["", "1.5 kB/s"]);
        assert_eq!([0.0, 0.9999, 1.0, f64::NAN].map(percent), ["0 %", "99 %", "100 %", "NaN %"]);
        assert_eq!(left(1), "1 s");
        assert_eq!(left(61_000), "1 min 1 s");
        assert_eq!(left(3_600_000), "1 h 0 min");
        assert_eq!(left(90_000_000), "1 d 1 h");
        assert_eq!(left(u64::MAX), "> 100 d");
    }

    #[test]
    fn a_table_fits_the_terminal() {
        let rows = [vec!["1".to_owned(), "日本日本日本日本日本".into()]];
        let lines = table(&["ID", "NAME"], &rows, Some(16));
        assert_eq!(lines[0], "ID  NAME");
        assert!(console::measure_text_width(&lines[1]) <= 16, "{}", lines[1]);
        assert!(lines[1].ends_with('…'));
        assert_eq!(table(&["ID", "NAME"], &rows, None)[1], "1   日本日本日本日本日本");
    }
}

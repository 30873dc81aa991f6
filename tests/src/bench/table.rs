//! Tables for people at a terminal.

use std::time::Duration;

/// A title above a table.
pub fn title(text: &str) {
    println!("\n{text}\n{}", "-".repeat(text.len()));
}

/// One figure.
pub fn row(what: &str, figure: &str) {
    println!("{what:<62}{figure:>14}");
}

/// A figure that should stay below a limit.
pub fn limited(what: &str, figure: f64, limit: f64, unit: &str) {
    let verdict = if figure < limit { "ok" } else { "MISSED" };
    let (figure, limit) = (number(figure), number(limit));
    println!("{what:<62}{figure:>10} {unit:<4} < {limit:>6} {unit:<4}  {verdict}");
}

/// Milliseconds.
pub fn ms(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}

fn number(value: f64) -> String {
    if value >= 100.0 || value.fract() == 0.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}

/// The one in the middle.
///
/// # Panics
/// When there is none.
pub fn median<T: PartialOrd + Copy>(mut values: Vec<T>) -> T {
    values.sort_by(|one, other| one.partial_cmp(other).expect("values that can be compared"));
    values[values.len() / 2]
}

//! Progress as it is shown: bars on a terminal, plain lines everywhere else.

use std::collections::HashMap;

use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use torrpeddo_protocol::{Torrent, TorrentState};

use super::out::Out;
use super::text;

/// The steps of a bar.
const STEPS: u64 = 1000;

/// Shows torrents as they change.
pub enum Progress<'a> {
    /// A bar for each of them.
    Bars {
        /// All of them.
        all: MultiProgress,
        /// The bar of each torrent.
        bars: HashMap<String, ProgressBar>,
        /// How many the terminal has room for.
        room: usize,
    },
    /// A line when something has changed that is worth one.
    Lines {
        /// Where the lines go.
        out: &'a Out,
        /// What was said last.
        said: HashMap<String, (TorrentState, u64)>,
    },
}

impl<'a> Progress<'a> {
    /// As the terminal allows.
    pub fn new(out: &'a Out) -> Self {
        let terminal = Term::stderr();
        if out.json || !terminal.is_term() {
            return Self::Lines { out, said: HashMap::new() };
        }
        Self::Bars {
            all: MultiProgress::with_draw_target(ProgressDrawTarget::stderr()),
            bars: HashMap::new(),
            room: usize::from(terminal.size().0).saturating_sub(2).max(1),
        }
    }

    /// A torrent is new, or has changed.
    pub fn update(&mut self, torrent: &Torrent) {
        match self {
            Self::Bars { all, bars, room } => {
                if !bars.contains_key(&torrent.id) && bars.len() >= *room {
                    return;
                }
                let bar = bars.entry(torrent.id.clone()).or_insert_with(|| {
                    let hidden = ProgressDrawTarget::hidden();
                    ProgressBar::with_draw_target(Some(STEPS), hidden).with_style(style())
                });
                bar.set_prefix(text::plain(&torrent.name));
                bar.set_position(steps(torrent));
                bar.set_message(text::status(torrent));
                if bar.is_hidden() {
                    // Only now: what is shown first is whole.
                    *bar = all.add(bar.clone());
                    bar.tick();
                }
            }
            Self::Lines { out, said } => {
                // Every tenth is worth a line, and every change of state.
                let now = (torrent.state, steps(torrent) * 10 / STEPS);
                if said.insert(torrent.id.clone(), now) != Some(now) {
                    let name = text::plain(&torrent.name);
                    out.line(&format!("{name}: {}", text::status(torrent)));
                }
            }
        }
    }

    /// A torrent is gone.
    pub fn remove(&mut self, id: &str) {
        match self {
            Self::Bars { all, bars, .. } => {
                if let Some(bar) = bars.remove(id) {
                    all.remove(&bar);
                }
            }
            Self::Lines { said, .. } => drop(said.remove(id)),
        }
    }

    /// Leaves the bars as they are: what is said next goes below them.
    pub fn finish(self) {
        if let Self::Bars { bars, .. } = self {
            for bar in bars.values() {
                bar.abandon();
            }
        }
    }
}

fn steps(torrent: &Torrent) -> u64 {
    (torrent.progress.clamp(0.0, 1.0) * STEPS as f64) as u64
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{prefix:30!} [{bar:20}] {wide_msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}

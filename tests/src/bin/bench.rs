//! `cargo xtask bench`.

use clap::Parser;
use torrpeddo_tests::bench;

/// Measures what Torrpeddo costs on this machine, next to others.
#[derive(Parser)]
struct Arguments {
    /// Only these
    #[arg(long, value_enum)]
    only: Vec<What>,
    /// How often each client downloads each torrent; the medians are shown
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// The size of the one large torrent, in MiB
    #[arg(long, default_value_t = 1024)]
    mib: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// Latency and memory of the relay
    Relay,
    /// An engine with ten thousand torrents
    Size,
    /// The extension: its size, and how fast its popup is there
    Pages,
    /// Downloads, next to those of other clients
    Speed,
}

fn main() {
    let arguments = Arguments::parse();
    let wanted = |what| arguments.only.is_empty() || arguments.only.contains(&what);
    if wanted(What::Relay) {
        bench::relay();
    }
    if wanted(What::Size) {
        bench::size();
    }
    if wanted(What::Pages) {
        bench::pages();
    }
    if wanted(What::Speed) {
        bench::speed(arguments.rounds, arguments.mib << 20);
    }
}

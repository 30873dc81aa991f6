//! `cargo xtask bench`.

use std::path::PathBuf;

use clap::Parser;
use torrpeddo_tests::bench::{self, Selection};

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
    /// In `swarm` and `cost`: only jobs whose name contains this, such as `thin` or `slow`
    #[arg(long, default_value = "")]
    job: String,
    /// In `swarm`: only clients whose name contains this; may be given several times
    #[arg(long)]
    client: Vec<String>,
    /// In `cost`: the program to compare with, a `torrpeddo` built from an earlier commit
    #[arg(long)]
    baseline: Option<PathBuf>,
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
    /// Tit-for-tat swarms, next to other clients. Takes a minute for each client and round, so it runs
    /// only if it is asked for
    Swarm,
    /// Downloads, next to those of an earlier version, which `--baseline` names. Runs only if it is
    /// asked for
    Cost,
}

fn main() {
    let arguments = Arguments::parse();
    let asked = |what| arguments.only.contains(&what);
    let wanted = |what| arguments.only.is_empty() || asked(what);
    let selection = Selection { job: arguments.job, clients: arguments.client };
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
    if asked(What::Swarm) {
        bench::swarm(arguments.rounds, &selection);
    }
    if asked(What::Cost) {
        let Some(baseline) = &arguments.baseline else {
            eprintln!("`--only cost` compares with an earlier version: add `--baseline PATH`.");
            std::process::exit(2);
        };
        bench::cost(arguments.rounds, arguments.mib << 20, baseline, &selection);
    }
}

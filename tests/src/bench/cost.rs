//! What downloads cost in the engine, next to an earlier version of it.

use std::path::Path;

use super::Selection;
use super::clients::{Sample, complete, sample, sandbox};
use super::speed::Job;
use super::table::{limited, median, title};
use crate::paths;

const MIB: u64 = 1 << 20;

/// What is downloaded, and how much more than the earlier version's each figure may be.
struct Cost {
    name: String,
    torrents: usize,
    bytes: u64,
    seeders: usize,
    /// Each seeder's upload limit in bytes per second; 0 for none.
    upload_limit: u64,
    wall: f64,
    cpu: f64,
}

/// The limit of the ratio of peak memory.
const PEAK_RATIO: f64 = 1.5;

fn jobs(bytes: u64) -> [Cost; 4] {
    let usual = |name: &str, bytes, seeders| Cost {
        name: name.into(),
        torrents: 1,
        bytes,
        seeders,
        upload_limit: 0,
        wall: 1.05,
        cpu: 1.2,
    };
    [
        usual(&format!("{} MiB from one seeder", bytes / MIB), bytes, 1),
        usual("256 MiB from 20 seeders", 256 * MIB, 20),
        Cost {
            upload_limit: 4 * MIB,
            cpu: 1.35,
            ..usual("256 MiB from 20 slow seeders, 4 MiB/s each", 256 * MIB, 20)
        },
        Cost {
            torrents: 50,
            wall: 1.07,
            ..usual("50 torrents of 8 MiB from one seeder", 8 * MIB, 1)
        },
    ]
}

/// Downloads every selected job with the program at `baseline` and with the one under test, alternating
/// which of them is first.
///
/// # Panics
/// If a program does not download, or downloads something else.
pub fn cost(rounds: usize, bytes: u64, baseline: &Path, selection: &Selection) {
    let programs = [("before", baseline.to_owned()), ("now", paths::binary())];
    for cost in jobs(bytes).iter().filter(|cost| selection.has_job(&cost.name)) {
        title(&format!("{}; medians of {rounds}", cost.name));
        let job = Job::new(cost.torrents, cost.bytes, cost.seeders, cost.upload_limit);
        let mut samples = [Vec::new(), Vec::new()];
        for round in 0..rounds.max(1) {
            for turn in 0..programs.len() {
                let which = (round + turn) % programs.len();
                let (name, program) = &programs[which];
                samples[which].push(job.measure(name, |folder| engine(&job, program, folder)));
            }
        }
        show(cost, &samples);
    }
}

/// What the engine alone costs, without the relay.
fn engine(job: &Job, program: &Path, folder: &Path) -> Sample {
    let sandbox = sandbox(folder).with_binary(program);
    let pid = sandbox.engine_pid();
    let started = crate::process::cpu(pid);
    let mut sample = complete(job, &sandbox, |began| sample(began, &[pid]));
    sample.cpu = sample.cpu.saturating_sub(started);
    sample
}

fn show(cost: &Cost, samples: &[Vec<Sample>; 2]) {
    let row = |what: &str, unit: &str, limit: f64, figure: fn(&Sample) -> f64| {
        let [before, now] = samples.each_ref().map(|all| median(all.iter().map(figure).collect()));
        // The rounds are interleaved: within one, the machine was equally busy for both.
        let pairs = samples[0].iter().zip(&samples[1]);
        let ratio = median(pairs.map(|(before, now)| figure(now) / figure(before)).collect());
        let row = format!("{what:<12} before {before:>8.2} {unit:<4} now {now:>8.2} {unit:<4}");
        limited(&row, ratio, limit, "x");
    };
    row("wall", "s", cost.wall, |sample| sample.wall.as_secs_f64());
    row("CPU", "s", cost.cpu, |sample| sample.cpu.as_secs_f64());
    row("peak memory", "MiB", PEAK_RATIO, |sample| sample.peak_kib as f64 / 1024.0);
}

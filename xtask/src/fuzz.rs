//! Fuzzing with libFuzzer, on the stable toolchain: the compiler's coverage pass is asked for by
//! name, and what needs a nightly one, the sanitizers, is left out. `cargo fuzz --fuzz-dir
//! tests/fuzz` works too, where a nightly toolchain is installed.

use std::path::{Path, PathBuf};

use crate::Result;
use crate::build::target;
use crate::command::{cargo, command, find, output, repository, run};
use crate::setup;

/// The targets, one program each: `tests/fuzz/fuzz_targets`.
const TARGETS: [&str; 10] = [
    "frames",
    "requests",
    "magnets",
    "torrents",
    "names",
    "messages",
    "extended",
    "compact",
    "tracker_http",
    "tracker_udp",
];

/// How long each target is tried in `cargo xtask test`.
const SECONDS: u32 = 8;

/// What `cargo fuzz` gives the compiler, without the sanitizer.
const FLAGS: [&str; 7] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
    "--cfg=fuzzing",
];

/// Arguments of `cargo xtask fuzz`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The target; all of them, one after the other, when not given
    #[arg(value_parser = TARGETS)]
    target: Option<String>,
    /// How long to try each target
    #[arg(long, default_value_t = 60)]
    seconds: u32,
}

/// Fuzzes for as long as it is told, from what earlier runs found on.
pub fn fuzz(arguments: &Arguments) -> Result {
    build()?;
    let corpus = folder().join("corpus");
    let fuzz = |target: &str| fuzz_one(target, &corpus, &[], arguments.seconds);
    match &arguments.target {
        Some(target) => fuzz(target),
        None => TARGETS.into_iter().try_for_each(fuzz),
    }
}

/// Fuzzes every target for a short time, and from the same start every time: the test of a tree
/// that did not change should not fail by chance. What is new is for [`fuzz`] to find.
pub fn briefly() -> Result {
    build()?;
    let corpus = folder().join("brief");
    if corpus.exists() {
        std::fs::remove_dir_all(&corpus)
            .map_err(|error| format!("{}: {error}", corpus.display()))?;
    }
    TARGETS.into_iter().try_for_each(|target| fuzz_one(target, &corpus, &["-seed=1"], SECONDS))
}

fn build() -> Result {
    // libFuzzer is C++.
    setup::packages(&[("g++", find("c++").is_some())])?;
    run(cargo()
        .args(["build", "--quiet", "--locked", "--manifest-path", "tests/fuzz/Cargo.toml"])
        // With a target named, build scripts and macros are compiled without the flags.
        .args(["--target", "host-tuple", "--target-dir"])
        .arg(folder())
        .env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\u{1f}")))
}

/// Where the fuzzers are built, and where what they find is kept from run to run.
fn folder() -> PathBuf {
    target().join("fuzz")
}

fn fuzz_one(target: &str, corpus: &Path, options: &[&str], seconds: u32) -> Result {
    let inputs = repository().join("tests/fuzz");
    let (corpus, found) = (corpus.join(target), folder().join("found"));
    for folder in [&corpus, &found] {
        std::fs::create_dir_all(folder)
            .map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let mut fuzzer = command(program(target)?);
    fuzzer.arg(corpus).arg(inputs.join("seeds").join(target));
    let dictionary = inputs.join(format!("dictionaries/{target}.txt"));
    if dictionary.is_file() {
        fuzzer.arg(format!("-dict={}", dictionary.display()));
    }
    fuzzer.arg(format!("-artifact_prefix={}/{target}-", found.display()));
    fuzzer.args(options).arg(format!("-max_total_time={seconds}"));
    // One input must be read within 10 s and 1 GiB.
    fuzzer.args(["-timeout=10", "-rss_limit_mb=1024"]);
    let (well, said) = output(&mut fuzzer)?;
    if well {
        let done = said.lines().rfind(|line| line.starts_with("Done ")).unwrap_or_default();
        println!("{target}: {done}");
        return Ok(());
    }
    println!("{said}");
    Err(format!("Fuzzing {target} found something; the input is in {}.", found.display()))
}

/// The program of a target. Cargo puts it into a folder that is named after the machine.
fn program(target: &str) -> Result<PathBuf> {
    let folders = std::fs::read_dir(folder()).map_err(|error| error.to_string())?;
    let mut programs = folders.flatten().map(|entry| entry.path().join("debug").join(target));
    programs.find(|path| path.is_file()).ok_or_else(|| format!("{target} was not built"))
}

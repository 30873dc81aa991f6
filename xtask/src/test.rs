//! `cargo xtask test`: everything that is checked, step by step.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use torrpeddo_installer::package::PROGRAM;

use crate::Result;
use crate::build;
use crate::command::{cargo, command, npm, output, run, tools};
use crate::cross;
use crate::debian;
use crate::fuzz;
use crate::package::{self, Kind};
use crate::setup::{self, Browser};

/// Arguments of `cargo xtask test`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Only this step, and those given with further `--only`
    #[arg(long, value_name = "STEP")]
    only: Vec<String>,
    /// Lists the steps
    #[arg(long)]
    list: bool,
    /// Only the steps for Windows: cross-built, and run under Wine
    #[arg(long, conflicts_with = "macos")]
    windows: bool,
    /// Only the step for macOS: type-checked
    #[arg(long)]
    macos: bool,
    /// Only the steps for packages: installed on a fresh Debian, used and removed, as root
    #[arg(long, conflicts_with_all = ["windows", "macos"])]
    packages: bool,
}

impl Arguments {
    fn steps(&self) -> &'static [Step] {
        match self {
            Self { windows: true, .. } => WINDOWS_STEPS,
            Self { macos: true, .. } => MACOS_STEPS,
            Self { packages: true, .. } => PACKAGE_STEPS,
            _ => STEPS,
        }
    }
}

struct Step {
    name: &'static str,
    about: &'static str,
    run: fn() -> Result<Outcome>,
}

enum Outcome {
    Passed,
    /// Could not be asked, for this reason; not a failure.
    Skipped(String),
}

const STEPS: &[Step] = &[
    Step { name: "format", about: "rustfmt", run: format },
    Step { name: "clippy", about: "lints of all Rust code", run: clippy },
    Step { name: "deny", about: "licences, sources and bans of all crates", run: deny },
    Step { name: "advisories", about: "known vulnerabilities of crates", run: advisories },
    Step { name: "unit", about: "unit and property tests of all crates", run: unit },
    Step { name: "fuzz", about: "every fuzz target, for some seconds", run: fuzz },
    Step { name: "npm", about: "the extension's packages", run: packages },
    Step { name: "audit", about: "known vulnerabilities of npm packages", run: audit },
    Step { name: "lint", about: "eslint and prettier", run: lint },
    Step { name: "check", about: "svelte-check and tsc", run: check },
    Step { name: "vitest", about: "unit tests of the extension", run: vitest },
    Step { name: "extension", about: "the extension for both browsers", run: extension },
    Step { name: "web-ext", about: "web-ext lint", run: web_ext },
    Step { name: "peers", about: "libtorrent, transmission and ip, for the tests", run: peers },
    Step { name: "browsers", about: "Chromium, Firefox and their drivers", run: browsers },
    Step { name: "rpc", about: "the binary over stdio, end to end", run: rpc },
    Step { name: "browser", about: "real browsers, end to end", run: browser },
];

/// Not part of a plain test, because building the standard library and everything else once more
/// takes a quarter of an hour.
const WINDOWS_STEPS: &[Step] = &[
    Step { name: "win-build", about: "everything for Windows", run: windows_build },
    Step { name: "win-clippy", about: "lints of what is for Windows", run: windows_clippy },
    Step { name: "win-unit", about: "unit tests under Wine", run: windows_unit },
    Step { name: "win-run", about: "the program under Wine, end to end", run: windows_run },
];

const MACOS_STEPS: &[Step] =
    &[Step { name: "macos", about: "everything for macOS, type-checked", run: macos }];

/// Not part of a plain test, because they are for root, and a Debian has to be fetched first.
const PACKAGE_STEPS: &[Step] = &[
    Step { name: "extension", about: "the extension for both browsers", run: extension },
    Step { name: "peers", about: "libtorrent, transmission and ip, for the tests", run: peers },
    Step { name: "browsers", about: "Chromium, Firefox and their drivers", run: browsers },
    Step { name: "debian", about: "a fresh Debian 12 with browsers", run: fresh_debian },
    Step { name: "deb", about: "its package, installed, used and removed", run: deb },
    Step { name: "rpm", about: "the same by rpm, on this machine as it was", run: rpm },
    Step { name: "portable", about: "the same of the archive, for a user", run: portable },
];

/// Runs the steps one after the other. All of them run, also after a failure: one run tells all
/// that is wrong.
fn run_steps(arguments: &Arguments) -> Result {
    let began = Instant::now();
    let mut lines = Vec::new();
    let mut failed = Vec::new();
    for step in arguments.steps() {
        if !arguments.only.is_empty() && !arguments.only.iter().any(|only| only == step.name) {
            continue;
        }
        println!("\n=== {}: {}", step.name, step.about);
        let step_began = Instant::now();
        let outcome = (step.run)();
        let took = seconds(step_began.elapsed());
        let said = match outcome {
            Ok(Outcome::Passed) => "ok".into(),
            Ok(Outcome::Skipped(why)) => format!("skipped: {why}"),
            Err(why) => {
                failed.push(step.name);
                format!("FAILED: {why}")
            }
        };
        println!("--- {}: {said} ({took})", step.name);
        lines.push(format!("{:<12}{took:>9}  {said}", step.name));
    }
    println!("\n=== summary");
    lines.iter().for_each(|line| println!("{line}"));
    let took = seconds(began.elapsed());
    if failed.is_empty() {
        println!("{} steps passed in {took}", lines.len());
        return Ok(());
    }
    Err(format!("{} of {} steps failed in {took}: {}", failed.len(), lines.len(), failed.join(" ")))
}

/// Lists or runs the steps.
pub fn test(arguments: &Arguments) -> Result {
    for only in &arguments.only {
        if arguments.steps().iter().all(|step| step.name != only) {
            return Err(format!("There is no step {only}; `cargo xtask test --list` lists them."));
        }
    }
    if arguments.list {
        let steps = arguments.steps().iter();
        steps.for_each(|step| println!("{:<12}{}", step.name, step.about));
        return Ok(());
    }
    run_steps(arguments)
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

fn passed(done: Result) -> Result<Outcome> {
    done.map(|()| Outcome::Passed)
}

fn format() -> Result<Outcome> {
    run(cargo().args(["fmt", "--all", "--check"]))?;
    passed(run(cargo().args(["fmt", "--manifest-path", "tests/fuzz/Cargo.toml", "--check"])))
}

/// `rpc`, `browser` and `windows` are named because they are no part of a plain `cargo test`, and so of
/// `--tests`.
fn clippy() -> Result<Outcome> {
    passed(run(cargo()
        .args(["clippy", "--quiet", "--locked", "--workspace", "--all-features"])
        .args(["--lib", "--bins", "--tests", "--test", "rpc", "--test", "browser"])
        .args(["--test", "windows", "--", "-D", "warnings"])))
}

fn cargo_deny() -> Result<std::process::Command> {
    setup::cargo_install("cargo-deny", "0.20.2")?;
    let mut deny = command(tools().join("bin/cargo-deny"));
    deny.args(["--all-features", "--locked", "--log-level", "warn", "check"]);
    Ok(deny)
}

fn deny() -> Result<Outcome> {
    passed(run(cargo_deny()?.args(["--show-stats", "bans", "licenses", "sources"])))
}

/// The database of advisories is a repository on GitHub: a machine that cannot reach it can check
/// everything else.
fn advisories() -> Result<Outcome> {
    let (well, said) = output(cargo_deny()?.arg("advisories"))?;
    if well {
        return Ok(Outcome::Passed);
    }
    if said.contains("advisory database") || said.contains("failed to fetch") {
        return Ok(Outcome::Skipped("the advisory database cannot be reached from here".into()));
    }
    println!("{said}");
    Err("cargo deny found advisories".into())
}

fn unit() -> Result<Outcome> {
    let mut tests = cargo();
    tests.args(["test", "--quiet", "--locked", "--workspace", "--all-features"]);
    if !cfg!(target_os = "linux") {
        // What the end-to-end tests share knows Linux alone.
        tests.args(["--exclude", "torrpeddo-tests"]);
    }
    passed(run(&mut tests))
}

fn fuzz() -> Result<Outcome> {
    passed(fuzz::briefly())
}

fn packages() -> Result<Outcome> {
    passed(setup::node_modules())
}

/// Fails from `high` on. Not every registry answers audits.
fn audit() -> Result<Outcome> {
    setup::node_modules()?;
    let (_, said) = output(npm().args(["audit", "--json"]))?;
    let start = said.find('{').unwrap_or(said.len());
    let mut values = serde_json::Deserializer::from_str(&said[start..]).into_iter();
    let report: serde_json::Value = match values.next() {
        Some(Ok(report)) => report,
        _ => return Ok(Outcome::Skipped("npm audit gave no report".into())),
    };
    let Some(counts) = report.pointer("/metadata/vulnerabilities") else {
        return Ok(Outcome::Skipped("the registry answers no audits".into()));
    };
    println!("{counts}");
    let grave = ["high", "critical"].iter().filter_map(|level| counts[level].as_u64()).sum::<u64>();
    if grave == 0 {
        return Ok(Outcome::Passed);
    }
    run(npm().args(["audit", "--audit-level", "high"]))?;
    Err(format!("{grave} grave vulnerabilities"))
}

fn script(name: &str) -> Result<Outcome> {
    setup::node_modules()?;
    passed(run(npm().args(["run", "--silent", name])))
}

fn lint() -> Result<Outcome> {
    script("lint")
}

fn check() -> Result<Outcome> {
    script("check")
}

fn vitest() -> Result<Outcome> {
    script("test")
}

fn extension() -> Result<Outcome> {
    passed(build::extension())
}

fn web_ext() -> Result<Outcome> {
    script("lint:webext")
}

fn peers() -> Result<Outcome> {
    setup::libtorrent()?;
    setup::network()?;
    setup::message_bus()?;
    passed(setup::transmission())
}

fn browsers() -> Result<Outcome> {
    Browser::Chromium.provide()?;
    passed(Browser::Firefox.provide())
}

/// The end-to-end tests named `name`. Each of their programs waits far more than it computes, so
/// a few more of them than there are processors run at once.
fn end_to_end(name: &str, threads: &str) -> Result<Outcome> {
    build::programs()?;
    passed(run(cargo()
        .args(["test", "--quiet", "--locked", "--workspace", "--all-features"])
        .args(["--test", name, "--", "--test-threads", threads])
        .env("TORRPEDDO_TEST_PYTHON", setup::libtorrent()?)
        .env("TORRPEDDO_BIN", build::target().join("debug/torrpeddo"))))
}

fn rpc() -> Result<Outcome> {
    end_to_end("rpc", "4")
}

fn browser() -> Result<Outcome> {
    end_to_end("browser", "2")
}

fn fresh_debian() -> Result<Outcome> {
    passed(debian::fresh().map(drop))
}

/// The tests of a package, one after the other: each fills memory with what it installs and the
/// profile of a browser.
fn packaged(kind: Kind, name: &str, variable: Option<(&str, PathBuf)>) -> Result<Outcome> {
    let package = package::for_tests(kind)?;
    passed(run(cargo()
        .args(["test", "--quiet", "--locked", "--workspace", "--all-features", "--test", "browser"])
        .args([&format!("packaged::{name}"), "--", "--ignored", "--test-threads", "1"])
        .env("TORRPEDDO_TEST_PYTHON", setup::libtorrent()?)
        .env("TORRPEDDO_TEST_PACKAGE", package)
        .envs(variable)))
}

fn deb() -> Result<Outcome> {
    packaged(Kind::Deb, "deb", Some(("TORRPEDDO_TEST_DEBIAN", debian::fresh()?)))
}

fn rpm() -> Result<Outcome> {
    packaged(Kind::Rpm, "rpm", Some(("TORRPEDDO_BIN", Path::new("/").join(PROGRAM))))
}

fn portable() -> Result<Outcome> {
    packaged(Kind::Portable, "portable", None)
}

fn windows_build() -> Result<Outcome> {
    passed(cross::windows_build())
}

fn windows_clippy() -> Result<Outcome> {
    passed(cross::windows_clippy())
}

fn windows_unit() -> Result<Outcome> {
    passed(cross::windows_unit())
}

fn windows_run() -> Result<Outcome> {
    let setup = package::for_tests(Kind::Setup)?;
    passed(cross::windows_end_to_end(&setup))
}

fn macos() -> Result<Outcome> {
    passed(cross::macos())
}

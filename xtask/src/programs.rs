//! The demo and the benchmarks: programs of the tests crate, with everything they need.

use std::process::Command;

use crate::setup::Browser;
use crate::{Result, build, command, setup};

/// Arguments of `cargo xtask run`.
#[derive(clap::Args)]
pub struct RunArguments {
    /// No window: clicks the link itself and checks what comes of it. The default without a display
    #[arg(long)]
    headless: bool,
    /// The browser to open; an installed one when not given
    #[arg(long)]
    browser: Option<Browser>,
}

/// Shows the whole thing.
pub fn run(arguments: &RunArguments) -> Result {
    let browser = arguments.browser.unwrap_or_else(|| {
        let installed = [Browser::Chromium, Browser::Firefox, Browser::Chrome];
        installed.into_iter().find(|one| one.find().is_some()).unwrap_or(Browser::Chromium)
    });
    let display =
        ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
    browser.provide()?;
    let python = setup::libtorrent()?;
    build::extension()?;
    build::programs()?;
    let mut demo = Command::new(build::target().join("debug/demo"));
    demo.arg("--browser").arg(browser.name()).env("TORRPEDDO_TEST_PYTHON", python);
    if arguments.headless || !display {
        demo.arg("--headless");
    }
    become_program(demo)
}

/// Arguments of `cargo xtask bench`.
#[derive(clap::Args)]
pub struct BenchArguments {
    /// What the program takes: `cargo xtask bench -- --help`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Measures the relay, the engine and the extension: with the release binary, as people have it.
pub fn bench(arguments: &BenchArguments) -> Result {
    Browser::Chromium.provide()?;
    let python = setup::libtorrent()?;
    build::extension()?;
    setup::packages(&[
        ("qbittorrent-nox", command::find("qbittorrent-nox").is_some()),
        ("aria2", command::find("aria2c").is_some()),
    ])?;
    // In one go, so that librqbit is compiled once for both.
    command::run(
        command::cargo()
            .args(["build", "--release", "--locked"])
            .args(["--package", "torrpeddo", "--package", "torrpeddo-tests"])
            .args(["--bin", "torrpeddo", "--bin", "bare", "--bin", "bench"]),
    )?;
    let mut bench = Command::new(build::target().join("release/bench"));
    bench.args(&arguments.arguments).env("TORRPEDDO_TEST_PYTHON", python);
    bench.env("TORRPEDDO_BIN", build::target().join("release/torrpeddo"));
    become_program(bench)
}

/// Becomes the program, so that Ctrl-C reaches it alone and the terminal is given back only when
/// it has cleaned up.
#[cfg(unix)]
fn become_program(mut program: Command) -> Result {
    use std::os::unix::process::CommandExt;
    let error = program.exec();
    Err(format!("`{}` did not start: {error}", command::show(&program)))
}

#[cfg(not(unix))]
fn become_program(mut program: Command) -> Result {
    command::run(&mut program)
}

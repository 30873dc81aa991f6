//! Other systems from Linux: `cargo xtask test --windows` runs the program for Windows under Wine,
//! `cargo xtask test --macos` type-checks for macOS.
//!
//! Both need the standard library of that system. Debian has the sources of its own beside the
//! compiler that it builds its browsers with, and cargo compiles them like any other crate.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;
use crate::build::target;
use crate::command::{cargo, command, find, output, repository, run, tools};
use crate::setup;

/// What cargo calls them.
pub const WINDOWS: &str = "x86_64-pc-windows-gnu";
pub const MACOS: &str = "aarch64-apple-darwin";

/// What runs there. The tests' own programs are for Linux: they speak to its kernel, its packages and
/// its browsers.
const PACKAGES: [&str; 5] =
    ["--locked", "--workspace", "--all-features", "--exclude", "torrpeddo-tests"];

/// The C compiler for macOS, in a version that is known to work.
const ZIG: &str = "ziglang==0.17.1\n";

/// A cargo that builds for Windows.
pub fn windows_cargo() -> Result<Command> {
    setup::packages(&[("gcc-mingw-w64-x86-64-win32", find(MINGW).is_some())])?;
    cargo_for(WINDOWS)
}

/// Builds everything for Windows.
pub fn windows_build() -> Result {
    // With the tests: without them other features would be chosen, and everything built twice.
    run(windows_cargo()?.args(["build", "--quiet", "--all-targets"]).args(PACKAGES))
}

/// The program among it.
pub fn windows_program() -> PathBuf {
    folder().join(WINDOWS).join("debug/torrpeddo.exe")
}

/// Lints what is built for Windows. By the linter of that compiler: another one cannot read what it
/// has built.
pub fn windows_clippy() -> Result {
    let linter = rust()?.join("usr/bin/cargo-clippy");
    let mut clippy = build_for(command(linter), WINDOWS)?;
    clippy.args(["clippy", "--quiet", "--lib", "--bins", "--tests"]).args(PACKAGES);
    run(clippy.args(["--", "-D", "warnings"]))
}

/// The unit tests under Wine.
pub fn windows_unit() -> Result {
    let library = wine()?;
    let prefix = folder().join("wine");
    let mut tests = cargo_for(WINDOWS)?;
    // Wine looks for it where it would on Windows, and then beside the program.
    tests.args(["test", "--quiet", "--lib", "--bins"]).args(PACKAGES);
    tests.env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER", "wine").env("WINEPREFIX", prefix);
    tests.env("WINEPATH", library.parent().unwrap_or(&library));
    run(tests.env("WINEDEBUG", "-all").env("WINEDLLOVERRIDES", "mscoree,mshtml="))
}

/// The program and its installer end to end under Wine, with peers on this side of it.
pub fn windows_end_to_end(installer: &Path) -> Result {
    let library = wine()?;
    run(cargo()
        .args(["test", "--quiet", "--locked", "--workspace", "--all-features", "--test", "windows"])
        .env("TORRPEDDO_TEST_PYTHON", setup::libtorrent()?)
        .env("TORRPEDDO_TEST_WINE_DLL", library)
        .env("TORRPEDDO_TEST_SETUP", installer)
        .env("TORRPEDDO_BIN", windows_program()))
}

/// Type-checks everything for macOS.
pub fn macos() -> Result {
    let python = setup::python("zig", ZIG, "ziglang")?;
    let mut check = cargo_for(MACOS)?;
    check.args(["check", "--quiet", "--all-targets"]).args(PACKAGES);
    check.env("CC_aarch64_apple_darwin", repository().join("xtask/zig-cc.sh"));
    // Nothing of Apple's is needed for this; it would be searched for all the same.
    run(check.env("ZIG_PYTHON", python).env("SDKROOT", "/"))
}

const MINGW: &str = "x86_64-w64-mingw32-gcc";

/// Installs Wine, and makes the library that it lacks. Returns that library.
fn wine() -> Result<PathBuf> {
    setup::packages(&[
        ("gcc-mingw-w64-x86-64-win32", find(MINGW).is_some()),
        ("wine", find("wine").is_some()),
        ("wine64", Path::new("/usr/lib/wine/wine64").exists()),
    ])?;
    let library = folder().join("lib/bcryptprimitives.dll");
    std::fs::create_dir_all(folder().join("lib")).map_err(|error| error.to_string())?;
    run(command(MINGW)
        .args(["-shared", "-O1", "tests/wine/bcryptprimitives.c", "-ladvapi32", "-o"])
        .arg(&library))?;
    Ok(library)
}

/// Where this is built: the compiler is another one, and would build everything anew each time.
fn folder() -> PathBuf {
    target().join("cross")
}

/// A cargo that builds for another system.
fn cargo_for(system: &str) -> Result<Command> {
    build_for(cargo(), system)
}

/// Lets a cargo, or what runs one, build for another system, the standard library too.
fn build_for(mut cargo: Command, system: &str) -> Result<Command> {
    let rust = rust()?;
    let libraries = ["usr/lib/x86_64-linux-gnu", "usr/lib"].map(|folder| rust.join(folder));
    let libraries = std::env::join_paths(libraries).map_err(|error| error.to_string())?;
    cargo.env("RUSTC", rust.join("usr/bin/rustc")).env("LD_LIBRARY_PATH", libraries);
    // Building the standard library is not a feature of a stable compiler by its name.
    cargo.env("RUSTC_BOOTSTRAP", "1").env("CARGO_UNSTABLE_BUILD_STD", "std,panic_unwind");
    cargo.env("CARGO_BUILD_TARGET", system).env("CARGO_TARGET_DIR", folder());
    Ok(cargo)
}

/// Debian's Rust with the sources of its standard library, below `target/tools`: it is unpacked and
/// not installed, so that the machine's own stays the one that is found.
fn rust() -> Result<PathBuf> {
    let rust = tools().join("rust");
    if rust.join("usr/bin/cargo-clippy").exists() {
        return Ok(rust);
    }
    if find("apt-get").is_none() || find("dpkg-deb").is_none() {
        return Err("Building for other systems needs Debian 12 or a relative of it.".into());
    }
    println!("unpacking Debian's Rust into {}", rust.display());
    let new = tools().join("rust.new");
    let _ = std::fs::remove_dir_all(&new);
    std::fs::create_dir_all(&new).map_err(|error| format!("{}: {error}", new.display()))?;
    if fetch(&new, "rustc-web").is_err() {
        // The lists of a fresh machine are empty or old.
        setup::refresh_packages()?;
        fetch(&new, "rustc-web")?;
    }
    for name in ["libstd-rust-web-dev", "rust-web-src", "rust-web-clippy"] {
        fetch(&new, name)?;
    }
    // The compiler's own libraries have versions in their names.
    let standard = dependency(&new, "libstd-rust-web-dev", "libstd-rust-web-")?;
    fetch(&new, &standard)?;
    fetch(&new, &dependency(&new, &standard, "libllvm")?)?;
    link_sources(&new.join("usr"))?;
    for file in std::fs::read_dir(&new).map_err(|error| error.to_string())?.flatten() {
        // The packages themselves are of no use any more; a folder is no file, and stays.
        let _ = std::fs::remove_file(file.path());
    }
    let _ = std::fs::remove_dir_all(&rust);
    std::fs::rename(&new, &rust).map_err(|error| error.to_string())?;
    Ok(rust)
}

/// Fetches a package and unpacks it.
fn fetch(folder: &Path, name: &str) -> Result {
    run(command("apt-get").current_dir(folder).args(["-q", "download", name]))?;
    run(command("dpkg-deb").arg("-x").arg(package(folder, name)?).arg(folder))
}

/// The file of a package that was fetched.
fn package(folder: &Path, name: &str) -> Result<PathBuf> {
    let files = std::fs::read_dir(folder).map_err(|error| error.to_string())?;
    let begin = format!("{name}_");
    files
        .flatten()
        .find(|file| file.file_name().to_string_lossy().starts_with(&begin))
        .map(|file| file.path())
        .ok_or_else(|| format!("apt-get brought no {name}"))
}

/// What a package depends on that begins with `begin`.
fn dependency(folder: &Path, name: &str, begin: &str) -> Result<String> {
    let (_, said) =
        output(command("dpkg-deb").arg("--field").arg(package(folder, name)?).args(["Depends"]))?;
    said.split([',', '|'])
        .filter_map(|one| one.split_whitespace().next())
        .find(|one| one.starts_with(begin))
        .map(str::to_owned)
        .ok_or_else(|| format!("{name} needs no {begin}: this Debian is another one"))
}

/// Puts the sources where cargo looks for them.
fn link_sources(usr: &Path) -> Result {
    let sources = std::fs::read_dir(usr.join("src")).map_err(|error| error.to_string())?;
    let sources = sources.flatten().map(|entry| entry.file_name());
    let name = sources
        .filter_map(|name| name.to_str().map(str::to_owned))
        .find(|name| name.starts_with("rustc-"))
        .ok_or("rust-web-src has no sources")?;
    let place = usr.join("lib/rustlib/src");
    std::fs::create_dir_all(&place).map_err(|error| error.to_string())?;
    run(command("ln").args(["-sfn", &format!("../../../src/{name}")]).arg(place.join("rust")))
}

//! `cargo xtask package`: what people install, in `target/dist`.
//!
//! Two runs give the same bytes: times come from the last commit, lists are sorted, and the program
//! knows no path of the machine that built it. `--check` looks whether that is so.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use torrpeddo_installer::package::Package;

use crate::Result;
use crate::command::{command, output, repository};

mod archive;
mod bill;
mod check;
mod extension;
mod layout;
mod linux;
mod macos;
mod notices;
mod program;
mod rpm;
mod target;
mod windows;

/// Arguments of `cargo xtask package`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Only this package, and those given with further `--only`
    #[arg(long, value_name = "PACKAGE")]
    only: Vec<Kind>,
    /// With the program as the tests use it: soon built, and large
    #[arg(long)]
    debug: bool,
    /// Does everything twice, in different folders, and compares every byte
    #[arg(long)]
    check: bool,
}

/// A kind of package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// For Debian and its relatives
    Deb,
    /// For Fedora, openSUSE and their relatives
    Rpm,
    /// For every Linux, to be unpacked anywhere
    Portable,
    /// For Windows, to be unpacked anywhere
    Zip,
    /// The installer for Windows
    Setup,
    /// The installer for macOS
    Pkg,
    /// The extension for the stores, and its sources
    Extension,
    /// What is in the program and in the extension
    Bill,
}

impl Kind {
    /// What can be made on this system.
    fn all() -> &'static [Self] {
        if cfg!(windows) {
            &[Self::Zip]
        } else if cfg!(target_os = "macos") {
            &[Self::Pkg]
        } else {
            use Kind::{Bill, Deb, Extension, Portable, Rpm, Setup, Zip};
            &[Deb, Rpm, Portable, Zip, Setup, Extension, Bill]
        }
    }

    fn make(self, work: &Work) -> Result<Vec<PathBuf>> {
        match self {
            Self::Deb => linux::package(work, Package::Deb),
            Self::Rpm => linux::package(work, Package::Rpm),
            Self::Portable => linux::portable(work),
            Self::Zip => windows::zip(work),
            Self::Setup => windows::installer(work),
            Self::Pkg => macos::installer(work),
            Self::Extension => extension::zips(work),
            Self::Bill => bill::bills(work),
        }
    }
}

/// Makes packages.
pub fn package(arguments: &Arguments) -> Result {
    let kinds = if arguments.only.is_empty() { Kind::all() } else { &arguments.only };
    let work = Work::new(arguments.debug)?;
    let made = work.make(kinds)?;
    if arguments.check {
        check::check(&work, kinds, &made)?;
    }
    made.iter().for_each(|file| println!("{}", file.display()));
    Ok(())
}

/// A package for the tests, with the program as they use it. Returns its file.
pub fn for_tests(kind: Kind) -> Result<PathBuf> {
    let work = Work { dist: folder().join("tested"), ..Work::new(true)? };
    let made = work.make(&[kind])?;
    made.into_iter().next().ok_or_else(|| "No package was made.".into())
}

/// One run.
struct Work {
    debug: bool,
    /// Where the program is built, when it is not the tests' one.
    build: PathBuf,
    /// Where packages go.
    dist: PathBuf,
    /// The sources of the extension.
    extension: PathBuf,
    /// What every time in a package is, in seconds since 1970.
    time: u64,
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

impl Work {
    fn new(debug: bool) -> Result<Self> {
        let time = match std::env::var("SOURCE_DATE_EPOCH") {
            Ok(time) => time,
            Err(_) => last_commit()?,
        };
        let time = time.trim().parse().map_err(|_| format!("{time} is no time in seconds."))?;
        let build = folder().join("build");
        let dist = repository().join("target/dist");
        Ok(Self { debug, build, dist, extension: extension::folder(), time })
    }

    /// Makes packages in a folder that has no others in it.
    fn make(&self, kinds: &[Kind]) -> Result<Vec<PathBuf>> {
        new_folder(&self.dist)?;
        let mut made = Vec::new();
        for kind in kinds {
            println!("packing {kind:?}");
            made.extend(kind.make(self)?);
        }
        made.sort();
        made.push(self.checksums(&made)?);
        Ok(made)
    }

    /// Writes what `sha256sum --check` reads.
    fn checksums(&self, made: &[PathBuf]) -> Result<PathBuf> {
        let mut sums = String::new();
        for file in made {
            let hash = Sha256::digest(std::fs::read(file).map_err(|error| at(file, &error))?);
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            sums += &format!("{hash:x}  {name}\n");
        }
        let list = self.dist.join("SHA256SUMS");
        std::fs::write(&list, sums).map_err(|error| at(&list, &error))?;
        Ok(list)
    }
}

/// Where packages are put together. Always here: the manifest of cargo-deb names it.
fn folder() -> PathBuf {
    repository().join("target/package")
}

fn last_commit() -> Result<String> {
    match output(command("git").args(["log", "-1", "--format=%ct"]))? {
        (true, time) => Ok(time),
        (false, said) => Err(format!(
            "The time of the last commit is not known ({}). Set SOURCE_DATE_EPOCH.",
            said.trim()
        )),
    }
}

/// Makes a folder anew.
fn new_folder(folder: &Path) -> Result {
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(|error| at(folder, &error))?;
    }
    std::fs::create_dir_all(folder).map_err(|error| at(folder, &error))
}

/// Copies a file to a place whose folders need not be there.
fn copy(from: &Path, to: &Path) -> Result {
    let folder = to.parent().unwrap_or(to);
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::copy(from, to).map(drop))
        .map_err(|error| format!("{} to {}: {error}", from.display(), to.display()))
}

/// The sentence for what went wrong with a file.
fn at(path: &Path, error: &dyn std::fmt::Display) -> String {
    format!("{}: {error}", path.display())
}

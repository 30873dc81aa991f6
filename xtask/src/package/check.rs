//! Whether packages come out the same when they are made again.

use std::fs;
use std::path::PathBuf;

use super::{Kind, Work, at, extension, folder};
use crate::Result;

/// Makes everything again in other folders, the extension from the sources that were packed, and
/// compares it with what was made.
///
/// That finds times, orders, random numbers and paths in packages. What another compiler, another
/// system or other packaging tools would make of it is not asked.
pub fn check(work: &Work, kinds: &[Kind], made: &[PathBuf]) -> Result {
    let again = Work {
        debug: work.debug,
        build: folder().join("build-again"),
        dist: folder().join("dist-again"),
        extension: folder().join("sources"),
        time: work.time,
    };
    if kinds.contains(&Kind::Extension) {
        extension::unpack_sources(work, &again.extension)?;
    }
    if work.debug {
        println!("packing again; the program of the tests is not built again");
    } else {
        println!("building and packing again");
    }
    let others = again.make(kinds)?;
    if others.len() != made.len() {
        return Err(format!("There were {} files, and now {}.", made.len(), others.len()));
    }
    let mut different = Vec::new();
    for (one, other) in made.iter().zip(&others) {
        let read = |path: &PathBuf| fs::read(path).map_err(|error| at(path, &error));
        let name = one.file_name().unwrap_or_default().to_string_lossy();
        let same = one.file_name() == other.file_name() && read(one)? == read(other)?;
        println!("{} {name}", if same { "same     " } else { "DIFFERENT" });
        if !same {
            different.push(name.into_owned());
        }
    }
    if different.is_empty() {
        return Ok(());
    }
    let (here, there) = (work.dist.display(), again.dist.display());
    Err(format!("Not the same in {here} and {there}: {}.", different.join(", ")))
}

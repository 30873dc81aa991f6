//! The licences of what others wrote and what is in the program.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::at;
use super::target::Target;
use crate::Result;
use crate::command::{cargo, json, output};

/// What they are called in a package.
const FILE: &str = "third-party-licences.txt";

const INTRODUCTION: &str = "\
The crates that are in Torrpeddo besides its own code, with their licences, and the texts that came with
them. A few came without one.
";

/// A crate of the registry.
struct Crate {
    /// Its name and its version.
    title: String,
    /// As SPDX writes licences.
    licence: String,
    folder: PathBuf,
}

/// Puts them into a folder.
pub fn write(target: &Target, folder: &Path) -> Result {
    let (file, text) = (folder.join(FILE), notices(&crates(target)?)?);
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&file, text))
        .map_err(|error| at(&file, &error))
}

/// Every crate of others that is compiled into the program.
fn crates(target: &Target) -> Result<Vec<Crate>> {
    // Nothing that only builds or tests it.
    let (well, tree) =
        output(cargo().args(["tree", "--locked", "--quiet", "--package=torrpeddo"]).args([
            "--edges=normal,no-proc-macro",
            "--prefix=none",
            "--format={p}",
            "--target",
            &target.triple,
        ]))?;
    if !well {
        return Err(tree);
    }
    let title = |line: &str| {
        let mut words = line.split_whitespace();
        Some(format!("{} {}", words.next()?, words.next()?.trim_start_matches('v')))
    };
    let titles: BTreeSet<String> = tree.lines().filter_map(title).collect();
    let metadata = json(cargo().args(["metadata", "--locked", "--format-version=1"]))?;
    let mut crates = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let member = |name: &str| package[name].as_str().unwrap_or_default();
        let title = format!("{} {}", member("name"), member("version"));
        // Our own have no source.
        if !package["source"].is_null() && titles.contains(&title) {
            let folder = Path::new(member("manifest_path")).with_file_name("");
            crates.push(Crate { title, licence: member("license").to_owned(), folder });
        }
    }
    crates.sort_by(|one, other| one.title.cmp(&other.title));
    Ok(crates)
}

/// Every crate with its licence, and every text once, after those that came with it.
fn notices(crates: &[Crate]) -> Result<String> {
    let mut text = format!("{INTRODUCTION}\n");
    // Hundreds came with the same, but for how its lines are broken.
    let mut texts: BTreeMap<String, (Vec<&str>, String)> = BTreeMap::new();
    for one in crates {
        text += &format!("    {}, {}\n", one.title, one.licence);
        for licence in licences(&one.folder)? {
            let words = licence.split_whitespace().collect::<Vec<_>>().join(" ");
            texts.entry(words).or_insert_with(|| (Vec::new(), licence)).0.push(&one.title);
        }
    }
    let mut texts: Vec<_> = texts.into_values().collect();
    texts.sort();
    for (titles, licence) in texts {
        let rule = "-".repeat(80);
        text += &format!("\n{rule}\n{}\n{rule}\n\n{}\n", titles.join(", "), licence.trim_end());
    }
    Ok(text)
}

/// The texts that came with a crate.
fn licences(folder: &Path) -> Result<Vec<String>> {
    let begins = ["licen", "copying", "copyright", "notice", "unlicense"];
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .map_err(|error| at(folder, &error))?
        .flatten()
        .filter(|entry| {
            let name = entry.file_name().to_string_lossy().to_lowercase();
            begins.iter().any(|begin| name.starts_with(begin)) && entry.path().is_file()
        })
        .map(|entry| entry.path())
        .collect();
    files.sort();
    let read = |file: PathBuf| {
        let text = std::fs::read_to_string(&file).map_err(|error| at(&file, &error))?;
        Ok(text.replace("\r\n", "\n"))
    };
    files.into_iter().map(read).collect()
}

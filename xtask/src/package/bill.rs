//! Bills of materials: what is in the program and in the extension, as CycloneDX says it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::target::Target;
use super::{VERSION, Work, at};
use crate::command::{cargo, command, json, npm, repository, run, tools};
use crate::{Result, build, setup};

/// Makes all of them: the program needs other crates on other systems.
pub fn bills(work: &Work) -> Result<Vec<PathBuf>> {
    setup::cargo_install("cargo-cyclonedx", "0.5.9")?;
    let mut made = vec![of_extension(work)?];
    for target in [Target::linux(), Target::windows(), Target::macos()] {
        made.push(of_program(work, &target)?);
    }
    Ok(made)
}

fn of_program(work: &Work, target: &Target) -> Result<PathBuf> {
    let done = run(command(tools().join("bin/cargo-cyclonedx"))
        .args(["cyclonedx", "--quiet", "--format", "json", "--spec-version", "1.5"])
        .args(["--no-build-deps", "--target", &target.triple])
        .args(["--manifest-path", "host/torrpeddo/Cargo.toml", "--override-filename", NAME])
        .env("SOURCE_DATE_EPOCH", work.time.to_string()));
    // It writes one beside the manifest of every crate of the workspace.
    let bill = done.and_then(|()| take(&repository().join("host/torrpeddo")));
    for folder in crates()? {
        let _ = std::fs::remove_file(folder.join(NAME).with_extension("json"));
    }
    write(work, &target.name, bill?)
}

/// A name that nothing else has.
const NAME: &str = "torrpeddo-bill";

fn take(folder: &Path) -> Result<Value> {
    read(&folder.join(NAME).with_extension("json"))
}

fn read(file: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(file).map_err(|error| at(file, &error))?;
    serde_json::from_str(&text).map_err(|error| at(file, &error))
}

/// The folders of the workspace's crates.
fn crates() -> Result<Vec<PathBuf>> {
    let metadata =
        json(cargo().args(["metadata", "--locked", "--no-deps", "--format-version", "1"]))?;
    let packages = metadata["packages"].as_array().cloned().unwrap_or_default();
    let manifests = packages.iter().filter_map(|package| package["manifest_path"].as_str());
    Ok(manifests.filter_map(|path| Some(Path::new(path).parent()?.to_owned())).collect())
}

/// What npm knows of the packages that are in it, of all that it is built with.
fn of_extension(work: &Work) -> Result<PathBuf> {
    build::extension()?;
    let mut packages = Vec::new();
    for browser in ["chrome", "firefox"] {
        let file = format!("extension/.output/packages-{browser}.json");
        packages.extend(read(&repository().join(file))?.as_array().cloned().unwrap_or_default());
    }
    let mut bill = json(npm().args(["sbom", "--sbom-format", "cyclonedx"]))?;
    let own = bill["metadata"]["component"]["bom-ref"].clone();
    for (list, reference) in [("components", "bom-ref"), ("dependencies", "ref")] {
        if let Some(entries) = bill[list].as_array_mut() {
            entries.retain(|entry| entry[reference] == own || packages.contains(&entry[reference]));
            for one in entries.iter_mut().filter_map(|entry| entry["dependsOn"].as_array_mut()) {
                one.retain(|other| packages.contains(other));
            }
        }
    }
    // Random, and the time of day.
    if let Some(members) = bill.as_object_mut() {
        members.remove("serialNumber");
    }
    if let Some(metadata) = bill["metadata"].as_object_mut() {
        metadata.remove("timestamp");
    }
    write(work, "extension", bill)
}

/// Writes a bill, without the path of the repository on this machine.
fn write(work: &Work, of: &str, bill: Value) -> Result<PathBuf> {
    let text = serde_json::to_string_pretty(&bill).map_err(|error| error.to_string())?;
    let text = text.replace(&*repository().to_string_lossy(), "/torrpeddo");
    let file = work.dist.join(format!("torrpeddo-{VERSION}-{of}.cdx.json"));
    std::fs::write(&file, text + "\n").map_err(|error| at(&file, &error))?;
    Ok(file)
}

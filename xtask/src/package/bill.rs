//! Bills of materials: what is in the program and in the extension, as CycloneDX says it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{VERSION, Work, at};
use crate::Result;
use crate::command::{cargo, command, npm, output, repository, run, tools};
use crate::setup;

/// Makes both.
pub fn bills(work: &Work) -> Result<Vec<PathBuf>> {
    Ok(vec![of_program(work)?, of_extension(work)?])
}

fn of_program(work: &Work) -> Result<PathBuf> {
    setup::cargo_install("cargo-cyclonedx", "0.5.9")?;
    run(command(tools().join("bin/cargo-cyclonedx"))
        .args(["cyclonedx", "--quiet", "--format", "json", "--no-build-deps"])
        .args(["--manifest-path", "host/torrpeddo/Cargo.toml"])
        .args(["--override-filename", NAME])
        .env("SOURCE_DATE_EPOCH", work.time.to_string()))?;
    // It writes one beside the manifest of every crate of the workspace.
    let bill = take(&repository().join("host/torrpeddo"))?;
    for folder in crates()? {
        let _ = std::fs::remove_file(folder.join(NAME).with_extension("json"));
    }
    write(work, "program", bill)
}

/// A name that nothing else has.
const NAME: &str = "torrpeddo-bill";

fn take(folder: &Path) -> Result<Value> {
    let file = folder.join(NAME).with_extension("json");
    let text = std::fs::read_to_string(&file).map_err(|error| at(&file, &error))?;
    serde_json::from_str(&text).map_err(|error| at(&file, &error))
}

/// The folders of the workspace's crates.
fn crates() -> Result<Vec<PathBuf>> {
    let metadata =
        json(cargo().args(["metadata", "--locked", "--no-deps", "--format-version", "1"]))?;
    let packages = metadata["packages"].as_array().cloned().unwrap_or_default();
    let manifests = packages.iter().filter_map(|package| package["manifest_path"].as_str());
    Ok(manifests.filter_map(|path| Some(Path::new(path).parent()?.to_owned())).collect())
}

/// The packages that it is built with are those that are in it.
fn of_extension(work: &Work) -> Result<PathBuf> {
    setup::node_modules()?;
    let mut bill = json(npm().args(["sbom", "--sbom-format", "cyclonedx"]))?;
    // Random, and the time of day.
    if let Some(members) = bill.as_object_mut() {
        members.remove("serialNumber");
    }
    if let Some(metadata) = bill["metadata"].as_object_mut() {
        metadata.remove("timestamp");
    }
    write(work, "extension", bill)
}

fn json(program: &mut std::process::Command) -> Result<Value> {
    let (well, said) = output(program.stderr(std::process::Stdio::null()))?;
    if !well {
        return Err(said);
    }
    serde_json::from_str(&said).map_err(|error| error.to_string())
}

/// Writes a bill, without the path of the repository on this machine.
fn write(work: &Work, of: &str, bill: Value) -> Result<PathBuf> {
    let text = serde_json::to_string_pretty(&bill).map_err(|error| error.to_string())?;
    let text = text.replace(&*repository().to_string_lossy(), "/torrpeddo");
    let file = work.dist.join(format!("torrpeddo-{VERSION}-{of}.cdx.json"));
    std::fs::write(&file, text + "\n").map_err(|error| at(&file, &error))?;
    Ok(file)
}

//! One registration: a manifest, and what a browser needs besides to find and to use it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use torrpeddo_protocol::HOST_NAME;

use crate::browsers::{Family, Location, Place, Sandbox, Scope};
use crate::environment::Environment;
use crate::manifest::{self, Found, Manifest};
use crate::{made_folders, registry, sandbox};

/// Where a manifest is, or shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// Which manifest.
    pub family: Family,
    /// Its file.
    pub file: PathBuf,
    /// The registry key that names the file, where the browser reads one.
    pub key: Option<(Scope, String)>,
    /// The script that leads out of the browser's sandbox, where it needs one.
    script: Option<PathBuf>,
}

/// The bytes of everything that makes a registration.
#[derive(Debug)]
pub struct Contents {
    manifest: Vec<u8>,
    script: Option<String>,
}

impl Registration {
    /// The one of a place.
    #[must_use]
    pub fn at(environment: &Environment, family: Family, place: &Place) -> Self {
        let key = match place.location {
            Location::Folder(_) => None,
            Location::Registry { key, .. } => {
                let key = format!(r"{}\{HOST_NAME}", environment.registry_key(key));
                Some((place.scope, key))
            }
        };
        let script = match place.sandbox {
            Some(Sandbox::Flatpak(id)) => Some(sandbox::script_path(environment, id)),
            _ => None,
        };
        let folder = place.location.folder().in_environment(environment);
        let file = manifest::file_in(&folder);
        Self { family, file, key, script }
    }

    /// The one in a folder that somebody named.
    #[must_use]
    pub fn in_folder(family: Family, folder: &Path) -> Self {
        let file = manifest::file_in(folder);
        Self { family, file, key: None, script: None }
    }

    /// What it shall say.
    ///
    /// # Errors
    /// When the program's path is not UTF-8, which JSON cannot hold.
    pub fn wanted(&self, environment: &Environment) -> io::Result<Contents> {
        let program = self.script.as_ref().unwrap_or(&environment.binary);
        let manifest = Manifest::ours(self.family, program).to_bytes()?;
        let script = self.script.is_some().then(|| sandbox::script(&environment.binary)).flatten();
        Ok(Contents { manifest, script })
    }

    /// What the browser finds.
    #[must_use]
    pub fn look(&self) -> Found {
        let Some((scope, key)) = &self.key else { return manifest::look_at(&self.file) };
        match registry::read(*scope, key, "").map(|named| named.map(PathBuf::from)) {
            Ok(None) => Found::Nothing,
            Ok(Some(named)) if named == self.file => manifest::look_at(&self.file),
            // One of ours that lies elsewhere is to be written anew, here.
            Ok(Some(named)) => match manifest::look_at(&named) {
                Found::Ours(manifest, _) => Found::Ours(manifest, Vec::new()),
                Found::Nothing => Found::Nothing,
                other => other,
            },
            Err(error) => Found::Unreadable(error.to_string()),
        }
    }

    /// The program that is started in the end by what was found.
    #[must_use]
    pub fn leads_to(&self, found: &Manifest) -> PathBuf {
        let script = self.script.as_ref().filter(|script| **script == found.path);
        script
            .and_then(|script| sandbox::script_target(&fs::read_to_string(script).ok()?))
            .unwrap_or_else(|| found.path.clone())
    }

    /// Whether what was found is just as it shall be.
    #[must_use]
    pub fn is_current(&self, bytes: &[u8], wanted: &Contents) -> bool {
        let script = self.script.as_ref().map(|script| fs::read_to_string(script).ok());
        bytes == wanted.manifest && script.flatten() == wanted.script
    }

    /// Writes it: last what makes the browser see it.
    ///
    /// # Errors
    /// When something cannot be written; then the browser sees what it saw before.
    pub fn write(&self, environment: &Environment, wanted: &Contents) -> io::Result<()> {
        let files: Vec<&Path> =
            self.script.iter().chain([&self.file]).map(PathBuf::as_path).collect();
        let is_new = |file: &&&Path| fs::symlink_metadata(file).is_err();
        let new: Vec<&Path> = files.iter().filter(is_new).copied().collect();
        let written = made_folders::noting(environment, &files, || self.write_files(wanted));
        if written.is_err() {
            // Half of it is of no use.
            for file in new {
                let _ = fs::remove_file(file);
            }
            made_folders::tidy(environment);
        }
        written
    }

    fn write_files(&self, wanted: &Contents) -> io::Result<()> {
        if let (Some(path), Some(script)) = (&self.script, &wanted.script) {
            manifest::write(path, script.as_bytes(), true)?;
        }
        manifest::write(&self.file, &wanted.manifest, false)?;
        let Some((scope, key)) = &self.key else { return Ok(()) };
        let file = self.file.to_str().ok_or(io::ErrorKind::InvalidInput)?;
        registry::write(*scope, key, "", file)
    }

    /// Takes it back: first what makes the browser see it.
    ///
    /// # Errors
    /// When something cannot be removed.
    pub fn remove(&self) -> io::Result<()> {
        if let Some((scope, key)) = &self.key {
            registry::remove(*scope, key)?;
        }
        match fs::remove_file(&self.file) {
            // A key may have named one that lay elsewhere.
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.key.is_some() => {}
            removed => removed?,
        }
        if let Some(script) = &self.script {
            let _ = fs::remove_file(script);
        }
        Ok(())
    }
}

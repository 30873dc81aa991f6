//! Native manifests: what they say, whose they are, and how they are written.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use torrpeddo_protocol::{CHROMIUM_ID, FIREFOX_ID, HOST_NAME};

use crate::browsers::Family;

/// Nobody's manifest is longer.
const LONGEST: u64 = 64 * 1024;

/// A native manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The name of the host.
    pub name: String,
    /// For people.
    #[serde(default)]
    pub description: String,
    /// The program.
    pub path: PathBuf,
    /// Always `stdio`.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// Firefox: the add-ons that may use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_extensions: Option<Vec<String>>,
    /// Chromium: the extensions that may use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_origins: Option<Vec<String>>,
}

impl Manifest {
    /// Ours, for a browser of this family. One file cannot serve both: Firefox refuses a manifest
    /// that has `allowed_origins`.
    #[must_use]
    pub fn ours(family: Family, binary: &Path) -> Self {
        let allowed = |wanted: Family, id: String| (family == wanted).then(|| vec![id]);
        Self {
            name: HOST_NAME.into(),
            description: "Torrpeddo, a torrent client that lives in the browser".into(),
            path: binary.to_owned(),
            kind: "stdio".into(),
            allowed_extensions: allowed(Family::Firefox, FIREFOX_ID.into()),
            allowed_origins: allowed(
                Family::Chromium,
                format!("chrome-extension://{CHROMIUM_ID}/"),
            ),
        }
    }

    /// The bytes of the file.
    ///
    /// # Errors
    /// When the program's path is not UTF-8, which JSON cannot hold.
    pub fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec_pretty(self).map_err(|_| {
            io::Error::new(io::ErrorKind::InvalidInput, "the program's path is not UTF-8")
        })?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Whether this manifest names a program of ours.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        let program = self.path.file_stem().and_then(|stem| stem.to_str());
        self.name == HOST_NAME && program == Some("torrpeddo")
    }

    /// Whether our extension may use it from a browser of this family.
    #[must_use]
    pub fn admits_us(&self, family: Family) -> bool {
        let ours = Self::ours(family, &self.path);
        let admits = |theirs: &Option<Vec<String>>, ours: &Option<Vec<String>>| match (theirs, ours)
        {
            (Some(theirs), Some(ours)) => ours.iter().all(|id| theirs.contains(id)),
            (None, Some(_)) => false,
            (_, None) => true,
        };
        // Firefox does not read a manifest with Chromium's member.
        let readable = family != Family::Firefox || self.allowed_origins.is_none();
        readable
            && self.kind == "stdio"
            && admits(&self.allowed_extensions, &ours.allowed_extensions)
            && admits(&self.allowed_origins, &ours.allowed_origins)
    }
}

/// The file in a folder of manifests.
#[must_use]
pub fn file_in(folder: &Path) -> PathBuf {
    folder.join(format!("{HOST_NAME}.json"))
}

/// What is at a manifest's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// A manifest of ours, perhaps of another installation or version, and its bytes.
    Ours(Box<Manifest>, Vec<u8>),
    /// Something that is not ours; why one thinks so.
    NotOurs(String),
    /// It cannot be said.
    Unreadable(String),
}

/// Looks at a manifest's place.
#[must_use]
pub fn look_at(path: &Path) -> Found {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Found::Nothing,
        Err(error) => return Found::Unreadable(error.to_string()),
    };
    if metadata.is_symlink() {
        return Found::NotOurs("it is a symbolic link".into());
    }
    if !metadata.is_file() {
        return Found::NotOurs("it is no file".into());
    }
    if metadata.len() > LONGEST {
        return Found::NotOurs("it is too long for a manifest".into());
    }
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => return Found::Unreadable(error.to_string()),
    };
    match serde_json::from_slice::<Manifest>(&bytes) {
        Ok(manifest) if manifest.is_ours() => Found::Ours(Box::new(manifest), bytes),
        Ok(manifest) => Found::NotOurs(format!("it names {}", manifest.path.display())),
        Err(error) => Found::NotOurs(format!("it is damaged: {error}")),
    }
}

/// Writes a file in one step: a browser, or a cut of the power, sees the old one or the new one.
/// Everybody may read it, and start it where it is `executable`, whatever the user's umask is: a
/// manifest for the whole machine is no use otherwise.
///
/// # Errors
/// When the folder or the file cannot be written; then nothing has changed.
pub fn write(path: &Path, bytes: &[u8], executable: bool) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let made: Vec<&Path> = folder.ancestors().take_while(|folder| !folder.exists()).collect();
    let new = folder.join(format!(".{HOST_NAME}.{}.new", std::process::id()));
    let result = fs::create_dir_all(folder)
        .and_then(|()| write_new(&new, bytes, executable))
        .and_then(|()| fs::rename(&new, path));
    if result.is_err() {
        let _ = fs::remove_file(&new);
        for folder in made {
            let _ = fs::remove_dir(folder);
        }
    }
    result
}

fn write_new(path: &Path, bytes: &[u8], executable: bool) -> io::Result<()> {
    let mut file = fs::File::create_new(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = if executable { 0o755 } else { 0o644 };
        file.set_permissions(fs::Permissions::from_mode(mode))?;
    }
    #[cfg(not(unix))]
    let _ = executable;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_admits_one_family_only() {
        let binary = Path::new("/usr/bin/torrpeddo");
        for (family, other) in
            [(Family::Firefox, Family::Chromium), (Family::Chromium, Family::Firefox)]
        {
            let manifest = Manifest::ours(family, binary);
            assert!(manifest.is_ours());
            assert!(manifest.admits_us(family));
            assert!(!manifest.admits_us(other));
            let json: serde_json::Value =
                serde_json::from_slice(&manifest.to_bytes().unwrap()).unwrap();
            assert_eq!(json["type"], "stdio");
            assert_eq!(json["name"], "org.torrpeddo.host");
            let lists = ["allowed_extensions", "allowed_origins"].map(|list| json.get(list));
            assert_eq!(lists.iter().flatten().count(), 1);
        }
        let mut both = Manifest::ours(Family::Firefox, binary);
        both.allowed_origins = Some(vec![]);
        assert!(!both.admits_us(Family::Firefox));
    }

    #[test]
    fn what_is_not_ours_is_known_as_such() {
        let dir = tempfile::tempdir().unwrap();
        let path = file_in(dir.path());
        let says = |text: &str, expected: &str| {
            fs::write(&path, text).unwrap();
            let found = look_at(&path);
            assert!(
                matches!(&found, Found::NotOurs(reason) if reason.contains(expected)),
                "{text}: {found:?}"
            );
        };
        says("", "damaged");
        says("{\"name\":", "damaged");
        says(r#"{"name": "org.torrpeddo.host", "path": "/opt/other"}"#, "/opt/other");
        says(r#"{"name": "org.example", "path": "/usr/bin/torrpeddo"}"#, "names");
        says(&" ".repeat(70_000), "too long");
        fs::remove_file(&path).unwrap();
        assert_eq!(look_at(&path), Found::Nothing);
        fs::create_dir(&path).unwrap();
        assert_eq!(look_at(&path), Found::NotOurs("it is no file".into()));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let real = dir.path().join("real");
        let ours = Manifest::ours(Family::Firefox, Path::new("/x/torrpeddo")).to_bytes().unwrap();
        fs::write(&real, ours).unwrap();
        std::os::unix::fs::symlink(&real, file_in(dir.path())).unwrap();
        assert!(matches!(look_at(&file_in(dir.path())), Found::NotOurs(_)));
    }

    #[test]
    fn a_failed_write_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = file_in(dir.path());
        fs::create_dir(&path).unwrap();
        assert!(write(&path, b"{}", false).is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}

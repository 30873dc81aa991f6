//! A machine in a temporary folder, for tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::browsers::Scope;
use crate::environment::{Environment, System};
use crate::package::{Package, lay_out_manifests};
use crate::registry;

/// A part of the registry that only this machine has.
fn registry_of(dir: &Path) -> String {
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    format!(r"Software\Torrpeddo tests\{name}")
}

/// A machine with one user and one program.
pub struct Machine {
    pub dir: tempfile::TempDir,
    pub environment: Environment,
}

impl Machine {
    /// A Linux machine on which these are in the user's home.
    pub fn new(folders: &[&str]) -> Self {
        let machine = Self::of(System::Linux);
        for folder in folders {
            fs::create_dir_all(machine.environment.home.join(folder)).unwrap();
        }
        machine
    }

    pub fn of(system: System) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("home");
        let environment = Environment {
            system,
            config: home.join(".config"),
            local: home.join(".local/share"),
            root: dir.path().join("root"),
            binary: dir.path().join("bin/torrpeddo"),
            registry: registry_of(dir.path()),
            data: home.join(match system {
                System::Windows => ".local/share/Torrpeddo/data",
                System::Linux | System::Macos => ".local/share/torrpeddo",
            }),
            home,
        };
        fs::create_dir_all(&environment.home).unwrap();
        let machine = Self { dir, environment };
        machine.program("bin/torrpeddo");
        machine
    }

    /// Makes a program at a path below the machine.
    pub fn program(&self, path: &str) -> PathBuf {
        let path = self.dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        path
    }

    /// Installs a package, and makes its program the one of this machine.
    pub fn package(&mut self, package: Package) {
        self.environment.binary = self.program("root/usr/bin/torrpeddo");
        package.lay_out(&self.environment.root).unwrap();
        // The root of a test is a folder: the manifests are to name the program in it.
        let Environment { system, root, binary, .. } = &self.environment;
        lay_out_manifests(*system, root, binary).unwrap();
    }

    /// The same user with another program.
    pub fn with_program(&self, binary: PathBuf) -> Environment {
        Environment { binary, ..self.environment.clone() }
    }

    /// Every path on the machine and what is in it, for comparing.
    pub fn tree(&self) -> BTreeSet<(PathBuf, Vec<u8>)> {
        fn walk(folder: &Path, paths: &mut BTreeSet<(PathBuf, Vec<u8>)>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() && !path.is_symlink() {
                    walk(&path, paths);
                }
                let content = fs::read(&path).unwrap_or_default();
                paths.insert((path, content));
            }
        }
        let mut paths = BTreeSet::new();
        walk(self.dir.path(), &mut paths);
        paths
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // Fails where there is none.
        let _ = registry::remove(Scope::User, &self.environment.registry);
    }
}

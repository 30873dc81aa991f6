//! Browsers in sandboxes: how a Flatpak reaches a program of the system, and what has to be allowed.

use std::path::{Path, PathBuf};

use torrpeddo_protocol::HOST_NAME;

use crate::environment::Environment;

/// The bus name by which a Flatpak starts programs of the system.
const SPAWNER: &str = "org.freedesktop.Flatpak";

/// What a Flatpak starts in our place. A program of the system cannot be run inside, and an engine
/// that was started there would end with the browser.
#[must_use]
pub fn script_path(environment: &Environment, id: &str) -> PathBuf {
    environment.home.join(".var/app").join(id).join("data/torrpeddo/torrpeddo")
}

/// The script that leads out to `binary`; `None` where the path is not UTF-8.
#[must_use]
pub fn script(binary: &Path) -> Option<String> {
    let quoted = binary.to_str()?.replace('\'', r"'\''");
    Some(format!(
        "#!/bin/sh\n# Written by `torrpeddo install`: leads out of the browser's sandbox.\n\
         program='{quoted}'\nexec flatpak-spawn --host --watch-bus \"$program\" \"$@\"\n"
    ))
}

/// The program that a script of ours leads to.
#[must_use]
pub fn script_target(script: &str) -> Option<PathBuf> {
    let line =
        script.lines().find_map(|line| line.strip_prefix("program='")?.strip_suffix('\''))?;
    Some(line.replace(r"'\''", "'").into())
}

/// Whether the user, or the administrator, lets this Flatpak start programs of the system.
#[must_use]
pub fn may_spawn(environment: &Environment, id: &str) -> bool {
    let user = environment.local.join("flatpak/overrides");
    let system = environment.root.join("var/lib/flatpak/overrides");
    [user, system].iter().any(|folder| {
        let text = std::fs::read_to_string(folder.join(id)).unwrap_or_default();
        text.lines().any(|line| {
            line.split_once('=').is_some_and(|(name, policy)| {
                name.trim() == SPAWNER && ["talk", "own"].contains(&policy.trim())
            })
        })
    })
}

/// How the user allows it, and what that means.
#[must_use]
pub fn allow(id: &str) -> String {
    format!(
        "Allow it to start this program, and with it any other, then restart the browser: \
         flatpak override --user --talk-name={SPAWNER} {id}"
    )
}

/// Of a browser that starts nothing, whatever is allowed.
#[must_use]
pub fn cannot_start(title: &str) -> String {
    format!("{title} cannot start programs of this system.")
}

/// What to do about that.
#[must_use]
pub fn take_another(title: &str) -> String {
    format!("Install {title} from another source than the Snap store.")
}

/// What the desktop's portal was told about a Snap and our host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortalPermission {
    /// It asks the user at the first use.
    Unset,
    /// Allowed.
    Granted,
    /// Refused, once and for all.
    Denied,
}

/// The arguments of `flatpak` that list what the portal was told, one line each.
pub const LIST_PERMISSIONS: &[&str] = &["permissions", "webextensions"];

/// The arguments of `flatpak` that let a Snap start our host.
#[must_use]
pub fn grant_arguments(snap: &str) -> [String; 5] {
    let words = ["permission-set", "webextensions", HOST_NAME, &format!("snap.{snap}"), "yes"];
    words.map(str::to_owned)
}

/// Reads the answer to [`LIST_PERMISSIONS`].
#[must_use]
pub fn read_permissions(listed: &str, snap: &str) -> PortalPermission {
    let app = format!("snap.{snap}");
    let policy = listed.lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let place = words.windows(2).position(|pair| pair == [HOST_NAME, &app])?;
        words.get(place + 2).copied()
    });
    match policy {
        Some("yes") => PortalPermission::Granted,
        Some("no") => PortalPermission::Denied,
        _ => PortalPermission::Unset,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_says_where_it_leads() {
        for path in ["/usr/bin/torrpeddo", "/home/it's me/b in/torrpeddo"] {
            assert_eq!(script_target(&script(Path::new(path)).unwrap()).unwrap(), Path::new(path));
        }
        assert_eq!(script_target("#!/bin/sh\n"), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_shell_reads_the_script_as_it_is_meant() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("torrpeddo");
        // Stands in for the one of the sandbox: says what it was given.
        let spawn = dir.path().join("flatpak-spawn");
        std::fs::write(&spawn, "#!/bin/sh\nfor word; do echo \"<$word>\"; done\n").unwrap();
        std::fs::write(&path, script(Path::new("/a 'b'/torrpeddo")).unwrap()).unwrap();
        for file in [&spawn, &path] {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        let search = format!("{}:/usr/bin:/bin", dir.path().display());
        let output = std::process::Command::new("sh")
            .arg(&path)
            .args(["chrome-extension://x/", "two words"])
            .env("PATH", search)
            .output()
            .unwrap();
        assert_eq!(
            String::from_utf8(output.stdout).unwrap(),
            "<--host>\n<--watch-bus>\n</a 'b'/torrpeddo>\n<chrome-extension://x/>\n<two words>\n"
        );
    }

    #[test]
    fn what_the_portal_was_told_is_read() {
        let listed = "Table\tObject\tApp\tPermissions\tData\n\
             webextensions\torg.other.host\tsnap.firefox\tno\t0x00\n\
             webextensions\torg.torrpeddo.host\tsnap.firefox\tyes\t0x00\n\
             webextensions\torg.torrpeddo.host\tsnap.chromium\tno\t0x00\n";
        let read = |snap| read_permissions(listed, snap);
        assert_eq!(read("firefox"), PortalPermission::Granted);
        assert_eq!(read("chromium"), PortalPermission::Denied);
        assert_eq!(read("other"), PortalPermission::Unset);
        assert_eq!(
            grant_arguments("firefox").join(" "),
            "permission-set webextensions org.torrpeddo.host snap.firefox yes"
        );
    }
}

//! Showing the full page in a browser that is not connected.
//!
//! In Chromium's family the address of an extension's page follows from the extension's id. Firefox
//! invents it for each profile, so there nobody else can open one.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use torrpeddo_protocol::CHROMIUM_ID;

use crate::programs;

/// Starts the user's browser with the full page; `false` when it is not known how.
pub fn show_manager() -> bool {
    let Some(entry) = programs::default_browser() else { return false };
    let folders = data_folders();
    let found = folders
        .iter()
        .find_map(|folder| std::fs::read_to_string(folder.join("applications").join(&entry)).ok());
    let Some(words) = found.as_deref().and_then(command_line) else { return false };
    let [program, arguments @ ..] = words.as_slice() else { return false };
    if is_firefox(&entry, program) {
        return false;
    }
    let mut command = Command::new(program);
    command.args(arguments).arg(format!("chrome-extension://{CHROMIUM_ID}/manager.html"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().is_ok()
}

/// Where desktop entries are.
fn data_folders() -> Vec<PathBuf> {
    let own = directories::BaseDirs::new().map(|dirs| dirs.data_dir().to_owned());
    let list = std::env::var_os("XDG_DATA_DIRS").filter(|list| !list.is_empty());
    let list = list.unwrap_or_else(|| "/usr/local/share:/usr/share".into());
    own.into_iter().chain(std::env::split_paths(&list)).collect()
}

/// What a desktop entry runs, without the places for files and links.
fn command_line(entry: &str) -> Option<Vec<String>> {
    let value = entry.lines().find_map(|line| line.strip_prefix("Exec="))?;
    let (mut words, mut word, mut quoted, mut escaped) = (Vec::new(), String::new(), false, false);
    for letter in value.chars().chain([' ']) {
        match letter {
            _ if escaped => {
                word.push(letter);
                escaped = false;
            }
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(std::mem::take(&mut word)),
            letter => word.push(letter),
        }
    }
    // `@@` is what Flatpak puts around files.
    let is_place =
        |word: &str| word.starts_with("@@") || (word.starts_with('%') && word.len() == 2);
    words.retain(|word| !word.is_empty() && !is_place(word));
    (!words.is_empty()).then_some(words)
}

/// Whether pages of extensions have addresses there that nobody can know.
fn is_firefox(entry: &str, program: &str) -> bool {
    let named = format!("{entry} {program}").to_lowercase();
    ["firefox", "librewolf", "waterfox", "zen"].iter().any(|name| named.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_entry_runs_is_read() {
        let read = |exec: &str| {
            command_line(&format!("[Desktop Entry]\nName=x\nExec={exec}\nExec=other\n"))
        };
        assert_eq!(
            read("/usr/lib/firefox-esr/firefox-esr %u").unwrap(),
            ["/usr/lib/firefox-esr/firefox-esr"]
        );
        assert_eq!(read("\"/opt/a b/x\" --new %U").unwrap(), ["/opt/a b/x", "--new"]);
        assert_eq!(read("\"a\\\"b\"").unwrap(), ["a\"b"]);
        assert_eq!(read("flatpak run x @@u %u @@").unwrap(), ["flatpak", "run", "x"]);
        assert_eq!(read("%u"), None);
        assert_eq!(command_line("[Desktop Entry]"), None);
    }

    #[test]
    fn relatives_of_firefox_are_known() {
        assert!(is_firefox("firefox-esr.desktop", "/usr/bin/x"));
        assert!(is_firefox("userapp.desktop", "/opt/LibreWolf/start"));
        assert!(!is_firefox("chromium.desktop", "/usr/bin/chromium"));
    }
}

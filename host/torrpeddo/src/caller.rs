//! Who started this program: a browser, which names the extension, or a person.

use std::ffi::OsString;
use std::path::Path;

use torrpeddo_protocol::{CHROMIUM_ID, FIREFOX_ID};

/// The extensions that may use the relay.
const CHROMIUM_IDS: &[&str] = &[CHROMIUM_ID];
const FIREFOX_IDS: &[&str] = &[FIREFOX_ID];

/// Who started this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// A browser, for an extension of ours.
    Extension,
    /// A browser, for somebody else; what it said.
    Stranger(String),
    /// Somebody with a command line.
    Person,
}

/// Reads the arguments, without the program's own name.
///
/// Chromium gives the extension's origin (and on Windows a window's handle after it); Firefox gives
/// the path of the native manifest, then the add-on's id. No subcommand looks like either.
pub fn identify(arguments: &[OsString]) -> Caller {
    let text = |index: usize| arguments.get(index).and_then(|argument| argument.to_str());
    let Some(first) = arguments.first() else { return Caller::Person };
    let shown = first.to_string_lossy();
    if shown.contains("-extension://") {
        let id = text(0).and_then(|origin| origin.strip_prefix("chrome-extension://"));
        let id = id.map(|id| id.strip_suffix('/').unwrap_or(id));
        return if id.is_some_and(|id| CHROMIUM_IDS.contains(&id)) {
            Caller::Extension
        } else {
            Caller::Stranger(shown.into_owned())
        };
    }
    let path = Path::new(first);
    if path.is_absolute() && path.extension().is_some_and(|extension| extension == "json") {
        return match text(1) {
            Some(id) if FIREFOX_IDS.contains(&id) => Caller::Extension,
            Some(id) => Caller::Stranger(id.to_owned()),
            None => Caller::Stranger(shown.into_owned()),
        };
    }
    Caller::Person
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Firefox names the manifest that it found.
    const MANIFEST: &str =
        if cfg!(windows) { r"C:\a\org.torrpeddo.host.json" } else { "/a/b.json" };

    fn check(arguments: &[&str], expected: &Caller) {
        let arguments: Vec<OsString> = arguments.iter().map(Into::into).collect();
        assert_eq!(identify(&arguments), *expected, "{arguments:?}");
    }

    #[test]
    fn our_extensions_are_known() {
        let origin = format!("chrome-extension://{CHROMIUM_ID}/");
        check(&[&origin], &Caller::Extension);
        check(&[&origin, "--parent-window=42"], &Caller::Extension);
        check(&[MANIFEST, FIREFOX_ID], &Caller::Extension);
    }

    #[test]
    fn everybody_else_is_a_stranger() {
        for origin in [
            "chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/".to_owned(),
            "chrome-extension://".to_owned(),
            format!("chrome-extension://{CHROMIUM_ID}.evil/"),
            format!("chrome-extension://{CHROMIUM_ID}/../x"),
            format!("moz-extension://{CHROMIUM_ID}/"),
        ] {
            check(&[&origin], &Caller::Stranger(origin.clone()));
        }
        check(&[MANIFEST, "evil@example.org"], &Caller::Stranger("evil@example.org".into()));
        check(&[MANIFEST], &Caller::Stranger(MANIFEST.into()));
    }

    #[test]
    fn a_command_line_is_a_persons() {
        for arguments in
            [&[][..], &["add", "/home/u/x.json"], &["relay"], &["--json", "list"], &["x.json"]]
        {
            check(arguments, &Caller::Person);
        }
    }
}

//! The settings where nobody has set anything: the built-in ones, as `TORRPEDDO_DEFAULTS` changes
//! them for administrators, packages and tests.

use std::path::Path;

use serde_json::{Map, Value};
use torrpeddo_protocol::{ErrorKind, Settings};

use crate::failure::{Failure, Result};

/// The variable.
pub const VARIABLE: &str = "TORRPEDDO_DEFAULTS";

/// The defaults of this process.
///
/// # Errors
/// A sentence that names the member that cannot be.
pub fn from_environment() -> Result<Settings> {
    let built_in = Settings::built_in(download_folder()?);
    match std::env::var_os(VARIABLE) {
        None => Ok(built_in),
        Some(text) => match text.to_str() {
            Some(text) if text.trim().is_empty() => Ok(built_in),
            Some(text) => change(built_in, text),
            None => Err(wrong("it is not UTF-8")),
        },
    }
}

/// Where this user's downloads go.
pub fn download_folder() -> Result<String> {
    let folder = directories::UserDirs::new().map(|dirs| {
        dirs.download_dir().map_or_else(|| dirs.home_dir().join("Downloads"), Path::to_owned)
    });
    // A folder whose name is not UTF-8 cannot be spoken of in JSON.
    folder.and_then(|folder| folder.to_str().map(str::to_owned)).ok_or_else(|| {
        Failure::unavailable("This user has no home folder to download to.")
            .hint("Set HOME, or download_folder in TORRPEDDO_DEFAULTS.")
    })
}

fn change(settings: Settings, text: &str) -> Result<Settings> {
    let patch: Value = serde_json::from_str(text).map_err(|error| wrong(&error.to_string()))?;
    let Value::Object(patch) = patch else { return Err(wrong("it is no JSON object")) };
    let mut changed = serde_json::to_value(settings).map_err(|error| wrong(&error.to_string()))?;
    let mut leaves = Vec::new();
    collect("", &changed, &patch, &mut leaves)?;
    // One at a time, so that the one that does not fit can be named.
    for (path, value) in leaves {
        if let Some(place) = changed.pointer_mut(&path) {
            *place = value;
        }
        serde_json::from_value::<Settings>(changed.clone())
            .map_err(|error| wrong(&format!("{} is wrong: {error}", shown(&path))))?;
    }
    let settings: Settings =
        serde_json::from_value(changed).map_err(|error| wrong(&error.to_string()))?;
    if !Path::new(&settings.download_folder).is_absolute() {
        return Err(wrong("download_folder is no absolute path"));
    }
    Ok(settings)
}

/// The single values of `patch` with their JSON pointers, each of which must be in `base`.
fn collect(
    prefix: &str,
    base: &Value,
    patch: &Map<String, Value>,
    leaves: &mut Vec<(String, Value)>,
) -> Result<()> {
    for (name, value) in patch {
        let path = format!("{prefix}/{}", name.replace('~', "~0").replace('/', "~1"));
        match (base.get(name), value) {
            (None, _) => return Err(wrong(&format!("there is no setting {}", shown(&path)))),
            (Some(base @ Value::Object(_)), Value::Object(patch)) => {
                collect(&path, base, patch, leaves)?;
            }
            (Some(_), value) => leaves.push((path, value.clone())),
        }
    }
    Ok(())
}

fn shown(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace('/', ".").replace("~1", "/").replace("~0", "~")
}

fn wrong(reason: &str) -> Failure {
    Failure {
        exit: crate::failure::EXIT_NO_ENGINE,
        ..Failure::new(ErrorKind::InvalidParams, format!("{VARIABLE} cannot be used: {reason}."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOLDER: &str = if cfg!(windows) { r"C:\d" } else { "/d" };

    fn changed(text: &str) -> Result<Settings> {
        change(Settings::built_in(FOLDER.into()), text)
    }

    #[test]
    fn what_is_named_is_changed_and_the_rest_stays() {
        let settings = changed(
            r#"{"dht": false, "ignore_slow": {"rate": 7}, "download_limit": 1000,
                "alternative": {"schedule": {"days": [0], "from": "08:00", "to": "18:00"}}}"#,
        )
        .unwrap();
        let built_in = Settings::built_in(FOLDER.into());
        assert!(!settings.dht);
        assert_eq!(settings.ignore_slow.rate, 7);
        assert_eq!(settings.ignore_slow.seconds, built_in.ignore_slow.seconds);
        assert_eq!(settings.download_limit, Some(1000));
        assert_eq!(settings.alternative.schedule.unwrap().from, "08:00");
        assert_eq!(settings.max_active, built_in.max_active);
        assert_eq!(changed("{}").unwrap(), built_in);
    }

    #[test]
    fn what_cannot_be_is_named() {
        for (text, named) in [
            ("{", "EOF"),
            ("[]", "no JSON object"),
            (r#"{"dhtt": true}"#, "no setting dhtt"),
            (r#"{"ignore_slow": {"fast": 1}}"#, "no setting ignore_slow.fast"),
            (r#"{"dht": 1}"#, "dht is wrong"),
            (r#"{"lsd": true, "ignore_slow": {"rate": "x"}}"#, "ignore_slow.rate is wrong"),
            (r#"{"ignore_slow": 7}"#, "ignore_slow is wrong"),
            (r#"{"keep_running": "forever"}"#, "keep_running is wrong"),
            (r#"{"download_folder": "relative"}"#, "no absolute path"),
            (r#"{"a/b~c": 1}"#, "no setting a/b~c"),
        ] {
            let failure = changed(text).unwrap_err();
            assert!(failure.error.message.contains(named), "{text}: {failure}");
            assert!(failure.error.message.contains(VARIABLE));
        }
    }
}

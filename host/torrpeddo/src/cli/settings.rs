//! `torrpeddo settings`.

use std::process::ExitCode;

use serde_json::{Map, Value};
use torrpeddo_protocol::ErrorKind;
use torrpeddo_protocol::methods::{GetSettings, GetSettingsParams, SetSettings, SettingsPatch};

use super::args::SettingsArguments;
use super::out::Out;
use super::text;
use crate::failure::{Failure, Result};

/// Shows or changes settings.
pub fn run(arguments: &SettingsArguments, out: &Out) -> Result<ExitCode> {
    let mut connection = super::connect()?;
    let settings = connection.client.call::<GetSettings>(&GetSettingsParams::default())?;
    let settings = serde_json::to_value(settings)
        .map_err(|error| Failure::new(ErrorKind::Internal, error.to_string()))?;
    match (&arguments.name, &arguments.value) {
        (None, _) => {
            out.document(&settings);
            let mut lines = Vec::new();
            flatten("", &settings, &mut lines);
            let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
            for (name, value) in lines {
                out.line(&format!("{name:width$}  {value}"));
            }
        }
        (Some(name), None) => {
            let value = settings.pointer(&pointer(name)).ok_or_else(|| unknown(name))?;
            out.document(value);
            out.line(&shown(value));
        }
        (Some(name), Some(text)) => {
            let old = settings.pointer(&pointer(name)).ok_or_else(|| unknown(name))?;
            let patch = patch(name, parse(name, old, text));
            let result = connection.client.call::<SetSettings>(&SettingsPatch(patch))?;
            out.document(&result);
            let after = serde_json::to_value(&result.settings).unwrap_or_default();
            let value = after.pointer(&pointer(name)).unwrap_or(&Value::Null);
            out.line(&format!("{name} is {} now.", shown(value)));
            if !result.restart_required.is_empty() {
                out.hint("It takes effect when the engine starts again: `torrpeddo stop` ends it.");
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The JSON pointer of a dotted name.
fn pointer(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1").replace('.', "/"))
}

fn unknown(name: &str) -> Failure {
    let mut failure = Failure::usage(format!("There is no setting {}.", text::plain(name)))
        .hint("`torrpeddo settings` shows them all.");
    failure.error.data.member = Some(name.to_owned());
    failure
}

/// The change of one setting, which may be inside another.
fn patch(name: &str, value: Value) -> Map<String, Value> {
    match name.split_once('.') {
        None => Map::from_iter([(name.to_owned(), value)]),
        Some((member, rest)) => {
            Map::from_iter([(member.to_owned(), Value::Object(patch(rest, value)))])
        }
    }
}

/// What was typed, as the value that is meant.
fn parse(name: &str, old: &Value, text: &str) -> Value {
    let is_rate =
        name.ends_with("_limit") && !name.starts_with("ratio") && !name.starts_with("seed")
            || name.ends_with(".rate");
    if is_rate && let Some(rate) = rate(text) {
        return rate.into();
    }
    match (text, old) {
        ("none" | "null", Value::String(_)) if name == "download_folder" => text.into(),
        ("none" | "null", _) => Value::Null,
        ("on" | "yes", Value::Bool(_)) => true.into(),
        ("off" | "no", Value::Bool(_)) => false.into(),
        // A folder named 7 is a text; whether a text is right the engine says.
        (_, Value::String(_)) => text.into(),
        _ => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
    }
}

/// `500K`, `2M`, `1.5MiB`: bytes a second. Only who writes the `i` means powers of two.
fn rate(text: &str) -> Option<u64> {
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
    let (number, unit) = text.split_at(end);
    let unit = unit.trim().to_ascii_lowercase();
    let unit = unit.strip_suffix("/s").unwrap_or(&unit);
    let factor = match unit {
        "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "kib" => 1024.0,
        "mib" => 1024.0 * 1024.0,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    let rate = number.parse::<f64>().ok()? * factor;
    // A float of this size is exact, and JSON's numbers end at the same place.
    (0.0..=9_007_199_254_740_992.0).contains(&rate).then_some(rate as u64)
}

fn flatten(prefix: &str, value: &Value, lines: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let name =
                    if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                flatten(&name, value, lines);
            }
        }
        value => lines.push((prefix.to_owned(), shown(value))),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "none".into(),
        Value::String(string) => text::plain(string),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use torrpeddo_protocol::Settings;

    use super::*;

    fn changed(name: &str, text: &str) -> Value {
        let settings = serde_json::to_value(Settings::built_in("/d".into())).unwrap();
        let old = settings.pointer(&pointer(name)).unwrap();
        Value::Object(patch(name, parse(name, old, text)))
    }

    #[test]
    fn what_is_typed_is_understood() {
        for (name, text, expected) in [
            ("dht", "off", json!({"dht": false})),
            ("dht", "true", json!({"dht": true})),
            ("max_active", "7", json!({"max_active": 7})),
            ("download_limit", "2M", json!({"download_limit": 2_000_000})),
            ("download_limit", "1.5 KiB/s", json!({"download_limit": 1536})),
            ("download_limit", "1000", json!({"download_limit": 1000})),
            ("download_limit", "none", json!({"download_limit": null})),
            ("download_folder", "/a b/7", json!({"download_folder": "/a b/7"})),
            ("encryption", "require", json!({"encryption": "require"})),
            ("ratio_limit", "1.5", json!({"ratio_limit": 1.5})),
            ("proxy_url", "socks5://h:1", json!({"proxy_url": "socks5://h:1"})),
            ("banned_peers", r#"["1.2.3.4"]"#, json!({"banned_peers": ["1.2.3.4"]})),
            ("max_active", "many", json!({"max_active": "many"})),
            ("ignore_slow.rate", "10K", json!({"ignore_slow": {"rate": 10_000}})),
        ] {
            assert_eq!(changed(name, text), expected, "{name} {text}");
        }
    }

    #[test]
    fn nested_settings_are_listed_by_their_dotted_names() {
        let mut lines = Vec::new();
        let value = json!({"a": {"b": null, "c": "x"}, "d": [1]});
        flatten("", &value, &mut lines);
        let expected = [("a.b", "none"), ("a.c", "x"), ("d", "[1]")];
        assert_eq!(lines, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}

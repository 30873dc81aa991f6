//! The settings: defaults, what somebody set, and what a change has to pass.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value};
use torrpeddo_protocol::Settings;
use torrpeddo_protocol::methods::SetSettingsResult;

use super::{Manager, SetSettings, blocking};
use crate::{Error, Result, files};

/// These take effect when the engine starts again: librqbit decides them once for a session.
const AT_START: &[&str] = &["listen_port", "upnp", "dht", "lsd"];

/// These need a part of the engine that is not there yet. Refusing them is better than a switch
/// that does nothing.
const NOT_YET: &[&str] = &[
    "download_limit",
    "upload_limit",
    "alternative",
    "utp",
    "proxy_url",
    "bind_interface",
    "encryption",
    "max_connections",
    "max_connections_per_torrent",
    "blocklist_url",
];

/// How many trackers may be added to every torrent.
const EXTRA_TRACKERS: usize = 64;
/// The most addresses and ranges that can be banned.
const BANNED_PEERS: usize = 4096;

/// The settings in force: the defaults, changed by what somebody set.
pub(super) fn effective(defaults: &Settings, set: &SetSettings) -> Result<Settings> {
    let mut whole = object(defaults)?;
    for (name, value) in set {
        whole.insert(name.clone(), value.clone());
    }
    serde_json::from_value(Value::Object(whole))
        .map_err(|error| Error::Internal(format!("a stored setting cannot be read: {error}")))
}

fn object(settings: &Settings) -> Result<Map<String, Value>> {
    match serde_json::to_value(settings) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(Error::Internal("settings are no object".into())),
    }
}

/// Lays `patch` over `whole`. Objects are merged, so that one member of a group can be changed.
fn overlay(whole: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (name, value) in patch {
        match (whole.get_mut(&name), value) {
            (Some(Value::Object(inner)), Value::Object(patch)) => overlay(inner, patch),
            (Some(place), value) => *place = value,
            // A newer extension may know settings that this engine does not.
            (None, _) => {}
        }
    }
}

/// `current` with `patch` laid over it.
///
/// # Errors
/// `InvalidParams` names the member with the wrong type.
pub fn patched(current: &Settings, patch: Map<String, Value>) -> Result<Settings> {
    let mut whole = object(current)?;
    overlay(&mut whole, patch);
    serde_path_to_error::deserialize(Value::Object(whole)).map_err(|error| {
        let member = error.path().to_string();
        Error::InvalidParams {
            message: format!("The setting {member} has the wrong type: {}.", error.inner()),
            member: Some(member),
        }
    })
}

impl Manager {
    /// All settings.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.0.state.lock().settings.clone()
    }

    /// What settings are when nobody has set any.
    #[must_use]
    pub fn default_settings(&self) -> Settings {
        self.0.config.defaults.clone()
    }

    /// Changes settings: all of the patch, or nothing of it.
    ///
    /// # Errors
    /// `InvalidParams`, `InvalidPath`, `Unavailable` for what is not there yet.
    pub async fn set_settings(&self, patch: Map<String, Value>) -> Result<SetSettingsResult> {
        loop {
            let before = self.settings();
            let after = patched(&before, patch.clone())?;
            validate(&before, &after)?;
            self.check_folders(&before, &after).await?;
            let (old, new) = (object(&before)?, object(&after)?);
            let changed: SetSettings =
                new.into_iter().filter(|(name, value)| old.get(name) != Some(value)).collect();
            let restart_required = AT_START
                .iter()
                .filter(|name| changed.contains_key(**name))
                .map(|name| (*name).to_owned())
                .collect();
            let ack = {
                let mut state = self.0.state.lock();
                if state.settings != before {
                    // Somebody else was faster: see whether the change still fits.
                    continue;
                }
                state.settings = after.clone();
                if after.extra_trackers != before.extra_trackers {
                    let ids: Vec<_> = state.entries.keys().copied().collect();
                    ids.into_iter().for_each(|id| self.apply_trackers(&mut state, id));
                }
                if after.banned_peers != before.banned_peers {
                    self.0.session.set_banned(&after.banned_peers);
                }
                let ack = self.0.store.save_settings(changed);
                self.lift_limits(&mut state);
                ack
            };
            ack.durable().await?;
            self.plan();
            if after.watch_folder != before.watch_folder {
                self.0.watch.notify_one();
            }
            if after.download_folder != before.download_folder {
                self.refresh_free_bytes().await;
            }
            return Ok(SetSettingsResult { settings: after, restart_required });
        }
    }

    async fn check_folders(&self, before: &Settings, after: &Settings) -> Result<()> {
        if after.download_folder != before.download_folder {
            self.usable_folder(&after.download_folder, "download_folder").await?;
        }
        if after.incomplete_folder != before.incomplete_folder
            && let Some(folder) = &after.incomplete_folder
        {
            self.usable_folder(folder, "incomplete_folder").await?;
        }
        if after.watch_folder != before.watch_folder
            && let Some(folder) = after.watch_folder.clone()
        {
            blocking(move || files::Inbox::check(folder.as_ref())).await?;
        }
        Ok(())
    }

    /// A folder that torrents can be saved in, from what a client sent. It is made where missing.
    ///
    /// # Errors
    /// `InvalidPath` when it is relative, not allowed or not writable.
    pub(super) async fn usable_folder(&self, path: &str, member: &str) -> Result<PathBuf> {
        let folder = PathBuf::from(path);
        if !folder.is_absolute() || path.contains('\0') {
            return Err(Error::InvalidPath(format!(
                "The folder in {member} must be an absolute path, such as /home/you/Downloads."
            )));
        }
        let config = self.config();
        let (roots, own) = (config.allowed_roots.clone(), config.data_dir.clone());
        blocking(move || {
            files::check_root(&folder, &roots, &own)?;
            files::check_folder(&folder)?;
            Ok(folder)
        })
        .await
    }

    /// How long to stay when nobody is there; none for as long as it runs.
    #[must_use]
    pub fn patience(&self) -> Option<Duration> {
        use torrpeddo_protocol::settings::KeepRunning as K;
        const MINUTE: Duration = Duration::from_secs(60);
        // A relay looks whether we are there, and then connects anew; a page is reloaded. Between
        // the two nobody is there, and nobody has left.
        const BETWEEN_CLIENTS: Duration = Duration::from_secs(2);
        let settings = self.settings();
        // What is put into a watched folder must find somebody who looks.
        let busy = |seeding| settings.watch_folder.is_some() || self.busy(seeding);
        match settings.keep_running {
            K::Always => None,
            K::WithBrowser => Some(BETWEEN_CLIENTS),
            K::WhileDownloading => (!busy(false)).then_some(MINUTE),
            K::WhileActive => (!busy(true)).then_some(MINUTE),
        }
    }
}

fn validate(before: &Settings, after: &Settings) -> Result<()> {
    let (old, new) = (object(before)?, object(after)?);
    if let Some(name) = NOT_YET.iter().find(|name| old.get(**name) != new.get(**name)) {
        return Err(Error::Unavailable(format!(
            "The setting {name} cannot be changed yet: it comes with a later version."
        )));
    }
    let invalid = |member: &str, message: &str| {
        Err(Error::InvalidParams { message: message.into(), member: Some(member.into()) })
    };
    if after.listen_port == Some(0) {
        return invalid("listen_port", "A port is a number from 1 to 65535, or null for any.");
    }
    if after.ratio_limit.is_some_and(|ratio| !ratio.is_finite() || ratio < 0.0) {
        return invalid("ratio_limit", "The ratio limit is a number from 0, or null for none.");
    }
    if after.extra_trackers.len() > EXTRA_TRACKERS {
        return invalid("extra_trackers", "At most 64 trackers can be added to every torrent.");
    }
    if after.extra_trackers.iter().any(|url| crate::magnet::tracker(url).is_none()) {
        return invalid("extra_trackers", "A tracker is an http, https or udp address.");
    }
    if after.banned_peers.len() > BANNED_PEERS {
        return invalid("banned_peers", "At most 4,096 addresses and ranges can be banned.");
    }
    if let Some(entry) = after.banned_peers.iter().find(|entry| !is_address_or_range(entry)) {
        let entry = crate::names::clean_text(entry, 100);
        let sentence = format!(
            "{entry} is neither an IP address nor a range such as 192.0.2.0/24 or 2001:db8::/32."
        );
        return invalid("banned_peers", &sentence);
    }
    Ok(())
}

/// Whether a text is an IP address, or a range in CIDR notation (RFC 4632, RFC 4291).
fn is_address_or_range(text: &str) -> bool {
    let (address, bits) = text.split_once('/').map_or((text, None), |(a, bits)| (a, Some(bits)));
    let Ok(address) = address.parse::<IpAddr>() else { return false };
    let most: u8 = if address.is_ipv4() { 32 } else { 128 };
    let is_length = |bits: &str| {
        bits.bytes().all(|byte| byte.is_ascii_digit())
            && bits.parse::<u8>().is_ok_and(|bits| bits <= most)
    };
    bits.is_none_or(is_length)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patch(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_patch_changes_only_what_it_names() {
        let before = Settings::built_in("/d".into());
        let after =
            patched(&before, patch(json!({"dht": false, "ignore_slow": {"rate": 7}}))).unwrap();
        assert!(!after.dht);
        assert_eq!(after.ignore_slow.rate, 7);
        assert_eq!(after.ignore_slow.seconds, before.ignore_slow.seconds);
        assert_eq!(Settings { dht: true, ignore_slow: before.ignore_slow, ..after }, before);
    }

    #[test]
    fn a_wrong_type_is_named() {
        let before = Settings::built_in("/d".into());
        for (value, member) in [
            (json!({"dht": 7}), "dht"),
            (json!({"max_active": -1}), "max_active"),
            (json!({"ignore_slow": {"rate": "x"}}), "ignore_slow.rate"),
            (json!({"keep_running": "never"}), "keep_running"),
        ] {
            match patched(&before, patch(value)).unwrap_err() {
                Error::InvalidParams { member: Some(named), .. } => assert_eq!(named, member),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn unknown_settings_are_ignored() {
        let before = Settings::built_in("/d".into());
        assert_eq!(patched(&before, patch(json!({"from_the_future": 1}))).unwrap(), before);
    }

    #[test]
    fn what_is_not_there_yet_is_refused_and_the_same_value_is_not() {
        let before = Settings::built_in("/d".into());
        let after = patched(&before, patch(json!({"download_limit": 50_000}))).unwrap();
        assert!(matches!(validate(&before, &after), Err(Error::Unavailable(_))));
        let same = patched(&before, object(&before).unwrap()).unwrap();
        validate(&before, &same).unwrap();
    }

    #[test]
    fn banned_peers_are_addresses_and_ranges() {
        let before = Settings::built_in("/d".into());
        let with = |entry: &str| {
            validate(&before, &patched(&before, patch(json!({"banned_peers": [entry]})))?)
        };
        for entry in ["192.0.2.1", "192.0.2.0/24", "0.0.0.0/0", "2001:db8::1", "::/128"] {
            with(entry).unwrap();
        }
        for entry in
            ["", "a.example", "192.0.2.1:80", "192.0.2.0/33", "::1/129", "192.0.2.0/", "1.2.3.4/+8"]
        {
            match with(entry).unwrap_err() {
                Error::InvalidParams { message, member: Some(member) } => {
                    assert_eq!(member, "banned_peers");
                    assert!(message.contains(entry), "{message}");
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

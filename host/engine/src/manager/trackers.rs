//! The trackers of a torrent: its own, its link's, those of the settings, and the user's changes.

use std::collections::HashSet;

use torrpeddo_protocol::model::{Tracker, TrackerState};

use super::entry::{Actual, Entry};
use super::{Manager, State, add, commands, swarm_view};
use crate::magnet::{self, Magnet};
use crate::metainfo::{InfoHash, Metainfo};
use crate::store::TorrentRow;
use crate::{Error, Result, names};

/// The most trackers that the user can add to a torrent, and that can be removed from it.
const CHANGED: usize = 512;

/// The trackers that a torrent asks, in tiers (BEP 12): the torrent file's own, then each of the link,
/// of the settings (`extra`) and of the user in a tier of its own.
///
/// A private torrent asks its own trackers and the user's only (BEP 27); its link's stand in for its
/// own where the torrent file names none.
///
/// # Errors
/// When the stored magnet link cannot be read.
pub(super) fn tiers(
    row: &TorrentRow,
    meta: Option<&Metainfo>,
    extra: &[String],
) -> Result<Vec<Vec<String>>> {
    let link = Magnet::parse(&row.magnet)?.trackers;
    let own = meta.map_or(&[][..], |meta| &meta.tiers);
    let (link, extra) = match (meta.is_some_and(|meta| meta.private), own.is_empty()) {
        (false, _) => (&link[..], extra),
        (true, true) => (&link[..], &[][..]),
        (true, false) => (&[][..], &[][..]),
    };
    let single = [link, extra, &row.trackers_added].concat().into_iter().map(|url| vec![url]);
    let mut seen: HashSet<String> = row.trackers_removed.iter().cloned().collect();
    let tiers = own.iter().cloned().chain(single).map(|mut tier| {
        tier.retain(|url| seen.insert(url.clone()));
        tier
    });
    Ok(tiers.filter(|tier| !tier.is_empty()).collect())
}

/// Announce URLs as a client gives them, in their usual spelling.
///
/// # Errors
/// `InvalidParams` names the first one that is none.
pub(super) fn urls(raw: Option<&[String]>, member: &str) -> Result<Vec<String>> {
    let read = |url: &String| {
        magnet::tracker(url).ok_or_else(|| Error::InvalidParams {
            message: format!(
                "{} is no tracker: it begins with http://, https:// or udp://.",
                names::clean_text(url, 200)
            ),
            member: Some(member.into()),
        })
    };
    raw.unwrap_or_default().iter().map(read).collect()
}

/// Removes trackers, then adds others. The torrent file is left as it is.
///
/// # Errors
/// `TooLarge`; nothing has changed then.
pub(super) fn change(row: &mut TorrentRow, remove: Vec<String>, add: Vec<String>) -> Result<()> {
    let mut link = Magnet::parse(&row.magnet)?;
    let (mut added, mut removed) = (row.trackers_added.clone(), row.trackers_removed.clone());
    for trackers in [&mut link.trackers, &mut added] {
        trackers.retain(|url| !remove.contains(url));
    }
    removed.extend(remove);
    removed.retain(|url| !add.contains(url));
    added.extend(add.iter().cloned());
    for trackers in [&mut added, &mut removed] {
        let mut seen = HashSet::new();
        trackers.retain(|url| seen.insert(url.clone()));
        if trackers.len() > CHANGED {
            return Err(Error::TooLarge(format!(
                "At most {CHANGED} trackers can be added to a torrent, and at most {CHANGED} removed."
            )));
        }
    }
    add::union(&mut link.trackers, add);
    row.magnet = link.to_uri();
    row.trackers_added = added;
    row.trackers_removed = removed;
    Ok(())
}

impl Manager {
    /// The trackers of a torrent, and what they answered.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn trackers(&self, id: InfoHash) -> Result<Vec<Tracker>> {
        if let Some(statuses) = self.0.session.trackers(id) {
            commands::present(&mut self.0.state.lock(), id)?;
            return Ok(statuses.into_iter().map(swarm_view::tracker).collect());
        }
        let tiers = self.tiers(id).await?.into_iter().zip(0..);
        let trackers = tiers.flat_map(|(tier, number)| {
            tier.into_iter().map(move |url| Tracker {
                url,
                tier: number,
                state: TrackerState::NotContacted,
                message: None,
                peers: None,
                seeds: None,
                leechers: None,
                downloads: None,
                last_announce_at: None,
                next_announce_at: None,
            })
        });
        Ok(trackers.collect())
    }

    /// Asks the trackers of a torrent at once.
    ///
    /// # Errors
    /// `NotFound`; `WrongState` when it does not run.
    pub fn announce_now(&self, id: InfoHash) -> Result<()> {
        let mut state = self.0.state.lock();
        let entry = commands::present(&mut state, id)?;
        if !self.0.session.announce_now(id) {
            return Err(entry.wrong_state(
                "This torrent does not run, so its trackers are not asked. Resume it first.".into(),
            ));
        }
        Ok(())
    }

    /// Checks that all `urls` are trackers of a torrent.
    ///
    /// # Errors
    /// `NotFound`; `InvalidParams` names the first one that is none.
    pub(super) async fn check_trackers(&self, id: InfoHash, urls: &[String]) -> Result<()> {
        if urls.is_empty() {
            return Ok(());
        }
        let known: HashSet<_> = self.tiers(id).await?.into_iter().flatten().collect();
        match urls.iter().find(|url| !known.contains(*url)) {
            None => Ok(()),
            Some(url) => Err(Error::InvalidParams {
                message: format!("{url} is not a tracker of this torrent."),
                member: Some("trackers_remove".into()),
            }),
        }
    }

    /// A magnet link for a torrent. Without `with_trackers` it names the trackers unless the torrent
    /// is private.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn magnet(&self, id: InfoHash, with_trackers: Option<bool>) -> Result<String> {
        let meta = self.layout(id).await?;
        let mut state = self.0.state.lock();
        let row = &commands::present(&mut state, id)?.row;
        let mut magnet = Magnet::parse(&row.magnet)?;
        if with_trackers.unwrap_or(!row.private) {
            magnet.trackers = tiers(row, meta.as_deref(), &[])?.concat();
        } else {
            magnet.trackers.clear();
            magnet.web_seeds.clear();
        }
        Ok(magnet.to_uri())
    }

    /// Lets a torrent that runs or resolves ask the trackers that it has now.
    pub(super) fn apply_trackers(&self, state: &mut State, id: InfoHash) {
        let State { entries, settings, .. } = state;
        let Some(entry) = entries.get_mut(&id) else { return };
        entry.ask_soon();
        if !matches!(entry.actual, Actual::Running | Actual::Resolving(_)) {
            return;
        }
        match tiers(&entry.row, entry.meta.as_deref(), &settings.extra_trackers) {
            Ok(tiers) => entry.restart |= !self.0.session.set_trackers(id, tiers),
            Err(error) => tracing::error!(%id, %error, "the trackers cannot be changed"),
        }
    }

    async fn tiers(&self, id: InfoHash) -> Result<Vec<Vec<String>>> {
        let meta = self.layout(id).await?;
        let mut state = self.0.state.lock();
        let extra = state.settings.extra_trackers.clone();
        let Entry { row, .. } = commands::present(&mut state, id)?;
        tiers(row, meta.as_deref(), &extra)
    }
}

#[cfg(test)]
mod tests;

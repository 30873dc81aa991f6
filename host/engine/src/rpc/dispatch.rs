//! Each method, from its parameters to its answer.

use std::future::Future;
use std::sync::Arc;

use serde_json::{Map, Value};
use torrpeddo_protocol::jsonrpc::{self, Id};
use torrpeddo_protocol::methods::{self as m, Method};
use torrpeddo_protocol::{ErrorKind, RpcError};

use super::Connection;
use super::methods::{
    check_count, diagnose, get_log, hello, many, move_in_queue, options, preview, show_manager,
    subscribe, unsubscribe,
};
use crate::Error;
use crate::manager::Deletion;

type Params = Option<Map<String, Value>>;
type Answer = Result<Vec<u8>, RpcError>;

/// Answers one request: the bytes of a frame, or why there are none.
pub(super) async fn dispatch(
    connection: &Arc<Connection>,
    method: &str,
    params: Params,
    id: Option<&Id>,
) -> Answer {
    let call = Call { connection, params, id };
    match method {
        m::Hello::NAME => call.answer::<m::Hello, _>(hello).await,
        m::Ping::NAME => call.answer::<m::Ping, _>(|_, _| async { Ok(m::Empty {}) }).await,
        m::GetSettings::NAME => {
            call.answer::<m::GetSettings, _>(|c, p: m::GetSettingsParams| async move {
                Ok(match p.defaults {
                    Some(true) => c.manager().default_settings(),
                    _ => c.manager().settings(),
                })
            })
            .await
        }
        m::SetSettings::NAME => {
            call.answer::<m::SetSettings, _>(|c, p: m::SettingsPatch| async move {
                Ok(c.manager().set_settings(p.0).await?)
            })
            .await
        }
        m::GetSession::NAME => {
            call.answer::<m::GetSession, _>(|c, p: m::GetSessionParams| async move {
                let mut session = c.manager().totals();
                if let Some(folder) = p.folder {
                    session.free_bytes = c.manager().free_bytes(folder.into()).await?;
                }
                Ok(session)
            })
            .await
        }
        m::Subscribe::NAME => call.answer::<m::Subscribe, _>(subscribe).await,
        m::Unsubscribe::NAME => call.answer::<m::Unsubscribe, _>(unsubscribe).await,
        m::Shutdown::NAME => {
            call.answer::<m::Shutdown, _>(|c, p: m::ShutdownParams| async move {
                c.engine.shut_down(p.when);
                Ok(m::Empty {})
            })
            .await
        }
        m::Diagnose::NAME => call.answer::<m::Diagnose, _>(diagnose).await,
        m::GetLog::NAME => call.answer::<m::GetLog, _>(get_log).await,
        m::AddMagnet::NAME => {
            call.answer::<m::AddMagnet, _>(|c, p: m::AddMagnetParams| async move {
                Ok(c.manager().add_magnet(&p.uri, options(p.options)).await?)
            })
            .await
        }
        m::AddTorrent::NAME => {
            call.answer::<m::AddTorrent, _>(|c, p: m::AddTorrentParams| async move {
                let torrent = crate::manager::base64(&p.data, "data")?;
                Ok(c.manager().add_torrent(torrent, options(p.options)).await?)
            })
            .await
        }
        m::AddUrl::NAME => {
            call.answer::<m::AddUrl, _>(|c, p: m::AddUrlParams| async move {
                Ok(c.manager().add_url(&p.url, options(p.options)).await?)
            })
            .await
        }
        m::Preview::NAME => call.answer::<m::Preview, _>(preview).await,
        m::DropPreview::NAME => {
            call.answer::<m::DropPreview, _>(|c, p: m::DropPreviewParams| async move {
                c.manager().drop_preview(&p.preview_id);
                Ok(m::Empty {})
            })
            .await
        }
        m::GetStatus::NAME => {
            call.answer::<m::GetStatus, _>(|c, p: m::GetStatusParams| async move {
                if let Some(ids) = &p.ids {
                    check_count(ids)?;
                }
                let status = c.manager().status(p.ids.as_deref(), p.cursor.as_deref())?;
                c.manager().settled_on_disk().await;
                Ok(status)
            })
            .await
        }
        m::GetFiles::NAME => {
            call.answer::<m::GetFiles, _>(|c, p: m::GetFilesParams| async move {
                let id = crate::manager::parse_id(&p.id)?;
                Ok(c.manager().files(id, p.cursor.as_deref()).await?)
            })
            .await
        }
        m::Pause::NAME => {
            call.answer::<m::Pause, _>(|c, p: m::IdsParams| async move {
                many(&c, p.ids, |manager, id| async move { manager.pause(id).await }).await
            })
            .await
        }
        m::Resume::NAME => {
            call.answer::<m::Resume, _>(|c, p: m::ResumeParams| async move {
                let force = p.force.unwrap_or(false);
                many(&c, p.ids, move |manager, id| async move { manager.resume(id, force).await })
                    .await
            })
            .await
        }
        m::Cancel::NAME => {
            call.answer::<m::Cancel, _>(|c, p: m::IdsParams| async move {
                many(&c, p.ids, |manager, id| async move { manager.cancel(id).await }).await
            })
            .await
        }
        m::DeleteFiles::NAME => {
            call.answer::<m::DeleteFiles, _>(|c, p: m::DeleteFilesParams| async move {
                let how = Deletion::from_trash(p.trash);
                many(&c, p.ids, |manager, id| async move { manager.delete_files(id, how).await })
                    .await
            })
            .await
        }
        m::Remove::NAME => {
            call.answer::<m::Remove, _>(|c, p: m::RemoveParams| async move {
                let how = Deletion::from_trash(p.trash);
                let files = p.delete_files.unwrap_or(false).then_some(how);
                many(&c, p.ids, move |manager, id| async move { manager.remove(id, files).await })
                    .await
            })
            .await
        }
        m::Recheck::NAME => {
            call.answer::<m::Recheck, _>(|c, p: m::IdsParams| async move {
                many(&c, p.ids, |manager, id| async move { manager.recheck(id).await }).await
            })
            .await
        }
        m::SetFiles::NAME => {
            call.answer::<m::SetFiles, _>(|c, p: m::SetFilesParams| async move {
                c.manager().set_files(crate::manager::parse_id(&p.id)?, p.selected).await?;
                Ok(m::Empty {})
            })
            .await
        }
        m::MoveInQueue::NAME => call.answer::<m::MoveInQueue, _>(move_in_queue).await,
        m::SetTorrent::NAME => {
            call.answer::<m::SetTorrent, _>(|c, p: m::SetTorrentParams| async move {
                Ok(c.manager().set_torrent(crate::manager::parse_id(&p.id)?, p).await?)
            })
            .await
        }
        m::AnnounceNow::NAME => {
            call.answer::<m::AnnounceNow, _>(|c, p: m::IdsParams| async move {
                many(&c, p.ids, |manager, id| async move { manager.announce_now(id) }).await
            })
            .await
        }
        m::AddPeers::NAME => {
            call.answer::<m::AddPeers, _>(|c, p: m::AddPeersParams| async move {
                let id = crate::manager::parse_id(&p.id)?;
                Ok(m::AddPeersResult { added: c.manager().add_peers(id, &p.peers)? })
            })
            .await
        }
        m::GetMagnet::NAME => {
            call.answer::<m::GetMagnet, _>(|c, p: m::GetMagnetParams| async move {
                let id = crate::manager::parse_id(&p.id)?;
                Ok(m::GetMagnetResult { magnet: c.manager().magnet(id, p.with_trackers).await? })
            })
            .await
        }
        m::MoveFiles::NAME => {
            call.answer::<m::MoveFiles, _>(|c, p: m::MoveFilesParams| async move {
                c.manager().move_files(crate::manager::parse_id(&p.id)?, &p.save_path).await?;
                Ok(m::Empty {})
            })
            .await
        }
        m::GetPeers::NAME => {
            call.answer::<m::GetPeers, _>(|c, p: m::IdParams| async move {
                let id = crate::manager::parse_id(&p.id)?;
                Ok(m::GetPeersResult { peers: c.manager().peers(id)? })
            })
            .await
        }
        m::GetTrackers::NAME => {
            call.answer::<m::GetTrackers, _>(|c, p: m::IdParams| async move {
                let id = crate::manager::parse_id(&p.id)?;
                Ok(m::GetTrackersResult { trackers: c.manager().trackers(id).await? })
            })
            .await
        }
        m::GetPieces::NAME => {
            call.answer::<m::GetPieces, _>(|c, p: m::IdParams| async move {
                Ok(c.manager().pieces(crate::manager::parse_id(&p.id)?).await?)
            })
            .await
        }
        m::GetTorrentFile::NAME => {
            call.answer::<m::GetTorrentFile, _>(|c, p: m::GetTorrentFileParams| async move {
                let id = crate::manager::parse_id(&p.id)?;
                Ok(c.manager().torrent_file(id, p.cursor.as_deref()).await?)
            })
            .await
        }
        m::OpenFile::NAME => {
            call.answer::<m::OpenFile, _>(|c, p: m::OpenFileParams| async move {
                c.manager().open_file(crate::manager::parse_id(&p.id)?, p.index).await?;
                Ok(m::Empty {})
            })
            .await
        }
        m::OpenFolder::NAME => {
            call.answer::<m::OpenFolder, _>(|c, p: m::IdParams| async move {
                c.manager().open_folder(crate::manager::parse_id(&p.id)?).await?;
                Ok(m::Empty {})
            })
            .await
        }
        m::ShowManager::NAME => call.answer::<m::ShowManager, _>(show_manager).await,
        m::ChooseFolder::NAME => {
            call.answer::<m::ChooseFolder, _>(|c, p: m::ChooseFolderParams| async move {
                let path = c.manager().choose_folder(p.title, p.start).await?;
                Ok(m::ChooseFolderResult { path })
            })
            .await
        }
        unknown => Err(RpcError::new(
            ErrorKind::MethodNotFound,
            format!("There is no method {:?}.", unknown.chars().take(100).collect::<String>()),
        )),
    }
}

struct Call<'a> {
    connection: &'a Arc<Connection>,
    params: Params,
    id: Option<&'a Id>,
}

impl Call<'_> {
    async fn answer<M: Method, F>(
        self,
        handle: impl FnOnce(Arc<Connection>, M::Params) -> F,
    ) -> Answer
    where
        F: Future<Output = Result<M::Result, RpcError>>,
    {
        let params = Value::Object(self.params.unwrap_or_default());
        let params = serde_path_to_error::deserialize(params).map_err(|error| wrong(&error))?;
        let result = handle(Arc::clone(self.connection), params).await?;
        // A notification is not answered, so its answer need not be written.
        let Some(id) = self.id else { return Ok(Vec::new()) };
        jsonrpc::success(id, &result).map_err(|error| {
            Error::Internal(format!("an answer cannot be written: {error}")).into()
        })
    }
}

/// Which parameter is missing or has the wrong type.
fn wrong(error: &serde_path_to_error::Error<serde_json::Error>) -> RpcError {
    let path = error.path().to_string();
    let reason = error.inner().to_string();
    // Serde names a missing member in its message alone.
    let missing = reason.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    let (member, message) = match missing {
        Some(field) => {
            let member = if path == "." { field.to_owned() } else { format!("{path}.{field}") };
            let message = format!("The member {member} is missing.");
            (member, message)
        }
        None => (path.clone(), format!("The member {path} has the wrong type: {reason}.")),
    };
    RpcError::invalid_params(message, member)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_or_wrong_member_is_named() {
        let error = |value: Value| {
            let parsed: Result<m::AddMagnetParams, _> = serde_path_to_error::deserialize(value);
            wrong(&parsed.unwrap_err())
        };
        for (value, member) in [
            (serde_json::json!({}), "uri"),
            (serde_json::json!({"uri": 7}), "uri"),
            (serde_json::json!({"uri": "", "options": {"paused": "yes"}}), "options.paused"),
            (serde_json::json!({"uri": "", "options": 1}), "options"),
        ] {
            let error = error(value);
            assert_eq!(error.data.member.as_deref(), Some(member));
            assert!(error.message.contains(member), "{}", error.message);
        }
    }
}

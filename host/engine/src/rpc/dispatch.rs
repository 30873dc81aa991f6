//! Each method, from its parameters to its answer.

use std::future::Future;
use std::sync::Arc;

use serde_json::{Map, Value};
use torrpeddo_protocol::jsonrpc::{self, Id};
use torrpeddo_protocol::methods::{self as m, Method};
use torrpeddo_protocol::{ErrorKind, PROTOCOL_VERSION, RpcError, limits};

use super::Connection;
use super::subscription::Subscription;
use crate::Error;
use crate::manager::Manager;

/// The methods that work. The others answer `unavailable` until they do.
pub(super) const WORKING: &[&str] = &[
    "hello",
    "ping",
    "get_settings",
    "set_settings",
    "get_session",
    "subscribe",
    "unsubscribe",
    "shutdown",
    "diagnose",
    "get_log",
    "add_magnet",
    "add_torrent",
    "add_url",
    "preview",
    "drop_preview",
    "get_status",
    "get_files",
    "pause",
    "resume",
    "cancel",
    "delete_files",
    "remove",
    "open_folder",
    "choose_folder",
];

/// How many lines `get_log` gives when nobody says.
const LOG_LINES: u32 = 200;
/// How many it gives at most.
const LOG_LINES_MOST: u32 = 10_000;

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
            call.answer::<m::GetSettings, _>(|c, _| async move { Ok(c.manager().settings()) }).await
        }
        m::SetSettings::NAME => {
            call.answer::<m::SetSettings, _>(|c, p: m::SettingsPatch| async move {
                Ok(c.manager().set_settings(p.0).await?)
            })
            .await
        }
        m::GetSession::NAME => {
            call.answer::<m::GetSession, _>(|c, _| async move { Ok(c.manager().totals()) }).await
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
                Ok(c.manager().status(p.ids.as_deref(), p.cursor.as_deref())?)
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
                no_trash(p.trash)?;
                many(&c, p.ids, |manager, id| async move { manager.delete_files(id).await }).await
            })
            .await
        }
        m::Remove::NAME => {
            call.answer::<m::Remove, _>(|c, p: m::RemoveParams| async move {
                no_trash(p.trash)?;
                let files = p.delete_files.unwrap_or(false);
                many(&c, p.ids, move |manager, id| async move { manager.remove(id, files).await })
                    .await
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
        m::ChooseFolder::NAME => {
            call.answer::<m::ChooseFolder, _>(|c, p: m::ChooseFolderParams| async move {
                let path = c.manager().choose_folder(p.title, p.start).await?;
                Ok(m::ChooseFolderResult { path })
            })
            .await
        }
        known if m::NAMES.contains(&known) => Err(RpcError::new(
            ErrorKind::Unavailable,
            format!("This engine cannot do {known} yet. A newer version will."),
        )),
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

async fn hello(c: Arc<Connection>, params: m::HelloParams) -> Result<m::HelloResult, RpcError> {
    if params.protocol != PROTOCOL_VERSION {
        let mut error = RpcError::new(
            ErrorKind::Incompatible,
            format!(
                "The extension speaks version {} of the protocol and this Torrpeddo version {}. \
                 Update the older of the two.",
                params.protocol, PROTOCOL_VERSION
            ),
        );
        error.data.supported = Some(vec![PROTOCOL_VERSION]);
        return Err(error);
    }
    tracing::debug!(client = ?params.client, "hello");
    Ok(m::HelloResult {
        protocol: PROTOCOL_VERSION,
        engine: m::EngineInfo {
            version: c.manager().config().version.clone(),
            pid: std::process::id(),
            started_at: c.manager().started_at(),
        },
        capabilities: WORKING.iter().map(|name| (*name).to_owned()).collect(),
        limits: m::Limits {
            frame_bytes: limits::FRAME_FROM_CLIENT as u64,
            answer_bytes: limits::FRAME_TO_CLIENT as u64,
            torrent_bytes: limits::TORRENT_FILE as u64,
            magnet_bytes: limits::MAGNET as u64,
            ids: limits::IDS as u32,
        },
    })
}

async fn subscribe(c: Arc<Connection>, params: m::SubscribeParams) -> Result<m::Empty, RpcError> {
    let mut place = c.subscription.lock();
    let running = place.take();
    *place = Subscription::begin(&c, running, &params.topics, params.interval_ms);
    Ok(m::Empty {})
}

async fn unsubscribe(
    c: Arc<Connection>,
    params: m::UnsubscribeParams,
) -> Result<m::Empty, RpcError> {
    let mut place = c.subscription.lock();
    if let Some(running) = place.take() {
        *place = running.without(params.topics.as_deref());
    }
    Ok(m::Empty {})
}

async fn diagnose(c: Arc<Connection>, _: m::Empty) -> Result<m::DiagnoseResult, RpcError> {
    let doctor = Arc::clone(&c.manager().config().doctor);
    let findings = crate::manager::blocking(move || Ok(doctor.findings())).await?;
    Ok(m::DiagnoseResult { findings })
}

async fn get_log(c: Arc<Connection>, params: m::GetLogParams) -> Result<m::GetLogResult, RpcError> {
    let lines = params.lines.unwrap_or(LOG_LINES).min(LOG_LINES_MOST);
    Ok(m::GetLogResult { lines: c.manager().log(lines as usize).await? })
}

async fn preview(
    c: Arc<Connection>,
    params: m::PreviewParams,
) -> Result<m::PreviewResult, RpcError> {
    let result = c.manager().preview(params).await?;
    let mut previews = c.previews.lock();
    previews.retain(|preview| c.manager().has_preview(preview));
    if !previews.contains(&result.preview_id) {
        previews.push(result.preview_id.clone());
    }
    Ok(result)
}

fn options(options: Option<m::AddOptions>) -> m::AddOptions {
    options.unwrap_or_default()
}

fn no_trash(trash: Option<bool>) -> Result<(), RpcError> {
    if trash == Some(true) {
        let message = "Moving files to the bin comes with a later version. Nothing was changed.";
        return Err(RpcError::new(ErrorKind::Unavailable, message));
    }
    Ok(())
}

fn check_count(ids: &[String]) -> Result<(), RpcError> {
    if ids.len() > limits::IDS {
        let message = format!("{} ids at once are too many; at most {}.", ids.len(), limits::IDS);
        return Err(RpcError::new(ErrorKind::TooLarge, message));
    }
    Ok(())
}

/// Does the same to many torrents, all at once; one answer for each, in the order asked.
async fn many<F>(
    connection: &Arc<Connection>,
    ids: Vec<String>,
    act: impl Fn(Manager, crate::metainfo::InfoHash) -> F,
) -> Result<m::ManyResult, RpcError>
where
    F: Future<Output = crate::Result<()>>,
{
    check_count(&ids)?;
    let acts = ids.into_iter().map(|id| {
        let acting =
            crate::manager::parse_id(&id).map(|hash| act(connection.manager().clone(), hash));
        async move {
            let outcome = match acting {
                Ok(acting) => acting.await,
                Err(error) => Err(error),
            };
            let error = outcome.err().map(RpcError::from);
            m::OneResult { id, ok: error.is_none(), error }
        }
    });
    Ok(m::ManyResult { results: futures_util::future::join_all(acts).await })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_works_is_in_the_protocol() {
        for name in WORKING {
            assert!(m::NAMES.contains(name), "{name}");
        }
    }

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

//! What some methods do besides handing their parameters to the manager.

use std::future::Future;
use std::sync::Arc;

use torrpeddo_protocol::methods as m;
use torrpeddo_protocol::{ErrorKind, PROTOCOL_VERSION, RpcError, limits};

use super::Connection;
use super::subscription::Subscription;
use crate::manager::Manager;

/// How many lines `get_log` gives when nobody says.
const LOG_LINES: u32 = 200;
/// How many it gives at most.
const LOG_LINES_MOST: u32 = 10_000;

pub(super) async fn hello(
    c: Arc<Connection>,
    params: m::HelloParams,
) -> Result<m::HelloResult, RpcError> {
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
    if params.client.browser.is_some() {
        c.engine.meet_browser(&c);
    }
    Ok(m::HelloResult {
        protocol: PROTOCOL_VERSION,
        engine: m::EngineInfo {
            version: c.manager().config().version.clone(),
            pid: std::process::id(),
            started_at: c.manager().started_at(),
        },
        capabilities: m::NAMES.iter().map(|name| (*name).to_owned()).collect(),
        limits: m::Limits {
            frame_bytes: limits::FRAME_FROM_CLIENT as u64,
            answer_bytes: limits::FRAME_TO_CLIENT as u64,
            torrent_bytes: limits::TORRENT_FILE as u64,
            magnet_bytes: limits::MAGNET as u64,
            ids: limits::IDS as u32,
        },
    })
}

pub(super) async fn subscribe(
    c: Arc<Connection>,
    params: m::SubscribeParams,
) -> Result<m::Empty, RpcError> {
    let mut place = c.subscription.lock();
    let running = place.take();
    *place = Subscription::begin(&c, running, &params.topics, params.interval_ms);
    Ok(m::Empty {})
}

pub(super) async fn unsubscribe(
    c: Arc<Connection>,
    params: m::UnsubscribeParams,
) -> Result<m::Empty, RpcError> {
    let mut place = c.subscription.lock();
    if let Some(running) = place.take() {
        *place = running.without(params.topics.as_deref());
    }
    Ok(m::Empty {})
}

pub(super) async fn show_manager(
    c: Arc<Connection>,
    _: m::Empty,
) -> Result<m::ShowManagerResult, RpcError> {
    Ok(m::ShowManagerResult { shown: super::show_manager(&c.engine) })
}

pub(super) async fn diagnose(
    c: Arc<Connection>,
    _: m::Empty,
) -> Result<m::DiagnoseResult, RpcError> {
    let doctor = Arc::clone(&c.manager().config().doctor);
    let findings = crate::manager::blocking(move || Ok(doctor.findings())).await?;
    Ok(m::DiagnoseResult { findings })
}

pub(super) async fn get_log(
    c: Arc<Connection>,
    params: m::GetLogParams,
) -> Result<m::GetLogResult, RpcError> {
    let lines = params.lines.unwrap_or(LOG_LINES).min(LOG_LINES_MOST);
    Ok(m::GetLogResult { lines: c.manager().log(lines as usize).await? })
}

pub(super) async fn preview(
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

pub(super) fn options(options: Option<m::AddOptions>) -> m::AddOptions {
    options.unwrap_or_default()
}

pub(super) fn check_count(ids: &[String]) -> Result<(), RpcError> {
    if ids.len() > limits::IDS {
        let message = format!("{} ids at once are too many; at most {}.", ids.len(), limits::IDS);
        return Err(RpcError::new(ErrorKind::TooLarge, message));
    }
    Ok(())
}

pub(super) async fn move_in_queue(
    c: Arc<Connection>,
    params: m::MoveInQueueParams,
) -> Result<m::ManyResult, RpcError> {
    check_count(&params.ids)?;
    // All at once: each by itself would move past the others.
    let ids: Vec<_> = params.ids.iter().map(|id| crate::manager::parse_id(id)).collect();
    let outcomes = c.manager().move_in_queue(&ids, params.to).await;
    let results = params.ids.into_iter().zip(outcomes).map(|(id, outcome)| one(id, outcome));
    Ok(m::ManyResult { results: results.collect() })
}

fn one(id: String, outcome: crate::Result<()>) -> m::OneResult {
    let error = outcome.err().map(RpcError::from);
    m::OneResult { id, ok: error.is_none(), error }
}

/// Does the same to many torrents, all at once; one answer for each, in the order asked.
pub(super) async fn many<F>(
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
            one(id, outcome)
        }
    });
    Ok(m::ManyResult { results: futures_util::future::join_all(acts).await })
}

//! Gathers what `torrpeddo doctor` and the engine's `diagnose` look at; the judging is the
//! installer's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use directories::BaseDirs;
use torrpeddo_installer::doctor::{self, Diagnosis, EngineState, Facts, Port};
use torrpeddo_installer::{Environment, System};
use torrpeddo_protocol::methods::{GetSession, GetSessionParams, GetSettings, GetSettingsParams};
use torrpeddo_protocol::model::{Finding, Level};

use crate::failure::{Failure, Result};
use crate::paths::Paths;
use crate::{defaults, programs, reach, start};

/// How long the engine may take to tell its settings.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// Where the installer works when this user runs it from here.
pub fn environment(paths: &Paths) -> Result<Environment> {
    let dirs = BaseDirs::new().ok_or_else(|| {
        Failure::unavailable("This user has no home folder.").hint("Set HOME, then try again.")
    })?;
    let binary = start::own_binary().map_err(|error| {
        Failure::unavailable(format!("It cannot be found where this program is: {error}."))
    })?;
    Ok(Environment {
        system: System::current(),
        home: dirs.home_dir().to_owned(),
        config: dirs.config_dir().to_owned(),
        local: dirs.data_local_dir().to_owned(),
        root: system_root(),
        registry: "Software".into(),
        binary,
        data: paths.data_dir.clone(),
    })
}

/// The root of the file system: on Windows that of the system's drive.
fn system_root() -> PathBuf {
    let drive = std::env::var_os("SystemDrive").filter(|_| cfg!(windows));
    drive.map_or_else(
        || Path::new("/").to_owned(),
        |mut drive| {
            drive.push("\\");
            drive.into()
        },
    )
}

/// Looks at everything.
pub fn examine(paths: &Result<Paths>) -> Vec<Finding> {
    match diagnose(paths) {
        Ok((_, diagnoses)) => diagnoses.into_iter().map(|diagnosis| diagnosis.finding).collect(),
        Err(failure) => vec![Finding {
            check: "home".into(),
            level: Level::Problem,
            message: failure.to_string(),
            remedy: failure.hint,
        }],
    }
}

/// Puts right what can be put right without the user; what was done, one sentence each. What was
/// not is found again by the next look.
pub fn fix(paths: &Result<Paths>) -> Vec<String> {
    let Ok((environment, diagnoses)) = diagnose(paths) else { return Vec::new() };
    let fixes = diagnoses.iter().filter_map(|diagnosis| diagnosis.fix.as_ref());
    fixes.filter_map(|fix| fix.apply(&environment, programs::flatpak)).collect()
}

fn diagnose(paths: &Result<Paths>) -> Result<(Environment, Vec<Diagnosis>)> {
    let paths = paths.as_ref().map_err(Clone::clone)?;
    let environment = environment(paths)?;
    let Engine { state, folder, socket, port } = ask_engine(paths);
    let folder = folder
        .map_or_else(|| defaults::from_environment().map(|settings| settings.download_folder), Ok);
    let folder = folder.map_err(|failure| failure.to_rpc().message);
    let facts = Facts {
        version: reach::VERSION,
        engine: state,
        socket: &socket,
        start_error: start::read_start_error(paths).map(|failure| failure.to_rpc().message),
        download_folder: folder.as_ref().map(Path::new).map_err(Clone::clone),
        port,
        permissions: programs::portal_permissions(&environment.home),
    };
    let diagnoses = doctor::diagnose(&environment, &facts);
    Ok((environment, diagnoses))
}

/// What the engine tells.
struct Engine {
    state: EngineState,
    /// Its download folder.
    folder: Option<String>,
    /// Where it listens, or would.
    socket: PathBuf,
    /// Where it listens for peers.
    port: Option<Port>,
}

fn ask_engine(paths: &Paths) -> Engine {
    let nobody = |state| Engine { state, folder: None, socket: paths.socket.clone(), port: None };
    match reach::connect_running(paths) {
        Ok(Some(mut connection)) => {
            let limited = connection.limit(Some(ANSWER_LIMIT)).is_ok();
            let client = &mut connection.client;
            let settings =
                client.call::<GetSettings>(&GetSettingsParams::default()).ok().filter(|_| limited);
            let session = settings
                .as_ref()
                .and_then(|_| client.call::<GetSession>(&GetSessionParams::default()).ok());
            let port = settings.as_ref().zip(session).map(|(settings, session)| Port {
                wanted: settings.listen_port,
                actual: session.listen_port,
                answers: session.listen_port.is_some_and(answers),
            });
            let identity = connection.engine.engine;
            Engine {
                state: EngineState::Running { version: identity.version, pid: identity.pid },
                folder: settings.map(|settings| settings.download_folder),
                socket: connection.socket,
                port,
            }
        }
        Ok(None) => nobody(EngineState::NotRunning),
        Err(failure) => nobody(EngineState::Unusable(failure.to_string())),
    }
}

/// Whether somebody listens at this port of this machine.
fn answers(port: u16) -> bool {
    let addresses = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
    addresses.iter().any(|address| {
        TcpStream::connect_timeout(&SocketAddr::new(*address, port), ANSWER_LIMIT).is_ok()
    })
}

/// The engine's own doctor. It asks the engine over its socket like everybody else: that the
/// socket answers is part of what is looked at.
pub struct SelfDoctor {
    paths: Result<Paths>,
}

impl SelfDoctor {
    /// For the engine of these places.
    pub fn new(paths: &Paths) -> Self {
        Self { paths: Ok(paths.clone()) }
    }
}

impl torrpeddo_engine::Doctor for SelfDoctor {
    fn findings(&self) -> Vec<Finding> {
        examine(&self.paths)
    }
}

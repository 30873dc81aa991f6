//! Gathers what `torrpeddo doctor` and the engine's `diagnose` look at; the judging is the
//! installer's.

use std::path::{Path, PathBuf};
use std::time::Duration;

use directories::BaseDirs;
use torrpeddo_installer::doctor::{self, EngineState, Facts};
use torrpeddo_installer::{Environment, System};
use torrpeddo_protocol::methods::{GetSettings, GetSettingsParams};
use torrpeddo_protocol::model::{Finding, Level};

use crate::failure::{Failure, Result};
use crate::paths::Paths;
use crate::{defaults, reach, start};

/// How long the engine may take to tell its settings.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// Where the installer works when this user runs it from here.
pub fn environment() -> Result<Environment> {
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
        root: Path::new("/").to_owned(),
        binary,
    })
}

/// Looks at everything.
pub fn examine(paths: &Result<Paths>) -> Vec<Finding> {
    let gathered = paths.as_ref().map_err(Clone::clone).and_then(|paths| {
        let environment = environment()?;
        Ok((paths, environment))
    });
    let (paths, environment) = match gathered {
        Ok(gathered) => gathered,
        Err(failure) => {
            return vec![Finding {
                check: "home".into(),
                level: Level::Problem,
                message: failure.to_string(),
                remedy: failure.hint,
            }];
        }
    };
    let Engine { state, folder, socket } = ask_engine(paths);
    let folder = folder
        .map_or_else(|| defaults::from_environment().map(|settings| settings.download_folder), Ok);
    let folder = folder.map_err(|failure| failure.to_rpc().message);
    let facts = Facts {
        version: reach::VERSION,
        engine: state,
        socket: &socket,
        start_error: start::read_start_error(paths).map(|failure| failure.to_rpc().message),
        download_folder: folder.as_ref().map(Path::new).map_err(Clone::clone),
    };
    doctor::examine(&environment, &facts)
}

/// What the engine tells.
struct Engine {
    state: EngineState,
    /// Its download folder.
    folder: Option<String>,
    /// Where it listens, or would.
    socket: PathBuf,
}

fn ask_engine(paths: &Paths) -> Engine {
    let nobody = |state| Engine { state, folder: None, socket: paths.socket.clone() };
    match reach::connect_running(paths) {
        Ok(Some(mut connection)) => {
            let settings = connection.limit(Some(ANSWER_LIMIT)).ok().and_then(|()| {
                connection.client.call::<GetSettings>(&GetSettingsParams::default()).ok()
            });
            let identity = connection.engine.engine;
            Engine {
                state: EngineState::Running { version: identity.version, pid: identity.pid },
                folder: settings.map(|settings| settings.download_folder),
                socket: connection.socket,
            }
        }
        Ok(None) => nobody(EngineState::NotRunning),
        Err(failure) => nobody(EngineState::Unusable(failure.to_string())),
    }
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

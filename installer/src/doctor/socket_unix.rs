//! Whether the engine's socket is there, and this user's alone.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::Path;

use torrpeddo_protocol::model::Level;

use super::{Diagnosis, EngineState, Facts, Fix, finding};

/// `None` where there is no socket to look at.
pub(super) fn examine(facts: &Facts<'_>) -> Option<Diagnosis> {
    let path = facts.socket;
    let shown = path.display();
    let problem = |message: String, remedy: String| {
        Diagnosis::from(finding("socket", Level::Problem, message)).remedy(remedy)
    };
    let Ok(there) = fs::symlink_metadata(path) else {
        return matches!(facts.engine, EngineState::Running { .. }).then(|| {
            let message = format!("The engine is not at {shown}.");
            Diagnosis::from(finding("socket", Level::Warning, message))
                .remedy("It comes back there by itself in a few seconds; if not: `torrpeddo stop`.")
        });
    };
    if !there.file_type().is_socket() {
        return Some(problem(format!("{shown} is no socket."), format!("Remove {shown}.")));
    }
    if there.uid() != rustix::process::geteuid().as_raw() {
        return Some(problem(
            format!("{shown} belongs to another user."),
            "Set TORRPEDDO_HOME to a folder of your own.".into(),
        ));
    }
    let folder = path.parent().unwrap_or(path);
    let is_open = |path: &Path| {
        let mode = fs::symlink_metadata(path).map(|there| there.permissions().mode());
        mode.is_ok_and(|mode| mode & 0o077 != 0)
    };
    if let Some(open) = [folder, path].into_iter().find(|path| is_open(path)) {
        let remedy = format!("Close it: chmod go= {}", open.display());
        let open = problem(format!("Other users could reach {shown}."), remedy);
        return Some(open.fix(Fix::MakePrivate([folder, path].map(Path::to_owned))));
    }
    Some(finding("socket", Level::Ok, format!("Only you can reach {shown}.")).into())
}

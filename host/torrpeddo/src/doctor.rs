//! What `torrpeddo doctor` and the engine's `diagnose` look at.

use torrpeddo_protocol::model::Finding;

use crate::paths::Paths;

/// Looks at everything.
pub fn examine(_paths: &Paths) -> Vec<Finding> {
    Vec::new()
}

/// The engine's own doctor.
pub struct SelfDoctor {
    paths: Paths,
}

impl SelfDoctor {
    /// For the engine of these places.
    pub fn new(paths: &Paths) -> Self {
        Self { paths: paths.clone() }
    }
}

impl torrpeddo_engine::Doctor for SelfDoctor {
    fn findings(&self) -> Vec<Finding> {
        examine(&self.paths)
    }
}

//! There is no socket to look at.

use super::{Diagnosis, Facts};

/// Nothing.
pub(super) fn examine(_facts: &Facts<'_>) -> Option<Diagnosis> {
    None
}

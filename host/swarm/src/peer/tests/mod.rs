mod hostile;
pub(super) mod rig;
mod transfers;

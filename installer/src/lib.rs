//! Tells browsers where Torrpeddo's native host is, takes it back, and looks whether everything is
//! set up.
//!
//! Invariants:
//! - nothing here reads the environment, prints, or asks where it runs: an [`Environment`] says it
//!   all, so that a test is a temporary folder;
//! - what is not ours is never written to and never removed;
//! - a manifest is there whole or not at all.

pub mod browsers;
pub mod doctor;
mod environment;
pub mod install;
pub mod manifest;

pub use environment::{Base, Environment, System};

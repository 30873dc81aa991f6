//! Tells browsers where Torrpeddo's native host is, takes it back, and looks whether everything is
//! set up.
//!
//! Invariants:
//! - nothing here reads the environment, prints, or asks where it runs: an [`Environment`] says it
//!   all, so that a test is a temporary folder;
//! - what is not ours is never written to and never removed;
//! - a manifest is there whole or not at all.

pub mod autostart;
pub mod browsers;
mod command_line;
pub mod doctor;
mod environment;
pub mod handler;
pub mod install;
mod left_out;
mod made_folders;
pub mod manifest;
mod notes;
mod own_file;
pub mod package;
pub mod registration;
pub mod registry;
pub mod repair;
pub mod sandbox;

#[cfg(test)]
mod testing;

pub use environment::{Base, Environment, System};

//! `cargo xtask run`: a swarm and a page of magnet links on this machine, and what a user does
//! with them.

mod list;
mod page;
mod swarm;
mod tour;

pub use list::List;
pub use swarm::{Offer, Swarm};
pub use tour::tour;

/// What the steps of the demo answer: when it fails, a sentence.
pub type Done<T = ()> = Result<T, Box<dyn std::error::Error>>;

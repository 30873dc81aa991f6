//! `cargo xtask bench`: what Torrpeddo costs on this machine. What is to be compared is measured in
//! one run, side by side, so that the ratios mean something where the times do not.

mod clients;
mod cost;
pub mod pages;
mod qbittorrent;
mod relay;
mod size;
mod speed;
mod swarm;
mod table;

pub use cost::cost;
pub use pages::pages;
pub use relay::relay;
pub use size::size;
pub use speed::speed;
pub use swarm::swarm;

/// Which jobs and clients of a benchmark are run.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Part of the name of the jobs; empty for all.
    pub job: String,
    /// Parts of the names of the clients, in any letter case; none for all.
    pub clients: Vec<String>,
}

impl Selection {
    fn has_job(&self, name: &str) -> bool {
        name.contains(&self.job)
    }

    fn has_client(&self, name: &str) -> bool {
        let is_part = |part: &String| name.to_lowercase().contains(&part.to_lowercase());
        self.clients.is_empty() || self.clients.iter().any(is_part)
    }
}

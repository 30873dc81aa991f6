//! `cargo xtask bench`: what Torrpeddo costs on this machine. What is to be compared is measured in
//! one run, side by side, so that the ratios mean something where the times do not.

mod clients;
pub mod pages;
mod qbittorrent;
mod relay;
mod size;
mod speed;
mod table;

pub use pages::pages;
pub use relay::relay;
pub use size::size;
pub use speed::speed;

//! The page of magnet links.

use super::Offer;

/// The page, with a link for each offer.
pub fn page(offers: &[(&Offer, &str)]) -> String {
    let links: String = offers.iter().map(|(offer, magnet)| link(offer, magnet)).collect();
    include_str!("../../demo/page.html").replace("{{torrents}}", &links)
}

fn link(offer: &Offer, magnet: &str) -> String {
    let bytes: usize = offer.files.iter().map(|(_, bytes)| bytes).sum();
    let size = match offer.files.len() {
        0 => "nobody knows".into(),
        1 => format!("{} · 1 file", megabytes(bytes)),
        count => format!("{} · {count} files", megabytes(bytes)),
    };
    format!(
        "<li><a class=torrent href=\"{}\"><svg aria-hidden=true><use href=#magnet /></svg>\
         <span class=name>{}</span><span class=size>{size}</span>\
         <span class=about>{}</span></a></li>\n",
        magnet.replace('&', "&amp;"),
        offer.name,
        offer.about,
    )
}

#[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
fn megabytes(bytes: usize) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

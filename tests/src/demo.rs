//! The swarm and the page of `cargo xtask run`.

use crate::http::Server;
use crate::{Files, Seed, Seeder};

/// What the page offers: a name, a sentence, the files, and how fast it is seeded.
type Offer = (&'static str, &'static str, &'static [(&'static str, usize)], u32);

const MIB: usize = 1 << 20;

const OFFERS: &[Offer] = &[
    (
        "Sounds of the harbour",
        "An album: three long recordings, a booklet and a cover",
        &[
            ("01 Low tide.flac", 11 * MIB),
            ("02 Gulls at noon.flac", 9 * MIB),
            ("03 The last ferry.flac", 13 * MIB),
            ("extras/booklet.pdf", MIB / 2),
            ("extras/cover.png", MIB / 4),
        ],
        6 << 20,
    ),
    (
        "Ærø – Φωτογραφίες – Фото",
        "A folder of pictures, with names in three scripts",
        &[
            ("Größe/Leuchtturm.jpg", 3 * MIB),
            ("Φωτογραφίες/λιμάνι.jpg", 4 * MIB),
            ("Фото/чайка.jpg", 2 * MIB),
        ],
        2 << 20,
    ),
    (
        "lighthouse.iso",
        "One large file, for those who like to watch a bar fill up",
        &[("lighthouse.iso", 96 * MIB)],
        8 << 20,
    ),
];

const MAGNET: &str = "<svg class=magnet viewBox='0 0 24 24' aria-hidden=true><path fill=none \
    stroke=currentColor stroke-width=2 stroke-linecap=round stroke-linejoin=round \
    d='M5 4v8a7 7 0 0 0 14 0V4h-4.5v8a2.5 2.5 0 0 1-5 0V4zM5 8h4.500M14.500 8H19'/></svg>";

/// The seeders of the demo. The first is the one that `--headless` clicks.
#[must_use]
pub fn seeders() -> Vec<Seeder> {
    let start = |(name, _, files, upload_limit): &Offer| {
        let files = Files::new(files.iter().copied());
        Seeder::start(Seed { name, files, piece_bytes: 128 << 10, upload_limit: *upload_limit })
    };
    OFFERS.iter().map(start).collect()
}

/// Puts the page at `/`.
pub fn put_page(server: &Server, seeders: &[Seeder]) {
    let mut torrents = String::new();
    for (seeder, (name, about, files, _)) in seeders.iter().zip(OFFERS) {
        let magnet = seeder.magnet.replace('&', "&amp;");
        let megabytes = seeder.files().total() / 1_000_000;
        let count = match files.len() {
            1 => "1 file".into(),
            more => format!("{more} files"),
        };
        torrents += &format!(
            "<a class=torrent href=\"{magnet}\">{MAGNET}<span class=name>{name}</span><span class=size>{megabytes} MB &middot; {count}\
             </span><span class=about>{about}</span></a>\n"
        );
    }
    let page = include_str!("../demo/page.html").replace("{{torrents}}", &torrents);
    server.put("/", "text/html; charset=utf-8", page);
}
